//! `/api/v1/tasks`: what is to be done, and what is done with it.

pub mod act;
pub mod list;
pub mod shapes;
