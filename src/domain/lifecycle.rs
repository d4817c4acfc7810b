//! The lifecycle: the day number, the one base stage a day belongs to, overlays beside it, exit criteria, moments.

use chrono::NaiveDate;

use super::Id;
use super::expr::{Expr, Scope};
use super::facts::Facts;

/// The compiled `lifecycle` section.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Number of the start date: 0 or 1.
    pub first_day: i64,
    /// Base stages and overlays in the pack's order.
    pub stages: Vec<Stage>,
    /// Critical moments.
    pub moments: Vec<Moment>,
}

/// A compiled stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its id, as `stage` in expressions.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// When it applies.
    pub span: StageSpan,
    /// What should be true before it is left.
    pub exit: Vec<Criterion>,
    /// Ids of the playbooks started when it is entered.
    pub playbooks: Vec<Id>,
}

/// When a stage applies.
#[derive(Debug, Clone)]
pub enum StageSpan {
    /// A base stage: from the first to the last day number, both included; open-ended without a last.
    Days(i64, Option<i64>),
    /// An overlay beside the base stage, while its condition holds.
    Overlay(Expr),
}

/// An exit criterion.
#[derive(Debug, Clone)]
pub struct Criterion {
    /// Its name, unique within the stage.
    pub name: Id,
    /// The condition; none is ticked by hand.
    pub when: Option<Expr>,
}

/// A moment worth recording, once per account.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// When it has come.
    pub when: Option<Expr>,
}

/// An exit criterion of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionState {
    /// The criterion's name.
    pub name: Id,
    /// Whether it is met; missing data never proves a criterion.
    pub met: bool,
    /// Whether it is ticked by hand rather than computed.
    pub by_hand: bool,
}

/// The day number: days since the start plus the number of the first day. None without a start date.
pub fn day_number(lifecycle: &Lifecycle, start: Option<NaiveDate>, as_of: NaiveDate) -> Option<i64> {
    Some((as_of - start?).num_days() + lifecycle.first_day)
}

/// Position of the base stage a day belongs to; none before the first stage.
pub fn base_stage(lifecycle: &Lifecycle, day: Option<i64>) -> Option<usize> {
    let day = day?;
    lifecycle.stages.iter().position(
        |stage| matches!(stage.span, StageSpan::Days(from, to) if from <= day && to.is_none_or(|to| day <= to)),
    )
}

/// Position of the base stage of an id; none for an overlay or an unknown one.
pub fn base_stage_of(lifecycle: &Lifecycle, id: &str) -> Option<usize> {
    lifecycle.stages.iter().position(|stage| *stage.id == *id && matches!(stage.span, StageSpan::Days(..)))
}

/// Positions of the overlays that hold.
pub(super) fn overlays<'a>(lifecycle: &'a Lifecycle, scope: &Scope<'a>) -> Vec<usize> {
    let holds = |stage: &'a Stage| matches!(&stage.span, StageSpan::Overlay(when) if when.holds(scope));
    (0..lifecycle.stages.len()).filter(|i| holds(&lifecycle.stages[*i])).collect()
}

/// The exit criteria of a stage.
pub(super) fn exit<'a>(stage: &'a Stage, facts: &Facts, scope: &Scope<'a>) -> Vec<CriterionState> {
    let ticked = |name: &str| facts.ticks.iter().any(|t| *t.stage == *stage.id && *t.criterion == *name);
    let state = |criterion: &'a Criterion| CriterionState {
        name: criterion.name.clone(),
        met: criterion.when.as_ref().map_or_else(|| ticked(&criterion.name), |when| when.holds(scope)),
        by_hand: criterion.when.is_none(),
    };
    stage.exit.iter().map(state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifecycle(first_day: i64, spans: &[(i64, Option<i64>)]) -> Lifecycle {
        let stage = |(i, &(from, to)): (usize, &(i64, Option<i64>))| Stage {
            id: i.to_string().into(),
            name: i.to_string().into(),
            span: StageSpan::Days(from, to),
            exit: vec![],
            playbooks: vec![],
        };
        Lifecycle { first_day, stages: spans.iter().enumerate().map(stage).collect(), moments: vec![] }
    }

    #[test]
    fn days_and_stages() {
        let one = lifecycle(1, &[(1, Some(90)), (91, None)]);
        let zero = lifecycle(0, &[(0, Some(30)), (31, None)]);
        for (lifecycle, start, as_of, day, stage) in [
            (&one, "2027-01-01", "2027-03-31", 90, Some(0)),
            (&one, "2027-01-01", "2027-04-01", 91, Some(1)),
            (&one, "2027-01-01", "2026-12-31", 0, None),
            (&zero, "2027-01-01", "2027-01-31", 30, Some(0)),
            (&zero, "2028-02-01", "2028-03-02", 30, Some(0)),
            (&zero, "2027-01-01", "2027-02-01", 31, Some(1)),
        ] {
            let number = day_number(lifecycle, Some(start.parse().unwrap()), as_of.parse().unwrap());
            assert_eq!(number, Some(day), "{start} {as_of}");
            assert_eq!(base_stage(lifecycle, number), stage, "{start} {as_of}");
        }
        assert_eq!(base_stage(&one, day_number(&one, None, "2027-01-01".parse().unwrap())), None);
    }
}
