//! What the worker sees of all tenants at once: whose turn it is, what falls due, how much waits. Like
//! [`super::platform`], these look-ups make a [`TenantScope`].

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::Row;
use uuid::Uuid;

use super::jobs::held::Claim;
use super::platform::scope_of;
use super::{PlatformTx, Result, TenantScope};

/// A job this process has taken.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// The right to act inside the job's tenant.
    pub scope: TenantScope,
    /// The right to say how the job ends.
    pub claim: Claim,
    /// What is to be done.
    pub kind: String,
    /// With what.
    pub payload: serde_json::Value,
    /// Which try this is: 1 for the first.
    pub attempts: i32,
    /// Why the try before ended early, where it could say so.
    pub last_error: Option<String>,
    /// Whether somebody stopped it while a worker was at it that did not live to notice.
    pub cancelled: bool,
}

/// Takes the next due job of these kinds, of the tenant that had no turn for the longest time; within a tenant by
/// priority, then by when it fell due. What others hold is left to them until they were silent for longer than their
/// lease.
///
/// Leases are by the database's clock, the only one that all processes share; what is due is by `now`.
pub async fn claim_job(
    tx: &mut PlatformTx,
    now: DateTime<Utc>,
    lease_seconds: u32,
    kinds: &[&str],
) -> Result<Option<ClaimedJob>> {
    let row = sqlx::query(
        // The tenants are gone through in order, and the inner query runs for one after the other until it finds
        // something: OFFSET 0 keeps the planner from merging the two.
        "WITH next AS MATERIALIZED (
           SELECT j.tenant_id, j.id, t.time_zone, t.currency
           FROM (SELECT t.id, t.time_zone, t.currency FROM tenants t LEFT JOIN job_turns s ON s.tenant_id = t.id
                 ORDER BY s.served_at NULLS FIRST, t.id OFFSET 0) t
           CROSS JOIN LATERAL (
             SELECT tenant_id, id FROM jobs
             WHERE tenant_id = t.id AND finished_at IS NULL AND run_at <= $1
               AND (locked_until IS NULL OR locked_until <= now()) AND kind = ANY($2)
             ORDER BY priority DESC, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) j
           LIMIT 1),
         turn AS (
           INSERT INTO job_turns (tenant_id, served_at) SELECT tenant_id, clock_timestamp() FROM next
           ON CONFLICT (tenant_id) DO UPDATE SET served_at = excluded.served_at)
         UPDATE jobs j SET locked_until = now() + $3 * interval '1 second', claim = $4, attempts = j.attempts + 1,
                           started_at = $1
         FROM next WHERE j.tenant_id = next.tenant_id AND j.id = next.id
         RETURNING j.tenant_id, j.id, j.claim, j.kind, j.payload, j.attempts, j.last_error,
                   j.cancelled_at IS NOT NULL AS cancelled, next.time_zone, next.currency",
    )
    .bind(now)
    .bind(kinds)
    .bind(i64::from(lease_seconds))
    .bind(Uuid::new_v4())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| ClaimedJob {
        scope: scope_of(&row),
        claim: Claim { job: row.get("id"), token: row.get("claim") },
        kind: row.get("kind"),
        payload: row.get("payload"),
        attempts: row.get("attempts"),
        last_error: row.get("last_error"),
        cancelled: row.get("cancelled"),
    }))
}

/// Tenants with accounts that wait to be scored, those who wait longest first.
pub async fn tenants_with_dirty_accounts(tx: &mut PlatformTx) -> Result<Vec<TenantScope>> {
    let rows = sqlx::query(
        "SELECT t.id AS tenant_id, t.time_zone, t.currency FROM tenants t
         CROSS JOIN LATERAL (SELECT since FROM dirty_accounts WHERE tenant_id = t.id ORDER BY since LIMIT 1) d
         ORDER BY d.since",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.iter().map(scope_of).collect())
}

/// Tenants with alerts that were proposed outside a run over every account, and wait to be opened.
pub async fn tenants_with_proposed_alerts(tx: &mut PlatformTx) -> Result<Vec<TenantScope>> {
    let rows = sqlx::query(
        "SELECT t.id AS tenant_id, t.time_zone, t.currency FROM tenants t
         WHERE EXISTS (SELECT FROM alerts l WHERE l.tenant_id = t.id AND l.state = 'proposed' AND l.batch IS NULL)",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.iter().map(scope_of).collect())
}

/// A tenant and how far its recurring work is.
#[derive(Debug, Clone)]
pub struct Recurrence {
    /// The tenant.
    pub scope: TenantScope,
    /// What fell due before it was there is nobody's.
    pub created_at: DateTime<Utc>,
    /// The last slot of each kind that was enqueued.
    pub slots: HashMap<String, NaiveDateTime>,
}

/// Every tenant, for work on a schedule.
pub async fn recurrences(tx: &mut PlatformTx) -> Result<Vec<Recurrence>> {
    let mut slots: HashMap<Uuid, HashMap<String, NaiveDateTime>> = HashMap::new();
    let taken: Vec<(Uuid, String, NaiveDateTime)> =
        sqlx::query_as("SELECT tenant_id, kind, slot FROM job_slots").fetch_all(tx.conn()).await?;
    for (tenant, kind, slot) in taken {
        slots.entry(tenant).or_default().insert(kind, slot);
    }
    let rows =
        sqlx::query("SELECT id AS tenant_id, time_zone, currency, created_at FROM tenants ORDER BY id")
            .fetch_all(tx.conn())
            .await?;
    let of = |row: &sqlx::postgres::PgRow| Recurrence {
        scope: scope_of(row),
        created_at: row.get("created_at"),
        slots: slots.remove(&row.get("tenant_id")).unwrap_or_default(),
    };
    Ok(rows.iter().map(of).collect())
}

/// How much waits, of all tenants together.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Depth {
    /// Jobs that are due and wait for their turn.
    pub due: i64,
    /// Jobs somebody is at.
    pub running: i64,
    /// Jobs that failed for good and nobody has decided about.
    pub failed: i64,
    /// Since when the oldest job that is due has waited.
    pub oldest_due: Option<DateTime<Utc>>,
    /// Accounts whose facts changed and that are not scored yet.
    pub unscored: i64,
    /// Since when the oldest of those has waited.
    pub oldest_unscored: Option<DateTime<Utc>>,
}

/// How much waits now.
pub async fn depth(tx: &mut PlatformTx, now: DateTime<Utc>) -> Result<Depth> {
    sqlx::query_as(
        "SELECT j.*, f.*, d.* FROM
           (SELECT count(*) FILTER (WHERE locked_until IS NULL AND run_at <= $1) AS due,
                   count(*) FILTER (WHERE locked_until IS NOT NULL) AS running,
                   min(run_at) FILTER (WHERE locked_until IS NULL AND run_at <= $1) AS oldest_due
            FROM jobs WHERE finished_at IS NULL) j,
           (SELECT count(*) AS failed FROM jobs WHERE finished_at IS NOT NULL AND last_error IS NOT NULL
              AND cancelled_at IS NULL AND discarded_at IS NULL) f,
           (SELECT count(*) AS unscored, min(since) AS oldest_unscored FROM dirty_accounts) d",
    )
    .bind(now)
    .fetch_one(tx.conn())
    .await
}
