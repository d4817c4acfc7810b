//! What may happen: the kinds of entries of the journal, in groups that people filter by.
//!
//! To add a kind: a line in [`kinds!`](self); pages, notifications and webhooks find it by its group.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal, $group:ident, $label:literal;)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The word in the database, the API and webhooks.
            pub fn word(self) -> &'static str {
                match self { $(Kind::$kind => $word),* }
            }

            /// What it belongs to.
            pub fn group(self) -> Group {
                match self { $(Kind::$kind => Group::$group),* }
            }

            /// What people call it.
            pub fn label(self) -> &'static str {
                match self { $(Kind::$kind => $label),* }
            }
        }
    };
}

kinds! {
    /// The band changed.
    BandChanged = "band_changed", Health, "Band changed";
    /// Somebody set the score or band by hand, or took that back.
    Overridden = "overridden", Health, "Set by hand";
    /// The account entered a stage.
    StageEntered = "stage_entered", Lifecycle, "Stage entered";
    /// Somebody held or moved the stage.
    StageHeld = "stage_held", Lifecycle, "Stage held";
    /// Somebody let the stage go again: the calendar decides.
    StageReleased = "stage_released", Lifecycle, "Stage let go";
    /// Somebody ticked an exit criterion.
    CriterionTicked = "criterion_ticked", Lifecycle, "Criterion ticked";
    /// Somebody took the tick of an exit criterion back.
    CriterionUnticked = "criterion_unticked", Lifecycle, "Tick taken back";
    /// A critical moment came.
    MomentReached = "moment_reached", Lifecycle, "Moment";
    /// The segment changed.
    SegmentChanged = "segment_changed", Lifecycle, "Segment changed";
    /// A rule turned true.
    AlertOpened = "alert_opened", Alerts, "Alert";
    /// Its condition is no longer true.
    AlertCleared = "alert_cleared", Alerts, "Alert cleared";
    /// Somebody dealt with it.
    AlertClosed = "alert_closed", Alerts, "Alert closed";
    /// Somebody set it aside, with a reason.
    AlertDismissed = "alert_dismissed", Alerts, "Alert dismissed";
    /// Somebody put it off.
    AlertSnoozed = "alert_snoozed", Alerts, "Alert snoozed";
    /// Somebody took up again what was dealt with, put off or set aside.
    AlertReopened = "alert_reopened", Alerts, "Alert open again";
    /// Others were told of it.
    AlertEscalated = "alert_escalated", Alerts, "Alert escalated";
    /// A rule says that somebody should know.
    Notice = "notice", Alerts, "Notice";
    /// A rule would open on so many accounts that it waits for a manager's word; or the word was given.
    StormHeld = "storm_held", Alerts, "Held back";
    /// A playbook began.
    PlayStarted = "play_started", Plays, "Playbook started";
    /// Its goal was reached.
    PlayReached = "play_reached", Plays, "Goal reached";
    /// Its time passed and its goal was not reached.
    PlayMissed = "play_missed", Plays, "Goal missed";
    /// All its tasks are done.
    PlayDone = "play_done", Plays, "Playbook done";
    /// Somebody paused it, stopped it, took it up again or moved its dates.
    PlayChanged = "play_changed", Plays, "Playbook changed";
    /// A task was added by hand or by a rule.
    TaskAdded = "task_added", Plays, "Task added";
    /// A task was done.
    TaskDone = "task_done", Plays, "Task done";
    /// A task was given to somebody else, put off or skipped.
    TaskChanged = "task_changed", Plays, "Task changed";
    /// A renewal came within its window.
    RenewalOpened = "renewal_opened", Renewal, "Renewal opened";
    /// The strategy of an open renewal changed.
    StrategyChanged = "strategy_changed", Renewal, "Strategy changed";
    /// Somebody changed a renewal's forecast.
    ForecastChanged = "forecast_changed", Renewal, "Forecast changed";
    /// What became of a renewal.
    RenewalClosed = "renewal_closed", Renewal, "Renewal outcome";
    /// Somebody took back what was said to have become of a renewal.
    RenewalReopened = "renewal_reopened", Renewal, "Renewal open again";
    /// A contract began, changed or ended.
    ContractChanged = "contract_changed", Renewal, "Contract";
    /// A ticket was opened.
    TicketOpened = "ticket_opened", Support, "Ticket opened";
    /// A ticket was answered for the first time.
    TicketAnswered = "ticket_answered", Support, "Ticket answered";
    /// A ticket reached another level.
    TicketEscalated = "ticket_escalated", Support, "Ticket escalated";
    /// A ticket was not to go to another level after all.
    TicketReturned = "ticket_returned", Support, "Escalation taken back";
    /// A ticket was resolved.
    TicketResolved = "ticket_resolved", Support, "Ticket resolved";
    /// A support clock will run out soon.
    ClockDueSoon = "clock_due_soon", Support, "Due soon";
    /// A support clock ran out.
    ClockBreached = "clock_breached", Support, "Breached";
    /// A note, written by hand.
    Note = "note", Touches, "Note";
    /// A call, logged by hand.
    Call = "call", Touches, "Call";
    /// A meeting, logged by hand.
    Meeting = "meeting", Touches, "Meeting";
    /// An e-mail, logged by hand or prepared from a template.
    Email = "email", Touches, "E-mail";
    /// An answer to a survey.
    Survey = "survey", Touches, "Survey";
    /// A rule sees a way to grow.
    Opportunity = "opportunity", Pipelines, "Opportunity";
    /// Somebody opened an item of a pipeline.
    ItemOpened = "item_opened", Pipelines, "Opened";
    /// It came to another step.
    ItemMoved = "item_moved", Pipelines, "Moved on";
    /// A check was ticked, or what is written of it changed.
    ItemChanged = "item_changed", Pipelines, "Changed";
    /// It was won or lost, done or dropped.
    ItemClosed = "item_closed", Pipelines, "Closed";
    /// It is open again.
    ItemReopened = "item_reopened", Pipelines, "Open again";
}

/// Kinds that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Scores and bands.
    Health,
    /// Stages, segments, moments.
    Lifecycle,
    /// Alerts.
    Alerts,
    /// Playbooks and tasks.
    Plays,
    /// Renewals and contracts.
    Renewal,
    /// Opportunities, requests, and their steps.
    Pipelines,
    /// Tickets and their clocks.
    Support,
    /// What people did with the customer.
    Touches,
}

impl Group {
    /// Every group, in the order they are shown.
    pub const ALL: [Group; 8] = [
        Group::Touches,
        Group::Health,
        Group::Alerts,
        Group::Plays,
        Group::Lifecycle,
        Group::Renewal,
        Group::Pipelines,
        Group::Support,
    ];

    /// The word in URLs and settings.
    pub fn word(self) -> &'static str {
        match self {
            Group::Health => "health",
            Group::Lifecycle => "lifecycle",
            Group::Alerts => "alerts",
            Group::Plays => "plays",
            Group::Renewal => "renewal",
            Group::Pipelines => "pipelines",
            Group::Support => "support",
            Group::Touches => "touches",
        }
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Group::Health => "Health",
            Group::Lifecycle => "Lifecycle",
            Group::Alerts => "Alerts",
            Group::Plays => "Playbooks and tasks",
            Group::Renewal => "Renewal and contracts",
            Group::Pipelines => "Opportunities and requests",
            Group::Support => "Support",
            Group::Touches => "Notes, calls, meetings",
        }
    }

    /// The group of a word.
    pub fn parse(word: &str) -> Option<Group> {
        Group::ALL.into_iter().find(|group| group.word() == word)
    }

    /// The kinds that belong to it.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| kind.group() == self)
    }
}

impl Kind {
    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// Whether it is a step that goes by itself and asks nobody for anything: the timeline and the digest tell of it,
    /// the bell does not ring for it.
    pub fn is_routine(self) -> bool {
        matches!(
            self,
            Kind::StageEntered
                | Kind::SegmentChanged
                | Kind::AlertCleared
                | Kind::PlayStarted
                | Kind::PlayDone
                | Kind::TaskDone
                | Kind::TicketAnswered
                | Kind::TicketResolved
                | Kind::ItemChanged
        )
    }

    /// Whether people enter it by hand.
    pub fn is_by_hand(self) -> bool {
        matches!(self, Kind::Note | Kind::Call | Kind::Meeting | Kind::Email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.word()), Some(*kind));
            assert_eq!(kind.group().kinds().filter(|other| other == kind).count(), 1);
        }
        assert_eq!(Kind::parse("weather"), None);
    }
}
