//! The metric catalogue and the daily series.
//!
//! What became known today stands in `metric_days`, a row a metric and day, where events add to it. Once a day is over
//! [`fold`] moves its rows into `metric_months`, where all series of an account take one row a month. Whoever reads
//! ([`read`]) sees both as one, in one statement, because a fold may move rows between two.

mod figures;
mod fold;
mod read;
mod stored;
mod write;

pub use figures::{Figure, Part, put_figures};
pub use fold::{Folded, fold, put_months};
pub use read::{Arrived, Day, MetricDay, all_series, arrived, first_day, series};
pub use stored::{Stored, stored};
pub use write::{Increment, Sample, SeenUser, add, add_users, put_rows, put_samples};

use super::{Result, TenantTx};

/// A named daily series and what feeds it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Metric {
    /// Identity inside the tenant.
    pub id: i32,
    /// Name in expressions, files and the API.
    pub name: String,
    /// Label on pages.
    pub label: String,
    /// Unit, may be empty.
    pub unit: String,
    /// counter, gauge or distinct.
    pub kind: String,
    /// The product event that feeds it; `*` for every event. Compared as [`crate::domain::metric::normalise`] does.
    pub event: Option<String>,
    /// The number property of that event that is added up, instead of counting events.
    pub property: Option<String>,
    /// The group trait whose value it takes.
    pub trait_name: Option<String>,
    /// After how many days without data it is stale, where the tenant has set it; the methodology says otherwise.
    pub fresh_days: Option<i32>,
}

/// The whole catalogue, by name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Metric>> {
    sqlx::query_as(
        "SELECT id, name, label, unit, kind, event, property, trait AS trait_name, fresh_days FROM metrics ORDER BY name",
    )
    .fetch_all(tx.conn())
    .await
}

/// One metric by name.
pub async fn find(tx: &mut TenantTx, name: &str) -> Result<Option<Metric>> {
    sqlx::query_as(
        "SELECT id, name, label, unit, kind, event, property, trait AS trait_name, fresh_days FROM metrics
         WHERE name = $1",
    )
    .bind(name)
    .fetch_optional(tx.conn())
    .await
}

/// Adds a metric, or changes what feeds the one of that name. `id` is ignored.
pub async fn put(tx: &mut TenantTx, metric: &Metric) -> Result<()> {
    sqlx::query(
        "INSERT INTO metrics (tenant_id, id, name, label, unit, kind, event, property, trait, fresh_days)
         SELECT $1, coalesce(max(id), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9 FROM metrics
         ON CONFLICT (tenant_id, name) DO UPDATE SET label = excluded.label, unit = excluded.unit,
           event = excluded.event, property = excluded.property, trait = excluded.trait,
           fresh_days = excluded.fresh_days",
    )
    .bind(tx.tenant())
    .bind(&metric.name)
    .bind(&metric.label)
    .bind(&metric.unit)
    .bind(&metric.kind)
    .bind(&metric.event)
    .bind(&metric.property)
    .bind(&metric.trait_name)
    .bind(metric.fresh_days)
    .execute(tx.conn())
    .await?;
    Ok(())
}
