//! HTTP in: pages, API, ingest endpoints.

pub mod assets;
pub mod pages;
pub mod ui;
