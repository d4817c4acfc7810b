//! When a contract is in force and when it renews: the one place that says so.

use chrono::{Datelike, NaiveDate};

use super::calendar::next_renewal;

/// The days of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// First day.
    pub start: NaiveDate,
    /// The day after its last: its renewal date. None when it renews itself, by its months.
    pub end: Option<NaiveDate>,
    /// Length in months; at least one of `end` and this is there.
    pub months: Option<u32>,
    /// The first day without it, when it ended without renewal.
    pub ended_on: Option<NaiveDate>,
}

impl Term {
    /// Whether it counts on a day. `followed` says whether another contract of the account began on or after a day,
    /// and has begun by `as_of`: a fixed term that ran out is over once another took its place. Until then it is
    /// overdue, and still counts.
    pub fn in_force(&self, as_of: NaiveDate, followed: impl Fn(NaiveDate) -> bool) -> bool {
        if self.start > as_of || self.ended_on.is_some_and(|day| day <= as_of) {
            return false;
        }
        !self.end.is_some_and(|end| end <= as_of && followed(end))
    }

    /// The renewal a day belongs to; in the past for a fixed term that ran out.
    pub fn renewal(&self, as_of: NaiveDate) -> Option<NaiveDate> {
        self.end.or_else(|| next_renewal(self.start, self.length()?, as_of))
    }

    /// Months as stated, else whole calendar months from start to end.
    pub fn length(&self) -> Option<u32> {
        self.months.or_else(|| {
            let (start, end) = (self.start, self.end?);
            let months = (end.year() - start.year()) * 12 + end.month() as i32 - start.month() as i32;
            u32::try_from(months).ok()
        })
    }

    /// Why such a contract cannot be: the field and what is wrong with it.
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let start = self.start;
        match (self.end, self.months, self.ended_on) {
            (None, None, _) => {
                Some(("end_date", "is empty, and so is the term; state one of them".to_owned()))
            }
            (Some(end), ..) if end <= start => Some(("end_date", format!("is not after the start, {start}"))),
            (.., Some(ended)) if ended < start => Some(("ended_on", format!("is before the start, {start}"))),
            _ => None,
        }
    }
}

/// Which of an account's contracts are in force on a day, by position.
pub fn in_force(terms: &[Term], as_of: NaiveDate) -> impl Iterator<Item = usize> {
    let followed = move |end: NaiveDate| terms.iter().any(|t| t.start >= end && t.start <= as_of);
    terms.iter().enumerate().filter(move |(_, term)| term.in_force(as_of, followed)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn term(start: &str, end: Option<&str>, ended: Option<&str>) -> Term {
        let months = end.is_none().then_some(12);
        Term { start: day(start), end: end.map(day), months, ended_on: ended.map(day) }
    }

    #[test]
    fn a_contract_ends_after_it_began() {
        for (term, field) in [
            (term("2027-03-01", Some("2027-03-01"), None), Some("end_date")),
            (term("2027-03-01", Some("2027-02-28"), None), Some("end_date")),
            (term("2027-03-01", None, Some("2027-02-28")), Some("ended_on")),
            (term("2027-03-01", None, Some("2027-03-01")), None),
            (Term { months: None, ..term("2027-03-01", None, None) }, Some("end_date")),
            (term("2027-03-01", Some("2027-03-02"), None), None),
        ] {
            assert_eq!(term.fault().map(|(field, _)| field), field, "{term:?}");
        }
    }

    #[test]
    fn a_term_that_ran_out_counts_until_another_begins() {
        let terms = [term("2026-06-01", Some("2027-06-01"), None), term("2027-07-15", None, None)];
        let on = |text: &str| in_force(&terms, day(text)).collect::<Vec<_>>();
        assert_eq!((on("2027-06-30"), on("2027-07-15")), (vec![0], vec![1]));
        assert_eq!(
            (terms[0].renewal(day("2027-08-01")), terms[0].length()),
            (Some(day("2027-06-01")), Some(12))
        );
    }
}
