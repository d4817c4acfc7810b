//! HTTP from outside.

mod api;
mod collect;
mod isolation;
mod methodology;
mod pages_accounts;
mod pages_portfolio;
mod pages_settings;
mod session;
