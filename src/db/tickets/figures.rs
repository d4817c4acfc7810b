//! Tickets added up over a period: the base measures of support KPIs, and how many clocks were kept.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::{Result, TenantTx};

/// Whose tickets; nothing set means the tenant's.
#[derive(Debug, Clone, Default)]
pub struct Of {
    /// Of this account.
    pub account: Option<Uuid>,
    /// Of accounts in this segment.
    pub segment: Option<String>,
    /// Of accounts with this CSM.
    pub owner: Option<Uuid>,
}

/// The base measures of KPIs that tickets give, over a period. A ticket counts where the thing happened: opened in the
/// period, first escalated in it, first answered in it, resolved in it (as of now: one that was reopened is not).
#[derive(Debug, Clone, Copy, Default, PartialEq, sqlx::FromRow)]
pub struct Figures {
    /// Tickets opened.
    pub tickets: i64,
    /// Tickets that were escalated, each once.
    pub escalations: i64,
    /// Tickets resolved.
    pub tickets_resolved: i64,
    /// Hours from opening to the first answer, added up.
    pub first_response_hours_sum: f64,
    /// Tickets first answered.
    pub tickets_responded: i64,
    /// Those of them whose first answer came in time, or had no time to keep.
    pub tickets_in_sla: i64,
    /// Hours from opening to resolution, added up.
    pub resolution_hours_sum: f64,
}

impl Figures {
    /// The figure of a base measure's name.
    pub fn measure(&self, name: &str) -> Option<f64> {
        Some(match name {
            "tickets" => self.tickets as f64,
            "escalations" => self.escalations as f64,
            "tickets_resolved" => self.tickets_resolved as f64,
            "first_response_hours_sum" => self.first_response_hours_sum,
            "tickets_responded" => self.tickets_responded as f64,
            "tickets_in_sla" => self.tickets_in_sla as f64,
            "resolution_hours_sum" => self.resolution_hours_sum,
            _ => return None,
        })
    }
}

const SCOPE: &str = "($3::uuid IS NULL OR a.id = $3) AND ($5::uuid IS NULL OR a.owner_id = $5)
    AND ($4::text IS NULL OR coalesce(a.pinned_segment, s.segment) = $4)";

/// The base measures of the half-open period from `from` to `to`.
pub async fn figures(tx: &mut TenantTx, from: DateTime<Utc>, to: DateTime<Utc>, of: &Of) -> Result<Figures> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "WITH t AS (
           SELECT t.opened_at, t.responded_at, t.resolved_at,
                  (SELECT min(l.at) FROM ticket_levels l
                   WHERE l.tenant_id = t.tenant_id AND l.ticket_id = t.id AND l.step = 'escalated') AS escalated_at,
                  (SELECT NOT l.response_breached FROM ticket_levels l
                   WHERE l.tenant_id = t.tenant_id AND l.ticket_id = t.id AND l.stay = 0) AS kept
           FROM tickets t JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
           LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
           WHERE {SCOPE} AND t.opened_at < $2)
         SELECT count(*) FILTER (WHERE opened_at >= $1) AS tickets,
                count(*) FILTER (WHERE escalated_at >= $1 AND escalated_at < $2) AS escalations,
                count(*) FILTER (WHERE resolved_at >= $1 AND resolved_at < $2) AS tickets_resolved,
                count(*) FILTER (WHERE responded_at >= $1 AND responded_at < $2) AS tickets_responded,
                count(*) FILTER (WHERE responded_at >= $1 AND responded_at < $2 AND kept) AS tickets_in_sla,
                coalesce(sum(extract(epoch FROM responded_at - opened_at))
                         FILTER (WHERE responded_at >= $1 AND responded_at < $2), 0)::float8 / 3600
                  AS first_response_hours_sum,
                coalesce(sum(extract(epoch FROM resolved_at - opened_at))
                         FILTER (WHERE resolved_at >= $1 AND resolved_at < $2), 0)::float8 / 3600
                  AS resolution_hours_sum
         FROM t"
    )))
    .bind(from)
    .bind(to)
    .bind(of.account)
    .bind(&of.segment)
    .bind(of.owner)
    .fetch_one(tx.conn())
    .await
}

/// How many response clocks of a segment and level were kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Attained {
    /// The accounts' segment today.
    pub segment: Option<String>,
    /// The level.
    pub level: i32,
    /// Clocks that were stopped in time.
    pub kept: i64,
    /// Clocks that ran out in the period, or were stopped in it.
    pub all: i64,
}

/// Response clocks that came to their end in a half-open period, answered or run out, by segment and level. Stays that
/// ended without an answer before the clock ran out, because the ticket went on to another level, do not count.
pub async fn attained(
    tx: &mut TenantTx,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    of: &Of,
) -> Result<Vec<Attained>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT coalesce(a.pinned_segment, s.segment) AS segment, l.level,
                count(*) FILTER (WHERE NOT l.response_breached) AS kept, count(*) AS all
         FROM ticket_levels l JOIN tickets t ON t.tenant_id = l.tenant_id AND t.id = l.ticket_id
         JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
         LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
         WHERE {SCOPE} AND l.response_due IS NOT NULL AND (l.answered_at IS NOT NULL OR l.response_breached)
           AND least(l.response_due, l.answered_at) >= $1 AND least(l.response_due, l.answered_at) < $2
         GROUP BY 1, 2 ORDER BY 1, 2"
    )))
    .bind(from)
    .bind(to)
    .bind(of.account)
    .bind(&of.segment)
    .bind(of.owner)
    .fetch_all(tx.conn())
    .await
}
