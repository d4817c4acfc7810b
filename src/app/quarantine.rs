//! Deciding about messages in quarantine.

use serde_json::json;
use uuid::Uuid;

use super::{Actor, App, Error, Result};
use crate::db::{self, TenantScope};

impl App {
    /// Puts messages aside for good, or (undo) back.
    ///
    /// # Errors
    /// [`Error::NotFound`] when none of them was open (or dismissed, for undo).
    pub async fn dismiss_quarantined(
        &self,
        scope: &TenantScope,
        ids: &[Uuid],
        dismissed: bool,
        actor: &Actor,
    ) -> Result<u64> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let changed = if dismissed {
            db::quarantine::settle(&mut tx, ids, "dismissed", now).await?
        } else {
            db::quarantine::reopen(&mut tx, ids).await?
        };
        if changed == 0 {
            return Err(Error::NotFound);
        }
        let action = if dismissed { "quarantine.dismissed" } else { "quarantine.reopened" };
        db::audit::record(&mut tx, now, &actor.0, action, "messages", json!({ "count": changed })).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Has everything counted whose account is known by now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn request_replay(&self, scope: &TenantScope, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::jobs::enqueue(&mut tx, "replay", &json!({}), None, now).await?;
        db::audit::record(&mut tx, now, &actor.0, "quarantine.replay", "waiting messages", json!({})).await?;
        Ok(tx.commit().await?)
    }
}
