//! What goes out to people: mail and Slack. A message is a row until it is sent, and stays as a row afterwards.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A message to be queued.
#[derive(Debug, Clone, Default)]
pub struct NewMessage {
    /// `mail` or `slack`.
    pub channel: &'static str,
    /// `notice`, `digest`, `template` or `test`.
    pub cause: &'static str,
    /// An address; empty for a channel with one place.
    pub recipient: String,
    /// The member it is for.
    pub member: Option<Uuid>,
    /// The account it is about.
    pub account: Option<Uuid>,
    /// The entry it tells of.
    pub entry: Option<Uuid>,
    /// The template it was made from.
    pub template: Option<String>,
    /// One line, 1 to 500 characters; longer ones are cut.
    pub subject: String,
    /// The text.
    pub body: String,
    /// What makes it one: with the same word a second message is left out.
    pub once: Option<String>,
    /// Why it cannot go out as it is; such a message is stored as failed.
    pub problem: Option<String>,
}

/// Queues messages, to go out from a moment on; returns the ids of those that were not there yet.
pub async fn queue(
    tx: &mut TenantTx,
    messages: &[(NewMessage, DateTime<Utc>)],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let mut made = Vec::new();
    for (message, next_at) in messages {
        let id: Option<Uuid> = sqlx::query_scalar(
            "INSERT INTO messages (tenant_id, id, channel, cause, recipient, member_id, account_id, entry_id, template,
                                   subject, body, once, last_error, state, ended_at, created_at, next_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, left($10, 500), $11, $12, $15,
                     CASE WHEN $15::text IS NULL THEN 'queued' ELSE 'failed' END,
                     CASE WHEN $15::text IS NOT NULL THEN $13::timestamptz END, $13, $14)
             ON CONFLICT (tenant_id, once) DO NOTHING RETURNING id",
        )
        .bind(tx.tenant())
        .bind(Uuid::now_v7())
        .bind(message.channel)
        .bind(message.cause)
        .bind(&message.recipient)
        .bind(message.member)
        .bind(message.account)
        .bind(message.entry)
        .bind(&message.template)
        .bind(&message.subject)
        .bind(&message.body)
        .bind(&message.once)
        .bind(now)
        .bind(next_at)
        .bind(&message.problem)
        .fetch_optional(tx.conn())
        .await?;
        made.extend(id);
    }
    Ok(made)
}

/// A message.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Message {
    /// Its id, which its Message-ID is made of.
    pub id: Uuid,
    /// `mail` or `slack`.
    pub channel: String,
    /// `notice`, `digest`, `template` or `test`.
    pub cause: String,
    /// An address; empty for a channel with one place.
    pub recipient: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// `queued`, `sent`, `failed` or `expired`.
    pub state: String,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// When it may go out, or is tried again.
    pub next_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: i32,
    /// What the last try ended with, when it failed.
    pub last_error: Option<String>,
    /// When it was sent or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, channel, cause, recipient, subject, body, state, created_at, next_at, attempts, last_error, ended_at";

/// Takes messages that are due on the channels that have an outlet; others leave them alone until `until`. Mails to
/// customers stay where they are unless the tenant sends them.
pub async fn claim(
    tx: &mut TenantTx,
    channels: &[&str],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Message>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "UPDATE messages SET locked_until = $3, attempts = attempts + 1 WHERE (tenant_id, id) IN (
           SELECT tenant_id, id FROM messages
           WHERE state = 'queued' AND channel = ANY($1) AND next_at <= $2
           AND (cause <> 'template' OR (SELECT customer_mail FROM tenants WHERE id = $5)) AND (locked_until IS NULL OR locked_until <= $2)
           ORDER BY next_at LIMIT $4 FOR UPDATE SKIP LOCKED)
         RETURNING {COLUMNS}"
    )))
    .bind(channels)
    .bind(now)
    .bind(until)
    .bind(limit)
    .bind(tx.tenant())
    .fetch_all(tx.conn())
    .await
}

/// Whether mails to customers go out.
pub async fn sends_to_customers(tx: &mut TenantTx) -> Result<bool> {
    sqlx::query_scalar("SELECT customer_mail FROM tenants WHERE id = $1")
        .bind(tx.tenant())
        .fetch_one(tx.conn())
        .await
}

/// Has mails to customers go out, or wait; false when that was so.
pub async fn send_to_customers(tx: &mut TenantTx, on: bool) -> Result<bool> {
    let done = sqlx::query("UPDATE tenants SET customer_mail = $2 WHERE id = $1 AND customer_mail <> $2")
        .bind(tx.tenant())
        .bind(on)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Mails to customers that wait, and how many of them were written since a moment.
pub async fn waiting_for_customers(tx: &mut TenantTx, since: DateTime<Utc>) -> Result<(i64, i64)> {
    sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE created_at >= $1) FROM messages
         WHERE state = 'queued' AND cause = 'template'",
    )
    .bind(since)
    .fetch_one(tx.conn())
    .await
}

/// How a try to send a message ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// It is out.
    Sent,
    /// It is not; it is tried again then.
    Again(String, DateTime<Utc>),
    /// It is not and will not be.
    Failed(String),
    /// It waited too long for an outlet to be of use.
    Expired,
}

/// Notes how a try ended.
pub async fn ended(tx: &mut TenantTx, id: Uuid, how: &Ended, now: DateTime<Utc>) -> Result<()> {
    let (state, error, next_at) = match how {
        Ended::Sent => ("sent", None, now),
        Ended::Again(error, at) => ("queued", Some(error), *at),
        Ended::Failed(error) => ("failed", Some(error), now),
        Ended::Expired => ("expired", None, now),
    };
    sqlx::query(
        "UPDATE messages SET state = $2, last_error = $3, next_at = $4, locked_until = NULL,
                ended_at = CASE WHEN $2 = 'queued' THEN NULL ELSE $5 END WHERE id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(error)
    .bind(next_at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A page of messages, newest first; `state` filters.
pub async fn list(tx: &mut TenantTx, state: Option<&str>, offset: i64, limit: i64) -> Result<Vec<Message>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM messages WHERE $1::text IS NULL OR state = $1
         ORDER BY created_at DESC, id DESC OFFSET $2 LIMIT $3"
    )))
    .bind(state)
    .bind(offset)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// How many messages there are in each state.
pub async fn counts(tx: &mut TenantTx) -> Result<Vec<(String, i64)>> {
    sqlx::query_as("SELECT state, count(*) FROM messages GROUP BY state ORDER BY state")
        .fetch_all(tx.conn())
        .await
}

/// Forgets messages that went out, failed or expired before a moment.
pub async fn forget_ended(tx: &mut TenantTx, before: DateTime<Utc>) -> Result<()> {
    sqlx::query("DELETE FROM messages WHERE ended_at < $1 AND state <> 'queued'")
        .bind(before)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Puts a message that failed or expired back, to be tried at once; false when there is none such.
pub async fn retry(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE messages SET state = 'queued', created_at = $2, next_at = $2, attempts = 0, ended_at = NULL
         WHERE id = $1 AND state IN ('failed', 'expired')",
    )
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The tenant's Slack-compatible webhook.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SlackHook {
    /// Its URL, which is a secret.
    pub url: String,
    /// Words of the groups it is told of.
    pub groups: Vec<String>,
    /// How grave it must be; none for anything.
    pub min_severity: Option<String>,
}

/// The tenant's Slack-compatible webhook.
pub async fn slack(tx: &mut TenantTx) -> Result<Option<SlackHook>> {
    sqlx::query_as("SELECT url, groups, min_severity FROM slack_hooks").fetch_optional(tx.conn()).await
}

/// Sets the tenant's Slack-compatible webhook.
pub async fn put_slack(tx: &mut TenantTx, hook: &SlackHook, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO slack_hooks (tenant_id, url, groups, min_severity, updated_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id) DO UPDATE SET url = excluded.url, groups = excluded.groups,
           min_severity = excluded.min_severity, updated_at = excluded.updated_at",
    )
    .bind(tx.tenant())
    .bind(&hook.url)
    .bind(&hook.groups)
    .bind(&hook.min_severity)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the tenant's Slack-compatible webhook away; false when there is none.
pub async fn remove_slack(tx: &mut TenantTx) -> Result<bool> {
    Ok(sqlx::query("DELETE FROM slack_hooks").execute(tx.conn()).await?.rows_affected() == 1)
}
