//! `GET /accounts/{external_id}/contracts`: contracts, the next renewal and its milestones.

use askama::Template;

use super::head::AccountHead;
use crate::web::ui::{EmptyState, Shell, StatTile, Tone, filters};

/// Contracts & renewal.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/contracts.html")]
pub struct AccountContractsPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// The next renewal: date, ARR up, strategy, milestones done.
    pub stats: Vec<StatTile>,
    /// The process behind the milestones: `Renewal in 90 days`.
    pub process: String,
    /// Its milestones, soonest first.
    pub milestones: Vec<Milestone>,
    /// Newest first.
    pub contracts: Vec<Contract>,
    /// Said when there is no contract.
    pub empty: Option<EmptyState>,
}

/// A dated step before a renewal.
#[derive(Clone, Debug)]
pub struct Milestone {
    /// `T-90`.
    pub code: String,
    /// What to do.
    pub title: String,
    /// `16 Oct 2026`.
    pub date: String,
    /// `done 14 Oct`, `9 days late`, `in 12 days`.
    pub when: String,
    /// Good when done, critical when late, watch when due within a week, else none.
    pub tone: Tone,
    /// `POST` here to settle it, where the member may; sends nothing but the button.
    pub action: Option<String>,
    /// Whether it is done, which turns the button into "reopen".
    pub done: bool,
}

/// A contract.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Its number at the tenant.
    pub reference: String,
    /// `1 Feb 2025`.
    pub start: String,
    /// `31 Jan 2027`, its last day.
    pub end: String,
    /// `24 months, renews itself`.
    pub term: String,
    /// Its ARR.
    pub arr: String,
    /// `250`, empty when it has none.
    pub seats: String,
    /// `Current`, `Ended`, `Starts in 40 days`.
    pub state: String,
    /// Good for the current one.
    pub tone: Tone,
}
