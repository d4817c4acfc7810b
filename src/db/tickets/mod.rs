//! Tickets, their stays at levels of support, and what they were counted for.
//!
//! [`mod@write`] stores them, [`list`] finds them for pages and the API, [`figures`] adds them up over a period.

mod figures;
mod list;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use figures::{Attained, Figures, Of, attained, figures};
pub use list::{Filter, Listed, count, list, listed, open_counts};
pub use write::{drop_stay, put, put_counts};

use super::{Result, TenantTx};

/// A ticket.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Ticket {
    /// Identity.
    pub id: Uuid,
    /// Whose it is.
    pub account_id: Uuid,
    /// Identity in the tenant's support tool.
    pub external_id: String,
    /// What it is about.
    pub subject: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// `open`, `pending` or `resolved`.
    pub status: String,
    /// How it came: `email`, `phone` …; may be empty.
    pub channel: String,
    /// Who asked; may be empty.
    pub requester: String,
    /// The member who works on it.
    pub assignee_id: Option<Uuid>,
    /// How content the requester was with the solution, 1 to 5.
    pub csat: Option<i32>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was first answered.
    pub responded_at: Option<DateTime<Utc>>,
    /// When it was resolved; none while it is not.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When it was last taken up again.
    pub reopened_at: Option<DateTime<Utc>>,
    /// Its latest stay at a level.
    pub stay: i32,
    /// When a resolution is due.
    pub resolution_due: Option<DateTime<Utc>>,
    /// Whether that was missed.
    pub resolution_breached: bool,
    /// The moment of the latest word that was taken.
    pub stated_at: DateTime<Utc>,
    /// The version of the methodology its clocks were last worked out by.
    pub worked_by: Option<i32>,
}

/// A stay of a ticket at a level.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Stay {
    /// The ticket.
    pub ticket_id: Uuid,
    /// 0, 1, 2 …
    pub stay: i32,
    /// `opened`, `escalated`, `lowered` or `reopened`.
    pub step: String,
    /// The level.
    pub level: i32,
    /// The role that works at it; empty where the methodology names none.
    pub role: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why; may be empty.
    pub reason: String,
    /// Who brought it there.
    pub actor: String,
    /// By what the clock runs.
    #[sqlx(json(nullable))]
    pub terms: Option<Terms>,
    /// When an answer is due; none where no policy applies.
    pub response_due: Option<DateTime<Utc>>,
    /// When it was answered at this level.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether the answer came late, or is late.
    pub response_breached: bool,
}

/// By what a clock runs, as the methodology read when it was worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The policy's name; empty where it has none.
    pub name: String,
    /// To which tickets it applies; empty for all.
    pub when: String,
    /// Time to the answer, such as `4h`.
    pub response: String,
    /// Time to the resolution.
    pub resolution: Option<String>,
    /// The calendar; none is around the clock.
    pub calendar: Option<String>,
}

/// A ticket with its stays, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// The ticket.
    pub ticket: Ticket,
    /// Its stays; never empty.
    pub stays: Vec<Stay>,
}

/// What a ticket was counted for on a day.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Counted {
    /// The ticket.
    pub ticket_id: Uuid,
    /// The account it counted for.
    pub account_id: Uuid,
    /// Metric.
    pub metric_id: i32,
    /// Day.
    pub day: NaiveDate,
    /// How often.
    pub count: i64,
    /// Sum of the property, a decimal in text.
    pub sum: String,
}

const COLUMNS: &str = "t.id, t.account_id, t.external_id, t.subject, t.severity, t.status, t.channel, t.requester,
    t.assignee_id, t.csat, t.opened_at, t.responded_at, t.resolved_at, t.reopened_at, t.stay, t.resolution_due,
    t.resolution_breached, t.stated_at, t.worked_by";

const STAY_COLUMNS: &str = "l.ticket_id, l.stay, l.step, l.level, l.role, l.at, l.reason, l.actor, l.terms,
    l.response_due, l.answered_at, l.response_breached";

/// Locks the accounts of some tickets and then those tickets by their external ids, so that nobody else changes them
/// meanwhile: in the order everybody locks in.
pub async fn lock(tx: &mut TenantTx, accounts: &[Uuid], external_ids: &[&str]) -> Result<Vec<Whole>> {
    sqlx::query("SELECT FROM accounts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(accounts)
        .execute(tx.conn())
        .await?;
    let tickets = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tickets t WHERE t.external_id = ANY($1) ORDER BY t.id FOR UPDATE"
    )))
    .bind(external_ids)
    .fetch_all(tx.conn())
    .await?;
    with_stays(tx, tickets).await
}

/// As [`lock`], for one ticket by its id; none for an id that is not there.
pub async fn lock_one(tx: &mut TenantTx, id: Uuid) -> Result<Option<Whole>> {
    let account: Option<Uuid> = sqlx::query_scalar("SELECT account_id FROM tickets WHERE id = $1")
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    let Some(account) = account else { return Ok(None) };
    Ok(lock_many(tx, &[account], &[id]).await?.pop())
}

/// As [`lock`], by ids.
pub async fn lock_many(tx: &mut TenantTx, accounts: &[Uuid], ids: &[Uuid]) -> Result<Vec<Whole>> {
    sqlx::query("SELECT FROM accounts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(accounts)
        .execute(tx.conn())
        .await?;
    let tickets = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tickets t WHERE t.id = ANY($1) ORDER BY t.id FOR UPDATE"
    )))
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    with_stays(tx, tickets).await
}

/// One ticket.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Whole>> {
    let ticket =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM tickets t WHERE t.id = $1")))
            .bind(id)
            .fetch_all(tx.conn())
            .await?;
    Ok(with_stays(tx, ticket).await?.pop())
}

/// The id behind an external id.
pub async fn id_of(tx: &mut TenantTx, external_id: &str) -> Result<Option<Uuid>> {
    sqlx::query_scalar("SELECT id FROM tickets WHERE external_id = $1")
        .bind(external_id)
        .fetch_optional(tx.conn())
        .await
}

/// Accounts and ids of tickets that are not resolved and whose clocks another version worked out, after an id.
pub async fn to_rework(
    tx: &mut TenantTx,
    version: i32,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid)>> {
    sqlx::query_as(
        "SELECT account_id, id FROM tickets WHERE status <> 'resolved' AND worked_by IS DISTINCT FROM $1 AND id > $2
         ORDER BY id LIMIT $3",
    )
    .bind(version)
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// What some tickets were counted for so far.
pub async fn counted(tx: &mut TenantTx, tickets: &[Uuid]) -> Result<Vec<Counted>> {
    sqlx::query_as(
        "SELECT ticket_id, account_id, metric_id, day, count, sum::text FROM ticket_counts
         WHERE ticket_id = ANY($1) ORDER BY ticket_id, account_id, metric_id, day",
    )
    .bind(tickets)
    .fetch_all(tx.conn())
    .await
}

async fn with_stays(tx: &mut TenantTx, tickets: Vec<Ticket>) -> Result<Vec<Whole>> {
    let ids: Vec<Uuid> = tickets.iter().map(|ticket| ticket.id).collect();
    let rows: Vec<Stay> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {STAY_COLUMNS} FROM ticket_levels l WHERE l.ticket_id = ANY($1) ORDER BY l.ticket_id, l.stay"
    )))
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let mut stays: HashMap<Uuid, Vec<Stay>> = HashMap::new();
    for stay in rows {
        stays.entry(stay.ticket_id).or_default().push(stay);
    }
    let whole = |ticket: Ticket| Whole { stays: stays.remove(&ticket.id).unwrap_or_default(), ticket };
    Ok(tickets.into_iter().map(whole).collect())
}
