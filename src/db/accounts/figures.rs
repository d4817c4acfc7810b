//! Counts and sums over accounts, and those among them that call for attention.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Account, FROM, Filter, SELECT, SET_BY_HAND, begin, push_filter};
use crate::db::{Result, TenantTx};

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
