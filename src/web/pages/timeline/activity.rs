//! `GET /activity`: what happened in my accounts, or in all.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::filter::{Params, Toggle};
use super::stream::{Day, Teller};
use crate::app::members::Role;
use crate::db::timeline::Filter;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Page, vary};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, Tabs, filters};
use crate::web::{Web, paths};

/// The stream.
#[derive(Clone, Debug, Template)]
#[template(path = "timeline/activity.html", blocks = ["stream"])]
pub struct ActivityPage {
    /// The frame.
    pub shell: Shell,
    /// Mine or all.
    pub tabs: Tabs,
    /// `mine` or `all`, for the search form.
    pub who: String,
    /// The groups.
    pub toggles: Vec<Toggle>,
    /// The groups that are on.
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
    Query(mut params): Query<Params>,
) -> Result<Response> {
    let words = Wording::of(&web, &member).await?;
    if !matches!(params.who.as_str(), "mine" | "all") {
        params.who = if member.role == Role::Csm { "mine" } else { "all" }.to_owned();
    }
    let mine = params.who == "mine";
    let teller = Teller::new(&words, &member).with_account();
    let filter = Filter { owner: mine.then_some(member.membership.member_id), ..Filter::default() };
    let mut tx = web.app.db.read(&member.scope).await?;
    let found = params.read(&mut tx, paths::ACTIVITY, filter, &teller).await?;
    drop(tx);
    let href = |who| {
        paths::with_query(paths::ACTIVITY, &[("who", who), ("group", params.group()), ("q", &params.q)])
    };
    let page = ActivityPage {
        shell: member.shell(Room::Today),
        tabs: Tabs::new("Whose accounts").tab("My accounts", href("mine"), mine).tab(
            "All accounts",
            href("all"),
            !mine,
        ),
        toggles: params.toggles(paths::ACTIVITY),
        group: params.group().to_owned(),
        goes_on: params.goes_on(),
        days: found.days,
        more: found.more,
        empty: found.empty,
        q: params.q,
        who: params.who,
    };
    Ok(vary(if part { Page(page.as_stream()).into_response() } else { Page(page).into_response() }))
}
