//! The sections of a pack as written. Every key of the format has its field; a key without one is an error.
//! A section of the format has its struct in the file of its subject; [`File`] lists them all.
//!
//! Texts that decide something (ids, references, expressions, periods) are checked in `check`; all others
//! are shown as they are.
#![expect(
    missing_docs,
    reason = "a field is the key of its name; what a section means is said on its struct"
)]

mod about;
mod data;
mod health;
mod journey;
mod outreach;
mod playbook;
mod renewal;
mod rule;
mod support;
mod team;
mod value;

use serde::Deserialize;

pub use about::{Limits, Meta, Parameter, Preset, ProfileOption, ProfileQuestion, Resolution};
pub use data::{Calendar, Input, InputSource};
pub use health::{Band, Cap, Health, Indicator, Linear, Model, Step, TreeNode};
pub use journey::{Coverage, ExitCriterion, Lifecycle, Moment, Segment, Stage};
pub use outreach::{
    Advocacy, Offer, Price, Programme, Quota, Report, Selection, Survey, SurveyType, Template, Touchpoint,
    TouchpointKind,
};
pub use playbook::{Anchor, Playbook, Subject, Task, TaskKind};
pub use renewal::{RenewalStrategy, RenewalTimeline};
pub use rule::{Action, Cadence, Escalation, Rule, RuleCategory, Severity, Verb};
pub use support::{Sla, SlaChannel, SlaLevel, SlaPolicy};
pub use team::{CareerStep, Guide, GuideSection, Integration, Recognition, Role, Team};
pub use value::{
    Kpi, KpiScope, Objective, Pipeline, PipelineStep, SuccessPlan, Tracked, ValueDriver, ValueModel,
};

use super::types::{Dict, Figure, List, Text, section};

/// A whole pack.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct File {
    /// Version of the format: 1.
    pub schema: Figure,
    pub pack: Meta,
    #[serde(default)]
    pub parameters: Dict<Parameter>,
    #[serde(default)]
    pub presets: List<Preset>,
    #[serde(default)]
    pub profile: List<ProfileQuestion>,
    #[serde(default)]
    pub calendars: Dict<Calendar>,
    #[serde(default)]
    pub inputs: Dict<Input>,
    #[serde(default)]
    pub measures: Dict<Text>,
    #[serde(default)]
    pub segments: List<Segment>,
    #[serde(default, deserialize_with = "section")]
    pub lifecycle: Option<Lifecycle>,
    #[serde(default, deserialize_with = "section")]
    pub health: Option<Health>,
    #[serde(default)]
    pub playbooks: List<Playbook>,
    #[serde(default)]
    pub rules: List<Rule>,
    #[serde(default)]
    pub renewals: List<RenewalTimeline>,
    #[serde(default, deserialize_with = "section")]
    pub sla: Option<Sla>,
    #[serde(default)]
    pub value_models: List<ValueModel>,
    #[serde(default)]
    pub kpis: List<Kpi>,
    #[serde(default)]
    pub pipelines: List<Pipeline>,
    #[serde(default)]
    pub touchpoints: List<Touchpoint>,
    #[serde(default)]
    pub surveys: List<Survey>,
    #[serde(default)]
    pub offers: List<Offer>,
    #[serde(default, deserialize_with = "section")]
    pub advocacy: Option<Advocacy>,
    #[serde(default)]
    pub reports: List<Report>,
    #[serde(default)]
    pub templates: List<Template>,
    #[serde(default)]
    pub success_plans: List<SuccessPlan>,
    #[serde(default, deserialize_with = "section")]
    pub team: Option<Team>,
    #[serde(default)]
    pub integrations: List<Integration>,
    #[serde(default)]
    pub guides: List<Guide>,
    #[serde(default)]
    pub resolutions: List<Resolution>,
}
