//! `/api/v1/webhooks`: endpoints that are told of what happens, and what became of each delivery.

pub mod deliveries;
pub mod endpoints;

/// What the ids in these paths are of.
const THING: &str = "endpoint or delivery";
