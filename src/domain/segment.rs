//! Segments: the class of account that decides coverage and cadence. The first whose condition holds wins.

use super::Id;
use super::expr::{Expr, Scope};

/// A compiled segment.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its id, as `segment` in expressions.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// Accounts it takes; none takes all that are left.
    pub when: Option<Expr>,
    /// Conditions that agree or disagree with the choice; they never decide.
    pub advisory: Vec<Expr>,
}

/// Where an account belongs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placed {
    /// Position of the segment that holds: the pinned one, else the one by rule.
    pub segment: Option<usize>,
    /// Position of the segment the rules choose.
    pub by_rule: Option<usize>,
}

/// Places an account; `pin` is the id of a segment set by hand (an unknown id is ignored).
pub(super) fn place<'a>(segments: &'a [Segment], pin: Option<&str>, scope: &Scope<'a>) -> Placed {
    let by_rule = segments.iter().position(|s| s.when.as_ref().is_none_or(|when| when.holds(scope)));
    let pinned = pin.and_then(|pin| segments.iter().position(|s| &*s.id == pin));
    Placed { segment: pinned.or(by_rule), by_rule }
}
