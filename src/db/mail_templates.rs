//! Mail templates a tenant wrote.

use chrono::{DateTime, Utc};

use super::{Result, TenantTx};

/// A template a tenant wrote.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MailTemplate {
    /// Its id; with that of a template of the methodology it takes its place.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// One line, with merge fields.
    pub subject: String,
    /// The text, with merge fields.
    pub body: String,
    /// When it was written.
    pub updated_at: DateTime<Utc>,
    /// Who wrote it.
    pub updated_by: String,
}

/// All of them, by name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<MailTemplate>> {
    sqlx::query_as(
        "SELECT id, name, subject, body, updated_at, updated_by FROM mail_templates ORDER BY lower(name), id",
    )
    .fetch_all(tx.conn())
    .await
}

/// Stores one.
pub async fn put(tx: &mut TenantTx, template: &MailTemplate) -> Result<()> {
    sqlx::query(
        "INSERT INTO mail_templates (tenant_id, id, name, subject, body, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, subject = excluded.subject,
           body = excluded.body, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
    )
    .bind(tx.tenant())
    .bind(&template.id)
    .bind(&template.name)
    .bind(&template.subject)
    .bind(&template.body)
    .bind(template.updated_at)
    .bind(&template.updated_by)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes one away; returns what it was.
pub async fn remove(tx: &mut TenantTx, id: &str) -> Result<Option<MailTemplate>> {
    sqlx::query_as(
        "DELETE FROM mail_templates WHERE id = $1 RETURNING id, name, subject, body, updated_at, updated_by",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await
}

/// What merge fields stand for, of one account: as far as it is known.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MergeFacts {
    /// The tenant's name.
    pub tenant: String,
    /// The account's name.
    pub account: String,
    /// Its first day.
    pub start_date: Option<chrono::NaiveDate>,
    /// Its next renewal.
    pub renewal_date: Option<chrono::NaiveDate>,
    /// Its segment, by id.
    pub segment: Option<String>,
    /// Its stage, by id.
    pub stage: Option<String>,
    /// Its score.
    pub score: Option<f64>,
    /// Its band, by id.
    pub band: Option<String>,
    /// ARR in the account's currency.
    pub arr_minor: Option<i64>,
    /// That currency.
    pub currency: Option<String>,
    /// The name of its CSM.
    pub csm_name: Option<String>,
    /// The address of its CSM.
    pub csm_email: Option<String>,
    /// The contact written to: a champion, else whoever has an address.
    pub contact_name: Option<String>,
    /// The contact's address.
    pub contact_email: Option<String>,
    /// The contact's title.
    pub contact_title: Option<String>,
}

/// What merge fields stand for, of one account.
pub async fn merge_facts(tx: &mut TenantTx, account: uuid::Uuid) -> Result<Option<MergeFacts>> {
    sqlx::query_as(
        "SELECT t.name AS tenant, a.name AS account, a.start_date, s.renewal_date, s.segment, s.stage, s.score, s.band,
                s.arr_minor, s.currency, u.name AS csm_name, u.email AS csm_email,
                c.name AS contact_name, nullif(c.email, '') AS contact_email, nullif(c.title, '') AS contact_title
         FROM accounts a JOIN tenants t ON t.id = a.tenant_id
         LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
         LEFT JOIN members m ON m.tenant_id = a.tenant_id AND m.id = a.owner_id
         LEFT JOIN users u ON u.id = m.user_id
         LEFT JOIN LATERAL (
           SELECT name, email, title FROM contacts c
           WHERE c.tenant_id = a.tenant_id AND c.account_id = a.id AND c.left_on IS NULL
           ORDER BY c.email = '', NOT c.champion, lower(c.name), c.id LIMIT 1) c ON true
         WHERE a.id = $1",
    )
    .bind(account)
    .fetch_optional(tx.conn())
    .await
}
