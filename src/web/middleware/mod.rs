//! What happens to every request, or to every request of a kind.

pub mod errors;
pub mod headers;
pub mod limit;
