//! KPIs of the methodology as a page shows them beside the figures they are worked out from.

use chrono::NaiveDate;

use crate::app::methodology::InForce;
use crate::domain::pack::schema::KpiScope;
use crate::web::ui::{Tone, format};

/// A KPI of the methodology.
#[derive(Clone, Debug)]
pub struct KpiRow {
    /// Its name.
    pub name: String,
    /// `3.2 hours`.
    pub value: String,
    /// `≤ 4`, or empty.
    pub target: String,
    /// `on target`, `off target`, or empty.
    pub state: String,
    /// Good or risk; none without a target.
    pub tone: Tone,
    /// Whether the methodology asks for it segment by segment.
    pub per_segment: bool,
}

/// The KPIs that can be worked out from some base measures alone.
pub fn kpis(
    in_force: &InForce,
    measure: impl Fn(&str) -> Option<f64>,
    segment: Option<&str>,
    day: NaiveDate,
) -> Vec<KpiRow> {
    let methodology = &in_force.methodology;
    let mut facts = methodology.blank_facts(day);
    for (at, name) in methodology.measures().iter().enumerate() {
        facts.measures[at] = measure(name);
    }
    let rows = methodology.kpis(&facts, segment).into_iter().filter_map(|kpi| {
        let value = kpi.value?;
        let shown = in_force.file.kpis.iter().find(|shown| *shown.id == *kpi.id)?;
        let own =
            segment.and_then(|id| shown.by_segment.iter().find(|(of, _)| **of == *id)).map(|(_, tail)| tail);
        let target = own.or(shown.target.as_ref()).map(|target| target.to_string());
        let target = target.unwrap_or_default().replace(">=", "\u{2265}").replace("<=", "\u{2264}");
        let unit = shown.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
        Some(KpiRow {
            name: shown.name.to_string(),
            value: format!("{}{unit}", format::decimal(value, 1)),
            target,
            state: kpi.met.map_or("", |met| if met { "on target" } else { "off target" }).to_owned(),
            per_segment: shown.scope == KpiScope::Segment,
            tone: kpi.met.map_or(Tone::None, |met| if met { Tone::Good } else { Tone::Risk }),
        })
    });
    rows.collect()
}
