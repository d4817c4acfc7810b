//! Days that are over are folded into months, where they take a fraction of the space.

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use crate::app::work::Work;
use crate::app::{App, Result};
use crate::db::{self, TenantScope};

/// Accounts folded in one transaction.
const CHUNK: i64 = 500;
/// Days summed up in one transaction.
const DAYS: i64 = 31;

impl App {
    /// Folds the scores of all days before yesterday; returns how many. May be broken off and done again: each chunk
    /// of accounts is folded wholly or not at all.
    ///
    /// # Errors
    /// When the database fails, or somebody stopped the work; chunks done before stay done.
    pub async fn fold_scores(&self, scope: &TenantScope, work: &Work<'_>) -> Result<usize> {
        let before = self.folded_before(scope);
        let (mut after, mut accounts, mut days) = (Uuid::nil(), 0, 0);
        loop {
            let mut tx = self.db.write(scope).await?;
            let ids = db::score_months::waiting(&mut tx, before, after, CHUNK).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            days += db::score_months::fold(&mut tx, &ids, before).await?;
            tx.commit().await?;
            accounts += ids.len();
            work.progress(accounts, 0).await?;
        }
        self.sum_up(scope, before, work).await?;
        Ok(days)
    }

    /// Stores the portfolio's sums of folded days.
    async fn sum_up(&self, scope: &TenantScope, before: NaiveDate, work: &Work<'_>) -> Result<()> {
        loop {
            let mut tx = self.db.write(scope).await?;
            let days = db::portfolio::not_summed(&mut tx, before, DAYS).await?;
            db::portfolio::sum_up(&mut tx, &days).await?;
            // A day whose accounts are all gone has no sums and would come up for ever.
            if days.is_empty() || db::portfolio::not_summed(&mut tx, before, DAYS).await? == days {
                return Ok(());
            }
            tx.commit().await?;
            work.progress(0, 0).await?;
        }
    }

    /// Days before this one are folded: yesterday may still be written by whoever began before midnight.
    pub(super) fn folded_before(&self, scope: &TenantScope) -> NaiveDate {
        let today = self.clock.today(scope.time_zone());
        today.checked_sub_days(Days::new(1)).unwrap_or(today)
    }
}
