//! `GET /api/v1/alerts` and `GET /api/v1/alerts/{id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::shapes::AlertDetail;
use crate::db;
use crate::db::alerts::{Alert, Filter, Which};
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, ReadKey};

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AlertQuery {
    /// `open` (without those put off or set aside), `snoozed`, `dismissed`, `held`, `closed` or `any`; `open` unless
    /// stated.
    state: Option<String>,
    /// Of one account.
    account: Option<String>,
    /// Of one rule.
    rule: Option<String>,
    /// Of one severity.
    severity: Option<String>,
    /// Of one category.
    category: Option<String>,
    /// Of one member, by their address; `none` for those without an owner.
    owner: Option<String>,
}

/// List alerts.
///
/// In the order in which they were raised.
#[utoipa::path(
    get,
    path = "/v1/alerts",
    operation_id = "listAlerts",
    tag = "Alerts",
    params(AlertQuery, Paging),
    responses((status = 200, description = "A page of alerts", body = Page<AlertDetail>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<AlertQuery>,
) -> Result<axum::Json<Page<AlertDetail>>> {
    let Start { after, rows } = paging.start::<Uuid>()?;
    let today = web.app.clock.today(key.scope.time_zone());
    let which = match query.state.as_deref() {
        None => Which::Open,
        Some(word) => Which::parse(word).ok_or_else(|| {
            let all: Vec<&str> = Which::ALL.iter().map(|which| which.word()).collect();
            Refusal::parameter("state", format!("must be one of {}", all.join(", ")))
        })?,
    };
    let mut tx = web.app.db.read(&key.scope).await?;
    let mut filter = Filter {
        which,
        rule: query.rule,
        severity: query.severity,
        category: query.category,
        unassigned: query.owner.as_deref() == Some("none"),
        ..Filter::default()
    };
    if let Some(id) = &query.account {
        filter.account = Some(common::account(&mut tx, id).await?);
    }
    if let Some(email) = query.owner.as_deref().filter(|owner| *owner != "none") {
        let known = db::members::id_of_email(&mut tx, email).await?;
        filter.owner = Some(known.ok_or_else(|| Refusal::not_found("member", email))?);
    }
    let found = db::alerts::page(&mut tx, &filter, today, after, rows).await?;
    let detail = |alert: Alert| AlertDetail::of(alert, today, key.scope.currency());
    Ok(axum::Json(paging.page(found, |alert| alert.id, detail)))
}

/// Show an alert.
#[utoipa::path(
    get,
    path = "/v1/alerts/{id}",
    operation_id = "getAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The alert", body = AlertDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Path(id): Path<String>,
) -> Result<axum::Json<AlertDetail>> {
    detail(&web, &key.scope, &id).await
}

/// The alert of an id, as it is now.
pub(super) async fn detail(web: &Web, scope: &db::TenantScope, id: &str) -> Result<axum::Json<AlertDetail>> {
    let today = web.app.clock.today(scope.time_zone());
    let mut tx = web.app.db.read(scope).await?;
    let alert = db::alerts::find(&mut tx, parse(id)?).await?;
    let alert = alert.ok_or_else(|| Refusal::not_found("alert", id))?;
    Ok(axum::Json(AlertDetail::of(alert, today, scope.currency())))
}

/// An id; what is none is as unknown as a stranger's.
pub(super) fn parse(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Refusal::not_found("alert", id))
}
