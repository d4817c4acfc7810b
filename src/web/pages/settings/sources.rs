//! `/settings/sources`: what each key sent, and what became of it.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::charts::CountBars;
use crate::web::ui::{EmptyState, Shell, StatTile, Tone, filters};

/// One row a write key.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/sources.html")]
pub struct SourcesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// All sources together, last 30 days: arrived, counted once, in quarantine, rejected.
    pub stats: Vec<StatTile>,
    /// One a row.
    pub sources: Vec<SourceRow>,
    /// Said when nothing may send yet.
    pub empty: Option<EmptyState>,
}

/// A source of events.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// The key's name.
    pub name: String,
    /// The SDK it calls itself: `analytics-python 2.3.2`.
    pub library: String,
    /// `2 min ago`, `never`.
    pub last: String,
    /// Good when it sends, watch when it fell silent, none when it never sent.
    pub tone: Tone,
    /// `Sending`, `Silent for 3 days`, `Nothing yet`.
    pub state: String,
    /// Last 30 days, day by day, with what was bad.
    pub bars: CountBars,
    /// Messages in 30 days.
    pub arrived: String,
    /// Seen before and not counted again.
    pub duplicate: String,
    /// Waiting in quarantine.
    pub quarantined: String,
    /// Refused (whole requests).
    pub rejected: String,
    /// Its quarantine.
    pub href: String,
}
