//! `/studio/…`: how the tenant works, its versions, and the drafts of the next one.
//!
//! Everybody may look; managers and admins draft and try out; only admins publish and go back. A page of a draft
//! begins with [`DraftHead`]; to add one, give it a [`Tab`].

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::app::Error;
use crate::app::members::Role;
use crate::app::methodology::Draft;
use crate::domain::pack::{PackError, PackErrors};
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::ui::parts::Tabs;
use crate::web::ui::{Notice, Tone, filters, format, html_safe};
use crate::web::{Web, paths};

pub mod bands;
pub mod changes;
pub mod compare;
pub mod contents;
pub mod create;
pub mod curve_form;
pub mod discard;
pub mod file;
pub mod forms;
pub mod home;
pub mod measure;
pub mod model;
pub mod parameters;
pub mod preview;
pub mod publish;
pub mod roll_back;
pub mod version;
pub mod weights;

/// Largest form that carries a file: what a pack may have, percent-encoded.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The pages of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// `/studio/drafts/{id}`
    Model,
    /// `/studio/drafts/{id}/parameters`
    Parameters,
    /// `/studio/drafts/{id}/contents`
    Contents,
    /// `/studio/drafts/{id}/file`
    File,
    /// `/studio/drafts/{id}/changes`
    Changes,
    /// `/studio/drafts/{id}/preview`
    Preview,
    /// `/studio/drafts/{id}/publish`, which is a button rather than a tab.
    Publish,
}

impl Tab {
    const ALL: [(Tab, &'static str, &'static str); 6] = [
        (Tab::Model, "Health model", ""),
        (Tab::Parameters, "Parameters", "parameters"),
        (Tab::Contents, "Contents", "contents"),
        (Tab::File, "File", "file"),
        (Tab::Changes, "Changes", "changes"),
        (Tab::Preview, "Preview", "preview"),
    ];
}

/// What every page of a draft begins with.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/head.html")]
pub struct DraftHead {
    /// Its title.
    pub title: String,
    /// Path of its first page.
    pub href: String,
    /// `Over version 3`.
    pub over: String,
    /// `Saved 4 min ago by Ada Berg`.
    pub saved: String,
    /// Its pages.
    pub tabs: Tabs,
    /// Counts its changes; forms send it along so that nobody writes over somebody else.
    pub revision: i32,
    /// Whether the member may change it.
    pub may_edit: bool,
    /// Whether the member may publish it.
    pub may_publish: bool,
    /// Whether it was put away.
    pub discarded: bool,
}

html_safe!(DraftHead);

impl DraftHead {
    /// The head as a member sees it on one of the pages.
    pub fn new(web: &Web, member: &Member, draft: &Draft, tab: Tab) -> Self {
        let stored = &draft.stored;
        let href = paths::draft(stored.id);
        let tabs = Tab::ALL.into_iter().fold(Tabs::new("Pages of the draft"), |tabs, (this, label, path)| {
            let to = if path.is_empty() { href.clone() } else { format!("{href}/{path}") };
            tabs.tab(label, to, this == tab)
        });
        let ago = format::ago(stored.updated_at, web.app.clock.now());
        DraftHead {
            title: stored.title.clone(),
            over: stored.based_on.map_or_else(String::new, |n| format!("Over version {n}")),
            saved: format!("Saved {ago} by {}", stored.updated_by),
            tabs,
            revision: stored.revision,
            may_edit: draft.is_open() && member.may(Role::Manager),
            may_publish: draft.is_open() && member.may(Role::Admin),
            discarded: draft.is_discarded(),
            href,
        }
    }
}

/// A draft for one of its pages; one that was published leads to its version.
///
/// # Errors
/// The answer to give instead.
pub(super) async fn find(web: &Web, member: &Member, id: Uuid) -> std::result::Result<Draft, Response> {
    let found = web.app.draft(&member.scope, id).await;
    let draft = found.and_then(|draft| draft.ok_or(Error::NotFound));
    let draft = draft.map_err(|error| crate::web::error::WebError(error).into_response())?;
    match draft.stored.version {
        Some(version) => Err(crate::web::respond::redirect(&paths::version(version))),
        None => Ok(draft),
    }
}

/// An answer that is either way one: pages of drafts redirect once the draft is published.
pub(super) type Answer = std::result::Result<Response, Response>;

/// Words for what went wrong while a page was made.
pub(super) fn answer<T: IntoResponse>(made: Result<T>) -> Response {
    made.into_response()
}

/// One fault of a file.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `12:7`, empty when it is about no place.
    pub place: String,
    /// Its line; 0 when it is about no place.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// Column of its first character, from 0.
    pub column: u32,
    /// How many characters are marked, at least one.
    pub width: u32,
}

impl From<&PackError> for Fault {
    fn from(error: &PackError) -> Self {
        let (line, column, width) = error.at.map_or((0, 0, 0), |at| {
            let length = error.text.chars().count() as u32;
            let end = if at.end_line > at.line { length + 1 } else { at.end_column };
            (at.line, at.column.saturating_sub(1), end.saturating_sub(at.column).max(1))
        });
        let place = if line > 0 { format!("Line {line}") } else { String::new() };
        Fault { place, line, message: error.message.clone(), column, width }
    }
}

/// The faults of a file.
pub(super) fn faults(errors: &PackErrors) -> Vec<Fault> {
    errors.0.iter().map(Fault::from).collect()
}

/// The one notice over a form that was not saved.
pub(super) fn not_saved(title: &str, text: &str) -> Notice {
    Notice::new(Tone::Critical, title, text)
}

/// A page that was answered because the form could not be taken.
pub(super) const REFUSED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
