//! The head that all pages of one account share.

use askama::Template;

use crate::web::ui::{Avatar, HealthBadge, Notice, Tabs, Tone, filters, html_safe};

/// Name, score, facts and tabs.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/head.html")]
pub struct AccountHead {
    /// The account's name.
    pub name: String,
    /// Its id at the tenant.
    pub external_id: String,
    /// Score with band and trend; made `large()`.
    pub health: HealthBadge,
    /// `94 % of the model has data`.
    pub coverage: String,
    /// `last event 3 h ago`.
    pub freshness: String,
    /// Its segment.
    pub segment: String,
    /// Its stage.
    pub stage: String,
    /// `day 412`.
    pub stage_day: String,
    /// Its ARR.
    pub arr: String,
    /// The renewal date, empty without a contract.
    pub renewal: String,
    /// `in 53 days`.
    pub renewal_in: String,
    /// Watch or worse when it is near or past.
    pub renewal_tone: Tone,
    /// Who looks after it.
    pub csm: Option<Avatar>,
    /// Free tags.
    pub tags: Vec<String>,
    /// Overview, Health, Usage, People, Contracts & renewal.
    pub tabs: Tabs,
    /// Something about the whole account: churned on a day, no data for two weeks.
    pub notice: Option<Notice>,
}

html_safe!(AccountHead);
