//! Calendars of members' tasks, behind secret links.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// Since when a member has a link.
pub async fn since(tx: &mut TenantTx, member: Uuid) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("SELECT created_at FROM calendar_feeds WHERE member_id = $1")
        .bind(member)
        .fetch_optional(tx.conn())
        .await
}

/// Gives a member a link by the hash of its secret, in place of the one before.
pub async fn put(tx: &mut TenantTx, member: Uuid, secret_hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO calendar_feeds (tenant_id, member_id, secret_hash, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, member_id) DO UPDATE SET secret_hash = excluded.secret_hash, created_at = excluded.created_at",
    )
    .bind(tx.tenant())
    .bind(member)
    .bind(secret_hash)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a member's link away; false when there was none.
pub async fn remove(tx: &mut TenantTx, member: Uuid) -> Result<bool> {
    let done = sqlx::query("DELETE FROM calendar_feeds WHERE member_id = $1")
        .bind(member)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
