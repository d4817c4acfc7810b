//! The journal as pages: `/accounts/{external_id}/timeline` of one account, `/activity` of all.

pub mod account;
pub mod activity;
pub mod filter;
pub mod log;
pub mod stream;
