//! `/api/v1/plays`: runs of playbooks; and `GET /api/v1/playbooks`: what there is to run.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::common::{self, Owner, Page};
use super::tasks::member_by_email;
use super::{Refusal, Result};
use crate::app::Error;
use crate::app::plays::Target;
use crate::db;
use crate::db::members::Member;
use crate::db::plays::{Filter, Play};
use crate::domain::pack::schema::{Anchor, Subject};
use crate::web::Web;
use crate::web::extract::{Id, Json, Query, ReadKey, WriteKey};

/// Plays that began longer ago do not count for what followed.
const FOLLOWED_DAYS: u64 = 365;

/// A template of the methodology, and what followed its plays of the last year.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaybookDetail {
    /// Its id.
    #[schema(example = "onboarding-90")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its category.
    #[schema(example = "onboarding")]
    pub category: String,
    /// `account`, `member` or `tenant`.
    #[schema(example = "account")]
    pub subject: String,
    /// What its days count from: `start`, `stage_entry`, `renewal` or `trigger`.
    #[schema(example = "start")]
    pub anchor: String,
    /// Its length in days.
    pub days: Option<i64>,
    /// How many tasks it has.
    pub tasks: usize,
    /// What it is for.
    pub goal: Option<String>,
    /// The condition by which data decides about the goal.
    pub goal_when: Option<String>,
    /// How its plays ended.
    pub plays: PlayCounts,
}

/// How plays of a playbook ended. What followed is counted; it does not say what caused it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct PlayCounts {
    /// Running or paused.
    pub running: i64,
    /// Their goal was reached, by data.
    pub reached: i64,
    /// Their time passed before.
    pub missed: i64,
    /// Their tasks were done, without a goal that data decides.
    pub done: i64,
    /// A person stopped them.
    pub stopped: i64,
    /// Ended plays of accounts with a score when they began and one now.
    pub compared: i64,
    /// Of those, accounts that stand higher now.
    pub higher: i64,
}

/// List playbooks.
///
/// In the order of the methodology.
#[utoipa::path(
    get,
    path = "/v1/playbooks",
    operation_id = "listPlaybooks",
    tag = "Plays",
    responses((status = 200, description = "Every playbook", body = Page<PlaybookDetail>)),
    security(("readKey" = []))
)]
pub async fn playbooks(State(web): State<Web>, key: ReadKey) -> Result<axum::Json<Page<PlaybookDetail>>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let in_force = web.app.methodology(&key.scope).await?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let followed = db::plays::followed(&mut tx, today - Days::new(FOLLOWED_DAYS)).await?;
    let playbooks = in_force.iter().flat_map(|m| m.file.playbooks.iter()).map(|playbook| PlaybookDetail {
        id: playbook.id.to_string(),
        name: playbook.name.to_string(),
        category: playbook.category.to_string(),
        subject: match playbook.subject {
            Subject::Account => "account",
            Subject::Member => "member",
            Subject::Tenant => "tenant",
        }
        .to_owned(),
        anchor: match playbook.anchor {
            Anchor::Start => "start",
            Anchor::StageEntry => "stage_entry",
            Anchor::Renewal => "renewal",
            Anchor::Trigger => "trigger",
        }
        .to_owned(),
        days: playbook.days,
        tasks: playbook.tasks.len(),
        goal: playbook.goal.as_ref().map(|goal| goal.to_string()),
        goal_when: playbook.goal_when.as_ref().map(|when| when.to_string()),
        plays: followed.iter().find(|f| *f.playbook == *playbook.id).map_or_else(PlayCounts::default, |f| {
            PlayCounts {
                running: f.running,
                reached: f.reached,
                missed: f.missed,
                done: f.done,
                stopped: f.stopped,
                compared: f.compared,
                higher: f.higher,
            }
        }),
    });
    Ok(axum::Json(Page { data: playbooks.collect(), next_cursor: None }))
}

/// A run of a playbook.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayDetail {
    /// Its id.
    pub id: Uuid,
    /// The playbook's id.
    #[schema(example = "onboarding-90")]
    pub playbook: String,
    /// The playbook's name when it was started.
    pub name: String,
    /// Its category.
    pub category: String,
    /// `account`, `member` or `tenant`.
    #[schema(example = "account")]
    pub subject: String,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: Option<String>,
    /// The member it is for.
    pub member: Option<Owner>,
    /// Why it was started: `stage`, `alert`, `renewal` or `hand`.
    #[schema(example = "stage")]
    pub cause: String,
    /// The alert that started it.
    pub alert: Option<Uuid>,
    /// `running`, `paused`, `reached`, `missed`, `done` or `stopped`.
    #[schema(example = "running")]
    pub state: String,
    /// The day its days count from.
    pub anchor_on: NaiveDate,
    /// The day it was started.
    pub started_on: NaiveDate,
    /// By whom.
    pub started_by: String,
    /// The day by which its goal should be reached.
    pub ends_on: Option<NaiveDate>,
    /// What it is for.
    pub goal: String,
    /// Whether data decides about the goal.
    pub goal_by_data: bool,
    /// Since when it is paused.
    pub paused_on: Option<NaiveDate>,
    /// The day it ended.
    pub ended_on: Option<NaiveDate>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Why.
    pub end_reason: String,
    /// Whether its playbook is no longer in the methodology: it goes on by hand.
    pub playbook_gone: bool,
    /// How many tasks it has.
    pub tasks: i64,
    /// How many of them are open.
    pub open: i64,
    /// How many of those are overdue.
    pub overdue: i64,
    /// The next day something is due.
    pub next_on: Option<NaiveDate>,
}

impl PlayDetail {
    fn of(play: Play, members: &[Member]) -> Self {
        PlayDetail {
            id: play.id,
            playbook: play.playbook,
            name: play.name,
            category: play.category,
            subject: play.subject,
            account: play.external_id,
            member: play.member_id.and_then(|id| Owner::member(members, id)),
            cause: play.cause,
            alert: play.alert_id,
            state: play.state,
            anchor_on: play.anchor_on,
            started_on: play.started_on,
            started_by: play.started_by,
            ends_on: play.ends_on,
            goal: play.goal,
            goal_by_data: play.goal_by_data,
            paused_on: play.paused_on,
            ended_on: play.ended_on,
            ended_by: play.ended_by,
            end_reason: play.end_reason,
            playbook_gone: play.playbook_gone,
            tasks: play.tasks,
            open: play.open,
            overdue: play.overdue,
            next_on: play.next_on,
        }
    }
}

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
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[serde(default = "common::default_limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// List plays.
///
/// In the order in which they were started.
#[utoipa::path(
    get,
    path = "/v1/plays",
    operation_id = "listPlays",
    tag = "Plays",
    params(PlayQuery),
    responses((status = 200, description = "A page of plays", body = Page<PlayDetail>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Query(query): Query<PlayQuery>,
) -> Result<axum::Json<Page<PlayDetail>>> {
    let rows = common::rows(query.limit)?;
    let after: Option<Uuid> = common::after(query.cursor.as_deref())?;
    let known = ["running", "paused", "reached", "missed", "done", "stopped"];
    if query.state.as_deref().is_some_and(|state| !known.contains(&state)) {
        return Err(Refusal::parameter("state", format!("must be one of {}", known.join(", "))));
    }
    let today = web.app.clock.today(key.scope.time_zone());
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = match &query.account {
        Some(id) => {
            let found = db::accounts::id_of(&mut tx, id).await?;
            Some(found.ok_or_else(|| Refusal::parameter("account", format!("there is no account {id:?}")))?)
        }
        None => None,
    };
    let filter = Filter { account, playbook: query.playbook, state: query.state, ..Filter::default() };
    let found = db::plays::page(&mut tx, &filter, today, after, rows).await?;
    let members = db::members::list(&mut tx).await?;
    Ok(axum::Json(Page::of(found, query.limit, |play| play.id, |play| PlayDetail::of(play, &members))))
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
            let found = member_by_email(&members, email).map_err(|text| Error::invalid("member", text))?;
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
    named(web.app.pause_play(&key.scope, id, &key.actor()).await, id)?;
    Ok(axum::Json(detail(&web, &key.scope, id).await?))
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
    named(web.app.resume_play(&key.scope, id, &key.actor()).await, id)?;
    Ok(axum::Json(detail(&web, &key.scope, id).await?))
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
    State(web): State<Web>,
    key: WriteKey,
    Id(id): Id,
    Json(body): Json<PlayStop>,
) -> Result<axum::Json<PlayDetail>> {
    named(web.app.stop_play(&key.scope, id, &body.reason, &key.actor()).await, id)?;
    Ok(axum::Json(detail(&web, &key.scope, id).await?))
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
    State(web): State<Web>,
    key: WriteKey,
    Id(id): Id,
    Json(body): Json<PlayReplan>,
) -> Result<axum::Json<PlayDetail>> {
    let anchor = body.anchor_on.ok_or_else(|| Error::invalid("anchor_on", "is needed"))?;
    named(web.app.replan_play(&key.scope, id, anchor, &key.actor()).await, id)?;
    Ok(axum::Json(detail(&web, &key.scope, id).await?))
}

fn named(done: crate::app::Result<Play>, id: Uuid) -> Result<()> {
    match done {
        Ok(_) => Ok(()),
        Err(Error::NotFound) => Err(Refusal::not_found("play", &id.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn detail(web: &Web, scope: &db::TenantScope, id: Uuid) -> Result<PlayDetail> {
    let today = web.app.clock.today(scope.time_zone());
    let mut tx = web.app.db.read(scope).await?;
    let play = db::plays::find(&mut tx, id, today).await?;
    let play = play.ok_or_else(|| Refusal::not_found("play", &id.to_string()))?;
    Ok(PlayDetail::of(play, &db::members::list(&mut tx).await?))
}
