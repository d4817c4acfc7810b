//! What fails: tried again, then kept until somebody decides.

use chrono::{DateTime, Utc};
use holdfast::app::keys::KeyScope;
use holdfast::app::members::Role;
use holdfast::db;
use holdfast::db::jobs::{Job, JobState};
use holdfast::db::queue;
use holdfast::jobs::dispatch::Kind;
use serde_json::{Value, json};
use sqlx::Executor;
use uuid::Uuid;

use crate::support::{Home, House};

async fn enqueue(house: &House, home: &Home, kind: &str, payload: &Value) -> Uuid {
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let id = db::jobs::enqueue(&mut tx, kind, payload, None, house.clock.now()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    id
}

async fn job(house: &House, home: &Home, id: Uuid) -> Job {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::jobs::find(&mut tx, id).await.unwrap().unwrap()
}

/// Lets a job fail until it is given up; when each try was due.
async fn wear_out(house: &House, home: &Home, id: Uuid) -> Vec<DateTime<Utc>> {
    let mut due = Vec::new();
    for attempt in 1.. {
        house.work().await;
        let found = job(house, home, id).await;
        due.push(house.clock.now());
        if found.state() != JobState::Waiting {
            break;
        }
        assert_eq!(found.attempts, attempt, "it was tried");
        house.clock.set(house.clock.now().max(found.run_at));
    }
    due
}

#[tokio::test]
async fn a_job_that_fails_is_tried_again_ever_later_and_then_kept_with_its_error() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    let mut behind = house.behind().await;
    behind.execute("ALTER TABLE overrides RENAME TO overrides_away").await.unwrap();
    let id = enqueue(&house, &home, "settle_overrides", &json!({"about": "this"})).await;
    let due = wear_out(&house, &home, id).await;
    assert_eq!(due.len(), Kind::SettleOverrides.tries() as usize);
    let waits: Vec<i64> = due.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).collect();
    assert!((2..=5).contains(&waits[0]) && waits.last().unwrap() > &1_800, "{waits:?}");
    let dead = job(&house, &home, id).await;
    assert_eq!((dead.state(), dead.attempts), (JobState::Failed, 12));
    assert!(dead.last_error.unwrap().contains("overrides"), "with its error");
    assert_eq!(dead.payload, json!({"about": "this"}));

    // It stays, however long ago it failed, and is never tried again by itself.
    house.clock.set(house.clock.now() + chrono::Duration::days(400));
    enqueue(&house, &home, "forget", &json!({})).await;
    house.work().await;
    assert_eq!(job(&house, &home, id).await.attempts, 12);

    behind.execute("ALTER TABLE overrides_away RENAME TO overrides").await.unwrap();
    let actor = holdfast::app::Actor::command_line();
    house.app.retry_job(&home.scope, id, &actor).await.unwrap();
    house.work().await;
    let done = job(&house, &home, id).await;
    assert_eq!((done.state(), done.attempts, done.last_error), (JobState::Done, 1, None));
    assert!(house.app.retry_job(&home.scope, id, &actor).await.is_err(), "it has not failed");
}

#[tokio::test]
async fn what_time_does_not_mend_is_not_tried_again() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    // A draft that was saved since is no longer what the preview was asked for, now or in three hours.
    let actor = holdfast::app::Actor::command_line();
    let from = holdfast::app::methodology::DraftFrom::Version(1);
    let draft = house.app.create_draft(&home.scope, from, "Mine", &actor).await.unwrap().stored.id;
    let id = house.app.start_preview(&home.scope, draft, 1, &actor).await.unwrap().stored.job_id.unwrap();
    house.behind().await.execute("UPDATE methodology_previews SET over_version = 99").await.unwrap();
    assert_eq!(wear_out(&house, &home, id).await.len(), 1);
    let failed = job(&house, &home, id).await;
    assert_eq!((failed.state(), failed.attempts), (JobState::Failed, 1));
    // One that does not say what it is about is our own fault, and tried as such.
    let id = enqueue(&house, &home, "backtest", &json!({})).await;
    assert_eq!(wear_out(&house, &home, id).await.len(), 3);
}

#[tokio::test]
async fn a_tenant_that_is_only_just_being_made_has_nothing_to_score_and_nothing_fails() {
    let house = House::new().await;
    let mut tx = house.app.db.platform().await.unwrap();
    let now = house.clock.now();
    let scope = db::platform::create_tenant(&mut tx, "new", "New", "UTC", "USD", now).await.unwrap();
    tx.commit().await.unwrap();
    holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    house.work().await;
    let mut tx = house.app.db.read(&scope).await.unwrap();
    assert_eq!(db::jobs::list::failed(&mut tx).await.unwrap(), 0);
    assert_eq!(db::jobs::list::counts(&mut tx, now).await.unwrap(), []);
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up_too() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    let id = enqueue(&house, &home, "replay", &json!({})).await;
    for _ in 0..Kind::Replay.tries() {
        let mut tx = house.app.db.platform().await.unwrap();
        let taken = queue::claim_job(&mut tx, house.clock.now(), 60, &["replay"]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(taken.unwrap().claim.job, id);
        let gone = "UPDATE jobs SET locked_until = clock_timestamp() - interval '1 second'";
        house.behind().await.execute(gone).await.unwrap();
    }
    house.work().await;
    let dead = job(&house, &home, id).await;
    assert_eq!(dead.state(), JobState::Failed);
    assert!(dead.last_error.unwrap().contains("went away"));
}

#[tokio::test]
async fn an_admin_sees_what_failed_and_decides_and_others_only_see_that_it_did() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "ada@acme.example", Role::Admin).await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    house.work().await;
    let (ada, casey) = (house.sign_in("ada@acme.example").await, house.sign_in("casey@acme.example").await);
    let first = enqueue(&house, &home, "backtest", &json!({ "secret": 1 })).await;
    let second = enqueue(&house, &home, "backtest", &json!({ "secret": 2 })).await;
    house.work().await;
    for _ in 0..10 {
        house.clock.set(house.clock.now() + chrono::Duration::minutes(1));
        house.work().await;
    }

    let page = ada.get("/settings/jobs?show=failed").await.text();
    assert_eq!(page.matches("does not say its backtest").count(), 2);
    assert!(page.contains("2 \u{d7} Backtest") && page.contains("&#34;secret&#34;: 2"), "{page}");
    assert!(ada.get("/settings").await.status_code() == 303);
    let page = casey.get("/settings/jobs?show=failed").await.text();
    assert!(
        page.contains("an admin sees why") && !page.contains("secret") && !page.contains("/retry"),
        "{page}"
    );
    for form in ["retry", "discard", "restore"] {
        assert_eq!(casey.post(&format!("/settings/jobs/{first}/{form}"), &[]).await.status_code(), 403);
    }

    let decide = async |what: &str| {
        ada.post(&format!("/settings/jobs/{first}/{what}"), &[]).await.status_code().as_u16()
    };
    assert_eq!((decide("discard").await, decide("discard").await), (303, 409));
    assert!(!ada.get("/settings/jobs?show=failed").await.text().contains(&first.to_string()));
    assert!(ada.get("/settings/jobs?show=over").await.text().contains("Discarded"));
    assert_eq!((decide("restore").await, decide("restore").await), (303, 409));
    assert_eq!(ada.post("/settings/jobs/retry", &[("kind", "backtest")]).await.status_code(), 303);
    for id in [first, second] {
        let found = job(&house, &home, id).await;
        assert_eq!((found.state(), found.attempts), (JobState::Waiting, 0));
    }
    let now = ada.part("/settings/jobs").await.text();
    assert!(now.contains("hx-trigger=\"every 2s\"") && now.contains("2 due"), "{now}");
    assert_eq!(ada.post("/settings/jobs/retry", &[("kind", "backtest")]).await.status_code(), 404);
    let log = ada.get("/settings/audit?what=job").await.text();
    assert!(log.contains("Had tried again") && log.contains("all 2 that had failed"), "{log}");
}

#[tokio::test]
async fn the_same_by_the_api_with_a_manage_key() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    let actor = holdfast::app::Actor::command_line();
    let manage = house.app.create_key(&home.scope, "ops", KeyScope::Manage, &actor).await.unwrap();
    let http = house.http();
    let get = async |path: &str, key: &str| http.get(path).authorization_bearer(key).await;
    let post = async |path: &str, body: Value| {
        let answer = http.post(path).authorization_bearer(&manage).json(&body).await;
        (answer.status_code().as_u16(), answer.json::<Value>())
    };
    let id = enqueue(&house, &home, "backtest", &json!({})).await;
    assert_eq!(get("/api/v1/jobs", &home.read_key).await.status_code(), 403);
    let waiting: Value = get("/api/v1/jobs?state=waiting&kind=backtest", &manage).await.json();
    assert_eq!((&waiting["data"][0]["id"], &waiting["data"][0]["state"]), (&json!(id), &json!("waiting")));
    assert_eq!(post(&format!("/api/v1/jobs/{id}/retry"), json!({})).await.0, 409, "it has not failed");
    wear_out(&house, &home, id).await;
    let failed: Value = get("/api/v1/jobs", &manage).await.json();
    assert_eq!(failed["data"].as_array().unwrap().len(), 1);
    assert!(failed["data"][0]["error"].as_str().unwrap().contains("does not say its backtest"));
    let (status, discarded) = post(&format!("/api/v1/jobs/{id}/discard"), json!({})).await;
    assert_eq!((status, &discarded["state"]), (200, &json!("discarded")));
    assert_eq!(post("/api/v1/jobs/retry", json!({"kind": "backtest"})).await, (202, json!({"retried": 0})));
    let (status, retried) = post(&format!("/api/v1/jobs/{id}/retry"), json!({})).await;
    assert_eq!((status, &retried["state"], &retried["attempts"]), (200, &json!("waiting"), &json!(0)));
    wear_out(&house, &home, id).await;
    assert_eq!(post("/api/v1/jobs/retry", json!({"kind": "backtest"})).await, (202, json!({"retried": 1})));
    assert_eq!(get(&format!("/api/v1/jobs/{}", Uuid::nil()), &manage).await.status_code(), 404);
    assert_eq!(get("/api/v1/jobs?state=odd", &manage).await.status_code(), 400);
}
