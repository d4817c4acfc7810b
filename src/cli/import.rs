//! `holdfast import`.

use clap::Args;

use crate::app::App;

/// Import a CSV file.
#[derive(Debug, Args)]
pub(super) struct Import {}

impl Import {
    pub(super) async fn run(self, _app: &App) -> anyhow::Result<()> {
        anyhow::bail!("imports are on their way")
    }
}
