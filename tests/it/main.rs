//! Integration tests: one binary, folders as in `src/`, on a real PostgreSQL.

mod architecture;
mod db;
mod domain;
mod imports;
mod postgres;
mod support;
mod web;
