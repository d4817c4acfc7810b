//! The REST API under `/api`, described by `/api/openapi.json` and tried out at `/api/docs`.
//!
//! To add an endpoint: a file under its noun with parameters, answer and handler (`#[utoipa::path]` describes it),
//! and its line in [`routes`]. [`openapi`] adds to every endpoint what all have in common: errors and headers.

pub mod accounts;
pub mod backtests;
pub mod common;
pub mod docs;
pub mod methodology;
pub mod openapi;
pub mod overrides;
pub mod plays;
pub mod quarantine;
pub mod refusal;
pub mod renewals;
pub mod tasks;
pub mod team;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::error::Problem;
use super::router::api_layers;

pub use refusal::{Refusal, Result};

/// The largest body the API takes.
const MAX_BODY: usize = 256 * 1024;
/// The largest body with a methodology pack in it: one of the largest size, as JSON writes it.
const MAX_PACK_BODY: usize = 4 * 1024 * 1024;

/// The routes below `/api`.
pub fn routes(web: Web) -> Router<Web> {
    let (keyed, described) = OpenApiRouter::new()
        .routes(routes!(accounts::list::list))
        .routes(routes!(accounts::show::show, accounts::put::put))
        .routes(routes!(accounts::metric::daily))
        .routes(routes!(renewals::list))
        .routes(routes!(overrides::show, overrides::put, overrides::withdraw))
        .routes(routes!(overrides::list))
        .routes(routes!(quarantine::list))
        .routes(routes!(backtests::list, backtests::start))
        .routes(routes!(backtests::show))
        .routes(routes!(backtests::account_days))
        .routes(routes!(backtests::cancel))
        .merge(work_routes())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .merge(methodology_routes().layer(DefaultBodyLimit::max(MAX_PACK_BODY)))
        .split_for_parts();
    let document = openapi::document(described, &web.settings.public_url);
    let open = Router::new()
        .route("/openapi.json", get(move || openapi::serve(document.clone())))
        .route("/docs", get(docs::show))
        .fallback(unknown);
    api_layers(keyed, open, web)
}

fn work_routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(plays::playbooks))
        .routes(routes!(plays::list, plays::start))
        .routes(routes!(plays::show))
        .routes(routes!(plays::pause))
        .routes(routes!(plays::resume))
        .routes(routes!(plays::stop))
        .routes(routes!(plays::replan))
        .routes(routes!(tasks::list, tasks::create))
        .routes(routes!(tasks::bulk))
        .routes(routes!(tasks::show, tasks::change))
        .routes(routes!(tasks::done))
        .routes(routes!(tasks::skip))
        .routes(routes!(tasks::reopen))
        .routes(routes!(team::roles))
        .routes(routes!(team::cast))
        .routes(routes!(team::load))
}

fn methodology_routes() -> OpenApiRouter<Web> {
    use methodology::{drafts, packs, preview, publish, versions};
    OpenApiRouter::new()
        .routes(routes!(versions::in_force))
        .routes(routes!(versions::list))
        .routes(routes!(versions::show))
        .routes(routes!(versions::file))
        .routes(routes!(versions::diff))
        .routes(routes!(publish::roll_back))
        .routes(routes!(drafts::list, drafts::create))
        .routes(routes!(drafts::show, drafts::put, drafts::discard))
        .routes(routes!(drafts::restore))
        .routes(routes!(drafts::plan))
        .routes(routes!(preview::show, preview::start))
        .routes(routes!(preview::accounts))
        .routes(routes!(publish::publish))
        .routes(routes!(packs::list))
        .routes(routes!(packs::file))
}

async fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "There is no such endpoint",
        "/api/docs shows every endpoint there is.",
    )
}
