//! `GET /accounts/{external_id}/timeline`: everything that happened to one account.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::filter::{Params, Toggle};
use super::log::LogForm;
use super::stream::{Day, Teller};
use crate::app::members::Role;
use crate::db::timeline::Filter;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Path, Query};
use crate::web::pages::accounts::head::AccountHead;
use crate::web::pages::accounts::load::{AsOf, Subject};
use crate::web::respond::{Page, page_with_status, vary};
use crate::web::ui::{EmptyState, Shell, filters};
use crate::web::{Web, paths};

/// The stream, and the form to add to it.
#[derive(Clone, Debug, Template)]
#[template(path = "timeline/account.html", blocks = ["stream"])]
pub struct TimelinePage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// What can be added, by those who may.
    pub log: Option<LogForm>,
    /// This page without a filter.
    pub path: String,
    /// The groups.
    pub toggles: Vec<Toggle>,
    /// The groups that are on, for the search form.
    pub group: String,
    /// Words that are searched for.
    pub q: String,
    /// Entries by day.
    pub days: Vec<Day>,
    /// Where it goes on.
    pub more: Option<String>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Whether it is a part after the first.
    pub goes_on: bool,
}

/// The page, or the next part of the stream for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Path(external_id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response> {
    let page = page(&web, &member, &external_id, &params, None).await?;
    Ok(vary(if part { Page(page.as_stream()).into_response() } else { Page(page).into_response() }))
}

async fn page(
    web: &Web,
    member: &Member,
    external_id: &str,
    params: &Params,
    form: Option<LogForm>,
) -> Result<TimelinePage> {
    let subject = Subject::load(web, member, external_id, &AsOf::default()).await?;
    let path = paths::account_tab(external_id, "timeline");
    let teller = Teller::new(&subject.words, member);
    let filter = Filter { account: Some(subject.account.id), ..Filter::default() };
    let mut tx = web.app.db.read(&member.scope).await?;
    let part = params.read(&mut tx, &path, filter, &teller).await?;
    drop(tx);
    let log = || member.may(Role::Csm).then(|| LogForm::empty(external_id));
    Ok(TimelinePage {
        shell: subject.shell(member, "timeline"),
        head: subject.head("timeline"),
        log: form.or_else(log),
        toggles: params.toggles(&path),
        group: params.group().to_owned(),
        q: params.q.clone(),
        days: part.days,
        more: part.more,
        empty: part.empty,
        goes_on: params.goes_on(),
        path,
    })
}

/// The page again, with what was typed and what is wrong with it.
///
/// # Errors
/// When the database fails.
pub async fn refused(web: &Web, member: &Member, external_id: &str, form: LogForm) -> Result<Response> {
    let page = page(web, member, external_id, &Params::default(), Some(form)).await?;
    Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
}
