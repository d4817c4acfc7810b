//! HTTP from outside.

mod collect;
mod isolation;
mod pages_accounts;
mod session;
