//! `/renewals`.

pub mod list;
pub mod window;
