//! Series as they are stored: folded months, and rows not folded yet.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::db::{Error, Result, TenantTx};
use crate::domain::series::{Broken, Month, Row, Run, Sum, month_of, run_of};

/// Series of one account. They are opened where they are needed: that is most of the work.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Account.
    pub account_id: Uuid,
    /// Folded months in their order, each by its first day.
    months: Vec<(NaiveDate, Vec<u8>)>,
    /// Rows that are not folded yet, by metric, day and known day.
    fresh: Vec<(i32, Row)>,
}

impl Stored {
    /// An account without any data.
    pub fn nothing(account_id: Uuid) -> Stored {
        Stored { account_id, months: Vec::new(), fresh: Vec::new() }
    }

    /// All rows at hand by metric, day and known day; before those that were asked for, at least the last of each
    /// metric.
    ///
    /// # Errors
    /// When a month's bytes are broken.
    pub fn runs(&self) -> std::result::Result<Vec<Run>, Broken> {
        let mut runs: Vec<Run> = Vec::new();
        for (at, (start, data)) in self.months.iter().enumerate() {
            let month = Month::read(*start, data)?;
            if at == 0 {
                runs = month.carry;
            }
            for run in month.runs {
                let known = run_of(&mut runs, run.metric);
                if known.rows.is_empty() {
                    known.rows = run.rows;
                } else {
                    known.rows.extend(run.rows);
                }
            }
        }
        for (metric, row) in &self.fresh {
            run_of(&mut runs, *metric).merge(row.clone());
        }
        Ok(runs)
    }
}

/// Reads the series of some accounts about the days up to `to` as far as known by `known_by`, from the month of
/// `from` on, and the last news of each metric before it. Accounts without data are left out.
pub async fn stored(
    tx: &mut TenantTx,
    ids: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    known_by: NaiveDate,
) -> Result<Vec<Stored>> {
    // One statement, so that no row is seen twice or not at all while a fold moves it. OFFSET 0 has the first month
    // looked up once an account instead of once a month.
    let rows = sqlx::query(
        "SELECT m.account_id, m.month, m.data, NULL::int, NULL::date, NULL::bigint, NULL::text, NULL::int, NULL::float8,
                NULL::text, NULL::timestamptz
         FROM unnest($2::uuid[]) AS a (id)
         CROSS JOIN LATERAL (SELECT coalesce(max(e.month), '-infinity') AS first FROM metric_months e
           WHERE e.tenant_id = $1 AND e.account_id = a.id AND e.month <= $3 OFFSET 0) f
         JOIN metric_months m ON m.tenant_id = $1 AND m.account_id = a.id AND m.month BETWEEN f.first AND $4
         UNION ALL
         SELECT d.account_id, d.day, NULL, d.metric_id, d.known_on, d.count, d.sum::text, d.users, d.value, d.label,
                d.value_at
         FROM metric_days d WHERE d.tenant_id = $1 AND d.account_id = ANY($2) AND d.day <= $4 AND d.known_on <= $5",
    )
    .bind(tx.tenant())
    .bind(ids)
    .bind(month_of(from))
    .bind(to)
    .bind(known_by)
    .fetch_all(tx.conn())
    .await?;
    let mut places: HashMap<Uuid, usize> = HashMap::with_capacity(ids.len());
    let mut stored: Vec<Stored> = Vec::new();
    for row in &rows {
        let account_id = row.try_get(0)?;
        let place = *places.entry(account_id).or_insert_with(|| {
            stored.push(Stored::nothing(account_id));
            stored.len() - 1
        });
        match row.try_get::<Option<i32>, _>(3)? {
            Some(metric) => stored[place].fresh.push((metric, fresh_row(row)?)),
            None => stored[place].months.push((row.try_get(1)?, row.try_get(2)?)),
        }
    }
    for stored in &mut stored {
        stored.months.sort_unstable_by_key(|(start, _)| *start);
        stored.fresh.sort_unstable_by_key(|(metric, row)| (*metric, row.day, row.known_on));
    }
    Ok(stored)
}

/// A row of `metric_days`, its columns in the order of [`stored`].
pub(super) fn fresh_row(row: &PgRow) -> Result<Row> {
    Ok(Row {
        day: row.try_get(1)?,
        known_on: row.try_get(4)?,
        count: row.try_get(5)?,
        sum: Sum::parse(row.try_get(6)?),
        users: row.try_get(7)?,
        value: row.try_get(8)?,
        label: row.try_get::<Option<&str>, _>(9)?.map(Arc::from),
        value_at: row.try_get::<Option<DateTime<Utc>>, _>(10)?,
    })
}

/// An account, a metric and a day.
pub(super) type Key = (Uuid, i32, NaiveDate);

/// What is folded already about some days.
pub(super) async fn folded(tx: &mut TenantTx, keys: &BTreeSet<Key>) -> Result<HashMap<Key, Vec<Row>>> {
    let months: BTreeSet<(Uuid, NaiveDate)> =
        keys.iter().map(|(account, _, day)| (*account, month_of(*day))).collect();
    let rows: Vec<(Uuid, NaiveDate, Vec<u8>)> = sqlx::query_as(
        "SELECT m.account_id, m.month, m.data FROM unnest($2::uuid[], $3::date[]) AS x (a, d)
         JOIN metric_months m ON m.tenant_id = $1 AND m.account_id = x.a AND m.month = x.d",
    )
    .bind(tx.tenant())
    .bind(months.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(months.iter().map(|(_, month)| *month).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await?;
    let mut found: HashMap<Key, Vec<Row>> = HashMap::new();
    for (account, start, data) in rows {
        for run in Month::read(start, &data).map_err(broken)?.runs {
            for row in run.rows {
                let key = (account, run.metric, row.day);
                if keys.contains(&key) {
                    found.entry(key).or_default().push(row);
                }
            }
        }
    }
    Ok(found)
}

/// Bytes that cannot be read are the database's fault, as a column of the wrong type would be.
pub(super) fn broken(error: Broken) -> Error {
    Error::Decode(Box::new(error))
}
