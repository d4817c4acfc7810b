//! A customer: puts together what the other files make of it, and says what happened there on a day.

use chrono::{NaiveDate, TimeDelta};

use super::HISTORY_DAYS;
use super::cast::Role;
use super::contacts::{ContactPlan, contacts};
use super::contracts::{ContractPlan, Term, minor_per_major};
use super::dice::Dice;
use super::event::DemoEvent;
use super::gauges::{GaugeSample, samples};
use super::names::domain;
use super::signals::{Facts, Signal, signals};
use super::stories::Story;
use super::usage::{DayOf, ProductUser, Rhythm, users};

/// Lanes of the random numbers of a day beside those of the users.
const SIGNAL_LANE: u64 = 1_000;

/// A customer of a tenant.
#[derive(Debug, Clone)]
pub struct AccountPlan {
    /// Unique per tenant; the `groupId` of its messages.
    pub external_id: String,
    /// Company name in any script.
    pub name: String,
    /// The member who looks after it; none for a few small ones.
    pub owner_email: Option<&'static str>,
    /// The day the customer relationship began.
    pub start_date: NaiveDate,
    /// Free labels.
    pub tags: Vec<&'static str>,
    /// Trade.
    pub industry: &'static str,
    /// `Americas`, `Europe` or `Asia-Pacific`.
    pub region: &'static str,
    /// Internet domain.
    pub website: String,
    /// What happens to it.
    pub story: Story,
    /// One of the few large accounts cast to be in plain danger.
    pub endangered: bool,
    /// In order of their start; the last is the present one.
    pub contracts: Vec<ContractPlan>,
    /// The first is the champion.
    pub contacts: Vec<ContactPlan>,
    /// People who use the product.
    pub users: Vec<ProductUser>,
    /// Samples of the slower metrics in order of their date.
    pub gauges: Vec<GaugeSample>,
    pub(super) signals: Vec<Signal>,
    rhythm: Rhythm,
}

impl AccountPlan {
    /// The present contract, or the last one of a customer that left.
    pub fn contract(&self) -> &ContractPlan {
        &self.contracts[self.contracts.len() - 1]
    }
}

impl AccountPlan {
    /// Adds everything that happened here on a day.
    pub(super) fn events(&self, of: &DayOf<'_>, out: &mut Vec<DemoEvent>) {
        for (n, user) in self.users.iter().enumerate() {
            of.user(&self.rhythm, n, user, out);
        }
        let from = self.signals.partition_point(|signal| signal.day < of.day);
        let today = self.signals[from..].iter().take_while(|signal| signal.day == of.day);
        for (k, signal) in today.enumerate() {
            let mut dice = of.dice(SIGNAL_LANE + k as u64);
            let who = if signal.name.is_ticket() {
                self.users[dice.below(self.users.len() as u64) as usize].id.as_str()
            } else {
                "crm-sync"
            };
            of.push(&mut dice, &format!("x{k}"), who, signal.name, Some(signal.properties.clone()), out);
        }
    }
}

/// Makes everything of one account.
pub(super) fn account(
    dice: &mut Dice,
    today: NaiveDate,
    external_id: String,
    role: Role,
    owner_email: Option<&'static str>,
) -> AccountPlan {
    let story = role.story;
    let first = role.start.max(today - TimeDelta::days(HISTORY_DAYS - 1));
    let last = match story {
        Story::Churned { ago, .. } => today - TimeDelta::days(ago),
        _ => today,
    };
    let champion_left = match story {
        Story::ChampionLeft { ago, .. } => Some(today - TimeDelta::days(ago)),
        _ => None,
    };
    let website = domain(&role.name, &external_id);
    let contracts = contracts_of(&external_id, &role, last);
    let expanded = (story == Story::Expansion).then(|| (contracts[1].start, i64::from(contracts[0].seats)));
    let contacts = contacts(dice, &external_id, &website, role.seats, champion_left);
    let facts = Facts {
        external_id: &external_id,
        story,
        endangered: role.endangered,
        contacts: &contacts,
        first,
        last,
        today,
    };
    let signals = signals(dice, &facts);
    // Nearly every seat has a person; some of the larger customers have one to spare.
    let people = role.seats - i64::from(role.seats > 5 && dice.chance(400));
    AccountPlan {
        users: users(dice, &external_id, story, people, first, expanded),
        gauges: samples(dice, story, role.arr < 25_000, (first, last, today)),
        rhythm: Rhythm::new(dice, story, role.start, today),
        region: region(dice, role.currency),
        tags: tags(dice, &role),
        start_date: role.start,
        name: role.name,
        industry: role.industry,
        endangered: role.endangered,
        external_id,
        owner_email,
        website,
        story,
        contracts,
        contacts,
        signals,
    }
}

fn contracts_of(account: &str, role: &Role, last: NaiveDate) -> Vec<ContractPlan> {
    let arr_minor = role.arr * minor_per_major(role.currency);
    let mut present = ContractPlan {
        external_id: format!("{account}-C1"),
        start: role.start,
        term: Term::Months(role.months),
        arr_minor,
        currency: role.currency,
        seats: role.seats as u32,
        ended_on: matches!(role.story, Story::Churned { .. }).then_some(last),
    };
    let Some(replaced_on) = role.replaced_on else {
        if role.fixed_end && present.ended_on.is_none() {
            present.term = present.renewal_after(last).map_or(present.term, Term::Until);
        }
        return vec![present];
    };
    let (arr_minor, seats) = match role.story {
        Story::Expansion => (arr_minor * 6 / 10, (role.seats * 6 / 10).max(2)),
        _ => (arr_minor * 92 / 100, role.seats),
    };
    let earlier =
        ContractPlan { arr_minor, seats: seats as u32, ended_on: Some(replaced_on), ..present.clone() };
    present.external_id = format!("{account}-C2");
    present.start = replaced_on;
    vec![earlier, present]
}

fn region(dice: &mut Dice, currency: &str) -> &'static str {
    match currency {
        "EUR" | "GBP" => "Europe",
        "JPY" => "Asia-Pacific",
        _ => dice.weighted(&[(80, "Americas"), (12, "Europe"), (8, "Asia-Pacific")]),
    }
}

fn tags(dice: &mut Dice, role: &Role) -> Vec<&'static str> {
    let mut tags = Vec::new();
    if role.endangered || role.arr >= 300_000 && role.currency != "JPY" {
        tags.push("strategic");
    }
    match role.story {
        Story::Rollout => tags.push("new"),
        Story::Expansion => tags.push("upsold"),
        Story::Seasonal(_) => tags.push("seasonal"),
        Story::Steady | Story::Growth if dice.chance(150) => tags.push("reference"),
        _ => {}
    }
    if dice.chance(120) {
        tags.push("beta");
    }
    tags
}
