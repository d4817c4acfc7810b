//! The people of an account.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::accounts::Change;
use super::{Result, TenantTx};

/// A contact.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Contact {
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// Display name.
    pub name: String,
    /// Address, may be empty.
    pub email: String,
    /// Job title.
    pub title: String,
    /// Part in the relationship: economic buyer, admin, user …
    pub role: String,
    /// Whether they champion the product.
    pub champion: bool,
    /// The day they left.
    pub left_on: Option<NaiveDate>,
}

/// Everyone of an account: champions first, those who left last.
pub async fn of_account(tx: &mut TenantTx, account_id: Uuid) -> Result<Vec<Contact>> {
    sqlx::query_as(
        "SELECT external_id, name, email, title, role, champion, left_on FROM contacts WHERE account_id = $1
         ORDER BY left_on IS NOT NULL, champion DESC, lower(name), id",
    )
    .bind(account_id)
    .fetch_all(tx.conn())
    .await
}

/// Creates or updates a contact by its external id.
pub async fn put(
    tx: &mut TenantTx,
    account_id: Uuid,
    contact: &Contact,
    now: DateTime<Utc>,
) -> Result<Change> {
    let created: Option<bool> = sqlx::query_scalar(
        "INSERT INTO contacts AS c (tenant_id, id, account_id, external_id, name, email, title, role, champion,
                                    left_on, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (tenant_id, external_id) DO UPDATE SET account_id = excluded.account_id, name = excluded.name,
           email = excluded.email, title = excluded.title, role = excluded.role, champion = excluded.champion,
           left_on = excluded.left_on, updated_at = excluded.updated_at
         WHERE (c.account_id, c.name, c.email, c.title, c.role, c.champion, c.left_on) IS DISTINCT FROM
           (excluded.account_id, excluded.name, excluded.email, excluded.title, excluded.role, excluded.champion,
            excluded.left_on)
         RETURNING (xmax = 0)",
    )
    .bind(tx.tenant())
    .bind(Uuid::now_v7())
    .bind(account_id)
    .bind(&contact.external_id)
    .bind(&contact.name)
    .bind(&contact.email)
    .bind(&contact.title)
    .bind(&contact.role)
    .bind(contact.champion)
    .bind(contact.left_on)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    Ok(match created {
        Some(true) => Change::Created,
        Some(false) => Change::Updated,
        None => Change::Unchanged,
    })
}
