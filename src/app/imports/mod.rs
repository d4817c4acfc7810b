//! CSV files in: read as a stream, checked row by row, stored in batches, every row that was kept out kept with its
//! reason.
//!
//! `source` finds out what a file is and reads rows on a blocking thread; `mapping` decides which column fills which
//! field; `cells` reads values; one file a kind checks and stores its rows (`rows` says what that takes, and how to
//! add a kind); `run` is the loop over batches; `rejects` hands back what was kept out.

mod accounts;
mod cells;
mod contacts;
mod contracts;
mod mapping;
mod metrics;
mod rejects;
mod rows;
mod run;
mod source;
mod tickets;

use std::io::Read;
use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

pub use mapping::Mapping;
pub use source::SAMPLE;

use super::{Actor, App, Error, Result};
use crate::db::custom_fields::CustomField;
use crate::db::imports::{Columns, Import, Opening, Progress};
use crate::db::{self, TenantScope};
use run::{Job, Stop};
use source::Source;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportKind {
    /// Accounts, with their own fields.
    Accounts,
    /// Contracts of accounts.
    Contracts,
    /// People of accounts.
    Contacts,
    /// Daily figures of accounts.
    Metrics,
    /// Support tickets of accounts.
    Tickets,
}

/// A field that a column can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The field's name, and the name of the column that fills it without being chosen.
    pub name: &'static str,
    /// Names of columns, normalised, that fill it if none has its own.
    pub aliases: &'static [&'static str],
    /// Whether a file without it cannot be imported.
    pub required: bool,
    /// What it holds.
    pub help: &'static str,
}

impl ImportKind {
    /// Every kind, in the order in which files of a tenant should come.
    pub const ALL: [ImportKind; 5] = [
        ImportKind::Accounts,
        ImportKind::Contracts,
        ImportKind::Contacts,
        ImportKind::Metrics,
        ImportKind::Tickets,
    ];

    /// Its word in commands, addresses and the database.
    pub fn word(self) -> &'static str {
        match self {
            ImportKind::Accounts => "accounts",
            ImportKind::Contracts => "contracts",
            ImportKind::Contacts => "contacts",
            ImportKind::Metrics => "metrics",
            ImportKind::Tickets => "tickets",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<ImportKind> {
        ImportKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Its fields; accounts also have those the tenant defined. Contracts and contacts are stated whole: a field
    /// whose cell is empty or whose column is missing is cleared. Of accounts a missing column leaves the field alone,
    /// and of tickets an empty cell as well.
    pub fn columns(self) -> &'static [ColumnSpec] {
        match self {
            ImportKind::Accounts => accounts::COLUMNS,
            ImportKind::Contracts => contracts::COLUMNS,
            ImportKind::Contacts => contacts::COLUMNS,
            ImportKind::Metrics => metrics::COLUMNS,
            ImportKind::Tickets => tickets::COLUMNS,
        }
    }
}

/// When the figures of a metrics file became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Known {
    /// Today: scores of past days do not learn of them.
    #[default]
    Today,
    /// Each on the day it is about, as if it had been reported then.
    OnItsDay,
}

/// What is to be imported and how.
#[derive(Debug, Clone, Copy)]
pub struct ImportRequest<'a> {
    /// What the rows are.
    pub kind: ImportKind,
    /// What the file is called.
    pub file_name: &'a str,
    /// Columns whose field somebody chose.
    pub mapping: &'a Mapping,
    /// Check everything and store nothing but the import itself, its counts and its rejected rows.
    pub dry_run: bool,
    /// Size of the file, 0 if not known.
    pub bytes_total: u64,
    /// When the figures of a metrics file became known.
    pub known: Known,
}

/// A column of a file that is about to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPreview {
    /// Its name in the header.
    pub column: String,
    /// The field it would fill.
    pub field: Option<String>,
    /// What its first cells hold.
    pub examples: Vec<String>,
}

impl App {
    /// Imports a file. A row that cannot be stored is kept with its reason and the rest goes on; a file that cannot
    /// be read ends as a failed import that says why, with the rows before that point stored. `progress` is called
    /// after each batch.
    ///
    /// An account, contract or contact of a known external id is updated, a figure of a known day replaced, so that
    /// importing a file twice changes nothing; of rows with one id the last counts. A dry run undoes each batch, so
    /// a row that needs one of an earlier batch of the same file is counted as if that were not there.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the mapping names a column or field that is not there; anything the database fails with.
    pub async fn import<R: Read + Send + 'static>(
        &self,
        scope: &TenantScope,
        request: ImportRequest<'_>,
        reader: R,
        actor: &Actor,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Import> {
        self.import_as(scope, Uuid::now_v7(), request, reader, actor, progress).await
    }

    /// As [`App::import`], under an id that the caller chose so that it can be watched while it runs.
    ///
    /// # Errors
    /// As [`App::import`].
    pub async fn import_as<R: Read + Send + 'static>(
        &self,
        scope: &TenantScope,
        id: Uuid,
        request: ImportRequest<'_>,
        reader: R,
        actor: &Actor,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Import> {
        self.close_abandoned_imports(scope).await?;
        let opened = off_thread(move || Source::open(Box::new(reader))).await?;
        let own = self.own_fields(scope, request.kind).await?;
        let (source, columns) = match opened {
            Ok(source) => {
                let (columns, missing) = request.mapping.resolve(request.kind, &source.header, &own)?;
                (missing.map_or(Ok(source), Err), columns)
            }
            Err(sentence) => (Err(sentence), Columns::default()),
        };
        if !columns.ignored.is_empty() {
            tracing::info!(
                kind = request.kind.word(),
                ignored = columns.ignored.len(),
                "columns fill no field"
            );
        }
        let opening = Opening {
            kind: request.kind.word(),
            file_name: request.file_name,
            columns: &columns,
            dry_run: request.dry_run,
            bytes_total: i64::try_from(request.bytes_total).unwrap_or(i64::MAX),
            started_by: &actor.0,
        };
        let mut job = Job::begin(self, scope, id, &opening).await?;
        let outcome = match source {
            Ok(source) => self.rows_of(&mut job, &request, own, source, columns.clone(), progress).await,
            Err(sentence) => Err(Stop::File(sentence)),
        };
        job.end(outcome, actor).await
    }

    /// Checks and stores the rows of a file whose columns are known.
    async fn rows_of(
        &self,
        job: &mut Job<'_>,
        request: &ImportRequest<'_>,
        own: Vec<CustomField>,
        source: Source,
        columns: Columns,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> std::result::Result<(), Stop> {
        let columns = Arc::new(columns);
        match request.kind {
            ImportKind::Accounts => {
                let rows = accounts::Accounts::load(&mut self.db.read(job.scope).await?, own).await?;
                job.run(rows, source, columns, progress).await
            }
            ImportKind::Contracts => {
                let currency =
                    job.scope.currency().parse().map_err(|e| Stop::Other(anyhow::Error::new(e).into()))?;
                job.run(contracts::Contracts { currency }, source, columns, progress).await
            }
            ImportKind::Contacts => job.run(contacts::Contacts, source, columns, progress).await,
            ImportKind::Metrics => {
                let mut tx = self.db.read(job.scope).await?;
                let rows =
                    metrics::Metrics::load(&mut tx, job.scope, request.known, self.clock.now()).await?;
                drop(tx);
                job.run(rows, source, columns, progress).await
            }
            ImportKind::Tickets => {
                let in_force = self.methodology(job.scope).await.map_err(Stop::Other)?;
                let mut tx = self.db.read(job.scope).await?;
                let rows = tickets::Tickets::load(&mut tx, job.scope, in_force).await?;
                drop(tx);
                job.run(rows, source, columns, progress).await
            }
        }
    }

    /// What the columns of a file would fill, from its first [`SAMPLE`] bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence when it is no CSV file.
    pub async fn preview_columns(
        &self,
        scope: &TenantScope,
        kind: ImportKind,
        sample: &[u8],
    ) -> Result<Vec<ColumnPreview>> {
        let (header, examples) = source::preview(sample, 3).map_err(|why| Error::invalid("file", why))?;
        let own = self.own_fields(scope, kind).await?;
        let (columns, _) = Mapping::default().resolve(kind, &header, &own)?;
        let preview = |(at, column): (usize, String)| ColumnPreview {
            column,
            field: columns.fields.iter().find(|(_, filled)| *filled == at).map(|(field, _)| field.clone()),
            examples: examples.iter().filter_map(|row| row.get(at)).map(str::to_owned).collect(),
        };
        Ok(header.into_iter().enumerate().map(preview).collect())
    }

    /// The fields a column can fill: name, what it holds, and whether a file without it cannot be imported.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn import_fields(
        &self,
        scope: &TenantScope,
        kind: ImportKind,
    ) -> Result<Vec<(String, String, bool)>> {
        let stated = kind.columns().iter().map(|c| (c.name.to_owned(), c.help.to_owned(), c.required));
        let own = self.own_fields(scope, kind).await?;
        Ok(stated.chain(own.into_iter().map(|field| (field.name, field.label, false))).collect())
    }

    /// Ends imports whose process ended before them. Each import does so first; pages that show imports may.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn close_abandoned_imports(&self, scope: &TenantScope) -> Result<()> {
        let sentence =
            "It was interrupted. Import the file again: rows that are stored already are left as they are.";
        let mut tx = self.db.write(scope).await?;
        let closed = db::imports::close_abandoned(&mut tx, sentence, self.clock.now()).await?;
        tx.commit().await?;
        if closed > 0 {
            tracing::warn!(imports = closed, "closed imports that were interrupted");
        }
        Ok(())
    }

    /// The fields a tenant added, where rows of this kind have them.
    async fn own_fields(&self, scope: &TenantScope, kind: ImportKind) -> Result<Vec<CustomField>> {
        if kind != ImportKind::Accounts {
            return Ok(Vec::new());
        }
        Ok(db::custom_fields::list(&mut self.db.read(scope).await?).await?)
    }
}

/// What the audit log keeps of an import.
fn summary(import: &Import) -> serde_json::Value {
    json!({
        "import": import.id, "kind": import.kind, "status": import.status, "rows": import.rows_done,
        "created": import.created, "updated": import.updated, "unchanged": import.unchanged,
        "rejected": import.rejected,
    })
}

/// Runs what may block where it may.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.into()))
}
