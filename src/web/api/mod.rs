//! The REST API under `/api`, described by `/api/openapi.json`.

use axum::Router;

use super::Web;
use super::router::api_layers;

/// The routes below `/api`.
pub fn routes(web: Web) -> Router<Web> {
    api_layers(Router::new(), web)
}
