//! Alerts: what rules raise for people to act upon.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, TenantTx};

mod list;

pub use list::{Filter, Totals, Which, list, page, rules, totals};

/// An alert.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Alert {
    /// Its id.
    pub id: Uuid,
    /// The account's id.
    pub account_id: Uuid,
    /// The account's external id.
    pub external_id: String,
    /// The account's name.
    pub account: String,
    /// The rule's id.
    pub rule: String,
    /// The rule's name when it was raised.
    pub name: String,
    /// What is to be done.
    pub title: String,
    /// `risk`, `engagement`, `expansion`, `renewal` or `advocacy`.
    pub category: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// Whether a person is asked to act.
    pub asks: bool,
    /// `proposed`, `held`, `open` or `closed`.
    pub state: String,
    /// What made it true, in sentences.
    pub reasons: Vec<String>,
    /// The same for machines.
    pub evidence: Value,
    /// The dates that what it starts counts from: `start`, `stage_entry`, `renewal`.
    pub anchors: Value,
    /// The role that owns it.
    pub role: Option<String>,
    /// The member who owns it.
    pub owner_id: Option<Uuid>,
    /// Their name.
    pub owner_name: Option<String>,
    /// Whether it was given to them by hand, rather than to whoever plays the role.
    pub owner_by_hand: bool,
    /// When it was raised.
    pub opened_at: DateTime<Utc>,
    /// The tenant's day.
    pub opened_on: NaiveDate,
    /// The day it should be dealt with.
    pub due_on: Option<NaiveDate>,
    /// The day it comes back, when it was put off.
    pub snoozed_until: Option<NaiveDate>,
    /// When it was set aside.
    pub dismissed_at: Option<DateTime<Utc>>,
    /// Roles that were told beyond the owner.
    pub escalated: Vec<String>,
    /// Whether its rule is no longer in the methodology.
    pub rule_gone: bool,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub closed_by: Option<String>,
    /// `done`, `cleared`, `dismissed`, `refused` or `churned`.
    pub close_reason: Option<String>,
    /// What people noted about it.
    pub note: String,
    /// The account's ARR in the tenant's currency.
    pub arr_base_minor: Option<i64>,
}

/// What is read of an alert; what follows goes on with joins or conditions.
const SELECT: &str = "SELECT l.id, l.account_id, a.external_id, a.name AS account, l.rule, l.name, l.title, l.category,
    l.severity, l.asks, l.state, l.reasons, l.evidence, l.anchors, l.role, l.owner_id,
    u.name AS owner_name, l.owner_by_hand, l.opened_at, l.opened_on, l.due_on, l.snoozed_until, l.dismissed_at, l.escalated, l.rule_gone, l.closed_at, l.closed_by,
    l.close_reason, l.note, s.arr_base_minor
  FROM alerts l JOIN accounts a ON a.tenant_id = l.tenant_id AND a.id = l.account_id
  LEFT JOIN account_states s ON s.tenant_id = l.tenant_id AND s.account_id = l.account_id
  LEFT JOIN members m ON m.tenant_id = l.tenant_id AND m.id = l.owner_id LEFT JOIN users u ON u.id = m.user_id";

/// An alert to be raised.
#[derive(Debug, Clone)]
pub struct NewAlert {
    /// Its id.
    pub id: Uuid,
    /// Account.
    pub account: Uuid,
    /// The rule's id.
    pub rule: String,
    /// The rule's name.
    pub name: String,
    /// What is to be done.
    pub title: String,
    /// The rule's category.
    pub category: &'static str,
    /// The rule's severity.
    pub severity: &'static str,
    /// Whether a person is asked to act.
    pub asks: bool,
    /// What made it true, one a line.
    pub reasons: Vec<String>,
    /// The same for machines.
    pub evidence: Value,
    /// Dates.
    pub anchors: Value,
    /// The role that owns it.
    pub role: Option<String>,
    /// Roles told at once.
    pub escalated: Vec<String>,
    /// The day it should be dealt with.
    pub due_on: Option<NaiveDate>,
}

/// Proposes alerts; one whose rule is open for the account, or was today, is left out.
pub async fn propose(
    tx: &mut TenantTx,
    alerts: &[NewAlert],
    version: i32,
    batch: Option<&str>,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<()> {
    if alerts.is_empty() {
        return Ok(());
    }
    let text = |of: fn(&NewAlert) -> &str| alerts.iter().map(|a| of(a).to_owned()).collect::<Vec<_>>();
    let list = |of: fn(&NewAlert) -> &Vec<String>| -> Vec<Value> {
        alerts.iter().map(|a| serde_json::json!(of(a))).collect()
    };
    sqlx::query(
        "INSERT INTO alerts (tenant_id, id, account_id, rule, version, name, title, category, severity, asks, state, batch,
           reasons, evidence, anchors, role, owner_id, opened_at, opened_on, due_on, escalated)
         SELECT $1, x.id, x.account, x.rule, $2, x.name, left(x.title, 500), x.category, x.severity, x.asks, 'proposed', $3,
           ARRAY(SELECT jsonb_array_elements_text(x.reasons)), x.evidence, x.anchors, x.role,
           holder_of($1, x.account, x.role), $4, $5, x.due_on, ARRAY(SELECT jsonb_array_elements_text(x.escalated))
         FROM unnest($6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bool[],
           $14::jsonb[], $15::jsonb[], $16::jsonb[], $17::text[], $18::date[], $19::jsonb[])
           AS x (id, account, rule, name, title, category, severity, asks, reasons, evidence, anchors, role, due_on, escalated)
         ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(version)
    .bind(batch)
    .bind(at)
    .bind(on)
    .bind(alerts.iter().map(|a| a.id).collect::<Vec<_>>())
    .bind(alerts.iter().map(|a| a.account).collect::<Vec<_>>())
    .bind(text(|a| &a.rule))
    .bind(text(|a| &a.name))
    .bind(text(|a| &a.title))
    .bind(text(|a| a.category))
    .bind(text(|a| a.severity))
    .bind(alerts.iter().map(|a| a.asks).collect::<Vec<_>>())
    .bind(list(|a| &a.reasons))
    .bind(alerts.iter().map(|a| a.evidence.clone()).collect::<Vec<_>>())
    .bind(alerts.iter().map(|a| a.anchors.clone()).collect::<Vec<_>>())
    .bind(alerts.iter().map(|a| a.role.clone()).collect::<Vec<_>>())
    .bind(alerts.iter().map(|a| a.due_on).collect::<Vec<_>>())
    .bind(list(|a| &a.escalated))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How often a rule wants to open, and opened today.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Wanting {
    /// The rule's id.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// Alerts proposed.
    pub proposed: i64,
    /// Alerts of today that were opened, whatever became of them.
    pub opened: i64,
    /// Whether alerts of it wait for a manager's word.
    pub waiting: bool,
    /// Whether a manager let it pass today.
    pub released: bool,
}

/// The rules with proposed alerts; without `all` only those proposed outside a run over every account.
pub async fn wanting(tx: &mut TenantTx, today: NaiveDate, all: bool) -> Result<Vec<Wanting>> {
    sqlx::query_as(
        "SELECT l.rule, max(l.name) AS name, count(*) AS proposed,
           (SELECT count(*) FROM alerts o WHERE o.rule = l.rule AND o.opened_on = $1 AND o.state IN ('open', 'closed')
              AND o.close_reason IS DISTINCT FROM 'refused') AS opened,
           EXISTS (SELECT FROM storms s WHERE s.rule = l.rule AND s.decided_at IS NULL) AS waiting,
           EXISTS (SELECT FROM storms s WHERE s.rule = l.rule AND s.decision = 'released' AND s.noticed_on = $1) AS released
         FROM alerts l WHERE l.state = 'proposed' AND ($2 OR l.batch IS NULL) GROUP BY l.rule ORDER BY l.rule",
    )
    .bind(today)
    .bind(all)
    .fetch_all(tx.conn())
    .await
}

/// Makes sure that nobody else decides about proposed alerts of the tenant until the transaction ends.
pub async fn lock_proposals(tx: &mut TenantTx) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('alerts ' || $1::text, 0))")
        .bind(tx.tenant())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Holds a rule's proposed alerts back; returns how many wait by now.
pub async fn hold(tx: &mut TenantTx, rule: &str) -> Result<i64> {
    sqlx::query("UPDATE alerts SET state = 'held' WHERE rule = $1 AND state = 'proposed'")
        .bind(rule)
        .execute(tx.conn())
        .await?;
    sqlx::query_scalar(
        "SELECT count(*) FROM alerts WHERE rule = $1 AND state = 'held' AND dismissed_at IS NULL",
    )
    .bind(rule)
    .fetch_one(tx.conn())
    .await
}

/// Opens some of a rule's alerts that are in `state`; returns them. Call it again until none is left.
pub async fn open_some(tx: &mut TenantTx, rule: &str, state: &str, limit: i64) -> Result<Vec<Alert>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE alerts SET state = 'open', batch = NULL WHERE (tenant_id, id) IN
           (SELECT tenant_id, id FROM alerts WHERE rule = $1 AND state = $2 AND dismissed_at IS NULL
            ORDER BY account_id LIMIT $3)
         RETURNING id",
    )
    .bind(rule)
    .bind(state)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    by_ids(tx, &ids).await
}

/// Sets a rule's held alerts aside; they end when their condition does.
pub async fn refuse(tx: &mut TenantTx, rule: &str, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query("UPDATE alerts SET dismissed_at = $2 WHERE rule = $1 AND state = 'held'")
        .bind(rule)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// Some alerts.
pub async fn by_ids(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Alert>> {
    let sql = format!("{SELECT} WHERE l.id = ANY($1) ORDER BY l.opened_at DESC, l.id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ids).fetch_all(tx.conn()).await
}

/// One alert.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Alert>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// Closes alerts that are not closed; returns those it closed.
pub async fn close(
    tx: &mut TenantTx,
    ids: &[Uuid],
    reason: &str,
    by: &str,
    note: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<Vec<Alert>> {
    let closed: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE alerts SET state = 'closed', closed_at = $3, closed_on = $4, closed_by = $5, close_reason = $2,
           note = CASE WHEN $6 <> '' THEN $6 WHEN $2 = 'done' AND dismissed_at IS NOT NULL THEN '' ELSE note END
         WHERE id = ANY($1) AND closed_at IS NULL RETURNING id",
    )
    .bind(ids)
    .bind(reason)
    .bind(at)
    .bind(on)
    .bind(by)
    .bind(note)
    .fetch_all(tx.conn())
    .await?;
    by_ids(tx, &closed).await
}

/// Opens again what a person closed, unless the rule has opened anew since.
pub async fn reopen(tx: &mut TenantTx, id: Uuid) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE alerts l SET state = 'open', closed_at = NULL, closed_on = NULL, closed_by = NULL, close_reason = NULL
         WHERE l.id = $1 AND l.close_reason IN ('done', 'dismissed') AND NOT EXISTS
           (SELECT FROM alerts o WHERE o.account_id = l.account_id AND o.rule = l.rule AND o.closed_at IS NULL)",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts an open alert off until a day, or takes that back with none.
pub async fn snooze(tx: &mut TenantTx, id: Uuid, until: Option<NaiveDate>) -> Result<bool> {
    let done = sqlx::query("UPDATE alerts SET snoozed_until = $2 WHERE id = $1 AND state = 'open'")
        .bind(id)
        .bind(until)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets an open alert aside with a note, or takes that back.
pub async fn dismiss(tx: &mut TenantTx, id: Uuid, at: Option<DateTime<Utc>>, note: &str) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE alerts SET dismissed_at = $2, note = CASE WHEN $3 = '' THEN note ELSE $3 END
         WHERE id = $1 AND state = 'open'",
    )
    .bind(id)
    .bind(at)
    .bind(note)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives an alert to a member by hand; to whoever plays its role with none.
pub async fn assign(tx: &mut TenantTx, id: Uuid, member: Option<Uuid>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE alerts SET owner_by_hand = $2 IS NOT NULL,
           owner_id = CASE WHEN $2 IS NULL THEN holder_of(tenant_id, account_id, role) ELSE $2 END
         WHERE id = $1 AND closed_at IS NULL",
    )
    .bind(id)
    .bind(member)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a role was told; false when it had been told before.
pub async fn escalate(tx: &mut TenantTx, id: Uuid, role: &str) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE alerts SET escalated = escalated || $2 WHERE id = $1 AND state = 'open' AND NOT $2 = ANY(escalated)",
    )
    .bind(id)
    .bind(role)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the rules of alerts are gone from the methodology.
pub async fn orphan(tx: &mut TenantTx, ids: &[Uuid]) -> Result<()> {
    sqlx::query("UPDATE alerts SET rule_gone = true WHERE id = ANY($1)").bind(ids).execute(tx.conn()).await?;
    Ok(())
}
