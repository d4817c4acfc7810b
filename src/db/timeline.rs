//! The journal: everything that happened. An entry is appended in the transaction of its cause and never changed;
//! what people entered by hand may be taken back.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, TenantTx};
use crate::domain::timeline::Kind;

/// Something that happened, to be entered.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The account it happened to; none when it happened to a member or to the tenant.
    pub account: Option<Uuid>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: Kind,
    /// The alert, task, renewal, ticket … it is about.
    pub about: Option<Uuid>,
    /// Who did it: a member's name, a key, or "Holdfast".
    pub actor: String,
    /// The member whom it concerns first; none leaves it to the account's owner.
    pub member: Option<Uuid>,
    /// How grave: `low`, `medium`, `high`, `critical`.
    pub severity: Option<&'static str>,
    /// One line, 1 to 500 characters.
    pub title: String,
    /// More, up to 20,000 characters.
    pub body: String,
    /// For machines: what it was before and is now, figures, attendees.
    pub data: Value,
    /// What makes it one: with the same word a second entry is left out.
    pub once: Option<String>,
}

impl Entry {
    /// An entry by Holdfast itself, with nothing but a title.
    pub fn new(kind: Kind, account: Option<Uuid>, at: DateTime<Utc>, title: impl Into<String>) -> Entry {
        Entry {
            account,
            at,
            kind,
            about: None,
            actor: "Holdfast".to_owned(),
            member: None,
            severity: None,
            title: title.into(),
            body: String::new(),
            data: Value::Object(serde_json::Map::new()),
            once: None,
        }
    }
}

/// Appends entries; returns the ids of those that were not there yet. Titles and bodies that are too long are cut.
pub async fn append(tx: &mut TenantTx, entries: &[Entry], now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let column = |of: fn(&Entry) -> String| entries.iter().map(of).collect::<Vec<String>>();
    sqlx::query_scalar(
        "INSERT INTO timeline (tenant_id, id, account_id, at, recorded_at, kind, about, actor, member_id, severity, title,
                               body, data, once)
         SELECT $1, e.id, e.account_id, e.at, $2, e.kind, e.about, e.actor, e.member_id, e.severity, left(e.title, 500),
                left(e.body, 20000), e.data, e.once
         FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::uuid[], $8::text[], $9::uuid[], $10::text[],
                     $11::text[], $12::text[], $13::jsonb[], $14::text[])
              AS e (id, account_id, at, kind, about, actor, member_id, severity, title, body, data, once)
         ON CONFLICT (tenant_id, once) DO NOTHING RETURNING id",
    )
    .bind(tx.tenant())
    .bind(now)
    .bind(entries.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.account).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.at).collect::<Vec<_>>())
    .bind(column(|e| e.kind.word().to_owned()))
    .bind(entries.iter().map(|e| e.about).collect::<Vec<_>>())
    .bind(column(|e| e.actor.clone()))
    .bind(entries.iter().map(|e| e.member).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.severity).collect::<Vec<_>>())
    .bind(column(|e| e.title.clone()))
    .bind(column(|e| e.body.clone()))
    .bind(entries.iter().map(|e| e.data.clone()).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.once.clone()).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await
}

/// Something that happened to a thing, as it was entered.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Entered {
    /// When.
    pub at: DateTime<Utc>,
    /// The kind's word.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// One line.
    pub title: String,
    /// More.
    pub body: String,
}

/// What happened to some things, such as a play and its tasks; the latest first.
pub async fn about(tx: &mut TenantTx, things: &[Uuid], limit: i64) -> Result<Vec<Entered>> {
    sqlx::query_as(
        "SELECT at, kind, actor, title, body FROM timeline WHERE about = ANY($1) AND removed_at IS NULL
         ORDER BY at DESC, id DESC LIMIT $2",
    )
    .bind(things)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}
