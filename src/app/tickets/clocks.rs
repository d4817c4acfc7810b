//! When a ticket is due, and looking at clocks when they run out.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::settle::{Changed, settle};
use super::{Desk, begun, told};
use crate::app::methodology::InForce;
use crate::app::{Actor, App, Result};
use crate::db::tickets::{Stay, Terms, Whole};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::facts::Facts;
use crate::domain::sla::{self, Due};

/// The job that looks at a ticket's clocks.
pub(crate) const WATCH: &str = "watch_ticket";
/// The job that works the clocks of open tickets out by a new methodology.
pub(crate) const REWORK: &str = "rework_clocks";
/// Tickets worked out in one transaction.
const CHUNK: i64 = 500;

/// Works out what changed of a ticket's clocks. A clock that was stopped or broken keeps the time it had, unless what
/// it counts from was corrected; one that runs follows the ticket and the methodology.
pub(super) fn work_out(one: &mut Changed, desk: &Desk, facts: &HashMap<Uuid, Facts>, now: DateTime<Utc>) {
    let Some(in_force) = &desk.in_force else { return };
    let (before, after) = (one.before.as_ref(), &mut one.after);
    let start = begun(after);
    let is_new = |at: usize| before.is_none_or(|before| before.stays.len() <= at);
    let same = before.is_some_and(|before| {
        let (old, new) = (&before.ticket, &after.ticket);
        old.severity == new.severity
            && old.account_id == new.account_id
            && old.opened_at == new.opened_at
            && old.worked_by == Some(in_force.version)
    });
    let last = after.stays.len().saturating_sub(1);
    let is_taken_back = before.is_some_and(|before| before.stays.len() > after.stays.len());
    if !same || is_new(last) || is_taken_back {
        let due = facts.get(&after.ticket.account_id).and_then(|facts| {
            in_force.methodology.sla(facts, &asked(after, start), now, desk.scope.time_zone())
        });
        let moved = before
            .is_some_and(|before| before.stays.get(last).is_some_and(|old| old.at != after.stays[last].at));
        let stay = &mut after.stays[last];
        // The level that the ticket is back at had its clock already, and that runs on as it was.
        let runs_on = is_taken_back && same;
        if is_new(last) || moved || (!runs_on && stay.answered_at.is_none() && !stay.response_breached) {
            stay.response_due = due.as_ref().map(|due| due.response);
            stay.terms = due.as_ref().map(|due| terms(in_force, due));
        }
        let begins_anew =
            is_new(start) || before.is_some_and(|old| old.ticket.opened_at != after.ticket.opened_at);
        if begins_anew || (after.ticket.resolved_at.is_none() && !after.ticket.resolution_breached) {
            after.ticket.resolution_due = due.and_then(|due| due.resolution);
        }
        after.ticket.worked_by = Some(in_force.version);
    }
    judge(after, in_force, now);
}

/// The ticket as the engine asks of it.
fn asked(whole: &Whole, start: usize) -> sla::Ticket {
    let last = whole.stays.last();
    sla::Ticket {
        severity: Some(whole.ticket.severity.as_str().into()),
        level: last.map(|stay| i64::from(stay.level)),
        opened_at: whole.stays.get(start).map_or(whole.ticket.opened_at, |stay| stay.at),
        escalated_at: last.map(|stay| stay.at),
        responded_at: last.and_then(|stay| stay.answered_at),
        resolved_at: whole.ticket.resolved_at,
    }
}

/// Which clocks were, or are by now, broken. A stay's clock stops when the ticket goes on to another level.
fn judge(whole: &mut Whole, in_force: &InForce, now: DateTime<Utc>) {
    let sla = &in_force.methodology.sla;
    let ends: Vec<DateTime<Utc>> = whole.stays.iter().skip(1).map(|stay| stay.at).collect();
    for (at, stay) in whole.stays.iter_mut().enumerate() {
        let until = ends.get(at).copied().unwrap_or(now);
        stay.response_breached =
            stay.response_due.is_some_and(|due| sla.breached(due, stay.answered_at, until));
    }
    let ticket = &mut whole.ticket;
    ticket.resolution_breached =
        ticket.resolution_due.is_some_and(|due| sla.breached(due, ticket.resolved_at, now));
}

fn terms(in_force: &InForce, due: &Due) -> Terms {
    let policy = in_force.file.sla.as_ref().and_then(|sla| sla.policies.get(due.policy));
    let name = policy.and_then(|policy| policy.name.as_ref());
    let when = policy.and_then(|policy| policy.when.as_ref());
    Terms {
        name: name.map(ToString::to_string).unwrap_or_default(),
        when: when.map(ToString::to_string).unwrap_or_default(),
        response: policy.map(|policy| policy.response.to_string()).unwrap_or_default(),
        resolution: policy.and_then(|policy| policy.resolution.as_ref()).map(ToString::to_string),
        calendar: due.calendar.as_deref().map(str::to_owned),
    }
}

/// A clock of a ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock<'a> {
    /// The stay whose response it times, or at which the time to the resolution began.
    pub(super) stay: &'a Stay,
    pub(super) is_response: bool,
    pub(super) begun: DateTime<Utc>,
    pub(super) due: DateTime<Utc>,
    pub(super) broken: bool,
    pub(super) runs: bool,
}

/// The clocks of a ticket: of each stay, and of the resolution.
pub(super) fn clocks(whole: &Whole) -> impl Iterator<Item = Clock<'_>> {
    let (ticket, last) = (&whole.ticket, whole.stays.len().saturating_sub(1));
    let responses = whole.stays.iter().enumerate().filter_map(move |(at, stay)| {
        Some(Clock {
            stay,
            is_response: true,
            begun: stay.at,
            due: stay.response_due?,
            broken: stay.response_breached,
            runs: at == last && stay.answered_at.is_none(),
        })
    });
    let stay = &whole.stays[begun(whole)];
    let resolution = ticket.resolution_due.map(|due| Clock {
        stay,
        is_response: false,
        begun: stay.at,
        due,
        broken: ticket.resolution_breached,
        runs: ticket.resolved_at.is_none(),
    });
    responses.chain(resolution)
}

/// Has the clocks that run looked at when they are due soon and when they break: a job for the next such moment.
pub(super) async fn look_again(
    tx: &mut TenantTx,
    desk: &Desk,
    whole: &Whole,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(in_force) = &desk.in_force else { return Ok(()) };
    let sla = &in_force.methodology.sla;
    let moments = clocks(whole)
        .filter(|clock| clock.runs && !clock.broken)
        .flat_map(|clock| [sla::soon_at(clock.begun, clock.due), sla.breaks_at(clock.due)])
        .filter(|moment| *moment > now);
    let Some(next) = moments.min() else { return Ok(()) };
    let id = whole.ticket.id;
    let dedupe = format!("{WATCH}:{id}:{}", next.timestamp_micros());
    db::jobs::enqueue(tx, WATCH, &json!({ "ticket": id }), Some(&dedupe), next).await?;
    Ok(())
}

impl App {
    /// Looks at a ticket's clocks: what is due soon or broken by now is stored and told, once. A ticket that is not
    /// there any more is nothing to look at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn watch_ticket(&self, scope: &TenantScope, id: Uuid) -> Result<()> {
        let now = self.clock.now();
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let desk = Desk::load(&mut tx, scope, in_force).await?;
        let Some(mut whole) = db::tickets::lock_one(&mut tx, id).await? else { return Ok(()) };
        let before = whole.clone();
        if let Some(in_force) = &desk.in_force {
            judge(&mut whole, in_force, now);
        }
        if whole != before {
            db::tickets::put(&mut tx, &[&whole]).await?;
        }
        db::timeline::append(&mut tx, &told::alarms(&whole, &desk, now), now).await?;
        look_again(&mut tx, &desk, &whole, now).await?;
        Ok(tx.commit().await?)
    }

    /// Works the clocks of tickets that are not resolved out by the methodology in force; returns how many. Clocks
    /// that were broken stay as they were recorded.
    ///
    /// # Errors
    /// When the database fails; chunks done before stay done.
    pub async fn rework_clocks(&self, scope: &TenantScope) -> Result<usize> {
        let Some(in_force) = self.methodology(scope).await? else { return Ok(0) };
        let (mut after, mut done) = (Uuid::nil(), 0);
        loop {
            let now = self.clock.now();
            let mut tx = self.db.write(scope).await?;
            let found = db::tickets::to_rework(&mut tx, in_force.version, after, CHUNK).await?;
            let Some((_, last)) = found.last() else { return Ok(done) };
            after = *last;
            let (accounts, ids): (Vec<Uuid>, Vec<Uuid>) = found.into_iter().unzip();
            let desk = Desk::load(&mut tx, scope, Some(in_force.clone())).await?;
            let tickets = db::tickets::lock_many(&mut tx, &accounts, &ids).await?;
            done += tickets.len();
            let changed =
                tickets.into_iter().map(|whole| Changed { before: Some(whole.clone()), after: whole });
            settle(&mut tx, &desk, changed.collect(), now, &Actor::holdfast()).await?;
            tx.commit().await?;
        }
    }
}
