//! HTTP from outside.

mod api;
mod backtests;
mod collect;
mod isolation;
mod pages_accounts;
mod pages_portfolio;
mod pages_settings;
mod session;
