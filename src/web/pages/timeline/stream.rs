//! The journal as one stream: entries by day, each with a link to what it is about.

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::app::members::Role;
use crate::app::timeline::is_of;
use crate::db::timeline::{Listed, MARK};
use crate::domain::timeline::{Group, Kind};
use crate::web::extract::Member;
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::ui::{Tone, filters, format, html_safe};

/// Bodies longer than this are folded.
const FOLDED: usize = 320;

/// A text in which what was searched for is marked.
#[derive(Clone, Debug, Template)]
#[template(path = "timeline/marked.html")]
pub struct Marked {
    /// Pieces, and whether each is marked.
    pieces: Vec<(bool, String)>,
}

impl Marked {
    /// Reads the marks of [`MARK`].
    pub fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        for part in text.split(MARK.0) {
            match part.split_once(MARK.1) {
                Some((marked, rest)) => pieces.extend([(true, marked.to_owned()), (false, rest.to_owned())]),
                None => pieces.push((false, part.to_owned())),
            }
        }
        pieces.retain(|(_, text)| !text.is_empty());
        Marked { pieces }
    }

    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// One entry.
#[derive(Clone, Debug, Template)]
#[template(path = "timeline/entry.html")]
pub struct EntryRow {
    id: String,
    time: String,
    exact: String,
    icon: &'static str,
    tone: Tone,
    label: &'static str,
    title: Marked,
    body: Marked,
    folded: bool,
    by: String,
    attendees: String,
    account: Option<(String, String)>,
    href: Option<String>,
    remove: Option<String>,
}

html_safe!(EntryRow, Marked);

impl EntryRow {
    /// Without the link, where the page is what it would lead to.
    #[must_use]
    pub fn without_link(mut self) -> Self {
        self.href = None;
        self.time = self.exact.clone();
        self
    }
}

/// A day and what happened on it.
#[derive(Clone, Debug)]
pub struct Day {
    /// `Today`, `Monday, 1 March`; empty where the part before ended on the same day.
    pub label: String,
    /// The latest first.
    pub entries: Vec<EntryRow>,
}

/// Puts entries into words.
pub struct Teller {
    zone: Tz,
    today: NaiveDate,
    me: Uuid,
    may_remove: bool,
    with_account: bool,
}

impl Teller {
    /// For the pages of one account.
    pub fn new(words: &Wording, member: &Member) -> Self {
        Teller {
            zone: member.scope.time_zone(),
            today: words.today,
            me: member.membership.member_id,
            may_remove: member.may(Role::Csm),
            with_account: false,
        }
    }

    /// With the name of the account, for what happened in all of them.
    #[must_use]
    pub fn with_account(mut self) -> Self {
        self.with_account = true;
        self
    }

    /// One entry.
    pub fn row(&self, entry: Listed) -> EntryRow {
        let local = entry.at.with_timezone(&self.zone);
        let kind = Kind::parse(&entry.kind);
        let href = kind.and_then(|kind| href(kind, &entry));
        let remove =
            (self.may_remove && is_of(&entry, self.me)).then(|| format!("/timeline/{}/remove", entry.id));
        let attendees = entry.data["attendees"].as_array().into_iter().flatten();
        let attendees: Vec<&str> = attendees.filter_map(|name| name.as_str()).collect();
        let account = entry.account.zip(entry.external_id).filter(|_| self.with_account);
        EntryRow {
            id: entry.id.to_string(),
            time: local.format("%H:%M").to_string(),
            exact: format!(
                "{}, {}",
                format::date_near(local.date_naive(), self.today),
                local.format("%H:%M")
            ),
            icon: kind.map_or("info", icon),
            tone: kind.map_or(Tone::None, |kind| tone(kind, entry.severity.as_deref())),
            label: kind.map_or("Something else", Kind::label),
            folded: entry.body.chars().count() > FOLDED,
            title: Marked::new(&entry.title),
            body: Marked::new(&entry.body),
            by: entry.actor,
            attendees: attendees.join(", "),
            account: account.map(|(name, id)| (name, paths::account(&id))),
            href,
            remove,
        }
    }

    /// Entries by day. `before` is the entry the part before ended with.
    pub fn days(&self, entries: Vec<Listed>, before: Option<DateTime<Utc>>) -> Vec<Day> {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let mut last = before.map(local);
        let mut days: Vec<Day> = Vec::new();
        for entry in entries {
            let day = local(entry.at);
            if days.is_empty() || last != Some(day) {
                let label = if last == Some(day) { String::new() } else { self.label(day) };
                days.push(Day { label, entries: Vec::new() });
            }
            last = Some(day);
            if let Some(day) = days.last_mut() {
                day.entries.push(self.row(entry));
            }
        }
        days
    }

    fn label(&self, day: NaiveDate) -> String {
        match (self.today - day).num_days() {
            0 => "Today".to_owned(),
            1 => "Yesterday".to_owned(),
            2..=300 => day.format("%A, %-d %B").to_string(),
            _ => day.format("%A, %-d %B %Y").to_string(),
        }
    }
}

/// Where an entry leads; nowhere what stands in the stream itself.
fn href(kind: Kind, entry: &Listed) -> Option<String> {
    if kind.group() == Group::Touches {
        return None;
    }
    let play = || entry.data["play"].as_str().and_then(|id| id.parse().ok()).map(paths::play);
    let task = matches!(kind, Kind::TaskAdded | Kind::TaskDone | Kind::TaskChanged);
    let of_play = if task { play() } else { None };
    Some(of_play.unwrap_or_else(|| paths::cause(kind, entry.about, entry.external_id.as_deref())))
}

fn icon(kind: Kind) -> &'static str {
    match (kind, kind.group()) {
        (Kind::Call, _) => "phone",
        (Kind::Meeting, _) => "users",
        (Kind::Email, _) => "mail",
        (Kind::Survey, _) => "star",
        (Kind::ContractChanged | Kind::Note, _) => "file-text",
        (_, Group::Touches) => "file-text",
        (_, Group::Health) => "gauge",
        (_, Group::Lifecycle) => "layers",
        (_, Group::Alerts) => "circle-alert",
        (_, Group::Plays) => "list-checks",
        (_, Group::Renewal) => "refresh-cw",
        (_, Group::Pipelines) => "trending-up",
        (_, Group::Support) => "info",
    }
}

/// Only what opened, broke or was reached carries a colour: the rest of the stream stays calm.
fn tone(kind: Kind, severity: Option<&str>) -> Tone {
    match kind {
        Kind::AlertClosed | Kind::AlertCleared | Kind::PlayReached | Kind::PlayDone | Kind::MomentReached => {
            Tone::Good
        }
        Kind::ClockBreached => Tone::Critical,
        Kind::PlayMissed | Kind::ClockDueSoon => Tone::Watch,
        Kind::AlertSnoozed | Kind::AlertDismissed => Tone::None,
        _ => match severity {
            Some("critical") => Tone::Critical,
            Some("high") => Tone::Risk,
            Some("medium") => Tone::Watch,
            _ => Tone::None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_and_nothing_is_lost() {
        let marked = |text: &str| Marked::new(text).pieces;
        assert_eq!(marked("plain"), [(false, "plain".to_owned())]);
        let (open, close) = MARK;
        assert_eq!(
            marked(&format!("a {open}word{close} and {open}one{close}")),
            [(false, "a "), (true, "word"), (false, " and "), (true, "one")].map(|(m, t)| (m, t.to_owned()))
        );
        assert_eq!(marked(&format!("{open}unclosed")), [(false, "unclosed".to_owned())]);
        assert!(Marked::new("").is_empty());
    }
}
