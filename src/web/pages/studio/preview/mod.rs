//! `/studio/drafts/{id}/preview`: what a draft would do to every account. `POST` starts it; block `progress` answers htmx
//! while it is made; `GET …/preview.csv` hands all accounts out.

mod outcome;
mod params;

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

pub(super) use outcome::headline;
pub use outcome::{AccountLine, Cell, Matrix, Outcome, RuleLine, SegmentLine};
pub use params::Params;

use super::forms::Fields;
use super::{Answer, DraftHead, Tab, answer, find};
use crate::app::Error;
use crate::app::methodology::Draft;
use crate::app::methodology::preview::PreviewState;
use crate::web::error::Result;
use crate::web::extract::{Form, Hx, Id, Manager, Member, Query};
use crate::web::respond::{Done, Page, unless_conflict, vary};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, ProgressBar, Shell, filters};
use crate::web::{Web, paths};

/// What a draft would do.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/preview.html", blocks = ["progress"])]
pub struct PreviewPage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Where it is.
    pub step: Step,
}

/// Where a preview is.
#[derive(Clone, Debug)]
pub enum Step {
    /// Not asked for yet, or ended early.
    Idle(EmptyState),
    /// Under way: the bar, and the job to stop.
    Running(ProgressBar, Option<Uuid>),
    /// Done.
    Done(Box<Outcome>),
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Id(id): Id,
    Query(params): Query<Params>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(page(&web, &member, &draft, &params).await.map(|page| {
        vary(if part { Page(page.as_progress()).into_response() } else { Page(page).into_response() })
    })))
}

async fn page(web: &Web, member: &Member, draft: &Draft, params: &Params) -> Result<PreviewPage> {
    let preview = web.app.preview(&member.scope, draft.stored.id).await?;
    let ended = |title: &str, text: &str| Step::Idle(EmptyState::new("gauge", title, text));
    let step = match &preview {
        None => ended(
            "Not tried out yet",
            "Every account is worked out by the version in force and by this draft, side by side. No score is touched.",
        ),
        Some(preview) => match (&preview.state, &preview.summary) {
            (PreviewState::Done, Some(summary)) => {
                Step::Done(Box::new(outcome::outcome(web, member, draft, (preview, summary), params).await?))
            }
            (PreviewState::Waiting | PreviewState::Running, _) => {
                let total = Some(preview.total).filter(|total| *total > 0);
                let bar = ProgressBar::new("Working accounts out by both", preview.done, total, "account");
                Step::Running(bar, preview.stored.job_id)
            }
            (PreviewState::Cancelled, _) => {
                ended("Stopped", "Somebody stopped it before every account was done.")
            }
            (PreviewState::Failed(why), _) => ended("It ended early", why),
            (PreviewState::Done, None) => ended("It ended early", "What came of it cannot be read any more."),
        },
    };
    let head = DraftHead::new(web, member, draft, Tab::Preview);
    Ok(PreviewPage { shell: member.shell(Room::Settings), head, step })
}

/// Starts it.
pub async fn start(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    let here = format!("{}/preview", paths::draft(id));
    let revision =
        Fields(fields).find("revision").and_then(|n| n.parse().ok()).unwrap_or(draft.stored.revision);
    let started = web.app.start_preview(&member.scope, id, revision, &member.actor()).await;
    Ok(answer(unless_conflict(here, started, |here, _| Done::to(here, "Trying the draft out."))))
}

/// Hands all accounts out.
pub async fn download(State(web): State<Web>, member: Member, Id(id): Id) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(csv(&web, &member, &draft).await))
}

async fn csv(web: &Web, member: &Member, draft: &Draft) -> Result<Response> {
    let preview = web.app.preview(&member.scope, draft.stored.id).await?.ok_or(Error::NotFound)?;
    let mut out = Vec::new();
    web.app.write_preview(&member.scope, preview.stored.id, &mut out).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"preview.csv\""),
    ];
    Ok((headers, out).into_response())
}
