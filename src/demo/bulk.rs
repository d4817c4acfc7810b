//! Accounts in great numbers with the usage of an ordinary product: for measuring, not for looking at.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Duration, NaiveDate};

use super::dice::Dice;
use crate::domain::series::{Row, Run, Sum};

/// What a metric's days look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Events counted.
    Counter,
    /// Events, and an amount of each added up.
    Amount,
    /// Distinct users.
    Users,
    /// A number sent every night.
    Number,
    /// One of some words, sent every week.
    Word(Vec<Arc<str>>),
}

/// One account.
#[derive(Debug, Clone)]
pub struct BulkAccount {
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// First day of its contract.
    pub start: NaiveDate,
    /// Months of its term.
    pub term_months: i32,
    /// ARR, minor units.
    pub arr_minor: i64,
    /// Seats.
    pub seats: i32,
}

/// The account of a number.
pub fn account(seed: u64, number: u64, today: NaiveDate) -> BulkAccount {
    let mut dice = Dice::keyed(seed, &[number, 1]);
    // Most are small, few are large.
    let (seats, price) = match dice.below(100) {
        0..=4 => (dice.between((200, 900)), dice.between((30_000, 60_000))),
        5..=29 => (dice.between((40, 200)), dice.between((40_000, 80_000))),
        _ => (dice.between((4, 40)), dice.between((50_000, 90_000))),
    };
    BulkAccount {
        external_id: format!("bulk-{number:07}"),
        name: format!("Customer {number}"),
        start: today - Duration::days(dice.between((20, 1_000))),
        term_months: dice.pick(&[12, 12, 12, 24, 36]),
        arr_minor: seats * price,
        seats: i32::try_from(seats).unwrap_or(i32::MAX),
    }
}

/// Its series between two days, both included: fewer events at weekends, a slow trend, now and then a day that arrives
/// late.
pub fn series(seed: u64, number: u64, metrics: &[(i32, Shape)], from: NaiveDate, to: NaiveDate) -> Vec<Run> {
    let seats = i64::from(account(seed, number, to).seats);
    let run = |(metric, shape): &(i32, Shape)| {
        let mut dice = Dice::keyed(seed, &[number, 2, *metric as u64]);
        let level = (seats * dice.between((10, 120)) / 100).max(1);
        let trend = dice.between((-6, 6));
        let mut days = Days { shape, level, trend, seats, value: dice.between((20, 360)) };
        let mut run = Run { metric: *metric, rows: Vec::new() };
        for day in from.iter_days().take_while(|day| *day <= to) {
            if let Some(row) = days.row(&mut dice, day, (day - from).num_days(), to) {
                run.merge(row);
            }
        }
        run
    };
    let mut runs: Vec<Run> = metrics.iter().map(run).filter(|run| !run.rows.is_empty()).collect();
    runs.sort_unstable_by_key(|run| run.metric);
    runs
}

struct Days<'s> {
    shape: &'s Shape,
    level: i64,
    /// Thousandths by which the level moves a day.
    trend: i64,
    seats: i64,
    /// Where a gauge stands, in quarters.
    value: i64,
}

impl Days<'_> {
    fn row(&mut self, dice: &mut Dice, day: NaiveDate, nth: i64, last: NaiveDate) -> Option<Row> {
        let late = if dice.chance(8) { dice.between((1, 3)) } else { 0 };
        let mut row = Row::new(day, (day + Duration::days(late)).min(last));
        let quiet = if day.weekday().number_from_monday() > 5 { 5 } else { 1 };
        let level = (self.level * (1_000 + self.trend * nth) / 1_000 / quiet).max(0);
        let events = dice.between((level * 6 / 10, level * 14 / 10));
        match self.shape {
            Shape::Counter => row.count = events,
            Shape::Amount => {
                row.count = events;
                let cents = events * dice.between((900, 4_900));
                row.sum = Sum::Exact { mantissa: cents.into(), scale: 2 };
            }
            Shape::Users => row.users = i32::try_from(events.min(self.seats)).unwrap_or(0),
            Shape::Number => {
                self.value = (self.value + dice.between((-4, 4))).clamp(0, 400);
                (row.known_on, row.value) = (day, Some(self.value as f64 / 4.0));
                row.value_at = at(day, 3);
            }
            Shape::Word(words) => {
                if nth % 7 == 0 {
                    let place = (self.value + nth / 40) as usize % words.len().max(1);
                    (row.known_on, row.label) = (day, words.get(place).cloned());
                    row.value_at = at(day, 3);
                }
            }
        }
        (row.is_usage() || row.is_sample()).then_some(row)
    }
}

fn at(day: NaiveDate, hour: u32) -> Option<DateTime<chrono::Utc>> {
    Some(day.and_hms_opt(hour, 0, 0)?.and_utc())
}
