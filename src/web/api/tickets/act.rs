//! What is done to a ticket: `POST /api/v1/tickets/{external_id}/answer`, `…/escalate`, `…/resolve`, `…/reopen`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::TicketDetail;
use super::show::detail;
use crate::app::tickets::Act;
use crate::db;
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Json, Path, WriteKey};

/// When it was done.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "at": "2027-01-31T09:45:00Z" }))]
pub struct TicketAct {
    /// When; now when it is not given.
    at: Option<DateTime<Utc>>,
}

/// When it was done, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "It happened again" }))]
pub struct TicketReopening {
    /// When; now when it is not given.
    at: Option<DateTime<Utc>>,
    /// Why, at most 2,000 characters.
    #[serde(default)]
    reason: String,
}

/// To which level it goes, when, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Technical issue" }))]
pub struct TicketEscalation {
    /// When; now when it is not given.
    at: Option<DateTime<Utc>>,
    /// A higher level of your methodology; the next one when it is not given.
    level: Option<i32>,
    /// Why, at most 2,000 characters.
    #[serde(default)]
    reason: String,
}

async fn act(
    web: &Web,
    key: &WriteKey,
    external_id: &str,
    act: Act,
    at: Option<DateTime<Utc>>,
) -> Result<axum::Json<TicketDetail>> {
    let id = db::tickets::id_of(&mut web.app.db.read(&key.scope).await?, external_id).await?;
    let id = id.ok_or_else(|| Refusal::not_found("ticket", external_id))?;
    let (whole, _) = web.app.act_on_ticket(&key.scope, id, &act, at, &key.actor()).await?;
    Ok(axum::Json(detail(web, &key.scope, whole).await?))
}

/// Note that a ticket was answered.
///
/// It stops the response clock of its level. A ticket that was answered there already stays as it is.
#[utoipa::path(
    post,
    path = "/v1/tickets/{external_id}/answer",
    operation_id = "answerTicket",
    tag = "Tickets",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "4711")),
    request_body(content = TicketAct, description = "May be an empty object"),
    responses(
        (status = 200, description = "The ticket as it is now", body = TicketDetail),
    ),
    security(("writeKey" = []))
)]
pub async fn answer(
    State(web): State<Web>,
    key: WriteKey,
    Path(external_id): Path<String>,
    Json(body): Json<TicketAct>,
) -> Result<axum::Json<TicketDetail>> {
    act(&web, &key, &external_id, Act::Answer, body.at).await
}

/// Escalate a ticket.
///
/// It goes to a higher level of support, whose role owns it from then on, and a new response clock starts.
#[utoipa::path(
    post,
    path = "/v1/tickets/{external_id}/escalate",
    operation_id = "escalateTicket",
    tag = "Tickets",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "4711")),
    request_body(content = TicketEscalation, description = "May be an empty object"),
    responses(
        (status = 200, description = "The ticket as it is now", body = TicketDetail),
        (status = 409, description = "It is resolved, or there is no higher level"),
    ),
    security(("writeKey" = []))
)]
pub async fn escalate(
    State(web): State<Web>,
    key: WriteKey,
    Path(external_id): Path<String>,
    Json(body): Json<TicketEscalation>,
) -> Result<axum::Json<TicketDetail>> {
    act(&web, &key, &external_id, Act::Escalate(body.level, body.reason), body.at).await
}

/// Note that a ticket was resolved.
///
/// It stops both clocks.
#[utoipa::path(
    post,
    path = "/v1/tickets/{external_id}/resolve",
    operation_id = "resolveTicket",
    tag = "Tickets",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "4711")),
    request_body(content = TicketAct, description = "May be an empty object"),
    responses(
        (status = 200, description = "The ticket as it is now", body = TicketDetail),
    ),
    security(("writeKey" = []))
)]
pub async fn resolve(
    State(web): State<Web>,
    key: WriteKey,
    Path(external_id): Path<String>,
    Json(body): Json<TicketAct>,
) -> Result<axum::Json<TicketDetail>> {
    act(&web, &key, &external_id, Act::Resolve, body.at).await
}

/// Take up a resolved ticket again.
///
/// Both clocks start anew, at the level where it was.
#[utoipa::path(
    post,
    path = "/v1/tickets/{external_id}/reopen",
    operation_id = "reopenTicket",
    tag = "Tickets",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "4711")),
    request_body(content = TicketReopening, description = "May be an empty object"),
    responses(
        (status = 200, description = "The ticket as it is now", body = TicketDetail),
    ),
    security(("writeKey" = []))
)]
pub async fn reopen(
    State(web): State<Web>,
    key: WriteKey,
    Path(external_id): Path<String>,
    Json(body): Json<TicketReopening>,
) -> Result<axum::Json<TicketDetail>> {
    act(&web, &key, &external_id, Act::Reopen(body.reason), body.at).await
}
