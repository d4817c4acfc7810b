//! From values to places: percentages with two decimals, round ticks, and the labels of a time axis.

use chrono::{Datelike as _, Days, Months, NaiveDate};

/// A place as SVG writes it, without trailing zeros.
pub(super) fn place(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `place` with a percent sign.
pub(super) fn pc(value: f64) -> String {
    format!("{}%", place(value))
}

/// A linear scale from a range of values to 0..100 percent, larger values further up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Scale {
    /// The smallest scale with round ends that holds all values; from zero unless they are far from it.
    pub(super) fn fitting(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        if low > 0.0 && (low < high * 0.7 || low == high) {
            low = 0.0;
        }
        if low == high {
            high = low + 1.0;
        }
        let step = round_step((high - low) / 3.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step }
    }

    /// Percent from the top.
    pub(super) fn depth(self, value: f64) -> f64 {
        100.0 - self.share(value)
    }

    /// Percent from the low end, held within the scale.
    pub(super) fn share(self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low) * 100.0).clamp(0.0, 100.0)
    }

    /// Round values to draw lines at, three to five of them.
    pub(super) fn ticks(self) -> Vec<f64> {
        let step = round_step((self.high - self.low) / 4.0);
        let count = ((self.high - self.low) / step + 1e-9).floor() as i64;
        (0..=count).map(|i| self.low + step * i as f64).collect()
    }
}

/// The next of 1, 2, 2.5, 5 times a power of ten that is not smaller.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.abs().max(1e-9).log10().floor());
    let factor =
        [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= raw * 0.999).unwrap_or(10.0);
    factor * power
}

/// Where a day lies between two others, in percent.
pub(super) fn along(day: NaiveDate, from: NaiveDate, to: NaiveDate) -> f64 {
    let span = (to - from).num_days().max(1) as f64;
    (day - from).num_days() as f64 / span * 100.0
}

/// A label of a time axis; minor ones give way on narrow screens.
#[derive(Clone, Debug)]
pub(super) struct DateTick {
    pub(super) x: String,
    pub(super) text: String,
    pub(super) minor: bool,
    /// So near the start that it would run into a label there.
    pub(super) near_start: bool,
}

/// Month starts (or weeks, where the span is under ten weeks), thinned to at most eight.
pub(super) fn date_ticks(from: NaiveDate, to: NaiveDate) -> Vec<DateTick> {
    let mut days = Vec::new();
    if (to - from).num_days() < 70 {
        days.extend(
            (0..).map_while(|i| from.checked_add_days(Days::new(7 * i))).take_while(|day| *day <= to),
        );
    } else {
        let first = from.with_day(1).unwrap_or(from);
        let months = (0..).map_while(|i| first.checked_add_months(Months::new(i)));
        days.extend(months.take_while(|day| *day <= to).filter(|day| *day >= from));
    }
    let every = days.len().div_ceil(8).max(1);
    let ticks = days.into_iter().step_by(every).map(|day| (along(day, from, to), day));
    ticks
        .filter(|(x, _)| *x < 97.0)
        .enumerate()
        .map(|(i, (x, day))| {
            let form = match () {
                () if (to - from).num_days() < 70 => "%-d %b",
                () if day.month() == 1 => "%Y",
                () => "%b",
            };
            DateTick { x: pc(x), text: day.format(form).to_string(), minor: i % 2 == 1, near_start: x < 9.0 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_round_ends_and_few_ticks() {
        let table = [
            (vec![3.0, 97.0], 0.0, 100.0),
            (vec![0.0, 0.0], 0.0, 1.0),
            (vec![12.0, 12.0], 0.0, 15.0),
            (vec![950.0, 1000.0], 940.0, 1000.0),
            (vec![], 0.0, 1.0),
            (vec![f64::NAN, 4.0, 1.0], 0.0, 4.0),
        ];
        for (values, low, high) in table {
            let scale = Scale::fitting(values.iter().copied());
            assert_eq!((scale.low, scale.high), (low, high), "{values:?}");
            assert!((3..=6).contains(&scale.ticks().len()), "{values:?} {:?}", scale.ticks());
        }
    }

    #[test]
    fn a_year_has_at_most_eight_labels() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let ticks = date_ticks(day("2025-05-22"), day("2026-11-22"));
        assert!(ticks.len() <= 8, "{ticks:?}");
        assert_eq!(date_ticks(day("2026-11-01"), day("2026-11-29")).first().unwrap().text, "1 Nov");
    }
}
