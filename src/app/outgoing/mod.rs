//! What leaves the house: messages and webhooks that wait in their tables are sent here, outside of any transaction.
//!
//! Whoever sends takes a few rows for a minute, sends them, and notes what came of each. A process that dies in
//! between leaves rows that another takes up a minute later: what goes out twice then carries the same id.

mod endpoints;
mod mail;
mod slack;
mod webhooks;

use chrono::Duration;
use tokio::task::{JoinError, JoinSet};

use super::{App, Result};
use crate::db::{self, TenantScope, platform};

pub use crate::integrations::http::{Http, Reach};
pub use crate::integrations::mailer::Mailer;
pub use endpoints::{Endpoint, Wanted, WantedSecret};
pub use mail::EXPIRES_AFTER;
pub use webhooks::{PAUSE_AFTER_DAYS, RETRIES};

/// Seconds for which a row is held by whoever sends it: longer than any of it takes.
const HOLD_SECONDS: i64 = 60;
/// Rows of a tenant sent at once.
const AT_ONCE: i64 = 20;
/// Tenants sent for at once.
const TENANTS_AT_ONCE: usize = 8;

/// The ways out, as the operator configured them.
#[derive(Debug, Clone)]
pub struct Outlets {
    /// Where people reach Holdfast, without a trailing slash; empty when nobody said.
    pub public_url: String,
    /// The mail server; without one mail stays queued.
    pub mailer: Option<Mailer>,
    /// HTTP to where tenants say.
    pub http: Http,
}

impl Default for Outlets {
    fn default() -> Self {
        Outlets { public_url: String::new(), mailer: None, http: Http::new(Reach::Public) }
    }
}

impl Outlets {
    fn channels(&self) -> &'static [&'static str] {
        if self.mailer.is_some() { &["mail", "slack"] } else { &["slack"] }
    }
}

impl App {
    /// Sends what is due of every tenant, a few of each; returns how much was tried.
    ///
    /// # Errors
    /// When the database fails. That the other side does is noted in its row.
    pub async fn send_due(&self) -> Result<usize> {
        let mut tx = self.db.platform().await?;
        let channels = self.outlets.channels();
        let tenants = platform::tenants_with_outgoing(&mut tx, channels, self.clock.now()).await?;
        tx.commit().await?;
        let mut sending = JoinSet::new();
        let mut tried = 0;
        for scope in tenants {
            if sending.len() == TENANTS_AT_ONCE
                && let Some(sent) = sending.join_next().await
            {
                tried += joined(sent)?;
            }
            let app = self.clone();
            sending.spawn(async move { app.send_of(&scope).await });
        }
        while let Some(sent) = sending.join_next().await {
            tried += joined(sent)?;
        }
        Ok(tried)
    }

    async fn send_of(&self, scope: &TenantScope) -> Result<usize> {
        let now = self.clock.now();
        let until = now + Duration::seconds(HOLD_SECONDS);
        let mut tx = self.db.write(scope).await?;
        let messages = db::messages::claim(&mut tx, self.outlets.channels(), now, until, AT_ONCE).await?;
        let deliveries = db::webhooks::claim(&mut tx, now, until, AT_ONCE / 2, AT_ONCE).await?;
        let hook = db::messages::slack(&mut tx).await?;
        tx.commit().await?;
        let tried = messages.len() + deliveries.len();
        let mut sending = JoinSet::new();
        for message in messages {
            let (app, scope, hook) = (self.clone(), scope.clone(), hook.clone());
            sending.spawn(async move { app.send_message(&scope, &message, hook.as_ref()).await });
        }
        for delivery in deliveries {
            let (app, scope) = (self.clone(), scope.clone());
            sending.spawn(async move { app.send_delivery(&scope, &delivery).await });
        }
        let mut result = Ok(tried);
        while let Some(sent) = sending.join_next().await {
            result = joined(sent).and(result);
        }
        result
    }
}

fn joined<T>(sent: std::result::Result<Result<T>, JoinError>) -> Result<T> {
    sent.map_err(|error| anyhow::anyhow!("sending was cut off: {error}"))?
}
