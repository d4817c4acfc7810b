//! Integration tests: one binary, folders as in `src/`, on a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod app;
mod architecture;
mod chaos;
mod cli;
mod db;
mod domain;
mod imports;
mod jobs;
mod postgres;
mod rows;
mod support;
mod web;
