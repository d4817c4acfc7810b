//! Scores by day, and the state of accounts that lists read.
//!
//! The last days stand in `scores`, one row each; days that are over are folded into `score_months`
//! ([`super::score_months`]). Readers ask `scores_on(day)` or `scores_between(accounts, first, last)`, which see both
//! as one.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{Result, TenantTx, score_months};
use crate::domain::health::{Kept, Readings};
use crate::domain::methodology::Methodology;

/// The score of one account on one day, by its primary model; those of the other models follow from its readings.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Score {
    /// Account.
    pub account_id: Uuid,
    /// Day.
    pub day: NaiveDate,
    /// Version of the methodology it was made with.
    pub version: i32,
    /// Id of the primary model; none when no model's condition held.
    pub model: Option<String>,
    /// 0..100; none without any data.
    pub score: Option<f64>,
    /// Band id.
    pub band: Option<String>,
    /// Share of weight with data, 0..1.
    pub coverage: f32,
    /// Whether it rests on old or thin data.
    pub stale: bool,
    /// Segment that day.
    pub segment: Option<String>,
    /// ARR that day, minor units of the tenant's currency.
    pub arr_base_minor: Option<i64>,
    /// Next renewal as seen that day.
    pub renewal_date: Option<NaiveDate>,
    /// What it was made from, and when.
    #[sqlx(flatten)]
    pub kept: Kept,
}

impl Score {
    /// What it was made from, by the methodology of its version; none when that cannot be read any more.
    pub fn readings(&self, methodology: &Methodology) -> Option<Readings> {
        self.kept.readings(self.day, &methodology.health).ok()
    }

    /// When it was worked out; to the second for days long over.
    pub fn computed_at(&self) -> Option<DateTime<Utc>> {
        self.kept.computed_at(self.day).ok()
    }
}

/// From the columns `readings` and `computed_at`, which is null where the readings are those of a month.
impl sqlx::FromRow<'_, PgRow> for Kept {
    fn from_row(row: &PgRow) -> Result<Self> {
        Ok(Kept::stored(row.try_get("readings")?, row.try_get("computed_at")?))
    }
}

/// Stores scores, replacing those of the same account and day unless they rest on newer facts: for days that are not
/// folded yet. They must come sorted by account and day.
pub async fn put(tx: &mut TenantTx, scores: &[Score]) -> Result<()> {
    insert(
        tx,
        scores,
        "DO UPDATE SET version = excluded.version, score = excluded.score, band = excluded.band,
           coverage = excluded.coverage, stale = excluded.stale, model = excluded.model, segment = excluded.segment,
           arr_base_minor = excluded.arr_base_minor, renewal_date = excluded.renewal_date,
           readings = excluded.readings, computed_at = excluded.computed_at
         WHERE scores.computed_at <= excluded.computed_at",
    )
    .await
}

/// Stores scores of past days where there are none: what was once said of a day stays as it was said. Days before
/// `folded` go straight into their months. They must come sorted by account and day.
pub async fn put_if_absent(tx: &mut TenantTx, scores: Vec<Score>, folded: NaiveDate) -> Result<()> {
    let (over, recent): (Vec<Score>, Vec<Score>) = scores.into_iter().partition(|score| score.day < folded);
    insert(tx, &recent, "DO NOTHING").await?;
    score_months::put_if_absent(tx, over).await
}

async fn insert(tx: &mut TenantTx, scores: &[Score], on_conflict: &str) -> Result<()> {
    macro_rules! column {
        ($field:ident) => {
            scores.iter().map(|s| s.$field.clone()).collect::<Vec<_>>()
        };
    }
    let (mut readings, mut computed_at) =
        (Vec::with_capacity(scores.len()), Vec::with_capacity(scores.len()));
    for score in scores {
        let kept = score.kept.day(score.day).map_err(|broken| sqlx::Error::Encode(broken.into()))?;
        readings.push(kept.bytes);
        computed_at.push(kept.computed_at);
    }
    note_days(tx, scores).await?;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO scores (tenant_id, account_id, day, version, model, score, band, coverage, stale, segment,
                             arr_base_minor, renewal_date, readings, computed_at)
         SELECT $1, x.* FROM unnest($2::uuid[], $3::date[], $4::int[], $5::text[], $6::float8[], $7::text[],
           $8::real[], $9::bool[], $10::text[], $11::bigint[], $12::date[], $13::bytea[], $14::timestamptz[]) AS x
         ON CONFLICT (tenant_id, account_id, day) {on_conflict}"
    )))
    .bind(tx.tenant())
    .bind(column!(account_id))
    .bind(column!(day))
    .bind(column!(version))
    .bind(column!(model))
    .bind(column!(score))
    .bind(column!(band))
    .bind(column!(coverage))
    .bind(column!(stale))
    .bind(column!(segment))
    .bind(column!(arr_base_minor))
    .bind(column!(renewal_date))
    .bind(readings)
    .bind(computed_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Puts the days of scores into the portfolio's calendar.
pub(super) async fn note_days(tx: &mut TenantTx, scores: &[Score]) -> Result<()> {
    let days: BTreeSet<NaiveDate> = scores.iter().map(|score| score.day).collect();
    sqlx::query(
        "INSERT INTO scored_days (tenant_id, day) SELECT $1, d FROM unnest($2::date[]) AS d
         WHERE NOT EXISTS (SELECT FROM scored_days s WHERE s.day = d) ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(days.into_iter().collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The score of an account on a day, or the last one before it.
pub async fn primary_on(tx: &mut TenantTx, account_id: Uuid, day: NaiveDate) -> Result<Option<Score>> {
    let last: Option<NaiveDate> =
        sqlx::query_scalar("SELECT max(day) FROM scores_between(ARRAY[$1::uuid], '1900-01-01', $2)")
            .bind(account_id)
            .bind(day)
            .fetch_one(tx.conn())
            .await?;
    match last {
        Some(last) => Ok(primary_on_days(tx, account_id, &[last]).await?.pop()),
        None => Ok(None),
    }
}

/// A point of a score's history.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Point {
    /// Account.
    pub account_id: Uuid,
    /// Day.
    pub day: NaiveDate,
    /// Score.
    pub score: Option<f64>,
    /// Band id.
    pub band: Option<String>,
    /// Whether it rested on old or thin data.
    pub stale: bool,
    /// Version of the methodology it was made with.
    pub version: i32,
}

/// The scores of accounts between two days, both included, by account and day.
pub async fn history(tx: &mut TenantTx, ids: &[Uuid], from: NaiveDate, to: NaiveDate) -> Result<Vec<Point>> {
    sqlx::query_as(
        "SELECT account_id, day, score, band, stale, version FROM scores_between($1, $2, $3) ORDER BY account_id, day",
    )
    .bind(ids)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// The scores of some accounts on a day.
pub async fn on(tx: &mut TenantTx, ids: &[Uuid], day: NaiveDate) -> Result<Vec<Score>> {
    sqlx::query_as("SELECT * FROM scores_between($1, $2, $2)").bind(ids).bind(day).fetch_all(tx.conn()).await
}

/// The scores of an account on some days; days without one are missing.
pub async fn primary_on_days(tx: &mut TenantTx, account_id: Uuid, days: &[NaiveDate]) -> Result<Vec<Score>> {
    sqlx::query_as(
        "SELECT s.* FROM (SELECT DISTINCT unnest($2::date[]) AS day) d
         CROSS JOIN LATERAL scores_between(ARRAY[$1::uuid], d.day, d.day) s ORDER BY s.day",
    )
    .bind(account_id)
    .bind(days)
    .fetch_all(tx.conn())
    .await
}

/// The scores of accounts to compare a day with: of each the one `days` before, or its oldest since.
pub async fn before(tx: &mut TenantTx, ids: &[Uuid], day: NaiveDate, days: u16) -> Result<Vec<Score>> {
    let from = day.checked_sub_days(Days::new(days.into())).unwrap_or(day);
    // Most have a score of just that day; only the others are searched.
    let mut found: Vec<Score> = sqlx::query_as("SELECT * FROM scores_between($1, $2, $2)")
        .bind(ids)
        .bind(from)
        .fetch_all(tx.conn())
        .await?;
    let known: HashSet<Uuid> = found.iter().map(|score| score.account_id).collect();
    let others: Vec<Uuid> = ids.iter().filter(|id| !known.contains(id)).copied().collect();
    if !others.is_empty() {
        let older = sqlx::query_as(
            "SELECT DISTINCT ON (account_id) * FROM scores_between($1, $2, $3) ORDER BY account_id, day",
        )
        .bind(others)
        .bind(from)
        .bind(day.pred_opt().unwrap_or(day))
        .fetch_all(tx.conn())
        .await?;
        found.extend(older);
    }
    Ok(found)
}

/// What lists read of an account.
#[derive(Debug, Clone)]
pub struct State {
    /// Account.
    pub account_id: Uuid,
    /// Day it is about.
    pub day: NaiveDate,
    /// Segment by rule.
    pub segment: Option<String>,
    /// Base stage.
    pub stage: Option<String>,
    /// Day number.
    pub stage_day: Option<i32>,
    /// Primary model.
    pub model: Option<String>,
    /// Primary score.
    pub score: Option<f64>,
    /// Band id.
    pub band: Option<String>,
    /// Tone of the band; none for a good band that rests on old or thin data.
    pub tone: Option<String>,
    /// Share of weight with data.
    pub coverage: f64,
    /// Old or thin data.
    pub stale: bool,
    /// Score a month before.
    pub score_before: Option<f64>,
    /// Band then.
    pub band_before: Option<String>,
    /// Which day.
    pub before_day: Option<NaiveDate>,
    /// What moved it, in one line.
    pub why: String,
    /// ARR in its own currency.
    pub arr_minor: i64,
    /// That currency.
    pub currency: String,
    /// ARR in the tenant's currency.
    pub arr_base_minor: Option<i64>,
    /// Next renewal.
    pub renewal_date: Option<NaiveDate>,
    /// Whether its timeline has begun.
    pub renewal_open: bool,
    /// Strategy id.
    pub strategy: Option<String>,
    /// The last day the last contract was in force, when none is any more.
    pub churned_on: Option<NaiveDate>,
}

/// Stores states as of the moment `now`, at which their facts were read, with stage entries and churn; a state that
/// rests on newer facts stays. They must come sorted by account.
pub async fn put_states(tx: &mut TenantTx, states: &[State], now: DateTime<Utc>) -> Result<()> {
    macro_rules! column {
        ($field:ident) => {
            states.iter().map(|s| s.$field.clone()).collect::<Vec<_>>()
        };
    }
    // Everybody locks in this order: accounts, their states, the list of those to score.
    sqlx::query(
        "UPDATE accounts a SET churned_on = x.ch FROM unnest($1::uuid[], $2::date[]) AS x (id, ch)
         WHERE a.id = x.id AND a.churned_on IS DISTINCT FROM x.ch",
    )
    .bind(column!(account_id))
    .bind(column!(churned_on))
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "INSERT INTO account_states (tenant_id, account_id, day, computed_at, segment, stage, stage_day, model, score,
           band, tone, coverage, stale, score_before, band_before, before_day, why, arr_minor, currency,
           arr_base_minor, renewal_date, renewal_open, strategy)
         SELECT $1, a, d, $24, sg, st, sd, mo, sc, ba, tn, co, sl, sb, bb, bd, w, am, cu, ab, rd, ro, sy
         FROM unnest($2::uuid[], $3::date[], $4::text[], $5::text[], $6::int[], $7::text[], $8::float8[], $9::text[],
           $10::text[], $11::float8[], $12::bool[], $13::float8[], $14::text[], $15::date[], $16::text[],
           $17::bigint[], $18::text[], $19::bigint[], $20::date[], $21::bool[], $22::text[], $23::date[])
           AS x (a, d, sg, st, sd, mo, sc, ba, tn, co, sl, sb, bb, bd, w, am, cu, ab, rd, ro, sy, ch)
         ON CONFLICT (tenant_id, account_id) DO UPDATE SET day = excluded.day, computed_at = excluded.computed_at,
           segment = excluded.segment, stage = excluded.stage, stage_day = excluded.stage_day, model = excluded.model,
           score = excluded.score, band = excluded.band, tone = excluded.tone, coverage = excluded.coverage,
           stale = excluded.stale, score_before = excluded.score_before, band_before = excluded.band_before,
           before_day = excluded.before_day, why = excluded.why, arr_minor = excluded.arr_minor,
           currency = excluded.currency, arr_base_minor = excluded.arr_base_minor,
           renewal_date = excluded.renewal_date, renewal_open = excluded.renewal_open, strategy = excluded.strategy
         WHERE account_states.day < excluded.day OR account_states.computed_at <= excluded.computed_at",
    )
    .bind(tx.tenant())
    .bind(column!(account_id))
    .bind(column!(day))
    .bind(column!(segment))
    .bind(column!(stage))
    .bind(column!(stage_day))
    .bind(column!(model))
    .bind(column!(score))
    .bind(column!(band))
    .bind(column!(tone))
    .bind(column!(coverage))
    .bind(column!(stale))
    .bind(column!(score_before))
    .bind(column!(band_before))
    .bind(column!(before_day))
    .bind(column!(why))
    .bind(column!(arr_minor))
    .bind(column!(currency))
    .bind(column!(arr_base_minor))
    .bind(column!(renewal_date))
    .bind(column!(renewal_open))
    .bind(column!(strategy))
    .bind(column!(churned_on))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
