//! Accounts as they stood on a past day.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveTime, TimeZone};
use uuid::Uuid;

use super::{Assessed, COMPARE_DAYS, why};
use crate::app::methodology::InForce;
use crate::app::{App, Result};
use crate::db::accounts::Account;
use crate::db::as_of::AsOf;
use crate::db::scores::Score;
use crate::db::{self, TenantScope};
use crate::domain::lifecycle::StageSpan;

impl App {
    /// The last scored day on or before a day, ready to list accounts as of it; none when nothing was scored by then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn as_of(&self, scope: &TenantScope, day: NaiveDate) -> Result<Option<AsOf>> {
        let mut tx = self.db.read(scope).await?;
        let Some(day) = db::portfolio::scored_day(&mut tx, day).await? else { return Ok(None) };
        let versions = db::as_of::versions_on(&mut tx, day).await?;
        drop(tx);
        let mut as_of = AsOf { day, until: end_of(scope, day), ..AsOf::default() };
        for version in versions {
            let Some(in_force) = self.methodology_version(scope, version).await? else { continue };
            let bands = in_force.methodology.health.bands.iter().enumerate();
            as_of.tones.extend(
                bands.map(|(at, band)| (version, band.id.to_string(), in_force.tone(at).word().to_owned())),
            );
        }
        if let Some(in_force) = self.methodology(scope).await? {
            let lifecycle = &in_force.methodology.lifecycle;
            let number = |day: i64| i32::try_from(day).unwrap_or(i32::MAX);
            as_of.first_day = number(lifecycle.first_day);
            as_of.stages.extend(lifecycle.stages.iter().filter_map(|stage| match stage.span {
                StageSpan::Days(from, to) => Some((stage.id.to_string(), number(from), to.map(number))),
                StageSpan::Overlay(_) => None,
            }));
        }
        Ok(Some(as_of))
    }

    /// Completes accounts that were listed as of a day: what moved their score, their stage, what their contracts and
    /// their renewal looked like.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complete_as_of(
        &self,
        scope: &TenantScope,
        accounts: &mut [Account],
        day: NaiveDate,
    ) -> Result<()> {
        let ids: Vec<Uuid> = accounts.iter().map(|account| account.id).collect();
        let mut tx = self.db.read(scope).await?;
        let by_account = |scores: Vec<Score>| -> HashMap<Uuid, Score> {
            scores.into_iter().map(|score| (score.account_id, score)).collect()
        };
        let said = by_account(db::scores::on(&mut tx, &ids, day).await?);
        let before = by_account(db::scores::before(&mut tx, &ids, day, COMPARE_DAYS).await?);
        drop(tx);
        let assessed = self.assess_many(scope, &ids, day).await?;
        for account in accounts {
            let before = before.get(&account.id);
            if let Some(Assessed { evaluation, standing }) = assessed.get(&account.id) {
                account.stage = evaluation.stage.as_deref().map(str::to_owned);
                account.stage_day = evaluation.day.and_then(|day| i32::try_from(day).ok());
                account.renewal_open = evaluation.renewal.as_ref().map(|renewal| renewal.open);
                account.strategy =
                    evaluation.renewal.as_ref().and_then(|r| r.strategy.as_deref().map(str::to_owned));
                // In its own currency unless the contracts, or the rates, were told otherwise since.
                if standing.arr_base.map(|arr| arr.minor) == account.arr_base_minor {
                    account.arr_minor = Some(standing.arr.minor);
                    account.currency = Some(standing.arr.currency.code().to_owned());
                }
            }
            let Some(score) = said.get(&account.id) else { continue };
            account.score_before = before.and_then(|b| b.score);
            account.band_before = before.and_then(|b| b.band.clone());
            account.before_day = before.map(|b| b.day);
            let in_force = self.methodology_version(scope, score.version).await?;
            account.why = in_force.and_then(|m| said_why(&m, score, assessed.get(&account.id)?, before));
        }
        Ok(())
    }
}

/// The line that stood beside the account that day.
fn said_why(
    in_force: &Arc<InForce>,
    score: &Score,
    assessed: &Assessed,
    before: Option<&Score>,
) -> Option<String> {
    let readings = score.readings(&in_force.methodology)?;
    let mut evaluation = assessed.evaluation.clone();
    evaluation.health = in_force.methodology.explain(&readings);
    evaluation.readings = readings;
    Some(why::line(in_force, &evaluation, before))
}

/// The first moment after a day in the tenant's time zone.
fn end_of(scope: &TenantScope, day: NaiveDate) -> chrono::DateTime<chrono::Utc> {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN);
    let zone = scope.time_zone();
    // Where clocks jump over midnight, the day begins an hour later.
    let moment = zone.from_local_datetime(&next).earliest();
    let moment = moment.or_else(|| zone.from_local_datetime(&(next + chrono::Duration::hours(1))).earliest());
    moment.map_or_else(|| next.and_utc(), |moment| moment.to_utc())
}
