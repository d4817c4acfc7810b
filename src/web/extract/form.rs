//! Forms and query strings whose mistakes are answered as ours, not as the framework's.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::web::error::Problem;

/// A urlencoded form.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        axum::Form::from_request(request, state)
            .await
            .map(|axum::Form(form)| Form(form))
            .map_err(|e| wrong(&e.body_text()))
    }
}

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // PostgreSQL holds no NUL in texts: nothing that has one can be found.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(wrong("The query holds a NUL character."));
        }
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Query(query))
            .map_err(|e| wrong(&e.body_text()))
    }
}

fn wrong(text: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "The request cannot be read", text)
}
