//! One file a page: its parameters, its struct, its handler, in that order; the template stands under
//! `templates/` with the same path. Page structs hold text that is ready to print, never domain or database
//! types. Blocks of a template that htmx swaps are named in `blocks` and rendered by `as_<block>()`.

pub mod accounts;
pub mod alerts;
pub mod backtests;
pub mod crew;
pub mod curves;
pub mod error;
pub mod jobs;
pub mod kpis;
pub mod notifications;
pub mod pipelines;
pub mod playbooks;
pub mod plays;
pub mod portfolio;
pub mod renewals;
pub mod search;
pub mod session;
pub mod settings;
pub mod studio;
pub mod support;
pub mod tasks;
pub mod team;
pub mod timeline;
pub mod today;
pub mod wording;
