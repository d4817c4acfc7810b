//! KPIs: a formula over base measures of a period and scope, and the target it should meet.

use super::Id;
use super::expr::{Expr, Scope, Target};

/// A compiled KPI.
#[derive(Debug, Clone)]
pub struct Kpi {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// How it is computed.
    pub formula: Expr,
    /// What it should meet.
    pub target: Option<Target>,
    /// What it should meet in a segment, by the segment's position; goes before `target`.
    pub by_segment: Vec<(usize, Target)>,
}

/// A KPI worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiValue {
    /// The KPI's id.
    pub id: Id,
    /// The figure; none without enough data.
    pub value: Option<f64>,
    /// Whether it meets its target, which a missing figure does not; none without a target.
    pub met: Option<bool>,
}

/// Works out a KPI, for a segment if given.
pub(super) fn work_out<'a>(kpi: &'a Kpi, segment: Option<usize>, scope: &Scope<'a>) -> KpiValue {
    let value = kpi.formula.number(scope);
    let own = segment.and_then(|s| kpi.by_segment.iter().find(|(of, _)| *of == s)).map(|(_, target)| target);
    let met = own.or(kpi.target.as_ref()).and_then(|target| target.met(value, scope));
    KpiValue { id: kpi.id.clone(), value, met }
}
