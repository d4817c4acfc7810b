//! The only SQL. One file a noun; a query is a plain function whose first argument is the transaction it runs in.
//!
//! To add one: put the function beside its noun, take `&mut TenantTx` (or `&mut PlatformTx` for the few look-ups
//! that happen before a tenant is known), return `Option` where the row may be absent.

pub mod accounts;
pub mod alerts;
pub mod api_keys;
pub mod as_of;
pub mod audit;
pub mod backtests;
pub mod book;
pub mod contacts;
pub mod contracts;
pub mod corrections;
pub mod custom_fields;
pub mod drafts;
pub mod events;
pub mod facts;
pub mod feeds;
pub mod imports;
pub mod jobs;
pub mod mail_templates;
pub mod members;
pub mod messages;
pub mod methodologies;
pub mod metrics;
pub mod notice_preferences;
pub mod notices;
pub mod overrides;
pub mod pipelines;
pub mod platform;
pub mod plays;
pub mod pool;
pub mod portfolio;
pub mod previews;
pub mod quarantine;
pub mod queue;
pub mod renewals;
pub mod roles;
pub mod score_months;
pub mod scores;
pub mod sources;
pub mod stages;
pub mod storms;
pub mod tasks;
pub mod team;
pub mod tenant;
pub mod tickets;
pub mod timeline;
pub mod usage;
pub mod webhooks;

pub use pool::{Db, MIGRATOR, RoleError};
pub use tenant::{PlatformTx, TenantScope, TenantTx};

/// What any query may fail with.
pub type Error = sqlx::Error;
/// The result of any query.
pub type Result<T> = std::result::Result<T, sqlx::Error>;

/// The name of the constraint a failed statement broke, if that is why it failed.
pub fn broken_constraint(error: &Error) -> Option<&str> {
    error.as_database_error().and_then(|e| e.constraint())
}

/// Whether trying again later may succeed: the server is away, busy, or chose this transaction as a victim.
pub fn is_temporary(error: &Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(e) => e.code().is_some_and(|code| {
            ["40", "53", "57", "08"].iter().any(|class| code.starts_with(class)) || code == "55P03"
        }),
        _ => false,
    }
}
