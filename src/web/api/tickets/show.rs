//! `GET /api/v1/tickets/{external_id}`.

use axum::Json;
use axum::extract::State;

use super::shapes::TicketDetail;
use crate::app::Error;
use crate::db::tickets::{Filter, Whole};
use crate::db::{self, TenantScope};
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, ReadKey};

/// Show a ticket.
///
/// With its clocks and its way through the levels of support.
#[utoipa::path(
    get,
    path = "/v1/tickets/{external_id}",
    operation_id = "getTicket",
    tag = "Tickets",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "4711")),
    responses((status = 200, description = "The ticket", body = TicketDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Path(external_id): Path<String>,
) -> Result<Json<TicketDetail>> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let id = db::tickets::id_of(&mut tx, &external_id).await?;
    let id = id.ok_or_else(|| Refusal::not_found("ticket", &external_id))?;
    let whole = db::tickets::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    Ok(Json(detail(&web, &key.scope, whole).await?))
}

/// A ticket with the names that belong to it.
pub(super) async fn detail(web: &Web, scope: &TenantScope, whole: Whole) -> Result<TicketDetail> {
    let filter = Filter { id: Some(whole.ticket.id), ..Filter::default() };
    let mut tx = web.app.db.read(scope).await?;
    let listed = db::tickets::list(&mut tx, &filter, 0, 1).await?.pop().ok_or(Error::NotFound)?;
    Ok(TicketDetail::of(listed, whole, web.app.clock.now()))
}
