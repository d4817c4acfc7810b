//! Tickets of customers: how grave, where they stand, what became of them by and by, and what that counts for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The word in the database, in files and in the API.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// What a word means.
            pub fn parse(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// How grave it is, as the methodology's service levels tell tickets apart.
    Severity {
        /// A question or wish.
        Low = "low",
        /// Something small does not work.
        Medium = "medium",
        /// Something important does not work as it should.
        High = "high",
        /// Nothing works.
        Critical = "critical",
    }
}

words! {
    /// Where it stands.
    Status {
        /// It waits for us.
        Open = "open",
        /// It waits for the customer; its clocks run on, as no methodology says that they pause.
        Pending = "pending",
        /// It is done.
        Resolved = "resolved",
    }
}

words! {
    /// Why a ticket's stay at a level began.
    Step {
        /// It was opened.
        Opened = "opened",
        /// It came from a lower level.
        Escalated = "escalated",
        /// It came from a higher level.
        Lowered = "lowered",
        /// It was resolved and is not any more.
        Reopened = "reopened",
    }
}

/// What happens to a ticket, as it counts for metrics fed by events of these names.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// What happened.
    pub what: Happening,
    /// When.
    pub at: DateTime<Utc>,
}

/// A ticket's happenings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Happening {
    /// It was opened, as grave as it is known to be by now.
    Opened(Severity),
    /// It was answered for the first time, after so many hours.
    Answered(f64),
    /// It reached a higher level.
    Escalated,
    /// It was resolved, after so many hours, with this rating from 1 to 5.
    Resolved(f64, Option<i32>),
    /// It was taken up again.
    Reopened,
}

impl Happening {
    /// Whether events of a [`normalise`](super::metric::normalise)d name mean this. One happening has several names,
    /// as methodologies and vendors call it.
    pub fn is_called(self, name: &str) -> bool {
        match self {
            Happening::Opened(severity) => {
                ["ticket", "ticket_opened", "ticket_created"].contains(&name)
                    || name.strip_suffix("_ticket") == Some(severity.word())
                    || (severity >= Severity::High
                        && ["high_priority_ticket", "urgent_ticket"].contains(&name))
            }
            Happening::Answered(_) => name == "ticket_answered",
            Happening::Escalated => name == "ticket_escalated",
            Happening::Resolved(..) => name == "ticket_resolved",
            Happening::Reopened => name == "ticket_reopened",
        }
    }

    /// A number that comes with it.
    pub fn property(self, name: &str) -> Option<f64> {
        match (self, name) {
            (Happening::Answered(hours), "response_hours") => Some(hours),
            (Happening::Resolved(hours, _), "resolution_hours") => Some(hours),
            (Happening::Resolved(_, csat), "csat") => csat.map(f64::from),
            _ => None,
        }
    }
}

/// Hours from one moment to another, exact to the second and never negative.
pub fn hours(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    ((to - from).num_seconds().max(0) as f64) / 3_600.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_what_packs_call_it() {
        for (severity, name, counts) in [
            (Severity::Low, "ticket", true),
            (Severity::Low, "ticket_opened", true),
            (Severity::Low, "low_ticket", true),
            (Severity::Low, "critical_ticket", false),
            (Severity::Medium, "high_priority_ticket", false),
            (Severity::High, "high_priority_ticket", true),
            (Severity::High, "critical_ticket", false),
            (Severity::Critical, "critical_ticket", true),
            (Severity::Critical, "urgent_ticket", true),
            (Severity::Critical, "ticket_resolved", false),
            (Severity::Critical, "login", false),
        ] {
            assert_eq!(Happening::Opened(severity).is_called(name), counts, "{severity:?} {name}");
        }
        assert!(Happening::Escalated.is_called("ticket_escalated"));
        assert_eq!(Happening::Resolved(3.5, Some(4)).property("resolution_hours"), Some(3.5));
        assert_eq!(Happening::Resolved(3.5, Some(4)).property("csat"), Some(4.0));
        assert_eq!(Happening::Answered(0.5).property("csat"), None);
    }

    #[test]
    fn words_come_back() {
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.word()), Some(*severity));
        }
        assert!(Severity::Critical > Severity::Low);
        assert_eq!(Status::parse("closed"), None);
        assert_eq!(Step::parse("lowered"), Some(Step::Lowered));
    }
}
