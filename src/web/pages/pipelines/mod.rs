//! `/pipelines`: opportunities, requests and whatever else passes through the steps of the methodology.

pub mod act;
pub mod list;
pub mod new;
pub mod show;
pub mod view;
