//! When things run: a worker in every process, and the table of what recurs.
//!
//! To add a kind of work: a variant of [`dispatch::Kind`]; the compiler finds the rest. To make it recur: a line in
//! [`schedule::RECURRING`].

pub mod dispatch;
pub mod schedule;
pub mod worker;
