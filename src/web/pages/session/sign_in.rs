//! `GET` and `POST /sign-in`.

use askama::Template;
use axum::extract::{ConnectInfo, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::auth::{Refusal, SESSION_DAYS};
use crate::web::error::Result;
use crate::web::extract::{Form, Query, member, session_cookie};
use crate::web::respond::{Page, page_with_status, redirect};
use crate::web::ui::{Bare, Notice, Tone, filters};
use crate::web::{Web, paths};

/// The form posts `email`, `password` and `next` to `/sign-in`.
#[derive(Clone, Debug, Template)]
#[template(path = "session/sign_in.html")]
pub struct SignInPage {
    /// The frame.
    pub bare: Bare,
    /// What was typed, after a failed try.
    pub email: String,
    /// Path to go to afterwards; the handler must have checked that it is local.
    pub next: String,
    /// Why it failed (alike for known and unknown addresses), or that one has signed out.
    pub notice: Option<Notice>,
    /// Log-ins of a demo: (who, address, password), printed below the form; empty otherwise.
    pub demo: Vec<(String, String, String)>,
}

/// Where to go afterwards, and whether one just went out.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    next: String,
    #[serde(default)]
    out: String,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Entry {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

fn page(web: &Web, headers: &HeaderMap, email: String, next: &str, notice: Option<Notice>) -> SignInPage {
    let bare = Bare { theme: member::theme(headers) };
    SignInPage { bare, email, next: paths::local(next).to_owned(), notice, demo: web.settings.demo.clone() }
}

/// The form.
pub async fn show(State(web): State<Web>, headers: HeaderMap, Query(params): Query<Params>) -> Response {
    let notice = (!params.out.is_empty()).then(|| Notice::new(Tone::Good, "You have signed out.", ""));
    Page(page(&web, &headers, String::new(), &params.next, notice)).into_response()
}

/// Lets somebody in, or shows the form again. Known and unknown addresses are answered alike.
pub async fn enter(
    State(web): State<Web>,
    headers: HeaderMap,
    peer: Option<axum::Extension<ConnectInfo<std::net::SocketAddr>>>,
    Form(entry): Form<Entry>,
) -> Result<Response> {
    let network = peer.map_or_else(|| "unknown".to_owned(), |peer| peer.0.0.ip().to_string());
    let notice = match web.app.sign_in(&entry.email, &entry.password, &network).await? {
        Ok(opened) => {
            let mut response = redirect(paths::local(&entry.next));
            response.headers_mut().append(SET_COOKIE, session_cookie(&web, &opened.token, SESSION_DAYS));
            return Ok(response);
        }
        Err(Refusal::Wrong) => {
            Notice::new(Tone::Critical, "Address or password is wrong.", "Check both and try again.")
        }
        Err(Refusal::Throttled(until)) => {
            let minutes = ((until - web.app.clock.now()).num_seconds().max(0) + 59) / 60;
            Notice::new(Tone::Critical, "Too many failed tries.", &format!("Try again in {minutes} min."))
        }
    };
    let page = page(&web, &headers, entry.email, &entry.next, Some(notice));
    Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
}
