//! `/api/v1/tickets`: support tickets and the clocks they must be answered and resolved by.

pub mod act;
pub mod list;
pub mod put;
pub mod shapes;
pub mod show;
