//! `GET /playbooks/{id}`: its steps; and what they would be for an account, a member or the company, before it is started.

use askama::Template;
use axum::extract::State;
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::list::{FOLLOWED_DAYS, Record, expected};
use super::start::{self, Chosen};
use super::{category, shape};
use crate::app::Error;
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::db;
use crate::db::plays::Filter;
use crate::domain::pack::schema::{Anchor, Subject};
use crate::domain::playbook::{Planned, Timing};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Path, Query};
use crate::web::pages::crew::Crew;
use crate::web::pages::plays::progress::PlayRow;
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::respond::Page;
use crate::web::ui::list::Choice;
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, Tone, filters, format};

/// For whom it would be started, and from which day its days would count.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Params {
    /// An account's external id or name.
    #[serde(default)]
    pub account: String,
    /// A member's id.
    #[serde(default)]
    pub member: String,
    /// The day.
    #[serde(default)]
    pub anchor: String,
}

/// A template.
#[derive(Clone, Debug, Template)]
#[template(path = "playbooks/show.html")]
pub struct PlaybookPage {
    /// The frame.
    pub shell: Shell,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// What it counts from, how long it takes.
    pub shape: String,
    /// What it is for.
    pub goal: String,
    /// The expression that decides about the goal; empty for people's judgement.
    pub goal_when: String,
    /// What the methodology says to expect.
    pub expected: String,
    /// Its note.
    pub note: String,
    /// What followed.
    pub record: Record,
    /// The steps.
    pub steps: Vec<Step>,
    /// Whether dates stand beside the steps.
    pub dated: bool,
    /// `account`, `member` or `tenant`.
    pub subject: &'static str,
    /// What is in the form.
    pub account: String,
    /// The members to choose from.
    pub members: Vec<Choice>,
    /// The day in the form.
    pub anchor: String,
    /// What its days count from, in words.
    pub anchor_label: &'static str,
    /// `Acme, from 1 Mar 2027`: set once everything is chosen.
    pub chosen: Option<String>,
    /// What is wrong with the choice, or what runs already.
    pub notice: Option<Notice>,
    /// Where the forms go.
    pub here: String,
    /// Whether the visitor may start it.
    pub may_edit: bool,
    /// What runs of it.
    pub plays: Vec<PlayRow>,
    /// All of them.
    pub plays_href: String,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is to be done.
    pub title: String,
    /// Its phase, where it begins with this step.
    pub phase: String,
    /// `day 14`, `days 8 to 14`, `10 days`, `spread evenly`.
    pub when: String,
    /// The day it would be due.
    pub date: String,
    /// Whether that is past, so that it would be due today.
    pub late: bool,
    /// The role that does it, with who plays it.
    pub owner: String,
    /// Whether nobody plays it.
    pub unassigned: bool,
    /// `Meeting, 2h`.
    pub kind: String,
    /// What belongs to it, what it yields, who takes over, what says that it is done.
    pub more: Vec<(String, String)>,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Page<PlaybookPage>> {
    let today = member.scope.day_of(web.app.clock.now());
    let names = Wording::of(&web, &member).await?;
    let in_force = names.in_force.as_deref().ok_or(Error::NotFound)?;
    let at = in_force.file.playbooks.iter().position(|p| *p.id == *id).ok_or(Error::NotFound)?;
    let playbook = &in_force.file.playbooks[at];
    let mut tx = web.app.db.read(&member.scope).await?;
    let chosen = start::choose(&mut tx, playbook, &params, today).await?;
    let filter = Filter { playbook: Some(id.clone()), ..Filter::default() };
    let (plays, _) = db::plays::list(&mut tx, &filter, today, 0, 10).await?;
    let followed = db::plays::followed(&mut tx, today - Days::new(FOLLOWED_DAYS)).await?;
    let crew = Crew::load(&mut tx).await?;
    drop(tx);
    let anchor = chosen.anchor.filter(|_| chosen.target.is_some());
    let plan = anchor.map(|anchor| in_force.methodology.playbooks[at].plan(anchor, Some(today)));
    let text = |text: &Option<crate::domain::pack::Text>| {
        text.as_ref().map_or_else(String::new, ToString::to_string)
    };
    let selected = params.member.parse().ok();
    Ok(Page(PlaybookPage {
        shell: member.shell(Room::Playbooks),
        name: playbook.name.to_string(),
        category: category(&playbook.category),
        shape: shape(playbook),
        goal: text(&playbook.goal),
        goal_when: text(&playbook.goal_when),
        expected: expected(playbook, in_force),
        note: text(&playbook.note),
        record: Record::of(followed.iter().find(|f| f.playbook == id)),
        steps: steps(in_force, at, plan.as_deref(), &crew, today),
        dated: plan.is_some(),
        subject: match playbook.subject {
            Subject::Account => "account",
            Subject::Member => "member",
            Subject::Tenant => "tenant",
        },
        account: chosen.account.clone().unwrap_or_else(|| params.account.clone()),
        members: crew.choices("Choose a member", selected, member.membership.member_id),
        anchor: chosen.anchor.unwrap_or(today).to_string(),
        anchor_label: match playbook.anchor {
            Anchor::Start => "Customer since",
            Anchor::StageEntry => "Stage entered on",
            Anchor::Renewal => "Renewal date",
            Anchor::Trigger => "First day",
        },
        notice: notice(&chosen, &plays, today),
        chosen: chosen.name.zip(anchor).map(|(name, day)| format!("{name}, from {}", format::date(day))),
        here: paths::playbook(&id),
        may_edit: member.may(Role::Csm),
        plays: plays.iter().map(|play| PlayRow::of(play, &crew, today)).collect(),
        plays_href: paths::with_query(paths::PLAYBOOKS, &[("playbook", &id)]),
    }))
}

fn notice(chosen: &Chosen, plays: &[db::plays::Play], today: NaiveDate) -> Option<Notice> {
    if let Some(error) = &chosen.error {
        return Some(Notice::new(Tone::Watch, error, "Nothing was started."));
    }
    let running =
        plays.iter().find(|play| play.account_id.is_some() && play.account_id == chosen.account_id)?;
    let title = format!(
        "It runs for {} since {}.",
        chosen.name.clone()?,
        format::date_near(running.started_on, today)
    );
    Some(Notice::new(Tone::Watch, &title, "It is not started twice; stop the one that runs first."))
}

fn steps(
    in_force: &InForce,
    at: usize,
    plan: Option<&[Planned]>,
    crew: &Crew,
    today: NaiveDate,
) -> Vec<Step> {
    let (file, compiled) = (&in_force.file.playbooks[at], &in_force.methodology.playbooks[at]);
    let mut last = String::new();
    let step = |(n, (task, timing)): (usize, (&crate::domain::pack::schema::Task, Timing))| {
        let phase = task.phase.as_ref().map_or_else(String::new, |phase| phase.replace('_', " "));
        let shown = if phase == last { String::new() } else { phase.clone() };
        last = phase;
        let planned = plan.and_then(|plan| plan.get(n));
        let role = task.owner.as_ref().map(|owner| crew.roles.iter().find(|role| role.role == **owner));
        let (owner, unassigned) = match role.flatten() {
            Some(role) => match (role.follows.as_str(), role.member_id.and_then(|id| crew.name(id))) {
                ("owner", _) => (format!("{}: the account's CSM", role.name), false),
                (_, Some(name)) => (format!("{}: {name}", role.name), false),
                _ => (format!("{}: nobody yet", role.name), true),
            },
            None => ("The account's CSM".to_owned(), false),
        };
        let kind = task.kind.map_or("task", |kind| match kind {
            crate::domain::pack::schema::TaskKind::Task => "task",
            crate::domain::pack::schema::TaskKind::Meeting => "meeting",
            crate::domain::pack::schema::TaskKind::Training => "training",
            crate::domain::pack::schema::TaskKind::Milestone => "milestone",
            crate::domain::pack::schema::TaskKind::Validation => "validation",
        });
        let duration = task.duration.as_ref().map_or_else(String::new, |d| format!(", {}", &**d));
        Step {
            title: task.title.to_string(),
            phase: shown,
            when: timing_words(timing),
            date: planned.and_then(|p| p.due).map_or_else(String::new, |day| format::date_near(day, today)),
            late: planned.is_some_and(|p| p.late),
            owner,
            unassigned,
            kind: format!("{kind}{duration}"),
            more: more(task),
        }
    };
    file.tasks.iter().zip(compiled.tasks.iter().map(|task| task.timing)).enumerate().map(step).collect()
}

fn timing_words(timing: Timing) -> String {
    let number = |day: i64| if day < 0 { format!("\u{2212}{}", -day) } else { day.to_string() };
    match timing {
        Timing::Days(from, to) if from == to => format!("day {}", number(from)),
        Timing::Days(from, to) => format!("days {} to {}", number(from), number(to)),
        Timing::Lasts(days) => format!("takes {}", format::count(days, "day")),
        Timing::Spread => "spread evenly".to_owned(),
    }
}

fn more(task: &crate::domain::pack::schema::Task) -> Vec<(String, String)> {
    let join = |texts: &[crate::domain::pack::Text]| {
        texts.iter().map(|t| t.to_string()).collect::<Vec<_>>().join("; ")
    };
    let text = |text: &Option<crate::domain::pack::Text>| {
        text.as_ref().map_or_else(String::new, ToString::to_string)
    };
    [
        ("Includes", join(&task.details)),
        ("Yields", join(&task.deliverables)),
        ("Handed to", text(&task.handoff_to).replace('_', " ")),
        ("Succeeds when", text(&task.success)),
        ("Needs", text(&task.resources)),
        ("Risk", text(&task.risk)),
        ("Done by itself when", text(&task.done_when)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
