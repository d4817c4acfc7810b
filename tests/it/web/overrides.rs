//! What a person sets, and data that is old or thin, as pages and the API show them.

#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use axum_test::TestResponse;
use holdfast::app::members::Role;
use holdfast::app::work::Work;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::support::html::texts;
use crate::support::{Browser, Home, House};

fn attribute(html: &str, selector: &str, name: &str) -> String {
    let found = Html::parse_document(html);
    let selector = Selector::parse(selector).unwrap();
    found.select(&selector).next().and_then(|e| e.attr(name)).unwrap_or_default().to_owned()
}

/// An account whose measures all read well, as of the first of March.
async fn house(ids: &[&str]) -> (House, Home) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, ids).await;
    let traits: Vec<Value> = ids
        .iter()
        .map(|id| {
            json!({"type": "group", "userId": "u1", "groupId": id, "messageId": id,
                "timestamp": "2027-03-01T10:00:00Z",
                "traits": {"advanced_feature_pct": 60, "integrations_live": 3, "business_impact": "strong",
                           "dau_pct": 60, "dashboard_views": 50, "queries": 50}})
        })
        .collect();
    house.send(&home, &traits).await;
    house.work().await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    (house, home)
}

const PAGES: [&str; 12] = [
    "/",
    "/accounts",
    "/renewals?window=all",
    "/portfolio",
    "/portfolio/overrides",
    "/search?q=a1",
    "/accounts/a1",
    "/accounts/a1/health",
    "/accounts/a1/usage",
    "/accounts/a1/people",
    "/accounts/a1/contracts",
    "/accounts/a1/health?as_of=2027-05-10",
];

/// No sign of a good tone where a score is shown, and a word of doubt beside each.
async fn is_never_green(browser: &Browser, what: &str) {
    let green = ".badge.tone-good, .spark.tone-good, .waterfall .tone-good, .renewal-line .tone-good, \
                 .spot.tone-good";
    for path in PAGES {
        let answer = browser.get(path).await;
        assert_eq!(answer.status_code(), 200, "{path}");
        let html = answer.text();
        assert_eq!(texts(&html, green), Vec::<String>::new(), "{what}: {path}");
        let (badges, doubts) = (texts(&html, ".badge"), texts(&html, ".badge.doubt"));
        assert_eq!(badges.len(), doubts.len(), "{what}: {path} shows a score without a doubt: {badges:?}");
        let stale = Html::parse_document(&html);
        for row in stale.select(&Selector::parse(".measures tr.tone-good").unwrap()) {
            let text: String = row.text().collect();
            assert!(!text.contains("stale"), "{what}: {path}: {text}");
        }
    }
}

#[tokio::test]
async fn a_high_score_on_old_data_never_looks_green() {
    let (house, home) = house(&["a1"]).await;
    let fresh = house.sign_in("casey@example.com").await.get("/accounts").await.text();
    assert_eq!(texts(&fresh, ".badge.tone-good").len(), 1, "while the data is fresh it is green: {fresh}");
    for date in ["2027-05-10", "2027-05-15"] {
        house.set(&format!("{date}T12:00:00Z"));
        house.app.score_all(&home.scope, date.parse().unwrap(), &Work::unwatched()).await.unwrap();
    }
    // A session does not last that long.
    let browser = house.sign_in("casey@example.com").await;
    let health: Value =
        house.http().get("/api/v1/accounts/a1").authorization_bearer(&home.read_key).await.json();
    let health = &health["health"];
    assert!(health["score"].as_f64().unwrap() > 80.0, "{health}");
    assert_eq!((&health["band"], &health["stale"]), (&json!("green"), &json!(true)));
    assert_eq!(health["tone"], Value::Null);
    is_never_green(&browser, "the model").await;
    let bar = texts(&browser.get("/portfolio").await.text(), ".legend li");
    assert!(
        bar.iter().any(|part| part.contains("old or thin data") && part.contains("1 account")),
        "{bar:?}"
    );

    // Nor because a person says so.
    let set = browser
        .post(
            "/accounts/a1/override",
            &[("band", "green"), ("reason", "They told me"), ("expires_on", "2027-06-30")],
        )
        .await;
    assert_eq!(set.status_code(), 303, "{}", set.text());
    is_never_green(&browser, "a person").await;
    let list: Value = house.http().get("/api/v1/accounts").authorization_bearer(&home.read_key).await.json();
    assert_eq!(list["data"][0]["health"]["tone"], Value::Null);
    assert_eq!(list["data"][0]["health"]["set_by"], "casey@example.com".split('@').next().unwrap());
}

#[tokio::test]
async fn a_csm_sets_it_changes_it_and_takes_it_back() {
    let (house, home) = house(&["a1", "a2"]).await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let browser = house.sign_in("casey@example.com").await;
    let path = "/accounts/a1/override";
    let form = |band: &'static str, reason: &'static str, seen: String| {
        vec![
            ("band", band.to_owned()),
            ("reason", reason.to_owned()),
            ("expires_on", "2027-03-20".into()),
            ("seen", seen),
        ]
    };
    // Without a reason the form comes back as it was sent.
    let refused = post(&browser, path, form("red", "  ", String::new())).await;
    assert_eq!(refused.status_code(), 422);
    let html = refused.text();
    assert!(texts(&html, "#set-by-hand .notice")[0].contains("A reason is needed"), "{html}");
    assert_eq!(attribute(&html, "#set-band option[selected]", "value"), "red");
    assert_eq!(attribute(&html, "#set-until", "value"), "2027-03-20");

    let done = post(&browser, path, form("red", "Their <champion> left", String::new())).await;
    assert_eq!(done.status_code(), 303);
    assert_eq!(done.header("location"), "/accounts/a1/health");
    for tab in ["", "/health", "/usage", "/people", "/contracts"] {
        let html = browser.get(&format!("/accounts/a1{tab}")).await.text();
        let head = &texts(&html, ".by-hand-line")[0];
        assert!(head.contains("Set to Red by casey until 20 Mar 2027"), "{head}");
        assert!(head.contains("the model says Green at"), "{head}");
        assert!(head.contains("Their <champion> left"), "escaped once: {head}");
        assert!(texts(&html, ".account-head .badge")[0].contains("Red, set by hand"), "the badge is marked");
    }
    let html = browser.get("/accounts/a1/health").await.text();
    assert_eq!(texts(&html, ".judgement .badge").len(), 2, "both, side by side");
    assert!(texts(&html, ".waterfall .total th")[0].contains("Green"), "the waterfall is the model's");
    let list = browser.get("/accounts").await.text();
    assert_eq!(texts(&list, ".by-hand").len(), 1);
    assert!(attribute(&list, ".badge:has(.by-hand)", "title").contains("the model says Green"));
    let seen = attribute(&html, "#set-by-hand [name=seen]", "value");

    // Morgan saw nothing set: that must not be overwritten unseen.
    let morgan = house.sign_in("morgan@example.com").await;
    let late = post(&morgan, path, form("green", "All is well", String::new())).await;
    assert_eq!(late.status_code(), 409);
    assert!(texts(&late.text(), "#set-by-hand .notice")[0].contains("casey has set"), "{}", late.text());
    assert_eq!(attribute(&late.text(), "#set-by-hand [name=seen]", "value"), seen);
    let changed = post(&morgan, path, form("yellow", "Not so bad", seen.clone())).await;
    assert_eq!(changed.status_code(), 303);
    let open = browser.get("/portfolio/overrides").await.text();
    assert_eq!(texts(&open, "tbody .name"), ["Account a1"]);
    assert!(texts(&open, ".reason")[0].contains("Not so bad"));

    // Undo brings Casey's word back; then it is withdrawn.
    let html = browser.get("/accounts/a1/health").await.text();
    let current = attribute(&html, "#set-by-hand [name=seen]", "value");
    let undo = vec![("override", seen.clone()), ("current", current)];
    assert_eq!(post(&morgan, "/accounts/a1/override/restore", undo).await.status_code(), 303);
    assert!(texts(&browser.get("/accounts/a1").await.text(), ".by-hand-line")[0].contains("by casey"));
    let taken = post(&browser, "/accounts/a1/override/withdraw", vec![("override", seen)]).await;
    assert_eq!(taken.status_code(), 303);
    let html = browser.get("/accounts/a1/health").await.text();
    assert!(texts(&html, ".by-hand-line").is_empty() && texts(&html, ".judgement").is_empty());
    assert!(
        texts(&browser.get("/portfolio/overrides").await.text(), ".empty h2")[0].contains("Nobody disagrees")
    );
    // An id of another account is none of this one's.
    let other =
        post(&browser, "/accounts/a2/override/restore", vec![("override", current_id(&house, &home).await)])
            .await;
    assert_eq!(other.status_code(), 404);
}

async fn post(browser: &Browser, path: &str, form: Vec<(&str, String)>) -> TestResponse {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &form).await
}

async fn current_id(house: &House, home: &Home) -> String {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = holdfast::db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
    holdfast::db::overrides::of_account(&mut tx, id).await.unwrap()[0].id.to_string()
}

#[tokio::test]
async fn integrations_set_read_list_and_take_back() {
    let (house, home) = house(&["a1", "a2"]).await;
    let http = house.http();
    let url = "/api/v1/accounts/a1/override";
    let put = |body: Value| http.put(url).authorization_bearer(&home.write_key).json(&body);
    assert_eq!(http.get(url).authorization_bearer(&home.read_key).await.status_code(), 404);
    for (body, field) in [
        (json!({"reason": "x"}), "score"),
        (json!({"reason": "x", "score": 50, "band": "red"}), "score"),
        (json!({"reason": "x", "score": 101}), "score"),
        (json!({"reason": " ", "band": "red"}), "reason"),
        (json!({"reason": "a\u{0}b", "band": "red"}), "reason"),
        (json!({"reason": "x", "band": "blue"}), "band"),
        (json!({"reason": "x", "band": "red", "expires_on": "2028-01-01"}), "expires_on"),
    ] {
        let answer = put(body).await;
        assert_eq!(answer.status_code(), 422, "{}", answer.text());
        assert_eq!(answer.json::<Value>()["errors"][0]["field"], field);
    }
    let body = json!({"reason": "Lost a vote", "score": 31});
    let set = put(body.clone()).await;
    assert_eq!(set.status_code(), 201, "{}", set.text());
    assert_eq!(put(body).await.status_code(), 200, "the same again changes nothing");
    let set: Value = set.json();
    assert_eq!(
        (&set["score"], &set["set_by"], &set["expires_on"]),
        (&json!(31.0), &json!("key backend"), &json!("2027-03-31"))
    );
    assert_eq!(set["model_then"]["band"], "green");
    let shown: Value = http.get(url).authorization_bearer(&home.read_key).await.json();
    assert_eq!((&shown["id"], &shown["model_now"]["band"]), (&set["id"], &json!("green")));
    let account: Value = http.get("/api/v1/accounts/a1").authorization_bearer(&home.read_key).await.json();
    let health = &account["health"];
    assert_eq!((&health["score"], &health["overridden"]), (&json!(31.0), &json!(true)));
    assert_eq!((&health["model_band"], &health["set_by_hand"]["id"]), (&json!("green"), &set["id"]));
    let list: Value =
        http.get("/api/v1/overrides?in_force=true&limit=1").authorization_bearer(&home.read_key).await.json();
    assert_eq!((&list["data"][0]["account"], &list["next_cursor"]), (&json!("a1"), &Value::Null));
    for _ in 0..2 {
        assert_eq!(http.delete(url).authorization_bearer(&home.write_key).await.status_code(), 204);
    }
    assert_eq!(http.delete(url).authorization_bearer(&home.read_key).await.status_code(), 403);
    let gone = http.delete("/api/v1/accounts/nobody/override").authorization_bearer(&home.write_key).await;
    assert_eq!(gone.status_code(), 404);
    let list: Value =
        http.get("/api/v1/overrides?in_force=false").authorization_bearer(&home.read_key).await.json();
    assert_eq!(list["data"][0]["ended"]["reason"], "withdrawn");
}
