//! Past scores that late data would have changed: what was said stays in `scores`, what is known since stands here.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Error, Result, TenantTx};
use crate::domain::health::Kept;

/// An account about which something became known later than the day it is about.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Late {
    /// Account.
    pub account_id: Uuid,
    /// When it became known.
    pub known_on: NaiveDate,
    /// The earliest day it is about.
    pub day: NaiveDate,
}

/// What was said of an account's day, and what is known of it by a later day.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Said {
    /// Account.
    pub account_id: Uuid,
    /// Day.
    pub day: NaiveDate,
    /// Version of the methodology it was said with.
    pub version: i32,
    /// Score that was said.
    pub score: Option<f64>,
    /// Score by what is known since; that said where nothing was corrected.
    pub known_score: Option<f64>,
    /// Band by what is known since.
    pub known_band: Option<String>,
}

impl Said {
    /// Whether a score or band is another than the one known: scores by at least `apart`.
    pub fn differs(&self, score: Option<f64>, band: Option<&str>, apart: f64) -> bool {
        self.known_band.as_deref() != band
            || match (self.known_score, score) {
                (Some(known), Some(score)) => (known - score).abs() >= apart,
                (known, score) => known.is_some() != score.is_some(),
            }
    }
}

/// A score as it would have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrected {
    /// What was said.
    pub said: Said,
    /// The score by what is known since.
    pub score: Option<f64>,
    /// The band.
    pub band: Option<String>,
    /// What it was made from.
    pub kept: Kept,
}

/// Marks accounts about which something became known late.
pub async fn note_late(tx: &mut TenantTx, late: &[Late]) -> Result<()> {
    sqlx::query(
        "INSERT INTO late_days AS l (tenant_id, account_id, known_on, day)
         SELECT $1, x.account_id, x.known_on, min(x.day)
         FROM unnest($2::uuid[], $3::date[], $4::date[]) AS x (account_id, known_on, day) GROUP BY 1, 2, 3
         ON CONFLICT (tenant_id, account_id, known_on) DO UPDATE SET day = least(l.day, excluded.day)",
    )
    .bind(tx.tenant())
    .bind(late.iter().map(|late| late.account_id).collect::<Vec<_>>())
    .bind(late.iter().map(|late| late.known_on).collect::<Vec<_>>())
    .bind(late.iter().map(|late| late.day).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What became known late before a day, by when it did.
pub async fn late(tx: &mut TenantTx, before: NaiveDate) -> Result<Vec<Late>> {
    sqlx::query_as(
        "SELECT account_id, known_on, day FROM late_days WHERE known_on < $1 ORDER BY known_on, account_id",
    )
    .bind(before)
    .fetch_all(tx.conn())
    .await
}

/// Forgets what became known before a day.
pub async fn forget(tx: &mut TenantTx, before: NaiveDate) -> Result<()> {
    sqlx::query("DELETE FROM late_days WHERE known_on < $1").bind(before).execute(tx.conn()).await?;
    Ok(())
}

/// Takes marks away, except those that reach further back by now.
pub async fn settle(tx: &mut TenantTx, late: &[Late]) -> Result<()> {
    sqlx::query(
        "DELETE FROM late_days l USING unnest($1::uuid[], $2::date[], $3::date[]) AS x (account_id, known_on, day)
         WHERE (l.account_id, l.known_on, l.day) = (x.account_id, x.known_on, x.day)",
    )
    .bind(late.iter().map(|late| late.account_id).collect::<Vec<_>>())
    .bind(late.iter().map(|late| late.known_on).collect::<Vec<_>>())
    .bind(late.iter().map(|late| late.day).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What was said of some accounts on the days between two, and what was known of it before another.
pub async fn said(
    tx: &mut TenantTx,
    ids: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    known_before: NaiveDate,
) -> Result<Vec<Said>> {
    sqlx::query_as(
        "SELECT s.account_id, s.day, s.version, s.score,
                CASE WHEN c.day IS NULL THEN s.score ELSE c.score END AS known_score,
                CASE WHEN c.day IS NULL THEN s.band ELSE c.band END AS known_band
         FROM scores_between($1, $2, $3) s
         LEFT JOIN (SELECT DISTINCT ON (account_id, day) account_id, day, score, band FROM score_corrections
                    WHERE account_id = ANY($1) AND day BETWEEN $2 AND $3 AND known_on < $4
                    ORDER BY account_id, day, known_on DESC) c ON c.account_id = s.account_id AND c.day = s.day
         ORDER BY s.account_id, s.day",
    )
    .bind(ids)
    .bind(from)
    .bind(to)
    .bind(known_before)
    .fetch_all(tx.conn())
    .await
}

/// Stores what became known on a day.
pub async fn put(tx: &mut TenantTx, known_on: NaiveDate, corrected: &[Corrected]) -> Result<()> {
    let (mut readings, mut computed_at) = (Vec::new(), Vec::new());
    for one in corrected {
        let kept = one.kept.day(one.said.day).map_err(|broken| Error::Encode(broken.into()))?;
        readings.push(kept.bytes);
        computed_at.push(kept.computed_at);
    }
    sqlx::query(
        "INSERT INTO score_corrections (tenant_id, account_id, day, known_on, version, score, band, readings, computed_at)
         SELECT $1, x.a, x.d, $2, x.v, x.s, x.b, x.r, x.c
         FROM unnest($3::uuid[], $4::date[], $5::int[], $6::float8[], $7::text[], $8::bytea[], $9::timestamptz[])
           AS x (a, d, v, s, b, r, c)
         ON CONFLICT (tenant_id, account_id, day, known_on) DO UPDATE SET version = excluded.version,
           score = excluded.score, band = excluded.band, readings = excluded.readings,
           computed_at = excluded.computed_at",
    )
    .bind(tx.tenant())
    .bind(known_on)
    .bind(corrected.iter().map(|one| one.said.account_id).collect::<Vec<_>>())
    .bind(corrected.iter().map(|one| one.said.day).collect::<Vec<_>>())
    .bind(corrected.iter().map(|one| one.said.version).collect::<Vec<_>>())
    .bind(corrected.iter().map(|one| one.score).collect::<Vec<_>>())
    .bind(corrected.iter().map(|one| one.band.as_deref()).collect::<Vec<_>>())
    .bind(readings)
    .bind(computed_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A past score with both values.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Correction {
    /// Day.
    pub day: NaiveDate,
    /// Version of the methodology of both.
    pub version: i32,
    /// The day on which the last of it became known.
    pub known_on: NaiveDate,
    /// Score as it was said.
    pub said_score: Option<f64>,
    /// Band as it was said.
    pub said_band: Option<String>,
    /// Score as known since.
    pub score: Option<f64>,
    /// Band as known since.
    pub band: Option<String>,
}

/// The corrected scores of an account between two days, by day; the last word on each.
pub async fn of_account(
    tx: &mut TenantTx,
    account_id: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Correction>> {
    sqlx::query_as(
        "SELECT c.day, c.version, c.known_on, s.score AS said_score, s.band AS said_band, c.score, c.band
         FROM (SELECT DISTINCT ON (day) * FROM score_corrections
               WHERE account_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, known_on DESC) c
         JOIN scores_between(ARRAY[$1::uuid], $2, $3) s ON s.day = c.day
         WHERE (c.score, c.band) IS DISTINCT FROM (s.score, s.band) ORDER BY c.day",
    )
    .bind(account_id)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}
