//! The list of accounts whose facts changed, and that wait for their score.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::{Result, TenantTx};

/// Puts accounts on the list of those to score; the moment says whether they changed again since they were looked at.
pub async fn mark_dirty(tx: &mut TenantTx, ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    sqlx::query(
        "INSERT INTO dirty_accounts (tenant_id, account_id, since) SELECT $1, unnest($2::uuid[]), $3
         ON CONFLICT (tenant_id, account_id) DO UPDATE SET since = excluded.since",
    )
    .bind(tx.tenant())
    .bind(&ids)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An account that waits to be scored, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Dirty {
    /// Account.
    pub account_id: Uuid,
    /// When its facts last changed.
    pub since: DateTime<Utc>,
}

/// Looks at up to `limit` accounts on that list without locking them: what arrives meanwhile must not wait for
/// scoring. None while another worker scores this tenant; the claim ends with the transaction.
pub async fn claim_dirty(tx: &mut TenantTx, limit: i64) -> Result<Option<Vec<Dirty>>> {
    let claimed: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7))")
        .bind(tx.tenant().to_string())
        .fetch_one(tx.conn())
        .await?;
    if !claimed {
        return Ok(None);
    }
    sqlx::query_as("SELECT account_id, since FROM dirty_accounts ORDER BY since LIMIT $1")
        .bind(limit)
        .fetch_all(tx.conn())
        .await
        .map(Some)
}

/// Takes accounts off that list, except those that changed again since they were looked at.
pub async fn settle_dirty(tx: &mut TenantTx, dirty: &[Dirty]) -> Result<()> {
    let ids: Vec<Uuid> = dirty.iter().map(|d| d.account_id).collect();
    let since: Vec<DateTime<Utc>> = dirty.iter().map(|d| d.since).collect();
    sqlx::query(
        "DELETE FROM dirty_accounts d USING unnest($1::uuid[], $2::timestamptz[]) AS x (id, since)
         WHERE d.account_id = x.id AND d.since = x.since",
    )
    .bind(&ids)
    .bind(&since)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Accounts and when the oldest began to wait for its score.
pub async fn dirty_backlog(tx: &mut TenantTx) -> Result<(i64, Option<DateTime<Utc>>)> {
    sqlx::query_as("SELECT count(*), min(since) FROM dirty_accounts").fetch_one(tx.conn()).await
}
