//! `holdfast score`.

use chrono::NaiveDate;
use clap::Args;

use super::say;
use crate::app::App;
use crate::app::work::Work;

/// Work out the scores of all accounts.
#[derive(Debug, Args)]
pub(super) struct Score {
    /// Short name of the tenant.
    #[arg(long)]
    tenant: String,
    /// The day to score, by everything known now. A day that has scores keeps them. [default: today]
    #[arg(long)]
    as_of: Option<NaiveDate>,
}

impl Score {
    pub(super) async fn run(self, app: &App) -> anyhow::Result<()> {
        let scope = super::tenant(app, &self.tenant).await?;
        let day = self.as_of.unwrap_or_else(|| app.clock.today(scope.time_zone()));
        let scored = app.score_all(&scope, day, &Work::unwatched()).await?;
        let mut tx = app.db.read(&scope).await?;
        say(format_args!("Scored {scored} accounts as of {day}."));
        for cell in crate::db::portfolio::cells(&mut tx, day).await? {
            let (segment, band) =
                (cell.segment.as_deref().unwrap_or("-"), cell.band.as_deref().unwrap_or("no score"));
            say(format_args!("  {segment:<16} {band:<12} {:>7}", cell.accounts));
        }
        Ok(())
    }
}
