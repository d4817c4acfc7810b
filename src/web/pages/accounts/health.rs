//! `GET /accounts/{external_id}/health`: the score down to its last point.

use askama::Template;

use super::head::AccountHead;
use crate::web::ui::charts::{CurveDot, LineChart, Waterfall};
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters};

/// Health, explained.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/health.html")]
pub struct AccountHealthPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// Said instead of everything while there is no score.
    pub empty: Option<EmptyState>,
    /// One sentence that a customer would understand.
    pub verdict: String,
    /// `TechCorp health score, version 3, as of 22 Nov 2026`.
    pub model: String,
    /// From 100 to the score.
    pub waterfall: Option<Waterfall>,
    /// Caps and vetoes in force: `Held at 69 (Yellow): usage fell by 31 % in 30 days`.
    pub caps: Vec<Notice>,
    /// What it would take to be green, nearest first; empty when it is.
    pub path_up: Vec<PathUp>,
    /// Components with their measures, in the model's order.
    pub components: Vec<ComponentRow>,
    /// The score over time.
    pub score: Option<LineChart>,
    /// What changed it, newest first, with the signs of the chart's flags.
    pub changes: Vec<ScoreChange>,
}

/// One way up.
#[derive(Clone, Debug)]
pub struct PathUp {
    /// `Active users from 31 % to 48 %`.
    pub text: String,
    /// `+9.2`.
    pub gain: String,
    /// `alone enough` or `reaches 74`.
    pub note: String,
}

/// A component of the model.
#[derive(Clone, Debug)]
pub struct ComponentRow {
    /// Its name.
    pub name: String,
    /// Its share of the whole as the model asks: `30 %`.
    pub weight: String,
    /// Its own score: `54`.
    pub score: String,
    /// The tone of that.
    pub tone: Tone,
    /// What it gave of what it could: `16.2 of 30`.
    pub points: String,
    /// What lies below it.
    pub measures: Vec<MeasureRow>,
}

/// A measure.
#[derive(Clone, Debug)]
pub struct MeasureRow {
    /// Names the row in URLs.
    pub anchor: String,
    /// Its name.
    pub name: String,
    /// What is measured in words: `distinct users a day over licensed seats`.
    pub what: String,
    /// The reading: `31`, or `no data`.
    pub reading: String,
    /// Its unit.
    pub unit: String,
    /// `30 days to 21 Nov`.
    pub window: String,
    /// The curve with the account's dot.
    pub curve: CurveDot,
    /// The weight the model asks for: `10 %`.
    pub weight_asked: String,
    /// The weight it got after missing measures gave theirs away; the same text when nothing changed.
    pub weight_given: String,
    /// `+4.1`: points it gave to the hundred.
    pub gained: String,
    /// `−5.9`: points it cost, or `0`.
    pub lost: String,
    /// How bad that is.
    pub tone: Tone,
    /// `2 h ago`.
    pub fresh: String,
    /// `stale`, `missing`, `default`; `None` when all is well.
    pub mark: Option<String>,
    /// The series behind it, when there is one.
    pub href: Option<String>,
}

/// A day on which the score moved.
#[derive(Clone, Debug)]
pub struct ScoreChange {
    /// The flag's sign in the chart: `1`.
    pub sign: String,
    /// `13 Nov`.
    pub date: String,
    /// `82 → 71`.
    pub change: String,
    /// Its tone.
    pub tone: Tone,
    /// `logins −43 %, two urgent tickets`.
    pub why: String,
}
