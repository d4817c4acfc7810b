//! What stands under a member's bell.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{App, Result};
use crate::db::notices::Told;
use crate::db::{self, TenantScope};
use crate::domain::notice::Severity;

/// What a bell shows when it rings.
#[derive(Debug, Clone)]
pub struct Ring {
    /// How much is not read, up to a hundred.
    pub unread: i64,
    /// What is grave and came since, oldest first.
    pub grave: Vec<Told>,
    /// Up to when this was looked at.
    pub until: DateTime<Utc>,
}

/// Grave things shown at once.
const AT_ONCE: i64 = 20;

impl App {
    /// What a member's bell shows now, and what grave came after a moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bell(&self, scope: &TenantScope, member: Uuid, after: DateTime<Utc>) -> Result<Ring> {
        let mut tx = self.db.read(scope).await?;
        let unread = db::notices::unread(&mut tx, member).await?;
        let mut grave = db::notices::unread_since(&mut tx, member, after, AT_ONCE).await?;
        let until = grave.last().map_or(after, |told| told.created_at);
        grave.retain(|told| told.severity.as_deref().and_then(Severity::parse) >= Some(Severity::High));
        Ok(Ring { unread, grave, until })
    }

    /// Marks what a member was told of an entry, or of everything, as read. Returns the moment it is marked with, which
    /// takes it back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_read(
        &self,
        scope: &TenantScope,
        member: Uuid,
        entry: Option<Uuid>,
    ) -> Result<(u64, DateTime<Utc>)> {
        // As the database keeps it, so that the moment finds it again.
        let now = self.clock.now();
        let now = DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now);
        let mut tx = self.db.write(scope).await?;
        let marked = db::notices::mark_read(&mut tx, member, entry, now).await?;
        if marked > 0 {
            db::notices::ring(&mut tx, &[member]).await?;
        }
        tx.commit().await?;
        Ok((marked, now))
    }

    /// Takes [`App::mark_read`] back: of one entry, or of what was marked at a moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_unread(
        &self,
        scope: &TenantScope,
        member: Uuid,
        entry: Option<Uuid>,
        read_at: Option<DateTime<Utc>>,
    ) -> Result<u64> {
        let mut tx = self.db.write(scope).await?;
        let marked = db::notices::mark_unread(&mut tx, member, entry, read_at).await?;
        if marked > 0 {
            db::notices::ring(&mut tx, &[member]).await?;
        }
        tx.commit().await?;
        Ok(marked)
    }
}
