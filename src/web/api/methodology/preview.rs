//! Trying a draft out on every account: asking for it, and what came of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::methodology::preview::{Held, Move, Named, PreviewState};
use crate::app::methodology::{self, Summary};
use crate::web::Web;
use crate::web::api::common::Money;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{MethodologyReader, MethodologyWriter, Path, Posted};

/// Which revision is to be tried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewStatement {
    /// The revision you have seen; 409 when somebody saved another since.
    #[schema(example = 4)]
    revision: i32,
}

/// A draft tried out on every account.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodologyPreview {
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    #[schema(example = "done")]
    pub state: &'static str,
    /// Why it failed.
    pub error: Option<String>,
    /// Accounts worked out so far.
    pub done: i64,
    /// Accounts in all; 0 while that is not known.
    pub total: i64,
    /// The draft's revision it is about.
    pub revision: i32,
    /// The version in force it is held against.
    pub over: i32,
    /// The day accounts are worked out for.
    pub day: NaiveDate,
    /// When it was asked for.
    pub started_at: DateTime<Utc>,
    /// By whom.
    pub started_by: String,
    /// When it was done.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it no longer says what publishing would do; null while it does.
    pub outdated: Option<String>,
    /// What came of it, once it is done.
    pub result: Option<PreviewResult>,
}

/// What would change, added up over all accounts in business.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewResult {
    /// Everybody.
    pub all: Share,
    /// Whose score rises.
    pub risen: Share,
    /// Whose score falls.
    pub fallen: Share,
    /// Whose band changes.
    pub moved: Share,
    /// Who loses their score.
    pub lost: Share,
    /// Who gains a score.
    pub gained: Share,
    /// From which band to which, those that stay included.
    pub bands: Vec<Moved>,
    /// The same inside each segment accounts are in now.
    pub by_segment: Vec<SegmentMoved>,
    /// From which segment to which.
    pub segments: Vec<Moved>,
    /// Rules that newly fire or no longer do.
    pub rules: Vec<RuleMoved>,
}

/// Accounts and their revenue.
#[derive(Debug, Serialize, ToSchema)]
pub struct Share {
    /// How many.
    pub accounts: i64,
    /// Their ARR, as far as there are exchange rates.
    pub arr: Money,
    /// How many of them have an ARR without an exchange rate: it is not in the sum, and conditions on `arr` find none.
    pub unconverted: i64,
}

/// Accounts that go from one to another, or stay.
#[derive(Debug, Serialize, ToSchema)]
pub struct Moved {
    /// Id now; null for none.
    #[schema(example = "yellow")]
    pub before: Option<String>,
    /// Id by the draft; null for none.
    #[schema(example = "red")]
    pub after: Option<String>,
    /// Who.
    #[serde(flatten)]
    pub share: Share,
}

/// Moves between bands inside a segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentMoved {
    /// The segment; null for accounts in none.
    pub segment: Option<String>,
    /// From which band to which.
    pub bands: Vec<Moved>,
}

/// A rule and the accounts for which it changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleMoved {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// For whom it newly fires.
    pub started: Share,
    /// For whom it no longer does.
    pub stopped: Share,
}

impl PreviewResult {
    fn of(summary: Summary, currency: &str) -> Self {
        let share = |held: Held| Share {
            accounts: held.accounts,
            arr: Money { amount_minor: held.arr_base_minor, currency: currency.to_owned() },
            unconverted: held.unconverted,
        };
        let moved = |m: Move| Moved { before: m.before, after: m.after, share: share(m.held) };
        let all = |moves: Vec<Move>| -> Vec<Moved> { moves.into_iter().map(moved).collect() };
        let inside = |s: methodology::preview::SegmentMoves| SegmentMoved {
            segment: s.segment.map(|Named { id, .. }| id),
            bands: all(s.bands),
        };
        let rule = |shift: methodology::preview::RuleShift| RuleMoved {
            id: shift.rule.id,
            name: shift.rule.name,
            started: share(shift.started),
            stopped: share(shift.stopped),
        };
        PreviewResult {
            all: share(summary.all),
            risen: share(summary.risen),
            fallen: share(summary.fallen),
            moved: share(summary.moved),
            lost: share(summary.lost),
            gained: share(summary.gained),
            bands: all(summary.bands),
            by_segment: summary.by_segment.into_iter().map(inside).collect(),
            segments: all(summary.segments),
            rules: summary.rules.into_iter().map(rule).collect(),
        }
    }
}

impl MethodologyPreview {
    fn of(preview: methodology::Preview, currency: &str) -> Self {
        MethodologyPreview {
            state: preview.state.word(),
            error: match preview.state {
                PreviewState::Failed(why) => Some(why),
                _ => None,
            },
            done: preview.done,
            total: preview.total,
            revision: preview.stored.revision,
            over: preview.stored.over_version,
            day: preview.stored.day,
            started_at: preview.stored.started_at,
            started_by: preview.stored.started_by,
            finished_at: preview.stored.finished_at,
            outdated: preview.outdated,
            result: preview.summary.map(|summary| PreviewResult::of(summary, currency)),
        }
    }
}

/// Try a draft out.
///
/// Every account by the version in force and by the draft, without touching a score: a job, in place of earlier
/// previews of the draft. Ask for it until its state is `done`.
#[utoipa::path(
    post,
    path = "/v1/methodology/drafts/{id}/preview",
    operation_id = "previewMethodologyDraft",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    request_body(content = PreviewStatement),
    responses(
        (status = 202, description = "It is on its way", body = MethodologyPreview),
        (status = 409, description = "The draft was saved, published or discarded since"),
    ),
    security(("writeKey" = []), ("manageKey" = []))
)]
pub async fn start(
    Posted { web, key, id: Path(id), body: statement }: Posted<
        MethodologyWriter,
        Path<Uuid>,
        PreviewStatement,
    >,
) -> Result<Response> {
    let preview = web.app.start_preview(&key.scope, id, statement.revision, &key.actor()).await?;
    let body = axum::Json(MethodologyPreview::of(preview, key.scope.currency()));
    Ok((StatusCode::ACCEPTED, body).into_response())
}

/// Show what came of trying a draft out.
#[utoipa::path(
    get,
    path = "/v1/methodology/drafts/{id}/preview",
    operation_id = "getMethodologyPreview",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    responses((status = 200, description = "The newest preview", body = MethodologyPreview)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: MethodologyReader,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<MethodologyPreview>> {
    let preview = web.app.preview(&key.scope, id).await?.ok_or_else(|| missing(id))?;
    Ok(axum::Json(MethodologyPreview::of(preview, key.scope.currency())))
}

/// Get a preview account by account.
///
/// Score, band and segment before and after, ARR and rules of every account, as CSV.
#[utoipa::path(
    get,
    path = "/v1/methodology/drafts/{id}/preview.csv",
    operation_id = "getMethodologyPreviewAccounts",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    responses(
        (status = 200, description = "One row an account", body = String, content_type = "text/csv"),
        (status = 409, description = "It is not done yet"),
    ),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn accounts(
    State(web): State<Web>,
    key: MethodologyReader,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let preview = web.app.preview(&key.scope, id).await?.ok_or_else(|| missing(id))?;
    if preview.state != PreviewState::Done {
        return Err(crate::app::Error::Conflict("The preview is not done yet.".into()).into());
    }
    let mut csv = Vec::new();
    web.app.write_preview(&key.scope, preview.stored.id, &mut csv).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"preview.csv\""),
    ];
    Ok((headers, csv).into_response())
}

fn missing(id: Uuid) -> Refusal {
    Refusal::not_found("preview of draft", &id.to_string())
}
