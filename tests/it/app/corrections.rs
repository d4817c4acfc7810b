//! Late data: what was said of a day stays, and what is known of it since stands beside it.

use chrono::NaiveDate;
use holdfast::app::members::Role;
use holdfast::app::methodology::Publishing;
use holdfast::app::work::Work;
use holdfast::db;
use holdfast::domain::pack::Overrides;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::support::{Home, House};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn sample(id: &str, account: &str, value: f64, time: &str) -> Value {
    json!({"type": "group", "userId": "u1", "groupId": account, "messageId": id, "timestamp": time,
           "traits": {"advanced_feature_pct": value}})
}

/// Two accounts that were well until 2027-03-10; then it becomes known that one was not since the 5th.
async fn house() -> (House, Home) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    let first = ["a1", "a2"].map(|a| sample(&format!("{a}-1"), a, 60.0, "2027-03-01T11:00:00Z"));
    house.send(&home, &first).await;
    house.work().await;
    for n in 2..=10 {
        house.set(&format!("2027-03-{n:02}T12:00:00Z"));
        house.app.score_all(&home.scope, day(&format!("2027-03-{n:02}")), &Work::unwatched()).await.unwrap();
    }
    let late = [
        sample("a1-2", "a1", 6.0, "2027-03-05T11:00:00Z"),
        // What comes a little late about yesterday changes neither score nor band.
        sample("a2-2", "a2", 61.0, "2027-03-09T23:59:58Z"),
    ];
    house.send(&home, &late).await;
    house.work().await;
    (house, home)
}

/// The night after a day, as far as it matters here.
async fn night(house: &House, home: &Home, morning: &str) -> usize {
    house.set(&format!("{morning}T00:50:00Z"));
    house.app.score_all(&home.scope, day(morning), &Work::unwatched()).await.unwrap();
    house.app.fold(&home.scope, &Work::unwatched()).await.unwrap();
    house.app.correct_scores(&home.scope, &Work::unwatched()).await.unwrap()
}

/// Day, said, known since, known on.
async fn corrections(house: &House, home: &Home, account: &str) -> Vec<(NaiveDate, f64, f64, NaiveDate)> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, account).await.unwrap().unwrap();
    let all = db::corrections::of_account(&mut tx, id, day("2027-01-01"), day("2027-12-31")).await.unwrap();
    all.into_iter().map(|c| (c.day, c.said_score.unwrap(), c.score.unwrap(), c.known_on)).collect()
}

#[tokio::test]
async fn a_corrected_past_score_keeps_both_values() {
    let (house, home) = house().await;
    let kept = night(&house, &home, "2027-03-11").await;
    assert_eq!(corrections(&house, &home, "a2").await, [], "another reading alone is none");
    assert_eq!(kept, 5);
    let expected: Vec<_> =
        (5..=9).map(|n| (day(&format!("2027-03-{n:02}")), 100.0, 46.0, day("2027-03-10"))).collect();
    assert_eq!(
        corrections(&house, &home, "a1").await,
        expected,
        "(.3 * 10 + .2 * 100) / .5, from the 5th to the 9th"
    );
    assert_eq!(corrections(&house, &home, "a2").await, [], "another reading alone is none");
    assert_eq!(house.app.correct_scores(&home.scope, &Work::unwatched()).await.unwrap(), 0, "it is done");

    // More becomes known: each day keeps the last word on it, and what was said.
    house.set("2027-03-11T12:00:00Z");
    house.send(&home, &[sample("a1-3", "a1", 30.0, "2027-03-08T11:00:00Z")]).await;
    house.work().await;
    assert_eq!(night(&house, &home, "2027-03-12").await, 3);
    house.app.fold_scores(&home.scope, &Work::unwatched()).await.unwrap();
    let now: Vec<_> = corrections(&house, &home, "a1").await.into_iter().map(|c| (c.0, c.1, c.2)).collect();
    let known = [("05", 100.0, 46.0), ("06", 100.0, 46.0), ("07", 100.0, 46.0), ("08", 100.0, 70.0)];
    let known = known.iter().chain(&[("09", 100.0, 70.0), ("10", 46.0, 70.0)]);
    let known: Vec<_> = known.map(|(n, said, known)| (day(&format!("2027-03-{n}")), *said, *known)).collect();
    assert_eq!(now, known);
}

#[tokio::test]
async fn page_and_api_say_both() {
    let (house, home) = house().await;
    night(&house, &home, "2027-03-11").await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    let path = "/api/v1/accounts/a1?as_of=2027-03-07";
    let answer =
        house.http().get(path).add_header("authorization", format!("Bearer {}", home.read_key)).await;
    let health = answer.json::<Value>()["health"].clone();
    assert_eq!(health["score"], 100.0);
    assert_eq!(health["corrected"], json!({"score": 46.0, "band": "red", "known_on": "2027-03-10"}));
    assert_eq!(health["models"][0]["score"], 100.0);

    let browser = house.sign_in("casey@acme.example").await;
    let texts = |html: &str, selector: &str| -> Vec<String> {
        let found = Html::parse_document(html);
        let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let selector = Selector::parse(selector).unwrap();
        found.select(&selector).map(|e| words(e.text().collect())).collect()
    };
    let then = browser.get("/accounts/a1/health?as_of=2027-03-07").await.text();
    let both = "46 (Red) as we know now, 100 (Green) as was said then";
    assert!(
        texts(&then, ".notice").iter().any(|notice| notice.contains(both)),
        "{:?}",
        texts(&then, ".notice")
    );
    let now = browser.get("/accounts/a1/health").await.text();
    let rows = texts(&now, ".corrected li");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].contains("5 Mar") && rows[0].contains("9 Mar") && rows[0].contains(both), "{rows:?}");
    assert!(texts(&browser.get("/accounts/a2/health").await.text(), ".corrected").is_empty());
}

#[tokio::test]
async fn another_version_sees_a_past_day_by_what_was_known_then() {
    let (house, home) = house().await;
    let other = Overrides { preset: None, set: vec![("ADVANCED_FEATURES_FULL".into(), "120".into())] };
    let source = holdfast::app::methodology::pack_source("techcorp").unwrap();
    let actor = holdfast::app::Actor::command_line();
    let how = Publishing::default();
    house.app.publish_file(&home.scope, &source, &other, &how, &actor).await.unwrap();
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
    drop(tx);
    for (version, expected) in [(1, 100.0), (2, 70.0)] {
        let methodology = house.app.methodology_version(&home.scope, version).await.unwrap().unwrap();
        let seen = house.app.assess_by(&home.scope, &methodology, &[id], day("2027-03-07")).await.unwrap();
        assert_eq!(
            seen[&id].evaluation.health.health,
            Some(expected),
            "60 of 60, then of 120; nothing of the 6 yet"
        );
    }
}
