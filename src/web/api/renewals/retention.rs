//! `GET /api/v1/retention`.

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::retention::Asked;
use crate::domain::money::{Currency, MoneyError};
use crate::domain::retention::{Bridge, Renewed};
use crate::web::Web;
use crate::web::api::accounts::list::owner;
use crate::web::api::common::{self, six_decimals};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Query, ReadKey};

/// Whose retention.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RetentionQuery {
    /// The last day; today without it.
    #[serde(default, deserialize_with = "common::read_day")]
    to: Option<NaiveDate>,
    /// Months, the one of the last day included.
    #[serde(default = "a_year")]
    #[param(minimum = 1, maximum = 60, default = 12)]
    months: u32,
    /// Accounts of this segment as they are today, such as `enterprise`.
    segment: Option<String>,
    /// Accounts of the CSM with this address; `none` for those without one.
    csm: Option<String>,
    /// Only contracts in this currency, at their own amounts. Without it all of them in your company's currency.
    currency: Option<String>,
}

fn a_year() -> u32 {
    12
}

/// Retention of a period. All amounts are minor units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionDetail {
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Accounts left out for want of an exchange rate.
    pub unconverted_accounts: i64,
    /// The whole period: each account is looked at once, on the eve of its first day and on its last.
    pub whole: Period,
    /// Every month by itself, oldest first.
    pub months: Vec<Period>,
}

/// From opening to closing: `opening + new + expansion - contraction - churned = closing`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Period {
    /// Its first day.
    pub from: NaiveDate,
    /// ARR on the eve.
    pub opening_arr: i64,
    /// ARR of accounts that were none on the eve.
    pub new_arr: i64,
    /// What accounts grew by.
    pub expansion_arr: i64,
    /// What accounts shrank by.
    pub contraction_arr: i64,
    /// ARR on the eve of accounts that have left.
    pub churned_arr: i64,
    /// ARR on the last day.
    pub closing_arr: i64,
    /// ARR whose renewal was decided.
    pub renewable_arr: i64,
    /// What of it was renewed.
    pub renewed_arr: i64,
    /// Accounts on the eve.
    pub opening_accounts: i64,
    /// Accounts that came.
    pub new_accounts: i64,
    /// Accounts that left.
    pub churned_accounts: i64,
    /// Accounts on the last day.
    pub closing_accounts: i64,
    /// Accounts whose renewal was decided.
    pub renewable_accounts: i64,
    /// Those that renewed something.
    pub renewed_accounts: i64,
    /// Net revenue retention, 1 being all of it; null without an opening.
    #[schema(example = 1.08)]
    pub net_retention: Option<f64>,
    /// Gross revenue retention.
    #[schema(example = 0.94)]
    pub gross_retention: Option<f64>,
    /// Share of accounts that are still there.
    #[schema(example = 0.97)]
    pub logo_retention: Option<f64>,
    /// Renewed of renewable ARR; null where nothing was decided.
    #[schema(example = 0.95)]
    pub renewal_rate: Option<f64>,
}

impl Period {
    fn of(from: NaiveDate, b: &Bridge, r: &Renewed) -> Self {
        Period {
            from,
            opening_arr: b.opening,
            new_arr: b.new,
            expansion_arr: b.expansion,
            contraction_arr: b.contraction,
            churned_arr: b.churned,
            closing_arr: b.closing,
            renewable_arr: r.renewable,
            renewed_arr: r.renewed,
            opening_accounts: b.opening_accounts,
            new_accounts: b.new_accounts,
            churned_accounts: b.churned_accounts,
            closing_accounts: b.closing_accounts,
            renewable_accounts: r.renewable_accounts,
            renewed_accounts: r.renewed_accounts,
            net_retention: b.net().map(six_decimals),
            gross_retention: b.gross().map(six_decimals),
            logo_retention: b.logos().map(six_decimals),
            renewal_rate: r.rate().map(six_decimals),
        }
    }
}

/// Show retention.
///
/// From the contracts of accounts and the outcomes of renewals: what the period began with, what came, grew, shrank
/// and left, and what it closed with, to the cent.
#[utoipa::path(
    get,
    path = "/v1/retention",
    operation_id = "getRetention",
    tag = "Renewals",
    params(RetentionQuery),
    responses((status = 200, description = "Retention", body = RetentionDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Query(query): Query<RetentionQuery>,
) -> Result<Json<RetentionDetail>> {
    let today = web.app.clock.today(key.scope.time_zone());
    if !(1..=60).contains(&query.months) {
        return Err(Refusal::parameter("months", "must be from 1 to 60"));
    }
    let to = query.to.unwrap_or(today);
    if to > today {
        return Err(Refusal::parameter("to", "must not be after today"));
    }
    let currency = query.currency.map(|code| code.parse::<Currency>()).transpose();
    let currency = currency.map_err(|e: MoneyError| Refusal::parameter("currency", e.to_string()))?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let owner = owner(&mut tx, query.csm.as_deref()).await?;
    let owner = owner.ok_or_else(|| Refusal::parameter("csm", "is not the address of a member"))?;
    drop(tx);
    let asked = Asked { segment: query.segment, owner, currency, months: query.months };
    let told = web.app.retention(&key.scope, &asked, to).await?;
    let month = |(first, bridge): &(NaiveDate, Bridge)| {
        Period::of(*first, bridge, &told.renewed_months.get(first).copied().unwrap_or_default())
    };
    Ok(Json(RetentionDetail {
        currency: told.currency.code().to_owned(),
        from: told.bridges.from,
        to: told.bridges.to,
        unconverted_accounts: told.unconverted,
        whole: Period::of(told.bridges.from, &told.bridges.whole, &told.renewed),
        months: told.bridges.months.iter().map(month).collect(),
    }))
}
