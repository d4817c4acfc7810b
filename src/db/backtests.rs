//! Backtests: what was asked, how far it is, what came of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::jobs::JobState;
use super::{Result, TenantTx};

/// A backtest as it is asked for.
#[derive(Debug, Clone)]
pub struct NewBacktest<'a> {
    /// Its id.
    pub id: Uuid,
    /// The job that does it.
    pub job_id: Uuid,
    /// What people call it.
    pub title: &'a str,
    /// The published version that is tried; none for a draft.
    pub version: Option<i32>,
    /// The draft's file; none for a version.
    pub source: Option<&'a str>,
    /// Preset and parameters of a draft.
    pub overrides: &'a serde_json::Value,
    /// Period, step and horizon (`domain::backtest::Settings`).
    pub settings: &'a serde_json::Value,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: &'a str,
}

/// A backtest without its report and file.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Backtest {
    /// Its id.
    pub id: Uuid,
    /// The job that does it.
    pub job_id: Uuid,
    /// What people call it.
    pub title: String,
    /// The published version; none for a draft.
    pub version: Option<i32>,
    /// Period, step and horizon (`domain::backtest::Settings`).
    pub settings: serde_json::Value,
    /// When it was asked for.
    pub started_at: DateTime<Utc>,
    /// By whom.
    pub started_by: String,
    /// When its report was made.
    pub finished_at: Option<DateTime<Utc>>,
    /// AUC of the score, where there are figures.
    pub auc: Option<f64>,
    /// AUC of the baseline.
    pub baseline_auc: Option<f64>,
    /// Accounts done.
    pub done: i64,
    /// Accounts in all; 0 while that is not known.
    pub total: i64,
    cancelled_at: Option<DateTime<Utc>>,
    job_finished_at: Option<DateTime<Utc>>,
    locked_until: Option<DateTime<Utc>>,
}

impl Backtest {
    /// Where it is. A report wins: a run that was stopped too late is done.
    pub fn state(&self) -> JobState {
        match (self.finished_at, self.cancelled_at, self.job_finished_at, self.locked_until) {
            (Some(_), ..) => JobState::Done,
            (None, Some(_), ..) => JobState::Cancelled,
            (None, None, Some(_), _) => JobState::Failed,
            (None, None, None, Some(_)) => JobState::Running,
            (None, None, None, None) => JobState::Waiting,
        }
    }
}

/// What a run needs to know.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Asked {
    /// The published version; none for a draft.
    pub version: Option<i32>,
    /// The draft's file.
    pub source: Option<String>,
    /// Preset and parameters of a draft.
    pub overrides: serde_json::Value,
    /// Period, step and horizon.
    pub settings: serde_json::Value,
}

// A job is forgotten some time after its end; without it and without a report the run has ended early.
const SELECT: &str = "SELECT b.id, b.job_id, b.title, b.version, b.settings, b.started_at, b.started_by, b.finished_at,
    (b.report #>> '{figures,score,auc,value}')::float8 AS auc,
    (b.report #>> '{figures,baseline,auc,value}')::float8 AS baseline_auc,
    coalesce(j.done, 0) AS done, coalesce(j.total, 0) AS total, j.cancelled_at,
    CASE WHEN j.id IS NULL THEN b.started_at ELSE j.finished_at END AS job_finished_at, j.locked_until
    FROM backtests b LEFT JOIN jobs j ON j.tenant_id = b.tenant_id AND j.id = b.job_id WHERE b.deleted_at IS NULL";

/// Backtests, newest first.
pub async fn list(
    tx: &mut TenantTx,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Backtest>> {
    let (at, id) = before.unzip();
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{SELECT} AND ($1::timestamptz IS NULL OR (b.started_at, b.id) < ($1, $2))
         ORDER BY b.started_at DESC, b.id DESC LIMIT $3"
    )))
    .bind(at)
    .bind(id)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// One backtest.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Backtest>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} AND b.id = $1")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// Its report (`domain::backtest::Report`); none while there is none.
pub async fn report(tx: &mut TenantTx, id: Uuid) -> Result<Option<serde_json::Value>> {
    sqlx::query_scalar("SELECT report FROM backtests WHERE id = $1 AND deleted_at IS NULL")
        .bind(id)
        .fetch_optional(tx.conn())
        .await
        .map(Option::flatten)
}

/// Adds one.
pub async fn create(tx: &mut TenantTx, new: &NewBacktest<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO backtests (tenant_id, id, job_id, title, version, source, overrides, settings, started_at,
                                started_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(tx.tenant())
    .bind(new.id)
    .bind(new.job_id)
    .bind(new.title)
    .bind(new.version)
    .bind(new.source)
    .bind(new.overrides)
    .bind(new.settings)
    .bind(new.at)
    .bind(new.by)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What it is to do; none when it was deleted meanwhile.
pub async fn asked(tx: &mut TenantTx, id: Uuid) -> Result<Option<Asked>> {
    sqlx::query_as(
        "SELECT version, source, overrides, settings FROM backtests WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await
}

/// Forgets what an earlier try has stored.
pub async fn begin(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM backtest_parts WHERE backtest_id = $1").bind(id).execute(tx.conn()).await?;
    Ok(())
}

/// Stores the account-days of some accounts: a gzip member of CSV rows without a head.
pub async fn put_part(tx: &mut TenantTx, id: Uuid, part: i32, days: i32, rows: &[u8]) -> Result<()> {
    sqlx::query(
        "INSERT INTO backtest_parts (tenant_id, backtest_id, part, days, rows) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(part)
    .bind(days)
    .bind(rows)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The next part after one, and its number.
pub async fn part_after(tx: &mut TenantTx, id: Uuid, after: i32) -> Result<Option<(i32, Vec<u8>)>> {
    sqlx::query_as(
        "SELECT p.part, p.rows FROM backtest_parts p
         JOIN backtests b ON b.tenant_id = p.tenant_id AND b.id = p.backtest_id AND b.deleted_at IS NULL
         WHERE p.backtest_id = $1 AND p.part > $2 ORDER BY p.part LIMIT 1",
    )
    .bind(id)
    .bind(after)
    .fetch_optional(tx.conn())
    .await
}

/// Stores what came of it.
pub async fn finish(
    tx: &mut TenantTx,
    id: Uuid,
    report: &serde_json::Value,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("UPDATE backtests SET report = $2, finished_at = $3 WHERE id = $1")
        .bind(id)
        .bind(report)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Takes it away (with a moment) or back (without one); its title, none when there was nothing to change.
pub async fn set_deleted(
    tx: &mut TenantTx,
    id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
) -> Result<Option<String>> {
    sqlx::query_scalar(
        "UPDATE backtests SET deleted_at = $2 WHERE id = $1 AND (deleted_at IS NULL) = ($2::timestamptz IS NOT NULL)
         RETURNING title",
    )
    .bind(id)
    .bind(deleted_at)
    .fetch_optional(tx.conn())
    .await
}

/// Forgets for good what was taken away before a moment.
pub async fn forget_deleted(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<()> {
    sqlx::query("DELETE FROM backtests WHERE deleted_at < $1").bind(before).execute(tx.conn()).await?;
    Ok(())
}

/// A methodology that can be tried: a published version, or a draft.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Triable {
    /// Its id.
    pub id: Uuid,
    /// Its number; none for a draft.
    pub version: Option<i32>,
    /// The pack's name.
    pub pack_name: String,
    /// draft, published or superseded.
    pub status: String,
}

/// What can be tried: drafts, then versions, newest first.
pub async fn triable(tx: &mut TenantTx) -> Result<Vec<Triable>> {
    sqlx::query_as(
        "SELECT id, version, pack_name, status FROM methodologies WHERE status IN ('draft', 'published', 'superseded')
         ORDER BY version DESC NULLS FIRST, id DESC LIMIT 100",
    )
    .fetch_all(tx.conn())
    .await
}

/// A draft's pack name, file and overrides as they are now.
pub async fn draft(tx: &mut TenantTx, id: Uuid) -> Result<Option<(String, String, serde_json::Value)>> {
    sqlx::query_as(
        "SELECT pack_name, source, overrides FROM methodologies WHERE id = $1 AND status = 'draft'",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await
}

/// How many wait or run.
pub async fn unfinished(tx: &mut TenantTx) -> Result<i64> {
    sqlx::query_scalar(
        "SELECT count(*) FROM backtests b JOIN jobs j ON j.tenant_id = b.tenant_id AND j.id = b.job_id
         WHERE b.finished_at IS NULL AND b.deleted_at IS NULL AND j.finished_at IS NULL AND j.cancelled_at IS NULL",
    )
    .fetch_one(tx.conn())
    .await
}
