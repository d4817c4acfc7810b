//! Who was told of what: entries of the journal that wait to be told, and what stands under each member's bell.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, TenantTx};

/// The channel on which processes tell each other that something changed under a bell: `tenant:member`.
pub const BELLS: &str = "holdfast_bells";

/// An entry of the journal that nobody was told of yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct News {
    /// The entry.
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// A word of `domain::timeline::Kind`.
    pub kind: String,
    /// The alert, task, renewal, ticket … it is about.
    pub about: Option<Uuid>,
    /// Who did it, by name.
    pub actor: String,
    /// The member whom it concerns first.
    pub member_id: Option<Uuid>,
    /// How grave.
    pub severity: Option<String>,
    /// One line.
    pub title: String,
    /// More.
    pub body: String,
    /// For machines.
    pub data: Value,
    /// The account: its id, its identity elsewhere, its name, its owner.
    pub account_id: Option<Uuid>,
    /// The account's identity in the tenant's own systems.
    pub external_id: Option<String>,
    /// The account's name.
    pub account: Option<String>,
    /// The account's owner.
    pub owner_id: Option<Uuid>,
}

/// Takes entries that nobody was told of, oldest first; others of this or another process leave them alone until this
/// transaction ends.
pub async fn take_news(tx: &mut TenantTx, limit: i64) -> Result<Vec<News>> {
    sqlx::query_as(
        "SELECT t.id, t.at, t.kind, t.about, t.actor, t.member_id, t.severity, t.title, t.body, t.data, t.account_id,
                a.external_id, a.name AS account, a.owner_id
         FROM timeline t LEFT JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
         WHERE t.told_at IS NULL ORDER BY t.recorded_at, t.id LIMIT $1 FOR UPDATE OF t SKIP LOCKED",
    )
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Marks up to `limit` entries as told without telling: they happened before a moment, or were taken back.
pub async fn pass_over(
    tx: &mut TenantTx,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE timeline SET told_at = $2 WHERE (tenant_id, id) IN (
           SELECT tenant_id, id FROM timeline WHERE told_at IS NULL AND (at < $1 OR removed_at IS NOT NULL)
           LIMIT $3 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(now)
    .bind(limit)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Marks entries as told.
pub async fn mark_told(tx: &mut TenantTx, entries: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE timeline SET told_at = $2 WHERE id = ANY($1)")
        .bind(entries)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// That a member is told of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Notification {
    /// Who.
    pub member: Uuid,
    /// Of what.
    pub entry: Uuid,
    /// Whether it stands under the bell.
    pub shown: bool,
    /// Whether it belongs into the digest.
    pub digest: bool,
}

/// Stores notifications; those that are there already stay as they are.
pub async fn notify(tx: &mut TenantTx, told: &[Notification], now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO notifications (tenant_id, id, member_id, entry_id, created_at, shown, digest)
         SELECT $1, n.id, n.member_id, n.entry_id, $2, n.shown, n.digest
         FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bool[], $7::bool[])
              AS n (id, member_id, entry_id, shown, digest)
         ON CONFLICT (tenant_id, member_id, entry_id) DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(now)
    .bind(told.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .bind(told.iter().map(|n| n.member).collect::<Vec<_>>())
    .bind(told.iter().map(|n| n.entry).collect::<Vec<_>>())
    .bind(told.iter().map(|n| n.shown).collect::<Vec<_>>())
    .bind(told.iter().map(|n| n.digest).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Rings bells once this transaction is committed, in every process.
pub async fn ring(tx: &mut TenantTx, members: &[Uuid]) -> Result<()> {
    sqlx::query("SELECT pg_notify($1, $2::text || ':' || m) FROM unnest($3::uuid[]) AS m")
        .bind(BELLS)
        .bind(tx.tenant())
        .bind(members)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Something a member was told.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Told {
    /// The notification.
    pub id: Uuid,
    /// The entry.
    pub entry_id: Uuid,
    /// When they were told.
    pub created_at: DateTime<Utc>,
    /// When they read it.
    pub read_at: Option<DateTime<Utc>>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// A word of `domain::timeline::Kind`.
    pub kind: String,
    /// How grave.
    pub severity: Option<String>,
    /// Who did it.
    pub actor: String,
    /// One line.
    pub title: String,
    /// More.
    pub body: String,
    /// The account's name.
    pub account: Option<String>,
}

const TOLD: &str = "SELECT n.id, n.entry_id, n.created_at, n.read_at, t.at, t.kind, t.severity, t.actor, t.title, t.body, a.name AS account
     FROM notifications n
     JOIN timeline t ON t.tenant_id = n.tenant_id AND t.id = n.entry_id AND t.removed_at IS NULL
     LEFT JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id";

/// What stands under a member's bell: what is not read first, newest first.
pub async fn list(tx: &mut TenantTx, member: Uuid, offset: i64, limit: i64) -> Result<Vec<Told>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{TOLD} WHERE n.member_id = $1 AND n.shown
         ORDER BY n.read_at IS NOT NULL, t.recorded_at DESC, n.id DESC OFFSET $2 LIMIT $3"
    )))
    .bind(member)
    .bind(offset)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// What a member has not read and was told after a moment, oldest first.
pub async fn unread_since(
    tx: &mut TenantTx,
    member: Uuid,
    after: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Told>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{TOLD} WHERE n.member_id = $1 AND n.shown AND n.read_at IS NULL AND n.created_at > $2
         ORDER BY n.created_at, n.id LIMIT $3"
    )))
    .bind(member)
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// What belongs into a member's digest: told after a moment until another, gravest first, then oldest first.
pub async fn for_digest(
    tx: &mut TenantTx,
    member: Uuid,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Told>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{TOLD} WHERE n.member_id = $1 AND n.digest AND n.created_at > $2 AND n.created_at <= $3
         ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], t.severity), n.created_at, n.id LIMIT $4"
    )))
    .bind(member)
    .bind(after)
    .bind(until)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// How much of it a member has not read, and how much there is in all.
pub async fn count(tx: &mut TenantTx, member: Uuid) -> Result<(i64, i64)> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE n.read_at IS NULL), count(*)
         FROM notifications n JOIN timeline t ON t.tenant_id = n.tenant_id AND t.id = n.entry_id AND t.removed_at IS NULL
         WHERE n.member_id = $1 AND n.shown",
    )
    .bind(member)
    .fetch_one(tx.conn())
    .await
}

/// How much a member has not read, up to a hundred.
pub async fn unread(tx: &mut TenantTx, member: Uuid) -> Result<i64> {
    sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT FROM notifications
           WHERE member_id = $1 AND read_at IS NULL AND shown LIMIT 100) AS few",
    )
    .bind(member)
    .fetch_one(tx.conn())
    .await
}

/// Marks what a member was told of one entry, or of everything, as read; returns how much that was.
pub async fn mark_read(
    tx: &mut TenantTx,
    member: Uuid,
    entry: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE notifications SET read_at = $3
         WHERE member_id = $1 AND ($2::uuid IS NULL OR entry_id = $2) AND read_at IS NULL AND shown",
    )
    .bind(member)
    .bind(entry)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Marks as unread again: one entry, or what was marked at a moment. Returns how much that was.
pub async fn mark_unread(
    tx: &mut TenantTx,
    member: Uuid,
    entry: Option<Uuid>,
    read_at: Option<DateTime<Utc>>,
) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE notifications SET read_at = NULL
         WHERE member_id = $1 AND ($2::uuid IS NULL OR entry_id = $2) AND ($3::timestamptz IS NULL OR read_at = $3)
           AND ($2::uuid IS NOT NULL OR $3::timestamptz IS NOT NULL) AND read_at IS NOT NULL",
    )
    .bind(member)
    .bind(entry)
    .bind(read_at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// What an entry of the journal is about: its kind, what it names, and the account's identity elsewhere.
pub async fn cause(tx: &mut TenantTx, entry: Uuid) -> Result<Option<(String, Option<Uuid>, Option<String>)>> {
    sqlx::query_as(
        "SELECT t.kind, t.about, a.external_id
         FROM timeline t LEFT JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id WHERE t.id = $1",
    )
    .bind(entry)
    .fetch_optional(tx.conn())
    .await
}

/// Who plays roles of the methodology for accounts, as far as somebody does: account, role, member.
pub async fn role_holders(
    tx: &mut TenantTx,
    asked: &[(Option<Uuid>, String)],
) -> Result<Vec<(Option<Uuid>, String, Uuid)>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "SELECT account_id, role, holder FROM (
           SELECT a.account_id, a.role, holder_of($1, a.account_id, a.role) AS holder
           FROM unnest($2::uuid[], $3::text[]) AS a (account_id, role)) AS held WHERE holder IS NOT NULL",
    )
    .bind(tx.tenant())
    .bind(asked.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(asked.iter().map(|(_, role)| role.clone()).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await
}
