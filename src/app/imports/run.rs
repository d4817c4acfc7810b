//! The way of a file through: rows are read and checked on a blocking thread, batches of them are stored here.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::cells::Cells;
use super::rows::Rows;
use super::source::{Raw, Source};
use super::summary;
use crate::app::{Actor, App, Error, Result};
use crate::db::accounts::Change;
use crate::db::imports::{Columns, Import, Opening, Progress, Reject};
use crate::db::{self, TenantScope, TenantTx};

/// Rows in one transaction.
const BATCH: usize = 1_000;
/// Batches that may wait for the database.
const AHEAD: usize = 2;
/// How often a batch is tried that meets a deadlock or a lost connection.
const ATTEMPTS: u32 = 3;
/// Figures after which they are folded at once, as far as they were known before today, instead of in the night.
const MANY_FIGURES: i64 = 10_000;

/// An import under way.
pub(super) struct Job<'a> {
    app: &'a App,
    pub(super) scope: &'a TenantScope,
    id: Uuid,
    dry_run: bool,
    at: Progress,
    /// Open as long as we work on it, see [`db::imports::hold`].
    held: TenantTx,
}

/// Why an import ends before its file does.
pub(super) enum Stop {
    /// The file cannot be read further; a sentence for whoever brought it.
    File(String),
    /// Our fault, or the database's.
    Other(Error),
}

impl From<db::Error> for Stop {
    fn from(error: db::Error) -> Self {
        Stop::Other(error.into())
    }
}

/// Rows on their way to the database.
struct Batch<R> {
    lines: Vec<(Raw, std::result::Result<R, String>)>,
    bytes_done: i64,
}

impl<'a> Job<'a> {
    pub(super) async fn begin(
        app: &'a App,
        scope: &'a TenantScope,
        id: Uuid,
        opening: &Opening<'_>,
    ) -> Result<Job<'a>> {
        let mut held = app.db.write(scope).await?;
        db::imports::hold(&mut held, id).await?;
        let mut tx = app.db.write(scope).await?;
        db::imports::create(&mut tx, id, opening, app.clock.now()).await?;
        tx.commit().await?;
        Ok(Job { app, scope, id, dry_run: opening.dry_run, at: Progress::default(), held })
    }

    /// Takes every row of the file.
    pub(super) async fn run<K: Rows>(
        &mut self,
        rows: K,
        source: Source,
        columns: Arc<Columns>,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> std::result::Result<(), Stop> {
        let (send, mut receive) = mpsc::channel(AHEAD);
        let checker = rows.clone();
        let reading = tokio::task::spawn_blocking(move || read(source, &checker, &columns, &send));
        while let Some(batch) = receive.recv().await {
            self.at = self.store_again(&rows, &batch).await?;
            progress(&self.at);
        }
        match reading.await {
            Ok(read) => read.map_err(Stop::File),
            Err(error) => Err(Stop::Other(Error::Internal(error.into()))),
        }
    }

    /// Stores a batch; what failed for a passing reason left no trace and is tried again.
    async fn store_again<K: Rows>(&self, rows: &K, batch: &Batch<K::Row>) -> db::Result<Progress> {
        let mut attempt = 1;
        loop {
            match self.store(rows, batch).await {
                Err(error) if db::is_temporary(&error) && attempt < ATTEMPTS => {
                    tracing::warn!(%error, attempt, "a batch of an import is tried again");
                    tokio::time::sleep(Duration::from_millis(200 * u64::from(attempt))).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    /// One transaction: the rows, those kept out, and how far the import has come.
    async fn store<K: Rows>(&self, rows: &K, batch: &Batch<K::Row>) -> db::Result<Progress> {
        let mut tx = self.app.db.write(self.scope).await?;
        let sound: Vec<&K::Row> = batch.lines.iter().filter_map(|(_, row)| row.as_ref().ok()).collect();
        let mut fates = Vec::new();
        if !sound.is_empty() {
            fates = rows.store(&mut tx, &sound, self.app.clock.now()).await?;
        }
        let (mut at, mut fates) = (self.at, fates.into_iter());
        let mut rejects = Vec::new();
        for (raw, row) in &batch.lines {
            let fate = match row {
                Ok(_) => fates.next().unwrap_or_else(|| Err("The row was not stored.".to_owned())),
                Err(reason) => Err(reason.clone()),
            };
            match fate {
                Ok(Change::Created) => at.created += 1,
                Ok(Change::Updated) => at.updated += 1,
                Ok(Change::Unchanged) => at.unchanged += 1,
                Err(reason) => rejects.push(Reject { line: raw.line, reason, record: raw.cells() }),
            }
        }
        at.rejected += rejects.len() as i64;
        at.rows_done += batch.lines.len() as i64;
        at.bytes_done = batch.bytes_done;
        if self.dry_run {
            // Leaves what was stored without a trace.
            drop(tx);
            tx = self.app.db.write(self.scope).await?;
        }
        if !rejects.is_empty() {
            db::imports::reject(&mut tx, self.id, &rejects).await?;
        }
        db::imports::progress(&mut tx, self.id, &at).await?;
        tx.commit().await?;
        Ok(at)
    }

    /// Writes down how it ended. A file's fault is part of the import; anything else is handed on as well.
    pub(super) async fn end(self, outcome: std::result::Result<(), Stop>, actor: &Actor) -> Result<Import> {
        let sentence = match &outcome {
            Ok(()) => None,
            Err(Stop::File(sentence)) => Some(sentence.clone()),
            Err(Stop::Other(_)) => Some(format!(
                "It stopped after {} rows by a fault of Holdfast or its database; the log has the cause.",
                self.at.rows_done
            )),
        };
        let now = self.app.clock.now();
        let ending = async {
            let mut tx = self.app.db.write(self.scope).await?;
            db::imports::finish(&mut tx, self.id, sentence.as_deref(), now).await?;
            let import = db::imports::find(&mut tx, self.id).await?.ok_or(Error::NotFound)?;
            if !self.dry_run {
                if import.kind == "metrics" && import.created + import.updated >= MANY_FIGURES {
                    db::jobs::enqueue(&mut tx, "fold", &json!({}), None, now).await?;
                }
                let detail = summary(&import);
                db::audit::record(&mut tx, now, &actor.0, "import.finished", &import.file_name, detail)
                    .await?;
            }
            tx.commit().await?;
            Ok(import)
        };
        let ended = ending.await;
        drop(self.held);
        match outcome {
            Err(Stop::Other(error)) => Err(error),
            _ => ended,
        }
    }
}

/// Reads and checks rows until the file ends or nobody wants them any more.
fn read<K: Rows>(
    mut source: Source,
    rows: &K,
    columns: &Columns,
    send: &mpsc::Sender<Batch<K::Row>>,
) -> std::result::Result<(), String> {
    let mut lines = Vec::with_capacity(BATCH);
    let ended = loop {
        match source.next() {
            Ok(Some(raw)) => {
                let row = match &raw.record {
                    Ok(record) => Cells::new(record, columns).and_then(|cells| rows.read(&cells)),
                    Err(_) => Err("The row is not UTF-8 text; save the file as CSV in UTF-8.".to_owned()),
                };
                lines.push((raw, row));
            }
            Ok(None) => break Ok(()),
            Err(sentence) => break Err(sentence),
        }
        if lines.len() == BATCH {
            let full = std::mem::replace(&mut lines, Vec::with_capacity(BATCH));
            if send.blocking_send(Batch { lines: full, bytes_done: source.bytes_done() }).is_err() {
                return Ok(());
            }
        }
    };
    if !lines.is_empty() {
        // Nobody may want them any more: then the import has ended for a reason of its own.
        let _ = send.blocking_send(Batch { lines, bytes_done: source.bytes_done() });
    }
    ended
}
