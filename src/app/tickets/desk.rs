//! What is needed to work on tickets: service levels, and who works at which level.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::app::methodology::InForce;
use crate::db::metrics::Metric;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::metric::normalise;

/// Roles of methodologies that a member's role stands for, beside those of the same name.
const STANDS_FOR: [(&str, &[&str]); 2] = [
    ("manager", &["csm_manager", "cs_manager", "cs_leader"]),
    ("executive", &["executive_team", "executive_sponsor"]),
];

/// The role of whoever looks after the account.
const CSM: &str = "csm";

/// Service levels and people of a tenant.
#[derive(Clone)]
pub(in crate::app) struct Desk {
    pub(super) scope: TenantScope,
    pub(super) in_force: Option<Arc<InForce>>,
    /// The only member of each role.
    only: Arc<HashMap<String, Uuid>>,
    /// Counters fed by events, each with the normalised name of its event.
    pub(super) counters: Arc<Vec<(Metric, String)>>,
}

impl Desk {
    pub(in crate::app) async fn load(
        tx: &mut TenantTx,
        scope: &TenantScope,
        in_force: Option<Arc<InForce>>,
    ) -> db::Result<Desk> {
        let mut of_role: HashMap<String, Vec<Uuid>> = HashMap::new();
        for member in db::members::list(tx).await? {
            of_role.entry(member.role.clone()).or_default().push(member.id);
        }
        let only = of_role.into_iter().filter_map(|(role, members)| match members[..] {
            [one] => Some((role, one)),
            _ => None,
        });
        let counters = db::metrics::list(tx).await?.into_iter().filter_map(|metric| {
            let event = metric.event.as_deref().filter(|event| *event != "*" && metric.kind == "counter")?;
            let name = normalise(event);
            Some((metric, name))
        });
        Ok(Desk {
            scope: scope.clone(),
            in_force,
            only: Arc::new(only.collect()),
            counters: Arc::new(counters.collect()),
        })
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

    /// Who holds a role, as far as that is certain: the only member whose role stands for it. The role of the CSM is
    /// held by whoever looks after the account at the time, so nobody is named for it.
    pub(super) fn holder(&self, role: &str) -> Option<Uuid> {
        if role == CSM {
            return None;
        }
        let stands =
            STANDS_FOR.iter().find(|(_, names)| names.contains(&role)).map_or(role, |(word, _)| word);
        self.only.get(stands).copied()
    }
}
