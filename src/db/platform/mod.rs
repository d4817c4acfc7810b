//! What happens before a tenant is known: sign-in, sessions, keys, invitations.
//! These and those of [`super::queue`] are the only functions that make a [`TenantScope`].

mod sessions;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

pub use sessions::{
    Session, close_session, count_failure, failures, open_session, session, sweep, switch_tenant,
    touch_session,
};

use super::{PlatformTx, Result, TenantScope};

/// A person who can sign in.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct User {
    /// Identity.
    pub id: Uuid,
    /// Address, as they wrote it; unique without regard to case.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Argon2id PHC string; none until an invitation is accepted.
    pub password_hash: Option<String>,
}

/// A person's place in a tenant.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The right to act inside the tenant.
    pub scope: TenantScope,
    /// The tenant's name.
    pub tenant_name: String,
    /// The tenant's short name in commands.
    pub tenant_slug: String,
    /// The member's id inside the tenant.
    pub member_id: Uuid,
    /// admin, manager, csm or executive.
    pub role: String,
}

/// A key of an integration, found by its secret.
#[derive(Debug, Clone)]
pub struct KeyHolder {
    /// The right to act inside the key's tenant.
    pub scope: TenantScope,
    /// The key.
    pub key_id: Uuid,
    /// read or write.
    pub key_scope: String,
    /// What the tenant calls it.
    pub name: String,
}

pub(super) fn scope_of(row: &PgRow) -> TenantScope {
    TenantScope::new(row.get("tenant_id"), row.get("time_zone"), row.get("currency"))
}

fn membership_of(row: &PgRow) -> Membership {
    Membership {
        scope: scope_of(row),
        tenant_name: row.get("tenant_name"),
        tenant_slug: row.get("slug"),
        member_id: row.get("member_id"),
        role: row.get("role"),
    }
}

/// Makes a tenant.
pub async fn create_tenant(
    tx: &mut PlatformTx,
    slug: &str,
    name: &str,
    time_zone: &str,
    currency: &str,
    now: DateTime<Utc>,
) -> Result<TenantScope> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO tenants (id, slug, name, time_zone, currency, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(slug)
    .bind(name)
    .bind(time_zone)
    .bind(currency)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(TenantScope::new(id, time_zone, currency.to_owned()))
}

/// The tenant of a short name, name or id, for operators at the command line.
pub async fn tenant_by_name(tx: &mut PlatformTx, name: &str) -> Result<Option<TenantScope>> {
    let row = sqlx::query(
        "SELECT id AS tenant_id, time_zone, currency FROM tenants
         WHERE slug = $1 OR name = $1 OR id::text = $1 ORDER BY slug = $1 DESC LIMIT 1",
    )
    .bind(name)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.as_ref().map(scope_of))
}

/// Every tenant, for work on a schedule.
pub async fn all_tenants(tx: &mut PlatformTx) -> Result<Vec<TenantScope>> {
    let rows = sqlx::query("SELECT id AS tenant_id, time_zone, currency FROM tenants ORDER BY id")
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.iter().map(scope_of).collect())
}

/// The person of an address.
pub async fn user_by_email(tx: &mut PlatformTx, email: &str) -> Result<Option<User>> {
    sqlx::query_as("SELECT id, email, name, password_hash FROM users WHERE lower(email) = lower($1)")
        .bind(email)
        .fetch_optional(tx.conn())
        .await
}

/// Adds a person, or returns the one who has that address. An existing password stays as it is.
pub async fn ensure_user(tx: &mut PlatformTx, email: &str, name: &str, now: DateTime<Utc>) -> Result<User> {
    sqlx::query(
        "INSERT INTO users (id, email, name, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(Uuid::now_v7())
    .bind(email)
    .bind(name)
    .bind(now)
    .execute(tx.conn())
    .await?;
    user_by_email(tx, email).await?.ok_or(sqlx::Error::RowNotFound)
}

/// Sets a password and ends every other session of that person.
pub async fn set_password(
    tx: &mut PlatformTx,
    user_id: Uuid,
    hash: &str,
    keep_session: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("UPDATE users SET password_hash = $2, password_changed_at = $3 WHERE id = $1")
        .bind(user_id)
        .bind(hash)
        .bind(now)
        .execute(tx.conn())
        .await?;
    sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2")
        .bind(user_id)
        .bind(keep_session)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Gives a person a place in a tenant, or changes the role of the place they have.
pub async fn put_member(
    tx: &mut PlatformTx,
    scope: &TenantScope,
    user_id: Uuid,
    role: &str,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    sqlx::query_scalar(
        "INSERT INTO members (tenant_id, id, user_id, role, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role, removed_at = NULL RETURNING id",
    )
    .bind(scope.tenant_id())
    .bind(Uuid::now_v7())
    .bind(user_id)
    .bind(role)
    .bind(now)
    .fetch_one(tx.conn())
    .await
}

/// Every tenant a person belongs to, by name.
pub async fn memberships(tx: &mut PlatformTx, user_id: Uuid) -> Result<Vec<Membership>> {
    let rows = sqlx::query(
        "SELECT m.tenant_id, m.id AS member_id, m.role, t.name AS tenant_name, t.slug, t.time_zone, t.currency
         FROM members m JOIN tenants t ON t.id = m.tenant_id
         WHERE m.user_id = $1 AND m.removed_at IS NULL ORDER BY t.name, t.id",
    )
    .bind(user_id)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.iter().map(membership_of).collect())
}

/// The holder of a key, by the SHA-256 of its secret.
pub async fn key_holder(tx: &mut PlatformTx, secret_hash: &[u8]) -> Result<Option<KeyHolder>> {
    let row = sqlx::query(
        "SELECT k.tenant_id, k.id, k.scope, k.name, t.time_zone, t.currency
         FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
         WHERE k.secret_hash = $1 AND k.revoked_at IS NULL",
    )
    .bind(secret_hash)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| KeyHolder {
        scope: scope_of(&row),
        key_id: row.get("id"),
        key_scope: row.get("scope"),
        name: row.get("name"),
    }))
}

/// The member whose calendar a secret opens.
pub async fn calendar_of(tx: &mut PlatformTx, secret_hash: &[u8]) -> Result<Option<(TenantScope, Uuid)>> {
    let row = sqlx::query(
        "SELECT f.tenant_id, f.member_id, t.time_zone, t.currency FROM calendar_feeds f
         JOIN tenants t ON t.id = f.tenant_id
         JOIN members m ON m.tenant_id = f.tenant_id AND m.id = f.member_id AND m.removed_at IS NULL
         WHERE f.secret_hash = $1",
    )
    .bind(secret_hash)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (scope_of(&row), row.get("member_id"))))
}

/// An open invitation.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The right to join that tenant.
    pub scope: TenantScope,
    /// The invitation.
    pub id: Uuid,
    /// The tenant's name.
    pub tenant_name: String,
    /// Whom it was sent to.
    pub email: String,
    /// The role it gives.
    pub role: String,
}

/// The open invitation of a token.
pub async fn invitation(
    tx: &mut PlatformTx,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Invitation>> {
    let row = sqlx::query(
        "SELECT i.tenant_id, i.id, i.email, i.role, t.name AS tenant_name, t.time_zone, t.currency
         FROM invitations i JOIN tenants t ON t.id = i.tenant_id
         WHERE i.token_hash = $1 AND i.accepted_at IS NULL AND i.expires_at > $2",
    )
    .bind(token_hash)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Invitation {
        scope: scope_of(&row),
        id: row.get("id"),
        tenant_name: row.get("tenant_name"),
        email: row.get("email"),
        role: row.get("role"),
    }))
}

/// Marks an invitation as used; false when someone else was quicker.
pub async fn accept_invitation(
    tx: &mut PlatformTx,
    invitation: &Invitation,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE invitations SET accepted_at = $3 WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL",
    )
    .bind(invitation.scope.tenant_id())
    .bind(invitation.id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Tenants whose journal holds what nobody was told of.
pub async fn tenants_with_news(tx: &mut PlatformTx) -> Result<Vec<TenantScope>> {
    let rows = sqlx::query(
        "SELECT id AS tenant_id, time_zone, currency FROM tenants t
         WHERE EXISTS (SELECT FROM timeline WHERE tenant_id = t.id AND told_at IS NULL)",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.iter().map(scope_of).collect())
}

/// Tenants with deliveries, or messages on one of the channels, that are due and may go out.
pub async fn tenants_with_outgoing(
    tx: &mut PlatformTx,
    channels: &[&str],
    now: DateTime<Utc>,
) -> Result<Vec<TenantScope>> {
    let rows = sqlx::query(
        "SELECT id AS tenant_id, time_zone, currency FROM tenants t
         WHERE EXISTS (SELECT FROM webhook_deliveries WHERE tenant_id = t.id AND state = 'waiting' AND next_at <= $2
                       AND (locked_until IS NULL OR locked_until <= $2))
            OR EXISTS (SELECT FROM messages WHERE tenant_id = t.id AND state = 'queued' AND channel = ANY($1)
                       AND (cause <> 'template' OR t.customer_mail) AND next_at <= $2 AND (locked_until IS NULL OR locked_until <= $2))",
    )
    .bind(channels)
    .bind(now)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.iter().map(scope_of).collect())
}

/// Makes the partitions of raw events for a range of months.
pub async fn ensure_event_months(tx: &mut PlatformTx, first: NaiveDate, last: NaiveDate) -> Result<i32> {
    sqlx::query_scalar("SELECT ensure_event_months($1, $2)").bind(first).bind(last).fetch_one(tx.conn()).await
}

/// Drops the months of raw events that ended before a day. Roll-ups and message ids stay.
pub async fn drop_event_months(tx: &mut PlatformTx, before: NaiveDate) -> Result<i32> {
    sqlx::query_scalar("SELECT drop_event_months($1)").bind(before).fetch_one(tx.conn()).await
}

/// One tenant in figures: id, slug, name, members, accounts.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TenantRow {
    /// Short name in commands.
    pub slug: String,
    /// Display name.
    pub name: String,
}

/// Every tenant's names, for `holdfast tenant list`.
pub async fn tenant_rows(tx: &mut PlatformTx) -> Result<Vec<TenantRow>> {
    sqlx::query_as("SELECT slug, name FROM tenants ORDER BY slug").fetch_all(tx.conn()).await
}

/// Bytes that tables take on disk, with their indexes and what is stored beside their rows.
pub async fn bytes_of(tx: &mut PlatformTx, tables: &[&str]) -> Result<i64> {
    sqlx::query_scalar("SELECT sum(pg_total_relation_size(t::regclass))::bigint FROM unnest($1::text[]) AS t")
        .bind(tables)
        .fetch_one(tx.conn())
        .await
}
