//! Durable work. A job is enqueued in the transaction of the change that causes it.
//!
//! Here is what the rest of the product does with jobs; [`held`] is for whoever has claimed one, [`list`] for people
//! who look after them. Claiming itself, which sees all tenants at once, is in [`super::queue`].

use chrono::{DateTime, NaiveDateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

pub mod held;
pub mod list;

/// Which of a tenant's jobs goes first. Between tenants it says nothing: they take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for the result.
    Soon,
    /// Something happened.
    Normal,
    /// It recurs, and any time will do.
    Background,
}

impl Priority {
    /// The number in the database; the larger goes first.
    pub(super) fn rank(self) -> i16 {
        match self {
            Priority::Soon => 10,
            Priority::Normal => 0,
            Priority::Background => -10,
        }
    }
}

/// Enqueues a job and returns its id; with `dedupe`, at most once for that word: none when it was there already.
pub async fn enqueue(
    tx: &mut TenantTx,
    kind: &str,
    payload: &serde_json::Value,
    dedupe: Option<&str>,
    run_at: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    enqueue_with(tx, Priority::Normal, kind, payload, dedupe, run_at).await
}

/// As [`enqueue`], before or behind other jobs of the tenant.
pub async fn enqueue_with(
    tx: &mut TenantTx,
    priority: Priority,
    kind: &str,
    payload: &serde_json::Value,
    dedupe: Option<&str>,
    run_at: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    sqlx::query_scalar(
        "INSERT INTO jobs (tenant_id, id, kind, payload, dedupe, run_at, created_at, priority)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT (tenant_id, dedupe) DO NOTHING RETURNING id",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(kind)
    .bind(payload)
    .bind(dedupe)
    .bind(run_at)
    .bind(priority.rank())
    .fetch_optional(tx.conn())
    .await
}

/// Takes a slot of recurring work; false when it was taken before, or a later one was.
pub async fn take_slot(tx: &mut TenantTx, kind: &str, slot: NaiveDateTime) -> Result<bool> {
    let taken = sqlx::query(
        "INSERT INTO job_slots (tenant_id, kind, slot) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, kind) DO UPDATE SET slot = excluded.slot WHERE job_slots.slot < excluded.slot",
    )
    .bind(tx.tenant())
    .bind(kind)
    .bind(slot)
    .execute(tx.conn())
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Nobody has taken it yet, or it is tried again later.
    Waiting,
    /// Somebody is at it.
    Running,
    /// It came to its end.
    Done,
    /// It ended with an error and is not tried again unless a person says so: a dead letter.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// A job as pages show it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// What kind of work.
    pub kind: String,
    /// What it is about.
    pub payload: serde_json::Value,
    /// Which slot of recurring work it is, or what else it may be there for only once.
    pub dedupe: Option<String>,
    /// When it was or is due; moved on by each try that failed.
    pub run_at: DateTime<Utc>,
    /// How often it was begun and neither finished nor put back.
    pub attempts: i32,
    /// Units done, in whatever the kind counts.
    pub done: i64,
    /// Units in all; 0 while that is not known.
    pub total: i64,
    /// Why the last try ended early.
    pub last_error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the last try began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When a person put it aside after it had failed.
    pub discarded_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    locked_until: Option<DateTime<Utc>>,
}

impl Job {
    /// Where it is.
    pub fn state(&self) -> JobState {
        match (self.finished_at, self.cancelled_at, &self.last_error, self.locked_until) {
            (_, Some(_), ..) => JobState::Cancelled,
            (Some(_), None, None, _) => JobState::Done,
            (Some(_), None, Some(_), _) => JobState::Failed,
            (None, None, _, Some(_)) => JobState::Running,
            (None, None, _, None) => JobState::Waiting,
        }
    }
}

const SELECT: &str =
    "SELECT id, kind, payload, dedupe, run_at, attempts, done, total, last_error, created_at,
    started_at, finished_at, discarded_at, cancelled_at, locked_until FROM jobs";

/// One job.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Job>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} WHERE id = $1")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// The job of a kind that is next or under way.
pub async fn under_way(tx: &mut TenantTx, kind: &str) -> Result<Option<Job>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{SELECT} WHERE kind = $1 AND finished_at IS NULL AND cancelled_at IS NULL ORDER BY run_at, id LIMIT 1"
    )))
    .bind(kind)
    .fetch_optional(tx.conn())
    .await
}

/// Stops a job that is not over; false when there is none such. One that runs notices at its next step.
pub async fn cancel(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET cancelled_at = $2, finished_at = CASE WHEN locked_until IS NULL THEN $2 END
         WHERE id = $1 AND finished_at IS NULL AND cancelled_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks all jobs of a kind as done, whether anybody did them or not.
pub async fn finish_kind(tx: &mut TenantTx, kind: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "UPDATE jobs SET finished_at = $2, locked_until = NULL, claim = NULL
         WHERE kind = $1 AND finished_at IS NULL",
    )
    .bind(kind)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets jobs that were over before a moment. Those that failed stay until somebody has decided about them.
pub async fn forget_finished(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "DELETE FROM jobs WHERE finished_at < $1
           AND (last_error IS NULL OR cancelled_at IS NOT NULL OR discarded_at < $1)",
    )
    .bind(before)
    .execute(tx.conn())
    .await?;
    Ok(())
}
