//! What is done with an item: `POST /api/v1/pipeline-items/{id}/check`, `…/advance`, `…/close`, `…/reopen`.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::detail;
use super::shapes::PipelineItemDetail;
use crate::app::Error;
use crate::app::pipelines::Leave;
use crate::db;
use crate::db::pipelines::Item;
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, Posted, WriteKey};

/// A check of the step an item is at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "check": "Money is set aside", "ticked": true }))]
pub struct PipelineTick {
    /// Its text.
    #[serde(default)]
    #[schema(required)]
    check: String,
    /// Whether it is so.
    #[serde(default = "yes")]
    #[schema(default = true)]
    ticked: bool,
}

fn yes() -> bool {
    true
}

/// Tick a check.
///
/// Or take that back. What is so already stays as it is.
#[utoipa::path(
    post,
    path = "/v1/pipeline-items/{id}/check",
    operation_id = "tickPipelineCheck",
    tag = "Pipelines",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body(content = PipelineTick, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "As it is now", body = PipelineItemDetail),
        (status = 409, description = "It is closed"),
    ),
    security(("writeKey" = []))
)]
pub async fn check(
    Posted { web, key, id: Id(id), body }: Posted<WriteKey, Id, PipelineTick>,
) -> Result<axum::Json<PipelineItemDetail>> {
    let done = web.app.tick_check(&key.scope, id, &body.check, body.ticked, &key.actor()).await;
    changed(&web, &key, id, done).await
}

/// Where an item goes, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "force": true, "reason": "The board has decided already" }))]
pub struct PipelineAdvance {
    /// The step it comes to, forwards or backwards; the next one without it.
    step: Option<String>,
    /// The pipeline of that step; its own without it. Both must be of one subject.
    pipeline: Option<String>,
    /// Whether it goes on against unticked checks.
    #[serde(default)]
    force: bool,
    /// Why, at most 2,000 characters: needed to force it, and on the way back.
    #[serde(default)]
    reason: String,
    /// The `revision` you have seen.
    revision: Option<i32>,
}

/// Bring an item to another step.
///
/// Every check of the step it leaves, and of those it passes over, must be ticked; otherwise the answer is 422 with a
/// line in `errors` for each that is not, and nothing is done. `force` with a `reason` passes over them, which is kept
/// with what was missing.
#[utoipa::path(
    post,
    path = "/v1/pipeline-items/{id}/advance",
    operation_id = "advancePipelineItem",
    tag = "Pipelines",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body(content = PipelineAdvance, description = "May be an empty object"),
    responses(
        (status = 200, description = "As it is now", body = PipelineItemDetail),
        (status = 409, description = "It is closed, is at the last step, or was changed since"),
    ),
    security(("writeKey" = []))
)]
pub async fn advance(
    Posted { web, key, id: Id(id), body }: Posted<WriteKey, Id, PipelineAdvance>,
) -> Result<axum::Json<PipelineItemDetail>> {
    let own = match (&body.step, &body.pipeline) {
        (Some(_), None) => {
            let item = db::pipelines::find(&mut web.app.db.read(&key.scope).await?, id).await?;
            item.ok_or_else(|| Refusal::not_found("pipeline item", &id.to_string()))?.pipeline
        }
        _ => None,
    };
    let pipeline = body.pipeline.or(own).unwrap_or_default();
    let to = body.step.as_deref().map(|step| (pipeline.as_str(), step));
    let leave = Leave { force: body.force, reason: body.reason, seen: body.revision };
    let done = web.app.move_item(&key.scope, id, to, &leave, &key.actor()).await;
    changed(&web, &key, id, done).await
}

/// What became of an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "won" }))]
pub struct PipelineClose {
    /// `won` or `lost`; of what is no sale, won means done and lost dropped.
    #[serde(default)]
    #[schema(required)]
    outcome: String,
    /// Whether it is won against unticked checks.
    #[serde(default)]
    force: bool,
    /// Why, at most 2,000 characters: needed when it is lost, and to force it.
    #[serde(default)]
    reason: String,
    /// The `revision` you have seen.
    revision: Option<i32>,
}

/// Close an item as won or lost.
///
/// Winning asks for every check that is left, as `…/advance` does. Contracts stay as they are: state what changed of
/// them by `PUT /v1/contracts/{external_id}`.
#[utoipa::path(
    post,
    path = "/v1/pipeline-items/{id}/close",
    operation_id = "closePipelineItem",
    tag = "Pipelines",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body(content = PipelineClose, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "As it is now", body = PipelineItemDetail),
        (status = 409, description = "It is closed already, or was changed since"),
    ),
    security(("writeKey" = []))
)]
pub async fn close(
    Posted { web, key, id: Id(id), body }: Posted<WriteKey, Id, PipelineClose>,
) -> Result<axum::Json<PipelineItemDetail>> {
    let leave = Leave { force: body.force, reason: body.reason, seen: body.revision };
    let won = match body.outcome.as_str() {
        "won" => true,
        "lost" => false,
        _ => {
            // Whose id is unknown is told that first.
            detail(&web, &key.scope, id).await?;
            return Err(Error::invalid("outcome", "must be won or lost").into());
        }
    };
    let done = web.app.close_item(&key.scope, id, won, &leave, &key.actor()).await;
    changed(&web, &key, id, done).await
}

/// What was seen of an item.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineReopen {
    /// The `revision` you have seen.
    revision: Option<i32>,
}

/// Open a closed item again, at the step where it was.
#[utoipa::path(
    post,
    path = "/v1/pipeline-items/{id}/reopen",
    operation_id = "reopenPipelineItem",
    tag = "Pipelines",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body(content = PipelineReopen, description = "May be an empty object"),
    responses(
        (status = 200, description = "As it is now", body = PipelineItemDetail),
        (status = 409, description = "It is open, another of its rule or offer is by now, or it was changed since"),
    ),
    security(("writeKey" = []))
)]
pub async fn reopen(
    Posted { web, key, id: Id(id), body }: Posted<WriteKey, Id, PipelineReopen>,
) -> Result<axum::Json<PipelineItemDetail>> {
    let done = web.app.reopen_item(&key.scope, id, body.revision, &key.actor()).await;
    changed(&web, &key, id, done).await
}

async fn changed(
    web: &Web,
    key: &WriteKey,
    id: Uuid,
    done: crate::app::Result<Item>,
) -> Result<axum::Json<PipelineItemDetail>> {
    done.map_err(Refusal::about("pipeline item", id))?;
    Ok(axum::Json(detail(web, &key.scope, id).await?))
}
