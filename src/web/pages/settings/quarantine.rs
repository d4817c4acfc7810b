//! `/settings/quarantine`: messages that could not be counted, with the reason.
//!
//! Forms: `POST /settings/quarantine/{id}/dismiss`, `…/reopen` to undo it, and `POST /settings/quarantine/replay` for
//! everything whose account is known by now. Block `list` answers htmx.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{SettingsNav, SettingsRoom, moment};
use crate::app::members::Role;
use crate::db::api_keys::{self, ApiKey};
use crate::db::quarantine::{self, Entry, Filter};
use crate::web::error::Result;
use crate::web::extract::{Hx, Id, Manager, Member, Query};
use crate::web::respond::{Done, Page};
use crate::web::ui::shell::Room;
use crate::web::ui::{Chip, EmptyState, Pager, SelectFilter, Shell, Tone, filters, format};
use crate::web::{Web, paths};

const HERE: &str = "/settings/quarantine";
/// Messages on one page.
const PAGE: i64 = 30;
/// Characters of a message that are shown.
const SHOWN: usize = 4_000;

/// Filters, and the place in the list after which the page begins.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    state: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    before: String,
}

/// The messages, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/quarantine.html", blocks = ["list"])]
pub struct QuarantinePage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may replay and dismiss.
    pub may_edit: bool,
    /// Reason and source.
    pub selects: Vec<SelectFilter>,
    /// What is in force.
    pub chips: Vec<Chip>,
    /// How many wait for their account, of whatever the filters show; "replay" is about these.
    pub waiting: i64,
    /// `1,204 messages`.
    pub count: String,
    /// One page.
    pub rows: Vec<QuarantineRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Ways on; its target is `#list`.
    pub pager: Pager,
}

/// One message.
#[derive(Clone, Debug)]
pub struct QuarantineRow {
    /// For the URLs of the forms.
    pub id: String,
    /// `22 Nov, 09:14:31`.
    pub received: String,
    /// The key's name.
    pub source: String,
    /// `track: Report Exported`.
    pub what: String,
    /// `waiting`, `rejected`, `dismissed` or `counted`, as a word.
    pub state: String,
    /// How that looks.
    pub tone: Tone,
    /// What is wrong and what to do, in a sentence.
    pub reason: String,
    /// The message as it came, indented JSON (cut at a few KB).
    pub raw: String,
    /// Whether it can be put aside.
    pub is_open: bool,
    /// Whether it was put aside and can be taken back.
    pub is_dismissed: bool,
}

impl Params {
    fn filter(&self) -> Filter {
        let word = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Filter { state: word(&self.state), reason: word(&self.reason), key_id: self.source.parse().ok() }
    }

    fn href(&self, without: &str, before: &str) -> String {
        let all = [("state", &*self.state), ("reason", &*self.reason), ("source", &*self.source)];
        let kept = all.map(|(name, value)| (name, if name == without { "" } else { value }));
        let [state, reason, source] = kept;
        paths::with_query(HERE, &[state, reason, source, ("before", before)])
    }
}

/// Where a page ends: microseconds and id, which is the order of the list.
fn place(entry: &Entry) -> String {
    format!("{}-{}", entry.received_at.timestamp_micros(), entry.id.simple())
}

fn read_place(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = text.split_once('-')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

/// The page, or its list for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let now = web.app.clock.now();
    let filter = params.filter();
    let before = read_place(&params.before);
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Quarantine).await?;
    let keys = api_keys::list(&mut tx).await?;
    let counts = quarantine::counts(&mut tx).await?;
    let total = quarantine::count(&mut tx, &filter).await?;
    let mut entries = quarantine::page(&mut tx, &filter, before, PAGE + 1).await?;
    drop(tx);
    let more = entries.len() as i64 > PAGE;
    entries.truncate(PAGE as usize);
    let next = entries.last().filter(|_| more).map(|last| params.href("", &place(last)));
    let first = before.map(|_| params.href("", ""));
    let page = QuarantinePage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Manager),
        selects: selects(&params, &keys, &counts),
        chips: chips(&params, &keys),
        waiting: counts.iter().filter(|(state, ..)| state == "waiting").map(|(_, _, n)| n).sum(),
        count: format::count(total, "message"),
        rows: entries
            .iter()
            .map(|entry| QuarantineRow {
                received: moment(entry.received_at, now, &member.scope),
                ..row(entry, &keys)
            })
            .collect(),
        empty: (total == 0).then(|| nothing(&params)),
        pager: Pager::keyset("", first, next).target("#list"),
    };
    Ok(if part { Page(page.as_list()).into_response() } else { Page(page).into_response() })
}

/// A reason, in a few words.
fn title(reason: &str) -> String {
    match reason {
        "unknown_account" => "Unknown account",
        "no_account" => "User without an account",
        "no_identity" => "Neither user nor account",
        "no_group_id" => "Group call without groupId",
        "no_event_name" => "No event name",
        "name_too_long" => "Event name too long",
        "no_type" => "No type",
        "unknown_type" => "Unknown type",
        "bad_timestamp" => "Time that cannot be",
        "null_character" => "Null character",
        "not_an_object" => "Not an object",
        "invalid_json" => "Not JSON",
        "too_large" => "Too large",
        "too_deep" => "Nested too deep",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

const STATES: [(&str, &str, Tone); 4] = [
    ("waiting", "Waiting", Tone::Watch),
    ("rejected", "Rejected", Tone::Risk),
    ("dismissed", "Dismissed", Tone::None),
    ("replayed", "Counted later", Tone::Good),
];

fn selects(params: &Params, keys: &[ApiKey], counts: &[(String, String, i64)]) -> Vec<SelectFilter> {
    let states = STATES.map(|(word, label, _)| (word, label));
    let mut reasons: Vec<(String, String)> = Vec::new();
    for (_, reason, _) in counts {
        let n: i64 = counts.iter().filter(|(_, r, _)| r == reason).map(|(_, _, n)| n).sum();
        let label = format!("{} ({})", title(reason), format::number(n));
        if !reasons.iter().any(|(known, _)| known == reason) {
            reasons.push((reason.clone(), label));
        }
    }
    if !params.reason.is_empty() && !reasons.iter().any(|(known, _)| *known == params.reason) {
        reasons.push((params.reason.clone(), title(&params.reason)));
    }
    let sources = keys.iter().filter(|key| key.scope == "write").map(|key| (key.id.to_string(), &*key.name));
    vec![
        SelectFilter::new("state", "State", "Open", states, Some(&params.state)),
        SelectFilter::new("reason", "Reason", "Any reason", reasons, Some(&params.reason)),
        SelectFilter::new("source", "Source", "Any source", sources, Some(&params.source)),
    ]
}

fn chips(params: &Params, keys: &[ApiKey]) -> Vec<Chip> {
    let mut chips = Vec::new();
    if let Some((_, label, _)) = STATES.iter().find(|(word, ..)| *word == params.state) {
        chips.push(Chip::new(format!("State: {label}"), params.href("state", "")));
    }
    if !params.reason.is_empty() {
        chips.push(Chip::new(format!("Reason: {}", title(&params.reason)), params.href("reason", "")));
    }
    if let Some(key) = keys.iter().find(|key| key.id.to_string() == params.source) {
        chips.push(Chip::new(format!("Source: {}", key.name), params.href("source", "")));
    }
    chips
}

fn row(entry: &Entry, keys: &[ApiKey]) -> QuarantineRow {
    let json = serde_json::from_str::<serde_json::Value>(&entry.message).ok();
    let text = |name: &str| json.as_ref().and_then(|json| json.get(name)?.as_str()).map(str::to_owned);
    let what = match (text("type"), text("event").or_else(|| text("name"))) {
        (Some(kind), Some(name)) => format!("{kind}: {name}"),
        (Some(kind), None) => kind,
        (None, _) => "unreadable message".to_owned(),
    };
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    let mut raw = pretty.unwrap_or_else(|| entry.message.clone());
    if let Some((cut, _)) = raw.char_indices().nth(SHOWN) {
        raw.truncate(cut);
        raw.push_str("\n\u{2026}");
    }
    let key = keys.iter().find(|key| Some(key.id) == entry.key_id);
    let (_, state, tone) =
        STATES.into_iter().find(|(word, ..)| *word == entry.state).unwrap_or(("", "", Tone::None));
    QuarantineRow {
        id: entry.id.to_string(),
        received: String::new(),
        source: key.map_or("a file".to_owned(), |key| key.name.clone()),
        what,
        state: state.to_owned(),
        tone,
        reason: entry.detail.clone(),
        raw,
        is_open: matches!(entry.state.as_str(), "waiting" | "rejected"),
        is_dismissed: entry.state == "dismissed",
    }
}

fn nothing(params: &Params) -> EmptyState {
    if params.state.is_empty() && params.reason.is_empty() && params.source.is_empty() {
        let text = "Every message that arrived was counted, or was a duplicate of one that was.";
        EmptyState::new("check", "Nothing is in quarantine", text)
            .action("See the sources", "/settings/sources")
    } else {
        EmptyState::new("check", "No message fits these filters", "Choose other filters, or none.")
            .action("Clear filters", HERE)
    }
}

/// Has everything counted whose account is known by now.
pub async fn replay(State(web): State<Web>, Manager(member): Manager) -> Result<Done> {
    web.app.request_replay(&member.scope, &member.actor()).await?;
    let text = "Messages whose account is known by now are being counted, each with its own time.";
    Ok(Done::to(HERE, text))
}

/// Puts a message aside for good.
pub async fn dismiss(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    web.app.dismiss_quarantined(&member.scope, &[id], true, &member.actor()).await?;
    Ok(Done::to(HERE, "The message was put aside.").undo(format!("{HERE}/{id}/reopen"), &[]))
}

/// Takes it back.
pub async fn reopen(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    web.app.dismiss_quarantined(&member.scope, &[id], false, &member.actor()).await?;
    Ok(Done::to(HERE, "The message is in quarantine again.").undo(format!("{HERE}/{id}/dismiss"), &[]))
}
