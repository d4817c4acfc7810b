//! How busy a day is for everybody: weekends, holidays and seasons.

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

use super::stories::Season;

/// Share of a normal working day's activity, in thousandths.
pub(super) fn day_factor(day: NaiveDate) -> i64 {
    let weekday = match day.weekday() {
        Weekday::Sat => 70,
        Weekday::Sun => 50,
        Weekday::Mon => 1030,
        Weekday::Tue | Weekday::Wed => 1060,
        Weekday::Thu => 1000,
        Weekday::Fri => 900,
    };
    let holiday = match (day.month(), day.day()) {
        (12, 25 | 26) | (1, 1) => 600,
        (12, 24 | 31) | (5, 1) => 800,
        _ => 1000,
    };
    weekday * holiday / 1000
}

impl Season {
    /// First and last (month, day) of the quiet time; it never spans the turn of a year.
    fn quiet(self) -> ((u32, u32), (u32, u32)) {
        match self {
            Season::School => ((6, 20), (8, 31)),
            Season::Retail => ((1, 8), (2, 28)),
            Season::Travel => ((10, 1), (11, 30)),
        }
    }

    /// Share of normal activity on this day, in thousandths.
    pub(super) fn factor(self, day: NaiveDate) -> i64 {
        let (first, last) = self.quiet();
        if (first..=last).contains(&(day.month(), day.day())) { 300 } else { 1000 }
    }

    /// The seasons whose quiet time has been over for so long that it cannot be read as a fall in use
    /// when the last thirty days are held against the thirty before. There is at least one on any day.
    pub(super) fn not_in_sight(today: NaiveDate) -> Vec<Season> {
        let quiet_lately =
            |season: &Season| (0..75).any(|ago| season.factor(today - TimeDelta::days(ago)) < 1000);
        [Season::School, Season::Retail, Season::Travel].into_iter().filter(|s| !quiet_lately(s)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_a_season_that_is_not_in_sight() {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        for n in 0..366 {
            assert!(!Season::not_in_sight(first + TimeDelta::days(n)).is_empty(), "day {n}");
        }
    }

    #[test]
    fn weekends_are_quiet() {
        let monday = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        assert!(day_factor(monday) > 10 * day_factor(monday + TimeDelta::days(5)));
    }
}
