//! What is done to a ticket by hand: `POST /support/tickets/{id}/answer`, `…/escalate`, `…/resolve`, `…/reopen`.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::tickets::Act;
use crate::db::accounts::Change;
use crate::db::tickets::Whole;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id, Member};
use crate::web::respond::{self, Done};
use crate::web::{Web, paths};

/// Why, and where to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActForm {
    reason: String,
    level: String,
}

/// Notes that it was answered.
pub async fn answer(State(web): State<Web>, Csm(member): Csm, Id(id): Id) -> Result<Response> {
    act(&web, &member, id, Act::Answer, |whole| format!("{} is answered.", whole.ticket.external_id)).await
}

/// Sends it to a higher level.
pub async fn escalate(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    act(&web, &member, id, Act::Escalate(form.level.parse().ok(), form.reason), |whole| {
        let level = whole.stays.last().map_or(0, |stay| stay.level);
        format!("{} is at level {level} now; its clock for an answer starts anew.", whole.ticket.external_id)
    })
    .await
}

/// Notes that it is done; it can be taken up again.
pub async fn resolve(State(web): State<Web>, Csm(member): Csm, Id(id): Id) -> Result<Response> {
    act(&web, &member, id, Act::Resolve, |whole| format!("{} is resolved.", whole.ticket.external_id)).await
}

/// Takes it up again.
pub async fn reopen(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    act(&web, &member, id, Act::Reopen(form.reason), |whole| {
        format!("{} is open again; its clocks start anew.", whole.ticket.external_id)
    })
    .await
}

async fn act(
    web: &Web,
    member: &Member,
    id: Uuid,
    act: Act,
    said: impl Fn(&Whole) -> String,
) -> Result<Response> {
    let done = web.app.act_on_ticket(&member.scope, id, &act, None, &member.actor()).await;
    respond::said(paths::ticket(id), done, |to, (whole, change)| match change {
        Change::Unchanged => {
            Done::to(to, format!("Nothing changed: {} was so already.", whole.ticket.external_id))
        }
        _ => Done::to(to, said(&whole)),
    })
}
