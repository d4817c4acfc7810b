//! The milestones of renewals as tasks: what is done, due and late.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::{Result, TenantTx};

/// The play that works the milestones of a renewal, running or over.
pub async fn play_of(tx: &mut TenantTx, account: Uuid, renews_on: NaiveDate) -> Result<Option<Uuid>> {
    sqlx::query_scalar("SELECT id FROM plays WHERE once = $1")
        .bind(format!("{account}/renewal:{renews_on}"))
        .fetch_optional(tx.conn())
        .await
}

/// A milestone as a task.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Step {
    /// The task.
    pub id: Uuid,
    /// What is to be done.
    pub title: String,
    /// The day it was planned for.
    pub planned_on: Option<NaiveDate>,
    /// The day it is due.
    pub due_on: Option<NaiveDate>,
    /// Whether its day had passed when the renewal was opened.
    pub late: bool,
    /// `open`, `done`, `skipped` or `cancelled`.
    pub state: String,
    /// The day it was done.
    pub done_on: Option<NaiveDate>,
    /// The activities that belong to it.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// The role that does it.
    pub role: Option<String>,
    /// The member who does it; none is unassigned.
    pub owner_id: Option<Uuid>,
}

/// The milestones of a renewal, in their order; none while no play works them.
pub async fn steps(tx: &mut TenantTx, account: Uuid, renews_on: NaiveDate) -> Result<Vec<Step>> {
    let Some(play) = play_of(tx, account, renews_on).await? else { return Ok(Vec::new()) };
    sqlx::query_as(
        "SELECT id, title, planned_on, due_on, late, state, done_on, details, deliverables, role, owner_id FROM tasks
         WHERE play_id = $1 ORDER BY position",
    )
    .bind(play)
    .fetch_all(tx.conn())
    .await
}

/// How far the milestones of a renewal are.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Progress {
    /// The account.
    pub account_id: Uuid,
    /// The renewal date.
    pub renews_on: NaiveDate,
    /// Done or skipped.
    pub done: i64,
    /// Open, and their day has passed.
    pub late: i64,
    /// All of them.
    pub total: i64,
}

/// Of every open renewal whose milestones are tasks.
pub async fn progress(tx: &mut TenantTx, today: NaiveDate) -> Result<Vec<Progress>> {
    sqlx::query_as(
        "SELECT p.account_id, p.anchor_on AS renews_on, count(*) FILTER (WHERE t.state IN ('done', 'skipped')) AS done,
                count(*) FILTER (WHERE t.state = 'open' AND t.due_on < $1) AS late, count(*) AS total
         FROM renewals r
         JOIN plays p ON p.tenant_id = r.tenant_id AND p.account_id = r.account_id AND p.anchor_on = r.renews_on
         JOIN tasks t ON t.tenant_id = p.tenant_id AND t.play_id = p.id
         WHERE r.outcome IS NULL AND p.cause = 'renewal' AND p.state <> 'stopped' GROUP BY 1, 2",
    )
    .bind(today)
    .fetch_all(tx.conn())
    .await
}
