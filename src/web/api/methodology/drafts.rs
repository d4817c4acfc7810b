//! `/api/v1/methodology/drafts`: what the next version may become.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::shapes::{DraftDetail, MethodologyDraft, MethodologyPlan, overrides};
use crate::app::Error;
use crate::app::methodology::DraftFrom;
use crate::db;
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Json, MethodologyReader, MethodologyWriter, Path, Posted, Query};

/// Which drafts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DraftsQuery {
    /// Also those that were discarded.
    #[serde(default)]
    discarded: bool,
}

/// Every draft.
#[derive(Debug, Serialize, ToSchema)]
pub struct Drafts {
    /// Last saved first.
    pub data: Vec<MethodologyDraft>,
}

/// What a draft begins as: exactly one of `from_version`, `from_pack` and `source`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "Stricter support", "from_version": 3 }))]
pub struct NewDraft {
    /// What people are to call it; the pack's name unless given.
    #[serde(default)]
    #[schema(max_length = 200)]
    title: String,
    /// A copy of this version, with its parameters.
    from_version: Option<i32>,
    /// A pack that comes with Holdfast.
    from_pack: Option<String>,
    /// The version in force with the weights this backtest suggests, which must have tried it.
    from_backtest: Option<Uuid>,
    /// A pack file, up to 2 MB.
    source: Option<String>,
    /// With `source`: id of a preset of the pack.
    preset: Option<String>,
    /// With `source`: parameters by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    parameters: Map<String, Value>,
}

/// A draft as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftStatement {
    /// The revision this was made from; 409 when somebody saved another since.
    #[schema(example = 4)]
    revision: i32,
    /// What people are to call it; stays when not given.
    title: Option<String>,
    /// The pack file, up to 2 MB.
    source: String,
    /// Id of a preset of the pack.
    preset: Option<String>,
    /// Parameters by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    parameters: Map<String, Value>,
}

fn missing(id: Uuid) -> Refusal {
    Refusal::not_found("draft", &id.to_string())
}

/// List drafts.
#[utoipa::path(
    get,
    path = "/v1/methodology/drafts",
    operation_id = "listMethodologyDrafts",
    tag = "Methodology",
    params(DraftsQuery),
    responses((status = 200, description = "All drafts", body = Drafts)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: MethodologyReader,
    Query(query): Query<DraftsQuery>,
) -> Result<axum::Json<Drafts>> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let rows = db::drafts::list(&mut tx, query.discarded).await?;
    Ok(axum::Json(Drafts { data: rows.into_iter().map(MethodologyDraft::from).collect() }))
}

/// Begin a draft.
///
/// A file with errors stores nothing; `errors` then says of each where it stands.
#[utoipa::path(
    post,
    path = "/v1/methodology/drafts",
    operation_id = "createMethodologyDraft",
    tag = "Methodology",
    request_body(content = NewDraft, description = "Up to 4 MB"),
    responses(
        (status = 201, description = "It was begun", body = DraftDetail,
            headers(("location" = String, description = "Where it can be read"))),
        (status = 404, description = "There is no such version, pack or backtest"),
        (status = 409, description = "There are too many drafts; or the backtest suggests nothing, or tried something \
            else than what is in force"),
    ),
    security(("writeKey" = []), ("manageKey" = []))
)]
pub async fn create(
    State(web): State<Web>,
    key: MethodologyWriter,
    Json(new): Json<NewDraft>,
) -> Result<Response> {
    let from = match (new.from_version, new.from_pack, new.from_backtest, new.source) {
        (Some(version), None, None, None) => DraftFrom::Version(version),
        (None, Some(pack), None, None) => DraftFrom::Pack(pack),
        (None, None, Some(backtest), None) => DraftFrom::Backtest(backtest),
        (None, None, None, Some(source)) => {
            DraftFrom::File { source, overrides: overrides(new.preset, new.parameters)? }
        }
        _ => {
            let text = "give exactly one of from_version, from_pack, from_backtest and source";
            return Err(Error::invalid("source", text).into());
        }
    };
    let draft = web.app.create_draft(&key.scope, from, &new.title, &key.actor()).await?;
    let location = format!("/api/v1/methodology/drafts/{}", draft.stored.id);
    let body = axum::Json(DraftDetail::from(draft));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
}

/// Show a draft with its file.
#[utoipa::path(
    get,
    path = "/v1/methodology/drafts/{id}",
    operation_id = "getMethodologyDraft",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    responses((status = 200, description = "The draft", body = DraftDetail)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: MethodologyReader,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<DraftDetail>> {
    let draft = web.app.draft(&key.scope, id).await?.ok_or_else(|| missing(id))?;
    Ok(axum::Json(draft.into()))
}

/// Save a draft.
///
/// A file with errors stores nothing; `errors` then says of each where it stands.
#[utoipa::path(
    put,
    path = "/v1/methodology/drafts/{id}",
    operation_id = "putMethodologyDraft",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    request_body(content = DraftStatement, description = "Up to 4 MB"),
    responses(
        (status = 200, description = "It was saved; `revision` is its new one", body = DraftDetail),
        (status = 409, description = "It was saved, published or discarded since"),
    ),
    security(("writeKey" = []), ("manageKey" = []))
)]
pub async fn put(
    Posted { web, key, id: Path(id), body: draft }: Posted<MethodologyWriter, Path<Uuid>, DraftStatement>,
) -> Result<axum::Json<DraftDetail>> {
    let overrides = overrides(draft.preset, draft.parameters)?;
    let (title, revision) = (draft.title.as_deref(), draft.revision);
    let saved =
        web.app.save_draft(&key.scope, id, title, &draft.source, &overrides, revision, &key.actor()).await?;
    Ok(axum::Json(saved.into()))
}

/// Discard a draft.
///
/// It can be restored.
#[utoipa::path(
    delete,
    path = "/v1/methodology/drafts/{id}",
    operation_id = "discardMethodologyDraft",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    responses(
        (status = 204, description = "It is put away"),
        (status = 409, description = "It was published"),
    ),
    security(("writeKey" = []), ("manageKey" = []))
)]
pub async fn discard(
    State(web): State<Web>,
    key: MethodologyWriter,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    web.app.discard_draft(&key.scope, id, &key.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a discarded draft.
#[utoipa::path(
    post,
    path = "/v1/methodology/drafts/{id}/restore",
    operation_id = "restoreMethodologyDraft",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    responses(
        (status = 204, description = "It is open again"),
        (status = 409, description = "It was published"),
    ),
    security(("writeKey" = []), ("manageKey" = []))
)]
pub async fn restore(
    State(web): State<Web>,
    key: MethodologyWriter,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    web.app.restore_draft(&key.scope, id, &key.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show what publishing a draft would change.
///
/// Thing by thing, and what is in use and would lose its definition.
#[utoipa::path(
    get,
    path = "/v1/methodology/drafts/{id}/plan",
    operation_id = "planMethodologyDraft",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    responses((status = 200, description = "The plan", body = MethodologyPlan)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn plan(
    State(web): State<Web>,
    key: MethodologyReader,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<MethodologyPlan>> {
    Ok(axum::Json(web.app.plan_draft(&key.scope, id).await?.into()))
}
