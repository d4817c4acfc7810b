//! Who does the work, and with what: roles, tools, reference texts.

use serde::Deserialize;

use super::about::Limits;
use crate::domain::pack::types::{Dict, Figure, List, Text};

/// Roles and how people grow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Team {
    pub roles: List<Role>,
    #[serde(default)]
    pub career_path: List<CareerStep>,
    #[serde(default)]
    pub training: List<Text>,
    #[serde(default)]
    pub resources: List<Text>,
    #[serde(default)]
    pub development: List<Text>,
    #[serde(default)]
    pub certification_levels: List<Text>,
    #[serde(default)]
    pub recognition: List<Recognition>,
    #[serde(default)]
    pub ratios: Dict<Text>,
}

/// A role that rules and tasks name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Role {
    pub id: Text,
    pub name: Text,
    #[serde(default)]
    pub responsibilities: List<Text>,
    #[serde(default)]
    pub skills: List<Text>,
    #[serde(default)]
    pub metrics: List<Text>,
    #[serde(default)]
    pub focus: List<Text>,
    pub accounts: Option<Limits>,
    pub headcount: Option<Figure>,
    pub annual_cost: Option<Figure>,
    pub coverage: Option<Text>,
}

/// A step of a career.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CareerStep {
    pub id: Text,
    pub years: Option<Text>,
}

/// An award.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Recognition {
    pub every: Text,
    pub award: Text,
}

/// A tool the team works with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Integration {
    pub id: Text,
    pub name: Text,
    pub category: Text,
    pub direction: Text,
    pub mode: Option<Text>,
    #[serde(default)]
    pub data: List<Text>,
    pub automation_pct: Option<Text>,
    pub annual_cost: Option<Text>,
}

/// Reference text for CSMs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Guide {
    pub id: Text,
    pub title: Text,
    pub sections: List<GuideSection>,
}

/// A part of a guide.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GuideSection {
    pub title: Text,
    #[serde(default)]
    pub items: List<Text>,
}
