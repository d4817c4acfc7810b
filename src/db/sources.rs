//! What each key brought.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// Messages of one key on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct SourceDay {
    /// The key.
    pub key_id: Uuid,
    /// The tenant's day.
    pub day: NaiveDate,
    /// Counted.
    pub accepted: i64,
    /// Already known, so not counted again.
    pub duplicate: i64,
    /// In quarantine until their account is known.
    pub waiting: i64,
    /// In quarantine for good.
    pub rejected: i64,
}

/// Adds to a key's day.
pub async fn add(tx: &mut TenantTx, day: &SourceDay, at: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO source_days AS s (tenant_id, key_id, day, accepted, duplicate, waiting, rejected, last_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, key_id, day) DO UPDATE SET accepted = s.accepted + excluded.accepted,
           duplicate = s.duplicate + excluded.duplicate, waiting = s.waiting + excluded.waiting,
           rejected = s.rejected + excluded.rejected, last_at = greatest(s.last_at, excluded.last_at)",
    )
    .bind(tx.tenant())
    .bind(day.key_id)
    .bind(day.day)
    .bind(day.accepted)
    .bind(day.duplicate)
    .bind(day.waiting)
    .bind(day.rejected)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The days of every key since a day.
pub async fn since(tx: &mut TenantTx, day: NaiveDate) -> Result<Vec<SourceDay>> {
    sqlx::query_as(
        "SELECT key_id, day, accepted, duplicate, waiting, rejected FROM source_days WHERE day >= $1 ORDER BY key_id, day",
    )
    .bind(day)
    .fetch_all(tx.conn())
    .await
}

/// When the last message arrived, from any key.
pub async fn last_at(tx: &mut TenantTx) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("SELECT max(last_at) FROM source_days").fetch_one(tx.conn()).await
}
