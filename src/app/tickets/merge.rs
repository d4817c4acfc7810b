//! What a ticket is after something was stated of it or done to it: no clock, no database.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Act, Desk, MOST, Stated};
use crate::app::{Actor, Error, Result};
use crate::db::tickets::{Stay, Ticket, Whole};
use crate::domain::ticket::{Severity, Status, Step};

/// How far ahead of ours the clocks of others may be, in minutes.
const AHEAD_MINUTES: i64 = 5;

/// Why something cannot be stated, and of which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Refused {
    pub(in crate::app) field: &'static str,
    pub(in crate::app) message: String,
}

type Checked<T> = std::result::Result<T, Refused>;

fn refused<T>(field: &'static str, message: impl Into<String>) -> Checked<T> {
    Err(Refused { field, message: message.into() })
}

/// The ticket after a word of it. One that is older than what is known leaves it as it is.
pub(super) fn state(
    before: Option<&Whole>,
    stated: &Stated,
    accounts: &HashMap<String, Uuid>,
    desk: &Desk,
    now: DateTime<Utc>,
    actor: &Actor,
) -> Checked<Whole> {
    check(stated, desk, now)?;
    let account = match &stated.account {
        Some(name) => match accounts.get(name) {
            Some(id) => Some(*id),
            None => return refused("account", unknown(name)),
        },
        None => None,
    };
    let said_at = stated.updated_at.unwrap_or(now);
    let mut whole = match before {
        Some(before) if stated.updated_at.is_some_and(|at| at < before.ticket.stated_at) => {
            return Ok(before.clone());
        }
        Some(before) => before.clone(),
        None => opened(stated, account, desk, said_at, actor)?,
    };
    whole.fields(stated, account);
    whole.times(stated)?;
    let level = stated.level.filter(|level| *level != whole.last().level);
    if let Some(level) = level {
        let step = if level > whole.last().level { Step::Escalated } else { Step::Lowered };
        whole.go_to(level, step, said_at, stated.reason.as_deref().unwrap_or_default(), actor);
    }
    whole.stand(stated, said_at, actor)?;
    if before != Some(&whole) {
        whole.ticket.stated_at = whole.ticket.stated_at.max(said_at);
    }
    Ok(whole)
}

fn unknown(name: &str) -> String {
    format!("there is no account with the external id {name:?}: create it first")
}

/// Everything that can be told from the words alone.
fn check(stated: &Stated, desk: &Desk, now: DateTime<Utc>) -> Checked<()> {
    let text = |field, text: &Option<String>, most: usize| match text {
        Some(text) if text.chars().count() > most || text.contains('\0') => {
            refused(field, format!("may have at most {most} characters, none of them NUL"))
        }
        _ => Ok(()),
    };
    if !(1..=200).contains(&stated.external_id.chars().count()) {
        return refused("external_id", "must have 1 to 200 characters");
    }
    let [subject, requester, channel, reason] = MOST;
    text("subject", &stated.subject, subject)?;
    text("requester", &stated.requester, requester)?;
    text("channel", &stated.channel, channel)?;
    text("reason", &stated.reason, reason)?;
    if stated.csat.is_some_and(|csat| !(1..=5).contains(&csat)) {
        return refused("csat", "must be a whole number from 1 to 5");
    }
    if let Some(level) = stated.level {
        let levels = desk.levels();
        if levels.is_empty() && !(1..=9).contains(&level) {
            return refused("level", "must be a whole number from 1 to 9");
        }
        if !levels.is_empty() && !levels.contains(&level) {
            let known: Vec<String> = levels.iter().map(i32::to_string).collect();
            return refused(
                "level",
                format!("{level} is no level of this methodology; it has {}", known.join(", ")),
            );
        }
    }
    for (field, at) in [
        ("opened_at", stated.opened_at),
        ("responded_at", stated.responded_at),
        ("resolved_at", stated.resolved_at),
        ("updated_at", stated.updated_at),
    ] {
        if let Some(at) = at {
            is_moment(field, at, now)?;
        }
    }
    match (stated.status, stated.resolved_at) {
        (Some(Status::Open | Status::Pending), Some(_)) => {
            refused("status", "is not resolved, though there is a time of its resolution")
        }
        _ => Ok(()),
    }
}

fn is_moment(field: &'static str, at: DateTime<Utc>, now: DateTime<Utc>) -> Checked<()> {
    if at > now + TimeDelta::minutes(AHEAD_MINUTES) {
        return refused(field, format!("{} has not come yet", at.format("%Y-%m-%dT%H:%M:%SZ")));
    }
    if at.timestamp() < 946_684_800 {
        return refused(field, "lies before the year 2000");
    }
    Ok(())
}

/// A new ticket, at its first level.
fn opened(
    stated: &Stated,
    account: Option<Uuid>,
    desk: &Desk,
    said_at: DateTime<Utc>,
    actor: &Actor,
) -> Checked<Whole> {
    let Some(account_id) = account else {
        return refused("account", "is needed: a new ticket belongs to an account");
    };
    // Whoever reports a ticket only when it is done still says when it began, or that it took no time at all.
    let earliest = stated.responded_at.into_iter().chain(stated.resolved_at).fold(said_at, DateTime::min);
    let opened_at = stated.opened_at.unwrap_or(earliest);
    let id = Uuid::now_v7();
    let ticket = Ticket {
        id,
        account_id,
        external_id: stated.external_id.clone(),
        subject: stated.external_id.clone(),
        severity: Severity::Medium.word().to_owned(),
        status: Status::Open.word().to_owned(),
        channel: String::new(),
        requester: String::new(),
        assignee_id: None,
        csat: None,
        opened_at,
        responded_at: None,
        resolved_at: None,
        reopened_at: None,
        stay: 0,
        resolution_due: None,
        resolution_breached: false,
        stated_at: said_at,
        worked_by: None,
    };
    let level = stated.level.unwrap_or_else(|| desk.first_level());
    let reason = stated.reason.as_deref().unwrap_or_default();
    Ok(Whole { stays: vec![stay(id, 0, Step::Opened, level, opened_at, reason, actor)], ticket })
}

fn stay(
    ticket_id: Uuid,
    stay: i32,
    step: Step,
    level: i32,
    at: DateTime<Utc>,
    reason: &str,
    actor: &Actor,
) -> Stay {
    Stay {
        ticket_id,
        stay,
        step: step.word().to_owned(),
        level,
        role: String::new(),
        at,
        reason: reason.to_owned(),
        actor: actor.0.clone(),
        terms: None,
        response_due: None,
        answered_at: None,
        response_breached: false,
    }
}

impl Whole {
    fn last(&mut self) -> &mut Stay {
        // A ticket is made with a stay and never loses one.
        let last = self.stays.len().saturating_sub(1);
        &mut self.stays[last]
    }

    fn fields(&mut self, stated: &Stated, account: Option<Uuid>) {
        let ticket = &mut self.ticket;
        if let Some(account) = account {
            ticket.account_id = account;
        }
        if let Some(subject) = stated.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty())
        {
            ticket.subject = subject.to_owned();
        }
        if let Some(severity) = stated.severity {
            ticket.severity = severity.word().to_owned();
        }
        if let Some(channel) = &stated.channel {
            ticket.channel = channel.trim().to_owned();
        }
        if let Some(requester) = &stated.requester {
            ticket.requester = requester.trim().to_owned();
        }
        if let Some(assignee) = stated.assignee {
            ticket.assignee_id = assignee;
        }
        ticket.csat = stated.csat.or(ticket.csat);
    }

    /// When it was opened and first answered, corrections among it.
    fn times(&mut self, stated: &Stated) -> Checked<()> {
        if let Some(opened_at) = stated.opened_at {
            let next = self.stays.get(1).map(|stay| stay.at);
            if next.is_some_and(|next| next < opened_at) {
                return refused("opened_at", "lies after the ticket went on to another level");
            }
            self.ticket.opened_at = opened_at;
            if let Some(first) = self.stays.first_mut() {
                first.at = opened_at;
            }
        }
        let opened_at = self.ticket.opened_at;
        if let Some(at) = stated.responded_at {
            if at < opened_at {
                return refused("responded_at", "lies before the ticket was opened");
            }
            let before = self.ticket.responded_at.replace(at);
            // It is the answer of the stay it falls into, unless that had another one.
            let into = self.stays.iter().rposition(|stay| stay.at <= at).unwrap_or_default();
            for stay in self.stays.iter_mut().filter(|stay| before.is_some() && stay.answered_at == before) {
                stay.answered_at = None;
            }
            if let Some(stay) = self.stays.get_mut(into) {
                stay.answered_at.get_or_insert(at);
            }
        }
        if self.ticket.responded_at.is_some_and(|at| at < opened_at) {
            return refused("opened_at", "lies after the ticket was first answered");
        }
        match stated.resolved_at.or(self.ticket.resolved_at) {
            Some(at) if at < opened_at => refused("resolved_at", "lies before the ticket was opened"),
            _ => Ok(()),
        }
    }

    /// Resolved, open, or open again.
    fn stand(&mut self, stated: &Stated, said_at: DateTime<Utc>, actor: &Actor) -> Checked<()> {
        let is_resolved = self.ticket.resolved_at.is_some();
        let wanted = stated.status.or(stated.resolved_at.map(|_| Status::Resolved));
        match wanted {
            None => {}
            Some(Status::Resolved) if is_resolved => {
                if let Some(at) = stated.resolved_at {
                    self.resolve(at);
                }
            }
            Some(Status::Resolved) => {
                let earliest = self.last().at;
                self.resolve(stated.resolved_at.unwrap_or_else(|| said_at.max(earliest)));
            }
            Some(status) if is_resolved => {
                self.reopen(said_at, stated.reason.as_deref().unwrap_or_default(), actor);
                self.ticket.status = status.word().to_owned();
            }
            Some(status) => self.ticket.status = status.word().to_owned(),
        }
        Ok(())
    }

    /// The next stay; it never begins before the one it follows.
    fn go_to(&mut self, level: i32, step: Step, at: DateTime<Utc>, reason: &str, actor: &Actor) {
        let number = self.ticket.stay + 1;
        let at = at.max(self.last().at);
        self.stays.push(stay(self.ticket.id, number, step, level, at, reason, actor));
        self.ticket.stay = number;
    }

    /// Done. Whoever was never answered before is answered by it.
    fn resolve(&mut self, at: DateTime<Utc>) {
        let before = self.ticket.resolved_at.replace(at);
        self.ticket.status = Status::Resolved.word().to_owned();
        let last = self.last();
        if last.answered_at.is_none() || last.answered_at == before {
            last.answered_at = Some(at.max(last.at));
        }
        if self.ticket.responded_at.is_none() || self.ticket.responded_at == before {
            self.ticket.responded_at = Some(at);
        }
    }

    /// Not done after all: both clocks begin anew, at the level where it was.
    fn reopen(&mut self, at: DateTime<Utc>, reason: &str, actor: &Actor) {
        let at = at.max(self.ticket.resolved_at.unwrap_or(at));
        self.ticket.resolved_at = None;
        self.ticket.reopened_at = Some(at);
        self.ticket.status = Status::Open.word().to_owned();
        let level = self.last().level;
        self.go_to(level, Step::Reopened, at, reason, actor);
        self.ticket.resolution_due = None;
        self.ticket.resolution_breached = false;
    }
}

/// The ticket after something was done to it.
pub(super) fn act(
    whole: &mut Whole,
    act: &Act,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
    desk: &Desk,
    actor: &Actor,
) -> Result<()> {
    is_moment("at", at, now).map_err(|refused| Error::invalid(refused.field, refused.message))?;
    if at < whole.last().at {
        return Err(Error::invalid("at", "lies before the ticket reached its level"));
    }
    let (is_resolved, name) = (whole.ticket.resolved_at.is_some(), whole.ticket.external_id.clone());
    let before = whole.clone();
    match act {
        Act::Answer => {
            whole.last().answered_at.get_or_insert(at);
            whole.ticket.responded_at.get_or_insert(at);
        }
        Act::Escalate(..) if is_resolved => {
            return Err(Error::Conflict(format!("{name} is resolved: reopen it first.")));
        }
        Act::Escalate(wanted, reason) => {
            let from = whole.last().level;
            let above = desk.levels().into_iter().filter(|level| *level > from).collect::<Vec<_>>();
            let to = match wanted {
                Some(level) if above.contains(level) => *level,
                Some(level) => {
                    return Err(Error::invalid("level", format!("{level} is no level above {from}")));
                }
                None => *above.first().ok_or_else(|| {
                    Error::Conflict(format!("{name} is at level {from}, and there is none above."))
                })?,
            };
            let reason = reasoned(reason)?;
            if reason.is_empty() {
                return Err(Error::invalid("reason", "is needed: whoever takes it over reads it first"));
            }
            whole.go_to(to, Step::Escalated, at, &reason, actor);
        }
        Act::TakeBack(stay) => {
            let last = whole.last();
            let is_latest = last.stay == *stay && Step::parse(&last.step) == Some(Step::Escalated);
            let is_untouched = last.answered_at.is_none() && !last.response_breached && !is_resolved;
            if whole.stays.len() < 2 || !is_latest || !is_untouched {
                return Err(Error::Conflict(format!("{name} has gone on since: the escalation stands.")));
            }
            whole.stays.pop();
            whole.ticket.stay = whole.last().stay;
        }
        Act::Resolve if is_resolved => {}
        Act::Resolve => whole.resolve(at),
        Act::Reopen(_) if !is_resolved => {}
        Act::Reopen(reason) => whole.reopen(at, &reasoned(reason)?, actor),
    }
    if *whole != before {
        whole.ticket.stated_at = whole.ticket.stated_at.max(at);
    }
    Ok(())
}

fn reasoned(reason: &str) -> Result<String> {
    let reason = reason.trim();
    if reason.chars().count() > MOST[3] || reason.contains('\0') {
        return Err(Error::invalid("reason", format!("may have at most {} characters", MOST[3])));
    }
    Ok(reason.to_owned())
}
