//! What an account's contracts say as of a day: revenue, seats, start, next renewal.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::db::contracts::Contract;
use crate::domain::contract::Term;
use crate::domain::exchange::Rate;
use crate::domain::money::{Currency, Money};

/// The tenant's currency and the rates into it.
#[derive(Debug, Clone)]
pub struct Exchange {
    base: Currency,
    rates: HashMap<String, Rate>,
}

impl Exchange {
    /// A base currency and the rates stated into it. A rate that cannot be read is left out.
    pub fn new(base: &str, rates: &[(String, String)]) -> Self {
        let rates =
            rates.iter().filter_map(|(code, rate)| Some((code.clone(), rate.parse().ok()?))).collect();
        Exchange { base: base.parse().unwrap_or(Currency::USD), rates }
    }

    /// An amount in the base currency; none without a rate.
    pub fn to_base(&self, amount: Money) -> Option<Money> {
        if amount.currency == self.base {
            return Some(amount);
        }
        self.rates.get(amount.currency.code())?.convert(amount, self.base)
    }

    /// The currency in which sums are made.
    pub fn base(&self) -> Currency {
        self.base
    }
}

/// The contracts of an account, added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// First day of the first contract.
    pub start: Option<NaiveDate>,
    /// ARR in the contracts' own currency; in the base currency when they differ.
    pub arr: Money,
    /// ARR in the base currency; none without a rate.
    pub arr_base: Option<Money>,
    /// Seats of all contracts in force.
    pub seats: Option<i64>,
    /// The next day on which something is up for renewal; in the past when a fixed term ran out and nobody said what
    /// became of it. What is known to be lost is not up for renewal, though it is in force until its last day.
    pub renewal: Option<NaiveDate>,
    /// Months of the contract that renews next.
    pub term_months: Option<u32>,
    /// The day the last contract ended, when none is in force any more and none is to come.
    pub churned_on: Option<NaiveDate>,
}

impl Standing {
    /// Adds up contracts as of a day. Contracts that begin later are not in force yet.
    pub fn of(contracts: &[Contract], as_of: NaiveDate, exchange: &Exchange) -> Standing {
        Standing::without(&[], contracts, as_of, exchange)
    }

    /// The same, where it is known that nothing will be renewed on some days (`db::facts::Lost`).
    pub fn without(
        lost: &[NaiveDate],
        contracts: &[Contract],
        as_of: NaiveDate,
        exchange: &Exchange,
    ) -> Standing {
        let followed =
            |end: NaiveDate| contracts.iter().any(|c| c.start_date >= end && c.start_date <= as_of);
        let in_force: Vec<(&Contract, Term)> = contracts
            .iter()
            .map(|c| (c, c.term()))
            .filter(|(_, term)| term.in_force(as_of, followed))
            .collect();
        let money = |(c, _): &(&Contract, Term)| {
            Money::from_minor(c.arr_minor, c.currency.parse().unwrap_or(exchange.base()))
        };
        let amounts: Vec<Money> = in_force.iter().map(money).collect();
        let arr_base = amounts
            .iter()
            .try_fold(Money::from_minor(0, exchange.base()), |sum, a| sum.checked_add(exchange.to_base(*a)?));
        let arr = amounts
            .split_first()
            .and_then(|(first, rest)| rest.iter().try_fold(*first, |sum, a| sum.checked_add(*a)))
            .or(arr_base)
            .unwrap_or(Money::from_minor(0, exchange.base()));
        let dated = in_force.iter().filter_map(|(_, term)| Some((term.renewal(as_of)?, *term)));
        let next = dated.filter(|(date, _)| !lost.contains(date)).min_by_key(|(date, _)| *date);
        let to_come = contracts.iter().any(|c| c.start_date > as_of);
        Standing {
            start: contracts.iter().map(|c| c.start_date).min(),
            arr,
            arr_base,
            seats: in_force.iter().filter_map(|(c, _)| c.seats).map(i64::from).reduce(|a, b| a + b),
            renewal: next.map(|(date, _)| date),
            term_months: next.and_then(|(_, term)| term.length()),
            churned_on: (in_force.is_empty() && !to_come)
                .then(|| contracts.iter().filter_map(|c| c.ended_on.filter(|day| *day <= as_of)).max())
                .flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::inconsistent_digit_grouping, reason = "cents stand apart")]

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn contract(start: &str, end: Option<&str>, months: Option<i32>, ended: Option<&str>) -> Contract {
        Contract {
            external_id: start.to_owned(),
            start_date: day(start),
            end_date: end.map(day),
            term_months: months,
            arr_minor: 10_000_00,
            currency: "USD".into(),
            seats: Some(10),
            ended_on: ended.map(day),
        }
    }

    fn of(contracts: &[Contract], as_of: &str) -> Standing {
        Standing::of(contracts, day(as_of), &Exchange::new("USD", &[("EUR".into(), "1.1".into())]))
    }

    #[test]
    fn a_term_renews_from_its_own_start() {
        let standing = of(&[contract("2027-01-31", None, Some(1), None)], "2027-02-10");
        assert_eq!(standing.renewal, Some(day("2027-02-28")));
        assert_eq!(
            of(&[contract("2028-02-29", None, Some(12), None)], "2028-06-01").renewal,
            Some(day("2029-02-28"))
        );
    }

    #[test]
    fn a_fixed_term_that_ran_out_is_overdue_until_followed() {
        let old = contract("2026-01-01", Some("2027-01-01"), None, None);
        let overdue = of(std::slice::from_ref(&old), "2027-03-01");
        assert_eq!((overdue.renewal, overdue.churned_on), (Some(day("2027-01-01")), None));
        assert_eq!(overdue.arr.minor, 10_000_00);
        let followed = of(&[old, contract("2027-01-01", Some("2028-01-01"), None, None)], "2027-03-01");
        assert_eq!((followed.renewal, followed.arr.minor), (Some(day("2028-01-01")), 10_000_00));
    }

    #[test]
    fn an_ended_contract_without_another_is_churn() {
        let ended = of(&[contract("2026-01-01", None, Some(12), Some("2027-01-01"))], "2027-01-01");
        assert_eq!((ended.churned_on, ended.arr.minor, ended.renewal), (Some(day("2027-01-01")), 0, None));
        let before = of(&[contract("2026-01-01", None, Some(12), Some("2027-01-01"))], "2026-12-31");
        assert_eq!((before.churned_on, before.arr.minor), (None, 10_000_00));
    }

    #[test]
    fn what_is_known_to_be_lost_is_not_up_for_renewal() {
        let pair = [
            contract("2026-06-01", None, Some(12), Some("2027-06-01")),
            contract("2026-09-01", None, Some(12), None),
        ];
        let on = |lost: &[NaiveDate], contracts: &[Contract]| {
            Standing::without(lost, contracts, day("2027-03-01"), &Exchange::new("USD", &[]))
        };
        assert_eq!(on(&[], &pair).renewal, Some(day("2027-06-01")), "nobody has said so");
        let told = on(&[day("2027-06-01")], &pair);
        assert_eq!((told.renewal, told.arr.minor), (Some(day("2027-09-01")), 20_000_00));
        let all = on(&[day("2027-06-01")], &pair[..1]);
        assert_eq!((all.renewal, all.term_months, all.churned_on), (None, None, None));
        assert_eq!(all.arr.minor, 10_000_00, "a customer until its last day");
    }

    #[test]
    fn currencies_add_up_in_the_base_or_say_that_they_cannot() {
        let mut euros = contract("2027-01-01", None, Some(12), None);
        euros.currency = "EUR".into();
        let both = of(&[contract("2027-01-01", None, Some(12), None), euros.clone()], "2027-02-01");
        assert_eq!((both.arr.minor, both.arr_base.map(|m| m.minor)), (21_000_00, Some(21_000_00)));
        assert_eq!(both.seats, Some(20));
        let alone = of(&[euros.clone()], "2027-02-01");
        assert_eq!((alone.arr.minor, alone.arr.currency.code()), (10_000_00, "EUR"));
        euros.currency = "GBP".into();
        assert_eq!(of(&[euros], "2027-02-01").arr_base, None);
    }
}
