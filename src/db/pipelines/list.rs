//! Finding and counting items, for pages and the API.

use sqlx::postgres::Postgres;
use sqlx::query_builder::QueryBuilder;
use uuid::Uuid;

use super::{Item, SELECT};
use crate::db::{Result, TenantTx};

/// In which pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum In {
    /// The one of an id.
    Pipeline(String),
    /// In none: items without steps.
    None,
}

/// Which items; nothing set means all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one account.
    pub account: Option<Uuid>,
    /// Looked after by one member.
    pub owner: Option<Uuid>,
    /// In a pipeline, or in none.
    pub within: Option<In>,
    /// `open`, `won` or `lost`.
    pub state: Option<&'static str>,
    /// Open, or closed either way.
    pub open: Option<bool>,
}

impl Filter {
    fn write(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" WHERE true");
        if let Some(account) = self.account {
            query.push(" AND i.account_id = ").push_bind(account);
        }
        if let Some(owner) = self.owner {
            query.push(" AND i.owner_id = ").push_bind(owner);
        }
        match &self.within {
            Some(In::Pipeline(id)) => {
                query.push(" AND i.pipeline = ").push_bind(id.clone());
            }
            Some(In::None) => {
                query.push(" AND i.pipeline IS NULL");
            }
            None => {}
        }
        if let Some(state) = self.state {
            query.push(" AND i.state = ").push_bind(state);
        }
        if let Some(open) = self.open {
            query.push(if open { " AND i.state = 'open'" } else { " AND i.state <> 'open'" });
        }
    }
}

/// A part of the items: open ones first, the longest in their step before others; then closed ones, the latest first.
pub async fn list(tx: &mut TenantTx, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<Item>> {
    let mut query = QueryBuilder::new(SELECT);
    filter.write(&mut query);
    query.push(" ORDER BY i.state <> 'open', i.closed_at DESC NULLS FIRST, i.entered_on, i.id LIMIT ");
    query.push_bind(limit).push(" OFFSET ").push_bind(offset);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// The items of each step, the longest in it first, up to `most` a step.
pub async fn cards(tx: &mut TenantTx, filter: &Filter, most: i64) -> Result<Vec<Item>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(
        " JOIN (SELECT i.tenant_id, i.id, row_number() OVER (PARTITION BY i.pipeline, i.step
                ORDER BY i.entered_on, i.id) AS place FROM pipeline_items i",
    );
    filter.write(&mut query);
    query.push(") p ON p.tenant_id = i.tenant_id AND p.id = i.id WHERE p.place <= ").push_bind(most);
    query.push(" ORDER BY i.entered_on, i.id");
    query.build_query_as().fetch_all(tx.conn()).await
}

/// A part of the items in the order in which they were opened, after one: for the API.
pub async fn page(tx: &mut TenantTx, filter: &Filter, after: Option<Uuid>, limit: i64) -> Result<Vec<Item>> {
    let mut query = QueryBuilder::new(SELECT);
    filter.write(&mut query);
    if let Some(after) = after {
        query.push(" AND i.id > ").push_bind(after);
    }
    query.push(" ORDER BY i.id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// How many items.
pub async fn count(tx: &mut TenantTx, filter: &Filter) -> Result<i64> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM pipeline_items i");
    filter.write(&mut query);
    query.build_query_scalar().fetch_one(tx.conn()).await
}

/// Items of one step and currency, added up.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Heap {
    /// The pipeline's id; none for items without steps.
    pub pipeline: Option<String>,
    /// Its latest name.
    pub pipeline_name: String,
    /// The step's id.
    pub step: Option<String>,
    /// Its latest name.
    pub step_name: String,
    /// The currency of their amounts; none for those without one.
    pub currency: Option<String>,
    /// How many.
    pub items: i64,
    /// What they are worth together, minor units.
    pub amount_minor: i64,
}

/// Items by pipeline, step and currency.
pub async fn heaps(tx: &mut TenantTx, filter: &Filter) -> Result<Vec<Heap>> {
    let mut query = QueryBuilder::new(
        "SELECT i.pipeline, (array_agg(i.pipeline_name ORDER BY i.id DESC))[1] AS pipeline_name, i.step,
                (array_agg(i.step_name ORDER BY i.id DESC))[1] AS step_name, i.currency, count(*) AS items,
                least(coalesce(sum(i.amount_minor), 0), 9223372036854775807)::bigint AS amount_minor
         FROM pipeline_items i",
    );
    filter.write(&mut query);
    query.push(" GROUP BY i.pipeline, i.step, i.currency ORDER BY i.pipeline, i.step, i.currency");
    query.build_query_as().fetch_all(tx.conn()).await
}
