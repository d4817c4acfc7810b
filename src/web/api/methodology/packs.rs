//! `GET /api/v1/packs`: the packs that come with Holdfast.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::methodology;
use crate::domain::pack::{self, Overrides};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{MethodologyReader, Path};

/// The packs that come with Holdfast.
#[derive(Debug, Serialize, ToSchema)]
pub struct Packs {
    /// By id.
    pub data: Vec<PackSummary>,
}

/// A pack that comes with Holdfast.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackSummary {
    /// Give it as `from_pack` of a draft.
    #[schema(example = "framework")]
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is, in a sentence.
    pub summary: String,
    /// Ids of its presets.
    pub presets: Vec<String>,
    /// Its parameters.
    pub parameters: Vec<PackParameter>,
}

/// A figure or text of a pack that a company may set.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackParameter {
    /// Name.
    #[schema(example = "DAU_FULL")]
    pub name: String,
    /// What it is unless set.
    #[schema(example = "60")]
    pub default: String,
    /// Unit, may be empty.
    pub unit: String,
    /// What it does, may be empty.
    pub note: String,
}

/// List packs.
#[utoipa::path(
    get,
    path = "/v1/packs",
    operation_id = "listPacks",
    tag = "Methodology",
    responses((status = 200, description = "All packs", body = Packs)),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn list(_: MethodologyReader) -> Result<Json<Packs>> {
    let reading = tokio::task::spawn_blocking(|| {
        let mut ids = methodology::pack_ids();
        ids.sort();
        ids.iter().filter_map(|id| summary(id)).collect()
    });
    Ok(Json(Packs { data: reading.await.map_err(anyhow::Error::from)? }))
}

/// Get the file of a pack.
#[utoipa::path(
    get,
    path = "/v1/packs/{id}/file",
    operation_id = "getPackFile",
    tag = "Methodology",
    params(("id" = String, Path, description = "The pack", example = "framework")),
    responses((status = 200, description = "The pack file", body = String, content_type = "application/yaml")),
    security(("readKey" = []), ("manageKey" = []))
)]
pub async fn file(_: MethodologyReader, Path(id): Path<String>) -> Result<Response> {
    let source = methodology::pack_source(&id).ok_or_else(|| Refusal::not_found("pack", &id))?;
    Ok(([(CONTENT_TYPE, "application/yaml; charset=utf-8")], source).into_response())
}

fn summary(id: &str) -> Option<PackSummary> {
    let file = pack::load(&methodology::pack_source(id)?, &Overrides::default()).ok()?.file;
    let text = |text: &Option<pack::Text>| text.as_ref().map_or(String::new(), ToString::to_string);
    let parameter = |(name, parameter): &(pack::Text, pack::schema::Parameter)| PackParameter {
        name: name.to_string(),
        default: parameter.default.to_string(),
        unit: text(&parameter.unit),
        note: text(&parameter.note),
    };
    Some(PackSummary {
        id: id.to_owned(),
        name: file.pack.name.to_string(),
        summary: text(&file.pack.summary),
        presets: file.presets.iter().map(|preset| preset.id.to_string()).collect(),
        parameters: file.parameters.iter().map(parameter).collect(),
    })
}
