//! Integration tests: one binary, folders as in `src/`, on a real PostgreSQL.

mod app;
mod architecture;
mod cli;
mod db;
mod domain;
mod imports;
mod postgres;
mod support;
mod web;
