//! `/studio/backtests/{id}`: how far it is, and what came of it. Block `result` answers htmx while it runs.
//! `POST …/draft`, `…/stop`, `…/delete`, `…/restore`.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::figures::FiguresView;
use super::weights::WeightsView;
use super::{HERE, ROOM, href, period};
use crate::app::Error;
use crate::app::members::Role;
use crate::app::methodology::DraftFrom;
use crate::db;
use crate::db::backtests::Backtest;
use crate::db::jobs::JobState;
use crate::domain::backtest::{Counts, MIN_LOST, Report, Settings, Suggestion};
use crate::web::error::Result;
use crate::web::extract::{Hx, Id, Manager, Member};
use crate::web::respond::{Done, Page};
use crate::web::ui::{EmptyState, Notice, ProgressBar, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// One backtest.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/backtest.html", blocks = ["result"])]
pub struct BacktestPage {
    /// The frame.
    pub shell: Shell,
    /// Path of this page.
    pub here: String,
    /// `Acme customer success, version 3`.
    pub title: String,
    /// `1 Mar 2026 to 15 Dec 2026, weekly, 90 days ahead`.
    pub period: String,
    /// `Started 22 Nov 2026 by Ana Pérez`.
    pub started: String,
    /// Whether the visitor may stop and delete it.
    pub may_edit: bool,
    /// What can become of the weights it suggests; none where it suggests none.
    pub offer: Option<Offer>,
    /// Where it is.
    pub step: BacktestStep,
}

/// Whether suggested weights can become a draft.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The version in force, where it is the one that was tested.
    pub over: Option<i32>,
}

/// Where a backtest is.
#[derive(Clone, Debug)]
pub enum BacktestStep {
    /// At work; the part asks again every second.
    Running(ProgressBar),
    /// It ended without a report.
    Ended(Notice),
    /// Too little happened to say anything.
    TooFew(EmptyState, Vec<(String, String)>),
    /// What came of it.
    Done(Box<FiguresView>, Vec<WeightsView>, Vec<(String, String)>),
}

/// The page, or its part for htmx.
pub async fn show(State(web): State<Web>, member: Member, Hx(part): Hx, Id(id): Id) -> Result<Response> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let found = db::backtests::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let report = db::backtests::report(&mut tx, id).await?;
    drop(tx);
    let settings: Settings = serde_json::from_value(found.settings.clone()).map_err(anyhow::Error::from)?;
    let report: Option<Report> =
        report.map(serde_json::from_value).transpose().map_err(anyhow::Error::from)?;
    let suggests =
        report.as_ref().is_some_and(|report| report.suggestions.iter().any(Suggestion::has_weights));
    let may_edit = member.may(Role::Manager);
    let offer = match suggests && may_edit {
        true => Some(Offer { over: web.app.tried_in_force(&member.scope, id).await? }),
        false => None,
    };
    let step = match &report {
        Some(report) => done(report, &settings, &member),
        None => on_its_way(&found),
    };
    let day = format::date(member.scope.day_of(found.started_at));
    let page = BacktestPage {
        shell: member.shell(ROOM),
        here: href(id),
        title: found.title.clone(),
        period: period(&settings),
        started: format!("Started {day} by {}", found.started_by),
        may_edit,
        offer,
        step,
    };
    Ok(if part { Page(page.as_result()).into_response() } else { Page(page).into_response() })
}

fn on_its_way(found: &Backtest) -> BacktestStep {
    match found.state() {
        JobState::Waiting => BacktestStep::Running(
            ProgressBar::new("Waiting", 0, None, "account").text("other work comes first"),
        ),
        JobState::Running | JobState::Done => {
            let total = Some(found.total).filter(|total| *total > 0);
            let bar = ProgressBar::new("Scoring the past", found.done, total, "account");
            let last = total.is_some_and(|total| found.done >= total);
            BacktestStep::Running(if last {
                bar.text("all accounts scored, making the figures")
            } else {
                bar
            })
        }
        JobState::Cancelled => {
            let text = "Nothing was kept of it. Start another when you like.";
            BacktestStep::Ended(Notice::new(Tone::None, "This backtest was stopped.", text))
        }
        JobState::Failed => {
            let text = "It ended by a fault of Holdfast or its database; the log has the cause. Nothing was changed.";
            BacktestStep::Ended(Notice::new(Tone::Critical, "This backtest failed.", text))
        }
    }
}

fn done(report: &Report, settings: &Settings, member: &Member) -> BacktestStep {
    let basis = basis(&report.counts, settings);
    let Some(figures) = &report.figures else {
        let churned = format::count(report.counts.lost_accounts as i64, "account");
        let text = format!(
            "{churned} of {} churned within {} days of a scored day. Fewer than {MIN_LOST} carry no figure. Choose a \
             longer period or a longer horizon.",
            format::number(report.counts.accounts as i64),
            settings.horizon_days
        );
        let empty = EmptyState::new("info", "Too few accounts churned to say anything", &text);
        let empty = if member.may(Role::Manager) {
            empty.action("New backtest", &format!("{HERE}/new"))
        } else {
            empty
        };
        return BacktestStep::TooFew(empty, basis);
    };
    let view = FiguresView::new(figures, &report.counts, settings, member.scope.currency());
    let weights = report.suggestions.iter().map(WeightsView::new).collect();
    BacktestStep::Done(Box::new(view), weights, basis)
}

/// What the figures rest on: (name, figure).
fn basis(counts: &Counts, settings: &Settings) -> Vec<(String, String)> {
    let n = |n: usize| format::number(n as i64);
    let of = |part: usize| {
        let share = part as f64 / counts.days.max(1) as f64;
        format!("{} ({})", n(part), format::percent(share, 1))
    };
    let ahead = format!("within {} days", settings.horizon_days);
    let mut rows = vec![
        ("Accounts".to_owned(), n(counts.accounts)),
        ("Account-days".to_owned(), n(counts.days)),
        (format!("Accounts that churned {ahead}"), n(counts.lost_accounts)),
        ("Account-days before a churn".to_owned(), of(counts.lost_days)),
        ("Before a renewal for the same or more".to_owned(), of(counts.renewed_days)),
        ("Before shrinking".to_owned(), of(counts.shrank_days)),
        ("Without a score, for want of data".to_owned(), of(counts.unscored_days)),
    ];
    if counts.entered_later_days > 0 {
        let name = "With contracts entered only later, seen as first entered";
        rows.push((name.to_owned(), of(counts.entered_later_days)));
    }
    rows
}

/// Makes a draft of the version in force with the weights it suggests, and leads to what that changes.
pub async fn draft(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    let draft = web.app.create_draft(&member.scope, DraftFrom::Backtest(id), "", &member.actor()).await?;
    let href = paths::draft(draft.stored.id);
    let text = "A draft with the suggested weights was begun; this is what it changes.";
    Ok(Done::to(format!("{href}/changes"), text).undo(format!("{href}/discard"), &[]))
}

/// Stops it.
pub async fn stop(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    web.app.cancel_backtest(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(href(id), "The backtest was stopped."))
}

/// Takes it away.
pub async fn delete(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    web.app.delete_backtest(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(HERE, "The backtest was deleted.").undo(format!("{}/restore", href(id)), &[]))
}

/// Takes it back.
pub async fn restore(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    web.app.restore_backtest(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(href(id), "The backtest is back."))
}
