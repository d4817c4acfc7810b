//! `GET /`.

pub mod show;
