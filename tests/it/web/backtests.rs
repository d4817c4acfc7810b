//! Backtests as people and integrations meet them.

use holdfast::app::members::Role;
use holdfast::app::methodology::Publishing;
use holdfast::app::{Actor, keys::KeyScope};
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::app::backtest::{tenant, year};
use crate::support::{Home, House};

async fn home(house: &House) -> Home {
    let scope = tenant(house, "acme").await;
    let actor = Actor::command_line();
    let write_key = house.app.create_key(&scope, "backend", KeyScope::Write, &actor).await.unwrap();
    let read_key = house.app.create_key(&scope, "warehouse", KeyScope::Read, &actor).await.unwrap();
    Home { scope, slug: "acme".into(), write_key, read_key }
}

fn all(html: &str, selector: &str) -> Vec<String> {
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = Html::parse_document(html);
    page.select(&Selector::parse(selector).unwrap()).map(|e| words(e.text().collect())).collect()
}

const FORM: [(&str, &str); 5] = [
    ("subject", "version:1"),
    ("from", "2026-03-01"),
    ("to", "2026-12-15"),
    ("step_days", "7"),
    ("horizon_days", "45"),
];

#[tokio::test]
async fn from_the_form_to_the_result_and_back() {
    let house = House::at("2026-01-01T12:00:00Z").await;
    let home = home(&house).await;
    house.member(&home, "mara@example.com", Role::Manager).await;
    house.member(&home, "elin@example.com", Role::Executive).await;
    year(&house, &home.scope, true).await;
    house.work().await;
    let browser = house.sign_in("mara@example.com").await;
    let text = browser.get("/studio/backtests").await.text();
    assert_eq!(all(&text, ".empty h1, .empty h2"), ["Would the score have seen it coming?"]);

    // The form begins with the year whose horizon of 90 days ends today.
    let text = browser.get("/studio/backtests/new").await.text();
    for input in [r#"name="from" value="2025-11-04""#, r#"name="to" value="2026-11-03""#, r#"value="90""#] {
        assert!(text.contains(input), "{input}");
    }
    assert_eq!(all(&text, "option[value='version:1'][selected]"), ["Leak, version 1 (in force)"]);
    let mut wrong = FORM;
    wrong[2].1 = "2027-01-01";
    let answer = browser.post("/studio/backtests", &wrong).await;
    assert_eq!(answer.status_code(), 422);
    assert!(
        all(&answer.text(), "#e-to")[0].contains("2026-12-18 or earlier"),
        "{:?}",
        all(&answer.text(), "#e-to")
    );

    let answer = browser.post("/studio/backtests", &FORM).await;
    assert_eq!(answer.status_code(), 303, "{}", answer.text());
    let here = answer.header("location").to_str().unwrap().to_owned();
    // One may leave and come back while it waits and runs.
    let text = browser.get(&here).await.text();
    assert!(text.contains(r#"hx-trigger="every 1s""#) && text.contains("You may leave this page"));
    assert_eq!(browser.get(&format!("{here}/days.csv")).await.status_code(), 404, "there is nothing yet");
    house.work().await;
    let part = browser.part(&here).await.text();
    assert!(!part.contains("<html") && !part.contains("hx-trigger"));
    let headline = &all(&part, ".headline")[0];
    assert!(
        headline.starts_with("An account that churned within 45 days scored lower than one that stayed in ")
    );
    assert!(headline.ends_with("15 of 30 accounts churned."), "{headline}");
    assert_eq!(all(&part, ".stat .name").len(), 4);
    assert_eq!(all(&part, "svg.chart-plot").len(), 4);
    assert!(!part.contains("NaN") && !part.contains("inf%"));
    // The five whose use never fell were missed, the dearest first.
    let missed = all(&part, ".name-cell .sub");
    assert_eq!(missed, ["a24", "a18", "a12", "a6", "a0"]);
    let page = Html::parse_document(&part);
    let link = page.select(&Selector::parse(".name-cell a").unwrap()).next().unwrap();
    let link = link.value().attr("href").unwrap();
    assert!(link.starts_with("/accounts/a24/health?as_of=2026-"), "{link}");
    assert_eq!(browser.get(link).await.status_code(), 200);

    let csv = browser.get(&format!("{here}/deciles.csv")).await.text();
    assert_eq!(csv.lines().count(), 21);
    let days = browser.get(&format!("{here}/days.csv")).await;
    assert_eq!(days.header("content-type"), "text/csv; charset=utf-8");
    assert!(days.text().contains("\na24,2026-03-01,"));

    // An executive sees all of it and starts nothing.
    let executive = house.sign_in("elin@example.com").await;
    let text = executive.get(&here).await.text();
    assert!(text.contains("An account that churned") && !text.contains("/delete"));
    for path in ["/studio/backtests".to_owned(), format!("{here}/stop"), format!("{here}/delete")] {
        assert_eq!(executive.post(&path, &FORM).await.status_code(), 403, "{path}");
    }
    assert_eq!(executive.get("/studio/backtests/new").await.status_code(), 403);

    // A manager opens what it suggests as a draft: those weights are changed, and nothing else.
    assert!(!executive.get(&here).await.text().contains("/draft\""));
    assert_eq!(executive.post(&format!("{here}/draft"), &[]).await.status_code(), 403);
    let note = &all(&part, &format!("form[action='{here}/draft'] p"))[0];
    assert!(note.starts_with("Version 1 with these weights and nothing else changed."), "{note}");
    let answer = browser.post(&format!("{here}/draft"), &[]).await;
    assert_eq!(answer.status_code(), 303, "{}", answer.text());
    let changes = answer.header("location").to_str().unwrap().to_owned();
    let text = browser.get(&changes).await.text();
    assert_eq!(all(&text, "h1"), ["Weights suggested by the backtest of Leak, version 1"]);
    let draft = changes.strip_suffix("/changes").unwrap();
    let file = browser.get(&format!("{draft}/file.yaml")).await.text();
    let tree = "tree: [{indicator: use, weight: 1}, {indicator: planted, weight: 0}, {indicator: reason, weight: 0}]";
    assert!(file.contains(tree), "{file}");
    let (is, was) = (file.lines(), crate::app::backtest::PACK.lines());
    assert_eq!(is.zip(was).filter(|(is, was)| is != was).count(), 1);

    // Once something else is in force it is said that they cannot, and they cannot.
    let id = draft.rsplit('/').next().unwrap().parse().unwrap();
    let how = Publishing { note: "Learnt from the past", ..Publishing::default() };
    house.app.publish(&home.scope, id, 1, &how, &Actor::command_line()).await.unwrap();
    let text = browser.get(&here).await.text();
    assert!(text.contains("is not in force any more") && !text.contains(&format!("{here}/draft")));
    let answer = browser.post(&format!("{here}/draft"), &[]).await;
    assert_eq!(answer.status_code(), 409);
    assert!(answer.text().contains("The version in force is not the one that was tested"));

    let answer = browser.post(&format!("{here}/delete"), &[]).await;
    assert_eq!(answer.status_code(), 303);
    assert_eq!(browser.get(&here).await.status_code(), 404);
    browser.post(&format!("{here}/restore"), &[]).await;
    assert_eq!(all(&browser.get("/studio/backtests").await.text(), "tbody .name"), ["Leak, version 1"]);
}

#[tokio::test]
async fn integrations_start_read_and_stop() {
    let house = House::at("2026-01-01T12:00:00Z").await;
    let home = home(&house).await;
    year(&house, &home.scope, false).await;
    house.work().await;
    let http = house.http();
    let actor = Actor::command_line();
    let manage = house.app.create_key(&home.scope, "pipeline", KeyScope::Manage, &actor).await.unwrap();
    let read = format!("Bearer {}", home.read_key);
    let manage = format!("Bearer {manage}");
    let get = async |path: &str| http.get(path).add_header("authorization", &read).await;
    let post = async |path: &str, body: Value| {
        http.post(path).add_header("authorization", &manage).json(&body).await
    };

    for (body, field) in [
        (json!({ "to": "2027-01-31" }), "to"),
        (json!({ "version": 9 }), "version"),
        (json!({ "step_days": 0 }), "step_days"),
        (json!({ "draft": "00000000-0000-0000-0000-000000000001" }), "draft"),
        (json!({ "horizon": 9 }), "horizon"),
    ] {
        let answer = post("/api/v1/backtests", body).await;
        assert_eq!(answer.status_code(), 422, "{}", answer.text());
        assert_eq!(answer.json::<Value>()["errors"][0]["field"], field);
    }
    let started = post("/api/v1/backtests", json!({ "from": "2026-03-01", "horizon_days": 45 })).await;
    assert_eq!(started.status_code(), 202, "{}", started.text());
    let row: Value = started.json();
    assert_eq!(
        (&row["state"], &row["to"], &row["version"]),
        (&json!("waiting"), &json!("2026-12-18"), &json!(1))
    );
    let here = started.header("location").to_str().unwrap().to_owned();
    house.work().await;
    let done: Value = get(&here).await.json();
    assert_eq!((&done["state"], &done["accounts_done"]), (&json!("done"), &json!(30)));
    assert_eq!(done["report"]["counts"]["lost_accounts"], 15);
    assert_eq!(done["auc"], done["report"]["figures"]["score"]["auc"]["value"]);
    assert!(get(&format!("{here}/days.csv")).await.text().starts_with("account,day,score"));

    // Only a key that manages starts, stops and deletes; one that reads looks.
    let write = format!("Bearer {}", home.write_key);
    for key in [&read, &write] {
        for path in ["/api/v1/backtests".to_owned(), format!("{here}/cancel"), format!("{here}/restore")] {
            let answer = http.post(&path).add_header("authorization", key).json(&json!({})).await;
            assert_eq!(answer.status_code(), 403, "{path}");
        }
        assert_eq!(http.delete(&here).add_header("authorization", key).await.status_code(), 403);
    }
    assert_eq!(http.get(&here).add_header("authorization", &write).await.status_code(), 403);
    assert_eq!(http.get(&here).add_header("authorization", &manage).await.status_code(), 200);
    assert_eq!(http.delete(&here).add_header("authorization", &manage).await.status_code(), 204);
    assert_eq!(http.delete(&here).add_header("authorization", &manage).await.status_code(), 404);
    assert_eq!(get(&here).await.status_code(), 404);
    assert_eq!(post(&format!("{here}/restore"), json!({})).await.json::<Value>()["state"], "done");

    // Its weights become a draft here as well.
    let suggested = post("/api/v1/methodology/drafts", json!({ "from_backtest": done["id"] })).await;
    assert_eq!(suggested.status_code(), 201, "{}", suggested.text());
    assert_eq!(suggested.json::<Value>()["title"], "Weights suggested by the backtest of Leak, version 1");

    // No more than three at a time, each can be stopped.
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let answer = post("/api/v1/backtests", json!({})).await;
        waiting.push(answer.json::<Value>()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(post("/api/v1/backtests", json!({})).await.status_code(), 409);
    for id in &waiting {
        let stopped = post(&format!("/api/v1/backtests/{id}/cancel"), json!({})).await;
        assert_eq!(stopped.json::<Value>()["state"], "cancelled");
    }
    let list: Value = get("/api/v1/backtests?limit=2").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let next = format!("/api/v1/backtests?cursor={}", list["next_cursor"].as_str().unwrap());
    let rest: Value = get(&next).await.json();
    let states: Vec<&str> =
        rest["data"].as_array().unwrap().iter().map(|r| r["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["cancelled", "done"]);
}
