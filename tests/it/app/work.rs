//! Long work tells how far it is, and stops when told to.

use holdfast::app::work::Work;
use holdfast::app::{Actor, Error};
use holdfast::db;
use holdfast::db::jobs::JobState;
use holdfast::db::jobs::held::Claim;
use holdfast::db::queue;
use serde_json::json;

use crate::support::House;

#[tokio::test]
async fn a_job_tells_how_far_it_is_and_hears_that_it_is_to_stop() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    let now = house.clock.now();
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let id = db::jobs::enqueue(&mut tx, "forget", &json!({}), Some("once"), now).await.unwrap().unwrap();
    assert_eq!(db::jobs::enqueue(&mut tx, "forget", &json!({}), Some("once"), now).await.unwrap(), None);
    tx.commit().await.unwrap();
    let job = async || {
        let mut tx = house.app.db.read(&home.scope).await.unwrap();
        db::jobs::find(&mut tx, id).await.unwrap().unwrap()
    };
    assert_eq!(job().await.state(), JobState::Waiting);
    let mut tx = house.app.db.platform().await.unwrap();
    let other = queue::claim_job(&mut tx, now, 60, &["fold"]).await.unwrap();
    assert!(other.is_none(), "left to runners that take such work");
    let claim = queue::claim_job(&mut tx, now, 60, &["forget"]).await.unwrap().unwrap().claim;
    assert_eq!(claim.job, id);
    tx.commit().await.unwrap();
    assert_eq!(job().await.state(), JobState::Running);
    let work = Work::of_job(&house.app, &home.scope, claim);
    work.progress(3, 10).await.unwrap();
    assert_eq!((job().await.done, job().await.total), (3, 10));
    house.app.cancel_job(&home.scope, id, &Actor::command_line()).await.unwrap();
    assert!(matches!(work.progress(10, 10).await, Err(Error::Conflict(_))));
    assert_eq!(job().await.state(), JobState::Cancelled);
    let again = house.app.cancel_job(&home.scope, id, &Actor::command_line()).await;
    assert!(matches!(again, Err(Error::NotFound)));
}

#[tokio::test]
async fn scoring_everybody_counts_them() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2", "a3"]).await;
    house.work().await;
    let now = house.clock.now();
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let id = db::jobs::enqueue(&mut tx, "score_all", &json!({}), None, now).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let job = async || {
        let mut tx = house.app.db.read(&home.scope).await.unwrap();
        db::jobs::find(&mut tx, id).await.unwrap().unwrap()
    };
    assert_eq!((job().await.done, job().await.total), (0, 0));
    house.work().await;
    assert_eq!((job().await.state(), job().await.done, job().await.total), (JobState::Done, 3, 3));

    // Step by step for whoever listens, and stopped for good when somebody stops it.
    let heard = std::sync::Mutex::new(Vec::new());
    let hear = |done, total| heard.lock().unwrap().push((done, total));
    let today = house.clock.today(home.scope.time_zone());
    assert_eq!(house.app.score_all(&home.scope, today, &Work::heard(&hear)).await.unwrap(), 3);
    assert_eq!(*heard.lock().unwrap(), [(0, 3), (3, 3)]);
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let id = db::jobs::enqueue(&mut tx, "score_all", &json!({}), None, now).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    house.app.cancel_job(&home.scope, id, &Actor::command_line()).await.unwrap();
    let claim = Claim { job: id, token: uuid::Uuid::now_v7() };
    sqlx::query("UPDATE jobs SET claim = $2 WHERE id = $1")
        .bind(claim.job)
        .bind(claim.token)
        .execute(&mut house.behind().await)
        .await
        .unwrap();
    let work = Work::of_job(&house.app, &home.scope, claim);
    let stopped = house.app.score_all(&home.scope, today, &work).await;
    assert!(matches!(stopped, Err(Error::Conflict(_))));
}
