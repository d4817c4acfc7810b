//! The only calls out of the house. None of them is made while a transaction is open.
//!
//! [`http`] is how any other service is reached: what a tenant may name is never trusted to be where it says it is.

pub mod http;
pub mod mailer;
pub mod webhooks;
