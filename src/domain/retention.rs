//! Retention: from the revenue of the opening to that of the closing, and what lies between.
//!
//! A period is looked at one account after the other: what it was worth on the eve of the first day, and what on the
//! last. The difference is exactly one of new, expansion, contraction and churn, so that
//!
//! > opening + new + expansion − contraction − churn = closing
//!
//! to the cent, for every period and every group of accounts. The rates follow from the accounts of the opening
//! alone, as the trade defines them: who comes in between counts for nothing, and gross retention never exceeds 100 %.
//! A month and a year are each looked at by themselves: what grew in May and shrank in June is no movement of the year.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};

use super::contract::{Term, in_force};

/// A contract with what it is worth in a year, minor units of the currency sums are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// Its days.
    pub term: Term,
    /// ARR.
    pub minor: i64,
}

/// From opening to closing: money in minor units, and accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bridge {
    /// ARR on the eve.
    pub opening: i64,
    /// ARR of accounts that were none on the eve.
    pub new: i64,
    /// What accounts grew by.
    pub expansion: i64,
    /// What accounts shrank by; not negative.
    pub contraction: i64,
    /// ARR on the eve of accounts that are none any more; not negative.
    pub churned: i64,
    /// ARR on the last day.
    pub closing: i64,
    /// Accounts on the eve.
    pub opening_accounts: i64,
    /// Those that were none on the eve.
    pub new_accounts: i64,
    /// Those that are none any more.
    pub churned_accounts: i64,
    /// Accounts on the last day.
    pub closing_accounts: i64,
}

impl Bridge {
    /// Adds what happened to one account.
    pub fn add(&mut self, before: Option<i64>, after: Option<i64>) {
        match (before, after) {
            (None, None) => {}
            (None, Some(after)) => {
                self.new += after;
                self.new_accounts += 1;
            }
            (Some(before), None) => {
                self.churned += before;
                self.churned_accounts += 1;
            }
            (Some(before), Some(after)) => {
                self.expansion += (after - before).max(0);
                self.contraction += (before - after).max(0);
            }
        }
        self.opening += before.unwrap_or(0);
        self.closing += after.unwrap_or(0);
        self.opening_accounts += i64::from(before.is_some());
        self.closing_accounts += i64::from(after.is_some());
    }

    /// Whether it comes out, in money and in accounts.
    pub fn reconciles(&self) -> bool {
        self.opening + self.new + self.expansion - self.contraction - self.churned == self.closing
            && self.opening_accounts + self.new_accounts - self.churned_accounts == self.closing_accounts
    }

    /// Net revenue retention: what the accounts of the opening are worth at the end, as a share; none without any.
    pub fn net(&self) -> Option<f64> {
        self.share(self.opening + self.expansion - self.contraction - self.churned)
    }

    /// Gross revenue retention: the same without what they grew by.
    pub fn gross(&self) -> Option<f64> {
        self.share(self.opening - self.contraction - self.churned)
    }

    /// Logo retention: the share of accounts of the opening that are still there.
    pub fn logos(&self) -> Option<f64> {
        let kept = self.opening_accounts - self.churned_accounts;
        (self.opening_accounts > 0).then(|| kept as f64 / self.opening_accounts as f64)
    }

    fn share(&self, kept: i64) -> Option<f64> {
        (self.opening > 0).then(|| kept as f64 / self.opening as f64)
    }
}

/// What an account is worth on a day; none while no contract is in force.
pub fn level(contracts: &[Worth], day: NaiveDate) -> Option<i64> {
    let terms: Vec<Term> = contracts.iter().map(|contract| contract.term).collect();
    in_force(&terms, day).map(|at| contracts[at].minor).reduce(|a, b| a + b)
}

/// The first day of the month of a day.
pub fn month_of(day: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    day.with_day(1).unwrap_or(day)
}

/// One bridge a month over some months, the last of them the month of `to`, which ends with `to`; and one over all of
/// them, for which each account is looked at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridges {
    /// First days of the months, oldest first, and what happened in each.
    pub months: Vec<(NaiveDate, Bridge)>,
    /// The whole period.
    pub whole: Bridge,
    /// First day of the whole period.
    pub from: NaiveDate,
    /// Its last.
    pub to: NaiveDate,
}

impl Bridges {
    /// An empty one, to which accounts are added.
    pub fn new(to: NaiveDate, months: u32) -> Bridges {
        let first = month_of(to);
        let firsts = (0..months.max(1)).rev().filter_map(|n| first.checked_sub_months(Months::new(n)));
        let months: Vec<(NaiveDate, Bridge)> = firsts.map(|month| (month, Bridge::default())).collect();
        let from = months.first().map_or(first, |(month, _)| *month);
        Bridges { months, whole: Bridge::default(), from, to }
    }

    /// Adds an account's contracts.
    pub fn add(&mut self, contracts: &[Worth]) {
        let eve = |day: NaiveDate| day.pred_opt().unwrap_or(day);
        let firsts = self.months.iter().map(|(first, _)| eve(*first));
        let levels: Vec<Option<i64>> = firsts.chain([self.to]).map(|day| level(contracts, day)).collect();
        for ((_, bridge), pair) in self.months.iter_mut().zip(levels.windows(2)) {
            bridge.add(pair[0], pair[1]);
        }
        if let (Some(first), Some(last)) = (levels.first(), levels.last()) {
            self.whole.add(*first, *last);
        }
    }
}

/// What was up for renewal and decided in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Renewed {
    /// ARR of the contracts whose renewal was decided.
    pub renewable: i64,
    /// What of it was renewed: never more than was up.
    pub renewed: i64,
    /// Accounts with a renewal that was decided.
    pub renewable_accounts: i64,
    /// Those of which something was renewed.
    pub renewed_accounts: i64,
}

impl Renewed {
    /// Adds the outcome of one renewal: ARR that was up, and what it is afterwards; none after churn.
    pub fn add(&mut self, before: i64, after: Option<i64>) {
        self.renewable += before;
        self.renewed += after.unwrap_or(0).min(before);
        self.renewable_accounts += 1;
        self.renewed_accounts += i64::from(after.is_some());
    }

    /// Renewed of renewable revenue, as a share; none where nothing was decided.
    pub fn rate(&self) -> Option<f64> {
        (self.renewable > 0).then(|| self.renewed as f64 / self.renewable as f64)
    }
}

/// The base measures that KPIs are computed from, by name; money in major units, of which one has `scale` minor ones.
pub fn measures(bridge: &Bridge, renewed: &Renewed, scale: f64) -> BTreeMap<&'static str, f64> {
    let money = |minor: i64| minor as f64 / scale;
    let count = |n: i64| n as f64;
    BTreeMap::from([
        ("opening_arr", money(bridge.opening)),
        ("new_arr", money(bridge.new)),
        ("expansion_arr", money(bridge.expansion)),
        ("contraction_arr", money(bridge.contraction)),
        ("churned_arr", money(bridge.churned)),
        ("closing_arr", money(bridge.closing)),
        ("renewable_arr", money(renewed.renewable)),
        ("renewed_arr", money(renewed.renewed)),
        ("opening_accounts", count(bridge.opening_accounts)),
        ("new_accounts", count(bridge.new_accounts)),
        ("churned_accounts", count(bridge.churned_accounts)),
        ("closing_accounts", count(bridge.closing_accounts)),
        ("account_count", count(bridge.closing_accounts)),
        ("renewable_accounts", count(renewed.renewable_accounts)),
        ("renewed_accounts", count(renewed.renewed_accounts)),
    ])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn contract(start: &str, end: Option<&str>, ended: Option<&str>, minor: i64) -> Worth {
        let months = end.is_none().then_some(12);
        Worth { term: Term { start: day(start), end: end.map(day), months, ended_on: ended.map(day) }, minor }
    }

    #[test]
    fn each_account_is_one_of_four_things() {
        let accounts = [
            // Renewed 96 of 100.
            vec![
                contract("2026-03-01", Some("2027-03-01"), None, 100),
                contract("2027-03-01", None, None, 96),
            ],
            // Left on the tenth.
            vec![contract("2025-03-10", None, Some("2027-03-10"), 50)],
            // Came on the twentieth.
            vec![contract("2027-03-20", None, None, 70)],
            // Bought a second contract on the fifth.
            vec![contract("2026-01-01", None, None, 10), contract("2027-03-05", None, None, 5)],
            // Ran out unheard: overdue, still counted.
            vec![contract("2026-03-15", Some("2027-03-15"), None, 20)],
        ];
        let mut bridges = Bridges::new(day("2027-03-31"), 2);
        accounts.iter().for_each(|contracts| bridges.add(contracts));
        let march = bridges.months[1].1;
        assert_eq!((march.opening, march.new, march.expansion), (180, 70, 5));
        assert_eq!((march.contraction, march.churned, march.closing), (4, 50, 201));
        assert_eq!((march.opening_accounts, march.new_accounts, march.churned_accounts), (4, 1, 1));
        assert!(march.reconciles() && bridges.whole.reconciles());
        assert_eq!((bridges.from, bridges.months[0].1.closing), (day("2027-02-01"), 180));
        assert_eq!(march.gross(), Some(126.0 / 180.0));
        assert_eq!(march.net(), Some(131.0 / 180.0));
        assert_eq!(march.logos(), Some(0.75));
        assert_eq!(Bridge::default().net(), None);
    }

    #[test]
    fn renewing_96_of_100() {
        let mut renewed = Renewed::default();
        renewed.add(10_000_000, Some(9_600_000));
        let mut bridge = Bridge::default();
        bridge.add(Some(10_000_000), Some(9_600_000));
        let measures = measures(&bridge, &renewed, 100.0);
        assert_eq!((measures["renewed_arr"], measures["contraction_arr"]), (96_000.0, 4_000.0));
        renewed.add(5_000, None);
        renewed.add(5_000, Some(9_000));
        assert_eq!((renewed.renewable, renewed.renewed), (10_010_000, 9_605_000));
        assert_eq!((renewed.renewable_accounts, renewed.renewed_accounts), (3, 2));
    }

    #[test]
    fn a_leap_day_belongs_to_its_month() {
        let mut bridges = Bridges::new(day("2028-03-31"), 2);
        bridges.add(&[contract("2028-02-29", None, None, 7)]);
        assert_eq!((bridges.months[0].1.new, bridges.months[1].1.opening), (7, 7));
    }

    fn life() -> impl Strategy<Value = Worth> {
        let start = 0..1500_i64;
        (start, proptest::option::of(1..800_i64), proptest::option::of(0..900_i64), 0..1_000_000_i64)
            .prop_map(|(start, end, ended, minor)| {
                let start = day("2024-01-15") + chrono::Duration::days(start);
                let after = |n: Option<i64>| n.map(|n| start + chrono::Duration::days(n));
                let months = end.is_none().then_some(12);
                Worth { term: Term { start, end: after(end), months, ended_on: after(ended) }, minor }
            })
    }

    proptest! {
        /// Whatever contracts there are: it comes out every month, one month's closing is the next one's opening, and
        /// the closing is what the contracts in force add up to, counted another way.
        #[test]
        fn opening_and_what_happened_make_the_closing(
            accounts in proptest::collection::vec(proptest::collection::vec(life(), 0..5), 0..12),
            to in 0..1800_i64,
        ) {
            let to = day("2024-01-01") + chrono::Duration::days(to);
            let mut bridges = Bridges::new(to, 14);
            accounts.iter().for_each(|contracts| bridges.add(contracts));
            for (_, bridge) in &bridges.months {
                prop_assert!(bridge.reconciles());
                prop_assert!(bridge.gross().is_none_or(|share| (0.0..=1.0).contains(&share)));
            }
            for pair in bridges.months.windows(2) {
                prop_assert_eq!(pair[0].1.closing, pair[1].1.opening);
                prop_assert_eq!(pair[0].1.closing_accounts, pair[1].1.opening_accounts);
            }
            prop_assert!(bridges.whole.reconciles());
            prop_assert_eq!(bridges.whole.opening, bridges.months[0].1.opening);
            let counted: i64 = accounts.iter().flat_map(|contracts| {
                contracts.iter().filter(|c| {
                    let followed = c.term.end.is_some_and(|end| {
                        end <= to && contracts.iter().any(|other| other.term.start >= end && other.term.start <= to)
                    });
                    c.term.start <= to && c.term.ended_on.is_none_or(|day| day > to) && !followed
                })
            }).map(|c| c.minor).sum();
            prop_assert_eq!(bridges.whole.closing, counted);
        }

        /// Any way of sharing accounts out into groups, such as segments, adds up to all of them.
        #[test]
        fn groups_add_up(accounts in proptest::collection::vec(proptest::collection::vec(life(), 0..4), 1..10)) {
            let to = day("2027-06-30");
            let bridge = |of: &[Vec<Worth>]| {
                let mut bridges = Bridges::new(to, 12);
                of.iter().for_each(|contracts| bridges.add(contracts));
                bridges.whole
            };
            let (left, right) = accounts.split_at(accounts.len() / 2);
            let (all, left, right) = (bridge(&accounts), bridge(left), bridge(right));
            prop_assert_eq!(all.churned, left.churned + right.churned);
            prop_assert_eq!(all.expansion, left.expansion + right.expansion);
            prop_assert_eq!(all.closing, left.closing + right.closing);
        }
    }
}
