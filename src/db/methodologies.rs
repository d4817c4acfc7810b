//! The versions of a tenant's way of working.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// One version: the pack's file as it was published, and with which overrides.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredMethodology {
    /// 1, 2, 3 …
    pub version: i32,
    /// What it was called as a draft; the pack's name otherwise.
    pub title: String,
    /// The pack's id.
    pub pack_id: String,
    /// The pack's name.
    pub pack_name: String,
    /// The file, to the byte.
    pub source: String,
    /// Preset and parameters as set when it was published.
    pub overrides: serde_json::Value,
    /// published, or superseded by a later version.
    pub status: String,
    /// The version in force when its draft was begun; of a roll back the version brought back.
    pub based_on: Option<i32>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// By whom.
    pub published_by: String,
    /// Why.
    pub note: String,
}

/// A version as lists show it, without its file.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct VersionRow {
    /// 1, 2, 3 …
    pub version: i32,
    /// What it was called as a draft; the pack's name otherwise.
    pub title: String,
    /// The pack's id.
    pub pack_id: String,
    /// The pack's name.
    pub pack_name: String,
    /// published, or superseded by a later version.
    pub status: String,
    /// The version in force when its draft was begun; of a roll back the version brought back.
    pub based_on: Option<i32>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// By whom.
    pub published_by: String,
    /// Why.
    pub note: String,
    /// The file's length in bytes.
    pub bytes: i32,
}

const COLUMNS: &str = "version, title, pack_id, pack_name, source, overrides, status, based_on, published_at, \
     published_by, note";

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

/// When the company's first methodology came into force.
pub async fn first_published_at(tx: &mut TenantTx) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("SELECT min(published_at) FROM methodologies WHERE version IS NOT NULL")
        .fetch_one(tx.conn())
        .await
}

/// One version by its number.
pub async fn find(tx: &mut TenantTx, version: i32) -> Result<Option<StoredMethodology>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM methodologies WHERE version = $1")))
        .bind(version)
        .fetch_optional(tx.conn())
        .await
}

/// Every version, newest first.
pub async fn versions(tx: &mut TenantTx) -> Result<Vec<VersionRow>> {
    sqlx::query_as(
        "SELECT version, title, pack_id, pack_name, status, based_on, published_at, published_by, note,
                octet_length(source) AS bytes
         FROM methodologies WHERE version IS NOT NULL ORDER BY version DESC",
    )
    .fetch_all(tx.conn())
    .await
}

/// Makes everybody else who is about to publish wait until this transaction has ended.
pub async fn lock(tx: &mut TenantTx) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 8))")
        .bind(tx.tenant().to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What is published.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// What it is called.
    pub title: &'a str,
    /// The pack's id.
    pub pack_id: &'a str,
    /// The pack's name.
    pub pack_name: &'a str,
    /// The file.
    pub source: &'a str,
    /// Preset and parameters.
    pub overrides: &'a serde_json::Value,
    /// Why.
    pub note: &'a str,
    /// The version a roll back brings back.
    pub based_on: Option<i32>,
    /// Who publishes it.
    pub by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Publishes a file as a new version and supersedes the one before; returns its number.
pub async fn publish(tx: &mut TenantTx, new: &Publication<'_>) -> Result<i32> {
    supersede(tx).await?;
    sqlx::query_scalar(
        "INSERT INTO methodologies (tenant_id, id, version, title, pack_id, pack_name, source, overrides, status, note,
                                    based_on, published_at, published_by, created_at, created_by, updated_at, updated_by)
         SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7, 'published', $8, $9, $10, $11, $10, $11, $10,
                $11
         FROM methodologies
         RETURNING version",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(new.title)
    .bind(new.pack_id)
    .bind(new.pack_name)
    .bind(new.source)
    .bind(new.overrides)
    .bind(new.note)
    .bind(new.based_on)
    .bind(new.at)
    .bind(new.by)
    .fetch_one(tx.conn())
    .await
}

/// Publishes a draft as a new version and supersedes the one before; returns its number.
pub async fn publish_draft(
    tx: &mut TenantTx,
    draft: Uuid,
    note: &str,
    by: &str,
    now: DateTime<Utc>,
) -> Result<i32> {
    supersede(tx).await?;
    sqlx::query_scalar(
        "UPDATE methodologies SET status = 'published', note = $2, published_at = $3, published_by = $4,
           version = (SELECT coalesce(max(version), 0) + 1 FROM methodologies)
         WHERE id = $1 AND status = 'draft' RETURNING version",
    )
    .bind(draft)
    .bind(note)
    .bind(now)
    .bind(by)
    .fetch_one(tx.conn())
    .await
}

async fn supersede(tx: &mut TenantTx) -> Result<()> {
    sqlx::query("UPDATE methodologies SET status = 'superseded' WHERE status = 'published'")
        .execute(tx.conn())
        .await?;
    Ok(())
}
