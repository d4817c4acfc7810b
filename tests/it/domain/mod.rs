//! The domain from outside: packs as files, and what they say of accounts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fuzz;
mod health;
mod hostile;
mod packs;
mod vectors;
