//! Words an error for whoever asked: a page, a part for htmx, or problem+json (RFC 9457) for the API.

use askama::Template;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use crate::web::api::openapi::FieldError;
use crate::web::error::Problem;
use crate::web::extract::member::theme;
use crate::web::pages::error::ErrorPage;
use crate::web::ui::Bare;

/// The id that ties an answer to the log.
pub const REQUEST_ID: &str = "x-request-id";

fn request_id(request: &Request) -> String {
    request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned()
}

/// A problem that a handler, an extractor or the router left without words.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    let unworded = response.status().is_client_error() || response.status().is_server_error();
    if !unworded || response.headers().contains_key("x-worded") {
        return None;
    }
    Some(match response.status() {
        StatusCode::NOT_FOUND => Problem::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This cannot be done here",
            "The address is right, the method is not.",
        ),
        StatusCode::FORBIDDEN => Problem::new(
            StatusCode::FORBIDDEN,
            "The request came from another site",
            "Holdfast takes changes from its own pages only. Open the page again and repeat it there.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "That is too large",
            "Nothing was taken in. Send it in smaller parts.",
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Problem::new(
            response.status(),
            "That took too long",
            "Nothing was lost. Try again, or ask for less.",
        ),
        status => Problem::new(
            status,
            "The request could not be answered",
            "Try again; if it stays so, tell your administrator.",
        ),
    })
}

/// For pages and parts of pages.
pub async fn pages(request: Request, next: Next) -> Response {
    let (id, theme) = (request_id(&request), theme(request.headers()));
    let part = request.headers().contains_key("hx-request");
    let had_flash = request
        .headers()
        .get_all("cookie")
        .iter()
        .any(|c| c.to_str().is_ok_and(|c| c.contains(crate::web::respond::FLASH)));
    let mut response = next.run(request).await;
    let is_html = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|t| t.to_str().ok())
        .is_some_and(|t| t.starts_with("text/html"));
    if !is_html && let Some(problem) = problem_of(&mut response) {
        let page = ErrorPage {
            bare: Bare { theme },
            status: problem.status.as_u16(),
            title: problem.title,
            text: problem.text,
            request_id: id,
        };
        let html = if part { page.as_part().render() } else { page.render() };
        let mut worded = (problem.status, Html(html.unwrap_or_default())).into_response();
        worded.headers_mut().extend(std::mem::take(response.headers_mut()).drain().filter_map(
            |(name, value)| {
                let name = name?;
                (name != CONTENT_TYPE && name != "content-length").then_some((name, value))
            },
        ));
        response = worded;
    }
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if had_flash && is_html {
        let gone = format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", crate::web::respond::FLASH);
        if let Ok(gone) = HeaderValue::from_str(&gone) {
            headers.append("set-cookie", gone);
        }
    }
    response
}

/// For the API.
pub async fn api(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let mut response = next.run(request).await;
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|t| t.to_str().ok())
        .is_some_and(|t| t.starts_with("application/json"));
    if is_json {
        return response;
    }
    if let Some(problem) = problem_of(&mut response) {
        let fields = problem.fields.iter().map(FieldError::of_field);
        let errors: Vec<_> = fields.chain(problem.faults.iter().map(FieldError::of_pack)).collect();
        let mut body = json!({
            "type": "about:blank",
            "title": problem.title,
            "status": problem.status.as_u16(),
            "detail": problem.text,
            "request_id": id,
        });
        if !errors.is_empty() {
            body["errors"] = json!(errors);
        }
        let mut worded =
            (problem.status, [(CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response();
        worded.headers_mut().extend(std::mem::take(response.headers_mut()).drain().filter_map(
            |(name, value)| {
                let name = name?;
                (name != CONTENT_TYPE && name != "content-length").then_some((name, value))
            },
        ));
        response = worded;
    }
    response
}
