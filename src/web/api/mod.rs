//! The REST API under `/api`, described by `/api/openapi.json` and tried out at `/api/docs`.
//!
//! To add an endpoint: a file under its noun with parameters, answer and handler (`#[utoipa::path]` describes it),
//! and its line in [`routes`]. [`openapi`] adds to every endpoint what all have in common: errors and headers.

pub mod accounts;
pub mod alerts;
pub mod backtests;
pub mod common;
pub mod contracts;
pub mod docs;
pub mod jobs;
pub mod methodology;
pub mod openapi;
pub mod overrides;
pub mod paging;
pub mod pipelines;
pub mod plays;
pub mod quarantine;
pub mod refusal;
pub mod renewals;
pub mod storms;
pub mod tasks;
pub mod team;
pub mod tickets;
pub mod webhooks;

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
        .routes(routes!(accounts::timeline::list, accounts::timeline::add))
        .routes(routes!(accounts::lifecycle::show))
        .routes(routes!(accounts::lifecycle::hold, accounts::lifecycle::release))
        .routes(routes!(accounts::lifecycle::tick))
        .merge(alert_routes())
        .routes(routes!(renewals::next::list))
        .routes(routes!(renewals::records::list))
        .routes(routes!(renewals::records::show, renewals::records::patch))
        .routes(routes!(renewals::outcome::put, renewals::outcome::reopen))
        .routes(routes!(renewals::retention::show))
        .routes(routes!(contracts::put))
        .routes(routes!(overrides::show, overrides::put, overrides::withdraw))
        .routes(routes!(overrides::list))
        .routes(routes!(tickets::list::list))
        .routes(routes!(tickets::show::show, tickets::put::put))
        .routes(routes!(tickets::list::of_account))
        .routes(routes!(tickets::act::answer))
        .routes(routes!(tickets::act::escalate))
        .routes(routes!(tickets::act::resolve))
        .routes(routes!(tickets::act::reopen))
        .routes(routes!(quarantine::list))
        .routes(routes!(webhooks::endpoints::list, webhooks::endpoints::create))
        .routes(routes!(webhooks::endpoints::show, webhooks::endpoints::put, webhooks::endpoints::remove))
        .routes(routes!(webhooks::endpoints::rotate))
        .routes(routes!(webhooks::deliveries::test))
        .routes(routes!(webhooks::deliveries::list))
        .routes(routes!(webhooks::deliveries::show))
        .routes(routes!(webhooks::deliveries::replay))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::discard))
        .routes(routes!(jobs::retry_kind))
        .routes(routes!(backtests::list, backtests::start))
        .routes(routes!(backtests::show, backtests::delete))
        .routes(routes!(backtests::account_days))
        .routes(routes!(backtests::cancel))
        .merge(work_routes())
        .merge(pipeline_routes())
        .routes(routes!(backtests::restore))
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
        .routes(routes!(plays::playbooks::list))
        .routes(routes!(plays::list::list, plays::act::start))
        .routes(routes!(plays::list::show))
        .routes(routes!(plays::act::pause))
        .routes(routes!(plays::act::resume))
        .routes(routes!(plays::act::stop))
        .routes(routes!(plays::act::replan))
        .routes(routes!(tasks::list::list, tasks::act::create))
        .routes(routes!(tasks::act::bulk))
        .routes(routes!(tasks::list::show, tasks::act::change))
        .routes(routes!(tasks::act::done))
        .routes(routes!(tasks::act::skip))
        .routes(routes!(tasks::act::reopen))
        .routes(routes!(team::roles))
        .routes(routes!(team::cast))
        .routes(routes!(team::load))
}

fn pipeline_routes() -> OpenApiRouter<Web> {
    use pipelines::{act, definitions, list, open};
    OpenApiRouter::new()
        .routes(routes!(definitions::list))
        .routes(routes!(list::list, open::open))
        .routes(routes!(list::show))
        .routes(routes!(act::check))
        .routes(routes!(act::advance))
        .routes(routes!(act::close))
        .routes(routes!(act::reopen))
}

fn alert_routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(alerts::list::list))
        .routes(routes!(alerts::list::show))
        .routes(routes!(alerts::act::close))
        .routes(routes!(alerts::act::reopen))
        .routes(routes!(alerts::act::snooze))
        .routes(routes!(alerts::act::dismiss))
        .routes(routes!(alerts::act::assign))
        .routes(routes!(storms::list))
        .routes(routes!(storms::decide))
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
