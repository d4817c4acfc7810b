//! The one way in which a changed ticket is stored, with everything that follows from it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Desk, clocks, counts, told};
use crate::app::{Actor, Result, scoring};
use crate::db::tickets::{Stay, Whole};
use crate::db::{self, TenantTx};
use crate::domain::facts::Facts;

/// A ticket as it was and as it is to be.
pub(super) struct Changed {
    pub(super) before: Option<Whole>,
    pub(super) after: Whole,
}

impl Changed {
    /// The stay that was taken back.
    pub(super) fn taken_back(&self) -> Option<&Stay> {
        self.before.as_ref()?.stays.get(self.after.stays.len())
    }
}

/// The facts of some accounts today, where service levels ask for them.
async fn facts(
    tx: &mut TenantTx,
    desk: &Desk,
    accounts: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Facts>> {
    match &desk.in_force {
        Some(in_force) if !in_force.methodology.sla.policies.is_empty() => {
            scoring::facts_on(tx, &desk.scope, in_force, accounts, desk.scope.day_of(now)).await
        }
        _ => Ok(HashMap::new()),
    }
}

/// Works out the clocks of changed tickets, stores them, counts them, tells the journal and has clocks that run looked
/// at when they run out. Gives the tickets back in their order.
pub(super) async fn settle(
    tx: &mut TenantTx,
    desk: &Desk,
    mut changed: Vec<Changed>,
    now: DateTime<Utc>,
    actor: &Actor,
) -> Result<Vec<Whole>> {
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let mut accounts: Vec<Uuid> = changed.iter().map(|one| one.after.ticket.account_id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let facts = facts(tx, desk, &accounts, now).await?;
    for one in &mut changed {
        let known = one.before.as_ref().map_or(0, |before| before.stays.len());
        for stay in one.after.stays.iter_mut().skip(known) {
            stay.role = desk.role(stay.level);
        }
        clocks::work_out(one, desk, &facts, now);
    }
    let after: Vec<&Whole> = changed.iter().map(|one| &one.after).collect();
    db::tickets::put(tx, &after).await?;
    for one in &changed {
        if let Some(gone) = one.taken_back() {
            db::tickets::drop_stay(tx, gone).await?;
            // The next stay has its number, and is told of anew.
            db::timeline::forget_once(tx, gone.ticket_id, &told::words(gone)).await?;
        }
    }
    let counted = counts::count(tx, desk, &after, now).await?;
    let mut entries = Vec::new();
    for one in &changed {
        entries.extend(told::happened(one, actor));
        entries.extend(told::alarms(&one.after, desk, now));
        clocks::look_again(tx, desk, &one.after, now).await?;
    }
    db::timeline::append(tx, &entries, now).await?;
    if !counted.is_empty() {
        db::accounts::mark_dirty(tx, &counted, now).await?;
    }
    Ok(changed.into_iter().map(|one| one.after).collect())
}
