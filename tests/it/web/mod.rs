//! HTTP from outside.

mod api;
mod collect;
mod isolation;
mod pages_accounts;
mod session;
