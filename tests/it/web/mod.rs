//! HTTP from outside.

mod api;
mod collect;
mod session;
