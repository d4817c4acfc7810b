//! HTTP from outside.

mod collect;
mod session;
