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

/// Lets what happened to a thing happen again: entries whose words that make them one begin so keep what they say, but
/// another of the same words may be entered.
pub async fn forget_once(tx: &mut TenantTx, about: Uuid, beginning: &str) -> Result<()> {
    sqlx::query("UPDATE timeline SET once = NULL WHERE about = $1 AND starts_with(once, $2)")
        .bind(about)
        .bind(beginning)
        .execute(tx.conn())
        .await?;
    Ok(())
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

/// An entry as it is read.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// The account's external id; none for what happened to a member or to the tenant.
    pub external_id: Option<String>,
    /// The account's name.
    pub account: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When Holdfast was told.
    pub recorded_at: DateTime<Utc>,
    /// What: a word of [`Kind`].
    pub kind: String,
    /// The alert, task, renewal, ticket … it is about.
    pub about: Option<Uuid>,
    /// Who did it.
    pub actor: String,
    /// How grave.
    pub severity: Option<String>,
    /// One line; what was searched for stands between [`MARK`]s.
    pub title: String,
    /// More, marked likewise.
    pub body: String,
    /// For machines.
    pub data: Value,
    /// When it was taken back.
    pub removed_at: Option<DateTime<Utc>>,
}

/// What stands before and after a word that was searched for: two characters that no text has by convention.
pub const MARK: (char, char) = ('\u{e000}', '\u{e001}');

const SELECT: &str = "SELECT e.id, a.external_id, a.name AS account, e.at, e.recorded_at, e.kind, e.about, e.actor, e.severity,
    e.title, e.body, e.data, e.removed_at
  FROM timeline e LEFT JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id";

/// Which entries are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one account.
    pub account: Option<Uuid>,
    /// Of the accounts of one member.
    pub owner: Option<Uuid>,
    /// About one thing.
    pub about: Option<Uuid>,
    /// Of these kinds; all with none.
    pub kinds: Vec<&'static str>,
    /// Holding these words, as people type them into a search box.
    pub words: Option<String>,
}

/// Entries that were not taken back, the latest first, beginning before one; what is searched for is marked.
pub async fn page(
    tx: &mut TenantTx,
    filter: &Filter,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let sql = format!(
        "SELECT f.id, f.external_id, f.account, f.at, f.recorded_at, f.kind, f.about, f.actor, f.severity, f.data, f.removed_at,
           CASE WHEN $5::text IS NULL THEN f.title
             ELSE ts_headline('simple', f.title, websearch_to_tsquery('simple', $5), $9) END AS title,
           CASE WHEN $5::text IS NULL OR f.body = '' THEN f.body
             ELSE ts_headline('simple', f.body, websearch_to_tsquery('simple', $5), $9) END AS body
         FROM ({SELECT} WHERE e.removed_at IS NULL AND ($1::uuid IS NULL OR e.account_id = $1)
           AND ($2::uuid IS NULL OR a.owner_id = $2) AND ($3::uuid IS NULL OR e.about = $3)
           AND ($4::text[] = '{{}}' OR e.kind = ANY($4))
           AND ($5::text IS NULL OR e.words @@ websearch_to_tsquery('simple', $5))
           AND ($6::timestamptz IS NULL OR (e.at, e.id) < ($6, $7))
         ORDER BY e.at DESC, e.id DESC LIMIT $8) f ORDER BY f.at DESC, f.id DESC"
    );
    let options = format!("StartSel=\"{}\", StopSel=\"{}\", HighlightAll=true", MARK.0, MARK.1);
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(filter.account)
        .bind(filter.owner)
        .bind(filter.about)
        .bind(&filter.kinds)
        .bind(&filter.words)
        .bind(before.map(|(at, _)| at))
        .bind(before.map(|(_, id)| id))
        .bind(limit)
        .bind(options)
        .fetch_all(tx.conn())
        .await
}

/// One entry, taken back or not.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Listed>> {
    let sql = format!("{SELECT} WHERE e.id = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(tx.conn()).await
}

/// The entry of a `once` key.
pub async fn find_once(tx: &mut TenantTx, once: &str) -> Result<Option<Listed>> {
    let sql = format!("{SELECT} WHERE e.once = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(once).fetch_optional(tx.conn()).await
}

/// Takes an entry back, or brings it back with none; false when it was so already.
pub async fn set_removed(tx: &mut TenantTx, id: Uuid, at: Option<DateTime<Utc>>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE timeline SET removed_at = $2 WHERE id = $1 AND (removed_at IS NULL) = ($2::timestamptz IS NOT NULL)",
    )
    .bind(id)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}
