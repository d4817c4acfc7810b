//! `GET /api/v1/plays` and `GET /api/v1/plays/{id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::shapes::PlayDetail;
use crate::db;
use crate::db::plays::Filter;
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, ReadKey};

/// Which plays, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PlayQuery {
    /// Of one account, by its identity in your own systems.
    account: Option<String>,
    /// Of one playbook.
    playbook: Option<String>,
    /// `running`, `paused`, `reached`, `missed`, `done` or `stopped`; those that run or are paused without it.
    state: Option<String>,
}

/// List plays.
///
/// In the order in which they were started.
#[utoipa::path(
    get,
    path = "/v1/plays",
    operation_id = "listPlays",
    tag = "Plays",
    params(PlayQuery, Paging),
    responses((status = 200, description = "A page of plays", body = Page<PlayDetail>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<PlayQuery>,
) -> Result<axum::Json<Page<PlayDetail>>> {
    let Start { after, rows } = paging.start::<Uuid>()?;
    let known = ["running", "paused", "reached", "missed", "done", "stopped"];
    if query.state.as_deref().is_some_and(|state| !known.contains(&state)) {
        return Err(Refusal::parameter("state", format!("must be one of {}", known.join(", "))));
    }
    let today = web.app.clock.today(key.scope.time_zone());
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = common::account_parameter(&mut tx, query.account.as_deref()).await?;
    let filter = Filter { account, playbook: query.playbook, state: query.state, ..Filter::default() };
    let found = db::plays::page(&mut tx, &filter, today, after, rows).await?;
    let members = db::members::list(&mut tx).await?;
    Ok(axum::Json(paging.page(found, |play| play.id, |play| PlayDetail::of(play, &members))))
}

/// Show a play.
///
/// Its tasks are listed by `GET /v1/tasks?play=…&all=true`.
#[utoipa::path(
    get,
    path = "/v1/plays/{id}",
    operation_id = "getPlay",
    tag = "Plays",
    params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The play", body = PlayDetail)),
    security(("readKey" = []))
)]
pub async fn show(State(web): State<Web>, key: ReadKey, Id(id): Id) -> Result<axum::Json<PlayDetail>> {
    Ok(axum::Json(detail(&web, &key.scope, id).await?))
}

/// The play of an id, as it is now.
pub(super) async fn detail(web: &Web, scope: &db::TenantScope, id: Uuid) -> Result<PlayDetail> {
    let today = web.app.clock.today(scope.time_zone());
    let mut tx = web.app.db.read(scope).await?;
    let play = db::plays::find(&mut tx, id, today).await?;
    let play = play.ok_or_else(|| Refusal::not_found("play", &id.to_string()))?;
    Ok(PlayDetail::of(play, &db::members::list(&mut tx).await?))
}
