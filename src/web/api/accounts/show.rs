//! `GET /api/v1/accounts/{external_id}`.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::health::Health;
use crate::app::scoring::Assessed;
use crate::db;
use crate::db::accounts::Account;
use crate::domain::renewal::Renewal;
use crate::web::Web;
use crate::web::api::common::{self, Arr, Money, Owner};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Query, ReadKey};

/// As of which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AsOf {
    /// A past day: the score stored for it (or the last before it), and segment, stage, ARR and renewal as of that
    /// day. Today without it.
    #[serde(default, deserialize_with = "common::read_day")]
    as_of: Option<NaiveDate>,
}

/// An account with its health explained and its renewal planned.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountDetail {
    /// Identity in your own systems.
    #[schema(example = "acme")]
    pub external_id: String,
    /// Display name.
    #[schema(example = "Acme Corporation")]
    pub name: String,
    /// The CSM; null when nobody is assigned.
    pub owner: Option<Owner>,
    /// The day all of this is about.
    pub as_of: NaiveDate,
    /// Segment id; null when no segment takes the account.
    #[schema(example = "enterprise")]
    pub segment: Option<String>,
    /// Whether the segment was set by hand and the rule is not asked.
    pub segment_pinned: bool,
    /// Lifecycle stage id; null before the account's start.
    pub stage: Option<String>,
    /// Day number in the lifecycle.
    #[schema(example = 412)]
    pub stage_day: Option<i64>,
    /// Start as stated; null when the first contract's start counts.
    pub start_date: Option<NaiveDate>,
    /// Free words.
    pub tags: Vec<String>,
    /// Values of your own fields, by name.
    #[schema(value_type = Object)]
    pub fields: serde_json::Value,
    /// ARR of the contracts in force, in their currency (in the tenant's when they differ).
    pub arr: Option<Money>,
    /// The same in the tenant's currency; null without an exchange rate.
    pub arr_base: Option<Money>,
    /// Null when it was never scored up to that day.
    pub health: Option<Health>,
    /// The next renewal; null without a contract that renews.
    pub renewal: Option<RenewalDetail>,
    /// The last day a contract was in force, when none is any more.
    pub churned_on: Option<NaiveDate>,
    /// When the product last reported anything of it.
    pub last_event_at: Option<DateTime<Utc>>,
    /// When anything stated about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The next renewal and the way to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewalDetail {
    /// The renewal date.
    pub date: NaiveDate,
    /// Days to it; negative when it is overdue.
    #[schema(example = 53)]
    pub days: i64,
    /// Whether its timeline has begun.
    pub open: bool,
    /// Timeline id; null when no timeline serves the account.
    pub timeline: Option<String>,
    /// Strategy id, as things are.
    pub strategy: Option<String>,
    /// The steps on the way, in order.
    pub milestones: Vec<Milestone>,
}

/// A dated step before a renewal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Milestone {
    /// What is to be done.
    #[schema(example = "Confirm the decision makers")]
    pub title: String,
    /// The day it was planned to be due.
    pub planned: Option<NaiveDate>,
    /// The day it is due: as planned, or the day the timeline could begin if that is later.
    pub due: Option<NaiveDate>,
    /// Whether the timeline began after the planned day.
    pub late: bool,
}

/// Show an account.
///
/// With every reason of its health: what each measure gave and cost, what it read and how fresh that is.
#[utoipa::path(
    get,
    path = "/v1/accounts/{external_id}",
    operation_id = "getAccount",
    tag = "Accounts",
    params(
        ("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme"),
        AsOf
    ),
    responses((status = 200, description = "The account", body = AccountDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Path(external_id): Path<String>,
    Query(query): Query<AsOf>,
) -> Result<Json<AccountDetail>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let day = query.as_of.unwrap_or(today);
    if day > today {
        return Err(Refusal::parameter("as_of", format!("must not be after today, {today}")));
    }
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = db::accounts::find(&mut tx, &external_id).await?;
    let account = account.ok_or_else(|| Refusal::not_found("account", &external_id))?;
    let score = db::scores::primary_on(&mut tx, account.id, day).await?;
    drop(tx);
    let assessed = web.app.assess(&key.scope, account.id, day).await?;
    let health = match score {
        Some(score) => Some(Health::of(&web, &key.scope, &external_id, score).await?),
        None => None,
    };
    Ok(Json(detail(account, assessed, health, day, key.scope.currency())))
}

fn detail(
    account: Account,
    assessed: Option<Assessed>,
    health: Option<Health>,
    day: NaiveDate,
    base: &str,
) -> AccountDetail {
    let owner = Owner::of(&account);
    let mut out = AccountDetail {
        owner,
        as_of: day,
        segment: account.pinned_segment.clone(),
        segment_pinned: account.pinned_segment.is_some(),
        stage: None,
        stage_day: None,
        arr: None,
        arr_base: None,
        renewal: None,
        churned_on: account.churned_on.filter(|left| *left <= day),
        health,
        external_id: account.external_id,
        name: account.name,
        start_date: account.start_date,
        tags: account.tags,
        fields: account.fields,
        last_event_at: account.last_event_at,
        updated_at: account.updated_at,
    };
    // Without a methodology there is nothing more to say.
    if let Some(Assessed { evaluation, standing }) = assessed {
        let money = |m: crate::domain::money::Money| Money {
            amount_minor: m.minor,
            currency: m.currency.code().to_owned(),
        };
        let arr = Arr { own: Some(money(standing.arr)), base: standing.arr_base.map(money) };
        debug_assert!(arr.base.as_ref().is_none_or(|m| m.currency == base));
        (out.arr, out.arr_base) = (arr.own, arr.base);
        out.segment = evaluation.segment.as_deref().map(str::to_owned);
        out.stage = evaluation.stage.as_deref().map(str::to_owned);
        out.stage_day = evaluation.day;
        out.renewal = evaluation.renewal.map(renewal);
        out.churned_on = standing.churned_on;
    }
    out
}

fn renewal(renewal: Renewal) -> RenewalDetail {
    let milestones = renewal.milestones.into_iter().map(|task| Milestone {
        title: task.title.to_string(),
        planned: task.planned,
        due: task.due,
        late: task.late,
    });
    RenewalDetail {
        date: renewal.date,
        days: renewal.days,
        open: renewal.open,
        timeline: renewal.timeline.as_deref().map(str::to_owned),
        strategy: renewal.strategy.as_deref().map(str::to_owned),
        milestones: milestones.collect(),
    }
}
