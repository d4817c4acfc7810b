//! `POST /api/v1/plays`, and what is done with a play: `…/{id}/pause`, `…/resume`, `…/stop`, `…/replan`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::list::detail;
use super::shapes::PlayDetail;
use crate::app::Error;
use crate::app::plays::Target;
use crate::db;
use crate::db::plays::Play;
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, Json, Posted, WriteKey};

/// A play to start. Give an account, a member or neither, as the playbook's subject says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "playbook": "business-value", "account": "acme", "anchor_on": "2027-03-01" }))]
pub struct PlayStatement {
    /// The playbook's id.
    playbook: String,
    /// The account, by its identity in your own systems.
    account: Option<String>,
    /// Address of the member.
    member: Option<String>,
    /// The day its days count from; today without it.
    #[serde(default, deserialize_with = "common::read_day")]
    anchor_on: Option<NaiveDate>,
}

/// Start a playbook.
#[utoipa::path(
    post,
    path = "/v1/plays",
    operation_id = "startPlay",
    tag = "Plays",
    request_body(content = PlayStatement, description = "Up to 256 KB"),
    responses(
        (status = 201, description = "It runs", body = PlayDetail),
        (status = 409, description = "It runs for this account already"),
    ),
    security(("writeKey" = []))
)]
pub async fn start(
    State(web): State<Web>,
    key: WriteKey,
    Json(body): Json<PlayStatement>,
) -> Result<Response> {
    let today = web.app.clock.today(key.scope.time_zone());
    let target = match (&body.account, &body.member) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("account", "give an account or a member, and not both").into());
        }
        (Some(account), None) => Target::Account(account.clone()),
        (None, Some(email)) => {
            let mut tx = web.app.db.read(&key.scope).await?;
            let members = db::members::list(&mut tx).await?;
            let found =
                common::member_by_email(&members, email).map_err(|text| Error::invalid("member", text))?;
            Target::Member(found)
        }
        (None, None) => Target::Tenant,
    };
    let in_force = web.app.methodology(&key.scope).await?;
    let known = in_force.iter().flat_map(|m| m.file.playbooks.iter()).any(|p| *p.id == *body.playbook);
    if !known {
        return Err(Error::invalid("playbook", "is not one of the methodology").into());
    }
    let anchor = body.anchor_on.unwrap_or(today);
    let play = web.app.start_play(&key.scope, &body.playbook, &target, anchor, &key.actor()).await;
    let play = play.map_err(|error| match error {
        Error::NotFound => Error::invalid("account", "is not known"),
        other => other,
    })?;
    Ok((StatusCode::CREATED, axum::Json(detail(&web, &key.scope, play.id).await?)).into_response())
}

/// Pause a play: its tasks are not asked for, and its time does not run out.
#[utoipa::path(
    post,
    path = "/v1/plays/{id}/pause",
    operation_id = "pausePlay",
    tag = "Plays",
    params(("id" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, description = "As it is now", body = PlayDetail),
        (status = 409, description = "It does not run"),
    ),
    security(("writeKey" = []))
)]
pub async fn pause(State(web): State<Web>, key: WriteKey, Id(id): Id) -> Result<axum::Json<PlayDetail>> {
    let done = web.app.pause_play(&key.scope, id, &key.actor()).await;
    changed(&web, &key, done.map_err(Refusal::about("play", id))?).await
}

/// Take a play up again that was paused or stopped.
#[utoipa::path(
    post,
    path = "/v1/plays/{id}/resume",
    operation_id = "resumePlay",
    tag = "Plays",
    params(("id" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, description = "As it is now", body = PlayDetail),
        (status = 409, description = "It is neither paused nor stopped"),
    ),
    security(("writeKey" = []))
)]
pub async fn resume(State(web): State<Web>, key: WriteKey, Id(id): Id) -> Result<axum::Json<PlayDetail>> {
    let done = web.app.resume_play(&key.scope, id, &key.actor()).await;
    changed(&web, &key, done.map_err(Refusal::about("play", id))?).await
}

/// Why a play is stopped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayStop {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The customer solved it themselves")]
    reason: String,
}

/// Stop a play; what is open of it is cancelled.
#[utoipa::path(
    post,
    path = "/v1/plays/{id}/stop",
    operation_id = "stopPlay",
    tag = "Plays",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body(content = PlayStop, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "As it is now", body = PlayDetail),
        (status = 409, description = "It is over already"),
    ),
    security(("writeKey" = []))
)]
pub async fn stop(
    Posted { web, key, id: Id(id), body }: Posted<WriteKey, Id, PlayStop>,
) -> Result<axum::Json<PlayDetail>> {
    let done = web.app.stop_play(&key.scope, id, &body.reason, &key.actor()).await;
    changed(&web, &key, done.map_err(Refusal::about("play", id))?).await
}

/// From which day a play's days are to count.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayReplan {
    /// The day.
    #[serde(deserialize_with = "common::read_day")]
    anchor_on: Option<NaiveDate>,
}

/// Plan what is open of a play anew.
#[utoipa::path(
    post,
    path = "/v1/plays/{id}/replan",
    operation_id = "replanPlay",
    tag = "Plays",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body(content = PlayReplan, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "As it is now", body = PlayDetail),
        (status = 409, description = "It is over, or its playbook is gone"),
    ),
    security(("writeKey" = []))
)]
pub async fn replan(
    Posted { web, key, id: Id(id), body }: Posted<WriteKey, Id, PlayReplan>,
) -> Result<axum::Json<PlayDetail>> {
    let anchor = body.anchor_on.ok_or_else(|| Error::invalid("anchor_on", "is needed"))?;
    let done = web.app.replan_play(&key.scope, id, anchor, &key.actor()).await;
    changed(&web, &key, done.map_err(Refusal::about("play", id))?).await
}

async fn changed(web: &Web, key: &WriteKey, play: Play) -> Result<axum::Json<PlayDetail>> {
    Ok(axum::Json(detail(web, &key.scope, play.id).await?))
}
