//! Publishing a draft, and going back to an earlier version.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::shapes::Published;
use crate::app::methodology::Publishing;
use crate::web::api::Result;
use crate::web::extract::{ManageKey, Path, Posted};

/// How a draft is to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "revision": 4, "over": 3, "note": "Support counts for more since the new plan." }))]
pub struct PublishStatement {
    /// The revision you have seen; 409 when somebody saved another since.
    revision: i32,
    /// Why, for those who look at the versions later.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
    /// The version in force you have seen; the one the draft was begun on unless given. 409 when another is in force.
    over: Option<i32>,
    /// Publish even though something in use loses its definition. No data is deleted.
    #[serde(default)]
    remove_used: bool,
}

/// How an earlier version is to be brought back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "note": "The new weights hid two losses." }))]
pub struct RollBackStatement {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
    /// The version in force you have seen. 409 when another is in force.
    over: Option<i32>,
    /// Go back even though something in use loses its definition. No data is deleted.
    #[serde(default)]
    remove_used: bool,
}

/// Publish a draft.
///
/// It becomes the next version, its metrics and fields are added, and every account is scored anew: all of it or
/// nothing.
#[utoipa::path(
    post,
    path = "/v1/methodology/drafts/{id}/publish",
    operation_id = "publishMethodologyDraft",
    tag = "Methodology",
    params(("id" = Uuid, Path, description = "The draft")),
    request_body(content = PublishStatement),
    responses(
        (status = 200, description = "It is in force", body = Published),
        (status = 409, description = "Somebody saved or published meanwhile, or what is in use would be taken away"),
    ),
    security(("manageKey" = []))
)]
pub async fn publish(
    Posted { web, key, id: Path(id), body: how }: Posted<ManageKey, Path<Uuid>, PublishStatement>,
) -> Result<axum::Json<Published>> {
    let publishing = Publishing { note: &how.note, over: how.over, remove_used: how.remove_used };
    let version = web.app.publish(&key.scope, id, how.revision, &publishing, &key.actor()).await?;
    Ok(axum::Json(Published { version }))
}

/// Go back to an earlier version.
///
/// Its file and parameters are published as the next version.
#[utoipa::path(
    post,
    path = "/v1/methodology/versions/{version}/roll-back",
    operation_id = "rollBackMethodology",
    tag = "Methodology",
    params(("version" = i32, Path, description = "The version to bring back", example = 2)),
    request_body(content = RollBackStatement),
    responses(
        (status = 200, description = "It is in force again, under a new number", body = Published),
        (status = 409, description = "It is in force, somebody published meanwhile, or what is in use would be taken away"),
    ),
    security(("manageKey" = []))
)]
pub async fn roll_back(
    Posted { web, key, id: Path(version), body: how }: Posted<ManageKey, Path<i32>, RollBackStatement>,
) -> Result<axum::Json<Published>> {
    let publishing = Publishing { note: &how.note, over: how.over, remove_used: how.remove_used };
    let version = web.app.roll_back(&key.scope, version, &publishing, &key.actor()).await?;
    Ok(axum::Json(Published { version }))
}
