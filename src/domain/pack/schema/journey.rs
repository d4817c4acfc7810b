//! Classes of accounts and their way through the stages.

use serde::Deserialize;

use super::about::Limits;
use crate::domain::pack::types::{Dict, List, Text, day, maybe_day};

/// A class of accounts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Segment {
    pub id: Text,
    pub name: Text,
    pub when: Option<Text>,
    #[serde(default)]
    pub advisory: List<Text>,
    pub coverage: Option<Coverage>,
    #[serde(default)]
    pub service: Dict<Text>,
    #[serde(default)]
    pub activities: List<Text>,
}

/// Who looks after a segment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Coverage {
    pub model: Text,
    pub role: Option<Text>,
    pub accounts_per_csm: Option<Limits>,
    pub accounts_per_tam: Option<Limits>,
    pub account_volume: Option<Text>,
    pub text: Option<Text>,
}

/// Stages by day number.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Lifecycle {
    #[serde(default, deserialize_with = "day")]
    pub first_day: i64,
    #[serde(default)]
    pub stages: List<Stage>,
    #[serde(default)]
    pub moments: List<Moment>,
}

/// A stage, or an overlay beside it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Stage {
    pub id: Text,
    pub name: Text,
    #[serde(default, deserialize_with = "maybe_day")]
    pub from: Option<i64>,
    #[serde(default, deserialize_with = "maybe_day")]
    pub to: Option<i64>,
    #[serde(default)]
    pub derived: bool,
    #[serde(default)]
    pub overlay: bool,
    pub when: Option<Text>,
    pub duration_text: Option<Text>,
    #[serde(default)]
    pub objectives: List<Text>,
    #[serde(default)]
    pub risks: List<Text>,
    #[serde(default)]
    pub exit: List<ExitCriterion>,
    #[serde(default)]
    pub playbooks: List<Text>,
    #[serde(default)]
    pub notes: List<Text>,
}

/// What should be true before a stage is left.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ExitCriterion {
    pub name: Text,
    pub when: Option<Text>,
}

/// A moment recorded once per account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Moment {
    pub id: Text,
    pub name: Text,
    pub text: Option<Text>,
    pub when: Option<Text>,
}
