//! `GET /renewals`: what renews when, by month. Block `list` answers htmx.

use askama::Template;

use crate::web::ui::charts::StackedBar;
use crate::web::ui::{Avatar, Chip, EmptyState, HealthBadge, SelectFilter, Shell, StatTile, Tone, filters};

/// The filter form sends `csm`, `segment` and `window`.
#[derive(Clone, Debug, Template)]
#[template(path = "renewals/list.html", blocks = ["list"])]
pub struct RenewalListPage {
    /// The frame.
    pub shell: Shell,
    /// Window, segment, CSM.
    pub selects: Vec<SelectFilter>,
    /// What is in force beside the window.
    pub chips: Vec<Chip>,
    /// Up for renewal, at risk, milestones late.
    pub stats: Vec<StatTile>,
    /// ARR up for renewal by band.
    pub by_band: Option<StackedBar>,
    /// One a month, soonest first.
    pub months: Vec<Month>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// The renewals of one month.
#[derive(Clone, Debug)]
pub struct Month {
    /// `January 2027`, or `Overdue`.
    pub name: String,
    /// `6 renewals`.
    pub count: String,
    /// `€812K`.
    pub arr: String,
    /// Soonest first.
    pub rows: Vec<Renewal>,
}

/// One renewal.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The account.
    pub name: String,
    /// Its segment.
    pub segment: String,
    /// Its contracts.
    pub href: String,
    /// `14 Jan 2027`.
    pub date: String,
    /// `in 53 days`.
    pub when: String,
    /// How pressing.
    pub when_tone: Tone,
    /// ARR up for renewal.
    pub arr: String,
    /// Its score.
    pub health: HealthBadge,
    /// The strategy the methodology chooses: `Reinforce value`.
    pub strategy: String,
    /// Milestones done.
    pub done: usize,
    /// Milestones altogether.
    pub of: usize,
    /// `2 late`, `1 due`, or empty.
    pub open: String,
    /// Critical when late, watch when due.
    pub open_tone: Tone,
    /// Who looks after it.
    pub csm: Option<Avatar>,
}
