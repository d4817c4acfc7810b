//! `GET /tasks`: mine, the team's, those nobody does; as a list by when they are due, or as a month.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::calendar::{self, Month};
use super::row::TaskRow;
use super::tabs;
use crate::app::Error;
use crate::app::members::Role;
use crate::db;
use crate::db::tasks::{Counts, Filter};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::pages::crew::Crew;
use crate::web::paths;
use crate::web::respond::Page;
use crate::web::ui::list::Choice;
use crate::web::ui::shell::Room;
use crate::web::ui::{Chip, EmptyState, Pager, SelectFilter, Shell, Tabs, Tone, filters, format};

/// Tasks of one page. All of them may be chosen and undone at once, which must fit into a cookie.
pub const PAGE: i64 = 50;

/// Which tasks, and how they are shown.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Params {
    /// `mine`, `team`, `unassigned`.
    #[serde(default)]
    pub who: String,
    /// `list` or `calendar`.
    #[serde(default)]
    pub view: String,
    /// `overdue`, `today`, `week`, `later`, `none`, or a day.
    #[serde(default)]
    pub due: String,
    /// A kind of task.
    #[serde(default)]
    pub kind: String,
    /// Where they come from.
    #[serde(default)]
    pub source: String,
    /// An account's external id.
    #[serde(default)]
    pub account: String,
    /// `2027-03`, of the calendar.
    #[serde(default)]
    pub month: String,
    /// Which page.
    #[serde(default)]
    pub page: String,
}

impl Params {
    /// This page with one parameter changed, from its first page on.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut all: [(&str, &str); 8] = [
            ("who", self.who.as_str()),
            ("view", &self.view),
            ("due", &self.due),
            ("kind", &self.kind),
            ("source", &self.source),
            ("account", &self.account),
            ("month", &self.month),
            ("page", ""),
        ];
        for pair in all.iter_mut().filter(|pair| pair.0 == name) {
            pair.1 = value;
        }
        paths::with_query(paths::TASKS, &all)
    }
}

/// The list or the calendar.
#[derive(Clone, Debug, Template)]
#[template(path = "tasks/list.html")]
pub struct TasksPage {
    /// The frame.
    pub shell: Shell,
    /// The pages of the room.
    pub tabs: Tabs,
    /// Whose: (label, count, link, current).
    pub whose: Vec<(String, String, String, bool)>,
    /// List or calendar: (label, link, current).
    pub views: Vec<(String, String, bool)>,
    /// When they are due: (label, count, link, current, tone).
    pub whens: Vec<(String, String, String, bool, Tone)>,
    /// Kind and source.
    pub selects: Vec<SelectFilter>,
    /// The other parameters in force, for the form of the selects.
    pub kept: Vec<(String, String)>,
    /// Filters in force.
    pub chips: Vec<Chip>,
    /// The rows by when they are due.
    pub groups: Vec<Group>,
    /// The month, when it is asked for.
    pub month: Option<Month>,
    /// Said when there is nothing.
    pub empty: Option<EmptyState>,
    /// Where one is.
    pub pager: Pager,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// To whom tasks may be given.
    pub owners: Vec<Choice>,
    /// Today, for the forms.
    pub today: String,
    /// Tomorrow.
    pub tomorrow: String,
    /// This page.
    pub here: String,
    /// Whether the member has a calendar link: since when.
    pub feed: Option<String>,
}

/// Tasks that are due at about the same time.
#[derive(Clone, Debug)]
pub struct Group {
    /// `Overdue`, `Today`, …
    pub title: &'static str,
    /// Risk for overdue ones.
    pub tone: Tone,
    /// One a row.
    pub rows: Vec<TaskRow>,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(mut params): Query<Params>,
) -> Result<Response> {
    let today = member.scope.day_of(web.app.clock.now());
    let me = member.membership.member_id;
    let mut tx = web.app.db.read(&member.scope).await?;
    if !["mine", "team", "unassigned"].contains(&params.who.as_str()) {
        // Who has none of their own looks at everybody's.
        let mine = Filter { owner: Some(me), ..Filter::default() };
        let is_own = member.role == Role::Csm || db::tasks::counts(&mut tx, &mine, today).await?.all() > 0;
        params.who = if is_own { "mine" } else { "team" }.to_owned();
    }
    let account = match params.account.as_str() {
        "" => None,
        id => Some(db::accounts::find(&mut tx, id).await?.ok_or(Error::NotFound)?),
    };
    let crew = Crew::load(&mut tx).await?;
    let base = Filter {
        account: account.as_ref().map(|account| account.id),
        kind: Some(params.kind.clone()).filter(|kind| !kind.is_empty()),
        source: Some(params.source.clone()).filter(|source| !source.is_empty()),
        ..Filter::default()
    };
    let by = |who: &str| match who {
        "mine" => Filter { owner: Some(me), ..base.clone() },
        "unassigned" => Filter { unassigned: true, ..base.clone() },
        _ => base.clone(),
    };
    let mut whose = Vec::new();
    for (who, label) in [("mine", "Mine"), ("team", "Team"), ("unassigned", "Unassigned")] {
        if who == "mine" && !member.may(Role::Csm) {
            continue;
        }
        let count = db::tasks::counts(&mut tx, &by(who), today).await?.all();
        let link = Params { due: String::new(), ..params.clone() }.with("who", who);
        whose.push((label.to_owned(), format::number(count), link, params.who == who));
    }
    let filter = by(&params.who);
    let counts = db::tasks::counts(&mut tx, &filter, today).await?;
    let page: i64 = params.page.parse().unwrap_or(1).clamp(1, 10_000);
    let is_calendar = params.view == "calendar";
    let (month, groups, total) = if is_calendar {
        (Some(calendar::month(&mut tx, &filter, &params, today).await?), Vec::new(), 0)
    } else {
        let wanted = due(&filter, &params.due, today);
        let (tasks, total) = db::tasks::list(&mut tx, &wanted, (page - 1) * PAGE, PAGE).await?;
        (None, groups(tasks.iter().map(|task| (task.due_on, TaskRow::of(task, &crew, today))), today), total)
    };
    let feed = db::feeds::since(&mut tx, me).await?;
    drop(tx);
    let nothing = !is_calendar && groups.is_empty();
    let view = |name: &str, label: &str| {
        (label.to_owned(), params.with("view", name), is_calendar == (name == "calendar"))
    };
    let page = TasksPage {
        shell: member.shell(Room::Playbooks),
        tabs: tabs(paths::TASKS),
        whose,
        views: vec![view("", "List"), view("calendar", "Calendar")],
        whens: if is_calendar { Vec::new() } else { whens(&counts, &params) },
        selects: selects(&params),
        kept: kept(&params),
        chips: chips(&params, account.as_ref().map(|account| account.name.as_str()), today),
        empty: nothing.then(|| empty(&params)),
        pager: Pager::numbered(page, PAGE, total, "task", |n| params.with("page", &n.to_string())),
        groups,
        month,
        may_edit: member.may(Role::Csm),
        owners: crew.choices("By their role", None, me),
        today: today.to_string(),
        tomorrow: (today + Days::new(1)).to_string(),
        here: member.here().to_owned(),
        feed: feed.map(|at| format::date(member.scope.day_of(at))),
    };
    Ok(Page(page).into_response())
}

/// A filter narrowed to when tasks are due.
fn due(filter: &Filter, when: &str, today: NaiveDate) -> Filter {
    let (from, to, undated) = match when {
        "overdue" => (None, today.pred_opt(), false),
        "today" => (Some(today), Some(today), false),
        "week" => (today.succ_opt(), Some(today + Days::new(7)), false),
        "later" => (Some(today + Days::new(8)), None, false),
        "none" => (None, None, true),
        day => (day.parse().ok(), day.parse().ok(), false),
    };
    Filter { from, to, undated, ..filter.clone() }
}

/// Rows, in the order of their days, under the heads they belong to.
pub fn groups(rows: impl Iterator<Item = (Option<NaiveDate>, TaskRow)>, today: NaiveDate) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (due, row) in rows {
        let (title, tone) = match due.map(|day| (day - today).num_days()) {
            None => ("No date", Tone::None),
            Some(..0) => ("Overdue", Tone::Risk),
            Some(0) => ("Today", Tone::Watch),
            Some(1..=7) => ("The next 7 days", Tone::None),
            Some(_) => ("Later", Tone::None),
        };
        match groups.last_mut().filter(|group| group.title == title) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { title, tone, rows: vec![row] }),
        }
    }
    groups
}

fn whens(counts: &Counts, params: &Params) -> Vec<(String, String, String, bool, Tone)> {
    let all = ("", "All", counts.all(), Tone::None);
    [
        all,
        ("overdue", "Overdue", counts.overdue, Tone::Risk),
        ("today", "Today", counts.today, Tone::Watch),
        ("week", "Next 7 days", counts.week, Tone::None),
        ("later", "Later", counts.later, Tone::None),
        ("none", "No date", counts.undated, Tone::None),
    ]
    .into_iter()
    .map(|(when, label, count, tone)| {
        let tone = if count == 0 { Tone::None } else { tone };
        (label.to_owned(), format::number(count), params.with("due", when), params.due == when, tone)
    })
    .collect()
}

const KINDS: [(&str, &str); 5] = [
    ("task", "Tasks"),
    ("meeting", "Meetings"),
    ("training", "Trainings"),
    ("milestone", "Milestones"),
    ("validation", "Validations"),
];
const SOURCES: [(&str, &str); 4] =
    [("play", "Playbooks"), ("touchpoint", "Touchpoints"), ("rule", "Rules"), ("hand", "Added by hand")];

fn selects(params: &Params) -> Vec<SelectFilter> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    vec![
        SelectFilter::new("kind", "Kind", "Kind: any", KINDS, some(&params.kind).as_deref()),
        SelectFilter::new("source", "From", "From: anywhere", SOURCES, some(&params.source).as_deref()),
    ]
}

fn kept(params: &Params) -> Vec<(String, String)> {
    let all = [
        ("who", &params.who),
        ("view", &params.view),
        ("due", &params.due),
        ("account", &params.account),
        ("month", &params.month),
    ];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn chips(params: &Params, account: Option<&str>, today: NaiveDate) -> Vec<Chip> {
    let name = |all: &[(&str, &str)], id: &str| {
        all.iter()
            .find(|(known, _)| *known == id)
            .map_or_else(|| id.to_owned(), |(_, name)| (*name).to_owned())
    };
    let mut chips = Vec::new();
    if let Some(account) = account {
        chips.push(Chip::new(format!("Account: {account}"), params.with("account", "")));
    }
    if let Ok(day) = params.due.parse::<NaiveDate>() {
        chips.push(Chip::new(format!("Due {}", format::date_near(day, today)), params.with("due", "")));
    }
    if !params.kind.is_empty() {
        chips.push(Chip::new(format!("Kind: {}", name(&KINDS, &params.kind)), params.with("kind", "")));
    }
    if !params.source.is_empty() {
        chips.push(Chip::new(format!("From: {}", name(&SOURCES, &params.source)), params.with("source", "")));
    }
    chips
}

fn empty(params: &Params) -> EmptyState {
    let narrowed = [&params.due, &params.kind, &params.source, &params.account].iter().any(|p| !p.is_empty());
    if narrowed {
        return EmptyState::new("list-checks", "No task is like that", "Take a filter away to see more.")
            .action("Every task", "/tasks?who=team");
    }
    match params.who.as_str() {
        "unassigned" => EmptyState::new(
            "check",
            "Every task has somebody",
            "Tasks of a role that nobody plays would stand here.",
        ),
        "team" => EmptyState::new(
            "check",
            "Nothing is to be done",
            "Playbooks, touchpoints and rules add tasks by themselves; you may add one by hand.",
        )
        .action("See the playbooks", paths::PLAYBOOKS),
        _ => EmptyState::new(
            "check",
            "You are done",
            "Nothing is open for you. The team's tasks are one click away.",
        )
        .action("The team's tasks", "/tasks?who=team"),
    }
}
