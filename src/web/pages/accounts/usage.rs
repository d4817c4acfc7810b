//! `GET /accounts/{external_id}/usage?days=`: metrics over time.

use askama::Template;

use super::head::AccountHead;
use crate::web::ui::charts::LineChart;
use crate::web::ui::{Delta, EmptyState, SelectFilter, Shell, filters};

/// Small multiples, one a metric.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/usage.html", blocks = ["charts"])]
pub struct AccountUsagePage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// Where the form of the window posts (GET) to: this page.
    pub action: String,
    /// The window: 30, 90, 180, 365 days.
    pub window: SelectFilter,
    /// One chart a metric with data.
    pub metrics: Vec<UsageMetric>,
    /// Metrics of the catalogue without any data here, by name.
    pub silent: Vec<String>,
    /// Said when no metric has data.
    pub empty: Option<EmptyState>,
}

/// One metric.
#[derive(Clone, Debug)]
pub struct UsageMetric {
    /// Names the card in URLs.
    pub anchor: String,
    /// Its name.
    pub name: String,
    /// Its value now: `412`.
    pub latest: String,
    /// Unit and window: `users a day, mean of 7 days`.
    pub unit: String,
    /// Against the window before.
    pub delta: Option<Delta>,
    /// The chart, made `small()`.
    pub chart: LineChart,
}
