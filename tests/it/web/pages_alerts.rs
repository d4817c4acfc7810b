//! Alerts as people meet them: opened by imported data, worked on in pages and over the API, opened anew.

use axum_test::TestResponse;
use holdfast::app::Actor;
use holdfast::app::keys::KeyScope;
use holdfast::app::members::Role;
use holdfast::app::overrides::{Set, Wanted};
use holdfast::app::work::Work;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::support::html::{attributes, texts};
use crate::support::{Browser, Home, House};

/// A company on a pack with a CSM, Casey, who has the accounts, and a manager, Morgan.
async fn house(pack: &str, now: &str, ids: &[&str]) -> (House, Home) {
    let house = House::at(now).await;
    let home = house.tenant_on("acme", pack).await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    house.member(&home, "morgan@acme.example", Role::Manager).await;
    house.accounts(&home, ids).await;
    let rows: String = ids.iter().map(|id| format!("{id},Account {id},casey@acme.example\n")).collect();
    house.import(&home, "accounts", &format!("external_id,name,owner_email\n{rows}")).await;
    house.work().await;
    (house, home)
}

/// Daily figures of one metric.
async fn figures(house: &House, home: &Home, rows: &[(&str, &str, &str, u32)]) {
    // What has not come yet cannot be imported.
    if let Some(last) = rows.iter().map(|row| row.2).max()
        && last > house.clock.now().date_naive().to_string().as_str()
    {
        house.set(&format!("{last}T06:00:00Z"));
    }
    let rows: String = rows.iter().map(|(a, metric, day, n)| format!("{a},{metric},{day},{n}\n")).collect();
    house.import(home, "metrics", &format!("account,metric,date,value\n{rows}")).await;
}

/// Ten log-ins a day in the 30 days to the end of January, seven a day since: 300, then 210 by the first of March.
async fn logins_fell(house: &House, home: &Home, id: &str) {
    let mut rows = String::from("account,metric,date,value\n");
    let first: chrono::NaiveDate = "2027-01-01".parse().unwrap();
    for n in 0..60 {
        let day = first + chrono::Days::new(n);
        rows += &format!("{id},login,{day},{}\n", if n < 30 { 10 } else { 7 });
    }
    house.import(home, "metrics", &rows).await;
    house.work().await;
}

async fn day(house: &House, home: &Home, date: &str) {
    house.set(&format!("{date}T12:00:00Z"));
    house.app.score_all(&home.scope, date.parse().unwrap(), &Work::unwatched()).await.unwrap();
    house.work().await;
}

/// The ids of the alerts of a title on a page.
fn ids(html: &str, title: &str) -> Vec<String> {
    let found = Html::parse_document(html);
    let items = Selector::parse(".alerts > li .name").unwrap();
    let of = found.select(&items).filter(|e| e.text().collect::<String>() == title);
    of.filter_map(|e| e.attr("href")).map(|href| href.trim_start_matches("/alerts/").to_owned()).collect()
}

async fn listed(browser: &Browser, query: &str, title: &str) -> Vec<String> {
    let page = browser.get(&format!("/alerts{query}")).await;
    assert_eq!(page.status_code(), 200, "{query}");
    ids(&page.text(), title)
}

async fn act(browser: &Browser, id: &str, verb: &str, form: &[(&str, &str)]) -> TestResponse {
    let done = browser.post(&format!("/alerts/{id}/{verb}"), form).await;
    assert_eq!(done.status_code(), 303, "{verb}: {}", done.text());
    done
}

/// What the toast says, and where its Undo is sent.
fn toast(answer: &TestResponse) -> (String, Option<String>) {
    use base64::Engine;
    let cookie = answer.headers().get_all("set-cookie").iter().filter_map(|c| c.to_str().ok());
    let flash = cookie.filter_map(|c| c.strip_prefix("holdfast_flash=")?.split(';').next()).next().unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(flash).unwrap();
    let done: Value = serde_json::from_slice(&json).unwrap();
    (done["text"].as_str().unwrap().to_owned(), done["undo"][0].as_str().map(str::to_owned))
}

const OUTREACH: &str = "Immediate outreach";

// PB-10, AU-07, AU-12
#[tokio::test]
async fn a_rule_true_on_many_days_is_one_alert_and_a_closed_one_opens_anew() {
    let (house, home) = house("mwrasp", "2027-03-01T12:00:00Z", &["a1"]).await;
    logins_fell(&house, &home, "a1").await;
    let casey = house.sign_in("casey@acme.example").await;
    let first = listed(&casey, "", OUTREACH).await;
    assert_eq!(first.len(), 1);
    let page = casey.get(&format!("/alerts/{}", first[0])).await.text();
    assert!(texts(&page, ".lead-text")[0].contains("fell 30 %: 300 → 210"), "{page}");
    let cells = texts(&page, "table tbody td");
    assert_eq!(cells, ["300", "210", "fell 30 %", "at least 30"]);
    assert!(
        texts(&page, ".dl dd").iter().any(|text| text == "casey, as Customer Success Manager"),
        "{:?}",
        texts(&page, ".dl dd")
    );
    assert!(texts(&page, ".alert-head .chip")[0].contains("High"));
    let started = texts(&page, "section:has(h2) .lines a");
    assert!(started.iter().any(|name| name.to_lowercase().contains("usage")), "its playbook: {started:?}");
    for path in ["/", "/accounts/a1"] {
        let html = casey.get(path).await.text();
        assert_eq!(ids(&html, OUTREACH), first, "{path}");
        assert!(html.contains("fell 30 %: 300 → 210"), "{path}");
    }

    figures(&house, &home, &[("a1", "login", "2027-03-02", 4)]).await;
    day(&house, &home, "2027-03-02").await;
    let casey = house.sign_in("casey@acme.example").await;
    assert_eq!(listed(&casey, "", OUTREACH).await, first, "still true: still the same");
    let done = act(&casey, &first[0], "close", &[("note", "Talked to them")]).await;
    assert_eq!(toast(&done).1.as_deref(), Some(&*format!("/alerts/{}/reopen", first[0])));
    day(&house, &home, "2027-03-02").await;
    assert!(listed(&casey, "", OUTREACH).await.is_empty(), "not again on the day it was closed");

    figures(&house, &home, &[("a1", "login", "2027-03-03", 4)]).await;
    day(&house, &home, "2027-03-03").await;
    let second = listed(&casey, "", OUTREACH).await;
    assert_eq!(second.len(), 1);
    assert_ne!(second, first, "still true on the next day: a new one");
    assert_eq!(listed(&casey, "?which=any", OUTREACH).await.len(), 2);
    let closed = casey.get("/alerts?which=closed").await.text();
    assert!(texts(&closed, ".alerts .owner")[0].contains("Done by casey: Talked to them"));
    let history = texts(&casey.get(&format!("/alerts/{}", first[0])).await.text(), ".entry .label");
    assert_eq!(history, ["Alert closed", "Alert"]);

    // They log in again: it closes by itself.
    let many: Vec<_> = ["2027-03-04", "2027-03-05"].map(|date| ("a1", "login", date, 200)).into();
    figures(&house, &home, &many).await;
    day(&house, &home, "2027-03-05").await;
    assert!(listed(&casey, "", OUTREACH).await.is_empty());
    let page = casey.get(&format!("/alerts/{}", second[0])).await.text();
    assert!(texts(&page, ".notice")[0].contains("Cleared by itself"), "{:?}", texts(&page, ".notice"));
}

#[tokio::test]
async fn whatever_is_done_with_an_alert_can_be_undone() {
    let (house, home) = house("mwrasp", "2027-03-01T12:00:00Z", &["a1"]).await;
    logins_fell(&house, &home, "a1").await;
    let casey = house.sign_in("casey@acme.example").await;
    let id = &listed(&casey, "", OUTREACH).await[0];
    let next = [("next", "/alerts?who=me")];

    let done = act(&casey, id, "close", &next).await;
    assert_eq!(done.header("location"), "/alerts?who=me");
    assert!(listed(&casey, "?who=me", OUTREACH).await.is_empty());
    act(&casey, id, "reopen", &[]).await;
    assert_eq!(listed(&casey, "?who=me", OUTREACH).await.len(), 1);

    let (said, _) = toast(&act(&casey, id, "snooze", &[("until", "2027-03-01")]).await);
    assert!(said.contains("from tomorrow on"), "{said}");
    assert_eq!(toast(&act(&casey, id, "snooze", &[]).await).1, None);
    let snoozed = act(&casey, id, "snooze", &[("until", ""), ("day", "2027-03-08")]).await;
    assert!(toast(&snoozed).0.contains("8 Mar 2027"));
    assert!(listed(&casey, "", OUTREACH).await.is_empty());
    assert_eq!(listed(&casey, "?which=snoozed", OUTREACH).await.len(), 1);
    act(&casey, id, "reopen", &[]).await;
    assert_eq!(listed(&casey, "", OUTREACH).await.len(), 1);

    let (said, undo) = toast(&act(&casey, id, "dismiss", &[("reason", " ")]).await);
    assert!(said.contains("reason") && undo.is_none(), "{said}");
    act(&casey, id, "dismiss", &[("reason", "Their <summer> break")]).await;
    assert!(listed(&casey, "", OUTREACH).await.is_empty());
    let page = casey.get(&format!("/alerts/{id}")).await.text();
    assert!(texts(&page, ".notice")[0].contains("Dismissed: Their <summer> break"), "escaped once");
    act(&casey, id, "reopen", &[]).await;
    assert_eq!(listed(&casey, "", OUTREACH).await.len(), 1);

    // To Morgan, and back to whoever plays the role.
    let panel = casey.part(&format!("/alerts/{id}/panel?do=assign&next=/")).await.text();
    let morgan = attributes(&panel, "option", "value").into_iter().zip(texts(&panel, "option"));
    let morgan = morgan.into_iter().find(|(_, name)| name == "morgan").unwrap().0;
    let (said, _) = toast(&act(&casey, id, "assign", &[("member", &morgan)]).await);
    assert!(said.contains("is with morgan now"), "{said}");
    assert!(listed(&casey, "?who=me", OUTREACH).await.is_empty());
    assert_eq!(listed(&house.sign_in("morgan@acme.example").await, "?who=me", OUTREACH).await.len(), 1);
    act(&casey, id, "assign", &[("member", "")]).await;
    assert_eq!(listed(&casey, "?who=me", OUTREACH).await.len(), 1);

    // A playbook because of it; undo stops it again.
    let panel = casey.part(&format!("/alerts/{id}/panel?do=play&next=/")).await.text();
    let books = attributes(&panel, "option", "value");
    assert!(books.len() > 3, "{books:?}");
    let page = casey.get(&format!("/alerts/{id}")).await.text();
    let running = texts(&page, ".lines a.strong").len();
    let gone = act(&casey, id, "play", &[("playbook", "usage-recovery")]).await;
    assert!(toast(&gone).0.contains("runs for this account since"), "it was started by the rule");
    let started = act(&casey, id, "play", &[("playbook", "relationship-recovery")]).await;
    assert_eq!(toast(&started).1.as_deref(), Some(&*format!("/alerts/{id}/play")));
    let page = casey.get(&format!("/alerts/{id}")).await.text();
    assert_eq!(texts(&page, ".lines a.strong").len(), running + 1);

    let play = attributes(&page, ".lines a.strong", "href").into_iter().next().unwrap();
    let play = play.trim_start_matches("/plays/");
    let (said, _) = toast(&act(&casey, id, "play", &[("play", play)]).await);
    assert!(said.starts_with("Stopped"), "{said}");
    let other = uuid::Uuid::now_v7().to_string();
    assert_eq!(casey.post(&format!("/alerts/{id}/play"), &[("play", &other)]).await.status_code(), 404);

    // Many at once.
    let simple = id.replace('-', "");
    let done = casey.post("/alerts/close", &[("id", &simple), ("next", "/alerts")]).await;
    assert_eq!((done.status_code().as_u16(), toast(&done).1.as_deref()), (303, Some("/alerts/reopen")));
    assert!(listed(&casey, "", OUTREACH).await.is_empty());
    let stale = casey.part(&format!("/alerts/{id}/panel?do=dismiss&next=/")).await;
    assert_eq!(stale.status_code(), 200);
    assert!(stale.text().contains("It is not open any more. Done by casey"), "{}", stale.text());
    casey.post("/alerts/reopen", &[("id", &simple)]).await;
    assert_eq!(listed(&casey, "", OUTREACH).await.len(), 1);

    // An executive sees it and is offered nothing.
    house.member(&home, "elin@acme.example", Role::Executive).await;
    let elin = house.sign_in("elin@acme.example").await;
    for path in ["/alerts", "/", &format!("/alerts/{id}")] {
        let html = elin.get(path).await.text();
        assert!(html.contains(OUTREACH) && !html.contains("/close\""), "{path}");
    }
    for verb in ["close", "reopen", "snooze", "dismiss", "assign", "play"] {
        assert_eq!(elin.post(&format!("/alerts/{id}/{verb}"), &[]).await.status_code(), 403, "{verb}");
    }
    assert_eq!(elin.part(&format!("/alerts/{id}/panel?do=snooze")).await.status_code(), 403);
}

#[tokio::test]
async fn a_snoozed_alert_comes_back_on_its_day() {
    let (house, home) = house("mwrasp", "2027-03-01T12:00:00Z", &["a1"]).await;
    logins_fell(&house, &home, "a1").await;
    let casey = house.sign_in("casey@acme.example").await;
    let id = listed(&casey, "", OUTREACH).await.remove(0);
    act(&casey, &id, "snooze", &[("until", "2027-03-03")]).await;
    for (date, shown) in [("2027-03-02", 0), ("2027-03-03", 1)] {
        figures(&house, &home, &[("a1", "login", date, 4)]).await;
        day(&house, &home, date).await;
        assert_eq!(listed(&casey, "", OUTREACH).await.len(), shown, "{date}");
    }
}

// AU-08
#[tokio::test]
async fn a_quarterly_rule_waits_for_its_quarter() {
    let (house, home) = house("mwrasp", "2027-03-29T12:00:00Z", &["a1"]).await;
    figures(&house, &home, &[("a1", "agent_utilization_pct", "2027-03-29", 85)]).await;
    house.work().await;
    let morgan = house.sign_in("morgan@acme.example").await;
    let rule = "?which=any&rule=agent-capacity";
    for (date, open) in [("2027-03-30", 0), ("2027-03-31", 0), ("2027-04-01", 1), ("2027-04-02", 1)] {
        day(&house, &home, date).await;
        let page = morgan.get(&format!("/alerts{rule}")).await.text();
        assert_eq!(texts(&page, ".alerts > li").len(), open, "{date}");
    }
}

// AU-09
#[tokio::test]
async fn executives_are_told_at_once_or_after_a_week() {
    let (house, home) = house("mapleai", "2027-03-01T12:00:00Z", &["a1", "a2"]).await;
    let set = |band: &str| Wanted {
        set: Set::Band(band.to_owned()),
        reason: "As we know them".to_owned(),
        expires_on: None,
        seen: None,
    };
    let actor = Actor("Casey".to_owned());
    house.app.set_override(&home.scope, "a1", &set("at_risk"), &actor, None).await.unwrap();
    house.app.set_override(&home.scope, "a2", &set("critical"), &actor, None).await.unwrap();
    day(&house, &home, "2027-03-01").await;
    let morgan = house.sign_in("morgan@acme.example").await;
    let told = async |account: &str| {
        let page = morgan.get(&format!("/accounts/{account}/timeline?group=alerts")).await.text();
        texts(&page, ".entry .label").iter().filter(|label| *label == "Alert escalated").count()
    };
    // Without usage both were critical before anybody said otherwise.
    assert_eq!((told("a1").await, told("a2").await), (1, 1), "critical: at once");
    for (date, after) in [("2027-03-07", 1), ("2027-03-08", 2), ("2027-03-09", 2)] {
        day(&house, &home, date).await;
        assert_eq!((told("a1").await, told("a2").await), (after, 1), "{date}");
    }
    let page = morgan.get("/alerts?rule=at-risk").await.text();
    let id = attributes(&page, ".alerts .name", "href").remove(0);
    let page = morgan.get(&id).await.text();
    assert!(
        texts(&page, ".lines .strong").iter().any(|role| role.eq_ignore_ascii_case("executive")),
        "{page}"
    );
}

// RK-21
#[tokio::test]
async fn indicators_to_watch_tell_and_ask_for_nothing() {
    let (house, home) = house("mapleai", "2027-03-01T12:00:00Z", &["a1"]).await;
    let events = ["training_missed", "ticket_escalated", "stakeholder_change", "negative_feedback"];
    let rows = events.map(|metric| ("a1", metric, "2027-02-28", 1));
    figures(&house, &home, &rows).await;
    house.work().await;
    let casey = house.sign_in("casey@acme.example").await;
    let page = casey.get("/accounts/a1/timeline?group=alerts").await.text();
    let mut notices: Vec<String> =
        texts(&page, ".entry .line").into_iter().filter(|line| line.starts_with("Notice")).collect();
    notices.sort();
    let watched = [
        "Notice Contract renewal approaching",
        "Notice Key stakeholder changes",
        "Notice Missed training sessions",
        "Notice Negative feedback",
        "Notice Support ticket escalation",
    ];
    assert_eq!(notices, watched);
    // Without usage its score is critical; that alone asks for somebody.
    let alerts = texts(&casey.get("/alerts?which=any").await.text(), ".alerts > li .name");
    assert_eq!(alerts, ["Critical customer", "Health below 70"]);
}

// RK-22
#[tokio::test]
async fn the_gravest_comes_first_whatever_is_at_stake() {
    let (house, home) = house("mwrasp", "2027-03-01T12:00:00Z", &["a1", "a2"]).await;
    let big =
        "external_id,account,start_date,term_months,arr,currency,seats\nbig,a1,2026-06-01,12,900000,USD,10\n";
    house.import(&home, "contracts", big).await;
    figures(
        &house,
        &home,
        &[("a1", "critical_ticket", "2027-02-27", 4), ("a2", "competitive_evaluation", "2027-02-27", 1)],
    )
    .await;
    house.work().await;
    let casey = house.sign_in("casey@acme.example").await;
    let page = casey.get("/alerts?category=risk").await.text();
    let order: Vec<String> = texts(&page, ".alerts .what .chip");
    assert_eq!(order, ["Critical", "High"]);
    assert_eq!(texts(&page, ".alerts .of"), ["Account a2", "Account a1"]);
    let high = casey.get("/alerts?severity=high").await.text();
    assert_eq!(texts(&high, ".alerts .what .chip"), ["High"]);
    assert!(texts(&high, ".list-foot b").iter().any(|text| text.contains("$900K") || text.contains("$950K")));
}

#[tokio::test]
async fn a_rule_true_of_too_many_waits_for_a_manager() {
    let all = ["a1", "a2", "a3", "a4", "a5"];
    let (house, home) = house("mwrasp", "2027-03-01T12:00:00Z", &all).await;
    let morgan = house.sign_in("morgan@acme.example").await;
    let casey = house.sign_in("casey@acme.example").await;
    assert_eq!(casey.post("/settings/rules", &[("percent", "20"), ("least", "2")]).await.status_code(), 403);
    let wrong = morgan.post("/settings/rules", &[("percent", "120"), ("least", "2")]).await;
    assert_eq!(wrong.status_code(), 422);
    assert!(texts(&wrong.text(), "form .notice")[0].contains("The share is 1 to 100"));
    assert_eq!(morgan.post("/settings/rules", &[("percent", "20"), ("least", "2")]).await.status_code(), 303);
    let rules = morgan.get("/settings/rules").await.text();
    assert!(rules.contains("Of 5 accounts, a rule may open on 2 at once"), "{rules}");

    let many = |metric: &'static str, n| all[..4].iter().map(move |id| (*id, metric, "2027-02-27", n));
    let rows: Vec<_> = many("competitive_evaluation", 1).chain(many("critical_ticket", 4)).collect();
    figures(&house, &home, &rows).await;
    day(&house, &home, "2027-03-01").await;
    assert!(texts(&casey.get("/alerts?category=risk").await.text(), ".alerts > li").is_empty());
    assert!(texts(&casey.get("/").await.text(), ".storm").is_empty(), "a CSM is not asked");
    for path in ["/", "/alerts", "/settings/rules"] {
        let page = morgan.get(path).await.text();
        let storms = texts(&page, ".storm b");
        assert_eq!(storms.len(), 2, "{path}: {storms:?}");
        assert!(storms.iter().all(|text| text.contains("would open on 4 of 5 accounts")), "{storms:?}");
        assert_eq!(texts(&page, ".storm .names")[0].matches("Account a").count(), 4);
    }
    let http = house.http();
    let storms: Value = http.get("/api/v1/storms").authorization_bearer(&home.read_key).await.json();
    let of = |rule: &str| {
        storms["data"].as_array().unwrap().iter().find(|s| s["rule"] == rule).unwrap()["id"].clone()
    };
    let held = morgan.get("/alerts?which=held&rule=support-escalations").await.text();
    assert_eq!(texts(&held, ".alerts > li").len(), 4);
    let competitive = of("competitive-evaluation");
    let competitive = competitive.as_str().unwrap();
    assert_eq!(casey.post(&format!("/alerts/storms/{competitive}/release"), &[]).await.status_code(), 403);
    let released = morgan.post(&format!("/alerts/storms/{competitive}/release"), &[("next", "/")]).await;
    assert_eq!((released.status_code().as_u16(), released.header("location").to_str().unwrap()), (303, "/"));
    assert_eq!(texts(&casey.get("/alerts?category=risk").await.text(), ".alerts > li").len(), 4);
    let again = morgan.post(&format!("/alerts/storms/{competitive}/refuse"), &[]).await;
    assert!(toast(&again).0.contains("was decided already"));

    // The other one is refused over the API.
    let other = of("support-escalations");
    let url = format!("/api/v1/storms/{}/decide", other.as_str().unwrap());
    let body = json!({ "release": false });
    let key =
        house.app.create_key(&home.scope, "boss", KeyScope::Manage, &Actor::command_line()).await.unwrap();
    assert_eq!(http.post(&url).authorization_bearer(&home.write_key).json(&body).await.status_code(), 403);
    let refused = http.post(&url).authorization_bearer(&key).json(&body).await;
    assert_eq!(
        (refused.status_code().as_u16(), &refused.json::<Value>()["decision"]),
        (200, &json!("refused"))
    );
    assert_eq!(http.post(&url).authorization_bearer(&key).json(&body).await.status_code(), 404);
    day(&house, &home, "2027-03-02").await;
    assert_eq!(
        texts(&casey.get("/alerts?category=risk").await.text(), ".alerts > li").len(),
        4,
        "refused ones stay away"
    );
    let rules = morgan.get("/settings/rules").await.text();
    assert!(rules.contains("let pass by morgan") && rules.contains("refused by key boss"));
}

#[tokio::test]
async fn integrations_read_alerts_and_work_on_them() {
    let (house, home) = house("mwrasp", "2027-03-01T12:00:00Z", &["a1", "a2"]).await;
    logins_fell(&house, &home, "a1").await;
    let http = house.http();
    let get = async |url: &str| -> Value {
        let answer = http.get(&format!("/api/v1/alerts{url}")).authorization_bearer(&home.read_key).await;
        assert_eq!(answer.status_code(), 200, "{url}: {}", answer.text());
        answer.json()
    };
    let open = get("?account=a1&rule=usage-decline").await;
    let alert = &open["data"][0];
    assert_eq!(
        (&alert["title"], &alert["severity"], &alert["state"]),
        (&json!(OUTREACH), &json!("high"), &json!("open"))
    );
    assert_eq!(
        (&alert["evidence"][0]["before"], &alert["evidence"][0]["now"]),
        (&json!(300.0), &json!(210.0))
    );
    assert_eq!((&alert["owner"], &alert["due_on"]), (&json!("casey"), &json!("2027-03-04")));
    assert!(get("?owner=none").await["data"].as_array().unwrap().iter().all(|a| a["owner"].is_null()));
    assert!(get("?owner=casey@acme.example&severity=high").await["data"].as_array().unwrap().contains(alert));
    let id = alert["id"].as_str().unwrap().to_owned();
    let bad = http.get("/api/v1/alerts?state=odd").authorization_bearer(&home.read_key).await;
    assert_eq!(bad.status_code(), 400);

    let post = async |verb: &str, body: Value, status: u16| -> Value {
        let url = format!("/api/v1/alerts/{id}/{verb}");
        assert_eq!(http.post(&url).authorization_bearer(&home.read_key).json(&body).await.status_code(), 403);
        let answer = http.post(&url).authorization_bearer(&home.write_key).json(&body).await;
        assert_eq!(answer.status_code().as_u16(), status, "{verb}: {}", answer.text());
        answer.json()
    };
    assert_eq!(post("snooze", json!({"until": "2027-03-09"}), 200).await["state"], "snoozed");
    post("snooze", json!({"until": "2027-02-09"}), 422).await;
    assert_eq!(post("reopen", json!({}), 200).await["state"], "open");
    assert_eq!(post("dismiss", json!({"reason": "Known"}), 200).await["state"], "dismissed");
    post("dismiss", json!({"reason": ""}), 422).await;
    assert_eq!(post("reopen", json!({}), 200).await["state"], "open");
    assert_eq!(post("assign", json!({"owner": "morgan@acme.example"}), 200).await["owner"], "morgan");
    post("assign", json!({"owner": "nobody@acme.example"}), 422).await;
    assert_eq!(post("assign", json!({"owner": null}), 200).await["owner"], "casey");
    let closed = post("close", json!({"note": "Done by the bot"}), 200).await;
    assert_eq!(
        (&closed["closed"]["by"], &closed["closed"]["reason"]),
        (&json!("key backend"), &json!("done"))
    );
    post("snooze", json!({"until": "2027-03-09"}), 409).await;
    assert_eq!(post("close", json!({}), 200).await["note"], "Done by the bot", "closed stays closed");
    assert_eq!(post("reopen", json!({}), 200).await["closed"], Value::Null);
    post("reopen", json!({}), 409).await;
    let page = get("?state=any&limit=1").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
}
