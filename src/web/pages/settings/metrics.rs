//! `/settings/metrics`: the catalogue.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::charts::Sparkline;
use crate::web::ui::{EmptyState, Shell, Tone, filters};

/// Every metric, where it comes from and how fresh it is.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/metrics.html")]
pub struct MetricsPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// One a row.
    pub metrics: Vec<MetricRow>,
    /// Said when the catalogue is empty.
    pub empty: Option<EmptyState>,
}

/// A metric.
#[derive(Clone, Debug)]
pub struct MetricRow {
    /// Its name for people.
    pub name: String,
    /// Its id in the API.
    pub id: String,
    /// `Counter`, `Gauge`, `Distinct users`.
    pub kind: String,
    /// `track: Report Exported`, `group trait seats_used`.
    pub source: String,
    /// `140 of 160 accounts`.
    pub accounts: String,
    /// All accounts together, last 30 days.
    pub spark: Sparkline,
    /// `4 min ago`, `no data yet`.
    pub last: String,
    /// Good when fresh, watch when stale, none without data.
    pub tone: Tone,
    /// `fresh`, `stale`, `no data`.
    pub state: String,
}
