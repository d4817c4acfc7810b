//! What became of a renewal: as it was recorded, else as the contracts tell it.
//!
//! A recorded outcome counts once its day has come: until then it may be taken back.
//!
//! The renewal meant is the next one as seen from a day. It is decided
//!
//! - when the account has left before it: churned, on the day it left;
//! - when it lies behind us and a contract is in force that does not renew on or before it: renewed or shrunk, by the
//!   revenue on its eve and after it; no contract in force any more is churn.
//!
//! A fixed term that ran out, and of which nobody said what followed, decides nothing: it waits for that.

use chrono::NaiveDate;

use crate::app::renewals::in_base;
use crate::app::scoring::{Exchange, Standing};
use crate::db;
use crate::db::contracts::Contract;
use crate::domain::forecast::Kind;
use crate::domain::judgement::Outcome;

/// A renewal that is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    /// The renewal date, or the day the account left before it.
    pub(super) on: NaiveDate,
    /// ARR on the eve, minor units.
    pub(super) before: i64,
    /// ARR afterwards; none after churn.
    pub(super) after: Option<i64>,
    /// What that amounts to.
    pub(super) outcome: Outcome,
}

/// The renewal date that is next as seen from a day; none without a contract that renews.
pub(super) fn renewal(contracts: &[Contract], from: NaiveDate, exchange: &Exchange) -> Option<NaiveDate> {
    Standing::of(contracts, from, exchange).renewal
}

/// What became of that renewal by a day; none while it is open, or while revenue cannot be compared for want of an
/// exchange rate.
pub(super) fn decided(
    contracts: &[Contract],
    renewal: NaiveDate,
    today: NaiveDate,
    exchange: &Exchange,
) -> Option<Decided> {
    let on = |day: NaiveDate| Standing::of(contracts, day, exchange);
    let churned = |left: NaiveDate| {
        let before = on(left.pred_opt()?).arr_base?.minor;
        Some(Decided { on: left.min(renewal), before, after: None, outcome: Outcome::Churned })
    };
    let now = on(today);
    if let Some(left) = now.churned_on.filter(|left| *left <= renewal || today > renewal) {
        // Who renewed and left long after did renew: what counts is the day after the renewal.
        let next = on(renewal.succ_opt()?);
        if left <= renewal || next.churned_on.is_some() || next.renewal.is_none_or(|date| date <= renewal) {
            return churned(left);
        }
    }
    if today <= renewal {
        return None;
    }
    let after = match on(renewal.succ_opt()?) {
        // Overdue on the day after: whatever follows is seen from today.
        standing if standing.renewal.is_some_and(|date| date <= renewal) => now,
        standing => standing,
    };
    if after.renewal.is_some_and(|date| date <= renewal) {
        return None;
    }
    let (before, after) = (on(renewal.pred_opt()?).arr_base?.minor, after.arr_base?.minor);
    Some(Decided { on: renewal, before, after: Some(after), outcome: Outcome::of(before, Some(after)) })
}

/// What was recorded of that renewal; none while it is open or its day is to come, and where revenue cannot be
/// compared.
pub(super) fn recorded(
    closed: &[db::renewals::Decided],
    renewal: NaiveDate,
    today: NaiveDate,
    exchange: &Exchange,
) -> Option<Decided> {
    // An early renewal ends the contract on the day the next term begins.
    let one = closed.iter().find(|one| one.renews_on == renewal || one.effective_on == renewal)?;
    let is_left = one.outcome == Kind::Churned.word();
    let (before, after) = in_base(&one.amounts(), exchange)?;
    let after = after.filter(|_| !is_left);
    let decided = Decided {
        on: one.effective_on.min(one.renews_on),
        before,
        after,
        outcome: Outcome::of(before, after),
    };
    (today > renewal || (is_left && one.effective_on <= today)).then_some(decided)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn contract(start: &str, end: Option<&str>, arr: i64, ended: Option<&str>) -> Contract {
        Contract {
            external_id: start.to_owned(),
            start_date: day(start),
            end_date: end.map(day),
            term_months: end.is_none().then_some(12),
            arr_minor: arr,
            currency: "USD".into(),
            seats: None,
            ended_on: ended.map(day),
        }
    }

    #[test]
    fn what_contracts_tell() {
        let fixed = || contract("2026-06-01", Some("2027-06-01"), 100, None);
        let rolling = |ended| contract("2026-06-01", None, 100, ended);
        let next = |arr| contract("2027-06-01", Some("2028-06-01"), arr, None);
        let late = |arr| contract("2027-07-15", Some("2028-07-15"), arr, None);
        let renewed = |after| Some(("2027-06-01", Some(after)));
        for (what, contracts, today, expected) in [
            ("it is still to come", vec![fixed()], "2027-05-31", None),
            ("it is today", vec![fixed(), next(100)], "2027-06-01", None),
            ("nobody said what followed", vec![fixed()], "2027-07-01", None),
            ("the next term is in force", vec![fixed(), next(100)], "2027-06-02", renewed(100)),
            ("at less", vec![fixed(), next(60)], "2027-06-02", renewed(60)),
            ("it renews by itself", vec![rolling(None)], "2027-06-02", renewed(100)),
            ("the next term came late", vec![fixed(), late(120)], "2027-07-16", renewed(120)),
            ("not renewed", vec![rolling(Some("2027-06-01"))], "2027-06-02", Some(("2027-06-01", None))),
            ("left early", vec![rolling(Some("2027-03-10"))], "2027-03-10", Some(("2027-03-10", None))),
            ("renewed, left later", vec![rolling(Some("2027-09-01"))], "2027-09-02", renewed(100)),
            (
                "ran out, then ended",
                vec![contract("2026-06-01", Some("2027-06-01"), 100, Some("2027-06-20"))],
                "2027-06-21",
                Some(("2027-06-01", None)),
            ),
        ] {
            let exchange = Exchange::new("USD", &[]);
            let at = renewal(&contracts, day("2027-03-01"), &exchange).unwrap();
            let found = decided(&contracts, at, day(today), &exchange);
            assert_eq!(
                found.as_ref().map(|d| (d.on, d.after)),
                expected.map(|(on, after)| (day(on), after)),
                "{what}"
            );
            if let Some(found) = found {
                assert_eq!((found.before, Outcome::of(100, found.after)), (100, found.outcome), "{what}");
            }
        }
    }

    #[test]
    fn revenue_without_a_rate_cannot_be_compared() {
        let mut euros = contract("2026-06-01", None, 100, None);
        euros.currency = "EUR".into();
        let exchange = Exchange::new("USD", &[]);
        assert_eq!(decided(&[euros], day("2027-06-01"), day("2027-06-02"), &exchange), None);
    }
}
