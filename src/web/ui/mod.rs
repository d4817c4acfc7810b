//! View models shared by pages: text ready to print, and the small templates that print them.
//!
//! A component is a struct with its own template under `templates/ui/`; it marks itself safe to print, so a
//! page writes `{{ row.health }}` and no escaping is repeated. Components never see a database or domain
//! type: a page gives them plain numbers and names, and they choose words, shapes and coordinates.
//!
//! To add one: a struct with `#[derive(Template)]`, its template, and its name in a [`html_safe!`] line.

pub mod badge;
pub mod charts;
pub mod filters;
pub mod format;
pub mod list;
pub mod parts;
pub mod shell;

/// Marks components whose template already escapes what it prints.
macro_rules! html_safe {
    ($($component:ty),+ $(,)?) => { $(impl askama::filters::HtmlSafe for $component {})+ };
}
pub(crate) use html_safe;

pub use badge::{Delta, HealthBadge, Tone};
pub use list::{Chip, Column, Pager, SelectFilter};
pub use parts::{Avatar, Crumb, EmptyState, Notice, ProgressBar, StatTile, Tabs};
pub use shell::{Bare, Shell, Toast};
