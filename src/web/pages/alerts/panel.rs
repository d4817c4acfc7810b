//! `GET /alerts/{id}/panel`: the form of one verb, as a part that opens below an alert.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use uuid::Uuid;

use super::item::{state, which};
use crate::app::Error;
use crate::app::alerts::MAX_SNOOZE_DAYS;
use crate::app::members::Role;
use crate::db;
use crate::db::alerts::{Alert, Which};
use crate::domain::pack::Text;
use crate::domain::pack::schema::{Anchor, Playbook, Subject};
use crate::web::error::Result;
use crate::web::extract::{Csm, Id, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::list::Choice;
use crate::web::ui::{filters, format, html_safe};
use crate::web::{Web, paths};

/// What can be done with an open alert beside closing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Puts it off until a day.
    Snooze,
    /// Sets it aside with a reason.
    Dismiss,
    /// Starts a playbook because of it.
    Play,
    /// Gives it to somebody.
    Assign,
}

impl Verb {
    /// Every one, in the order they are offered.
    pub const ALL: [Verb; 4] = [Verb::Snooze, Verb::Dismiss, Verb::Play, Verb::Assign];

    /// The word in URLs.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Snooze => "snooze",
            Verb::Dismiss => "dismiss",
            Verb::Play => "play",
            Verb::Assign => "assign",
        }
    }

    /// What its button says.
    pub fn label(self) -> &'static str {
        match self {
            Verb::Snooze => "Snooze",
            Verb::Dismiss => "Dismiss",
            Verb::Play => "Start playbook",
            Verb::Assign => "Assign",
        }
    }

    fn parse(word: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.word() == word)
    }
}

/// The form of one verb.
#[derive(Clone, Debug, Template)]
#[template(path = "alerts/panel.html")]
pub struct Panel {
    verb: Verb,
    action: String,
    next: String,
    /// Days to choose with one click: (label, value).
    days: Vec<(String, String)>,
    first_day: String,
    last_day: String,
    choices: Vec<Choice>,
    /// Told instead of the form, where there is nothing to choose.
    nothing: String,
}

html_safe!(Panel);

impl Panel {
    /// The form of a verb for an alert.
    pub fn new(
        verb: Verb,
        words: &Wording,
        alert: &Alert,
        members: &[db::members::Member],
        me: Uuid,
        next: &str,
    ) -> Self {
        let choices = match verb {
            Verb::Assign => owners(alert, members, me),
            Verb::Play => playbooks(words, alert),
            Verb::Snooze | Verb::Dismiss => Vec::new(),
        };
        let nothing = match verb {
            Verb::Play if choices.is_empty() => "The methodology has no playbook for an account.".to_owned(),
            _ => String::new(),
        };
        let after = |days: u64| words.today + Days::new(days);
        let day = |label: &str, days: u64| (label.to_owned(), after(days).to_string());
        Panel {
            verb,
            action: paths::alert_verb(alert.id, verb.word()),
            next: next.to_owned(),
            days: vec![day("Tomorrow", 1), day("In 3 days", 3), day("In a week", 7), day("In a month", 30)],
            first_day: after(1).to_string(),
            last_day: after(MAX_SNOOZE_DAYS.unsigned_abs()).to_string(),
            choices,
            nothing,
        }
    }
}

fn owners(alert: &Alert, members: &[db::members::Member], me: Uuid) -> Vec<Choice> {
    let role = alert.role.as_deref().map_or_else(|| "the account’s CSM".to_owned(), |r| r.replace('_', " "));
    let by_role = Choice {
        value: String::new(),
        label: format!("Whoever plays its role ({role})"),
        selected: !alert.owner_by_hand,
    };
    let people = members.iter().filter(|m| m.role != Role::Executive.word()).map(|m| Choice {
        value: m.id.to_string(),
        label: if m.id == me { format!("{} (me)", m.name) } else { m.name.clone() },
        selected: alert.owner_by_hand && alert.owner_id == Some(m.id),
    });
    std::iter::once(by_role).chain(people).collect()
}

/// The playbooks for an account: what the rule asks for, then those that begin when they are started, then the others.
fn playbooks(words: &Wording, alert: &Alert) -> Vec<Choice> {
    let all = words.in_force.iter().flat_map(|in_force| in_force.file.playbooks.iter());
    let of_accounts = all.filter(|playbook| playbook.subject == Subject::Account);
    let choice = |playbook: &Playbook| {
        let tasks = format::count(playbook.tasks.len() as i64, "task");
        Choice {
            value: playbook.id.to_string(),
            label: format!("{} ({tasks})", playbook.name),
            selected: false,
        }
    };
    let rules = words.in_force.iter().flat_map(|in_force| in_force.file.rules.iter());
    let rule = rules.into_iter().find(|rule| *rule.id == *alert.rule);
    let asked = |id: &Text| {
        rule.is_some_and(|rule| rule.actions.iter().any(|action| action.playbook.as_ref() == Some(id)))
    };
    let mut of_accounts: Vec<_> = of_accounts.collect();
    of_accounts.sort_by_key(|playbook| (!asked(&playbook.id), playbook.anchor != Anchor::Trigger));
    of_accounts.into_iter().map(choice).collect()
}

/// Which form, and where to come back to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A verb's word.
    pub r#do: String,
    /// The page to come back to.
    pub next: String,
}

impl Asked {
    /// The verb that is asked for.
    pub fn verb(&self) -> Option<Verb> {
        Verb::parse(&self.r#do)
    }
}

/// The part.
pub async fn show(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    let words = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let alert = db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let members = db::members::list(&mut tx).await?;
    drop(tx);
    let verb = asked.verb().ok_or(Error::NotFound)?;
    let me = member.membership.member_id;
    let mut panel = Panel::new(verb, &words, &alert, &members, me, &asked.next);
    if which(&words, &alert) != Which::Open {
        // Somebody was quicker, on a page that is older than that.
        panel.nothing = format!("It is not open any more. {}", format::sentence(&state(&words, &alert)));
    }
    Ok(Page(panel).into_response())
}

/// A day as a form states it.
pub fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}
