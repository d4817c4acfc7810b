//! `holdfast bench`: what this machine can bear, on data made for it.

mod fill;
mod measure;
mod score;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Storage;

#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Fill a database with accounts and ninety days of a dozen metrics, and score all of them.
    ///
    /// Without DATABASE_URL it has a data directory of its own, which it deletes at the end. It scores by the same
    /// function as the nightly job: today, today once more, and tomorrow.
    Score(score::Score),
}

impl Bench {
    pub(super) fn run(self, storage: &Storage) -> anyhow::Result<ExitCode> {
        match self {
            Bench::Score(score) => score.run(storage),
        }
    }
}

/// Progress, which is not part of the result.
#[expect(clippy::print_stderr, reason = "the command line speaks on standard error")]
fn note(text: impl std::fmt::Display) {
    eprintln!("{text}");
}
