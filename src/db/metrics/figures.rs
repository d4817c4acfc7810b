//! Days' figures as somebody states them.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::fold::lock;
use super::stored::folded;
use crate::db::accounts::Change;
use crate::db::{Result, TenantTx};
use crate::domain::series::{Row, Sum};

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
    // Two files that state the same day must not both see the state before either, nor a fold move it meanwhile.
    lock(tx).await?;
    let key = |f: &Figure| (f.account_id, f.metric_id, f.day);
    let folded = folded(tx, &figures.iter().map(key).collect()).await?;
    let before: Vec<Option<Row>> =
        figures.iter().map(|f| folded.get(&key(f)).and_then(|rows| whole(rows))).collect();
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
                       $10::text[], $11::timestamptz[], $12::date[], $13::bigint[], $14::text[], $15::int[],
                       $16::float8[], $17::text[], $18::timestamptz[]) WITH ORDINALITY
                AS s (account_id, metric_id, day, known_on, count, sum, users, value, label, at, f_known_on, f_count,
                      f_sum, f_users, f_value, f_label, f_at, place)
           CROSS JOIN LATERAL (
             SELECT count(*) AS days, sum(d.count)::bigint AS count, sum(d.sum) AS sum, sum(d.users)::int AS users,
                    (array_agg(d.value ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC, d.fresh DESC))[1] AS value,
                    (array_agg(d.label ORDER BY d.value_at DESC NULLS LAST, d.known_on DESC, d.fresh DESC))[1] AS label,
                    max(d.value_at) AS last_at
             FROM (SELECT known_on, count, sum, users, value, label, value_at, true AS fresh FROM metric_days
                   WHERE tenant_id = $1 AND account_id = s.account_id AND metric_id = s.metric_id AND day = s.day
                   UNION ALL
                   SELECT s.f_known_on, s.f_count, s.f_sum::numeric, s.f_users, s.f_value, s.f_label, s.f_at, false
                   WHERE s.f_known_on IS NOT NULL) d) b),
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
    .bind(before.iter().map(|row| row.as_ref().map(|row| row.known_on)).collect::<Vec<_>>())
    .bind(before.iter().map(|row| row.as_ref().map(|row| row.count)).collect::<Vec<_>>())
    .bind(before.iter().map(|row| row.as_ref().map(|row| row.sum.to_string())).collect::<Vec<_>>())
    .bind(before.iter().map(|row| row.as_ref().map(|row| row.users)).collect::<Vec<_>>())
    .bind(before.iter().map(|row| row.as_ref().and_then(|row| row.value)).collect::<Vec<_>>())
    .bind(before.iter().map(|row| row.as_ref().and_then(|row| row.label.as_deref())).collect::<Vec<_>>())
    .bind(before.iter().map(|row| row.as_ref().and_then(|row| row.value_at)).collect::<Vec<_>>())
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

/// The rows of a day as one: figures added up, and the sample that counts.
fn whole(rows: &[Row]) -> Option<Row> {
    let last = rows.iter().max_by_key(|row| (row.value_at, row.known_on))?;
    Some(Row {
        count: rows.iter().map(|row| row.count).sum(),
        sum: rows.iter().fold(Sum::ZERO, |sum, row| sum.plus(row.sum)),
        users: rows.iter().map(|row| row.users).sum(),
        ..last.clone()
    })
}
