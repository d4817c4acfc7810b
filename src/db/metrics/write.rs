//! What events add to the daily series.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::stored::folded;
use crate::db::{Result, TenantTx};
use crate::domain::series::Row;

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
    let samples = not_folded(tx, samples, known_on).await?;
    if samples.is_empty() {
        return Ok(0);
    }
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

/// Leaves out samples that a folded month has already. Days that are not over are not folded; and should a fold come
/// between this look and the next, the same sample stands in two rows, which says nothing else than one of them.
async fn not_folded<'s>(
    tx: &mut TenantTx,
    samples: &'s [Sample],
    known_on: NaiveDate,
) -> Result<Vec<&'s Sample>> {
    let key = |s: &Sample| (s.account_id, s.metric_id, s.day);
    let late: std::collections::BTreeSet<_> = samples.iter().filter(|s| s.day < known_on).map(key).collect();
    if late.is_empty() {
        return Ok(samples.iter().collect());
    }
    let folded = folded(tx, &late).await?;
    let is_news = |s: &&Sample| {
        let rows = folded.get(&key(s)).map_or(&[][..], Vec::as_slice);
        !rows.iter().any(|row| {
            row.value_at >= Some(s.at) && row.value == s.value && row.label.as_deref() == s.label.as_deref()
        })
    };
    Ok(samples.iter().filter(is_news).collect())
}

/// Stores whole rows that are not there yet, sorted by account, metric, day and known day.
pub async fn put_rows(tx: &mut TenantTx, rows: &[(Uuid, i32, &Row)]) -> Result<()> {
    macro_rules! column {
        (|$row:ident| $field:expr) => {
            rows.iter().map(|(_, _, $row)| $field).collect::<Vec<_>>()
        };
    }
    sqlx::query(
        "INSERT INTO metric_days (tenant_id, account_id, metric_id, day, known_on, count, sum, users, value, label,
                                  value_at)
         SELECT $1, a, m, d, k, c, s::numeric, u, v, l, t
         FROM unnest($2::uuid[], $3::int[], $4::date[], $5::date[], $6::bigint[], $7::text[], $8::int[], $9::float8[],
                     $10::text[], $11::timestamptz[]) AS x (a, m, d, k, c, s, u, v, l, t)",
    )
    .bind(tx.tenant())
    .bind(rows.iter().map(|(account, ..)| *account).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, metric, _)| *metric).collect::<Vec<_>>())
    .bind(column!(|row| row.day))
    .bind(column!(|row| row.known_on))
    .bind(column!(|row| row.count))
    .bind(column!(|row| row.sum.to_string()))
    .bind(column!(|row| row.users))
    .bind(column!(|row| row.value))
    .bind(column!(|row| row.label.as_deref()))
    .bind(column!(|row| row.value_at))
    .execute(tx.conn())
    .await?;
    Ok(())
}
