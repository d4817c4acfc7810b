//! HTTP from outside.

mod api;
mod as_of;
mod backtests;
mod collect;
mod isolation;
mod lifecycle;
mod methodology;
mod notices;
mod overrides;
mod pages_accounts;
mod pages_alerts;
mod pages_portfolio;
mod pages_settings;
mod pages_studio;
mod pipelines;
mod plays;
mod renewals;
mod session;
mod tickets;
mod timeline;
