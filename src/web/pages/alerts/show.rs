//! `GET /alerts/{id}`: why it was raised, what it started, who was told, what became of it.

use askama::Template;
use axum::extract::State;
use uuid::Uuid;

use super::item::{Severity, age, may_reopen, state, which, why};
use super::panel::{Asked, Panel, Verb};
use crate::app::Error;
use crate::app::members::Role;
use crate::app::scoring::figure;
use crate::db;
use crate::db::TenantTx;
use crate::db::alerts::{Alert, Which};
use crate::domain::expr::Evidence;
use crate::domain::value::Value;
use crate::web::error::Result;
use crate::web::extract::{Id, Member, Query};
use crate::web::pages::timeline::stream::{EntryRow, Teller};
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{HealthBadge, Notice, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// Lines of its history.
const HISTORY: i64 = 60;

/// One alert.
#[derive(Clone, Debug, Template)]
#[template(path = "alerts/show.html")]
pub struct AlertPage {
    /// The frame.
    pub shell: Shell,
    /// What is to be done.
    pub title: String,
    /// How grave it is.
    pub severity: Severity,
    /// The account: name and address.
    pub account: (String, String),
    /// Its score.
    pub health: Option<HealthBadge>,
    /// Closed, snoozed, dismissed, held, or its rule is gone.
    pub notice: Option<Notice>,
    /// What made it true, in one line.
    pub why: String,
    /// What made it true: what, its value, and what was asked of it.
    pub evidence: Vec<EvidenceRow>,
    /// (name, value).
    pub facts: Vec<(String, String)>,
    /// Who was told: role and person.
    pub told: Vec<(String, String)>,
    /// What people noted.
    pub note: String,
    /// What it started: name, state, address.
    pub started: Vec<(String, String, String)>,
    /// Its history, the latest first.
    pub history: Vec<EntryRow>,
    /// Where Done is sent, where it is open.
    pub close: Option<String>,
    /// Where Open again is sent, where that is possible.
    pub reopen: Option<String>,
    /// The forms, by their labels: whether one is open, and it.
    pub panels: Vec<(&'static str, bool, Panel)>,
    /// The page to come back to after an action.
    pub next: String,
}

/// A line of the evidence.
#[derive(Clone, Debug)]
pub struct EvidenceRow {
    /// `Logins over 30 days`.
    pub what: String,
    /// `300`, for a fall.
    pub before: String,
    /// `210`, or the value.
    pub now: String,
    /// `fell 30 %`, for a fall.
    pub change: String,
    /// `at least 30`.
    pub test: String,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Id(id): Id,
    Query(asked): Query<Asked>,
) -> Result<Page<AlertPage>> {
    let words = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let alert = db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let account = db::accounts::find(&mut tx, &alert.external_id).await?;
    let members = db::members::list(&mut tx).await?;
    let filter = db::timeline::Filter { about: Some(id), ..Default::default() };
    let entries = db::timeline::page(&mut tx, &filter, None, HISTORY).await?;
    let started = started(&mut tx, id, &words).await?;
    let told = told(&mut tx, &alert, &members).await?;
    drop(tx);
    let teller = Teller::new(&words, &member);
    let open = which(&words, &alert) == Which::Open;
    let may_act = member.may(Role::Csm);
    let next = if asked.next.is_empty() { paths::alert(id) } else { paths::local(&asked.next).to_owned() };
    let me = member.membership.member_id;
    let panel = |verb: Verb| {
        let chosen = asked.verb() == Some(verb);
        (verb.label(), chosen, Panel::new(verb, &words, &alert, &members, me, &next))
    };
    Ok(Page(AlertPage {
        shell: member.shell(Room::Alerts),
        title: alert.title.clone(),
        severity: Severity::of(&alert.severity),
        account: (alert.account.clone(), paths::account(&alert.external_id)),
        health: account.map(|account| words.badge_with_trend(&account)),
        notice: notice(&words, &alert),
        why: format::sentence(&why(&alert)),
        evidence: evidence(&alert),
        facts: facts(&words, &alert),
        told,
        note: alert.note.clone(),
        started,
        history: entries.into_iter().map(|entry| teller.row(entry).without_link()).collect(),
        close: (open && may_act).then(|| paths::alert_verb(id, "close")),
        reopen: (may_act && may_reopen(&words, &alert)).then(|| paths::alert_verb(id, "reopen")),
        panels: if open && may_act { Verb::ALL.map(panel).into() } else { Vec::new() },
        next,
    }))
}

fn notice(words: &Wording, alert: &Alert) -> Option<Notice> {
    let which = which(words, alert);
    if alert.rule_gone && which != Which::Closed {
        let text = "The methodology no longer has it, so nothing closes this alert by itself. It stays until somebody \
                    closes it.";
        return Some(Notice::new(Tone::Watch, "The rule behind this alert is gone.", text));
    }
    let (tone, text) = match which {
        Which::Open | Which::Any => return None,
        Which::Held => (
            Tone::Watch,
            "Its rule is true of so many accounts at once that a manager decides first whether it may open.",
        ),
        Which::Snoozed => (Tone::None, "It comes back by itself on that day."),
        Which::Dismissed => {
            (Tone::None, "It is not shown, nor opened again, before its condition has cleared.")
        }
        Which::Closed => (Tone::Good, "The rule may open anew from the day after it was closed."),
    };
    Some(Notice::new(tone, &format::sentence(&state(words, alert)), text))
}

fn evidence(alert: &Alert) -> Vec<EvidenceRow> {
    let lines: Vec<Evidence> = serde_json::from_value(alert.evidence.clone()).unwrap_or_default();
    let row = |line: Evidence| match (&line.value, line.fall) {
        (Value::Number(drop), Some((before, now))) => EvidenceRow {
            before: format::decimal(before, 2),
            now: format::decimal(now, 2),
            change: format!("fell {}{}", format::decimal(*drop, 1), if line.plain { "" } else { " %" }),
            what: line.what,
            test: line.test,
        },
        (value, _) => EvidenceRow {
            now: match value {
                Value::Null => "nothing known".to_owned(),
                Value::Bool(true) => "yes".to_owned(),
                Value::Bool(false) => "no".to_owned(),
                value => figure(value),
            },
            before: String::new(),
            change: String::new(),
            what: line.what,
            test: line.test,
        },
    };
    lines.into_iter().map(row).collect()
}

fn facts(words: &Wording, alert: &Alert) -> Vec<(String, String)> {
    let arr = alert.arr_base_minor.map(|minor| format::money(minor, &words.currency));
    let category = super::item::CATEGORIES.iter().find(|(id, _)| *id == alert.category);
    let open = if alert.closed_at.is_none() { format!(", {} ago", age(words, alert)) } else { String::new() };
    let role = alert.role.as_deref().map(|role| words.role(role));
    let owner = match (&alert.owner_name, role) {
        (Some(name), Some(role)) if !alert.owner_by_hand => format!("{name}, as {role}"),
        (Some(name), _) => name.clone(),
        (None, Some(role)) => format!("nobody plays the role {role} yet"),
        (None, None) => "nobody: the account has no CSM".to_owned(),
    };
    let all = [
        ("Owner", Some(owner)),
        (
            "Due",
            alert.due_on.map(|day| format!("{}, {}", format::date(day), format::days_from(day, words.today))),
        ),
        ("ARR", arr),
        ("Category", category.map(|(_, name)| (*name).to_owned())),
        ("Opened", Some(format!("{}{open}", format::date(alert.opened_on)))),
        ("Rule", Some(alert.name.clone())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Roles that were told beyond the owner, and who plays them.
async fn told(
    tx: &mut TenantTx,
    alert: &Alert,
    members: &[db::members::Member],
) -> db::Result<Vec<(String, String)>> {
    let roles = db::roles::list(tx).await?;
    let mut told = Vec::new();
    for role in &alert.escalated {
        let name = roles.iter().find(|known| known.role == *role).map_or(role.as_str(), |known| &known.name);
        let holders = db::roles::holders(tx, std::slice::from_ref(role), Some(alert.account_id)).await?;
        let people = members.iter().filter(|m| holders.contains(&m.id)).map(|m| m.name.clone());
        let people: Vec<String> = people.collect();
        let people = if people.is_empty() { "nobody plays it yet".to_owned() } else { people.join(", ") };
        told.push((name.to_owned(), people));
    }
    Ok(told)
}

/// Plays, single tasks, opportunities.
async fn started(tx: &mut TenantTx, id: Uuid, words: &Wording) -> db::Result<Vec<(String, String, String)>> {
    let plays = db::plays::of_alert(tx, id, words.today).await?;
    let tasks = db::tasks::of_alert(tx, id).await?;
    let items = db::pipelines::of_alert(tx, id).await?;
    let play = |play: db::plays::Play| {
        let state = match play.state.as_str() {
            "running" | "paused" => {
                format!(
                    "{}, {} of {} done",
                    play.state,
                    play.tasks - play.open,
                    format::count(play.tasks, "task")
                )
            }
            "reached" => "goal reached".to_owned(),
            "missed" => "goal missed".to_owned(),
            other => other.to_owned(),
        };
        (play.name, state, paths::play(play.id))
    };
    let task = |task: db::tasks::Task| {
        let due = task
            .due_on
            .map_or_else(String::new, |day| format!(", due {}", format::date_near(day, words.today)));
        (task.title, format!("task, {}{due}", task.state), "/tasks".to_owned())
    };
    let item = |item: db::pipelines::Item| {
        let noun = crate::domain::pipeline::noun(&item.subject);
        let at =
            if item.step_name.is_empty() { item.state.clone() } else { format!("at {}", item.step_name) };
        (item.title, format!("{noun}, {at}"), paths::item(item.id))
    };
    let plays = plays.into_iter().map(play).chain(tasks.into_iter().map(task));
    Ok(plays.chain(items.into_iter().map(item)).collect())
}
