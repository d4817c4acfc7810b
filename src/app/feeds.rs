//! A member's tasks as a calendar that other programs subscribe to, behind a link that only they know.

use chrono::Days;
use serde_json::json;
use uuid::Uuid;

use super::{Actor, App, Result, secret};
use crate::db::tasks::{Filter, Task};
use crate::db::{self, TenantScope};

/// Days of the past that stay in a calendar.
const PAST_DAYS: u64 = 60;
/// The most tasks of a calendar.
const MOST: i64 = 2_000;

impl App {
    /// Makes a member's link, in place of the one before: the secret in it is told this once.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn renew_calendar(&self, scope: &TenantScope, member: Uuid, actor: &Actor) -> Result<String> {
        let secret = secret::token();
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::feeds::put(&mut tx, member, &secret::hash(&secret), now).await?;
        db::audit::record(&mut tx, now, &actor.0, "calendar.renew", &actor.0, json!({ "member": member }))
            .await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Takes a member's link away; false when there was none.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn revoke_calendar(&self, scope: &TenantScope, member: Uuid, actor: &Actor) -> Result<bool> {
        let mut tx = self.db.write(scope).await?;
        let removed = db::feeds::remove(&mut tx, member).await?;
        if removed {
            let detail = json!({ "member": member });
            db::audit::record(&mut tx, self.clock.now(), &actor.0, "calendar.revoke", &actor.0, detail)
                .await?;
        }
        tx.commit().await?;
        Ok(removed)
    }

    /// The open and lately done tasks with a day of the member a secret belongs to; none for a secret that opens
    /// nothing.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn calendar(&self, secret: &str) -> Result<Option<Vec<Task>>> {
        if secret.len() > 100 {
            return Ok(None);
        }
        let mut tx = self.db.platform().await?;
        let found = db::platform::calendar_of(&mut tx, &secret::hash(secret)).await?;
        drop(tx);
        let Some((scope, member)) = found else { return Ok(None) };
        let from = self.clock.today(scope.time_zone()).checked_sub_days(Days::new(PAST_DAYS));
        let filter = Filter { owner: Some(member), from, over: true, ..Filter::default() };
        let mut tx = self.db.read(&scope).await?;
        let (tasks, _) = db::tasks::list(&mut tx, &filter, 0, MOST).await?;
        let late =
            Filter { owner: Some(member), to: from.and_then(|day| day.pred_opt()), ..Filter::default() };
        let (overdue, _) = db::tasks::list(&mut tx, &late, 0, MOST).await?;
        let shown = |task: &Task| matches!(task.state.as_str(), "open" | "done");
        Ok(Some(overdue.into_iter().chain(tasks).filter(shown).collect()))
    }
}
