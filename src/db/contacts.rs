//! The people of an account.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::accounts::{Change, changes};
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

/// Those of some accounts who have somebody with an address.
pub async fn reachable(tx: &mut TenantTx, accounts: &[Uuid]) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT DISTINCT account_id FROM contacts WHERE account_id = ANY($1) AND left_on IS NULL AND email <> ''",
    )
    .bind(accounts)
    .fetch_all(tx.conn())
    .await
}

/// Creates or updates contacts, each with its account, by their external ids; tells which became of each, in their
/// order. A contact is stated whole. No external id may come twice.
pub async fn put_many(
    tx: &mut TenantTx,
    stated: &[(Uuid, &Contact)],
    now: DateTime<Utc>,
) -> Result<Vec<Change>> {
    let created: Vec<(String, bool)> = sqlx::query_as(
        "INSERT INTO contacts AS c (tenant_id, id, account_id, external_id, name, email, title, role, champion,
                                    left_on, updated_at)
         SELECT $1, s.*, $11
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bool[],
                     $10::date[])
              AS s (id, account_id, external_id, name, email, title, role, champion, left_on)
         ORDER BY s.external_id
         ON CONFLICT (tenant_id, external_id) DO UPDATE SET account_id = excluded.account_id, name = excluded.name,
           email = excluded.email, title = excluded.title, role = excluded.role, champion = excluded.champion,
           left_on = excluded.left_on, updated_at = excluded.updated_at
         WHERE (c.account_id, c.name, c.email, c.title, c.role, c.champion, c.left_on) IS DISTINCT FROM
           (excluded.account_id, excluded.name, excluded.email, excluded.title, excluded.role, excluded.champion,
            excluded.left_on)
         RETURNING c.external_id, (xmax = 0)",
    )
    .bind(tx.tenant())
    .bind(stated.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.external_id.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.name.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.email.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.title.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.role.as_str()).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.champion).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, c)| c.left_on).collect::<Vec<_>>())
    .bind(now)
    .fetch_all(tx.conn())
    .await?;
    Ok(changes(&created, stated.iter().map(|(_, c)| c.external_id.as_str())))
}

/// The accounts that contacts belong to now, by their external ids; unknown ones are missing from the answer.
pub async fn accounts_of(tx: &mut TenantTx, external_ids: &[&str]) -> Result<Vec<(String, Uuid)>> {
    sqlx::query_as("SELECT external_id, account_id FROM contacts WHERE external_id = ANY($1)")
        .bind(external_ids)
        .fetch_all(tx.conn())
        .await
}
