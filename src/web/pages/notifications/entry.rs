//! `GET /entries/{id}`: leads from an entry of the journal to its cause. Mails, Slack and webhooks link here.

use axum::extract::State;
use axum::response::Response;

use crate::app::Error;
use crate::db;
use crate::domain::timeline::Kind;
use crate::web::error::Result;
use crate::web::extract::{Id, Member};
use crate::web::respond::redirect;
use crate::web::{Web, paths};

/// Marks it as read and goes on.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Response> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let (kind, about, account) = db::notices::cause(&mut tx, id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    web.app.mark_read(&member.scope, member.membership.member_id, Some(id)).await?;
    let to = match Kind::parse(&kind) {
        Some(kind) => paths::cause(kind, about, account.as_deref()),
        None => account.as_deref().map_or_else(|| paths::NOTIFICATIONS.to_owned(), paths::account),
    };
    Ok(redirect(&to))
}
