//! What the contracts of one account say about its renewals as of a day.
//!
//! Contracts in force that renew on one day are one renewal. An open renewal whose day no contract renews on any more
//!
//! - has become what the contracts say: renewed where its contracts or their followers are in force after it, churned
//!   where none is; a fixed term that was extended by half its length or more has been renewed early;
//! - else has moved with its contracts to another day.
//!
//! A fixed term that ran out and of which nobody said what followed stays open: it has lapsed.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::renewals::{Due, Renewal};
use crate::domain::contract::{Term, in_force};

/// What is to be done with one open renewal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// It is about these contracts, by position.
    Pending(Vec<usize>),
    /// Its contracts renew on another day now.
    Moved(NaiveDate),
    /// Nothing is left of it.
    Gone,
    /// The contracts tell what became of it.
    Decided {
        /// The first day of the next term, or the first without any.
        on: NaiveDate,
        /// Contracts that go on or follow, by position; none after churn.
        after: Vec<usize>,
    },
}

/// The contracts of one account.
pub(super) struct Watch<'a> {
    pub(super) contracts: &'a [Due],
    terms: Vec<Term>,
    today: NaiveDate,
}

impl<'a> Watch<'a> {
    pub(super) fn new(contracts: &'a [Due], today: NaiveDate) -> Self {
        Watch { contracts, terms: contracts.iter().map(|due| due.contract.term()).collect(), today }
    }

    /// The renewals to come or overdue, with the contracts of each, by position. Contracts whose renewal an outcome
    /// has settled are left out.
    pub(super) fn pending(&self) -> BTreeMap<NaiveDate, Vec<usize>> {
        let mut pending: BTreeMap<NaiveDate, Vec<usize>> = BTreeMap::new();
        for at in in_force(&self.terms, self.today) {
            let due = &self.contracts[at];
            let Some(date) = self.terms[at].renewal(self.today) else { continue };
            if due.left_on.is_none() && due.renewed_on.is_none_or(|day| date > day) {
                pending.entry(date).or_default().push(at);
            }
        }
        pending
    }

    /// What became of an open renewal that was about some contracts.
    pub(super) fn fate(
        &self,
        renewal: &Renewal,
        linked: &[Uuid],
        pending: &BTreeMap<NaiveDate, Vec<usize>>,
    ) -> Fate {
        if let Some(contracts) = pending.get(&renewal.renews_on) {
            return Fate::Pending(contracts.clone());
        }
        let day = renewal.renews_on;
        let own: Vec<usize> =
            (0..self.contracts.len()).filter(|at| linked.contains(&self.contracts[*at].id)).collect();
        if own.is_empty() {
            return Fate::Gone;
        }
        let now: Vec<usize> = in_force(&self.terms, self.today).collect();
        let alive: Vec<usize> = own.iter().copied().filter(|at| now.contains(at)).collect();
        let next = alive.iter().filter_map(|at| self.terms[*at].renewal(self.today)).min();
        // Whoever took an outcome back decides by hand.
        if renewal.reopened_at.is_some() && (day < self.today || next.is_none()) {
            return Fate::Pending(own);
        }
        let is_over = day < self.today || alive.is_empty();
        let is_extended = renewal.reopened_at.is_none() && alive.iter().any(|at| self.extends(*at, day));
        if is_over || is_extended {
            return self.decided(day, &own, &now);
        }
        next.map_or(Fate::Gone, Fate::Moved)
    }

    /// Whether a fixed term that was to end on a day now runs for half its length or more beyond it.
    fn extends(&self, at: usize, day: NaiveDate) -> bool {
        let term = self.terms[at];
        term.end.is_some_and(|end| 2 * (end - day).num_days() >= (day - term.start).num_days() && end > day)
    }

    fn decided(&self, day: NaiveDate, own: &[usize], now: &[usize]) -> Fate {
        let eve = day.pred_opt().unwrap_or(day).min(self.today);
        let others: Vec<usize> = in_force(&self.terms, eve).filter(|at| !own.contains(at)).collect();
        let after: Vec<usize> = now.iter().copied().filter(|at| !others.contains(at)).collect();
        let began = after.iter().filter(|at| !own.contains(at)).map(|at| self.terms[*at].start).min();
        let left = own.iter().filter_map(|at| self.terms[*at].ended_on).max();
        let on = if after.is_empty() { left } else { began };
        Fate::Decided { on: on.unwrap_or(day), after }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::db::contracts::Contract;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn due(id: u128, start: &str, end: Option<&str>, ended: Option<&str>) -> Due {
        let contract = Contract {
            external_id: id.to_string(),
            start_date: day(start),
            end_date: end.map(day),
            term_months: end.is_none().then_some(12),
            arr_minor: 100,
            currency: "USD".into(),
            seats: None,
            ended_on: ended.map(day),
        };
        let id = Uuid::from_u128(id);
        Due { id, account_id: Uuid::nil(), contract, renewed_on: None, left_on: None }
    }

    fn renewal(on: &str) -> Renewal {
        Renewal {
            id: Uuid::nil(),
            account_id: Uuid::nil(),
            renews_on: day(on),
            opened_on: day(on),
            timeline: None,
            strategy: None,
            forecast: None,
            likelihood: None,
            forecast_note: String::new(),
            forecast_by: None,
            forecast_at: None,
            modelled: None,
            modelled_by: None,
            outcome: None,
            told_by: None,
            closed_at: None,
            closed_on: None,
            closed_by: None,
            effective_on: None,
            term_months: None,
            reason: None,
            note: String::new(),
            competitor: String::new(),
            reopened_at: None,
        }
    }

    fn fate(contracts: &[Due], renewal: &Renewal, today: &str) -> Fate {
        let watch = Watch::new(contracts, day(today));
        watch.fate(renewal, &[Uuid::from_u128(1)], &watch.pending())
    }

    #[test]
    fn what_contracts_tell_of_an_open_renewal() {
        let decided = |on: &str, after: &[usize]| Fate::Decided { on: day(on), after: after.to_vec() };
        let fixed = |end: &str| due(1, "2026-06-01", Some(end), None);
        let rolling = |ended| due(1, "2026-06-01", None, ended);
        let next = |start: &str| due(2, start, Some("2028-06-01"), None);
        for (what, contracts, today, expected) in [
            ("it is still to come", vec![fixed("2027-06-01")], "2027-05-01", Fate::Pending(vec![0])),
            ("the day is still its own", vec![rolling(None)], "2027-06-01", Fate::Pending(vec![0])),
            ("it lapsed", vec![fixed("2027-06-01")], "2027-07-01", Fate::Pending(vec![0])),
            ("it renewed itself", vec![rolling(None)], "2027-06-02", decided("2027-06-01", &[0])),
            (
                "a next term",
                vec![fixed("2027-06-01"), next("2027-06-01")],
                "2027-06-01",
                decided("2027-06-01", &[1]),
            ),
            (
                "a late one",
                vec![fixed("2027-06-01"), next("2027-07-15")],
                "2027-07-15",
                decided("2027-07-15", &[1]),
            ),
            ("it left early", vec![rolling(Some("2027-03-10"))], "2027-03-10", decided("2027-03-10", &[])),
            (
                "beside another contract",
                vec![rolling(Some("2027-06-01")), due(3, "2026-09-01", None, None)],
                "2027-06-02",
                decided("2027-06-01", &[]),
            ),
            ("it was extended", vec![fixed("2028-06-01")], "2027-05-01", decided("2027-06-01", &[0])),
            ("it moved", vec![fixed("2027-06-30")], "2027-05-01", Fate::Moved(day("2027-06-30"))),
            ("it is somebody else's", vec![due(9, "2026-06-01", None, None)], "2027-07-01", Fate::Gone),
        ] {
            assert_eq!(fate(&contracts, &renewal("2027-06-01"), today), expected, "{what}");
        }
    }

    #[test]
    fn what_was_taken_back_waits_for_a_person() {
        let mut taken_back = renewal("2027-06-01");
        taken_back.reopened_at = Some(DateTime::UNIX_EPOCH);
        let rolling = vec![due(1, "2026-06-01", None, None)];
        assert_eq!(fate(&rolling, &taken_back, "2027-06-02"), Fate::Pending(vec![0]));
    }

    #[test]
    fn one_day_is_one_renewal() {
        let contracts = [
            due(1, "2026-06-01", None, None),
            due(2, "2025-06-01", Some("2027-06-01"), None),
            due(3, "2026-09-30", None, None),
        ];
        let pending = Watch::new(&contracts, day("2027-05-01")).pending();
        assert_eq!(
            pending.into_iter().collect::<Vec<_>>(),
            [(day("2027-06-01"), vec![0, 1]), (day("2027-09-30"), vec![2])]
        );
    }
}
