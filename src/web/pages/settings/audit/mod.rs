//! `/settings/audit`: who did what, when. Block `list` answers htmx.

mod said;

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use self::said::{NOUNS, Words};
use super::{SettingsNav, SettingsRoom, moment};
use crate::db::audit::{self, Entry, Filter};
use crate::db::{api_keys, members, webhooks};
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, Chip, EmptyState, Pager, SelectFilter, Shell, filters};
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
    /// The rest: `“Several urgent tickets”, until 3 Mar 2027`.
    pub change: String,
}

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
    called.extend(webhooks::endpoints(&mut tx).await?.into_iter().map(|to| (to.id.to_string(), to.url)));
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
    let words = Words { called, names };
    let row = |entry: &Entry| {
        let (what, subject, href) = words.headline(entry);
        let (when, who) = (moment(entry.at, now, &member.scope), Avatar::new(&entry.actor));
        AuditRow { when, who, what, subject, href, change: words.change(entry) }
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
