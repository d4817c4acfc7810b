//! `GET /accounts/{external_id}/support`: the account's tickets, how their times were kept, and what it cost.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::head::AccountHead;
use super::load::{AsOf, Subject};
use crate::db;
use crate::db::tickets::{Filter, Of};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Path, Query};
use crate::web::pages::support::figures::{period, tiles};
use crate::web::pages::support::words::Table;
use crate::web::respond::Page;
use crate::web::ui::{EmptyState, Pager, Shell, StatTile, filters};

/// Resolved tickets on one page.
const PAGE: i64 = 25;
/// Open tickets shown at most.
const MOST_OPEN: i64 = 100;
/// The period the figures are of.
const DAYS: i64 = 90;

/// Which page of the resolved ones.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    as_of: String,
    page: String,
}

/// The Support tab.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/support.html")]
pub struct AccountSupportPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// How the last 90 days went.
    pub stats: Vec<StatTile>,
    /// Not resolved, the clock that runs out next first.
    pub open: Table,
    /// Resolved, the latest first.
    pub resolved: Table,
    /// Ways through them.
    pub pager: Pager,
    /// Said when there is nothing at all.
    pub empty: Option<EmptyState>,
}

/// The page. Tickets are shown as they are now, also beside the account of a past day.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Page<AccountSupportPage>> {
    let subject = Subject::load(&web, &member, &external_id, &AsOf::on(&params.as_of)).await?;
    let (now, zone, account) = (subject.words.now, member.scope.time_zone(), subject.account.id);
    let filter = |resolved| Filter { account: Some(account), resolved: Some(resolved), ..Filter::default() };
    let of = Of { account: Some(account), ..Of::default() };
    let mut tx = web.app.db.read(&member.scope).await?;
    let (open, all) = db::tickets::open_counts(&mut tx, account).await?;
    let total = all - open;
    let number = params.page.parse::<i64>().unwrap_or(1).clamp(1, ((total + PAGE - 1) / PAGE).max(1));
    let running = db::tickets::list(&mut tx, &filter(false), 0, MOST_OPEN).await?;
    let done = db::tickets::list(&mut tx, &filter(true), (number - 1) * PAGE, PAGE).await?;
    let (from, to) = period(now, DAYS);
    let figures = db::tickets::figures(&mut tx, from, to, &of).await?;
    let attained = db::tickets::attained(&mut tx, from, to, &of).await?;
    drop(tx);
    let nothing = || {
        let text = "Tickets come over the API or from a file, and count for the account's health as your \
                    methodology says.";
        EmptyState::new("life-buoy", "No tickets yet", text).action("Import tickets", "/settings/imports")
    };
    let href = |page: i64| format!("{}?page={page}", subject.href("support"));
    Ok(Page(AccountSupportPage {
        shell: subject.shell(&member, "support"),
        head: subject.head("support"),
        stats: tiles(&figures, &attained, DAYS),
        open: Table::of(&running, &subject.words, zone).of_one_account(),
        resolved: Table::of(&done, &subject.words, zone).of_one_account(),
        pager: Pager::numbered(number, PAGE, total, "ticket", href),
        empty: (all == 0).then(nothing),
    }))
}
