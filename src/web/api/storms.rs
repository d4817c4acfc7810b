//! `/api/v1/storms`: rules that are true of so many accounts that they wait for a manager's word.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Refusal, Result};
use crate::db;
use crate::db::storms::Storm;
use crate::web::Web;
use crate::web::extract::{ManageKey, MethodologyReader, Path, Posted, Query};

/// A rule that waits, or waited, for a manager's word.
#[derive(Debug, Serialize, ToSchema)]
pub struct StormDetail {
    /// Its id.
    pub id: Uuid,
    /// The rule's id.
    #[schema(example = "usage-drop")]
    pub rule: String,
    /// The rule's name.
    pub rule_name: String,
    /// The day it was noticed.
    pub noticed_on: NaiveDate,
    /// Accounts the rule is true of.
    pub accounts: i32,
    /// Accounts in business then.
    pub of_accounts: i32,
    /// `released`, `refused` or `cleared`; null while it waits.
    pub decision: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
}

impl From<Storm> for StormDetail {
    fn from(storm: Storm) -> Self {
        StormDetail {
            id: storm.id,
            rule: storm.rule,
            rule_name: storm.name,
            noticed_on: storm.noticed_on,
            accounts: storm.accounts,
            of_accounts: storm.of_accounts,
            decision: storm.decision,
            decided_by: storm.decided_by,
            decided_at: storm.decided_at,
        }
    }
}

/// Those that were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Storms {
    /// Those that wait first, then the latest.
    pub data: Vec<StormDetail>,
}

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StormQuery {
    /// Also those that were decided.
    #[serde(default)]
    decided: bool,
}

/// List rules that wait for a manager's word.
///
/// The 200 latest.
#[utoipa::path(
    get,
    path = "/v1/storms",
    operation_id = "listStorms",
    tag = "Alerts",
    params(StormQuery),
    responses((status = 200, description = "Rules that wait", body = Storms)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: MethodologyReader,
    Query(query): Query<StormQuery>,
) -> Result<axum::Json<Storms>> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let storms = db::storms::list(&mut tx, query.decided).await?;
    Ok(axum::Json(Storms { data: storms.into_iter().map(StormDetail::from).collect() }))
}

/// The word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StormDecision {
    /// True to open its alerts, false to set them aside until their condition has cleared.
    release: bool,
}

/// Let a rule pass, or refuse it.
#[utoipa::path(
    post,
    path = "/v1/storms/{id}/decide",
    operation_id = "decideStorm",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = StormDecision,
    responses((status = 200, description = "It is decided", body = StormDetail)),
    security(("manageKey" = []))
)]
pub async fn decide(
    Posted { web, key, id: Path(id), body: stated }: Posted<ManageKey, Path<String>, StormDecision>,
) -> Result<axum::Json<StormDetail>> {
    const THING: &str = "rule that waits of id";
    let storm = id.parse().map_err(|_| Refusal::not_found(THING, &id))?;
    let decided = web.app.decide_storm(&key.scope, storm, stated.release, &key.actor()).await;
    Ok(axum::Json(decided.map_err(Refusal::about(THING, &id))?.into()))
}
