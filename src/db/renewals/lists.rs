//! Renewals as lists and sums read them.

use chrono::NaiveDate;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{COLUMNS, Renewal};
use crate::db::{Result, TenantTx};
use crate::domain::contract::Term;

/// A renewal with its account.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Listed {
    /// The renewal.
    #[sqlx(flatten)]
    pub renewal: Renewal,
    /// The account in links.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Its CSM.
    pub owner_id: Option<Uuid>,
    /// The CSM's name.
    pub owner_name: Option<String>,
    /// The CSM's address.
    pub owner_email: Option<String>,
    /// Its segment.
    pub segment: Option<String>,
    /// Its score.
    pub score: Option<f64>,
    /// Its band.
    pub band: Option<String>,
    amounts: serde_json::Value,
}

/// What contracts of a renewal in one currency are worth.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Amount {
    /// ISO 4217 code.
    pub currency: String,
    /// ARR up for renewal, minor units.
    pub before: i64,
    /// ARR afterwards; none while it is open.
    pub after: Option<i64>,
}

fn amounts(json: &serde_json::Value) -> Vec<Amount> {
    serde_json::from_value(json.clone()).unwrap_or_default()
}

impl Listed {
    /// What its contracts are worth, by currency.
    pub fn amounts(&self) -> Vec<Amount> {
        amounts(&self.amounts)
    }
}

/// Which renewals. Everything set must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Open or closed ones.
    pub open: Option<bool>,
    /// Renewing on or after.
    pub from: Option<NaiveDate>,
    /// Renewing on or before.
    pub to: Option<NaiveDate>,
    /// CSM; `Some(None)` asks for accounts without one.
    pub owner: Option<Option<Uuid>>,
    /// Segment id.
    pub segment: Option<String>,
    /// One account.
    pub account: Option<Uuid>,
}

const AMOUNTS: &str = "(SELECT coalesce(jsonb_agg(jsonb_build_object('currency', x.currency, 'before', x.before,
        'after', x.after) ORDER BY x.currency), '[]')
    FROM (SELECT c.currency, sum(c.arr_minor)::bigint AS before, sum(c.after_minor)::bigint AS after
          FROM renewal_contracts c WHERE c.tenant_id = r.tenant_id AND c.renewal_id = r.id GROUP BY c.currency) x)
    AS amounts";
const FROM: &str = " FROM renewals r JOIN accounts a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
    LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
    LEFT JOIN members m ON m.tenant_id = a.tenant_id AND m.id = a.owner_id LEFT JOIN users u ON u.id = m.user_id
    WHERE true";

fn begin() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(
        ", a.external_id, a.name, a.owner_id, u.name AS owner_name, u.email AS owner_email,
         coalesce(a.pinned_segment, s.segment) AS segment, s.score, s.band, ",
    );
    query.push(AMOUNTS).push(FROM);
    query
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(open) = filter.open {
        query.push(if open { " AND r.outcome IS NULL" } else { " AND r.outcome IS NOT NULL" });
    }
    if let Some(from) = filter.from {
        query.push(" AND r.renews_on >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" AND r.renews_on <= ").push_bind(to);
    }
    match filter.owner {
        Some(Some(owner)) => {
            query.push(" AND a.owner_id = ").push_bind(owner);
        }
        Some(None) => {
            query.push(" AND a.owner_id IS NULL");
        }
        None => {}
    }
    if let Some(segment) = &filter.segment {
        query.push(" AND coalesce(a.pinned_segment, s.segment) = ").push_bind(segment.clone());
    }
    if let Some(account) = filter.account {
        query.push(" AND r.account_id = ").push_bind(account);
    }
}

/// Renewals by day.
pub async fn list(tx: &mut TenantTx, filter: &Filter, limit: i64) -> Result<Vec<Listed>> {
    list_after(tx, filter, None, limit).await
}

/// Renewals after one, by day and id: pages that stay right while renewals come and go.
pub async fn list_after(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let mut query = begin();
    push_filter(&mut query, filter);
    if let Some((day, id)) = after {
        query.push(" AND (r.renews_on, r.id) > (").push_bind(day).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY r.renews_on, r.id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// One renewal.
pub async fn by_id(tx: &mut TenantTx, id: Uuid) -> Result<Option<Listed>> {
    let mut query = begin();
    query.push(" AND r.id = ").push_bind(id);
    query.build_query_as().fetch_optional(tx.conn()).await
}

/// A renewal that is decided.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Decided {
    /// The account.
    pub account_id: Uuid,
    /// The day it was due.
    pub renews_on: NaiveDate,
    /// The day its outcome applies from.
    pub effective_on: NaiveDate,
    /// The outcome's word.
    pub outcome: String,
    amounts: serde_json::Value,
}

impl Decided {
    /// What its contracts were worth and are, by currency.
    pub fn amounts(&self) -> Vec<Amount> {
        amounts(&self.amounts)
    }
}

/// The renewals whose outcome applies from a day of a stretch, of the accounts of a filter.
pub async fn decided(
    tx: &mut TenantTx,
    filter: &Filter,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Decided>> {
    let mut query = QueryBuilder::new("SELECT r.account_id, r.renews_on, r.effective_on, r.outcome, ");
    query.push(AMOUNTS).push(FROM).push(" AND r.outcome IS NOT NULL AND r.effective_on BETWEEN ");
    query.push_bind(from).push(" AND ").push_bind(to);
    push_filter(&mut query, filter);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// The decided renewals of one account.
pub async fn closed_of(tx: &mut TenantTx, account: Uuid) -> Result<Vec<Decided>> {
    let mut query = QueryBuilder::new("SELECT r.account_id, r.renews_on, r.effective_on, r.outcome, ");
    query.push(AMOUNTS).push(FROM).push(" AND r.outcome IS NOT NULL AND r.account_id = ").push_bind(account);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// A contract as retention sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Life {
    /// The account.
    pub account_id: Uuid,
    start_date: NaiveDate,
    end_date: Option<NaiveDate>,
    term_months: Option<i32>,
    ended_on: Option<NaiveDate>,
    /// ARR, minor units.
    pub arr_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

impl Life {
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

/// The contracts of accounts of a filter (its segment and CSM), account by account.
pub async fn lives(tx: &mut TenantTx, filter: &Filter) -> Result<Vec<Life>> {
    let mut query = QueryBuilder::new(
        "SELECT r.account_id, r.start_date, r.end_date, r.term_months, r.ended_on, r.arr_minor, r.currency
         FROM contracts r JOIN accounts a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
         LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id WHERE true",
    );
    let filter = Filter { open: None, from: None, to: None, ..filter.clone() };
    push_filter(&mut query, &filter);
    query.push(" ORDER BY r.account_id, r.start_date, r.id");
    query.build_query_as().fetch_all(tx.conn()).await
}

/// What the newest finished backtest of a version found by ten points of the score
/// (`domain::backtest::Calibration`); none where there is none with figures.
pub async fn calibration(tx: &mut TenantTx, version: i32) -> Result<Option<serde_json::Value>> {
    sqlx::query_scalar(
        "SELECT report #> '{figures,calibration}' FROM backtests
         WHERE version = $1 AND deleted_at IS NULL AND jsonb_typeof(report #> '{figures,calibration}') = 'object'
         ORDER BY finished_at DESC LIMIT 1",
    )
    .bind(version)
    .fetch_optional(tx.conn())
    .await
}
