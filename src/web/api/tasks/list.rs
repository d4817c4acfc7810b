//! `GET /api/v1/tasks` and `GET /api/v1/tasks/{id}`.

use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::shapes::TaskDetail;
use crate::db;
use crate::db::tasks::{Filter, Task};
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, ReadKey};

/// Which tasks, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TaskQuery {
    /// Of one account, by its identity in your own systems.
    account: Option<String>,
    /// Of one play.
    play: Option<Uuid>,
    /// Address of who does them; `none` for those that nobody does.
    owner: Option<String>,
    /// Due on this day or later.
    #[serde(default, deserialize_with = "common::read_day")]
    from: Option<NaiveDate>,
    /// Due on this day or earlier.
    #[serde(default, deserialize_with = "common::read_day")]
    to: Option<NaiveDate>,
    /// True for all of them; only open ones without it.
    #[serde(default)]
    all: bool,
}

/// List tasks.
///
/// In the order in which they were added. Tasks of paused plays are left out, unless the play is asked for.
#[utoipa::path(
    get,
    path = "/v1/tasks",
    operation_id = "listTasks",
    tag = "Tasks",
    params(TaskQuery, Paging),
    responses((status = 200, description = "A page of tasks", body = Page<TaskDetail>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<TaskQuery>,
) -> Result<axum::Json<Page<TaskDetail>>> {
    let Start { after, rows } = paging.start::<Uuid>()?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let members = db::members::list(&mut tx).await?;
    let account = common::account_parameter(&mut tx, query.account.as_deref()).await?;
    let unassigned = query.owner.as_deref() == Some("none");
    let owner = query.owner.as_deref().filter(|_| !unassigned);
    let owner = owner.map(|email| common::member_by_email(&members, email)).transpose();
    let filter = Filter {
        account,
        play: query.play,
        owner: owner.map_err(|text| Refusal::parameter("owner", text))?,
        unassigned,
        from: query.from,
        to: query.to,
        over: query.all,
        ..Filter::default()
    };
    let found = db::tasks::page(&mut tx, &filter, after, rows).await?;
    Ok(axum::Json(paging.page(found, |task| task.id, |task| TaskDetail::of(task, &members))))
}

/// Show a task.
#[utoipa::path(
    get,
    path = "/v1/tasks/{id}",
    operation_id = "getTask",
    tag = "Tasks",
    params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The task", body = TaskDetail)),
    security(("readKey" = []))
)]
pub async fn show(State(web): State<Web>, key: ReadKey, Id(id): Id) -> Result<axum::Json<TaskDetail>> {
    Ok(axum::Json(detail(&web, &key.scope, id).await?))
}

/// The task of an id.
pub(super) async fn found(web: &Web, scope: &db::TenantScope, id: Uuid) -> Result<Task> {
    let mut tx = web.app.db.read(scope).await?;
    db::tasks::find(&mut tx, id).await?.ok_or_else(|| Refusal::not_found("task", &id.to_string()))
}

/// The task of an id, as it is answered.
pub(super) async fn detail(web: &Web, scope: &db::TenantScope, id: Uuid) -> Result<TaskDetail> {
    let task = found(web, scope, id).await?;
    let mut tx = web.app.db.read(scope).await?;
    Ok(TaskDetail::of(task, &db::members::list(&mut tx).await?))
}
