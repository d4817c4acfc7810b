//! `/settings/imports`: CSV files in.
//!
//! `POST /settings/imports` (multipart: `kind`, `file`) keeps the file and leads to its mapping ([`super::upload`]);
//! each import has its own page ([`super::import`]).

use askama::Template;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::upload::{self, Kept};
use super::{SettingsNav, SettingsRoom, moment};
use crate::app::imports::ImportKind;
use crate::app::members::Role;
use crate::db::TenantScope;
use crate::db::imports::{self, Import};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Manager, Member};
use crate::web::respond::{Page, page_with_status, redirect};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters, format};

/// Where imports are.
pub(super) const HERE: &str = "/settings/imports";
/// Imports shown.
const SHOWN: i64 = 50;
/// The largest file, in bytes.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Upload, and what was imported before.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/imports.html")]
pub struct ImportsPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may upload.
    pub may_edit: bool,
    /// Kinds of file: (value, label, columns it needs).
    pub kinds: Vec<(String, String, String)>,
    /// What is wrong with the file given.
    pub error: Option<Notice>,
    /// Newest first.
    pub imports: Vec<ImportRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// An import.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// Its page.
    pub href: String,
    /// Name of the file.
    pub file: String,
    /// `Accounts`.
    pub kind: String,
    /// `22 Nov, 09:14 by Ana Pérez`.
    pub started: String,
    /// `Done`, `Running`, `Waiting for its mapping`, `Failed`.
    pub state: String,
    /// Good when done, critical when failed, watch when it waits.
    pub tone: Tone,
    /// Rows taken.
    pub accepted: String,
    /// Rows rejected.
    pub rejected: String,
}

/// What people call a kind.
pub(super) fn label(kind: &str) -> String {
    let mut letters = kind.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

async fn page(web: &Web, member: &Member) -> Result<ImportsPage> {
    let now = web.app.clock.now();
    web.app.close_abandoned_imports(&member.scope).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Imports).await?;
    let imports = imports::list(&mut tx, SHOWN).await?;
    let needs = |kind: ImportKind| {
        let needed = kind.columns().iter().filter(|column| column.required).map(|column| column.name);
        format!("needs {}", needed.collect::<Vec<_>>().join(", "))
    };
    let none = || {
        let text = "Start with accounts, then contracts: from those follow revenue, segments and renewals.";
        EmptyState::new("upload", "Nothing was imported yet", text)
    };
    Ok(ImportsPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Manager),
        kinds: ImportKind::ALL.map(|kind| (kind.word().to_owned(), label(kind.word()), needs(kind))).to_vec(),
        error: None,
        empty: imports.is_empty().then(none),
        imports: imports.iter().map(|import| row(import, now, &member.scope)).collect(),
    })
}

fn row(import: &Import, now: DateTime<Utc>, scope: &TenantScope) -> ImportRow {
    let (state, tone) = state(import);
    ImportRow {
        href: format!("{HERE}/{}", import.id),
        file: import.file_name.clone(),
        kind: label(&import.kind),
        started: format!("{} by {}", moment(import.started_at, now, scope), import.started_by),
        state: state.to_owned(),
        tone,
        accepted: format::number(import.created + import.updated + import.unchanged),
        rejected: format::number(import.rejected),
    }
}

fn state(import: &Import) -> (&'static str, Tone) {
    match (import.status.as_str(), import.dry_run, import.rejected) {
        ("failed", ..) => ("Failed", Tone::Critical),
        ("done", true, _) => ("Checked only", Tone::None),
        ("done", false, 0) => ("Done", Tone::Good),
        ("done", false, _) => ("Done, with rejected rows", Tone::Watch),
        _ => ("Running", Tone::None),
    }
}

/// The list.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<ImportsPage>> {
    Ok(Page(page(&web, &member).await?))
}

/// Keeps a file and goes on to its mapping.
pub async fn upload(
    State(web): State<Web>,
    Manager(member): Manager,
    multipart: Multipart,
) -> Result<Response> {
    match upload::keep(&member.scope, multipart).await? {
        Kept::File(upload) => Ok(redirect(&upload.href())),
        Kept::Nothing(why) => {
            let mut page = page(&web, &member).await?;
            page.error = Some(Notice::new(Tone::Critical, "Not uploaded:", &why));
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}
