//! Outgoing webhooks: endpoints, deliveries, attempts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// Where the tenant's services are told.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Endpoint {
    /// Its id.
    pub id: Uuid,
    /// Where.
    pub url: String,
    /// What the tenant calls it.
    pub description: String,
    /// The key of its signatures.
    pub secret: Vec<u8>,
    /// The key before.
    pub secret_before: Option<Vec<u8>>,
    /// Until when the key before signs as well.
    pub secret_before_until: Option<DateTime<Utc>>,
    /// Words of whole groups.
    pub groups: Vec<String>,
    /// Words of single kinds.
    pub kinds: Vec<String>,
    /// How grave it must be; none for anything.
    pub min_severity: Option<String>,
    /// Whether it is told.
    pub enabled: bool,
    /// `hand`, `gone` or `failing` when it is not.
    pub paused_why: Option<String>,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

const ENDPOINT: &str = "SELECT id, url, description, secret, secret_before, secret_before_until, groups, kinds, min_severity,
     enabled, paused_why, failing_since, created_at, updated_at FROM webhook_endpoints WHERE removed_at IS NULL";

/// Every endpoint, oldest first.
pub async fn endpoints(tx: &mut TenantTx) -> Result<Vec<Endpoint>> {
    let sql = format!("{ENDPOINT} ORDER BY created_at, id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(tx.conn()).await
}

/// One endpoint.
pub async fn endpoint(tx: &mut TenantTx, id: Uuid) -> Result<Option<Endpoint>> {
    let sql = format!("{ENDPOINT} AND id = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(tx.conn()).await
}

/// Stores a new endpoint, or all of one that is there but its age.
pub async fn put(tx: &mut TenantTx, endpoint: &Endpoint) -> Result<()> {
    sqlx::query(
        "INSERT INTO webhook_endpoints (tenant_id, id, url, description, secret, secret_before, secret_before_until, groups,
                                        kinds, min_severity, enabled, paused_why, failing_since, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (tenant_id, id) DO UPDATE SET
           url = excluded.url, description = excluded.description, secret = excluded.secret,
           secret_before = excluded.secret_before, secret_before_until = excluded.secret_before_until,
           groups = excluded.groups, kinds = excluded.kinds, min_severity = excluded.min_severity,
           enabled = excluded.enabled, paused_why = excluded.paused_why, failing_since = excluded.failing_since,
           updated_at = excluded.updated_at",
    )
    .bind(tx.tenant())
    .bind(endpoint.id)
    .bind(&endpoint.url)
    .bind(&endpoint.description)
    .bind(&endpoint.secret)
    .bind(&endpoint.secret_before)
    .bind(endpoint.secret_before_until)
    .bind(&endpoint.groups)
    .bind(&endpoint.kinds)
    .bind(&endpoint.min_severity)
    .bind(endpoint.enabled)
    .bind(&endpoint.paused_why)
    .bind(endpoint.failing_since)
    .bind(endpoint.created_at)
    .bind(endpoint.updated_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes an endpoint away or brings it back; false when there is none such. Its deliveries stay.
pub async fn set_removed(tx: &mut TenantTx, id: Uuid, removed_at: Option<DateTime<Utc>>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE webhook_endpoints SET removed_at = $2 WHERE id = $1 AND (removed_at IS NULL) = ($2::timestamptz IS NOT NULL)",
    )
    .bind(id)
    .bind(removed_at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What an endpoint is to be told.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its webhook-id.
    pub id: Uuid,
    /// To whom.
    pub endpoint: Uuid,
    /// Of what; none for a test.
    pub entry: Option<Uuid>,
    /// The type in the payload.
    pub kind: String,
    /// The payload.
    pub body: String,
}

/// Stores deliveries, due at once; those that are there already stay as they are.
pub async fn deliver(tx: &mut TenantTx, deliveries: &[NewDelivery], now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO webhook_deliveries (tenant_id, id, endpoint_id, entry_id, type, body, state, created_at, next_at)
         SELECT $1, d.id, d.endpoint_id, d.entry_id, d.type, d.body, 'waiting', $2, $2
         FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[])
              AS d (id, endpoint_id, entry_id, type, body)
         ON CONFLICT (tenant_id, endpoint_id, entry_id) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(now)
    .bind(deliveries.iter().map(|d| d.id).collect::<Vec<_>>())
    .bind(deliveries.iter().map(|d| d.endpoint).collect::<Vec<_>>())
    .bind(deliveries.iter().map(|d| d.entry).collect::<Vec<_>>())
    .bind(deliveries.iter().map(|d| d.kind.clone()).collect::<Vec<_>>())
    .bind(deliveries.iter().map(|d| d.body.clone()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A delivery that is due, with all that is needed to make it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Due {
    /// Its webhook-id.
    pub id: Uuid,
    /// To whom.
    pub endpoint_id: Uuid,
    /// The payload.
    pub body: String,
    /// Attempts in all, this one included.
    pub attempts: i32,
    /// Attempts since it was last started, this one included.
    pub tries: i32,
    /// Where.
    pub url: String,
    /// The key of the signature.
    pub secret: Vec<u8>,
    /// The key before, while it signs as well.
    pub secret_before: Option<Vec<u8>>,
}

/// Takes deliveries that are due to endpoints that are told, a few of each; others leave them alone until `until`.
pub async fn claim(
    tx: &mut TenantTx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    each: i64,
    limit: i64,
) -> Result<Vec<Due>> {
    sqlx::query_as(
        "WITH due AS (
           SELECT d.id FROM webhook_endpoints e CROSS JOIN LATERAL (
             SELECT id, next_at FROM webhook_deliveries w
             WHERE w.tenant_id = e.tenant_id AND w.endpoint_id = e.id AND w.state = 'waiting' AND w.next_at <= $1
               AND (w.locked_until IS NULL OR w.locked_until <= $1)
             ORDER BY w.next_at, w.id LIMIT $3 FOR UPDATE SKIP LOCKED) d
           WHERE e.enabled AND e.removed_at IS NULL LIMIT $4)
         UPDATE webhook_deliveries d SET locked_until = $2, attempts = attempts + 1, tries = tries + 1
         FROM due, webhook_endpoints e
         WHERE d.id = due.id AND e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
         RETURNING d.id, d.endpoint_id, d.body, d.attempts, d.tries, e.url, e.secret,
           CASE WHEN e.secret_before_until > $1 THEN e.secret_before END AS secret_before",
    )
    .bind(now)
    .bind(until)
    .bind(each)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// An attempt.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Attempt {
    /// 1, 2, 3 …
    pub attempt: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub millis: i32,
    /// What the other side answered.
    pub status: Option<i32>,
    /// The beginning of what it wrote.
    pub body: String,
    /// Why there was no answer.
    pub error: Option<String>,
}

/// Notes an attempt. `next_at` is when the next one is due; none ends the delivery.
pub async fn attempted(
    tx: &mut TenantTx,
    delivery: Uuid,
    attempt: &Attempt,
    delivered: bool,
    next_at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO webhook_attempts (tenant_id, delivery_id, attempt, at, millis, status, body, error)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(delivery)
    .bind(attempt.attempt)
    .bind(attempt.at)
    .bind(attempt.millis)
    .bind(attempt.status)
    .bind(&attempt.body)
    .bind(&attempt.error)
    .execute(tx.conn())
    .await?;
    let state = match (delivered, next_at) {
        (true, _) => "delivered",
        (false, Some(_)) => "waiting",
        (false, None) => "failed",
    };
    sqlx::query(
        "UPDATE webhook_deliveries SET state = $2, next_at = coalesce($3, next_at), locked_until = NULL,
                ended_at = CASE WHEN $2 <> 'waiting' THEN $4 END WHERE id = $1",
    )
    .bind(delivery)
    .bind(state)
    .bind(next_at)
    .bind(attempt.at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps others from changing an endpoint until the transaction ends.
pub async fn lock(tx: &mut TenantTx, endpoint: Uuid) -> Result<()> {
    sqlx::query("SELECT id FROM webhook_endpoints WHERE id = $1 FOR UPDATE")
        .bind(endpoint)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes that an endpoint answered well.
pub async fn answered(tx: &mut TenantTx, endpoint: Uuid) -> Result<()> {
    sqlx::query(
        "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL",
    )
    .bind(endpoint)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that an endpoint did not answer well; since when it has not.
pub async fn failed(tx: &mut TenantTx, endpoint: Uuid, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar(
        "UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, $2) WHERE id = $1 RETURNING failing_since",
    )
    .bind(endpoint)
    .bind(now)
    .fetch_optional(tx.conn())
    .await
}

/// Stops telling an endpoint and gives up what waits for it; false when it was not told any more.
pub async fn pause(tx: &mut TenantTx, endpoint: Uuid, why: &str, now: DateTime<Utc>) -> Result<bool> {
    let paused = sqlx::query(
        "UPDATE webhook_endpoints SET enabled = false, paused_why = $2, updated_at = $3 WHERE id = $1 AND enabled",
    )
    .bind(endpoint)
    .bind(why)
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "UPDATE webhook_deliveries SET state = 'failed', ended_at = $2 WHERE endpoint_id = $1 AND state = 'waiting'",
    )
    .bind(endpoint)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(paused.rows_affected() == 1)
}

/// A delivery.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Delivery {
    /// Its webhook-id.
    pub id: Uuid,
    /// To whom.
    pub endpoint_id: Uuid,
    /// Of what; none for a test.
    pub entry_id: Option<Uuid>,
    /// The type in the payload.
    #[sqlx(rename = "type")]
    pub kind: String,
    /// The payload.
    pub body: String,
    /// `waiting`, `delivered` or `failed`.
    pub state: String,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
    /// When it is tried next.
    pub next_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was delivered or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// What the other side answered last.
    pub status: Option<i32>,
    /// Why there was no answer last.
    pub error: Option<String>,
}

const DELIVERY: &str = "SELECT d.id, d.endpoint_id, d.entry_id, d.type, d.body, d.state, d.created_at, d.next_at, d.attempts, d.ended_at,
       a.status, a.error
     FROM webhook_deliveries d LEFT JOIN webhook_attempts a
       ON a.tenant_id = d.tenant_id AND a.delivery_id = d.id AND a.attempt = d.attempts";

/// A page of an endpoint's deliveries, newest first, before a delivery; `state` filters.
pub async fn deliveries(
    tx: &mut TenantTx,
    endpoint: Uuid,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let sql = format!(
        "{DELIVERY} WHERE d.endpoint_id = $1 AND ($2::text IS NULL OR d.state = $2) AND ($3::uuid IS NULL OR d.id < $3)
         ORDER BY d.id DESC LIMIT $4"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(endpoint)
        .bind(state)
        .bind(before)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// One delivery.
pub async fn delivery(tx: &mut TenantTx, id: Uuid) -> Result<Option<Delivery>> {
    let sql = format!("{DELIVERY} WHERE d.id = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(tx.conn()).await
}

/// Every attempt of some deliveries, each with its delivery, in order.
pub async fn attempts(tx: &mut TenantTx, deliveries: &[Uuid]) -> Result<Vec<(Uuid, Attempt)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        delivery_id: Uuid,
        #[sqlx(flatten)]
        attempt: Attempt,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT delivery_id, attempt, at, millis, status, body, error FROM webhook_attempts
         WHERE delivery_id = ANY($1) ORDER BY delivery_id, attempt",
    )
    .bind(deliveries)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.delivery_id, row.attempt)).collect())
}

/// How many deliveries of each endpoint are in each state.
pub async fn counts(tx: &mut TenantTx) -> Result<Vec<(Uuid, String, i64)>> {
    sqlx::query_as("SELECT endpoint_id, state, count(*) FROM webhook_deliveries GROUP BY endpoint_id, state")
        .fetch_all(tx.conn())
        .await
}

/// Forgets deliveries that arrived or failed before a moment, with their attempts.
pub async fn forget_ended(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<()> {
    sqlx::query("DELETE FROM webhook_deliveries WHERE ended_at < $1 AND state <> 'waiting'")
        .bind(before)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Starts deliveries of an endpoint anew: one, whatever became of it, or all that failed. Returns how many.
pub async fn replay(tx: &mut TenantTx, endpoint: Uuid, one: Option<Uuid>, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE webhook_deliveries SET state = 'waiting', next_at = $3, tries = 0, ended_at = NULL, locked_until = NULL
         WHERE endpoint_id = $1 AND ($2::uuid IS NULL AND state = 'failed' OR id = $2 AND state <> 'waiting')",
    )
    .bind(endpoint)
    .bind(one)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
