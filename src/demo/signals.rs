//! What happens rarely and means much: tickets, a champion leaving, late payment, a competitor.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Map, Value, json};

use super::HISTORY_DAYS;
use super::contacts::ContactPlan;
use super::dice::Dice;
use super::event::EventName;
use super::stories::{Leaving, Story};

/// A rare event of one account.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    pub(super) day: NaiveDate,
    pub(super) name: EventName,
    pub(super) properties: Map<String, Value>,
}

/// What is known of the account.
pub(super) struct Facts<'a> {
    pub(super) external_id: &'a str,
    pub(super) story: Story,
    pub(super) endangered: bool,
    pub(super) contacts: &'a [ContactPlan],
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
    pub(super) today: NaiveDate,
}

const ROUTINE: [&str; 8] = [
    "How do I share a dashboard with a partner?",
    "Scheduled report arrived twice",
    "Column missing after schema change",
    "Single sign-on asks twice",
    "Export to spreadsheet cuts long text",
    "Time zone of weekly chart",
    "Question about row limits",
    "Cannot rename a saved query",
];

const URGENT: [&str; 4] = [
    "Dashboards do not load for anyone",
    "Nightly refresh failed, board meeting tomorrow",
    "Wrong totals in revenue dashboard",
    "Connector stopped, no data since morning",
];

/// All signals of an account in order of their day. The latest lie on the day before `today`, which may
/// not be over yet when the demo is loaded.
pub(super) fn signals(dice: &mut Dice, facts: &Facts<'_>) -> Vec<Signal> {
    let mut found = Vec::new();
    let mut tickets = Tickets { facts, next: 1, found: &mut found };
    tickets.routine(dice);
    if let Story::SupportStorm { ago, .. } = facts.story {
        tickets.storm(dice, ago);
    }
    if let Story::Churned { ago, why: Leaving::Displeased } = facts.story {
        tickets.complaints(dice, ago);
    }
    if let Story::ChampionLeft { ago, .. } = facts.story {
        let champion = facts.contacts.iter().find(|c| c.champion).map(|c| c.external_id.as_str());
        found.push(facts.signal(ago, EventName::ChampionLeft, json!({ "contact_id": champion })));
    }
    commercial(dice, facts, &mut found);
    found.retain(|signal| (facts.first..=facts.last).contains(&signal.day));
    found.sort_by_key(|signal| signal.day);
    found
}

fn commercial(dice: &mut Dice, facts: &Facts<'_>, found: &mut Vec<Signal>) {
    let competitor = match facts.story {
        Story::SupportStorm { .. } => facts.endangered,
        Story::SlowDecay | Story::DeepDecay => dice.chance(250),
        _ => false,
    };
    if competitor {
        let ago = dice.between((3, 12));
        found.push(facts.signal(ago, EventName::CompetitorMentioned, json!({ "source": "support call" })));
    }
    if let Story::Churned { ago, why: Leaving::Displeased } = facts.story
        && dice.chance(500)
    {
        let before = ago + dice.between((25, 70));
        found.push(facts.signal(before, EventName::CompetitorMentioned, json!({ "source": "review call" })));
    }
    let late_payment = match facts.story {
        Story::SuddenStop { .. } => facts.endangered || dice.chance(300),
        Story::SlowDecay | Story::DeepDecay | Story::Lukewarm => dice.chance(150),
        Story::Steady => dice.chance(15),
        _ => false,
    };
    if late_payment {
        let ago = dice.between((4, 30));
        found.push(facts.signal(
            ago,
            EventName::PaymentDelayed,
            json!({ "days_overdue": dice.between((8, 35)) }),
        ));
    }
    if facts.story == Story::DeepDecay && dice.chance(300) {
        let clause = json!({ "clause": "price increase" });
        found.push(facts.signal(dice.between((5, 40)), EventName::ContractDisputed, clause));
    }
}

impl Facts<'_> {
    fn signal(&self, ago: i64, name: EventName, properties: Value) -> Signal {
        let properties = match properties {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Signal { day: self.today - TimeDelta::days(ago), name, properties }
    }
}

struct Tickets<'a> {
    facts: &'a Facts<'a>,
    next: u32,
    found: &'a mut Vec<Signal>,
}

impl Tickets<'_> {
    fn open(&mut self, ago: i64, subject: &str, urgent: bool) {
        let ticket = format!("{}-T{}", self.facts.external_id, self.next);
        self.next += 1;
        let priority = if urgent { "high" } else { "normal" };
        let details = json!({ "ticket_id": ticket, "priority": priority, "subject": subject });
        if urgent {
            self.found.push(self.facts.signal(ago, EventName::HighPriorityTicketOpened, details.clone()));
        }
        self.found.push(self.facts.signal(ago, EventName::TicketOpened, details));
    }

    /// An even trickle of tickets, from the latest month backwards; a high-priority one now and then,
    /// but long ago, so that it cannot be taken for a storm.
    fn routine(&mut self, dice: &mut Dice) {
        let months = HISTORY_DAYS / 30;
        for month in 0..months {
            for _ in 0..dice.between(self.facts.story.temper().tickets) {
                let ago = month * 30 + dice.between((1, 29));
                let urgent = month >= 2 && dice.chance(40);
                let subject = dice.pick(if urgent { &URGENT[..] } else { &ROUTINE[..] });
                self.open(ago, subject, urgent);
            }
        }
    }

    /// Seven to eleven tickets in the last months before the contract ended, some of them urgent.
    fn complaints(&mut self, dice: &mut Dice, ended: i64) {
        for _ in 0..dice.between((6, 9)) {
            let ago = ended + dice.between((22, 110));
            self.open(ago, dice.pick(&ROUTINE), false);
        }
        for subject in URGENT.iter().take(dice.between((1, 2)) as usize) {
            self.open(ended + dice.between((22, 60)), subject, true);
        }
    }

    /// Six to nine tickets since the trouble began, three or four of them urgent and in the last days.
    fn storm(&mut self, dice: &mut Dice, since: i64) {
        for _ in 0..dice.between((3, 5)) {
            let ago = dice.between((1, since));
            self.open(ago, dice.pick(&ROUTINE), false);
        }
        for subject in URGENT.iter().take(dice.between((3, 4)) as usize) {
            self.open(dice.between((1, 5)), subject, true);
        }
    }
}
