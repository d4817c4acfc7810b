//! Raw events, their ids, and the users of the customer's product.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// Claims message ids for this transaction and returns those nobody claimed before. They must come sorted and
/// without repeats: two overlapping batches in different orders would deadlock.
pub async fn claim_ids(tx: &mut TenantTx, ids: &[Uuid], seen_on: NaiveDate) -> Result<HashSet<Uuid>> {
    let fresh: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO event_ids (tenant_id, id, seen_on) SELECT $1, x, $3 FROM unnest($2::uuid[]) AS x
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(tx.tenant())
    .bind(ids)
    .bind(seen_on)
    .fetch_all(tx.conn())
    .await?;
    Ok(fresh.into_iter().collect())
}

/// An event that belongs to an account.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// The claimed id.
    pub id: Uuid,
    /// When it happened, skew taken out.
    pub occurred_at: DateTime<Utc>,
    /// The tenant's day of that.
    pub day: NaiveDate,
    /// Whose it is.
    pub account_id: Uuid,
    /// track, page, screen, identify, group or alias.
    pub kind: &'static str,
    /// The event's name; of a page or screen its name.
    pub name: &'a str,
    /// Who did it.
    pub user_id: Option<&'a str>,
    /// The sender's id of the message.
    pub message_id: &'a str,
    /// The key that brought it.
    pub key_id: Uuid,
    /// Its properties as sent.
    pub properties: Option<&'a str>,
}

/// Stores events in one statement.
pub async fn insert(tx: &mut TenantTx, events: &[NewEvent<'_>], received_at: DateTime<Utc>) -> Result<()> {
    macro_rules! column {
        ($ty:ty, $field:ident) => {
            events.iter().map(|e| e.$field).collect::<Vec<$ty>>()
        };
    }
    sqlx::query(
        "INSERT INTO events (tenant_id, id, received_at, occurred_at, day, account_id, kind, name, user_id, message_id,
                             key_id, properties)
         SELECT $1, i, $2, o, d, a, k, n, u, m, y, p::jsonb
         FROM unnest($3::uuid[], $4::timestamptz[], $5::date[], $6::uuid[], $7::text[], $8::text[], $9::text[],
                     $10::text[], $11::uuid[], $12::text[]) AS x (i, o, d, a, k, n, u, m, y, p)",
    )
    .bind(tx.tenant())
    .bind(received_at)
    .bind(column!(Uuid, id))
    .bind(column!(DateTime<Utc>, occurred_at))
    .bind(column!(NaiveDate, day))
    .bind(column!(Uuid, account_id))
    .bind(column!(&str, kind))
    .bind(column!(&str, name))
    .bind(column!(Option<&str>, user_id))
    .bind(column!(&str, message_id))
    .bind(column!(Uuid, key_id))
    .bind(column!(Option<&str>, properties))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A stored event, for the account's pages.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredEvent {
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// track, page, screen …
    pub kind: String,
    /// The event's name.
    pub name: String,
    /// Who did it.
    pub user_id: Option<String>,
}

/// The latest events of an account.
pub async fn latest(tx: &mut TenantTx, account_id: Uuid, limit: i64) -> Result<Vec<StoredEvent>> {
    sqlx::query_as(
        "SELECT occurred_at, kind, name, user_id FROM events WHERE account_id = $1
         ORDER BY day DESC, occurred_at DESC LIMIT $2",
    )
    .bind(account_id)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// What happened how often, and by how many people, since a day.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct NameCount {
    /// The event's name.
    pub name: String,
    /// How often.
    pub count: i64,
    /// By how many users.
    pub users: i64,
    /// When last.
    pub last_at: DateTime<Utc>,
}

/// The most frequent events of an account since a day.
pub async fn top_names(
    tx: &mut TenantTx,
    account_id: Uuid,
    since: NaiveDate,
    limit: i64,
) -> Result<Vec<NameCount>> {
    sqlx::query_as(
        "SELECT name, count(*) AS count, count(DISTINCT user_id) AS users,
                max(occurred_at) AS last_at FROM events
         WHERE account_id = $1 AND day >= $2 GROUP BY name ORDER BY count DESC, name LIMIT $3",
    )
    .bind(account_id)
    .bind(since)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// When each of these users of the product was last heard of; unknown ones are missing.
pub async fn users_seen(tx: &mut TenantTx, user_ids: &[&str]) -> Result<HashMap<String, DateTime<Utc>>> {
    let rows: Vec<(String, DateTime<Utc>)> =
        sqlx::query_as("SELECT user_id, seen_at FROM end_users WHERE user_id = ANY($1)")
            .bind(user_ids)
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().collect())
}

/// The group each user last joined.
pub async fn groups_of(tx: &mut TenantTx, user_ids: &[&str]) -> Result<HashMap<String, String>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT user_id, group_id FROM end_users WHERE user_id = ANY($1) AND group_id IS NOT NULL",
    )
    .bind(user_ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().collect())
}

/// What a batch tells of a user.
#[derive(Debug, Clone, Default)]
pub struct UserUpdate {
    /// The sender's id of the user.
    pub user_id: String,
    /// The group joined last …
    pub group_id: Option<String>,
    /// … and when.
    pub grouped_at: Option<DateTime<Utc>>,
    /// Traits of the latest `identify`, as sent …
    pub traits: Option<String>,
    /// … and when.
    pub traits_at: Option<DateTime<Utc>>,
}

/// Stores what was told of users; an older word never replaces a newer one. They must come sorted by user.
pub async fn put_users(tx: &mut TenantTx, users: &[UserUpdate], now: DateTime<Utc>) -> Result<()> {
    let ids: Vec<&str> = users.iter().map(|u| u.user_id.as_str()).collect();
    let groups: Vec<Option<&str>> = users.iter().map(|u| u.group_id.as_deref()).collect();
    let grouped: Vec<Option<DateTime<Utc>>> = users.iter().map(|u| u.grouped_at).collect();
    let traits: Vec<Option<&str>> = users.iter().map(|u| u.traits.as_deref()).collect();
    let traits_at: Vec<Option<DateTime<Utc>>> = users.iter().map(|u| u.traits_at).collect();
    sqlx::query(
        "INSERT INTO end_users AS e (tenant_id, user_id, group_id, grouped_at, traits, traits_at, seen_at)
         SELECT $1, u, g, ga, t::jsonb, ta, $7
         FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[]) AS x (u, g, ga, t, ta)
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET
           group_id = CASE WHEN excluded.grouped_at >= coalesce(e.grouped_at, excluded.grouped_at)
                      THEN excluded.group_id ELSE e.group_id END,
           grouped_at = greatest(e.grouped_at, excluded.grouped_at),
           traits = CASE WHEN excluded.traits_at >= coalesce(e.traits_at, excluded.traits_at)
                    THEN coalesce(e.traits, '{}') || excluded.traits ELSE e.traits END,
           traits_at = greatest(e.traits_at, excluded.traits_at),
           seen_at = greatest(e.seen_at, excluded.seen_at)",
    )
    .bind(tx.tenant())
    .bind(&ids)
    .bind(&groups)
    .bind(&grouped)
    .bind(&traits)
    .bind(&traits_at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes when the product last reported anything of accounts.
pub async fn touch_accounts(tx: &mut TenantTx, ids: &[Uuid], at: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "WITH locked AS (SELECT id FROM accounts WHERE id = ANY($1)
           AND (last_event_at IS NULL OR last_event_at < $2) ORDER BY id FOR NO KEY UPDATE)
         UPDATE accounts a SET last_event_at = $2 FROM locked WHERE a.id = locked.id",
    )
    .bind(ids)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}
