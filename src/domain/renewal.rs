//! Renewals: the next date, the timeline that leads to it with its milestones, and the strategy.

use chrono::NaiveDate;

use super::Id;
use super::calendar::next_renewal;
use super::expr::{Expr, Scope};
use super::facts::Facts;
use super::playbook::{Planned, Playbook};

/// A compiled renewal timeline; the first whose condition holds is the account's.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Its id.
    pub id: Id,
    /// Accounts it serves; none serves all that are left.
    pub when: Option<Expr>,
    /// Days before the renewal at which it opens.
    pub window: i64,
    /// Position of the playbook with its milestones.
    pub playbook: usize,
    /// Ways to approach the renewal, the first that applies wins.
    pub strategies: Vec<Strategy>,
}

/// A way to approach a renewal.
#[derive(Debug, Clone)]
pub struct Strategy {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// When it applies; none always does.
    pub when: Option<Expr>,
}

/// An account's next renewal.
#[derive(Debug, Clone, PartialEq)]
pub struct Renewal {
    /// The date; on it the renewal is still this one.
    pub date: NaiveDate,
    /// Days from as-of to the date; negative when a stored date has passed.
    pub days: i64,
    /// Id of the timeline.
    pub timeline: Option<Id>,
    /// Whether the timeline's window has been reached.
    pub open: bool,
    /// The timeline's tasks with their dates.
    pub milestones: Vec<Planned>,
    /// Id of the strategy that applies as things are.
    pub strategy: Option<Id>,
}

/// The account's next renewal date: the stored one, even when it is past (an overdue renewal must not vanish);
/// else by start and term.
pub fn next_date(facts: &Facts) -> Option<NaiveDate> {
    facts.renewal_date.or_else(|| next_renewal(facts.start_date?, facts.term_months?, facts.as_of))
}

/// Position of the account's timeline.
pub(super) fn timeline<'a>(timelines: &'a [Timeline], scope: &Scope<'a>) -> Option<usize> {
    timelines.iter().position(|t| t.when.as_ref().is_none_or(|when| when.holds(scope)))
}

/// Whether a renewal `days` ahead is within the timeline's window.
pub(super) fn is_open(timeline: &Timeline, days: i64) -> bool {
    (0..=timeline.window).contains(&days)
}

/// The strategy that applies.
pub(super) fn strategy<'a>(timeline: &'a Timeline, scope: &Scope<'a>) -> Option<&'a Strategy> {
    timeline.strategies.iter().find(|s| s.when.as_ref().is_none_or(|when| when.holds(scope)))
}

/// The timeline's milestones for a renewal on `date`, late where planned before it was opened.
pub(super) fn milestones(playbook: &Playbook, date: NaiveDate, opened: Option<NaiveDate>) -> Vec<Planned> {
    playbook.plan(date, opened)
}
