//! Rules that are true of so many accounts that they wait for a manager's word, and `POST /alerts/storms/{id}/{release,refuse}`.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::Error;
use crate::app::members::Role;
use crate::db;
use crate::db::TenantTx;
use crate::db::alerts::{Filter, Which};
use crate::web::error::Result;
use crate::web::extract::{Form, Id, Manager, Member};
use crate::web::pages::wording::Wording;
use crate::web::respond::Done;
use crate::web::ui::{filters, format, html_safe};
use crate::web::{Web, paths};

/// Accounts that are named in a banner.
const NAMED: i64 = 12;

/// A rule that waits.
#[derive(Clone, Debug, Template)]
#[template(path = "alerts/storm.html")]
pub struct StormBanner {
    /// `Usage drop`.
    name: String,
    /// `would open on 61 of 200 accounts`.
    text: String,
    /// Their ARR.
    arr: String,
    /// Some of them: name and address.
    accounts: Vec<(String, String)>,
    /// `and 49 more`, or empty.
    more: String,
    /// All of them.
    all: String,
    /// Where Let pass and Refuse are sent.
    action: String,
    /// The page to come back to.
    next: String,
}

html_safe!(StormBanner);

/// What waits for this member's word: nothing for those who are no managers.
///
/// # Errors
/// When the database fails.
pub async fn waiting(
    tx: &mut TenantTx,
    member: &Member,
    words: &Wording,
    next: &str,
) -> db::Result<Vec<StormBanner>> {
    if !member.may(Role::Manager) {
        return Ok(Vec::new());
    }
    let mut banners = Vec::new();
    for storm in db::storms::list(tx, false).await? {
        let filter =
            Filter { which: Which::Held, rule: Some(storm.rule.clone()), quiet: true, ..Filter::default() };
        let totals = db::alerts::totals(tx, &filter, words.today).await?;
        let held = db::alerts::list(tx, &filter, words.today, 0, NAMED).await?;
        let rest = totals.alerts - held.len() as i64;
        banners.push(StormBanner {
            name: storm.name,
            text: format!(
                "would open on {} of {}",
                format::number(totals.alerts),
                format::count(storm.of_accounts.into(), "account")
            ),
            arr: format!("{} ARR", format::money_short(totals.arr_base_minor, &words.currency)),
            accounts: held
                .into_iter()
                .map(|alert| (alert.account, paths::account(&alert.external_id)))
                .collect(),
            more: if rest > 0 { format!("and {} more", format::number(rest)) } else { String::new() },
            all: paths::with_query(paths::ALERTS, &[("which", Which::Held.word()), ("rule", &storm.rule)]),
            action: format!("{}/storms/{}", paths::ALERTS, storm.id),
            next: next.to_owned(),
        });
    }
    Ok(banners)
}

/// Where to come back to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Next {
    next: String,
}

async fn decide(web: &Web, member: &Member, id: uuid::Uuid, release: bool, next: &Next) -> Result<Response> {
    let next = if next.next.is_empty() { paths::ALERTS } else { paths::local(&next.next) };
    let mut tx = web.app.db.read(&member.scope).await?;
    let storm = db::storms::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    if let (Some(decision), Some(by)) = (&storm.decision, &storm.decided_by) {
        let text = format!("“{}” was decided already: {decision} by {by}.", storm.name);
        return Ok(Done::failed(next, text).into_response());
    }
    let storm = web.app.decide_storm(&member.scope, id, release, &member.actor()).await?;
    let text = match release {
        true => format!("“{}” has opened.", storm.name),
        false => format!("“{}” stays closed until it is true anew.", storm.name),
    };
    Ok(Done::to(next, text).into_response())
}

/// Lets it pass.
pub async fn release(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(next): Form<Next>,
) -> Result<Response> {
    decide(&web, &member, id, true, &next).await
}

/// Refuses it.
pub async fn refuse(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(next): Form<Next>,
) -> Result<Response> {
    decide(&web, &member, id, false, &next).await
}
