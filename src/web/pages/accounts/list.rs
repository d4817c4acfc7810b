//! `GET /accounts`: the list, filtered, sorted, paged. Block `list` answers htmx.

use askama::Template;

use crate::web::ui::charts::Sparkline;
use crate::web::ui::{
    Avatar, Chip, Column, EmptyState, HealthBadge, Pager, SelectFilter, Shell, Tone, filters,
};

/// The filter form sends `q`, one parameter a select, and `sort`; an empty parameter means no filter.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/list.html", blocks = ["list"])]
pub struct AccountListPage {
    /// The frame.
    pub shell: Shell,
    /// Free text in force.
    pub q: String,
    /// The sort in force, so that filtering keeps it.
    pub sort: String,
    /// Segment, band, CSM, renewal window.
    pub selects: Vec<SelectFilter>,
    /// What is in force.
    pub chips: Vec<Chip>,
    /// Nine heads: account, health, 90 days, segment, stage, ARR, renewal, in, CSM.
    pub columns: Vec<Column>,
    /// One page of accounts.
    pub rows: Vec<AccountRow>,
    /// Shown instead of the table when there are no rows: no account at all, or none that matches.
    pub empty: Option<EmptyState>,
    /// Ways on; its target is `#list`.
    pub pager: Pager,
    /// `160 accounts` of what the filters show, all pages together.
    pub count: String,
    /// `€12.4M ARR` of the same.
    pub arr: String,
}

/// One account.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its name.
    pub name: String,
    /// Its id at the tenant.
    pub external_id: String,
    /// Its page.
    pub href: String,
    /// Its score, with the trend.
    pub health: HealthBadge,
    /// The score over 90 days.
    pub spark: Sparkline,
    /// Its segment.
    pub segment: String,
    /// Its stage.
    pub stage: String,
    /// Its ARR.
    pub arr: String,
    /// `14 Jan 2027`, or empty without a contract.
    pub renewal: String,
    /// `53 days`.
    pub renewal_in: String,
    /// Watch or worse when it is near or past; `Tone::None` otherwise.
    pub renewal_tone: Tone,
    /// Who looks after it.
    pub csm: Option<Avatar>,
}
