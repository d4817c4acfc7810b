//! The facts a score is made from: what was known of some accounts, as of a day.
//!
//! Series carry when each figure became known. Accounts and contracts are rows that are overwritten, so what they
//! said on a past day stands beside them, kept by triggers: [`versions`]. Today's scoring never reads it.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::contracts::Contract;
use super::{Result, TenantTx};

/// What is stated of an account.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AccountRow {
    /// Account.
    pub id: Uuid,
    /// Start as stated.
    pub start_date: Option<NaiveDate>,
    /// Segment set by hand.
    pub pinned_segment: Option<String>,
    /// Own fields.
    pub fields: serde_json::Value,
    /// When Holdfast first heard of it.
    pub created_at: DateTime<Utc>,
}

/// A contract of one of them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ContractRow {
    /// Account.
    pub account_id: Uuid,
    /// The contract.
    #[sqlx(flatten)]
    pub contract: Contract,
}

/// What became known on one day about one day of one metric of one of them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DayRow {
    /// Account.
    pub account_id: Uuid,
    /// Metric.
    pub metric_id: i32,
    /// Day it is about.
    pub day: NaiveDate,
    /// Day on which it became known.
    pub known_on: NaiveDate,
    /// Events.
    pub count: i64,
    /// Sum of the property.
    pub sum: f64,
    /// Distinct users.
    pub users: i32,
    /// Gauge, a number.
    pub value: Option<f64>,
    /// Gauge, a word.
    pub label: Option<String>,
    /// When a gauge's sample was taken.
    pub value_at: Option<DateTime<Utc>>,
}

/// The facts of some accounts. Every list is sorted by account, series by metric, day and known day within it.
#[derive(Debug, Clone, Default)]
pub struct FactRows {
    /// The accounts.
    pub accounts: Vec<AccountRow>,
    /// Their contracts, oldest first.
    pub contracts: Vec<ContractRow>,
    /// Their series.
    pub days: Vec<DayRow>,
    /// The last day before the window with any event, of accounts that had one.
    pub last_event: Vec<(Uuid, NaiveDate)>,
}

/// Loads what is needed to score accounts on every day up to `to`: counters after `counters_from`, gauges (whose
/// last sample holds) after `gauges_from`, leaving out what became known after `known_by`.
pub async fn load(
    tx: &mut TenantTx,
    ids: &[Uuid],
    counters_from: NaiveDate,
    gauges_from: NaiveDate,
    to: NaiveDate,
    known_by: NaiveDate,
) -> Result<FactRows> {
    let accounts = sqlx::query_as(
        "SELECT id, start_date, pinned_segment, fields, created_at FROM accounts WHERE id = ANY($1) ORDER BY id",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let contracts = sqlx::query_as(
        "SELECT account_id, external_id, start_date, end_date, term_months, arr_minor, currency, seats, ended_on
         FROM contracts WHERE account_id = ANY($1) ORDER BY account_id, start_date, id",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let days = sqlx::query_as(
        "SELECT d.account_id, d.metric_id, d.day, d.known_on, d.count, d.sum::float8 AS sum, d.users, d.value, d.label,
                d.value_at
         FROM metric_days d JOIN metrics m ON m.tenant_id = d.tenant_id AND m.id = d.metric_id
         WHERE d.account_id = ANY($1) AND d.day <= $2 AND d.known_on <= $3
           AND d.day > CASE WHEN m.kind = 'gauge' THEN $5 ELSE $4 END
         ORDER BY d.account_id, d.metric_id, d.day, d.known_on",
    )
    .bind(ids)
    .bind(to)
    .bind(known_by)
    .bind(counters_from)
    .bind(gauges_from)
    .fetch_all(tx.conn())
    .await?;
    let last_event = sqlx::query_as(
        "SELECT a.id, max(l.day) FROM unnest($1::uuid[]) AS a (id)
         CROSS JOIN metrics m CROSS JOIN LATERAL (
           SELECT d.day FROM metric_days d WHERE d.account_id = a.id AND d.metric_id = m.id AND d.day <= $2
             AND d.known_on <= $3 ORDER BY d.day DESC LIMIT 1) l
         WHERE m.kind <> 'gauge' GROUP BY a.id",
    )
    .bind(ids)
    .bind(counters_from)
    .bind(known_by)
    .fetch_all(tx.conn())
    .await?;
    Ok(FactRows { accounts, contracts, days, last_event })
}

/// What was stated of an account from a day on, until its next version.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AccountVersion {
    /// Account.
    pub account_id: Uuid,
    /// The tenant's day on which it was stated.
    pub known_on: NaiveDate,
    /// Start as stated.
    pub start_date: Option<NaiveDate>,
    /// Segment set by hand.
    pub pinned_segment: Option<String>,
    /// Own fields.
    pub fields: serde_json::Value,
}

/// What was stated of a contract from a day on, until its next version.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ContractVersion {
    /// The contract's id.
    pub contract_id: Uuid,
    /// The tenant's day on which it was stated.
    pub known_on: NaiveDate,
    /// Whose it was then.
    pub account_id: Uuid,
    /// The contract.
    #[sqlx(flatten)]
    pub contract: Contract,
}

/// Every version of some accounts and of all contracts that ever were theirs.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    /// By account and day.
    pub accounts: Vec<AccountVersion>,
    /// By contract and day.
    pub contracts: Vec<ContractVersion>,
}

/// What was stated of some accounts and their contracts, and when.
pub async fn versions(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Versions> {
    let accounts = sqlx::query_as(
        "SELECT account_id, known_on, start_date, pinned_segment, fields FROM account_history
         WHERE account_id = ANY($1) ORDER BY account_id, known_on",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let contracts = sqlx::query_as(
        "SELECT h.contract_id, h.known_on, h.account_id, c.external_id, h.start_date, h.end_date, h.term_months,
                h.arr_minor, h.currency, h.seats, h.ended_on
         FROM contract_history h JOIN contracts c ON c.tenant_id = h.tenant_id AND c.id = h.contract_id
         WHERE h.contract_id IN (SELECT contract_id FROM contract_history WHERE account_id = ANY($1))
         ORDER BY h.contract_id, h.known_on",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(Versions { accounts, contracts })
}
