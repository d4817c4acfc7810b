//! `GET /api/v1/pipeline-items` and `GET /api/v1/pipeline-items/{id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::shapes::{PipelineItem, PipelineItemDetail};
use crate::db;
use crate::db::TenantScope;
use crate::db::pipelines::{Filter, In};
use crate::domain::pipeline::State as ItemState;
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, ReadKey};

/// Which items, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PipelineItemQuery {
    /// Of one account, by its identity in your own systems.
    account: Option<String>,
    /// In one pipeline, by its id.
    pipeline: Option<String>,
    /// `open`, `won` or `lost`; all without it.
    state: Option<String>,
}

/// List items of pipelines.
///
/// In the order in which they were opened.
#[utoipa::path(
    get,
    path = "/v1/pipeline-items",
    operation_id = "listPipelineItems",
    tag = "Pipelines",
    params(PipelineItemQuery, Paging),
    responses((status = 200, description = "A page of items", body = Page<PipelineItem>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<PipelineItemQuery>,
) -> Result<axum::Json<Page<PipelineItem>>> {
    let Start { after, rows } = paging.start::<Uuid>()?;
    let unknown = || Refusal::parameter("state", "must be open, won or lost");
    let state = query.state.as_deref().map(|word| ItemState::parse(word).ok_or_else(unknown)).transpose()?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = common::account_parameter(&mut tx, query.account.as_deref()).await?;
    let filter = Filter {
        account,
        within: query.pipeline.map(In::Pipeline),
        state: state.map(ItemState::word),
        ..Filter::default()
    };
    let found = db::pipelines::page(&mut tx, &filter, after, rows).await?;
    Ok(axum::Json(paging.page(found, |item| item.id, PipelineItem::of)))
}

/// Show an item of a pipeline.
///
/// With the checks of its step and all that became of it.
#[utoipa::path(
    get,
    path = "/v1/pipeline-items/{id}",
    operation_id = "getPipelineItem",
    tag = "Pipelines",
    params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The item", body = PipelineItemDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Id(id): Id,
) -> Result<axum::Json<PipelineItemDetail>> {
    Ok(axum::Json(detail(&web, &key.scope, id).await?))
}

/// The item of an id, as it is now.
pub(super) async fn detail(web: &Web, scope: &TenantScope, id: Uuid) -> Result<PipelineItemDetail> {
    let in_force = web.app.methodology(scope).await?;
    let mut tx = web.app.db.read(scope).await?;
    let item = db::pipelines::find(&mut tx, id).await?;
    let item = item.ok_or_else(|| Refusal::not_found("pipeline item", &id.to_string()))?;
    let ticks = db::pipelines::ticks(&mut tx, id).await?;
    let moves = db::pipelines::moves(&mut tx, id).await?;
    Ok(PipelineItemDetail::of(in_force.as_deref(), item, &ticks, moves))
}
