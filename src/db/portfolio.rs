//! Sums over all accounts of a tenant, as of any day that was scored.

use chrono::NaiveDate;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{Result, TenantTx};
use crate::domain::health::{Kept, Readings};
use crate::domain::methodology::Methodology;

/// The last day with scores on or before a day.
pub async fn scored_day(tx: &mut TenantTx, on_or_before: NaiveDate) -> Result<Option<NaiveDate>> {
    sqlx::query_scalar("SELECT max(day) FROM scored_days WHERE day <= $1")
        .bind(on_or_before)
        .fetch_one(tx.conn())
        .await
}

/// The first day with scores.
pub async fn first_scored_day(tx: &mut TenantTx) -> Result<Option<NaiveDate>> {
    sqlx::query_scalar("SELECT min(day) FROM scored_days").fetch_one(tx.conn()).await
}

/// Accounts and ARR of one segment and band.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Cell {
    /// Segment id.
    pub segment: Option<String>,
    /// Band id; none where there is no score.
    pub band: Option<String>,
    /// Accounts.
    pub accounts: i64,
    /// ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
    /// Accounts whose score is old or thin.
    pub stale: i64,
    /// Accounts whose ARR has no exchange rate.
    pub unconverted: i64,
}

/// The portfolio by segment and band on a scored day.
pub async fn cells(tx: &mut TenantTx, day: NaiveDate) -> Result<Vec<Cell>> {
    sqlx::query_as(
        "SELECT nullif(segment, '') AS segment, nullif(band, '') AS band, accounts, arr_base_minor, stale, unconverted
         FROM portfolio_on(ARRAY[$1::date]) ORDER BY 1, 2",
    )
    .bind(day)
    .fetch_all(tx.conn())
    .await
}

/// Accounts and ARR of one band on one day.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BandDay {
    /// Day.
    pub day: NaiveDate,
    /// Band id.
    pub band: Option<String>,
    /// Accounts.
    pub accounts: i64,
    /// ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
}

/// What rests on old or thin data on a day: band id, accounts, ARR in minor units of the tenant's currency.
pub async fn doubtful(tx: &mut TenantTx, day: NaiveDate) -> Result<Vec<(Option<String>, i64, i64)>> {
    sqlx::query_as(
        "SELECT band, count(*), coalesce(sum(arr_base_minor), 0)::bigint FROM scores_on($1) WHERE stale GROUP BY band",
    )
    .bind(day)
    .fetch_all(tx.conn())
    .await
}

/// The bands on some days.
pub async fn bands_on(tx: &mut TenantTx, days: &[NaiveDate]) -> Result<Vec<BandDay>> {
    sqlx::query_as(
        "SELECT day, nullif(band, '') AS band, sum(accounts)::bigint AS accounts,
                sum(arr_base_minor)::bigint AS arr_base_minor
         FROM portfolio_on($1) GROUP BY 1, 2 ORDER BY 1",
    )
    .bind(days)
    .fetch_all(tx.conn())
    .await
}

/// Renewals of one quarter in one band.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct QuarterCell {
    /// First day of the calendar quarter.
    pub quarter: NaiveDate,
    /// Band id.
    pub band: Option<String>,
    /// Renewals.
    pub accounts: i64,
    /// ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
}

/// What comes up for renewal from a scored day until another day, by quarter and band.
pub async fn renewals_by_quarter(
    tx: &mut TenantTx,
    day: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<QuarterCell>> {
    sqlx::query_as(
        "SELECT date_trunc('quarter', renewal_date)::date AS quarter, band, count(*) AS accounts,
                coalesce(sum(arr_base_minor), 0)::bigint AS arr_base_minor
         FROM scores_on($1) WHERE renewal_date >= $1 AND renewal_date < $2
         GROUP BY 1, 2 ORDER BY 1",
    )
    .bind(day)
    .bind(until)
    .fetch_all(tx.conn())
    .await
}

/// An account whose score or band differs between two days.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Mover {
    /// Account.
    pub account_id: Uuid,
    /// Its identity in links.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Score on the later day.
    pub score: Option<f64>,
    /// Score on the earlier day.
    pub score_before: Option<f64>,
    /// Band on the later day.
    pub band: Option<String>,
    /// Band on the earlier day.
    pub band_before: Option<String>,
    /// ARR on the later day.
    pub arr_base_minor: Option<i64>,
    /// Version of the later score.
    pub version: i32,
    /// Version of the earlier score.
    pub version_before: i32,
    #[sqlx(flatten)]
    kept: Kept,
    #[sqlx(flatten)]
    kept_before: KeptBefore,
    day: NaiveDate,
    day_before: NaiveDate,
}

impl Mover {
    /// Readings of the earlier and of the later day, by the methodology of both; none when they are of two versions or
    /// cannot be read any more.
    pub fn readings(&self, methodology: &Methodology) -> Option<(Readings, Readings)> {
        let before = self.kept_before.0.readings(self.day_before, &methodology.health).ok()?;
        let now = self.kept.readings(self.day, &methodology.health).ok()?;
        (self.version == self.version_before).then_some((before, now))
    }
}

/// From the columns `readings_before` and `computed_before`.
#[derive(Debug, Clone)]
struct KeptBefore(Kept);

impl sqlx::FromRow<'_, PgRow> for KeptBefore {
    fn from_row(row: &PgRow) -> Result<Self> {
        Ok(KeptBefore(Kept::stored(row.try_get("readings_before")?, row.try_get("computed_before")?)))
    }
}

/// The accounts whose score moved most between two scored days, weighed by their ARR: of those that fell and of those
/// that rose up to `limit` each.
pub async fn movers(
    tx: &mut TenantTx,
    day: NaiveDate,
    before: NaiveDate,
    owner: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Mover>> {
    // Readings are looked up for the few that are shown, not carried through the sort.
    sqlx::query_as(
        "WITH moved AS (
           SELECT n.account_id, a.external_id, a.name, n.score, o.score AS score_before, n.band, o.band AS band_before,
                  n.arr_base_minor, n.day, o.day AS day_before, n.version, o.version AS version_before,
                  row_number() OVER (PARTITION BY n.score > o.score ORDER BY
                    abs(n.score - o.score) * ln(10 + coalesce(n.arr_base_minor, 0)) DESC, n.account_id) AS place
           FROM scores_on($1) n JOIN scores_on($2) o ON o.account_id = n.account_id
           JOIN accounts a ON a.id = n.account_id
           WHERE ($3::uuid IS NULL OR a.owner_id = $3) AND abs(n.score - o.score) >= 3)
         SELECT m.*, n.readings, n.computed_at, o.readings AS readings_before, o.computed_at AS computed_before
         FROM moved m CROSS JOIN LATERAL scores_between(ARRAY[m.account_id], m.day, m.day) n
         CROSS JOIN LATERAL scores_between(ARRAY[m.account_id], m.day_before, m.day_before) o
         WHERE m.place <= $4 ORDER BY m.place, m.account_id",
    )
    .bind(day)
    .bind(before)
    .bind(owner)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// The last scored day of each of the last `months` months, the one of `day` included; months without are missing.
pub async fn month_ends(tx: &mut TenantTx, day: NaiveDate, months: i32) -> Result<Vec<NaiveDate>> {
    sqlx::query_scalar(
        "SELECT l.day FROM generate_series(0, $2 - 1) AS back (n)
         CROSS JOIN LATERAL (SELECT (date_trunc('month', $1::date) - make_interval(months => n))::date AS first) m
         CROSS JOIN LATERAL (SELECT max(s.day) AS day FROM scored_days s WHERE s.day >= m.first
           AND s.day <= least($1, (m.first + interval '1 month')::date - 1)) l
         WHERE l.day IS NOT NULL ORDER BY 1",
    )
    .bind(day)
    .bind(months)
    .fetch_all(tx.conn())
    .await
}

/// The whole portfolio on one day.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DayTotals {
    /// Day.
    pub day: NaiveDate,
    /// Accounts.
    pub accounts: i64,
    /// Mean of the primary scores, each account counting once; none without any score.
    pub mean_score: Option<f64>,
    /// ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
    /// Accounts whose ARR has no exchange rate.
    pub unconverted: i64,
    /// Renewals in the 120 days from that day.
    pub renewals: i64,
    /// Their ARR.
    pub renewals_minor: i64,
}

/// The portfolio on some scored days.
pub async fn totals_on(tx: &mut TenantTx, days: &[NaiveDate]) -> Result<Vec<DayTotals>> {
    sqlx::query_as(
        "SELECT day, sum(accounts)::bigint AS accounts,
                (sum(score_sum) / nullif(sum(scored), 0))::float8 AS mean_score,
                sum(arr_base_minor)::bigint AS arr_base_minor, sum(unconverted)::bigint AS unconverted,
                sum(renewals)::bigint AS renewals, sum(renewals_minor)::bigint AS renewals_minor
         FROM portfolio_on($1) GROUP BY day ORDER BY day",
    )
    .bind(days)
    .fetch_all(tx.conn())
    .await
}

/// One CSM's share of one segment and band.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Load {
    /// Member; none for accounts without a CSM.
    pub owner_id: Option<Uuid>,
    /// Name.
    pub owner: Option<String>,
    /// Segment id.
    pub segment: Option<String>,
    /// Band id.
    pub band: Option<String>,
    /// Accounts.
    pub accounts: i64,
    /// ARR, minor units of the tenant's currency.
    pub arr_base_minor: i64,
    /// Renewals in the 120 days from that day.
    pub renewals: i64,
}

/// Accounts and ARR of a scored day by CSM, segment and band. Who looks after an account is known as of now only.
pub async fn load(tx: &mut TenantTx, day: NaiveDate) -> Result<Vec<Load>> {
    sqlx::query_as(
        "SELECT a.owner_id, u.name AS owner, s.segment, s.band, count(*) AS accounts,
                coalesce(sum(s.arr_base_minor), 0)::bigint AS arr_base_minor,
                count(*) FILTER (WHERE s.renewal_date BETWEEN $1 AND $1 + 120) AS renewals
         FROM scores_on($1) s JOIN accounts a ON a.id = s.account_id
         LEFT JOIN members m ON m.tenant_id = a.tenant_id AND m.id = a.owner_id LEFT JOIN users u ON u.id = m.user_id
         GROUP BY 1, 2, 3, 4",
    )
    .bind(day)
    .fetch_all(tx.conn())
    .await
}

/// Days before `before` whose sums are not stored yet, the newest first.
pub async fn not_summed(tx: &mut TenantTx, before: NaiveDate, limit: i64) -> Result<Vec<NaiveDate>> {
    sqlx::query_scalar(
        "SELECT day FROM scored_days s WHERE day < $1
           AND NOT EXISTS (SELECT FROM portfolio_days p WHERE p.day = s.day) ORDER BY day DESC LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Stores the sums of days that are folded.
pub async fn sum_up(tx: &mut TenantTx, days: &[NaiveDate]) -> Result<()> {
    super::score_months::lock(tx).await?;
    sqlx::query("INSERT INTO portfolio_days SELECT $1, p.* FROM portfolio_on($2) p ON CONFLICT DO NOTHING")
        .bind(tx.tenant())
        .bind(days)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What ended between two days.
#[derive(Debug, Clone, Copy, Default, sqlx::FromRow)]
pub struct Churned {
    /// Accounts that churned.
    pub accounts: i64,
}

/// Accounts that churned after one day and up to another.
pub async fn churned(tx: &mut TenantTx, after: NaiveDate, until: NaiveDate) -> Result<Churned> {
    sqlx::query_as("SELECT count(*) AS accounts FROM accounts WHERE churned_on > $1 AND churned_on <= $2")
        .bind(after)
        .bind(until)
        .fetch_one(tx.conn())
        .await
}
