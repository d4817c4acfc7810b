//! Support tickets: what customers asked, when they were answered, and what became of it.

use chrono::{DateTime, TimeDelta, Utc};

use super::account::AccountPlan;
use super::contracts::minor_per_major;
use super::dice::Dice;
use super::event::EventName;
use super::stories::Story;
use super::tenant::TenantPlan;

/// Lane of the random numbers of tickets.
const LANE: u64 = 9;

/// A ticket, with everything that ever happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPlan {
    /// Unique per tenant.
    pub external_id: String,
    /// External id of its account.
    pub account: String,
    /// What it is about.
    pub subject: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: &'static str,
    /// How it came.
    pub channel: &'static str,
    /// Address of whoever asked.
    pub requester: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was first answered; none while nobody did.
    pub responded_at: Option<DateTime<Utc>>,
    /// When it went to the second level, and why; most do not.
    pub escalated: Option<(DateTime<Utc>, &'static str)>,
    /// When it was resolved; none while it is not.
    pub resolved_at: Option<DateTime<Utc>>,
    /// How content the requester was, 1 to 5; many do not say.
    pub csat: Option<i32>,
}

impl TicketPlan {
    /// Every moment at which something happened to it, in order.
    pub fn moments(&self) -> Vec<DateTime<Utc>> {
        let escalated = self.escalated.map(|(at, _)| at);
        let rest = [self.responded_at, escalated, self.resolved_at].into_iter().flatten();
        std::iter::once(self.opened_at).chain(rest).collect()
    }
}

const WHY_UP: [&str; 4] = ["Technical issue", "Dissatisfaction", "Blocked expansion", "Feature request"];
const CHANNELS: [&str; 4] = ["email", "portal", "chat", "phone"];

/// Tickets that wait for an answer while the demo is looked at: minutes left of their time, and what they are about.
const WAITING: [(i64, &str, &str); 9] = [
    (-95, "high", "Dashboards do not load for anyone"),
    (-22, "medium", "Scheduled report did not arrive"),
    (11, "high", "Wrong totals in revenue dashboard"),
    (24, "critical", "Connector stopped, no data since morning"),
    (55, "medium", "Single sign-on asks twice"),
    (130, "low", "Question about row limits"),
    (210, "medium", "Export to spreadsheet cuts long text"),
    (400, "low", "How do I share a dashboard with a partner?"),
    (900, "low", "Cannot rename a saved query"),
];

impl TenantPlan {
    /// The tickets of the whole history, by the time they were opened. They are those that
    /// [`TenantPlan::events_on`] tells of as [`EventName::TicketOpened`]: whoever loads tickets leaves those events
    /// out.
    pub fn tickets(&self) -> Vec<TicketPlan> {
        let mut tickets = Vec::new();
        for (n, account) in self.accounts.iter().enumerate() {
            let opened = account.signals.iter().filter(|signal| signal.name == EventName::TicketOpened);
            for (k, signal) in opened.enumerate() {
                let mut dice = Dice::keyed(self.seed, &[LANE, n as u64, k as u64]);
                let of = self.day_of(n as u64, &account.external_id, signal.day);
                let at = of.office_time(&mut dice);
                let word = |name: &str| signal.properties.get(name).and_then(|value| value.as_str());
                let urgent = word("priority") == Some("high");
                let subject = word("subject").unwrap_or_default().to_owned();
                let id = word("ticket_id").unwrap_or_default().to_owned();
                let ago = (self.today - signal.day).num_days();
                let troubled =
                    matches!(account.story, Story::SupportStorm { ago: since, .. } if ago <= since);
                tickets.push(account.ticket(&mut dice, id, subject, at, urgent, troubled));
            }
        }
        tickets.sort_by(|a, b| (a.opened_at, &a.external_id).cmp(&(b.opened_at, &b.external_id)));
        tickets
    }

    /// Tickets that wait at this very moment: some late, some due soon.
    pub fn waiting_tickets(&self, now: DateTime<Utc>) -> Vec<TicketPlan> {
        let staying = self.accounts.iter().filter(|account| {
            account.owner_email.is_some() && !matches!(account.story, Story::Churned { .. })
        });
        // The accounts that are talked about first, then a few others.
        let (mut first, rest): (Vec<_>, Vec<_>) = staying.partition(|account| account.endangered);
        first.extend(rest.into_iter().step_by(3));
        let waiting = first.into_iter().zip(WAITING).map(|(account, (left, severity, subject))| TicketPlan {
            external_id: format!("{}-T900", account.external_id),
            account: account.external_id.clone(),
            subject: subject.to_owned(),
            severity,
            channel: "portal",
            requester: account.requester(&mut Dice::keyed(self.seed, &[LANE])),
            opened_at: now + TimeDelta::minutes(left) - TimeDelta::minutes(account.minutes_to_answer()),
            responded_at: None,
            escalated: None,
            resolved_at: None,
            csat: None,
        });
        waiting.collect()
    }
}

impl AccountPlan {
    /// Minutes that the demo's methodology gives for a first answer, by revenue.
    fn minutes_to_answer(&self) -> i64 {
        let contract = self.contract();
        match contract.arr_minor / minor_per_major(contract.currency) {
            100_000.. => 4 * 60,
            25_000.. => 24 * 60,
            _ => 48 * 60,
        }
    }

    fn requester(&self, dice: &mut Dice) -> String {
        let at = dice.below(self.contacts.len().max(1) as u64) as usize;
        self.contacts.get(at).map(|contact| contact.email.clone()).unwrap_or_default()
    }

    fn ticket(
        &self,
        dice: &mut Dice,
        external_id: String,
        subject: String,
        opened_at: DateTime<Utc>,
        urgent: bool,
        troubled: bool,
    ) -> TicketPlan {
        let late = dice.chance(if troubled { 350 } else { 35 });
        let share = if late { dice.between((105, 190)) } else { dice.between((3, 60)) };
        // Nobody waits long for an answer just because they might.
        let time = if late { self.minutes_to_answer() } else { self.minutes_to_answer().min(10 * 60) };
        let responded_at = opened_at + TimeDelta::minutes((time * share / 100).max(4));
        let up = dice.chance(if troubled { 300 } else { 30 });
        let escalated =
            up.then(|| (responded_at + TimeDelta::minutes(dice.between((20, 90))), dice.pick(&WHY_UP)));
        let last = escalated.map_or(responded_at, |(at, _)| at);
        let resolved_at = last + TimeDelta::minutes(dice.between(if up { (30, 200) } else { (10, 2_600) }));
        let csat = dice.chance(450).then(|| dice.between(if troubled { (1, 3) } else { (3, 5) }) as i32);
        TicketPlan {
            external_id,
            account: self.external_id.clone(),
            subject,
            severity: match (urgent, dice.below(10)) {
                (true, 0..3) => "critical",
                (true, _) => "high",
                (false, 0..5) => "low",
                (false, _) => "medium",
            },
            channel: dice.pick(&CHANNELS),
            requester: self.requester(dice),
            opened_at,
            responded_at: Some(responded_at),
            escalated,
            resolved_at: Some(resolved_at),
            csat,
        }
    }
}
