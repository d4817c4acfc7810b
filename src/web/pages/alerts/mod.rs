//! `/alerts`: what rules raise for people to act upon.

pub mod act;
pub mod item;
pub mod list;
pub mod panel;
pub mod show;
pub mod storm;
