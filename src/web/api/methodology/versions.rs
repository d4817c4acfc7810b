//! `GET /api/v1/methodology` and below: what is in force, every version, files and what differs between two.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shapes::{ChangedKey, MethodologyDetail, MethodologyVersion};
use crate::app::methodology::Side;
use crate::app::methodology::diff::{Diff, DiffLine, LineSide};
use crate::db;
use crate::web::Web;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{MethodologyReader, Path, Query};

/// Show the methodology in force.
#[utoipa::path(
    get,
    path = "/v1/methodology",
    operation_id = "getMethodology",
    tag = "Methodology",
    responses(
        (status = 200, description = "The version in force", body = MethodologyDetail),
        (status = 404, description = "No pack was applied yet"),
    ),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn in_force(State(web): State<Web>, key: MethodologyReader) -> Result<Json<MethodologyDetail>> {
    let mut tx = web.app.db.read(&key.scope).await?;
    let stored = db::methodologies::published(&mut tx).await?;
    Ok(Json(stored.ok_or_else(|| Refusal::not_found("methodology", "in force"))?.into()))
}

/// Every version.
#[derive(Debug, Serialize, ToSchema)]
pub struct Versions {
    /// Newest first.
    pub data: Vec<MethodologyVersion>,
}

/// List versions.
///
/// Every version that was ever in force, newest first: who published it, when and why.
#[utoipa::path(
    get,
    path = "/v1/methodology/versions",
    operation_id = "listMethodologyVersions",
    tag = "Methodology",
    responses((status = 200, description = "All versions", body = Versions)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn list(State(web): State<Web>, key: MethodologyReader) -> Result<Json<Versions>> {
    let versions = web.app.versions(&key.scope).await?;
    Ok(Json(Versions { data: versions.into_iter().map(MethodologyVersion::from).collect() }))
}

/// Show one version.
#[utoipa::path(
    get,
    path = "/v1/methodology/versions/{version}",
    operation_id = "getMethodologyVersion",
    tag = "Methodology",
    params(("version" = i32, Path, description = "Its number", example = 3)),
    responses((status = 200, description = "The version", body = MethodologyDetail)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: MethodologyReader,
    Path(version): Path<i32>,
) -> Result<Json<MethodologyDetail>> {
    let stored = web.app.version(&key.scope, version).await?;
    Ok(Json(stored.ok_or_else(|| Refusal::not_found("version", &version.to_string()))?.into()))
}

/// Get the file of a version.
///
/// To the byte as it was published.
#[utoipa::path(
    get,
    path = "/v1/methodology/versions/{version}/file",
    operation_id = "getMethodologyFile",
    tag = "Methodology",
    params(("version" = i32, Path, description = "Its number", example = 3)),
    responses((status = 200, description = "The pack file", body = String, content_type = "application/yaml")),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn file(
    State(web): State<Web>,
    key: MethodologyReader,
    Path(version): Path<i32>,
) -> Result<Response> {
    let stored = web.app.version(&key.scope, version).await?;
    let stored = stored.ok_or_else(|| Refusal::not_found("version", &version.to_string()))?;
    let name: String = stored.pack_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let headers = [
        (CONTENT_TYPE, "application/yaml; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}-v{version}.yaml\"")),
    ];
    Ok((headers, stored.source).into_response())
}

/// Which two texts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// A version's number or a draft's id.
    #[param(example = "2")]
    from: String,
    /// A version's number or a draft's id.
    #[param(example = "3")]
    to: String,
}

/// What differs between two files.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileDiff {
    /// What the first is called.
    #[schema(example = "version 2")]
    pub from: String,
    /// What the second is called.
    #[schema(example = "version 3")]
    pub to: String,
    /// Lines only in the second.
    pub added: usize,
    /// Lines only in the first.
    pub removed: usize,
    /// The changes as `diff -u` writes them.
    pub unified: String,
    /// The changes with a few lines around each.
    pub hunks: Vec<Vec<FileLine>>,
    /// Preset and parameters, where they differ.
    pub settings: Vec<ChangedKey>,
}

/// One line.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileLine {
    /// `both`, `removed` or `added`.
    #[schema(example = "added")]
    pub side: &'static str,
    /// Its number in the first file.
    pub from: Option<usize>,
    /// Its number in the second file.
    pub to: Option<usize>,
    /// The line.
    pub text: String,
}

impl From<DiffLine> for FileLine {
    fn from(line: DiffLine) -> Self {
        let side = match line.side {
            LineSide::Both => "both",
            LineSide::Removed => "removed",
            LineSide::Added => "added",
        };
        FileLine { side, from: line.from, to: line.to, text: line.text }
    }
}

impl From<Diff> for FileDiff {
    fn from(diff: Diff) -> Self {
        FileDiff {
            unified: diff.unified(),
            settings: (diff.overrides_from != diff.overrides_to)
                .then(|| ChangedKey {
                    key: "parameters".to_owned(),
                    before: Some(diff.overrides_from),
                    after: Some(diff.overrides_to),
                })
                .into_iter()
                .collect(),
            from: diff.from,
            to: diff.to,
            added: diff.added,
            removed: diff.removed,
            hunks: diff
                .hunks
                .into_iter()
                .map(|h| h.lines.into_iter().map(FileLine::from).collect())
                .collect(),
        }
    }
}

fn side(name: &str, text: &str) -> Result<Side> {
    let version = text.parse().map(Side::Version);
    version.or_else(|_| text.parse().map(Side::Draft)).map_err(|_| {
        Refusal::parameter(name, format!("{text:?} is neither a version's number nor a draft's id"))
    })
}

/// Compare two files.
///
/// Two versions, two drafts, or one of each.
#[utoipa::path(
    get,
    path = "/v1/methodology/diff",
    operation_id = "diffMethodology",
    tag = "Methodology",
    params(DiffQuery),
    responses(
        (status = 200, description = "What differs", body = FileDiff),
        (status = 404, description = "One of them is not there"),
    ),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn diff(
    State(web): State<Web>,
    key: MethodologyReader,
    Query(query): Query<DiffQuery>,
) -> Result<Json<FileDiff>> {
    let (from, to) = (side("from", &query.from)?, side("to", &query.to)?);
    Ok(Json(web.app.diff(&key.scope, from, to).await?.into()))
}
