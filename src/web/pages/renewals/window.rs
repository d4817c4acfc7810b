//! Which renewals are looked at: those of the next days, of a calendar quarter, or all.

use chrono::{Datelike as _, Days, Months, NaiveDate};

/// A stretch of renewal dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// From what is overdue to so many days ahead.
    Days(u32),
    /// A calendar quarter: year and 1 to 4.
    Quarter(i32, u32),
    /// Everything with a date.
    All,
}

impl Default for Window {
    fn default() -> Self {
        Window::Days(120)
    }
}

impl Window {
    /// The window of a query value, `90`, `2027-Q1` or `all`; the default for anything else.
    pub fn parse(word: &str) -> Window {
        if word == "all" {
            return Window::All;
        }
        if let Some((year, quarter)) = word.split_once("-Q")
            && let (Ok(year @ 1900..=3000), Ok(quarter @ 1..=4)) = (year.parse(), quarter.parse())
        {
            return Window::Quarter(year, quarter);
        }
        word.parse().ok().filter(|days| (1..=3650).contains(days)).map_or_else(Window::default, Window::Days)
    }

    /// The quarter a day is in.
    pub fn quarter_of(day: NaiveDate) -> Window {
        Window::Quarter(day.year(), day.month0() / 3 + 1)
    }

    /// The value in query strings; empty for the default.
    pub fn word(self) -> String {
        match self {
            _ if self == Window::default() => String::new(),
            Window::Days(days) => days.to_string(),
            Window::Quarter(year, quarter) => format!("{year}-Q{quarter}"),
            Window::All => "all".to_owned(),
        }
    }

    /// What people call it.
    pub fn label(self) -> String {
        match self {
            Window::Days(days) => format!("Next {days} days"),
            Window::Quarter(year, quarter) => format!("Q{quarter} {year}"),
            Window::All => "All renewals".to_owned(),
        }
    }

    /// First and last day, both included; none where it is open.
    pub fn days(self, today: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
        match self {
            Window::Days(days) => (None, today.checked_add_days(Days::new(days.into()))),
            Window::All => (None, None),
            Window::Quarter(year, quarter) => {
                let first = NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1);
                (first, first.and_then(|first| first.checked_add_months(Months::new(3))?.pred_opt()))
            }
        }
    }

    /// What the filter offers beside the default; this one among them.
    pub fn choices(self, today: NaiveDate) -> Vec<Window> {
        let quarters = (0..5_u32).filter_map(|n| today.checked_add_months(Months::new(3 * n)));
        let days = [30, 60, 90, 180, 365].map(Window::Days);
        let mut all: Vec<Window> =
            days.into_iter().chain(quarters.map(Window::quarter_of)).chain([Window::All]).collect();
        if self != Window::default() && !all.contains(&self) {
            all.push(self);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn words_are_read_back_and_nonsense_is_the_default() {
        for window in [Window::Days(30), Window::Quarter(2027, 1), Window::All, Window::Days(120)] {
            assert_eq!(Window::parse(&window.word()), window);
        }
        for nonsense in ["", "0", "-5", "99999999", "2027-Q5", "Q1", "\u{0}"] {
            assert_eq!(Window::parse(nonsense), Window::default(), "{nonsense:?}");
        }
    }

    #[test]
    fn a_quarter_ends_with_its_third_month() {
        let today = day("2026-11-22");
        assert_eq!(Window::quarter_of(today), Window::Quarter(2026, 4));
        let (from, to) = Window::Quarter(2026, 4).days(today);
        assert_eq!((from, to), (Some(day("2026-10-01")), Some(day("2026-12-31"))));
        assert_eq!(Window::Days(120).days(today), (None, Some(day("2027-03-22"))));
    }
}
