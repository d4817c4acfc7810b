//! Questions to the daily series.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;

use super::stored::{broken, stored};
use crate::db::{Result, TenantTx};
use crate::domain::series::{Row, Run, Sum};

/// What arrived for one metric, summed over some accounts: on one day, or (without a day) over the whole stretch.
#[derive(Debug, Clone)]
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
    let ids: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM accounts WHERE churned_on IS NULL ORDER BY id LIMIT $1")
            .bind(accounts)
            .fetch_all(tx.conn())
            .await?;
    // None sorts before every day.
    let mut sums: BTreeMap<(i32, Option<NaiveDate>), Heap> = BTreeMap::new();
    for stored in stored(tx, &ids, from, to, NaiveDate::MAX).await? {
        for run in stored.runs().map_err(broken)? {
            for row in run.rows.iter().filter(|row| (from..=to).contains(&row.day)) {
                for day in [None, Some(row.day)] {
                    sums.entry((run.metric, day)).or_default().add(stored.account_id, row);
                }
            }
        }
    }
    let arrived = |((metric_id, day), heap): ((i32, Option<NaiveDate>), Heap)| Arrived {
        metric_id,
        day,
        last: heap.last,
        accounts: heap.accounts.len() as i64,
        count: heap.count,
        sum: heap.sum,
        users: heap.users,
        value: (heap.values > 0).then(|| heap.value / heap.values as f64),
    };
    Ok(sums.into_iter().map(arrived).collect())
}

#[derive(Default)]
struct Heap {
    last: NaiveDate,
    accounts: BTreeSet<Uuid>,
    count: i64,
    sum: f64,
    users: i64,
    value: f64,
    values: i64,
}

impl Heap {
    fn add(&mut self, account: Uuid, row: &Row) {
        self.last = self.last.max(row.day);
        self.accounts.insert(account);
        self.count += row.count;
        self.sum += row.sum.to_f64();
        self.users += i64::from(row.users);
        if let Some(value) = row.value {
            self.value += value;
            self.values += 1;
        }
    }
}

/// One day of a series.
#[derive(Debug, Clone, PartialEq)]
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

impl Day {
    /// What the rows of one day come to: figures added up, and the sample taken last, of several the one known last.
    fn of(rows: &[Row]) -> Option<Day> {
        let last = rows.iter().max_by_key(|row| (row.value_at, row.known_on))?;
        Some(Day {
            day: last.day,
            count: rows.iter().map(|row| row.count).sum(),
            sum: rows.iter().fold(Sum::ZERO, |sum, row| sum.plus(row.sum)).to_f64(),
            users: rows.iter().map(|row| i64::from(row.users)).sum(),
            value: last.value,
            label: last.label.as_deref().map(str::to_owned),
        })
    }
}

/// The series of one account as known by now, with what holds before them.
async fn runs(tx: &mut TenantTx, account_id: Uuid, from: NaiveDate, to: NaiveDate) -> Result<Vec<Run>> {
    let stored = stored(tx, &[account_id], from, to, NaiveDate::MAX).await?;
    stored.first().map_or(Ok(Vec::new()), |stored| stored.runs().map_err(broken))
}

/// A series of one account between two days, both included. Days without data are missing.
pub async fn series(
    tx: &mut TenantTx,
    account_id: Uuid,
    metric_id: i32,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Day>> {
    let runs = runs(tx, account_id, from, to).await?;
    let rows = runs.iter().filter(|run| run.metric == metric_id).flat_map(|run| &run.rows);
    let rows: Vec<Row> = rows.filter(|row| (from..=to).contains(&row.day)).cloned().collect();
    Ok(rows.chunk_by(|a, b| a.day == b.day).filter_map(Day::of).collect())
}

/// The first day an account has data of a metric for.
pub async fn first_day(tx: &mut TenantTx, account_id: Uuid, metric_id: i32) -> Result<Option<NaiveDate>> {
    let ever = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default();
    let runs = runs(tx, account_id, ever, NaiveDate::MAX).await?;
    let run = runs.iter().find(|run| run.metric == metric_id);
    Ok(run.and_then(|run| run.rows.first()).map(|row| row.day))
}

/// One day of one of an account's series.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricDay {
    /// Metric.
    pub metric_id: i32,
    /// The day's figures.
    pub figures: Day,
}

/// Every series of one account between two days, both included, by metric and day; and before them the last
/// earlier day of each metric, whose sample still holds where it is a gauge's.
pub async fn all_series(
    tx: &mut TenantTx,
    account_id: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<MetricDay>> {
    let mut found = Vec::new();
    for run in runs(tx, account_id, from, to).await? {
        let rows = &run.rows[..run.rows.partition_point(|row| row.day <= to)];
        let first = rows.partition_point(|row| row.day < from);
        let last_before = first.checked_sub(1).map(|at| rows[at].day);
        let begin = rows.partition_point(|row| Some(row.day) < last_before).min(first);
        let days = rows[begin..].chunk_by(|a, b| a.day == b.day).filter_map(Day::of);
        found.extend(days.map(|figures| MetricDay { metric_id: run.metric, figures }));
    }
    Ok(found)
}
