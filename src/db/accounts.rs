//! Accounts, with what Holdfast last worked out about them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

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

/// How many accounts, and their ARR in the tenant's currency.
#[derive(Debug, Clone, Copy, Default, sqlx::FromRow)]
pub struct Totals {
    /// Accounts.
    pub accounts: i64,
    /// Sum of ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
    /// Accounts whose ARR could not be converted for want of a rate.
    pub unconverted: i64,
}

/// Count and ARR of everything a filter shows, now or as of a day.
pub async fn totals(tx: &mut TenantTx, filter: &Filter) -> Result<Totals> {
    let mut query = begin(
        "SELECT count(*) AS accounts, coalesce(sum(s.arr_base_minor), 0)::bigint AS arr_base_minor,
                count(*) FILTER (WHERE s.arr_base_minor IS NULL AND s.account_id IS NOT NULL) AS unconverted",
        filter,
        false,
    );
    query.push(FROM);
    push_filter(&mut query, filter);
    query.build_query_as().fetch_one(tx.conn()).await
}

/// What calls for attention: in the worse tones, fallen by ten points in a month, or past its renewal date.
const TROUBLED: &str =
    "(s.tone IN ('risk', 'critical') OR s.score <= s.score_before - 10 OR s.renewal_date < ";

/// The figures above a list of accounts in business.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub struct Summary {
    /// Accounts.
    pub accounts: i64,
    /// Their ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
    /// Accounts whose ARR could not be converted for want of a rate.
    pub unconverted: i64,
    /// Accounts in the worse tones.
    pub at_risk: i64,
    /// Their ARR.
    pub at_risk_minor: i64,
    /// Accounts [`urgent`] chooses from.
    pub troubled: i64,
    /// Accounts that renew in the window.
    pub renewing: i64,
    /// Their ARR.
    pub renewing_minor: i64,
    /// Accounts without a score, or with one that rests on old or thin data.
    pub unclear: i64,
    /// When the account scored last was scored.
    pub computed_at: Option<DateTime<Utc>>,
}

/// Counts and sums of the accounts in business of one CSM, or of everyone; renewals from `today` until `until`.
pub async fn summary(
    tx: &mut TenantTx,
    owner: Option<Uuid>,
    today: NaiveDate,
    until: NaiveDate,
) -> Result<Summary> {
    let mut query = QueryBuilder::new(
        "SELECT count(*) AS accounts, coalesce(sum(s.arr_base_minor), 0)::bigint AS arr_base_minor,
           count(*) FILTER (WHERE s.arr_base_minor IS NULL AND s.account_id IS NOT NULL) AS unconverted,
           count(*) FILTER (WHERE s.tone IN ('risk', 'critical')) AS at_risk,
           coalesce(sum(s.arr_base_minor) FILTER (WHERE s.tone IN ('risk', 'critical')), 0)::bigint AS at_risk_minor,
           count(*) FILTER (WHERE s.score IS NULL OR s.stale) AS unclear, max(s.computed_at) AS computed_at,
           count(*) FILTER (WHERE ",
    );
    query
        .push(TROUBLED)
        .push_bind(today)
        .push(")) AS troubled, count(*) FILTER (WHERE s.renewal_date BETWEEN ");
    query.push_bind(today).push(" AND ").push_bind(until).push(") AS renewing, ");
    query.push("coalesce(sum(s.arr_base_minor) FILTER (WHERE s.renewal_date BETWEEN ").push_bind(today);
    query.push(" AND ").push_bind(until).push("), 0)::bigint AS renewing_minor").push(FROM);
    push_filter(&mut query, &Filter { owner: owner.map(Some), ..Filter::default() });
    query.build_query_as().fetch_one(tx.conn()).await
}

/// The accounts that call for attention, most urgent first: ARR, weighed by how bad the score is, by how far it
/// fell in a month, and up to threefold by how near the renewal is.
pub async fn urgent(
    tx: &mut TenantTx,
    owner: Option<Uuid>,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<Account>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(FROM).push(SET_BY_HAND);
    push_filter(&mut query, &Filter { owner: owner.map(Some), ..Filter::default() });
    query.push(" AND ").push(TROUBLED).push_bind(today);
    query.push(
        ") ORDER BY (1 + coalesce(s.arr_base_minor, s.arr_minor, 0)::float8)
           * (CASE s.tone WHEN 'critical' THEN 1 WHEN 'risk' THEN 0.7 WHEN 'watch' THEN 0.3 ELSE 0.1 END
              + greatest(coalesce(s.score_before - s.score, 0), 0) / 50)
           * (1 + 2 * exp(-greatest(coalesce(s.renewal_date - ",
    );
    query.push_bind(today).push(", 365), 0) / 60.0)) DESC, lower(a.name), a.id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// Accounts in business of one CSM, or of everyone, that renew on one of some days, soonest first.
pub async fn renewing_on(
    tx: &mut TenantTx,
    owner: Option<Uuid>,
    days: &[NaiveDate],
    limit: i64,
) -> Result<Vec<Account>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(FROM).push(SET_BY_HAND);
    push_filter(&mut query, &Filter { owner: owner.map(Some), ..Filter::default() });
    query.push(" AND s.renewal_date = ANY(").push_bind(days.to_vec());
    query.push(") ORDER BY s.renewal_date, lower(a.name), a.id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// Renewals of one month in one band.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RenewalMonth {
    /// First day of the month; none for renewals whose date has passed.
    pub month: Option<NaiveDate>,
    /// Band id.
    pub band: Option<String>,
    /// Renewals.
    pub accounts: i64,
    /// ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
    /// Renewals whose ARR has no exchange rate.
    pub unconverted: i64,
    /// Renewals of the next thirty days.
    pub soon: i64,
    /// Their ARR.
    pub soon_minor: i64,
}

/// What a filter shows of renewals, by month and band; passed dates first.
pub async fn renewal_months(
    tx: &mut TenantTx,
    filter: &Filter,
    today: NaiveDate,
) -> Result<Vec<RenewalMonth>> {
    let mut query = begin("SELECT CASE WHEN s.renewal_date >= ", filter, false);
    query.push_bind(today).push(
        " THEN date_trunc('month', s.renewal_date)::date END AS month, s.band, count(*) AS accounts,
            coalesce(sum(s.arr_base_minor), 0)::bigint AS arr_base_minor,
            count(*) FILTER (WHERE s.arr_base_minor IS NULL) AS unconverted,
            count(*) FILTER (WHERE s.renewal_date BETWEEN ",
    );
    query.push_bind(today).push(" AND ").push_bind(today + chrono::Duration::days(30));
    query.push(") AS soon, coalesce(sum(s.arr_base_minor) FILTER (WHERE s.renewal_date BETWEEN ");
    query.push_bind(today).push(" AND ").push_bind(today + chrono::Duration::days(30));
    query.push("), 0)::bigint AS soon_minor").push(FROM);
    push_filter(&mut query, filter);
    query.push(" AND s.renewal_date IS NOT NULL GROUP BY 1, 2 ORDER BY 1 NULLS FIRST");
    query.build_query_as().fetch_all(tx.conn()).await
}

/// Accounts in business by segment and stage: (segment id, stage id, accounts).
pub async fn placed(tx: &mut TenantTx) -> Result<Vec<(Option<String>, Option<String>, i64)>> {
    sqlx::query_as(
        "SELECT coalesce(a.pinned_segment, s.segment), s.stage, count(*) FROM accounts a
         LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
         WHERE a.churned_on IS NULL GROUP BY 1, 2",
    )
    .fetch_all(tx.conn())
    .await
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

/// What a file or the API states of an account; `None` leaves what is stored as it is.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// Display name; a new account without one is called by its external id.
    pub name: Option<String>,
    /// CSM; `Some(None)` takes the CSM away.
    pub owner_id: Option<Option<Uuid>>,
    /// Start date.
    pub start_date: Option<Option<NaiveDate>>,
    /// All tags.
    pub tags: Option<Vec<String>>,
    /// Values of own fields, merged into those stored; null removes one.
    pub fields: Option<serde_json::Value>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created,
    /// It was, and differs now.
    Updated,
    /// It was just so.
    Unchanged,
}

const STATED: &str =
    "unnest($2::uuid[], $3::text[], $4::text[], $5::bool[], $6::uuid[], $7::bool[], $8::date[],
    $9::jsonb[], $10::jsonb[])
    AS s (id, external_id, name, states_owner, owner_id, states_start, start_date, tags, fields)";

/// Creates or updates accounts by their external ids; tells of each which, and its id, in their order.
/// No external id may come twice.
pub async fn put_many(
    tx: &mut TenantTx,
    stated: &[&Stated],
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Change)>> {
    let ids: Vec<Uuid> = stated.iter().map(|_| Uuid::now_v7()).collect();
    let insert = format!(
        "INSERT INTO accounts (tenant_id, id, external_id, name, owner_id, start_date, tags, fields, created_at,
                               updated_at)
         SELECT $1, s.id, s.external_id, coalesce(s.name, s.external_id), s.owner_id, s.start_date,
                ARRAY(SELECT jsonb_array_elements_text(s.tags)), jsonb_strip_nulls(coalesce(s.fields, '{{}}')), $11, $11
         FROM {STATED} ORDER BY s.external_id
         ON CONFLICT (tenant_id, external_id) DO NOTHING RETURNING external_id, id"
    );
    let created: HashMap<String, Uuid> =
        bind(tx, insert, stated, ids, now).fetch_all(tx.conn()).await?.into_iter().collect();
    let known: Vec<&Stated> =
        stated.iter().filter(|s| !created.contains_key(&s.external_id)).copied().collect();
    let updated = if known.is_empty() { HashMap::new() } else { update_many(tx, &known, now).await? };
    stated
        .iter()
        .map(|s| match (created.get(&s.external_id), updated.get(&s.external_id)) {
            (Some(id), _) => Ok((*id, Change::Created)),
            (None, Some(found)) => Ok(*found),
            (None, None) => Err(sqlx::Error::RowNotFound),
        })
        .collect()
}

/// Locks the rows in the order of their external ids, so that two files cannot wait for one another.
async fn update_many(
    tx: &mut TenantTx,
    stated: &[&Stated],
    now: DateTime<Utc>,
) -> Result<HashMap<String, (Uuid, Change)>> {
    let update = format!(
        "WITH meant AS (
           SELECT a.external_id, a.id, coalesce(s.name, a.name) AS name,
                  CASE WHEN s.states_owner THEN s.owner_id ELSE a.owner_id END AS owner_id,
                  CASE WHEN s.states_start THEN s.start_date ELSE a.start_date END AS start_date,
                  CASE WHEN s.tags IS NULL THEN a.tags ELSE ARRAY(SELECT jsonb_array_elements_text(s.tags)) END AS tags,
                  jsonb_strip_nulls(a.fields || coalesce(s.fields, '{{}}')) AS fields
           FROM {STATED} JOIN accounts a ON a.tenant_id = $1 AND a.external_id = s.external_id
           ORDER BY a.external_id FOR UPDATE OF a),
         changed AS (
           UPDATE accounts a SET name = m.name, owner_id = m.owner_id, start_date = m.start_date, tags = m.tags,
                  fields = m.fields, updated_at = $11
           FROM meant m WHERE a.tenant_id = $1 AND a.id = m.id
             AND (a.name, a.owner_id, a.start_date, a.tags, a.fields)
                 IS DISTINCT FROM (m.name, m.owner_id, m.start_date, m.tags, m.fields)
           RETURNING a.id)
         SELECT m.external_id, m.id, c.id IS NOT NULL FROM meant m LEFT JOIN changed c ON c.id = m.id"
    );
    let rows: Vec<(String, Uuid, bool)> =
        bind(tx, update, stated, vec![Uuid::nil(); stated.len()], now).fetch_all(tx.conn()).await?;
    let change = |changed| if changed { Change::Updated } else { Change::Unchanged };
    Ok(rows.into_iter().map(|(key, id, changed)| (key, (id, change(changed)))).collect())
}

/// The parameters of [`STATED`], the tenant before and the time after them.
fn bind<'q, T>(
    tx: &TenantTx,
    sql: String,
    stated: &[&Stated],
    ids: Vec<Uuid>,
    now: DateTime<Utc>,
) -> sqlx::query::QueryAs<'q, Postgres, T, PgArguments>
where
    T: for<'r> sqlx::FromRow<'r, PgRow>,
{
    let tags = |s: &Stated| s.tags.as_ref().map(|tags| serde_json::json!(tags));
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(ids)
        .bind(stated.iter().map(|s| s.external_id.clone()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.name.clone()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.owner_id.is_some()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.owner_id.flatten()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.start_date.is_some()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.start_date.flatten()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| tags(s)).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.fields.clone()).collect::<Vec<_>>())
        .bind(now)
}

/// What became of rows, from what an upsert returned: the key of each row it touched and whether it was new.
pub(super) fn changes<'k>(touched: &[(String, bool)], keys: impl Iterator<Item = &'k str>) -> Vec<Change> {
    let touched: HashMap<&str, bool> = touched.iter().map(|(key, new)| (key.as_str(), *new)).collect();
    keys.map(|key| match touched.get(key) {
        Some(true) => Change::Created,
        Some(false) => Change::Updated,
        None => Change::Unchanged,
    })
    .collect()
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

/// Sets or clears a segment by hand.
pub async fn pin_segment(
    tx: &mut TenantTx,
    id: Uuid,
    segment: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("UPDATE accounts SET pinned_segment = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(segment)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Assigns a CSM.
pub async fn set_owner(tx: &mut TenantTx, id: Uuid, owner: Option<Uuid>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE accounts SET owner_id = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(owner)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Merges the traits of a `group` call into the own fields, unless a later call already spoke.
pub async fn merge_traits(
    tx: &mut TenantTx,
    id: Uuid,
    fields: &serde_json::Value,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "UPDATE accounts SET fields = jsonb_strip_nulls(fields || $2), traits_at = $3, updated_at = $4
         WHERE id = $1 AND (traits_at IS NULL OR traits_at <= $3)",
    )
    .bind(id)
    .bind(fields)
    .bind(at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Puts accounts on the list of those to score; the moment says whether they changed again since they were looked at.
pub async fn mark_dirty(tx: &mut TenantTx, ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    sqlx::query(
        "INSERT INTO dirty_accounts (tenant_id, account_id, since) SELECT $1, unnest($2::uuid[]), $3
         ON CONFLICT (tenant_id, account_id) DO UPDATE SET since = excluded.since",
    )
    .bind(tx.tenant())
    .bind(&ids)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An account that waits to be scored, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Dirty {
    /// Account.
    pub account_id: Uuid,
    /// When its facts last changed.
    pub since: DateTime<Utc>,
}

/// Looks at up to `limit` accounts on that list without locking them: what arrives meanwhile must not wait for
/// scoring. None while another worker scores this tenant; the claim ends with the transaction.
pub async fn claim_dirty(tx: &mut TenantTx, limit: i64) -> Result<Option<Vec<Dirty>>> {
    let claimed: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7))")
        .bind(tx.tenant().to_string())
        .fetch_one(tx.conn())
        .await?;
    if !claimed {
        return Ok(None);
    }
    sqlx::query_as("SELECT account_id, since FROM dirty_accounts ORDER BY since LIMIT $1")
        .bind(limit)
        .fetch_all(tx.conn())
        .await
        .map(Some)
}

/// Takes accounts off that list, except those that changed again since they were looked at.
pub async fn settle_dirty(tx: &mut TenantTx, dirty: &[Dirty]) -> Result<()> {
    let ids: Vec<Uuid> = dirty.iter().map(|d| d.account_id).collect();
    let since: Vec<DateTime<Utc>> = dirty.iter().map(|d| d.since).collect();
    sqlx::query(
        "DELETE FROM dirty_accounts d USING unnest($1::uuid[], $2::timestamptz[]) AS x (id, since)
         WHERE d.account_id = x.id AND d.since = x.since",
    )
    .bind(&ids)
    .bind(&since)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Accounts and when the oldest began to wait for its score.
pub async fn dirty_backlog(tx: &mut TenantTx) -> Result<(i64, Option<DateTime<Utc>>)> {
    sqlx::query_as("SELECT count(*), min(since) FROM dirty_accounts").fetch_one(tx.conn()).await
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
