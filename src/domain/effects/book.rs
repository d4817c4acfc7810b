//! What is under way for an account, and what can follow.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// What is under way for an account.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// The last day whose recurring rules were looked at; none for an account that is seen for the first time.
    pub acted_on: Option<NaiveDate>,
    /// The base stage last entered.
    pub stage: Option<String>,
    /// The overlays it was in.
    pub overlays: Vec<String>,
    /// The segment last noticed.
    pub segment: Option<String>,
    /// The band last noticed.
    pub band: Option<String>,
    /// Moments that have come.
    pub moments: Vec<String>,
    /// Alerts that are not closed.
    pub alerts: Vec<BookedAlert>,
    /// Rules whose alerts were opened or closed today: a rule opens once a day at most, and not on the day on which
    /// somebody dealt with it.
    pub opened_today: Vec<String>,
    /// Plays that run or are paused.
    pub plays: Vec<BookedPlay>,
    /// What plays of this account were started for; each cause starts a playbook once.
    pub started: Vec<String>,
    /// Touchpoints that are planned.
    pub touches: Vec<BookedTouch>,
}

/// An alert that is not closed.
#[derive(Debug, Clone)]
pub struct BookedAlert {
    /// Its id.
    pub id: Uuid,
    /// The rule's id.
    pub rule: String,
    /// Whether it is open, rather than waiting to be.
    pub open: bool,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Roles that were told beyond the owner.
    pub escalated: Vec<String>,
    /// Whether it is known that its rule is gone.
    pub rule_gone: bool,
}

/// A play that is not over.
#[derive(Debug, Clone)]
pub struct BookedPlay {
    /// Its id.
    pub id: Uuid,
    /// The playbook's id.
    pub playbook: String,
    /// What it was started for.
    pub once: String,
    /// The day its days count from.
    pub anchor: NaiveDate,
    /// The day by which its goal should be reached.
    pub ends_on: Option<NaiveDate>,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether it is known that its playbook is gone.
    pub playbook_gone: bool,
    /// Open tasks that data may close: position in the playbook, id.
    pub by_data: Vec<(usize, Uuid)>,
    /// How many tasks are open.
    pub open_tasks: usize,
}

/// A touchpoint that is planned.
#[derive(Debug, Clone)]
pub struct BookedTouch {
    /// The task's id.
    pub task: Uuid,
    /// The touchpoint's id.
    pub touchpoint: String,
    /// Its day.
    pub due: NaiveDate,
    /// Whether it is still to come about.
    pub open: bool,
}

/// Why a play is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A stage was entered.
    Stage,
    /// A renewal came within its window.
    Renewal,
}

impl Cause {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Cause::Stage => "stage",
            Cause::Renewal => "renewal",
        }
    }
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The base stage or an overlay was entered.
    EnterStage {
        /// Position in the methodology's stages.
        stage: usize,
        /// The day it was entered: by the calendar where that decides.
        on: NaiveDate,
    },
    /// The base stage or an overlay was left.
    LeaveStage {
        /// Its id; it may no longer be in the methodology.
        stage: String,
    },
    /// The segment changed.
    ChangeSegment {
        /// What it was.
        from: Option<String>,
    },
    /// The band changed.
    ChangeBand {
        /// What it was.
        from: String,
    },
    /// A critical moment came.
    ReachMoment {
        /// Position in the methodology's moments.
        moment: usize,
    },
    /// A rule turned true.
    Propose {
        /// Position in the methodology's rules.
        rule: usize,
    },
    /// The condition of an alert is no longer true.
    Clear {
        /// The alert.
        alert: Uuid,
        /// Whether it had been opened.
        open: bool,
    },
    /// An alert's rule is no longer in the methodology.
    Orphan {
        /// The alert.
        alert: Uuid,
    },
    /// Somebody else is to be told of an alert.
    Escalate {
        /// The alert.
        alert: Uuid,
        /// Position of the rule.
        rule: usize,
        /// The role to tell.
        role: String,
    },
    /// A playbook is to be started.
    Start {
        /// Position in the methodology's playbooks.
        playbook: usize,
        /// The day its days count from.
        anchor: NaiveDate,
        /// Why.
        cause: Cause,
        /// What makes it one.
        once: String,
    },
    /// A renewal or a start moved: its play moves along.
    Move {
        /// The play.
        play: Uuid,
        /// Position in the methodology's playbooks.
        playbook: usize,
        /// The day its days count from now.
        anchor: NaiveDate,
        /// What it is for now.
        once: String,
    },
    /// A task counts as done without anyone ticking it.
    Tick {
        /// The task.
        task: Uuid,
        /// The play it belongs to.
        play: Uuid,
    },
    /// A play is over.
    End {
        /// The play.
        play: Uuid,
        /// How.
        ending: Ending,
    },
    /// A play's playbook is no longer in the methodology; it goes on by hand.
    Abandon {
        /// The play.
        play: Uuid,
    },
    /// A touchpoint is to be planned.
    Touch {
        /// Position in the file's touchpoints.
        touchpoint: usize,
        /// Its day.
        due: NaiveDate,
    },
    /// The account has left: whatever is under way for it ends.
    Depart,
    /// A planned touchpoint is no longer due.
    Untouch {
        /// The task.
        task: Uuid,
    },
    /// A touchpoint was not done, and the day of the one that follows it has come.
    Lapse {
        /// Its task.
        task: Uuid,
    },
}

/// How a play ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Data says that its goal is reached.
    Reached,
    /// Its time is over and its goal is not reached.
    Missed,
    /// All its tasks are done, and no data decides about a goal.
    Done,
}

impl Ending {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Reached => "reached",
            Ending::Missed => "missed",
            Ending::Done => "done",
        }
    }
}
