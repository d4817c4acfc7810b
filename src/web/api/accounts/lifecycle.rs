//! `/api/v1/accounts/{external_id}/lifecycle`: where an account is, what is missing, what people said of it.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Error;
use crate::db::{self, TenantScope};
use crate::domain::lifecycle::StageSpan;
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Posted, ReadKey, WriteKey};

/// Where an account is in its lifecycle.
#[derive(Debug, Serialize, ToSchema)]
pub struct LifecycleDetail {
    /// Id of the base stage; null before the first.
    #[schema(example = "adoption")]
    pub stage: Option<String>,
    /// The day number.
    pub day: Option<i64>,
    /// Ids of the stages that hold beside it.
    pub overlays: Vec<String>,
    /// Whether criteria of stages that are over are unmet.
    pub behind: bool,
    /// The stage a person holds it in; null while the calendar decides.
    pub held: Option<HeldDetail>,
    /// Every stage of the methodology, in order.
    pub stages: Vec<StageDetail>,
    /// Moments that have come.
    pub moments: Vec<MomentDetail>,
}

/// A stage that a person chose.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldDetail {
    /// Id of the stage.
    pub stage: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub set_by: String,
    /// Since when.
    pub set_on: NaiveDate,
}

/// A stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageDetail {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is one beside the base stage.
    pub overlay: bool,
    /// When the account entered and left it.
    pub entries: Vec<StageEntry>,
    /// What should be true before it is left.
    pub exit: Vec<CriterionDetail>,
}

/// A stay in a stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageEntry {
    /// The day it was entered.
    pub entered_on: NaiveDate,
    /// The day it was left; null while it lasts.
    pub left_on: Option<NaiveDate>,
}

/// An exit criterion.
#[derive(Debug, Serialize, ToSchema)]
pub struct CriterionDetail {
    /// Its name.
    pub name: String,
    /// Whether it is met.
    pub met: bool,
    /// Whether it is ticked by hand rather than decided by data.
    pub by_hand: bool,
    /// Who ticked it.
    pub ticked_by: Option<String>,
    /// When.
    pub ticked_on: Option<NaiveDate>,
}

/// A moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct MomentDetail {
    /// Its id.
    pub id: String,
    /// The day it came.
    pub reached_on: NaiveDate,
}

async fn detail(web: &Web, scope: &TenantScope, external_id: &str) -> Result<axum::Json<LifecycleDetail>> {
    let today = web.app.clock.today(scope.time_zone());
    let mut tx = web.app.db.read(scope).await?;
    let id = db::accounts::id_of(&mut tx, external_id).await?;
    let id = id.ok_or_else(|| Refusal::not_found("account", external_id))?;
    let entries = db::stages::entries(&mut tx, id).await?;
    let hold = db::stages::holds(&mut tx, &[id], today, today).await?.pop();
    let ticks = db::stages::ticks(&mut tx, &[id], today, today).await?;
    let moments = db::stages::moments(&mut tx, id).await?;
    drop(tx);
    let in_force = web.app.methodology(scope).await?;
    let journey = web.app.journey(scope, id, today).await?;
    let stages = in_force.iter().flat_map(|m| m.methodology.lifecycle.stages.iter()).enumerate();
    let stages = stages.map(|(at, stage)| {
        let stays = entries.iter().filter(|entry| *entry.stage == *stage.id);
        let exit = journey.as_ref().and_then(|journey| journey.exits.get(at)).map_or(&[][..], Vec::as_slice);
        let criterion = |criterion: &crate::domain::lifecycle::CriterionState| {
            let tick = ticks.iter().find(|t| *t.stage == *stage.id && *t.criterion == *criterion.name);
            CriterionDetail {
                name: criterion.name.to_string(),
                met: criterion.met,
                by_hand: criterion.by_hand,
                ticked_by: tick.map(|tick| tick.ticked_by.clone()),
                ticked_on: tick.map(|tick| tick.ticked_on),
            }
        };
        StageDetail {
            id: stage.id.to_string(),
            name: stage.name.to_string(),
            overlay: matches!(stage.span, StageSpan::Overlay(_)),
            entries: stays.map(|e| StageEntry { entered_on: e.entered_on, left_on: e.left_on }).collect(),
            exit: exit.iter().map(criterion).collect(),
        }
    });
    let behind = journey.as_ref().zip(in_force.as_ref()).is_some_and(|(journey, m)| {
        let unmet = |at: usize| journey.exits.get(at).is_some_and(|exit| exit.iter().any(|c| !c.met));
        journey.passed(&m.methodology.lifecycle).any(unmet)
    });
    let evaluation = journey.as_ref().map(|journey| &journey.evaluation);
    Ok(axum::Json(LifecycleDetail {
        stage: evaluation.and_then(|e| e.stage.as_deref()).map(str::to_owned),
        day: evaluation.and_then(|e| e.day),
        overlays: evaluation
            .map(|e| e.overlays.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        behind,
        held: hold.map(|hold| HeldDetail {
            stage: hold.stage,
            reason: hold.reason,
            set_by: hold.set_by,
            set_on: hold.set_on,
        }),
        stages: stages.collect(),
        moments: moments.into_iter().map(|(id, reached_on)| MomentDetail { id, reached_on }).collect(),
    }))
}

fn named(error: Error, external_id: &str) -> Refusal {
    match error {
        Error::NotFound => Refusal::not_found("account", external_id),
        other => other.into(),
    }
}

/// Show where an account is in its lifecycle.
#[utoipa::path(
    get,
    path = "/v1/accounts/{external_id}/lifecycle",
    operation_id = "getLifecycle",
    tag = "Accounts",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    responses((status = 200, description = "Stages, criteria, moments", body = LifecycleDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Path(external_id): Path<String>,
) -> Result<axum::Json<LifecycleDetail>> {
    detail(&web, &key.scope, &external_id).await
}

/// A stage to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "stage": "onboarding", "reason": "The rollout starts in May" }))]
pub struct HoldStatement {
    /// Id of a base stage.
    stage: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// Hold an account in a stage, or move it to one.
///
/// It stays there, whatever the calendar says, until it is released. The account is scored at once.
#[utoipa::path(
    put,
    path = "/v1/accounts/{external_id}/lifecycle/hold",
    operation_id = "holdStage",
    tag = "Accounts",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    request_body = HoldStatement,
    responses((status = 200, description = "It is held", body = LifecycleDetail)),
    security(("writeKey" = []))
)]
pub async fn hold(
    Posted { web, key, id: Path(external_id), body: stated }: Posted<WriteKey, Path<String>, HoldStatement>,
) -> Result<axum::Json<LifecycleDetail>> {
    let done =
        web.app.hold_stage(&key.scope, &external_id, &stated.stage, &stated.reason, &key.actor()).await;
    done.map_err(|error| named(error, &external_id))?;
    detail(&web, &key.scope, &external_id).await
}

/// Let the calendar decide about an account's stage again.
///
/// Nothing happens where it does already.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{external_id}/lifecycle/hold",
    operation_id = "releaseStage",
    tag = "Accounts",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    responses((status = 200, description = "The calendar decides", body = LifecycleDetail)),
    security(("writeKey" = []))
)]
pub async fn release(
    State(web): State<Web>,
    key: WriteKey,
    Path(external_id): Path<String>,
) -> Result<axum::Json<LifecycleDetail>> {
    let done = web.app.release_stage(&key.scope, &external_id, &key.actor()).await;
    done.map_err(|error| named(error, &external_id))?;
    detail(&web, &key.scope, &external_id).await
}

/// A criterion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "stage": "kickoff", "criterion": "Plan agreed", "met": true }))]
pub struct TickStatement {
    /// Id of its stage.
    stage: String,
    /// Its name.
    criterion: String,
    /// True ticks it, false takes that back.
    met: bool,
}

/// Tick an exit criterion that no data decides.
#[utoipa::path(
    post,
    path = "/v1/accounts/{external_id}/lifecycle/criteria",
    operation_id = "tickCriterion",
    tag = "Accounts",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    request_body = TickStatement,
    responses((status = 200, description = "It is so", body = LifecycleDetail)),
    security(("writeKey" = []))
)]
pub async fn tick(
    Posted { web, key, id: Path(external_id), body: stated }: Posted<WriteKey, Path<String>, TickStatement>,
) -> Result<axum::Json<LifecycleDetail>> {
    let TickStatement { stage, criterion, met } = stated;
    let mut tx = web.app.db.read(&key.scope).await?;
    let known = db::accounts::id_of(&mut tx, &external_id).await?;
    known.ok_or_else(|| Refusal::not_found("account", &external_id))?;
    drop(tx);
    let done = web.app.tick_criterion(&key.scope, &external_id, &stage, &criterion, met, &key.actor()).await;
    done.map_err(|error| named(error, &external_id))?;
    detail(&web, &key.scope, &external_id).await
}
