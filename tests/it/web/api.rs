//! The REST API, as integrations meet it.

#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use std::collections::BTreeSet;

use axum_test::{TestResponse, TestServer};
use holdfast::app::members::Role;
use holdfast::app::work::Work;
use serde_json::{Value, json};

use crate::support::{Home, House, track};

/// A house's HTTP with a key.
struct Client {
    http: TestServer,
    key: String,
}

impl Client {
    fn reads(house: &House, home: &Home) -> Self {
        Client { http: house.http(), key: home.read_key.clone() }
    }

    fn writes(house: &House, home: &Home) -> Self {
        Client { http: house.http(), key: home.write_key.clone() }
    }

    async fn get(&self, path: &str) -> TestResponse {
        self.http.get(path).authorization_bearer(&self.key).await
    }

    async fn put(&self, path: &str, body: &Value) -> TestResponse {
        self.http.put(path).authorization_bearer(&self.key).json(body).await
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
        answer.json()
    }
}

/// Checks that an answer is a problem of a status, and returns it.
fn problem(answer: &TestResponse, status: u16) -> Value {
    assert_eq!(answer.status_code(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(problem["status"], status);
    for member in ["type", "title", "detail", "request_id"] {
        assert!(problem[member].is_string(), "{member} of {problem}");
    }
    problem
}

async fn home(house: &House) -> Home {
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2", "a3"]).await;
    let events: Vec<Value> = (0..20)
        .map(|n| {
            let time = format!("2027-02-{:02}T10:00:00Z", 5 + n);
            track(&format!("m{n}"), "Dashboard Viewed", &format!("u{}", n % 3), "a1", &time)
        })
        .collect();
    house.send(&home, &events).await;
    house.work().await;
    home
}

#[tokio::test]
async fn an_account_tells_its_health_down_to_the_reading() {
    let house = House::new().await;
    let home = home(&house).await;
    let account = Client::reads(&house, &home).json("/api/v1/accounts/a1").await;
    assert_eq!(account["arr"], json!({ "amount_minor": 5_000_000, "currency": "USD" }));
    assert_eq!(account["segment"], "mid_market");
    assert_eq!(account["renewal"]["date"], "2027-06-01");
    assert_eq!(account["renewal"]["days"], 92);
    assert!(!account["renewal"]["milestones"].as_array().unwrap().is_empty());

    let health = &account["health"];
    assert_eq!(health["as_of"], "2027-03-01");
    fn leaves<'v>(nodes: &'v Value, found: &mut Vec<&'v Value>) {
        for node in nodes.as_array().unwrap() {
            if node["reading"].is_null() { leaves(&node["children"], found) } else { found.push(node) }
        }
    }
    let mut measures = Vec::new();
    leaves(&health["tree"], &mut measures);
    assert!(measures.iter().all(|m| !m["reading"]["expression"].as_str().unwrap().is_empty()));
    let gained: f64 = measures.iter().map(|m| m["points_gained"].as_f64().unwrap()).sum();
    let score = health["score"].as_f64().unwrap();
    assert!((gained - score).abs() < 0.001, "{gained} points make a score of {score}");
}

#[tokio::test]
async fn a_past_day_shows_the_score_it_had() {
    let house = House::new().await;
    let home = home(&house).await;
    let api = Client::reads(&house, &home);
    let then = api.json("/api/v1/accounts/a1").await["health"].clone();
    house.set("2027-03-15T12:00:00Z");
    let day = "2027-03-15".parse().unwrap();
    house.app.score_all(&home.scope, day, &Work::unwatched()).await.unwrap();
    let now = api.json("/api/v1/accounts/a1").await["health"].clone();
    assert_ne!(now["score"], then["score"]);
    assert_eq!(api.json("/api/v1/accounts/a1?as_of=2027-03-01").await["health"], then);
    assert_eq!(api.json("/api/v1/accounts/a1?as_of=2027-01-01").await["health"], Value::Null);
    problem(&api.get("/api/v1/accounts/a1?as_of=2027-03-16").await, 400);
}

#[tokio::test]
async fn pages_of_a_list_have_every_row_once() {
    let house = House::new().await;
    let home = home(&house).await;
    let api = Client::reads(&house, &home);
    for list in ["/api/v1/accounts?limit=1", "/api/v1/renewals?limit=1"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.json(&format!("{list}{cursor}")).await;
            seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["external_id"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["a1", "a2", "a3"], "{list}");
    }
    let count = async |query: &str| {
        api.json(&format!("/api/v1/accounts?{query}")).await["data"].as_array().unwrap().len()
    };
    assert_eq!(count("segment=mid_market").await, 3);
    assert_eq!(count("segment=enterprise").await, 0);
    assert_eq!(count("renewal_within=91").await, 0);
    assert_eq!(count("renewal_within=92&csm=none&q=ACCOUNT%20a1").await, 1);
    assert_eq!(count("csm=nobody%40example.com").await, 0);
    assert_eq!(count("churned=true").await, 0);
}

#[tokio::test]
async fn quiet_days_of_a_counter_are_zero_and_of_a_gauge_are_not_there() {
    let house = House::new().await;
    let home = home(&house).await;
    house.import(&home, "metrics", "account,metric,day,value\na1,nps,2027-02-10,42\n").await;
    let api = Client::reads(&house, &home);
    let counter = api.json("/api/v1/accounts/a1/metrics/dashboard_viewed").await;
    let days = counter["data"].as_array().unwrap();
    assert_eq!(days.first().unwrap(), &json!({ "day": "2027-02-05", "value": 1 }));
    assert_eq!(days.last().unwrap(), &json!({ "day": "2027-03-01", "value": 0 }));
    assert_eq!(days.len(), 25);
    let gauge = api.json("/api/v1/accounts/a1/metrics/nps?from=2027-02-01&to=2027-02-28").await;
    assert_eq!(gauge["data"], json!([{ "day": "2027-02-10", "value": 42 }]));
    problem(&api.get("/api/v1/accounts/a1/metrics/nothing").await, 404);
    problem(&api.get("/api/v1/accounts/a1/metrics/nps?from=2026-01-01&to=2027-02-28").await, 400);
}

#[tokio::test]
async fn stating_an_account_twice_changes_it_once() {
    let house = House::new().await;
    let home = home(&house).await;
    house.member(&home, "maya@example.com", Role::Csm).await;
    let api = Client::writes(&house, &home);
    let body = json!({ "name": "New", "owner_email": "Maya@Example.com", "start_date": "2027-01-31", "tags": ["b", "a", "b"] });
    let created = api.put("/api/v1/accounts/x%2F1", &body).await;
    assert_eq!(created.status_code(), 201, "{}", created.text());
    assert_eq!(created.header("location"), "/api/v1/accounts/x%2F1");
    assert_eq!(created.json::<Value>()["tags"], json!(["b", "a"]));
    let again = api.put("/api/v1/accounts/x%2F1", &body).await;
    assert_eq!((again.status_code().as_u16(), &again.json::<Value>()["change"]), (200, &json!("unchanged")));
    let less = api.put("/api/v1/accounts/x%2F1", &json!({ "owner_email": null })).await.json::<Value>();
    assert_eq!((&less["change"], &less["owner_email"]), (&json!("updated"), &Value::Null));
    assert_eq!((&less["name"], &less["start_date"]), (&json!("New"), &json!("2027-01-31")));
    let read = Client::reads(&house, &home).json("/api/v1/accounts/x%2F1").await;
    assert_eq!(read["external_id"], "x/1");
}

#[tokio::test]
async fn what_is_wrong_with_a_statement_is_named_and_nothing_is_stored() {
    let house = House::new().await;
    let home = home(&house).await;
    let api = Client::writes(&house, &home);
    for (body, field) in [
        (json!({ "nam": "x" }), "nam"),
        (json!({ "name": 5 }), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a\u{0}" }), "name"),
        (json!({ "tags": ["a", 1] }), "tags[1]"),
        (json!({ "tags": [""] }), "tags"),
        (json!({ "start_date": "2027-02-30" }), "start_date"),
        (json!({ "owner_email": "nobody@example.com" }), "owner_email"),
        (json!({ "fields": { "nope": 1 } }), "fields.nope"),
    ] {
        let problem = problem(&api.put("/api/v1/accounts/new", &body).await, 422);
        assert_eq!(problem["errors"][0]["field"], field, "{body}");
    }
    let long = format!("/api/v1/accounts/{}", "x".repeat(201));
    assert_eq!(problem(&api.put(&long, &json!({})).await, 422)["errors"][0]["field"], "external_id");
    let large = json!({ "name": "x".repeat(300_000) });
    problem(&api.put("/api/v1/accounts/new", &large).await, 413);
    let broken = api.http.put("/api/v1/accounts/new").authorization_bearer(&api.key);
    problem(&broken.content_type("application/json").bytes("{\"name\":".into()).await, 400);
    let form = api.http.put("/api/v1/accounts/new").authorization_bearer(&api.key);
    problem(&form.form(&[("name", "x")]).await, 415);
    problem(&Client::reads(&house, &home).get("/api/v1/accounts/new").await, 404);
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let house = House::new().await;
    let home = home(&house).await;
    let (reads, writes) = (Client::reads(&house, &home), Client::writes(&house, &home));
    for (path, status) in [
        ("/api/v1/accounts?limit=0", 400),
        ("/api/v1/accounts?limit=201", 400),
        ("/api/v1/accounts?limit=many", 400),
        ("/api/v1/accounts?segmnt=smb", 400),
        ("/api/v1/accounts?tone=pink", 400),
        ("/api/v1/accounts?cursor=zzz", 400),
        ("/api/v1/accounts?q=%00", 400),
        ("/api/v1/accounts?renewal_within=30&renewal_to=2027-04-01", 400),
        ("/api/v1/renewals?from=%2B262142-01-01", 400),
        ("/api/v1/renewals?from=2027-04-01&to=2027-03-01", 400),
        ("/api/v1/quarantine?state=lost", 400),
        ("/api/v1/accounts/nobody", 404),
        ("/api/v1/accounts/%00", 404),
        ("/api/v1/accounts/%FF", 404),
        ("/api/v1/nothing", 404),
        ("/api", 404),
    ] {
        problem(&reads.get(path).await, status);
    }
    problem(&writes.get("/api/v1/accounts").await, 403);
    problem(&reads.put("/api/v1/accounts/a1", &json!({})).await, 403);
    problem(&reads.http.delete("/api/v1/accounts").authorization_bearer(&reads.key).await, 405);
    let keyless = reads.http.get("/api/v1/accounts").await;
    problem(&keyless, 401);
    assert_eq!(keyless.header("www-authenticate"), "Bearer");
    problem(&reads.http.get("/api/v1/accounts").authorization_bearer("hfr_wrong").await, 401);
}

#[tokio::test]
async fn a_strangers_account_is_not_there() {
    let house = House::new().await;
    let (home, stranger) = (home(&house).await, house.tenant("other").await);
    let api = Client::reads(&house, &stranger);
    for path in ["/api/v1/accounts/a1", "/api/v1/accounts/a1/metrics/dashboard_viewed"] {
        problem(&api.get(path).await, 404);
    }
    for list in ["accounts", "renewals", "quarantine"] {
        assert_eq!(api.json(&format!("/api/v1/{list}")).await["data"], json!([]));
    }
    // The same id at two tenants is two accounts.
    let put = Client::writes(&house, &stranger).put("/api/v1/accounts/a1", &json!({ "name": "Mine" })).await;
    assert_eq!(put.status_code(), 201);
    assert_eq!(Client::reads(&house, &home).json("/api/v1/accounts/a1").await["name"], "Account a1");
}

#[tokio::test]
async fn quarantine_tells_what_waits_and_why() {
    let house = House::new().await;
    let home = home(&house).await;
    let sent = [
        track("q1", "Dashboard Viewed", "u9", "unknown", "2027-03-01T11:00:00Z"),
        json!({ "type": "track", "messageId": "q2", "userId": "u1" }),
    ];
    house.send(&home, &sent).await;
    let api = Client::reads(&house, &home);
    let reasons: BTreeSet<String> = api.json("/api/v1/quarantine").await["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(reasons, ["no_event_name", "unknown_account"].map(str::to_owned).into());
    let waiting = api.json("/api/v1/quarantine?state=waiting").await;
    assert_eq!(waiting["data"][0]["group_id"], "unknown");
    // Once the account is stated, what waited is counted.
    let put = Client::writes(&house, &home).put("/api/v1/accounts/unknown", &json!({})).await;
    assert_eq!(put.status_code(), 201);
    house.work().await;
    assert_eq!(api.json("/api/v1/quarantine?state=waiting").await["data"], json!([]));
    let days = api.json("/api/v1/accounts/unknown/metrics/dashboard_viewed").await;
    assert_eq!(days["data"], json!([{ "day": "2027-03-01", "value": 1 }]));
}

#[tokio::test]
async fn requests_are_counted_aloud() {
    let house = House::new().await;
    let home = home(&house).await;
    let answer = Client::reads(&house, &home).get("/api/v1/renewals").await;
    assert_eq!(answer.header("ratelimit-limit"), "10000");
    assert_eq!(answer.header("ratelimit-remaining"), "9999");
    assert!(answer.header("ratelimit-reset").to_str().unwrap().parse::<u32>().is_ok());
}

#[tokio::test]
async fn the_document_describes_every_route_and_needs_no_key() {
    let house = House::new().await;
    let answer = house.http().get("/api/openapi.json").await;
    let document: Value = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "/api/v1/accounts",
            "/api/v1/accounts/{external_id}",
            "/api/v1/accounts/{external_id}/lifecycle",
            "/api/v1/accounts/{external_id}/lifecycle/criteria",
            "/api/v1/accounts/{external_id}/lifecycle/hold",
            "/api/v1/accounts/{external_id}/metrics/{metric}",
            "/api/v1/accounts/{external_id}/override",
            "/api/v1/accounts/{external_id}/tickets",
            "/api/v1/accounts/{external_id}/timeline",
            "/api/v1/alerts",
            "/api/v1/alerts/{id}",
            "/api/v1/alerts/{id}/assign",
            "/api/v1/alerts/{id}/close",
            "/api/v1/alerts/{id}/dismiss",
            "/api/v1/alerts/{id}/reopen",
            "/api/v1/alerts/{id}/snooze",
            "/api/v1/backtests",
            "/api/v1/backtests/{id}",
            "/api/v1/backtests/{id}/cancel",
            "/api/v1/backtests/{id}/days.csv",
            "/api/v1/backtests/{id}/restore",
            "/api/v1/contracts/{external_id}",
            "/api/v1/jobs",
            "/api/v1/jobs/retry",
            "/api/v1/jobs/{id}",
            "/api/v1/jobs/{id}/discard",
            "/api/v1/jobs/{id}/retry",
            "/api/v1/methodology",
            "/api/v1/methodology/diff",
            "/api/v1/methodology/drafts",
            "/api/v1/methodology/drafts/{id}",
            "/api/v1/methodology/drafts/{id}/plan",
            "/api/v1/methodology/drafts/{id}/preview",
            "/api/v1/methodology/drafts/{id}/preview.csv",
            "/api/v1/methodology/drafts/{id}/publish",
            "/api/v1/methodology/drafts/{id}/restore",
            "/api/v1/methodology/versions",
            "/api/v1/methodology/versions/{version}",
            "/api/v1/methodology/versions/{version}/file",
            "/api/v1/methodology/versions/{version}/roll-back",
            "/api/v1/overrides",
            "/api/v1/packs",
            "/api/v1/packs/{id}/file",
            "/api/v1/pipeline-items",
            "/api/v1/pipeline-items/{id}",
            "/api/v1/pipeline-items/{id}/advance",
            "/api/v1/pipeline-items/{id}/check",
            "/api/v1/pipeline-items/{id}/close",
            "/api/v1/pipeline-items/{id}/reopen",
            "/api/v1/pipelines",
            "/api/v1/playbooks",
            "/api/v1/plays",
            "/api/v1/plays/{id}",
            "/api/v1/plays/{id}/pause",
            "/api/v1/plays/{id}/replan",
            "/api/v1/plays/{id}/resume",
            "/api/v1/plays/{id}/stop",
            "/api/v1/quarantine",
            "/api/v1/renewal-records",
            "/api/v1/renewals",
            "/api/v1/renewals/{id}",
            "/api/v1/renewals/{id}/outcome",
            "/api/v1/retention",
            "/api/v1/roles",
            "/api/v1/roles/{role}",
            "/api/v1/storms",
            "/api/v1/storms/{id}/decide",
            "/api/v1/tasks",
            "/api/v1/tasks/bulk",
            "/api/v1/tasks/{id}",
            "/api/v1/tasks/{id}/done",
            "/api/v1/tasks/{id}/reopen",
            "/api/v1/tasks/{id}/skip",
            "/api/v1/team/load",
            "/api/v1/tickets",
            "/api/v1/tickets/{external_id}",
            "/api/v1/tickets/{external_id}/answer",
            "/api/v1/tickets/{external_id}/escalate",
            "/api/v1/tickets/{external_id}/reopen",
            "/api/v1/tickets/{external_id}/resolve",
            "/api/v1/webhooks",
            "/api/v1/webhooks/{id}",
            "/api/v1/webhooks/{id}/deliveries",
            "/api/v1/webhooks/{id}/deliveries/{delivery}",
            "/api/v1/webhooks/{id}/replay",
            "/api/v1/webhooks/{id}/secret",
            "/api/v1/webhooks/{id}/test",
        ]
    );
    // Every reference leads somewhere.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|inner| references(inner, found));
            }
            Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            assert!(["401", "403", "429"].iter().all(|s| responses.contains_key(*s)), "{method} {path}");
            assert!(operation["security"].is_array() && operation["summary"].is_string(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_page_to_try_it_keeps_the_strict_policy() {
    let house = House::new().await;
    let page = house.http().get("/api/docs").await;
    assert_eq!(page.status_code(), 200);
    let policy = page.header("content-security-policy").to_str().unwrap().to_owned();
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = page.text();
    assert!(!html.contains("<style") && !html.contains("style=") && html.contains("swagger-ui-bundle."));
}
