//! `holdfast demo`: two invented companies, loaded through the same functions as real data, and then served.

mod desk;
mod load;
mod pipelines;
mod renewals;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use super::{runtime, say};
use crate::boot::{self, Service};
use crate::clock::Clock;
use crate::config::{Serving, Storage};
use crate::postgres::{Lifetime, default_data_dir};

/// The password of every demo log-in.
const PASSWORD: &str = "demo-holdfast-demo";
/// Who the sign-in page offers: what they are, and their address.
const LOG_INS: [(&str, &str); 4] = [
    ("CSM", "casey@larkfield.example"),
    ("Manager", "morgan@larkfield.example"),
    ("Executive", "elin@larkfield.example"),
    ("Admin of both companies", "robin@larkfield.example"),
];
/// Marks a data directory as a demo's, which `--fresh` may delete.
const MARKER: &str = "holdfast-demo";

/// Fill a database with two invented companies and eighteen months of their customers' usage, and serve it.
///
/// Without DATABASE_URL the demo has a data directory of its own. It is loaded once; later starts take it as it is.
#[derive(Debug, Args)]
pub(super) struct Demo {
    #[command(flatten)]
    serving: Serving,
    /// Delete the demo's data directory first, so that its data ends today again.
    #[arg(long)]
    fresh: bool,
    /// Load the data and exit without serving.
    #[arg(long)]
    load_only: bool,
}

impl Demo {
    pub(super) fn run(self, storage: &Storage) -> anyhow::Result<ExitCode> {
        let mut storage = storage.clone();
        if storage.database_url.is_none() {
            let dir = storage.data_dir.clone().unwrap_or_else(|| default_data_dir().join("demo"));
            prepare(&dir, self.fresh)?;
            storage.data_dir = Some(dir);
        } else if self.fresh {
            bail!(
                "--fresh deletes the managed data directory; with DATABASE_URL drop and create the database yourself"
            );
        }
        let server = boot::server(&storage, Lifetime::Service)?;
        let result = runtime()?.block_on(self.load_and_serve(&server, &storage));
        server.stop()?;
        result.map(|()| ExitCode::SUCCESS)
    }

    async fn load_and_serve(self, server: &boot::Server, storage: &Storage) -> anyhow::Result<()> {
        let app = boot::app(server, storage, Clock::system()).await?;
        let world = load::load(&app).await?;
        if self.load_only {
            app.db.close().await;
            return Ok(());
        }
        let log_ins =
            LOG_INS.map(|(who, email)| (who.to_owned(), email.to_owned(), PASSWORD.to_owned())).to_vec();
        let service = Service::bind(app.clone(), &self.serving, log_ins).await?;
        tokio::spawn(load::go_on(app, world));
        say(format_args!("\nHoldfast listens on http://{}\n", service.address()?));
        for (who, email) in LOG_INS {
            say(format_args!("  {who:<24} {email:<26} {PASSWORD}"));
        }
        say("\nStop it with Ctrl-C. The data stays; `holdfast demo --fresh` makes it anew.");
        service.run().await
    }
}

fn prepare(dir: &Path, fresh: bool) -> anyhow::Result<()> {
    let marker = dir.join(MARKER);
    if fresh && dir.exists() {
        if !marker.exists() {
            bail!("{} holds no demo, so --fresh does not delete it", dir.display());
        }
        fs::remove_dir_all(dir).with_context(|| format!("{} cannot be deleted", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    if !marker.exists() && !dir.join("postgres").exists() {
        fs::write(&marker, "This directory belongs to `holdfast demo`.\n")?;
    }
    Ok(())
}
