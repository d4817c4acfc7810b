//! An alert as it is answered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::alerts::{Alert, Which};
use crate::domain::expr::Evidence;
use crate::web::api::common::{self, Money};

/// What a rule raised for a person to act upon.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertDetail {
    /// Its id. Ids grow in the order in which alerts are raised.
    pub id: Uuid,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: String,
    /// The rule's id in the methodology.
    #[schema(example = "usage-drop")]
    pub rule: String,
    /// The rule's name when it was raised.
    pub rule_name: String,
    /// Whether the rule is no longer in the methodology: then nothing closes the alert by itself.
    pub rule_gone: bool,
    /// What is to be done.
    #[schema(example = "Engagement campaign")]
    pub title: String,
    /// `low`, `medium`, `high` or `critical`.
    #[schema(example = "high")]
    pub severity: String,
    /// `risk`, `engagement`, `expansion`, `renewal` or `advocacy`.
    #[schema(example = "risk")]
    pub category: String,
    /// `open`, `snoozed`, `dismissed`, `held` (waits for a manager) or `closed`.
    #[schema(example = "open")]
    pub state: String,
    /// What made it true, in sentences.
    #[schema(example = json!(["Logins over 30 days fell 30 %: 300 → 210"]))]
    pub reasons: Vec<String>,
    /// The same for machines.
    pub evidence: Vec<EvidenceDetail>,
    /// The member who owns it; null for nobody.
    pub owner: Option<String>,
    /// The role that owns it.
    pub role: Option<String>,
    /// Roles that were told beyond the owner.
    pub escalated_to: Vec<String>,
    /// When it was raised.
    pub opened_at: DateTime<Utc>,
    /// The day by which it should be dealt with.
    pub due_on: Option<NaiveDate>,
    /// The day on which it comes back.
    pub snoozed_until: Option<NaiveDate>,
    /// What people noted about it.
    pub note: String,
    /// How it ended; null while it has not.
    pub closed: Option<Closed>,
    /// The account's ARR in the tenant's currency.
    pub arr: Option<Money>,
}

/// A value that made a rule true.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceDetail {
    /// What was looked at.
    #[schema(example = "Logins over 30 days")]
    pub what: String,
    /// Its value; for a fall the percentage. Null when nothing was known.
    pub value: Option<common::Figure>,
    /// For a fall: the figure of the window before.
    pub before: Option<f64>,
    /// For a fall: the figure of this window.
    pub now: Option<f64>,
    /// What it was held against; empty for what is simply true.
    #[schema(example = "at least 30")]
    pub test: String,
}

/// The end of an alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// `done`, `cleared`, `dismissed`, `refused` or `churned`.
    #[schema(example = "done")]
    pub reason: String,
}

impl AlertDetail {
    /// As it stands today.
    pub fn of(alert: Alert, today: NaiveDate, currency: &str) -> Self {
        let state = match alert.state.as_str() {
            "open" if alert.dismissed_at.is_some() => Which::Dismissed.word(),
            "open" if alert.snoozed_until.is_some_and(|day| day > today) => Which::Snoozed.word(),
            "proposed" | "held" => Which::Held.word(),
            "closed" => Which::Closed.word(),
            _ => Which::Open.word(),
        };
        let evidence: Vec<Evidence> = serde_json::from_value(alert.evidence).unwrap_or_default();
        let evidence = evidence.into_iter().map(|one| EvidenceDetail {
            value: common::Figure::of(&one.value),
            before: one.fall.map(|(before, _)| before),
            now: one.fall.map(|(_, now)| now),
            what: one.what,
            test: one.test,
        });
        AlertDetail {
            id: alert.id,
            account: alert.external_id,
            rule: alert.rule,
            rule_name: alert.name,
            rule_gone: alert.rule_gone,
            title: alert.title,
            severity: alert.severity,
            category: alert.category,
            state: state.to_owned(),
            reasons: alert.reasons,
            evidence: evidence.collect(),
            owner: alert.owner_name,
            role: alert.role,
            escalated_to: alert.escalated,
            opened_at: alert.opened_at,
            due_on: alert.due_on,
            snoozed_until: alert.snoozed_until,
            note: alert.note,
            closed: alert.closed_at.map(|at| Closed {
                at,
                by: alert.closed_by.unwrap_or_default(),
                reason: alert.close_reason.unwrap_or_default(),
            }),
            arr: alert
                .arr_base_minor
                .map(|amount_minor| Money { amount_minor, currency: currency.to_owned() }),
        }
    }
}
