//! HTTP from outside.

mod collect;
mod isolation;
mod session;
