//! The audit log in words. To add an action: its line in [`SENTENCES`]; what it carries is put into words by itself.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use crate::app::members::Role;
use crate::db::audit::Entry;
use crate::web::pages::settings::jobs;
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::ui::format;

/// Nouns of actions and what they are called.
pub(super) const NOUNS: &[(&str, &str)] = &[
    ("account", "Accounts"),
    ("alert", "Alerts"),
    ("backtest", "Backtests"),
    ("calendar", "Calendar links"),
    ("contract", "Contracts"),
    ("endpoint", "Webhooks"),
    ("field", "Own fields"),
    ("import", "Imports"),
    ("job", "Background work"),
    ("key", "API keys"),
    ("member", "Members"),
    ("message", "Messages"),
    ("methodology", "Methodology"),
    ("metric", "Metrics"),
    ("notifications", "What members are told"),
    ("override", "Set by hand"),
    ("pipeline", "Pipelines"),
    ("play", "Playbooks"),
    ("quarantine", "Quarantine"),
    ("rate", "Exchange rates"),
    ("renewal", "Renewals"),
    ("role", "Roles"),
    ("slack", "Slack"),
    ("stage", "Stages"),
    ("storm", "Rules held back"),
    ("task", "Tasks"),
    ("template", "Mail templates"),
    ("ticket", "Tickets"),
    ("timeline", "Timeline"),
];

/// Where the subject of an action is found.
enum Place {
    Nowhere,
    /// It is an account's external id.
    Account,
    Page(&'static str),
}

use Place::{Account, Nowhere, Page};

/// Each action, what is said before its subject, and where that is.
const SENTENCES: &[(&str, &str, Place)] = &[
    ("account.assigned", "Assigned the account", Account),
    ("account.created", "Added the account", Account),
    ("account.segment", "Set the segment of", Account),
    ("account.updated", "Changed the account", Account),
    ("alert.assign", "Assigned an alert of", Account),
    ("alert.close", "Closed an alert of", Account),
    ("alert.dismiss", "Dismissed an alert of", Account),
    ("alert.reopen", "Opened again an alert of", Account),
    ("alert.snooze", "Put off an alert of", Account),
    ("backtest.deleted", "Deleted the backtest of", Page("/studio/backtests")),
    ("backtest.restored", "Took back the backtest of", Page("/studio/backtests")),
    ("backtest.started", "Started a backtest of", Page("/studio/backtests")),
    ("calendar.renew", "Made a calendar link for", Nowhere),
    ("calendar.revoke", "Ended the calendar link of", Nowhere),
    ("contract.created", "Added the contract", Nowhere),
    ("contract.updated", "Changed the contract", Nowhere),
    ("demo.begun", "Began to load the demo as of", Nowhere),
    ("demo.loaded", "Loaded the demo as of", Nowhere),
    ("endpoint.changed", "Changed the webhook", Page("/settings/outgoing")),
    ("endpoint.created", "Added the webhook", Page("/settings/outgoing")),
    ("endpoint.paused", "Paused the webhook", Page("/settings/outgoing")),
    ("endpoint.removed", "Removed the webhook", Nowhere),
    ("endpoint.replayed", "Sent again to the webhook", Page("/settings/outgoing")),
    ("endpoint.restored", "Took back the webhook", Page("/settings/outgoing")),
    ("endpoint.rotated", "Made a new secret for the webhook", Page("/settings/outgoing")),
    ("endpoint.tested", "Tried the webhook", Page("/settings/outgoing")),
    ("field.defined", "Defined the field", Nowhere),
    ("import.finished", "Imported", Nowhere),
    ("job.cancelled", "Stopped", Page("/settings/jobs")),
    ("job.discarded", "Discarded", Page("/settings/jobs?show=over")),
    ("job.restored", "Took back", Page("/settings/jobs?show=failed")),
    ("job.retried", "Had tried again", Page("/settings/jobs")),
    ("key.created", "Made the API key", Page("/settings/keys")),
    ("key.restored", "Restored the API key", Page("/settings/keys")),
    ("key.revoked", "Revoked the API key", Page("/settings/keys")),
    ("member.added", "Added", Page("/settings/members")),
    ("member.invited", "Invited", Page("/settings/members")),
    ("member.joined", "Joined as", Page("/settings/members")),
    ("member.removed", "Removed", Nowhere),
    ("member.restored", "Gave back the place of", Page("/settings/members")),
    ("member.role", "Changed the role of", Page("/settings/members")),
    ("member.uninvited", "Took back the invitation of", Nowhere),
    ("message.to_customers", "Changed what becomes of", Page("/settings/outgoing")),
    ("message.retried", "Had a message sent again", Page("/settings/outgoing/messages")),
    ("methodology.draft_discarded", "Discarded the draft of", Page("/studio")),
    ("methodology.draft_restored", "Took back the draft of", Page("/studio")),
    ("methodology.draft_saved", "Saved the draft of", Page("/studio")),
    ("methodology.drafted", "Began a draft of", Page("/studio")),
    ("methodology.published", "Published the methodology", Page("/studio")),
    ("metric.changed", "Changed what feeds", Page("/settings/metrics")),
    ("notifications.set", "Chose what is told to", Nowhere),
    ("override.agreed", "The model agrees about", Account),
    ("override.churned", "What was set by hand ended with", Account),
    ("override.expired", "What was set by hand ran out for", Account),
    ("override.judged", "The renewal showed who was right about", Account),
    ("override.restored", "Set again by hand", Account),
    ("override.set", "Set by hand", Account),
    ("override.withdrawn", "Took back what was set by hand for", Account),
    ("pipeline.advanced", "Moved on an item of", Account),
    ("pipeline.back", "Moved back an item of", Account),
    ("pipeline.change", "Changed an item of", Account),
    ("pipeline.lost", "Closed as lost or dropped an item of", Account),
    ("pipeline.moved", "Moved an item of", Account),
    ("pipeline.open", "Opened in a pipeline for", Account),
    ("pipeline.reopened", "Opened again an item of", Account),
    ("pipeline.tick", "Ticked a check of an item of", Account),
    ("pipeline.untick", "Took back a check of an item of", Account),
    ("pipeline.won", "Closed as won or done an item of", Account),
    ("play.pause", "Paused a playbook of", Account),
    ("play.replan", "Planned anew a playbook of", Account),
    ("play.resume", "Took up again a playbook of", Account),
    ("play.start", "Started a playbook for", Account),
    ("play.stop", "Stopped a playbook of", Account),
    ("quarantine.dismissed", "Put aside", Page("/settings/quarantine?state=dismissed")),
    ("quarantine.reopened", "Took back into quarantine", Page("/settings/quarantine")),
    ("quarantine.replay", "Asked to count", Page("/settings/quarantine")),
    ("rate.changed", "Stated the exchange rate of", Page("/settings/rates")),
    ("renewal.closed", "Recorded the outcome of the renewal of", Account),
    ("renewal.forecast", "Forecast the renewal of", Account),
    ("renewal.reopened", "Opened again the renewal of", Account),
    ("role.set", "Said who plays", Page("/settings/roles")),
    ("role.set_for_account", "Said who plays a role for", Account),
    ("slack.removed", "Removed", Page("/settings/outgoing")),
    ("slack.set", "Set up", Page("/settings/outgoing")),
    ("slack.tested", "Tried", Page("/settings/outgoing")),
    ("stage.hold", "Held the stage of", Account),
    ("stage.release", "Let go the stage of", Account),
    ("stage.tick", "Ticked a criterion of", Account),
    ("storm.limits", "Changed when too many are held back:", Page("/settings/rules")),
    ("storm.refused", "Refused what waited of the rule", Page("/settings/rules")),
    ("storm.released", "Let pass what waited of the rule", Page("/settings/rules")),
    ("task.add", "Added a task", Account),
    ("task.assign", "Gave a task to somebody", Account),
    ("task.done", "Did a task", Account),
    ("task.note", "Wrote on a task", Account),
    ("task.put_off", "Moved a task", Account),
    ("task.reopen", "Took up again a task", Account),
    ("task.skipped", "Skipped a task", Account),
    ("template.removed", "Removed the mail template", Page("/settings/templates")),
    ("template.set", "Changed the mail template", Page("/settings/templates")),
    ("ticket.answered", "Answered the ticket", Page("/support?status=all")),
    ("ticket.created", "Added the ticket", Page("/support?status=all")),
    ("ticket.escalated", "Escalated the ticket", Page("/support?status=all")),
    ("ticket.escalation_taken_back", "Took back the escalation of", Page("/support?status=all")),
    ("ticket.reopened", "Reopened the ticket", Page("/support?status=all")),
    ("ticket.resolved", "Resolved the ticket", Page("/support?status=all")),
    ("ticket.updated", "Changed the ticket", Page("/support?status=all")),
    ("timeline.log", "Wrote on the timeline of", Account),
    ("timeline.remove", "Took away an entry of", Account),
    ("timeline.restore", "Took back an entry of", Account),
];

/// What a thing is called comes first, in quotes.
const TITLES: &[&str] = &["alert", "task", "title", "playbook", "criterion"];
/// For machines: they tell a reader nothing that another word of the line does not.
const UNSAID: &[&str] =
    &["id", "import", "backtest", "entry", "delivery", "draft", "file", "rule", "follows"];

/// What is needed to put the log into words.
pub(super) struct Words {
    /// Names of members, keys and endpoints by their ids.
    pub(super) called: HashMap<String, String>,
    pub(super) names: Wording,
}

impl Words {
    /// What was done, to what, and where that is. An action without a sentence is shown by its own name rather than
    /// hidden.
    pub(super) fn headline(&self, entry: &Entry) -> (String, String, Option<String>) {
        let subject = match self.called.get(&entry.subject) {
            Some(name) => name.clone(),
            None if entry.action.starts_with("job.") => jobs::label(&entry.subject),
            None if entry.action.starts_with("role.set") && entry.action != "role.set_for_account" => {
                self.names.role(&entry.subject)
            }
            None => entry.subject.clone(),
        };
        let Some((_, what, place)) = SENTENCES.iter().find(|(action, ..)| *action == entry.action) else {
            return (entry.action.replace('.', ": "), subject, None);
        };
        let text = |name: &str| entry.detail.get(name).and_then(Value::as_str);
        let href = match (place, &*entry.action) {
            (_, "import.finished") => text("import").map(|id| format!("/settings/imports/{id}")),
            // What is about no account, such as a task of the company.
            (Account, _) if entry.subject.is_empty() => None,
            (Account, _) => Some(paths::account(&entry.subject)),
            (Page(path), _) => Some((*path).to_owned()),
            (Nowhere, _) => None,
        };
        let what = match (&*entry.action, text("status"), text("segment")) {
            ("import.finished", Some("failed"), _) => "Could not import all of",
            ("account.segment", _, None) => "Let the rules choose the segment of",
            _ => what,
        };
        (what.to_owned(), subject, href)
    }

    /// What else the line carries.
    pub(super) fn change(&self, entry: &Entry) -> String {
        let text = |name: &str| entry.detail.get(name).and_then(Value::as_str);
        let number = |name: &str| entry.detail.get(name).and_then(Value::as_i64);
        match &*entry.action {
            "account.assigned" => {
                format!("to {}", text("owner").map_or("nobody".into(), |id| self.person(id)))
            }
            "import.finished" => {
                let rejected = format::number(number("rejected").unwrap_or_default());
                format!("{}, {rejected} rejected", format::count(number("rows").unwrap_or_default(), "row"))
            }
            "job.retried" => match number("count") {
                Some(n) => format!("all {} that had failed", format::number(n)),
                None => String::new(),
            },
            "member.added" | "member.invited" | "member.joined" | "member.role" => text("role")
                .and_then(Role::parse)
                .map_or(String::new(), |role| format!("as {}", role.label())),
            "methodology.published" => {
                let version = number("version").map_or(String::new(), |version| format!("version {version}"));
                match (number("back_to"), text("note").filter(|note| !note.is_empty())) {
                    (Some(old), _) => format!("{version}, back to version {old}"),
                    (None, Some(note)) => format!("{version}: {note}"),
                    (None, None) => version,
                }
            }
            "metric.changed" => fed(&entry.detail),
            "quarantine.dismissed" | "quarantine.reopened" => {
                format::count(number("count").unwrap_or_default(), "message")
            }
            "rate.changed" => text("rate").unwrap_or_default().to_owned(),
            _ => {
                let mut said = Vec::new();
                self.details(&entry.detail, &mut said);
                said.join(", ")
            }
        }
    }

    fn details(&self, detail: &Value, said: &mut Vec<String>) {
        let Some(fields) = detail.as_object() else { return };
        for title in TITLES.iter().filter_map(|name| fields.get(*name)?.as_str()) {
            said.push(format!("\u{201c}{title}\u{201d}"));
        }
        for (name, value) in fields.iter().filter(|(name, _)| !UNSAID.contains(&&***name)) {
            match value {
                _ if TITLES.contains(&&**name) => {}
                Value::Object(_) => self.details(value, said),
                // What a person wrote.
                Value::String(text) if name == "more" => said.push(format!("\u{201c}{text}\u{201d}")),
                _ => said.extend(
                    self.value(name, value).map(|value| format!("{} {value}", name.replace('_', " "))),
                ),
            }
        }
    }

    fn value(&self, name: &str, value: &Value) -> Option<String> {
        match value {
            Value::Null | Value::Object(_) => None,
            Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(all) => {
                let all: Vec<String> = all.iter().filter_map(|one| self.value(name, one)).collect();
                (!all.is_empty()).then(|| all.join(", "))
            }
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(self.text(name, text)),
        }
    }

    fn text(&self, name: &str, text: &str) -> String {
        if let Ok(day) = text.parse::<NaiveDate>() {
            return format::date(day);
        }
        if let Ok(moment) = text.parse::<DateTime<chrono::Utc>>() {
            return format::date(moment.date_naive());
        }
        match name {
            "member" | "owner" => self.person(text),
            "segment" => self.names.segment(Some(text)),
            "stage" => self.names.stage(text),
            "band" | "model_band" => self.names.band(Some(text)),
            "role" => self.names.role(text),
            "category" | "outcome" | "status" => text.replace('_', " "),
            _ => text.to_owned(),
        }
    }

    fn person(&self, id: &str) -> String {
        self.called.get(id).cloned().unwrap_or_else(|| "somebody who left".to_owned())
    }
}

fn fed(detail: &Value) -> String {
    let text = |name: &str| detail.get(name).and_then(Value::as_str);
    match (text("event"), text("trait")) {
        (Some("*"), _) => "by every event".to_owned(),
        (Some(event), _) => format!("by the event {event}"),
        (None, Some(name)) => format!("by the trait {name}"),
        (None, None) => "by files and the API only".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Literals of the form `noun.verb` below a folder whose noun is one of the log's.
    fn actions(dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                actions(&path, found);
            } else if !path.ends_with("app/templates.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let is_action = |word: &&str| {
                    word.split_once('.').is_some_and(|(noun, verb)| {
                        NOUNS.iter().any(|(known, _)| *known == noun)
                            && verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                    })
                };
                found.extend(text.split('"').filter(is_action).map(str::to_owned));
            }
        }
    }

    #[test]
    fn whatever_is_recorded_has_a_sentence() {
        let mut found = Vec::new();
        actions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app"), &mut found);
        assert!(found.len() > 60, "the source was read: {found:?}");
        for action in found {
            assert!(SENTENCES.iter().any(|(known, ..)| *known == action), "{action} wants a sentence");
        }
        for (action, ..) in SENTENCES {
            let noun = action.split('.').next();
            assert!(noun == Some("demo") || NOUNS.iter().any(|(known, _)| Some(*known) == noun), "{action}");
        }
    }
}
