//! Drafts of a tenant's next methodology.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A draft, or what became of one.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredDraft {
    /// Identity.
    pub id: Uuid,
    /// What people call it.
    pub title: String,
    /// The pack's id.
    pub pack_id: String,
    /// The pack's name.
    pub pack_name: String,
    /// The file as it was last saved, to the byte.
    pub source: String,
    /// Preset and parameters.
    pub overrides: serde_json::Value,
    /// draft, discarded, published or superseded.
    pub status: String,
    /// The version in force when it was begun.
    pub based_on: Option<i32>,
    /// Counts its changes from 1.
    pub revision: i32,
    /// The version it was published as.
    pub version: Option<i32>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was last saved.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

/// A draft as lists show it, without its file.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DraftRow {
    /// Identity.
    pub id: Uuid,
    /// What people call it.
    pub title: String,
    /// The pack's id.
    pub pack_id: String,
    /// The pack's name.
    pub pack_name: String,
    /// draft or discarded.
    pub status: String,
    /// The version in force when it was begun.
    pub based_on: Option<i32>,
    /// Counts its changes from 1.
    pub revision: i32,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was last saved.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

const COLUMNS: &str = "id, title, pack_id, pack_name, source, overrides, status, based_on, revision, version, \
     created_at, created_by, updated_at, updated_by";

/// What a draft holds.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// What people call it.
    pub title: &'a str,
    /// The pack's id.
    pub pack_id: &'a str,
    /// The pack's name.
    pub pack_name: &'a str,
    /// The file.
    pub source: &'a str,
    /// Preset and parameters.
    pub overrides: &'a serde_json::Value,
    /// Who wrote it.
    pub by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Drafts that are not published yet, last saved first; with `discarded`, those that were put away as well.
pub async fn list(tx: &mut TenantTx, discarded: bool) -> Result<Vec<DraftRow>> {
    sqlx::query_as(
        "SELECT id, title, pack_id, pack_name, status, based_on, revision, created_at, created_by, updated_at, updated_by
         FROM methodologies WHERE status = 'draft' OR ($1 AND status = 'discarded')
         ORDER BY status DESC, updated_at DESC, id",
    )
    .bind(discarded)
    .fetch_all(tx.conn())
    .await
}

/// How many drafts are open.
pub async fn count(tx: &mut TenantTx) -> Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM methodologies WHERE status = 'draft'").fetch_one(tx.conn()).await
}

/// A draft by its id, also one that was discarded or published since.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<StoredDraft>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM methodologies WHERE id = $1")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// As [`find`], and nobody else may change it until this transaction has ended.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<StoredDraft>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM methodologies WHERE id = $1 FOR UPDATE"
    )))
    .bind(id)
    .fetch_optional(tx.conn())
    .await
}

/// Begins a draft and returns its id.
pub async fn create(tx: &mut TenantTx, new: &Content<'_>, based_on: Option<i32>) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO methodologies (tenant_id, id, title, pack_id, pack_name, source, overrides, status, based_on,
                                    created_at, created_by, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9, $10, $9, $10)",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(new.title)
    .bind(new.pack_id)
    .bind(new.pack_name)
    .bind(new.source)
    .bind(new.overrides)
    .bind(based_on)
    .bind(new.at)
    .bind(new.by)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Saves a draft and returns its new revision.
pub async fn save(tx: &mut TenantTx, id: Uuid, content: &Content<'_>) -> Result<i32> {
    sqlx::query_scalar(
        "UPDATE methodologies SET title = $2, pack_id = $3, pack_name = $4, source = $5, overrides = $6,
           updated_at = $7, updated_by = $8, revision = revision + 1
         WHERE id = $1 RETURNING revision",
    )
    .bind(id)
    .bind(content.title)
    .bind(content.pack_id)
    .bind(content.pack_name)
    .bind(content.source)
    .bind(content.overrides)
    .bind(content.at)
    .bind(content.by)
    .fetch_one(tx.conn())
    .await
}

/// Puts a draft away (`discarded`) or takes it back (`draft`).
pub async fn set_status(
    tx: &mut TenantTx,
    id: Uuid,
    status: &str,
    by: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("UPDATE methodologies SET status = $2, updated_at = $3, updated_by = $4 WHERE id = $1")
        .bind(id)
        .bind(status)
        .bind(now)
        .bind(by)
        .execute(tx.conn())
        .await?;
    Ok(())
}
