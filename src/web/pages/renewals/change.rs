//! `POST /renewals/{id}/forecast`, `…/outcome` and `…/reopen`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::show;
use crate::app::renewals::{Closing, Expected, NextTerm};
use crate::app::{Error, error};
use crate::db;
use crate::db::renewals::Linked;
use crate::domain::forecast::{Category, Reason};
use crate::domain::money::{Currency, Money, MoneyError};
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id};
use crate::web::respond::{Done, page_with_status, unless_conflict};
use crate::web::{Web, paths};

/// What the form of the forecast sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ForecastForm {
    pub(super) category: String,
    pub(super) likelihood: String,
    pub(super) note: String,
    #[serde(skip)]
    pub(super) errors: Vec<String>,
}

impl ForecastForm {
    fn expected(&self) -> std::result::Result<Expected, Error> {
        let category = match self.category.as_str() {
            "" => None,
            word => {
                let known = Category::parse(word);
                Some(known.ok_or_else(|| Error::invalid("category", "is none of those offered"))?)
            }
        };
        let whole = |_| Error::invalid("likelihood", "must be a whole number from 0 to 100");
        let likelihood = match self.likelihood.trim().trim_end_matches('%').trim() {
            "" => None,
            text => Some(text.parse().map_err(whole)?),
        };
        Ok(Expected { category, likelihood, note: self.note.clone() })
    }
}

/// What the forms of an outcome send.
#[derive(Clone, Debug, Default)]
pub struct CloseForm {
    pub(super) churned: bool,
    /// Contract and amount, as typed.
    pub(super) amounts: Vec<(String, String)>,
    pub(super) effective_on: String,
    pub(super) term_months: String,
    pub(super) reason: String,
    pub(super) note: String,
    pub(super) competitor: String,
    pub(super) errors: Vec<String>,
}

impl CloseForm {
    /// From fields; those named `arr:` and a contract hold amounts.
    fn of(fields: Vec<(String, String)>) -> CloseForm {
        let mut form = CloseForm::default();
        for (name, value) in fields {
            match name.as_str() {
                "churned" => form.churned = value == "yes",
                "effective_on" => form.effective_on = value,
                "term_months" => form.term_months = value,
                "reason" => form.reason = value,
                "note" => form.note = value,
                "competitor" => form.competitor = value,
                other => {
                    form.amounts.extend(other.strip_prefix("arr:").map(|id| (id.to_owned(), value.clone())))
                }
            }
        }
        form
    }

    fn closing(&self, linked: &[Linked]) -> std::result::Result<Closing, Error> {
        let mut terms = Vec::new();
        for link in linked.iter().filter(|_| !self.churned) {
            let Some((_, text)) = self.amounts.iter().find(|(id, _)| *id == link.external_id) else {
                continue;
            };
            let read = |currency: Currency| Money::parse(text, currency);
            let money = link.currency.parse().and_then(read);
            let money = money.map_err(|e: MoneyError| Error::invalid("terms", e.to_string()))?;
            terms.push(NextTerm { contract: link.external_id.clone(), arr_minor: money.minor });
        }
        let day = |_| Error::invalid("effective_on", "must be a date such as 2027-01-31");
        let effective_on = match self.effective_on.trim() {
            "" => None,
            text => Some(text.parse().map_err(day)?),
        };
        let months = |_| Error::invalid("term_months", "must be a whole number of months");
        let term_months = match self.term_months.trim() {
            "" => None,
            text => Some(text.parse().map_err(months)?),
        };
        Ok(Closing {
            churned: self.churned,
            terms,
            effective_on,
            term_months: term_months.filter(|_| !self.churned),
            reason: Reason::parse(&self.reason),
            note: self.note.clone(),
            competitor: self.competitor.clone(),
            expected: None,
        })
    }
}

/// `100000.00`, as a form takes it.
pub(super) fn figure(minor: i64, currency: &str) -> String {
    let money = currency.parse().map(|currency| Money::from_minor(minor, currency).figure());
    money.unwrap_or_else(|_: MoneyError| minor.to_string())
}

fn words(fields: &[error::Field]) -> Vec<String> {
    let label = |name: &str| match name {
        "category" => "The forecast",
        "likelihood" => "The likelihood",
        "terms" => "The ARR",
        "effective_on" => "The day",
        "term_months" => "The term",
        "reason" => "A reason",
        "competitor" => "The competitor",
        _ => "The note",
    };
    fields.iter().map(|field| format!("{} {}.", label(&field.name), field.message)).collect()
}

/// Says what to expect.
pub async fn forecast(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(mut form): Form<ForecastForm>,
) -> Result<Response> {
    let done = match form.expected() {
        Ok(expected) => web.app.forecast_renewal(&member.scope, id, &expected, &member.actor()).await,
        Err(error) => Err(error),
    };
    let here = paths::renewal(id);
    match done {
        Ok(before) => {
            let likelihood = before.likelihood.map_or_else(String::new, |n| n.to_string());
            let category = before.category.unwrap_or_default();
            let fields = [("category", &*category), ("likelihood", &*likelihood), ("note", &*before.note)];
            let undo = format!("{here}/forecast");
            Ok(Done::to(here, "The forecast is noted.").undo(undo, &fields).into_response())
        }
        Err(Error::Invalid(fields)) => {
            let exists = show::page(&web, &member, id, None, None).await;
            exists?;
            form.errors = words(&fields);
            let page = show::page(&web, &member, id, Some(form), None).await?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(Error::Conflict(text)) => Ok(Done::failed(here, text).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// Records what became of it.
pub async fn close(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let listed = db::renewals::by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let linked = db::renewals::linked(&mut tx, &[id]).await?;
    drop(tx);
    let mut form = CloseForm::of(fields);
    let done = match form.closing(&linked) {
        Ok(closing) => web.app.close_renewal(&member.scope, id, &closing, &member.actor()).await,
        Err(error) => Err(error),
    };
    let here = paths::renewal(id);
    match done {
        Ok(kind) => {
            let text = format!("{}: the renewal is closed as {}.", listed.name, kind.label().to_lowercase());
            let undo = format!("{here}/reopen");
            Ok(Done::to(here, text).undo(undo, &[]).into_response())
        }
        Err(Error::Invalid(fields)) => {
            form.errors = words(&fields);
            let page = show::page(&web, &member, id, None, Some(form)).await?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(Error::Conflict(text)) => Ok(Done::failed(here, text).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// Takes that back.
pub async fn reopen(State(web): State<Web>, Csm(member): Csm, Id(id): Id) -> Result<Response> {
    let opened = web.app.reopen_renewal(&member.scope, id, &member.actor()).await;
    unless_conflict(paths::renewal(id), opened, |here, ()| {
        Done::to(here, "The renewal is open again; its contracts are as they were.")
    })
}
