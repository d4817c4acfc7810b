//! Integration tests: one binary, folders as in `src/`, on a real PostgreSQL.

mod domain;
mod imports;
mod postgres;
