//! `/settings/imports/{id}`: one import, its progress and its result. Block `progress` answers htmx. All rejected rows:
//! `GET /settings/imports/{id}/rejected.csv`.

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::imports::{HERE, label};
use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::db::imports::{self, Import, Reject};
use crate::web::error::Result;
use crate::web::extract::{Hx, Id, Member, Query};
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, ProgressBar, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// Rejected rows shown on the page; the file has all of them.
const REJECTS: i64 = 20;

/// The uploaded file that a check was about.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    upload: String,
}

/// One import: first its mapping, then its progress and result.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/import.html", blocks = ["progress"])]
pub struct ImportPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Name of the file.
    pub file: String,
    /// `Accounts`.
    pub kind: String,
    /// Path of this page.
    pub here: String,
    /// The step it is at.
    pub step: ImportStep,
}

/// Where an import is.
#[derive(Clone, Debug)]
pub enum ImportStep {
    /// Say which column is which field.
    Mapping {
        /// One a column of the file.
        columns: Vec<ColumnMapping>,
        /// What is missing or given twice.
        error: Option<Notice>,
    },
    /// At work; the part asks again every second.
    Running(ProgressBar),
    /// Finished, stopped or failed.
    Finished {
        /// How it ended.
        notice: Notice,
        /// Created, updated, unchanged, rejected.
        stats: Vec<StatTile>,
        /// The first rejected rows: (line, reason, the row).
        rejected: Vec<(String, String, String)>,
        /// Where all of them can be fetched; `None` when there are none.
        download: Option<String>,
        /// After a check: the mapping of the same file, to import it.
        again: Option<String>,
    },
}

/// A column of the file and the field it goes to.
#[derive(Clone, Debug)]
pub struct ColumnMapping {
    /// Name of the form's field: `column:3`.
    pub input: String,
    /// The column's head in the file.
    pub header: String,
    /// Its first values.
    pub samples: String,
    /// (value, label, selected); the first is "leave out".
    pub choices: Vec<(String, String, bool)>,
}

/// Where it is.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Id(id): Id,
    Query(params): Query<Params>,
) -> Result<Response> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Imports).await?;
    let import = imports::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let rejects = imports::rejects(&mut tx, id, 0, REJECTS).await?;
    drop(tx);
    let here = paths::with_query(&format!("{HERE}/{id}"), &[("upload", &params.upload)]);
    let upload = params.upload.parse().ok().filter(|_| import.dry_run && import.error.is_none());
    let again = upload.map(|upload| super::upload::href(upload, &import.kind, &import.file_name));
    let page = ImportPage {
        shell: member.shell(Room::Settings),
        nav,
        file: import.file_name.clone(),
        kind: label(&import.kind),
        step: if import.finished_at.is_none() {
            ImportStep::Running(progress(&import))
        } else {
            finished(&import, &rejects, again)
        },
        here,
    };
    Ok(if part { Page(page.as_progress()).into_response() } else { Page(page).into_response() })
}

fn progress(import: &Import) -> ProgressBar {
    let word = if import.dry_run { "Checking" } else { "Importing" };
    let share = match import.bytes_total {
        0 => String::new(),
        total => format!("{}, ", format::percent(import.bytes_done as f64 / total as f64, 0)),
    };
    let rows = format::count(import.rows_done, "row");
    let text = format!("{share}{rows}, {} rejected", format::number(import.rejected));
    let total = Some(import.bytes_total).filter(|total| *total > 0);
    ProgressBar::new(word, import.bytes_done, total, "byte").text(&text)
}

fn finished(import: &Import, rejects: &[Reject], again: Option<String>) -> ImportStep {
    let taken = import.created + import.updated + import.unchanged;
    let rows = format::count(import.rows_done, "row");
    let notice = match (&import.error, import.dry_run, import.rejected) {
        (Some(why), ..) => {
            let kept = if taken > 0 && !import.dry_run { " Rows before that point are stored." } else { "" };
            Notice::new(Tone::Critical, "The file was not imported to its end.", &format!("{why}{kept}"))
        }
        (None, true, 0) => {
            Notice::new(Tone::Good, "Checked, nothing stored.", &format!("{rows} would go in."))
        }
        (None, true, n) => {
            let text = format!("{} of {rows} would be rejected.", format::number(n));
            Notice::new(Tone::Watch, "Checked, nothing stored.", &text)
        }
        (None, false, 0) => Notice::new(Tone::Good, "Imported.", &format!("All {rows} went in.")),
        (None, false, n) => {
            let text = format!("{} of {rows} went in, {} did not.", format::number(taken), format::number(n));
            Notice::new(Tone::Watch, "Imported, with rejected rows.", &text)
        }
    };
    let tile = |name: &str, n: i64, note: &str| StatTile::new(name, format::number(n), note);
    let cells = |reject: &Reject| {
        let cells = reject.record.as_array().into_iter().flatten();
        cells.filter_map(|cell| cell.as_str()).collect::<Vec<_>>().join(", ")
    };
    ImportStep::Finished {
        notice,
        stats: vec![
            tile("Created", import.created, "were not there before"),
            tile("Updated", import.updated, "differed"),
            tile("Unchanged", import.unchanged, "were just so"),
            tile("Rejected", import.rejected, "each with its reason"),
        ],
        rejected: rejects.iter().map(|r| (format::number(r.line), r.reason.clone(), cells(r))).collect(),
        download: (import.rejected > 0).then(|| format!("{HERE}/{}/rejected.csv", import.id)),
        again,
    }
}

/// All rejected rows, to mend and import again.
pub async fn rejected(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Response> {
    let mut csv = Vec::new();
    web.app.write_rejects(&member.scope, id, &mut csv).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"rejected.csv\""),
    ];
    Ok((headers, csv).into_response())
}
