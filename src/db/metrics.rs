//! The metric catalogue and the daily series.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::accounts::Change;
use super::{Result, TenantTx};

/// A named daily series and what feeds it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Metric {
    /// Identity inside the tenant.
    pub id: i32,
    /// Name in expressions, files and the API.
    pub name: String,
    /// Label on pages.
    pub label: String,
    /// Unit, may be empty.
    pub unit: String,
    /// counter, gauge or distinct.
    pub kind: String,
    /// The product event that feeds it; `*` for every event. Compared as [`crate::domain::metric::normalise`] does.
    pub event: Option<String>,
    /// The number property of that event that is added up, instead of counting events.
    pub property: Option<String>,
    /// The group trait whose value it takes.
    pub trait_name: Option<String>,
    /// After how many days without data it is stale, where the tenant has set it; the methodology says otherwise.
    pub fresh_days: Option<i32>,
}

/// The whole catalogue, by name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Metric>> {
    sqlx::query_as(
        "SELECT id, name, label, unit, kind, event, property, trait AS trait_name, fresh_days FROM metrics ORDER BY name",
    )
    .fetch_all(tx.conn())
    .await
}

/// One metric by name.
pub async fn find(tx: &mut TenantTx, name: &str) -> Result<Option<Metric>> {
    sqlx::query_as(
        "SELECT id, name, label, unit, kind, event, property, trait AS trait_name, fresh_days FROM metrics
         WHERE name = $1",
    )
    .bind(name)
    .fetch_optional(tx.conn())
    .await
}

/// Adds a metric, or changes what feeds the one of that name. `id` is ignored.
pub async fn put(tx: &mut TenantTx, metric: &Metric) -> Result<()> {
    sqlx::query(
        "INSERT INTO metrics (tenant_id, id, name, label, unit, kind, event, property, trait, fresh_days)
         SELECT $1, coalesce(max(id), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9 FROM metrics
         ON CONFLICT (tenant_id, name) DO UPDATE SET label = excluded.label, unit = excluded.unit,
           event = excluded.event, property = excluded.property, trait = excluded.trait,
           fresh_days = excluded.fresh_days",
    )
    .bind(tx.tenant())
    .bind(&metric.name)
    .bind(&metric.label)
    .bind(&metric.unit)
    .bind(&metric.kind)
    .bind(&metric.event)
    .bind(&metric.property)
    .bind(&metric.trait_name)
    .bind(metric.fresh_days)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The last day each metric has data for, and for how many accounts.
pub async fn coverage(tx: &mut TenantTx) -> Result<Vec<(i32, NaiveDate, i64)>> {
    sqlx::query_as(
        "SELECT metric_id, max(day), count(DISTINCT account_id) FROM metric_days
         WHERE day > current_date - 120 GROUP BY metric_id",
    )
    .fetch_all(tx.conn())
    .await
}

/// What arrived for one metric, summed over some accounts: on one day, or (without a day) over the whole stretch.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Arrived {
    /// Metric.
    pub metric_id: i32,
    /// The day; none for the whole stretch.
    pub day: Option<NaiveDate>,
    /// The last day with data.
    pub last: NaiveDate,
    /// Accounts with data.
    pub accounts: i64,
    /// Events.
    pub count: i64,
    /// Sum of the property.
    pub sum: f64,
    /// Distinct users.
    pub users: i64,
    /// Mean of the gauge's numbers.
    pub value: Option<f64>,
}

/// What arrived between two days, both included, for the first `accounts` accounts in business: a look at all of
/// them would read the whole roll-up of a large tenant.
pub async fn arrived(
    tx: &mut TenantTx,
    accounts: i64,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Arrived>> {
    sqlx::query_as(
        "SELECT d.metric_id, d.day, max(d.day) AS last, count(DISTINCT d.account_id) AS accounts,
                sum(d.count)::bigint AS count, sum(d.sum)::float8 AS sum, sum(d.users)::bigint AS users,
                avg(d.value) AS value
         FROM metric_days d
         WHERE d.account_id IN (SELECT id FROM accounts WHERE churned_on IS NULL ORDER BY id LIMIT $1)
           AND d.day BETWEEN $2 AND $3
         GROUP BY GROUPING SETS ((d.metric_id, d.day), (d.metric_id)) ORDER BY 1, 2",
    )
    .bind(accounts)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// One day of a series.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Day {
    /// The tenant's calendar day.
    pub day: NaiveDate,
    /// Events counted.
    pub count: i64,
    /// Sum of the property.
    pub sum: f64,
    /// Distinct users.
    pub users: i64,
    /// Gauge: the day's last sample, when it is a number.
    pub value: Option<f64>,
    /// Gauge: the day's last sample, when it is a word.
    pub label: Option<String>,
}

/// A series of one account between two days, both included. Days without data are missing.
pub async fn series(
    tx: &mut TenantTx,
    account_id: Uuid,
    metric_id: i32,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Day>> {
    sqlx::query_as(
        "SELECT day, sum(count)::bigint AS count, sum(sum)::float8 AS sum, sum(users)::bigint AS users,
                (array_agg(value ORDER BY value_at DESC NULLS LAST, known_on DESC))[1] AS value,
                (array_agg(label ORDER BY value_at DESC NULLS LAST, known_on DESC))[1] AS label
         FROM metric_days WHERE account_id = $1 AND metric_id = $2 AND day BETWEEN $3 AND $4
         GROUP BY day ORDER BY day",
    )
    .bind(account_id)
    .bind(metric_id)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// The first day an account has data of a metric for.
pub async fn first_day(tx: &mut TenantTx, account_id: Uuid, metric_id: i32) -> Result<Option<NaiveDate>> {
    sqlx::query_scalar("SELECT min(day) FROM metric_days WHERE account_id = $1 AND metric_id = $2")
        .bind(account_id)
        .bind(metric_id)
        .fetch_one(tx.conn())
        .await
}

/// One day of one of an account's series.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct MetricDay {
    /// Metric.
    pub metric_id: i32,
    /// The day's figures.
    #[sqlx(flatten)]
    pub figures: Day,
}

/// Every series of one account between two days, both included, by metric and day; and before them the last
/// earlier row of each metric, whose sample still holds where it is a gauge's.
pub async fn all_series(
    tx: &mut TenantTx,
    account_id: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<MetricDay>> {
    sqlx::query_as(
        "WITH last AS (
           SELECT m.id, l.day FROM metrics m CROSS JOIN LATERAL (
             SELECT d.day FROM metric_days d WHERE d.tenant_id = m.tenant_id AND d.account_id = $1
               AND d.metric_id = m.id AND d.day < $2 ORDER BY d.day DESC LIMIT 1) l)
         SELECT d.metric_id, d.day, sum(d.count)::bigint AS count, sum(d.sum)::float8 AS sum,
                sum(d.users)::bigint AS users,
                (array_agg(d.value ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC))[1] AS value,
                (array_agg(d.label ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC))[1] AS label
         FROM metric_days d LEFT JOIN last ON last.id = d.metric_id
         WHERE d.account_id = $1 AND d.day <= $3 AND d.day >= coalesce(last.day, $2)
         GROUP BY d.metric_id, d.day ORDER BY d.metric_id, d.day",
    )
    .bind(account_id)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// What a batch adds to one day of one counter or distinct-users metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Increment {
    /// Account.
    pub account_id: Uuid,
    /// Metric.
    pub metric_id: i32,
    /// Day on which it happened.
    pub day: NaiveDate,
    /// Events.
    pub count: i64,
    /// Sum of the property, as a decimal in text so that adding it up stays exact.
    pub sum: String,
}

/// Adds increments to the roll-up, under the day they became known. Several may meet the same day; the sums are
/// added up as decimals, so nothing is lost to rounding.
pub async fn add(tx: &mut TenantTx, increments: &[Increment], known_on: NaiveDate) -> Result<()> {
    let accounts: Vec<Uuid> = increments.iter().map(|i| i.account_id).collect();
    let metrics: Vec<i32> = increments.iter().map(|i| i.metric_id).collect();
    let days: Vec<NaiveDate> = increments.iter().map(|i| i.day).collect();
    let counts: Vec<i64> = increments.iter().map(|i| i.count).collect();
    let sums: Vec<&str> = increments.iter().map(|i| i.sum.as_str()).collect();
    sqlx::query(
        "INSERT INTO metric_days AS d (tenant_id, account_id, metric_id, day, known_on, count, sum)
         SELECT $1, a, m, day, $7, sum(c)::bigint, sum(s::numeric)
         FROM unnest($2::uuid[], $3::int[], $4::date[], $5::bigint[], $6::text[]) AS x (a, m, day, c, s)
         GROUP BY a, m, day ORDER BY a, m, day
         ON CONFLICT (tenant_id, account_id, metric_id, day, known_on)
         DO UPDATE SET count = d.count + excluded.count, sum = d.sum + excluded.sum",
    )
    .bind(tx.tenant())
    .bind(&accounts)
    .bind(&metrics)
    .bind(&days)
    .bind(&counts)
    .bind(&sums)
    .bind(known_on)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A user seen on a day by a distinct-users metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeenUser {
    /// Account.
    pub account_id: Uuid,
    /// Metric.
    pub metric_id: i32,
    /// Day.
    pub day: NaiveDate,
    /// First 64 bits of the SHA-256 of the user's id.
    pub user_hash: i64,
}

/// Counts users who were not counted on that day before. They must come sorted.
pub async fn add_users(tx: &mut TenantTx, seen: &[SeenUser], known_on: NaiveDate) -> Result<()> {
    let accounts: Vec<Uuid> = seen.iter().map(|s| s.account_id).collect();
    let metrics: Vec<i32> = seen.iter().map(|s| s.metric_id).collect();
    let days: Vec<NaiveDate> = seen.iter().map(|s| s.day).collect();
    let users: Vec<i64> = seen.iter().map(|s| s.user_hash).collect();
    sqlx::query(
        "WITH fresh AS (
           INSERT INTO metric_day_users (tenant_id, account_id, metric_id, day, user_hash)
           SELECT $1, a, m, d, u FROM unnest($2::uuid[], $3::int[], $4::date[], $5::bigint[]) AS x (a, m, d, u)
           ON CONFLICT DO NOTHING RETURNING account_id, metric_id, day),
         counted AS (
           SELECT account_id, metric_id, day, count(*)::int AS users FROM fresh GROUP BY 1, 2, 3 ORDER BY 1, 2, 3)
         INSERT INTO metric_days AS d (tenant_id, account_id, metric_id, day, known_on, users)
         SELECT $1, account_id, metric_id, day, $6, users FROM counted
         ON CONFLICT (tenant_id, account_id, metric_id, day, known_on)
         DO UPDATE SET users = d.users + excluded.users",
    )
    .bind(tx.tenant())
    .bind(&accounts)
    .bind(&metrics)
    .bind(&days)
    .bind(&users)
    .bind(known_on)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A sample of a gauge.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Account.
    pub account_id: Uuid,
    /// Metric.
    pub metric_id: i32,
    /// Day it is about.
    pub day: NaiveDate,
    /// A number …
    pub value: Option<f64>,
    /// … or a word.
    pub label: Option<String>,
    /// When it was taken; of two on a day the later one counts.
    pub at: DateTime<Utc>,
}

/// Stores samples under the day they became known; returns how many of them were news.
/// They must come sorted by key, one per account, metric and day.
pub async fn put_samples(tx: &mut TenantTx, samples: &[Sample], known_on: NaiveDate) -> Result<u64> {
    let accounts: Vec<Uuid> = samples.iter().map(|s| s.account_id).collect();
    let metrics: Vec<i32> = samples.iter().map(|s| s.metric_id).collect();
    let days: Vec<NaiveDate> = samples.iter().map(|s| s.day).collect();
    let values: Vec<Option<f64>> = samples.iter().map(|s| s.value).collect();
    let labels: Vec<Option<&str>> = samples.iter().map(|s| s.label.as_deref()).collect();
    let at: Vec<DateTime<Utc>> = samples.iter().map(|s| s.at).collect();
    let done = sqlx::query(
        "INSERT INTO metric_days AS d (tenant_id, account_id, metric_id, day, known_on, value, label, value_at)
         SELECT $1, a, m, day, $8, v, l, t
         FROM unnest($2::uuid[], $3::int[], $4::date[], $5::float8[], $6::text[], $7::timestamptz[])
              AS x (a, m, day, v, l, t)
         WHERE NOT EXISTS (SELECT FROM metric_days e WHERE e.tenant_id = $1 AND e.account_id = a
           AND e.metric_id = m AND e.day = x.day AND e.value_at >= t AND e.value IS NOT DISTINCT FROM v
           AND e.label IS NOT DISTINCT FROM l)
         ON CONFLICT (tenant_id, account_id, metric_id, day, known_on) DO UPDATE
         SET value = excluded.value, label = excluded.label, value_at = excluded.value_at
         WHERE d.value_at IS NULL OR d.value_at <= excluded.value_at",
    )
    .bind(tx.tenant())
    .bind(&accounts)
    .bind(&metrics)
    .bind(&days)
    .bind(&values)
    .bind(&labels)
    .bind(&at)
    .bind(known_on)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Which part of a day a stated figure sets.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// The count of events.
    Count(i64),
    /// The sum of the property, a decimal in text.
    Sum(String),
    /// The number of distinct users.
    Users(i32),
    /// A gauge's number, and when it was taken.
    Value(f64, DateTime<Utc>),
    /// A gauge's word, and when it was taken.
    Word(String, DateTime<Utc>),
}

/// A day's figure as somebody states it, instead of single events.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Account.
    pub account_id: Uuid,
    /// Metric.
    pub metric_id: i32,
    /// Day it is about.
    pub day: NaiveDate,
    /// Day on which it became known.
    pub known_on: NaiveDate,
    /// The figure.
    pub part: Part,
}

/// Sets days to stated figures; tells which became of each, in their order. No account, metric and day may come
/// twice. Of a counter or distinct users only the difference to what was known is stored, under the day it became
/// known: so stating a figure twice changes nothing, events that arrive later still count, and what was known before
/// stays as it was. A gauge's figure stands against any sample known before.
pub async fn put_figures(tx: &mut TenantTx, figures: &[Figure]) -> Result<Vec<Change>> {
    // Two files that state the same day must not both see the state before either.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('figures:' || $1::text, 0))")
        .bind(tx.tenant())
        .execute(tx.conn())
        .await?;
    let count = |f: &Figure| if let Part::Count(n) = f.part { Some(n) } else { None };
    let sum = |f: &Figure| if let Part::Sum(n) = &f.part { Some(n.clone()) } else { None };
    let users = |f: &Figure| if let Part::Users(n) = f.part { Some(n) } else { None };
    let value = |f: &Figure| if let Part::Value(n, _) = f.part { Some(n) } else { None };
    let word = |f: &Figure| if let Part::Word(w, _) = &f.part { Some(w.clone()) } else { None };
    let at = |f: &Figure| match f.part {
        Part::Value(_, at) | Part::Word(_, at) => Some(at),
        _ => None,
    };
    let rows: Vec<(bool, bool)> = sqlx::query_as(
        "WITH compared AS MATERIALIZED (
           SELECT s.*, b.days > 0 AS known, greatest(s.at, b.last_at) AS taken_at,
                  s.count - coalesce(b.count, 0) AS more_count, s.sum::numeric - coalesce(b.sum, 0) AS more_sum,
                  s.users - coalesce(b.users, 0) AS more_users, coalesce(b.count, 0) = 0 AS unheard,
                  b.days = 0 OR coalesce(s.count <> b.count OR s.sum::numeric <> b.sum OR s.users <> b.users, false)
                  OR (s.at IS NOT NULL AND (s.value, s.label) IS DISTINCT FROM (b.value, b.label)) AS changed
           FROM unnest($2::uuid[], $3::int[], $4::date[], $5::date[], $6::bigint[], $7::text[], $8::int[], $9::float8[],
                       $10::text[], $11::timestamptz[]) WITH ORDINALITY
                AS s (account_id, metric_id, day, known_on, count, sum, users, value, label, at, place)
           CROSS JOIN LATERAL (
             SELECT count(*) AS days, sum(d.count)::bigint AS count, sum(d.sum) AS sum, sum(d.users)::int AS users,
                    (array_agg(d.value ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC))[1] AS value,
                    (array_agg(d.label ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC))[1] AS label,
                    max(d.value_at) AS last_at
             FROM metric_days d WHERE d.tenant_id = $1 AND d.account_id = s.account_id AND d.metric_id = s.metric_id
               AND d.day = s.day) b),
         stored AS (
           INSERT INTO metric_days AS d (tenant_id, account_id, metric_id, day, known_on, count, sum, users, value, label,
                                         value_at)
           SELECT $1, account_id, metric_id, day, known_on,
                  -- A stated sum tells of no events; one makes the day one on which something was heard.
                  coalesce(more_count, CASE WHEN unheard AND more_sum <> 0 THEN 1 ELSE 0 END),
                  coalesce(more_sum, 0), coalesce(more_users, 0), value, label, taken_at
           FROM compared WHERE changed ORDER BY account_id, metric_id, day
           ON CONFLICT (tenant_id, account_id, metric_id, day, known_on) DO UPDATE SET
             count = d.count + excluded.count, sum = d.sum + excluded.sum, users = d.users + excluded.users,
             value = excluded.value, label = excluded.label, value_at = excluded.value_at)
         SELECT known, changed FROM compared ORDER BY place",
    )
    .bind(tx.tenant())
    .bind(figures.iter().map(|f| f.account_id).collect::<Vec<_>>())
    .bind(figures.iter().map(|f| f.metric_id).collect::<Vec<_>>())
    .bind(figures.iter().map(|f| f.day).collect::<Vec<_>>())
    .bind(figures.iter().map(|f| f.known_on).collect::<Vec<_>>())
    .bind(figures.iter().map(count).collect::<Vec<_>>())
    .bind(figures.iter().map(sum).collect::<Vec<_>>())
    .bind(figures.iter().map(users).collect::<Vec<_>>())
    .bind(figures.iter().map(value).collect::<Vec<_>>())
    .bind(figures.iter().map(word).collect::<Vec<_>>())
    .bind(figures.iter().map(at).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| match row {
            (false, _) => Change::Created,
            (true, true) => Change::Updated,
            (true, false) => Change::Unchanged,
        })
        .collect())
}
