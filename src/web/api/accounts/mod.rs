//! `/api/v1/accounts`: the list, one account with the reasons of its health, its daily figures, its lifecycle and its
//! timeline, and stating it.

pub mod health;
pub mod lifecycle;
pub mod list;
pub mod metric;
pub mod put;
pub mod show;
pub mod timeline;
