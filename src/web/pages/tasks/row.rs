//! A task as lists show it.

use chrono::NaiveDate;

use crate::db::tasks::Task;
use crate::web::pages::crew::Crew;
use crate::web::paths;
use crate::web::ui::{Avatar, Tone, format};

/// One task.
#[derive(Clone, Debug)]
pub struct TaskRow {
    /// For the forms.
    pub id: String,
    /// What is to be done.
    pub title: String,
    /// Its page.
    pub href: String,
    /// The account and its page.
    pub account: Option<(String, String)>,
    /// Where it comes from: a play with its page, or `touchpoint`, `rule`, with none.
    pub from: (String, Option<String>),
    /// `Meeting`, `Training`; empty for a plain task.
    pub kind: String,
    /// Icon of its kind.
    pub icon: &'static str,
    /// The role that does it, or empty.
    pub role: String,
    /// Who does it.
    pub owner: Option<Avatar>,
    /// `4 Mar`, or `no date`.
    pub due: String,
    /// `in 3 days`, `done yesterday`.
    pub when: String,
    /// Risk when overdue, watch today.
    pub tone: Tone,
    /// Whether it was planned before its play began.
    pub late: bool,
    /// Whether data closes it.
    pub by_data: bool,
    /// Whether it is to be done still.
    pub open: bool,
    /// `done`, `skipped`, `cancelled`; empty while it is open.
    pub state: String,
}

impl TaskRow {
    /// As of a day.
    pub fn of(task: &Task, crew: &Crew, today: NaiveDate) -> TaskRow {
        let account = task.account.clone().zip(task.external_id.as_deref().map(paths::account));
        let from = match (&task.play, task.source.as_str()) {
            (Some(play), _) => (play.clone(), task.play_id.map(paths::play)),
            (None, "touchpoint") if task.account_id.is_none() => ("Internal".to_owned(), None),
            (None, "touchpoint") => ("Touchpoint".to_owned(), None),
            (None, "rule") => ("Rule".to_owned(), None),
            _ => (String::new(), None),
        };
        let (when, tone) = when(task, today);
        TaskRow {
            id: task.id.to_string(),
            title: task.title.clone(),
            href: paths::task(task.id),
            account,
            from,
            kind: kind(&task.kind).to_owned(),
            icon: icon(task),
            role: task.role.as_deref().map_or_else(String::new, |role| crew.role(role)),
            owner: crew.avatar(task.owner_id),
            due: task.due_on.map_or_else(|| "no date".to_owned(), |day| format::date_near(day, today)),
            when,
            tone,
            late: task.late,
            by_data: task.by_data,
            open: task.state == "open",
            state: if task.state == "open" { String::new() } else { task.state.clone() },
        }
    }
}

/// How pressing it is, or how it ended.
fn when(task: &Task, today: NaiveDate) -> (String, Tone) {
    match (task.state.as_str(), task.due_on, task.done_on) {
        ("open", None, _) => (String::new(), Tone::None),
        ("open", Some(due), _) if due < today => (format::days_from(due, today), Tone::Risk),
        ("open", Some(due), _) if due == today => ("today".to_owned(), Tone::Watch),
        ("open", Some(due), _) => (format::days_from(due, today), Tone::None),
        ("done", _, Some(done)) => (format!("done {}", format::date_near(done, today)), Tone::Good),
        (state, _, Some(done)) => (format!("{state} {}", format::date_near(done, today)), Tone::None),
        (state, ..) => (state.to_owned(), Tone::None),
    }
}

fn kind(kind: &str) -> &'static str {
    match kind {
        "meeting" => "Meeting",
        "training" => "Training",
        "milestone" => "Milestone",
        "validation" => "Validation",
        _ => "",
    }
}

fn icon(task: &Task) -> &'static str {
    match (task.source.as_str(), task.kind.as_str()) {
        ("touchpoint", _) if task.account_id.is_some() => "phone",
        (_, "meeting") => "users",
        (_, "training") => "book-open",
        (_, "milestone") => "star",
        (_, "validation") => "list-checks",
        _ => "check",
    }
}
