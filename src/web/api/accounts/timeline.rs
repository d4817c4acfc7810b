//! `/api/v1/accounts/{external_id}/timeline`: what happened to an account, and what is added to it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::Error;
use crate::app::timeline::Logged;
use crate::db;
use crate::db::timeline::{Filter, Listed, MARK};
use crate::domain::timeline::{Group, Kind};
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Posted, ReadKey, WriteKey};

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineEntry {
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When Holdfast was told.
    pub recorded_at: DateTime<Utc>,
    /// What: `band_changed`, `alert_opened`, `note`, …
    #[schema(example = "call")]
    pub kind: String,
    /// What it belongs to: `touches`, `health`, `alerts`, `plays`, `lifecycle`, `renewal`, `pipelines` or
    /// `support`.
    #[schema(example = "touches")]
    pub group: Option<String>,
    /// The alert, play, task, renewal, pipeline item or ticket it is about.
    pub about: Option<Uuid>,
    /// Who did it: a member's name, `key` and its name, or `Holdfast`.
    #[schema(example = "Casey Lin")]
    pub actor: String,
    /// How grave: `low`, `medium`, `high`, `critical`.
    pub severity: Option<String>,
    /// One line.
    pub title: String,
    /// More.
    pub body: String,
    /// What it was before and is now, figures, attendees: by kind.
    #[schema(value_type = Object)]
    pub data: Value,
}

impl From<Listed> for TimelineEntry {
    fn from(entry: Listed) -> Self {
        let plain = |text: String| text.replace([MARK.0, MARK.1], "");
        TimelineEntry {
            id: entry.id,
            at: entry.at,
            recorded_at: entry.recorded_at,
            group: Kind::parse(&entry.kind).map(|kind| kind.group().word().to_owned()),
            kind: entry.kind,
            about: entry.about,
            actor: entry.actor,
            severity: entry.severity,
            title: plain(entry.title),
            body: plain(entry.body),
            data: entry.data,
        }
    }
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TimelineQuery {
    /// Of one group: `touches`, `health`, `alerts`, `plays`, `lifecycle`, `renewal`, `pipelines` or
    /// `support`.
    group: Option<String>,
    /// Holding these words, as typed into a search box: `renewal -draft "early exit"`.
    q: Option<String>,
}

/// List what happened to an account.
///
/// The latest first.
#[utoipa::path(
    get,
    path = "/v1/accounts/{external_id}/timeline",
    operation_id = "listTimeline",
    tag = "Accounts",
    params(
        ("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme"),
        TimelineQuery,
        Paging,
    ),
    responses((status = 200, description = "A page of entries", body = Page<TimelineEntry>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Path(external_id): Path<String>,
    Listing { filter: query, paging }: Listing<TimelineQuery>,
) -> Result<axum::Json<Page<TimelineEntry>>> {
    let Start { after, rows } = paging.start::<(DateTime<Utc>, Uuid)>()?;
    let kinds = match query.group.as_deref() {
        None => Vec::new(),
        Some(word) => {
            let group = Group::ALL.into_iter().find(|group| group.word() == word).ok_or_else(|| {
                let all = Group::ALL.map(Group::word).join(", ");
                Refusal::parameter("group", format!("must be one of {all}"))
            })?;
            group.kinds().map(Kind::word).collect()
        }
    };
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = common::account(&mut tx, &external_id).await?;
    let words = query.q.filter(|words| !words.trim().is_empty());
    let filter = Filter { account: Some(account), kinds, words, ..Filter::default() };
    let found = db::timeline::page(&mut tx, &filter, after, rows).await?;
    Ok(axum::Json(paging.page(found, |entry| (entry.at, entry.id), TimelineEntry::from)))
}

/// What you add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "call", "text": "Quarterly call\nThey will renew.", "attendees": ["Rosa Vega"] }))]
pub struct TimelineStatement {
    /// `note`, `call`, `meeting` or `email`.
    kind: String,
    /// What happened; the first line stands for the rest.
    #[schema(min_length = 1, max_length = 20_000)]
    text: String,
    /// When it happened; now unless stated.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
    /// Who took part.
    #[serde(default)]
    attendees: Vec<String>,
    /// Your own id of it: with the same one a second time nothing is added.
    #[serde(default)]
    external_id: Option<String>,
}

/// Add a note, call, meeting or e-mail to an account.
#[utoipa::path(
    post,
    path = "/v1/accounts/{external_id}/timeline",
    operation_id = "addToTimeline",
    tag = "Accounts",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme")),
    request_body = TimelineStatement,
    responses(
        (status = 200, description = "It was added before", body = TimelineEntry),
        (status = 201, description = "It is added", body = TimelineEntry),
    ),
    security(("writeKey" = []))
)]
pub async fn add(
    Posted { web, key, id: Path(external_id), body: stated }: Posted<
        WriteKey,
        Path<String>,
        TimelineStatement,
    >,
) -> Result<Response> {
    let kind = Kind::parse(&stated.kind).filter(|kind| kind.is_by_hand());
    let kind = kind.ok_or_else(|| Error::invalid("kind", "is note, call, meeting or email"))?;
    let logged = Logged {
        kind,
        at: stated.at,
        text: stated.text,
        attendees: stated.attendees,
        external_id: stated.external_id,
    };
    let done = web.app.log_entry(&key.scope, &external_id, &logged, &key.actor(), None).await;
    let (entry, new) = done.map_err(Refusal::about("account", &external_id))?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(TimelineEntry::from(entry))).into_response())
}
