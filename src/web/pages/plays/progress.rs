//! How far a play is, as lists show it.

use chrono::NaiveDate;

use crate::db::plays::Play;
use crate::web::pages::crew::Crew;
use crate::web::paths;
use crate::web::ui::{Tone, format};

/// One play.
#[derive(Clone, Debug)]
pub struct PlayRow {
    /// The playbook's name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// The account, the member or the company it is for, with its page.
    pub subject: (String, Option<String>),
    /// Tasks that are over.
    pub done: i64,
    /// Tasks in all.
    pub tasks: i64,
    /// `4 of 9`.
    pub text: String,
    /// `2 overdue`; empty for none.
    pub overdue: String,
    /// `next 14 Mar`, `ended 2 Feb`.
    pub next: String,
    /// `running`, `paused`, `reached`, …
    pub state: String,
    /// Its tone.
    pub tone: Tone,
    /// `by a stage`, `by Casey Lin`.
    pub why: String,
}

impl PlayRow {
    /// As of a day.
    pub fn of(play: &Play, crew: &Crew, today: NaiveDate) -> PlayRow {
        let (state, tone) = state(play, today);
        let next = match (play.ended_on, play.next_on) {
            (Some(day), _) => format!("ended {}", format::date_near(day, today)),
            (None, Some(day)) => format!("next {}", format::date_near(day, today)),
            (None, None) => String::new(),
        };
        PlayRow {
            name: play.name.clone(),
            href: paths::play(play.id),
            subject: subject(play, crew),
            done: play.tasks - play.open,
            tasks: play.tasks,
            text: format!("{} of {}", play.tasks - play.open, format::count(play.tasks, "task")),
            overdue: match play.overdue {
                n if n > 0 && play.state == "running" => format!("{} overdue", format::number(n)),
                _ => String::new(),
            },
            next,
            state: state.to_owned(),
            tone,
            why: why(play),
        }
    }
}

/// Whom it is for, and their page.
pub fn subject(play: &Play, crew: &Crew) -> (String, Option<String>) {
    match (&play.account, &play.external_id, play.member_id) {
        (Some(name), Some(id), _) => (name.clone(), Some(paths::account(id))),
        (.., Some(member)) => (crew.name(member).unwrap_or("somebody who left").to_owned(), None),
        _ => ("the company".to_owned(), None),
    }
}

/// The state in a word people use, with its tone.
pub fn state(play: &Play, today: NaiveDate) -> (&'static str, Tone) {
    match play.state.as_str() {
        "running" if play.overdue > 0 => ("running late", Tone::Watch),
        "running" if play.ends_on.is_some_and(|end| end < today) => ("past its end", Tone::Watch),
        "running" => ("running", Tone::None),
        "paused" => ("paused", Tone::None),
        "reached" => ("goal reached", Tone::Good),
        "missed" => ("goal missed", Tone::Risk),
        "done" => ("done", Tone::Good),
        _ => ("stopped", Tone::None),
    }
}

fn why(play: &Play) -> String {
    match play.cause.as_str() {
        "stage" => "a stage was entered".to_owned(),
        "alert" => "an alert opened".to_owned(),
        "renewal" => "the renewal came near".to_owned(),
        _ => format!("by {}", play.started_by),
    }
}
