//! The fields a tenant adds to its accounts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A field: its name in files and expressions, its label on pages, its type.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct CustomField {
    /// Identity.
    pub id: Uuid,
    /// Name in files, expressions and the API.
    pub name: String,
    /// Label on pages.
    pub label: String,
    /// text, number, bool, date or enum.
    pub kind: String,
    /// What an enum may be.
    pub choices: Vec<String>,
}

/// Every field, by name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<CustomField>> {
    sqlx::query_as("SELECT id, name, label, kind, choices FROM custom_fields ORDER BY name")
        .fetch_all(tx.conn())
        .await
}

/// Defines a field, or changes the label and choices of the one with that name; the type stays.
pub async fn put(
    tx: &mut TenantTx,
    name: &str,
    label: &str,
    kind: &str,
    choices: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO custom_fields (tenant_id, id, name, label, kind, choices, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, name) DO UPDATE SET label = excluded.label, choices = excluded.choices",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(name)
    .bind(label)
    .bind(kind)
    .bind(choices)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
