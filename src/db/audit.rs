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
    sqlx::query(
        "INSERT INTO audit_log (tenant_id, id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(at)
    .bind(actor)
    .bind(action)
    .bind(subject)
    .bind(detail)
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
