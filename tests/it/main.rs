//! Integration tests, on a real PostgreSQL.

mod postgres;
