//! What goes out to customers: recurring contacts, surveys, offers, programmes for advocates, reports, texts.

use serde::Deserialize;

use super::journey::ExitCriterion;
use crate::domain::pack::types::{Figure, List, Text};

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
