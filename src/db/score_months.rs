//! Scores of days that are over, folded: one row per account and month.
//!
//! What hardly changes within a month (version, model, band, segment, ARR, renewal, coverage, staleness) is kept once
//! for all days it held on; the score has a place per day; readings are one piece (`domain::health::write_month`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::scores::{Score, note_days};
use super::{Error, Result, TenantTx};
use crate::domain::health::{Kept, KeptDay, read_month, write_month};

/// Accounts and months, and their scores by day of the month.
type Months = BTreeMap<(Uuid, NaiveDate), BTreeMap<u32, Score>>;

/// Columns that are usually the same for all days of a month: `score_variant`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Variant {
    version: i32,
    coverage: f32,
    renewal_date: Option<NaiveDate>,
    arr_base_minor: Option<i64>,
    stale: bool,
    model: Option<String>,
    band: Option<String>,
    segment: Option<String>,
}

#[derive(sqlx::FromRow)]
struct MonthRow {
    account_id: Uuid,
    month: NaiveDate,
    which: Vec<u8>,
    scores: Vec<Option<f64>>,
    variants: Json<Vec<Variant>>,
    readings: Vec<u8>,
}

/// Up to `limit` accounts after another, in order, with days before `before` that are not folded yet.
pub async fn waiting(tx: &mut TenantTx, before: NaiveDate, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT DISTINCT account_id FROM scores WHERE day < $1 AND account_id > $2 ORDER BY account_id LIMIT $3",
    )
    .bind(before)
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Folds the days of some accounts before a day; returns how many there were.
pub async fn fold(tx: &mut TenantTx, accounts: &[Uuid], before: NaiveDate) -> Result<usize> {
    lock(tx).await?;
    let scores: Vec<Score> = sqlx::query_as(
        "DELETE FROM scores WHERE account_id = ANY($1) AND day < $2
         RETURNING account_id, day, version, coverage, renewal_date, score, arr_base_minor, computed_at, stale, model,
                   band, segment, readings",
    )
    .bind(accounts)
    .bind(before)
    .fetch_all(tx.conn())
    .await?;
    let folded = scores.len();
    merge(tx, scores).await?;
    Ok(folded)
}

/// Stores scores of days that are over where there are none, folded or not.
pub(super) async fn put_if_absent(tx: &mut TenantTx, mut scores: Vec<Score>) -> Result<()> {
    let Some((first, last)) = scores.iter().map(|s| s.day).min().zip(scores.iter().map(|s| s.day).max())
    else {
        return Ok(());
    };
    lock(tx).await?;
    let mut accounts: Vec<Uuid> = scores.iter().map(|score| score.account_id).collect();
    accounts.dedup();
    let waiting: Vec<(Uuid, NaiveDate)> = sqlx::query_as(
        "SELECT account_id, day FROM scores WHERE account_id = ANY($1) AND day BETWEEN $2 AND $3 ORDER BY 1, 2",
    )
    .bind(accounts)
    .bind(first)
    .bind(last)
    .fetch_all(tx.conn())
    .await?;
    scores.retain(|score| waiting.binary_search(&(score.account_id, score.day)).is_err());
    note_days(tx, &scores).await?;
    // What was summed up without them is summed up anew.
    let days: BTreeSet<NaiveDate> = scores.iter().map(|score| score.day).collect();
    sqlx::query("DELETE FROM portfolio_days WHERE day = ANY($1)")
        .bind(days.into_iter().collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    merge(tx, scores).await
}

/// Whoever moves days that are over between tables does it alone, so that no day is in both.
pub(super) async fn lock(tx: &mut TenantTx) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 8))")
        .bind(tx.tenant().to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Adds scores to their months, where those do not have them.
async fn merge(tx: &mut TenantTx, scores: Vec<Score>) -> Result<()> {
    let mut months: Months = BTreeMap::new();
    for score in scores {
        let month = score.day.with_day(1).unwrap_or(score.day);
        months.entry((score.account_id, month)).or_default().insert(score.day.day(), score);
    }
    for row in stored(tx, &months).await? {
        let known = months.entry((row.account_id, row.month)).or_default();
        // What was said first stays.
        known.extend(unfold(row)?.into_iter().map(|score| (score.day.day(), score)));
    }
    let rows: Vec<MonthRow> = months
        .into_iter()
        .map(|((account, month), days)| folded(account, month, days))
        .collect::<Result<_>>()?;
    for chunk in rows.chunks(500) {
        write(tx, chunk).await?;
    }
    Ok(())
}

async fn stored(tx: &mut TenantTx, months: &Months) -> Result<Vec<MonthRow>> {
    let (accounts, firsts): (Vec<Uuid>, Vec<NaiveDate>) = months.keys().copied().unzip();
    sqlx::query_as(
        "SELECT m.account_id, m.month, m.which, m.scores, to_jsonb(m.variants) AS variants, m.readings
         FROM unnest($1::uuid[], $2::date[]) AS x (account_id, month)
         JOIN score_months m ON m.account_id = x.account_id AND m.month = x.month",
    )
    .bind(accounts)
    .bind(firsts)
    .fetch_all(tx.conn())
    .await
}

async fn write(tx: &mut TenantTx, rows: &[MonthRow]) -> Result<()> {
    // An array of arrays would be flattened on its way: the scores of a month go as text.
    let scores = |row: &MonthRow| {
        let scores =
            row.scores.iter().map(|score| score.map_or("NULL".to_owned(), |score| score.to_string()));
        format!("{{{}}}", scores.collect::<Vec<_>>().join(","))
    };
    sqlx::query(
        "INSERT INTO score_months (tenant_id, account_id, month, which, scores, variants, readings)
         SELECT $1, x.account_id, x.month, x.which, x.scores::float8[],
                ARRAY(SELECT v FROM jsonb_populate_recordset(NULL::score_variant, x.variants) AS v), x.readings
         FROM unnest($2::uuid[], $3::date[], $4::bytea[], $5::text[], $6::jsonb[], $7::bytea[])
           AS x (account_id, month, which, scores, variants, readings)
         ON CONFLICT (tenant_id, account_id, month) DO UPDATE SET which = excluded.which, scores = excluded.scores,
           variants = excluded.variants, readings = excluded.readings",
    )
    .bind(tx.tenant())
    .bind(rows.iter().map(|row| row.account_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.month).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| &row.which[..]).collect::<Vec<_>>())
    .bind(rows.iter().map(scores).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| &row.variants).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| &row.readings[..]).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A month's days as one row.
fn folded(account_id: Uuid, month: NaiveDate, days: BTreeMap<u32, Score>) -> Result<MonthRow> {
    let last = days.keys().next_back().map_or(0, |day| *day as usize);
    let (mut which, mut scores) = (vec![0; 31], vec![None; last]);
    let (mut variants, mut kept): (Vec<Variant>, Vec<KeptDay>) = (Vec::new(), Vec::new());
    for (day, score) in days {
        kept.push(score.kept.day(score.day).map_err(|broken| Error::Encode(broken.into()))?);
        let variant = Variant {
            version: score.version,
            coverage: score.coverage,
            renewal_date: score.renewal_date,
            arr_base_minor: score.arr_base_minor,
            stale: score.stale,
            model: score.model,
            band: score.band,
            segment: score.segment,
        };
        let at = variants.iter().position(|known| *known == variant).unwrap_or_else(|| {
            variants.push(variant);
            variants.len() - 1
        });
        let place = day as usize - 1;
        scores[place] = score.score;
        which[place] = u8::try_from(at + 1).unwrap_or_default();
    }
    let readings = write_month(&kept);
    Ok(MonthRow { account_id, month, which, scores, variants: Json(variants), readings })
}

/// A month's row as its days.
fn unfold(row: MonthRow) -> Result<Vec<Score>> {
    let kept = read_month(&row.readings, row.month).map_err(|broken| Error::Decode(broken.into()))?;
    let scores = kept.into_iter().filter_map(|kept| {
        let place = kept.day.day0() as usize;
        let variant = row.variants.get(usize::from(*row.which.get(place)?).checked_sub(1)?)?.clone();
        Some(Score {
            account_id: row.account_id,
            day: kept.day,
            version: variant.version,
            model: variant.model,
            score: row.scores.get(place).copied().flatten(),
            band: variant.band,
            coverage: variant.coverage,
            stale: variant.stale,
            segment: variant.segment,
            arr_base_minor: variant.arr_base_minor,
            renewal_date: variant.renewal_date,
            kept: Kept::Day(kept.bytes, kept.computed_at),
        })
    });
    Ok(scores.collect())
}
