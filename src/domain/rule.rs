//! Rules: a condition, and what to do when it turns true.

use super::Id;
use super::calendar::Period;
use super::expr::{Expr, Scope};

/// A compiled rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// When it fires.
    pub when: Expr,
    /// Whom to tell beyond the owner.
    pub escalate: Vec<Escalation>,
}

/// Whom to tell, and under which further condition.
#[derive(Debug, Clone)]
pub struct Escalation {
    /// The role told.
    pub to: Id,
    /// The condition; none always holds.
    pub when: Option<Expr>,
    /// How long the alert must have been open first; none is at once.
    pub after: Option<Period>,
}

/// A rule whose condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Position in the methodology's rules.
    pub rule: usize,
    /// The rule's id.
    pub id: Id,
    /// Roles to tell at once.
    pub escalate: Vec<Id>,
    /// Positions of the escalations that fall due once the alert has been open for long enough.
    pub later: Vec<usize>,
}

/// The rules that fire.
pub(super) fn firing<'a>(rules: &'a [Rule], scope: &Scope<'a>) -> Vec<Firing> {
    let now = |e: &&'a Escalation| e.when.as_ref().is_none_or(|when| when.holds(scope));
    let fires = rules.iter().enumerate().filter(|(_, rule)| rule.when.holds(scope));
    fires
        .map(|(i, rule)| {
            let (mut escalate, mut later) = (Vec::new(), Vec::new());
            for (at, escalation) in rule.escalate.iter().enumerate().filter(|(_, e)| now(e)) {
                match escalation.after {
                    None => escalate.push(escalation.to.clone()),
                    Some(_) => later.push(at),
                }
            }
            Firing { rule: i, id: rule.id.clone(), escalate, later }
        })
        .collect()
}
