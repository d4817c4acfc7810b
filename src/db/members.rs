//! Members and invitations of a tenant.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A member with their name.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Member {
    /// Identity inside the tenant.
    pub id: Uuid,
    /// The person.
    pub user_id: Uuid,
    /// Display name.
    pub name: String,
    /// Address.
    pub email: String,
    /// admin, manager, csm or executive.
    pub role: String,
    /// When they last looked at a page.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Since when they belong.
    pub created_at: DateTime<Utc>,
    /// Accounts they own.
    pub accounts: i64,
}

/// Every member, by name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Member>> {
    sqlx::query_as(
        "SELECT m.id, m.user_id, u.name, u.email, m.role, m.last_seen_at, m.created_at,
                (SELECT count(*) FROM accounts a WHERE a.tenant_id = m.tenant_id AND a.owner_id = m.id
                 AND a.churned_on IS NULL) AS accounts
         FROM members m JOIN users u ON u.id = m.user_id WHERE m.removed_at IS NULL ORDER BY lower(u.name), m.id",
    )
    .fetch_all(tx.conn())
    .await
}

/// The ids of members by lower-cased address, for imports.
pub async fn ids_by_email(tx: &mut TenantTx) -> Result<Vec<(String, Uuid)>> {
    sqlx::query_as(
        "SELECT lower(u.email), m.id FROM members m JOIN users u ON u.id = m.user_id WHERE m.removed_at IS NULL",
    )
    .fetch_all(tx.conn())
    .await
}

/// The member behind an address, present ones first: accounts of those who left stay theirs until reassigned.
pub async fn id_of_email(tx: &mut TenantTx, email: &str) -> Result<Option<Uuid>> {
    sqlx::query_scalar(
        "SELECT m.id FROM members m JOIN users u ON u.id = m.user_id WHERE lower(u.email) = lower($1)
         ORDER BY m.removed_at NULLS FIRST LIMIT 1",
    )
    .bind(email)
    .fetch_optional(tx.conn())
    .await
}

/// When a member was last here.
pub async fn last_seen(tx: &mut TenantTx, id: Uuid) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("SELECT last_seen_at FROM members WHERE id = $1").bind(id).fetch_one(tx.conn()).await
}

/// Notes that a member is here.
pub async fn seen(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE members SET last_seen_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Changes a role; false when there is no such member.
pub async fn set_role(tx: &mut TenantTx, id: Uuid, role: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE members SET role = $2 WHERE id = $1 AND removed_at IS NULL")
        .bind(id)
        .bind(role)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a member's place away, or gives it back; their accounts stay assigned until someone else takes them.
pub async fn set_removed(tx: &mut TenantTx, id: Uuid, removed_at: Option<DateTime<Utc>>) -> Result<bool> {
    let done = sqlx::query("UPDATE members SET removed_at = $2 WHERE id = $1")
        .bind(id)
        .bind(removed_at)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How many admins remain, locked so that two removals cannot both see one another.
pub async fn count_admins(tx: &mut TenantTx) -> Result<i64> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM members WHERE role = 'admin' AND removed_at IS NULL ORDER BY id FOR UPDATE",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(ids.len() as i64)
}

/// An invitation that nobody has accepted yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PendingInvitation {
    /// Identity.
    pub id: Uuid,
    /// Whom it was made for.
    pub email: String,
    /// The role it gives.
    pub role: String,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// Invitations that can still be accepted at `now`.
pub async fn pending_invitations(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<PendingInvitation>> {
    sqlx::query_as(
        "SELECT id, email, role, expires_at FROM invitations
         WHERE accepted_at IS NULL AND expires_at > $1 ORDER BY created_at DESC",
    )
    .bind(now)
    .fetch_all(tx.conn())
    .await
}

/// Stores an invitation.
pub async fn invite(
    tx: &mut TenantTx,
    email: &str,
    role: &str,
    token_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO invitations (tenant_id, id, email, role, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(email)
    .bind(role)
    .bind(token_hash)
    .bind(now)
    .bind(expires_at)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Withdraws an invitation; returns the address it was made for, none when there is none to withdraw.
pub async fn withdraw_invitation(tx: &mut TenantTx, id: Uuid) -> Result<Option<String>> {
    sqlx::query_scalar("DELETE FROM invitations WHERE id = $1 AND accepted_at IS NULL RETURNING email")
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// The names of everybody who belongs or belonged, for the log.
pub async fn names(tx: &mut TenantTx) -> Result<Vec<(Uuid, String)>> {
    sqlx::query_as("SELECT m.id, u.name FROM members m JOIN users u ON u.id = m.user_id")
        .fetch_all(tx.conn())
        .await
}
