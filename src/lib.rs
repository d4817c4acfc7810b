//! Holdfast: a self-hosted, multi-tenant customer success service.
//!
//! # The map of the house
//!
//! A room may use only the rooms below it; nothing runs back up.
//!
//! ```text
//! boot           assembles the application, checks the database role, drains on SIGTERM
//! web · jobs     HTTP in · when things run
//! app · ingest   one function per thing the product does · the hot path in
//! db · integrations   the only SQL · the only outbound calls
//! domain         pure: no async, no I/O, no clock
//! ```
//!
//! `postgres` (the managed server), `config` and `demo` (the simulator) stand beside them:
//! only `main` and `boot` use the first two, and `demo` feeds `app` and `ingest` as any client would.
//! `tests/it/architecture.rs` holds the same table and checks it.

pub mod app;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod demo;
pub mod domain;
pub mod ingest;
pub mod integrations;
pub mod jobs;
pub mod postgres;
pub mod web;
