//! Figures with targets: value models, KPIs, pipelines, plans agreed with customers.

use serde::Deserialize;

use super::playbook::Subject;
use crate::domain::pack::types::{Dict, Figure, List, Text};

/// Gain against cost.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ValueModel {
    pub id: Text,
    pub name: Text,
    pub subject: Subject,
    #[serde(default)]
    pub constants: Dict<Figure>,
    pub gains: List<ValueDriver>,
    pub costs: List<ValueDriver>,
    pub results: Dict<Text>,
    #[serde(default)]
    pub targets: Dict<Text>,
    #[serde(default)]
    pub tracked: List<Tracked>,
    #[serde(default)]
    pub categories: List<Text>,
    #[serde(default)]
    pub example: Dict<Text>,
}

/// One line of gain or cost.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ValueDriver {
    pub id: Text,
    pub name: Text,
    pub group: Option<Text>,
    pub formula: Text,
    pub tracking: Option<Text>,
}

/// A value metric followed by hand.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Tracked {
    pub id: Text,
    pub name: Text,
    pub target: Option<Text>,
    pub measurement: Option<Text>,
    pub baseline: Option<Text>,
    pub calculation: Option<Text>,
}

/// A figure with a target.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Kpi {
    pub id: Text,
    pub name: Text,
    pub group: Option<Text>,
    pub scope: KpiScope,
    pub formula: Text,
    pub unit: Option<Text>,
    pub target: Option<Text>,
    #[serde(default)]
    pub by_segment: Dict<Text>,
    pub review: Option<Text>,
    pub benchmark: Option<Figure>,
    pub benchmark_text: Option<Text>,
    pub note: Option<Text>,
}

/// What a KPI is computed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KpiScope {
    Portfolio,
    Segment,
    Account,
    Csm,
    Tenant,
}

/// Steps that something passes through.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Pipeline {
    pub id: Text,
    pub name: Text,
    pub subject: Text,
    pub steps: List<PipelineStep>,
}

/// One step with its checks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PipelineStep {
    pub id: Text,
    pub name: Text,
    #[serde(default)]
    pub checks: List<Text>,
}

/// A plan agreed with a customer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SuccessPlan {
    pub id: Text,
    pub name: Text,
    pub subject: Text,
    pub customer_facing: Option<bool>,
    pub objectives: List<Objective>,
}

/// One aim of a plan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Objective {
    pub title: Text,
    pub target: Option<Text>,
    pub measure: Option<Text>,
    pub baseline: Option<Text>,
    pub benchmark: Option<Text>,
    pub plan: Option<Text>,
}
