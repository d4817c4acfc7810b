//! Why an API request is not answered as asked.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::Error;
use crate::app::error::Field;
use crate::web::error::{Problem, WebError};

/// The result of an API handler.
pub type Result<T> = std::result::Result<T, Refusal>;

/// An error of the application, or a problem with the request itself.
#[derive(Debug)]
pub enum Refusal {
    /// What the application or the database says.
    App(WebError),
    /// What is wrong with the request.
    Request(Problem),
}

impl Refusal {
    /// 404: the tenant has no such thing.
    pub fn not_found(thing: &str, id: &str) -> Self {
        let text = format!("There is no {thing} {id:?} in your company's data.");
        Refusal::Request(Problem::new(StatusCode::NOT_FOUND, "Not found", &text))
    }

    /// For `map_err`: what is not there is said by its name; any other error stays what it is.
    pub fn about(thing: &str, id: impl std::fmt::Display) -> impl FnOnce(Error) -> Self {
        move |error| match error {
            Error::NotFound => Refusal::not_found(thing, &id.to_string()),
            other => other.into(),
        }
    }

    /// 400: a query parameter does not make sense.
    pub fn parameter(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let text = format!("{name}: {message}");
        let fields = vec![Field { name: name.to_owned(), message }];
        let title = "The request cannot be read";
        Refusal::Request(Problem::fields(StatusCode::BAD_REQUEST, title, text, fields))
    }
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::App(WebError(error.into()))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::App(error) => error.into_response(),
            Refusal::Request(problem) => problem.into_response(),
        }
    }
}
