//! Items of pipelines: opportunities, requests and the like, their way through the steps, and their ticked checks.
//!
//! [`mod@write`] stores them, [`list`] finds and counts them.

mod list;
mod write;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

pub use list::{Filter, Heap, In, cards, count, heaps, list, page};
pub use write::{
    Close, Entered, Opened, Rewritten, close, enter, insert, log, open_by_rules, reopen, rewrite, tick,
};

use super::{Result, TenantTx};

/// An item with its account.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Item {
    /// Identity.
    pub id: Uuid,
    /// Its account.
    pub account_id: Uuid,
    /// The account in links.
    pub external_id: String,
    /// The account's name.
    pub account: String,
    /// What it is: `opportunity`, `feature_request` …
    pub subject: String,
    /// The pipeline's id; none of one without steps.
    pub pipeline: Option<String>,
    /// The pipeline's name when it came there.
    pub pipeline_name: String,
    /// The step's id.
    pub step: Option<String>,
    /// The step's name when it came there.
    pub step_name: String,
    /// What it is called.
    pub title: String,
    /// Its justification, or what made the rule true that opened it.
    pub why: String,
    /// The offer's id.
    pub offer: Option<String>,
    /// The offer's name at the time.
    pub offer_name: String,
    /// What it is worth, minor units.
    pub amount_minor: Option<i64>,
    /// In which currency.
    pub currency: Option<String>,
    /// Who looks after it.
    pub owner_id: Option<Uuid>,
    /// Their name.
    pub owner_name: Option<String>,
    /// Their address.
    pub owner_email: Option<String>,
    /// Whether it was given to them by hand, rather than to the account's CSM.
    pub owner_by_hand: bool,
    /// `open`, `won` or `lost`.
    pub state: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// The tenant's day.
    pub opened_on: NaiveDate,
    /// By whom.
    pub opened_by: String,
    /// Since which day it is in its step.
    pub entered_on: NaiveDate,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// The tenant's day.
    pub closed_on: Option<NaiveDate>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why; may be empty.
    pub close_reason: String,
    /// The rule that opened it.
    pub rule: Option<String>,
    /// Its alert.
    pub alert_id: Option<Uuid>,
    /// Counts changes.
    pub revision: i32,
    /// The texts of checks of its step that are ticked.
    pub ticked: Vec<String>,
}

const SELECT: &str = "SELECT i.id, i.account_id, a.external_id, a.name AS account, i.subject, i.pipeline, i.pipeline_name,
    i.step, i.step_name, i.title, i.why, i.offer, i.offer_name, i.amount_minor, i.currency, i.owner_id,
    u.name AS owner_name, u.email AS owner_email, i.owner_by_hand, i.state, i.opened_at, i.opened_on, i.opened_by,
    i.entered_on, i.closed_at, i.closed_on, i.closed_by, i.close_reason, i.rule, i.alert_id, i.revision,
    ARRAY(SELECT t.check_text FROM pipeline_ticks t WHERE t.tenant_id = i.tenant_id AND t.item_id = i.id
          AND t.pipeline = i.pipeline AND t.step = i.step) AS ticked
  FROM pipeline_items i JOIN accounts a ON a.tenant_id = i.tenant_id AND a.id = i.account_id
  LEFT JOIN members m ON m.tenant_id = i.tenant_id AND m.id = i.owner_id LEFT JOIN users u ON u.id = m.user_id";

/// One item.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Item>> {
    let sql = format!("{SELECT} WHERE i.id = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(tx.conn()).await
}

/// As [`find`], so that nobody else changes it before the transaction ends.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<Item>> {
    sqlx::query("SELECT FROM pipeline_items WHERE id = $1 FOR UPDATE").bind(id).execute(tx.conn()).await?;
    find(tx, id).await
}

/// The item that was opened once by that word.
pub async fn find_once(tx: &mut TenantTx, once: &str) -> Result<Option<Item>> {
    let sql = format!("{SELECT} WHERE i.once = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(once).fetch_optional(tx.conn()).await
}

/// Items that an alert opened.
pub async fn of_alert(tx: &mut TenantTx, alert: Uuid) -> Result<Vec<Item>> {
    let sql = format!("{SELECT} WHERE i.alert_id = $1 ORDER BY i.id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(alert).fetch_all(tx.conn()).await
}

/// A check that is ticked.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tick {
    /// The pipeline's id.
    pub pipeline: String,
    /// The step's id.
    pub step: String,
    /// Its text.
    pub check_text: String,
    /// By whom.
    pub ticked_by: String,
    /// When.
    pub ticked_at: DateTime<Utc>,
}

/// The ticked checks of an item.
pub async fn ticks(tx: &mut TenantTx, id: Uuid) -> Result<Vec<Tick>> {
    sqlx::query_as(
        "SELECT pipeline, step, check_text, ticked_by, ticked_at FROM pipeline_ticks WHERE item_id = $1
         ORDER BY ticked_at, check_text",
    )
    .bind(id)
    .fetch_all(tx.conn())
    .await
}

/// Something that became of an item.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Moved {
    /// A word of [`Move`](crate::domain::pipeline::Move).
    pub what: String,
    /// The name of the step it left; may be empty.
    pub from_step: String,
    /// The name of the step it came to; may be empty.
    pub to_step: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The tenant's day.
    pub on_day: NaiveDate,
    /// Who did it.
    pub actor: String,
    /// Whether it was against unticked checks.
    pub forced: bool,
    /// Those.
    pub missing: Vec<String>,
    /// Why; may be empty.
    pub reason: String,
}

/// What became of an item, the latest first.
pub async fn moves(tx: &mut TenantTx, id: Uuid) -> Result<Vec<Moved>> {
    sqlx::query_as(
        "SELECT what, from_step, to_step, at, on_day, actor, forced, missing, reason FROM pipeline_moves
         WHERE item_id = $1 ORDER BY nth DESC",
    )
    .bind(id)
    .fetch_all(tx.conn())
    .await
}
