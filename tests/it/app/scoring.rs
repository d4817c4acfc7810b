//! Scores: made from what was known, kept with their reasons, recomputed when something happens.

use holdfast::app::work::Work;
use holdfast::db;
use serde_json::json;

use crate::support::{Home, House, at, track};

async fn score(house: &House, home: &Home, account: &str) -> db::accounts::Account {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::accounts::find(&mut tx, account).await.unwrap().unwrap()
}

async fn stored(house: &House, home: &Home, account: &str, day: &str) -> Option<db::scores::Score> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, account).await.unwrap().unwrap();
    let day = day.parse().unwrap();
    db::scores::primary_on(&mut tx, id, day).await.unwrap().filter(|score| score.day == day)
}

#[tokio::test]
async fn an_event_moves_the_score_of_its_account_and_of_no_other() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    house.work().await;
    // Nothing was ever heard: only the count of tickets has a value, and that is too thin to look healthy.
    let before = score(&house, &home, "a1").await;
    assert_eq!((before.score, before.coverage, before.stale), (Some(100.0), Some(0.1), Some(true)));
    // Six of ten seats on the only day there is: 60 %, which is full; no views, no queries.
    let events: Vec<_> = (0..6)
        .map(|n| track(&format!("m{n}"), "Report Exported", &format!("u{n}"), "a1", "2027-03-01T11:00:00Z"))
        .collect();
    house.send(&home, &events).await;
    house.work().await;
    let after = score(&house, &home, "a1").await;
    let usage = 100.0 / 3.0;
    let expected = (0.4 * usage + 0.2 * 100.0) / 0.6;
    assert!((after.score.unwrap() - expected).abs() < 1e-4, "{:?} {expected}", after.score);
    let other = score(&house, &home, "a2").await;
    assert_eq!((other.score, other.computed_at), (Some(100.0), before.computed_at));
}

#[tokio::test]
async fn a_score_keeps_version_and_readings_and_its_reasons_follow_from_them() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    let traits = json!({"type": "group", "userId": "u1", "groupId": "a1", "messageId": "g1",
        "timestamp": "2027-03-01T10:00:00Z",
        "traits": {"advanced_feature_pct": 45, "integrations_live": 3, "business_impact": "strong"}});
    house.send(&home, &[traits]).await;
    house.work().await;
    let score = stored(&house, &home, "a1", "2027-03-01").await.unwrap();
    let in_force = house.app.methodology_version(&home.scope, score.version).await.unwrap().unwrap();
    let readings = score.readings(&in_force.methodology).unwrap();
    let explained = in_force.methodology.explain(&readings);
    let model = &explained.models[explained.primary.unwrap()];
    let gained: f64 = in_force.methodology.health.models[0]
        .nodes
        .iter()
        .zip(&model.nodes)
        .filter(|(node, _)| node.indicator.is_some())
        .map(|(_, score)| score.gained)
        .sum();
    assert!((gained - model.score.unwrap()).abs() < 1e-6, "the reasons add up to the score");
    assert_eq!(explained.health, score.score, "a past score is derived again exactly");
    // Adoption, half of support (no tickets) and half of outcomes have data: (.3*87.5 + .2*100 + .1*100) / .6.
    assert!(
        (score.score.unwrap() - (0.3 * 87.5 + 0.2 * 100.0 + 0.1 * 100.0) / 0.6).abs() < 1e-6,
        "{:?}",
        score.score
    );
    assert!((score.coverage - 0.45).abs() < 1e-6, "{}", score.coverage);
    assert!(score.stale, "less than half of the weight is too thin to be shown as healthy");
}

#[tokio::test]
async fn one_score_a_day_and_the_past_stays_as_it_was_said() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    let gauge = |id: &str, value: i64, time: &str| {
        json!({"type": "group", "userId": "u1", "groupId": "a1", "messageId": id, "timestamp": time,
               "traits": {"advanced_feature_pct": value}})
    };
    house.send(&home, &[gauge("g1", 30, "2027-03-01T10:00:00Z")]).await;
    house.work().await;
    let monday = stored(&house, &home, "a1", "2027-03-01").await.unwrap().score.unwrap();
    assert!((monday - 70.0).abs() < 1e-6, "30 of 60, and no tickets: (.3*50 + .2*100) / .5");
    house.send(&home, &[gauge("g2", 42, "2027-03-01T11:00:00Z")]).await;
    house.work().await;
    let monday = stored(&house, &home, "a1", "2027-03-01").await.unwrap().score.unwrap();
    assert!((monday - 82.0).abs() < 1e-6, "the same day is worked out again");
    house.set("2027-03-02T12:00:00Z");
    house
        .send(&home, &[gauge("g3", 6, "2027-03-01T11:30:00Z"), gauge("g4", 12, "2027-03-02T11:00:00Z")])
        .await;
    house.work().await;
    let today = stored(&house, &home, "a1", "2027-03-02").await.unwrap().score.unwrap();
    assert!((today - 52.0).abs() < 1e-6, "today knows today's sample");
    // A late sample about Monday does not rewrite Monday, not even when Monday is scored again.
    let day = "2027-03-01".parse().unwrap();
    house.app.score_all(&home.scope, day, &Work::unwatched()).await.unwrap();
    let monday = stored(&house, &home, "a1", "2027-03-01").await.unwrap().score.unwrap();
    assert!((monday - 82.0).abs() < 1e-6);
    // Asked as known at its own end it is still the same.
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
    drop(tx);
    let then = house.app.assess(&home.scope, id, day).await.unwrap().unwrap();
    assert!((then.evaluation.health.health.unwrap() - 82.0).abs() < 1e-6);
}

#[tokio::test]
async fn a_silent_account_falls_and_is_never_shown_as_healthy_on_old_data() {
    let house = House::at("2027-03-01T12:00:00Z").await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    let mut batch = Vec::new();
    for day in 15..=28 {
        for user in 0..10 {
            for n in 0..2 {
                let id = format!("m{day}-{user}-{n}");
                let event = ["Dashboard Viewed", "Query Run"][n];
                batch.push(track(&id, event, &format!("u{user}"), "a1", &format!("2027-02-{day}T11:00:00Z")));
            }
        }
    }
    batch.push(json!({"type": "group", "userId": "u1", "groupId": "a1", "messageId": "g",
        "timestamp": "2027-02-28T10:00:00Z", "traits": {"advanced_feature_pct": 70, "integrations_live": 3}}));
    house.send(&home, &batch).await;
    house.work().await;
    let busy = score(&house, &home, "a1").await;
    assert_eq!(
        (busy.band.as_deref(), busy.tone.as_deref(), busy.stale),
        (Some("green"), Some("good"), Some(false))
    );
    house.set("2027-05-15T12:00:00Z");
    let today = house.clock.now().date_naive();
    house.app.score_all(&home.scope, today, &Work::unwatched()).await.unwrap();
    let silent = score(&house, &home, "a1").await;
    assert!(silent.score.unwrap() < busy.score.unwrap() - 20.0, "{:?} {:?}", silent.score, busy.score);
    assert_eq!(silent.stale, Some(true));
}

#[tokio::test]
async fn every_tenant_is_scored_once_a_day_in_its_own_time_zone() {
    let house = House::at("2027-03-01T20:00:00Z").await;
    let pack = holdfast::app::methodology::pack_source("techcorp").unwrap();
    let actor = holdfast::app::Actor::command_line();
    let mut homes = Vec::new();
    for (slug, zone) in [("west", "America/Los_Angeles"), ("east", "Asia/Tokyo")] {
        let new = holdfast::app::tenants::NewTenant {
            name: slug,
            slug: Some(slug),
            time_zone: zone,
            currency: None,
        };
        let scope = house.app.create_tenant(&new, &pack, &actor).await.unwrap();
        homes.push(Home { scope, slug: slug.to_owned(), write_key: String::new(), read_key: String::new() });
    }
    for home in &homes {
        house.accounts(home, &["a1"]).await;
    }
    house.work().await;
    // 20:00 UTC is the morning of the 2nd in Tokyo and noon of the 1st in Los Angeles.
    assert!(stored(&house, &homes[0], "a1", "2027-03-01").await.is_some());
    assert!(stored(&house, &homes[1], "a1", "2027-03-02").await.is_some());
    house.clock.set(at("2027-03-02T20:00:00Z"));
    for _ in 0..2 {
        holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    }
    house.work().await;
    assert!(stored(&house, &homes[0], "a1", "2027-03-02").await.is_some());
    assert!(stored(&house, &homes[1], "a1", "2027-03-03").await.is_some());
    let mut behind = house.behind().await;
    let slots: Vec<(String, i64)> = sqlx::query_as(
        "SELECT dedupe, count(*) FROM jobs WHERE kind = 'score_all' AND dedupe IS NOT NULL GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(&mut behind)
    .await
    .unwrap();
    assert_eq!(slots, [("score_all:2027-03-02".to_owned(), 1), ("score_all:2027-03-03".to_owned(), 1)]);
}

#[tokio::test]
async fn events_do_not_wait_for_scoring_and_none_is_forgotten_that_comes_meanwhile() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    let mut scoring = house.app.db.write(&home.scope).await.unwrap();
    let dirty = db::accounts::claim_dirty(&mut scoring, 10).await.unwrap().unwrap();
    assert_eq!(dirty.len(), 2);
    let mut other = house.app.db.write(&home.scope).await.unwrap();
    assert_eq!(db::accounts::claim_dirty(&mut other, 10).await.unwrap(), None, "one worker a tenant");
    drop(other);
    house.set("2027-03-01T12:00:01Z");
    let event = track("m1", "Dashboard Viewed", "u1", "a1", "2027-03-01T11:00:00Z");
    let sent = tokio::time::timeout(std::time::Duration::from_secs(30), house.send(&home, &[event])).await;
    assert_eq!(sent.expect("the event waits for the open transaction")["accepted"], 1);
    db::accounts::settle_dirty(&mut scoring, &dirty).await.unwrap();
    scoring.commit().await.unwrap();
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    assert_eq!(
        db::accounts::dirty_backlog(&mut tx).await.unwrap().0,
        1,
        "a1 changed again and is still to be scored"
    );
}

#[tokio::test]
async fn a_score_made_from_older_facts_never_replaces_a_newer_one() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let ids: Vec<String> = (0..1_200).map(|n| format!("a{n}")).collect();
    house.accounts(&home, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let today = house.clock.now().date_naive();
    let all = house.app.score_all(&home.scope, today, &Work::unwatched()).await.unwrap();
    assert_eq!(all, 1_200, "several lanes, every account once");
    house.work().await;
    house.set("2027-03-01T12:00:10Z");
    let event = track("m1", "Report Exported", "u1", "a7", "2027-03-01T11:00:00Z");
    house.send(&home, &[event]).await;
    house.work().await;
    let newer = score(&house, &home, "a7").await;
    assert_eq!(newer.computed_at, Some(at("2027-03-01T12:00:10Z")));
    // As a lane would whose facts were read before the event came.
    house.set("2027-03-01T12:00:05Z");
    house.app.score_all(&home.scope, today, &Work::unwatched()).await.unwrap();
    assert_eq!(score(&house, &home, "a7").await.computed_at, newer.computed_at);
    assert_eq!(stored(&house, &home, "a7", "2027-03-01").await.unwrap().computed_at(), newer.computed_at);
    assert_eq!(score(&house, &home, "a8").await.computed_at, Some(at("2027-03-01T12:00:05Z")));
}
