//! `GET` and `POST /password`.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::Error;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{Shell, filters};

/// The form posts `current`, `password` and `again` to `/password`.
#[derive(Clone, Debug, Template)]
#[template(path = "session/password.html")]
pub struct PasswordPage {
    /// The frame.
    pub shell: Shell,
    /// What is wrong with the current password.
    pub current_error: Option<String>,
    /// What is wrong with the new one.
    pub password_error: Option<String>,
    /// What is wrong with its repetition.
    pub again_error: Option<String>,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Change {
    current: String,
    password: String,
    again: String,
}

fn page(member: &Member) -> PasswordPage {
    PasswordPage {
        shell: member.shell(Room::Elsewhere),
        current_error: None,
        password_error: None,
        again_error: None,
    }
}

/// The form.
pub async fn show(member: Member) -> Page<PasswordPage> {
    Page(page(&member))
}

/// Changes the password and ends every other session of that person.
pub async fn change(State(web): State<Web>, member: Member, Form(form): Form<Change>) -> Result<Response> {
    let mut page = page(&member);
    if form.password != form.again {
        page.again_error = Some("is not the same as above".to_owned());
        return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    match web.app.change_password(&member.user, &member.token, &form.current, &form.password).await {
        Ok(()) => Ok(Done::to("/", "Password changed. Other devices were signed out.").into_response()),
        Err(Error::Invalid(fields)) => {
            for field in fields {
                match field.name.as_str() {
                    "current" => page.current_error = Some(field.message),
                    _ => page.password_error = Some(field.message),
                }
            }
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}
