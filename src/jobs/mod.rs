//! When things run: a worker in every process, and the table of what recurs.
//!
//! To add a kind of work: a variant of [`dispatch::Kind`]; the compiler finds the rest. To make it recur: a line in
//! [`schedule::RECURRING`].
//!
//! # What can be relied upon
//!
//! - **Nothing is lost.** A job is a row, written in the transaction of what caused it. A worker claims it for a lease
//!   and keeps the lease while it lives; a job whose worker was killed is claimed anew once the lease has run out.
//!   Leases are by the database's clock, so that the clocks of machines need not agree.
//! - **It may be begun twice, and ends once.** Each claim draws a token, and only its holder can say how the job ends,
//!   or that it goes on ([`crate::db::jobs::held`]). A worker that was merely slow finds out at its next heartbeat or
//!   [`crate::app::work::Work::progress`] and stops. What a job does must therefore be harmless to do twice: by unique
//!   keys, or by giving up its cause in the transaction that stores its effect.
//! - **Nobody starves.** Tenants take turns; within a tenant [`crate::db::jobs::Priority`] decides. One runner of every
//!   process takes no long work.
//! - **Failures end.** Tried again after growing, scattered waits, [`dispatch::Kind::tries`] times; then the job stays
//!   as a dead letter, with its error, until a person retries or discards it under Settings, Background work. A job
//!   that kills its worker counts each try that way too.
//! - **A slot is a slot.** Recurring work is due by the clock on the tenant's wall, once a slot with any number of
//!   processes, through changes of clocks and of the time zone; see [`recurrence`] and [`schedule`].
//!
//! # Why an own queue
//!
//! The queue is two tables and some three hundred lines beside what any library would need around it. Looked at and
//! not taken, in autumn 2026:
//!
//! - `graphile_worker` (0.14): kept well and fast, but it lives in a schema of its own whose tables know no tenant:
//!   row security could not guard payloads and errors, and turns between tenants are not among its orders.
//! - `apalis-postgres` (1.0): brings 23 migrations of its own and the extension hstore, which many managed servers do
//!   not give to an ordinary role; no tenants either.
//! - `underway`: durable steps within one job, which nothing here needs, at the same price.
//!
//! With any of them enqueuing in the caller's tenant transaction, fencing, and the pages of a tenant's own work would
//! still be ours to write.

pub mod dispatch;
pub mod recurrence;
mod retry;
pub mod schedule;
pub mod worker;
