//! The metric catalogue, and the folding of days that are over.

use serde_json::json;
use uuid::Uuid;

use super::work::Work;
use super::{Actor, App, Error, Result};
use crate::db::metrics::Metric;
use crate::db::{self, TenantScope};

/// Daily rows folded in one transaction: what a few hundred accounts leave behind in a day.
const FOLDED_AT_ONCE: i64 = 10_000;

impl App {
    /// Folds what became known before today into months; returns how many daily rows. It may be done at any time and
    /// as often as one likes, beside everything else, and be broken off anywhere.
    ///
    /// # Errors
    /// When the database fails, or somebody stops the work; chunks done before stay done.
    pub async fn fold(&self, scope: &TenantScope, work: &Work<'_>) -> Result<usize> {
        let today = self.clock.today(scope.time_zone());
        let (mut from, mut done) = (Uuid::nil(), 0);
        loop {
            let mut tx = self.db.write(scope).await?;
            let Some(folded) = db::metrics::fold(&mut tx, from, today, FOLDED_AT_ONCE).await? else {
                return Ok(done);
            };
            tx.commit().await?;
            (from, done) = (folded.last, done + folded.rows);
            work.progress(done, 0).await?;
        }
    }

    /// Adds a metric, or changes what feeds one from now on. What was counted stays as it was counted; every account
    /// is scored anew when its freshness changes.
    ///
    /// # Errors
    /// [`Error::Invalid`] when kind and source do not go together.
    pub async fn put_metric(&self, scope: &TenantScope, metric: &Metric, actor: &Actor) -> Result<()> {
        let fed = metric.event.is_some() || metric.trait_name.is_some();
        match metric.kind.as_str() {
            "counter" | "distinct" if metric.event.is_none() => {
                return Err(Error::invalid(
                    "event",
                    "a counter needs the event that it counts, or * for every event",
                ));
            }
            "distinct" if metric.property.is_some() => {
                return Err(Error::invalid(
                    "property",
                    "distinct users are counted by user id, not by a property",
                ));
            }
            "gauge" if metric.event.is_some() && metric.property.is_none() => {
                return Err(Error::invalid(
                    "property",
                    "a gauge fed by an event needs the property that holds its value",
                ));
            }
            "gauge" if metric.event.is_some() && metric.trait_name.is_some() => {
                return Err(Error::invalid("trait", "choose either an event's property or a group trait"));
            }
            "counter" | "distinct" | "gauge" => {}
            other => {
                return Err(Error::invalid("kind", format!("{other:?} is not counter, gauge or distinct")));
            }
        }
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let known = db::metrics::find(&mut tx, &metric.name).await?;
        if let Some(known) = known.as_ref().filter(|known| known.kind != metric.kind) {
            return Err(Error::Conflict(format!(
                "{} is a {} already and its history would mean something else: choose another name.",
                metric.name, known.kind
            )));
        }
        db::metrics::put(&mut tx, metric).await?;
        // How old data may be decides whether a score looks healthy.
        if known.is_some_and(|known| known.fresh_days != metric.fresh_days) {
            db::jobs::enqueue(&mut tx, "score_all", &json!({}), None, now).await?;
        }
        let detail = json!({ "kind": metric.kind, "event": metric.event, "trait": metric.trait_name, "fed": fed,
                             "fresh_days": metric.fresh_days });
        db::audit::record(&mut tx, now, &actor.0, "metric.changed", &metric.name, detail).await?;
        Ok(tx.commit().await?)
    }
}
