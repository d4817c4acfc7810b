//! Contracts: terms with recurring revenue.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::accounts::Change;
use super::{Result, TenantTx};

/// A contract as stated.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Contract {
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// First day.
    pub start_date: NaiveDate,
    /// The day after its last: the renewal date. None when it renews by its term.
    pub end_date: Option<NaiveDate>,
    /// Length in months.
    pub term_months: Option<i32>,
    /// Annual recurring revenue, minor units.
    pub arr_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Seats bought.
    pub seats: Option<i32>,
    /// The day it ended without renewal.
    pub ended_on: Option<NaiveDate>,
}

/// Every contract of an account, newest first.
pub async fn of_account(tx: &mut TenantTx, account_id: Uuid) -> Result<Vec<Contract>> {
    sqlx::query_as(
        "SELECT external_id, start_date, end_date, term_months, arr_minor, currency, seats, ended_on
         FROM contracts WHERE account_id = $1 ORDER BY start_date DESC, id",
    )
    .bind(account_id)
    .fetch_all(tx.conn())
    .await
}

/// Creates or updates a contract by its external id.
pub async fn put(
    tx: &mut TenantTx,
    account_id: Uuid,
    contract: &Contract,
    now: DateTime<Utc>,
) -> Result<Change> {
    let created: Option<bool> = sqlx::query_scalar(
        "INSERT INTO contracts AS c (tenant_id, id, account_id, external_id, start_date, end_date, term_months,
                                     arr_minor, currency, seats, ended_on, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (tenant_id, external_id) DO UPDATE SET account_id = excluded.account_id,
           start_date = excluded.start_date, end_date = excluded.end_date, term_months = excluded.term_months,
           arr_minor = excluded.arr_minor, currency = excluded.currency, seats = excluded.seats,
           ended_on = excluded.ended_on, updated_at = excluded.updated_at
         WHERE (c.account_id, c.start_date, c.end_date, c.term_months, c.arr_minor, c.currency, c.seats, c.ended_on)
           IS DISTINCT FROM (excluded.account_id, excluded.start_date, excluded.end_date, excluded.term_months,
             excluded.arr_minor, excluded.currency, excluded.seats, excluded.ended_on)
         RETURNING (xmax = 0)",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(account_id)
    .bind(&contract.external_id)
    .bind(contract.start_date)
    .bind(contract.end_date)
    .bind(contract.term_months)
    .bind(contract.arr_minor)
    .bind(&contract.currency)
    .bind(contract.seats)
    .bind(contract.ended_on)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    Ok(match created {
        Some(true) => Change::Created,
        Some(false) => Change::Updated,
        None => Change::Unchanged,
    })
}

/// Exchange rates into the tenant's currency: units of it per unit of the other.
pub async fn rates(tx: &mut TenantTx) -> Result<Vec<(String, String)>> {
    sqlx::query_as("SELECT currency, rate::text FROM exchange_rates ORDER BY currency")
        .fetch_all(tx.conn())
        .await
}

/// States an exchange rate, as a decimal in text so that nothing is lost.
pub async fn put_rate(tx: &mut TenantTx, currency: &str, rate: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO exchange_rates (tenant_id, id, currency, rate, updated_at) VALUES ($1, $2, $3, $4::numeric, $5)
         ON CONFLICT (tenant_id, currency) DO UPDATE SET rate = excluded.rate, updated_at = excluded.updated_at",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(currency)
    .bind(rate)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The currencies contracts are in, with how many each.
pub async fn currencies(tx: &mut TenantTx) -> Result<Vec<(String, i64)>> {
    sqlx::query_as("SELECT currency, count(*) FROM contracts GROUP BY currency ORDER BY currency")
        .fetch_all(tx.conn())
        .await
}
