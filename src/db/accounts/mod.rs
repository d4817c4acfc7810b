//! Accounts, with what Holdfast last worked out about them.

mod dirty;
mod figures;
mod put;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

pub use dirty::{Dirty, claim_dirty, dirty_backlog, mark_dirty, settle_dirty};
pub use figures::{RenewalMonth, Summary, Totals, placed, renewal_months, summary, totals, urgent};
pub(super) use put::changes;
pub use put::{Change, Stated, merge_traits, pin_segment, put_many, set_owner};

use super::as_of::AsOf;
use super::{Result, TenantTx};

/// An account with its state as of the last scoring.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Account {
    /// Identity inside Holdfast.
    pub id: Uuid,
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// Display name.
    pub name: String,
    /// The CSM, if one is assigned.
    pub owner_id: Option<Uuid>,
    /// The CSM's name.
    pub owner_name: Option<String>,
    /// The CSM's address.
    pub owner_email: Option<String>,
    /// Start as stated; where none is, the first contract's counts.
    pub start_date: Option<NaiveDate>,
    /// A segment set by hand, which wins over the rule.
    pub pinned_segment: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// Values of the tenant's own fields, by name.
    pub fields: serde_json::Value,
    /// The day the last contract ended without another.
    pub churned_on: Option<NaiveDate>,
    /// When Holdfast first heard of it.
    pub created_at: DateTime<Utc>,
    /// When anything stated about it last changed.
    pub updated_at: DateTime<Utc>,
    /// The day the state below is about; none before the first scoring.
    pub day: Option<NaiveDate>,
    /// When it was worked out.
    pub computed_at: Option<DateTime<Utc>>,
    /// Segment id.
    pub segment: Option<String>,
    /// Base stage id.
    pub stage: Option<String>,
    /// Day number in the lifecycle.
    pub stage_day: Option<i32>,
    /// The primary model.
    pub model: Option<String>,
    /// Primary score, 0..100.
    pub score: Option<f64>,
    /// Band id.
    pub band: Option<String>,
    /// good, watch, risk or critical; none for a good band that rests on old or thin data.
    pub tone: Option<String>,
    /// Share of weight with data, 0..1.
    pub coverage: Option<f64>,
    /// Whether the score rests on old or thin data.
    pub stale: Option<bool>,
    /// The score thirty days before, or the oldest since.
    pub score_before: Option<f64>,
    /// The band then.
    pub band_before: Option<String>,
    /// Which day that was.
    pub before_day: Option<NaiveDate>,
    /// What moved the score, in one line.
    pub why: Option<String>,
    /// ARR in its own currency, minor units (0 when several currencies meet: see `arr_base_minor`).
    pub arr_minor: Option<i64>,
    /// That currency.
    pub currency: Option<String>,
    /// ARR in the tenant's currency, minor units; none without an exchange rate.
    pub arr_base_minor: Option<i64>,
    /// Next renewal date.
    pub renewal_date: Option<NaiveDate>,
    /// Whether the renewal's timeline has begun.
    pub renewal_open: Option<bool>,
    /// Renewal strategy id.
    pub strategy: Option<String>,
    /// When the product last reported anything of it.
    pub last_event_at: Option<DateTime<Utc>>,
    /// The score a person set, which is `score` then.
    pub set_score: Option<f64>,
    /// Id of the band a person set, which is `band` then.
    pub set_band: Option<String>,
    /// Who set either of them; none while nobody did.
    pub set_by: Option<String>,
    /// The last day on which that applies.
    pub set_until: Option<NaiveDate>,
    /// What the model says of an account that is set by hand.
    pub model_score: Option<f64>,
    /// The band the model says.
    pub model_band: Option<String>,
}

const SELECT: &str = "SELECT a.id, a.external_id, a.name, a.owner_id, u.name AS owner_name,
    u.email AS owner_email, a.start_date,
    a.pinned_segment, a.tags, a.fields, a.churned_on, a.created_at, a.updated_at, s.day, s.computed_at,
    coalesce(a.pinned_segment, s.segment) AS segment, s.stage, s.stage_day, s.model, s.score, s.band, s.tone,
    s.coverage, s.stale, s.score_before, s.band_before, s.before_day, s.why, s.arr_minor, s.currency,
    s.arr_base_minor, s.renewal_date, s.renewal_open, s.strategy, a.last_event_at, o.score AS set_score,
    o.band AS set_band, o.set_by, o.expires_on AS set_until, CASE WHEN o.now_on = s.day THEN o.now_score END AS model_score,
    CASE WHEN o.now_on = s.day THEN o.now_band END AS model_band";

const FROM: &str = " FROM accounts a
    LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
    LEFT JOIN members m ON m.tenant_id = a.tenant_id AND m.id = a.owner_id
    LEFT JOIN users u ON u.id = m.user_id";

/// What a person set, where the state is of a day on which it applied.
const SET_BY_HAND: &str = " LEFT JOIN overrides o ON o.tenant_id = a.tenant_id AND o.account_id = a.id
    AND s.day BETWEEN o.set_on AND o.expires_on AND (o.ended_on IS NULL OR s.day < o.ended_on)";

/// Which accounts. Everything set must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Segment id.
    pub segment: Option<String>,
    /// Stage id.
    pub stage: Option<String>,
    /// Band id.
    pub band: Option<String>,
    /// Tone: good, watch, risk or critical.
    pub tone: Option<String>,
    /// CSM; `Some(None)` asks for accounts without one.
    pub owner: Option<Option<Uuid>>,
    /// Renewal on or after.
    pub renewal_from: Option<NaiveDate>,
    /// Renewal on or before.
    pub renewal_to: Option<NaiveDate>,
    /// A word among the tags.
    pub tag: Option<String>,
    /// Part of the name or external id.
    pub text: Option<String>,
    /// Churned accounts are left out unless asked for.
    pub churned: bool,
    /// As said on a past day; the queries that heed it say so.
    pub as_of: Option<AsOf>,
}

/// A query over accounts as they are, or as of the filter's day.
fn begin(select: &str, filter: &Filter, with_stages: bool) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("");
    if let Some(as_of) = &filter.as_of {
        as_of.push(&mut query, with_stages || filter.stage.is_some());
    }
    query.push(select);
    query
}

/// By what a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Name, A to Z.
    #[default]
    Name,
    /// Score.
    Score,
    /// Change of the score over thirty days.
    Change,
    /// ARR in the tenant's currency.
    Arr,
    /// Renewal date.
    Renewal,
    /// Segment id.
    Segment,
    /// Stage and day number.
    Stage,
    /// The CSM's name.
    Owner,
}

impl Sort {
    fn sql(self) -> &'static str {
        match self {
            Sort::Name => "lower(a.name)",
            Sort::Score => "s.score",
            Sort::Change => "s.score - s.score_before",
            Sort::Arr => "s.arr_base_minor",
            Sort::Renewal => "s.renewal_date",
            Sort::Segment => "coalesce(a.pinned_segment, s.segment)",
            Sort::Stage => "s.stage_day",
            Sort::Owner => "lower(u.name)",
        }
    }
}

fn escape_like(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    query.push(" WHERE (a.churned_on IS NOT NULL) = ").push_bind(filter.churned);
    let mut equal = |column: &'static str, value: &Option<String>| {
        if let Some(value) = value {
            query.push(" AND ").push(column).push(" = ").push_bind(value.clone());
        }
    };
    equal("coalesce(a.pinned_segment, s.segment)", &filter.segment);
    equal("s.stage", &filter.stage);
    equal("s.band", &filter.band);
    equal("s.tone", &filter.tone);
    match filter.owner {
        Some(Some(owner)) => {
            query.push(" AND a.owner_id = ").push_bind(owner);
        }
        Some(None) => {
            query.push(" AND a.owner_id IS NULL");
        }
        None => {}
    }
    if let Some(from) = filter.renewal_from {
        query.push(" AND s.renewal_date >= ").push_bind(from);
    }
    if let Some(to) = filter.renewal_to {
        query.push(" AND s.renewal_date <= ").push_bind(to);
    }
    if let Some(tag) = &filter.tag {
        query.push(" AND a.tags @> ARRAY[").push_bind(tag.clone()).push("]");
    }
    if let Some(text) = &filter.text {
        let pattern = escape_like(text);
        query.push(" AND (a.name ILIKE ").push_bind(pattern.clone());
        query.push(" OR a.external_id ILIKE ").push_bind(pattern).push(")");
    }
}

/// A page of accounts in some order, of now or as of a day. Accounts without the value sorted by come last either way.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    sort: Sort,
    descending: bool,
    offset: i64,
    limit: i64,
) -> Result<Vec<Account>> {
    let mut query = begin(SELECT, filter, sort == Sort::Stage);
    query.push(FROM).push(SET_BY_HAND);
    push_filter(&mut query, filter);
    query.push(" ORDER BY ").push(sort.sql()).push(if descending { " DESC" } else { " ASC" });
    query.push(" NULLS LAST, lower(a.name), a.id LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// Accounts after an external id, of now or as of a day, in the order of external ids: pages that stay right while rows come and go.
pub async fn list_after(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Account>> {
    let mut query = begin(SELECT, filter, false);
    query.push(FROM).push(SET_BY_HAND);
    push_filter(&mut query, filter);
    if let Some(after) = after {
        query.push(" AND a.external_id > ").push_bind(after.to_owned());
    }
    query.push(" ORDER BY a.external_id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// Accounts with a renewal date, by it and by external id, after such a pair.
pub async fn renewals_after(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<(NaiveDate, &str)>,
    limit: i64,
) -> Result<Vec<Account>> {
    let mut query = begin(SELECT, filter, false);
    query.push(FROM).push(SET_BY_HAND);
    push_filter(&mut query, filter);
    query.push(" AND s.renewal_date IS NOT NULL");
    if let Some((date, external_id)) = after {
        query.push(" AND (s.renewal_date, a.external_id) > (").push_bind(date);
        query.push(", ").push_bind(external_id.to_owned()).push(")");
    }
    query.push(" ORDER BY s.renewal_date, a.external_id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// One account by its external id.
pub async fn find(tx: &mut TenantTx, external_id: &str) -> Result<Option<Account>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(FROM).push(SET_BY_HAND).push(" WHERE a.external_id = ").push_bind(external_id.to_owned());
    query.build_query_as().fetch_optional(tx.conn()).await
}

/// Some accounts by their ids, in no order.
pub async fn by_ids(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Account>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(FROM).push(SET_BY_HAND).push(" WHERE a.id = ANY(").push_bind(ids.to_vec()).push(")");
    query.build_query_as().fetch_all(tx.conn()).await
}

/// The id behind an external id.
pub async fn id_of(tx: &mut TenantTx, external_id: &str) -> Result<Option<Uuid>> {
    sqlx::query_scalar("SELECT id FROM accounts WHERE external_id = $1")
        .bind(external_id)
        .fetch_optional(tx.conn())
        .await
}

/// The ids behind external ids; unknown ones are missing from the answer.
pub async fn ids_of(tx: &mut TenantTx, external_ids: &[String]) -> Result<Vec<(String, Uuid)>> {
    sqlx::query_as("SELECT external_id, id FROM accounts WHERE external_id = ANY($1)")
        .bind(external_ids)
        .fetch_all(tx.conn())
        .await
}

/// Ids after an id, in order: the way through all accounts of a tenant in chunks.
pub async fn ids_after(tx: &mut TenantTx, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    sqlx::query_scalar("SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// How many accounts there are, those that left included.
pub async fn count(tx: &mut TenantTx) -> Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM accounts").fetch_one(tx.conn()).await
}

/// A jump target: accounts whose name or external id contains the text, best match first.
pub async fn search(tx: &mut TenantTx, text: &str, limit: i64) -> Result<Vec<Account>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(FROM).push(SET_BY_HAND).push(" WHERE a.name ILIKE ").push_bind(escape_like(text));
    query.push(" OR a.external_id ILIKE ").push_bind(escape_like(text));
    query
        .push(" ORDER BY a.churned_on IS NOT NULL, starts_with(lower(a.name), lower(")
        .push_bind(text.to_owned());
    query.push(")) DESC, lower(a.name), a.id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}
