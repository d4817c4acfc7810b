//! The domain from outside: packs as files, and what they say of accounts.

mod health;
mod packs;
mod vectors;
