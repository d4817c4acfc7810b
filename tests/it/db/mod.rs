//! The database itself: who sees what, and how the schema grows.

mod cancellation;
mod fold;
mod migrations;
mod row_security;
mod score_months;
