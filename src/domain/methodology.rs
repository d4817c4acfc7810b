//! The methodology: a pack compiled for evaluation, and the one way in.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Id;
use super::expr::Evidence;
use super::expr::{Builtins, Expr, Program, Scope};
use super::facts::{Facts, InputId, MeasureId, Series};
use super::health::{ByIndicator, CapNote, Explained, Health, Reading, Readings};
use super::kpi::{self, Kpi, KpiValue};
use super::lifecycle::{self, Criterion, CriterionState, Lifecycle};
use super::metric::MetricKind;
use super::playbook::Playbook;
use super::profile::{self, Question};
use super::renewal::{self, Renewal, Timeline};
use super::rule::{self, Firing, Rule};
use super::segment::{self, Placed, Segment};
use super::sla::{self, Due, Sla, Ticket};
use super::value::Value;
use super::value_model::{ValueModel, ValueScore};

/// Days without any event after which even a count of events says more about the connection than the customer.
const SILENCE_DAYS: u32 = 30;

/// A pack compiled for evaluation. Immutable; share it behind an `Arc`.
#[derive(Debug, Clone, Default)]
pub struct Methodology {
    pub(super) inputs: Vec<Input>,
    pub(super) from: Vec<Option<Expr>>,
    pub(super) seats: Option<InputId>,
    pub(super) measures: Vec<Id>,
    /// Base measures that inputs of accounts are derived from.
    pub(super) derived_from: Vec<MeasureId>,
    /// Days of an account's own past scores that expressions look at; 0 when none does.
    pub health_look_back: u32,
    /// Segments, the first that takes an account wins.
    pub segments: Vec<Segment>,
    /// Stages and moments.
    pub lifecycle: Lifecycle,
    /// Indicators, models, bands.
    pub health: Health,
    /// Playbooks.
    pub playbooks: Vec<Playbook>,
    /// Rules.
    pub rules: Vec<Rule>,
    /// Renewal timelines, the first that serves an account wins.
    pub renewals: Vec<Timeline>,
    /// Value models.
    pub value_models: Vec<ValueModel>,
    /// KPIs.
    pub kpis: Vec<Kpi>,
    /// Service levels.
    pub sla: Sla,
    /// Questions about the tenant itself.
    pub profile: Vec<Question>,
    /// What makes an account an advocate.
    pub advocacy: Vec<Criterion>,
}

/// An input: a name that an account's data is stored under and expressions read.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its position.
    pub id: InputId,
    /// Its name in expressions.
    pub name: Id,
    /// What people call it; the name where the pack gives nothing else.
    pub label: Id,
    /// How it is stored.
    pub kind: InputKind,
    /// The type of its value.
    pub ty: InputType,
    /// The unit shown, such as "per user per week".
    pub unit: Option<Id>,
    /// The values of an enumeration.
    pub values: Vec<Id>,
    /// Whether it is computed where no value is stored.
    pub derived: bool,
    /// What feeds it.
    pub source: Source,
    /// Days after which a sample is stale; none for what never goes stale.
    pub fresh_days: Option<u32>,
    /// Days of history that expressions look at; 0 when only the current value is read.
    pub look_back: u32,
}

/// How an input is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A field of the account.
    Attribute,
    /// Dated samples; the latest is current.
    Gauge,
    /// Dated occurrences.
    Event,
}

/// The type of an input's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// A plain number.
    Number,
    /// A truth value.
    Bool,
    /// A free text.
    Text,
    /// One of the values the pack lists.
    Enum,
    /// An amount in the pack's currency, in major units.
    Money,
    /// 0–100.
    Percent,
}

/// What feeds an input, as it arrives from the customer's product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Occurrences of a product event, per day.
    Event(EventName),
    /// How many different users sent the event on a day.
    Users(EventName),
    /// A property of the event, summed per day.
    Sum(EventName, Id),
    /// A trait of the account (group call), as [`normalise`](super::metric::normalise)d.
    Trait(Id),
    /// Edited by hand or written over REST only.
    Manual,
}

/// Which product events are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventName {
    /// Every event.
    Any,
    /// Events of this [`normalise`](super::metric::normalise)d name.
    Named(Id),
}

impl Input {
    /// Days after which what is stored for it is stale, unless the tenant set others; none for what never goes stale.
    pub fn fresh_within(&self) -> Option<u32> {
        self.fresh_days.or((self.kind == InputKind::Event).then_some(SILENCE_DAYS))
    }

    /// The kind of daily metric its series is; none for attributes.
    pub fn metric(&self) -> Option<MetricKind> {
        match (self.kind, &self.source) {
            (InputKind::Attribute, _) => None,
            (InputKind::Event, _) => Some(MetricKind::Counter),
            (InputKind::Gauge, Source::Users(_)) => Some(MetricKind::Distinct),
            (InputKind::Gauge, Source::Sum(..) | Source::Event(_)) => Some(MetricKind::Counter),
            (InputKind::Gauge, _) => Some(MetricKind::Gauge),
        }
    }
}

/// Everything the methodology says of one account on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The day.
    pub as_of: NaiveDate,
    /// Id of the segment that holds.
    pub segment: Option<Id>,
    /// Id of the segment the rules choose; differs from `segment` only when that is pinned.
    pub segment_by_rule: Option<Id>,
    /// Per advisory condition of the segment whether it agrees; none without data.
    pub advisory: Vec<Option<bool>>,
    /// The day number; none without a start date.
    pub day: Option<i64>,
    /// Id of the base stage; none before the first.
    pub stage: Option<Id>,
    /// Ids of the overlays that hold.
    pub overlays: Vec<Id>,
    /// Exit criteria of the base stage.
    pub exit: Vec<CriterionState>,
    /// Ids of the moments whose condition holds today.
    pub moments: Vec<Id>,
    /// What was read; to be stored with the score.
    pub readings: Readings,
    /// Scores and reasons.
    pub health: Explained,
    /// Id of the band.
    pub band: Option<Id>,
    /// The next renewal.
    pub renewal: Option<Renewal>,
    /// The rules whose condition holds.
    pub rules: Vec<Firing>,
}

impl Evaluation {
    /// Whether the base stage has criteria that are not met.
    pub fn behind(&self) -> bool {
        self.exit.iter().any(|criterion| !criterion.met)
    }
}

/// An account worked out as far as its band.
pub(super) struct Worked<'a> {
    pub(super) scope: Scope<'a>,
    placed: Placed,
    stage: Option<usize>,
    renewal_date: Option<NaiveDate>,
    timeline: Option<usize>,
    readings: Readings,
    health: Explained,
}

impl Methodology {
    /// The inputs, by position.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The input of a name.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| *input.name == *name)
    }

    /// How an input is computed where no value is stored.
    pub fn derivation(&self, id: InputId) -> Option<&Expr> {
        self.from.get(usize::from(id.0))?.as_ref()
    }

    /// Names of the base measures, by position.
    pub fn measures(&self) -> &[Id] {
        &self.measures
    }

    /// The base measure of a name.
    pub fn measure(&self, name: &str) -> Option<MeasureId> {
        let position = self.measures.iter().position(|measure| **measure == *name)?;
        u16::try_from(position).ok().map(MeasureId)
    }

    /// Names of the base measures that an account's inputs are derived from: scoring needs those of each account.
    pub fn measures_of_accounts(&self) -> impl Iterator<Item = &Id> {
        self.derived_from.iter().filter_map(|id| self.measures.get(usize::from(id.0)))
    }

    /// Facts of an account of which nothing is known yet.
    pub fn blank_facts(&self, as_of: NaiveDate) -> Facts {
        Facts {
            as_of,
            start_date: None,
            renewal_date: None,
            term_months: None,
            arr: None,
            seats: None,
            inputs: vec![Series::Missing; self.inputs.len()],
            measures: vec![None; self.measures.len()],
            health_history: Vec::new(),
            health_override: None,
            band_override: None,
            fresh_days: None,
            segment_pin: None,
            stage_pin: None,
            last_event: None,
            ticks: Vec::new(),
            renewal_opened: None,
        }
    }

    /// Evaluates an account: segment, stage, scores, band, renewal, rules.
    ///
    /// Order matters, and pack loading has checked that no expression runs ahead of it: the account's data, its
    /// segment, its renewal timeline, indicators, model scores, health, band, and then everything else.
    pub fn evaluate(&self, facts: &Facts) -> Evaluation {
        let worked = self.work(facts);
        let scope = &worked.scope;
        let segment = worked.placed.segment.map(|i| &self.segments[i]);
        let stage = worked.stage.map(|i| &self.lifecycle.stages[i]);
        let moments =
            self.lifecycle.moments.iter().filter(|m| m.when.as_ref().is_some_and(|w| w.holds(scope)));
        Evaluation {
            as_of: facts.as_of,
            segment: segment.map(|s| s.id.clone()),
            segment_by_rule: worked.placed.by_rule.map(|i| self.segments[i].id.clone()),
            advisory: segment
                .map(|s| s.advisory.iter().map(|a| a.truth(scope)).collect())
                .unwrap_or_default(),
            day: scope.known.day,
            stage: stage.map(|s| s.id.clone()),
            overlays: lifecycle::overlays(&self.lifecycle, scope)
                .into_iter()
                .map(|i| self.lifecycle.stages[i].id.clone())
                .collect(),
            exit: stage.map(|s| lifecycle::exit(s, facts, scope)).unwrap_or_default(),
            moments: moments.map(|m| m.id.clone()).collect(),
            band: worked.health.band.map(|i| self.health.bands[i].id.clone()),
            renewal: self.renewal(&worked, facts),
            rules: rule::firing(&self.rules, scope),
            readings: worked.readings,
            health: worked.health,
        }
    }

    /// What makes the rule at a position true of an account: the comparisons that hold, with their figures.
    pub fn evidence(&self, facts: &Facts, rule: usize) -> Vec<Evidence> {
        let worked = self.work(facts);
        self.rules.get(rule).map(|rule| rule.when.evidence(&worked.scope, self)).unwrap_or_default()
    }

    /// Reads an account's indicators: the first half of scoring it.
    pub fn read(&self, facts: &Facts) -> Readings {
        self.work(facts).readings
    }

    /// Scores readings, today's or stored ones: the second half.
    pub fn explain(&self, readings: &Readings) -> Explained {
        let scored = self.health.score_indicators(&readings.of);
        self.health.conclude(self.health.score_models(&readings.of, &scored), readings)
    }

    /// The exit criteria of any stage, by id; none for an unknown stage.
    pub fn exit(&self, facts: &Facts, stage: &str) -> Option<Vec<CriterionState>> {
        let stage = self.lifecycle.stages.iter().find(|s| *s.id == *stage)?;
        Some(lifecycle::exit(stage, facts, &self.work(facts).scope))
    }

    /// Works out KPIs from the measures (and inputs) in `facts`, for a segment by id if given.
    pub fn kpis(&self, facts: &Facts, segment: Option<&str>) -> Vec<KpiValue> {
        let segment = segment.and_then(|id| self.segments.iter().position(|s| *s.id == *id));
        let worked = self.work(facts);
        self.kpis.iter().map(|kpi| kpi::work_out(kpi, segment, &worked.scope)).collect()
    }

    /// Works out a value model by id; none for an unknown one.
    pub fn value(&self, facts: &Facts, model: &str) -> Option<ValueScore> {
        let model = self.value_models.iter().position(|m| *m.id == *model)?;
        Some(self.work(facts).scope.value_model(model))
    }

    /// When a ticket of the account is due; none when no policy applies. Calendars are meant in `zone`.
    pub fn sla(&self, facts: &Facts, ticket: &Ticket, now: DateTime<Utc>, zone: Tz) -> Option<Due> {
        sla::due(&self.sla, ticket, now, zone, &self.work(facts).scope)
    }

    /// Per question of the tenant's profile, by id, the answer its measures suggest.
    pub fn suggest(&self, facts: &Facts) -> Vec<(Id, Option<Id>)> {
        let worked = self.work(facts);
        self.profile.iter().map(|q| (q.id.clone(), profile::suggest(q, &worked.scope))).collect()
    }

    fn program(&self) -> Program<'_> {
        Program { from: &self.from, value_models: &self.value_models, seats: self.seats }
    }

    pub(super) fn work<'a>(&'a self, facts: &'a Facts) -> Worked<'a> {
        let mut scope = Scope::new(self.program(), facts);
        let day = lifecycle::day_number(&self.lifecycle, facts.start_date, facts.as_of);
        let held = facts.stage_pin.as_deref().and_then(|id| lifecycle::base_stage_of(&self.lifecycle, id));
        let stage = held.or_else(|| lifecycle::base_stage(&self.lifecycle, day));
        let renewal_date = renewal::next_date(facts);
        scope.known = Builtins {
            day,
            stage: stage.map(|i| &*self.lifecycle.stages[i].id),
            days_to_renewal: renewal_date.map(|date| (date - facts.as_of).num_days()),
            ..Builtins::default()
        };
        let placed = segment::place(&self.segments, facts.segment_pin.as_deref(), &scope);
        scope.known.segment = placed.segment.map(|i| &*self.segments[i].id);
        let timeline = renewal::timeline(&self.renewals, &scope);
        let window = timeline.map(|i| &self.renewals[i]).zip(scope.known.days_to_renewal);
        scope.known.renewal_open = window.map(|(timeline, days)| renewal::is_open(timeline, days));
        let (readings, health) = self.score(&mut scope, facts);
        Worked { scope, placed, stage, renewal_date, timeline, readings, health }
    }

    /// From indicators to the band.
    fn score<'a>(&'a self, scope: &mut Scope<'a>, facts: &'a Facts) -> (Readings, Explained) {
        let health = &self.health;
        let of = health.indicators.iter().map(|i| (i.id.clone(), self.reading(&i.value, scope, facts)));
        let set =
            facts.health_override.filter(|score| score.is_finite()).map(|score| score.clamp(0.0, 100.0));
        let mut readings = Readings {
            as_of: facts.as_of,
            of: ByIndicator(of.collect()),
            primary: None,
            caps: Vec::new(),
            set,
            set_band: facts.band_override.clone(),
        };
        let scored = health.score_indicators(&readings.of);
        let models = health.score_models(&readings.of, &scored);
        scope.indicators = scored;
        scope.scores = models.iter().map(|model| model.score).collect();
        let primary = health.models.iter().position(|m| m.primary.as_ref().is_none_or(|p| p.holds(scope)));
        readings.primary = primary.map(|i| (*health.models[i].id).into());
        let rounded = set.map(|score| health.rounded(score));
        scope.known.health = rounded.or_else(|| models[primary?].rounded);
        let held = health.caps.iter().filter(|cap| cap.when.holds(scope));
        let note = |cap: &super::health::Cap| CapNote {
            at_most: (*health.bands[cap.at_most].id).into(),
            why: (*cap.why).into(),
        };
        readings.caps = held.map(note).collect();
        let explained = health.conclude(models, &readings);
        scope.known.band = explained.band.map(|i| &*health.bands[i].id);
        (readings, explained)
    }

    fn reading<'a>(&self, value: &'a Expr, scope: &Scope<'a>, facts: &Facts) -> Reading {
        let mut reading = Reading { value: value.value(scope).to_value(), date: None, stale: false };
        if reading.value != Value::Null {
            self.date(value, facts, &mut reading, 0);
        }
        reading
    }

    /// Finds the date and freshness of the data behind an expression, through derived inputs.
    fn date(&self, expr: &Expr, facts: &Facts, reading: &mut Reading, depth: usize) {
        for used in expr.uses() {
            let Some(input) = self.inputs.get(usize::from(used.input.0)) else { continue };
            let date = match input.kind {
                InputKind::Attribute => continue,
                // Silence about one event is data as long as the account sends any.
                InputKind::Event => {
                    reading.stale |= facts.last_event.is_none();
                    facts.last_event
                }
                // Likewise for a daily figure whose days without a row are zeros.
                InputKind::Gauge => facts
                    .series(used.input)
                    .last_date(facts.as_of)
                    .or(facts.last_event.filter(|_| input.metric() != Some(MetricKind::Gauge))),
            };
            let Some(date) = date else {
                if let Some(from) = self.derivation(used.input).filter(|_| depth < super::expr::MAX_CHAIN) {
                    self.date(from, facts, reading, depth + 1);
                }
                continue;
            };
            reading.date = Some(reading.date.map_or(date, |known| known.min(date)));
            let fresh = facts.fresh_days(used.input).or(input.fresh_within());
            reading.stale |= fresh.is_some_and(|days| (facts.as_of - date).num_days() > i64::from(days));
        }
    }

    fn renewal<'a>(&'a self, worked: &Worked<'a>, facts: &Facts) -> Option<Renewal> {
        let date = worked.renewal_date?;
        let timeline = worked.timeline.map(|i| &self.renewals[i]);
        let strategy = timeline.and_then(|t| renewal::strategy(t, &worked.scope));
        Some(Renewal {
            date,
            days: (date - facts.as_of).num_days(),
            timeline: timeline.map(|t| t.id.clone()),
            open: worked.scope.known.renewal_open == Some(true),
            milestones: timeline
                .map(|t| renewal::milestones(&self.playbooks[t.playbook], date, facts.renewal_opened))
                .unwrap_or_default(),
            strategy: strategy.map(|s| s.id.clone()),
        })
    }
}
