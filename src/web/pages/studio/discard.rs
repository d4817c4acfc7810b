//! `POST /studio/drafts/{id}/discard` and `…/restore`.

use axum::extract::State;

use crate::web::error::Result;
use crate::web::extract::{Id, Manager};
use crate::web::respond::Done;
use crate::web::{Web, paths};

/// Puts a draft away.
pub async fn discard(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    web.app.discard_draft(&member.scope, id, &member.actor()).await?;
    let restore = format!("{}/restore", paths::draft(id));
    Ok(Done::to(paths::STUDIO, "Draft discarded.").undo(restore, &[]))
}

/// Takes it back.
pub async fn restore(State(web): State<Web>, Manager(member): Manager, Id(id): Id) -> Result<Done> {
    web.app.restore_draft(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(paths::draft(id), "Draft restored."))
}
