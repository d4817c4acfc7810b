//! Everything known of one account as of a day: the only thing besides the methodology that a score depends on.
//!
//! The database layer fills `Facts` from rows by position: `inputs[i]` belongs to the methodology's input `i`
//! ([`Methodology::inputs`](super::methodology::Methodology::inputs)), so that nothing is looked up by name
//! while accounts are evaluated. Start from
//! [`Methodology::blank_facts`](super::methodology::Methodology::blank_facts).

use std::sync::Arc;

use chrono::NaiveDate;

use super::value::{Val, Value};

/// Position of an input in [`Methodology::inputs`](super::methodology::Methodology::inputs) and [`Facts::inputs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputId(pub u16);

/// Position of a base measure in [`Methodology::measures`](super::methodology::Methodology::measures) and
/// [`Facts::measures`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MeasureId(pub u16);

/// What is stored for one input of one account.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Series {
    /// Nothing at all.
    #[default]
    Missing,
    /// An attribute's current value.
    Attribute(Value),
    /// How often an event happened, by date, sorted; dates need not be unique.
    Events(Vec<(NaiveDate, f64)>),
    /// Samples by date, sorted; the last of a date wins. Must include the latest sample on or before the
    /// as-of date however old it is, and all samples of the input's look-back.
    Gauge(Vec<(NaiveDate, Value)>),
}

/// An exit criterion that somebody ticked by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The stage's id.
    pub stage: Box<str>,
    /// The criterion's name.
    pub criterion: Box<str>,
}

/// One account as of a day. Rows dated after `as_of` are ignored, so the past can be asked with today's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The day in question, in the tenant's time zone.
    pub as_of: NaiveDate,
    /// First day of the first contract.
    pub start_date: Option<NaiveDate>,
    /// The renewal date, where it is known and not to be computed from start and term.
    pub renewal_date: Option<NaiveDate>,
    /// Length of the term in months.
    pub term_months: Option<u32>,
    /// Annual recurring revenue in major units of the methodology's currency.
    pub arr: Option<f64>,
    /// Seats or licences under contract: the value of an attribute input named `seats` that has none of its own.
    pub seats: Option<f64>,
    /// What is stored per input, in the methodology's order.
    pub inputs: Vec<Series>,
    /// The account's base measures, in the methodology's order.
    pub measures: Vec<Option<f64>>,
    /// Past health scores by date, sorted: the series behind `highest(health, 30d)`.
    pub health_history: Vec<(NaiveDate, f64)>,
    /// A score set by hand; it replaces the computed one before rounding and banding.
    pub health_override: Option<f64>,
    /// Id of a band set by hand; it replaces the one the score and the caps give, and leaves the score alone.
    pub band_override: Option<Box<str>>,
    /// Days after which a sample is stale, per input in the methodology's order, where the tenant has set other ones
    /// than the methodology: shared by all accounts. Inputs without an entry keep the methodology's.
    pub fresh_days: Option<Arc<[Option<u32>]>>,
    /// A segment pinned by hand; it replaces the one the rules choose.
    pub segment_pin: Option<Box<str>>,
    /// A base stage the account is held in by hand; it replaces the one of the calendar.
    pub stage_pin: Option<Box<str>>,
    /// Day of the latest event of any kind, however old; none means that no event ever arrived.
    pub last_event: Option<NaiveDate>,
    /// Criteria ticked by hand.
    pub ticks: Vec<Tick>,
    /// The day the current renewal's timeline was opened; milestones planned before it are late.
    pub renewal_opened: Option<NaiveDate>,
}

impl Facts {
    /// What is stored for an input.
    pub fn series(&self, id: InputId) -> &Series {
        self.inputs.get(usize::from(id.0)).unwrap_or(&Series::Missing)
    }

    /// Days after which a sample of an input is stale, where the tenant has set them.
    pub fn fresh_days(&self, id: InputId) -> Option<u32> {
        self.fresh_days.as_ref()?.get(usize::from(id.0)).copied().flatten()
    }

    /// A base measure.
    pub fn measure(&self, id: MeasureId) -> Option<f64> {
        self.measures.get(usize::from(id.0)).copied().flatten()
    }
}

impl Series {
    /// The current value of an attribute or gauge as of a day; null for events.
    pub fn current(&self, as_of: NaiveDate) -> Val<'_> {
        match self {
            Self::Missing | Self::Events(_) => Val::Null,
            Self::Attribute(value) => value.as_val(),
            Self::Gauge(samples) => up_to(samples, as_of).last().map_or(Val::Null, |(_, v)| v.as_val()),
        }
    }

    /// Day of the latest row on or before `as_of`; none for attributes.
    pub fn last_date(&self, as_of: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Missing | Self::Attribute(_) => None,
            Self::Events(rows) => up_to(rows, as_of).last().map(|(date, _)| *date),
            Self::Gauge(rows) => up_to(rows, as_of).last().map(|(date, _)| *date),
        }
    }
}

/// The rows on or before `last`.
pub(super) fn up_to<T>(rows: &[(NaiveDate, T)], last: NaiveDate) -> &[(NaiveDate, T)] {
    &rows[..rows.partition_point(|(date, _)| *date <= last)]
}

/// The rows of the half-open window (`after`, `last`].
pub(super) fn between<T>(rows: &[(NaiveDate, T)], after: NaiveDate, last: NaiveDate) -> &[(NaiveDate, T)] {
    let rows = up_to(rows, last);
    &rows[rows.partition_point(|(date, _)| *date <= after)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn windows_are_half_open() {
        let rows: Vec<_> =
            ["2027-06-23", "2027-06-24", "2027-06-30", "2027-07-01"].map(|t| (d(t), 1.0)).into();
        assert_eq!(between(&rows, d("2027-06-23"), d("2027-06-30")).len(), 2);
        assert_eq!(between(&rows, d("2027-07-01"), d("2027-07-08")).len(), 0);
    }

    #[test]
    fn the_future_is_not_seen() {
        let gauge = Series::Gauge(vec![(d("2027-01-01"), 1.0.into()), (d("2027-02-01"), 2.0.into())]);
        assert_eq!(gauge.current(d("2027-01-31")), Val::Number(1.0));
        assert_eq!(gauge.last_date(d("2027-01-31")), Some(d("2027-01-01")));
        assert!(gauge.current(d("2026-12-31")).is_null());
    }
}
