//! Service levels: which response and resolution time applies to a ticket.

use super::Id;
use super::calendar::Period;
use super::expr::Expr;

/// The compiled `sla` section.
#[derive(Debug, Clone, Default)]
pub struct Sla {
    /// Whether a time is breached when it is reached, rather than when it is exceeded.
    pub strict: bool,
    /// Levels a ticket can be at.
    pub levels: Vec<Level>,
    /// Policies, the first that applies wins.
    pub policies: Vec<Policy>,
}

/// A level of escalation.
#[derive(Debug, Clone)]
pub struct Level {
    /// Its number, from 1.
    pub id: i64,
    /// The role that works on it.
    pub role: Id,
    /// Id of the calendar it works by; none is around the clock.
    pub calendar: Option<Id>,
}

/// The times that apply to a ticket.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Tickets it applies to; `severity` and `level` are known besides the account's names.
    pub when: Option<Expr>,
    /// Time to the first response.
    pub response: Period,
    /// Time to the resolution.
    pub resolution: Option<Period>,
    /// Id of the calendar its times run by; goes before the level's.
    pub calendar: Option<Id>,
}
