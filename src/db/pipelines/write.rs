//! Storing items and what becomes of them.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Moved;
use crate::db::{Result, TenantTx};

/// An item to be opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its id.
    pub id: Uuid,
    /// Its account.
    pub account: Uuid,
    /// What it is.
    pub subject: String,
    /// Id and name of its pipeline and of the step it enters.
    pub enters: Option<Entered>,
    /// What it is called.
    pub title: String,
    /// Why it is opened.
    pub why: String,
    /// Id and name of its offer.
    pub offer: Option<(String, String)>,
    /// What it is worth, in minor units of a currency.
    pub amount: Option<(i64, String)>,
    /// Who looks after it; none leaves it to the account's CSM.
    pub owner: Option<Uuid>,
    /// Who opens it.
    pub by: String,
    /// The rule and the alert that open it.
    pub rule: Option<(String, Uuid)>,
    /// What makes it one.
    pub once: Option<String>,
}

/// A step of a pipeline that an item comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The pipeline's id and name.
    pub pipeline: (String, String),
    /// The step's.
    pub step: (String, String),
}

/// Opens items; returns the ids of those that could be: no other was opened once by the same word, nor is another of
/// a rule open for the account and the offer. What is too long is cut.
pub async fn insert(
    tx: &mut TenantTx,
    items: &[Opened],
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<Vec<Uuid>> {
    let mut opened = Vec::new();
    for item in items {
        let id: Option<Uuid> = sqlx::query_scalar(
            "INSERT INTO pipeline_items (tenant_id, id, account_id, subject, pipeline, pipeline_name, step, step_name,
               title, why, offer, offer_name, amount_minor, currency, owner_id, owner_by_hand, state, opened_at,
               opened_on, opened_by, entered_on, rule, alert_id, once)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, left($9, 300), left($10, 4000), $11, $12, $13, $14,
               coalesce($15, holder_of($1, $3, NULL)), $15 IS NOT NULL, 'open', $16, $17, $18, $17, $19, $20, $21)
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(tx.tenant())
        .bind(item.id)
        .bind(item.account)
        .bind(&item.subject)
        .bind(item.enters.as_ref().map(|at| at.pipeline.0.clone()))
        .bind(item.enters.as_ref().map_or_else(String::new, |at| at.pipeline.1.clone()))
        .bind(item.enters.as_ref().map(|at| at.step.0.clone()))
        .bind(item.enters.as_ref().map_or_else(String::new, |at| at.step.1.clone()))
        .bind(&item.title)
        .bind(&item.why)
        .bind(item.offer.as_ref().map(|(id, _)| id.clone()))
        .bind(item.offer.as_ref().map_or_else(String::new, |(_, name)| name.clone()))
        .bind(item.amount.as_ref().map(|(minor, _)| *minor))
        .bind(item.amount.as_ref().map(|(_, currency)| currency.clone()))
        .bind(item.owner)
        .bind(now)
        .bind(today)
        .bind(&item.by)
        .bind(item.rule.as_ref().map(|(rule, _)| rule.clone()))
        .bind(item.rule.as_ref().map(|(_, alert)| *alert))
        .bind(&item.once)
        .fetch_optional(tx.conn())
        .await?;
        if let Some(id) = id {
            let to_step = item.enters.as_ref().map_or_else(String::new, |at| at.step.1.clone());
            let moved = Moved {
                what: "opened".to_owned(),
                from_step: String::new(),
                to_step,
                at: now,
                on_day: today,
                actor: item.by.clone(),
                forced: false,
                missing: Vec::new(),
                reason: String::new(),
            };
            log(tx, id, &moved).await?;
            opened.push(id);
        }
    }
    Ok(opened)
}

/// Opens what rules ask for, unless one of the same offer (without an offer, of the same rule) is open for the account,
/// whoever opened it. Returns for each the item there is now: it, or the one that was open.
pub async fn open_by_rules(
    tx: &mut TenantTx,
    items: &[Opened],
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<Vec<Option<Uuid>>> {
    let mut ids = Vec::with_capacity(items.len());
    for item in items {
        // Two rules with one offer wait for each other here, so that the second sees what the first has opened.
        sqlx::query("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE")
            .bind(item.account)
            .execute(tx.conn())
            .await?;
        let open: Option<Uuid> = sqlx::query_scalar(
            "SELECT id FROM pipeline_items WHERE account_id = $1 AND state = 'open'
               AND CASE WHEN $2::text IS NULL THEN offer IS NULL AND rule = $3 ELSE offer = $2 END
             ORDER BY opened_at, id LIMIT 1",
        )
        .bind(item.account)
        .bind(item.offer.as_ref().map(|(id, _)| id.clone()))
        .bind(item.rule.as_ref().map(|(rule, _)| rule.clone()))
        .fetch_optional(tx.conn())
        .await?;
        let there = match open {
            Some(open) => Some(open),
            None => insert(tx, std::slice::from_ref(item), now, today).await?.pop(),
        };
        ids.push(there);
    }
    Ok(ids)
}

/// Notes what became of an item.
pub async fn log(tx: &mut TenantTx, id: Uuid, moved: &Moved) -> Result<()> {
    sqlx::query(
        "INSERT INTO pipeline_moves (tenant_id, item_id, nth, what, from_step, to_step, at, on_day, actor, forced, missing,
           reason)
         SELECT $1, $2, coalesce(max(nth) + 1, 0), $3, $4, $5, $6, $7, $8, $9, $10, $11
         FROM pipeline_moves WHERE item_id = $2",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(&moved.what)
    .bind(&moved.from_step)
    .bind(&moved.to_step)
    .bind(moved.at)
    .bind(moved.on_day)
    .bind(&moved.actor)
    .bind(moved.forced)
    .bind(&moved.missing)
    .bind(&moved.reason)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Brings an item to a step.
pub async fn enter(tx: &mut TenantTx, id: Uuid, to: &Entered, today: NaiveDate) -> Result<()> {
    sqlx::query(
        "UPDATE pipeline_items SET pipeline = $2, pipeline_name = $3, step = $4, step_name = $5, entered_on = $6,
           revision = revision + 1
         WHERE id = $1",
    )
    .bind(id)
    .bind(&to.pipeline.0)
    .bind(&to.pipeline.1)
    .bind(&to.step.0)
    .bind(&to.step.1)
    .bind(today)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How an item is closed.
#[derive(Debug, Clone)]
pub struct Close<'a> {
    /// `won` or `lost`.
    pub state: &'static str,
    /// Why.
    pub reason: &'a str,
    /// By whom.
    pub by: &'a str,
}

/// Closes an item.
pub async fn close(
    tx: &mut TenantTx,
    id: Uuid,
    how: &Close<'_>,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<()> {
    sqlx::query(
        "UPDATE pipeline_items SET state = $2, close_reason = $3, closed_by = $4, closed_at = $5, closed_on = $6,
           revision = revision + 1
         WHERE id = $1",
    )
    .bind(id)
    .bind(how.state)
    .bind(how.reason)
    .bind(how.by)
    .bind(now)
    .bind(today)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Opens an item again where it was. Whoever looks after its account does so, where it was given to nobody by hand.
///
/// # Errors
/// The constraint `pipeline_items_of_rule`, when another of its rule or offer is open by now.
pub async fn reopen(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query(
        "UPDATE pipeline_items SET state = 'open', close_reason = '', closed_by = NULL, closed_at = NULL,
           closed_on = NULL, revision = revision + 1,
           owner_id = CASE WHEN owner_by_hand THEN owner_id ELSE holder_of(tenant_id, account_id, NULL) END
         WHERE id = $1",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What is written of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// What it is called.
    pub title: String,
    /// Its justification.
    pub why: String,
    /// What it is worth.
    pub amount: Option<(i64, String)>,
    /// Who looks after it by hand; none leaves it to the account's CSM.
    pub owner: Option<Uuid>,
}

/// Writes an item anew.
pub async fn rewrite(tx: &mut TenantTx, id: Uuid, to: &Rewritten) -> Result<()> {
    sqlx::query(
        "UPDATE pipeline_items SET title = $2, why = $3, amount_minor = $4, currency = $5,
           owner_id = coalesce($6, holder_of(tenant_id, account_id, NULL)), owner_by_hand = $6 IS NOT NULL,
           revision = revision + 1
         WHERE id = $1",
    )
    .bind(id)
    .bind(&to.title)
    .bind(&to.why)
    .bind(to.amount.as_ref().map(|(minor, _)| *minor))
    .bind(to.amount.as_ref().map(|(_, currency)| currency.clone()))
    .bind(to.owner)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ticks a check of an item's step, or takes that back; false when it was so already.
pub async fn tick(
    tx: &mut TenantTx,
    id: Uuid,
    (pipeline, step, text): (&str, &str, &str),
    on: bool,
    by: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let query = if on {
        sqlx::query(
            "INSERT INTO pipeline_ticks (tenant_id, item_id, pipeline, step, check_text, ticked_by, ticked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(tx.tenant())
        .bind(id)
        .bind(pipeline)
        .bind(step)
        .bind(text)
        .bind(by)
        .bind(now)
    } else {
        sqlx::query(
            "DELETE FROM pipeline_ticks WHERE item_id = $1 AND pipeline = $2 AND step = $3 AND check_text = $4",
        )
        .bind(id)
        .bind(pipeline)
        .bind(step)
        .bind(text)
    };
    Ok(query.execute(tx.conn()).await?.rows_affected() > 0)
}
