//! `/accounts` and the pages of one account.

pub mod contracts;
pub mod corrections;
pub mod head;
pub mod health;
pub mod history;
pub mod lifecycle;
pub mod lifecycle_change;
pub mod list;
pub mod load;
pub mod overrides;
pub mod people;
pub mod reasons;
pub mod show;
pub mod support;
pub mod usage;
pub mod way_up;
pub mod work;
