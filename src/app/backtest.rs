//! Backtests: a health score of past days held against what happened afterwards.
//!
//! One is asked for by a person or an integration, done as a long job and kept with its account-days until somebody
//! deletes it. What a past day may know is told in `scoring::past`; every figure is made in
//! [`crate::domain::backtest`]. Suggested weights are only shown: nothing here changes a methodology.

use std::io::{Read, Write};
use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;
use uuid::Uuid;

use super::error::Field;
use super::methodology::{self, InForce};
use super::scoring::{Sampler, Told};
use super::work::Work;
use super::{Actor, App, Error, Result};
use crate::db::backtests::{Asked, NewBacktest};
use crate::db::jobs::Priority;
use crate::db::{self, TenantScope};
use crate::domain::backtest::{Samples, Settings, report};
use crate::domain::pack::Overrides;

/// Accounts loaded at once.
const CHUNK: i64 = 50;
/// Account-days a backtest may have: about 400 MB of memory.
const MAX_DAYS: i64 = 4_000_000;
/// Days a horizon may have.
const HORIZON: std::ops::RangeInclusive<u16> = 7..=730;
/// Days from one scored day to the next.
const STEP: std::ops::RangeInclusive<u16> = 1..=92;
/// Backtests of a tenant that may wait or run at a time.
const AT_ONCE: i64 = 3;
/// Days a period may have.
const MAX_PERIOD: i64 = 5 * 366;

/// What is to be tried.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A published version, by its number.
    Version(i32),
    /// A file that is not published.
    Draft {
        /// What people call it; the pack's name where it is empty.
        title: String,
        /// The file.
        source: String,
        /// Preset and parameters.
        overrides: Overrides,
    },
}

/// The settings a form begins with: weekly over the year whose horizon of 90 days ends today.
pub fn usual_settings(today: NaiveDate) -> Settings {
    let to = today - Duration::days(90);
    Settings { from: to - Duration::days(364), to, step_days: 7, horizon_days: 90 }
}

fn check(settings: &Settings, today: NaiveDate) -> Result<()> {
    let mut wrong = Vec::new();
    let mut field = |name: &str, message: String| wrong.push(Field { name: name.to_owned(), message });
    if !HORIZON.contains(&settings.horizon_days) {
        field("horizon_days", format!("must be {} to {} days", HORIZON.start(), HORIZON.end()));
    }
    if !STEP.contains(&settings.step_days) {
        field("step_days", format!("must be {} to {} days", STEP.start(), STEP.end()));
    }
    let last = today - settings.horizon();
    if settings.to > last {
        let days = settings.horizon_days;
        field(
            "to",
            format!("must be {last} or earlier: what came in the {days} days after it must be known"),
        );
    }
    if settings.from > settings.to {
        field("from", "must not be after the last day".to_owned());
    } else if settings.to - settings.from > Duration::days(MAX_PERIOD) {
        field("from", "must be at most five years before the last day".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

impl App {
    /// A stored draft as it is now, to be tried.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such draft.
    pub async fn draft_to_try(&self, scope: &TenantScope, id: Uuid) -> Result<Subject> {
        let mut tx = self.db.read(scope).await?;
        let (name, source, overrides) = db::backtests::draft(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let overrides = serde_json::from_value(overrides).unwrap_or_default();
        Ok(Subject::Draft { title: format!("{name}, draft"), source, overrides })
    }

    /// Asks for a backtest and returns its id; a long job does it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a period whose outcome is not known yet, for too many account-days, and with everything
    /// that is wrong with a draft; [`Error::NotFound`] for a version that is not there; [`Error::Conflict`] while
    /// three others wait or run.
    pub async fn start_backtest(
        &self,
        scope: &TenantScope,
        subject: &Subject,
        settings: &Settings,
        actor: &Actor,
    ) -> Result<Uuid> {
        let now = self.clock.now();
        check(settings, scope.day_of(now))?;
        let (title, version, source, overrides) = match subject {
            Subject::Version(version) => {
                let tried = self.methodology_version(scope, *version).await?.ok_or(Error::NotFound)?;
                (
                    format!("{}, version {version}", tried.pack_name),
                    Some(*version),
                    None,
                    Overrides::default(),
                )
            }
            Subject::Draft { title, source, overrides } => {
                let loaded = methodology::load(source, overrides)?;
                let title =
                    if title.trim().is_empty() { format!("{}, draft", loaded.name) } else { title.clone() };
                (title, None, Some(source.as_str()), overrides.clone())
            }
        };
        let title: String = title.trim().chars().take(200).collect();
        let mut tx = self.db.write(scope).await?;
        let accounts = db::accounts::count(&mut tx).await?;
        if accounts.saturating_mul(settings.days().count() as i64) > MAX_DAYS {
            let message =
                format!("makes more than {MAX_DAYS} account-days; choose a longer step or a shorter period");
            return Err(Error::invalid("step_days", message));
        }
        if db::backtests::unfinished(&mut tx).await? >= AT_ONCE {
            let text = "Three backtests wait or run already; wait for one of them, or stop it.";
            return Err(Error::Conflict(text.to_owned()));
        }
        let id = Uuid::now_v7();
        let job = db::jobs::enqueue_with(
            &mut tx,
            Priority::Soon,
            "backtest",
            &json!({ "backtest": id }),
            None,
            now,
        )
        .await?;
        let new = NewBacktest {
            id,
            job_id: job.ok_or_else(|| anyhow::anyhow!("a job without a name of its own was not taken"))?,
            title: &title,
            version,
            source,
            overrides: &serde_json::to_value(&overrides).unwrap_or_default(),
            settings: &serde_json::to_value(settings).unwrap_or_default(),
            at: now,
            by: &actor.0,
        };
        db::backtests::create(&mut tx, &new).await?;
        let detail = json!({ "backtest": id, "settings": new.settings });
        db::audit::record(&mut tx, now, &actor.0, "backtest.started", &title, detail).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Does a backtest: scores every account-day, stores them as CSV, and makes the report. One that was deleted or
    /// is done already is left alone; one that was broken off begins anew.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody stopped it, and when the database fails.
    pub async fn run_backtest(&self, scope: &TenantScope, id: Uuid, work: &Work<'_>) -> Result<()> {
        let mut tx = self.db.write(scope).await?;
        let Some(asked) = db::backtests::asked(&mut tx, id).await? else { return Ok(()) };
        if db::backtests::report(&mut tx, id).await?.is_some() {
            return Ok(());
        }
        db::backtests::begin(&mut tx, id).await?;
        let total = db::accounts::count(&mut tx).await?;
        tx.commit().await?;
        let settings: Settings =
            serde_json::from_value(asked.settings.clone()).map_err(anyhow::Error::from)?;
        let in_force = self.tried(scope, asked).await?;
        let samples = self
            .sample(scope, id, &in_force, &settings, usize::try_from(total).unwrap_or_default(), work)
            .await?;
        // Sorting and fitting take seconds where there are many account-days.
        let made = tokio::task::spawn_blocking(move || report(&samples, &settings));
        let made =
            serde_json::to_value(made.await.map_err(anyhow::Error::from)?).map_err(anyhow::Error::from)?;
        let mut tx = self.db.write(scope).await?;
        db::backtests::finish(&mut tx, id, &made, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    async fn tried(&self, scope: &TenantScope, asked: Asked) -> Result<Arc<InForce>> {
        match (asked.version, asked.source) {
            (Some(version), _) => self.methodology_version(scope, version).await?.ok_or(Error::NotFound),
            (None, Some(source)) => {
                let overrides: Overrides = serde_json::from_value(asked.overrides).unwrap_or_default();
                Ok(Arc::new(InForce::draft(methodology::load(&source, &overrides)?)))
            }
            (None, None) => Err(Error::NotFound),
        }
    }

    async fn sample(
        &self,
        scope: &TenantScope,
        id: Uuid,
        in_force: &InForce,
        settings: &Settings,
        total: usize,
        work: &Work<'_>,
    ) -> Result<Samples> {
        let today = self.clock.today(scope.time_zone());
        let sampler = Sampler { app: self, scope, in_force, settings, today };
        let mut samples = sampler.none_yet();
        let (mut after, mut done, mut part) = (Uuid::nil(), 0, 0);
        self.keep_part(scope, id, part, 0, &head(in_force)?).await?;
        loop {
            work.progress(done, total).await?;
            let mut tx = self.db.read(scope).await?;
            let ids = db::accounts::ids_after(&mut tx, after, CHUNK).await?;
            drop(tx);
            let Some(last) = ids.last() else { return Ok(samples) };
            after = *last;
            let mut csv = csv::Writer::from_writer(Vec::new());
            let mut wrong = None;
            let before = samples.days().len();
            sampler
                .add(&ids, &mut samples, |told| {
                    wrong = csv.write_record(row(in_force, &told)).err().or(wrong.take())
                })
                .await?;
            if let Some(error) = wrong {
                return Err(Error::Internal(error.into()));
            }
            let rows = csv.into_inner().map_err(|e| anyhow::anyhow!("CSV in memory: {e}"))?;
            part += 1;
            self.keep_part(scope, id, part, samples.days().len() - before, &rows).await?;
            done += ids.len();
        }
    }

    async fn keep_part(
        &self,
        scope: &TenantScope,
        id: Uuid,
        part: i32,
        days: usize,
        rows: &[u8],
    ) -> Result<()> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(rows).map_err(anyhow::Error::from)?;
        let packed = packed.finish().map_err(anyhow::Error::from)?;
        let mut tx = self.db.write(scope).await?;
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        db::backtests::put_part(&mut tx, id, part, days, &packed).await?;
        Ok(tx.commit().await?)
    }

    /// The next stored piece of a backtest's account-days as CSV, after the `part` before; the first piece (after −1)
    /// is the head. None at the end, and where there is no such backtest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backtest_days(
        &self,
        scope: &TenantScope,
        id: Uuid,
        part: i32,
    ) -> Result<Option<(i32, Vec<u8>)>> {
        let mut tx = self.db.read(scope).await?;
        let Some((part, packed)) = db::backtests::part_after(&mut tx, id, part).await? else {
            return Ok(None);
        };
        let mut rows = Vec::new();
        GzDecoder::new(&*packed).read_to_end(&mut rows).map_err(anyhow::Error::from)?;
        Ok(Some((part, rows)))
    }

    /// Stops a backtest that waits or runs.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none such.
    pub async fn cancel_backtest(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        let mut tx = self.db.read(scope).await?;
        let backtest = db::backtests::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        self.cancel_job(scope, backtest.job_id, actor).await
    }

    /// Takes a backtest away; for thirty days it can be taken back. One that runs is stopped.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none such.
    pub async fn delete_backtest(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let backtest = db::backtests::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        db::jobs::cancel(&mut tx, backtest.job_id, now).await?;
        let title = db::backtests::set_deleted(&mut tx, id, Some(now)).await?.ok_or(Error::NotFound)?;
        db::audit::record(&mut tx, now, &actor.0, "backtest.deleted", &title, json!({ "backtest": id }))
            .await?;
        Ok(tx.commit().await?)
    }

    /// Takes a deleted backtest back.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none such.
    pub async fn restore_backtest(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let title = db::backtests::set_deleted(&mut tx, id, None).await?.ok_or(Error::NotFound)?;
        db::audit::record(&mut tx, now, &actor.0, "backtest.restored", &title, json!({ "backtest": id }))
            .await?;
        Ok(tx.commit().await?)
    }
}

/// The columns of account-days: one an indicator at the end.
fn head(in_force: &InForce) -> Result<Vec<u8>> {
    let fixed = [
        "account",
        "day",
        "score",
        "band",
        "alarm",
        "days_since_use",
        "outcome",
        "churned_on",
        "arr_minor",
        "model",
    ];
    let indicators =
        in_force.methodology.health.indicators.iter().map(|indicator| format!("score_{}", indicator.id));
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(fixed.map(str::to_owned).into_iter().chain(indicators)).map_err(anyhow::Error::from)?;
    csv.into_inner().map_err(|e| anyhow::anyhow!("CSV in memory: {e}").into())
}

fn row(in_force: &InForce, told: &Told<'_>) -> Vec<String> {
    let (sample, health) = (told.sample, &in_force.methodology.health);
    let figure = |n: Option<f64>| n.map_or(String::new(), |n| format!("{}", (n * 1e4).round() / 1e4));
    let band = sample.score.and_then(|_| health.bands.get(usize::from(sample.band)));
    let model = health.models.get(usize::from(sample.model));
    let mut row = vec![
        told.external_id.to_owned(),
        sample.day.to_string(),
        figure(sample.score),
        band.map_or(String::new(), |band| band.id.to_string()),
        if sample.alarm { "yes" } else { "no" }.to_owned(),
        sample.days_since_use.map_or(String::new(), |days| days.to_string()),
        sample.outcome.word().to_owned(),
        told.churned_on.filter(|_| sample.lost()).map_or(String::new(), |day| day.to_string()),
        sample.arr_minor.to_string(),
        model.map_or(String::new(), |model| model.id.to_string()),
    ];
    let scores = told.health.models.get(usize::from(sample.model));
    let score = |indicator: usize| {
        let at = model?.nodes.iter().position(|node| node.indicator == Some(indicator))?;
        scores?.nodes.get(at)?.score
    };
    row.extend((0..health.indicators.len()).map(|indicator| figure(score(indicator))));
    row
}
