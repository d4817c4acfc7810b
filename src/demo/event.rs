//! One thing that happened, and how it looks as a Segment message.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// What happened. The text of each name is what travels as `event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventName {
    /// A product user signed in (about once a week, and on days without other activity).
    SignedIn,
    /// A product user opened a dashboard.
    DashboardViewed,
    /// A product user ran a query.
    QueryRun,
    /// A product user exported a report.
    ReportExported,
    /// A support ticket of any priority was opened.
    TicketOpened,
    /// A high-priority ticket was opened; the same ticket is also a [`EventName::TicketOpened`].
    HighPriorityTicketOpened,
    /// The account's champion left or changed roles.
    ChampionLeft,
    /// A competitor came up in a conversation.
    CompetitorMentioned,
    /// An invoice is overdue.
    PaymentDelayed,
    /// Terms of the contract are in dispute.
    ContractDisputed,
}

impl EventName {
    /// Every name, for setting up a metric catalogue.
    pub const ALL: [EventName; 10] = [
        EventName::SignedIn,
        EventName::DashboardViewed,
        EventName::QueryRun,
        EventName::ReportExported,
        EventName::TicketOpened,
        EventName::HighPriorityTicketOpened,
        EventName::ChampionLeft,
        EventName::CompetitorMentioned,
        EventName::PaymentDelayed,
        EventName::ContractDisputed,
    ];

    /// The text that travels as `event`.
    pub fn as_str(self) -> &'static str {
        match self {
            EventName::SignedIn => "Signed In",
            EventName::DashboardViewed => "Dashboard Viewed",
            EventName::QueryRun => "Query Run",
            EventName::ReportExported => "Report Exported",
            EventName::TicketOpened => "Ticket Opened",
            EventName::HighPriorityTicketOpened => "High Priority Ticket Opened",
            EventName::ChampionLeft => "Champion Left",
            EventName::CompetitorMentioned => "Competitor Mentioned",
            EventName::PaymentDelayed => "Payment Delayed",
            EventName::ContractDisputed => "Contract Disputed",
        }
    }

    /// True for what a support tool tells rather than the product: [`TenantPlan::tickets`](super::TenantPlan::tickets)
    /// has it whole.
    pub fn is_ticket(self) -> bool {
        matches!(self, EventName::TicketOpened | EventName::HighPriorityTicketOpened)
    }

    /// True for use of the product itself; its users are the daily active users.
    pub fn is_usage(self) -> bool {
        matches!(
            self,
            EventName::SignedIn
                | EventName::DashboardViewed
                | EventName::QueryRun
                | EventName::ReportExported
        )
    }
}

/// What is wrong with a message that can never be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It carries no event name.
    NoName,
    /// Its timestamp lies two thousand years back, as a client with an unset clock sends it.
    AbsurdDate,
}

/// One Segment `track` message.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoEvent {
    /// Unique per tenant, except that a message sent twice has it twice.
    pub message_id: String,
    /// The product user, or `crm-sync` for what a sales system reports.
    pub user_id: String,
    /// External id of the account; of a few messages, one that nobody knows.
    pub group: String,
    /// What happened.
    pub name: EventName,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The day it arrives: the day it happened, or for a few up to three days later, never after `today`.
    pub received_on: NaiveDate,
    /// Details of the event.
    pub properties: Map<String, Value>,
    /// Set on the few messages that are broken on purpose.
    pub flaw: Option<Flaw>,
}

impl DemoEvent {
    /// The message as an SDK would send it. It has no `sentAt`: these are imports of the past, where the
    /// difference of sending and receiving says nothing about the client's clock.
    pub fn to_segment(&self) -> Value {
        let timestamp = match self.flaw {
            Some(Flaw::AbsurdDate) => "0001-01-01T00:00:00Z".to_owned(),
            _ => self.occurred_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        };
        let mut message = json!({
            "type": "track",
            "messageId": self.message_id,
            "userId": self.user_id,
            "event": self.name.as_str(),
            "timestamp": timestamp,
            "context": { "groupId": self.group },
            "properties": self.properties,
        });
        if let (Some(Flaw::NoName), Some(fields)) = (self.flaw, message.as_object_mut()) {
            fields.remove("event");
        }
        message
    }
}
