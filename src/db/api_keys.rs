//! Keys of integrations.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A key, without its secret.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ApiKey {
    /// Identity.
    pub id: Uuid,
    /// What the tenant calls it.
    pub name: String,
    /// read or write.
    pub scope: String,
    /// The first characters of the secret, to tell keys apart.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stopped working.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it last brought an event.
    pub last_at: Option<DateTime<Utc>>,
}

/// Every key, newest first.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<ApiKey>> {
    sqlx::query_as(
        "SELECT k.id, k.name, k.scope, k.hint, k.created_at, k.revoked_at,
                (SELECT max(d.last_at) FROM source_days d WHERE d.tenant_id = k.tenant_id AND d.key_id = k.id) AS last_at
         FROM api_keys k ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC",
    )
    .fetch_all(tx.conn())
    .await
}

/// Stores a key by the hash of its secret.
pub async fn create(
    tx: &mut TenantTx,
    name: &str,
    scope: &str,
    hint: &str,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO api_keys (tenant_id, id, name, scope, hint, secret_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(name)
    .bind(scope)
    .bind(hint)
    .bind(secret_hash)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Stops a key from working, or lets it work again; false when there is no such key.
pub async fn set_revoked(tx: &mut TenantTx, id: Uuid, revoked_at: Option<DateTime<Utc>>) -> Result<bool> {
    let done = sqlx::query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1")
        .bind(id)
        .bind(revoked_at)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
