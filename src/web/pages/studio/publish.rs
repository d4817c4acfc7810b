//! `/studio/drafts/{id}/publish`: says what publishing does, asks why, and publishes.
//!
//! The form sends `note`, `revision`, `over` (the version its plan was made against) and `remove_used`.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::changes::ChangeList;
use super::forms::Fields;
use super::{Answer, DraftHead, REFUSED, Tab, answer, changes, find, not_saved, preview};
use crate::app::Error;
use crate::app::methodology::{Draft, Publishing};
use crate::web::error::Result;
use crate::web::extract::{Admin, Form, Id, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, Tone, filters};
use crate::web::{Web, paths};

/// The last look before it comes into force.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/publish.html")]
pub struct PublishPage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Why it was not published.
    pub refused: Option<Notice>,
    /// What the preview said, or that there is none that holds.
    pub tried: Notice,
    /// What is lost, added, and to be known.
    pub notices: Vec<Notice>,
    /// What is in use and would be lost: a word each.
    pub in_use: Vec<String>,
    /// What changes.
    pub words: ChangeList,
    /// The version in force the plan was made against.
    pub over: Option<i32>,
    /// What was typed.
    pub note: String,
    /// What is wrong with it.
    pub note_error: Option<String>,
}

async fn page(web: &Web, member: &Member, draft: &Draft) -> Result<PublishPage> {
    let plan = web.app.plan_draft(&member.scope, draft.stored.id).await?;
    let preview = web.app.preview(&member.scope, draft.stored.id).await?;
    let tried = match preview.as_ref().and_then(|p| Some((p, p.summary.as_ref()?))) {
        Some((preview, summary)) => {
            let said = preview::headline(summary, member.scope.currency());
            match &preview.outdated {
                None => Notice::new(Tone::None, "Tried out:", &said),
                Some(why) => {
                    Notice::new(Tone::Watch, "Tried out, but that is out of date:", &format!("{said} {why}"))
                }
            }
        }
        None => {
            let text = "Nobody has seen yet which accounts would move. Try it out on every account first.";
            Notice::new(Tone::Watch, "Not tried out.", text)
        }
    };
    Ok(PublishPage {
        shell: member.shell(Room::Settings),
        head: DraftHead::new(web, member, draft, Tab::Publish),
        refused: None,
        tried,
        notices: changes::notices(&plan),
        in_use: plan.in_use.iter().map(ToString::to_string).collect(),
        words: ChangeList::new(&plan.changes, &[&changes::outline(&draft.stored.source, &draft.overrides)?]),
        over: plan.over,
        note: String::new(),
        note_error: None,
    })
}

/// The last look.
pub async fn show(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(page(&web, &member, &draft).await.map(Page)))
}

/// Publishes.
pub async fn publish(
    State(web): State<Web>,
    Admin(member): Admin,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(put(&web, &member, &draft, &Fields(fields)).await))
}

async fn put(web: &Web, member: &Member, draft: &Draft, fields: &Fields) -> Result<Response> {
    let note = fields.get("note").trim();
    let refuse = async |status: StatusCode, title: &str, why: &str, note_error: Option<String>| {
        let page = page(web, member, draft).await?;
        let refused = Some(not_saved(title, why));
        Ok(page_with_status(status, PublishPage { refused, note: note.to_owned(), note_error, ..page }))
    };
    if note.is_empty() {
        let wrong = Some("Say in a sentence why.".to_owned());
        return refuse(
            REFUSED,
            "Not published.",
            "Those who look at the versions later will want to know why.",
            wrong,
        )
        .await;
    }
    let how = Publishing {
        note,
        over: fields.get("over").parse().ok(),
        remove_used: fields.find("remove_used").is_some(),
    };
    let id = draft.stored.id;
    match web.app.publish(&member.scope, id, fields.revision(), &how, &member.actor()).await {
        Ok(version) => {
            let text = format!("Version {version} is in force.");
            Ok(Done::to(paths::version(version), text).into_response())
        }
        Err(Error::Conflict(why)) => refuse(StatusCode::CONFLICT, "Not published.", &why, None).await,
        Err(Error::Pack(errors)) => {
            refuse(REFUSED, "Not published: the file has faults.", &errors.to_string(), None).await
        }
        Err(Error::Invalid(wrong)) => {
            let why = wrong.into_iter().map(|field| field.message).collect::<Vec<_>>().join("; ");
            refuse(REFUSED, "Not published.", "The note is not right.", Some(format!("It {why}."))).await
        }
        Err(error) => Err(error.into()),
    }
}
