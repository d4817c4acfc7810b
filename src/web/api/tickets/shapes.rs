//! A ticket as the API shows it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::tickets::{Listed, Stay, Terms, Ticket, Whole};

/// A support ticket with its clocks.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketRow {
    /// Identity in your own systems.
    #[schema(example = "4711")]
    pub external_id: String,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: String,
    /// What it is about.
    #[schema(example = "Nobody can sign in")]
    pub subject: String,
    /// `low`, `medium`, `high` or `critical`.
    #[schema(example = "high")]
    pub severity: String,
    /// `open`, `pending` or `resolved`.
    #[schema(example = "open")]
    pub status: String,
    /// The level of support it is at.
    #[schema(example = 1)]
    pub level: i32,
    /// The role of your methodology that works at that level; empty where it names none.
    #[schema(example = "csm")]
    pub role: String,
    /// The member who holds that role for the account; null when nobody does, or several could.
    pub holder: Option<String>,
    /// The member who works on it.
    pub assignee: Option<String>,
    /// How it came; may be empty.
    #[schema(example = "email")]
    pub channel: String,
    /// Who asked; may be empty.
    pub requester: String,
    /// How content the requester was with the solution, 1 to 5.
    pub csat: Option<i32>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was first answered.
    pub responded_at: Option<DateTime<Utc>>,
    /// When it was resolved; null while it is not.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When it was last taken up again.
    pub reopened_at: Option<DateTime<Utc>>,
    /// The clock of the answer at this level; null where no policy applies.
    pub response: Option<ClockDetail>,
    /// The clock of the resolution; null where the policy has no such time.
    pub resolution: Option<ClockDetail>,
    /// The moment of the latest word that was taken.
    pub updated_at: DateTime<Utc>,
}

/// A clock.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockDetail {
    /// When it began to run.
    pub began_at: DateTime<Utc>,
    /// When it runs out.
    pub due_at: DateTime<Utc>,
    /// When it was stopped; null while it runs.
    pub done_at: Option<DateTime<Utc>>,
    /// `running`, `due_soon`, `breached`, `kept`, or `left` when the ticket went on to another level in time.
    #[schema(example = "due_soon")]
    pub state: &'static str,
    /// The policy's time, such as `4h`.
    #[schema(example = "4h")]
    pub time: String,
    /// The calendar it runs by; null is around the clock.
    pub calendar: Option<String>,
}

/// A ticket with its way through the levels.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketDetail {
    /// The ticket.
    #[serde(flatten)]
    pub ticket: TicketRow,
    /// Its stays at levels, oldest first.
    pub levels: Vec<StayDetail>,
}

/// A stay at a level: it has a response clock of its own.
#[derive(Debug, Serialize, ToSchema)]
pub struct StayDetail {
    /// How it began: `opened`, `escalated`, `lowered` or `reopened`.
    #[schema(example = "escalated")]
    pub step: String,
    /// The level.
    #[schema(example = 2)]
    pub level: i32,
    /// The role that works there.
    #[schema(example = "senior_csm")]
    pub role: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Who brought it there.
    pub by: String,
    /// Its clock; null where no policy applied.
    pub response: Option<ClockDetail>,
}

impl TicketRow {
    /// As listed.
    pub fn of(listed: Listed, now: DateTime<Utc>) -> Self {
        let Listed { ticket, stay, account, holder, assignee, .. } = listed;
        let began = ticket.reopened_at.unwrap_or(ticket.opened_at);
        TicketRow {
            response: response(&stay, now),
            resolution: resolution(&ticket, stay.terms.as_ref(), began, now),
            level: stay.level,
            role: stay.role,
            account,
            holder,
            assignee,
            external_id: ticket.external_id,
            subject: ticket.subject,
            severity: ticket.severity,
            status: ticket.status,
            channel: ticket.channel,
            requester: ticket.requester,
            csat: ticket.csat,
            opened_at: ticket.opened_at,
            responded_at: ticket.responded_at,
            resolved_at: ticket.resolved_at,
            reopened_at: ticket.reopened_at,
            updated_at: ticket.stated_at,
        }
    }
}

impl TicketDetail {
    /// With its stays.
    pub fn of(listed: Listed, whole: Whole, now: DateTime<Utc>) -> Self {
        let last = whole.ticket.stay;
        let left = |clock: ClockDetail, stay: &Stay| {
            let went_on = stay.stay < last && clock.done_at.is_none() && clock.state != "breached";
            if went_on { ClockDetail { state: "left", ..clock } } else { clock }
        };
        let stay = |stay: Stay| StayDetail {
            response: response(&stay, now).map(|clock| left(clock, &stay)),
            step: stay.step,
            level: stay.level,
            role: stay.role,
            at: stay.at,
            reason: stay.reason,
            by: stay.actor,
        };
        TicketDetail {
            ticket: TicketRow::of(listed, now),
            levels: whole.stays.into_iter().map(stay).collect(),
        }
    }
}

fn response(stay: &Stay, now: DateTime<Utc>) -> Option<ClockDetail> {
    let time = stay.terms.as_ref().map(|terms| terms.response.clone()).unwrap_or_default();
    clock(
        stay.at,
        stay.response_due?,
        stay.answered_at,
        stay.response_breached,
        now,
        time,
        stay.terms.as_ref(),
    )
}

fn resolution(
    ticket: &Ticket,
    terms: Option<&Terms>,
    began: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<ClockDetail> {
    let time = terms.and_then(|terms| terms.resolution.clone()).unwrap_or_default();
    clock(began, ticket.resolution_due?, ticket.resolved_at, ticket.resolution_breached, now, time, terms)
}

fn clock(
    began_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    done_at: Option<DateTime<Utc>>,
    breached: bool,
    now: DateTime<Utc>,
    time: String,
    terms: Option<&Terms>,
) -> Option<ClockDetail> {
    let state = match (breached, done_at) {
        (true, _) => "breached",
        (false, Some(_)) => "kept",
        (false, None) if crate::domain::sla::soon_at(began_at, due_at) <= now => "due_soon",
        (false, None) => "running",
    };
    let calendar = terms.and_then(|terms| terms.calendar.clone());
    Some(ClockDetail { began_at, due_at, done_at, state, time, calendar })
}
