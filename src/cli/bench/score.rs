//! `holdfast bench score`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chrono::{Days, NaiveTime};
use clap::Args;
use serde_json::json;
use tokio::sync::watch;

use super::fill::{self, Plan};
use super::{measure, note};
use crate::app::keys::KeyScope;
use crate::app::methodology::DraftFrom;
use crate::app::tenants::NewTenant;
use crate::app::work::Work;
use crate::app::{Actor, App, methodology};
use crate::boot;
use crate::cli::{runtime, say};
use crate::clock::Clock;
use crate::config::Storage;
use crate::db::{self, TenantScope, platform};
use crate::ingest::wire::{self, Endpoint};
use crate::ingest::{Ingest, Submission};
use crate::jobs::dispatch::Kind;
use crate::jobs::{schedule, worker};
use crate::postgres::{Lifetime, default_data_dir};

/// The pack that reads a dozen metrics over ninety days.
const PACK: &str = include_str!("pack.yaml");
/// The event sent at the end.
const EVENT: &str = "sessions";
/// Marks a data directory as a bench's, which may be deleted.
const MARKER: &str = "holdfast-bench";
/// How long an event may take to move a score before the bench gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Score {
    /// How many accounts; several numbers give a table.
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    accounts: Vec<u64>,
    /// Days of daily figures.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=1000))]
    days: i64,
    /// Score by a pack that comes with Holdfast instead of the bench's own.
    #[arg(long)]
    pack: Option<String>,
    /// Keep the data directory.
    #[arg(long)]
    keep: bool,
    /// With DATABASE_URL: put up with other tenants in that database.
    #[arg(long)]
    beside_others: bool,
}

/// What came out for one number of accounts.
struct Outcome {
    accounts: u64,
    fill: Duration,
    /// Today, today once more, tomorrow: how long, and the most memory held, in MB.
    scoring: [(Duration, Option<u64>); 3],
    /// A preview of a draft: every account by both methodologies.
    preview: Duration,
    fold: Duration,
    event: Option<Duration>,
    /// Bytes on disk of an account's day: of all its daily figures, and of its score.
    rollup_bytes: f64,
    score_bytes: f64,
}

impl Score {
    pub(super) fn run(self, storage: &Storage) -> anyhow::Result<ExitCode> {
        if storage.database_url.is_some() && self.accounts.len() > 1 {
            bail!("with DATABASE_URL one number of accounts at a time: each wants an empty database");
        }
        let mut outcomes = Vec::new();
        for accounts in self.accounts.clone() {
            let mut storage = storage.clone();
            let mut own = None;
            if storage.database_url.is_none() {
                let dir = storage.data_dir.clone().unwrap_or_else(|| default_data_dir().join("bench"));
                make(&dir)?;
                storage.data_dir = Some(dir.clone());
                own = Some(dir);
            }
            let server = boot::server(&storage, Lifetime::Command)?;
            let result = runtime()?.block_on(self.of(accounts, &server, &storage));
            server.stop()?;
            match own {
                Some(dir) if self.keep => note(format_args!("The data stays in {}.", dir.display())),
                Some(dir) => fs::remove_dir_all(&dir)?,
                None => note("The database keeps the tenant `bench`; drop the database when you are done."),
            }
            outcomes.push(result?);
        }
        print(&outcomes);
        Ok(ExitCode::SUCCESS)
    }

    async fn of(&self, accounts: u64, server: &boot::Server, storage: &Storage) -> anyhow::Result<Outcome> {
        let today = Clock::system().now().date_naive();
        let noon = today.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default()).and_utc();
        let app = boot::app(server, storage, Clock::manual(noon)).await?;
        let mut tx = app.db.platform().await?;
        if !platform::all_tenants(&mut tx).await?.is_empty() && !self.beside_others {
            bail!("this database holds tenants; give the bench one of its own, or say --beside-others");
        }
        drop(tx);
        let scope = self.tenant(&app).await?;
        let in_force = app.methodology(&scope).await?.context("the bench's tenant has no methodology")?;
        let mut tx = app.db.read(&scope).await?;
        let metrics = fill::shapes(&db::metrics::list(&mut tx).await?, &in_force.methodology);
        drop(tx);
        note(format_args!("{accounts} accounts, {} days of {} metrics:", self.days, metrics.len()));
        let began = Instant::now();
        fill::fill(&app, &scope, &Plan { accounts, days: self.days, today, metrics }).await?;
        let fill = began.elapsed();
        note(format_args!("  filled in {:.1} s", fill.as_secs_f64()));
        let account_days = accounts as f64 * self.days as f64;
        let rollup_bytes = bytes(&app, &["metric_days", "metric_months"]).await? / account_days;
        let empty = bytes(&app, &["scores"]).await?;
        let first = scored(&app, &scope, "today").await?;
        let score_bytes = (bytes(&app, &["scores"]).await? - empty) / accounts as f64;
        let again = scored(&app, &scope, "today, once more").await?;
        // Within a day the server looks at its tables by itself.
        app.db.analyze().await?;
        app.clock.set(noon + Days::new(1));
        let next = scored(&app, &scope, "tomorrow").await?;
        let preview = previewed(&app, &scope).await?;
        let began = Instant::now();
        let folded = app.fold(&scope, &Work::unwatched()).await?;
        let fold = began.elapsed();
        note(format_args!("  {folded} daily figures folded in {:.1} s", fold.as_secs_f64()));
        let event = match self.pack {
            None => Some(moved(&app, &scope).await?),
            Some(_) => None,
        };
        app.db.close().await;
        let scoring = [first, again, next];
        Ok(Outcome { accounts, fill, scoring, preview, fold, event, rollup_bytes, score_bytes })
    }

    async fn tenant(&self, app: &App) -> anyhow::Result<TenantScope> {
        let pack = match &self.pack {
            None => PACK.to_owned(),
            Some(id) => methodology::pack_source(id).with_context(|| format!("there is no pack {id:?}"))?,
        };
        let new = NewTenant { name: "Bench", slug: Some("bench"), time_zone: "UTC", currency: None };
        Ok(app.create_tenant(&new, &pack, &Actor::command_line()).await?)
    }
}

/// Scores everybody; how long it took, and the most memory held meanwhile.
async fn scored(app: &App, scope: &TenantScope, what: &str) -> anyhow::Result<(Duration, Option<u64>)> {
    measure::forget_peak();
    let day = app.clock.today(scope.time_zone());
    let began = Instant::now();
    let progress = |done: usize, _: usize| {
        if done > 0 && done.is_multiple_of(100_000) {
            note(format_args!("  {done} accounts scored"));
        }
    };
    let scored = app.score_all(scope, day, &Work::heard(&progress)).await?;
    let (took, peak) = (began.elapsed(), measure::peak_mb());
    let rate = scored as f64 / took.as_secs_f64();
    note(format_args!("  {what}: scored in {:.1} s, {rate:.0} accounts/s", took.as_secs_f64()));
    Ok((took, peak))
}

/// Previews a draft, as before publishing it.
async fn previewed(app: &App, scope: &TenantScope) -> anyhow::Result<Duration> {
    let actor = Actor::command_line();
    let draft = app.create_draft(scope, DraftFrom::Version(1), "bench", &actor).await?.stored;
    let preview = app.start_preview(scope, draft.id, draft.revision, &actor).await?;
    let began = Instant::now();
    app.make_preview(scope, preview.stored.id, &Work::unwatched()).await?;
    let took = began.elapsed();
    note(format_args!("  previewed in {:.1} s", took.as_secs_f64()));
    Ok(took)
}

/// Sends one event while the worker runs, and waits until its account's score was worked out anew.
async fn moved(app: &App, scope: &TenantScope) -> anyhow::Result<Duration> {
    // What runs at night is not what is measured here.
    schedule::enqueue_due(app).await?;
    let mut tx = app.db.write(scope).await?;
    for kind in Kind::ALL {
        db::jobs::finish_kind(&mut tx, kind.word(), app.clock.now()).await?;
    }
    tx.commit().await?;
    let account = "bulk-0000007";
    let computed_at = async || -> anyhow::Result<_> {
        let mut tx = app.db.read(scope).await?;
        let account = db::accounts::find(&mut tx, account).await?.context("the account is gone")?;
        anyhow::Ok(account.computed_at)
    };
    let actor = Actor::command_line();
    app.create_key(scope, "bench", KeyScope::Write, &actor).await?;
    let mut tx = app.db.read(scope).await?;
    let key_id = db::api_keys::list(&mut tx).await?.first().context("the key is gone")?.id;
    drop(tx);
    let before = computed_at().await?;
    app.clock.set(app.clock.now() + chrono::Duration::minutes(1));
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(worker::run(app.clone(), worker::Settings::default(), stopped));
    let ingest = Ingest::new(app.db.clone(), app.clock.clone());
    let now = app.clock.now();
    let event = json!({ "type": "track", "event": EVENT, "userId": "u1", "messageId": "bench-1",
                        "timestamp": now.to_rfc3339(), "context": { "groupId": account } });
    let body = serde_json::to_vec(&json!({ "batch": [event] }))?;
    let submission = Submission::read(&wire::parse(&body, Endpoint::Batch)?, key_id, now);
    let began = Instant::now();
    ingest.submit(scope, submission).await?;
    while computed_at().await? == before {
        if began.elapsed() > PATIENCE {
            bail!("the event did not move its account's score within {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed();
    stop.send_replace(true);
    working.await?;
    note(format_args!("  one event moved its account's score after {:.2} s", took.as_secs_f64()));
    Ok(took)
}

async fn bytes(app: &App, tables: &[&str]) -> anyhow::Result<f64> {
    let mut tx = app.db.platform().await?;
    Ok(platform::bytes_of(&mut tx, tables).await? as f64)
}

/// A fresh data directory. One that is no bench's is left alone.
fn make(dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        if !dir.join(MARKER).exists() && fs::read_dir(dir)?.next().is_some() {
            bail!("{} holds something else; give the bench a directory of its own", dir.display());
        }
        fs::remove_dir_all(dir).with_context(|| format!("{} cannot be deleted", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    fs::write(dir.join(MARKER), "This directory belongs to `holdfast bench`.\n")?;
    Ok(())
}

fn print(outcomes: &[Outcome]) {
    say(
        "accounts   filled     today  accounts/s     again  accounts/s  tomorrow  accounts/s  peak MB  preview    folded  event s  \
         bytes a day: figures  score",
    );
    for outcome in outcomes {
        let mut line = format!("{:>8} {:>7.1} s", outcome.accounts, outcome.fill.as_secs_f64());
        for (took, _) in outcome.scoring {
            let rate = outcome.accounts as f64 / took.as_secs_f64();
            line += &format!(" {:>7.1} s {rate:>11.0}", took.as_secs_f64());
        }
        let peak = outcome.scoring.iter().filter_map(|(_, peak)| *peak).max();
        line += &peak.map_or(format!(" {:>8}", "-"), |peak| format!(" {peak:>8}"));
        line += &format!(" {:>6.1} s", outcome.preview.as_secs_f64());
        line += &format!(" {:>7.1} s", outcome.fold.as_secs_f64());
        line += &outcome.event.map_or(format!(" {:>8}", "-"), |took| format!(" {:>8.2}", took.as_secs_f64()));
        say(line + &format!(" {:>21.0} {:>6.0}", outcome.rollup_bytes, outcome.score_bytes));
    }
}
