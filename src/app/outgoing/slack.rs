//! The tenant's Slack-compatible webhook.

use serde_json::json;

use super::{App, Result};
use crate::app::{Actor, Error};
use crate::db::messages::{NewMessage, SlackHook};
use crate::db::{self, TenantScope};
use crate::integrations::http::{Http, HttpError};

/// Posts a text. On failure: whether trying again would not help, and why.
pub(super) async fn post(http: &Http, url: &str, body: &str) -> std::result::Result<(), (bool, String)> {
    match http.post(url, &[], body.to_owned(), 200).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => {
            let permanent = matches!(answer.status, 400 | 403 | 404 | 410);
            Err((permanent, format!("answered {}: {}", answer.status, answer.body.trim())))
        }
        Err(HttpError::Refused(why)) => Err((true, why)),
        Err(HttpError::Failed(why)) => Err((false, why)),
    }
}

impl App {
    /// Sets where Slack is told.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a URL that may not be asked.
    pub async fn set_slack(&self, scope: &TenantScope, hook: &SlackHook, actor: &Actor) -> Result<()> {
        let checked = self.outlets.http.check(&hook.url).await;
        checked.map_err(|error| Error::invalid("url", error.to_string()))?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::messages::put_slack(&mut tx, hook, now).await?;
        // The URL is a secret: the log has only what is told.
        let detail = json!({ "groups": hook.groups, "min_severity": hook.min_severity });
        db::audit::record(&mut tx, now, &actor.0, "slack.set", "slack", detail).await?;
        Ok(tx.commit().await?)
    }

    /// Stops telling Slack and forgets where it was.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was not told.
    pub async fn remove_slack(&self, scope: &TenantScope, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if !db::messages::remove_slack(&mut tx).await? {
            return Err(Error::NotFound);
        }
        db::audit::record(&mut tx, now, &actor.0, "slack.removed", "slack", json!({})).await?;
        Ok(tx.commit().await?)
    }

    /// Queues a word to Slack that says nothing but that it arrives.
    ///
    /// # Errors
    /// [`Error::Conflict`] when no webhook is set.
    pub async fn test_slack(&self, scope: &TenantScope, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if db::messages::slack(&mut tx).await?.is_none() {
            return Err(Error::Conflict("Set the webhook's URL first.".into()));
        }
        let name = crate::app::notices::wording::slack_text(&actor.0);
        let message = NewMessage {
            channel: "slack",
            cause: "test",
            subject: "A test".to_owned(),
            body: json!({ "text": format!("Holdfast reaches this channel. {name} asked it to say so.") })
                .to_string(),
            ..NewMessage::default()
        };
        db::messages::queue(&mut tx, &[(message, now)], now).await?;
        db::audit::record(&mut tx, now, &actor.0, "slack.tested", "slack", json!({})).await?;
        Ok(tx.commit().await?)
    }
}
