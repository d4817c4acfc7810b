//! Finding tickets, for pages and the API.

use chrono::{DateTime, Utc};
use sqlx::postgres::Postgres;
use sqlx::query_builder::QueryBuilder;
use uuid::Uuid;

use super::{COLUMNS, STAY_COLUMNS, Stay, Ticket};
use crate::db::{Result, TenantTx};

/// Which tickets; nothing set means all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// This one.
    pub id: Option<Uuid>,
    /// Of this account.
    pub account: Option<Uuid>,
    /// Of accounts with this CSM.
    pub owner: Option<Uuid>,
    /// Of accounts in this segment.
    pub segment: Option<String>,
    /// At this level.
    pub level: Option<i32>,
    /// So grave.
    pub severity: Option<String>,
    /// In this status.
    pub status: Option<String>,
    /// Whether it is resolved.
    pub resolved: Option<bool>,
    /// Those with a clock that is broken and still runs.
    pub late: bool,
    /// Those with a running clock that is due by then and not broken.
    pub due_by: Option<DateTime<Utc>>,
}

/// A ticket as lists show it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Listed {
    /// The ticket.
    #[sqlx(flatten)]
    pub ticket: Ticket,
    /// Its latest stay.
    #[sqlx(flatten)]
    pub stay: Stay,
    /// External id of its account.
    pub account: String,
    /// The account's name.
    pub account_name: String,
    /// The account's segment.
    pub segment: Option<String>,
    /// The member who works at the level.
    pub holder: Option<String>,
    /// The member who works on it.
    pub assignee: Option<String>,
}

const FROM: &str = "FROM tickets t
    JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
    JOIN ticket_levels l ON l.tenant_id = t.tenant_id AND l.ticket_id = t.id AND l.stay = t.stay
    LEFT JOIN account_states s ON s.tenant_id = t.tenant_id AND s.account_id = t.account_id";

/// The running clock that runs out next; resolved tickets have none.
const NEXT_DUE: &str = "CASE WHEN t.status = 'resolved' THEN NULL
    ELSE least(CASE WHEN l.answered_at IS NULL THEN l.response_due END, t.resolution_due) END";

impl Filter {
    fn write(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" WHERE true");
        if let Some(id) = self.id {
            query.push(" AND t.id = ").push_bind(id);
        }
        if let Some(account) = self.account {
            query.push(" AND t.account_id = ").push_bind(account);
        }
        if let Some(owner) = self.owner {
            query.push(" AND a.owner_id = ").push_bind(owner);
        }
        if let Some(segment) = &self.segment {
            query.push(" AND coalesce(a.pinned_segment, s.segment) = ").push_bind(segment.clone());
        }
        if let Some(level) = self.level {
            query.push(" AND l.level = ").push_bind(level);
        }
        if let Some(severity) = &self.severity {
            query.push(" AND t.severity = ").push_bind(severity.clone());
        }
        if let Some(status) = &self.status {
            query.push(" AND t.status = ").push_bind(status.clone());
        }
        if let Some(resolved) = self.resolved {
            query.push(if resolved { " AND t.status = 'resolved'" } else { " AND t.status <> 'resolved'" });
        }
        if self.late {
            query.push(format!(" AND {LATE}"));
        }
        if let Some(by) = self.due_by {
            query.push(format!(" AND NOT {LATE} AND {NEXT_DUE} <= ")).push_bind(by);
        }
    }
}

/// A clock that still runs is broken.
const LATE: &str =
    "(t.status <> 'resolved' AND ((l.response_breached AND l.answered_at IS NULL) OR t.resolution_breached))";

fn select() -> String {
    format!(
        "SELECT {COLUMNS}, {STAY_COLUMNS}, a.external_id AS account, a.name AS account_name,
                coalesce(a.pinned_segment, s.segment) AS segment,
                (SELECT u.name FROM members m JOIN users u ON u.id = m.user_id
                 WHERE m.tenant_id = t.tenant_id AND m.id = holder_of(t.tenant_id, t.account_id, l.role)) AS holder,
                (SELECT u.name FROM members m JOIN users u ON u.id = m.user_id
                 WHERE m.tenant_id = t.tenant_id AND m.id = t.assignee_id) AS assignee
         {FROM}"
    )
}

/// A part of the tickets: open ones first, the clock that runs out next before others; then resolved ones, the latest
/// first.
pub async fn list(tx: &mut TenantTx, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<Listed>> {
    let mut query = QueryBuilder::new(select());
    filter.write(&mut query);
    query.push(format!(
        " ORDER BY t.status = 'resolved', {NEXT_DUE} NULLS LAST, t.resolved_at DESC, t.opened_at DESC, t.id LIMIT "
    ));
    query.push_bind(limit).push(" OFFSET ").push_bind(offset);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// A part of the tickets in the order of their ids, after one: for the API.
pub async fn listed(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let mut query = QueryBuilder::new(select());
    filter.write(&mut query);
    if let Some(after) = after {
        query.push(" AND t.id > ").push_bind(after);
    }
    query.push(" ORDER BY t.id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// How many tickets.
pub async fn count(tx: &mut TenantTx, filter: &Filter) -> Result<i64> {
    let mut query = QueryBuilder::new(format!("SELECT count(*) {FROM}"));
    filter.write(&mut query);
    query.build_query_scalar().fetch_one(tx.conn()).await
}

/// Tickets of an account: not resolved, and in all.
pub async fn open_counts(tx: &mut TenantTx, account: Uuid) -> Result<(i64, i64)> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE status <> 'resolved'), count(*) FROM tickets WHERE account_id = $1",
    )
    .bind(account)
    .fetch_one(tx.conn())
    .await
}
