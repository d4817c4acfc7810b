//! `/api/v1/webhooks`: endpoints that are told of what happens, and what became of each delivery.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::common::{self, Page};
use super::{Refusal, Result};
use crate::app::Error;
use crate::app::outgoing::{Endpoint, Wanted};
use crate::db::webhooks::{self, Attempt, Delivery};
use crate::web::Web;
use crate::web::extract::{Json, ManageKey, Path, Query};

/// An endpoint as you want it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "url": "https://example.com/hooks/holdfast", "groups": ["alerts"], "min_severity": "high" }))]
pub struct EndpointStatement {
    /// Where to post. HTTPS, on a public address.
    url: String,
    /// What you call it.
    #[serde(default)]
    #[schema(max_length = 200)]
    description: String,
    /// Groups it is told of: `touches`, `health`, `alerts`, `plays`, `lifecycle`, `renewal`, `support`.
    #[serde(default)]
    groups: Vec<String>,
    /// Single kinds it is told of as well, such as `alert_opened`. With neither it is told of everything.
    #[serde(default)]
    kinds: Vec<String>,
    /// How grave it must be: `low`, `medium`, `high`, `critical`. Null for anything.
    #[serde(default)]
    min_severity: Option<String>,
    /// False to pause it: what waits for it has then failed.
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

impl EndpointStatement {
    fn wanted(self) -> Wanted {
        Wanted {
            url: self.url,
            description: self.description,
            groups: self.groups,
            kinds: self.kinds,
            min_severity: self.min_severity,
            enabled: self.enabled,
        }
    }
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointDetail {
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    #[schema(example = "https://example.com/hooks/holdfast")]
    pub url: String,
    /// What you call it.
    pub description: String,
    /// Groups it is told of.
    pub groups: Vec<String>,
    /// Single kinds it is told of as well.
    pub kinds: Vec<String>,
    /// How grave it must be; null for anything.
    pub min_severity: Option<String>,
    /// Whether it is told.
    pub enabled: bool,
    /// Why it is not: `hand`, `gone` (it answered 410) or `failing` (nothing else for 5 days).
    pub paused_why: Option<String>,
    /// Since when every attempt has failed; null after one that did not.
    pub failing_since: Option<DateTime<Utc>>,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Its secret, `whsec_…`: only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl EndpointDetail {
    fn of(endpoint: Endpoint, secret: Option<String>) -> Self {
        EndpointDetail {
            id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            groups: endpoint.groups,
            kinds: endpoint.kinds,
            min_severity: endpoint.min_severity,
            enabled: endpoint.enabled,
            paused_why: endpoint.paused_why,
            failing_since: endpoint.failing_since,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            secret,
        }
    }
}

/// All endpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct Endpoints {
    /// Oldest first.
    pub data: Vec<EndpointDetail>,
}

async fn detail(web: &Web, key: &ManageKey, id: Uuid, secret: Option<String>) -> Result<EndpointDetail> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let endpoint = webhooks::endpoint(&mut tx, id).await?;
    let endpoint = endpoint.ok_or_else(|| Refusal::not_found("endpoint", &id.to_string()))?;
    Ok(EndpointDetail::of(endpoint, secret))
}

fn named(error: Error, id: Uuid) -> Refusal {
    match error {
        Error::NotFound => Refusal::not_found("endpoint or delivery", &id.to_string()),
        other => other.into(),
    }
}

/// List endpoints.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    operation_id = "listWebhooks",
    tag = "Webhooks",
    responses((status = 200, description = "All endpoints", body = Endpoints)),
    security(("manageKey" = []))
)]
pub async fn list(State(web): State<Web>, key: ManageKey) -> Result<axum::Json<Endpoints>> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let all = webhooks::endpoints(&mut tx).await?;
    Ok(axum::Json(Endpoints { data: all.into_iter().map(|one| EndpointDetail::of(one, None)).collect() }))
}

/// Add an endpoint.
///
/// The answer holds its secret, this once: verify deliveries with it by any library of Standard Webhooks.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    operation_id = "createWebhook",
    tag = "Webhooks",
    request_body(content = EndpointStatement, description = "Up to 256 KB"),
    responses(
        (status = 201, description = "It is told from now on", body = EndpointDetail),
        (status = 409, description = "There are fifty already"),
    ),
    security(("manageKey" = []))
)]
pub async fn create(
    State(web): State<Web>,
    key: ManageKey,
    Json(statement): Json<EndpointStatement>,
) -> Result<Response> {
    let made = web.app.create_endpoint(&key.scope, &statement.wanted(), &key.actor()).await?;
    let detail = detail(&web, &key, made.endpoint, Some(made.secret)).await?;
    Ok((StatusCode::CREATED, axum::Json(detail)).into_response())
}

/// Show an endpoint.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    operation_id = "getWebhook",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = EndpointDetail)),
    security(("manageKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ManageKey,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<EndpointDetail>> {
    Ok(axum::Json(detail(&web, &key, id, None).await?))
}

/// Change an endpoint.
///
/// The whole of it: what is not given is as for a new one. Its secret stays.
#[utoipa::path(
    put,
    path = "/v1/webhooks/{id}",
    operation_id = "putWebhook",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint")),
    request_body(content = EndpointStatement, description = "Up to 256 KB"),
    responses((status = 200, description = "It holds for what happens from now on", body = EndpointDetail)),
    security(("manageKey" = []))
)]
pub async fn put(
    State(web): State<Web>,
    key: ManageKey,
    Path(id): Path<Uuid>,
    Json(statement): Json<EndpointStatement>,
) -> Result<axum::Json<EndpointDetail>> {
    let changed = web.app.change_endpoint(&key.scope, id, &statement.wanted(), &key.actor()).await;
    changed.map_err(|error| named(error, id))?;
    Ok(axum::Json(detail(&web, &key, id, None).await?))
}

/// Remove an endpoint.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    operation_id = "deleteWebhook",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint")),
    responses((status = 204, description = "It is told nothing any more")),
    security(("manageKey" = []))
)]
pub async fn remove(State(web): State<Web>, key: ManageKey, Path(id): Path<Uuid>) -> Result<StatusCode> {
    let removed = web.app.set_endpoint_removed(&key.scope, id, true, &key.actor()).await;
    removed.map_err(|error| named(error, id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give an endpoint a new secret.
///
/// The answer holds it, this once. For 24 hours deliveries are signed by the one before as well.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/secret",
    operation_id = "rotateWebhookSecret",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint with its new secret", body = EndpointDetail)),
    security(("manageKey" = []))
)]
pub async fn rotate(
    State(web): State<Web>,
    key: ManageKey,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<EndpointDetail>> {
    let made = web.app.rotate_secret(&key.scope, id, &key.actor()).await;
    let made = made.map_err(|error| named(error, id))?;
    Ok(axum::Json(detail(&web, &key, id, Some(made.secret)).await?))
}

/// A delivery that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Asked {
    /// How many deliveries are on their way.
    #[schema(example = 1)]
    pub deliveries: u64,
}

/// Send a test.
///
/// A delivery of type `test` goes out within seconds.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/test",
    operation_id = "testWebhook",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint")),
    responses(
        (status = 202, description = "It is on its way", body = Asked),
        (status = 409, description = "The endpoint is paused"),
    ),
    security(("manageKey" = []))
)]
pub async fn test(State(web): State<Web>, key: ManageKey, Path(id): Path<Uuid>) -> Result<Response> {
    let asked = web.app.test_endpoint(&key.scope, id, &key.actor()).await;
    asked.map_err(|error| named(error, id))?;
    Ok((StatusCode::ACCEPTED, axum::Json(Asked { deliveries: 1 })).into_response())
}

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryDetail {
    /// Its `webhook-id`, the same at every attempt.
    pub id: Uuid,
    /// The type in the payload.
    #[serde(rename = "type")]
    #[schema(example = "alert_opened")]
    pub kind: String,
    /// `waiting`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    pub state: String,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
    /// When it is tried next; null when it is over.
    pub next_at: Option<DateTime<Utc>>,
    /// How often it was tried.
    pub attempts: i32,
    /// What was answered last.
    #[schema(example = 200)]
    pub status: Option<i32>,
    /// Why there was no answer last.
    pub error: Option<String>,
    /// When it was delivered or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<Delivery> for DeliveryDetail {
    fn from(delivery: Delivery) -> Self {
        DeliveryDetail {
            next_at: (delivery.state == "waiting").then_some(delivery.next_at),
            id: delivery.id,
            kind: delivery.kind,
            state: delivery.state,
            created_at: delivery.created_at,
            attempts: delivery.attempts,
            status: delivery.status,
            error: delivery.error,
            ended_at: delivery.ended_at,
        }
    }
}

/// An attempt.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptDetail {
    /// 1, 2, 3 …
    pub attempt: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub millis: i32,
    /// What was answered.
    #[schema(example = 503)]
    pub status: Option<i32>,
    /// The first kilobyte of the answer.
    pub body: String,
    /// Why there was no answer.
    pub error: Option<String>,
}

/// A delivery with its payload and every attempt.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryWhole {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryDetail,
    /// The payload, byte for byte as it is signed.
    pub payload: String,
    /// Every attempt, in order.
    pub log: Vec<AttemptDetail>,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// `waiting`, `delivered` or `failed`; all without it.
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[serde(default = "common::default_limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// List deliveries of an endpoint.
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries",
    operation_id = "listWebhookDeliveries",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint"), DeliveryQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryDetail>)),
    security(("manageKey" = []))
)]
pub async fn deliveries(
    State(web): State<Web>,
    key: ManageKey,
    Path(id): Path<Uuid>,
    Query(query): Query<DeliveryQuery>,
) -> Result<axum::Json<Page<DeliveryDetail>>> {
    let rows = common::rows(query.limit)?;
    let before: Option<Uuid> = common::after(query.cursor.as_deref())?;
    if let Some(state) = &query.state
        && !["waiting", "delivered", "failed"].contains(&state.as_str())
    {
        return Err(Refusal::parameter("state", "must be waiting, delivered or failed"));
    }
    let mut tx = web.app.db.read(&key.scope).await?;
    let endpoint = webhooks::endpoint(&mut tx, id).await?;
    endpoint.ok_or_else(|| Refusal::not_found("endpoint", &id.to_string()))?;
    let found = webhooks::deliveries(&mut tx, id, query.state.as_deref(), before, rows).await?;
    Ok(axum::Json(Page::of(found, query.limit, |one| one.id, DeliveryDetail::from)))
}

/// Show a delivery with its payload and every attempt.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries/{delivery}",
    operation_id = "getWebhookDelivery",
    tag = "Webhooks",
    params(
        ("id" = Uuid, Path, description = "The endpoint"),
        ("delivery" = Uuid, Path, description = "The delivery: its webhook-id"),
    ),
    responses((status = 200, description = "The delivery", body = DeliveryWhole)),
    security(("manageKey" = []))
)]
pub async fn delivery(
    State(web): State<Web>,
    key: ManageKey,
    Path((id, delivery)): Path<(Uuid, Uuid)>,
) -> Result<axum::Json<DeliveryWhole>> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = webhooks::delivery(&mut tx, delivery).await?.filter(|found| found.endpoint_id == id);
    let found = found.ok_or_else(|| Refusal::not_found("delivery", &delivery.to_string()))?;
    let attempt = |(_, a): (Uuid, Attempt)| AttemptDetail {
        attempt: a.attempt,
        at: a.at,
        millis: a.millis,
        status: a.status,
        body: a.body,
        error: a.error,
    };
    let log = webhooks::attempts(&mut tx, &[delivery]).await?.into_iter().map(attempt).collect();
    Ok(axum::Json(DeliveryWhole { payload: found.body.clone(), delivery: found.into(), log }))
}

/// What is started anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct ReplayRequest {
    /// One delivery, whatever became of it. Without it: all that failed.
    #[serde(default)]
    delivery: Option<Uuid>,
}

/// Start deliveries anew.
///
/// They keep their `webhook-id`, so that a receiver that has one already can tell.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/replay",
    operation_id = "replayWebhook",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint")),
    request_body(content = ReplayRequest, description = "Up to 256 KB"),
    responses(
        (status = 202, description = "They are on their way", body = Asked),
        (status = 409, description = "The endpoint is paused"),
    ),
    security(("manageKey" = []))
)]
pub async fn replay(
    State(web): State<Web>,
    key: ManageKey,
    Path(id): Path<Uuid>,
    Json(request): Json<ReplayRequest>,
) -> Result<Response> {
    let asked = web.app.replay_deliveries(&key.scope, id, request.delivery, &key.actor()).await;
    let deliveries = asked.map_err(|error| named(error, id))?;
    Ok((StatusCode::ACCEPTED, axum::Json(Asked { deliveries })).into_response())
}
