//! The versions of a tenant's way of working.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// One version: the pack's file as it was applied, and with which overrides.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredMethodology {
    /// 1, 2, 3 …
    pub version: i32,
    /// The pack's id.
    pub pack_id: String,
    /// The pack's name.
    pub pack_name: String,
    /// The file, to the byte.
    pub source: String,
    /// Preset and parameters as set when it was applied.
    pub overrides: serde_json::Value,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// By whom.
    pub published_by: String,
}

const COLUMNS: &str = "version, pack_id, pack_name, source, overrides, published_at, published_by";

/// The version in force.
pub async fn published(tx: &mut TenantTx) -> Result<Option<StoredMethodology>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM methodologies WHERE status = 'published'"
    )))
    .fetch_optional(tx.conn())
    .await
}

/// The number of the version in force.
pub async fn published_version(tx: &mut TenantTx) -> Result<Option<i32>> {
    sqlx::query_scalar("SELECT version FROM methodologies WHERE status = 'published'")
        .fetch_optional(tx.conn())
        .await
}

/// One version by its number.
pub async fn find(tx: &mut TenantTx, version: i32) -> Result<Option<StoredMethodology>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM methodologies WHERE version = $1")))
        .bind(version)
        .fetch_optional(tx.conn())
        .await
}

/// Publishes a new version and supersedes the one before; returns its number.
pub async fn publish(
    tx: &mut TenantTx,
    pack_id: &str,
    pack_name: &str,
    source: &str,
    overrides: &serde_json::Value,
    by: &str,
    now: DateTime<Utc>,
) -> Result<i32> {
    sqlx::query("UPDATE methodologies SET status = 'superseded' WHERE status = 'published'")
        .execute(tx.conn())
        .await?;
    sqlx::query_scalar(
        "INSERT INTO methodologies (tenant_id, id, version, pack_id, pack_name, source, overrides, status,
                                    published_at, published_by)
         SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, 'published', $7, $8 FROM methodologies
         RETURNING version",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(pack_id)
    .bind(pack_name)
    .bind(source)
    .bind(overrides)
    .bind(now)
    .bind(by)
    .fetch_one(tx.conn())
    .await
}
