//! A play as it is answered.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::members::Member;
use crate::db::plays::Play;
use crate::web::api::common::Owner;

/// A run of a playbook.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayDetail {
    /// Its id.
    pub id: Uuid,
    /// The playbook's id.
    #[schema(example = "onboarding-90")]
    pub playbook: String,
    /// The playbook's name when it was started.
    pub name: String,
    /// Its category.
    pub category: String,
    /// `account`, `member` or `tenant`.
    #[schema(example = "account")]
    pub subject: String,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: Option<String>,
    /// The member it is for.
    pub member: Option<Owner>,
    /// Why it was started: `stage`, `alert`, `renewal` or `hand`.
    #[schema(example = "stage")]
    pub cause: String,
    /// The alert that started it.
    pub alert: Option<Uuid>,
    /// `running`, `paused`, `reached`, `missed`, `done` or `stopped`.
    #[schema(example = "running")]
    pub state: String,
    /// The day its days count from.
    pub anchor_on: NaiveDate,
    /// The day it was started.
    pub started_on: NaiveDate,
    /// By whom.
    pub started_by: String,
    /// The day by which its goal should be reached.
    pub ends_on: Option<NaiveDate>,
    /// What it is for.
    pub goal: String,
    /// Whether data decides about the goal.
    pub goal_by_data: bool,
    /// Since when it is paused.
    pub paused_on: Option<NaiveDate>,
    /// The day it ended.
    pub ended_on: Option<NaiveDate>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Why.
    pub end_reason: String,
    /// Whether its playbook is no longer in the methodology: it goes on by hand.
    pub playbook_gone: bool,
    /// How many tasks it has.
    pub tasks: i64,
    /// How many of them are open.
    pub open: i64,
    /// How many of those are overdue.
    pub overdue: i64,
    /// The next day something is due.
    pub next_on: Option<NaiveDate>,
}

impl PlayDetail {
    /// As stored.
    pub fn of(play: Play, members: &[Member]) -> Self {
        PlayDetail {
            id: play.id,
            playbook: play.playbook,
            name: play.name,
            category: play.category,
            subject: play.subject,
            account: play.external_id,
            member: play.member_id.and_then(|id| Owner::member(members, id)),
            cause: play.cause,
            alert: play.alert_id,
            state: play.state,
            anchor_on: play.anchor_on,
            started_on: play.started_on,
            started_by: play.started_by,
            ends_on: play.ends_on,
            goal: play.goal,
            goal_by_data: play.goal_by_data,
            paused_on: play.paused_on,
            ended_on: play.ended_on,
            ended_by: play.ended_by,
            end_reason: play.end_reason,
            playbook_gone: play.playbook_gone,
            tasks: play.tasks,
            open: play.open,
            overdue: play.overdue,
            next_on: play.next_on,
        }
    }
}
