//! `/api/v1/accounts/{external_id}/override`: what is set by hand; and `GET /api/v1/overrides`: all of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::common::{self, Money};
use super::paging::{Listing, Page, Paging, Start};
use super::{Refusal, Result};
use crate::app::Error;
use crate::app::overrides::{Change, Set, Wanted};
use crate::db;
use crate::db::overrides::{Listed, Override};
use crate::web::Web;
use crate::web::extract::{Path, Posted, ReadKey, WriteKey};

/// A score or band set by hand, what the model says against it, and what the renewal showed.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverrideDetail {
    /// Its id.
    pub id: Uuid,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: String,
    /// The score that was set; null when a band was.
    pub score: Option<f64>,
    /// Id of the band that was set; null when a score was.
    #[schema(example = "green")]
    pub band: Option<String>,
    /// Why.
    #[schema(example = "The new director signs on Friday")]
    pub reason: String,
    /// Who: a member's name, or `key` and its name.
    #[schema(example = "Casey Lin")]
    pub set_by: String,
    /// When.
    pub set_at: DateTime<Utc>,
    /// First day on which it applies.
    pub set_on: NaiveDate,
    /// Last day on which it applies, unless it ends before.
    pub expires_on: NaiveDate,
    /// What the model said that day.
    pub model_then: ModelSays,
    /// What the model said when it was asked last.
    pub model_now: Option<ModelSays>,
    /// Since when the model agrees without a break; null while it disagrees. After 14 days the override ends.
    pub agreed_since: Option<NaiveDate>,
    /// How it ended; null while it is in force.
    pub ended: Option<Ended>,
    /// What the renewal showed; null before one was held against it.
    pub judgement: Option<Judgement>,
}

/// The model's word.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelSays {
    /// The day.
    pub on: NaiveDate,
    /// 0 to 100; null without data.
    #[schema(example = 64.0)]
    pub score: Option<f64>,
    /// Band id.
    #[schema(example = "yellow")]
    pub band: Option<String>,
}

/// The end of an override.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ended {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// `withdrawn`, `replaced`, `expired`, `agreed` or `churned`.
    #[schema(example = "expired")]
    pub reason: String,
}

/// Who was right: the more hopeful of the two when the account renewed at its revenue or more, the other when it
/// shrank or left.
#[derive(Debug, Serialize, ToSchema)]
pub struct Judgement {
    /// `renewed`, `shrank` or `churned`.
    #[schema(example = "renewed")]
    pub outcome: String,
    /// The renewal date, or the day the account left before it.
    pub on: Option<NaiveDate>,
    /// ARR on the eve, in the tenant's currency.
    pub arr_before: Option<Money>,
    /// ARR afterwards; null after churn.
    pub arr_after: Option<Money>,
    /// `person`, `model`, or `neither` when both meant the same band.
    #[schema(example = "person")]
    pub right: String,
}

impl OverrideDetail {
    /// As stored.
    pub fn of(set: Override, account: &str, currency: &str) -> Self {
        let money = |minor: Option<i64>| {
            minor.map(|amount_minor| Money { amount_minor, currency: currency.to_owned() })
        };
        OverrideDetail {
            id: set.id,
            account: account.to_owned(),
            model_then: ModelSays { on: set.set_on, score: set.model_score, band: set.model_band },
            model_now: set.now_on.map(|on| ModelSays { on, score: set.now_score, band: set.now_band }),
            ended: set.ended_at.map(|at| Ended {
                at,
                by: set.ended_by.unwrap_or_default(),
                reason: set.end_reason.unwrap_or_default(),
            }),
            judgement: set.outcome.map(|outcome| Judgement {
                outcome,
                on: set.outcome_on,
                arr_before: money(set.arr_before_minor),
                arr_after: money(set.arr_after_minor),
                right: set.proved.unwrap_or_default(),
            }),
            score: set.score,
            band: set.band,
            reason: set.reason,
            set_by: set.set_by,
            set_at: set.set_at,
            set_on: set.set_on,
            expires_on: set.expires_on,
            agreed_since: set.agreed_since,
        }
    }
}

/// What you set. Give either a score or a band.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "band": "green", "reason": "The new director signs on Friday", "expires_on": "2027-03-31" }))]
pub struct OverrideStatement {
    /// 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    score: Option<f64>,
    /// A band's id.
    band: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
    /// The last day on which it applies, at most 180 days ahead; 30 days from today when it is not given.
    #[serde(default, deserialize_with = "common::read_day")]
    expires_on: Option<NaiveDate>,
}

impl OverrideStatement {
    fn wanted(self) -> std::result::Result<Wanted, Error> {
        let set = match (self.score, self.band) {
            (Some(score), None) => Set::Score(score),
            (None, Some(band)) => Set::Band(band),
            _ => return Err(Error::invalid("score", "give either a score or a band, and not both")),
        };
        Ok(Wanted { set, reason: self.reason, expires_on: self.expires_on, seen: None })
    }
}

/// Set an account's score or band by hand.
///
/// It takes the place of what was set before. Both stay visible, what was set and what the model says; the account is
/// scored at once. The same request twice changes nothing.
#[utoipa::path(
    put,
    path = "/v1/accounts/{external_id}/override",
    operation_id = "putOverride",
    tag = "Overrides",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    request_body(content = OverrideStatement, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "It was set so already", body = OverrideDetail),
        (status = 201, description = "It is set", body = OverrideDetail),
        (status = 409, description = "The account has left, or there is no methodology"),
    ),
    security(("writeKey" = []))
)]
pub async fn put(
    Posted { web, key, id: Path(external_id), body: statement }: Posted<
        WriteKey,
        Path<String>,
        OverrideStatement,
    >,
) -> Result<Response> {
    let wanted = statement.wanted()?;
    let set = web.app.set_override(&key.scope, &external_id, &wanted, &key.actor(), None).await;
    let (set, change) = set.map_err(Refusal::about("account", &external_id))?;
    let status = if change == Change::Unchanged { StatusCode::OK } else { StatusCode::CREATED };
    let detail = OverrideDetail::of(set, &external_id, key.scope.currency());
    Ok((status, axum::Json(detail)).into_response())
}

/// Show what is set by hand for an account.
///
/// 404 when nothing is.
#[utoipa::path(
    get,
    path = "/v1/accounts/{external_id}/override",
    operation_id = "getOverride",
    tag = "Overrides",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    responses((status = 200, description = "What is in force", body = OverrideDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Path(external_id): Path<String>,
) -> Result<axum::Json<OverrideDetail>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = common::account(&mut tx, &external_id).await?;
    let open = db::overrides::open(&mut tx, account).await?.filter(|open| open.expires_on >= today);
    let open = open.ok_or_else(|| Refusal::not_found("override of account", &external_id))?;
    Ok(axum::Json(OverrideDetail::of(open, &external_id, key.scope.currency())))
}

/// Take back what is set by hand for an account.
///
/// The model's word counts again at once. Nothing happens when nothing is set.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{external_id}/override",
    operation_id = "deleteOverride",
    tag = "Overrides",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    responses((status = 204, description = "Nothing is set any more")),
    security(("writeKey" = []))
)]
pub async fn withdraw(
    State(web): State<Web>,
    key: WriteKey,
    Path(external_id): Path<String>,
) -> Result<StatusCode> {
    let taken = web.app.withdraw_override(&key.scope, &external_id, None, &key.actor()).await;
    taken.map_err(Refusal::about("account", &external_id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which overrides.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OverrideQuery {
    /// True for those in force, false for those that ended; all without it.
    in_force: Option<bool>,
}

/// List overrides.
///
/// In the order in which they were set.
#[utoipa::path(
    get,
    path = "/v1/overrides",
    operation_id = "listOverrides",
    tag = "Overrides",
    params(OverrideQuery, Paging),
    responses((status = 200, description = "A page of overrides", body = Page<OverrideDetail>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<OverrideQuery>,
) -> Result<axum::Json<Page<OverrideDetail>>> {
    let Start { after, rows } = paging.start::<Uuid>()?;
    let today = web.app.clock.today(key.scope.time_zone());
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = db::overrides::page(&mut tx, query.in_force, today, after, rows).await?;
    let detail = |one: Listed| OverrideDetail::of(one.set, &one.external_id, key.scope.currency());
    Ok(axum::Json(paging.page(found, |one| one.set.id, detail)))
}
