//! Days that are over become part of their months.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use sqlx::Row as _;
use uuid::Uuid;

use super::stored::{broken, fresh_row};
use crate::db::corrections::{self, Late};
use crate::db::{Result, TenantTx};
use crate::domain::series::{Month, Row, month_of};

/// What a chunk of folding did.
#[derive(Debug, Clone, Copy)]
pub struct Folded {
    /// The last account of the chunk; the next begins with it.
    pub last: Uuid,
    /// Rows that became part of months.
    pub rows: usize,
    /// Months written.
    pub months: usize,
}

/// Folds up to `limit` rows that became known before the day `before`, of accounts from `from` on; none when there
/// are none left. Rows that somebody else holds stay for the next time, as do sums with too many digits to be added
/// exactly outside the database.
pub async fn fold(tx: &mut TenantTx, from: Uuid, before: NaiveDate, limit: i64) -> Result<Option<Folded>> {
    lock(tx).await?;
    let accounts = accounts(tx, from, before, limit).await?;
    let Some(last) = accounts.last().copied() else { return Ok(None) };
    let taken = take(tx, &accounts, before, limit).await?;
    let rows = taken.values().map(Vec::len).sum();
    if rows == 0 {
        return Ok(None);
    }
    note_late(tx, &taken).await?;
    let mut changed: Vec<(Uuid, NaiveDate, Vec<u8>)> = Vec::new();
    let mut known = months(tx, &taken).await?;
    for (account, rows) in taken {
        let months = merged(known.remove(&account).unwrap_or_default(), rows)?;
        changed.extend(months.into_iter().map(|(month, data)| (account, month, data)));
    }
    put_months(tx, &changed).await?;
    Ok(Some(Folded { last, rows, months: changed.len() }))
}

/// Keeps a tenant's folds apart from each other, and from figures that are compared with what is stored.
pub(super) async fn lock(tx: &mut TenantTx) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('figures:' || $1::text, 0))")
        .bind(tx.tenant())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The accounts of the next rows, kept from being deleted meanwhile: accounts are locked before their series.
async fn accounts(tx: &mut TenantTx, from: Uuid, before: NaiveDate, limit: i64) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT id FROM accounts WHERE tenant_id = $1 AND id IN (
           SELECT account_id FROM metric_days WHERE tenant_id = $1 AND account_id >= $2 AND known_on < $3
           ORDER BY account_id LIMIT $4)
         ORDER BY id FOR KEY SHARE",
    )
    .bind(tx.tenant())
    .bind(from)
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Takes rows out of `metric_days`. It never waits for somebody who holds one.
async fn take(
    tx: &mut TenantTx,
    accounts: &[Uuid],
    before: NaiveDate,
    limit: i64,
) -> Result<BTreeMap<Uuid, Vec<(i32, Row)>>> {
    let rows = sqlx::query(
        "DELETE FROM metric_days WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM metric_days
           WHERE tenant_id = $1 AND account_id = ANY($2) AND known_on < $3
             AND (sum = 0 OR (scale(sum) <= 15 AND abs(sum) < 1e15))
           ORDER BY account_id, metric_id, day, known_on LIMIT $4 FOR UPDATE SKIP LOCKED))
         RETURNING account_id, day, NULL::bytea, metric_id, known_on, count, sum::text, users, value, label, value_at",
    )
    .bind(tx.tenant())
    .bind(accounts)
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    let mut taken: BTreeMap<Uuid, Vec<(i32, Row)>> = BTreeMap::new();
    for row in &rows {
        taken.entry(row.try_get(0)?).or_default().push((row.try_get(3)?, fresh_row(row)?));
    }
    Ok(taken)
}

/// Scores of the days these rows are about did not know of them.
async fn note_late(tx: &mut TenantTx, taken: &BTreeMap<Uuid, Vec<(i32, Row)>>) -> Result<()> {
    let late: Vec<Late> = taken
        .iter()
        .flat_map(|(&account_id, rows)| rows.iter().map(move |(_, row)| (account_id, row)))
        .filter(|(_, row)| row.day < row.known_on)
        .map(|(account_id, row)| Late { account_id, known_on: row.known_on, day: row.day })
        .collect();
    if late.is_empty() { Ok(()) } else { corrections::note_late(tx, &late).await }
}

type Stored = BTreeMap<NaiveDate, Vec<u8>>;

/// The months the rows belong to, all later ones, which carry what comes before them, and the one before.
async fn months(tx: &mut TenantTx, taken: &BTreeMap<Uuid, Vec<(i32, Row)>>) -> Result<HashMap<Uuid, Stored>> {
    let first = |rows: &Vec<(i32, Row)>| rows.iter().map(|(_, row)| month_of(row.day)).min();
    let rows: Vec<(Uuid, NaiveDate, Vec<u8>)> = sqlx::query_as(
        "SELECT m.account_id, m.month, m.data FROM unnest($2::uuid[], $3::date[]) AS x (a, first)
         CROSS JOIN LATERAL (SELECT coalesce(max(e.month), '-infinity') AS before FROM metric_months e
           WHERE e.tenant_id = $1 AND e.account_id = x.a AND e.month < x.first OFFSET 0) f
         JOIN metric_months m ON m.tenant_id = $1 AND m.account_id = x.a AND m.month >= f.before",
    )
    .bind(tx.tenant())
    .bind(taken.keys().copied().collect::<Vec<_>>())
    .bind(taken.values().map(first).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await?;
    let mut months: HashMap<Uuid, Stored> = HashMap::new();
    for (account, month, data) in rows {
        months.entry(account).or_default().insert(month, data);
    }
    Ok(months)
}

/// Adds an account's rows to its months; returns those that are not as they were.
fn merged(stored: Stored, rows: Vec<(i32, Row)>) -> Result<Vec<(NaiveDate, Vec<u8>)>> {
    let mut rows_of: BTreeMap<NaiveDate, Vec<(i32, Row)>> = BTreeMap::new();
    for (metric, row) in rows {
        rows_of.entry(month_of(row.day)).or_default().push((metric, row));
    }
    let starts: BTreeSet<NaiveDate> = stored.keys().chain(rows_of.keys()).copied().collect();
    let mut changed = Vec::new();
    let mut before: Option<Month> = None;
    for start in starts {
        let data = stored.get(&start);
        let mut month = match data {
            Some(data) => Month::read(start, data).map_err(broken)?,
            None => Month::new(start),
        };
        if let Some(before) = &before {
            month.carry = before.carry_into(start);
        }
        for (metric, row) in rows_of.remove(&start).unwrap_or_default() {
            month.merge(metric, row);
        }
        let written = month.write();
        if data != Some(&written) {
            changed.push((start, written));
        }
        before = Some(month);
    }
    Ok(changed)
}

/// Stores months of accounts, replacing those that are there. They must come sorted.
pub async fn put_months(tx: &mut TenantTx, months: &[(Uuid, NaiveDate, Vec<u8>)]) -> Result<()> {
    sqlx::query(
        "INSERT INTO metric_months (tenant_id, account_id, month, data)
         SELECT $1, a, m, d FROM unnest($2::uuid[], $3::date[], $4::bytea[]) AS x (a, m, d)
         ON CONFLICT (tenant_id, account_id, month) DO UPDATE SET data = excluded.data",
    )
    .bind(tx.tenant())
    .bind(months.iter().map(|(account, ..)| *account).collect::<Vec<_>>())
    .bind(months.iter().map(|(_, month, _)| *month).collect::<Vec<_>>())
    .bind(months.iter().map(|(.., data)| data.as_slice()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}
