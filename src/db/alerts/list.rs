//! Lists of alerts: what is asked for, in which order, what it is worth.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Alert, SELECT};
use crate::db::{Result, TenantTx};

/// In which state alerts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// Open, neither put off nor set aside.
    #[default]
    Open,
    /// Open and put off until a day to come.
    Snoozed,
    /// Open and set aside.
    Dismissed,
    /// Waiting for a manager's word.
    Held,
    /// Closed, however.
    Closed,
    /// Whatever was opened.
    Any,
}

impl Which {
    /// Every one.
    pub const ALL: [Which; 6] =
        [Which::Open, Which::Snoozed, Which::Dismissed, Which::Held, Which::Closed, Which::Any];

    /// The word in URLs and the API.
    pub fn word(self) -> &'static str {
        match self {
            Which::Open => "open",
            Which::Snoozed => "snoozed",
            Which::Dismissed => "dismissed",
            Which::Held => "held",
            Which::Closed => "closed",
            Which::Any => "any",
        }
    }

    /// The one of a word.
    pub fn parse(word: &str) -> Option<Which> {
        Which::ALL.into_iter().find(|which| which.word() == word)
    }

    /// `$1` is the tenant's day.
    fn sql(self) -> &'static str {
        match self {
            Which::Open => {
                "l.state = 'open' AND l.dismissed_at IS NULL AND (l.snoozed_until IS NULL OR l.snoozed_until <= $1)"
            }
            Which::Snoozed => "l.state = 'open' AND l.dismissed_at IS NULL AND l.snoozed_until > $1",
            Which::Dismissed => "l.state = 'open' AND l.dismissed_at IS NOT NULL AND $1::date IS NOT NULL",
            Which::Held => "l.state = 'held' AND l.dismissed_at IS NULL AND $1::date IS NOT NULL",
            Which::Closed => "l.state = 'closed' AND $1::date IS NOT NULL",
            Which::Any => "l.state IN ('open', 'closed') AND $1::date IS NOT NULL",
        }
    }
}

/// Which alerts are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In which state.
    pub which: Which,
    /// Of one account.
    pub account: Option<Uuid>,
    /// Of one member: what they own.
    pub owner: Option<Uuid>,
    /// In one member's care: what they own, and what nobody owns on their accounts.
    pub care: Option<Uuid>,
    /// Without an owner only.
    pub unassigned: bool,
    /// Of one rule.
    pub rule: Option<String>,
    /// Of one severity.
    pub severity: Option<String>,
    /// Of one category.
    pub category: Option<String>,
    /// Those that only tell or start something too.
    pub quiet: bool,
}

const WHERE: &str = " AND ($2::uuid IS NULL OR l.account_id = $2) AND ($3::uuid IS NULL OR l.owner_id = $3)
   AND ($4::uuid IS NULL OR l.owner_id = $4 OR (l.owner_id IS NULL AND a.owner_id = $4))
   AND (NOT $5 OR l.owner_id IS NULL) AND ($6::text IS NULL OR l.rule = $6) AND ($7::text IS NULL OR l.severity = $7)
   AND ($8::text IS NULL OR l.category = $8) AND ($9 OR l.asks)";

macro_rules! filtered {
    ($query:expr, $filter:expr, $today:expr) => {
        $query
            .bind($today)
            .bind($filter.account)
            .bind($filter.owner)
            .bind($filter.care)
            .bind($filter.unassigned)
            .bind(&$filter.rule)
            .bind(&$filter.severity)
            .bind(&$filter.category)
            .bind($filter.quiet)
    };
}

/// Alerts, the gravest first, then by revenue and age; closed ones the latest first.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    today: NaiveDate,
    offset: i64,
    limit: i64,
) -> Result<Vec<Alert>> {
    let sql = format!(
        "{SELECT} WHERE {}{WHERE} ORDER BY l.closed_at DESC NULLS FIRST,
           array_position(ARRAY['critical', 'high', 'medium', 'low'], l.severity),
           s.arr_base_minor DESC NULLS LAST, l.opened_at DESC, l.id OFFSET $10 LIMIT $11",
        filter.which.sql()
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    filtered!(query, filter, today).bind(offset).bind(limit).fetch_all(tx.conn()).await
}

/// Alerts in the order in which they were raised, beginning after an id.
pub async fn page(
    tx: &mut TenantTx,
    filter: &Filter,
    today: NaiveDate,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Alert>> {
    let sql = format!(
        "{SELECT} WHERE {}{WHERE} AND ($10::uuid IS NULL OR l.id > $10) ORDER BY l.id LIMIT $11",
        filter.which.sql()
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    filtered!(query, filter, today).bind(after).bind(limit).fetch_all(tx.conn()).await
}

/// How many alerts, and what the accounts they are about are worth.
#[derive(Debug, Clone, Copy, Default, sqlx::FromRow)]
pub struct Totals {
    /// Alerts.
    pub alerts: i64,
    /// Accounts, each once.
    pub accounts: i64,
    /// Their ARR in the tenant's currency, minor units.
    pub arr_base_minor: i64,
}

/// What a filter comes to.
pub async fn totals(tx: &mut TenantTx, filter: &Filter, today: NaiveDate) -> Result<Totals> {
    let sql = format!(
        "WITH found AS (SELECT l.account_id, count(*) AS n FROM alerts l
           JOIN accounts a ON a.tenant_id = l.tenant_id AND a.id = l.account_id WHERE {}{WHERE} GROUP BY l.account_id)
         SELECT coalesce(sum(f.n), 0)::bigint AS alerts, count(*) AS accounts,
           coalesce(sum(s.arr_base_minor), 0)::bigint AS arr_base_minor
         FROM found f LEFT JOIN account_states s ON s.account_id = f.account_id",
        filter.which.sql()
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    filtered!(query, filter, today).fetch_one(tx.conn()).await
}

/// The rules that ever raised an alert that asks somebody to act: id, name, and how many alerts of each a filter finds;
/// which rule the filter asks for is left out of account.
pub async fn rules(
    tx: &mut TenantTx,
    filter: &Filter,
    today: NaiveDate,
) -> Result<Vec<(String, String, i64)>> {
    let filter = Filter { rule: None, ..filter.clone() };
    let sql = format!(
        "SELECT l.rule, (array_agg(l.name ORDER BY l.opened_at DESC))[1], count(*) FILTER (WHERE {}{WHERE})
         FROM alerts l JOIN accounts a ON a.tenant_id = l.tenant_id AND a.id = l.account_id
         WHERE l.asks OR l.state = 'held' GROUP BY l.rule ORDER BY 2, 1",
        filter.which.sql()
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    filtered!(query, filter, today).fetch_all(tx.conn()).await
}
