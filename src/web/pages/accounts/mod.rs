//! `/accounts` and the pages of one account.

pub mod contracts;
pub mod corrections;
pub mod head;
pub mod health;
pub mod list;
pub mod load;
pub mod people;
pub mod reasons;
pub mod show;
pub mod usage;
