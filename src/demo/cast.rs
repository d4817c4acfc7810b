//! Which account plays which story, how large it is and when it renews.

use chrono::{Months, NaiveDate, TimeDelta};

use super::contracts::{latest, start_of};
use super::dice::Dice;
use super::names::{Companies, JAPANESE, UNUSUAL};
use super::stories::{Leaving, Season, Story};

/// How many accounts of a tenant play each story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) steady: usize,
    pub(super) growth: usize,
    pub(super) expansion: usize,
    pub(super) rollout: usize,
    pub(super) seasonal: usize,
    pub(super) low_adoption: usize,
    pub(super) lukewarm: usize,
    pub(super) slow_decay: usize,
    pub(super) deep_decay: usize,
    pub(super) champion_left: usize,
    pub(super) sudden_stop: usize,
    pub(super) support_storm: usize,
    pub(super) churned: usize,
}

/// An account that everybody should notice: much revenue, soon to renew, in plain trouble.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endangered {
    pub(super) name: &'static str,
    pub(super) industry: &'static str,
    pub(super) story: Story,
    pub(super) arr: i64,
    pub(super) seats: i64,
    pub(super) renewal_in: i64,
    pub(super) months: u32,
}

/// An account before its data is made.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) industry: &'static str,
    pub(super) story: Story,
    /// In major units of the currency.
    pub(super) arr: i64,
    pub(super) currency: &'static str,
    pub(super) seats: i64,
    pub(super) start: NaiveDate,
    pub(super) months: u32,
    /// The last term is a fixed one, with an end date in place of a number of months.
    pub(super) fixed_end: bool,
    /// The day an earlier, smaller contract gave way to the present one.
    pub(super) replaced_on: Option<NaiveDate>,
    pub(super) endangered: bool,
}

/// Draws all roles of a tenant, in random order.
pub(super) fn cast(
    dice: &mut Dice,
    today: NaiveDate,
    numbers: Numbers,
    endangered: &[Endangered],
    currencies: &[(u64, &'static str)],
    unusual: bool,
) -> Vec<Role> {
    let given: Vec<&str> = endangered.iter().map(|e| e.name).collect();
    let mut companies = Companies::new(dice, &given);
    let mut roles: Vec<Role> = numbers
        .stories(dice, today)
        .into_iter()
        .map(|story| draw(dice, today, story, &mut companies, currencies))
        .collect();
    special_dates(&mut roles, today);
    if unusual {
        unusual_names(&mut roles);
    }
    roles.extend(endangered.iter().map(|e| e.role(today, currencies[0].1)));
    dice.shuffle(&mut roles);
    roles
}

impl Numbers {
    fn stories(self, dice: &mut Dice, today: NaiveDate) -> Vec<Story> {
        let seasons = Season::not_in_sight(today);
        let mut stories = vec![Story::Steady; self.steady];
        stories.extend(vec![Story::Growth; self.growth]);
        stories.extend(vec![Story::Expansion; self.expansion]);
        stories.extend(vec![Story::Rollout; self.rollout]);
        stories.extend((0..self.seasonal).map(|n| Story::Seasonal(seasons[n % seasons.len()])));
        stories.extend(vec![Story::LowAdoption; self.low_adoption]);
        stories.extend(vec![Story::Lukewarm; self.lukewarm]);
        stories.extend(vec![Story::SlowDecay; self.slow_decay]);
        stories.extend(vec![Story::DeepDecay; self.deep_decay]);
        stories.extend((0..self.champion_left).map(|_| Story::ChampionLeft {
            ago: dice.between((15, 24)),
            remaining: dice.between((250, 370)),
        }));
        stories.extend((0..self.sudden_stop).map(|_| Story::SuddenStop { ago: dice.between((12, 19)) }));
        stories.extend((0..self.support_storm).map(|_| Story::SupportStorm {
            ago: dice.between((8, 11)),
            remaining: dice.between((780, 880)),
        }));
        stories.extend((0..self.churned).map(|n| self.churn(dice, n)));
        stories
    }

    /// One churn after the other, spread evenly over fourteen months.
    fn churn(&self, dice: &mut Dice, n: usize) -> Story {
        let share = 420 / self.churned.max(1) as i64;
        let why = match n % 5 {
            0 | 2 => Leaving::Faded,
            1 | 4 => Leaving::Displeased,
            _ => Leaving::Unforeseen,
        };
        Story::Churned { ago: 20 + n as i64 * share + dice.between((0, share - 1)), why }
    }
}

impl Endangered {
    fn role(&self, today: NaiveDate, currency: &'static str) -> Role {
        Role {
            name: self.name.to_owned(),
            industry: self.industry,
            story: self.story,
            arr: self.arr,
            currency,
            seats: self.seats,
            start: start_of(today, self.renewal_in, self.months, 300),
            months: self.months,
            fixed_end: false,
            replaced_on: None,
            endangered: true,
        }
    }
}

fn draw(
    dice: &mut Dice,
    today: NaiveDate,
    story: Story,
    companies: &mut Companies,
    currencies: &[(u64, &'static str)],
) -> Role {
    let industry = match story {
        Story::Seasonal(Season::School) => Some("Education"),
        Story::Seasonal(Season::Retail) => Some("Retail"),
        Story::Seasonal(Season::Travel) => Some("Travel"),
        _ => None,
    };
    let (name, industry) = companies.next(dice, industry);
    let (arr, seats) = size(dice, story);
    let (start, months) = dates(dice, today, story, arr);
    let replaced_on = match story {
        Story::Expansion => Some(start),
        Story::Steady if months == 12 && dice.chance(160) => Some(start),
        _ => None,
    };
    Role {
        name,
        industry,
        story,
        arr,
        currency: dice.weighted(currencies),
        seats,
        // A contract that replaced another one: the customer has been there for a year longer.
        start: replaced_on.and_then(|day| day.checked_sub_months(Months::new(12))).unwrap_or(start),
        months,
        fixed_end: months >= 24 && dice.chance(300),
        replaced_on,
        endangered: false,
    }
}

/// ARR in major units and seats. Seats are licences of people who build dashboards, hence few.
fn size(dice: &mut Dice, story: Story) -> (i64, i64) {
    let weights: [(u64, usize); 3] = match story {
        // The great accounts in trouble are cast by hand; these must not outshine them.
        _ if story.is_trouble() => [(1, 0), (5, 1), (5, 2)],
        Story::Expansion | Story::Growth => [(35, 0), (40, 1), (25, 2)],
        // With three users a slow decline cannot be told from chance.
        Story::SlowDecay => [(25, 0), (75, 1), (0, 2)],
        Story::Churned { .. } | Story::LowAdoption | Story::Lukewarm => [(10, 0), (40, 1), (50, 2)],
        _ => [(24, 0), (36, 1), (40, 2)],
    };
    match dice.weighted(&weights) {
        0 if story.is_trouble() => (dice.between((21, 28)) * 5_000, dice.between((7, 9))),
        0 => (dice.between((21, 85)) * 5_000, dice.between((7, 11))),
        1 => (dice.between((26, 96)) * 1_000, dice.between((4, 6))),
        _ => (dice.between((30, 240)) * 100, dice.between((3, 4))),
    }
}

/// Start of the present contract and its term in months.
fn dates(dice: &mut Dice, today: NaiveDate, story: Story, arr: i64) -> (NaiveDate, u32) {
    let terms: &[(u64, u32)] = match arr {
        100_000.. => &[(50, 12), (25, 24), (25, 36)],
        25_000.. => &[(75, 12), (15, 24), (10, 36)],
        _ => &[(70, 12), (25, 1), (5, 6)],
    };
    let months = dice.weighted(terms);
    let span = (i64::from(months) * 30).min(700);
    match story {
        Story::Rollout => (today - TimeDelta::days(dice.between((18, 84))), 12.max(months)),
        Story::Expansion => (today - TimeDelta::days(dice.between((70, 170))), 12),
        Story::Churned { ago, .. } => {
            let end = today - TimeDelta::days(ago);
            let years = Months::new(12 * dice.between((1, 3)) as u32);
            (end.checked_sub_months(years).unwrap_or(end), 12)
        }
        _ if story.is_trouble() => (start_of(today, dice.between((110, 330)), 12, 320), 12),
        Story::Growth | Story::SlowDecay => {
            (start_of(today, dice.between((1, span)), months, dice.between((380, 900))), months)
        }
        _ => (start_of(today, dice.between((1, span)), months, dice.between((150, 900))), months),
    }
}

/// Starts that try the calendar: leap days, ends of months.
fn special_dates(roles: &mut [Role], today: NaiveDate) {
    let starts = [
        ((2, 29), 12),
        ((2, 29), 36),
        ((8, 31), 1),
        ((8, 31), 12),
        ((8, 31), 6),
        ((1, 31), 1),
        ((12, 31), 24),
    ];
    let steady = roles.iter_mut().filter(|r| r.story == Story::Steady && r.replaced_on.is_none());
    for (role, (day, months)) in steady.zip(starts) {
        role.start = latest(today, day, 150);
        role.months = months;
        role.fixed_end = false;
    }
}

fn unusual_names(roles: &mut [Role]) {
    let plain = |role: &&mut Role| !role.story.is_trouble() && !matches!(role.story, Story::Seasonal(_));
    let every_seventh = roles.iter_mut().filter(plain).skip(3).step_by(7);
    for (role, (name, industry)) in every_seventh.zip(UNUSUAL) {
        role.name = name.to_owned();
        role.industry = industry;
    }
    let large = |role: &&mut Role| role.story == Story::Steady && role.arr >= 100_000;
    for (role, (name, industry)) in roles.iter_mut().filter(large).zip(JAPANESE) {
        role.name = name.to_owned();
        role.industry = industry;
        role.currency = "JPY";
        role.arr *= 150;
    }
}
