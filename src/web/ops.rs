//! For operators: is it alive, is it ready, how is it doing.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::Web;
use crate::db::{self, queue};

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
    // What waits is told by any process for all of them; without the database there is nothing to tell.
    if let Ok(depth) = depth(&web).await {
        let age = |since: Option<DateTime<Utc>>| {
            since.map_or(0.0, |since| (web.app.clock.now() - since).as_seconds_f64().max(0.0))
        };
        metrics::gauge!("holdfast_jobs_due").set(depth.due as f64);
        metrics::gauge!("holdfast_jobs_oldest_due_seconds").set(age(depth.oldest_due));
        metrics::gauge!("holdfast_jobs_running").set(depth.running as f64);
        metrics::gauge!("holdfast_jobs_dead").set(depth.failed as f64);
        metrics::gauge!("holdfast_accounts_unscored").set(depth.unscored as f64);
        metrics::gauge!("holdfast_accounts_oldest_unscored_seconds").set(age(depth.oldest_unscored));
    }
    handle.run_upkeep();
    ([("content-type", "text/plain; version=0.0.4")], handle.render()).into_response()
}

async fn depth(web: &Web) -> db::Result<queue::Depth> {
    let mut tx = web.app.db.platform().await?;
    let depth = queue::depth(&mut tx, web.app.clock.now()).await?;
    tx.commit().await?;
    Ok(depth)
}
