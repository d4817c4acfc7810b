//! `holdfast demo`.

use std::process::ExitCode;

use clap::Args;

use crate::config::{Serving, Storage};

/// Fill a database with two invented companies and serve it.
#[derive(Debug, Args)]
pub(super) struct Demo {
    #[command(flatten)]
    serving: Serving,
}

impl Demo {
    pub(super) fn run(self, storage: &Storage) -> anyhow::Result<ExitCode> {
        super::serve::run(storage, &self.serving)
    }
}
