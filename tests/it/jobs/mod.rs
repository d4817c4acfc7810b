//! When things run.

mod letters;
mod queue;
mod schedule;
