//! What is done with an alert: `POST /api/v1/alerts/{id}/close`, `…/reopen`, `…/snooze`, `…/dismiss`, `…/assign`.

use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::list::{detail, parse};
use super::shapes::AlertDetail;
use crate::app::Error;
use crate::db;
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Posted, WriteKey};

/// What is noted while closing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseStatement {
    /// What was done.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Talked to Rosa; training is booked")]
    note: String,
}

/// Close an alert as dealt with.
///
/// Its rule may open anew from the next day on. One that is closed already stays as it is.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/close",
    operation_id = "closeAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = CloseStatement,
    responses((status = 200, description = "It is closed", body = AlertDetail)),
    security(("writeKey" = []))
)]
pub async fn close(
    Posted { web, key, id: Path(id), body: stated }: Posted<WriteKey, Path<String>, CloseStatement>,
) -> Result<axum::Json<AlertDetail>> {
    web.app.close_alerts(&key.scope, &[parse(&id)?], &stated.note, &key.actor()).await?;
    detail(&web, &key.scope, &id).await
}

/// Open an alert again.
///
/// One that was closed or dismissed by hand, or snoozed.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/reopen",
    operation_id = "reopenAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "It is open", body = AlertDetail),
        (status = 409, description = "It cannot be opened: its condition has cleared, or its rule has opened anew"),
    ),
    security(("writeKey" = []))
)]
pub async fn reopen(
    State(web): State<Web>,
    key: WriteKey,
    Path(id): Path<String>,
) -> Result<axum::Json<AlertDetail>> {
    let alert = parse(&id)?;
    let now = detail(&web, &key.scope, &id).await?.0;
    let (scope, actor) = (&key.scope, key.actor());
    let opened = match now.state.as_str() {
        "dismissed" => web.app.dismiss_alert(scope, alert, None, &actor).await,
        "snoozed" => web.app.snooze_alert(scope, alert, None, &actor).await,
        _ => web.app.reopen_alert(scope, alert, &actor).await,
    };
    opened.map_err(Refusal::about("alert", &id))?;
    detail(&web, &key.scope, &id).await
}

/// Until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeStatement {
    /// The day on which it comes back, from tomorrow on, a year ahead at most; null takes the snooze back.
    #[serde(deserialize_with = "common::read_day")]
    #[schema(example = "2027-03-08")]
    until: Option<NaiveDate>,
}

/// Put an open alert off.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/snooze",
    operation_id = "snoozeAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = SnoozeStatement,
    responses(
        (status = 200, description = "It is put off", body = AlertDetail),
        (status = 409, description = "It is not open"),
    ),
    security(("writeKey" = []))
)]
pub async fn snooze(
    Posted { web, key, id: Path(id), body: stated }: Posted<WriteKey, Path<String>, SnoozeStatement>,
) -> Result<axum::Json<AlertDetail>> {
    let done = web.app.snooze_alert(&key.scope, parse(&id)?, stated.until, &key.actor()).await;
    done.map_err(Refusal::about("alert", &id))?;
    detail(&web, &key.scope, &id).await
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissStatement {
    /// Why nothing is to be done.
    #[schema(min_length = 1, max_length = 2000, example = "They told us of the summer break")]
    reason: String,
}

/// Set an open alert aside.
///
/// It is not shown, nor opened again, before its condition has cleared.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/dismiss",
    operation_id = "dismissAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = DismissStatement,
    responses(
        (status = 200, description = "It is set aside", body = AlertDetail),
        (status = 409, description = "It is not open"),
    ),
    security(("writeKey" = []))
)]
pub async fn dismiss(
    Posted { web, key, id: Path(id), body: stated }: Posted<WriteKey, Path<String>, DismissStatement>,
) -> Result<axum::Json<AlertDetail>> {
    let done = web.app.dismiss_alert(&key.scope, parse(&id)?, Some(&stated.reason), &key.actor()).await;
    done.map_err(Refusal::about("alert", &id))?;
    detail(&web, &key.scope, &id).await
}

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignStatement {
    /// The member's address; null for whoever plays the role of the alert.
    #[schema(example = "maya@example.com")]
    owner: Option<String>,
}

/// Give an alert to a member.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/assign",
    operation_id = "assignAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = AssignStatement,
    responses(
        (status = 200, description = "It is theirs", body = AlertDetail),
        (status = 409, description = "It is closed"),
    ),
    security(("writeKey" = []))
)]
pub async fn assign(
    Posted { web, key, id: Path(id), body: stated }: Posted<WriteKey, Path<String>, AssignStatement>,
) -> Result<axum::Json<AlertDetail>> {
    let member = match &stated.owner {
        None => None,
        Some(email) => {
            let mut tx = web.app.db.read(&key.scope).await?;
            let known = db::members::id_of_email(&mut tx, email).await?;
            Some(known.ok_or_else(|| Error::invalid("owner", "is not the address of a member"))?)
        }
    };
    let done = web.app.assign_alert(&key.scope, parse(&id)?, member, &key.actor()).await;
    done.map_err(Refusal::about("alert", &id))?;
    detail(&web, &key.scope, &id).await
}
