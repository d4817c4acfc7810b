//! `/settings/audit`: who did what, when. Block `list` answers htmx.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use super::{SettingsNav, SettingsRoom, moment};
use crate::app::members::Role;
use crate::db::audit::{self, Entry, Filter};
use crate::db::{api_keys, members};
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, Chip, EmptyState, Pager, SelectFilter, Shell, filters, format};
use crate::web::{Web, paths};

const HERE: &str = "/settings/audit";
/// Lines on one page.
const PAGE: i64 = 50;

/// Filters and page.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    q: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    page: String,
}

/// The log, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/audit.html", blocks = ["list"])]
pub struct AuditPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Free text in force.
    pub q: String,
    /// Who, what kind.
    pub selects: Vec<SelectFilter>,
    /// What is in force.
    pub chips: Vec<Chip>,
    /// One page.
    pub rows: Vec<AuditRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Ways on; its target is `#list`.
    pub pager: Pager,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// `22 Nov, 09:14:31`.
    pub when: String,
    /// Who: a member, a key, or the system.
    pub who: Avatar,
    /// `Revoked API key`.
    pub what: String,
    /// `Production backend`.
    pub subject: String,
    /// Where it is, if it still is.
    pub href: Option<String>,
    /// Field by field: `role: csm → manager`.
    pub change: String,
}

/// Nouns of actions and what they are called. To add one: here, and its sentences in [`said`].
const NOUNS: &[(&str, &str)] = &[
    ("account", "Accounts"),
    ("endpoint", "Webhooks"),
    ("field", "Own fields"),
    ("import", "Imports"),
    ("job", "Background work"),
    ("key", "API keys"),
    ("member", "Members"),
    ("methodology", "Methodology"),
    ("metric", "Metrics"),
    ("message", "Messages"),
    ("notifications", "What members are told"),
    ("quarantine", "Quarantine"),
    ("rate", "Exchange rates"),
    ("slack", "Slack"),
    ("template", "Mail templates"),
];

impl Params {
    fn href(&self, without: &str, page: i64) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let keep = |name: &'static str, value| (name, if name == without { "" } else { value });
        let (q, who, what) = (keep("q", &*self.q), keep("who", &*self.who), keep("what", &*self.what));
        paths::with_query(HERE, &[q, who, what, ("page", &page)])
    }
}

/// The page, or its list for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let number = params.page.parse::<i64>().unwrap_or(1).clamp(1, 10_000);
    let now = web.app.clock.now();
    let names = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Audit).await?;
    let mut called: HashMap<String, String> = HashMap::new();
    called.extend(members::names(&mut tx).await?.into_iter().map(|(id, name)| (id.to_string(), name)));
    called.extend(api_keys::list(&mut tx).await?.into_iter().map(|key| (key.id.to_string(), key.name)));
    let word = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let meant = |name: &str| !params.q.is_empty() && name.to_lowercase().contains(&params.q.to_lowercase());
    let filter = Filter {
        noun: word(&params.what),
        actor: word(&params.who),
        text: word(&params.q),
        subjects: called.iter().filter(|(_, name)| meant(name)).map(|(id, _)| id.clone()).collect(),
    };
    let actors = audit::actors(&mut tx).await?;
    let mut entries = audit::page(&mut tx, &filter, (number - 1) * PAGE, PAGE + 1).await?;
    drop(tx);
    let more = entries.len() as i64 > PAGE;
    entries.truncate(PAGE as usize);
    let row = |entry: &Entry| AuditRow {
        when: moment(entry.at, now, &member.scope),
        who: Avatar::new(&entry.actor),
        ..said(entry, &called, &names)
    };
    let unfiltered = params.q.is_empty() && params.who.is_empty() && params.what.is_empty();
    let none = || {
        let empty = EmptyState::new("list-checks", "Nothing fits", "No entry of the log fits these filters.");
        if unfiltered { empty } else { empty.action("Clear filters", HERE) }
    };
    let page = AuditPage {
        shell: member.shell(Room::Settings),
        nav,
        selects: vec![
            SelectFilter::new("what", "What", "Everything", NOUNS.iter().copied(), Some(&params.what)),
            SelectFilter::new("who", "Who", "Everybody", actors.iter().map(|a| (a, a)), Some(&params.who)),
        ],
        chips: chips(&params),
        empty: entries.is_empty().then(none),
        rows: entries.iter().map(row).collect(),
        pager: Pager::keyset(
            format!("Page {number}"),
            (number > 1).then(|| params.href("", number - 1)),
            more.then(|| params.href("", number + 1)),
        )
        .target("#list"),
        q: params.q,
    };
    Ok(if part { Page(page.as_list()).into_response() } else { Page(page).into_response() })
}

fn chips(params: &Params) -> Vec<Chip> {
    let mut chips = Vec::new();
    if !params.q.is_empty() {
        chips.push(Chip::new(format!("\u{201c}{}\u{201d}", params.q), params.href("q", 1)));
    }
    if let Some((_, label)) = NOUNS.iter().find(|(noun, _)| *noun == params.what) {
        chips.push(Chip::new(format!("What: {label}"), params.href("what", 1)));
    }
    if !params.who.is_empty() {
        chips.push(Chip::new(format!("Who: {}", params.who), params.href("who", 1)));
    }
    chips
}

/// An action in words. One that is not known here is shown by its own name rather than hidden.
fn said(entry: &Entry, called: &HashMap<String, String>, names: &Wording) -> AuditRow {
    let subject = match called.get(&entry.subject) {
        Some(name) => name.clone(),
        None if entry.action.starts_with("job.") => super::jobs::label(&entry.subject),
        None => entry.subject.clone(),
    };
    let text = |name: &str| entry.detail.get(name).and_then(Value::as_str);
    let role = || text("role").and_then(Role::parse).map_or(String::new(), |r| format!("as {}", r.label()));
    let member = |id: &str| called.get(id).cloned().unwrap_or_else(|| "nobody".to_owned());
    let account = Some(paths::account(&entry.subject));
    let page = |path: &str| Some(path.to_owned());
    let (what, href, change) = match entry.action.as_str() {
        "account.created" => ("Added the account", account, String::new()),
        "account.updated" => ("Changed the account", account, String::new()),
        "account.assigned" => {
            let owner = text("owner").map_or("nobody".to_owned(), member);
            ("Assigned the account", account, format!("to {owner}"))
        }
        "account.segment" => match text("segment") {
            Some(id) => ("Pinned the segment of", account, format!("to {}", names.segment(Some(id)))),
            None => ("Let the rules choose the segment of", account, String::new()),
        },
        "import.finished" => {
            let rows = entry.detail.get("rows").and_then(Value::as_i64).unwrap_or_default();
            let rejected = entry.detail.get("rejected").and_then(Value::as_i64).unwrap_or_default();
            let href = text("import").map(|id| format!("/settings/imports/{id}"));
            let change = format!("{}, {} rejected", format::count(rows, "row"), format::number(rejected));
            (
                if text("status") == Some("failed") { "Could not import all of" } else { "Imported" },
                href,
                change,
            )
        }
        "demo.begun" => ("Began to load the demo as of", None, String::new()),
        "demo.loaded" => ("Loaded the demo as of", None, String::new()),
        "field.defined" => {
            ("Defined the field", None, text("label").map_or(String::new(), |l| format!("as {l}")))
        }
        "job.cancelled" => ("Stopped", page("/settings/jobs"), String::new()),
        "job.retried" => {
            let all = entry.detail.get("count").and_then(Value::as_i64);
            let change = all.map_or(String::new(), |n| format!("all {} that had failed", format::number(n)));
            ("Had tried again", page("/settings/jobs"), change)
        }
        "job.discarded" => ("Discarded", page("/settings/jobs?show=over"), String::new()),
        "job.restored" => ("Took back", page("/settings/jobs?show=failed"), String::new()),
        "key.created" => {
            ("Made the API key", page("/settings/keys"), text("scope").unwrap_or_default().to_owned())
        }
        "key.revoked" => ("Revoked the API key", page("/settings/keys"), String::new()),
        "key.restored" => ("Restored the API key", page("/settings/keys"), String::new()),
        "member.added" => ("Added", page("/settings/members"), role()),
        "member.invited" => ("Invited", page("/settings/members"), role()),
        "member.uninvited" => ("Took back the invitation of", None, String::new()),
        "member.joined" => ("Joined as", page("/settings/members"), role()),
        "member.role" => ("Changed the role of", page("/settings/members"), role()),
        "member.removed" => ("Removed", None, String::new()),
        "member.restored" => ("Gave back the place of", page("/settings/members"), String::new()),
        "methodology.drafted" => ("Began a draft of", page("/studio"), String::new()),
        "methodology.draft_saved" => {
            let revision = entry.detail.get("revision").and_then(Value::as_i64).unwrap_or_default();
            ("Saved the draft of", page("/studio"), format!("revision {revision}"))
        }
        "methodology.draft_discarded" => ("Discarded the draft of", page("/studio"), String::new()),
        "methodology.draft_restored" => ("Took back the draft of", page("/studio"), String::new()),
        "methodology.published" => {
            let number = |name: &str| entry.detail.get(name).and_then(Value::as_i64);
            let version = number("version").map_or(String::new(), |version| format!("version {version}"));
            let change = match number("back_to") {
                Some(old) => format!("{version}, back to version {old}"),
                None => version,
            };
            ("Published the methodology", page("/studio"), change)
        }
        "metric.changed" => ("Changed what feeds", page("/settings/metrics"), fed(&entry.detail)),
        "quarantine.dismissed" => ("Put aside", page("/settings/quarantine?state=dismissed"), count(entry)),
        "quarantine.reopened" => ("Took back into quarantine", page("/settings/quarantine"), count(entry)),
        "quarantine.replay" => ("Asked to count", page("/settings/quarantine"), String::new()),
        "rate.changed" => {
            let rate = text("rate").unwrap_or_default();
            ("Stated the exchange rate of", page("/settings/rates"), rate.to_owned())
        }
        other => {
            let change = if entry.detail.as_object().is_some_and(|detail| !detail.is_empty()) {
                entry.detail.to_string()
            } else {
                String::new()
            };
            return AuditRow { what: other.replace('.', ": "), change, ..blank(subject, None) };
        }
    };
    AuditRow { what: what.to_owned(), change, ..blank(subject, href) }
}

fn blank(subject: String, href: Option<String>) -> AuditRow {
    AuditRow {
        when: String::new(),
        who: Avatar::new(""),
        what: String::new(),
        subject,
        href,
        change: String::new(),
    }
}

fn count(entry: &Entry) -> String {
    let n = entry.detail.get("count").and_then(Value::as_i64).unwrap_or_default();
    format::count(n, "message")
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
