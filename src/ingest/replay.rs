//! Counts what waited in quarantine, once its account is known.

use serde_json::value::RawValue;

use super::message::{Arrival, read};
use super::write::{Taken, messages};
use crate::clock::Clock;
use crate::db::{self, Db, TenantScope};

/// Counts waiting messages whose account is known by now, a chunk at a time; returns how many.
///
/// A message leaves quarantine in the transaction that counts it, so it counts once however often this runs.
///
/// # Errors
/// When the database fails; chunks done before stay done.
pub async fn replay(db: &Db, clock: &Clock, scope: &TenantScope) -> db::Result<u64> {
    let mut replayed = 0;
    loop {
        let now = clock.now();
        let mut tx = db.write(scope).await?;
        let entries = db::quarantine::take_replayable(&mut tx, 1_000).await?;
        if entries.is_empty() {
            return Ok(replayed);
        }
        let mut sound = Vec::new();
        for entry in &entries {
            let Ok(raw) = serde_json::from_str::<&RawValue>(&entry.message) else { continue };
            let kind = serde_json::from_str::<serde_json::Value>(&entry.message)
                .ok()
                .and_then(|m| m.get("type").and_then(|t| t.as_str()).and_then(super::Kind::parse));
            let arrival = Arrival {
                kind,
                received_at: entry.received_at,
                sent_at: entry.sent_at,
                context: None,
                historical: entry.sent_at.is_none(),
            };
            let Ok(mut message) = read(raw, arrival) else { continue };
            message.id = entry.event_id;
            message.group_id = message.group_id.or_else(|| entry.group_id.clone());
            sound.push((message, entry));
        }
        let taken: Vec<Taken<'_>> = sound
            .iter()
            .map(|(message, entry)| Taken { message, key_id: entry.key_id.unwrap_or_default(), from: 0 })
            .collect();
        let still_waiting = messages(&mut tx, scope, now, &taken).await?;
        let done: Vec<_> = sound
            .iter()
            .enumerate()
            .filter(|(at, _)| !still_waiting.contains(at))
            .map(|(_, (_, e))| e.id)
            .collect();
        if done.is_empty() {
            return Ok(replayed);
        }
        replayed += db::quarantine::settle(&mut tx, &done, "replayed", now).await?;
        tx.commit().await?;
    }
}
