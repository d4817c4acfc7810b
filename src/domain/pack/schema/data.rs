//! What accounts are judged by: inputs and what feeds them; and the hours that count.

use serde::Deserialize;

use crate::domain::pack::types::{List, Text};

/// Working hours.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Calendar {
    pub days: List<Text>,
    pub open: Text,
    pub close: Text,
    #[serde(default)]
    pub holidays: List<Text>,
}

/// A name that account data is stored under.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Input {
    pub kind: crate::domain::methodology::InputKind,
    #[serde(rename = "type")]
    pub ty: Option<crate::domain::methodology::InputType>,
    pub name: Option<Text>,
    pub unit: Option<Text>,
    #[serde(default)]
    pub values: List<Text>,
    /// How it is computed where no value is stored.
    pub from: Option<Text>,
    /// What feeds it.
    pub source: Option<InputSource>,
    /// How old a sample may be, such as `7d`.
    pub fresh: Option<Text>,
    pub note: Option<Text>,
}

/// What feeds an input: `{event: "Ticket Opened"}`, `{event: "*", count: users}`, `{event: Order, sum: amount}`,
/// `{trait: seats_used}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct InputSource {
    pub event: Option<Text>,
    /// `events` or `users`.
    pub count: Option<Text>,
    /// A property of the event.
    pub sum: Option<Text>,
    #[serde(rename = "trait")]
    pub group_trait: Option<Text>,
}
