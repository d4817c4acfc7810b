//! Where accounts are and were in their lifecycle: entries, what is held by hand, ticked criteria, moments.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// That an account entered a stage, and perhaps left it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Entry {
    /// Account.
    pub account_id: Uuid,
    /// The stage's id.
    pub stage: String,
    /// Whether it is one beside the base stage.
    pub overlay: bool,
    /// The day it was entered.
    pub entered_on: NaiveDate,
    /// The day it was left.
    pub left_on: Option<NaiveDate>,
}

/// Notes stages that were entered.
pub async fn enter(tx: &mut TenantTx, entries: &[Entry]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO stage_entries (tenant_id, id, account_id, stage, overlay, entered_on)
         SELECT $1, gen_random_uuid(), x.* FROM unnest($2::uuid[], $3::text[], $4::bool[], $5::date[]) AS x
         ON CONFLICT (tenant_id, account_id, stage, entered_on) DO UPDATE SET left_on = NULL",
    )
    .bind(tx.tenant())
    .bind(entries.iter().map(|e| e.account_id).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.stage.clone()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.overlay).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.entered_on).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that accounts left a stage on a day.
pub async fn leave(tx: &mut TenantTx, left: &[(Uuid, String)], on: NaiveDate) -> Result<()> {
    if left.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE stage_entries e SET left_on = greatest($3, e.entered_on)
         FROM unnest($1::uuid[], $2::text[]) AS x (account, stage)
         WHERE e.account_id = x.account AND e.stage = x.stage AND e.left_on IS NULL",
    )
    .bind(left.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(left.iter().map(|(_, stage)| stage.clone()).collect::<Vec<_>>())
    .bind(on)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The stages an account has been in, oldest first.
pub async fn entries(tx: &mut TenantTx, account: Uuid) -> Result<Vec<Entry>> {
    sqlx::query_as(
        "SELECT account_id, stage, overlay, entered_on, left_on FROM stage_entries WHERE account_id = $1
         ORDER BY entered_on, overlay, stage",
    )
    .bind(account)
    .fetch_all(tx.conn())
    .await
}

/// A stage an account is held in by hand.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Hold {
    /// Its id.
    pub id: Uuid,
    /// Account.
    pub account_id: Uuid,
    /// The stage's id.
    pub stage: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub set_by: String,
    /// Since when.
    pub set_on: NaiveDate,
    /// The day it ended; on it the calendar decides again.
    pub ended_on: Option<NaiveDate>,
}

/// The holds of accounts that were in force on some day of a stretch, oldest first.
pub async fn holds(tx: &mut TenantTx, ids: &[Uuid], from: NaiveDate, to: NaiveDate) -> Result<Vec<Hold>> {
    sqlx::query_as(
        "SELECT id, account_id, stage, reason, set_by, set_on, ended_on FROM stage_holds
         WHERE account_id = ANY($1) AND set_on <= $3 AND (ended_on IS NULL OR ended_on > $2) ORDER BY account_id, set_at",
    )
    .bind(ids)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// Holds an account in a stage, instead of whatever held it before.
pub async fn hold(
    tx: &mut TenantTx,
    account: Uuid,
    stage: &str,
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<()> {
    release(tx, account, by, at, on).await?;
    sqlx::query(
        "INSERT INTO stage_holds (tenant_id, id, account_id, stage, reason, set_by, set_at, set_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(account)
    .bind(stage)
    .bind(reason)
    .bind(by)
    .bind(at)
    .bind(on)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets the calendar decide again; the stage that was held and since when, if one was.
pub async fn release(
    tx: &mut TenantTx,
    account: Uuid,
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<Option<(String, DateTime<Utc>)>> {
    sqlx::query_as(
        "UPDATE stage_holds SET ended_at = $3, ended_on = $4, ended_by = $2
         WHERE account_id = $1 AND ended_at IS NULL RETURNING stage, set_at",
    )
    .bind(account)
    .bind(by)
    .bind(at)
    .bind(on)
    .fetch_optional(tx.conn())
    .await
}

/// A criterion that was ticked by hand.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Ticked {
    /// Account.
    pub account_id: Uuid,
    /// The stage's id.
    pub stage: String,
    /// The criterion's name.
    pub criterion: String,
    /// By whom.
    pub ticked_by: String,
    /// When.
    pub ticked_on: NaiveDate,
    /// The day that was taken back.
    pub unticked_on: Option<NaiveDate>,
}

/// The ticks of accounts that stood on some day up to `to`.
pub async fn ticks(tx: &mut TenantTx, ids: &[Uuid], from: NaiveDate, to: NaiveDate) -> Result<Vec<Ticked>> {
    sqlx::query_as(
        "SELECT account_id, stage, criterion, ticked_by, ticked_on, unticked_on FROM criterion_ticks
         WHERE account_id = ANY($1) AND ticked_on <= $3 AND (unticked_on IS NULL OR unticked_on > $2)",
    )
    .bind(ids)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// Ticks a criterion; false when it was ticked already.
pub async fn tick(
    tx: &mut TenantTx,
    account: Uuid,
    stage: &str,
    criterion: &str,
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO criterion_ticks (tenant_id, id, account_id, stage, criterion, ticked_by, ticked_at, ticked_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(account)
    .bind(stage)
    .bind(criterion)
    .bind(by)
    .bind(at)
    .bind(on)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a tick back; false when there was none.
pub async fn untick(
    tx: &mut TenantTx,
    account: Uuid,
    stage: &str,
    criterion: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE criterion_ticks SET unticked_at = $4, unticked_on = $5
         WHERE account_id = $1 AND stage = $2 AND criterion = $3 AND unticked_at IS NULL",
    )
    .bind(account)
    .bind(stage)
    .bind(criterion)
    .bind(at)
    .bind(on)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes moments that came; returns those that had not come before.
pub async fn reach(
    tx: &mut TenantTx,
    moments: &[(Uuid, String)],
    on: NaiveDate,
) -> Result<Vec<(Uuid, String)>> {
    if moments.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "INSERT INTO moments (tenant_id, account_id, moment, reached_on)
         SELECT $1, x.account, x.moment, $4 FROM unnest($2::uuid[], $3::text[]) AS x (account, moment)
         ON CONFLICT DO NOTHING RETURNING account_id, moment",
    )
    .bind(tx.tenant())
    .bind(moments.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(moments.iter().map(|(_, moment)| moment.clone()).collect::<Vec<_>>())
    .bind(on)
    .fetch_all(tx.conn())
    .await
}

/// The moments of an account and their days, in order.
pub async fn moments(tx: &mut TenantTx, account: Uuid) -> Result<Vec<(String, NaiveDate)>> {
    sqlx::query_as("SELECT moment, reached_on FROM moments WHERE account_id = $1 ORDER BY reached_on, moment")
        .bind(account)
        .fetch_all(tx.conn())
        .await
}
