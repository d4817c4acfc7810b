//! What a methodology asks of a tenant's catalogue: metrics for its series, fields for its attributes. Nothing that is
//! there is taken away or fed otherwise.

use super::LoadedPack;
use crate::app::{App, Result};
use crate::db::metrics::Metric;
use crate::db::{self, TenantTx};
use crate::domain::methodology::{EventName, Input, InputKind, InputType, Source};
use crate::domain::metric::MetricKind;

impl App {
    /// Adds the metrics and fields a methodology needs and the tenant does not have.
    pub(super) async fn add_to_catalogue(&self, tx: &mut TenantTx, loaded: &LoadedPack) -> Result<()> {
        for input in loaded.methodology.inputs() {
            match metric_of(input) {
                Some(metric) => {
                    if db::metrics::find(tx, &metric.name).await?.is_none() {
                        db::metrics::put(tx, &metric).await?;
                    }
                }
                None => {
                    if let Some((kind, choices)) = field_of(input) {
                        let now = self.clock.now();
                        db::custom_fields::put(tx, &input.name, &input.label, kind, &choices, now).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The field of accounts an attribute asks for, as its kind and choices; none for what every account has and for what
/// is only derived.
pub(super) fn field_of(input: &Input) -> Option<(&'static str, Vec<String>)> {
    if input.kind != InputKind::Attribute
        || input.derived
        || matches!(&*input.name, "seats" | "arr" | "term_months")
    {
        return None;
    }
    let kind = match input.ty {
        InputType::Number | InputType::Money | InputType::Percent => "number",
        InputType::Bool => "bool",
        InputType::Text => "text",
        InputType::Enum => "enum",
    };
    Some((kind, input.values.iter().map(ToString::to_string).collect()))
}

/// The metric an input asks for; none for attributes and for what is only derived.
pub(super) fn metric_of(input: &Input) -> Option<Metric> {
    if input.kind == InputKind::Attribute {
        return None;
    }
    let name = |name: &EventName| match name {
        EventName::Any => "*".to_owned(),
        EventName::Named(id) => id.to_string(),
    };
    let (event, property, trait_name) = match &input.source {
        Source::Event(event) | Source::Users(event) => (Some(name(event)), None, None),
        Source::Sum(event, property) => (Some(name(event)), Some(property.to_string()), None),
        Source::Trait(id) => (None, None, Some(id.to_string())),
        Source::Manual => (None, None, None),
    };
    let kind = match input.metric()? {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Distinct => "distinct",
    };
    Some(Metric {
        id: 0,
        name: input.name.to_string(),
        label: input.label.to_string(),
        unit: input.unit.as_deref().unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        event,
        property,
        trait_name,
        // The methodology in force says how fresh it should be, until the tenant sets another number of days.
        fresh_days: None,
    })
}
