//! Every route and layer in one view.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use super::middleware::{errors, headers, limit};
use super::pages::{
    accounts, alerts, backtests, jobs, notifications, pipelines, playbooks, plays, portfolio, renewals,
    search, session, settings, studio, support, tasks, team, timeline, today,
};
use super::{Web, assets, collect, ops, paths};

/// The whole of HTTP.
pub fn router(web: Web) -> Router {
    let service = Router::new()
        .merge(pages())
        .merge(tracking())
        .nest("/api", super::api::routes(web.clone()))
        .merge(operators())
        .route("/static/{*path}", get(assets::serve))
        .with_state(web);
    service
        .layer(headers::set("content-security-policy", headers::CONTENT_SECURITY_POLICY))
        .layer(headers::set("x-content-type-options", "nosniff"))
        .layer(headers::set("referrer-policy", "same-origin"))
        .layer(headers::set("x-frame-options", "DENY"))
        .layer(headers::set("cross-origin-opener-policy", "same-origin"))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(120)))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_request(()).on_response(log).on_failure(()))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// What people see. State changes are taken from our own pages only.
fn pages() -> Router<Web> {
    Router::new()
        .route("/sign-in", get(session::sign_in::show).post(session::sign_in::enter))
        .route("/sign-out", post(session::sign_out::leave))
        .route("/password", get(session::password::show).post(session::password::change))
        .route("/tenant", post(session::tenant::switch))
        .route("/theme", post(session::theme::choose))
        .route("/invitations/{token}", get(session::invitation::show).post(session::invitation::accept))
        .merge(customers())
        .merge(work())
        .merge(in_pipelines())
        .merge(alerts())
        .merge(timeline())
        .merge(portfolio())
        .merge(tickets())
        .merge(told())
        .merge(settings())
        .merge(outgoing())
        .merge(studio_pages())
        .merge(drafts())
        .merge(backtests())
        .route("/jobs/{id}/cancel", post(jobs::cancel::cancel))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::max(1024 * 1024))
        .layer(CsrfLayer::new())
        .layer(CompressionLayer::new())
        .layer(from_fn(errors::pages))
}

/// Today, the list of accounts and the pages of one.
fn customers() -> Router<Web> {
    Router::new()
        .route("/", get(today::show::show))
        .route("/accounts", get(accounts::list::show))
        .route("/accounts/{external_id}", get(accounts::show::show))
        .route("/accounts/{external_id}/health", get(accounts::health::show))
        .route("/accounts/{external_id}/usage", get(accounts::usage::show))
        .route("/accounts/{external_id}/people", get(accounts::people::show))
        .route("/accounts/{external_id}/support", get(accounts::support::show))
        .route("/accounts/{external_id}/contracts", get(accounts::contracts::show))
        .route("/accounts/{external_id}/owner", post(accounts::head::assign))
        .route("/accounts/{external_id}/segment", post(accounts::head::pin))
        .route("/accounts/{external_id}/roles", post(accounts::work::cast))
        .route("/accounts/{external_id}/override", post(accounts::overrides::set))
        .route("/accounts/{external_id}/override/withdraw", post(accounts::overrides::withdraw))
        .route("/accounts/{external_id}/override/restore", post(accounts::overrides::restore))
        .route("/search", get(search::list::show))
}

/// Playbooks, their plays, tasks, and who does them.
fn work() -> Router<Web> {
    Router::new()
        .route("/playbooks", get(playbooks::list::show))
        .route("/playbooks/{id}", get(playbooks::show::show))
        .route("/playbooks/{id}/start", post(playbooks::start::start))
        .route("/plays/{id}", get(plays::show::show))
        .route("/plays/{id}/pause", post(plays::change::pause))
        .route("/plays/{id}/resume", post(plays::change::resume))
        .route("/plays/{id}/stop", post(plays::change::stop))
        .route("/plays/{id}/replan", post(plays::change::replan))
        .route("/tasks", get(tasks::list::show).post(tasks::change::add))
        .route("/tasks/bulk", post(tasks::change::bulk))
        .route("/tasks/undo", post(tasks::change::undo))
        .route("/tasks/calendar", get(tasks::feed::show).post(tasks::feed::renew))
        .route("/tasks/calendar/revoke", post(tasks::feed::revoke))
        .route("/tasks/{id}", get(tasks::show::show).post(tasks::change::save))
        .route("/tasks/{id}/end", post(tasks::change::end))
        .route("/calendar/{secret}", get(tasks::feed::serve))
        .route("/team", get(team::show::show))
}

/// What passes through the steps of pipelines.
fn in_pipelines() -> Router<Web> {
    use pipelines::{act, list, new, show};
    Router::new()
        .route("/pipelines", get(list::show))
        .route("/pipelines/new", get(new::show))
        .route("/pipelines/items", post(new::open))
        .route("/pipelines/items/{id}", get(show::show).post(act::edit))
        .route("/pipelines/items/{id}/check", post(act::check))
        .route("/pipelines/items/{id}/advance", post(act::advance))
        .route("/pipelines/items/{id}/move", post(act::move_to))
        .route("/pipelines/items/{id}/close", post(act::close))
        .route("/pipelines/items/{id}/reopen", post(act::reopen))
}

/// What rules raise, and what is done with it.
fn alerts() -> Router<Web> {
    use alerts::{act, storm};
    Router::new()
        .route("/alerts", get(alerts::list::show))
        .route("/alerts/close", post(act::close_many))
        .route("/alerts/reopen", post(act::reopen_many))
        .route("/alerts/{id}", get(alerts::show::show))
        .route("/alerts/{id}/panel", get(alerts::panel::show))
        .route("/alerts/{id}/close", post(act::close))
        .route("/alerts/{id}/reopen", post(act::reopen))
        .route("/alerts/{id}/snooze", post(act::snooze))
        .route("/alerts/{id}/dismiss", post(act::dismiss))
        .route("/alerts/{id}/assign", post(act::assign))
        .route("/alerts/{id}/play", post(act::play))
        .route("/alerts/storms/{id}/release", post(storm::release))
        .route("/alerts/storms/{id}/refuse", post(storm::refuse))
        .route("/settings/rules", get(settings::rules::show).post(settings::rules::limit))
}

/// Everything that happened, and where an account is in its lifecycle.
fn timeline() -> Router<Web> {
    use accounts::{lifecycle, lifecycle_change};
    use timeline::{account, activity, log};
    Router::new()
        .route("/activity", get(activity::show))
        .route("/accounts/{external_id}/timeline", get(account::show).post(log::add))
        .route("/timeline/{id}/remove", post(log::remove))
        .route("/timeline/{id}/restore", post(log::restore))
        .route("/accounts/{external_id}/lifecycle", get(lifecycle::show))
        .route("/accounts/{external_id}/lifecycle/hold", post(lifecycle_change::hold))
        .route("/accounts/{external_id}/lifecycle/release", post(lifecycle_change::release))
        .route("/accounts/{external_id}/lifecycle/tick", post(lifecycle_change::tick))
}

/// All accounts together.
fn portfolio() -> Router<Web> {
    Router::new()
        .route("/renewals", get(renewals::list::show))
        .route("/renewals.csv", get(renewals::export::show))
        .route("/renewals/board", get(renewals::board::show))
        .route("/renewals/forecast", get(renewals::forecast::show))
        .route("/renewals/timeline", get(renewals::line::show))
        .route("/renewals/{id}", get(renewals::show::show))
        .route("/renewals/{id}/forecast", post(renewals::change::forecast))
        .route("/renewals/{id}/outcome", post(renewals::change::close))
        .route("/renewals/{id}/reopen", post(renewals::change::reopen))
        .route("/portfolio", get(portfolio::show::show))
        .route("/portfolio/overrides", get(portfolio::overrides::show))
        .route("/portfolio/retention", get(portfolio::retention::show))
        .route("/portfolio/retention.csv", get(portfolio::retention::download))
}

/// Support: everybody may look, CSMs work on tickets.
fn tickets() -> Router<Web> {
    Router::new()
        .route("/support", get(support::list::show))
        .route("/support/tickets/{id}", get(support::show::show))
        .route("/support/tickets/{id}/answer", post(support::act::answer))
        .route("/support/tickets/{id}/escalate", post(support::act::escalate))
        .route("/support/tickets/{id}/escalate/undo", post(support::act::take_back))
        .route("/support/tickets/{id}/resolve", post(support::act::resolve))
        .route("/support/tickets/{id}/reopen", post(support::act::reopen))
}

/// How the tenant works: everybody may look, few may change.
fn settings() -> Router<Web> {
    Router::new()
        .route("/settings", get(|| async { Redirect::to("/settings/members") }))
        .route("/settings/members", get(settings::members::show).post(settings::members::invite))
        .route("/settings/members/{id}/role", post(settings::members::set_role))
        .route("/settings/members/{id}/remove", post(settings::members::remove))
        .route("/settings/members/{id}/restore", post(settings::members::restore))
        .route("/settings/invitations/{id}/withdraw", post(settings::members::withdraw))
        .route("/settings/roles", get(settings::roles::show))
        .route("/settings/roles/{role}", post(settings::roles::cast))
        .route("/settings/keys", get(settings::keys::show).post(settings::keys::create))
        .route("/settings/keys/{id}/revoke", post(settings::keys::revoke))
        .route("/settings/keys/{id}/restore", post(settings::keys::restore))
        .route("/settings/sources", get(settings::sources::show))
        .route("/settings/quarantine", get(settings::quarantine::show))
        .route("/settings/quarantine/replay", post(settings::quarantine::replay))
        .route("/settings/quarantine/{id}/dismiss", post(settings::quarantine::dismiss))
        .route("/settings/quarantine/{id}/reopen", post(settings::quarantine::reopen))
        .route("/settings/imports", get(settings::imports::show))
        .route(
            "/settings/imports",
            post(settings::imports::upload).layer(DefaultBodyLimit::max(settings::imports::MAX_BYTES)),
        )
        .route("/settings/imports/uploads/{id}", get(settings::upload::show).post(settings::upload::start))
        .route("/settings/imports/{id}", get(settings::import::show))
        .route("/settings/imports/{id}/rejected.csv", get(settings::import::rejected))
        .route("/settings/metrics", get(settings::metrics::show).post(settings::metrics::put))
        .route("/settings/methodology", get(|| async { Redirect::permanent(paths::STUDIO) }))
        .route("/settings/rates", get(settings::rates::show).post(settings::rates::put))
        .route("/settings/jobs", get(settings::jobs::show))
        .route("/settings/jobs/retry", post(settings::jobs::retry_kind))
        .route("/settings/jobs/{id}/retry", post(settings::jobs::retry))
        .route("/settings/jobs/{id}/discard", post(settings::jobs::discard))
        .route("/settings/jobs/{id}/restore", post(settings::jobs::restore))
        .route("/settings/audit", get(settings::audit::show))
}

/// What members are told, and how they want it.
fn told() -> Router<Web> {
    let preferences = get(settings::notifications::show).post(settings::notifications::save);
    Router::new()
        .route("/notifications", get(notifications::list::show))
        .route("/notifications/read", post(notifications::list::read_all))
        .route("/notifications/unread", post(notifications::list::unread_all))
        .route("/notifications/{id}/read", post(notifications::list::read))
        .route("/notifications/{id}/unread", post(notifications::list::unread))
        .route("/entries/{id}", get(notifications::entry::show))
        .route("/events", get(notifications::events::stream))
        .route("/events/latest", get(notifications::events::latest))
        .route("/settings/notifications", preferences)
}

/// Where messages and webhooks go.
fn outgoing() -> Router<Web> {
    use settings::outgoing::{self, customers, endpoint, messages_list, slack};
    Router::new()
        .route("/settings/templates", get(settings::templates::show))
        .route("/settings/templates/new", get(settings::templates::new).post(settings::templates::create))
        .route("/settings/templates/{key}", get(settings::templates::edit).post(settings::templates::save))
        .route("/settings/templates/{key}/remove", post(settings::templates::remove))
        .route("/settings/outgoing", get(outgoing::show))
        .route("/settings/outgoing/customers", post(customers::set))
        .route("/settings/outgoing/slack", post(slack::set))
        .route("/settings/outgoing/slack/test", post(slack::test))
        .route("/settings/outgoing/slack/remove", post(slack::remove))
        .route("/settings/outgoing/endpoints", post(endpoint::create))
        .route("/settings/outgoing/endpoints/{id}", get(endpoint::show).post(endpoint::change))
        .route("/settings/outgoing/endpoints/{id}/secret", post(endpoint::rotate))
        .route("/settings/outgoing/endpoints/{id}/test", post(endpoint::test))
        .route("/settings/outgoing/endpoints/{id}/replay", post(endpoint::replay))
        .route("/settings/outgoing/endpoints/{id}/remove", post(endpoint::remove))
        .route("/settings/outgoing/endpoints/{id}/restore", post(endpoint::restore))
        .route("/settings/outgoing/messages", get(messages_list::show))
        .route("/settings/outgoing/messages/{id}/retry", post(messages_list::retry))
}

/// The methodology: what is in force, its versions, and how the next one begins.
fn studio_pages() -> Router<Web> {
    let with_file = DefaultBodyLimit::max(studio::MAX_BYTES);
    Router::new()
        .route("/studio", get(studio::home::show))
        .route("/studio/compare", get(studio::compare::show))
        .route("/studio/versions/{version}", get(studio::version::show))
        .route("/studio/versions/{version}/file.yaml", get(studio::version::download))
        .route(
            "/studio/versions/{version}/roll-back",
            get(studio::roll_back::show).post(studio::roll_back::roll_back),
        )
        .route("/studio/drafts/new", get(studio::create::show))
        .route("/studio/drafts", post(studio::create::create).layer(with_file))
}

/// A draft of the next methodology.
fn drafts() -> Router<Web> {
    let with_file = DefaultBodyLimit::max(studio::MAX_BYTES);
    let file = get(studio::file::show).merge(post(studio::file::save).layer(with_file));
    let measure = get(studio::measure::show).post(studio::measure::save);
    Router::new()
        .route("/studio/drafts/{id}", get(studio::model::show))
        .route("/studio/drafts/{id}/model", post(studio::weights::save))
        .route("/studio/drafts/{id}/bands", post(studio::bands::save))
        .route("/studio/drafts/{id}/measures/{key}", measure)
        .route("/studio/drafts/{id}/measures/{key}/check", post(studio::measure::check))
        .route("/studio/drafts/{id}/parameters", get(studio::parameters::show).post(studio::parameters::save))
        .route("/studio/drafts/{id}/contents", get(studio::contents::show))
        .route("/studio/drafts/{id}/file", file)
        .route("/studio/drafts/{id}/file.yaml", get(studio::file::download))
        .route("/studio/drafts/{id}/check", post(studio::file::check).layer(with_file))
        .route("/studio/drafts/{id}/upload", post(studio::file::upload).layer(with_file))
        .route("/studio/drafts/{id}/changes", get(studio::changes::show))
        .route("/studio/drafts/{id}/preview", get(studio::preview::show).post(studio::preview::start))
        .route("/studio/drafts/{id}/preview.csv", get(studio::preview::download))
        .route("/studio/drafts/{id}/publish", get(studio::publish::show).post(studio::publish::publish))
        .route("/studio/drafts/{id}/discard", post(studio::discard::discard))
        .route("/studio/drafts/{id}/restore", post(studio::discard::restore))
}

/// Scores of the past held against what happened: everybody may look, managers start.
fn backtests() -> Router<Web> {
    Router::new()
        .route("/studio/backtests", get(backtests::list::show).post(backtests::new::start))
        .route("/studio/backtests/new", get(backtests::new::show))
        .route("/studio/backtests/{id}", get(backtests::show::show))
        .route("/studio/backtests/{id}/days.csv", get(backtests::days::show))
        .route("/studio/backtests/{id}/deciles.csv", get(backtests::days::deciles))
        .route("/studio/backtests/{id}/draft", post(backtests::show::draft))
        .route("/studio/backtests/{id}/stop", post(backtests::show::stop))
        .route("/studio/backtests/{id}/delete", post(backtests::show::delete))
        .route("/studio/backtests/{id}/restore", post(backtests::show::restore))
}

/// What SDKs speak to, from servers and from any site's pages.
fn tracking() -> Router<Web> {
    Router::new()
        .route("/v1/{endpoint}", post(collect::collect))
        .layer(DefaultBodyLimit::disable())
        .layer(CorsLayer::permissive())
}

fn operators() -> Router<Web> {
    Router::new()
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/metrics", get(ops::prometheus))
}

/// The layers of the API, here so that they are seen beside the others: what needs a key, and what anybody may read.
pub(super) fn api_layers(keyed: Router<Web>, open: Router<Web>, web: Web) -> Router<Web> {
    keyed
        .layer(from_fn_with_state(web, limit::api))
        .merge(open)
        .layer(CompressionLayer::new())
        .layer(from_fn(errors::api))
}

/// Method and path without the query, which may hold names and searches; never a header or a body.
fn span(request: &axum::extract::Request) -> tracing::Span {
    let id = request.headers().get(errors::REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

fn log(response: &axum::response::Response, latency: Duration, _: &tracing::Span) {
    let (status, millis) = (response.status().as_u16(), latency.as_secs_f64() * 1000.0);
    metrics::histogram!("holdfast_http_request_seconds", "status" => status.to_string())
        .record(latency.as_secs_f64());
    tracing::info!(status, millis, "answered");
}
