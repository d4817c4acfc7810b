//! Terms, prices and renewal dates.

use chrono::{Datelike, Months, NaiveDate, TimeDelta};

/// How long a contract runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// This many months, again and again until it is ended.
    Months(u32),
    /// Until this day, once.
    Until(NaiveDate),
}

/// One contract of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractPlan {
    /// Unique per tenant.
    pub external_id: String,
    /// First day.
    pub start: NaiveDate,
    /// How long it runs.
    pub term: Term,
    /// Annual recurring revenue in minor units of the currency (cents; yen).
    pub arr_minor: i64,
    /// ISO 4217 code.
    pub currency: &'static str,
    /// Licensed users.
    pub seats: u32,
    /// Day it was ended or replaced by the next contract; none for one that runs.
    pub ended_on: Option<NaiveDate>,
}

impl ContractPlan {
    /// The next renewal on or after this day, counted in whole terms from the start and clamped to the
    /// ends of months; none for an ended contract or a fixed term that is over.
    pub fn renewal_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        if self.ended_on.is_some() {
            return None;
        }
        match self.term {
            Term::Until(end) => (end >= day).then_some(end),
            Term::Months(months) => (1..)
                .map_while(|n| self.start.checked_add_months(Months::new(n * months)))
                .find(|d| *d >= day),
        }
    }

    /// The ARR as a decimal in major units, as a CSV file carries it.
    pub fn arr_text(&self) -> String {
        match minor_per_major(self.currency) {
            1 => self.arr_minor.to_string(),
            minor => format!("{}.{:02}", self.arr_minor / minor, self.arr_minor % minor),
        }
    }
}

/// Minor units of one major unit.
pub(super) fn minor_per_major(currency: &str) -> i64 {
    if currency == "JPY" { 1 } else { 100 }
}

/// The start of a contract that renews in `renewal_in` days and is at least `age` days old.
///
/// Counting back from a month's end may lose up to three days, so the renewal can fall that much sooner.
pub(super) fn start_of(today: NaiveDate, renewal_in: i64, months: u32, age: i64) -> NaiveDate {
    let renewal = today + TimeDelta::days(renewal_in);
    (1..)
        .map_while(|n| renewal.checked_sub_months(Months::new(n * months)))
        .find(|start| (today - *start).num_days() >= age)
        .unwrap_or(today - TimeDelta::days(age))
}

/// The latest date with this month and day of the month that lies at least `age` days back.
pub(super) fn latest(today: NaiveDate, (month, day): (u32, u32), age: i64) -> NaiveDate {
    let limit = today - TimeDelta::days(age);
    (0..12)
        .filter_map(|years| NaiveDate::from_ymd_opt(limit.year() - years, month, day))
        .find(|date| *date <= limit)
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn contract(start: &str, term: Term) -> ContractPlan {
        ContractPlan {
            external_id: "c".to_owned(),
            start: date(start),
            term,
            arr_minor: 1_234_505,
            currency: "USD",
            seats: 3,
            ended_on: None,
        }
    }

    #[test]
    fn renewals_count_from_the_original_start() {
        for (start, months, day, renewal) in [
            ("2024-02-29", 12, "2026-01-10", "2026-02-28"),
            ("2024-02-29", 12, "2027-06-01", "2028-02-29"),
            ("2025-08-31", 1, "2026-03-01", "2026-03-31"),
            ("2025-08-31", 1, "2026-02-28", "2026-02-28"),
            ("2023-05-15", 36, "2026-05-15", "2026-05-15"),
        ] {
            let renews = contract(start, Term::Months(months)).renewal_after(date(day));
            assert_eq!(renews, Some(date(renewal)), "{start} every {months} months, after {day}");
        }
        assert_eq!(
            contract("2024-01-01", Term::Until(date("2025-01-01"))).renewal_after(date("2025-01-02")),
            None
        );
    }

    #[test]
    fn amounts_follow_the_currency() {
        let mut plan = contract("2025-01-01", Term::Months(12));
        assert_eq!(plan.arr_text(), "12345.05");
        plan.currency = "JPY";
        assert_eq!(plan.arr_text(), "1234505");
    }

    #[test]
    fn starts_lie_far_enough_back() {
        let today = date("2026-03-31");
        assert_eq!(start_of(today, 30, 12, 150), date("2025-04-30"));
        assert_eq!(start_of(today, 330, 12, 150), date("2025-02-24"));
        assert_eq!(latest(today, (2, 29), 100), date("2024-02-29"));
    }
}
