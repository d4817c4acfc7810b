//! `/api/v1/tasks`: what is to be done, and what is done with it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::common::{self, Owner, Page};
use super::{Refusal, Result};
use crate::app::Error;
use crate::app::tasks::Wanted;
use crate::db;
use crate::db::members::Member;
use crate::db::tasks::{Filter, Task};
use crate::web::Web;
use crate::web::extract::{Id, Json, Query, ReadKey, WriteKey};

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskDetail {
    /// Its id.
    pub id: Uuid,
    /// The account, by its identity in your own systems; null for a task of a member or of the company.
    #[schema(example = "acme")]
    pub account: Option<String>,
    /// The play it is a step of.
    pub play: Option<Uuid>,
    /// The alert it belongs to.
    pub alert: Option<Uuid>,
    /// `play`, `touchpoint`, `rule` or `hand`.
    #[schema(example = "play")]
    pub source: String,
    /// What is to be done.
    #[schema(example = "Kickoff meeting")]
    pub title: String,
    /// `task`, `meeting`, `training`, `milestone` or `validation`.
    #[schema(example = "meeting")]
    pub kind: String,
    /// The phase of the playbook.
    pub phase: String,
    /// How long it takes, as the playbook says it; empty where it does not.
    #[schema(example = "2h")]
    pub duration: String,
    /// What belongs to it.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// What people noted.
    pub note: String,
    /// The role that does it; null is the account's CSM.
    #[schema(example = "csm")]
    pub role: Option<String>,
    /// Who does it; null while nobody plays the role.
    pub owner: Option<Owner>,
    /// Whether it was given to them by hand, rather than by their role.
    pub owner_by_hand: bool,
    /// First planned day.
    pub from_on: Option<NaiveDate>,
    /// The day it was planned for.
    pub planned_on: Option<NaiveDate>,
    /// The day it is due.
    pub due_on: Option<NaiveDate>,
    /// Whether it was planned before its play began.
    pub late: bool,
    /// Whether the account's data may close it.
    pub by_data: bool,
    /// `open`, `done`, `skipped` or `cancelled`.
    #[schema(example = "open")]
    pub state: String,
    /// The day it ended.
    pub done_on: Option<NaiveDate>,
    /// Who ended it.
    pub done_by: Option<String>,
}

impl TaskDetail {
    /// As stored.
    pub fn of(task: Task, members: &[Member]) -> Self {
        TaskDetail {
            id: task.id,
            account: task.external_id,
            play: task.play_id,
            alert: task.alert_id,
            source: task.source,
            title: task.title,
            kind: task.kind,
            phase: task.phase,
            duration: task.duration,
            details: task.details,
            deliverables: task.deliverables,
            note: task.note,
            role: task.role,
            owner: task.owner_id.and_then(|id| Owner::member(members, id)),
            owner_by_hand: task.owner_by_hand,
            from_on: task.from_on,
            planned_on: task.planned_on,
            due_on: task.due_on,
            late: task.late,
            by_data: task.by_data,
            state: task.state,
            done_on: task.done_on,
            done_by: task.done_by,
        }
    }
}

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
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[serde(default = "common::default_limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// List tasks.
///
/// In the order in which they were added. Tasks of paused plays are left out, unless the play is asked for.
#[utoipa::path(
    get,
    path = "/v1/tasks",
    operation_id = "listTasks",
    tag = "Tasks",
    params(TaskQuery),
    responses((status = 200, description = "A page of tasks", body = Page<TaskDetail>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Query(query): Query<TaskQuery>,
) -> Result<axum::Json<Page<TaskDetail>>> {
    let rows = common::rows(query.limit)?;
    let after: Option<Uuid> = common::after(query.cursor.as_deref())?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let members = db::members::list(&mut tx).await?;
    let account = match &query.account {
        Some(id) => {
            let found = db::accounts::id_of(&mut tx, id).await?;
            Some(found.ok_or_else(|| Refusal::parameter("account", format!("there is no account {id:?}")))?)
        }
        None => None,
    };
    let unassigned = query.owner.as_deref() == Some("none");
    let owner = query.owner.as_deref().filter(|_| !unassigned);
    let owner = owner.map(|email| member_by_email(&members, email)).transpose();
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
    Ok(axum::Json(Page::of(found, query.limit, |task| task.id, |task| TaskDetail::of(task, &members))))
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
    State(web): State<Web>,
    key: WriteKey,
    Id(id): Id,
    Json(body): Json<TaskChange>,
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

async fn found(web: &Web, scope: &db::TenantScope, id: Uuid) -> Result<Task> {
    let mut tx = web.app.db.read(scope).await?;
    db::tasks::find(&mut tx, id).await?.ok_or_else(|| Refusal::not_found("task", &id.to_string()))
}

async fn detail(web: &Web, scope: &db::TenantScope, id: Uuid) -> Result<TaskDetail> {
    let task = found(web, scope, id).await?;
    let mut tx = web.app.db.read(scope).await?;
    Ok(TaskDetail::of(task, &db::members::list(&mut tx).await?))
}

/// The member with an address.
pub fn member_by_email(members: &[Member], email: &str) -> std::result::Result<Uuid, String> {
    let found = members.iter().find(|member| member.email.eq_ignore_ascii_case(email));
    found.map(|member| member.id).ok_or_else(|| format!("there is no member {email:?}"))
}

/// The member an optional address names.
pub async fn owner_of(web: &Web, scope: &db::TenantScope, email: Option<&str>) -> Result<Option<Uuid>> {
    let Some(email) = email else { return Ok(None) };
    let mut tx = web.app.db.read(scope).await?;
    let members = db::members::list(&mut tx).await?;
    Ok(Some(member_by_email(&members, email).map_err(|text| Error::invalid("owner", text))?))
}
