//! `POST /theme`: light, dark, or as the system says.

use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use serde::Deserialize;

use crate::web::extract::Form;
use crate::web::paths;
use crate::web::respond::redirect;
use crate::web::ui::shell::Theme;

/// The choice, and where to go back to.
#[derive(Debug, Deserialize)]
pub struct Choice {
    theme: String,
    #[serde(default)]
    next: String,
}

/// Remembers the choice for a year.
pub async fn choose(Form(form): Form<Choice>) -> Response {
    let cookie =
        format!("theme={}; Path=/; Max-Age=31536000; SameSite=Lax", Theme::parse(&form.theme).name());
    let mut response = redirect(paths::local(&form.next));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
