//! A task as it is answered.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::members::Member;
use crate::db::tasks::Task;
use crate::web::api::common::Owner;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskDetail {
    /// Its id.
    pub id: Uuid,
    /// The account, by its identity in your own systems; null for a task of a member or of the company.
    #[schema(example = "acme")]
    pub account: Option<String>,
    /// The play it is a step of.
    pub play: Option<Uuid>,
    /// The alert it belongs to.
    pub alert: Option<Uuid>,
    /// `play`, `touchpoint`, `rule` or `hand`.
    #[schema(example = "play")]
    pub source: String,
    /// What is to be done.
    #[schema(example = "Kickoff meeting")]
    pub title: String,
    /// `task`, `meeting`, `training`, `milestone` or `validation`.
    #[schema(example = "meeting")]
    pub kind: String,
    /// The phase of the playbook.
    pub phase: String,
    /// How long it takes, as the playbook says it; empty where it does not.
    #[schema(example = "2h")]
    pub duration: String,
    /// What belongs to it.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// What people noted.
    pub note: String,
    /// The role that does it; null is the account's CSM.
    #[schema(example = "csm")]
    pub role: Option<String>,
    /// Who does it; null while nobody plays the role.
    pub owner: Option<Owner>,
    /// Whether it was given to them by hand, rather than by their role.
    pub owner_by_hand: bool,
    /// First planned day.
    pub from_on: Option<NaiveDate>,
    /// The day it was planned for.
    pub planned_on: Option<NaiveDate>,
    /// The day it is due.
    pub due_on: Option<NaiveDate>,
    /// Whether it was planned before its play began.
    pub late: bool,
    /// Whether the account's data may close it.
    pub by_data: bool,
    /// `open`, `done`, `skipped` or `cancelled`.
    #[schema(example = "open")]
    pub state: String,
    /// The day it ended.
    pub done_on: Option<NaiveDate>,
    /// Who ended it.
    pub done_by: Option<String>,
}

impl TaskDetail {
    /// As stored.
    pub fn of(task: Task, members: &[Member]) -> Self {
        TaskDetail {
            id: task.id,
            account: task.external_id,
            play: task.play_id,
            alert: task.alert_id,
            source: task.source,
            title: task.title,
            kind: task.kind,
            phase: task.phase,
            duration: task.duration,
            details: task.details,
            deliverables: task.deliverables,
            note: task.note,
            role: task.role,
            owner: task.owner_id.and_then(|id| Owner::member(members, id)),
            owner_by_hand: task.owner_by_hand,
            from_on: task.from_on,
            planned_on: task.planned_on,
            due_on: task.due_on,
            late: task.late,
            by_data: task.by_data,
            state: task.state,
            done_on: task.done_on,
            done_by: task.done_by,
        }
    }
}
