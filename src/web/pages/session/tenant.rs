//! `POST /tenant`: to another of one's companies.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Member};
use crate::web::respond::redirect;

/// The company's short name.
#[derive(Debug, Deserialize)]
pub struct Switch {
    tenant: String,
}

/// Moves the session and starts at the other company's Today; nothing of this one may stay on the screen.
pub async fn switch(State(web): State<Web>, member: Member, Form(form): Form<Switch>) -> Result<Response> {
    web.app.switch_tenant(&member.token, &form.tenant).await?;
    Ok(redirect("/"))
}
