//! What became of deliveries: `/api/v1/webhooks/{id}/deliveries`, and `POST …/test` and `…/replay`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::THING;
use crate::db::webhooks::{self, Attempt, Delivery};
use crate::web::Web;
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{ManageKey, Path, Posted};

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
    asked.map_err(Refusal::about(THING, id))?;
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
}

/// List deliveries of an endpoint.
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries",
    operation_id = "listWebhookDeliveries",
    tag = "Webhooks",
    params(("id" = Uuid, Path, description = "The endpoint"), DeliveryQuery, Paging),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryDetail>)),
    security(("manageKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ManageKey,
    Path(id): Path<Uuid>,
    Listing { filter: query, paging }: Listing<DeliveryQuery>,
) -> Result<axum::Json<Page<DeliveryDetail>>> {
    let Start { after, rows } = paging.start::<Uuid>()?;
    if let Some(state) = &query.state
        && !["waiting", "delivered", "failed"].contains(&state.as_str())
    {
        return Err(Refusal::parameter("state", "must be waiting, delivered or failed"));
    }
    let mut tx = web.app.db.read(&key.scope).await?;
    let endpoint = webhooks::endpoint(&mut tx, id).await?;
    endpoint.ok_or_else(|| Refusal::not_found("endpoint", &id.to_string()))?;
    let found = webhooks::deliveries(&mut tx, id, query.state.as_deref(), after, rows).await?;
    Ok(axum::Json(paging.page(found, |one| one.id, DeliveryDetail::from)))
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
pub async fn show(
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
    Posted { web, key, id: Path(id), body: request }: Posted<ManageKey, Path<Uuid>, ReplayRequest>,
) -> Result<Response> {
    let asked = web.app.replay_deliveries(&key.scope, id, request.delivery, &key.actor()).await;
    let deliveries = asked.map_err(Refusal::about(THING, id))?;
    Ok((StatusCode::ACCEPTED, axum::Json(Asked { deliveries })).into_response())
}
