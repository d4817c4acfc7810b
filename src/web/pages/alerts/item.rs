//! An alert as one entry of a list, the same on Today, among all alerts and on its account.

use askama::Template;

use super::panel::Verb;
use crate::db::alerts::{Alert, Which};
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::ui::{Tone, filters, format, html_safe};

/// How grave something is: a word, with a shape and colour.
#[derive(Clone, Debug)]
pub struct Severity {
    /// `Critical`.
    pub word: String,
    /// Its tone.
    pub tone: Tone,
}

impl Severity {
    /// Of a word in the database.
    pub fn of(word: &str) -> Self {
        let (word, tone) = match word {
            "critical" => ("Critical", Tone::Critical),
            "high" => ("High", Tone::Risk),
            "medium" => ("Medium", Tone::Watch),
            _ => ("Low", Tone::None),
        };
        Severity { word: word.to_owned(), tone }
    }
}

/// Every severity, the gravest first, as (value, name).
pub const SEVERITIES: [(&str, &str); 4] =
    [("critical", "Critical"), ("high", "High"), ("medium", "Medium"), ("low", "Low")];
/// Every category, as (value, name).
pub const CATEGORIES: [(&str, &str); 5] = [
    ("risk", "Risk"),
    ("engagement", "Engagement"),
    ("renewal", "Renewal"),
    ("expansion", "Growth"),
    ("advocacy", "Advocacy"),
];

/// One alert of a list.
#[derive(Clone, Debug, Template)]
#[template(path = "alerts/item.html")]
pub struct AlertItem {
    id: String,
    href: String,
    title: String,
    account: Option<(String, String)>,
    severity: Severity,
    why: String,
    /// The rule's name, where the title does not say it.
    rule: String,
    arr: String,
    when: String,
    when_tone: Tone,
    owner: String,
    state: String,
    rule_gone: bool,
    may_act: bool,
    may_reopen: bool,
    selectable: bool,
    next: String,
    verbs: Vec<(String, String, String)>,
}

html_safe!(AlertItem);

impl AlertItem {
    /// `may_act` offers what can be done; `next` is the page to come back to.
    pub fn new(words: &Wording, alert: &Alert, may_act: bool, next: &str) -> Self {
        let open = which(words, alert) == Which::Open;
        let (when, when_tone) = due(words, alert);
        let panel = |verb: Verb| {
            let query = [("do", verb.word()), ("next", next)];
            let page = paths::with_query(&paths::alert(alert.id), &query);
            let part = paths::with_query(&paths::alert_verb(alert.id, "panel"), &query);
            (verb.label().to_owned(), page, part)
        };
        AlertItem {
            id: alert.id.simple().to_string(),
            href: paths::alert(alert.id),
            title: alert.title.clone(),
            account: Some((alert.account.clone(), paths::account(&alert.external_id))),
            severity: Severity::of(&alert.severity),
            why: why(alert),
            rule: if alert.name == alert.title { String::new() } else { alert.name.clone() },
            arr: alert
                .arr_base_minor
                .map_or_else(|| "\u{2013}".to_owned(), |minor| format::money(minor, &words.currency)),
            when,
            when_tone,
            owner: alert.owner_name.clone().unwrap_or_else(|| "Unassigned".to_owned()),
            state: state(words, alert),
            rule_gone: alert.rule_gone && alert.closed_at.is_none(),
            may_act: may_act && open,
            may_reopen: may_act && may_reopen(words, alert),
            selectable: false,
            next: next.to_owned(),
            verbs: Verb::ALL.map(panel).to_vec(),
        }
    }

    /// Without the name of its account, for the account's own pages.
    #[must_use]
    pub fn of_account(mut self) -> Self {
        self.account = None;
        self
    }

    /// With a box to tick.
    #[must_use]
    pub fn selectable(mut self) -> Self {
        self.selectable = self.may_act;
        self
    }
}

/// In which state an alert is today.
pub fn which(words: &Wording, alert: &Alert) -> Which {
    match alert.state.as_str() {
        "closed" => Which::Closed,
        "held" | "proposed" => Which::Held,
        _ if alert.dismissed_at.is_some() => Which::Dismissed,
        _ if alert.snoozed_until.is_some_and(|day| day > words.today) => Which::Snoozed,
        _ => Which::Open,
    }
}

/// Whether a person may take it up again.
pub fn may_reopen(words: &Wording, alert: &Alert) -> bool {
    match which(words, alert) {
        Which::Snoozed | Which::Dismissed => true,
        Which::Closed => matches!(alert.close_reason.as_deref(), Some("done" | "dismissed")),
        _ => false,
    }
}

/// What made it true, in one line.
pub fn why(alert: &Alert) -> String {
    if alert.reasons.is_empty() { alert.name.clone() } else { alert.reasons.join("; ") }
}

/// `due in 3 days`, and how pressing that is; for closed ones when they were.
fn due(words: &Wording, alert: &Alert) -> (String, Tone) {
    if let Some(at) = alert.closed_at {
        return (format!("closed {}", format::ago(at, words.now)), Tone::None);
    }
    match alert.due_on {
        None => (format!("open for {}", age(words, alert)), Tone::None),
        Some(day) if day < words.today => {
            (format!("{} overdue", format::count((words.today - day).num_days(), "day")), Tone::Critical)
        }
        Some(day) if day == words.today => ("due today".to_owned(), Tone::Risk),
        Some(day) => (format!("due {}", format::days_from(day, words.today)), Tone::None),
    }
}

/// `3 days`.
pub fn age(words: &Wording, alert: &Alert) -> String {
    match (words.today - alert.opened_on).num_days() {
        0 => "less than a day".to_owned(),
        days => format::count(days, "day"),
    }
}

/// What became of it, in words; empty for one that is simply open.
pub fn state(words: &Wording, alert: &Alert) -> String {
    let by = alert.closed_by.as_deref().unwrap_or("somebody");
    match which(words, alert) {
        Which::Open | Which::Any => String::new(),
        Which::Held => "Waits for a manager".to_owned(),
        Which::Dismissed => format!("Dismissed: {}", alert.note),
        Which::Snoozed => {
            let until =
                alert.snoozed_until.map_or_else(String::new, |day| format::date_near(day, words.today));
            format!("Snoozed until {until}")
        }
        Which::Closed => match alert.close_reason.as_deref() {
            Some("cleared") => "Cleared by itself: its condition is no longer true".to_owned(),
            Some("churned") => "Closed: the account has left".to_owned(),
            Some("refused") => "Refused by a manager".to_owned(),
            _ if alert.note.is_empty() => format!("Done by {by}"),
            _ => format!("Done by {by}: {}", alert.note),
        },
    }
}
