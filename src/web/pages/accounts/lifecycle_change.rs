//! What people say of an account's stage: `POST /accounts/{external_id}/lifecycle/{hold,release,tick}`.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::app::Error;
use crate::db;
use crate::db::stages::Hold;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Member, Path};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Done, said};
use crate::web::{Web, paths};

/// What the forms send; each needs some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    stage: String,
    reason: String,
    criterion: String,
    met: String,
}

/// The account's name, and what holds it today.
async fn held(web: &Web, member: &Member, external_id: &str) -> Result<(String, Option<Hold>)> {
    let today = member.scope.day_of(web.app.clock.now());
    let mut tx = web.app.db.read(&member.scope).await?;
    let account = db::accounts::find(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
    let hold = db::stages::holds(&mut tx, &[account.id], today, today).await?.pop();
    Ok((account.name, hold))
}

/// Holds the account in a stage, or moves it to one.
pub async fn hold(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let (name, before) = held(&web, &member, &external_id).await?;
    let done =
        web.app.hold_stage(&member.scope, &external_id, &sent.stage, &sent.reason, &member.actor()).await;
    let words = Wording::of(&web, &member).await?;
    said(paths::account_tab(&external_id, "lifecycle"), done, |next, ()| {
        let done = Done::to(next, format!("{name} is held in {}.", words.stage(&sent.stage)));
        match before {
            Some(was) => {
                let action = paths::account_tab(&external_id, "lifecycle/hold");
                done.undo(action, &[("stage", &was.stage), ("reason", &was.reason)])
            }
            None => done.undo(paths::account_tab(&external_id, "lifecycle/release"), &[]),
        }
    })
}

/// Lets the calendar decide again.
pub async fn release(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
) -> Result<Response> {
    let (name, before) = held(&web, &member, &external_id).await?;
    let done = web.app.release_stage(&member.scope, &external_id, &member.actor()).await;
    said(paths::account_tab(&external_id, "lifecycle"), done, |next, _| {
        let done = Done::to(next, format!("The calendar decides about the stage of {name} again."));
        match before {
            Some(was) => {
                let action = paths::account_tab(&external_id, "lifecycle/hold");
                done.undo(action, &[("stage", &was.stage), ("reason", &was.reason)])
            }
            None => done,
        }
    })
}

/// Ticks a criterion, or takes that back.
pub async fn tick(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let met = sent.met == "yes";
    let (scope, actor) = (&member.scope, member.actor());
    held(&web, &member, &external_id).await?;
    let done = web.app.tick_criterion(scope, &external_id, &sent.stage, &sent.criterion, met, &actor).await;
    said(paths::account_tab(&external_id, "lifecycle"), done, |next, _| {
        let (word, back) = if met { ("Ticked", "no") } else { ("Taken back", "yes") };
        let action = paths::account_tab(&external_id, "lifecycle/tick");
        let fields = [("stage", sent.stage.as_str()), ("criterion", &sent.criterion), ("met", back)];
        Done::to(next, format!("{word}: {}.", sent.criterion)).undo(action, &fields)
    })
}
