//! `/api/v1/pipelines`: the pipelines of the methodology; and `/api/v1/pipeline-items`: what passes through them.

pub mod act;
pub mod definitions;
pub mod list;
pub mod open;
pub mod shapes;
