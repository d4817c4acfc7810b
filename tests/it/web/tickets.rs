//! Support: tickets in over the API or from a file; clocks, scores, journal and pages out.

#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use std::fmt::Write as _;

use axum_test::TestResponse;
use chrono::{DateTime, Utc};
use holdfast::app::members::Role;
use holdfast::app::methodology::{self, DraftFrom, Publishing};
use holdfast::app::tenants::NewTenant;
use holdfast::app::{Actor, keys::KeyScope};
use serde_json::{Value, json};

use crate::support::html::texts;
use crate::support::{Home, House, at};

/// A tenant on a pack, in a time zone.
async fn tenant_in(house: &House, slug: &str, pack: &str, time_zone: &str) -> Home {
    let pack = methodology::pack_source(pack).unwrap();
    let new = NewTenant { name: slug, slug: Some(slug), time_zone, currency: None };
    let actor = Actor::command_line();
    let scope = house.app.create_tenant(&new, &pack, &actor).await.unwrap();
    let write_key = house.app.create_key(&scope, "backend", KeyScope::Write, &actor).await.unwrap();
    let read_key = house.app.create_key(&scope, "warehouse", KeyScope::Read, &actor).await.unwrap();
    Home { scope, slug: slug.to_owned(), write_key, read_key }
}

/// Accounts with a contract over so many dollars a year.
async fn accounts(house: &House, home: &Home, arr: &[(&str, i64)]) {
    let mut accounts = String::from("external_id,name,start_date\n");
    let mut contracts = String::from("external_id,account,start_date,term_months,arr,currency,seats\n");
    for (id, arr) in arr {
        writeln!(accounts, "{id},Account {id},2026-06-01").unwrap();
        writeln!(contracts, "{id}-C1,{id},2026-06-01,24,{arr},USD,10").unwrap();
    }
    house.import(home, "accounts", &accounts).await;
    house.import(home, "contracts", &contracts).await;
    house.work().await;
}

async fn call(house: &House, home: &Home, method: &str, path: &str, body: &Value) -> TestResponse {
    let http = house.http();
    let path = format!("/api/v1{path}");
    let (request, key) = match method {
        "PUT" => (http.put(&path).json(body), &home.write_key),
        "POST" => (http.post(&path).json(body), &home.write_key),
        _ => (http.get(&path), &home.read_key),
    };
    request.add_header("authorization", format!("Bearer {key}")).await
}

/// States a ticket and expects that it is taken.
async fn put(house: &House, home: &Home, id: &str, body: Value) -> Value {
    let answer = call(house, home, "PUT", &format!("/tickets/{id}"), &body).await;
    assert!([200, 201].contains(&answer.status_code().as_u16()), "{id}: {}", answer.text());
    answer.json()
}

async fn get(house: &House, home: &Home, path: &str) -> Value {
    let answer = call(house, home, "GET", path, &Value::Null).await;
    assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
    answer.json()
}

async fn post(house: &House, home: &Home, path: &str, body: Value) -> Value {
    let answer = call(house, home, "POST", path, &body).await;
    assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
    answer.json()
}

fn moment(value: &Value) -> DateTime<Utc> {
    at(value.as_str().unwrap_or_else(|| panic!("no time: {value}")))
}

/// Minutes from one moment to a ticket's due time.
fn minutes(ticket: &Value, clock: &str, from: &str) -> i64 {
    (moment(&ticket[clock]["due_at"]) - at(from)).num_minutes()
}

/// Kinds and words of the journal about tickets, oldest first.
async fn journal(house: &House, home: &Home) -> Vec<(String, String)> {
    let mut tx = house.behind().await;
    sqlx::query_as(
        "SELECT kind, title FROM timeline WHERE tenant_id = $1 AND (kind LIKE 'ticket%' OR kind LIKE 'clock%')
         ORDER BY at, recorded_at, id",
    )
    .bind(home.scope.tenant_id())
    .fetch_all(&mut tx)
    .await
    .unwrap()
}

fn kinds(journal: &[(String, String)]) -> Vec<&str> {
    journal.iter().map(|(kind, _)| kind.as_str()).collect()
}

const NOON: &str = "2027-03-01T12:00:00Z";

#[tokio::test]
async fn the_answer_is_due_by_segment_and_premium_support() {
    // SL-01
    let house = House::new().await;
    let home = house.tenant_on("acme", "mwrasp").await;
    let sizes = [("p", 5_000_001), ("g", 5_000_000), ("s", 999_999), ("b", 249_999)];
    accounts(&house, &home, &sizes).await;
    house.import(&home, "accounts", "external_id,name,premium_support\nx,Account x,true\n").await;
    house.work().await;
    for (account, due) in [("p", 15), ("g", 60), ("s", 240), ("b", 1_440), ("x", 15)] {
        let ticket = put(&house, &home, account, json!({"account": account})).await;
        assert_eq!(minutes(&ticket, "response", NOON), due, "{account}: {ticket}");
        assert_eq!(ticket["resolution"], Value::Null);
        assert_eq!(ticket["response"]["state"], "running");
    }
}

#[tokio::test]
async fn each_level_has_its_time_and_its_owner_and_starts_the_clock_anew() {
    // SL-02, SL-03, SL-04
    let house = House::new().await;
    let home = house.tenant("acme").await;
    accounts(&house, &home, &[("enterprise", 100_000), ("mid", 25_000), ("smb", 24_999)]).await;
    for (account, due) in
        [("enterprise", [240, 120, 60, 30]), ("mid", [1_440, 480, 240, 120]), ("smb", [2_880; 4])]
    {
        for (level, due) in (1..=4).zip(due) {
            let id = format!("{account}-{level}");
            let ticket = put(&house, &home, &id, json!({"account": account, "level": level})).await;
            assert_eq!(minutes(&ticket, "response", NOON), due, "{id}");
        }
    }
    house.member(&home, "casey@example.com", Role::Csm).await;
    let owner = json!({"owner_email": "casey@example.com"});
    call(&house, &home, "PUT", "/accounts/enterprise", &owner).await;
    let ticket = put(&house, &home, "T-1", json!({"account": "enterprise", "subject": "No sign-in"})).await;
    assert_eq!((&ticket["role"], &ticket["level"]), (&json!("csm"), &json!(1)));
    assert_eq!(ticket["holder"], "casey@example.com".split('@').next().unwrap(), "the CSM: {ticket}");
    house.set("2027-03-01T13:30:00Z");
    let escalated = post(&house, &home, "/tickets/T-1/escalate", json!({"reason": "Dissatisfaction"})).await;
    assert_eq!((&escalated["level"], &escalated["role"]), (&json!(2), &json!("senior_csm")));
    assert_eq!(escalated["holder"], Value::Null, "nobody is known to hold that role, and that is said");
    assert_eq!(minutes(&escalated, "response", "2027-03-01T13:30:00Z"), 120, "a new clock of two hours");
    assert_eq!(escalated["levels"][0]["response"]["state"], "left", "level 1 was left in time");
    assert_eq!(escalated["levels"][1]["reason"], "Dissatisfaction");
    let page = house.sign_in("casey@example.com").await.get("/support?level=2").await.text();
    assert!(texts(&page, "td").iter().any(|text| text == "2 Senior success manager"), "{page}");
    // Whoever takes it over wants to know why.
    let unsaid = call(&house, &home, "POST", "/tickets/T-1/escalate", &json!({"reason": " "})).await;
    assert_eq!(unsaid.status_code(), 422);
    assert!(unsaid.text().contains("is needed"), "{}", unsaid.text());
    // The way up ends at the top, and a word about it says so.
    for _ in 0..2 {
        post(&house, &home, "/tickets/T-1/escalate", json!({"reason": "Needs more"})).await;
    }
    let top = call(&house, &home, "POST", "/tickets/T-1/escalate", &json!({"reason": "Needs more"})).await;
    assert_eq!(top.status_code(), 409);
    assert!(top.text().contains("there is none above"), "{}", top.text());
}

#[tokio::test]
async fn severities_run_by_the_calendar_of_their_level() {
    // SL-05, SL-06, and the clocks of the place: 28 March 2027 has 23 hours in Berlin.
    let house = House::at("2027-03-26T15:00:00Z").await;
    let home = tenant_in(&house, "acme", "ma-discovery", "Europe/Berlin").await;
    accounts(&house, &home, &[("a1", 100_000)]).await;
    for (severity, response, resolution) in
        [("critical", 60, 240), ("high", 120, 480), ("medium", 240, 1_440), ("low", 480, 2_880)]
    {
        let ticket = put(&house, &home, severity, json!({"account": "a1", "severity": severity})).await;
        let got = ["response", "resolution"].map(|clock| minutes(&ticket, clock, "2027-03-26T15:00:00Z"));
        // Around the clock an hour is an hour, also across the change on Sunday.
        assert_eq!(got, [response, resolution], "{severity}");
        assert_eq!(ticket["response"]["calendar"], Value::Null);
    }
    // Tier 3 keeps office hours: Friday 16:00 in Berlin, then Monday from 9:00 summer time.
    for (severity, response, resolution) in [
        ("high", "2027-03-29T08:00:00Z", "2027-03-29T14:00:00Z"),
        ("medium", "2027-03-29T10:00:00Z", "2027-03-31T14:00:00Z"),
        ("low", "2027-03-29T14:00:00Z", "2027-04-05T14:00:00Z"),
    ] {
        let body = json!({"account": "a1", "severity": severity, "level": 3});
        let ticket = put(&house, &home, &format!("{severity}-3"), body).await;
        assert_eq!(moment(&ticket["response"]["due_at"]), at(response), "{severity}");
        assert_eq!(moment(&ticket["resolution"]["due_at"]), at(resolution), "{severity}");
        assert_eq!(ticket["response"]["calendar"], "business");
    }
    let body = json!({"account": "a1", "severity": "critical", "level": 3});
    let critical = put(&house, &home, "critical-3", body).await;
    assert_eq!(minutes(&critical, "response", "2027-03-26T15:00:00Z"), 60, "critical never waits");
    // SL-07: how to reach support, and what is closed on a Saturday.
    house.member(&home, "casey@example.com", Role::Csm).await;
    house.set("2027-03-27T12:00:00Z");
    let browser = house.sign_in("casey@example.com").await;
    let channels = texts(&browser.get("/support").await.text(), ".channels li");
    assert_eq!(channels.len(), 5);
    let closed: Vec<_> = channels.iter().filter(|text| text.contains("closed")).collect();
    assert!(closed.len() == 1 && closed[0].starts_with("Chat"), "{channels:?}");
}

#[tokio::test]
async fn one_time_for_all_tickets_or_one_of_the_tenants_choosing() {
    // SL-08, SL-09
    let house = House::new().await;
    let (framework, mapleai) =
        (house.tenant_on("f", "framework").await, house.tenant_on("m", "mapleai").await);
    accounts(&house, &framework, &[("a1", 50_000)]).await;
    accounts(&house, &mapleai, &[("a1", 50_000)]).await;
    let ticket = put(&house, &framework, "T", json!({"account": "a1"})).await;
    assert_eq!((minutes(&ticket, "response", NOON), &ticket["resolution"]), (240, &Value::Null));
    let ticket = put(&house, &mapleai, "T", json!({"account": "a1"})).await;
    let got = ["response", "resolution"].map(|clock| minutes(&ticket, clock, NOON));
    assert_eq!(got, [240, 1_440]);
    // Two tenants may call their tickets the same, and each sees its own.
    for home in [&framework, &mapleai] {
        assert_eq!(get(&house, home, "/tickets").await["data"].as_array().unwrap().len(), 1);
    }
    post(&house, &framework, "/tickets/T/resolve", json!({})).await;
    assert_eq!(get(&house, &mapleai, "/tickets/T").await["status"], "open");
}

#[tokio::test]
async fn a_clock_is_amber_before_and_red_after_and_said_once() {
    // SL-10, for a methodology that counts a time as missed when it is reached, and for one that does not.
    for (pack, strict) in [("mapleai", true), ("framework", false)] {
        let house = House::new().await;
        let home = house.tenant_on("acme", pack).await;
        accounts(&house, &home, &[("a1", 50_000)]).await;
        house.member(&home, "casey@example.com", Role::Csm).await;
        put(&house, &home, "T-1", json!({"account": "a1", "subject": "Slow", "severity": "high"})).await;
        let browser = house.sign_in("casey@example.com").await;
        for (time, state, tone) in [
            ("2027-03-01T15:29:59Z", "running", "tone-good"),
            ("2027-03-01T15:30:00Z", "due_soon", "tone-watch"),
            ("2027-03-01T15:59:59Z", "due_soon", "tone-watch"),
            (
                "2027-03-01T16:00:00Z",
                if strict { "breached" } else { "due_soon" },
                if strict { "tone-critical" } else { "tone-watch" },
            ),
            ("2027-03-01T16:00:01Z", "breached", "tone-critical"),
        ] {
            house.set(time);
            house.work().await;
            let ticket = get(&house, &home, "/tickets/T-1").await;
            assert_eq!(ticket["response"]["state"], state, "{pack} at {time}");
            for path in ["/support", "/accounts/a1/support"] {
                let page = browser.get(path).await.text();
                let clocks = texts(&page, &format!("td[data-label=Answer] .clock.{tone}"));
                assert_eq!(clocks.len(), 1, "{pack} {path} at {time}: {page}");
            }
        }
        let id = ticket_id(&house, &home).await;
        house.app.watch_ticket(&home.scope, id).await.unwrap();
        house.app.watch_ticket(&home.scope, id).await.unwrap();
        let told = journal(&house, &home).await;
        assert_eq!(kinds(&told), ["ticket_opened", "clock_due_soon", "clock_breached"], "{pack}: {told:?}");
        assert_eq!(told[2].1, "No answer in time: T-1 Slow");
        // The answer stops it, late as it is, and nothing is told of it again.
        let answered = post(&house, &home, "/tickets/T-1/answer", json!({})).await;
        assert_eq!(answered["response"]["state"], "breached");
        house.set("2027-03-01T18:00:00Z");
        house.work().await;
        assert_eq!(kinds(&journal(&house, &home).await).len(), 4, "{pack}");
        let page = browser.get("/support").await.text();
        assert_eq!(texts(&page, "td[data-label=Answer] .clock.tone-risk"), ["after 4 h"], "{pack}");
        let (data, severity): (Value, String) =
            sqlx::query_as("SELECT data, severity FROM timeline WHERE kind = 'clock_breached'")
                .fetch_one(&mut house.behind().await)
                .await
                .unwrap();
        assert_eq!(
            (&data["roles"], &data["clock"], severity.as_str()),
            (&json!(["csm"]), &json!("response"), "high")
        );
    }
}

async fn ticket_id(house: &House, home: &Home) -> uuid::Uuid {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    holdfast::db::tickets::id_of(&mut tx, "T-1").await.unwrap().unwrap()
}

#[tokio::test]
async fn an_answer_in_time_is_never_told_as_late_and_a_resolution_has_its_own_clock() {
    let house = House::new().await;
    let home = house.tenant_on("acme", "mapleai").await;
    accounts(&house, &home, &[("a1", 50_000)]).await;
    put(&house, &home, "T-1", json!({"account": "a1"})).await;
    house.set("2027-03-01T13:00:00Z");
    post(&house, &home, "/tickets/T-1/answer", json!({})).await;
    for time in ["2027-03-01T17:00:00Z", "2027-03-02T11:30:00Z", "2027-03-02T12:00:00Z"] {
        house.set(time);
        house.work().await;
    }
    let told = journal(&house, &home).await;
    assert_eq!(kinds(&told), ["ticket_opened", "ticket_answered", "clock_due_soon", "clock_breached"]);
    assert_eq!(told[3].1, "No resolution in time: T-1");
    let resolved = post(&house, &home, "/tickets/T-1/resolve", json!({})).await;
    assert_eq!(
        (&resolved["response"]["state"], &resolved["resolution"]["state"]),
        (&json!("kept"), &json!("breached"))
    );
    // Taken up again, both clocks begin anew; the same again changes nothing.
    let again = post(&house, &home, "/tickets/T-1/reopen", json!({"reason": "Back again"})).await;
    assert_eq!(minutes(&again, "response", "2027-03-02T12:00:00Z"), 240);
    assert_eq!(minutes(&again, "resolution", "2027-03-02T12:00:00Z"), 1_440);
    assert_eq!(again["levels"].as_array().unwrap().len(), 2);
    let same = post(&house, &home, "/tickets/T-1/reopen", json!({})).await;
    assert_eq!(same["levels"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_said_before_and_what_is_old_changes_nothing() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    accounts(&house, &home, &[("a1", 50_000)]).await;
    let missing = call(&house, &home, "PUT", "/tickets/T-1", &json!({"account": "nobody"})).await;
    assert_eq!(missing.status_code(), 422);
    assert!(missing.text().contains("no account with the external id"), "{}", missing.text());
    for (body, field) in [
        (json!({}), "account"),
        (json!({"account": "a1", "severity": "huge"}), "severity"),
        (json!({"account": "a1", "level": 7}), "level"),
        (json!({"account": "a1", "csat": 6}), "csat"),
        (json!({"account": "a1", "opened_at": "2027-03-02T12:00:00Z"}), "opened_at"),
        (json!({"account": "a1", "opened_at": NOON, "resolved_at": "2027-03-01T11:00:00Z"}), "resolved_at"),
        (json!({"account": "a1", "status": "open", "resolved_at": NOON}), "status"),
    ] {
        let answer = call(&house, &home, "PUT", "/tickets/T-1", &body).await;
        assert_eq!(answer.status_code(), 422, "{body}");
        assert_eq!(answer.json::<Value>()["errors"][0]["field"], field, "{body}");
    }
    let word = json!({"account": "a1", "subject": "One", "severity": "high",
        "opened_at": "2027-03-01T10:00:00Z", "updated_at": "2027-03-01T11:00:00Z"});
    let first = put(&house, &home, "T-1", word.clone()).await;
    assert_eq!(put(&house, &home, "T-1", word).await, first);
    let older = json!({"account": "a1", "subject": "Zero", "status": "resolved", "updated_at": "2027-03-01T10:30:00Z"});
    assert_eq!(put(&house, &home, "T-1", older).await, first, "an older word goes unheard");
    let newer = json!({"subject": "Two", "responded_at": "2027-03-01T11:30:00Z", "updated_at": "2027-03-01T11:31:00Z"});
    let second = put(&house, &home, "T-1", newer).await;
    assert_eq!((&second["subject"], &second["severity"]), (&json!("Two"), &json!("high")));
    assert_eq!(second["response"]["state"], "kept");
    let by_hand = post(&house, &home, "/tickets/T-1/resolve", json!({})).await;
    let late = json!({"status": "open", "updated_at": "2027-03-01T11:59:00Z"});
    assert_eq!(
        put(&house, &home, "T-1", late).await,
        by_hand,
        "what was done here is not undone by old news"
    );
    assert_eq!(kinds(&journal(&house, &home).await), ["ticket_opened", "ticket_answered", "ticket_resolved"]);
}

#[tokio::test]
async fn a_ticket_moves_the_score_as_an_event_would_and_a_correction_takes_back() {
    // IN-09
    let house = House::new().await;
    let home = house.tenant_on("acme", "mapleai").await;
    accounts(&house, &home, &[("told", 50_000), ("posted", 50_000), ("quiet", 50_000)]).await;
    let days = ["2027-02-03", "2027-02-10", "2027-02-10", "2027-02-28"];
    for (n, day) in days.iter().enumerate() {
        let opened = format!("{day}T09:00:00Z");
        // Stated twice, counted once.
        for _ in 0..2 {
            put(&house, &home, &format!("T-{n}"), json!({"account": "told", "opened_at": opened})).await;
        }
        let event = json!({"type": "track", "event": "ticket", "messageId": format!("m{n}"), "userId": "u",
            "timestamp": opened, "context": {"groupId": "posted"}});
        house.send(&home, &[event]).await;
    }
    house.work().await;
    let score = async |id: &str| get(&house, &home, &format!("/accounts/{id}")).await["health"].clone();
    let (told, posted) = (score("told").await, score("posted").await);
    assert_eq!(told["score"], posted["score"]);
    assert_ne!(told["score"], Value::Null);
    let sum = async |metric: &str, account: &str| -> f64 {
        let path = format!("/accounts/{account}/metrics/{metric}?from=2027-01-01&to=2027-03-01");
        let series = get(&house, &home, &path).await;
        series["data"].as_array().unwrap().iter().filter_map(|day| day["value"].as_f64()).sum()
    };
    assert_eq!((sum("ticket", "told").await, sum("ticket", "posted").await), (4.0, 4.0));
    post(&house, &home, "/tickets/T-3/escalate", json!({"reason": "Needs more"})).await;
    house.work().await;
    assert_eq!(sum("ticket_escalated", "told").await, 1.0);
    // A ticket that belongs to another account after all counts there, and on the day it is corrected to.
    let moved = json!({"account": "quiet", "opened_at": "2027-02-11T09:00:00Z"});
    put(&house, &home, "T-1", moved).await;
    house.work().await;
    assert_eq!((sum("ticket", "told").await, sum("ticket", "quiet").await), (3.0, 1.0));
}

#[tokio::test]
async fn a_changed_severity_counts_as_it_is_now() {
    let house = House::new().await;
    let home = house.tenant_on("acme", "mwrasp").await;
    accounts(&house, &home, &[("a1", 50_000)]).await;
    let count = async || -> f64 {
        let path = "/accounts/a1/metrics/critical_ticket?from=2027-02-01&to=2027-03-02";
        let series = get(&house, &home, path).await;
        series["data"].as_array().unwrap().iter().filter_map(|day| day["value"].as_f64()).sum()
    };
    for n in 0..4 {
        put(&house, &home, &format!("T-{n}"), json!({"account": "a1", "severity": "critical"})).await;
    }
    house.work().await;
    assert_eq!(count().await, 4.0);
    house.set("2027-03-02T12:00:00Z");
    put(&house, &home, "T-0", json!({"severity": "low"})).await;
    house.work().await;
    assert_eq!(count().await, 3.0, "it was never critical, and is not counted as such any more");
    put(&house, &home, "T-0", json!({"severity": "critical"})).await;
    house.work().await;
    assert_eq!(count().await, 4.0);
}

#[tokio::test]
async fn figures_and_times_kept_follow_from_tickets() {
    // SL-11
    let house = House::at("2027-03-20T12:00:00Z").await;
    let home = house.tenant_on("acme", "mwrasp").await;
    accounts(&house, &home, &[("g", 2_000_000), ("b", 50_000)]).await;
    let mut csv =
        String::from("external_id,account,opened_at,responded_at,resolved_at,level,priority,status\n");
    for n in 0..20 {
        let (account, answered) =
            if n < 10 { ("g", if n == 0 { "14:00" } else { "12:30" }) } else { ("b", "18:00") };
        let day = format!("2027-03-{:02}", n % 10 + 1);
        writeln!(csv, "T-{n},{account},{day} 12:00,{day} {answered},{day} 20:00,1,normal,closed").unwrap();
    }
    house.import(&home, "tickets", &csv).await;
    house.import(&home, "tickets", &csv).await;
    put(&house, &home, "T-x", json!({"account": "b", "opened_at": "2027-03-20T10:00:00Z"})).await;
    post(&house, &home, "/tickets/T-x/escalate", json!({"reason": "Needs more"})).await;
    house.work().await;
    let (from, to) = (at("2027-03-01T00:00:00Z"), at("2027-04-01T00:00:00Z"));
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let of = holdfast::db::tickets::Of::default();
    let figures = holdfast::db::tickets::figures(&mut tx, from, to, &of).await.unwrap();
    assert_eq!((figures.tickets, figures.escalations, figures.tickets_resolved), (21, 1, 20));
    assert_eq!((figures.tickets_responded, figures.tickets_in_sla), (20, 19));
    assert!((figures.first_response_hours_sum - (2.0 + 9.0 * 0.5 + 10.0 * 6.0)).abs() < 1e-9);
    assert!((figures.resolution_hours_sum - 160.0).abs() < 1e-9);
    let gold = holdfast::db::tickets::Of { segment: Some("gold".to_owned()), ..of };
    let figures = holdfast::db::tickets::figures(&mut tx, from, to, &gold).await.unwrap();
    assert_eq!((figures.tickets, figures.tickets_in_sla), (10, 9));
    drop(tx);
    house.member(&home, "casey@example.com", Role::Csm).await;
    let browser = house.sign_in("casey@example.com").await;
    let page = browser.get("/support").await.text();
    let rows = texts(&page, "table tr");
    assert!(rows.iter().any(|row| row.contains("GOLD") && row.contains("9 of 10")), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("Escalation rate") && row.contains("4.8")), "{rows:?}");
    let resolved = browser.get("/support?status=resolved&segment=gold").await.text();
    assert_eq!(texts(&resolved, "td[data-label=Answer] .clock.tone-risk").len(), 1, "the one that came late");
}

#[tokio::test]
async fn a_file_is_taken_row_by_row() {
    use holdfast::app::imports::{ImportKind, ImportRequest, Known, Mapping};
    let house = House::new().await;
    let home = house.tenant("acme").await;
    accounts(&house, &home, &[("a1", 50_000)]).await;
    let csv = "ticket_id,organization,created_at,priority,state,first_response_at,level\n\
               1,a1,2027-02-01 09:00,urgent,solved,2027-02-01 10:00,2\n\
               2,nobody,2027-02-01 09:00,low,open,,\n\
               3,a1,yesterday,low,open,,\n\
               4,a1,2027-02-01 09:00,huge,open,,\n\
               5,a1,2027-02-01 09:00,low,open,,9\n\
               6,a1,2027-02-01 09:00,low,open,2027-02-01 08:00,\n\
               1,a1,2027-02-01 09:00,high,solved,2027-02-01 10:00,2\n";
    let mapping = Mapping::default();
    let request = ImportRequest {
        kind: ImportKind::Tickets,
        file_name: "tickets.csv",
        mapping: &mapping,
        dry_run: false,
        bytes_total: 0,
        known: Known::Today,
    };
    let reader = std::io::Cursor::new(csv.as_bytes().to_vec());
    let actor = Actor::command_line();
    let done = house.app.import(&home.scope, request, reader, &actor, &|_| ()).await.unwrap();
    assert_eq!((done.error.as_deref(), done.created, done.updated, done.rejected), (None, 1, 1, 5));
    let ticket = get(&house, &home, "/tickets/1").await;
    assert_eq!(
        (&ticket["severity"], &ticket["status"], &ticket["level"]),
        (&json!("high"), &json!("resolved"), &json!(2))
    );
}

#[tokio::test]
async fn another_methodology_moves_running_clocks_and_leaves_broken_ones() {
    let house = House::new().await;
    let home = house.tenant_on("acme", "framework").await;
    accounts(&house, &home, &[("a1", 50_000)]).await;
    put(&house, &home, "late", json!({"account": "a1", "opened_at": "2027-03-01T06:00:00Z"})).await;
    put(&house, &home, "fresh", json!({"account": "a1"})).await;
    let actor = Actor::command_line();
    let draft = house.app.create_draft(&home.scope, DraftFrom::Version(1), "", &actor).await.unwrap();
    let overrides = holdfast::domain::pack::Overrides {
        preset: None,
        set: vec![("RESPONSE_TIME".to_owned(), "8".to_owned())],
    };
    let (id, source, revision) = (draft.stored.id, draft.stored.source.clone(), draft.stored.revision);
    let saved = house.app.save_draft(&home.scope, id, None, &source, &overrides, revision, &actor).await;
    let revision = saved.unwrap().stored.revision;
    let how = Publishing { note: "Eight hours", ..Default::default() };
    house.app.publish(&home.scope, id, revision, &how, &actor).await.unwrap();
    house.work().await;
    let fresh = get(&house, &home, "/tickets/fresh").await;
    assert_eq!(minutes(&fresh, "response", NOON), 480);
    let late = get(&house, &home, "/tickets/late").await;
    assert_eq!(late["response"]["state"], "breached", "what was recorded stays: {late}");
    assert_eq!(minutes(&late, "response", "2027-03-01T06:00:00Z"), 240);
    // The new clock is the one that is watched.
    house.set("2027-03-01T16:30:00Z");
    house.work().await;
    assert_eq!(get(&house, &home, "/tickets/fresh").await["response"]["state"], "running");
    house.set("2027-03-01T20:00:01Z");
    house.work().await;
    let told = journal(&house, &home).await;
    assert_eq!(kinds(&told).iter().filter(|kind| **kind == "clock_breached").count(), 2, "{told:?}");
}

#[tokio::test]
async fn a_csm_works_on_a_ticket_from_its_page() {
    let house = House::new().await;
    let home = house.tenant_on("acme", "ma-discovery").await;
    accounts(&house, &home, &[("a1", 50_000)]).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    put(&house, &home, "T-1", json!({"account": "a1", "subject": "Down", "severity": "high", "level": 2}))
        .await;
    let path = format!("/support/tickets/{}", ticket_id(&house, &home).await);
    let browser = house.sign_in("casey@example.com").await;
    let page = browser.get(&path).await.text();
    let why = texts(&page, ".clock-list li");
    assert!(why[0].contains("2 h after it was opened (today 12:00), around the clock"), "{why:?}");
    assert!(why[0].contains("Policy: High (Degraded Performance)"), "{why:?}");
    browser.post(&format!("{path}/escalate"), &[("level", "3"), ("reason", "  ")]).await;
    assert_eq!(get(&house, &home, "/tickets/T-1").await["level"], 2, "not without a reason");
    let escalated =
        browser.post(&format!("{path}/escalate"), &[("level", "3"), ("reason", "Needs a developer")]).await;
    assert_eq!(escalated.status_code(), 303);
    let page = browser.get(&path).await.text();
    let why = texts(&page, ".clock-list li");
    assert!(
        why[0].contains("counting only the hours of business (Mon\u{2013}Fri 09:00\u{2013}17:00, UTC)"),
        "{why:?}"
    );
    assert!(texts(&page, ".milestones li").iter().any(|step| step.contains("Needs a developer")));
    for verb in ["answer", "resolve", "resolve", "reopen"] {
        assert_eq!(browser.post(&format!("{path}/{verb}"), &[]).await.status_code(), 303, "{verb}");
    }
    assert_eq!(get(&house, &home, "/tickets/T-1").await["status"], "open");
    let audit: Vec<String> =
        sqlx::query_scalar("SELECT action FROM audit_log WHERE action LIKE 'ticket.%' ORDER BY id")
            .fetch_all(&mut house.behind().await)
            .await
            .unwrap();
    assert_eq!(
        audit,
        ["ticket.created", "ticket.escalated", "ticket.answered", "ticket.resolved", "ticket.reopened"],
        "resolving twice is one"
    );
    let steps = texts(&browser.get(&path).await.text(), ".milestones li");
    let at = |what: &str| steps.iter().position(|step| step.contains(what));
    assert!(at("Resolved").is_some() && at("Resolved") < at("Opened again"), "{steps:?}");
}

/// What the toast of an answer says, and where its Undo is sent with which field.
fn toast(answer: &TestResponse) -> (String, Value) {
    use base64::Engine;
    let cookie = answer.headers().get_all("set-cookie").iter().filter_map(|c| c.to_str().ok());
    let flash = cookie.filter_map(|c| c.strip_prefix("holdfast_flash=")?.split(';').next()).next().unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(flash).unwrap();
    let done: Value = serde_json::from_slice(&json).unwrap();
    (done["text"].as_str().unwrap().to_owned(), done["undo"].clone())
}

#[tokio::test]
async fn an_escalation_says_that_nobody_is_there_and_can_be_taken_back_while_nothing_followed() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    accounts(&house, &home, &[("a1", 100_000)]).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    call(&house, &home, "PUT", "/accounts/a1", &json!({"owner_email": "casey@example.com"})).await;
    put(&house, &home, "T-1", json!({"account": "a1", "subject": "Down"})).await;
    let path = format!("/support/tickets/{}", ticket_id(&house, &home).await);
    let casey = house.sign_in("casey@example.com").await;
    let warnings = texts(&casey.get(&path).await.text(), ".panel .hint");
    assert_eq!(warnings[0], "Level 2: nobody holds Senior Customer Success Manager");
    assert_eq!(warnings.len(), 3, "each level above: {warnings:?}");
    let before = get(&house, &home, "/tickets/T-1").await;
    house.set("2027-03-01T13:30:00Z");
    let escalate = async || {
        casey.post(&format!("{path}/escalate"), &[("level", "2"), ("reason", "They are cross")]).await
    };
    let (said, undo) = toast(&escalate().await);
    assert!(said.ends_with("starts anew. Nobody holds Senior Customer Success Manager."), "{said}");
    assert_eq!(undo, json!([format!("{path}/escalate/undo"), [["stay", "1"]]]));
    assert_eq!(get(&house, &home, "/tickets/T-1").await["level"], 2);
    house.set("2027-03-01T13:40:00Z");
    let back = async || casey.post(&format!("{path}/escalate/undo"), &[("stay", "1")]).await;
    let (said, _) = toast(&back().await);
    assert!(said.contains("at level 1 again, and its clock runs as it did"), "{said}");
    let after = get(&house, &home, "/tickets/T-1").await;
    for what in ["level", "role", "holder", "response", "resolution", "levels"] {
        let (mut now, mut then) = (after[what].clone(), before[what].clone());
        for clock in [&mut now, &mut then] {
            // What is left of it went on meanwhile.
            clock.as_object_mut().map(|clock| clock.remove("minutes_left"));
        }
        assert_eq!(now, then, "{what}");
    }
    assert_eq!(minutes(&after, "response", NOON), 240, "four hours from its opening, not from now");
    let (said, _) = toast(&back().await);
    assert!(said.contains("has gone on since"), "once: {said}");
    let steps = texts(&casey.get(&path).await.text(), ".milestones li");
    assert!(
        steps.iter().any(|step| step.starts_with("Escalation taken backby casey: Not sent on to level 2")),
        "{steps:?}"
    );
    // The journal tells of both, and of the next one anew; that one was answered, and stands.
    escalate().await;
    house.set("2027-03-01T13:50:00Z");
    casey.post(&format!("{path}/answer"), &[]).await;
    let (said, _) = toast(&back().await);
    assert!(said.contains("has gone on since"), "{said}");
    assert_eq!(get(&house, &home, "/tickets/T-1").await["level"], 2);
    let told = journal(&house, &home).await;
    assert_eq!(
        kinds(&told),
        ["ticket_opened", "ticket_escalated", "ticket_returned", "ticket_escalated", "ticket_answered"]
    );
    assert_eq!(told[2].1, "At level 1 again: T-1 Down");
    // Where somebody holds the role there is nothing to warn of.
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = holdfast::db::members::list(&mut tx).await.unwrap()[0].id;
    drop(tx);
    let holder = holdfast::app::roles::Holder::Member(id);
    house.app.cast_role(&home.scope, "vp_cs", holder, &Actor::command_line()).await.unwrap();
    let warnings = texts(&casey.get(&path).await.text(), ".panel .hint");
    assert_eq!(warnings.len(), 1, "the executive team alone is nobody: {warnings:?}");
}

#[tokio::test]
async fn a_clock_that_ran_out_stays_on_the_page_when_the_ticket_goes_on() {
    let house = House::at("2027-03-01T12:00:00Z").await;
    let home = house.tenant_on("acme", "mwrasp").await;
    accounts(&house, &home, &[("a1", 2_000_000)]).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    put(&house, &home, "T-1", json!({"account": "a1", "subject": "Down", "severity": "high", "level": 1}))
        .await;
    house.set("2027-03-01T20:00:00Z");
    house.work().await;
    post(&house, &home, "/tickets/T-1/escalate", json!({"reason": "Needs more"})).await;
    post(&house, &home, "/tickets/T-1/resolve", json!({})).await;
    house.set("2027-03-02T20:00:00Z");
    let path = format!("/support/tickets/{}", ticket_id(&house, &home).await);
    let page = house.sign_in("casey@example.com").await.get(&path).await.text();
    let clocks = texts(&page, ".clock-list li");
    assert!(clocks[0].contains("Answer at level 1") && clocks[0].contains("over"), "{clocks:?}");
    assert!(clocks[1].contains("Answer at level 2") && clocks[1].contains("in time"), "{clocks:?}");
    let over = |text: &str| text.split("over").next().unwrap().to_owned();
    house.set("2027-03-05T20:00:00Z");
    let later = texts(&house.sign_in("casey@example.com").await.get(&path).await.text(), ".clock-list li");
    assert_eq!(over(&later[0]), over(&clocks[0]), "it does not go on running");
}
