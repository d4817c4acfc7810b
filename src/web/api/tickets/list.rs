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
use crate::web::api::common::{self, Page};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Query, ReadKey};

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
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[serde(default = "common::default_limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
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
    params(TicketQuery),
    responses((status = 200, description = "A page of tickets", body = Page<TicketRow>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Query(query): Query<TicketQuery>,
) -> Result<Json<Page<TicketRow>>> {
    let filter = query.filter()?;
    page(&web, &key, &query, filter).await
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
        TicketQuery
    ),
    responses((status = 200, description = "A page of tickets", body = Page<TicketRow>)),
    security(("readKey" = []))
)]
pub async fn of_account(
    State(web): State<Web>,
    key: ReadKey,
    Path(external_id): Path<String>,
    Query(query): Query<TicketQuery>,
) -> Result<Json<Page<TicketRow>>> {
    let filter = query.filter()?;
    let account = db::accounts::id_of(&mut web.app.db.read(&key.scope).await?, &external_id).await?;
    let account = account.ok_or_else(|| Refusal::not_found("account", &external_id))?;
    page(&web, &key, &query, Filter { account: Some(account), ..filter }).await
}

async fn page(
    web: &Web,
    key: &ReadKey,
    query: &TicketQuery,
    filter: Filter,
) -> Result<Json<Page<TicketRow>>> {
    let rows = common::rows(query.limit)?;
    let after: Option<Uuid> = common::after(query.cursor.as_deref())?;
    let now = web.app.clock.now();
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = db::tickets::listed(&mut tx, &filter, after, rows).await?;
    Ok(Json(Page::of(found, query.limit, |one| one.ticket.id, |one| TicketRow::of(one, now))))
}
