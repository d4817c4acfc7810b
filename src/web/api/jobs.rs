//! `/api/v1/jobs`: background work, what became of it, and what is to become of what failed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::paging::{Listing, Moment, Page, Paging, Start};
use super::{Refusal, Result};
use crate::app::Error;
use crate::db;
use crate::db::jobs::list::{self, Shelf};
use crate::db::jobs::{Job, JobState};
use crate::web::Web;
use crate::web::extract::{Id, Json as Body, ManageKey};

/// Which jobs, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct JobQuery {
    /// Where they are.
    #[serde(default)]
    #[param(inline, default = "failed")]
    state: JobShelf,
    /// Of this kind only.
    #[param(example = "score_all")]
    kind: Option<String>,
}

/// Jobs by what they ask of people.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobShelf {
    /// Somebody is at it.
    Running,
    /// It waits for its time or its turn; in the order in which they fall due.
    Waiting,
    /// It failed for good, and nobody has decided about it; the last first.
    #[default]
    Failed,
    /// It is over: done, stopped, or failed and discarded; the last first.
    Over,
}

impl JobShelf {
    fn shelf(self) -> Shelf {
        match self {
            JobShelf::Running => Shelf::Running,
            JobShelf::Waiting => Shelf::Waiting,
            JobShelf::Failed => Shelf::Failed,
            JobShelf::Over => Shelf::Over,
        }
    }
}

/// A piece of background work.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobRow {
    /// Its id.
    pub id: Uuid,
    /// What kind of work.
    #[schema(example = "score_all")]
    pub kind: String,
    /// `running`, `waiting`, `failed`, `discarded`, `done` or `cancelled`.
    #[schema(example = "failed")]
    pub state: &'static str,
    /// What it is about.
    #[schema(value_type = Object)]
    pub payload: serde_json::Value,
    /// Which slot of recurring work it is, or what else it may be there for only once.
    #[schema(example = "score_all:2027-03-01")]
    pub slot: Option<String>,
    /// How often it was begun.
    pub attempts: i32,
    /// Units done, in whatever the kind counts.
    pub done: i64,
    /// Units in all; 0 while that is not known.
    pub total: i64,
    /// Why the last try ended early.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was or is due.
    pub run_at: DateTime<Utc>,
    /// When the last try began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<Job> for JobRow {
    fn from(job: Job) -> Self {
        JobRow {
            state: match job.state() {
                JobState::Running => "running",
                JobState::Waiting => "waiting",
                JobState::Failed if job.discarded_at.is_some() => "discarded",
                JobState::Failed => "failed",
                JobState::Done => "done",
                JobState::Cancelled => "cancelled",
            },
            id: job.id,
            kind: job.kind,
            payload: job.payload,
            slot: job.dedupe,
            attempts: job.attempts,
            done: job.done,
            total: job.total,
            error: job.last_error,
            created_at: job.created_at,
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// List background work.
///
/// Without a state, what failed for good: it was tried until no tries were left, and waits for a decision.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    operation_id = "listJobs",
    tag = "Background work",
    params(JobQuery, Paging),
    responses((status = 200, description = "A page of jobs", body = Page<JobRow>)),
    security(("manageKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ManageKey,
    Listing { filter: query, paging }: Listing<JobQuery>,
) -> Result<Json<Page<JobRow>>> {
    let Start { after, rows } = paging.start::<Moment>()?;
    let shelf = query.state.shelf();
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = list::page(&mut tx, shelf, query.kind.as_deref(), after.map(Moment::into), rows).await?;
    let place = |job: &Job| {
        let (at, id) = shelf.place(job);
        Moment(at, id)
    };
    Ok(Json(paging.page(found, place, JobRow::from)))
}

async fn find(web: &Web, key: &ManageKey, id: Uuid) -> Result<JobRow> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = db::jobs::find(&mut tx, id).await?;
    Ok(found.ok_or_else(|| Refusal::not_found("job", &id.to_string()))?.into())
}

/// Read a job.
///
/// With how far it is, or why it failed.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    operation_id = "getJob",
    tag = "Background work",
    params(("id" = Uuid, Path, description = "The job")),
    responses((status = 200, description = "The job", body = JobRow)),
    security(("manageKey" = []))
)]
pub async fn show(State(web): State<Web>, key: ManageKey, Id(id): Id) -> Result<Json<JobRow>> {
    Ok(Json(find(&web, &key, id).await?))
}

/// Retry a job that failed.
///
/// With all its tries before it. Also one that was discarded.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/retry",
    operation_id = "retryJob",
    tag = "Background work",
    params(("id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "It waits for its turn", body = JobRow),
        (status = 409, description = "It has not failed"),
    ),
    security(("manageKey" = []))
)]
pub async fn retry(State(web): State<Web>, key: ManageKey, Id(id): Id) -> Result<Json<JobRow>> {
    web.app.retry_job(&key.scope, id, &key.actor()).await?;
    Ok(Json(find(&web, &key, id).await?))
}

/// Discard a job that failed.
///
/// It will not be done. For thirty days it can still be retried.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/discard",
    operation_id = "discardJob",
    tag = "Background work",
    params(("id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "It is discarded", body = JobRow),
        (status = 409, description = "It has not failed, or is discarded already"),
    ),
    security(("manageKey" = []))
)]
pub async fn discard(State(web): State<Web>, key: ManageKey, Id(id): Id) -> Result<Json<JobRow>> {
    web.app.discard_job(&key.scope, id, true, &key.actor()).await?;
    Ok(Json(find(&web, &key, id).await?))
}

/// Which jobs to try again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "score_all" }))]
pub struct RetryRequest {
    /// Those of this kind that failed and are not discarded.
    kind: String,
}

/// How many there were.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    /// Jobs that will be tried again.
    pub retried: u64,
}

/// Retry all failed jobs of a kind.
///
/// Each with all its tries before it; those that were discarded stay so.
#[utoipa::path(
    post,
    path = "/v1/jobs/retry",
    operation_id = "retryJobs",
    tag = "Background work",
    request_body(content = RetryRequest),
    responses((status = 202, description = "They wait for their turn", body = Retried)),
    security(("manageKey" = []))
)]
pub async fn retry_kind(
    State(web): State<Web>,
    key: ManageKey,
    Body(asked): Body<RetryRequest>,
) -> Result<(StatusCode, Json<Retried>)> {
    let retried = match web.app.retry_jobs(&key.scope, &asked.kind, &key.actor()).await {
        // None to retry is what was wanted.
        Err(Error::NotFound) => 0,
        other => other?,
    };
    Ok((StatusCode::ACCEPTED, Json(Retried { retried })))
}
