//! Dates and periods. Months always count from the original anchor and clamp to the month's end,
//! so that a chain of months never drifts (31 Jan + 1 month = 28 Feb, + 2 months = 31 Mar).

use std::fmt;
use std::str::FromStr;

use chrono::{Days, Months, NaiveDate};

/// A period as packs write it: `15m`, `4h`, `1d`, `2w`, `3mo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// Minutes (`m`) and hours (`h`).
    Minutes(u32),
    /// Days (`d`) and weeks (`w`).
    Days(u32),
    /// Calendar months (`mo`).
    Months(u32),
}

/// Why a text is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Not a number and a unit.
    #[error("`{0}` is not a period; write a number and m, h, d, w or mo, such as 4h or 3mo")]
    Syntax(String),
    /// No time at all.
    #[error("`{0}` is no time at all; a period is 1 or more of its unit")]
    Zero(String),
    /// Longer than [`MAX_DAYS`].
    #[error("`{0}` is too long; a period is ten years (3660d or 120mo) at most")]
    TooLong(String),
}

/// Longest period, in days.
pub const MAX_DAYS: u32 = 3660;
/// Longest period, in months.
const MAX_MONTHS: u32 = 120;

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let syntax = || PeriodError::Syntax(text.to_owned());
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(syntax)?;
        let (number, unit) = text.split_at(split);
        let (make, factor, most): (fn(u32) -> Self, u32, u32) = match unit {
            "m" => (Self::Minutes, 1, MAX_DAYS * 24 * 60),
            "h" => (Self::Minutes, 60, MAX_DAYS * 24 * 60),
            "d" => (Self::Days, 1, MAX_DAYS),
            "w" => (Self::Days, 7, MAX_DAYS),
            "mo" => (Self::Months, 1, MAX_MONTHS),
            _ => return Err(syntax()),
        };
        if number.is_empty() {
            return Err(syntax());
        }
        let given = number.parse().ok().and_then(|n: u32| n.checked_mul(factor)).filter(|n| *n <= most);
        match given {
            Some(0) => Err(PeriodError::Zero(text.to_owned())),
            Some(n) => Ok(make(n)),
            None => Err(PeriodError::TooLong(text.to_owned())),
        }
    }
}

impl fmt::Display for Period {
    /// In words: `every` period reads "3 months", a response time "4 hours".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match *self {
            Self::Minutes(n) if n > 0 && n.is_multiple_of(60) => (n / 60, "hour"),
            Self::Minutes(n) => (n, "minute"),
            Self::Days(n) if n > 0 && n.is_multiple_of(7) => (n / 7, "week"),
            Self::Days(n) => (n, "day"),
            Self::Months(n) => (n, "month"),
        };
        write!(f, "{n} {unit}{}", if n == 1 { "" } else { "s" })
    }
}

impl Period {
    /// `anchor` + `k` periods; minutes count as whole days here. `None` outside the calendar's range.
    pub fn after(self, anchor: NaiveDate, k: u32) -> Option<NaiveDate> {
        match self {
            Self::Minutes(n) => add_days(anchor, i64::from(n) * i64::from(k) / (24 * 60)),
            Self::Days(n) => add_days(anchor, i64::from(n) * i64::from(k)),
            Self::Months(n) => add_months(anchor, n.checked_mul(k)?),
        }
    }
}

/// `date` + `n` days (may be negative); `None` outside the calendar's range.
pub fn add_days(date: NaiveDate, n: i64) -> Option<NaiveDate> {
    let days = Days::new(n.unsigned_abs());
    if n < 0 { date.checked_sub_days(days) } else { date.checked_add_days(days) }
}

/// `anchor` + `n` months, clamped to the end of the month; `None` outside the calendar's range.
pub fn add_months(anchor: NaiveDate, n: u32) -> Option<NaiveDate> {
    anchor.checked_add_months(Months::new(n))
}

/// The k-th occurrence (k = 1, 2, …) is `anchor` + k·`every`, for as long as it is at most `anchor` + `until`.
/// Without `until` the sequence goes on to the end of the calendar; a zero period has no occurrence.
pub fn occurrences(
    anchor: NaiveDate,
    every: Period,
    until: Option<Period>,
) -> impl Iterator<Item = NaiveDate> {
    let last = until.and_then(|period| period.after(anchor, 1));
    (1..=u32::MAX)
        .map_while(move |k| every.after(anchor, k))
        .take_while(move |date| *date > anchor && last.is_none_or(|last| *date <= last))
}

/// The renewal a day belongs to: the first `start` + n·`term` (n ≥ 1) on or after `as_of`, months clamped and
/// counted from the original start. The renewal day itself still belongs to its renewal.
/// `None` for a term of zero months or outside the calendar's range.
pub fn next_renewal(start: NaiveDate, term_months: u32, as_of: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    if term_months == 0 {
        return None;
    }
    let months = |d: NaiveDate| i64::from(d.year()) * 12 + i64::from(d.month0());
    // One term early at most: clamping moves a date only within its month.
    let passed = (months(as_of) - months(start)).max(0) / i64::from(term_months);
    let first = u32::try_from(passed).ok()?.max(1);
    (first..first.checked_add(2)?)
        .map_while(|n| add_months(start, n.checked_mul(term_months)?))
        .find(|date| *date >= as_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn periods() {
        for (text, period, words) in [
            ("15m", Period::Minutes(15), "15 minutes"),
            ("4h", Period::Minutes(240), "4 hours"),
            ("1d", Period::Days(1), "1 day"),
            ("2w", Period::Days(14), "2 weeks"),
            ("3mo", Period::Months(3), "3 months"),
        ] {
            assert_eq!(text.parse(), Ok(period));
            assert_eq!(period.to_string(), words);
        }
        for bad in
            ["", "h", "4", "4x", "-1d", "1.5h", "99999999999d", "3661d", "0d", "00mo", "realtime", "4 h"]
        {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn months_count_from_the_anchor() {
        let month = Period::Months(1);
        let ends: Vec<_> = occurrences(d("2027-01-31"), month, None).take(3).collect();
        assert_eq!(ends, [d("2027-02-28"), d("2027-03-31"), d("2027-04-30")]);
        let leap: Vec<_> = occurrences(d("2027-11-30"), Period::Months(3), None).take(3).collect();
        assert_eq!(leap, [d("2028-02-29"), d("2028-05-30"), d("2028-08-30")]);
    }

    #[test]
    fn occurrences_end() {
        let weekly: Vec<_> = occurrences(d("2027-01-04"), Period::Days(7), Some(Period::Months(3))).collect();
        assert_eq!((weekly.len(), weekly[0], weekly[11]), (12, d("2027-01-11"), d("2027-03-29")));
        assert_eq!(occurrences(d("2027-01-04"), Period::Days(0), None).count(), 0);
        assert_eq!(occurrences(NaiveDate::MAX, Period::Days(1), None).count(), 0);
    }

    #[test]
    fn renewals() {
        for (start, term, as_of, next) in [
            ("2027-01-01", 12, "2027-01-01", "2028-01-01"),
            ("2027-01-01", 12, "2028-01-01", "2028-01-01"),
            ("2027-01-01", 12, "2028-01-02", "2029-01-01"),
            ("2028-02-29", 12, "2028-06-01", "2029-02-28"),
            ("2028-02-29", 12, "2029-03-01", "2030-02-28"),
            ("2028-02-29", 12, "2031-03-01", "2032-02-29"),
            ("2027-08-31", 6, "2028-01-02", "2028-02-29"),
            ("2027-08-31", 6, "2028-03-01", "2028-08-31"),
            ("2027-08-31", 1, "2027-10-01", "2027-10-31"),
            ("2027-08-31", 1, "2027-09-30", "2027-09-30"),
            ("2027-05-15", 12, "2020-01-01", "2028-05-15"),
        ] {
            assert_eq!(
                next_renewal(d(start), term, d(as_of)),
                Some(d(next)),
                "{start} + {term} as of {as_of}"
            );
        }
        assert_eq!(next_renewal(d("2027-01-01"), 0, d("2027-01-01")), None);
        assert_eq!(next_renewal(d("2027-01-01"), u32::MAX, d("2027-01-01")), None);
    }
}
