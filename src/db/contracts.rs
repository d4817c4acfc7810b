//! Contracts: terms with recurring revenue.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::accounts::{Change, changes};
use super::{Result, TenantTx};
use crate::domain::contract::Term;

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

impl Contract {
    /// Its days.
    pub fn term(&self) -> Term {
        Term {
            start: self.start_date,
            end: self.end_date,
            months: self.term_months.and_then(|months| u32::try_from(months).ok()),
            ended_on: self.ended_on,
        }
    }
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

/// Creates or updates contracts, each with the account it belongs to, by their external ids; tells which became of
/// each, in their order. A contract is stated whole, but for the end that an outcome of its renewal gave it: that
/// holds. A contract that such an outcome brought about gives way to a stated one that begins within a month of it.
/// No external id may come twice.
pub async fn put_many(
    tx: &mut TenantTx,
    stated: &[(Uuid, &Contract)],
    now: DateTime<Utc>,
) -> Result<Vec<Change>> {
    let created: Vec<(String, bool)> = sqlx::query_as(
        "INSERT INTO contracts AS c (tenant_id, id, account_id, external_id, start_date, end_date, term_months,
                                     arr_minor, currency, seats, ended_on, updated_at)
         SELECT $1, s.*, $12
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::date[], $7::int[], $8::bigint[], $9::text[],
                     $10::int[], $11::date[])
              AS s (id, account_id, external_id, start_date, end_date, term_months, arr_minor, currency, seats, ended_on)
         ORDER BY s.external_id
         ON CONFLICT (tenant_id, external_id) DO UPDATE SET account_id = excluded.account_id,
           start_date = excluded.start_date, term_months = excluded.term_months,
           end_date = CASE WHEN c.renewed_on > excluded.start_date THEN least(excluded.end_date, c.renewed_on)
                           ELSE excluded.end_date END,
           arr_minor = excluded.arr_minor, currency = excluded.currency, seats = excluded.seats,
           ended_on = CASE WHEN c.left_on >= excluded.start_date THEN coalesce(excluded.ended_on, c.left_on)
                           ELSE excluded.ended_on END,
           updated_at = excluded.updated_at
         WHERE (c.account_id, c.start_date, c.end_date, c.term_months, c.arr_minor, c.currency, c.seats, c.ended_on)
           IS DISTINCT FROM (excluded.account_id, excluded.start_date,
             CASE WHEN c.renewed_on > excluded.start_date THEN least(excluded.end_date, c.renewed_on)
                  ELSE excluded.end_date END, excluded.term_months,
             excluded.arr_minor, excluded.currency, excluded.seats,
             CASE WHEN c.left_on >= excluded.start_date THEN coalesce(excluded.ended_on, c.left_on)
                  ELSE excluded.ended_on END)
         RETURNING c.external_id, (xmax = 0)",
    )
    .bind(tx.tenant())
    .bind(stated.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.external_id.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.start_date).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.end_date).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.term_months).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.arr_minor).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.currency.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.seats).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.ended_on).collect::<Vec<_>>())
    .bind(now)
    .fetch_all(tx.conn())
    .await?;
    give_way(tx, stated, now).await?;
    Ok(changes(&created, stated.iter().map(|(_, c)| c.external_id.as_str())))
}

/// Contracts as they are stated so far, by their external ids, each with its account.
pub async fn stated(tx: &mut TenantTx, external_ids: &[&str]) -> Result<Vec<(Uuid, Contract)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        account_id: Uuid,
        #[sqlx(flatten)]
        contract: Contract,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT account_id, external_id, start_date, end_date, term_months, arr_minor, currency, seats, ended_on
         FROM contracts WHERE external_id = ANY($1)",
    )
    .bind(external_ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.account_id, row.contract)).collect())
}

/// Contracts that outcomes brought about end before they began where the tenant's own systems state the next term:
/// one that begins within 31 days of it and is no contract that was renewed.
async fn give_way(tx: &mut TenantTx, stated: &[(Uuid, &Contract)], now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "UPDATE contracts o SET ended_on = o.start_date, updated_at = $4
         FROM unnest($1::uuid[], $2::text[], $3::date[]) AS s (account_id, external_id, start_date)
         WHERE o.account_id = s.account_id AND o.renewal_id IS NOT NULL AND o.ended_on IS NULL
           AND o.external_id <> s.external_id AND abs(o.start_date - s.start_date) <= 31
           AND NOT EXISTS (SELECT FROM renewal_contracts r JOIN contracts c ON c.id = r.contract_id
                           WHERE r.renewal_id = o.renewal_id AND c.external_id = s.external_id)",
    )
    .bind(stated.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.external_id.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.start_date).collect::<Vec<_>>())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The accounts that contracts belong to now, by their external ids; unknown ones are missing from the answer.
pub async fn accounts_of(tx: &mut TenantTx, external_ids: &[&str]) -> Result<Vec<(String, Uuid)>> {
    sqlx::query_as("SELECT external_id, account_id FROM contracts WHERE external_id = ANY($1)")
        .bind(external_ids)
        .fetch_all(tx.conn())
        .await
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
