//! `GET /`: who needs me, why, and what do I do?

use askama::Template;

use crate::web::ui::charts::Timeline;
use crate::web::ui::{Delta, EmptyState, HealthBadge, Notice, Shell, StatTile, Tone, filters};

/// The home of a CSM. A member without accounts of their own sees everyone's; `whose` says so.
#[derive(Clone, Debug, Template)]
#[template(path = "today/show.html")]
pub struct TodayPage {
    /// The frame.
    pub shell: Shell,
    /// `Sunday, 22 November`.
    pub date: String,
    /// `your 41 accounts` or `all 160 accounts`.
    pub whose: String,
    /// How fresh the data is: `Last event 2 min ago · scores of 03:00`.
    pub freshness: String,
    /// Whether that is fresh; otherwise the line warns.
    pub fresh: bool,
    /// Something everyone must know first, such as sources that fell silent.
    pub notice: Option<Notice>,
    /// Three or four figures.
    pub stats: Vec<StatTile>,
    /// The five to ten accounts, most urgent first.
    pub calls: Vec<Call>,
    /// All accounts in trouble: (`12 more at risk`, URL).
    pub more: Option<(String, String)>,
    /// Shown instead of `calls` when there are none.
    pub empty: Option<EmptyState>,
    /// Renewals in the next 120 days.
    pub renewals: Timeline,
    /// `14 renewals, €1.9M`.
    pub renewals_text: String,
    /// The same renewals as a list, soonest first, at most eight.
    pub renewal_list: Vec<Upcoming>,
    /// `Friday, 18:04`; empty on a first visit.
    pub since: String,
    /// What moved since then, largest ARR first.
    pub moved: Vec<Moved>,
    /// Milestones late or due this week.
    pub due: Vec<Due>,
}

/// An account that needs me.
#[derive(Clone, Debug)]
pub struct Call {
    /// The account.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Its score.
    pub health: HealthBadge,
    /// One line: `82 → 61 in 9 days: logins −43 %, 3 urgent tickets`.
    pub why: String,
    /// ARR at risk.
    pub arr: String,
    /// The urgency: `renews in 34 days`.
    pub when: String,
    /// The next step as a verb: `Review health`.
    pub next: String,
    /// Where that is done.
    pub next_href: String,
}

/// One renewal on the list below the time line.
#[derive(Clone, Debug)]
pub struct Upcoming {
    /// The account.
    pub name: String,
    /// Its contracts.
    pub href: String,
    /// Its score.
    pub health: HealthBadge,
    /// ARR up for renewal.
    pub arr: String,
    /// `14 Jan 2027`.
    pub date: String,
    /// `in 53 days`.
    pub when: String,
}

/// An account whose band or score moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The account.
    pub name: String,
    /// Its health page.
    pub href: String,
    /// By how much.
    pub delta: Delta,
    /// `Green → Yellow` or `logins −43 %`.
    pub why: String,
    /// Its ARR.
    pub arr: String,
}

/// A milestone to do.
#[derive(Clone, Debug)]
pub struct Due {
    /// `T-90 Value review`.
    pub title: String,
    /// The account.
    pub account: String,
    /// Where it is done.
    pub href: String,
    /// `3 days late` or `due Tuesday`.
    pub when: String,
    /// Critical when late.
    pub tone: Tone,
}
