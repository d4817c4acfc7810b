//! Trying a draft out: every account by the methodology in force and by the draft, without touching a score.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::drafts::open_draft;
use super::summary::Tally;
pub use super::summary::{Held, Move, Named, RuleShift, SegmentMoves, Summary};
use super::{InForce, load_apart};
use crate::app::work::Work;
use crate::app::{Actor, App, Error, Result};
use crate::db::jobs::{JobState, Priority};
use crate::db::previews::{NewPreview, Outcome, StoredPreview};
use crate::db::{self, TenantScope};
use crate::domain::pack::Overrides;

/// The kind of job that makes previews.
pub const JOB: &str = "methodology_preview";
/// Accounts worked out from one load.
const CHUNK: i64 = 250;
/// Chunks worked out beside each other.
const BESIDE: usize = 2;
/// Rows written to a file at a time.
const PAGE: i64 = 2_000;

/// A preview and where it is.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Which revision of which draft, over which version, as of which day.
    pub stored: StoredPreview,
    /// Where it is.
    pub state: PreviewState,
    /// Accounts worked out so far.
    pub done: i64,
    /// Accounts in all; 0 while that is not known.
    pub total: i64,
    /// Why it no longer says what publishing would do, in a sentence; none while it does.
    pub outdated: Option<String>,
    /// What came of it, once it is done.
    pub summary: Option<Summary>,
}

/// Where a preview is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewState {
    /// Not begun yet.
    Waiting,
    /// Under way.
    Running,
    /// Done: there is a summary.
    Done,
    /// It ended early; why.
    Failed(String),
    /// Somebody stopped it.
    Cancelled,
}

impl PreviewState {
    /// As one word.
    pub fn word(&self) -> &'static str {
        match self {
            PreviewState::Waiting => "waiting",
            PreviewState::Running => "running",
            PreviewState::Done => "done",
            PreviewState::Failed(_) => "failed",
            PreviewState::Cancelled => "cancelled",
        }
    }
}

impl App {
    /// Has a draft tried out on every account, in place of earlier previews of it. The job's id is in the preview.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the draft is not open or was saved since `expected_revision`, or when no methodology
    /// is in force to compare with; [`Error::NotFound`].
    pub async fn start_preview(
        &self,
        scope: &TenantScope,
        draft: Uuid,
        expected_revision: i32,
        actor: &Actor,
    ) -> Result<Preview> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        open_draft(&mut tx, draft, expected_revision).await?;
        let Some(over) = db::methodologies::published_version(&mut tx).await? else {
            return Err(Error::Conflict(
                "No methodology is in force that the draft could be held against.".into(),
            ));
        };
        if let Some(job) = db::previews::newest(&mut tx, draft).await?.and_then(|earlier| earlier.job_id) {
            db::jobs::cancel(&mut tx, job, now).await?;
        }
        let day = scope.day_of(now);
        let new = NewPreview { draft, revision: expected_revision, over, day, by: &actor.0, at: now };
        let id = db::previews::begin(&mut tx, &new).await?;
        let job = db::jobs::enqueue_with(&mut tx, Priority::Soon, JOB, &json!({ "preview": id }), None, now)
            .await?;
        db::previews::set_job(&mut tx, id, job).await?;
        tx.commit().await?;
        self.preview(scope, draft).await?.ok_or(Error::NotFound)
    }

    /// The newest preview of a draft.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn preview(&self, scope: &TenantScope, draft: Uuid) -> Result<Option<Preview>> {
        let mut tx = self.db.read(scope).await?;
        let Some(stored) = db::previews::newest(&mut tx, draft).await? else { return Ok(None) };
        let job = match stored.job_id {
            Some(job) => db::jobs::find(&mut tx, job).await?,
            None => None,
        };
        let summary = stored.summary.clone().and_then(|summary| serde_json::from_value(summary).ok());
        let state = match job.as_ref().map(|job| (job.state(), job.last_error.clone())) {
            _ if stored.finished_at.is_some() => PreviewState::Done,
            Some((JobState::Waiting, _)) => PreviewState::Waiting,
            Some((JobState::Running, _)) => PreviewState::Running,
            Some((JobState::Cancelled, _)) => PreviewState::Cancelled,
            Some((JobState::Done | JobState::Failed, error)) => {
                PreviewState::Failed(error.unwrap_or_default())
            }
            None => PreviewState::Failed("It was never finished.".to_owned()),
        };
        let outdated = outdated(&mut tx, &stored).await?;
        let (done, total) = job.map_or((0, 0), |job| (job.done, job.total));
        Ok(Some(Preview { stored, state, done, total, outdated, summary }))
    }

    /// Makes a preview: what the job does. Nothing is done for one that another has taken the place of.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the draft or the version in force is no longer what it was asked for, or when it was
    /// stopped; [`Error::Pack`] when one of them does not load.
    pub async fn make_preview(&self, scope: &TenantScope, id: Uuid, work: &Work<'_>) -> Result<()> {
        let mut tx = self.db.write(scope).await?;
        let Some(preview) = db::previews::find(&mut tx, id).await? else { return Ok(()) };
        if let Some(why) = outdated(&mut tx, &preview).await? {
            return Err(Error::Conflict(why));
        }
        db::previews::clear(&mut tx, id).await?;
        tx.commit().await?;
        let draft = self.draft(scope, preview.draft_id).await?.ok_or(Error::NotFound)?;
        let before = self.methodology_version(scope, preview.over_version).await?.ok_or(Error::NotFound)?;
        let loaded = load_apart(&draft.stored.source, &draft.overrides).await?;
        let after = Arc::new(InForce::new(0, loaded));
        let keep = Some(id);
        let summary = self.try_on_all(scope, before, after, preview.day, keep, work).await?;
        let summary = serde_json::to_value(&summary).map_err(anyhow::Error::from)?;
        let mut tx = self.db.write(scope).await?;
        db::previews::finish(&mut tx, id, &summary, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Tries a file out on every account and stores nothing.
    ///
    /// # Errors
    /// [`Error::Pack`] with everything that is wrong with it, [`Error::Conflict`] when no methodology is in force.
    pub async fn try_out(
        &self,
        scope: &TenantScope,
        source: &str,
        overrides: &Overrides,
        work: &Work<'_>,
    ) -> Result<Summary> {
        let after = Arc::new(InForce::new(0, load_apart(source, overrides).await?));
        let Some(before) = self.methodology(scope).await? else {
            return Err(Error::Conflict(
                "No methodology is in force that the file could be held against.".into(),
            ));
        };
        let day = self.clock.today(scope.time_zone());
        self.try_on_all(scope, before, after, day, None, work).await
    }

    async fn try_on_all(
        &self,
        scope: &TenantScope,
        before: Arc<InForce>,
        after: Arc<InForce>,
        day: NaiveDate,
        keep: Option<Uuid>,
        work: &Work<'_>,
    ) -> Result<Summary> {
        let mut tx = self.db.read(scope).await?;
        let total = usize::try_from(db::accounts::count(&mut tx).await?).unwrap_or(0);
        drop(tx);
        let (mut tally, mut done, mut last) = (Tally::default(), 0, Some(Uuid::nil()));
        let mut under_way = VecDeque::new();
        work.progress(0, total).await?;
        loop {
            while let Some(from) = last.filter(|_| under_way.len() < BESIDE) {
                let ids = self.next_accounts(scope, from).await?;
                last = ids.last().copied();
                if !ids.is_empty() {
                    let (app, scope) = (self.clone(), scope.clone());
                    let (before, after) = (before.clone(), after.clone());
                    // A task of its own, so that chunks are worked out on more than one processor.
                    under_way.push_back(tokio::spawn(async move {
                        let outcomes = app.score_by_both(&scope, (&before, &after), &ids, day).await;
                        outcomes.map(|outcomes| (ids.len(), outcomes))
                    }));
                }
            }
            let Some(chunk) = under_way.pop_front() else { break };
            let (count, outcomes) = chunk.await.map_err(anyhow::Error::from)??;
            outcomes.iter().for_each(|outcome| tally.add(outcome));
            if let Some(id) = keep {
                self.keep(scope, id, &outcomes).await?;
            }
            done += count;
            work.progress(done, total).await?;
        }
        Ok(tally.summary(&before, &after, day))
    }

    async fn next_accounts(&self, scope: &TenantScope, after: Uuid) -> Result<Vec<Uuid>> {
        let mut tx = self.db.read(scope).await?;
        Ok(db::accounts::ids_after(&mut tx, after, CHUNK).await?)
    }

    async fn keep(&self, scope: &TenantScope, id: Uuid, outcomes: &[Outcome]) -> Result<()> {
        let mut tx = self.db.write(scope).await?;
        if db::previews::find(&mut tx, id).await?.is_none() {
            return Err(Error::Conflict("Another preview has taken its place.".into()));
        }
        db::previews::add(&mut tx, id, outcomes).await?;
        Ok(tx.commit().await?)
    }

    /// Writes a preview's accounts as CSV, in the order of their external ids.
    ///
    /// # Errors
    /// What writing fails with.
    pub async fn write_preview<W: Write>(&self, scope: &TenantScope, id: Uuid, writer: W) -> Result<()> {
        let mut tx = self.db.read(scope).await?;
        let mut csv = csv::Writer::from_writer(writer);
        let failed = |error: csv::Error| Error::Internal(error.into());
        let header = [
            "external_id",
            "name",
            "segment_before",
            "segment_after",
            "score_before",
            "score_after",
            "band_before",
            "band_after",
            "arr_minor",
            "currency",
            "rules_started",
            "rules_stopped",
        ];
        csv.write_record(header).map_err(failed)?;
        let mut after = String::new();
        loop {
            let rows = db::previews::rows_after(&mut tx, id, &after, PAGE).await?;
            for row in &rows {
                let word = |text: &Option<String>| text.clone().unwrap_or_default();
                let number = |n: Option<f64>| n.map_or_else(String::new, |n| n.to_string());
                let arr = row.arr_base_minor.map_or_else(String::new, |minor| minor.to_string());
                let currency = row.arr_base_minor.map_or("", |_| scope.currency()).to_owned();
                csv.write_record([
                    row.external_id.clone(),
                    row.name.clone(),
                    word(&row.segment_before),
                    word(&row.segment_after),
                    number(row.score_before),
                    number(row.score_after),
                    word(&row.band_before),
                    word(&row.band_after),
                    arr,
                    currency,
                    row.started.join(" "),
                    row.stopped.join(" "),
                ])
                .map_err(failed)?;
            }
            match rows.last() {
                Some(last) if rows.len() as i64 == PAGE => after.clone_from(&last.external_id),
                _ => break,
            }
        }
        csv.flush().map_err(|error| Error::Internal(error.into()))
    }
}

/// Why a preview no longer says what publishing its draft would do.
async fn outdated(tx: &mut db::TenantTx, preview: &StoredPreview) -> Result<Option<String>> {
    let draft = db::drafts::find(tx, preview.draft_id).await?.ok_or(Error::NotFound)?;
    if let Some(version) = draft.version {
        return Ok(Some(format!("The draft was published since, as version {version}.")));
    }
    if draft.revision != preview.revision {
        return Ok(Some(format!(
            "The draft was saved since (revision {}, this is of revision {}).",
            draft.revision, preview.revision
        )));
    }
    let in_force = db::methodologies::published_version(tx).await?;
    Ok(in_force.filter(|version| *version != preview.over_version).map(|version| {
        format!(
            "Version {version} came into force since; this is held against version {}.",
            preview.over_version
        )
    }))
}
