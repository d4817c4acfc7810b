//! The worker: scores what changed within seconds, does jobs as they fall due, enqueues what recurs.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{self, MissedTickBehavior};

use super::dispatch::{self, Kind};
use super::{retry, schedule};
use crate::app::{App, Error, Result};
use crate::db::jobs::held;
use crate::db::queue::{self, ClaimedJob};
use crate::db::{self};

/// Accounts scored in one transaction when they changed.
const DIRTY_CHUNK: i64 = 200;
/// How often the list of changed accounts is gone through before jobs have their turn.
const PASSES: usize = 50;

/// Job runners of a process; whether each takes long work too. The first keeps short work from waiting behind it.
const RUNNERS: [bool; 3] = [false, true, true];

/// How a worker works.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Days raw events are kept; none keeps them for ever.
    pub event_retention_days: Option<u32>,
    /// Seconds of silence after which a job's worker counts as gone. It speaks up three times as often.
    pub lease_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { event_retention_days: None, lease_seconds: 45 }
    }
}

/// Runs until told to stop: scores what changed, does jobs, and enqueues what recurs, beside each other.
pub async fn run(app: App, settings: Settings, stop: watch::Receiver<bool>) {
    let runners = RUNNERS.map(|long| {
        let runner = Runner { app: app.clone(), long, lease: settings.lease_seconds, stop: stop.clone() };
        tokio::spawn(async move {
            every_second(runner.stop.clone(), "doing jobs", || runner.do_due()).await;
        })
    });
    let scoring = every_second(stop.clone(), "scoring changed accounts", || score_changed(&app, &stop));
    let telling = every_second(stop.clone(), "telling of news", || tell_news(&app, &stop));
    let sending = every_second(stop.clone(), "sending messages and webhooks", || send_due(&app, &stop));
    let ticks = AtomicU64::new(0);
    let recurring = every_second(stop.clone(), "enqueueing recurring work", || async {
        let tick = ticks.fetch_add(1, Ordering::Relaxed);
        if tick.is_multiple_of(30) {
            report(make_digests(&app).await, "making digests");
        }
        if tick.is_multiple_of(3_600) {
            report(
                app.keep_event_months(settings.event_retention_days).await,
                "keeping the months of raw events",
            );
        }
        if tick.is_multiple_of(10) { schedule::enqueue_due(&app).await } else { Ok(()) }
    });
    tokio::join!(scoring, telling, sending, recurring);
    for runner in runners {
        if let Err(error) = runner.await {
            tracing::error!(%error, "a job runner ended early");
        }
    }
}

/// Does something each second until told to stop. What fails or panics is told and done again.
async fn every_second<T, F: Future<Output = Result<T>>>(
    mut stop: watch::Receiver<bool>,
    doing: &str,
    mut each: impl FnMut() -> F,
) {
    let mut tick = time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.changed() => return,
        }
        if *stop.borrow() {
            return;
        }
        match AssertUnwindSafe(each()).catch_unwind().await {
            Ok(result) => report(result, doing),
            Err(_) => tracing::error!("{doing} panicked"),
        }
    }
}

fn report<T>(result: Result<T>, doing: &str) {
    if let Err(error) = result {
        tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "{doing}");
    }
}

/// Does everything that is due, until nothing is: for tests and for the demo. A job that fails waits for its next try
/// and is not due then.
///
/// # Errors
/// When the database fails.
pub async fn run_until_empty(app: &App) -> Result<()> {
    let (_keep, stop) = watch::channel(false);
    let lease = Settings::default().lease_seconds;
    let runner = Runner { app: app.clone(), long: true, lease, stop };
    loop {
        let scored = score_changed(app, &runner.stop).await?;
        let done = runner.do_due().await?;
        let told = tell_news(app, &runner.stop).await? + send_due(app, &runner.stop).await?;
        if scored + done + told == 0 {
            return Ok(());
        }
    }
}

/// A chunk for each tenant in turn, so that one with many accounts does not hold up the others; nor does one whose
/// accounts cannot be scored. The first failure is handed on when all have had their turns.
async fn score_changed(app: &App, stop: &watch::Receiver<bool>) -> Result<usize> {
    let (mut total, mut failed) = (0, None);
    // Accounts that never stop changing must not keep jobs from their turn.
    for _ in 0..PASSES {
        let mut tx = app.db.platform().await?;
        let tenants = queue::tenants_with_dirty_accounts(&mut tx).await?;
        tx.commit().await?;
        let mut scored = 0;
        for scope in &tenants {
            if *stop.borrow() {
                return Ok(total);
            }
            match app.score_dirty(scope, DIRTY_CHUNK).await {
                Ok(some) => scored += some,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        total += scored;
        if scored == 0 {
            break;
        }
    }
    // Once all that changed was looked at, so that a rule that is true of too many is seen as one.
    let mut tx = app.db.platform().await?;
    let tenants = queue::tenants_with_proposed_alerts(&mut tx).await?;
    tx.commit().await?;
    for scope in &tenants {
        match app.settle_alerts(scope, false).await {
            Ok(some) => total += some,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(total), Err)
}

/// A chunk of news for each tenant in turn.
async fn tell_news(app: &App, stop: &watch::Receiver<bool>) -> Result<usize> {
    let mut total = 0;
    for _ in 0..PASSES {
        let mut tx = app.db.platform().await?;
        let tenants = db::platform::tenants_with_news(&mut tx).await?;
        tx.commit().await?;
        let mut told = 0;
        for scope in &tenants {
            if *stop.borrow() {
                return Ok(total);
            }
            told += app.tell_news(scope).await?;
        }
        total += told;
        if told == 0 {
            break;
        }
    }
    Ok(total)
}

/// Messages and webhooks, until none is due.
async fn send_due(app: &App, stop: &watch::Receiver<bool>) -> Result<usize> {
    let mut total = 0;
    for _ in 0..PASSES {
        let sent = app.send_due().await?;
        total += sent;
        if sent == 0 || *stop.borrow() {
            break;
        }
    }
    Ok(total)
}

async fn make_digests(app: &App) -> Result<()> {
    let mut tx = app.db.platform().await?;
    let tenants = db::platform::all_tenants(&mut tx).await?;
    tx.commit().await?;
    for scope in &tenants {
        app.make_digests(scope).await?;
    }
    Ok(())
}

/// How a try ended.
enum Outcome {
    /// It was done.
    Done,
    /// It was not.
    Failed(Error),
    /// This process is going down.
    Stopped,
    /// Another worker has the job by now, or may have.
    Lost,
}

/// Does one job after the other.
struct Runner {
    app: App,
    /// Whether it takes long work too.
    long: bool,
    /// In seconds.
    lease: u32,
    stop: watch::Receiver<bool>,
}

impl Runner {
    /// Does what is due, until nothing is; returns how many jobs it took.
    async fn do_due(&self) -> Result<usize> {
        // What this version does not know waits for one that does: processes are replaced one by one.
        let kinds = Kind::ALL.into_iter().filter(|kind| self.long || !kind.is_long());
        let kinds: Vec<&str> = kinds.map(Kind::word).collect();
        let mut taken = 0;
        while !*self.stop.borrow() {
            let mut tx = self.app.db.platform().await?;
            let job = queue::claim_job(&mut tx, self.app.clock.now(), self.lease, &kinds).await?;
            tx.commit().await?;
            let Some(job) = job else { break };
            self.do_one(job).await?;
            taken += 1;
        }
        Ok(taken)
    }

    async fn do_one(&self, job: ClaimedJob) -> Result<()> {
        let tries = Kind::parse(&job.kind).map_or(1, Kind::tries);
        let began = Instant::now();
        let outcome = if job.attempts > tries {
            // Whoever tried it before did not live to say so.
            let error = "its worker went away each time it was tried, and no more tries are left";
            let before =
                job.last_error.as_ref().map_or(String::new(), |last| format!("; before that: {last}"));
            Outcome::Failed(Error::Conflict(format!("{error}{before}")))
        } else if job.cancelled {
            Outcome::Failed(Error::Conflict("The work was stopped.".into()))
        } else {
            self.attempt(&job).await
        };
        let word = match &outcome {
            Outcome::Done => "done",
            Outcome::Failed(_) => "failed",
            Outcome::Stopped => "put_back",
            Outcome::Lost => "lost",
        };
        metrics::counter!("holdfast_jobs_total", "kind" => job.kind.clone(), "outcome" => word).increment(1);
        metrics::histogram!("holdfast_job_seconds", "kind" => job.kind.clone())
            .record(began.elapsed().as_secs_f64());
        self.settle(&job, tries, outcome).await
    }

    /// Does a job in a task of its own, so that a panic stays in it and a heartbeat goes on beside it. When we are told
    /// to stop it is broken off: every kind stores its steps as it goes and may be done twice.
    async fn attempt(&self, job: &ClaimedJob) -> Outcome {
        let mut stop = self.stop.clone();
        let mut task = JoinSet::new();
        let (app, claimed) = (self.app.clone(), job.clone());
        task.spawn(async move { dispatch::run(&app, &claimed).await });
        let outcome = tokio::select! {
            ended = task.join_next() => match ended {
                Some(Ok(Ok(()))) => return Outcome::Done,
                Some(Ok(Err(error))) => return Outcome::Failed(error),
                Some(Err(error)) => return Outcome::Failed(Error::Internal(panicked(error))),
                None => return Outcome::Done,
            },
            () = self.heartbeat(job) => Outcome::Lost,
            Ok(()) = stop.changed() => Outcome::Stopped,
        };
        // What it held is free again before anything is said about the job.
        task.shutdown().await;
        outcome
    }

    /// Keeps the lease of a job; ends when it is lost, or could not be kept for as long as it lasts.
    async fn heartbeat(&self, job: &ClaimedJob) {
        let lease = Duration::from_secs(self.lease.into());
        let mut kept = Instant::now();
        let mut beat = time::interval(lease / 3);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.tick().await;
        loop {
            beat.tick().await;
            match self.extend(job).await {
                Ok(true) => kept = Instant::now(),
                Ok(false) => return,
                Err(error) => {
                    report::<()>(Err(error), "keeping a job's lease");
                    if kept.elapsed() >= lease {
                        return;
                    }
                }
            }
        }
    }

    async fn extend(&self, job: &ClaimedJob) -> Result<bool> {
        let mut tx = self.app.db.write(&job.scope).await?;
        let kept = held::extend(&mut tx, job.claim, self.lease).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Writes down how a try ended, unless the job is another's by now.
    async fn settle(&self, job: &ClaimedJob, tries: i32, outcome: Outcome) -> Result<()> {
        let now = self.app.clock.now();
        let (kind, attempts) = (&job.kind, job.attempts);
        let mut tx = self.app.db.write(&job.scope).await?;
        let held = match outcome {
            Outcome::Lost => false,
            Outcome::Stopped => held::put_back(&mut tx, job.claim).await?,
            Outcome::Done => held::finish(&mut tx, job.claim, now).await?,
            Outcome::Failed(error) => {
                let again = attempts < tries && retry::may_help(&error);
                let error = retry::why(&error);
                let stopped = db::jobs::find(&mut tx, job.claim.job).await?;
                if stopped.is_some_and(|job| job.state() == db::jobs::JobState::Cancelled) {
                    held::give_up(&mut tx, job.claim, &error, now).await?
                } else if again {
                    let wait = retry::wait(job.claim.job, attempts);
                    tracing::warn!(
                        kind,
                        attempts,
                        error,
                        seconds = wait.num_seconds(),
                        "a job failed, to be tried again"
                    );
                    held::retry_at(&mut tx, job.claim, &error, now + wait).await?
                } else {
                    tracing::error!(kind, attempts, error, "a job failed for good");
                    held::give_up(&mut tx, job.claim, &error, now).await?
                }
            }
        };
        tx.commit().await?;
        if !held {
            tracing::warn!(kind, attempts, "a job was taken over by another worker");
        }
        Ok(())
    }
}

/// What a task that did not come to its end said.
fn panicked(error: tokio::task::JoinError) -> anyhow::Error {
    let Ok(payload) = error.try_into_panic() else { return anyhow::anyhow!("it was broken off") };
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    anyhow::anyhow!("it panicked: {}", text.unwrap_or("without a word"))
}
