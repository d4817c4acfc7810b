//! Names: built-ins, measures, inputs, and what is derived from what.

use std::collections::HashMap;

use super::super::super::Id;
use super::super::super::calendar::Period;
use super::super::super::expr::{Builtin, Level, MAX_CHAIN, Name, Names, Ty};
use super::super::super::facts::{InputId, MeasureId};
use super::super::super::methodology::{EventName, Input, InputKind, InputType, Source};
use super::super::super::metric::normalise;
use super::super::schema;
use super::super::types::Text;
use super::{Check, id};

/// Base measures every tenant has, over a period and a scope.
const MEASURES: &str = "opening_arr renewable_arr renewed_arr expansion_arr upsell_arr cross_sell_arr contraction_arr \
    churned_arr new_arr closing_arr opening_accounts renewable_accounts renewed_accounts churned_accounts \
    new_accounts closing_accounts account_count nps_promoters nps_detractors nps_responses nps_rating_sum \
    csat_satisfied csat_responses csat_rating_sum ces_rating_sum ces_responses tickets escalations tickets_resolved \
    first_response_hours_sum tickets_responded resolution_hours_sum meetings_attended meetings_scheduled \
    active_users licensed_users features_used features_available health_sum health_accounts days_to_value_sum \
    accounts_with_value avg_tenure_years csm_count advocates_active reference_accounts case_studies \
    trainings_completed trainings_enrolled";

/// Days after which a gauge is stale if the pack does not say.
const FRESH: u32 = 30;
/// The same for gauges that the product's own events feed.
const FRESH_USAGE: u32 = 7;

/// Something derived, in the order it can be worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Derived {
    Input(usize),
    ValueModel(usize),
}

impl<'f> Check<'f, '_, '_> {
    /// Declares every name but the derived ones.
    pub(super) fn inputs(&mut self) {
        self.builtins();
        let file = self.file;
        let standard = MEASURES.split_whitespace().map(|name| (name, None));
        let own = file.measures.iter().map(|(name, _)| (&**name, Some(name.at)));
        for (name, at) in standard.chain(own) {
            match (self.names.get(name), at) {
                // A pack may describe a standard measure again.
                (Some(Name::Measure(_)), _) => continue,
                (Some(_), Some(at)) => self.error(at, format!("`{name}` means something else already")),
                _ => {}
            }
            self.names.add(name, Name::Measure(MeasureId(self.out.measures.len() as u16)));
            self.out.measures.push(name.into());
        }
        for (i, (name, input)) in file.inputs.iter().enumerate() {
            self.input(InputId(i as u16), name, input);
        }
        self.look_back = vec![0; self.out.inputs.len()];
        self.out.from = vec![None; self.out.inputs.len()];
        self.out.seats = self.out.input("seats").filter(|i| i.kind == InputKind::Attribute).map(|i| i.id);
        self.scores();
    }

    fn builtins(&mut self) {
        let file = self.file;
        let values = |ids: Vec<Id>| Ty::Text((!ids.is_empty()).then(|| ids.into()));
        let stages =
            file.lifecycle.iter().flat_map(|l| l.stages.iter().filter(|s| !s.overlay).map(|s| id(&s.id)));
        let bands = file.health.iter().flat_map(|h| h.bands.iter().map(|b| id(&b.id)));
        let (stages, bands) = (values(stages.collect()), values(bands.collect()));
        let segments = values(file.segments.iter().map(|s| id(&s.id)).collect());
        for (name, builtin, ty, level) in [
            ("arr", Builtin::Arr, Ty::Number, Level::Facts),
            ("term_months", Builtin::TermMonths, Ty::Number, Level::Facts),
            ("day", Builtin::Day, Ty::Number, Level::Facts),
            ("days_to_renewal", Builtin::DaysToRenewal, Ty::Number, Level::Facts),
            ("stage", Builtin::Stage, stages, Level::Facts),
            ("segment", Builtin::Segment, segments, Level::Segment),
            ("renewal_open", Builtin::RenewalOpen, Ty::Bool, Level::Renewal),
            ("health", Builtin::Health, Ty::Number, Level::Health),
            ("band", Builtin::Band, bands, Level::Band),
        ] {
            self.names.add(name, Name::Builtin(builtin, ty, level));
        }
    }

    fn scores(&mut self) {
        let Some(health) = &self.file.health else { return };
        for (i, (key, indicator)) in health.indicators.iter().enumerate() {
            let labels =
                indicator.steps.iter().flat_map(|steps| steps.iter().filter_map(|s| s.label.as_ref()));
            let labels: Vec<Id> = labels.map(id).collect();
            self.names.add(&format!("ind.{key}.score"), Name::IndicatorScore(i as u16));
            let labels = (!labels.is_empty()).then(|| labels.into());
            self.names.add(&format!("ind.{key}.label"), Name::IndicatorLabel(i as u16, labels));
        }
        for (i, model) in health.models.iter().enumerate() {
            self.names.add(&format!("score.{}", model.id), Name::ModelScore(i as u16));
        }
    }

    fn input(&mut self, input_id: InputId, name: &Text, input: &schema::Input) {
        let attribute = input.kind == InputKind::Attribute;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let first = |c: char| c.is_ascii_lowercase() || (!attribute && (c.is_ascii_alphabetic() || c == '_'));
        if !name.starts_with(first)
            || !name.chars().all(word)
            || (attribute && name.contains(|c: char| c.is_ascii_uppercase()))
        {
            let case = if attribute { "small letters" } else { "letters" };
            let shown: String = name.chars().take(40).collect();
            self.error(
                name.at,
                format!("`{shown}` is no name: begin with a letter and use {case}, digits and _"),
            );
        } else if name.len() > super::MAX_ID {
            self.error(name.at, format!("a name may have {} characters at most", super::MAX_ID));
        }
        if ["and", "or", "not", "in", "true", "false", "null"].contains(&&**name)
            || self.names.get(name).is_some()
        {
            self.error(name.at, format!("`{name}` means something else already"));
        }
        let ty = input.ty.unwrap_or(InputType::Number);
        if input.kind != InputKind::Event && input.ty.is_none() {
            self.error(name.at, format!("`{name}` needs a type"));
        }
        if (ty == InputType::Enum) == input.values.is_empty() {
            let message =
                if input.values.is_empty() { "needs its values" } else { "has values, but is no enum" };
            self.error(name.at, format!("`{name}` {message}"));
        }
        if let (Some(from), InputKind::Event) = (&input.from, input.kind) {
            self.error(from.at, "an event cannot be derived");
        }
        let source = self.source(name, input);
        let fresh_days = self.fresh(input, &source);
        let declared = Input {
            id: input_id,
            name: id(name),
            label: input.name.as_ref().map_or_else(|| id(name), id),
            kind: input.kind,
            ty,
            unit: input.unit.as_ref().map(id),
            values: input.values.iter().map(id).collect(),
            derived: input.from.is_some(),
            source,
            fresh_days,
            look_back: 0,
        };
        if input.kind == InputKind::Event {
            self.names.add(name, Name::Event(input_id));
        } else if input.from.is_none() {
            self.names.add(name, value_name(&declared, Level::Facts));
        }
        self.out.inputs.push(declared);
    }

    fn fresh(&mut self, input: &schema::Input, source: &Source) -> Option<u32> {
        if let Some(text) = &input.fresh {
            return match self.period(text)? {
                Period::Days(days) => Some(days),
                Period::Months(months) => Some(months * 30),
                Period::Minutes(_) => {
                    self.error(text.at, "freshness is at least a day");
                    None
                }
            };
        }
        match (input.kind, source) {
            (InputKind::Gauge, Source::Users(_) | Source::Sum(..) | Source::Event(_)) => Some(FRESH_USAGE),
            (InputKind::Gauge, _) => Some(FRESH),
            _ => None,
        }
    }

    fn source(&mut self, name: &Text, input: &schema::Input) -> Source {
        let Some(source) = &input.source else {
            let own = Id::from(normalise(name));
            return match input.kind {
                InputKind::Event => Source::Event(EventName::Named(own)),
                InputKind::Gauge => Source::Trait(own),
                InputKind::Attribute => Source::Manual,
            };
        };
        let event = source.event.as_ref().map(|event| match &**event {
            "*" => EventName::Any,
            named => EventName::Named(normalise(named).into()),
        });
        match (event, &source.group_trait, &source.sum, &source.count) {
            (None, Some(group_trait), None, None) if input.kind != InputKind::Event => {
                Source::Trait(normalise(group_trait).into())
            }
            (Some(event), None, Some(property), None) => Source::Sum(event, id(property)),
            (Some(event), None, None, count) => match (count.as_deref(), input.kind) {
                (Some("users"), InputKind::Gauge) => Source::Users(event),
                (None | Some("events"), InputKind::Event | InputKind::Gauge) => Source::Event(event),
                _ => {
                    self.error(
                        name.at,
                        format!("`{name}` cannot be fed like that: users are counted into a gauge"),
                    );
                    Source::Manual
                }
            },
            _ => {
                self.error(name.at, format!("`{name}`: a source is an event (with count or sum) or a trait"));
                Source::Manual
            }
        }
    }

    /// Compiles what is derived, each after what it rests upon.
    pub(super) fn derived(&mut self) {
        let file = self.file;
        let mut heights = HashMap::new();
        let inputs = (0..self.out.inputs.len()).map(Derived::Input);
        for what in inputs.chain((0..file.value_models.len()).map(Derived::ValueModel)) {
            self.derive(what, &mut heights, 0);
        }
        let mut models = std::mem::take(&mut self.value_models);
        models.sort_by_key(|(position, _)| *position);
        self.out.value_models = models.into_iter().map(|(_, model)| model).collect();
    }

    /// Compiles one derived thing after those it mentions; gives the length of its longest chain.
    fn derive(
        &mut self,
        what: Derived,
        heights: &mut HashMap<Derived, Option<usize>>,
        depth: usize,
    ) -> usize {
        let file = self.file;
        let (mentioned, at) = match what {
            Derived::Input(i) => match &file.inputs[i].1.from {
                Some(from) => (Names::mentioned(from), from.at),
                None => return 0,
            },
            Derived::ValueModel(i) => {
                (super::value::mentioned(&file.value_models[i]), file.value_models[i].id.at)
            }
        };
        match heights.get(&what) {
            Some(Some(height)) => return *height,
            Some(None) => {
                let from = self.deriving.iter().position(|known| *known == what).unwrap_or(0);
                let circle: Vec<&str> = self.deriving[from..].iter().map(|d| self.name_of(*d)).collect();
                let message = match circle.as_slice() {
                    [_] => "this is derived from itself".to_owned(),
                    more => format!("this is derived from itself: {} from {}", more.join(" from "), more[0]),
                };
                self.error(at, message);
                self.declare(what);
                return 0;
            }
            None => {}
        }
        if depth > 2 * MAX_CHAIN {
            self.declare(what);
            return MAX_CHAIN + 1;
        }
        heights.insert(what, None);
        self.deriving.push(what);
        let mut height = 1;
        for name in mentioned {
            if let Some(below) = self.derived_named(&name) {
                height = height.max(1 + self.derive(below, heights, depth + 1));
            }
        }
        self.deriving.pop();
        if height > MAX_CHAIN {
            self.error(at, format!("this is derived in more than {MAX_CHAIN} steps"));
            // Said once, not of everything that rests upon it.
            height = 1;
        }
        heights.insert(what, Some(height));
        match what {
            Derived::Input(i) => self.derived_input(i),
            Derived::ValueModel(i) => self.value_model(i),
        }
        height
    }

    fn name_of(&self, what: Derived) -> &'f str {
        match what {
            Derived::Input(i) => &self.file.inputs[i].0,
            Derived::ValueModel(i) => &self.file.value_models[i].id,
        }
    }

    /// Makes the names of what cannot be worked out known, so that their uses are no faults as well.
    fn declare(&mut self, what: Derived) {
        match what {
            Derived::Input(i) => {
                if let Some(input) = self.out.inputs.get(i) {
                    self.names.add(&input.name, value_name(input, Level::Facts));
                }
            }
            Derived::ValueModel(i) => {
                let model = &self.file.value_models[i];
                for (result, (name, _)) in model.results.iter().enumerate() {
                    let meaning = Name::Outcome(i as u16, result as u16, Level::Facts, [].into());
                    self.names.add(&format!("{}.{name}", model.id), meaning);
                }
            }
        }
    }

    fn derived_named(&self, name: &str) -> Option<Derived> {
        if let Some(i) = self.input_at.get(name) {
            return Some(Derived::Input(*i));
        }
        self.model_at.get(name.split_once('.')?.0).copied().map(Derived::ValueModel)
    }

    fn derived_input(&mut self, i: usize) {
        let Some(from) = &self.file.inputs[i].1.from else { return };
        let Some(input) = self.out.inputs.get(i).cloned() else { return };
        let wanted = match value_name(&input, Level::Facts) {
            Name::Value { ty, .. } => ty,
            _ => return,
        };
        for name in Names::mentioned(from) {
            if let Some(Name::Measure(id)) = self.names.get(&name)
                && !self.out.derived_from.contains(id)
            {
                self.out.derived_from.push(*id);
            }
        }
        let expr = self.expr(from, &wanted, Level::Band);
        let level = expr.as_ref().map_or(Level::Facts, |e| e.level());
        self.names.add(&input.name, value_name(&input, level));
        self.out.from[i] = expr;
    }
}

/// The name of an attribute or gauge.
fn value_name(input: &Input, level: Level) -> Name {
    let ty = match input.ty {
        InputType::Number | InputType::Money | InputType::Percent => Ty::Number,
        InputType::Bool => Ty::Bool,
        InputType::Text => Ty::Text(None),
        InputType::Enum => Ty::Text(Some(input.values.clone().into())),
    };
    let gauge = input.kind == InputKind::Gauge;
    let daily = gauge && matches!(input.source, Source::Users(_) | Source::Sum(..) | Source::Event(_));
    Name::Value { input: input.id, ty, gauge, daily, level }
}
