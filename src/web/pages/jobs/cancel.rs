//! `POST /jobs/{id}/cancel`: stops long work.

use axum::extract::State;
use serde::Deserialize;

use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id};
use crate::web::respond::Done;
use crate::web::{Web, paths};

/// Where to go back to.
#[derive(Debug, Deserialize)]
pub struct Params {
    #[serde(default)]
    next: String,
}

/// Stops it. What it has stored so far stays.
pub async fn cancel(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(params): Form<Params>,
) -> Result<Done> {
    web.app.cancel_job(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(paths::local(&params.next), "Stopped."))
}
