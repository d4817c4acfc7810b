//! What the journal says of a ticket: what happened to it, and what its clocks did. Each entry has a word that makes it
//! one, so that looking twice tells once.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::clocks::{Clock, clocks};
use super::settle::Changed;
use super::{Desk, begun};
use crate::app::Actor;
use crate::db::tickets::{Stay, Whole};
use crate::db::timeline::Entry;
use crate::domain::sla;
use crate::domain::ticket::{Severity, Step};
use crate::domain::timeline::Kind;

/// What a change of a ticket did that was not so before.
pub(super) fn happened(changed: &Changed, actor: &Actor) -> Vec<Entry> {
    let (before, after) = (changed.before.as_ref(), &changed.after);
    let ticket = &after.ticket;
    let mut entries: Vec<Entry> =
        changed.taken_back().map(|gone| back(after, gone, actor)).into_iter().collect();
    for (at, stay) in after.stays.iter().enumerate() {
        let known = before.and_then(|before| before.stays.get(at));
        if known.is_none() {
            entries.push(began(after, stay));
        }
        let is_news = stay.answered_at.is_some() && known.is_none_or(|known| known.answered_at.is_none());
        // A resolution is an answer as well; it has an entry of its own.
        if let Some(answered_at) = stay.answered_at.filter(|at| is_news && Some(*at) != ticket.resolved_at) {
            let title = format!("Answered: {}", called(after));
            let entry = about(after, stay, Kind::TicketAnswered, answered_at, title);
            let once = once(stay, "answered");
            entries.push(Entry { actor: actor.0.clone(), once, ..entry });
        }
    }
    if let Some(at) = ticket.resolved_at
        && before.is_none_or(|before| before.ticket.resolved_at.is_none())
    {
        let stay = &after.stays[after.stays.len().saturating_sub(1)];
        let entry = about(after, stay, Kind::TicketResolved, at, format!("Resolved: {}", called(after)));
        // It may be resolved again after it was taken up again.
        let begun = &after.stays[begun(after)];
        entries.push(Entry { actor: actor.0.clone(), once: once(begun, "resolved"), ..entry });
    }
    entries
}

/// An escalation was taken back: whoever was called in hears of it as well.
fn back(whole: &Whole, gone: &Stay, actor: &Actor) -> Entry {
    let level = whole.stays.last().map_or(0, |stay| stay.level);
    let title = format!("At level {level} again: {}", called(whole));
    let entry = about(whole, gone, Kind::TicketReturned, whole.ticket.stated_at, title);
    Entry { body: format!("Not sent on to level {} after all", gone.level), actor: actor.0.clone(), ..entry }
}

/// A stay began.
fn began(whole: &Whole, stay: &Stay) -> Entry {
    let name = called(whole);
    let (kind, title) = match Step::parse(&stay.step) {
        Some(Step::Escalated) => {
            (Kind::TicketEscalated, format!("Escalated to level {}: {name}", stay.level))
        }
        Some(Step::Lowered) => (Kind::TicketEscalated, format!("Back to level {}: {name}", stay.level)),
        Some(Step::Reopened) => (Kind::TicketOpened, format!("Opened again: {name}")),
        Some(Step::Opened) | None => (Kind::TicketOpened, format!("Opened: {name}")),
    };
    let entry = about(whole, stay, kind, stay.at, title);
    Entry { body: stay.reason.clone(), actor: stay.actor.clone(), once: once(stay, &stay.step), ..entry }
}

/// Clocks that are due soon or broken.
pub(super) fn alarms(whole: &Whole, desk: &Desk, now: DateTime<Utc>) -> Vec<Entry> {
    let Some(in_force) = &desk.in_force else { return Vec::new() };
    clocks(whole)
        .filter_map(|clock| {
            let Clock { stay, due, is_response, .. } = clock;
            let what = if is_response { "answer" } else { "resolution" };
            let name = called(whole);
            let (kind, at, title, word) = if clock.broken {
                let at = in_force.methodology.sla.breaks_at(due);
                (Kind::ClockBreached, at, format!("No {what} in time: {name}"), "breached")
            } else if clock.runs && sla::soon_at(clock.begun, due) <= now {
                (Kind::ClockDueSoon, now, format!("Due soon for {}: {name}", article(what)), "due_soon")
            } else {
                return None;
            };
            let clock = if is_response { "response" } else { "resolution" };
            let entry = about(whole, stay, kind, at, title);
            let mut data = entry.data.clone();
            data["clock"] = json!(clock);
            data["due"] = json!(due);
            Some(Entry { once: once(stay, &format!("{clock}:{word}")), data, ..entry })
        })
        .collect()
}

fn article(what: &str) -> &'static str {
    if what == "answer" { "an answer" } else { "a resolution" }
}

fn called(whole: &Whole) -> String {
    let ticket = &whole.ticket;
    if ticket.subject == ticket.external_id {
        ticket.external_id.clone()
    } else {
        format!("{} {}", ticket.external_id, ticket.subject)
    }
}

fn once(stay: &Stay, word: &str) -> Option<String> {
    Some(format!("{}{word}", words(stay)))
}

/// What the words begin with that make the entries about a stay one.
pub(super) fn words(stay: &Stay) -> String {
    format!("ticket:{}:{}:", stay.ticket_id, stay.stay)
}

/// An entry about a ticket at a level: whoever plays the level's role is to hear of it.
fn about(whole: &Whole, stay: &Stay, kind: Kind, at: DateTime<Utc>, title: String) -> Entry {
    let roles: Vec<&str> = Some(stay.role.as_str()).into_iter().filter(|role| !role.is_empty()).collect();
    Entry {
        about: Some(whole.ticket.id),
        severity: Severity::parse(&whole.ticket.severity).map(Severity::word),
        data: json!({ "ticket": whole.ticket.external_id, "level": stay.level, "roles": roles }),
        ..Entry::new(kind, Some(whole.ticket.account_id), at, title)
    }
}
