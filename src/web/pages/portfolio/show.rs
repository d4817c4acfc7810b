//! `GET /portfolio?as_of=`: how much revenue is safe, at risk and up for renewal, what moved, who owns it.

use askama::Template;

use crate::web::ui::charts::{HeatMap, StackedBar, StackedColumns};
use crate::web::ui::{Avatar, Delta, EmptyState, Shell, StatTile, filters};

/// The page of an executive; it prints on two A4 pages.
#[derive(Clone, Debug, Template)]
#[template(path = "portfolio/show.html")]
pub struct PortfolioPage {
    /// The frame; `as_of` is set when the page shows a past day.
    pub shell: Shell,
    /// The day shown, as `2026-11-22`, for the date field.
    pub day: String,
    /// The earliest day that can be shown, in the same form.
    pub first_day: String,
    /// Today, in the same form.
    pub last_day: String,
    /// The day shown, in words: `22 November 2026`.
    pub day_text: String,
    /// One sentence to begin with: `€9.8M of €12.4M ARR is healthy; €1.1M at risk renews before April.`
    pub headline: String,
    /// Said instead of everything while there are no accounts.
    pub empty: Option<EmptyState>,
    /// Four figures: ARR, at risk, up for renewal, mean health.
    pub stats: Vec<StatTile>,
    /// ARR by band now.
    pub by_band: Option<StackedBar>,
    /// ARR by band, month by month.
    pub over_time: Option<StackedColumns>,
    /// Segment by band.
    pub heat: Option<HeatMap>,
    /// Revenue up for renewal by quarter and band.
    pub renewals: Option<StackedColumns>,
    /// Quarter by quarter: the same in figures.
    pub quarters: Vec<Quarter>,
    /// The period of "what moved": `in the last 30 days`.
    pub period: String,
    /// Accounts that got better, most ARR first.
    pub up: Vec<PortfolioMove>,
    /// Accounts that got worse, most ARR first.
    pub down: Vec<PortfolioMove>,
    /// One a CSM, most ARR first.
    pub load: Vec<Load>,
}

/// A quarter of renewals.
#[derive(Clone, Debug)]
pub struct Quarter {
    /// `Q1 2027`.
    pub name: String,
    /// `24`.
    pub count: String,
    /// `€2.1M`.
    pub arr: String,
    /// `€640K`.
    pub at_risk: String,
    /// `30 %`.
    pub share: String,
    /// Those renewals.
    pub href: String,
}

/// An account that moved.
#[derive(Clone, Debug)]
pub struct PortfolioMove {
    /// The account.
    pub name: String,
    /// Its health page.
    pub href: String,
    /// By how many points.
    pub delta: Delta,
    /// `Green → Yellow`.
    pub bands: String,
    /// The main reasons.
    pub why: String,
    /// Its ARR.
    pub arr: String,
}

/// What a CSM looks after.
#[derive(Clone, Debug)]
pub struct Load {
    /// Who; `None` for accounts without a CSM.
    pub csm: Option<Avatar>,
    /// Their accounts.
    pub href: String,
    /// `41`.
    pub accounts: String,
    /// `of 20 by the book`, or empty without a ratio.
    pub ratio: String,
    /// Whether it is above the ratio.
    pub over: bool,
    /// Their ARR.
    pub arr: String,
    /// ARR by band, made `bare()`.
    pub bands: StackedBar,
    /// `€640K`.
    pub at_risk: String,
    /// Renewals in 120 days.
    pub renewals: String,
}
