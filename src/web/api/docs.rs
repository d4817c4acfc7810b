//! `GET /api/docs`: the API's description with a way to try each endpoint.

use askama::Template;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::web::extract::member;
use crate::web::respond::Page;
use crate::web::ui::{Bare, filters};

/// The page; Swagger UI draws it from `/api/openapi.json`.
#[derive(Clone, Debug, Template)]
#[template(path = "api/docs.html")]
pub struct DocsPage {
    /// The frame.
    pub bare: Bare,
}

/// Anybody may read it; trying an endpoint needs a key.
pub async fn show(headers: HeaderMap) -> Response {
    Page(DocsPage { bare: Bare { theme: member::theme(&headers) } }).into_response()
}
