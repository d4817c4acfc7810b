//! `POST /api/v1/tasks`, `PATCH /api/v1/tasks/{id}`, what ends a task or takes it up again, and many at once.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::{detail, found};
use super::shapes::TaskDetail;
use crate::app::Error;
use crate::app::tasks::Wanted;
use crate::db;
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, Json, Posted, WriteKey};

/// A task to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "account": "acme", "title": "Send the security questionnaire", "due_on": "2027-03-12" }))]
pub struct TaskStatement {
    /// The account, by its identity in your own systems; without it the task is the company's.
    account: Option<String>,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 500)]
    title: String,
    /// More about it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
    /// The day it is due.
    #[serde(default, deserialize_with = "common::read_day")]
    due_on: Option<NaiveDate>,
    /// Address of who does it; without it the account's CSM.
    owner: Option<String>,
}

/// Add a task.
#[utoipa::path(
    post,
    path = "/v1/tasks",
    operation_id = "createTask",
    tag = "Tasks",
    request_body(content = TaskStatement, description = "Up to 256 KB"),
    responses((status = 201, description = "It is on the list", body = TaskDetail)),
    security(("writeKey" = []))
)]
pub async fn create(
    State(web): State<Web>,
    key: WriteKey,
    Json(body): Json<TaskStatement>,
) -> Result<Response> {
    let owner = owner_of(&web, &key.scope, body.owner.as_deref()).await?;
    let account = body.account.clone();
    let wanted = Wanted {
        account: body.account,
        alert: None,
        title: body.title,
        note: body.note,
        due: body.due_on,
        owner,
    };
    let task = web.app.add_task(&key.scope, &wanted, &key.actor()).await;
    let task = task.map_err(|error| match (error, account) {
        (Error::NotFound, Some(_)) => Refusal::from(Error::invalid("account", "is not known")),
        (error, _) => Refusal::from(error),
    })?;
    Ok((StatusCode::CREATED, axum::Json(detail(&web, &key.scope, task.id).await?)).into_response())
}

/// What is to change; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "owner": "casey@example.com", "due_on": "2027-03-19" }))]
pub struct TaskChange {
    /// Address of who does it; null gives it to whoever plays its role.
    #[serde(default, deserialize_with = "common::given")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
    /// The day it is due; null takes the day away.
    #[serde(default, deserialize_with = "common::given_day")]
    #[schema(value_type = Option<NaiveDate>)]
    due_on: Option<Option<NaiveDate>>,
    /// What to note about it.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// Assign a task, move it, note something about it.
#[utoipa::path(
    patch,
    path = "/v1/tasks/{id}",
    operation_id = "changeTask",
    tag = "Tasks",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body(content = TaskChange, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "As it is now", body = TaskDetail),
        (status = 409, description = "It is not open any more"),
    ),
    security(("writeKey" = []))
)]
pub async fn change(
    Posted { web, key, id: Id(id), body }: Posted<WriteKey, Id, TaskChange>,
) -> Result<axum::Json<TaskDetail>> {
    let task = found(&web, &key.scope, id).await?;
    let (scope, actor) = (&key.scope, key.actor());
    if (body.owner.is_some() || body.due_on.is_some()) && task.state != "open" {
        return Err(Error::Conflict(format!("“{}” is not open any more.", task.title)).into());
    }
    if let Some(owner) = &body.owner {
        let owner = owner_of(&web, scope, owner.as_deref()).await?;
        web.app.assign_tasks(scope, &[id], owner, &actor).await?;
    }
    if let Some(due) = body.due_on {
        web.app.put_off_tasks(scope, &[(id, due)], &actor).await?;
    }
    if let Some(note) = &body.note {
        web.app.note_task(scope, id, note, &actor).await?;
    }
    Ok(axum::Json(detail(&web, scope, id).await?))
}

/// Many tasks at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ids": ["018f2d5e-0000-7000-8000-000000000000"], "do": "done" }))]
pub struct TaskBulk {
    /// Up to 1,000.
    #[schema(max_items = 1000)]
    ids: Vec<Uuid>,
    /// What is done with them.
    #[serde(rename = "do")]
    verb: TaskVerb,
    /// For `assign`: an address, or null for whoever plays their role.
    owner: Option<String>,
    /// For `put_off`: the day.
    #[serde(default, deserialize_with = "common::read_day")]
    due_on: Option<NaiveDate>,
}

/// What is done with tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskVerb {
    /// They are done.
    Done,
    /// They are not needed.
    Skip,
    /// They are open again.
    Reopen,
    /// Somebody else does them.
    Assign,
    /// They are due on another day.
    PutOff,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskBulkDone {
    /// The tasks that were changed; those that were so already, or not known, are left out.
    pub ids: Vec<Uuid>,
}

/// Do one thing with many tasks.
#[utoipa::path(
    post,
    path = "/v1/tasks/bulk",
    operation_id = "changeTasks",
    tag = "Tasks",
    request_body(content = TaskBulk, description = "Up to 256 KB"),
    responses((status = 200, description = "What was changed", body = TaskBulkDone)),
    security(("writeKey" = []))
)]
pub async fn bulk(
    State(web): State<Web>,
    key: WriteKey,
    Json(body): Json<TaskBulk>,
) -> Result<axum::Json<TaskBulkDone>> {
    let (scope, actor, ids) = (&key.scope, key.actor(), &body.ids);
    let tasks = match body.verb {
        TaskVerb::Done => web.app.finish_tasks(scope, ids, false, &actor).await?,
        TaskVerb::Skip => web.app.finish_tasks(scope, ids, true, &actor).await?,
        TaskVerb::Reopen => web.app.reopen_tasks(scope, ids, &actor).await?,
        TaskVerb::Assign => {
            let owner = owner_of(&web, scope, body.owner.as_deref()).await?;
            web.app.assign_tasks(scope, ids, owner, &actor).await?
        }
        TaskVerb::PutOff => {
            let due = body.due_on.ok_or_else(|| Error::invalid("due_on", "is needed to put tasks off"))?;
            let days: Vec<_> = ids.iter().map(|id| (*id, Some(due))).collect();
            web.app.put_off_tasks(scope, &days, &actor).await?
        }
    };
    Ok(axum::Json(TaskBulkDone { ids: tasks.into_iter().map(|task| task.id).collect() }))
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident, $path:literal, $id:literal, $do:expr;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            operation_id = $id,
            tag = "Tasks",
            params(("id" = Uuid, Path, description = "Its id")),
            responses(
                (status = 200, description = "As it is now", body = TaskDetail),
                (status = 409, description = "It cannot be done with it any more"),
            ),
            security(("writeKey" = []))
        )]
        pub async fn $name(State(web): State<Web>, key: WriteKey, Id(id): Id) -> Result<axum::Json<TaskDetail>> {
            end(&web, &key, id, $do).await
        }
    )*};
}

verbs! {
    /// Say that a task is done.
    done, "/v1/tasks/{id}/done", "finishTask", TaskVerb::Done;
    /// Say that a task is not needed.
    skip, "/v1/tasks/{id}/skip", "skipTask", TaskVerb::Skip;
    /// Open a task again that was done or skipped.
    reopen, "/v1/tasks/{id}/reopen", "reopenTask", TaskVerb::Reopen;
}

async fn end(web: &Web, key: &WriteKey, id: Uuid, verb: TaskVerb) -> Result<axum::Json<TaskDetail>> {
    let task = found(web, &key.scope, id).await?;
    let ended = match verb {
        TaskVerb::Reopen => web.app.reopen_tasks(&key.scope, &[id], &key.actor()).await?,
        verb => web.app.finish_tasks(&key.scope, &[id], verb == TaskVerb::Skip, &key.actor()).await?,
    };
    if ended.is_empty() {
        return Err(Error::Conflict(format!("“{}” is not open any more.", task.title)).into());
    }
    Ok(axum::Json(detail(web, &key.scope, id).await?))
}

/// The member an optional address names.
pub async fn owner_of(web: &Web, scope: &db::TenantScope, email: Option<&str>) -> Result<Option<Uuid>> {
    let Some(email) = email else { return Ok(None) };
    let mut tx = web.app.db.read(scope).await?;
    let members = db::members::list(&mut tx).await?;
    Ok(Some(common::member_by_email(&members, email).map_err(|text| Error::invalid("owner", text))?))
}
