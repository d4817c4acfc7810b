//! `POST /settings/outgoing/slack` (`url`, `groups` …, `min_severity`), `…/test` and `…/remove`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{HERE, Told, page, value, values};
use crate::app::Error;
use crate::db::messages::{self, SlackHook};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Admin, Form};
use crate::web::respond::{Done, page_with_status};

/// Sets where Slack is told. Without a URL the one that is there stays.
pub async fn set(
    State(web): State<Web>,
    Admin(member): Admin,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let typed = value(&form, "url");
    let mut tx = web.app.db.read(&member.scope).await?;
    let before = messages::slack(&mut tx).await?.map(|hook| hook.url);
    drop(tx);
    let hook = SlackHook {
        url: typed.clone().or(before).unwrap_or_default(),
        groups: values(&form, "groups"),
        min_severity: value(&form, "min_severity"),
    };
    match web.app.set_slack(&member.scope, &hook, &member.actor()).await {
        Ok(()) => Ok(Done::to(HERE, "Saved. Slack is told from now on.").into_response()),
        Err(Error::Invalid(fields)) => {
            let mut page = page(&web, &member).await?;
            page.slack_form = Told::of(&hook.groups, hook.min_severity.as_deref());
            page.slack_url = typed.unwrap_or_default();
            page.slack_error = fields.into_iter().next().map(|field| field.message);
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends a word to Slack.
pub async fn test(State(web): State<Web>, Admin(member): Admin) -> Result<Done> {
    web.app.test_slack(&member.scope, &member.actor()).await?;
    Ok(Done::to(HERE, "A word is on its way to Slack. Messages shows what became of it."))
}

/// Stops telling Slack.
pub async fn remove(State(web): State<Web>, Admin(member): Admin) -> Result<Done> {
    web.app.remove_slack(&member.scope, &member.actor()).await?;
    Ok(Done::to(HERE, "Slack is told nothing any more, and its address is forgotten."))
}
