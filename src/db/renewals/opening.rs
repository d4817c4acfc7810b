//! What scoring does to renewals: opens them, follows their strategy, moves them.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{COLUMNS, Renewal};
use crate::db::contracts::Contract;
use crate::db::{Result, TenantTx};

/// A contract with what outcomes did to it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account_id: Uuid,
    /// The contract.
    #[sqlx(flatten)]
    pub contract: Contract,
    /// The day an outcome had its next term begin.
    pub renewed_on: Option<NaiveDate>,
    /// The day an outcome ended it.
    pub left_on: Option<NaiveDate>,
}

/// Every contract of some accounts, by account.
pub async fn contracts_of(tx: &mut TenantTx, accounts: &[Uuid]) -> Result<Vec<Due>> {
    sqlx::query_as(
        "SELECT id, account_id, external_id, start_date, end_date, term_months, arr_minor, currency, seats, ended_on,
                renewed_on, left_on
         FROM contracts WHERE account_id = ANY($1) ORDER BY account_id, start_date, id",
    )
    .bind(accounts)
    .fetch_all(tx.conn())
    .await
}

/// The open renewals of some accounts, by account and day.
pub async fn open_of(tx: &mut TenantTx, accounts: &[Uuid]) -> Result<Vec<Renewal>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM renewals r WHERE r.account_id = ANY($1) AND r.outcome IS NULL
         ORDER BY r.account_id, r.renews_on"
    )))
    .bind(accounts)
    .fetch_all(tx.conn())
    .await
}

/// The day each open renewal of some accounts was opened: (account, renewal date, day).
pub async fn opened_on(tx: &mut TenantTx, accounts: &[Uuid]) -> Result<Vec<(Uuid, NaiveDate, NaiveDate)>> {
    sqlx::query_as(
        "SELECT account_id, renews_on, opened_on FROM renewals WHERE account_id = ANY($1) AND outcome IS NULL",
    )
    .bind(accounts)
    .fetch_all(tx.conn())
    .await
}

/// A renewal to be opened.
#[derive(Debug, Clone)]
pub struct New {
    /// The account.
    pub account: Uuid,
    /// The day it renews on.
    pub renews_on: NaiveDate,
    /// The timeline's id.
    pub timeline: Option<String>,
}

/// Opens renewals; one that is there already, open or closed, stays as it is. Returns those that are new.
pub async fn open(
    tx: &mut TenantTx,
    new: &[New],
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Vec<Renewal>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "INSERT INTO renewals AS r (tenant_id, id, account_id, renews_on, opened_on, opened_at, timeline)
         SELECT $1, n.id, n.account_id, n.renews_on, $2, $3, n.timeline
         FROM unnest($4::uuid[], $5::uuid[], $6::date[], $7::text[]) AS n (id, account_id, renews_on, timeline)
         ON CONFLICT (tenant_id, account_id, renews_on) DO NOTHING RETURNING {COLUMNS}"
    )))
    .bind(tx.tenant())
    .bind(today)
    .bind(now)
    .bind(new.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.account).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.renews_on).collect::<Vec<_>>())
    .bind(new.iter().map(|n| n.timeline.clone()).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await
}

/// Says which contracts some open renewals are about: (renewal, contract, ARR in minor units, currency).
pub async fn link(tx: &mut TenantTx, links: &[(Uuid, Uuid, i64, String)]) -> Result<()> {
    let renewals: Vec<Uuid> = links.iter().map(|link| link.0).collect();
    let contracts: Vec<Uuid> = links.iter().map(|link| link.1).collect();
    sqlx::query(
        "DELETE FROM renewal_contracts r WHERE r.renewal_id = ANY($1::uuid[])
           AND NOT EXISTS (SELECT FROM unnest($1::uuid[], $2::uuid[]) AS x (renewal_id, contract_id)
                           WHERE x.renewal_id = r.renewal_id AND x.contract_id = r.contract_id)",
    )
    .bind(&renewals)
    .bind(&contracts)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "INSERT INTO renewal_contracts AS r (tenant_id, renewal_id, contract_id, arr_minor, currency)
         SELECT $1, x.* FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[]) AS x
         ON CONFLICT (tenant_id, renewal_id, contract_id) DO UPDATE
           SET arr_minor = excluded.arr_minor, currency = excluded.currency
         WHERE (r.arr_minor, r.currency) IS DISTINCT FROM (excluded.arr_minor, excluded.currency)",
    )
    .bind(tx.tenant())
    .bind(&renewals)
    .bind(&contracts)
    .bind(links.iter().map(|link| link.2).collect::<Vec<_>>())
    .bind(links.iter().map(|link| link.3.clone()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A strategy that takes the place of another.
#[derive(Debug, Clone)]
pub struct Change {
    /// Id of its line in the log.
    pub id: Uuid,
    /// The renewal.
    pub renewal: Uuid,
    /// The timeline as things are.
    pub timeline: Option<String>,
    /// The strategy before.
    pub from: Option<String>,
    /// The strategy since.
    pub to: Option<String>,
    /// Why.
    pub why: String,
}

/// Changes strategies and notes why.
pub async fn change_strategies(
    tx: &mut TenantTx,
    changes: &[Change],
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH x AS (SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[])
                    AS x (id, renewal_id, timeline, was, is_now, why)),
         changed AS (UPDATE renewals r SET strategy = x.is_now, timeline = x.timeline FROM x WHERE r.id = x.renewal_id)
         INSERT INTO renewal_strategies (tenant_id, id, renewal_id, day, at, from_strategy, to_strategy, why)
         SELECT $1, x.id, x.renewal_id, $2, $3, x.was, x.is_now, x.why FROM x",
    )
    .bind(tx.tenant())
    .bind(today)
    .bind(now)
    .bind(changes.iter().map(|c| c.id).collect::<Vec<_>>())
    .bind(changes.iter().map(|c| c.renewal).collect::<Vec<_>>())
    .bind(changes.iter().map(|c| c.timeline.clone()).collect::<Vec<_>>())
    .bind(changes.iter().map(|c| c.from.clone()).collect::<Vec<_>>())
    .bind(changes.iter().map(|c| c.to.clone()).collect::<Vec<_>>())
    .bind(changes.iter().map(|c| c.why.clone()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How likely a backtest makes a renewal.
#[derive(Debug, Clone, Copy)]
pub struct Modelled {
    /// The renewal.
    pub renewal: Uuid,
    /// 0–100; none where it says nothing.
    pub likelihood: Option<i16>,
    /// The version tried.
    pub version: Option<i32>,
}

/// Stores what a backtest says.
pub async fn model(tx: &mut TenantTx, modelled: &[Modelled]) -> Result<()> {
    if modelled.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE renewals r SET modelled = x.likelihood, modelled_by = x.version
         FROM unnest($1::uuid[], $2::smallint[], $3::int[]) AS x (id, likelihood, version) WHERE r.id = x.id",
    )
    .bind(modelled.iter().map(|m| m.renewal).collect::<Vec<_>>())
    .bind(modelled.iter().map(|m| m.likelihood).collect::<Vec<_>>())
    .bind(modelled.iter().map(|m| m.version).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives an open renewal another day, which its contracts state now; false where the account has one on that day.
pub async fn move_to(tx: &mut TenantTx, id: Uuid, renews_on: NaiveDate) -> Result<bool> {
    let moved = sqlx::query(
        "UPDATE renewals r SET renews_on = $2 WHERE r.id = $1 AND NOT EXISTS
           (SELECT FROM renewals o WHERE o.account_id = r.account_id AND o.renews_on = $2)",
    )
    .bind(id)
    .bind(renews_on)
    .execute(tx.conn())
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Forgets an open renewal whose contracts renew on the day of another one, or are no longer the account's.
pub async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM renewals WHERE id = $1 AND outcome IS NULL").bind(id).execute(tx.conn()).await?;
    Ok(())
}
