//! Milestones before a renewal, and ways to approach it.

use serde::Deserialize;

use crate::domain::pack::types::{List, Text, window};

/// A renewal timeline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RenewalTimeline {
    pub id: Text,
    pub name: Option<Text>,
    pub when: Option<Text>,
    #[serde(deserialize_with = "window")]
    pub window: i64,
    pub playbook: Text,
    #[serde(default)]
    pub strategies: List<RenewalStrategy>,
}

/// A way to approach a renewal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RenewalStrategy {
    pub id: Text,
    pub name: Text,
    pub when: Option<Text>,
    pub approach: Option<Text>,
    pub incentive: Option<Text>,
    pub criteria: Option<Text>,
    #[serde(default)]
    pub derived: bool,
}
