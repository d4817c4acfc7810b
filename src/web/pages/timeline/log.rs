//! What people add to the journal: `POST /accounts/{external_id}/timeline`, `POST /timeline/{id}/{remove,restore}`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use super::account;
use crate::app::Error;
use crate::app::timeline::Logged;
use crate::domain::timeline::Kind;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id, Member, Path};
use crate::web::respond::{Done, sentences};
use crate::web::{Web, paths};

const KINDS: [(Kind, &str); 4] =
    [(Kind::Note, "file-text"), (Kind::Call, "phone"), (Kind::Meeting, "users"), (Kind::Email, "mail")];

/// The form as it is shown.
#[derive(Clone, Debug)]
pub struct LogForm {
    /// Where it is sent.
    pub action: String,
    /// What it may be: word, label, icon, whether chosen.
    pub kinds: Vec<(&'static str, &'static str, &'static str, bool)>,
    /// What was typed.
    pub text: String,
    /// What was typed.
    pub attendees: String,
    /// What was typed.
    pub at: String,
    /// What is wrong with it.
    pub error: String,
}

impl LogForm {
    /// Nothing typed yet.
    pub fn empty(external_id: &str) -> Self {
        LogForm::typed(external_id, Sent::default(), String::new())
    }

    fn typed(external_id: &str, sent: Sent, error: String) -> Self {
        let chosen = Kind::parse(&sent.kind).unwrap_or(Kind::Note);
        let kind = |(kind, icon): (Kind, &'static str)| (kind.word(), kind.label(), icon, kind == chosen);
        LogForm {
            action: paths::account_tab(external_id, "timeline"),
            kinds: KINDS.map(kind).into(),
            text: sent.text,
            attendees: sent.attendees,
            at: sent.at,
            error,
        }
    }
}

/// What is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    kind: String,
    text: String,
    attendees: String,
    at: String,
}

/// A moment as a browser states it, by the tenant's clock.
fn moment(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    Some(zone.from_local_datetime(&local).earliest()?.to_utc())
}

/// Adds a note, call, meeting or e-mail.
pub async fn add(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response> {
    let at = match sent.at.as_str() {
        "" => None,
        text => match moment(text, member.scope.time_zone()) {
            Some(at) => Some(at),
            None => {
                let error = "There is no such moment: write the day and the time.".to_owned();
                let form = LogForm::typed(&external_id, sent, error);
                return account::refused(&web, &member, &external_id, form).await;
            }
        },
    };
    let attendees =
        sent.attendees.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let logged = Logged {
        // What is none of them is refused below like every other mistake.
        kind: Kind::parse(&sent.kind).unwrap_or(Kind::Survey),
        at,
        text: sent.text.clone(),
        attendees: attendees.collect(),
        external_id: None,
    };
    let me = Some(member.membership.member_id);
    match web.app.log_entry(&member.scope, &external_id, &logged, &member.actor(), me).await {
        Ok((entry, _)) => {
            let text = format!("{} added.", logged.kind.label());
            let done = Done::to(paths::account_tab(&external_id, "timeline"), text);
            Ok(done.undo(format!("/timeline/{}/remove", entry.id), &[]).into_response())
        }
        Err(Error::Invalid(fields)) => {
            let form = LogForm::typed(&external_id, sent, sentences(&fields));
            account::refused(&web, &member, &external_id, form).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes back what the member added.
pub async fn remove(State(web): State<Web>, Csm(member): Csm, Id(id): Id) -> Result<Response> {
    let done = change(&web, &member, id, true).await?;
    Ok(done.undo(format!("/timeline/{id}/restore"), &[]).into_response())
}

/// Brings it back.
pub async fn restore(State(web): State<Web>, Csm(member): Csm, Id(id): Id) -> Result<Response> {
    Ok(change(&web, &member, id, false).await?.into_response())
}

async fn change(web: &Web, member: &Member, id: uuid::Uuid, removed: bool) -> Result<Done> {
    let me = member.membership.member_id;
    let entry = web.app.remove_entry(&member.scope, id, removed, &member.actor(), me).await?;
    let next = entry
        .external_id
        .as_deref()
        .map_or(paths::ACTIVITY.to_owned(), |id| paths::account_tab(id, "timeline"));
    let what = Kind::parse(&entry.kind).map_or("Entry", Kind::label);
    Ok(Done::to(next, format!("{what} {}.", if removed { "removed" } else { "is back" })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_by_the_tenants_clock() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let utc = |text| moment(text, zone).map(|at| at.to_rfc3339());
        assert_eq!(utc("2027-03-01T10:00").as_deref(), Some("2027-03-01T09:00:00+00:00"));
        assert_eq!(utc("2027-07-01T10:00:30").as_deref(), Some("2027-07-01T08:00:30+00:00"));
        assert_eq!(utc("2027-03-28T02:30"), None, "the clocks jump over it");
        assert_eq!(utc("yesterday"), None);
    }
}
