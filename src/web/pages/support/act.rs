//! What is done to a ticket by hand: `POST /support/tickets/{id}/answer`, `…/escalate`, `…/resolve`, `…/reopen`;
//! `…/escalate/undo` takes an escalation back.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::tickets::Act;
use crate::db;
use crate::db::accounts::Change;
use crate::db::tickets::Whole;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id, Member};
use crate::web::pages::wording::Wording;
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
    let to_level = Act::Escalate(form.level.parse().ok(), form.reason);
    let done = web.app.act_on_ticket(&member.scope, id, &to_level, None, &member.actor()).await;
    let nobody = match &done {
        Ok((whole, _)) => nobody(&web, &member, whole).await?,
        Err(_) => String::new(),
    };
    respond::said(paths::ticket(id), done, |to, (whole, _)| {
        let (level, stay) = whole.stays.last().map_or((0, 0), |stay| (stay.level, stay.stay));
        let name = &whole.ticket.external_id;
        let text = format!("{name} is at level {level} now; its clock for an answer starts anew.{nobody}");
        let undo = format!("{to}/escalate/undo");
        Done::to(to, text).undo(undo, &[("stay", &stay.to_string())])
    })
}

/// ` Nobody holds Senior success manager.`, where nobody does; else empty.
async fn nobody(web: &Web, member: &Member, whole: &Whole) -> Result<String> {
    let role = whole.stays.last().map_or("", |stay| &stay.role);
    let mut tx = web.app.db.read(&member.scope).await?;
    let roles: Vec<String> = Some(role.to_owned()).into_iter().filter(|role| !role.is_empty()).collect();
    let vacant = db::roles::vacant(&mut tx, &roles, whole.ticket.account_id).await?;
    drop(tx);
    let words = Wording::of(web, member).await?;
    Ok(vacant.first().map_or_else(String::new, |role| format!(" Nobody holds {}.", words.role(role))))
}

/// Which stay is taken back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UndoForm {
    stay: String,
}

/// Takes an escalation back, while nothing followed it.
pub async fn take_back(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<UndoForm>,
) -> Result<Response> {
    act(&web, &member, id, Act::TakeBack(form.stay.parse().unwrap_or(-1)), |whole| {
        let level = whole.stays.last().map_or(0, |stay| stay.level);
        format!("{} is at level {level} again, and its clock runs as it did.", whole.ticket.external_id)
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
