//! Whose turn it is, who holds a job, and what becomes of a worker that is stopped, killed or merely slow.

use holdfast::app::Error;
use holdfast::app::work::Work;
use holdfast::db;
use holdfast::db::jobs::held;
use holdfast::db::jobs::{Job, JobState, Priority};
use holdfast::db::queue::{self, ClaimedJob};
use holdfast::jobs::worker;
use serde_json::json;
use sqlx::{Connection, Executor};
use tokio::sync::watch;
use uuid::Uuid;

use crate::support::{Home, House};

async fn enqueue(house: &House, home: &Home, priority: Priority, kind: &str) -> Uuid {
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let now = house.clock.now();
    let id = db::jobs::enqueue_with(&mut tx, priority, kind, &json!({}), None, now).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    id
}

async fn claim(house: &House, kinds: &[&str]) -> Option<ClaimedJob> {
    let mut tx = house.app.db.platform().await.unwrap();
    let job = queue::claim_job(&mut tx, house.clock.now(), 60, kinds).await.unwrap();
    tx.commit().await.unwrap();
    job
}

async fn job(house: &House, home: &Home, id: Uuid) -> Job {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::jobs::find(&mut tx, id).await.unwrap().unwrap()
}

/// As if all workers had been silent for longer than their lease.
async fn leases_run_out(house: &House) {
    let expire = "UPDATE jobs SET locked_until = clock_timestamp() - interval '1 second' WHERE locked_until IS NOT NULL";
    house.behind().await.execute(expire).await.unwrap();
}

#[tokio::test]
async fn ten_jobs_of_one_tenant_do_not_wait_for_ten_thousand_of_another() {
    let house = House::new().await;
    let (many, few) = (house.tenant("many").await, house.tenant("few").await);
    house.work().await;
    sqlx::query(
        "INSERT INTO jobs (tenant_id, id, kind, payload, run_at, priority)
         SELECT $1, gen_random_uuid(), 'forget', '{}', $2, 10 FROM generate_series(1, 10000)",
    )
    .bind(many.scope.tenant_id())
    .bind(house.clock.now() - chrono::Duration::hours(1))
    .execute(&mut house.behind().await)
    .await
    .unwrap();
    for _ in 0..10 {
        enqueue(&house, &few, Priority::Background, "forget").await;
    }
    let mut order = Vec::new();
    for _ in 0..24 {
        order.push(claim(&house, &["forget"]).await.unwrap().scope == few.scope);
    }
    // However urgent and old the many are: turn by turn, and one tenant alone has every turn.
    assert_eq!(order[..20].iter().filter(|of_few| **of_few).count(), 10, "{order:?}");
    assert!(order[..20].chunks(2).all(|pair| pair[0] != pair[1]), "{order:?}");
    assert!(order[20..].iter().all(|of_few| !of_few), "{order:?}");
}

#[tokio::test]
async fn within_a_tenant_what_somebody_waits_for_goes_first() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    let background = enqueue(&house, &home, Priority::Background, "fold").await;
    let normal = enqueue(&house, &home, Priority::Normal, "forget").await;
    let soon = enqueue(&house, &home, Priority::Soon, "forget").await;
    assert!(claim(&house, &["replay"]).await.is_none(), "left to those who know such work");
    for expected in [soon, normal, background] {
        assert_eq!(claim(&house, &["forget", "fold"]).await.unwrap().claim.job, expected);
    }
}

#[tokio::test]
async fn who_lost_a_job_can_no_longer_end_it() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    let id = enqueue(&house, &home, Priority::Normal, "forget").await;
    let slow = claim(&house, &["forget"]).await.unwrap();
    assert!(claim(&house, &["forget"]).await.is_none(), "held");
    leases_run_out(&house).await;
    let quick = claim(&house, &["forget"]).await.unwrap();
    assert_eq!((slow.claim.job, quick.claim.job, quick.attempts), (id, id, 2));

    let now = house.clock.now();
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    assert!(!held::extend(&mut tx, slow.claim, 60).await.unwrap());
    assert!(!held::put_back(&mut tx, slow.claim).await.unwrap());
    assert!(!held::retry_at(&mut tx, slow.claim, "no", now).await.unwrap());
    assert!(!held::give_up(&mut tx, slow.claim, "no", now).await.unwrap());
    assert!(!held::finish(&mut tx, slow.claim, now).await.unwrap());
    tx.commit().await.unwrap();
    let work = Work::of_job(&house.app, &home.scope, slow.claim);
    assert!(matches!(work.progress(1, 2).await, Err(Error::Conflict(_))), "it hears at its next step");
    let found = job(&house, &home, id).await;
    assert_eq!((found.state(), found.done, found.last_error), (JobState::Running, 0, None));

    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    assert!(held::extend(&mut tx, quick.claim, 60).await.unwrap());
    assert!(held::finish(&mut tx, quick.claim, now).await.unwrap());
    assert!(!held::finish(&mut tx, quick.claim, now).await.unwrap(), "a job ends once");
    tx.commit().await.unwrap();
    assert_eq!(job(&house, &home, id).await.state(), JobState::Done);
}

/// Until a job is in a state; the test's own time limit ends it otherwise.
async fn until(house: &House, home: &Home, id: Uuid, state: JobState) {
    while job(house, home, id).await.state() != state {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_goes_down_puts_its_job_back_and_one_that_lost_it_leaves_it() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    // The job cannot go on while somebody else has its table.
    let mut behind = house.behind().await;
    let mut table = behind.begin().await.unwrap();
    table.execute("LOCK TABLE overrides").await.unwrap();
    let id = enqueue(&house, &home, Priority::Normal, "settle_overrides").await;
    let settings = worker::Settings { lease_seconds: 3, ..worker::Settings::default() };
    let start = || {
        let (stop, stopped) = watch::channel(false);
        (stop, tokio::spawn(worker::run(house.app.clone(), settings, stopped)))
    };

    let (stop, running) = start();
    until(&house, &home, id, JobState::Running).await;
    stop.send_replace(true);
    running.await.unwrap();
    let back = job(&house, &home, id).await;
    assert_eq!((back.state(), back.attempts, back.last_error), (JobState::Waiting, 0, None));

    let (stop, running) = start();
    until(&house, &home, id, JobState::Running).await;
    // Another worker takes it over. When the first comes to an end, it is not its own any more.
    sqlx::query(
        "UPDATE jobs SET claim = $2, locked_until = now() + interval '1 hour', attempts = 2 WHERE id = $1",
    )
    .bind(id)
    .bind(Uuid::new_v4())
    .execute(&mut house.behind().await)
    .await
    .unwrap();
    table.rollback().await.unwrap();
    stop.send_replace(true);
    running.await.unwrap();
    let theirs = job(&house, &home, id).await;
    assert_eq!((theirs.state(), theirs.attempts), (JobState::Running, 2));
}

#[tokio::test]
async fn one_tenant_that_cannot_be_scored_does_not_hold_up_the_others() {
    let house = House::new().await;
    let (sick, well) = (house.tenant("sick").await, house.tenant("well").await);
    house.accounts(&sick, &["s1"]).await;
    house.accounts(&well, &["w1"]).await;
    sqlx::query("UPDATE methodologies SET source = 'nonsense' WHERE tenant_id = $1")
        .bind(sick.scope.tenant_id())
        .execute(&mut house.behind().await)
        .await
        .unwrap();
    // What was compiled stays in memory; a process that begins now has to read it.
    let fresh = holdfast::app::App::new(house.app.db.clone(), house.clock.clone());
    assert!(worker::run_until_empty(&fresh).await.is_err(), "it is told");
    let mut tx = house.app.db.read(&well.scope).await.unwrap();
    assert!(db::accounts::find(&mut tx, "w1").await.unwrap().unwrap().score.is_some());
    assert_eq!(db::accounts::dirty_backlog(&mut tx).await.unwrap().0, 0);
}
