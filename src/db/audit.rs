//! Who did what, when.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// One line of the audit log.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Entry {
    /// Identity; ordered by time.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a member's name, a key, "command line" or "Holdfast".
    pub actor: String,
    /// What, as noun.verb.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The rest.
    pub detail: serde_json::Value,
}

/// Adds a line. It cannot be changed afterwards: the tenant's role has no right to.
pub async fn record(
    tx: &mut TenantTx,
    at: DateTime<Utc>,
    actor: &str,
    action: &str,
    subject: &str,
    detail: serde_json::Value,
) -> Result<()> {
    record_all(tx, at, actor, action, vec![(subject.to_owned(), detail)]).await
}

/// Adds a line for each of many subjects, with its details.
pub async fn record_all(
    tx: &mut TenantTx,
    at: DateTime<Utc>,
    actor: &str,
    action: &str,
    lines: Vec<(String, serde_json::Value)>,
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = lines.iter().map(|_| Uuid::now_v7()).collect();
    let (subjects, details): (Vec<String>, Vec<serde_json::Value>) = lines.into_iter().unzip();
    sqlx::query(
        "INSERT INTO audit_log (tenant_id, id, at, actor, action, subject, detail)
         SELECT $1, id, $3, $4, $5, subject, detail FROM unnest($2::uuid[], $6::text[], $7::jsonb[]) AS x (id, subject, detail)",
    )
    .bind(tx.tenant())
    .bind(ids)
    .bind(at)
    .bind(actor)
    .bind(action)
    .bind(subjects)
    .bind(details)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A page of the log, newest first; `action` filters by its beginning.
pub async fn list(tx: &mut TenantTx, action: &str, offset: i64, limit: i64) -> Result<Vec<Entry>> {
    sqlx::query_as(
        "SELECT id, at, actor, action, subject, detail FROM audit_log
         WHERE starts_with(action, $1) ORDER BY at DESC, id DESC OFFSET $2 LIMIT $3",
    )
    .bind(action)
    .bind(offset)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Which lines. Everything set must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The noun an action begins with: `member`, `key` …
    pub noun: Option<String>,
    /// Who.
    pub actor: Option<String>,
    /// Part of who, what or to what.
    pub text: Option<String>,
    /// Ids that the text stands for: subjects are looked for among them as well.
    pub subjects: Vec<String>,
}

/// A page of what a filter shows, newest first.
pub async fn page(tx: &mut TenantTx, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<Entry>> {
    sqlx::query_as(
        "SELECT id, at, actor, action, subject, detail FROM audit_log
         WHERE ($1::text IS NULL OR split_part(action, '.', 1) = $1) AND ($2::text IS NULL OR actor = $2)
           AND ($3::text IS NULL OR strpos(lower(concat_ws(' ', actor, action, subject)), lower($3)) > 0
                OR subject = ANY($4))
         ORDER BY at DESC, id DESC OFFSET $5 LIMIT $6",
    )
    .bind(&filter.noun)
    .bind(&filter.actor)
    .bind(&filter.text)
    .bind(&filter.subjects)
    .bind(offset)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Everybody who did anything.
pub async fn actors(tx: &mut TenantTx) -> Result<Vec<String>> {
    sqlx::query_scalar("SELECT DISTINCT actor FROM audit_log ORDER BY actor").fetch_all(tx.conn()).await
}
