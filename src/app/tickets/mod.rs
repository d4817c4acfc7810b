//! Support tickets: stating them, working on them, and the clocks they must be answered and resolved by.
//!
//! Whatever changes a ticket goes one way ([`settle`]): [`merge`] says what the ticket is now, [`clocks`] when it is
//! due, [`counts`] what it counts for in metrics, [`told`] what the journal says of it.

mod clocks;
mod counts;
mod desk;
mod merge;
mod settle;
mod told;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

pub(crate) use clocks::{REWORK, WATCH};
pub(super) use desk::Desk;
pub(super) use merge::Refused;

use super::{Actor, App, Error, Result};
use crate::db::accounts::Change;
use crate::db::tickets::Whole;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::ticket::{Severity, Status, Step};
use settle::{Changed, settle};

/// The most characters of a subject, a requester, a channel and a reason.
pub const MOST: [usize; 4] = [500, 300, 100, 2_000];

/// What is stated of a ticket. Whatever is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stated {
    /// Identity in the tenant's support tool, 1 to 200 characters.
    pub external_id: String,
    /// External id of its account; a new ticket needs one.
    pub account: Option<String>,
    /// What it is about; a new ticket without one is called by its external id.
    pub subject: Option<String>,
    /// How grave; a new ticket is `medium`.
    pub severity: Option<Severity>,
    /// At which level of support; a new ticket is at the lowest.
    pub level: Option<i32>,
    /// Why it is at that level.
    pub reason: Option<String>,
    /// Where it stands; follows from `resolved_at` where that is given.
    pub status: Option<Status>,
    /// How it came.
    pub channel: Option<String>,
    /// Who asked.
    pub requester: Option<String>,
    /// Who works on it; `Some(None)` takes them away.
    pub assignee: Option<Option<Uuid>>,
    /// How content the requester was, 1 to 5.
    pub csat: Option<i32>,
    /// When it was opened; now for a new ticket.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it was first answered.
    pub responded_at: Option<DateTime<Utc>>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
    /// The moment of this word: one older than what is known changes nothing. Now when it is not given.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Something done to a ticket, by hand or over the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It was answered, at its level.
    Answer,
    /// It goes to a higher level: the next one, or this one; with the reason.
    Escalate(Option<i32>, String),
    /// It was not to go to a higher level: the stay of this number ends as if it had never begun.
    TakeBack(i32),
    /// It is done.
    Resolve,
    /// It is not done after all; with the reason.
    Reopen(String),
}

impl Act {
    fn action(&self) -> &'static str {
        match self {
            Act::Answer => "ticket.answered",
            Act::Escalate(..) => "ticket.escalated",
            Act::TakeBack(_) => "ticket.escalation_taken_back",
            Act::Resolve => "ticket.resolved",
            Act::Reopen(_) => "ticket.reopened",
        }
    }
}

impl App {
    /// Creates or updates a ticket by its external id. Saying the same twice changes nothing, and a word older than
    /// what is known goes unheard.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming what does not fit, an account that is not there among it.
    pub async fn put_ticket(
        &self,
        scope: &TenantScope,
        stated: &Stated,
        actor: &Actor,
    ) -> Result<(Whole, Change)> {
        let now = self.clock.now();
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let desk = Desk::load(&mut tx, scope, in_force).await?;
        let put = put_in(&mut tx, &desk, &[stated], now, actor).await?.pop();
        let put = put.ok_or(Error::NotFound)?;
        let (whole, change) = put.map_err(|refused| Error::invalid(refused.field, refused.message))?;
        if change != Change::Unchanged {
            let action = if change == Change::Created { "ticket.created" } else { "ticket.updated" };
            let detail = json!({ "severity": whole.ticket.severity, "status": whole.ticket.status });
            db::audit::record(&mut tx, now, &actor.0, action, &stated.external_id, detail).await?;
        }
        tx.commit().await?;
        Ok((whole, change))
    }

    /// As [`App::put_ticket`], for many at once: all are stored or none. No external id may come twice.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the first that does not fit, named by its external id.
    pub async fn put_tickets(&self, scope: &TenantScope, stated: &[Stated], actor: &Actor) -> Result<()> {
        if stated.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let desk = Desk::load(&mut tx, scope, in_force).await?;
        let all: Vec<&Stated> = stated.iter().collect();
        for (one, fate) in stated.iter().zip(put_in(&mut tx, &desk, &all, now, actor).await?) {
            let refused = |refused: Refused| {
                let message = format!("of {:?}: {}", one.external_id, refused.message);
                Error::invalid(refused.field, message)
            };
            fate.map_err(refused)?;
        }
        Ok(tx.commit().await?)
    }

    /// Does something to a ticket; `at` is when it was done, now when it is not given. What is so already changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that is not there; [`Error::Invalid`] for a time before the ticket reached its
    /// level or ahead of now, or a reason that is too long; [`Error::Conflict`] when it cannot be done as the ticket
    /// stands.
    pub async fn act_on_ticket(
        &self,
        scope: &TenantScope,
        id: Uuid,
        act: &Act,
        at: Option<DateTime<Utc>>,
        actor: &Actor,
    ) -> Result<(Whole, Change)> {
        let now = self.clock.now();
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let desk = Desk::load(&mut tx, scope, in_force).await?;
        let before = db::tickets::lock_one(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let mut after = before.clone();
        merge::act(&mut after, act, at.unwrap_or(now), now, &desk, actor)?;
        if after == before {
            return Ok((before, Change::Unchanged));
        }
        let detail = json!({ "level": after.stays.last().map(|stay| stay.level) });
        let changed = vec![Changed { before: Some(before), after }];
        let after = settle(&mut tx, &desk, changed, now, actor).await?.pop().ok_or(Error::NotFound)?;
        db::audit::record(&mut tx, now, &actor.0, act.action(), &after.ticket.external_id, detail).await?;
        tx.commit().await?;
        Ok((after, Change::Updated))
    }
}

/// Puts tickets inside a transaction and arranges all that follows from it; tells of each what became of it, in their
/// order. No external id may come twice.
pub(super) async fn put_in(
    tx: &mut TenantTx,
    desk: &Desk,
    stated: &[&Stated],
    now: DateTime<Utc>,
    actor: &Actor,
) -> Result<Vec<std::result::Result<(Whole, Change), Refused>>> {
    let names: Vec<String> = stated.iter().filter_map(|one| one.account.clone()).collect();
    let accounts: std::collections::HashMap<String, Uuid> =
        db::accounts::ids_of(tx, &names).await?.into_iter().collect();
    let mut locked: Vec<Uuid> = accounts.values().copied().collect();
    locked.sort_unstable();
    let external_ids: Vec<&str> = stated.iter().map(|one| one.external_id.as_str()).collect();
    let known = db::tickets::lock(tx, &locked, &external_ids).await?;
    let mut known: std::collections::HashMap<String, Whole> =
        known.into_iter().map(|whole| (whole.ticket.external_id.clone(), whole)).collect();

    let mut fates = Vec::with_capacity(stated.len());
    let mut changed = Vec::new();
    for one in stated {
        let before = known.remove(&one.external_id);
        fates.push(match merge::state(before.as_ref(), one, &accounts, desk, now, actor) {
            Err(refused) => Err(refused),
            Ok(after) => {
                let change = match &before {
                    None => Change::Created,
                    Some(before) if *before == after => Change::Unchanged,
                    Some(_) => Change::Updated,
                };
                if change == Change::Unchanged {
                    Ok((after, change))
                } else {
                    changed.push(Changed { before, after: after.clone() });
                    Ok((after, change))
                }
            }
        });
    }
    let mut settled = settle(tx, desk, changed, now, actor).await?.into_iter();
    let stored = fates.into_iter().map(|fate| match fate {
        // They come back in the order in which they went.
        Ok((after, change)) if change != Change::Unchanged => Ok((settled.next().unwrap_or(after), change)),
        other => other,
    });
    Ok(stored.collect())
}

/// Position of the stay at which the ticket was opened or last taken up again: where its resolution clock began.
fn begun(whole: &Whole) -> usize {
    let begins = |step: &str| matches!(Step::parse(step), Some(Step::Opened | Step::Reopened));
    whole.stays.iter().rposition(|stay| begins(&stay.step)).unwrap_or_default()
}
