//! `POST /plays/{id}/pause`, `…/resume`, `…/stop`, `…/replan`.

use axum::extract::State;
use serde::Deserialize;

use crate::app::Error;
use crate::db;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id};
use crate::web::pages::tasks::change::day;
use crate::web::paths;
use crate::web::respond::Done;
use crate::web::ui::format;

/// Pauses it.
pub async fn pause(State(web): State<Web>, Csm(member): Csm, Id(id): Id) -> Result<Done> {
    let play = web.app.pause_play(&member.scope, id, &member.actor()).await?;
    let here = paths::play(id);
    Ok(Done::to(here.clone(), format!("“{}” is paused.", play.name)).undo(format!("{here}/resume"), &[]))
}

/// Takes it up again, after a pause or a stop.
pub async fn resume(State(web): State<Web>, Csm(member): Csm, Id(id): Id) -> Result<Done> {
    let play = web.app.resume_play(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(paths::play(id), format!("“{}” runs again.", play.name)))
}

/// Why it is stopped.
#[derive(Debug, Deserialize)]
pub struct Stop {
    #[serde(default)]
    reason: String,
}

/// Stops it with a reason.
pub async fn stop(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<Stop>,
) -> Result<Done> {
    let here = paths::play(id);
    let mut tx = web.app.db.read(&member.scope).await?;
    let today = member.scope.day_of(web.app.clock.now());
    db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
    drop(tx);
    match web.app.stop_play(&member.scope, id, form.reason.trim(), &member.actor()).await {
        Ok(play) => {
            let text = format!("“{}” is stopped; its open tasks are off the list.", play.name);
            Ok(Done::to(here.clone(), text).undo(format!("{here}/resume"), &[]))
        }
        Err(Error::Invalid(_)) => Ok(Done::failed(here, "Say why it is stopped; it runs on.")),
        Err(error) => Err(error.into()),
    }
}

/// From which day its days are to count.
#[derive(Debug, Deserialize)]
pub struct Replan {
    anchor: String,
}

/// Plans what is open anew.
pub async fn replan(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<Replan>,
) -> Result<Done> {
    let anchor = day(&form.anchor)?.ok_or_else(|| Error::invalid("anchor", "is needed"))?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let today = member.scope.day_of(web.app.clock.now());
    let before = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
    drop(tx);
    web.app.replan_play(&member.scope, id, anchor, &member.actor()).await?;
    let here = paths::play(id);
    let was = before.anchor_on.to_string();
    Ok(Done::to(here.clone(), format!("Planned anew: its days count from {}.", format::date(anchor)))
        .undo(format!("{here}/replan"), &[("anchor", &was)]))
}
