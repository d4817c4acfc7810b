//! The rows of the requirements that no other test runs through the service: data in by import or API, out by page or
//! API. Each test names its rows.

mod communications;
mod plays;
mod renewals;
mod support;
mod talk;
