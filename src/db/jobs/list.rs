//! Background work as people look after it: what runs, waits and failed; and what they decide about it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::{Result, TenantTx};
use super::{Job, SELECT};

/// Jobs by what they ask of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Somebody is at it.
    Running,
    /// It waits for its time or its turn.
    Waiting,
    /// It failed for good, and nobody has decided about it.
    Failed,
    /// It is over: done, stopped, or failed and put aside.
    Over,
}

/// Failed and undecided; as the index `jobs_failed` has it.
const FAILED: &str =
    "finished_at IS NOT NULL AND last_error IS NOT NULL AND cancelled_at IS NULL AND discarded_at IS NULL";

impl Shelf {
    fn condition(self) -> &'static str {
        match self {
            Shelf::Running => "finished_at IS NULL AND locked_until IS NOT NULL",
            Shelf::Waiting => "finished_at IS NULL AND locked_until IS NULL",
            Shelf::Failed => FAILED,
            Shelf::Over => {
                "finished_at IS NOT NULL
                 AND (last_error IS NULL OR cancelled_at IS NOT NULL OR discarded_at IS NOT NULL)"
            }
        }
    }

    /// The order of its list: what comes next first, what ended last first.
    fn order(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Shelf::Running | Shelf::Waiting => ("run_at", ">", "ASC"),
            Shelf::Failed | Shelf::Over => ("finished_at", "<", "DESC"),
        }
    }

    /// Where a job stands in that order.
    pub fn place(self, job: &Job) -> (DateTime<Utc>, Uuid) {
        match self {
            Shelf::Running | Shelf::Waiting => (job.run_at, job.id),
            Shelf::Failed | Shelf::Over => (job.finished_at.unwrap_or(job.run_at), job.id),
        }
    }
}

/// A page of a shelf, after a place in it; of one kind, or of all.
pub async fn page(
    tx: &mut TenantTx,
    shelf: Shelf,
    kind: Option<&str>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Job>> {
    let (column, beyond, way) = shelf.order();
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{SELECT} WHERE {} AND ($1::text IS NULL OR kind = $1)
           AND ($2::timestamptz IS NULL OR ({column}, id) {beyond} ($2, $3))
         ORDER BY {column} {way}, id {way} LIMIT $4",
        shelf.condition()
    )))
    .bind(kind)
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// How much there is of a kind.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KindCount {
    /// What kind of work.
    pub kind: String,
    /// Jobs somebody is at.
    pub running: i64,
    /// Jobs that are due and wait for their turn.
    pub due: i64,
    /// Jobs whose time has not come.
    pub later: i64,
    /// Jobs that failed for good and nobody has decided about.
    pub failed: i64,
    /// Since when the oldest that is due has waited.
    pub oldest: Option<DateTime<Utc>>,
}

/// How much there is of each kind; kinds of which there is nothing are left out.
pub async fn counts(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<KindCount>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT kind,
                count(*) FILTER (WHERE finished_at IS NULL AND locked_until IS NOT NULL) AS running,
                count(*) FILTER (WHERE finished_at IS NULL AND locked_until IS NULL AND run_at <= $1) AS due,
                count(*) FILTER (WHERE finished_at IS NULL AND locked_until IS NULL AND run_at > $1) AS later,
                count(*) FILTER (WHERE finished_at IS NOT NULL) AS failed,
                min(run_at) FILTER (WHERE finished_at IS NULL AND locked_until IS NULL AND run_at <= $1) AS oldest
         FROM jobs WHERE finished_at IS NULL OR ({FAILED}) GROUP BY kind ORDER BY kind"
    )))
    .bind(now)
    .fetch_all(tx.conn())
    .await
}

/// How many jobs failed for good and nobody has decided about.
pub async fn failed(tx: &mut TenantTx) -> Result<i64> {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM jobs WHERE {FAILED}")))
        .fetch_one(tx.conn())
        .await
}

const AFRESH: &str =
    "finished_at = NULL, discarded_at = NULL, attempts = 0, done = 0, total = 0, run_at = $2";

/// Has a job that failed for good tried again, with all its tries before it; false when there is none such.
pub async fn retry(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query(sqlx::AssertSqlSafe(format!(
        "UPDATE jobs SET {AFRESH} WHERE id = $1
           AND finished_at IS NOT NULL AND last_error IS NOT NULL AND cancelled_at IS NULL"
    )))
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Has every failed job of a kind tried again that nobody has put aside; returns how many.
pub async fn retry_kind(tx: &mut TenantTx, kind: &str, now: DateTime<Utc>) -> Result<u64> {
    let done =
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE jobs SET {AFRESH} WHERE kind = $1 AND {FAILED}")))
            .bind(kind)
            .bind(now)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected())
}

/// Puts a failed job aside, or (none) takes it back; false when there is none such.
pub async fn set_discarded(tx: &mut TenantTx, id: Uuid, at: Option<DateTime<Utc>>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET discarded_at = $2 WHERE id = $1 AND finished_at IS NOT NULL AND last_error IS NOT NULL
           AND cancelled_at IS NULL AND (discarded_at IS NULL) = ($2 IS NOT NULL)",
    )
    .bind(id)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}
