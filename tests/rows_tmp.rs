#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]
#[path = "it/rows/mod.rs"]
mod rows;
#[path = "it/support/mod.rs"]
mod support;
