//! `GET /api/v1/quarantine`.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Result;
use super::paging::{Listing, Moment, Page, Paging, Start};
use crate::db;
use crate::db::quarantine::Entry;
use crate::web::Web;
use crate::web::extract::ReadKey;

/// Which messages, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct QuarantineQuery {
    /// In this state; without it all that are not settled: waiting and rejected.
    #[param(inline)]
    state: Option<MessageState>,
}

/// What is to become of a message.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Counted as soon as its account is known.
    Waiting,
    /// Can never be counted as it is.
    Rejected,
    /// Was counted after all.
    Replayed,
    /// Was put aside by a person.
    Dismissed,
}

impl MessageState {
    fn word(self) -> &'static str {
        match self {
            MessageState::Waiting => "waiting",
            MessageState::Rejected => "rejected",
            MessageState::Replayed => "replayed",
            MessageState::Dismissed => "dismissed",
        }
    }
}

/// A message that was taken but could not be counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantinedMessage {
    /// Its id in quarantine.
    pub id: Uuid,
    /// `waiting`, `rejected`, `replayed` or `dismissed`.
    #[schema(example = "waiting")]
    pub state: String,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// Why, as a word.
    #[schema(example = "unknown_account")]
    pub reason: String,
    /// Why, as a sentence that says what to do.
    pub detail: String,
    /// The group it names.
    pub group_id: Option<String>,
    /// The user it names.
    pub user_id: Option<String>,
    /// The sender's id of it.
    pub message_id: Option<String>,
    /// The message as it was sent, cut at 32 KB. A text, because it may not even be valid JSON.
    #[schema(example = r#"{"type":"track","event":"Signed In","userId":"u1"}"#)]
    pub message: String,
}

impl From<Entry> for QuarantinedMessage {
    fn from(entry: Entry) -> Self {
        QuarantinedMessage {
            id: entry.id,
            state: entry.state,
            received_at: entry.received_at,
            reason: entry.reason,
            detail: entry.detail,
            group_id: entry.group_id,
            user_id: entry.user_id,
            message_id: entry.message_id,
            message: entry.message,
        }
    }
}

/// List quarantined messages.
///
/// The newest first: what integrations sent that could not be counted, each with its reason.
#[utoipa::path(
    get,
    path = "/v1/quarantine",
    operation_id = "listQuarantine",
    tag = "Quarantine",
    params(QuarantineQuery, Paging),
    responses((status = 200, description = "A page of messages", body = Page<QuarantinedMessage>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<QuarantineQuery>,
) -> Result<Json<Page<QuarantinedMessage>>> {
    let Start { after, rows } = paging.start::<Moment>()?;
    let (state, before) = (query.state.map(MessageState::word), after.map(Moment::into));
    let mut tx = web.app.db.read(&key.scope).await?;
    let found = db::quarantine::list(&mut tx, state, before, rows).await?;
    let key = |entry: &Entry| Moment(entry.received_at, entry.id);
    Ok(Json(paging.page(found, key, QuarantinedMessage::from)))
}
