//! Durable work. A job is enqueued in the transaction of the change that causes it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// Enqueues a job and returns its id; with `dedupe`, at most once for that word: none when it was there already.
pub async fn enqueue(
    tx: &mut TenantTx,
    kind: &str,
    payload: &serde_json::Value,
    dedupe: Option<&str>,
    run_at: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    sqlx::query_scalar(
        "INSERT INTO jobs (tenant_id, id, kind, payload, dedupe, run_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (tenant_id, dedupe) DO NOTHING RETURNING id",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(kind)
    .bind(payload)
    .bind(dedupe)
    .bind(run_at)
    .fetch_optional(tx.conn())
    .await
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
    /// It ended with an error and is not tried again.
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
    /// Units done, in whatever the kind counts.
    pub done: i64,
    /// Units in all; 0 while that is not known.
    pub total: i64,
    /// Why the last try ended early.
    pub last_error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
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

    /// Whether nothing more will come of it.
    pub fn is_over(&self) -> bool {
        !matches!(self.state(), JobState::Waiting | JobState::Running)
    }
}

/// One job.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Job>> {
    sqlx::query_as(
        "SELECT id, kind, payload, done, total, last_error, created_at, finished_at, cancelled_at, locked_until
         FROM jobs WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await
}

/// The job of a kind that is next or under way.
pub async fn under_way(tx: &mut TenantTx, kind: &str) -> Result<Option<Job>> {
    sqlx::query_as(
        "SELECT id, kind, payload, done, total, last_error, created_at, finished_at, cancelled_at, locked_until
         FROM jobs WHERE kind = $1 AND finished_at IS NULL AND cancelled_at IS NULL ORDER BY run_at, id LIMIT 1",
    )
    .bind(kind)
    .fetch_optional(tx.conn())
    .await
}

/// Notes how far a job is; false when somebody has stopped it.
pub async fn progress(tx: &mut TenantTx, id: Uuid, done: i64, total: i64) -> Result<bool> {
    sqlx::query_scalar("UPDATE jobs SET done = $2, total = $3 WHERE id = $1 RETURNING cancelled_at IS NULL")
        .bind(id)
        .bind(done)
        .bind(total)
        .fetch_optional(tx.conn())
        .await
        .map(|goes_on| goes_on.unwrap_or(false))
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

/// Marks a job as done.
pub async fn finish(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE jobs SET finished_at = $2, locked_until = NULL, last_error = NULL WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Marks all jobs of a kind as done, whether anybody did them or not.
pub async fn finish_kind(tx: &mut TenantTx, kind: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "UPDATE jobs SET finished_at = $2, locked_until = NULL WHERE kind = $1 AND finished_at IS NULL",
    )
    .bind(kind)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a job up: it failed and trying again would not help, or it was stopped.
pub async fn give_up(tx: &mut TenantTx, id: Uuid, error: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE jobs SET finished_at = $3, locked_until = NULL, last_error = $2 WHERE id = $1")
        .bind(id)
        .bind(error)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Puts a job back as it was before it was claimed: whoever was at it is going down.
pub async fn put_back(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query("UPDATE jobs SET locked_until = NULL, attempts = attempts - 1 WHERE id = $1")
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Puts a failed job back for later.
pub async fn retry(tx: &mut TenantTx, id: Uuid, error: &str, run_at: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE jobs SET locked_until = NULL, last_error = $2, run_at = $3 WHERE id = $1")
        .bind(id)
        .bind(error)
        .bind(run_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps a long job's lease.
pub async fn extend(tx: &mut TenantTx, id: Uuid, until: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE jobs SET locked_until = $2 WHERE id = $1")
        .bind(id)
        .bind(until)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets jobs that were done before a moment.
pub async fn forget_finished(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<()> {
    sqlx::query("DELETE FROM jobs WHERE finished_at < $1").bind(before).execute(tx.conn()).await?;
    Ok(())
}
