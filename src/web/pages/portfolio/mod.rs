//! `/portfolio`: `show` is the page; `revenue`, `movement` and `load` fill its parts.

mod load;
mod movement;
pub mod overrides;
mod revenue;
pub mod retention;
pub mod show;
