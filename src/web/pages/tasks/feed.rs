//! A member's tasks in their own calendar: `POST /tasks/calendar` makes the link, `POST /tasks/calendar/revoke` takes it
//! away, `GET /calendar/{secret}.ics` is what it opens.

use askama::Template;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};

use crate::db::tasks::Task;
use crate::domain::ical::{Event, calendar};
use crate::web::Web;
use crate::web::error::{Problem, Result};
use crate::web::extract::{Member, Path};
use crate::web::paths;
use crate::web::respond::{Done, Page};
use crate::web::ui::shell::Room;
use crate::web::ui::{Shell, filters};

/// The link, this once.
#[derive(Clone, Debug, Template)]
#[template(path = "tasks/feed.html")]
pub struct FeedPage {
    /// The frame.
    pub shell: Shell,
    /// The link.
    pub link: String,
}

/// The link is shown once, after it was made: whoever comes back to its page is led to the calendar.
pub async fn show(_: Member) -> Redirect {
    Redirect::to("/tasks?view=calendar")
}

/// Makes a new link in place of the one before.
pub async fn renew(State(web): State<Web>, member: Member) -> Result<Page<FeedPage>> {
    let id = member.membership.member_id;
    let secret = web.app.renew_calendar(&member.scope, id, &member.actor()).await?;
    let link = format!("{}/calendar/{secret}.ics", member.origin(&web));
    Ok(Page(FeedPage { shell: member.shell(Room::Playbooks), link }))
}

/// Takes the link away.
pub async fn revoke(State(web): State<Web>, member: Member) -> Result<Done> {
    let removed =
        web.app.revoke_calendar(&member.scope, member.membership.member_id, &member.actor()).await?;
    let text = if removed { "The calendar link no longer works." } else { "There was no calendar link." };
    Ok(Done::to(paths::TASKS, text))
}

/// What the link opens. Whoever has it needs no session.
pub async fn serve(State(web): State<Web>, Path(file): Path<String>) -> Result<Response> {
    let found = match file.strip_suffix(".ics") {
        Some(secret) => web.app.calendar(secret).await?,
        None => None,
    };
    let Some(tasks) = found else { return Ok(Problem::not_found().into_response()) };
    let events: Vec<Event> = tasks.iter().filter_map(|task| event(task, &web.settings.public_url)).collect();
    let text = calendar("Holdfast tasks", &events, web.app.clock.now());
    let headers = [(CONTENT_TYPE, "text/calendar; charset=utf-8"), (CACHE_CONTROL, "private, no-cache")];
    Ok((headers, text).into_response())
}

fn event(task: &Task, origin: &str) -> Option<Event> {
    let done = if task.state == "done" { "\u{2713} " } else { "" };
    let account = task.account.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    let description: Vec<&str> = [task.play.as_deref(), Some(task.note.as_str())]
        .into_iter()
        .flatten()
        .chain(task.details.iter().map(String::as_str))
        .filter(|line| !line.is_empty())
        .collect();
    Some(Event {
        uid: format!("task-{}@holdfast", task.id),
        day: task.due_on?,
        summary: format!("{done}{}{account}", task.title),
        description: description.join("\n"),
        url: if origin.is_empty() { String::new() } else { format!("{origin}{}", paths::task(task.id)) },
    })
}
