//! Pure rules of customer success: no async, no I/O, no clock.
//!
//! [`pack`] reads a methodology pack and compiles it into a [`methodology::Methodology`]; that and an account's
//! [`facts::Facts`] are all there is to [`Methodology::evaluate`](methodology::Methodology::evaluate).
//! The other modules are one noun each: how its part of the pack is compiled and evaluated.

pub mod advocacy;
pub mod backtest;
pub mod calendar;
pub mod cases;
pub mod compact;
pub mod contract;
pub mod coverage;
pub mod effects;
pub mod exchange;
pub mod expr;
pub mod facts;
pub mod forecast;
pub mod health;
pub mod ical;
pub mod judgement;
pub mod kpi;
pub mod lifecycle;
pub mod merge;
pub mod methodology;
pub mod metric;
pub mod money;
pub mod notice;
pub mod pack;
pub mod pipeline;
pub mod playbook;
pub mod profile;
pub mod proportion;
pub mod renewal;
pub mod retention;
pub mod rule;
pub mod segment;
pub mod series;
pub mod sla;
pub mod ticket;
pub mod timeline;
pub mod value;
pub mod value_model;

/// An id or name of the methodology; cheap to clone.
pub type Id = std::sync::Arc<str>;
