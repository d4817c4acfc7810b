//! Endpoints: `/api/v1/webhooks`, `/api/v1/webhooks/{id}` and `POST …/{id}/secret`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::THING;
use crate::app::outgoing::{Endpoint, Wanted};
use crate::db::webhooks;
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Json, ManageKey, Path, Posted};

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
    /// Groups it is told of: `touches`, `health`, `alerts`, `plays`, `lifecycle`, `renewal`, `pipelines`,
    /// `support`.
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
    Posted { web, key, id: Path(id), body: statement }: Posted<ManageKey, Path<Uuid>, EndpointStatement>,
) -> Result<axum::Json<EndpointDetail>> {
    let changed = web.app.change_endpoint(&key.scope, id, &statement.wanted(), &key.actor()).await;
    changed.map_err(Refusal::about(THING, id))?;
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
    removed.map_err(Refusal::about(THING, id))?;
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
    let made = made.map_err(Refusal::about(THING, id))?;
    Ok(axum::Json(detail(&web, &key, id, Some(made.secret)).await?))
}
