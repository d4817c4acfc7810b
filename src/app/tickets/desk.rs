//! What is needed to work on tickets: service levels, and the metrics that count them.

use std::sync::Arc;

use crate::app::methodology::InForce;
use crate::db::metrics::Metric;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::metric::normalise;

/// Service levels of a tenant, and what counts tickets.
#[derive(Clone)]
pub(in crate::app) struct Desk {
    pub(super) scope: TenantScope,
    pub(super) in_force: Option<Arc<InForce>>,
    /// Counters fed by events, each with the normalised name of its event.
    pub(super) counters: Arc<Vec<(Metric, String)>>,
}

impl Desk {
    pub(in crate::app) async fn load(
        tx: &mut TenantTx,
        scope: &TenantScope,
        in_force: Option<Arc<InForce>>,
    ) -> db::Result<Desk> {
        let counters = db::metrics::list(tx).await?.into_iter().filter_map(|metric| {
            let event = metric.event.as_deref().filter(|event| *event != "*" && metric.kind == "counter")?;
            let name = normalise(event);
            Some((metric, name))
        });
        Ok(Desk { scope: scope.clone(), in_force, counters: Arc::new(counters.collect()) })
    }

    /// Numbers of the levels, lowest first; empty where the methodology has none.
    pub(super) fn levels(&self) -> Vec<i32> {
        let levels = self.in_force.iter().flat_map(|m| &m.methodology.sla.levels);
        let mut numbers: Vec<i32> = levels.filter_map(|level| i32::try_from(level.id).ok()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The level at which tickets begin.
    pub(super) fn first_level(&self) -> i32 {
        self.levels().first().copied().unwrap_or(1)
    }

    /// The role that works at a level; empty where the methodology has no such level.
    pub(super) fn role(&self, level: i32) -> String {
        let mut levels = self.in_force.iter().flat_map(|m| &m.methodology.sla.levels);
        let level = levels.find(|one| one.id == i64::from(level));
        level.map_or_else(String::new, |level| level.role.to_string())
    }
}
