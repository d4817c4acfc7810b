//! How members want to be told.

use serde_json::json;
use uuid::Uuid;

use super::{App, Result};
use crate::app::{Actor, Error};
use crate::db::{self, TenantScope};
use crate::domain::notice::Preferences;

impl App {
    /// How a member wants to be told.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such member.
    pub async fn preferences(&self, scope: &TenantScope, member: Uuid) -> Result<Preferences> {
        let mut tx = self.db.read(scope).await?;
        let mut found = db::notice_preferences::hearers(&mut tx, Some(member)).await?;
        let hearer = found.pop().ok_or(Error::NotFound)?;
        Ok(hearer.preferences.unwrap_or_else(|| Preferences::usual(scope.time_zone())))
    }

    /// Sets how a member wants to be told, from now on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for quiet hours that never end.
    pub async fn set_preferences(
        &self,
        scope: &TenantScope,
        member: Uuid,
        preferences: &Preferences,
        actor: &Actor,
    ) -> Result<()> {
        if preferences.quiet.is_some_and(|(from, until)| from == until) {
            return Err(Error::invalid("quiet_until", "must differ from when the quiet hours begin"));
        }
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::notice_preferences::put(&mut tx, member, preferences, now).await?;
        let detail = json!({
            "mail": preferences.mail.iter().map(|group| group.word()).collect::<Vec<_>>(),
            "digest": preferences.digest_minute.is_some(),
        });
        db::audit::record(&mut tx, now, &actor.0, "notifications.set", &member.to_string(), detail).await?;
        Ok(tx.commit().await?)
    }
}
