//! `/studio/backtests`: what was tried, newest first.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{HERE, ROOM, href, period, state};
use crate::app::members::Role;
use crate::db::backtests::{self, Backtest};
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::respond::Page;
use crate::web::ui::{EmptyState, Pager, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// Backtests on one page.
const PAGE: i64 = 30;

/// The place in the list after which the page begins.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    before: String,
}

/// The list.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/backtests.html")]
pub struct BacktestsPage {
    /// The frame.
    pub shell: Shell,
    /// Whether the visitor may start one.
    pub may_start: bool,
    /// Newest first.
    pub rows: Vec<BacktestRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Ways on.
    pub pager: Pager,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct BacktestRow {
    /// Its page.
    pub href: String,
    /// `Acme customer success, version 3`.
    pub title: String,
    /// `1 Mar 2026 to 15 Dec 2026, weekly, 90 days ahead`.
    pub period: String,
    /// `Done`.
    pub state: &'static str,
    /// How that looks.
    pub tone: Tone,
    /// `0.81`, or why there is none.
    pub auc: String,
    /// The baseline's.
    pub baseline: String,
    /// `22 Nov 2026 by Ana Pérez`.
    pub started: String,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Page<BacktestsPage>> {
    let before = place(&params.before);
    let mut tx = web.app.db.read(&member.scope).await?;
    let mut found = backtests::list(&mut tx, before, PAGE + 1).await?;
    drop(tx);
    let more = found.len() as i64 > PAGE;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| {
        let place = format!("{}-{}", last.started_at.timestamp_micros(), last.id.simple());
        paths::with_query(HERE, &[("before", &place)])
    });
    let may_start = member.may(Role::Manager);
    let none = || {
        let text = "A backtest scores every account as it stood on past days, with what was known then, and holds \
                    the scores against who left afterwards.";
        let empty = EmptyState::new("activity", "Would the score have seen it coming?", text);
        if may_start { empty.action("New backtest", &format!("{HERE}/new")) } else { empty }
    };
    Ok(Page(BacktestsPage {
        shell: member.shell(ROOM),
        may_start,
        empty: found.is_empty().then(none),
        rows: found.iter().map(|one| row(one, &member)).collect(),
        pager: Pager::keyset("", before.map(|_| HERE.to_owned()), next),
    }))
}

fn place(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = text.split_once('-')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

fn row(one: &Backtest, member: &Member) -> BacktestRow {
    let (tone, word) = state(one.state());
    let figure = |auc: Option<f64>| match (auc, one.finished_at) {
        (Some(auc), _) => format::decimal(auc, 2),
        (None, Some(_)) => "too few churned".to_owned(),
        (None, None) => "\u{2013}".to_owned(),
    };
    let day = format::date(member.scope.day_of(one.started_at));
    BacktestRow {
        href: href(one.id),
        title: one.title.clone(),
        period: serde_json::from_value(one.settings.clone()).map_or(String::new(), |s| period(&s)),
        state: word,
        tone,
        auc: figure(one.auc),
        baseline: one.baseline_auc.map_or("\u{2013}".to_owned(), |auc| format::decimal(auc, 2)),
        started: format!("{day} by {}", one.started_by),
    }
}
