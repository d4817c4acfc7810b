//! What a case gives: an account, what was measured, what happened.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::super::expr::nearest;
use super::super::facts::{Facts, Series, Tick};
use super::super::methodology::{Input, InputKind, Methodology};
use super::super::sla::Ticket;
use super::super::value::Value;

/// The day of a case that mentions none.
const SOME_DAY: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");

/// What every account has, whatever its pack.
const FIELDS: [&str; 7] = ["start_date", "renewal_date", "term_months", "arr", "seats", "health", "segment"];

/// What a case gives.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// The day; for a ticket not yet answered also the time.
    #[serde(default, deserialize_with = "day_or_time")]
    pub(super) as_of: Option<NaiveDateTime>,
    /// Fields of the account.
    #[serde(default)]
    account: BTreeMap<String, Value>,
    /// Current figures; `health` replaces the computed score.
    #[serde(default)]
    metrics: BTreeMap<String, Value>,
    /// Base measures.
    #[serde(default)]
    pub(super) measures: BTreeMap<String, Value>,
    /// What happened.
    #[serde(default)]
    events: BTreeMap<String, Vec<Happened>>,
    /// Earlier figures.
    #[serde(default)]
    history: BTreeMap<String, Vec<Sample>>,
    /// A support ticket.
    pub(super) ticket: Option<GivenTicket>,
    /// The day the renewal's timeline was opened.
    opened_on: Option<NaiveDate>,
    /// The day a playbook was started.
    pub(super) started_on: Option<NaiveDate>,
    /// The stage whose exit criteria are asked for, instead of the current one's.
    pub(super) exit_of: Option<String>,
    /// Its criteria that were ticked by hand.
    #[serde(default)]
    checked: Vec<String>,
    pub(super) value_model: Option<String>,
    pub(super) playbook: Option<String>,
    /// The day a playbook or recurrence counts from.
    pub(super) anchor: Option<NaiveDate>,
    /// Compare only the tasks that are expected by title.
    #[serde(default)]
    pub(super) only_named: bool,
    /// A touchpoint, survey or anything else that recurs.
    pub(super) touchpoint: Option<String>,
    /// How many occurrences.
    pub(super) take: Option<usize>,
    /// The segment whose targets KPIs should meet.
    pub(super) for_segment: Option<String>,
}

/// An event on a day, or on days from one to another.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a date, {date, n} or {from, to, every, n}")]
enum Happened {
    On(NaiveDate),
    Once(Once),
    Often(Often),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Once {
    date: NaiveDate,
    n: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Often {
    from: NaiveDate,
    to: NaiveDate,
    /// Days from one to the next.
    every: Option<usize>,
    n: Option<f64>,
}

/// A dated figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    date: NaiveDate,
    value: Value,
}

/// A ticket; its times are as the clocks on the wall show them, in a place that never puts them forward.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenTicket {
    severity: Option<String>,
    level: Option<i64>,
    #[serde(deserialize_with = "day_or_time")]
    opened_at: Option<NaiveDateTime>,
    #[serde(default, deserialize_with = "day_or_time")]
    escalated_at: Option<NaiveDateTime>,
    #[serde(default, deserialize_with = "day_or_time")]
    responded_at: Option<NaiveDateTime>,
    #[serde(default, deserialize_with = "day_or_time")]
    resolved_at: Option<NaiveDateTime>,
}

/// A time, or a day for its beginning.
fn day_or_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDateTime>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let time = |format| NaiveDateTime::parse_from_str(&text, format).ok();
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
    let read = text.parse().ok().or_else(|| time("%Y-%m-%dT%H:%M")).or_else(|| time("%Y-%m-%d %H:%M:%S"));
    let read = read.or_else(|| time("%Y-%m-%d %H:%M")).or_else(day);
    read.map(Some).ok_or_else(|| {
        D::Error::custom(format!("`{text}` is no day or time such as 2027-03-05 or 2027-03-05T16:00:00"))
    })
}

impl Happened {
    fn days(&self) -> Result<Vec<(NaiveDate, f64)>, String> {
        Ok(match self {
            Self::On(date) => vec![(*date, 1.0)],
            Self::Once(once) => vec![(once.date, once.n.unwrap_or(1.0))],
            Self::Often(Often { from, to, every, n }) => {
                let every = every.unwrap_or(1);
                if every == 0 || from > to {
                    return Err("`from` goes before `to`, and `every` is 1 day or more".to_owned());
                }
                let days = from.iter_days().take_while(|day| day <= to).step_by(every);
                days.map(|day| (day, n.unwrap_or(1.0))).collect()
            }
        })
    }
}

impl Given {
    /// The day: as given, else the last one on which something happened or was measured.
    fn day(&self) -> NaiveDate {
        let events = self.events.values().flatten().map(|happened| match happened {
            Happened::On(date) | Happened::Once(Once { date, .. }) => *date,
            Happened::Often(often) => often.to,
        });
        let samples = self.history.values().flatten().map(|sample| sample.date);
        let opened = self.ticket.as_ref().and_then(|ticket| ticket.opened_at).map(|at| at.date());
        let last = events.chain(samples).chain(opened).chain(self.opened_on).chain(self.anchor).max();
        self.as_of.map(|at| at.date()).or(last).unwrap_or(SOME_DAY)
    }

    /// The facts of the account.
    pub(super) fn facts(&self, methodology: &Methodology) -> Result<Facts, String> {
        let mut facts = methodology.blank_facts(self.day());
        let mut filling = Filling { methodology, facts: &mut facts };
        for (name, samples) in &self.history {
            filling.history(name, samples)?;
        }
        for (name, value) in self.account.iter().chain(&self.measures).chain(&self.metrics) {
            filling.put(name, value)?;
        }
        for (name, happened) in &self.events {
            filling.events(name, happened)?;
        }
        facts.renewal_opened = self.opened_on;
        let ticked = self.checked.iter().map(|criterion| criterion.as_str().into());
        let stage: Box<str> = match &self.exit_of {
            Some(stage) => stage.as_str().into(),
            None => methodology.evaluate(&facts).stage.as_deref().unwrap_or_default().into(),
        };
        facts.ticks = ticked.map(|criterion| Tick { stage: stage.clone(), criterion }).collect();
        Ok(facts)
    }

    /// The ticket, and the time by which what has not happened yet is judged.
    pub(super) fn ticket(&self) -> Option<(Ticket, DateTime<Utc>)> {
        let given = self.ticket.as_ref()?;
        let opened_at = given.opened_at?;
        let ticket = Ticket {
            severity: given.severity.as_deref().map(Into::into),
            level: given.level,
            opened_at: opened_at.and_utc(),
            escalated_at: given.escalated_at.map(|at| at.and_utc()),
            responded_at: given.responded_at.map(|at| at.and_utc()),
            resolved_at: given.resolved_at.map(|at| at.and_utc()),
        };
        let told = [self.as_of, given.escalated_at, given.responded_at, given.resolved_at];
        let now = told.into_iter().flatten().fold(opened_at, NaiveDateTime::max);
        Some((ticket, now.and_utc()))
    }
}

/// Facts being filled.
struct Filling<'m, 'f> {
    methodology: &'m Methodology,
    facts: &'f mut Facts,
}

impl Filling<'_, '_> {
    /// A field of the account, an input's current value or a base measure.
    fn put(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let number = || match value.as_val() {
            val if val.is_null() => Ok(None),
            val => val.as_number().map(Some).ok_or_else(|| format!("{name}: expected a number")),
        };
        let day = || match value {
            Value::Null => Ok(None),
            Value::Text(text) if text.parse::<NaiveDate>().is_ok() => Ok(text.parse().ok()),
            _ => Err(format!("{name}: expected a day such as \"2027-01-31\"")),
        };
        match name {
            "start_date" => self.facts.start_date = day()?,
            "renewal_date" => self.facts.renewal_date = day()?,
            "term_months" => {
                let months =
                    number()?.map(|n| (n.fract() == 0.0 && (0.0..=1200.0).contains(&n)).then_some(n as u32));
                if months == Some(None) {
                    return Err("term_months: expected a whole number of months".to_owned());
                }
                self.facts.term_months = months.flatten();
            }
            "arr" => self.facts.arr = number()?,
            "health" => self.facts.health_override = number()?,
            "segment" | "segment_pin" => {
                let known =
                    self.methodology.segments.iter().find(|s| value.as_val().as_text() == Some(&s.id));
                let segment = known.ok_or_else(|| format!("{name}: there is no segment `{value}`"))?;
                self.facts.segment_pin = Some((*segment.id).into());
            }
            _ => return self.named(name, value, number),
        }
        Ok(())
    }

    fn named(
        &mut self,
        name: &str,
        value: &Value,
        number: impl Fn() -> Result<Option<f64>, String>,
    ) -> Result<(), String> {
        if let Some(input) = self.methodology.input(name) {
            let today = self.facts.as_of;
            return self.store(input, [(today, value.clone())].into());
        }
        if let Some(measure) = self.methodology.measure(name) {
            self.facts.measures[usize::from(measure.0)] = number()?;
        } else if name == "seats" {
            self.facts.seats = number()?;
        } else {
            return Err(self.unknown(name));
        }
        Ok(())
    }

    fn history(&mut self, name: &str, samples: &[Sample]) -> Result<(), String> {
        let mut rows: Vec<_> = samples.iter().map(|sample| (sample.date, sample.value.clone())).collect();
        rows.sort_by_key(|row| row.0);
        if name == "health" {
            let number = |(day, value): &(NaiveDate, Value)| Some((*day, value.as_val().as_number()?));
            self.facts.health_history = rows.iter().filter_map(number).collect();
            return Ok(());
        }
        let input = self.methodology.input(name).ok_or_else(|| self.unknown(name))?;
        self.store(input, rows)
    }

    fn store(&mut self, input: &Input, rows: Vec<(NaiveDate, Value)>) -> Result<(), String> {
        let series = &mut self.facts.inputs[usize::from(input.id.0)];
        match (input.kind, series) {
            (InputKind::Event, _) => {
                return Err(format!("{} is an event; give it under `events`", input.name));
            }
            (InputKind::Attribute, series) => {
                let last = rows.into_iter().rfind(|row| row.0 <= self.facts.as_of);
                *series = last.map_or(Series::Missing, |row| Series::Attribute(row.1));
            }
            (InputKind::Gauge, Series::Gauge(known)) => {
                known.extend(rows);
                known.sort_by_key(|row| row.0);
            }
            (InputKind::Gauge, series) => *series = Series::Gauge(rows),
        }
        Ok(())
    }

    fn events(&mut self, name: &str, happened: &[Happened]) -> Result<(), String> {
        let input = self.methodology.input(name).ok_or_else(|| self.unknown(name))?;
        if input.kind != InputKind::Event {
            return Err(format!("{name} is no event; give it under `metrics` or `history`"));
        }
        let mut rows = Vec::new();
        for event in happened {
            rows.extend(event.days().map_err(|message| format!("{name}: {message}"))?);
        }
        rows.sort_by_key(|row| row.0);
        let last = rows.iter().map(|row| row.0).filter(|day| *day <= self.facts.as_of).max();
        self.facts.last_event = self.facts.last_event.max(last);
        self.facts.inputs[usize::from(input.id.0)] = Series::Events(rows);
        Ok(())
    }

    fn unknown(&self, name: &str) -> String {
        let inputs = self.methodology.inputs().iter().map(|input| &*input.name);
        let measures = self.methodology.measures().iter().map(|measure| &**measure);
        let near = nearest(name, FIELDS.into_iter().chain(inputs).chain(measures));
        let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        format!("the pack has no input or measure `{name}`{hint}")
    }
}
