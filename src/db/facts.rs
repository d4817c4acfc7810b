//! The facts a score is made from: what was known of some accounts, as of a day.

use chrono::NaiveDate;
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

/// One day of one metric of one of them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DayRow {
    /// Account.
    pub account_id: Uuid,
    /// Metric.
    pub metric_id: i32,
    /// Day.
    pub day: NaiveDate,
    /// Events.
    pub count: i64,
    /// Sum of the property.
    pub sum: f64,
    /// Distinct users.
    pub users: i64,
    /// Gauge, a number.
    pub value: Option<f64>,
    /// Gauge, a word.
    pub label: Option<String>,
}

/// The facts of some accounts. Every list is sorted by account, series by metric and day within it.
#[derive(Debug, Clone, Default)]
pub struct FactRows {
    /// The accounts.
    pub accounts: Vec<AccountRow>,
    /// Their contracts that had begun by the day, oldest first.
    pub contracts: Vec<ContractRow>,
    /// Their series.
    pub days: Vec<DayRow>,
    /// The last day with any event, of accounts that ever had one.
    pub last_event: Vec<(Uuid, NaiveDate)>,
}

/// Loads the facts of accounts as of `as_of`, leaving out everything that became known after `known_by`.
/// Counters go back to `counters_from`, gauges (whose last sample holds) to `gauges_from`, both exclusive.
pub async fn load(
    tx: &mut TenantTx,
    ids: &[Uuid],
    as_of: NaiveDate,
    known_by: NaiveDate,
    counters_from: NaiveDate,
    gauges_from: NaiveDate,
) -> Result<FactRows> {
    let accounts =
        sqlx::query_as("SELECT id, start_date, pinned_segment, fields FROM accounts WHERE id = ANY($1) ORDER BY id")
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
        "SELECT d.account_id, d.metric_id, d.day, sum(d.count)::bigint AS count, sum(d.sum)::float8 AS sum,
                sum(d.users)::bigint AS users,
                (array_agg(d.value ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC))[1] AS value,
                (array_agg(d.label ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC))[1] AS label
         FROM metric_days d JOIN metrics m ON m.tenant_id = d.tenant_id AND m.id = d.metric_id
         WHERE d.account_id = ANY($1) AND d.day <= $2 AND d.known_on <= $3
           AND d.day > CASE WHEN m.kind = 'gauge' THEN $5 ELSE $4 END
         GROUP BY d.account_id, d.metric_id, d.day ORDER BY d.account_id, d.metric_id, d.day",
    )
    .bind(ids)
    .bind(as_of)
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
    .bind(as_of)
    .bind(known_by)
    .fetch_all(tx.conn())
    .await?;
    Ok(FactRows { accounts, contracts, days, last_event })
}
