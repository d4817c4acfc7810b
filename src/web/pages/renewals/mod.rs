//! `/renewals`.

pub mod list;
