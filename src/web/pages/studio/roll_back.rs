//! `/studio/versions/{version}/roll-back`: says what going back does, asks why, and publishes the version again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::changes::{self, ChangeList};
use super::forms::Fields;
use super::not_saved;
use crate::app::Error;
use crate::app::methodology::{Publishing, overrides_of};
use crate::web::error::Result;
use crate::web::extract::{Admin, Form, Member, Path};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, filters, format};
use crate::web::{Web, paths};

/// The last look before an earlier version comes into force again.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/roll_back.html")]
pub struct RollBackPage {
    /// The frame.
    pub shell: Shell,
    /// The version.
    pub version: i32,
    /// Its page.
    pub href: String,
    /// `Published 12 Jan 2026 by Ada Berg: why`.
    pub about: String,
    /// Why it was not done.
    pub refused: Option<Notice>,
    /// What is lost, added, and to be known.
    pub notices: Vec<Notice>,
    /// What is in use and would be lost: a word each.
    pub in_use: Vec<String>,
    /// What changes.
    pub words: ChangeList,
    /// The version in force.
    pub over: Option<i32>,
    /// What was typed.
    pub note: String,
}

async fn page(web: &Web, member: &Member, version: i32) -> Result<RollBackPage> {
    let old = web.app.version(&member.scope, version).await?.ok_or(Error::NotFound)?;
    let plan = web.app.plan_roll_back(&member.scope, version).await?;
    let day = format::date(member.scope.day_of(old.published_at));
    let why = if old.note.is_empty() { String::new() } else { format!(": {}", old.note) };
    Ok(RollBackPage {
        shell: member.shell(Room::Settings),
        version,
        href: paths::version(version),
        about: format!("Published {day} by {}{why}", old.published_by),
        refused: None,
        notices: changes::notices(&plan),
        in_use: plan.in_use.iter().map(ToString::to_string).collect(),
        words: ChangeList::new(
            &plan.changes,
            &[&changes::outline(&old.source, &overrides_of(&old.overrides))?],
        ),
        over: plan.over,
        note: format!("Back to version {version}."),
    })
}

/// The last look.
pub async fn show(
    State(web): State<Web>,
    Admin(member): Admin,
    Path(version): Path<i32>,
) -> Result<Page<RollBackPage>> {
    Ok(Page(page(&web, &member, version).await?))
}

/// Goes back.
pub async fn roll_back(
    State(web): State<Web>,
    Admin(member): Admin,
    Path(version): Path<i32>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let fields = Fields(fields);
    let how = Publishing {
        note: fields.get("note"),
        over: fields.get("over").parse().ok(),
        remove_used: fields.find("remove_used").is_some(),
    };
    match web.app.roll_back(&member.scope, version, &how, &member.actor()).await {
        Ok(new) => {
            let text = format!("Version {new} is in force: version {version} again.");
            Ok(Done::to(paths::version(new), text).into_response())
        }
        Err(Error::Conflict(why)) => {
            let refused = Some(not_saved("Nothing was changed.", &why));
            let page = page(&web, &member, version).await?;
            let page = RollBackPage { refused, note: how.note.to_owned(), ..page };
            Ok(page_with_status(StatusCode::CONFLICT, page))
        }
        Err(error) => Err(error.into()),
    }
}
