//! Segments of a path. What cannot be the name of anything is not there.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::web::error::Problem;

/// The segments of a path that its route leaves open.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // PostgreSQL holds no NUL in texts; other bytes that are no UTF-8 name nothing either.
        if parts.uri.path().contains("%00") {
            return Err(nothing());
        }
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Path(path))
            .map_err(|_| nothing())
    }
}

fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Not found", "Nothing can have the name in this address.")
}
