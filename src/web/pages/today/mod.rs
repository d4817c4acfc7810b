//! `GET /`.

mod load;
pub mod show;
