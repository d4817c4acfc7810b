//! What a caller is told when something did not work: a safe sentence and a request id. The log has the cause, once.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::Error;
use crate::app::error::Field;
use crate::domain::pack::{PackError, PackErrors};

/// The result of a handler of pages or of the API.
pub type Result<T> = std::result::Result<T, WebError>;

/// An error on its way to the middleware that words it for pages, htmx parts or the API.
#[derive(Debug)]
pub struct WebError(pub Error);

impl<E: Into<Error>> From<E> for WebError {
    fn from(error: E) -> Self {
        WebError(error.into())
    }
}

/// What `middleware::errors` needs to word an error.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What happened.
    pub title: String,
    /// What was kept and what to do.
    pub text: String,
    /// What is wrong, field by field.
    pub fields: Vec<Field>,
    /// What is wrong with a methodology pack, each with its place in the file.
    pub faults: Vec<PackError>,
}

impl Problem {
    /// A problem without fields.
    pub fn new(status: StatusCode, title: &str, text: &str) -> Self {
        Problem {
            status,
            title: title.to_owned(),
            text: text.to_owned(),
            fields: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Some fields are wrong.
    pub fn fields(status: StatusCode, title: &str, text: String, fields: Vec<Field>) -> Self {
        Problem { text, fields, ..Problem::new(status, title, "") }
    }

    /// A methodology pack does not hold together.
    fn from_pack(errors: &PackErrors) -> Self {
        let faults = errors.0.clone();
        let text = match faults.as_slice() {
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first}\n\nand {} more faults", rest.len()),
            [] => String::new(),
        };
        let problem =
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "The pack does not hold together", &text);
        Problem { faults, ..problem }
    }

    /// Nothing is there, or nothing of this tenant's.
    pub fn not_found() -> Self {
        Problem::new(
            StatusCode::NOT_FOUND,
            "There is no such page",
            "It may have moved, or belong to another tenant.",
        )
    }

    /// The role does not allow it.
    pub fn forbidden(needed: &str) -> Self {
        let text = format!("This needs the role {needed}. An admin of your company can give it to you.");
        Problem::new(StatusCode::FORBIDDEN, "You may not do this", &text)
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::NotFound => Problem::not_found(),
            Error::Forbidden => Problem::forbidden("of somebody else"),
            Error::Invalid(fields) => {
                let title = "Something given is not right";
                Problem::fields(StatusCode::UNPROCESSABLE_ENTITY, title, error.to_string(), fields.clone())
            }
            Error::Pack(errors) => Problem::from_pack(errors),
            Error::Conflict(text) => {
                Problem::new(StatusCode::CONFLICT, "That does not fit what is there", text)
            }
            Error::Unavailable(_) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Holdfast cannot reach its database",
                "Nothing was changed. Try again in a minute.",
            ),
            Error::Internal(_) => Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Nothing was changed. If it happens again, tell your administrator the request id below.",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        match &self.0 {
            Error::Internal(cause) => tracing::error!(error = format!("{cause:#}"), "request failed"),
            Error::Unavailable(cause) => tracing::warn!(error = %cause, "database not available"),
            _ => {}
        }
        Problem::from(&self.0).into_response()
    }
}
