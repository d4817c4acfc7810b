//! The one way in which a changed ticket is stored, with everything that follows from it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Desk, clocks, counts, told};
use crate::app::{Actor, Result, scoring};
use crate::db::accounts::Account;
use crate::db::tickets::Whole;
use crate::db::{self, TenantTx};
use crate::domain::facts::Facts;

/// A ticket as it was and as it is to be.
pub(super) struct Changed {
    pub(super) before: Option<Whole>,
    pub(super) after: Whole,
}

/// What is known of the accounts of some tickets.
pub(super) struct Around {
    pub(super) accounts: HashMap<Uuid, Account>,
    pub(super) facts: HashMap<Uuid, Facts>,
}

impl Around {
    pub(super) async fn load(
        tx: &mut TenantTx,
        desk: &Desk,
        ids: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<Around> {
        let accounts = db::accounts::by_ids(tx, ids).await?;
        let facts = match &desk.in_force {
            Some(in_force) if !in_force.methodology.sla.policies.is_empty() => {
                scoring::facts_on(tx, &desk.scope, in_force, ids, desk.scope.day_of(now)).await?
            }
            _ => HashMap::new(),
        };
        Ok(Around { accounts: accounts.into_iter().map(|account| (account.id, account)).collect(), facts })
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
    let mut accounts: Vec<Uuid> = changed
        .iter()
        .flat_map(|one| [Some(one.after.ticket.account_id), one.before.as_ref().map(|w| w.ticket.account_id)])
        .flatten()
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    let around = Around::load(tx, desk, &accounts, now).await?;
    for one in &mut changed {
        let csm = around.accounts.get(&one.after.ticket.account_id).and_then(|account| account.owner_id);
        let known = one.before.as_ref().map_or(0, |before| before.stays.len());
        for stay in one.after.stays.iter_mut().skip(known) {
            stay.role = desk.role(stay.level);
            stay.member_id = desk.holder(&stay.role, csm);
        }
        clocks::work_out(one, desk, &around, now);
    }
    let after: Vec<&Whole> = changed.iter().map(|one| &one.after).collect();
    db::tickets::put(tx, &after).await?;
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
