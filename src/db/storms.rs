//! Rules that were true of too many accounts at once, and what a manager said.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A rule whose alerts wait, or waited, for a manager's word.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Storm {
    /// Its id.
    pub id: Uuid,
    /// The rule's id.
    pub rule: String,
    /// The rule's name.
    pub name: String,
    /// The tenant's day it was noticed.
    pub noticed_on: NaiveDate,
    /// Accounts the rule is true of.
    pub accounts: i32,
    /// Accounts in business then.
    pub of_accounts: i32,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub decided_by: Option<String>,
    /// `released`, `refused` or `cleared`.
    pub decision: Option<String>,
}

/// The share of accounts a rule may open on at once, the number that always may, and the accounts in business.
pub async fn limits(tx: &mut TenantTx) -> Result<(f32, i32, i64)> {
    sqlx::query_as(
        "SELECT storm_share, storm_least, (SELECT count(*) FROM accounts WHERE churned_on IS NULL) FROM tenants",
    )
    .fetch_one(tx.conn())
    .await
}

/// Sets the share and the number.
pub async fn set_limits(tx: &mut TenantTx, share: f32, least: i32) -> Result<()> {
    sqlx::query("UPDATE tenants SET storm_share = $1, storm_least = $2 WHERE id = $3")
        .bind(share)
        .bind(least)
        .bind(tx.tenant())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes that a rule waits; true when it did not before.
pub async fn notice(
    tx: &mut TenantTx,
    rule: &str,
    name: &str,
    accounts: i64,
    of_accounts: i64,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<bool> {
    sqlx::query_scalar(
        "INSERT INTO storms (tenant_id, id, rule, name, noticed_on, noticed_at, accounts, of_accounts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, rule) WHERE decided_at IS NULL
           DO UPDATE SET accounts = excluded.accounts, of_accounts = excluded.of_accounts
         RETURNING xmax = 0",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(rule)
    .bind(name)
    .bind(on)
    .bind(at)
    .bind(i32::try_from(accounts).unwrap_or(i32::MAX))
    .bind(i32::try_from(of_accounts).unwrap_or(i32::MAX))
    .fetch_one(tx.conn())
    .await
}

/// Those that wait, the newest first; with decided ones when asked for.
pub async fn list(tx: &mut TenantTx, decided: bool) -> Result<Vec<Storm>> {
    sqlx::query_as(
        "SELECT id, rule, name, noticed_on, accounts, of_accounts, decided_at, decided_by, decision FROM storms
         WHERE $1 OR decided_at IS NULL ORDER BY decided_at IS NOT NULL, noticed_at DESC LIMIT 200",
    )
    .bind(decided)
    .fetch_all(tx.conn())
    .await
}

/// One of them.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Storm>> {
    sqlx::query_as(
        "SELECT id, rule, name, noticed_on, accounts, of_accounts, decided_at, decided_by, decision FROM storms WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await
}

/// Decides one that waits; none when it does not.
pub async fn decide(
    tx: &mut TenantTx,
    id: Uuid,
    decision: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<Option<Storm>> {
    sqlx::query_as(
        "UPDATE storms SET decision = $2, decided_by = $3, decided_at = $4 WHERE id = $1 AND decided_at IS NULL
         RETURNING id, rule, name, noticed_on, accounts, of_accounts, decided_at, decided_by, decision",
    )
    .bind(id)
    .bind(decision)
    .bind(by)
    .bind(at)
    .fetch_optional(tx.conn())
    .await
}

/// Ends those whose rules are true of nobody any more.
pub async fn clear(tx: &mut TenantTx, at: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "UPDATE storms s SET decision = 'cleared', decided_by = 'Holdfast', decided_at = $1
         WHERE s.decided_at IS NULL AND NOT EXISTS (SELECT FROM alerts l WHERE l.rule = s.rule AND l.state IN ('held', 'proposed'))",
    )
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}
