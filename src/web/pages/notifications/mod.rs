//! What members were told, and the bell that says so.

pub mod entry;
pub mod events;
pub mod list;
