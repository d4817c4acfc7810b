//! `/team`: load.

pub mod show;
