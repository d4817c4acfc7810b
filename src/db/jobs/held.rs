//! What the holder of a job may write: how far it is and how it ended.
//!
//! Every claim draws a new token, and each of these changes nothing and says false when another is in force by now:
//! whoever lost a job (it was silent for longer than its lease) can no longer end it, put it back or go on.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::{Result, TenantTx};

/// The right to say how a job ends, as long as nobody claims the job anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: Uuid,
    /// What this claim has drawn.
    pub token: Uuid,
}

/// Notes how far a job is; false when somebody has stopped it, or it is held no longer.
pub async fn progress(tx: &mut TenantTx, claim: Claim, done: i64, total: i64) -> Result<bool> {
    sqlx::query_scalar(
        "UPDATE jobs SET done = $3, total = $4 WHERE id = $1 AND claim = $2 RETURNING cancelled_at IS NULL",
    )
    .bind(claim.job)
    .bind(claim.token)
    .bind(done)
    .bind(total)
    .fetch_optional(tx.conn())
    .await
    .map(|goes_on| goes_on.unwrap_or(false))
}

/// Keeps the lease, counted anew from now by the database's clock.
pub async fn extend(tx: &mut TenantTx, claim: Claim, lease_seconds: u32) -> Result<bool> {
    let kept = sqlx::query(
        "UPDATE jobs SET locked_until = clock_timestamp() + $3 * interval '1 second' WHERE id = $1 AND claim = $2",
    )
    .bind(claim.job)
    .bind(claim.token)
    .bind(i64::from(lease_seconds))
    .execute(tx.conn())
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Marks a job as done.
pub async fn finish(tx: &mut TenantTx, claim: Claim, now: DateTime<Utc>) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE jobs SET finished_at = $3, locked_until = NULL, claim = NULL, last_error = NULL
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.job)
    .bind(claim.token)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Gives a job up: it failed and is not tried again by itself, or it was stopped. It is kept with its error.
pub async fn give_up(tx: &mut TenantTx, claim: Claim, error: &str, now: DateTime<Utc>) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE jobs SET finished_at = $4, locked_until = NULL, claim = NULL, last_error = $3
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.job)
    .bind(claim.token)
    .bind(error)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Puts a job back as it was before it was claimed: whoever was at it is going down.
pub async fn put_back(tx: &mut TenantTx, claim: Claim) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE jobs SET locked_until = NULL, claim = NULL, attempts = attempts - 1 WHERE id = $1 AND claim = $2",
    )
    .bind(claim.job)
    .bind(claim.token)
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Puts a failed job back for later.
pub async fn retry_at(tx: &mut TenantTx, claim: Claim, error: &str, run_at: DateTime<Utc>) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE jobs SET locked_until = NULL, claim = NULL, last_error = $3, run_at = $4
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.job)
    .bind(claim.token)
    .bind(error)
    .bind(run_at)
    .execute(tx.conn())
    .await?;
    Ok(ended.rows_affected() == 1)
}
