//! What is stated of accounts, by files, the API, events and people.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use uuid::Uuid;

use crate::db::{Result, TenantTx};

/// What a file or the API states of an account; `None` leaves what is stored as it is.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// Display name; a new account without one is called by its external id.
    pub name: Option<String>,
    /// CSM; `Some(None)` takes the CSM away.
    pub owner_id: Option<Option<Uuid>>,
    /// Start date.
    pub start_date: Option<Option<NaiveDate>>,
    /// All tags.
    pub tags: Option<Vec<String>>,
    /// Values of own fields, merged into those stored; null removes one.
    pub fields: Option<serde_json::Value>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created,
    /// It was, and differs now.
    Updated,
    /// It was just so.
    Unchanged,
}

const STATED: &str =
    "unnest($2::uuid[], $3::text[], $4::text[], $5::bool[], $6::uuid[], $7::bool[], $8::date[],
    $9::jsonb[], $10::jsonb[])
    AS s (id, external_id, name, states_owner, owner_id, states_start, start_date, tags, fields)";

/// Creates or updates accounts by their external ids; tells of each which, and its id, in their order.
/// No external id may come twice.
pub async fn put_many(
    tx: &mut TenantTx,
    stated: &[&Stated],
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Change)>> {
    let ids: Vec<Uuid> = stated.iter().map(|_| Uuid::now_v7()).collect();
    let insert = format!(
        "INSERT INTO accounts (tenant_id, id, external_id, name, owner_id, start_date, tags, fields, created_at,
                               updated_at)
         SELECT $1, s.id, s.external_id, coalesce(s.name, s.external_id), s.owner_id, s.start_date,
                ARRAY(SELECT jsonb_array_elements_text(s.tags)), jsonb_strip_nulls(coalesce(s.fields, '{{}}')), $11, $11
         FROM {STATED} ORDER BY s.external_id
         ON CONFLICT (tenant_id, external_id) DO NOTHING RETURNING external_id, id"
    );
    let created: HashMap<String, Uuid> =
        bind(tx, insert, stated, ids, now).fetch_all(tx.conn()).await?.into_iter().collect();
    let known: Vec<&Stated> =
        stated.iter().filter(|s| !created.contains_key(&s.external_id)).copied().collect();
    let updated = if known.is_empty() { HashMap::new() } else { update_many(tx, &known, now).await? };
    stated
        .iter()
        .map(|s| match (created.get(&s.external_id), updated.get(&s.external_id)) {
            (Some(id), _) => Ok((*id, Change::Created)),
            (None, Some(found)) => Ok(*found),
            (None, None) => Err(sqlx::Error::RowNotFound),
        })
        .collect()
}

/// Locks the rows in the order of their external ids, so that two files cannot wait for one another.
async fn update_many(
    tx: &mut TenantTx,
    stated: &[&Stated],
    now: DateTime<Utc>,
) -> Result<HashMap<String, (Uuid, Change)>> {
    let update = format!(
        "WITH meant AS (
           SELECT a.external_id, a.id, coalesce(s.name, a.name) AS name,
                  CASE WHEN s.states_owner THEN s.owner_id ELSE a.owner_id END AS owner_id,
                  CASE WHEN s.states_start THEN s.start_date ELSE a.start_date END AS start_date,
                  CASE WHEN s.tags IS NULL THEN a.tags ELSE ARRAY(SELECT jsonb_array_elements_text(s.tags)) END AS tags,
                  jsonb_strip_nulls(a.fields || coalesce(s.fields, '{{}}')) AS fields
           FROM {STATED} JOIN accounts a ON a.tenant_id = $1 AND a.external_id = s.external_id
           ORDER BY a.external_id FOR UPDATE OF a),
         changed AS (
           UPDATE accounts a SET name = m.name, owner_id = m.owner_id, start_date = m.start_date, tags = m.tags,
                  fields = m.fields, updated_at = $11
           FROM meant m WHERE a.tenant_id = $1 AND a.id = m.id
             AND (a.name, a.owner_id, a.start_date, a.tags, a.fields)
                 IS DISTINCT FROM (m.name, m.owner_id, m.start_date, m.tags, m.fields)
           RETURNING a.id)
         SELECT m.external_id, m.id, c.id IS NOT NULL FROM meant m LEFT JOIN changed c ON c.id = m.id"
    );
    let rows: Vec<(String, Uuid, bool)> =
        bind(tx, update, stated, vec![Uuid::nil(); stated.len()], now).fetch_all(tx.conn()).await?;
    let change = |changed| if changed { Change::Updated } else { Change::Unchanged };
    Ok(rows.into_iter().map(|(key, id, changed)| (key, (id, change(changed)))).collect())
}

/// The parameters of [`STATED`], the tenant before and the time after them.
fn bind<'q, T>(
    tx: &TenantTx,
    sql: String,
    stated: &[&Stated],
    ids: Vec<Uuid>,
    now: DateTime<Utc>,
) -> sqlx::query::QueryAs<'q, Postgres, T, PgArguments>
where
    T: for<'r> sqlx::FromRow<'r, PgRow>,
{
    let tags = |s: &Stated| s.tags.as_ref().map(|tags| serde_json::json!(tags));
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(ids)
        .bind(stated.iter().map(|s| s.external_id.clone()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.name.clone()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.owner_id.is_some()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.owner_id.flatten()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.start_date.is_some()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.start_date.flatten()).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| tags(s)).collect::<Vec<_>>())
        .bind(stated.iter().map(|s| s.fields.clone()).collect::<Vec<_>>())
        .bind(now)
}

/// What became of rows, from what an upsert returned: the key of each row it touched and whether it was new.
pub(in crate::db) fn changes<'k>(
    touched: &[(String, bool)],
    keys: impl Iterator<Item = &'k str>,
) -> Vec<Change> {
    let touched: HashMap<&str, bool> = touched.iter().map(|(key, new)| (key.as_str(), *new)).collect();
    keys.map(|key| match touched.get(key) {
        Some(true) => Change::Created,
        Some(false) => Change::Updated,
        None => Change::Unchanged,
    })
    .collect()
}

/// Sets or clears a segment by hand.
pub async fn pin_segment(
    tx: &mut TenantTx,
    id: Uuid,
    segment: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("UPDATE accounts SET pinned_segment = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(segment)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Assigns a CSM.
pub async fn set_owner(tx: &mut TenantTx, id: Uuid, owner: Option<Uuid>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE accounts SET owner_id = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(owner)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Merges the traits of a `group` call into the own fields, unless a later call already spoke.
pub async fn merge_traits(
    tx: &mut TenantTx,
    id: Uuid,
    fields: &serde_json::Value,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "UPDATE accounts SET fields = jsonb_strip_nulls(fields || $2), traits_at = $3, updated_at = $4
         WHERE id = $1 AND (traits_at IS NULL OR traits_at <= $3)",
    )
    .bind(id)
    .bind(fields)
    .bind(at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
