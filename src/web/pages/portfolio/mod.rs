//! `/portfolio`: `show` is the page; `revenue`, `movement` and `load` fill its parts.

mod load;
mod movement;
mod revenue;
pub mod show;
