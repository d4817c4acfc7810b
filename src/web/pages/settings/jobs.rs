//! `/settings/jobs`: background work: what runs, what waits, what failed and why.
//!
//! Forms: `POST /settings/jobs/{id}/retry`, `…/discard` and `…/restore` to undo it, and `POST /settings/jobs/retry` for
//! everything of a `kind` that failed. Block `work` answers htmx. Why something failed is for admins.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{SettingsNav, SettingsRoom, moment};
use crate::app::members::Role;
use crate::db::jobs::list::{self, KindCount, Shelf};
use crate::db::jobs::{Job, JobState};
use crate::web::error::Result;
use crate::web::extract::{Admin, Form, Hx, Id, Member, Query};
use crate::web::respond::{Done, Page};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Pager, ProgressBar, Shell, Tabs, Tone, filters, format};
use crate::web::{Web, paths};

const HERE: &str = "/settings/jobs";
/// Jobs on one page.
const PAGE: i64 = 30;

/// Which part, and the place in it after which the page begins.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
}

/// The jobs of a part.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/jobs.html", blocks = ["work"])]
pub struct JobsPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may decide about jobs, and sees why they failed.
    pub may_edit: bool,
    /// Now, failed, over.
    pub tabs: Tabs,
    /// This page, for htmx to ask again while something is under way.
    pub here: String,
    /// Whether it is worth asking again.
    pub live: bool,
    /// `2 at work, 14 due, the first 3 min ago`.
    pub headline: String,
    /// Kinds of which several failed: word, `12 × Scoring every account`.
    pub retry: Vec<(String, String)>,
    /// One page.
    pub rows: Vec<JobRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Ways on where there is more than one page; its target is `#work`.
    pub pager: Option<Pager>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// For the URLs of the forms.
    pub id: String,
    /// `Scoring every account`.
    pub what: String,
    /// `Running`.
    pub state: &'static str,
    /// How that looks.
    pub tone: Tone,
    /// `since 22 Nov, 09:14:31, third try`.
    pub when: String,
    /// How far it is, where it says so.
    pub bar: Option<ProgressBar>,
    /// Why it failed, or why it is tried again.
    pub error: String,
    /// What it is about, indented JSON; empty for nothing.
    pub payload: String,
    /// Whether it hears when it is stopped.
    pub can_stop: bool,
    /// Whether it failed for good.
    pub has_failed: bool,
    /// Whether it failed and was put aside.
    pub is_discarded: bool,
}

/// What is called how. A kind that is not here is called by its own word.
const LABELS: [(&str, &str); 12] = [
    ("score_all", "Scoring every account"),
    ("fold", "Folding daily figures into months"),
    ("correct", "Correcting past scores by late data"),
    ("fold_scores", "Folding scores into months"),
    ("replay", "Counting messages from quarantine"),
    ("settle_overrides", "Settling what was set by hand"),
    ("forget", "Forgetting what is long over"),
    ("methodology_preview", "Trying out a draft"),
    ("backtest", "Backtest"),
    ("watch_ticket", "Watching a ticket's clocks"),
    ("rework_clocks", "Working tickets' clocks out anew"),
    ("plan_cadences", "Planning the company's own meetings"),
];

/// What a kind of work is called.
pub(super) fn label(kind: &str) -> String {
    if let Some((_, label)) = LABELS.iter().find(|(word, _)| *word == kind) {
        return (*label).to_owned();
    }
    let words = kind.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Where a page ends: microseconds and id, which is the order of the list.
fn place((at, id): (DateTime<Utc>, Uuid)) -> String {
    format!("{}-{}", at.timestamp_micros(), id.simple())
}

fn read_place(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = text.split_once('-')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

/// The page, or its part for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let now = web.app.clock.now();
    let shelf = match params.show.as_str() {
        "failed" => Shelf::Failed,
        "over" => Shelf::Over,
        _ => Shelf::Waiting,
    };
    let after = read_place(&params.after);
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Jobs).await?;
    let counts = list::counts(&mut tx, now).await?;
    let mut jobs = list::page(&mut tx, shelf, None, after, PAGE + 1).await?;
    let more = jobs.len() as i64 > PAGE;
    jobs.truncate(PAGE as usize);
    let next = jobs.last().filter(|_| more).map(|last| place(shelf.place(last)));
    if shelf == Shelf::Waiting && after.is_none() {
        // What runs stands above what waits.
        let mut running = list::page(&mut tx, Shelf::Running, None, None, PAGE).await?;
        running.append(&mut jobs);
        jobs = running;
    }
    drop(tx);
    let may_edit = member.may(Role::Admin);
    let href = |after: &str| paths::with_query(HERE, &[("show", &params.show), ("after", after)]);
    let sum = |of: fn(&KindCount) -> i64| counts.iter().map(of).sum::<i64>();
    let page = JobsPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit,
        tabs: tabs(shelf, &counts),
        here: href(&params.after),
        live: shelf == Shelf::Waiting && sum(|kind| kind.running + kind.due) > 0,
        headline: headline(&counts, now),
        retry: counts
            .iter()
            .filter(|kind| shelf == Shelf::Failed && kind.failed > 1)
            .map(|kind| {
                (kind.kind.clone(), format!("{} \u{d7} {}", format::number(kind.failed), label(&kind.kind)))
            })
            .collect(),
        rows: jobs.iter().map(|job| row(job, &member, now)).collect(),
        empty: jobs.is_empty().then(|| nothing(shelf)),
        pager: (after.is_some() || next.is_some()).then(|| {
            Pager::keyset("", after.map(|_| href("")), next.map(|next| href(&next))).target("#work")
        }),
    };
    Ok(if part { Page(page.as_work()).into_response() } else { Page(page).into_response() })
}

fn tabs(shelf: Shelf, counts: &[KindCount]) -> Tabs {
    let now = counts.iter().map(|kind| kind.running + kind.due + kind.later).sum();
    let failed = counts.iter().map(|kind| kind.failed).sum();
    Tabs::new("Background work")
        .tab("Now", HERE, shelf == Shelf::Waiting)
        .count(now)
        .tab("Failed", format!("{HERE}?show=failed"), shelf == Shelf::Failed)
        .count(failed)
        .tab("Over", format!("{HERE}?show=over"), shelf == Shelf::Over)
}

fn headline(counts: &[KindCount], now: DateTime<Utc>) -> String {
    let sum = |of: fn(&KindCount) -> i64| counts.iter().map(of).sum::<i64>();
    let mut parts = vec![format!("{} at work", format::number(sum(|kind| kind.running)))];
    let due = sum(|kind| kind.due);
    if due > 0 {
        let oldest = counts.iter().filter_map(|kind| kind.oldest).min();
        let since =
            oldest.map_or(String::new(), |oldest| format!(", the first {}", format::ago(oldest, now)));
        parts.push(format!("{} due{since}", format::number(due)));
    }
    let later = sum(|kind| kind.later);
    if later > 0 {
        parts.push(format!("{} for later", format::number(later)));
    }
    parts.join(" \u{b7} ")
}

fn row(job: &Job, member: &Member, now: DateTime<Utc>) -> JobRow {
    let state = job.state();
    let at = |moment_at: DateTime<Utc>| moment(moment_at, now, &member.scope);
    let (word, tone) = match state {
        JobState::Running => ("Running", Tone::Watch),
        JobState::Waiting if job.attempts > 0 => ("Tried again", Tone::Risk),
        JobState::Waiting => ("Waiting", Tone::None),
        JobState::Failed if job.discarded_at.is_some() => ("Discarded", Tone::None),
        JobState::Failed => ("Failed", Tone::Critical),
        JobState::Done => ("Done", Tone::Good),
        JobState::Cancelled => ("Stopped", Tone::None),
    };
    let mut when = match (state, job.started_at, job.finished_at) {
        (JobState::Running, Some(since), _) => format!("since {}", at(since)),
        (_, _, Some(end)) => at(end),
        _ if job.run_at <= now => format!("due since {}", at(job.run_at)),
        _ => format!("due {}", at(job.run_at)),
    };
    if job.attempts > 1 || (job.attempts == 1 && state == JobState::Waiting) {
        when += &format!(", tried {}", format::count(job.attempts.into(), "time"));
    }
    let may_see = member.may(Role::Admin);
    let has_payload = job.payload.as_object().is_none_or(|fields| !fields.is_empty());
    let payload = || serde_json::to_string_pretty(&job.payload).unwrap_or_default();
    let total = Some(job.total).filter(|total| *total > 0);
    let is_over = matches!(state, JobState::Done | JobState::Cancelled);
    JobRow {
        id: job.id.to_string(),
        what: label(&job.kind),
        state: word,
        tone,
        when,
        bar: total.filter(|_| !is_over).map(|_| ProgressBar::new("So far", job.done, total, "step")),
        error: match &job.last_error {
            Some(_) if !may_see => "It did not succeed; an admin sees why.".to_owned(),
            Some(error) if state != JobState::Done => format::sentence(error),
            _ => String::new(),
        },
        payload: if may_see && has_payload { payload() } else { String::new() },
        can_stop: state == JobState::Running && total.is_some(),
        has_failed: state == JobState::Failed,
        is_discarded: job.discarded_at.is_some(),
    }
}

fn nothing(shelf: Shelf) -> EmptyState {
    match shelf {
        Shelf::Failed => EmptyState::new(
            "check",
            "Nothing has failed",
            "What fails is tried again by itself. Only what never succeeds is kept here, until somebody decides about it.",
        ),
        Shelf::Over => EmptyState::new(
            "clock",
            "Nothing is over yet",
            "Work that is done is listed here for thirty days.",
        ),
        Shelf::Running | Shelf::Waiting => EmptyState::new(
            "check",
            "Nothing runs or waits",
            "Scoring, imports of late data and whatever recurs show up here while they are under way.",
        ),
    }
}

/// Which kind to try again.
#[derive(Debug, Deserialize)]
pub struct KindForm {
    kind: String,
}

/// Has everything of a kind tried again that failed.
pub async fn retry_kind(
    State(web): State<Web>,
    Admin(member): Admin,
    Form(form): Form<KindForm>,
) -> Result<Done> {
    let count = web.app.retry_jobs(&member.scope, &form.kind, &member.actor()).await?;
    let jobs = format::count(count.try_into().unwrap_or(i64::MAX), "job");
    Ok(Done::to(HERE, format!("{jobs} will be tried again.")))
}

/// Has a failed job tried again.
pub async fn retry(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.retry_job(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(HERE, "It will be tried again."))
}

/// Puts a failed job aside.
pub async fn discard(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.discard_job(&member.scope, id, true, &member.actor()).await?;
    let done = Done::to(format!("{HERE}?show=failed"), "It was put aside and will not be done.");
    Ok(done.undo(format!("{HERE}/{id}/restore"), &[]))
}

/// Takes it back among those that failed.
pub async fn restore(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.discard_job(&member.scope, id, false, &member.actor()).await?;
    Ok(Done::to(format!("{HERE}?show=failed"), "It is among those that failed again."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::dispatch::Kind;

    #[test]
    fn every_kind_of_work_has_a_name_people_understand() {
        for kind in Kind::ALL {
            assert!(LABELS.iter().any(|(word, _)| *word == kind.word()), "{kind:?} needs a line in LABELS");
        }
        assert_eq!(label("send_digest"), "Send digest");
    }
}
