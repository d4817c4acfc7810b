//! Integration tests, on a real PostgreSQL.

mod imports;
mod postgres;
