//! HTTP from outside.

mod collect;
mod pages_accounts;
mod session;
