//! `/api/v1/renewals`: what renews next, each renewal from its window to its outcome, and retention.

pub mod next;
pub mod outcome;
pub mod records;
pub mod retention;
