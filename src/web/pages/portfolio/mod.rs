//! `/portfolio`.

pub mod show;
