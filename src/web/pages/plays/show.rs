//! `GET /plays/{id}`: its tasks phase by phase, its goal, why it was started, what happened.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::history;
use super::progress::PlayRow;
use crate::app::Error;
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::app::plays::check_anchor;
use crate::db;
use crate::db::plays::Play;
use crate::db::tasks::{Filter, Task};
use crate::domain::playbook::Planned;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Id, Member, Query};
use crate::web::pages::crew::Crew;
use crate::web::pages::tasks::row::TaskRow;
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::respond::Page;
use crate::web::ui::list::Choice;
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, ProgressBar, Shell, Tone, filters, format};

/// Another anchor to look at before planning anew.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    anchor: String,
}

/// A play.
#[derive(Clone, Debug, Template)]
#[template(path = "plays/show.html")]
pub struct PlayPage {
    /// The frame.
    pub shell: Shell,
    /// The play in short.
    pub play: PlayRow,
    /// Where its forms go.
    pub action: String,
    /// The template it is a run of; none once it is gone.
    pub playbook: Option<String>,
    /// What one must know first: paused, gone, stopped.
    pub notices: Vec<Notice>,
    /// How far it is.
    pub progress: ProgressBar,
    /// What it is for.
    pub goal: String,
    /// Who decides about that.
    pub decides: String,
    /// (name, value, link).
    pub facts: Vec<(String, String, Option<String>)>,
    /// Its tasks.
    pub phases: Vec<Phase>,
    /// Whether new dates stand beside the tasks: the anchor they count from.
    pub preview: Option<(String, String)>,
    /// The anchor, for the form.
    pub anchor: String,
    /// Whether it may be paused.
    pub may_pause: bool,
    /// Whether it may be taken up again.
    pub may_resume: bool,
    /// Whether it may be stopped and planned anew.
    pub is_open: bool,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// To whom tasks may be given.
    pub owners: Vec<Choice>,
    /// Today, for the forms.
    pub today: String,
    /// This page.
    pub here: String,
    /// (when, what, who), the latest first.
    pub history: Vec<(String, String, String)>,
}

/// Tasks of a phase.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name; empty where the playbook has no phases.
    pub name: String,
    /// `3 of 5`.
    pub text: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// One task.
#[derive(Clone, Debug)]
pub struct Step {
    /// As in any list.
    pub row: TaskRow,
    /// `8 to 14 Mar`, where it is not the day it is due.
    pub planned: String,
    /// What belongs to it.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// The day it would be due by another anchor.
    pub moved: String,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Id(id): Id,
    Query(params): Query<Params>,
) -> Result<Page<PlayPage>> {
    let now = web.app.clock.now();
    let today = member.scope.day_of(now);
    let names = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let play = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
    let filter = Filter { play: Some(id), over: true, ..Filter::default() };
    let (mut tasks, _) = db::tasks::list(&mut tx, &filter, 0, 500).await?;
    tasks.sort_by_key(|task| task.position);
    let crew = Crew::load(&mut tx).await?;
    let things: Vec<Uuid> = std::iter::once(id).chain(tasks.iter().map(|task| task.id)).collect();
    let entries = db::timeline::about(&mut tx, &things, 100).await?;
    drop(tx);
    let at = |in_force: &InForce| in_force.methodology.playbooks.iter().position(|p| *p.id == *play.playbook);
    let known = names.in_force.as_deref().and_then(|in_force| Some((in_force, at(in_force)?)));
    let is_open = matches!(play.state.as_str(), "running" | "paused");
    let new_anchor =
        params.anchor.parse::<NaiveDate>().ok().filter(|day| is_open && check_anchor(*day, today).is_ok());
    let plan =
        new_anchor.zip(known).map(|(anchor, (m, at))| m.methodology.playbooks[at].plan(anchor, Some(today)));
    let row = PlayRow::of(&play, &crew, today);
    Ok(Page(PlayPage {
        shell: member.shell(Room::Playbooks),
        action: paths::play(id),
        playbook: known.map(|_| paths::playbook(&play.playbook)),
        notices: notices(&play, today),
        progress: ProgressBar::new("Tasks", row.done, Some(row.tasks.max(1)), "task").text(&row.text),
        goal: play.goal.clone(),
        decides: decides(&play),
        facts: facts(&play, &names, today),
        phases: phases(&tasks, &crew, plan.as_deref(), today),
        preview: new_anchor.zip(plan.as_ref()).map(|(day, _)| (day.to_string(), format::date(day))),
        anchor: play.anchor_on.to_string(),
        may_pause: play.state == "running",
        may_resume: matches!(play.state.as_str(), "paused" | "stopped"),
        is_open,
        may_edit: member.may(Role::Csm),
        owners: crew.choices("By their role", None, member.membership.member_id),
        today: today.to_string(),
        here: member.here().to_owned(),
        history: entries.iter().map(|entry| history(entry, &member, now)).collect(),
        play: row,
    }))
}

fn notices(play: &Play, today: NaiveDate) -> Vec<Notice> {
    let mut notices = Vec::new();
    if play.playbook_gone {
        let text = "It goes on with the tasks it had: they are ticked by hand, and a person decides about its goal. Its \
                    dates are moved task by task.";
        notices.push(Notice::new(Tone::Watch, "This playbook is no longer in the methodology.", text));
    }
    if let Some(since) = play.paused_on {
        let text = "Its tasks are not asked for and its time does not run out. What is open moves by as many days once \
                    it is taken up again.";
        let title = format!("Paused since {}.", format::date_near(since, today));
        notices.push(Notice::new(Tone::None, &title, text));
    }
    if play.state == "stopped" {
        let by = play.ended_by.clone().unwrap_or_default();
        let title = format!("Stopped by {by}.");
        notices.push(Notice::new(Tone::None, &title, &format::sentence(&play.end_reason)));
    }
    notices
}

fn decides(play: &Play) -> String {
    match (play.state.as_str(), play.goal_by_data, play.goal.is_empty()) {
        ("reached", ..) => "The data says that it is reached.".to_owned(),
        ("missed", ..) => "Its time passed and the data did not say that it was reached.".to_owned(),
        (_, true, _) => "The account's data decides, each day, whether it is reached.".to_owned(),
        (_, false, false) => {
            "People judge whether it is reached: the playbook is done when its tasks are.".to_owned()
        }
        _ => "It has no goal of its own: it is done when its tasks are.".to_owned(),
    }
}

fn facts(play: &Play, names: &Wording, today: NaiveDate) -> Vec<(String, String, Option<String>)> {
    let day = |day| format::date_near(day, today);
    let account_tab = |tab: &str| play.external_id.as_deref().map(|id| paths::account_tab(id, tab));
    let (why, link) = match play.cause.as_str() {
        "stage" => {
            let stage = play.once.split("stage:").nth(1).and_then(|rest| rest.split(':').next());
            let stage = stage.map_or_else(String::new, |id| names.stage(id));
            (format!("by itself: the account entered {stage}"), None)
        }
        "alert" => ("by itself: an alert opened".to_owned(), play.alert_id.map(paths::alert)),
        "renewal" => ("by itself: the renewal came within its window".to_owned(), account_tab("contracts")),
        _ => (format!("by hand, by {}", play.started_by), None),
    };
    let mut facts = vec![
        ("Started".to_owned(), day(play.started_on), None),
        ("Why".to_owned(), why, link),
        ("Days count from".to_owned(), day(play.anchor_on), None),
    ];
    let mut fact = |name: &str, value: Option<String>| {
        facts.extend(value.map(|value| (name.to_owned(), value, None)));
    };
    fact("To be reached by", play.ends_on.filter(|_| play.ended_on.is_none()).map(day));
    fact("Ended", play.ended_on.map(day));
    let before = play.score_before.map(|score| match play.band_before.as_deref() {
        Some(band) => format!("{} ({})", names.shown(score), names.band(band)),
        None => names.shown(score).to_string(),
    });
    fact("Health when it began", before);
    facts
}

fn phases(tasks: &[Task], crew: &Crew, plan: Option<&[Planned]>, today: NaiveDate) -> Vec<Phase> {
    let mut phases: Vec<Phase> = Vec::new();
    for task in tasks {
        let name = task.phase.replace('_', " ");
        let step = step(task, crew, plan, today);
        match phases.last_mut().filter(|phase| phase.name == name) {
            Some(phase) => phase.steps.push(step),
            None => phases.push(Phase { name, text: String::new(), steps: vec![step] }),
        }
    }
    for phase in &mut phases {
        let counted = || phase.steps.iter().filter(|step| step.row.state != "cancelled");
        let over = counted().filter(|step| !step.row.open).count();
        phase.text = format!("{over} of {}", counted().count());
    }
    phases
}

fn step(task: &Task, crew: &Crew, plan: Option<&[Planned]>, today: NaiveDate) -> Step {
    let day = |day| format::date_near(day, today);
    let planned = match (task.from_on, task.planned_on) {
        (Some(from), Some(to)) if from != to => format!("{} to {}", day(from), day(to)),
        (_, Some(to)) if task.due_on != Some(to) => day(to),
        _ => String::new(),
    };
    let position = usize::try_from(task.position).ok();
    let moved = plan.zip(position).and_then(|(plan, at)| plan.get(at)).filter(|_| task.state == "open");
    Step {
        row: TaskRow::of(task, crew, today),
        planned,
        details: task.details.clone(),
        deliverables: task.deliverables.clone(),
        moved: moved.and_then(|planned| planned.due).map_or_else(String::new, day),
    }
}
