//! What a pack is called, what a tenant may change when applying it, and how it classifies the tenant.

use serde::Deserialize;

use crate::domain::pack::types::{Dict, Figure, List, Text};

/// What the pack is called and which currency and time zone it works in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Meta {
    pub id: Text,
    pub name: Text,
    pub version: Option<Text>,
    pub source: Option<Text>,
    pub product: Option<Text>,
    pub classification: Option<Text>,
    pub currency: Option<Text>,
    pub timezone: Option<Text>,
    pub summary: Option<Text>,
    #[serde(default)]
    pub facts: List<Text>,
}

/// A figure or text that a tenant may change when applying the pack.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Parameter {
    pub default: Text,
    pub unit: Option<Text>,
    pub note: Option<Text>,
}

/// A named set of parameters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Preset {
    pub id: Text,
    pub name: Text,
    #[serde(default)]
    pub set: Dict<Text>,
    #[serde(default)]
    pub facts: List<Text>,
}

/// A question that classifies the tenant itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProfileQuestion {
    pub id: Text,
    pub name: Text,
    pub choose: Option<bool>,
    #[serde(default)]
    pub options: List<ProfileOption>,
}

/// An answer; the first whose condition holds is suggested.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProfileOption {
    pub id: Text,
    pub name: Text,
    pub when: Option<Text>,
    pub ratio: Option<Limits>,
}

/// A least and a greatest number.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Limits {
    pub min: Option<Figure>,
    pub max: Option<Figure>,
}

/// How an inconsistency of the pack's source was settled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Resolution {
    pub id: Text,
    pub issue: Text,
    pub resolution: Text,
}
