//! Answers: pages, parts of pages, and redirects with a word of what was done.

use askama::Template;
use axum::http::header::{LOCATION, SET_COOKIE, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::error::{Problem, Result};
use super::ui::{Toast, format};
use crate::app::Error;
use crate::app::error::Field;

/// A rendered template.
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => {
                tracing::error!(%error, "a template could not be rendered");
                Problem::from(&Error::Internal(error.into())).into_response()
            }
        }
    }
}

/// A page that was answered with another status than 200, such as a form with errors.
pub fn page_with_status<T: Template>(status: StatusCode, page: T) -> Response {
    let mut response = Page(page).into_response();
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

/// An answer whose URL is shared by a page and a part of it: caches must tell them apart.
pub fn vary(mut response: Response) -> Response {
    response.headers_mut().append(VARY, HeaderValue::from_static("hx-request"));
    response
}

/// The cookie that carries a toast over a redirect.
pub const FLASH: &str = "holdfast_flash";

/// A redirect after a change, with a word of what was done and the way to undo it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Done {
    #[serde(skip)]
    to: String,
    text: String,
    failed: bool,
    undo: Option<(String, Vec<(String, String)>)>,
}

impl Done {
    /// Goes to a path and says what was done.
    pub fn to(path: impl Into<String>, text: impl Into<String>) -> Self {
        Done { to: path.into(), text: text.into(), ..Done::default() }
    }

    /// Goes to a path and says what did not work.
    pub fn failed(path: impl Into<String>, text: impl Into<String>) -> Self {
        Done { failed: true, ..Done::to(path, text) }
    }

    /// Offers to undo by a `POST` to `action` with these fields.
    #[must_use]
    pub fn undo(mut self, action: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.undo = Some((action.into(), fields));
        self
    }

    /// The toast of a cookie's value; none when it is not one.
    pub fn toast(cookie: &str) -> Option<Toast> {
        let done: Done = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cookie).ok()?).ok()?;
        let toast = if done.failed { Toast::failed(done.text) } else { Toast::done(done.text) };
        Some(match &done.undo {
            Some((action, fields)) => {
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                toast.undo(action, &fields)
            }
            None => toast,
        })
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let json = serde_json::to_vec(&self).unwrap_or_default();
        let cookie =
            format!("{FLASH}={}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax", URL_SAFE_NO_PAD.encode(json));
        let mut response = redirect(&self.to);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

/// Goes on with a word of what was done; where something stood against it, with a word of that.
pub fn unless_conflict<T>(
    next: String,
    done: crate::app::Result<T>,
    say: impl FnOnce(String, T) -> Done,
) -> Result<Response> {
    match done {
        Ok(value) => Ok(say(next, value).into_response()),
        Err(Error::Conflict(text)) => Ok(Done::failed(next, text).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// As [`unless_conflict`], for what has no form of its own in which to show what was typed wrong.
pub fn said<T>(
    next: String,
    done: crate::app::Result<T>,
    say: impl FnOnce(String, T) -> Done,
) -> Result<Response> {
    let done = done.map_err(|error| match error {
        Error::Invalid(fields) => Error::Conflict(sentences(&fields)),
        other => other,
    });
    unless_conflict(next, done, say)
}

/// `The reason is needed. The day is no day.`
pub fn sentences(fields: &[Field]) -> String {
    let said = |field: &Field| match field.name.as_str() {
        // What is a sentence of its own.
        "" => format::sentence(&field.message),
        name => format!("The {} {}.", label(name), field.message),
    };
    fields.iter().map(said).collect::<Vec<_>>().join(" ")
}

/// What pages call a field that integrations name otherwise.
fn label(name: &str) -> &str {
    match name {
        "at" => "time",
        "until" => "day to come back",
        "due" | "due_on" => "due day",
        "anchor" => "day to count from",
        "member" => "person",
        "least" => "number of accounts",
        "percent" => "share",
        name => name,
    }
}

/// 303 See Other: the next request is a GET whatever this one was.
pub fn redirect(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/")));
    response
}
