//! `/renewals`.

pub mod board;
pub mod change;
pub mod export;
pub mod forecast;
pub mod forms;
pub mod line;
pub mod list;
pub mod load;
pub mod show;
pub mod window;
