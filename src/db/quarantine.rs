//! Messages that could not be counted, each with its reason.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A message that goes into quarantine.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The claimed message id, or for a message that is not sound a hash of its text.
    pub event_id: Uuid,
    /// The key that brought it.
    pub key_id: Uuid,
    /// Why, as a word: unknown_account, no_event_name, bad_timestamp …
    pub reason: &'static str,
    /// Why, as a sentence that says what to do.
    pub detail: String,
    /// The group it names, so that it is found when that account appears.
    pub group_id: Option<String>,
    /// The user it names, so that it is found when that user joins a group.
    pub user_id: Option<String>,
    /// The sender's id of the message.
    pub message_id: Option<String>,
    /// The message as it was sent, cut at 32 KB.
    pub message: String,
    /// The batch's `sentAt`, without which the skew could not be taken out again.
    pub sent_at: Option<DateTime<Utc>>,
    /// Whether it may be counted later.
    pub waiting: bool,
}

/// A message in quarantine.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Entry {
    /// Identity.
    pub id: Uuid,
    /// The claimed message id.
    pub event_id: Uuid,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// The key that brought it.
    pub key_id: Option<Uuid>,
    /// Why, as a word.
    pub reason: String,
    /// Why, as a sentence.
    pub detail: String,
    /// The group it names.
    pub group_id: Option<String>,
    /// The user it names.
    pub user_id: Option<String>,
    /// The sender's id of it.
    pub message_id: Option<String>,
    /// The message as sent.
    pub message: String,
    /// The batch's `sentAt`.
    pub sent_at: Option<DateTime<Utc>>,
    /// waiting, rejected, replayed or dismissed.
    pub state: String,
}

const COLUMNS: &str = "id, event_id, received_at, key_id, reason, detail, group_id, user_id, message_id, message, sent_at, state";

/// Stores messages; one that is there already is left as it is. Returns how many were new.
pub async fn insert(tx: &mut TenantTx, entries: &[NewEntry], now: DateTime<Utc>) -> Result<u64> {
    let mut added = 0;
    for entry in entries {
        added += sqlx::query(
            "INSERT INTO quarantine (tenant_id, id, event_id, received_at, key_id, reason, detail, group_id, user_id,
                                     message_id, message, sent_at, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        )
        .bind(tx.tenant())
        .bind(Uuid::now_v7())
        .bind(entry.event_id)
        .bind(now)
        .bind(entry.key_id)
        .bind(entry.reason)
        .bind(&entry.detail)
        .bind(&entry.group_id)
        .bind(&entry.user_id)
        .bind(&entry.message_id)
        .bind(&entry.message)
        .bind(entry.sent_at)
        .bind(if entry.waiting { "waiting" } else { "rejected" })
        .execute(tx.conn())
        .await?
        .rows_affected();
    }
    Ok(added)
}

/// A page, newest first; an empty state asks for all that are not settled.
pub async fn list(
    tx: &mut TenantTx,
    state: Option<&str>,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM quarantine
         WHERE CASE WHEN $1::text IS NULL THEN state IN ('waiting', 'rejected') ELSE state = $1 END
           AND ($2::timestamptz IS NULL OR (received_at, id) < ($2, $3))
         ORDER BY received_at DESC, id DESC LIMIT $4"
    )))
    .bind(state)
    .bind(before.map(|b| b.0))
    .bind(before.map(|b| b.1))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Which messages. Everything set must hold; without a state, those that are not settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// waiting, rejected, replayed or dismissed.
    pub state: Option<String>,
    /// Reason, as a word.
    pub reason: Option<String>,
    /// The key that brought it.
    pub key_id: Option<Uuid>,
}

const FILTER: &str = "CASE WHEN $1::text IS NULL THEN state IN ('waiting', 'rejected') ELSE state = $1 END
    AND ($2::text IS NULL OR reason = $2) AND ($3::uuid IS NULL OR key_id = $3)";

/// A page of what a filter shows, newest first, after a place in the list.
pub async fn page(
    tx: &mut TenantTx,
    filter: &Filter,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM quarantine WHERE {FILTER}
           AND ($4::timestamptz IS NULL OR (received_at, id) < ($4, $5))
         ORDER BY received_at DESC, id DESC LIMIT $6"
    )))
    .bind(&filter.state)
    .bind(&filter.reason)
    .bind(filter.key_id)
    .bind(before.map(|b| b.0))
    .bind(before.map(|b| b.1))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// How many messages a filter shows.
pub async fn count(tx: &mut TenantTx, filter: &Filter) -> Result<i64> {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM quarantine WHERE {FILTER}")))
        .bind(&filter.state)
        .bind(&filter.reason)
        .bind(filter.key_id)
        .fetch_one(tx.conn())
        .await
}

/// How many messages are in each state, by reason.
pub async fn counts(tx: &mut TenantTx) -> Result<Vec<(String, String, i64)>> {
    sqlx::query_as(
        "SELECT state, reason, count(*) FROM quarantine WHERE state IN ('waiting', 'rejected')
         GROUP BY 1, 2 ORDER BY 3 DESC, 2",
    )
    .fetch_all(tx.conn())
    .await
}

/// Locks up to `limit` waiting messages whose account is known by now, oldest first.
pub async fn take_replayable(tx: &mut TenantTx, limit: i64) -> Result<Vec<Entry>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {} FROM quarantine q
         LEFT JOIN end_users e ON e.tenant_id = q.tenant_id AND e.user_id = q.user_id
         WHERE q.state = 'waiting' AND EXISTS (SELECT FROM accounts a WHERE a.tenant_id = q.tenant_id
           AND a.external_id = coalesce(q.group_id, e.group_id))
         ORDER BY q.received_at, q.id LIMIT $1 FOR UPDATE OF q SKIP LOCKED",
        COLUMNS.split(", ").map(|c| format!("q.{c}")).collect::<Vec<_>>().join(", ")
    )))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Whether any message waits for one of these accounts, by external id.
pub async fn waits_for(tx: &mut TenantTx, external_ids: &[&str]) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM quarantine WHERE state = 'waiting' AND group_id = ANY($1))
             OR EXISTS (SELECT FROM quarantine q JOIN end_users e ON e.tenant_id = q.tenant_id AND e.user_id = q.user_id
                        WHERE q.state = 'waiting' AND q.group_id IS NULL AND e.group_id = ANY($1))",
    )
    .bind(external_ids)
    .fetch_one(tx.conn())
    .await
}

/// Settles messages: replayed or dismissed. Returns how many were open.
pub async fn settle(tx: &mut TenantTx, ids: &[Uuid], state: &str, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE quarantine SET state = $2, settled_at = $3 WHERE id = ANY($1) AND state IN ('waiting', 'rejected')",
    )
    .bind(ids)
    .bind(state)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Opens dismissed messages again; the state follows from whether they can ever be counted.
pub async fn reopen(tx: &mut TenantTx, ids: &[Uuid]) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE quarantine SET state = CASE WHEN reason IN ('unknown_account', 'no_account') THEN 'waiting'
           ELSE 'rejected' END, settled_at = NULL WHERE id = ANY($1) AND state = 'dismissed'",
    )
    .bind(ids)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
