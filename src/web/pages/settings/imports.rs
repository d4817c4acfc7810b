//! `/settings/imports` and `/settings/imports/{id}`: CSV files in.
//!
//! Forms: `POST /settings/imports` (multipart: `kind`, `file`) uploads and leads to the mapping;
//! `POST /settings/imports/{id}` (one field a column: `column:<n>` = field id or empty; `dry_run`) starts;
//! `POST /settings/imports/{id}/cancel` stops. Rejected rows: `GET /settings/imports/{id}/rejected.csv`.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::{EmptyState, Notice, ProgressBar, Shell, StatTile, Tone, filters};

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
