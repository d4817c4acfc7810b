//! Storing tickets: whole rows, many in one statement.

use uuid::Uuid;

use super::{Counted, Stay, Whole};
use crate::db::{Result, TenantTx};

/// Stores tickets as they are now, with all their stays. No ticket may come twice.
pub async fn put(tx: &mut TenantTx, tickets: &[&Whole]) -> Result<()> {
    let rows: Vec<_> = tickets.iter().map(|whole| &whole.ticket).collect();
    sqlx::query(
        "INSERT INTO tickets (tenant_id, id, account_id, external_id, subject, severity, status, channel, requester,
                              assignee_id, csat, opened_at, responded_at, resolved_at, reopened_at, stay,
                              resolution_due, resolution_breached, stated_at, worked_by)
         SELECT $1, id, account_id, external_id, subject, severity, status, channel, requester, assignee_id, csat,
                opened_at, responded_at, resolved_at, reopened_at, stay, resolution_due, resolution_breached, stated_at,
                worked_by
         FROM jsonb_populate_recordset(NULL::tickets, $2) ORDER BY id
         ON CONFLICT (tenant_id, id) DO UPDATE SET
           account_id = excluded.account_id, subject = excluded.subject, severity = excluded.severity,
           status = excluded.status, channel = excluded.channel, requester = excluded.requester,
           assignee_id = excluded.assignee_id, csat = excluded.csat, opened_at = excluded.opened_at,
           responded_at = excluded.responded_at, resolved_at = excluded.resolved_at,
           reopened_at = excluded.reopened_at, stay = excluded.stay, resolution_due = excluded.resolution_due,
           resolution_breached = excluded.resolution_breached, stated_at = excluded.stated_at,
           worked_by = excluded.worked_by",
    )
    .bind(tx.tenant())
    .bind(sqlx::types::Json(rows))
    .execute(tx.conn())
    .await?;
    let stays: Vec<_> = tickets.iter().flat_map(|whole| &whole.stays).collect();
    sqlx::query(
        "INSERT INTO ticket_levels (tenant_id, ticket_id, stay, step, level, role, at, reason, actor, terms,
                                    response_due, answered_at, response_breached)
         SELECT $1, ticket_id, stay, step, level, role, at, reason, actor, terms, response_due, answered_at,
                response_breached
         FROM jsonb_populate_recordset(NULL::ticket_levels, $2) ORDER BY ticket_id, stay
         ON CONFLICT (tenant_id, ticket_id, stay) DO UPDATE SET
           step = excluded.step, level = excluded.level, role = excluded.role,
           at = excluded.at, reason = excluded.reason, actor = excluded.actor, terms = excluded.terms,
           response_due = excluded.response_due, answered_at = excluded.answered_at,
           response_breached = excluded.response_breached",
    )
    .bind(tx.tenant())
    .bind(sqlx::types::Json(stays))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets a stay that was taken back.
pub async fn drop_stay(tx: &mut TenantTx, stay: &Stay) -> Result<()> {
    sqlx::query("DELETE FROM ticket_levels WHERE ticket_id = $1 AND stay = $2")
        .bind(stay.ticket_id)
        .bind(stay.stay)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// States what some tickets are counted for: it replaces what was stated of them before.
pub async fn put_counts(tx: &mut TenantTx, tickets: &[Uuid], counted: &[Counted]) -> Result<()> {
    sqlx::query("DELETE FROM ticket_counts WHERE ticket_id = ANY($1)")
        .bind(tickets)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "INSERT INTO ticket_counts (tenant_id, ticket_id, account_id, metric_id, day, count, sum)
         SELECT $1, ticket_id, account_id, metric_id, day, count, sum
         FROM jsonb_populate_recordset(NULL::ticket_counts, $2)",
    )
    .bind(tx.tenant())
    .bind(sqlx::types::Json(counted))
    .execute(tx.conn())
    .await?;
    Ok(())
}
