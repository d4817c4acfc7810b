//! `/portfolio`: `show` is the page; `revenue`, `movement` and `load` fill its parts.

mod load;
mod movement;
pub mod overrides;
pub mod retention;
mod revenue;
pub mod show;
