//! HTTP in: pages, API, the tracking endpoints.
//!
//! [`router`] shows every route and layer in one view. A page is one file under [`pages`]: its parameters, its view
//! model, its handler. To add one: that file, a template of the same path, and its line in [`router`].

pub mod api;
pub mod assets;
pub mod collect;
pub mod error;
pub mod extract;
pub mod live;
pub mod middleware;
pub mod ops;
pub mod pages;
pub mod paths;
pub mod respond;
pub mod router;
pub mod ui;

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;

use crate::app::App;
use crate::ingest::Ingest;
use middleware::limit::Limits;

/// What handlers share.
#[derive(Clone)]
pub struct Web {
    /// Everything the product does.
    pub app: App,
    /// The way in for messages.
    pub ingest: Ingest,
    /// What this instance was told about itself.
    pub settings: Arc<Settings>,
    /// Requests of each tenant, counted.
    pub limits: Arc<Limits>,
    /// Keys of the tracking endpoints, remembered for a few seconds.
    pub keys: Arc<collect::KeyCache>,
    /// The bells of open pages.
    pub live: Arc<live::Live>,
    /// The figures behind `/metrics`.
    pub prometheus: Option<PrometheusHandle>,
}

/// What this instance was told about itself.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where people reach it, without a trailing slash: `https://holdfast.example.com`. From requests when empty.
    pub public_url: String,
    /// Cookies without `Secure`, for a plain-HTTP network that is trusted.
    pub insecure_cookies: bool,
    /// Log-ins printed on the sign-in page of a demo: (who, address, password).
    pub demo: Vec<(String, String, String)>,
    /// API requests a minute each tenant may make.
    pub api_requests_per_minute: u32,
}

impl Web {
    /// What handlers share, for an application.
    pub fn new(app: App, ingest: Ingest, settings: Settings, prometheus: Option<PrometheusHandle>) -> Self {
        let limits = Arc::new(Limits::new(settings.api_requests_per_minute.max(1)));
        Web {
            app,
            ingest,
            settings: Arc::new(settings),
            limits,
            keys: Arc::default(),
            live: Arc::default(),
            prometheus,
        }
    }
}
