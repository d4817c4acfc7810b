//! What is done with an item by hand: `POST /pipelines/items/{id}` writes it anew; `…/check`, `…/advance`, `…/move`,
//! `…/close`, `…/reopen`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::new::Typed;
use super::show::{self, Refused, Sent};
use crate::app::Error;
use crate::app::error::Field;
use crate::app::pipelines::{CHECKS, Leave};
use crate::db;
use crate::db::pipelines::Item;
use crate::domain::money::Money;
use crate::domain::pipeline::State as ItemState;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Hx, Id, Member};
use crate::web::respond::{Done, Page, page_with_status, sentences, unless_conflict};
use crate::web::{Web, paths};

/// What a cookie can hold of a text that is offered to be taken back.
const MOST_UNDO: usize = 1_500;
/// Why something is taken back by a toast.
const UNDONE: &str = "Taken back";

/// A check, and whether it is so.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CheckForm {
    check: String,
    on: String,
}

/// Ticks a check, or takes that back.
pub async fn check(
    State(web): State<Web>,
    Csm(member): Csm,
    Hx(part): Hx,
    Id(id): Id,
    Form(form): Form<CheckForm>,
) -> Result<Response> {
    let on = form.on != "no";
    let done = web.app.tick_check(&member.scope, id, &form.check, on, &member.actor()).await;
    let here = paths::item(id);
    match done {
        Ok(_) if part => {
            let page = show::page(&web, &member, id, Sent::default()).await?;
            Ok(Page(page.as_work()).into_response())
        }
        Ok(_) => {
            let (word, back) = if on { ("Ticked", "no") } else { ("Taken back", "yes") };
            let done = Done::to(format!("{here}#work"), format!("{word}: {}.", form.check));
            let fields = [("check", form.check.as_str()), ("on", back)];
            Ok(done.undo(format!("{here}/check"), &fields).into_response())
        }
        Err(Error::Invalid(_)) => {
            let text = "That is no check of the step it is at by now; nothing was ticked.";
            Ok(Done::failed(here, text).into_response())
        }
        Err(Error::Conflict(text)) => Ok(Done::failed(here, text).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// Where it goes, or how it is closed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MoveForm {
    /// `pipeline/step`.
    to: String,
    /// `yes` to close it as won.
    won: String,
    /// `yes` to pass over unticked checks.
    force: String,
    reason: String,
    revision: String,
}

impl MoveForm {
    fn leave(&self) -> Leave {
        Leave {
            force: self.force == "yes",
            reason: self.reason.clone(),
            seen: self.revision.trim().parse().ok(),
        }
    }
}

/// Brings it to the next step.
pub async fn advance(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<MoveForm>,
) -> Result<Response> {
    go(&web, &member, id, &form, None, "advance").await
}

/// Brings it to another step.
pub async fn move_to(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<MoveForm>,
) -> Result<Response> {
    let to = form.to.split_once('/').unwrap_or_default();
    go(&web, &member, id, &form, Some(to), "move").await
}

async fn go(
    web: &Web,
    member: &Member,
    id: Uuid,
    form: &MoveForm,
    to: Option<(&str, &str)>,
    verb: &'static str,
) -> Result<Response> {
    let before = found(web, member, id).await?;
    let here = paths::item(id);
    let done = web.app.move_item(&member.scope, id, to, &form.leave(), &member.actor()).await;
    match done {
        Ok(item) => {
            let done = Done::to(here.clone(), format!("“{}” is at {} now.", item.title, item.step_name));
            let Some((pipeline, step)) = before.pipeline.as_deref().zip(before.step.as_deref()) else {
                return Ok(done.into_response());
            };
            let (was, revision) = (format!("{pipeline}/{step}"), item.revision.to_string());
            // Whoever takes back a way back passes over the checks that it would ask for.
            let fields = [("to", &*was), ("reason", UNDONE), ("force", "yes"), ("revision", &revision)];
            Ok(done.undo(format!("{here}/move"), &fields).into_response())
        }
        Err(Error::Invalid(fields)) => {
            let what = match to {
                None => "Move it on".to_owned(),
                Some(_) => "Move it there".to_owned(),
            };
            refuse(web, member, id, form, &fields, what, verb).await
        }
        Err(Error::Conflict(text)) => Ok(Done::failed(here, text).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// Closes it.
pub async fn close(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<MoveForm>,
) -> Result<Response> {
    let before = found(&web, &member, id).await?;
    let won = form.won == "yes";
    let state = if won { ItemState::Won } else { ItemState::Lost };
    let label = state.label(&before.subject).to_lowercase();
    let here = paths::item(id);
    match web.app.close_item(&member.scope, id, won, &form.leave(), &member.actor()).await {
        Ok(item) => {
            let revision = item.revision.to_string();
            let done = Done::to(here.clone(), format!("“{}” is {label}.", item.title));
            Ok(done.undo(format!("{here}/reopen"), &[("revision", &revision)]).into_response())
        }
        Err(Error::Invalid(fields)) => {
            refuse(&web, &member, id, &form, &fields, format!("Close it as {label}"), "close").await
        }
        Err(Error::Conflict(text)) => Ok(Done::failed(here, text).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// The page, with what stands against it and the form to do it all the same.
async fn refuse(
    web: &Web,
    member: &Member,
    id: Uuid,
    form: &MoveForm,
    wrong: &[Field],
    what: String,
    verb: &'static str,
) -> Result<Response> {
    let (checks, others): (Vec<&Field>, Vec<&Field>) = wrong.iter().partition(|field| field.name == CHECKS);
    let others: Vec<Field> = others.into_iter().cloned().collect();
    let fields = [("to", &form.to), ("won", &form.won), ("revision", &form.revision)];
    let mut fields: Vec<(&'static str, String)> =
        fields.into_iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n, v.clone())).collect();
    if !checks.is_empty() || form.force == "yes" {
        fields.push(("force", "yes".to_owned()));
    }
    let missing = |field: &&Field| {
        let text = field.message.strip_suffix("” is not ticked").unwrap_or(&field.message);
        text.trim_start_matches('“').to_owned()
    };
    let refused = Refused {
        what,
        action: format!("{}/{verb}", paths::item(id)),
        fields,
        missing: checks.iter().map(missing).collect(),
        reason: form.reason.clone(),
        error: sentences(&others),
    };
    let page = show::page(web, member, id, Sent { refused: Some(refused), ..Sent::default() }).await?;
    Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// Opens it again.
pub async fn reopen(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<MoveForm>,
) -> Result<Response> {
    let seen = form.leave().seen;
    let done = web.app.reopen_item(&member.scope, id, seen, &member.actor()).await;
    unless_conflict(paths::item(id), done, |here, item| {
        Done::to(here, format!("“{}” is open again.", item.title))
    })
}

/// What is written of it, and the revision that was looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EditForm {
    title: String,
    why: String,
    amount: String,
    currency: String,
    owner: String,
    revision: String,
}

/// Writes it anew.
pub async fn edit(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<EditForm>,
) -> Result<Response> {
    let before = found(&web, &member, id).await?;
    let here = paths::item(id);
    let typed = Typed {
        title: form.title,
        why: form.why,
        amount: form.amount,
        currency: form.currency,
        owner: form.owner,
    };
    let seen = form.revision.trim().parse().ok();
    let done = match typed.written() {
        Ok(written) => web.app.rewrite_item(&member.scope, id, &written, seen, &member.actor()).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(item) if item.revision == before.revision => {
            Ok(Done::to(here, "It was so already; nothing was changed.").into_response())
        }
        Ok(item) => {
            let done = Done::to(here.clone(), format!("“{}” is saved.", item.title));
            if before.why.len() + before.title.len() > MOST_UNDO {
                return Ok(done.into_response());
            }
            let revision = item.revision.to_string();
            let figure = |(minor, currency): (i64, &String)| {
                currency.parse().ok().map(|currency| Money::from_minor(minor, currency).figure())
            };
            let amount = before.amount_minor.zip(before.currency.as_ref()).and_then(figure);
            let owner = before.owner_id.filter(|_| before.owner_by_hand).map(|id| id.to_string());
            let fields = [
                ("title", before.title.as_str()),
                ("why", &before.why),
                ("amount", amount.as_deref().unwrap_or_default()),
                ("currency", before.currency.as_deref().unwrap_or_default()),
                ("owner", owner.as_deref().unwrap_or_default()),
                ("revision", &revision),
            ];
            Ok(done.undo(here, &fields).into_response())
        }
        Err(Error::Invalid(fields)) => {
            let label = |field: &Field| match field.name.as_str() {
                "why" => Field { name: "justification".to_owned(), ..field.clone() },
                _ => field.clone(),
            };
            let errors = fields.iter().map(|field| sentences(&[label(field)])).collect();
            let sent = Sent { edit: Some((typed, errors)), ..Sent::default() };
            let page = show::page(&web, &member, id, sent).await?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(Error::Conflict(text)) => Ok(Done::failed(here, text).into_response()),
        Err(error) => Err(error.into()),
    }
}

async fn found(web: &Web, member: &Member, id: Uuid) -> Result<Item> {
    let mut tx = web.app.db.read(&member.scope).await?;
    Ok(db::pipelines::find(&mut tx, id).await?.ok_or(Error::NotFound)?)
}
