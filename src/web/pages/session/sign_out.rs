//! `POST /sign-out`.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::Response;

use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, session_cookie};
use crate::web::respond::redirect;

/// Ends the session here and in the database.
pub async fn leave(State(web): State<Web>, member: Member) -> Result<Response> {
    web.app.sign_out(&member.token).await?;
    let mut response = redirect("/sign-in?out=1");
    response.headers_mut().append(SET_COOKIE, session_cookie(&web, "", 0));
    Ok(response)
}
