//! Files that brought rows, and the rows they could not.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Result, TenantTx};

/// The columns of a file, and which field each fills.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Columns {
    /// The names in the file's first line.
    pub header: Vec<String>,
    /// Fields and the position of the column that fills each.
    pub fields: Vec<(String, usize)>,
    /// Columns that fill no field.
    pub ignored: Vec<String>,
}

/// One import, running or over.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Import {
    /// Identity.
    pub id: Uuid,
    /// accounts, contracts, contacts or metrics.
    pub kind: String,
    /// What the file was called.
    pub file_name: String,
    /// The file's columns; empty when it could not be read.
    pub columns: Json<Columns>,
    /// Whether nothing was to be stored.
    pub dry_run: bool,
    /// waiting, running, done or failed.
    pub status: String,
    /// Size of the file.
    pub bytes_total: i64,
    /// How far it was read.
    pub bytes_done: i64,
    /// Rows read.
    pub rows_done: i64,
    /// Rows that were new.
    pub created: i64,
    /// Rows that differed.
    pub updated: i64,
    /// Rows that were so already.
    pub unchanged: i64,
    /// Rows kept out, each with its reason.
    pub rejected: i64,
    /// Why the whole file could not be read.
    pub error: Option<String>,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub bytes_done: i64,
    /// Rows read.
    pub rows_done: i64,
    /// New rows.
    pub created: i64,
    /// Changed rows.
    pub updated: i64,
    /// Rows that were so already.
    pub unchanged: i64,
    /// Rows kept out.
    pub rejected: i64,
}

/// A row that was kept out.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Reject {
    /// Line in the file; the header is line 1.
    pub line: i64,
    /// What is wrong and what to do.
    pub reason: String,
    /// The row as it was, a JSON array of its cells.
    pub record: serde_json::Value,
}

/// What is known of an import when it begins.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// accounts, contracts, contacts or metrics.
    pub kind: &'a str,
    /// What the file is called.
    pub file_name: &'a str,
    /// Its columns.
    pub columns: &'a Columns,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// Size of the file.
    pub bytes_total: i64,
    /// Who starts it.
    pub started_by: &'a str,
}

/// Opens an import.
pub async fn create(tx: &mut TenantTx, id: Uuid, opening: &Opening<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO imports (tenant_id, id, kind, file_name, mapping, dry_run, status, bytes_total, started_by,
                              started_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $9)",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(opening.kind)
    .bind(opening.file_name)
    .bind(Json(opening.columns))
    .bind(opening.dry_run)
    .bind(opening.bytes_total)
    .bind(opening.started_by)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Holds an import for as long as this transaction is open, which may be idle for any time: the sign that somebody
/// works on it. It ends with the process or connection, however those end.
pub async fn hold(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query(
        "SELECT set_config('idle_in_transaction_session_timeout', '0', true),
                pg_advisory_xact_lock(hashtextextended('import:' || $1::text, 0))",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends imports that nobody holds any more; returns how many.
pub async fn close_abandoned(tx: &mut TenantTx, error: &str, now: DateTime<Utc>) -> Result<u64> {
    let running: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM imports WHERE status = 'running'").fetch_all(tx.conn()).await?;
    if running.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(
        "UPDATE imports SET status = 'failed', error = $2, finished_at = $3 WHERE id = ANY($1) AND status = 'running'
           AND pg_try_advisory_xact_lock(hashtextextended('import:' || id::text, 0))",
    )
    .bind(&running)
    .bind(error)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// States how far it has come.
pub async fn progress(tx: &mut TenantTx, id: Uuid, at: &Progress) -> Result<()> {
    sqlx::query(
        "UPDATE imports SET bytes_done = $2, rows_done = $3, created = $4, updated = $5, unchanged = $6, rejected = $7
         WHERE id = $1",
    )
    .bind(id)
    .bind(at.bytes_done)
    .bind(at.rows_done)
    .bind(at.created)
    .bind(at.updated)
    .bind(at.unchanged)
    .bind(at.rejected)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends it, with the reason when it failed.
pub async fn finish(tx: &mut TenantTx, id: Uuid, error: Option<&str>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "UPDATE imports SET status = CASE WHEN $2::text IS NULL THEN 'done' ELSE 'failed' END, error = $2,
                 finished_at = $3 WHERE id = $1",
    )
    .bind(id)
    .bind(error)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps rows that were not let in.
pub async fn reject(tx: &mut TenantTx, id: Uuid, rejects: &[Reject]) -> Result<()> {
    let lines: Vec<i64> = rejects.iter().map(|r| r.line).collect();
    let reasons: Vec<&str> = rejects.iter().map(|r| r.reason.as_str()).collect();
    let records: Vec<&serde_json::Value> = rejects.iter().map(|r| &r.record).collect();
    sqlx::query(
        "INSERT INTO import_rejects (tenant_id, import_id, line, reason, record)
         SELECT $1, $2, l, r, j FROM unnest($3::bigint[], $4::text[], $5::jsonb[]) AS x (l, r, j)
         ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(&lines)
    .bind(&reasons)
    .bind(&records)
    .execute(tx.conn())
    .await?;
    Ok(())
}

const COLUMNS: &str =
    "id, kind, file_name, mapping AS columns, dry_run, status, bytes_total, bytes_done, rows_done, created, updated,
    unchanged, rejected, error, started_by, started_at, finished_at";

/// The latest imports.
pub async fn list(tx: &mut TenantTx, limit: i64) -> Result<Vec<Import>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM imports ORDER BY started_at DESC LIMIT $1"
    )))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// One import.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Import>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM imports WHERE id = $1")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// Rows kept out, after a line, in order.
pub async fn rejects(tx: &mut TenantTx, id: Uuid, after_line: i64, limit: i64) -> Result<Vec<Reject>> {
    sqlx::query_as(
        "SELECT line, reason, record FROM import_rejects WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3",
    )
    .bind(id)
    .bind(after_line)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}
