//! Renewals: open ones with what is expected of them, closed ones with what became of them.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

mod closing;
mod lists;
mod opening;
mod steps;

pub use closing::{
    Closed, Ending, NextContract, close, end_contract, insert_next, leaves_on, reopen, restore_contracts,
    set_after,
};
pub use lists::{
    Amount, Decided, Filter, Life, Listed, by_id, calibration, closed_of, decided, list, list_after, lives,
};
pub use opening::{
    Change, Due, Modelled, New, change_strategies, contracts_of, link, model, move_to, open, open_of,
    opened_on, remove,
};
pub use steps::{Progress, Step, play_of, progress, steps};

/// A renewal as stored.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Renewal {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub account_id: Uuid,
    /// The first day of the next term.
    pub renews_on: NaiveDate,
    /// The day its window was reached, or it was first seen within it.
    pub opened_on: NaiveDate,
    /// Id of the methodology's timeline.
    pub timeline: Option<String>,
    /// Id of the strategy.
    pub strategy: Option<String>,
    /// What a person expects (`domain::forecast::Category`).
    pub forecast: Option<String>,
    /// How likely a person thinks it, 0–100.
    pub likelihood: Option<i16>,
    /// Why they think so.
    pub forecast_note: String,
    /// Who said so.
    pub forecast_by: Option<String>,
    /// When.
    pub forecast_at: Option<DateTime<Utc>>,
    /// How likely a backtest makes it, 0–100.
    pub modelled: Option<i16>,
    /// The version of the methodology that backtest tried.
    pub modelled_by: Option<i32>,
    /// What became of it (`domain::forecast::Kind`); none while it is open.
    pub outcome: Option<String>,
    /// `person` or `contracts`.
    pub told_by: Option<String>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// The tenant's day then.
    pub closed_on: Option<NaiveDate>,
    /// By whom.
    pub closed_by: Option<String>,
    /// The first day of the next term, or the first without any.
    pub effective_on: Option<NaiveDate>,
    /// Months of the next term, where a person said so.
    pub term_months: Option<i32>,
    /// Why it shrank or was lost (`domain::forecast::Reason`).
    pub reason: Option<String>,
    /// More about that.
    pub note: String,
    /// Who got it instead.
    pub competitor: String,
    /// When an outcome was taken back last.
    pub reopened_at: Option<DateTime<Utc>>,
}

impl Renewal {
    /// Whether its day has passed and nobody has said what became of it.
    pub fn has_lapsed(&self, today: NaiveDate) -> bool {
        self.outcome.is_none() && self.renews_on < today
    }

    /// Whether it was decided before its day.
    pub fn was_early(&self) -> bool {
        self.closed_on.is_some_and(|day| day < self.renews_on) && self.outcome.as_deref() != Some("churned")
    }

    /// What it is likely to come to, and who says so: a person, or the backtest of a version.
    pub fn likelihood_said(&self) -> Option<(i16, Option<i32>)> {
        let by_hand = self.likelihood.map(|likelihood| (likelihood, None));
        by_hand.or_else(|| Some((self.modelled?, Some(self.modelled_by?))))
    }
}

const COLUMNS: &str = "r.id, r.account_id, r.renews_on, r.opened_on, r.timeline, r.strategy, r.forecast, r.likelihood,
    r.forecast_note, r.forecast_by, r.forecast_at, r.modelled, r.modelled_by, r.outcome, r.told_by, r.closed_at,
    r.closed_on, r.closed_by, r.effective_on, r.term_months, r.reason, r.note, r.competitor, r.reopened_at";

/// A contract of a renewal.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Linked {
    /// The renewal.
    pub renewal_id: Uuid,
    /// The contract.
    pub contract_id: Uuid,
    /// Its identity in the tenant's own systems.
    pub external_id: String,
    /// First day.
    pub start_date: NaiveDate,
    /// The day after its last, where it is fixed.
    pub end_date: Option<NaiveDate>,
    /// Length in months.
    pub term_months: Option<i32>,
    /// Seats bought.
    pub seats: Option<i32>,
    /// ARR up for renewal, minor units.
    pub arr_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// ARR afterwards; none while the renewal is open.
    pub after_minor: Option<i64>,
}

/// The contracts of some renewals, by renewal and contract id.
pub async fn linked(tx: &mut TenantTx, renewals: &[Uuid]) -> Result<Vec<Linked>> {
    sqlx::query_as(
        "SELECT r.renewal_id, r.contract_id, c.external_id, c.start_date, c.end_date, c.term_months, c.seats,
                r.arr_minor, r.currency, r.after_minor
         FROM renewal_contracts r JOIN contracts c ON c.tenant_id = r.tenant_id AND c.id = r.contract_id
         WHERE r.renewal_id = ANY($1) ORDER BY r.renewal_id, c.external_id",
    )
    .bind(renewals)
    .fetch_all(tx.conn())
    .await
}

/// A strategy a renewal had, and why.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct StrategyChange {
    /// The tenant's day on which it came.
    pub day: NaiveDate,
    /// The one before; none for the first.
    pub from_strategy: Option<String>,
    /// The one since.
    pub to_strategy: Option<String>,
    /// Why.
    pub why: String,
}

/// The strategies of a renewal, newest first.
pub async fn strategies(tx: &mut TenantTx, renewal: Uuid) -> Result<Vec<StrategyChange>> {
    sqlx::query_as(
        "SELECT day, from_strategy, to_strategy, why FROM renewal_strategies
         WHERE renewal_id = $1 ORDER BY at DESC, id DESC",
    )
    .bind(renewal)
    .fetch_all(tx.conn())
    .await
}

/// What a person expects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forecast {
    /// The category's word; none takes it back.
    pub category: Option<String>,
    /// 0–100; none takes it back.
    pub likelihood: Option<i16>,
    /// Why.
    pub note: String,
}

/// Stores what a person expects; `by` and `at` are none where all of it is taken back.
pub async fn set_forecast(
    tx: &mut TenantTx,
    id: Uuid,
    forecast: &Forecast,
    by: Option<&str>,
    at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query(
        "UPDATE renewals SET forecast = $2, likelihood = $3, forecast_note = $4, forecast_by = $5, forecast_at = $6
         WHERE id = $1",
    )
    .bind(id)
    .bind(&forecast.category)
    .bind(forecast.likelihood)
    .bind(&forecast.note)
    .bind(by)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}
