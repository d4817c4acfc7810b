//! Durable work. A job is enqueued in the transaction of the change that causes it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// Enqueues a job; with `dedupe`, at most once for that word. Returns false when it was there already.
pub async fn enqueue(
    tx: &mut TenantTx,
    kind: &str,
    payload: &serde_json::Value,
    dedupe: Option<&str>,
    run_at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO jobs (tenant_id, id, kind, payload, dedupe, run_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, dedupe) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(kind)
    .bind(payload)
    .bind(dedupe)
    .bind(run_at)
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
