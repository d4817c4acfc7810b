//! One function per thing the product does. Owns transactions, the clock and what is written to the audit log.
//!
//! Who may call what is decided by the caller's argument types (`web::extract`), never in a body here.

pub mod accounts;
mod acting;
pub mod alerts;
pub mod auth;
pub mod backtest;
pub mod contracts;
pub mod error;
pub mod feeds;
pub mod fields;
pub mod imports;
pub mod keys;
pub mod members;
pub mod methodology;
pub mod metrics;
pub mod notices;
pub mod outgoing;
pub mod overrides;
pub mod pipelines;
pub mod plays;
pub mod quarantine;
pub mod renewals;
pub mod retention;
pub mod roles;
pub mod scoring;
pub mod secret;
pub mod stages;
pub mod tasks;
pub mod team;
pub mod templates;
pub mod tenants;
pub mod tickets;
pub mod timeline;
pub mod work;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub(crate) use acting::PLAN_CADENCES;
pub use error::{Error, Result};

use crate::clock::Clock;
use crate::db::Db;

/// Methodologies by tenant and version.
type Compiled = HashMap<(uuid::Uuid, i32), Arc<methodology::InForce>>;

/// Everything a thing the product does may need.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    methodologies: Arc<Mutex<Compiled>>,
    hashing: Arc<tokio::sync::Semaphore>,
    throttle_key: Arc<[u8; 32]>,
    outlets: Arc<outgoing::Outlets>,
}

impl App {
    /// An application on a database, by a clock.
    pub fn new(db: Db, clock: Clock) -> Self {
        App {
            db,
            clock,
            methodologies: Arc::default(),
            // Argon2id takes 19 MiB each: two at once is what a small machine bears.
            hashing: Arc::new(tokio::sync::Semaphore::new(2)),
            throttle_key: Arc::new(secret::random()),
            outlets: Arc::default(),
        }
    }

    /// The same application with ways out of the house.
    #[must_use]
    pub fn with_outlets(mut self, outlets: outgoing::Outlets) -> Self {
        self.outlets = Arc::new(outlets);
        self
    }

    /// Whether mail goes out; without a mail server it stays queued.
    pub fn sends_mail(&self) -> bool {
        self.outlets.mailer.is_some()
    }
}

/// Who does something, as the audit log will name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(pub String);

impl Actor {
    /// An operator at the command line.
    pub fn command_line() -> Self {
        Actor("command line".to_owned())
    }

    /// Holdfast itself, on a schedule.
    pub fn holdfast() -> Self {
        Actor("Holdfast".to_owned())
    }
}
