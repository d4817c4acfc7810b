//! Sessions, and the throttle of sign-in attempts.

use chrono::{DateTime, Utc};
use sqlx::Row;
use uuid::Uuid;

use super::{Membership, User, membership_of};
use crate::db::{PlatformTx, Result};

/// A live session: who, and in which tenant they are at the moment.
#[derive(Debug, Clone)]
pub struct Session {
    /// The person.
    pub user: User,
    /// Where they are; none when they have lost their last membership.
    pub membership: Option<Membership>,
    /// When the session was last written to.
    pub seen_at: DateTime<Utc>,
    /// What the member was told and has not read, up to a hundred.
    pub unread: i64,
}

/// Opens a session, in the tenant given.
pub async fn open_session(
    tx: &mut PlatformTx,
    token_hash: &[u8],
    user_id: Uuid,
    tenant_id: Option<Uuid>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO sessions (token_hash, user_id, current_tenant_id, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5)",
    )
    .bind(token_hash)
    .bind(user_id)
    .bind(tenant_id)
    .bind(now)
    .bind(expires_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The session of a token, if it is still good at `now`.
pub async fn session(tx: &mut PlatformTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Session>> {
    let row = sqlx::query(
        "SELECT s.seen_at, u.id, u.email, u.name, u.password_hash, m.tenant_id, m.id AS member_id, m.role,
                t.name AS tenant_name, t.slug, t.time_zone, t.currency,
                (SELECT count(*) FROM (SELECT FROM notifications n WHERE n.tenant_id = m.tenant_id
                   AND n.member_id = m.id AND n.read_at IS NULL AND n.shown LIMIT 100) AS few) AS unread
         FROM sessions s JOIN users u ON u.id = s.user_id
         LEFT JOIN members m ON m.user_id = s.user_id AND m.tenant_id = s.current_tenant_id AND m.removed_at IS NULL
         LEFT JOIN tenants t ON t.id = m.tenant_id
         WHERE s.token_hash = $1 AND s.expires_at > $2",
    )
    .bind(token_hash)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Session {
        user: User {
            id: row.get("id"),
            email: row.get("email"),
            name: row.get("name"),
            password_hash: row.get("password_hash"),
        },
        membership: row.get::<Option<Uuid>, _>("tenant_id").map(|_| membership_of(&row)),
        seen_at: row.get("seen_at"),
        unread: row.get("unread"),
    }))
}

/// Notes that a session is in use and moves its end.
pub async fn touch_session(
    tx: &mut PlatformTx,
    token_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE token_hash = $1")
        .bind(token_hash)
        .bind(now)
        .bind(expires_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Moves a session to another tenant of the same person; false when they are no member there.
pub async fn switch_tenant(tx: &mut PlatformTx, token_hash: &[u8], slug: &str) -> Result<bool> {
    let moved = sqlx::query(
        "UPDATE sessions s SET current_tenant_id = t.id FROM tenants t
         WHERE s.token_hash = $1 AND t.slug = $2 AND EXISTS (
           SELECT FROM members m WHERE m.tenant_id = t.id AND m.user_id = s.user_id AND m.removed_at IS NULL)",
    )
    .bind(token_hash)
    .bind(slug)
    .execute(tx.conn())
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Ends a session.
pub async fn close_session(tx: &mut PlatformTx, token_hash: &[u8]) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE token_hash = $1").bind(token_hash).execute(tx.conn()).await?;
    Ok(())
}

/// Forgets sessions and sign-in attempts that no longer matter.
pub async fn sweep(tx: &mut PlatformTx, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now).execute(tx.conn()).await?;
    sqlx::query("DELETE FROM sign_in_attempts WHERE window_start < $1 - interval '1 day'")
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Failures of a throttle key in the window that began at `window_start`.
pub async fn failures(tx: &mut PlatformTx, key: &[u8], window_start: DateTime<Utc>) -> Result<i32> {
    let count: Option<i32> =
        sqlx::query_scalar("SELECT failures FROM sign_in_attempts WHERE key = $1 AND window_start = $2")
            .bind(key)
            .bind(window_start)
            .fetch_optional(tx.conn())
            .await?;
    Ok(count.unwrap_or(0))
}

/// Counts one more failure of a throttle key.
pub async fn count_failure(tx: &mut PlatformTx, key: &[u8], window_start: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO sign_in_attempts (key, window_start, failures) VALUES ($1, $2, 1)
         ON CONFLICT (key, window_start) DO UPDATE SET failures = sign_in_attempts.failures + 1",
    )
    .bind(key)
    .bind(window_start)
    .execute(tx.conn())
    .await?;
    Ok(())
}
