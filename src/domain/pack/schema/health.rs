//! Indicators, weighted models and bands.

use serde::Deserialize;

use crate::domain::pack::types::{Dict, Figure, List, Text, maybe_decimals};

/// Indicators, models, bands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Health {
    pub every: Option<Text>,
    #[serde(default, deserialize_with = "maybe_decimals")]
    pub round: Option<u32>,
    pub bands: List<Band>,
    #[serde(default)]
    pub caps: List<Cap>,
    pub indicators: Dict<Indicator>,
    pub models: List<Model>,
}

/// A range of the score.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Band {
    pub id: Text,
    pub name: Text,
    pub colour: Text,
    pub from: Option<Figure>,
    pub above: Option<Figure>,
    pub meaning: Option<Text>,
    pub action: Option<Text>,
    pub escalate_to: Option<Text>,
    #[serde(default)]
    pub signs: List<Text>,
}

/// A condition under which the band is no better than a given one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Cap {
    pub when: Text,
    pub at_most: Text,
    pub why: Text,
}

/// A reading with one of three curves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Indicator {
    pub name: Text,
    pub value: Text,
    pub steps: Option<List<Step>>,
    pub map: Option<Dict<Figure>>,
    pub linear: Option<Linear>,
    #[serde(default)]
    pub thresholds: Dict<Text>,
}

/// One step of a curve.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Step {
    pub from: Option<Figure>,
    pub above: Option<Figure>,
    pub upto: Option<Figure>,
    pub below: Option<Figure>,
    pub score: Figure,
    pub label: Option<Text>,
}

/// A straight line from 0 to 100.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Linear {
    pub zero: Figure,
    pub full: Figure,
}

/// A weighted tree.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Model {
    pub id: Text,
    pub name: Text,
    pub primary: Option<Text>,
    pub tree: List<TreeNode>,
}

/// A node of a weighted tree: an indicator, or a name with children.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TreeNode {
    pub indicator: Option<Text>,
    pub id: Option<Text>,
    pub name: Option<Text>,
    pub weight: Option<Figure>,
    pub children: Option<List<TreeNode>>,
}
