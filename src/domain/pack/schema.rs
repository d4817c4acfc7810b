//! The sections of a pack as written. Every key of the format has its field; a key without one is an error.
//!
//! Texts that decide something (ids, references, expressions, periods) are checked in `check`; all others
//! are shown as they are.
#![expect(
    missing_docs,
    reason = "a field is the key of its name; what a section means is said on its struct"
)]

use serde::Deserialize;

use super::types::{
    DayRange, Dict, Figure, List, Text, day, level, maybe_day, maybe_days, maybe_decimals, section, window,
};

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
    pub kind: super::super::methodology::InputKind,
    #[serde(rename = "type")]
    pub ty: Option<super::super::methodology::InputType>,
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

/// A condition and what to do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Rule {
    pub id: Text,
    pub name: Text,
    pub category: RuleCategory,
    pub severity: Severity,
    #[serde(default)]
    pub cadence: Cadence,
    pub when: Text,
    pub actions: List<Action>,
    #[serde(default)]
    pub escalate: List<Escalation>,
    pub note: Option<Text>,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleCategory {
    Risk,
    Engagement,
    Expansion,
    Renewal,
    Advocacy,
}

/// How grave an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// How often a rule is evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    #[default]
    Daily,
    Weekly,
    Monthly,
    Quarterly,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Action {
    #[serde(rename = "do")]
    pub verb: Verb,
    pub title: Option<Text>,
    pub owner: Option<Text>,
    pub playbook: Option<Text>,
    pub offer: Option<Text>,
    pub role: Option<Text>,
    pub approach: Option<Text>,
    pub template: Option<Text>,
}

/// The verbs of rules; `cta` raises an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Cta,
    Playbook,
    Renewal,
    Notify,
    Opportunity,
    Email,
    Task,
}

/// Whom a rule tells beyond the owner.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Escalation {
    pub to: Text,
    pub when: Option<Text>,
    pub after: Option<Text>,
    pub title: Option<Text>,
}

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

/// A recurring contact.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Touchpoint {
    pub id: Text,
    pub name: Text,
    pub kind: TouchpointKind,
    #[serde(default)]
    pub segments: List<Text>,
    pub every: Text,
    pub until: Option<Text>,
    pub duration: Option<Text>,
    #[serde(default)]
    pub participants: List<Text>,
    #[serde(default)]
    pub agenda: List<Text>,
    #[serde(default)]
    pub deliverables: List<Text>,
    pub report: Option<Text>,
}

/// What sort of contact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TouchpointKind {
    Meeting,
    Review,
    Report,
    Update,
    Internal,
}

/// A survey, recurring or triggered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Survey {
    pub id: Text,
    pub name: Text,
    #[serde(rename = "type")]
    pub ty: SurveyType,
    pub every: Option<Text>,
    pub trigger: Option<Text>,
    pub audience: Option<Text>,
}

/// What a survey asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurveyType {
    Nps,
    Csat,
    Ces,
    Custom,
}

/// Something to sell.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Offer {
    pub id: Text,
    pub name: Text,
    pub kind: Text,
    pub target: Option<Text>,
    pub text: Option<Text>,
    #[serde(default)]
    pub value_props: List<Text>,
    pub price: Option<Price>,
    pub success_rate: Option<Figure>,
    pub playbook: Option<Text>,
}

/// A price range.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Price {
    pub list: Option<Figure>,
    pub min: Option<Figure>,
    pub max: Option<Figure>,
    pub per: Option<Text>,
}

/// Advocates and their programmes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Advocacy {
    pub target: Option<Figure>,
    #[serde(default)]
    pub identify: List<ExitCriterion>,
    #[serde(default)]
    pub benefits: List<Text>,
    #[serde(default)]
    pub programmes: List<Programme>,
}

/// A programme for advocates.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Programme {
    pub id: Text,
    pub name: Text,
    #[serde(default)]
    pub activities: List<Text>,
    #[serde(default)]
    pub benefits: List<Text>,
    #[serde(default)]
    pub metrics: List<Text>,
    pub target: Option<Text>,
    pub roi: Option<Text>,
    pub requirements: Option<Text>,
    pub reward: Option<Text>,
    pub reward_amount: Option<Figure>,
    pub every: Option<Text>,
    pub required: Option<Quota>,
    pub limit: Option<Quota>,
    pub playbook: Option<Text>,
    pub duration_text: Option<Text>,
    pub tracking: Option<Text>,
    pub frequency: Option<Text>,
    pub capacity: Option<Figure>,
    pub tenure: Option<Text>,
    pub selection: Option<Selection>,
}

/// So many per period.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Quota {
    pub count: Option<Figure>,
    pub max: Option<Figure>,
    pub per: Text,
}

/// Who is invited first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Selection {
    pub top_accounts: Option<Figure>,
}

/// A dashboard or a report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Report {
    pub id: Text,
    pub name: Text,
    pub kind: Text,
    pub audience: Option<Text>,
    pub format: Option<Text>,
    pub every: Option<Text>,
    #[serde(default)]
    pub sections: List<Text>,
    #[serde(default)]
    pub data_sources: List<Text>,
    #[serde(default)]
    pub participants: List<Text>,
    pub duration: Option<Text>,
    pub deliverable: Option<Text>,
    pub outcome: Option<Text>,
}

/// An email, document or tool; `{{field}}` is filled when it is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Template {
    pub id: Text,
    pub kind: Text,
    pub title: Option<Text>,
    pub subject: Option<Text>,
    pub body: Option<Text>,
    pub send_on: Option<Text>,
    #[serde(default)]
    pub sections: List<Text>,
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

/// How an inconsistency of the pack's source was settled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Resolution {
    pub id: Text,
    pub issue: Text,
    pub resolution: Text,
}
