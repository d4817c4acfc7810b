//! HTTP from outside.

mod api;
mod as_of;
mod backtests;
mod collect;
mod isolation;
mod methodology;
mod overrides;
mod pages_accounts;
mod pages_portfolio;
mod pages_settings;
mod pages_studio;
mod plays;
mod session;
