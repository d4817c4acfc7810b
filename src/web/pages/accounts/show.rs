//! `GET /accounts/{external_id}`: the overview.

use askama::Template;

use super::contracts::Milestone;
use super::head::AccountHead;
use crate::web::ui::charts::LineChart;
use crate::web::ui::{EmptyState, Shell, Tone, filters};

/// Why the score is what it is, in short; what comes next; who they are.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/show.html")]
pub struct AccountPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// One sentence: `Yellow at 61: adoption cost 22 points and support 9.`
    pub verdict: String,
    /// The dearest measures, dearest first.
    pub reasons: Vec<Reason>,
    /// The score over the last 180 days; `None` while there is no score.
    pub score: Option<LineChart>,
    /// Said instead of it.
    pub empty: Option<EmptyState>,
    /// Milestones open or late, soonest first.
    pub next: Vec<Milestone>,
    /// Details: custom fields and traits, (name, value).
    pub details: Vec<(String, String)>,
    /// Up to four people, champions first: (name, title, whether champion).
    pub people: Vec<(String, String, bool)>,
    /// The latest kinds of event: (what, how often in 7 days, last).
    pub activity: Vec<(String, String, String)>,
}

/// What a measure cost.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The measure.
    pub name: String,
    /// `31 % of users active, 58 % a month ago`.
    pub reading: String,
    /// `−12.4`.
    pub cost: String,
    /// How bad.
    pub tone: Tone,
    /// Its row on the health page.
    pub href: String,
}
