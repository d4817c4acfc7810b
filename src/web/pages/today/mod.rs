//! `GET /`.

mod load;
pub mod show;
mod tasks;
