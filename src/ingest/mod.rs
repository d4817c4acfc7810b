//! The hot path in: wire format → validated messages → group commit → roll-ups.
//!
//! [`wire`] reads what Segment-compatible SDKs send, [`message`] decides which messages are sound, [`commit`]
//! gathers concurrent requests of a tenant into one transaction, [`write`] is that transaction, [`replay`] counts
//! what waited for its account.

pub mod commit;
pub mod message;
pub mod replay;
pub mod wire;
mod write;

pub use commit::{Busy, CommitError, Ingest, Submission};
pub use message::{Kind, Message};

use serde::Serialize;

/// What became of the messages of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Stored, and counted once.
    pub accepted: u64,
    /// Known before, so not counted again.
    pub duplicate: u64,
    /// In quarantine until their account is known.
    pub waiting: u64,
    /// In quarantine because they can never be counted as they are.
    pub rejected: u64,
}

impl std::ops::AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.waiting += other.waiting;
        self.rejected += other.rejected;
    }
}
