//! The worker: scores what changed within seconds, does jobs as they fall due, enqueues what recurs.

use chrono::Duration;
use tokio::sync::watch;
use tokio::time::{self, MissedTickBehavior};

use super::dispatch::{self, Kind};
use super::schedule;

use crate::app::{App, Result};
use crate::db;
use crate::db::platform::{self, ClaimedJob};

/// How long a process may be silent before another takes its job over.
const LEASE_SECONDS: i64 = 60;
/// After how many tries a job waits a day instead of minutes.
const PATIENCE: i32 = 10;
/// Accounts scored in one transaction when they changed.
const DIRTY_CHUNK: i64 = 200;
/// How often the list of changed accounts is gone through before jobs have their turn.
const PASSES: usize = 50;

/// Job runners of a process; whether each takes long work too. The first keeps short work from waiting behind it.
const RUNNERS: [bool; 3] = [false, true, true];

/// Runs until told to stop: scores what changed, does jobs, and enqueues what recurs, beside each other.
pub async fn run(app: App, event_retention_days: Option<u32>, stop: watch::Receiver<bool>) {
    let runners = RUNNERS.map(|long| {
        let (app, stop) = (app.clone(), stop.clone());
        tokio::spawn(async move {
            let doing = || async { report(do_due(&app, long, &stop).await, "doing jobs") };
            every_second(stop.clone(), doing).await;
        })
    });
    let scoring = every_second(stop.clone(), || async {
        report(score_changed(&app, &stop).await, "scoring changed accounts");
    });
    let ticks = std::sync::atomic::AtomicU64::new(0);
    let recurring = every_second(stop.clone(), || async {
        let tick = ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if tick.is_multiple_of(30) {
            report(schedule::enqueue_due(&app).await, "enqueueing recurring work");
        }
        if tick.is_multiple_of(3_600) {
            report(app.keep_event_months(event_retention_days).await, "keeping the months of raw events");
        }
    });
    tokio::join!(scoring, recurring);
    for runner in runners {
        if let Err(error) = runner.await {
            tracing::error!(%error, "a job runner ended early");
        }
    }
}

async fn every_second<F: Future<Output = ()>>(mut stop: watch::Receiver<bool>, mut each: impl FnMut() -> F) {
    let mut tick = time::interval(std::time::Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.changed() => return,
        }
        if *stop.borrow() {
            return;
        }
        each().await;
    }
}

/// Does everything that is due, until nothing is: for tests and for the demo.
///
/// # Errors
/// When the database fails.
pub async fn run_until_empty(app: &App) -> Result<()> {
    let (_keep, stop) = watch::channel(false);
    loop {
        let scored = score_changed(app, &stop).await?;
        let done = do_due(app, true, &stop).await?;
        if scored + done == 0 {
            return Ok(());
        }
    }
}

fn report<T>(result: Result<T>, doing: &str) {
    if let Err(error) = result {
        tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "{doing}");
    }
}

/// A chunk for each tenant in turn, so that one with many accounts does not hold up the others.
async fn score_changed(app: &App, stop: &watch::Receiver<bool>) -> Result<usize> {
    let mut total = 0;
    // Accounts that never stop changing must not keep jobs from their turn.
    for _ in 0..PASSES {
        let mut tx = app.db.platform().await?;
        let tenants = platform::tenants_with_dirty_accounts(&mut tx).await?;
        tx.commit().await?;
        let mut scored = 0;
        for scope in &tenants {
            if *stop.borrow() {
                return Ok(total);
            }
            scored += app.score_dirty(scope, DIRTY_CHUNK).await?;
        }
        total += scored;
        if scored == 0 {
            break;
        }
    }
    // Once all that changed was looked at, so that a rule that is true of too many is seen as one.
    let mut tx = app.db.platform().await?;
    let tenants = platform::tenants_with_proposed_alerts(&mut tx).await?;
    tx.commit().await?;
    for scope in &tenants {
        total += app.settle_alerts(scope, false).await?;
    }
    Ok(total)
}

async fn do_due(app: &App, long: bool, stop: &watch::Receiver<bool>) -> Result<usize> {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_long() && !long);
    let except: Vec<&str> = kinds.map(Kind::word).collect();
    let mut done = 0;
    while !*stop.borrow() {
        let now = app.clock.now();
        let mut tx = app.db.platform().await?;
        let job = platform::claim_job(&mut tx, now, now + Duration::seconds(LEASE_SECONDS), &except).await?;
        tx.commit().await?;
        let Some(job) = job else { break };
        do_one(app, &job, stop.clone()).await?;
        done += 1;
    }
    Ok(done)
}

/// Does a job while a heartbeat keeps its lease. When we are told to stop it is put back: every kind stores its
/// steps as it goes and may be done twice.
async fn do_one(app: &App, job: &ClaimedJob, mut stop: watch::Receiver<bool>) -> Result<()> {
    let heartbeat = async {
        let mut beat = time::interval(std::time::Duration::from_secs(LEASE_SECONDS as u64 / 3));
        beat.tick().await;
        loop {
            beat.tick().await;
            report(extend(app, job).await, "keeping a job's lease");
        }
    };
    let result = tokio::select! {
        result = dispatch::run(app, job) => Some(result),
        () = heartbeat => unreachable!("a heartbeat does not end"),
        Ok(()) = stop.changed() => None,
    };
    let now = app.clock.now();
    let mut tx = app.db.write(&job.scope).await?;
    match result {
        None => db::jobs::put_back(&mut tx, job.id).await?,
        Some(Ok(())) => db::jobs::finish(&mut tx, job.id, now).await?,
        Some(Err(error)) => {
            let stopped = db::jobs::find(&mut tx, job.id).await?.is_none_or(|job| job.is_over());
            let error = format!("{:#}", anyhow::Error::from(error));
            let long = Kind::parse(&job.kind).is_some_and(Kind::is_long);
            if !stopped {
                tracing::error!(kind = job.kind, attempts = job.attempts, error, "a job failed");
            }
            if stopped || long {
                db::jobs::give_up(&mut tx, job.id, &error, now).await?;
            } else {
                let wait =
                    if job.attempts >= PATIENCE { 86_400 } else { 5_i64 << job.attempts.clamp(0, PATIENCE) };
                db::jobs::retry(&mut tx, job.id, &error, now + Duration::seconds(wait)).await?;
            }
        }
    }
    Ok(tx.commit().await?)
}

async fn extend(app: &App, job: &ClaimedJob) -> Result<()> {
    let mut tx = app.db.write(&job.scope).await?;
    db::jobs::extend(&mut tx, job.id, app.clock.now() + Duration::seconds(LEASE_SECONDS)).await?;
    Ok(tx.commit().await?)
}
