//! Rules: a condition, and what to do when it turns true.

use super::Id;
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
    /// Whether it waits some time first, as the pack's `after` says.
    pub later: bool,
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
}

/// The rules that fire.
pub(super) fn firing<'a>(rules: &'a [Rule], scope: &Scope<'a>) -> Vec<Firing> {
    let told = |rule: &'a Rule| {
        let now =
            rule.escalate.iter().filter(|e| !e.later && e.when.as_ref().is_none_or(|when| when.holds(scope)));
        now.map(|e| e.to.clone()).collect()
    };
    let fires = rules.iter().enumerate().filter(|(_, rule)| rule.when.holds(scope));
    fires.map(|(i, rule)| Firing { rule: i, id: rule.id.clone(), escalate: told(rule) }).collect()
}
