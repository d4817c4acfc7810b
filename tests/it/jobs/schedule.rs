//! Recurring work: each slot once, whoever looks and whenever.

use chrono::Duration;
use holdfast::app::App;
use holdfast::db::Db;
use holdfast::jobs::schedule::{self, RECURRING};
use sqlx::ConnectOptions;

use crate::support::{House, at, server_url, with_database};

/// The slots of the nightly scoring that were enqueued, in order.
async fn slots(house: &House) -> Vec<String> {
    sqlx::query_scalar("SELECT dedupe FROM jobs WHERE kind = 'score_all' AND dedupe IS NOT NULL ORDER BY id")
        .fetch_all(&mut house.behind().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_replicas_enqueue_each_slot_once() {
    let house = House::new().await;
    house.tenant("acme").await;
    let url = with_database(&server_url(), &house.database).to_url_lossy();
    for day in 0..5 {
        house.clock.set(at("2027-03-01T12:00:00Z") + Duration::days(day));
        let mut replicas = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (url, clock) = (url.clone(), house.clock.clone());
            replicas.spawn(async move {
                let replica = App::new(Db::connect(url.as_str(), 2).await.unwrap(), clock);
                schedule::enqueue_due(&replica).await.unwrap();
            });
        }
        replicas.join_all().await;
    }
    let (jobs, distinct): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT dedupe) FROM jobs WHERE dedupe IS NOT NULL")
            .fetch_one(&mut house.behind().await)
            .await
            .unwrap();
    assert_eq!((jobs, distinct), (5 * RECURRING.len() as i64, jobs));
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_once_and_what_is_forgotten_stays_done() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    schedule::enqueue_due(&house.app).await.unwrap();
    assert_eq!(slots(&house).await, ["score_all:2027-03-01"], "nothing before the day it was made");
    house.work().await;
    // Down for nine days, and up again before today's slot is due.
    house.set("2027-03-11T00:04:00Z");
    schedule::enqueue_due(&house.app).await.unwrap();
    assert_eq!(slots(&house).await, ["score_all:2027-03-01", "score_all:2027-03-10"]);
    house.set("2027-03-11T00:05:00Z");
    schedule::enqueue_due(&house.app).await.unwrap();
    assert_eq!(slots(&house).await.last().unwrap(), "score_all:2027-03-11");
    // A job that is gone is not a slot that was missed.
    house.work().await;
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    holdfast::db::jobs::forget_finished(&mut tx, at("2028-01-01T00:00:00Z")).await.unwrap();
    tx.commit().await.unwrap();
    schedule::enqueue_due(&house.app).await.unwrap();
    assert_eq!(slots(&house).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_tenant_that_moves_has_no_day_twice_and_leaves_none_out() {
    let house = House::at("2027-03-01T00:00:00Z").await;
    house.tenant("acme").await;
    // Around the world and back, with a look every hour.
    let zones = [
        "UTC",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Europe/Berlin",
        "Australia/Lord_Howe",
    ];
    for hour in 0..24 * 40 {
        house.clock.set(at("2027-03-01T00:00:00Z") + Duration::hours(hour));
        if hour % 31 == 0 {
            sqlx::query("UPDATE tenants SET time_zone = $1")
                .bind(zones[usize::try_from(hour / 31).unwrap() % zones.len()])
                .execute(&mut house.behind().await)
                .await
                .unwrap();
        }
        schedule::enqueue_due(&house.app).await.unwrap();
    }
    let days: Vec<String> = slots(&house).await;
    let first: chrono::NaiveDate = days[0].trim_start_matches("score_all:").parse().unwrap();
    let expected: Vec<String> =
        (0..days.len() as i64).map(|n| format!("score_all:{}", first + Duration::days(n))).collect();
    assert_eq!(days, expected);
    assert!(days.len() >= 39);
}
