//! What people set against the model: one open row an account at most, and the history of those that ended.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A score or band set by hand. Exactly one of `score` and `band` is there.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Override {
    /// Identity.
    pub id: Uuid,
    /// Account.
    pub account_id: Uuid,
    /// The score that was set, 0..100.
    pub score: Option<f64>,
    /// Id of the band that was set.
    pub band: Option<String>,
    /// Why.
    pub reason: String,
    /// Who, as the audit log names them.
    pub set_by: String,
    /// The member; none when a key did it.
    pub member_id: Option<Uuid>,
    /// When.
    pub set_at: DateTime<Utc>,
    /// First day on which it applies.
    pub set_on: NaiveDate,
    /// Last day on which it applies.
    pub expires_on: NaiveDate,
    /// Version of the methodology it was set against.
    pub version: i32,
    /// What the model said that day.
    pub model_score: Option<f64>,
    /// The model's band that day.
    pub model_band: Option<String>,
    /// The band the person means: the one set, or that of the score set.
    pub person_band: Option<String>,
    /// `better`, `level` or `worse` than the model's band; none where the model said nothing.
    pub lean: Option<String>,
    /// The day the model was last asked.
    pub now_on: Option<NaiveDate>,
    /// What it said.
    pub now_score: Option<f64>,
    /// The band it said.
    pub now_band: Option<String>,
    /// Since when it agrees without a break.
    pub agreed_since: Option<NaiveDate>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// First day on which it no longer applied.
    pub ended_on: Option<NaiveDate>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// `withdrawn`, `replaced`, `expired`, `agreed` or `churned`.
    pub end_reason: Option<String>,
    /// When a renewal was held against it, or passed it over.
    pub judged_at: Option<DateTime<Utc>>,
    /// `renewed`, `shrank` or `churned`.
    pub outcome: Option<String>,
    /// The renewal date, or the day the account left before it.
    pub outcome_on: Option<NaiveDate>,
    /// ARR on the eve, minor units of the tenant's currency.
    pub arr_before_minor: Option<i64>,
    /// ARR afterwards; none after churn.
    pub arr_after_minor: Option<i64>,
    /// Who was right: `person`, `model` or `neither`.
    pub proved: Option<String>,
}

impl Override {
    /// The last day on which it applied, or will; none when it never did, as when it was taken back on its first day.
    pub fn last_day(&self) -> Option<NaiveDate> {
        let last =
            self.ended_on.and_then(|day| day.pred_opt()).map_or(self.expires_on, |d| d.min(self.expires_on));
        (last >= self.set_on).then_some(last)
    }
}

const COLUMNS: &str = "o.id, o.account_id, o.score, o.band, o.reason, o.set_by, o.member_id, o.set_at, o.set_on,
    o.expires_on, o.version, o.model_score, o.model_band, o.person_band, o.lean, o.now_on, o.now_score, o.now_band,
    o.agreed_since, o.ended_at, o.ended_on, o.ended_by, o.end_reason, o.judged_at, o.outcome, o.outcome_on,
    o.arr_before_minor, o.arr_after_minor, o.proved";

/// Locks an account so that nobody else sets or scores it meanwhile, in the order everybody locks in: the account,
/// then its state. None for an id that is not there.
pub async fn lock_account(tx: &mut TenantTx, external_id: &str) -> Result<Option<Uuid>> {
    let id: Option<Uuid> =
        sqlx::query_scalar("SELECT id FROM accounts WHERE external_id = $1 FOR NO KEY UPDATE")
            .bind(external_id)
            .fetch_optional(tx.conn())
            .await?;
    sqlx::query("SELECT FROM account_states WHERE account_id = $1 FOR NO KEY UPDATE")
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// The one that has not ended, if there is one. It may have run out without having been ended yet.
pub async fn open(tx: &mut TenantTx, account_id: Uuid) -> Result<Option<Override>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM overrides o WHERE o.account_id = $1 AND o.ended_at IS NULL"
    )))
    .bind(account_id)
    .fetch_optional(tx.conn())
    .await
}

/// All of an account, newest first.
pub async fn of_account(tx: &mut TenantTx, account_id: Uuid) -> Result<Vec<Override>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM overrides o WHERE o.account_id = $1 ORDER BY o.set_at DESC, o.id DESC"
    )))
    .bind(account_id)
    .fetch_all(tx.conn())
    .await
}

/// Those that applied on any day of a stretch, by account and day.
pub async fn between(
    tx: &mut TenantTx,
    accounts: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Override>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM overrides o WHERE o.account_id = ANY($1) AND o.set_on <= $3 AND o.expires_on >= $2
           AND (o.ended_on IS NULL OR o.ended_on > greatest($2, o.set_on)) ORDER BY o.account_id, o.set_at"
    )))
    .bind(accounts)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// Stores a new one. The account must have none that is open.
pub async fn insert(tx: &mut TenantTx, new: &Override) -> Result<()> {
    sqlx::query(
        "INSERT INTO overrides (tenant_id, id, account_id, score, band, reason, set_by, member_id, set_at, set_on,
           expires_on, version, model_score, model_band, person_band, lean)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(tx.tenant())
    .bind(new.id)
    .bind(new.account_id)
    .bind(new.score)
    .bind(&new.band)
    .bind(&new.reason)
    .bind(&new.set_by)
    .bind(new.member_id)
    .bind(new.set_at)
    .bind(new.set_on)
    .bind(new.expires_on)
    .bind(new.version)
    .bind(new.model_score)
    .bind(&new.model_band)
    .bind(&new.person_band)
    .bind(&new.lean)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends one; false when it had ended already.
pub async fn end(
    tx: &mut TenantTx,
    id: Uuid,
    now: DateTime<Utc>,
    on: NaiveDate,
    by: &str,
    reason: &str,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE overrides SET ended_at = $2, ended_on = $3, ended_by = $4, end_reason = $5
         WHERE id = $1 AND ended_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .bind(on)
    .bind(by)
    .bind(reason)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes back the end of one, as if it had never come.
pub async fn reopen(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query(
        "UPDATE overrides SET ended_at = NULL, ended_on = NULL, ended_by = NULL, end_reason = NULL WHERE id = $1",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What the model says now of an account that is set by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The override.
    pub id: Uuid,
    /// The model's score.
    pub score: Option<f64>,
    /// The model's band.
    pub band: Option<String>,
    /// Whether it agrees with the person.
    pub agrees: bool,
}

/// Notes what the model says on a day. They must come sorted by account, after the accounts' states were locked.
pub async fn hear(tx: &mut TenantTx, day: NaiveDate, heard: &[Heard]) -> Result<()> {
    macro_rules! column {
        ($field:ident) => {
            heard.iter().map(|h| h.$field.clone()).collect::<Vec<_>>()
        };
    }
    sqlx::query(
        "UPDATE overrides o SET now_on = $1, now_score = x.score, now_band = x.band,
           agreed_since = CASE WHEN x.agrees THEN coalesce(o.agreed_since, $1) END
         FROM unnest($2::uuid[], $3::float8[], $4::text[], $5::bool[]) AS x (id, score, band, agrees)
         WHERE o.id = x.id",
    )
    .bind(day)
    .bind(column!(id))
    .bind(column!(score))
    .bind(column!(band))
    .bind(column!(agrees))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An override with its account.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Listed {
    /// The override.
    #[sqlx(flatten)]
    pub set: Override,
    /// The account in links.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Its CSM.
    pub owner: Option<String>,
    /// Its ARR, minor units of the tenant's currency.
    pub arr_base_minor: Option<i64>,
    /// Its next renewal.
    pub renewal_date: Option<NaiveDate>,
    /// Whether its score rests on old or thin data.
    pub stale: Option<bool>,
}

const LISTED: &str = "a.external_id, a.name, u.name AS owner, s.arr_base_minor, s.renewal_date, s.stale
    FROM overrides o JOIN accounts a ON a.tenant_id = o.tenant_id AND a.id = o.account_id
    LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
    LEFT JOIN members m ON m.tenant_id = a.tenant_id AND m.id = a.owner_id LEFT JOIN users u ON u.id = m.user_id";

/// Which overrides a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those in force, most ARR first.
    Open,
    /// Those that ended or that a renewal was held against, the latest first; replaced ones only when judged.
    Settled,
}

/// The first of them.
pub async fn list(tx: &mut TenantTx, which: Which, today: NaiveDate, limit: i64) -> Result<Vec<Listed>> {
    let (condition, order) = match which {
        Which::Open => {
            ("o.ended_at IS NULL AND o.expires_on >= $1", "s.arr_base_minor DESC NULLS LAST, o.set_at, o.id")
        }
        Which::Settled => (
            "(o.proved IS NOT NULL OR (o.end_reason <> 'replaced' AND o.ended_on > o.set_on))",
            "greatest(o.judged_at, o.ended_at) DESC, o.id",
        ),
    };
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, {LISTED} WHERE {condition} AND $1::date IS NOT NULL ORDER BY {order} LIMIT $2"
    )))
    .bind(today)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Overrides after an id, in the order they were set: those in force on a day, those that ended, or all.
pub async fn page(
    tx: &mut TenantTx,
    in_force: Option<bool>,
    today: NaiveDate,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Listed>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, {LISTED}
         WHERE ($1::bool IS NULL OR (o.ended_at IS NULL AND o.expires_on >= $2) = $1)
           AND ($3::uuid IS NULL OR o.id > $3) ORDER BY o.id LIMIT $4"
    )))
    .bind(in_force)
    .bind(today)
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Those that should have ended by a day, or whose model has agreed since another: with the account in the log.
pub async fn ripe(tx: &mut TenantTx, today: NaiveDate, agreed_by: NaiveDate) -> Result<Vec<Listed>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, {LISTED} WHERE o.ended_at IS NULL
           AND (o.expires_on < $1 OR o.agreed_since <= $2 OR a.churned_on <= $1) ORDER BY o.account_id"
    )))
    .bind(today)
    .bind(agreed_by)
    .fetch_all(tx.conn())
    .await
}

/// Those no renewal has been held against yet, by account, oldest first.
pub async fn unjudged(tx: &mut TenantTx) -> Result<Vec<Listed>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, {LISTED} WHERE o.judged_at IS NULL ORDER BY o.account_id, o.set_at, o.id"
    )))
    .fetch_all(tx.conn())
    .await
}

/// What a renewal showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// `renewed`, `shrank` or `churned`.
    pub outcome: &'static str,
    /// The day.
    pub on: NaiveDate,
    /// ARR on the eve.
    pub before: i64,
    /// ARR afterwards; none after churn.
    pub after: Option<i64>,
    /// `person`, `model` or `neither`.
    pub proved: &'static str,
}

/// Records who was right, once; without a judgement, that the override counted for no renewal. False when it was
/// recorded before.
pub async fn judge(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>, judged: Option<&Judged>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE overrides SET judged_at = $2, outcome = $3, outcome_on = $4, arr_before_minor = $5,
           arr_after_minor = $6, proved = $7 WHERE id = $1 AND judged_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .bind(judged.map(|j| j.outcome))
    .bind(judged.map(|j| j.on))
    .bind(judged.map(|j| j.before))
    .bind(judged.and_then(|j| j.after))
    .bind(judged.map(|j| j.proved))
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How often somebody was right.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    /// The member's name, or how the audit log names who set it.
    pub name: String,
    /// Overrides the renewal proved right.
    pub person: i64,
    /// Overrides where the model was right.
    pub model: i64,
    /// Overrides that meant the model's band.
    pub neither: i64,
}

/// Who was how often right, those judged most often first.
pub async fn tallies(tx: &mut TenantTx) -> Result<Vec<Tally>> {
    sqlx::query_as(
        "SELECT coalesce(u.name, o.set_by) AS name, count(*) FILTER (WHERE o.proved = 'person') AS person,
                count(*) FILTER (WHERE o.proved = 'model') AS model,
                count(*) FILTER (WHERE o.proved = 'neither') AS neither
         FROM overrides o LEFT JOIN members m ON m.tenant_id = o.tenant_id AND m.id = o.member_id
         LEFT JOIN users u ON u.id = m.user_id
         WHERE o.proved IS NOT NULL GROUP BY o.member_id, 1 ORDER BY count(*) DESC, 1",
    )
    .fetch_all(tx.conn())
    .await
}
