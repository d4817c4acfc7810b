//! `holdfast import`.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::say;
use crate::app::imports::{ImportKind, ImportRequest, Known, Mapping};
use crate::app::{Actor, App};
use crate::db::imports::Progress;

/// Import a CSV file.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// What the rows are.
    #[arg(value_parser = kind)]
    kind: ImportKind,
    /// The file, with a header; comma, semicolon or tab separated, UTF-8.
    file: PathBuf,
    /// Short name of the tenant.
    #[arg(long)]
    tenant: String,
    /// Which column fills which field, where they are not called alike. Several may follow one --map.
    #[arg(long, value_name = "COLUMN=FIELD", num_args = 1..)]
    map: Vec<String>,
    /// Check everything and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write rejected rows with their reasons to this CSV file.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// When the figures of a metrics file became known: today, or each on the day it is about, so that scores of
    /// past days may use them.
    #[arg(long, value_enum, default_value_t = KnownArg::Today)]
    known: KnownArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KnownArg {
    Today,
    OnItsDay,
}

fn kind(word: &str) -> Result<ImportKind, String> {
    ImportKind::parse(word).ok_or_else(|| "must be accounts, contracts, contacts or metrics".to_owned())
}

impl Import {
    pub(super) async fn run(self, app: &App) -> anyhow::Result<()> {
        let scope = super::tenant(app, &self.tenant).await?;
        let mapping = Mapping::parse(&self.map)?;
        let file =
            File::open(&self.file).with_context(|| format!("{} cannot be opened", self.file.display()))?;
        let bytes_total = file.metadata().map(|m| m.len()).unwrap_or(0);
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let request = ImportRequest {
            kind: self.kind,
            file_name: &name,
            mapping: &mapping,
            dry_run: self.dry_run,
            bytes_total,
            known: match self.known {
                KnownArg::Today => Known::Today,
                KnownArg::OnItsDay => Known::OnItsDay,
            },
        };
        let live = std::io::stderr().is_terminal();
        let progress = move |at: &Progress| {
            if live {
                show(at, bytes_total);
            }
        };
        let done =
            app.import(&scope, request, BufReader::new(file), &Actor::command_line(), &progress).await?;
        if live {
            clear();
        }
        if let Some(path) = &self.rejects {
            let out = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
            app.write_rejects(&scope, done.id, out).await?;
        }
        if let Some(why) = &done.error {
            bail!("{name} was not imported: {why}");
        }
        let would = if self.dry_run { "Dry run, nothing stored: " } else { "" };
        say(format_args!(
            "{would}{} rows: {} created, {} updated, {} unchanged, {} rejected.",
            done.rows_done, done.created, done.updated, done.unchanged, done.rejected
        ));
        if done.rejected > 0 {
            let mut tx = app.db.read(&scope).await?;
            for reject in crate::db::imports::rejects(&mut tx, done.id, 0, 5).await? {
                say(format_args!("  line {}: {}", reject.line, reject.reason));
            }
            if done.rejected > 5 && self.rejects.is_none() {
                say("  … all of them: in Settings, Imports, or with --rejects FILE");
            }
        }
        Ok(())
    }
}

#[expect(clippy::print_stderr, reason = "progress on a terminal")]
fn show(at: &Progress, bytes_total: u64) {
    let share = if bytes_total == 0 {
        0
    } else {
        at.bytes_done * 100 / i64::try_from(bytes_total).unwrap_or(i64::MAX)
    };
    eprint!("\r{:>3} %  {} rows, {} rejected ", share, at.rows_done, at.rejected);
}

#[expect(clippy::print_stderr, reason = "progress on a terminal")]
fn clear() {
    eprint!("\r\x1b[2K");
}
