//! `POST /api/v1/pipeline-items`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::list::detail;
use super::shapes::PipelineItemDetail;
use crate::app::Error;
use crate::app::pipelines::{NewItem, Written};
use crate::db;
use crate::domain::money::Money;
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Json, WriteKey};

/// An item to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "account": "acme",
    "pipeline": "feature-request",
    "title": "Dashboards offline",
    "why": "Their field teams have no network; 40 more seats depend on it.",
    "external_id": "wish-4711"
}))]
pub struct PipelineItemStatement {
    /// The account, by its identity in your own systems.
    account: String,
    /// The pipeline it enters at the first step; without one it is an opportunity without steps.
    pipeline: Option<String>,
    /// What it is called, 1 to 300 characters.
    #[serde(default)]
    #[schema(required)]
    title: String,
    /// Its justification, 1 to 4,000 characters.
    #[serde(default)]
    #[schema(required)]
    why: String,
    /// The id of an offer of the methodology.
    offer: Option<String>,
    /// What it is worth, in minor units, zero or more.
    #[schema(minimum = 0)]
    amount_minor: Option<i64>,
    /// ISO 4217 code of that; your company's currency without it.
    currency: Option<String>,
    /// Address of the member who looks after it; the account's CSM without it.
    owner_email: Option<String>,
    /// Its identity in your own systems, 1 to 200 characters: stated a second time for the account, nothing is opened.
    external_id: Option<String>,
}

/// Open an item of a pipeline.
///
/// It counts in metrics that events called by the pipeline's subject feed, such as `feature_request`.
#[utoipa::path(
    post,
    path = "/v1/pipeline-items",
    operation_id = "openPipelineItem",
    tag = "Pipelines",
    request_body(content = PipelineItemStatement, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "It was there, by its `external_id`", body = PipelineItemDetail),
        (status = 201, description = "It is open", body = PipelineItemDetail,
            headers(("location" = String, description = "Where it can be read"))),
    ),
    security(("writeKey" = []))
)]
pub async fn open(
    State(web): State<Web>,
    key: WriteKey,
    Json(body): Json<PipelineItemStatement>,
) -> Result<Response> {
    let currency = body.currency.as_deref().unwrap_or(key.scope.currency()).parse();
    let currency = currency.map_err(|_| Error::invalid("currency", "must be an ISO code such as USD"))?;
    let owner = match &body.owner_email {
        None => None,
        Some(email) => {
            let members = db::members::list(&mut web.app.db.read(&key.scope).await?).await?;
            let found = common::member_by_email(&members, email);
            Some(found.map_err(|text| Error::invalid("owner_email", text))?)
        }
    };
    let new = NewItem {
        account: body.account,
        pipeline: body.pipeline,
        offer: body.offer,
        written: Written {
            title: body.title,
            why: body.why,
            amount: body.amount_minor.map(|minor| Money::from_minor(minor, currency)),
            owner,
        },
        external_id: body.external_id,
    };
    let opened = web.app.open_item(&key.scope, &new, &key.actor()).await;
    let (item, is_new) = opened.map_err(|error| match error {
        Error::NotFound => Refusal::from(Error::invalid("account", "is not known")),
        other => other.into(),
    })?;
    let body = axum::Json(detail(&web, &key.scope, item.id).await?);
    Ok(if is_new {
        let location = format!("/api/v1/pipeline-items/{}", item.id);
        (StatusCode::CREATED, [(LOCATION, location)], body).into_response()
    } else {
        body.into_response()
    })
}
