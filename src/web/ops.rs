//! For operators: is it alive, is it ready, how is it doing.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Web;

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well.
pub async fn readyz(State(web): State<Web>) -> Response {
    if web.app.db.ping().await {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "5")], "the database does not answer\n")
            .into_response()
    }
}

/// `GET /metrics`: figures in Prometheus' text format.
pub async fn prometheus(State(web): State<Web>) -> Response {
    let Some(handle) = &web.prometheus else { return StatusCode::NOT_FOUND.into_response() };
    let (open, idle) = web.app.db.connections();
    metrics::gauge!("holdfast_db_connections").set(f64::from(open));
    metrics::gauge!("holdfast_db_connections_idle").set(idle as f64);
    handle.run_upkeep();
    ([("content-type", "text/plain; version=0.0.4")], handle.render()).into_response()
}
