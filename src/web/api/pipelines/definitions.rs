//! `GET /api/v1/pipelines`: the pipelines of the methodology, and what is in them.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::PipelineAmount;
use crate::db;
use crate::db::pipelines::{Filter, Heap};
use crate::domain::pack::schema::Pipeline;
use crate::web::Web;
use crate::web::api::Result;
use crate::web::api::paging::Page;
use crate::web::extract::ReadKey;

/// A pipeline of the methodology in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct PipelineDetail {
    /// Its id.
    #[schema(example = "expansion-process")]
    pub id: String,
    /// Its name.
    #[schema(example = "Expansion process")]
    pub name: String,
    /// What passes through it.
    #[schema(example = "opportunity")]
    pub subject: String,
    /// Its steps, in order.
    pub steps: Vec<PipelineStepDetail>,
    /// Open items at steps that it no longer has.
    pub elsewhere: i64,
}

/// A step of a pipeline, and what is at it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PipelineStepDetail {
    /// Its id.
    #[schema(example = "qualify")]
    pub id: String,
    /// Its name.
    #[schema(example = "Qualify")]
    pub name: String,
    /// What must be so before an item goes on.
    pub checks: Vec<String>,
    /// Open items at it.
    pub open: i64,
    /// What those are worth, by currency.
    pub amounts: Vec<PipelineAmount>,
}

/// List pipelines.
///
/// In the order of the methodology.
#[utoipa::path(
    get,
    path = "/v1/pipelines",
    operation_id = "listPipelines",
    tag = "Pipelines",
    responses((status = 200, description = "Every pipeline", body = Page<PipelineDetail>)),
    security(("readKey" = []))
)]
pub async fn list(State(web): State<Web>, key: ReadKey) -> Result<axum::Json<Page<PipelineDetail>>> {
    let in_force = web.app.methodology(&key.scope).await?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let open = Filter { open: Some(true), ..Filter::default() };
    let heaps = db::pipelines::heaps(&mut tx, &open).await?;
    let all = in_force.iter().flat_map(|in_force| in_force.file.pipelines.iter());
    Ok(axum::Json(Page::whole(all.map(|pipeline| detail(pipeline, &heaps)).collect())))
}

fn detail(pipeline: &Pipeline, heaps: &[Heap]) -> PipelineDetail {
    let heaps: Vec<&Heap> =
        heaps.iter().filter(|heap| heap.pipeline.as_deref() == Some(&*pipeline.id)).collect();
    let of = |step: &str| {
        let here = heaps.iter().filter(|heap| heap.step.as_deref() == Some(step));
        here.copied().collect::<Vec<&Heap>>()
    };
    let steps: Vec<PipelineStepDetail> = pipeline
        .steps
        .iter()
        .map(|step| PipelineStepDetail {
            id: step.id.to_string(),
            name: step.name.to_string(),
            checks: step.checks.iter().map(ToString::to_string).collect(),
            open: of(&step.id).iter().map(|heap| heap.items).sum(),
            amounts: of(&step.id)
                .into_iter()
                .filter_map(|heap| {
                    Some(PipelineAmount { minor: heap.amount_minor, currency: heap.currency.clone()? })
                })
                .collect(),
        })
        .collect();
    let here: i64 = steps.iter().map(|step| step.open).sum();
    PipelineDetail {
        id: pipeline.id.to_string(),
        name: pipeline.name.to_string(),
        subject: pipeline.subject.to_string(),
        elsewhere: heaps.iter().map(|heap| heap.items).sum::<i64>() - here,
        steps,
    }
}
