//! `/api/v1/alerts`: what calls for a person, and what a person does about it.

pub mod act;
pub mod list;
pub mod shapes;
