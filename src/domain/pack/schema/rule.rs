//! Conditions, and what is done when they turn true.

use serde::Deserialize;

use crate::domain::pack::types::{List, Text};

/// A condition and what to do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Rule {
    pub id: Text,
    pub name: Text,
    pub category: RuleCategory,
    pub severity: Severity,
    #[serde(default)]
    pub cadence: Cadence,
    pub when: Text,
    pub actions: List<Action>,
    #[serde(default)]
    pub escalate: List<Escalation>,
    pub note: Option<Text>,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleCategory {
    Risk,
    Engagement,
    Expansion,
    Renewal,
    Advocacy,
}

/// How grave an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// How often a rule is evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    #[default]
    Daily,
    Weekly,
    Monthly,
    Quarterly,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Action {
    #[serde(rename = "do")]
    pub verb: Verb,
    pub title: Option<Text>,
    pub owner: Option<Text>,
    pub playbook: Option<Text>,
    pub offer: Option<Text>,
    pub role: Option<Text>,
    pub approach: Option<Text>,
    pub template: Option<Text>,
}

/// The verbs of rules; `cta` raises an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Cta,
    Playbook,
    Renewal,
    Notify,
    Opportunity,
    Email,
    Task,
}

/// Whom a rule tells beyond the owner.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Escalation {
    pub to: Text,
    pub when: Option<Text>,
    pub after: Option<Text>,
    pub title: Option<Text>,
}
