//! `GET /tasks/{id}`: one task, with everything that belongs to it.

use askama::Template;
use axum::extract::State;

use super::row::TaskRow;
use crate::app::Error;
use crate::app::members::Role;
use crate::db;
use crate::db::tasks::Task;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Id, Member};
use crate::web::pages::crew::Crew;
use crate::web::pages::plays::history;
use crate::web::paths;
use crate::web::respond::Page;
use crate::web::ui::list::Choice;
use crate::web::ui::shell::Room;
use crate::web::ui::{Shell, filters, format};

/// One task.
#[derive(Clone, Debug, Template)]
#[template(path = "tasks/show.html")]
pub struct TaskPage {
    /// The frame.
    pub shell: Shell,
    /// The task in short.
    pub row: TaskRow,
    /// Play, phase, planned days, how it is closed: (name, value).
    pub facts: Vec<(String, String)>,
    /// What belongs to it.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// What people noted.
    pub note: String,
    /// The alert it belongs to.
    pub alert: Option<String>,
    /// Whether it can be opened again.
    pub may_reopen: bool,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// To whom it may be given.
    pub owners: Vec<Choice>,
    /// Its day, for the form.
    pub due: String,
    /// What happened to it: (when, what, who).
    pub history: Vec<(String, String, String)>,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Page<TaskPage>> {
    let now = web.app.clock.now();
    let today = member.scope.day_of(now);
    let mut tx = web.app.db.read(&member.scope).await?;
    let task = db::tasks::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let crew = Crew::load(&mut tx).await?;
    let entries = db::timeline::about(&mut tx, &[id], 50).await?;
    drop(tx);
    let by_hand = task.owner_id.filter(|_| task.owner_by_hand);
    let holder = match task.role.as_deref() {
        Some(role) => format!("Whoever plays {}", crew.role(role)),
        None if task.account_id.is_none() => "Nobody".to_owned(),
        None => "The account's CSM".to_owned(),
    };
    Ok(Page(TaskPage {
        shell: member.shell(Room::Playbooks),
        facts: facts(&task, today),
        alert: task.alert_id.map(paths::alert),
        may_reopen: matches!(task.state.as_str(), "done" | "skipped"),
        may_edit: member.may(Role::Csm),
        owners: crew.choices(&holder, by_hand, member.membership.member_id),
        due: task.due_on.map_or_else(String::new, |day| day.to_string()),
        history: entries.iter().map(|entry| history(entry, &member, now)).collect(),
        row: TaskRow::of(&task, &crew, today),
        details: task.details,
        deliverables: task.deliverables,
        note: task.note,
    }))
}

fn facts(task: &Task, today: chrono::NaiveDate) -> Vec<(String, String)> {
    let day = |day| format::date_near(day, today);
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push((name.to_owned(), value));
        }
    };
    fact("Phase", task.phase.replace('_', " "));
    fact("Takes", task.duration.clone());
    let planned = match (task.from_on, task.planned_on) {
        (Some(from), Some(to)) if from != to => format!("{} to {}", day(from), day(to)),
        (_, Some(to)) => day(to),
        _ => String::new(),
    };
    fact("Planned", planned);
    if task.late {
        fact("Late", "planned before its playbook started, so due from the day that did".to_owned());
    }
    let closes = if task.by_data { "by itself, once the data says so; or by hand" } else { "by hand" };
    fact("Is done", closes.to_owned());
    if let (Some(on), Some(by)) = (task.done_on, &task.done_by) {
        fact("Ended", format!("{}, by {by}", day(on)));
    }
    facts
}
