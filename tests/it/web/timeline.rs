//! The journal as people read it and add to it.

use holdfast::app::members::Role;
use serde_json::{Value, json};

use crate::support::html::{attributes, texts};
use crate::support::{Browser, Home, House};

async fn house() -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    house.member(&home, "carla@acme.example", Role::Csm).await;
    house.accounts(&home, &["a1", "a2"]).await;
    let mine = "external_id,name,owner_email\na1,Account a1,casey@acme.example\n";
    house.import(&home, "accounts", mine).await;
    house.work().await;
    let casey = house.sign_in("casey@acme.example").await;
    (house, home, casey)
}

const TIMELINE: &str = "/accounts/a1/timeline";

async fn add(browser: &Browser, kind: &str, text: &str, more: &[(&str, &str)]) {
    let form: Vec<(&str, &str)> =
        [("kind", kind), ("text", text)].into_iter().chain(more.iter().copied()).collect();
    let added = browser.post(TIMELINE, &form).await;
    assert_eq!((added.status_code().as_u16(), added.header("location").to_str().unwrap()), (303, TIMELINE));
}

#[tokio::test]
async fn what_people_did_is_added_found_and_taken_back() {
    let (house, home, casey) = house().await;
    add(
        &casey,
        "call",
        "Quarterly call\nRosa <b>asked</b> about the renewal.",
        &[("attendees", "Rosa Vega, Tom"), ("at", "2027-02-26T15:30")],
    )
    .await;
    add(&casey, "note", "New director from April", &[]).await;
    let page = casey.get(TIMELINE).await.text();
    let lines = texts(&page, ".entry .line");
    assert!(lines[0].ends_with("Note New director from April"), "{lines:?}");
    let call = texts(&page, ".entry:has(.text)").into_iter().find(|e| e.contains("Quarterly call")).unwrap();
    assert!(
        call.contains("15:30")
            && call.contains("Rosa <b>asked</b>")
            && call.contains("casey with Rosa Vega, Tom"),
        "{call}"
    );
    assert!(
        texts(&page, ".stream-day").contains(&"Friday, 26 February".to_owned()),
        "{:?}",
        texts(&page, ".stream-day")
    );

    // Found by its words, which are marked; not by others, and only in its group.
    let found = casey.get(&format!("{TIMELINE}?q=RENEWAL+rosa")).await.text();
    assert_eq!(texts(&found, ".entry").len(), 1);
    assert_eq!(texts(&found, ".entry mark"), ["Rosa", "renewal"]);
    assert!(
        texts(&casey.get(&format!("{TIMELINE}?q=weather")).await.text(), ".empty h2")[0]
            .contains("Nothing matches")
    );
    let touches = casey.get(&format!("{TIMELINE}?group=touches")).await.text();
    assert_eq!(texts(&touches, ".entry").len(), 2);
    let both = casey.get(&format!("{TIMELINE}?group=touches,renewal")).await.text();
    assert_eq!(texts(&both, ".toggles [aria-current]"), ["Notes, calls, meetings", "Renewal and contracts"]);
    assert_eq!(texts(&both, ".entry").len(), 3, "and the contract");

    // What is wrong comes back as it was typed.
    for (kind, text, at, says) in [
        ("call", " ", "", "The text is 1 to 20,000 characters"),
        ("call", "Later", "2027-03-02T10:00", "The time is a moment that has passed"),
        ("call", "When?", "soon", "There is no such moment"),
        ("alert_opened", "x", "", "The kind is note, call, meeting or email"),
    ] {
        let refused = casey.post(TIMELINE, &[("kind", kind), ("text", text), ("at", at)]).await;
        assert_eq!(refused.status_code(), 422, "{text}");
        let html = refused.text();
        assert!(texts(&html, ".log .notice")[0].contains(says), "{:?}", texts(&html, ".log .notice"));
        assert_eq!(attributes(&html, "#log-at", "value"), [at]);
    }

    // Casey's own can be removed, and brought back; nobody else may.
    let remove = attributes(&touches, ".entry form", "action").remove(0);
    let carla = house.sign_in("carla@acme.example").await;
    assert!(attributes(&carla.get(TIMELINE).await.text(), ".entry form", "action").is_empty());
    assert_eq!(carla.post(&remove, &[]).await.status_code(), 403);
    assert_eq!(casey.post(&remove, &[]).await.status_code(), 303);
    assert!(!casey.get(TIMELINE).await.text().contains("New director"));
    assert_eq!(casey.post(&remove.replace("/remove", "/restore"), &[]).await.status_code(), 303);
    assert!(casey.get(TIMELINE).await.text().contains("New director"));
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = holdfast::db::accounts::id_of(&mut tx, "a1").await.unwrap();
    let kinds = vec!["contract_changed"];
    let filter = holdfast::db::timeline::Filter { account: id, kinds, ..Default::default() };
    let contract = holdfast::db::timeline::page(&mut tx, &filter, None, 9).await.unwrap();
    drop(tx);
    let other = format!("/timeline/{}/remove", contract[0].id);
    assert_eq!(casey.post(&other, &[]).await.status_code(), 404, "nobody entered that by hand");
}

#[tokio::test]
async fn the_stream_goes_on_where_it_ended_and_repeats_no_day() {
    let (_house, _home, casey) = house().await;
    for n in 0..45 {
        add(&casey, "note", &format!("Note {n}"), &[("at", "2027-02-26T10:00")]).await;
    }
    let page = casey.get(&format!("{TIMELINE}?group=touches")).await.text();
    assert_eq!(texts(&page, ".entry").len(), 40);
    let more = attributes(&page, ".stream-more a", "href").remove(0);
    let part = casey.part(&more).await.text();
    assert_eq!((texts(&part, ".entry").len(), texts(&part, ".stream-day").len()), (5, 0));
    let all: std::collections::HashSet<String> =
        texts(&page, ".entry .title").into_iter().chain(texts(&part, ".entry .title")).collect();
    assert_eq!(all.len(), 45, "none missing, none twice");
    assert_eq!(texts(&casey.get(&more).await.text(), ".entry").len(), 5, "the same without a script");
}

// BD-08
#[tokio::test]
async fn changes_of_band_contract_and_judgement_enter_themselves() {
    let (house, home, casey) = house().await;
    let traits = |pct: i64, at: &str| {
        json!({"type": "group", "userId": "u1", "groupId": "a1", "messageId": at, "timestamp": at,
               "traits": {"advanced_feature_pct": pct, "dau_pct": pct, "integrations_live": 3,
                          "dashboard_views": pct, "queries": pct}})
    };
    house.send(&home, &[traits(60, "2027-03-01T10:00:00Z")]).await;
    house.work().await;
    house.set("2027-03-02T12:00:00Z");
    house.send(&home, &[traits(4, "2027-03-02T10:00:00Z")]).await;
    house.work().await;
    let changed = "external_id,account,start_date,term_months,arr,currency,seats\na1-C1,a1,2026-06-01,12,60000,USD,10\n";
    house.import(&home, "contracts", changed).await;
    house.import(&home, "contracts", changed).await;
    let set = [("band", "green"), ("reason", "They are on holiday"), ("expires_on", "2027-03-20")];
    assert_eq!(casey.post("/accounts/a1/override", &set).await.status_code(), 303);
    let page = casey.get(TIMELINE).await.text();
    let entries = texts(&page, ".entry .line");
    let has = |text: &str| entries.iter().filter(|line| line.contains(text)).count();
    assert!(has("Band changed Green → Red") + has("Band changed Green → Yellow") == 1, "{entries:?}");
    assert_eq!(has("Contract a1-C1: USD 50,000.00 a year from 1 Jun 2026"), 1);
    assert_eq!(has("Contract a1-C1: USD 50,000.00 a year → USD 60,000.00 a year"), 1, "once: {entries:?}");
    assert_eq!(has("Set by hand Set to Green until 20 Mar 2027"), 1);
    assert!(page.contains("They are on holiday"));
    let causes = attributes(&page, ".entry a.title", "href");
    for cause in ["/accounts/a1/health", "/accounts/a1/contracts", "/accounts/a1/lifecycle"] {
        assert!(causes.iter().any(|href| href == cause), "{cause}: {causes:?}");
        assert_eq!(casey.get(cause).await.status_code(), 200, "{cause}");
    }

    // The same in all accounts: mine first.
    let mine = casey.get("/activity").await.text();
    assert!(mine.contains("They are on holiday") && !mine.contains("Account a2"));
    assert!(casey.get("/activity?who=all&group=renewal").await.text().contains("Account a2"));
    let found = casey.get("/activity?q=holiday").await.text();
    assert_eq!(texts(&found, ".entry mark"), ["holiday"]);
}

#[tokio::test]
async fn integrations_add_once_and_read_it_back() {
    let (house, home, _) = house().await;
    let http = house.http();
    let url = "/api/v1/accounts/a1/timeline";
    let body = json!({ "kind": "meeting", "text": "Kick-off\nAll went well.", "attendees": ["Rosa"],
                       "at": "2027-02-20T09:00:00Z", "external_id": "crm-77" });
    let post = |body: &Value| http.post(url).authorization_bearer(&home.write_key).json(body);
    let added = post(&body).await;
    assert_eq!(added.status_code(), 201, "{}", added.text());
    let again = post(&body).await;
    assert_eq!(
        (again.status_code().as_u16(), &again.json::<Value>()["id"]),
        (200, &added.json::<Value>()["id"])
    );
    for (body, field) in [
        (json!({"kind": "alert_opened", "text": "x"}), "kind"),
        (json!({"kind": "note", "text": ""}), "text"),
        (json!({"kind": "note", "text": "a\u{0}b"}), "text"),
        (json!({"kind": "note", "text": "x", "at": "2027-03-05T00:00:00Z"}), "at"),
        (json!({"kind": "note", "text": "x", "attendees": [""]}), "attendees"),
        (json!({"kind": "note", "text": "x", "external_id": ""}), "external_id"),
    ] {
        let refused = post(&body).await;
        assert_eq!(refused.status_code(), 422, "{body}");
        assert_eq!(refused.json::<Value>()["errors"][0]["field"], field);
    }
    let get = async |query: &str| -> Value {
        http.get(&format!("{url}{query}")).authorization_bearer(&home.read_key).await.json()
    };
    let touches = get("?group=touches").await;
    let entry = &touches["data"][0];
    assert_eq!((&entry["title"], &entry["body"]), (&json!("Kick-off"), &json!("All went well.")));
    assert_eq!((&entry["actor"], &entry["data"]["attendees"]), (&json!("key backend"), &json!(["Rosa"])));
    assert_eq!(get("?q=KICK").await["data"][0]["title"], "Kick-off", "without marks");
    let first = get("?limit=1").await;
    let second = get(&format!("?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
    let odd = http.get(&format!("{url}?group=odd")).authorization_bearer(&home.read_key).await;
    assert_eq!(odd.status_code(), 400);
}
