//! `/api/v1/backtests`: start, look, fetch, stop, delete. A key that reads may look; one that manages may do all of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::common;
use super::paging::{Everything, Listing, Moment, Page, Paging, Start};
use super::{Refusal, Result};
use crate::app::Error;
use crate::app::backtest::{Subject, usual_settings};
use crate::db;
use crate::db::jobs::JobState;
use crate::domain::backtest::Settings;
use crate::web::Web;
use crate::web::extract::{Id, Json as Body, ManageKey, MethodologyReader};
use crate::web::pages::backtests::days;

/// What is to be tried, and on which days.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 3, "from": "2026-01-01", "to": "2026-11-30", "step_days": 7, "horizon_days": 90 }))]
pub struct BacktestRequest {
    /// A published version of the methodology; the one in force when neither `version` nor `draft` is given.
    version: Option<i32>,
    /// A stored draft, by its id.
    draft: Option<Uuid>,
    /// First day; a year before the last one when it is not given.
    #[serde(default, deserialize_with = "common::read_day")]
    from: Option<NaiveDate>,
    /// Last day; the last one whose horizon is over when it is not given.
    #[serde(default, deserialize_with = "common::read_day")]
    to: Option<NaiveDate>,
    /// Days from one scored day to the next.
    #[schema(minimum = 1, maximum = 92, default = 7)]
    step_days: Option<u16>,
    /// Days ahead within which a churn counts.
    #[schema(minimum = 7, maximum = 730, default = 90)]
    horizon_days: Option<u16>,
}

/// A backtest.
#[derive(Debug, Serialize, ToSchema)]
pub struct BacktestRow {
    /// Its id.
    pub id: Uuid,
    /// What was tried.
    #[schema(example = "Acme, version 3")]
    pub title: String,
    /// The published version; null for a draft.
    pub version: Option<i32>,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    #[schema(example = "running")]
    pub state: &'static str,
    /// Accounts done.
    pub accounts_done: i64,
    /// Accounts in all; 0 while that is not known.
    pub accounts_total: i64,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Days from one scored day to the next.
    pub step_days: u16,
    /// Days ahead within which a churn counts.
    pub horizon_days: u16,
    /// When it was asked for.
    pub started_at: DateTime<Utc>,
    /// By whom.
    pub started_by: String,
    /// When its report was made.
    pub finished_at: Option<DateTime<Utc>>,
    /// AUC of the score; null without figures.
    pub auc: Option<f64>,
    /// AUC of days since last use.
    pub baseline_auc: Option<f64>,
}

/// A backtest and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BacktestResult {
    /// The backtest.
    #[serde(flatten)]
    pub backtest: BacktestRow,
    /// Every figure: `counts`, `figures` (null when fewer than five accounts churned) and `suggestions`. Null until
    /// it is done.
    #[schema(value_type = Option<Object>)]
    pub report: Option<serde_json::Value>,
}

impl BacktestRow {
    fn of(found: db::backtests::Backtest) -> Result<Self> {
        let settings: Settings =
            serde_json::from_value(found.settings.clone()).map_err(anyhow::Error::from)?;
        Ok(BacktestRow {
            state: match found.state() {
                JobState::Waiting => "waiting",
                JobState::Running => "running",
                JobState::Done => "done",
                JobState::Failed => "failed",
                JobState::Cancelled => "cancelled",
            },
            id: found.id,
            title: found.title,
            version: found.version,
            accounts_done: found.done,
            accounts_total: found.total,
            from: settings.from,
            to: settings.to,
            step_days: settings.step_days,
            horizon_days: settings.horizon_days,
            started_at: found.started_at,
            started_by: found.started_by,
            finished_at: found.finished_at,
            auc: found.auc,
            baseline_auc: found.baseline_auc,
        })
    }
}

/// Start a backtest.
///
/// Every account is scored on each day of the period with what was known then, and held against who churned within
/// the horizon. It runs in the background; ask for it until `state` is `done`. At most three wait or run at a time.
#[utoipa::path(
    post,
    path = "/v1/backtests",
    operation_id = "startBacktest",
    tag = "Backtests",
    request_body(content = BacktestRequest),
    responses(
        (status = 202, description = "It was taken and will run", body = BacktestRow,
            headers(("location" = String, description = "Where it can be read"))),
        (status = 409, description = "Three wait or run already"),
    ),
    security(("manageKey" = []))
)]
pub async fn start(
    State(web): State<Web>,
    key: ManageKey,
    Body(asked): Body<BacktestRequest>,
) -> Result<Response> {
    let subject = match (asked.version, asked.draft) {
        (Some(_), Some(_)) => return Err(Error::invalid("draft", "cannot be given beside `version`").into()),
        (Some(version), None) => Subject::Version(version),
        (None, Some(draft)) => {
            web.app.draft_to_try(&key.scope, draft).await.map_err(|e| absent(e, "draft"))?
        }
        (None, None) => {
            let in_force = web.app.methodology(&key.scope).await?;
            let none = || Error::Conflict("The company has no methodology: apply a pack first.".into());
            Subject::Version(in_force.ok_or_else(none)?.version)
        }
    };
    let today = web.app.clock.today(key.scope.time_zone());
    let usual = usual_settings(today);
    let horizon_days = asked.horizon_days.unwrap_or(usual.horizon_days);
    let to = asked.to.unwrap_or_else(|| today - chrono::Duration::days(horizon_days.into()));
    let settings = Settings {
        from: asked.from.unwrap_or_else(|| to - chrono::Duration::days(364)),
        to,
        step_days: asked.step_days.unwrap_or(usual.step_days),
        horizon_days,
    };
    let started = web.app.start_backtest(&key.scope, &subject, &settings, &key.actor()).await;
    let id = started.map_err(|error| absent(error, "version"))?;
    let row = find(&web, &key.scope, id).await?;
    let location = format!("/api/v1/backtests/{id}");
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(row)).into_response())
}

/// What a body names and is not there is wrong with the body, not with the address.
fn absent(error: Error, field: &str) -> Error {
    if matches!(error, Error::NotFound) { Error::invalid(field, "is not there") } else { error }
}

async fn find(web: &Web, scope: &db::TenantScope, id: Uuid) -> Result<BacktestRow> {
    let mut tx = web.app.db.read(scope).await?;
    let found = db::backtests::find(&mut tx, id).await?;
    BacktestRow::of(found.ok_or_else(|| Refusal::not_found("backtest", &id.to_string()))?)
}

/// List backtests.
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/v1/backtests",
    operation_id = "listBacktests",
    tag = "Backtests",
    params(Paging),
    responses((status = 200, description = "A page of backtests", body = Page<BacktestRow>)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: MethodologyReader,
    Listing { paging, .. }: Listing<Everything>,
) -> Result<Json<Page<BacktestRow>>> {
    let Start { after, rows } = paging.start::<Moment>()?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = db::backtests::list(&mut tx, after.map(Moment::into), rows).await?;
    let place = |one: &db::backtests::Backtest| Moment(one.started_at, one.id);
    let page = paging.page(found, place, BacktestRow::of);
    let data = page.data.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(Json(Page { data, next_cursor: page.next_cursor }))
}

/// Read a backtest.
///
/// With its report once it is done.
#[utoipa::path(
    get,
    path = "/v1/backtests/{id}",
    operation_id = "getBacktest",
    tag = "Backtests",
    params(("id" = Uuid, Path, description = "The backtest")),
    responses((status = 200, description = "The backtest", body = BacktestResult)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: MethodologyReader,
    Id(id): Id,
) -> Result<Json<BacktestResult>> {
    let backtest = find(&web, &key.scope, id).await?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let report = db::backtests::report(&mut tx, id).await?;
    Ok(Json(BacktestResult { backtest, report }))
}

/// Fetch all account-days.
///
/// One row an account and day: score, band, days since use, what happened, and the score of every indicator.
#[utoipa::path(
    get,
    path = "/v1/backtests/{id}/days.csv",
    operation_id = "getBacktestDays",
    tag = "Backtests",
    params(("id" = Uuid, Path, description = "The backtest, which must be done")),
    responses((status = 200, description = "CSV with a head", body = String, content_type = "text/csv")),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn account_days(State(web): State<Web>, key: MethodologyReader, Id(id): Id) -> Result<Response> {
    days::days(&web.app, &key.scope, id).await.map_err(Refusal::App)
}

/// Stop a backtest.
///
/// One that waits or runs; nothing is kept of it.
#[utoipa::path(
    post,
    path = "/v1/backtests/{id}/cancel",
    operation_id = "cancelBacktest",
    tag = "Backtests",
    params(("id" = Uuid, Path, description = "The backtest")),
    responses((status = 200, description = "It is stopped, or will be at its next step", body = BacktestRow)),
    security(("manageKey" = []))
)]
pub async fn cancel(State(web): State<Web>, key: ManageKey, Id(id): Id) -> Result<Json<BacktestRow>> {
    web.app.cancel_backtest(&key.scope, id, &key.actor()).await.map_err(|error| named(error, id))?;
    Ok(Json(find(&web, &key.scope, id).await?))
}

/// Delete a backtest.
///
/// One that waits or runs is stopped. For thirty days it can be restored.
#[utoipa::path(
    delete,
    path = "/v1/backtests/{id}",
    operation_id = "deleteBacktest",
    tag = "Backtests",
    params(("id" = Uuid, Path, description = "The backtest")),
    responses((status = 204, description = "It is put away")),
    security(("manageKey" = []))
)]
pub async fn delete(State(web): State<Web>, key: ManageKey, Id(id): Id) -> Result<StatusCode> {
    web.app.delete_backtest(&key.scope, id, &key.actor()).await.map_err(|error| named(error, id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a deleted backtest.
#[utoipa::path(
    post,
    path = "/v1/backtests/{id}/restore",
    operation_id = "restoreBacktest",
    tag = "Backtests",
    params(("id" = Uuid, Path, description = "The backtest")),
    responses((status = 200, description = "It is there again", body = BacktestRow)),
    security(("manageKey" = []))
)]
pub async fn restore(State(web): State<Web>, key: ManageKey, Id(id): Id) -> Result<Json<BacktestRow>> {
    web.app.restore_backtest(&key.scope, id, &key.actor()).await.map_err(|error| named(error, id))?;
    Ok(Json(find(&web, &key.scope, id).await?))
}

/// What is not there by its name.
fn named(error: Error, id: Uuid) -> Refusal {
    match error {
        Error::NotFound => Refusal::not_found("backtest", &id.to_string()),
        error => error.into(),
    }
}
