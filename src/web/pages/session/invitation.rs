//! `GET` and `POST /invitations/{token}`.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::Error;
use crate::app::auth::SESSION_DAYS;
use crate::app::members::Role;
use crate::web::Web;
use crate::web::error::{Problem, Result};
use crate::web::extract::{Form, member, session_cookie};
use crate::web::respond::{Page, page_with_status, redirect};
use crate::web::ui::{Bare, filters};

/// The form posts `name` and `password` to its own address. Someone who has a log-in already gives only the
/// password.
#[derive(Clone, Debug, Template)]
#[template(path = "session/invitation.html")]
pub struct InvitationPage {
    /// The frame.
    pub bare: Bare,
    /// The tenant one is invited to.
    pub tenant: String,
    /// The role, as words: `a CSM`.
    pub role: String,
    /// The address the invitation went to.
    pub email: String,
    /// Whether this address has a log-in already.
    pub known: bool,
    /// What was typed as a name.
    pub name: String,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// The address the form posts to.
    pub action: String,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Acceptance {
    #[serde(default)]
    name: String,
    password: String,
}

async fn page(web: &Web, headers: &HeaderMap, token: &str) -> Result<Option<InvitationPage>> {
    let Some(invitation) = web.app.invitation(token).await? else { return Ok(None) };
    let role = Role::parse(&invitation.role).map_or("a member", |role| match role {
        Role::Admin => "an admin",
        Role::Manager => "a manager",
        Role::Csm => "a CSM",
        Role::Executive => "an executive",
    });
    Ok(Some(InvitationPage {
        bare: Bare { theme: member::theme(headers) },
        known: web.app.has_log_in(&invitation.email).await?,
        tenant: invitation.tenant_name,
        role: role.to_owned(),
        email: invitation.email,
        name: String::new(),
        name_error: None,
        password_error: None,
        action: format!("/invitations/{}", crate::web::paths::encode(token)),
    }))
}

fn used_up() -> Response {
    let text = "It was used, withdrawn, or is older than seven days. Ask for another one.";
    Problem::new(StatusCode::NOT_FOUND, "This invitation is not good any more", text).into_response()
}

/// The form.
pub async fn show(State(web): State<Web>, headers: HeaderMap, Path(token): Path<String>) -> Result<Response> {
    Ok(page(&web, &headers, &token).await?.map_or_else(used_up, |page| Page(page).into_response()))
}

/// Joins the company and signs in.
pub async fn accept(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(token): Path<String>,
    Form(form): Form<Acceptance>,
) -> Result<Response> {
    let Some(mut page) = page(&web, &headers, &token).await? else { return Ok(used_up()) };
    match web.app.accept_invitation(&token, &form.name, &form.password).await {
        Ok(opened) => {
            let mut response = redirect("/");
            response.headers_mut().append(SET_COOKIE, session_cookie(&web, &opened.token, SESSION_DAYS));
            Ok(response)
        }
        Err(Error::Invalid(fields)) => {
            page.name = form.name;
            page.password_error = fields.into_iter().next().map(|field| field.message);
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(Error::NotFound) => Ok(used_up()),
        Err(error) => Err(error.into()),
    }
}
