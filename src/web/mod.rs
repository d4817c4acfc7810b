//! HTTP in: pages, API, ingest endpoints.

pub mod ui;
