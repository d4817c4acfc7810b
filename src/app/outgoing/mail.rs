//! Messages: mail and Slack.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, Result, slack};
use crate::app::{Actor, Error};
use crate::db::messages::{Ended, Message, SlackHook};
use crate::db::{self, TenantScope};
use crate::integrations::mailer::Mail;

/// A message older than this when it could first go out is no longer of use: it expires.
pub const EXPIRES_AFTER: Duration = Duration::days(2);
/// Seconds until each further try; after the last one the message is given up.
const RETRIES: [i64; 7] = [30, 120, 600, 1_800, 7_200, 21_600, 43_200];

impl App {
    pub(super) async fn send_message(
        &self,
        scope: &TenantScope,
        message: &Message,
        hook: Option<&SlackHook>,
    ) -> Result<()> {
        let how = if message.attempts == 1 && expired(message, self.clock.now()) {
            Ended::Expired
        } else {
            match message.channel.as_str() {
                "mail" => self.send_mail(message).await,
                _ => self.send_slack(message, hook).await,
            }
        };
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::messages::ended(&mut tx, message.id, &how, now).await?;
        Ok(tx.commit().await?)
    }

    async fn send_mail(&self, message: &Message) -> Ended {
        let now = self.clock.now();
        let Some(mailer) = &self.outlets.mailer else {
            return Ended::Again("no mail server is configured".to_owned(), now + Duration::minutes(5));
        };
        let mail = Mail {
            id: message.id,
            to: &message.recipient,
            subject: &message.subject,
            text: &message.body,
            at: now,
        };
        match mailer.send(&mail).await {
            Ok(()) => Ended::Sent,
            Err(error) if error.permanent => Ended::Failed(error.text),
            Err(error) => again(message.attempts, error.text, now),
        }
    }

    async fn send_slack(&self, message: &Message, hook: Option<&SlackHook>) -> Ended {
        let Some(hook) = hook else {
            return Ended::Failed("the Slack webhook was taken away".to_owned());
        };
        match slack::post(&self.outlets.http, &hook.url, &message.body).await {
            Ok(()) => Ended::Sent,
            Err((true, error)) => Ended::Failed(error),
            Err((false, error)) => again(message.attempts, error, self.clock.now()),
        }
    }

    /// Has mails to customers go out, or wait. What waited for longer than [`EXPIRES_AFTER`] expires instead of going
    /// out. False when that was so already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn send_to_customers(&self, scope: &TenantScope, on: bool, actor: &Actor) -> Result<bool> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let changed = db::messages::send_to_customers(&mut tx, on).await?;
        if changed {
            let detail = json!({ "go_out": on });
            db::audit::record(&mut tx, now, &actor.0, "message.to_customers", "mails to customers", detail)
                .await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Puts a message that failed or expired back.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none such.
    pub async fn retry_message(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if !db::messages::retry(&mut tx, id, now).await? {
            return Err(Error::NotFound);
        }
        db::audit::record(&mut tx, now, &actor.0, "message.retried", &id.to_string(), json!({})).await?;
        Ok(tx.commit().await?)
    }
}

/// What waited for an outlet until it was of no use; what was held back by quiet hours counts from their end.
fn expired(message: &Message, now: DateTime<Utc>) -> bool {
    now - message.created_at.max(message.next_at) > EXPIRES_AFTER
}

fn again(attempts: i32, error: String, now: DateTime<Utc>) -> Ended {
    match usize::try_from(attempts - 1).ok().and_then(|failed| RETRIES.get(failed)) {
        Some(seconds) => Ended::Again(error, now + Duration::seconds(*seconds)),
        None => Ended::Failed(error),
    }
}
