//! `/search`.

pub mod list;
