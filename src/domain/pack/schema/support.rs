//! Response and resolution times, and the levels of support.

use serde::Deserialize;

use crate::domain::pack::types::{List, Text, level};

/// Response and resolution times.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sla {
    #[serde(default)]
    pub strict: bool,
    #[serde(default)]
    pub levels: List<SlaLevel>,
    #[serde(default)]
    pub policies: List<SlaPolicy>,
    #[serde(default)]
    pub channels: List<SlaChannel>,
}

/// A level tickets are escalated to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SlaLevel {
    #[serde(deserialize_with = "level")]
    pub id: i64,
    pub name: Text,
    pub role: Text,
    pub calendar: Option<Text>,
    #[serde(default)]
    pub authority: List<Text>,
    #[serde(default)]
    pub triggers: List<Text>,
}

/// The times that apply to a ticket.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SlaPolicy {
    pub name: Option<Text>,
    pub when: Option<Text>,
    pub response: Text,
    pub resolution: Option<Text>,
    pub calendar: Option<Text>,
}

/// A way to reach support.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SlaChannel {
    pub name: Text,
    pub text: Option<Text>,
    pub calendar: Option<Text>,
}
