//! What is done with alerts: `POST /alerts/{id}/{close,reopen,snooze,dismiss,assign,play}`, and
//! `POST /alerts/{close,reopen}` for many. Each answers with a word of it, and the way to undo it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::item::which;
use super::panel::day;
use crate::app::Error;
use crate::db;
use crate::db::alerts::{Alert, Which};
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id, Member};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Done, said};
use crate::web::ui::format;
use crate::web::{Web, paths};

/// What the forms send; each needs some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    next: String,
    note: String,
    reason: String,
    until: String,
    day: String,
    member: String,
    playbook: String,
    play: String,
}

impl Sent {
    fn next(&self, id: Uuid) -> String {
        if self.next.is_empty() { paths::alert(id) } else { paths::local(&self.next).to_owned() }
    }
}

async fn found(web: &Web, member: &Member, id: Uuid) -> Result<Alert> {
    let mut tx = web.app.db.read(&member.scope).await?;
    Ok(db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?)
}

/// Closes it as dealt with.
pub async fn close(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let next = sent.next(id);
    let alert = found(&web, &member, id).await?;
    let closed = web.app.close_alerts(&member.scope, &[id], &sent.note, &member.actor()).await;
    said(next, closed, |next, closed| match closed.is_empty() {
        true => Done::failed(next, format!("“{}” is closed already.", alert.title)),
        false => Done::to(next.clone(), format!("Done: {}, {}.", alert.title, alert.account))
            .undo(paths::alert_verb(id, "reopen"), &[("next", &next)]),
    })
}

/// Takes it up again, whatever it was put to: closed, dismissed or snoozed.
pub async fn reopen(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let next = sent.next(id);
    let alert = found(&web, &member, id).await?;
    let words = Wording::of(&web, &member).await?;
    let (scope, actor) = (&member.scope, member.actor());
    let opened = match which(&words, &alert) {
        Which::Dismissed => web.app.dismiss_alert(scope, id, None, &actor).await,
        Which::Snoozed => web.app.snooze_alert(scope, id, None, &actor).await,
        _ => web.app.reopen_alert(scope, id, &actor).await,
    };
    said(next, opened, |next, alert| {
        Done::to(next, format!("Open again: {}, {}.", alert.title, alert.account))
    })
}

/// Puts it off.
pub async fn snooze(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let next = sent.next(id);
    let until = if sent.day.is_empty() { &sent.until } else { &sent.day };
    let Some(until) = day(until) else {
        found(&web, &member, id).await?;
        return Ok(Done::failed(next, "Choose the day on which it is to come back.").into_response());
    };
    let snoozed = web.app.snooze_alert(&member.scope, id, Some(until), &member.actor()).await;
    said(next, snoozed, |next, before| {
        let done =
            Done::to(next.clone(), format!("Snoozed until {}: {}.", format::date(until), before.title));
        match before.snoozed_until {
            Some(day) => {
                let day = day.to_string();
                done.undo(paths::alert_verb(id, "snooze"), &[("until", &day), ("next", &next)])
            }
            None => done.undo(paths::alert_verb(id, "reopen"), &[("next", &next)]),
        }
    })
}

/// Sets it aside.
pub async fn dismiss(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let next = sent.next(id);
    let dismissed = web.app.dismiss_alert(&member.scope, id, Some(&sent.reason), &member.actor()).await;
    if matches!(dismissed, Err(Error::Invalid(_))) {
        found(&web, &member, id).await?;
    }
    said(next, dismissed, |next, alert| {
        Done::to(next.clone(), format!("Dismissed: {}, {}.", alert.title, alert.account))
            .undo(paths::alert_verb(id, "reopen"), &[("next", &next)])
    })
}

/// Gives it to somebody, or to whoever plays its role.
pub async fn assign(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let next = sent.next(id);
    let to: Option<Uuid> = match sent.member.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::NotFound)?),
    };
    let before = web.app.assign_alert(&member.scope, id, to, &member.actor()).await;
    let after = found(&web, &member, id).await?;
    said(next, before, |next, before| {
        let name = after.owner_name.unwrap_or_else(|| "nobody yet".to_owned());
        let back =
            before.owner_id.filter(|_| before.owner_by_hand).map(|id| id.to_string()).unwrap_or_default();
        Done::to(next.clone(), format!("{} is with {name} now.", before.title))
            .undo(paths::alert_verb(id, "assign"), &[("member", &back), ("next", &next)])
    })
}

/// Starts a playbook because of it; with the id of a play, stops that again.
pub async fn play(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let next = sent.next(id);
    let alert = found(&web, &member, id).await?;
    if let Ok(play) = sent.play.parse::<Uuid>() {
        let mut tx = web.app.db.read(&member.scope).await?;
        let today = member.scope.day_of(web.app.clock.now());
        let ours = db::plays::of_alert(&mut tx, id, today).await?.iter().any(|known| known.id == play);
        drop(tx);
        if !ours {
            return Err(Error::NotFound.into());
        }
        let stopped = web.app.stop_play(&member.scope, play, "Started by mistake", &member.actor()).await;
        return said(next, stopped, |next, play| Done::to(next, format!("Stopped: {}.", play.name)));
    }
    let started = web.app.start_play_of_alert(&member.scope, id, &sent.playbook, &member.actor()).await;
    said(next, started, |next, play| {
        let id_of_play = play.id.to_string();
        Done::to(next.clone(), format!("Started for {}: {}.", alert.account, play.name))
            .undo(paths::alert_verb(id, "play"), &[("play", &id_of_play), ("next", &next)])
    })
}

/// The ids of a form with many, and where to come back to.
fn many(fields: &[(String, String)]) -> Result<(Vec<Uuid>, String)> {
    let ids = fields.iter().filter(|(name, _)| name == "id").flat_map(|(_, value)| value.split(','));
    let ids: std::result::Result<Vec<Uuid>, _> = ids.map(str::parse).collect();
    let next =
        fields.iter().find(|(name, _)| name == "next").map_or(paths::ALERTS, |(_, value)| value.as_str());
    Ok((ids.map_err(|_| Error::NotFound)?, paths::local(next).to_owned()))
}

/// Closes many.
pub async fn close_many(
    State(web): State<Web>,
    Csm(member): Csm,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let (ids, next) = many(&fields)?;
    if ids.is_empty() {
        return Ok(Done::failed(next, "Tick the alerts that are to be closed.").into_response());
    }
    let closed = web.app.close_alerts(&member.scope, &ids, "", &member.actor()).await?;
    let ids: Vec<String> = closed.iter().map(|alert| alert.id.simple().to_string()).collect();
    let done = Done::to(next.clone(), format!("Done: {}.", format::count(closed.len() as i64, "alert")));
    Ok(done
        .undo(format!("{}/reopen", paths::ALERTS), &[("id", &ids.join(",")), ("next", &next)])
        .into_response())
}

/// Opens many again.
pub async fn reopen_many(
    State(web): State<Web>,
    Csm(member): Csm,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let (ids, next) = many(&fields)?;
    let mut opened = 0;
    for id in &ids {
        match web.app.reopen_alert(&member.scope, *id, &member.actor()).await {
            Ok(_) => opened += 1,
            Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let text = format!("Open again: {} of {}.", opened, format::count(ids.len() as i64, "alert"));
    Ok(Done::to(next, text).into_response())
}
