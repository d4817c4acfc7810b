//! `/settings/rates`: exchange rates into the tenant's currency. The form posts `currency` and `rate`.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::app::members::Role;
use crate::db::contracts;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Manager, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters, format};

const HERE: &str = "/settings/rates";

/// The rates, and the currencies that lack one.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/rates.html")]
pub struct RatesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may state a rate.
    pub may_edit: bool,
    /// The tenant's currency.
    pub currency: String,
    /// Currencies of contracts that have no rate.
    pub missing: Option<Notice>,
    /// What was typed, after an error: currency and rate.
    pub typed: (String, String),
    /// What is wrong with the currency.
    pub currency_error: Option<String>,
    /// What is wrong with the rate.
    pub rate_error: Option<String>,
    /// (currency, rate, contracts in it).
    pub rates: Vec<(String, String, String)>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// A rate as typed.
#[derive(Debug, Deserialize)]
pub struct NewRate {
    currency: String,
    rate: String,
}

/// Without the noughts that the database keeps.
fn short(rate: &str) -> &str {
    if rate.contains('.') { rate.trim_end_matches('0').trim_end_matches('.') } else { rate }
}

async fn page(web: &Web, member: &Member) -> Result<RatesPage> {
    let currency = member.scope.currency().to_owned();
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Rates).await?;
    let rates = contracts::rates(&mut tx).await?;
    let used = contracts::currencies(&mut tx).await?;
    let lacking: Vec<String> = used
        .iter()
        .filter(|(code, _)| *code != currency && !rates.iter().any(|(known, _)| known == code))
        .map(|(code, n)| format!("{code} ({})", format::count(*n, "contract")))
        .collect();
    let missing = (!lacking.is_empty()).then(|| {
        let text =
            format!("{}. Their accounts are in no sum and fall to the last segment.", lacking.join(", "));
        Notice::new(Tone::Watch, "Currencies without a rate:", &text)
    });
    let contracts_in = |code: &str| used.iter().find(|(c, _)| c == code).map_or(0, |(_, n)| *n);
    let none = || {
        let text = format!("None are needed as long as every contract is in {currency}.");
        EmptyState::new("refresh-cw", "No rates stated", &text)
    };
    Ok(RatesPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Manager),
        missing,
        typed: Default::default(),
        currency_error: None,
        rate_error: None,
        empty: rates.is_empty().then(none),
        rates: rates
            .iter()
            .map(|(code, rate)| (code.clone(), short(rate).to_owned(), format::number(contracts_in(code))))
            .collect(),
        currency,
    })
}

/// The list.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<RatesPage>> {
    Ok(Page(page(&web, &member).await?))
}

/// States a rate.
pub async fn put(
    State(web): State<Web>,
    Manager(member): Manager,
    Form(form): Form<NewRate>,
) -> Result<Response> {
    let mut page = page(&web, &member).await?;
    let code = form.currency.trim().to_uppercase();
    if code == page.currency {
        page.currency_error = Some("is the currency that sums are made in".to_owned());
        page.typed = (form.currency, form.rate);
        return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    match web.app.put_rate(&member.scope, &code, &form.rate, &member.actor()).await {
        Ok(()) => {
            let text = format!("One {code} is {} {} now.", form.rate.trim(), page.currency);
            let done = Done::to(HERE, text);
            let before = page.rates.into_iter().find(|(known, ..)| *known == code);
            let done = match &before {
                Some((code, rate, _)) => done.undo(HERE, &[("currency", code), ("rate", rate)]),
                None => done,
            };
            Ok(done.into_response())
        }
        Err(Error::Invalid(fields)) => {
            for field in fields {
                match field.name.as_str() {
                    "currency" => page.currency_error = Some(field.message),
                    _ => page.rate_error = Some(field.message),
                }
            }
            page.typed = (form.currency, form.rate);
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_keeps_its_meaning_when_shortened() {
        for (long, want) in [("1.0800", "1.08"), ("2.000", "2"), ("100", "100"), ("0.01", "0.01")] {
            assert_eq!(short(long), want);
        }
    }
}
