//! What is done to a ticket: `POST /api/v1/tickets/{external_id}/answer`, `…/escalate`, `…/resolve`, `…/reopen`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::TicketDetail;
use super::show::detail;
use crate::app::tickets::Act;
use crate::db;
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Posted, WriteKey};

/// When it was done.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "at": "2027-01-31T09:45:00Z" }))]
pub struct TicketAct {
    /// When; now when it is not given.
    at: Option<DateTime<Utc>>,
}

/// When it was done, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "It happened again" }))]
pub struct TicketReopening {
    /// When; now when it is not given.
    at: Option<DateTime<Utc>>,
    /// Why, at most 2,000 characters.
    #[serde(default)]
    reason: String,
}

/// To which level it goes, when, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Technical issue" }))]
pub struct TicketEscalation {
    /// When; now when it is not given.
    at: Option<DateTime<Utc>>,
    /// A higher level of your methodology; the next one when it is not given.
    level: Option<i32>,
    /// Why, in 1 to 2,000 characters: whoever takes it over reads it first.
    #[serde(default)]
    #[schema(required)]
    reason: String,
}

async fn act(
    web: &Web,
    key: &WriteKey,
    external_id: &str,
    act: Act,
    at: Option<DateTime<Utc>>,
) -> Result<axum::Json<TicketDetail>> {
    let id = db::tickets::id_of(&mut web.app.db.read(&key.scope).await?, external_id).await?;
    let id = id.ok_or_else(|| Refusal::not_found("ticket", external_id))?;
    let (whole, _) = web.app.act_on_ticket(&key.scope, id, &act, at, &key.actor()).await?;
    Ok(axum::Json(detail(web, &key.scope, whole).await?))
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident, $path:literal, $id:literal, $body:ident, $act:expr $(, 409: $why:literal)?;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            operation_id = $id,
            tag = "Tickets",
            params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "4711")),
            request_body(content = $body, description = "May be an empty object"),
            responses(
                (status = 200, description = "The ticket as it is now", body = TicketDetail),
                $((status = 409, description = $why),)?
            ),
            security(("writeKey" = []))
        )]
        pub async fn $name(
            Posted { web, key, id: Path(external_id), body }: Posted<WriteKey, Path<String>, $body>,
        ) -> Result<axum::Json<TicketDetail>> {
            let at = body.at;
            let what: fn($body) -> Act = $act;
            act(&web, &key, &external_id, what(body), at).await
        }
    )*};
}

acts! {
    /// Note that a ticket was answered.
    ///
    /// It stops the response clock of its level. A ticket that was answered there already stays as it is.
    answer, "/v1/tickets/{external_id}/answer", "answerTicket", TicketAct, |_| Act::Answer;

    /// Escalate a ticket.
    ///
    /// It goes to a higher level of support, whose role owns it from then on, and a new response clock starts.
    escalate, "/v1/tickets/{external_id}/escalate", "escalateTicket", TicketEscalation,
        |body| Act::Escalate(body.level, body.reason),
        409: "It is resolved, or there is no higher level";

    /// Note that a ticket was resolved.
    ///
    /// It stops both clocks.
    resolve, "/v1/tickets/{external_id}/resolve", "resolveTicket", TicketAct, |_| Act::Resolve;

    /// Take up a resolved ticket again.
    ///
    /// Both clocks start anew, at the level where it was.
    reopen, "/v1/tickets/{external_id}/reopen", "reopenTicket", TicketReopening, |body| Act::Reopen(body.reason);
}
