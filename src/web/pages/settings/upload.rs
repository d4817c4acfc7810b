//! `/settings/imports/uploads/{id}`: a file that was uploaded and waits for its mapping. The form sends `column:<n>` (the
//! field of that column, or empty) and `dry_run`.
//!
//! The file lies in the temporary directory of this machine under its tenant's id until the import is over, or for a
//! day; its name and kind travel in the address.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::time::Duration;

use axum::extract::multipart::MultipartError;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::import::{ColumnMapping, ImportPage, ImportStep};
use super::imports::{HERE, label};
use super::{SettingsNav, SettingsRoom};
use crate::app::imports::{ColumnPreview, ImportKind, ImportRequest, Known, Mapping, SAMPLE};
use crate::app::{App, Error};
use crate::db::{self, TenantScope};
use crate::web::error::Result;
use crate::web::extract::{Form, Id, Manager, Member, Query};
use crate::web::respond::{Page, page_with_status, redirect};
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Tone};
use crate::web::{Web, paths};

/// How long a file waits for its mapping.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the answer waits for an import to begin before it leads to its page.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);

/// What the address says of the file.
#[derive(Debug, Deserialize)]
pub struct Params {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    file: String,
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    id: Uuid,
    kind: ImportKind,
    name: String,
    path: PathBuf,
}

impl Upload {
    fn new(scope: &TenantScope, id: Uuid, kind: ImportKind, name: &str) -> Self {
        // The tenant is part of the path, so that an id guessed or leaked opens nothing of another tenant's.
        let path = directory().join(format!("{}-{}.csv", scope.tenant_id().simple(), id.simple()));
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        Upload { id, kind, name: if name.is_empty() { "file.csv".to_owned() } else { name }, path }
    }

    /// The page of its mapping.
    pub(super) fn href(&self) -> String {
        href(self.id, self.kind.word(), &self.name)
    }
}

/// The page of an upload's mapping.
pub(super) fn href(id: Uuid, kind: &str, file: &str) -> String {
    paths::with_query(&format!("{HERE}/uploads/{id}"), &[("kind", kind), ("file", file)])
}

fn directory() -> PathBuf {
    std::env::temp_dir().join("holdfast-uploads")
}

/// What became of an upload.
pub(super) enum Kept {
    /// It lies ready.
    File(Upload),
    /// It was no file; the sentence says why.
    Nothing(String),
}

/// Streams a multipart form into a file.
pub(super) async fn keep(scope: &TenantScope, mut form: Multipart) -> Result<Kept> {
    let wrong = |error: MultipartError| {
        let text = if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            format!("A file may have at most {} MB; split it.", super::imports::MAX_BYTES / 1024 / 1024)
        } else {
            "The upload broke off. Nothing was kept; try again.".to_owned()
        };
        Kept::Nothing(text)
    };
    let (mut kind, mut kept) = (None, None);
    loop {
        let mut field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) => return Ok(wrong(error)),
        };
        match field.name() {
            Some("kind") => match field.text().await {
                Ok(word) => kind = ImportKind::parse(&word),
                Err(error) => return Ok(wrong(error)),
            },
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let upload = Upload::new(scope, Uuid::now_v7(), ImportKind::Accounts, &name);
                let mut file = create(&upload).await.map_err(anyhow::Error::from)?;
                let mut size = 0;
                loop {
                    match field.chunk().await {
                        Ok(Some(chunk)) => {
                            size += chunk.len();
                            file.write_all(&chunk).await.map_err(anyhow::Error::from)?;
                        }
                        Ok(None) => break,
                        Err(error) => {
                            remove(&upload.path).await;
                            return Ok(wrong(error));
                        }
                    }
                }
                file.flush().await.map_err(anyhow::Error::from)?;
                if size > 0 {
                    kept = Some(upload);
                } else {
                    remove(&upload.path).await;
                }
            }
            _ => {}
        }
    }
    Ok(match (kind, kept) {
        (Some(kind), Some(upload)) => Kept::File(Upload { kind, ..upload }),
        (None, Some(upload)) => {
            remove(&upload.path).await;
            Kept::Nothing("Say what the file holds.".to_owned())
        }
        (_, None) => Kept::Nothing("Choose a CSV file that is not empty.".to_owned()),
    })
}

/// Makes the file, readable by nobody else, and clears away those that nobody came back for.
async fn create(upload: &Upload) -> std::io::Result<tokio::fs::File> {
    let directory = directory();
    tokio::fs::create_dir_all(&directory).await?;
    let mut entries = tokio::fs::read_dir(&directory).await?;
    while let Some(entry) = entries.next_entry().await? {
        let modified = entry.metadata().await.and_then(|data| data.modified());
        if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEPT)) {
            remove(&entry.path()).await;
        }
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(&upload.path).await
}

async fn remove(path: &std::path::Path) {
    if let Err(error) = tokio::fs::remove_file(path).await {
        tracing::warn!(%error, "an uploaded file could not be removed");
    }
}

/// The file of an address, with its first bytes.
async fn find(scope: &TenantScope, id: Uuid, params: &Params) -> Result<(Upload, Vec<u8>)> {
    let kind = ImportKind::parse(&params.kind).ok_or(Error::NotFound)?;
    let upload = Upload::new(scope, id, kind, &params.file);
    let path = upload.path.clone();
    let sample = tokio::task::spawn_blocking(move || {
        let mut sample = Vec::new();
        File::open(path)?.take(SAMPLE as u64).read_to_end(&mut sample)?;
        std::io::Result::Ok(sample)
    });
    match sample.await.map_err(anyhow::Error::from)? {
        Ok(sample) => Ok((upload, sample)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::NotFound.into()),
        Err(error) => Err(anyhow::Error::from(error).into()),
    }
}

/// Which column is what.
pub async fn show(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Query(params): Query<Params>,
) -> Result<Response> {
    let (upload, sample) = find(&member.scope, id, &params).await?;
    match web.app.preview_columns(&member.scope, upload.kind, &sample).await {
        Ok(columns) => Ok(Page(page(&web, &member, &upload, &columns, None).await?).into_response()),
        Err(Error::Invalid(fields)) => {
            let why = fields.into_iter().next().map_or(String::new(), |field| field.message);
            let page = page(&web, &member, &upload, &[], Some(&why)).await?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(
    web: &Web,
    member: &Member,
    upload: &Upload,
    columns: &[ColumnPreview],
    error: Option<&str>,
) -> Result<ImportPage> {
    let fields = web.app.import_fields(&member.scope, upload.kind).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Imports).await?;
    let column = |(at, column): (usize, &ColumnPreview)| {
        let choice = |(name, help, required): &(String, String, bool)| {
            let needed = if *required { " (needed)" } else { "" };
            let chosen = column.field.as_ref() == Some(name);
            (name.clone(), format!("{name}{needed}: {help}"), chosen)
        };
        let leave = (String::new(), "Leave out".to_owned(), column.field.is_none());
        ColumnMapping {
            input: format!("column:{at}"),
            header: column.column.clone(),
            samples: column.examples.join(" \u{b7} "),
            choices: std::iter::once(leave).chain(fields.iter().map(choice)).collect(),
        }
    };
    Ok(ImportPage {
        shell: member.shell(Room::Settings),
        nav,
        file: upload.name.clone(),
        kind: label(upload.kind.word()),
        here: upload.href(),
        step: ImportStep::Mapping {
            columns: columns.iter().enumerate().map(column).collect(),
            error: error.map(|why| Notice::new(Tone::Critical, "This cannot be imported:", why)),
        },
    })
}

/// Starts the import and leads to its page; it goes on when the visitor leaves.
pub async fn start(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Query(params): Query<Params>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let (upload, sample) = find(&member.scope, id, &params).await?;
    let mut columns = web.app.preview_columns(&member.scope, upload.kind, &sample).await?;
    for (name, field) in &form {
        let at = name.strip_prefix("column:").and_then(|at| at.parse::<usize>().ok());
        if let Some(column) = at.and_then(|at| columns.get_mut(at)) {
            column.field = Some(field.clone()).filter(|field| !field.is_empty());
        }
    }
    let choices = columns.iter().map(|c| (c.column.clone(), c.field.clone().unwrap_or_default()));
    let mapping = Mapping(choices.collect());
    let dry_run = form.iter().any(|(name, _)| name == "dry_run");
    let task = Task { upload: upload.clone(), mapping, dry_run, import: Uuid::now_v7() };
    let import = task.import;
    let mut running = tokio::spawn(run(web.app.clone(), member.clone(), task));
    let begun = tokio::time::timeout(BEGINS_WITHIN, begun(&web.app, &member.scope, import));
    let ended = tokio::select! {
        ended = &mut running => Some(ended.map_err(anyhow::Error::from)?),
        begun = begun => { begun.map_err(anyhow::Error::from)??; None }
    };
    match ended {
        Some(Err(Error::Invalid(fields))) => {
            let why = fields.into_iter().map(|field| field.message).collect::<Vec<_>>().join("; ");
            let page = page(&web, &member, &upload, &columns, Some(&why)).await?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Some(Err(error)) => Err(error.into()),
        Some(Ok(())) | None => Ok(redirect(&paths::with_query(
            &format!("{HERE}/{import}"),
            &[("upload", &if dry_run { id.to_string() } else { String::new() })],
        ))),
    }
}

struct Task {
    upload: Upload,
    mapping: Mapping,
    dry_run: bool,
    import: Uuid,
}

/// Imports the file. It is kept after a check, so that the same file can then be imported, and when its mapping is
/// refused.
async fn run(app: App, member: Member, task: Task) -> crate::app::Result<()> {
    let path = task.upload.path.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        std::io::Result::Ok((file, size))
    });
    let (file, bytes_total) = opened.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
    let request = ImportRequest {
        kind: task.upload.kind,
        file_name: &task.upload.name,
        mapping: &task.mapping,
        dry_run: task.dry_run,
        bytes_total,
        known: Known::Today,
    };
    let (scope, actor) = (&member.scope, member.actor());
    app.import_as(scope, task.import, request, BufReader::new(file), &actor, &|_| ()).await?;
    if !task.dry_run {
        remove(&task.upload.path).await;
    }
    Ok(())
}

/// Waits until an import is there to be looked at.
async fn begun(app: &App, scope: &TenantScope, id: Uuid) -> crate::app::Result<()> {
    loop {
        let mut tx = app.db.read(scope).await?;
        if db::imports::find(&mut tx, id).await?.is_some() {
            return Ok(());
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
