//! `GET /api/v1/tickets` and `GET /api/v1/accounts/{external_id}/tickets`.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::shapes::TicketRow;
use crate::db;
use crate::db::tickets::Filter;
use crate::domain::ticket::{Severity, Status};
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, ReadKey};

/// Which tickets, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TicketQuery {
    /// `low`, `medium`, `high` or `critical`.
    severity: Option<String>,
    /// `open`, `pending` or `resolved`.
    status: Option<String>,
    /// The level of support.
    level: Option<i32>,
    /// Segment id, such as `enterprise`.
    segment: Option<String>,
    /// True for tickets with a clock that ran out and was not stopped.
    #[serde(default)]
    breached: bool,
}

impl TicketQuery {
    fn filter(&self) -> Result<Filter> {
        if self.severity.as_deref().is_some_and(|word| Severity::parse(word).is_none()) {
            return Err(Refusal::parameter("severity", "must be low, medium, high or critical"));
        }
        if self.status.as_deref().is_some_and(|word| Status::parse(word).is_none()) {
            return Err(Refusal::parameter("status", "must be open, pending or resolved"));
        }
        Ok(Filter {
            severity: self.severity.clone(),
            status: self.status.clone(),
            level: self.level,
            segment: self.segment.clone(),
            late: self.breached,
            ..Filter::default()
        })
    }
}

/// List tickets.
///
/// In the order in which Holdfast heard of them.
#[utoipa::path(
    get,
    path = "/v1/tickets",
    operation_id = "listTickets",
    tag = "Tickets",
    params(TicketQuery, Paging),
    responses((status = 200, description = "A page of tickets", body = Page<TicketRow>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<TicketQuery>,
) -> Result<Json<Page<TicketRow>>> {
    let filter = query.filter()?;
    page(&web, &key, &paging, filter).await
}

/// List an account's tickets.
///
/// In the order in which Holdfast heard of them.
#[utoipa::path(
    get,
    path = "/v1/accounts/{external_id}/tickets",
    operation_id = "listAccountTickets",
    tag = "Tickets",
    params(
        ("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme"),
        TicketQuery,
        Paging
    ),
    responses((status = 200, description = "A page of tickets", body = Page<TicketRow>)),
    security(("readKey" = []))
)]
pub async fn of_account(
    State(web): State<Web>,
    key: ReadKey,
    Path(external_id): Path<String>,
    Listing { filter: query, paging }: Listing<TicketQuery>,
) -> Result<Json<Page<TicketRow>>> {
    let filter = query.filter()?;
    let account = common::account(&mut web.app.db.read(&key.scope).await?, &external_id).await?;
    page(&web, &key, &paging, Filter { account: Some(account), ..filter }).await
}

async fn page(web: &Web, key: &ReadKey, paging: &Paging, filter: Filter) -> Result<Json<Page<TicketRow>>> {
    let Start { after, rows } = paging.start::<Uuid>()?;
    let now = web.app.clock.now();
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = db::tickets::listed(&mut tx, &filter, after, rows).await?;
    Ok(Json(paging.page(found, |one| one.ticket.id, |one| TicketRow::of(one, now))))
}
