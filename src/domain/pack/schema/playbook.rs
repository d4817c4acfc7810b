//! Templates of tasks.

use serde::Deserialize;

use crate::domain::pack::types::{DayRange, Figure, List, Text, day, maybe_days};

/// A template of tasks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Playbook {
    pub id: Text,
    pub name: Text,
    pub category: Text,
    pub subject: Subject,
    pub anchor: Anchor,
    #[serde(default, deserialize_with = "day")]
    pub first_day: i64,
    #[serde(default, deserialize_with = "maybe_days")]
    pub days: Option<i64>,
    #[serde(default, deserialize_with = "maybe_days")]
    pub min_days: Option<i64>,
    pub every: Option<Text>,
    pub goal: Option<Text>,
    pub goal_when: Option<Text>,
    pub success_rate: Option<Figure>,
    pub cost: Option<Text>,
    pub tasks: List<Task>,
    pub note: Option<Text>,
}

/// Whom a playbook is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Account,
    Member,
    Tenant,
}

/// The date a playbook's days count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    Start,
    StageEntry,
    Renewal,
    Trigger,
}

/// One task of a playbook.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Task {
    pub title: Text,
    pub day: Option<DayRange>,
    #[serde(default, deserialize_with = "maybe_days")]
    pub lasts: Option<i64>,
    pub owner: Option<Text>,
    pub kind: Option<TaskKind>,
    pub duration: Option<Text>,
    #[serde(default)]
    pub details: List<Text>,
    #[serde(default)]
    pub deliverables: List<Text>,
    pub done_when: Option<Text>,
    pub phase: Option<Text>,
    pub handoff_to: Option<Text>,
    pub success: Option<Text>,
    pub resources: Option<Text>,
    pub risk: Option<Text>,
}

/// What sort of task it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    Task,
    Meeting,
    Training,
    Milestone,
    Validation,
}
