//! From rows to [`Facts`]: what the engine needs, for any day in the window that was loaded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use chrono::{Duration, NaiveDate};
use uuid::Uuid;

use super::load::GAUGE_DAYS;
use super::past::Past;
use super::standing::{Exchange, Standing};
use crate::app::Result;
use crate::db::contracts::Contract;
use crate::db::facts::{AccountRow, FactRows, Lost, Opened, Span};
use crate::db::metrics::{Metric, Stored};
use crate::db::overrides::Override;
use crate::db::stages::{Hold, Ticked};
use crate::db::team::{Meetings, PlannedMeeting};
use crate::domain::facts::{Facts, InputId, MeasureId, Series, Tick};
use crate::domain::methodology::{InputKind, InputType, Methodology};
use crate::domain::metric::MetricKind;
use crate::domain::series::Row;
use crate::domain::value::Value;

/// Base measures of an account that need no metric: what tasks and contracts say.
pub(in crate::app) const KNOWN_MEASURES: [&str; 3] =
    ["meetings_scheduled", "meetings_attended", "licensed_users"];
/// Days after which a metric that gives a base measure is too old to count, where the tenant has set nothing else.
const MEASURE_DAYS: i64 = 30;

/// What people said of accounts' stages, and the meetings that were planned with them.
#[derive(Debug, Clone, Default)]
pub(super) struct ByHand {
    pub(super) meetings: Vec<PlannedMeeting>,
    pub(super) holds: Vec<Hold>,
    pub(super) ticks: Vec<Ticked>,
}

/// Rows of some accounts, ready to be asked for any day up to the one they were loaded for.
pub(super) struct Loaded<'m> {
    methodology: &'m Methodology,
    exchange: &'m Exchange,
    accounts: Vec<Account>,
    span: Span,
    /// The input each metric feeds, and how its rows are read.
    feeds: HashMap<i32, Feed>,
    /// The base measure each gauge gives, and for how many days.
    measures: HashMap<i32, (MeasureId, Duration)>,
    /// Freshness where the catalogue asks for another than the methodology.
    fresh_days: Option<Arc<[Option<u32>]>>,
    /// Days of history that a count or another figure of days may look at.
    look_back: Duration,
}

/// One account as it was loaded.
struct Account {
    row: AccountRow,
    contracts: Vec<Contract>,
    lost: Vec<Lost>,
    past: Option<Past>,
    series: Option<Stored>,
    overrides: Vec<Override>,
    by_hand: ByHand,
}

/// One account's rows.
pub(super) struct AccountData<'a> {
    pub(super) row: &'a AccountRow,
    pub(super) contracts: &'a [Contract],
    /// Renewals of which it is known that nothing comes of them.
    lost: &'a [Lost],
    /// What was stated when; only where past days are asked as they were known then.
    past: Option<&'a Past>,
    series: Opened,
    /// What was set by hand, oldest first.
    overrides: &'a [Override],
    by_hand: &'a ByHand,
}

impl<'a> AccountData<'a> {
    /// What a person set for a day.
    pub(super) fn set_for(&self, day: NaiveDate) -> Option<&'a Override> {
        let applies = |set: &&Override| set.set_on <= day && set.last_day().is_some_and(|last| day <= last);
        self.overrides.iter().rev().find(applies)
    }
}

#[derive(Clone, Copy)]
struct Feed {
    input: InputId,
    kind: MetricKind,
    of_property: bool,
    as_events: bool,
    ty: InputType,
}

impl<'m> Loaded<'m> {
    pub(super) fn new(
        methodology: &'m Methodology,
        exchange: &'m Exchange,
        metrics: &[Metric],
        rows: FactRows,
        mut past: Option<HashMap<Uuid, Past>>,
        set_by_hand: Vec<Override>,
        by_hand: ByHand,
    ) -> Self {
        let mut contracts: HashMap<Uuid, Vec<Contract>> = HashMap::new();
        for row in rows.contracts {
            contracts.entry(row.account_id).or_default().push(row.contract);
        }
        let mut lost: HashMap<Uuid, Vec<Lost>> = HashMap::new();
        for row in rows.lost {
            lost.entry(row.account_id).or_default().push(row);
        }
        let mut series: HashMap<Uuid, Stored> =
            rows.series.into_iter().map(|stored| (stored.account_id, stored)).collect();
        let mut overrides: HashMap<Uuid, Vec<Override>> = HashMap::new();
        for set in set_by_hand {
            overrides.entry(set.account_id).or_default().push(set);
        }
        let mut stages: HashMap<Uuid, ByHand> = HashMap::new();
        for meeting in by_hand.meetings {
            stages.entry(meeting.account_id).or_default().meetings.push(meeting);
        }
        for hold in by_hand.holds {
            stages.entry(hold.account_id).or_default().holds.push(hold);
        }
        for tick in by_hand.ticks {
            stages.entry(tick.account_id).or_default().ticks.push(tick);
        }
        let accounts = rows
            .accounts
            .into_iter()
            .map(|row| Account {
                contracts: contracts.remove(&row.id).unwrap_or_default(),
                lost: lost.remove(&row.id).unwrap_or_default(),
                series: series.remove(&row.id),
                past: past.as_mut().map(|past| past.remove(&row.id).unwrap_or_default()),
                overrides: overrides.remove(&row.id).unwrap_or_default(),
                by_hand: stages.remove(&row.id).unwrap_or_default(),
                row,
            })
            .collect();
        let (feeds, fresh_days) = (feeds(methodology, metrics), fresh_days(methodology, metrics));
        let (look_back, measures) = (look_back(methodology), measures(methodology, metrics));
        Loaded { methodology, exchange, accounts, span: rows.span, feeds, measures, fresh_days, look_back }
    }

    /// The same rows as another methodology reads them, which looks back to another day.
    pub(super) fn read_by(self, methodology: &'m Methodology, metrics: &[Metric], from: NaiveDate) -> Self {
        let span = Span { counters_from: from, ..self.span };
        let (feeds, fresh_days) = (feeds(methodology, metrics), fresh_days(methodology, metrics));
        let (look_back, measures) = (look_back(methodology), measures(methodology, metrics));
        Loaded { methodology, span, feeds, measures, fresh_days, look_back, ..self }
    }

    /// The accounts, each opened when its turn comes.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Result<AccountData<'_>>> {
        self.accounts.iter().map(|account| {
            let opened =
                account.series.as_ref().map_or(Ok(Opened::default()), |stored| self.span.open(stored));
            let series = opened.with_context(|| format!("the series of account {}", account.row.id))?;
            let (row, contracts, overrides) = (&account.row, &account.contracts, &account.overrides);
            let (by_hand, lost) = (&account.by_hand, &*account.lost);
            Ok(AccountData { row, contracts, lost, past: account.past.as_ref(), series, overrides, by_hand })
        })
    }

    /// What its contracts say of an account on a day, as known by another.
    pub(super) fn standing(
        &self,
        account: &AccountData<'_>,
        day: NaiveDate,
        known_by: NaiveDate,
    ) -> Standing {
        // A day sees what had been said by then, however much became known of it since.
        let lost = account.lost.iter().filter(|lost| lost.closed_on <= day).map(|lost| lost.renews_on);
        let (lost, contracts) = (lost.collect::<Vec<_>>(), account.contracts_as_of(day, known_by).0);
        Standing::without(&lost, &contracts, day, self.exchange)
    }

    /// The facts of an account on a day, as known by another.
    pub(super) fn facts(
        &self,
        account: &AccountData<'_>,
        standing: &Standing,
        day: NaiveDate,
        known_by: NaiveDate,
    ) -> Facts {
        let mut facts = self.methodology.blank_facts(day);
        let (start, pinned, fields) = account.stated(day, known_by);
        facts.start_date = start.or(standing.start);
        facts.renewal_date = standing.renewal;
        facts.term_months = standing.term_months;
        facts.arr = standing.arr_base.map(|money| money.to_major_f64());
        facts.seats = standing.seats.map(|seats| seats as f64);
        facts.segment_pin = pinned.map(Box::from);
        let by_hand = account.by_hand;
        let held = |hold: &&Hold| hold.set_on <= day && hold.ended_on.is_none_or(|end| end > day);
        facts.stage_pin = by_hand.holds.iter().rev().find(held).map(|hold| hold.stage.as_str().into());
        let stands = |tick: &&Ticked| tick.ticked_on <= day && tick.unticked_on.is_none_or(|end| end > day);
        let tick = |tick: &Ticked| Tick {
            stage: tick.stage.as_str().into(),
            criterion: tick.criterion.as_str().into(),
        };
        facts.ticks = by_hand.ticks.iter().filter(stands).map(tick).collect();
        let earlier = account.series.earlier_events.iter().filter(|(_, known_on)| *known_on <= known_by);
        facts.last_event = earlier.map(|(day, _)| *day).max();
        facts.fresh_days.clone_from(&self.fresh_days);
        if let Some(set) = account.set_for(day) {
            facts.health_override = set.score;
            facts.band_override = set.band.as_deref().map(Box::from);
        }
        self.known_measures(&mut facts, &by_hand.meetings);
        for input in self.methodology.inputs() {
            if input.kind == InputKind::Attribute
                && let Some(value) = fields.and_then(|fields| from_json(fields.get(&*input.name)?))
            {
                facts.inputs[usize::from(input.id.0)] = Series::Attribute(value);
            }
        }
        for run in &account.series.runs {
            // What arrived later than `known_by`, or lies ahead of the day, is not known yet.
            let rows = &run.rows[..run.rows.partition_point(|row| row.day <= day)];
            let is_known = |row: &&Row| row.known_on <= known_by;
            let counted = rows.iter().rev().filter(is_known).find(|row| row.is_usage());
            facts.last_event = facts.last_event.max(counted.map(|row| row.day));
            if let Some((measure, holds)) = self.measures.get(&run.metric) {
                let known =
                    rows[rows.partition_point(|row| row.day <= day - *holds)..].iter().filter(is_known);
                let latest = samples(known, InputType::Number).pop();
                facts.measures[usize::from(measure.0)] =
                    latest.and_then(|(_, value)| value.as_val().as_number());
                continue;
            }
            let Some(feed) = self.feeds.get(&run.metric) else { continue };
            // In a stretch of days each sees as far back as if it were scored alone.
            let gauge = feed.kind == MetricKind::Gauge;
            let from = day - if gauge { Duration::days(GAUGE_DAYS) } else { self.look_back };
            let known = rows[rows.partition_point(|row| row.day <= from)..].iter().filter(is_known);
            let series = match (feed.as_events, feed.kind) {
                (true, _) => Series::Events(by_day(known, feed.of_property)),
                (false, MetricKind::Gauge) => Series::Gauge(samples(known, feed.ty)),
                // A day without a row is a zero once anything was heard; the engine sees to that.
                (false, _) => Series::Gauge(
                    by_day(known, feed.of_property)
                        .into_iter()
                        .map(|(day, n)| (day, Value::Number(n)))
                        .collect(),
                ),
            };
            facts.inputs[usize::from(feed.input.0)] = series;
        }
        facts
    }

    /// Base measures that need no metric. Without a meeting that was planned nothing is known of them.
    fn known_measures(&self, facts: &mut Facts, meetings: &[PlannedMeeting]) {
        let (seats, held) = (facts.seats, Meetings::of(meetings, facts.as_of));
        let names = self.methodology.measures().iter().enumerate();
        for (at, name) in names.filter(|(_, name)| KNOWN_MEASURES.contains(&&***name)) {
            facts.measures[at] = match &**name {
                "licensed_users" => seats,
                name => held.measure(name).filter(|_| held.scheduled > 0),
            };
        }
    }
}

impl AccountData<'_> {
    /// Start date, pinned segment and own fields, for a day as known by another.
    fn stated(
        &self,
        day: NaiveDate,
        known_by: NaiveDate,
    ) -> (Option<NaiveDate>, Option<&str>, Option<&serde_json::Value>) {
        let Some(past) = self.past else {
            return (self.row.start_date, self.row.pinned_segment.as_deref(), Some(&self.row.fields));
        };
        let version = past.stated(known_by);
        let pinned = version.and_then(|version| version.pinned_segment.as_deref());
        (past.start(day, known_by), pinned, version.map(|version| &version.fields))
    }

    /// Its contracts for a day as known by another, and whether one of them was entered only later.
    pub(super) fn contracts_as_of(&self, day: NaiveDate, known_by: NaiveDate) -> (Cow<'_, [Contract]>, bool) {
        match self.past {
            None => (Cow::Borrowed(self.contracts), false),
            Some(past) => {
                let (contracts, later) = past.contracts(self.row.id, day, known_by);
                (Cow::Owned(contracts), later)
            }
        }
    }
}

/// Days of history that a count or another figure of days may look at.
fn look_back(methodology: &Methodology) -> Duration {
    let days = methodology.inputs().iter().map(|input| i64::from(input.look_back)).max();
    Duration::days(days.unwrap_or_default().max(1))
}

fn feeds(methodology: &Methodology, metrics: &[Metric]) -> HashMap<i32, Feed> {
    metrics.iter().filter_map(|metric| Some((metric.id, feed(methodology, metric)?))).collect()
}

fn feed(methodology: &Methodology, metric: &Metric) -> Option<Feed> {
    let input = methodology.input(&metric.name)?;
    let kind = match metric.kind.as_str() {
        "counter" => MetricKind::Counter,
        "distinct" => MetricKind::Distinct,
        _ => MetricKind::Gauge,
    };
    let as_events = input.kind == InputKind::Event;
    Some(Feed { input: input.id, kind, of_property: metric.property.is_some(), as_events, ty: input.ty })
}

/// The gauges that are called as base measures are.
fn measures(methodology: &Methodology, metrics: &[Metric]) -> HashMap<i32, (MeasureId, Duration)> {
    let of = |metric: &Metric| {
        let measure = methodology.measure(&metric.name).filter(|_| metric.kind == "gauge")?;
        let days = metric.fresh_days.map_or(MEASURE_DAYS, i64::from);
        Some((metric.id, (measure, Duration::days(days))))
    };
    metrics.iter().filter_map(of).collect()
}

/// How fresh the tenant wants its metrics, by input: its own word goes before the methodology's.
fn fresh_days(methodology: &Methodology, metrics: &[Metric]) -> Option<Arc<[Option<u32>]>> {
    let days = |metric: &Metric| metric.fresh_days.and_then(|days| u32::try_from(days).ok());
    let of = |name: &str| metrics.iter().find(|metric| metric.name == name).and_then(days);
    metrics
        .iter()
        .any(|metric| metric.fresh_days.is_some())
        .then(|| methodology.inputs().iter().map(|input| of(&input.name)).collect())
}

/// Adds up what became known at different times about the same day.
fn by_day<'r>(rows: impl Iterator<Item = &'r Row>, of_property: bool) -> Vec<(NaiveDate, f64)> {
    let mut out: Vec<(NaiveDate, f64)> = Vec::new();
    for row in rows {
        let figure = match (of_property, row.users) {
            (true, _) => row.sum.to_f64(),
            (false, 0) => row.count as f64,
            (false, users) => f64::from(users),
        };
        match out.last_mut() {
            Some((day, sum)) if *day == row.day => *sum += figure,
            _ => out.push((row.day, figure)),
        }
    }
    out
}

/// Of several samples of a day the one taken last counts, then the one known last.
fn samples<'r>(rows: impl Iterator<Item = &'r Row>, ty: InputType) -> Vec<(NaiveDate, Value)> {
    let mut out: Vec<(NaiveDate, Value)> = Vec::new();
    let mut taken_at = None;
    for row in rows {
        let value = match (&row.value, &row.label) {
            (Some(number), _) => Value::Number(*number),
            (None, Some(word)) if ty == InputType::Bool => Value::Bool(&**word == "true"),
            (None, Some(word)) => Value::Text((&**word).into()),
            (None, None) => continue,
        };
        match out.last_mut() {
            Some((day, before)) if *day == row.day => {
                if row.value_at >= taken_at {
                    (*before, taken_at) = (value, row.value_at);
                }
            }
            _ => {
                out.push((row.day, value));
                taken_at = row.value_at;
            }
        }
    }
    out
}

fn from_json(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Number(number) => number.as_f64().map(Value::Number),
        serde_json::Value::Bool(yes) => Some(Value::Bool(*yes)),
        serde_json::Value::String(text) => Some(Value::Text(text.as_str().into())),
        _ => None,
    }
}
