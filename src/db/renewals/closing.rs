//! Outcomes, what they do to contracts, and the way back.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::db::{Result, TenantTx};

/// What became of a renewal.
#[derive(Debug, Clone)]
pub struct Closed<'a> {
    /// The outcome's word (`domain::forecast::Kind`).
    pub outcome: &'a str,
    /// `person` or `contracts`.
    pub told_by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
    /// The tenant's day.
    pub on: NaiveDate,
    /// By whom.
    pub by: &'a str,
    /// The first day of the next term, or the first without any.
    pub effective_on: NaiveDate,
    /// Months of the next term, where somebody said so.
    pub term_months: Option<i32>,
    /// The reason's word.
    pub reason: Option<&'a str>,
    /// More about it.
    pub note: &'a str,
    /// Who got it instead.
    pub competitor: &'a str,
}

/// Closes an open renewal; false when it is closed already.
pub async fn close(tx: &mut TenantTx, id: Uuid, closed: &Closed<'_>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE renewals SET outcome = $2, told_by = $3, closed_at = $4, closed_on = $5, closed_by = $6,
           effective_on = $7, term_months = $8, reason = $9, note = $10, competitor = $11
         WHERE id = $1 AND outcome IS NULL",
    )
    .bind(id)
    .bind(closed.outcome)
    .bind(closed.told_by)
    .bind(closed.at)
    .bind(closed.on)
    .bind(closed.by)
    .bind(closed.effective_on)
    .bind(closed.term_months)
    .bind(closed.reason)
    .bind(closed.note)
    .bind(closed.competitor)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes what contracts of a renewal are worth afterwards: (contract, ARR in minor units).
pub async fn set_after(tx: &mut TenantTx, renewal: Uuid, after: &[(Uuid, i64)]) -> Result<()> {
    sqlx::query(
        "UPDATE renewal_contracts r SET after_minor = x.minor
         FROM unnest($2::uuid[], $3::bigint[]) AS x (contract_id, minor)
         WHERE r.renewal_id = $1 AND r.contract_id = x.contract_id",
    )
    .bind(renewal)
    .bind(after.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(after.iter().map(|(_, minor)| *minor).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How an outcome ends a contract.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// Its next term begins on this day.
    Renewed(NaiveDate),
    /// It ends on this day without another.
    Left(NaiveDate),
}

/// Ends a contract and keeps how it stood, so that it can be taken back.
pub async fn end_contract(
    tx: &mut TenantTx,
    renewal: Uuid,
    contract: Uuid,
    ending: Ending,
    now: DateTime<Utc>,
) -> Result<()> {
    let (renewed, left) = match ending {
        Ending::Renewed(day) => (Some(day), None),
        Ending::Left(day) => (None, Some(day)),
    };
    sqlx::query(
        "UPDATE renewal_contracts r SET changed = true, end_was = c.end_date, ended_was = c.ended_on
         FROM contracts c WHERE r.renewal_id = $1 AND r.contract_id = $2 AND c.id = $2",
    )
    .bind(renewal)
    .bind(contract)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "UPDATE contracts SET end_date = CASE WHEN $2::date IS NULL THEN end_date ELSE least(end_date, $2) END,
           ended_on = coalesce($3, ended_on), renewed_on = $2, left_on = $3, updated_at = $4 WHERE id = $1",
    )
    .bind(contract)
    .bind(renewed)
    .bind(left)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The next term of a contract, as a contract of its own.
#[derive(Debug, Clone)]
pub struct NextContract {
    /// The one it follows.
    pub follows: Uuid,
    /// The renewal that brought it about.
    pub renewal: Uuid,
    /// Its identity.
    pub external_id: String,
    /// First day.
    pub start_date: NaiveDate,
    /// The day after its last, where it is fixed.
    pub end_date: Option<NaiveDate>,
    /// Length in months.
    pub term_months: Option<i32>,
    /// ARR, minor units of the currency of the one it follows.
    pub arr_minor: i64,
}

/// Adds the next term of a contract; account, currency and seats are those of the one it follows.
pub async fn insert_next(tx: &mut TenantTx, next: &NextContract, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO contracts (tenant_id, id, account_id, external_id, start_date, end_date, term_months, arr_minor,
                                currency, seats, updated_at, renewal_id)
         SELECT $1, $2, c.account_id, $3, $4, $5, $6, $7, c.currency, c.seats, $8, $9 FROM contracts c WHERE c.id = $10",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(&next.external_id)
    .bind(next.start_date)
    .bind(next.end_date)
    .bind(next.term_months)
    .bind(next.arr_minor)
    .bind(now)
    .bind(next.renewal)
    .bind(next.follows)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives the contracts an outcome ended the days they had, and takes away those it brought about.
pub async fn restore_contracts(tx: &mut TenantTx, renewal: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("DELETE FROM contracts WHERE renewal_id = $1").bind(renewal).execute(tx.conn()).await?;
    sqlx::query(
        "UPDATE contracts c SET end_date = r.end_was, ended_on = r.ended_was, renewed_on = NULL, left_on = NULL,
           updated_at = $2
         FROM renewal_contracts r WHERE r.renewal_id = $1 AND r.contract_id = c.id AND r.changed",
    )
    .bind(renewal)
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "UPDATE renewal_contracts SET changed = false, end_was = NULL, ended_was = NULL, after_minor = NULL
         WHERE renewal_id = $1",
    )
    .bind(renewal)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Opens a closed renewal again.
pub async fn reopen(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "UPDATE renewals SET outcome = NULL, told_by = NULL, closed_at = NULL, closed_on = NULL, closed_by = NULL,
           effective_on = NULL, term_months = NULL, reason = NULL, note = '', competitor = '', reopened_at = $2
         WHERE id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The day an account leaves that was said to leave by a day: after that day, or it has left.
pub async fn leaves_on(tx: &mut TenantTx, account: Uuid, day: NaiveDate) -> Result<Option<NaiveDate>> {
    sqlx::query_scalar(
        "SELECT max(effective_on) FROM renewals
         WHERE account_id = $1 AND outcome = 'churned' AND closed_on <= $2 AND effective_on > $2",
    )
    .bind(account)
    .bind(day)
    .fetch_one(tx.conn())
    .await
}
