//! Revenue by band: now, by segment, over time, and as it comes up for renewal.

use chrono::{Months, NaiveDate};

use super::show::{Day, Quarter};
use crate::db::portfolio::{Cell, QuarterCell};
use crate::web::pages::renewals::window::Window;
use crate::web::paths;
use crate::web::ui::charts::{HeatCell, HeatMap, HeatRow, Part, Stack, StackedBar, StackedColumns};
use crate::web::ui::{Tone, format};

/// Quarters looked ahead, the one of the day included.
const QUARTERS: u32 = 4;

/// The bands of the methodology, best first, and no band as the last when `with_none`.
fn bands(of: &Day, with_none: bool) -> Vec<Option<String>> {
    let bands = of.names.bands().into_iter().map(|(id, ..)| Some(id));
    bands.chain(with_none.then_some(None)).collect()
}

fn any_without_band(of: &Day, day: NaiveDate) -> bool {
    of.sum(day, |band| band.is_none()).0 > 0
}

/// Tone and name of each band, as parts of a chart.
fn parts(of: &Day, bands: &[Option<String>]) -> Vec<(Tone, String)> {
    bands.iter().map(|band| (of.names.tone(band.as_deref()), of.names.band(band.as_deref()))).collect()
}

/// Columns are built from the foot up: what is worst lies at the foot, where it can be compared.
fn from_the_foot(mut bands: Vec<Option<String>>) -> Vec<Option<String>> {
    bands.reverse();
    bands
}

/// ARR by band on the day, what looks healthy on old or thin data apart from it; links lead to today's accounts only from today's page.
pub(super) fn by_band(of: &Day, is_today: bool) -> StackedBar {
    let bands = bands(of, any_without_band(of, of.day));
    let part = |band: &Option<String>| {
        let (n, arr) = of.sum(of.day, |b| b == band.as_deref());
        let (n_unclear, unclear) = of.unclear(|b| b == band.as_deref());
        let (n, arr) = (n - n_unclear, arr - unclear);
        Part {
            tone: of.names.tone(band.as_deref()),
            name: of.names.band(band.as_deref()),
            size: arr as f64,
            text: of.money(arr),
            note: format::count(n, "account"),
            href: band
                .as_deref()
                .filter(|_| is_today)
                .map(|band| paths::with_query(paths::ACCOUNTS, &[("band", band)])),
        }
    };
    let mut parts: Vec<Part> = bands.iter().map(part).collect();
    let (n, unclear) = of.unclear(|_| true);
    if n > 0 {
        parts.push(Part {
            tone: Tone::None,
            name: "Healthy only on old or thin data".to_owned(),
            size: unclear as f64,
            text: of.money(unclear),
            note: format::count(n, "account"),
            href: None,
        });
    }
    StackedBar::new("ARR by band", parts)
}

/// ARR by band at the end of each month; the month of the day ends with it.
pub(super) fn over_time(of: &Day, months: &[NaiveDate]) -> StackedColumns {
    let bands = from_the_foot(bands(of, months.iter().any(|day| any_without_band(of, *day))));
    let stack = |day: &NaiveDate| Stack {
        label: day.format("%b").to_string(),
        values: bands.iter().map(|band| of.sum(*day, |b| b == band.as_deref()).1 as f64).collect(),
    };
    let columns: Vec<Stack> = months.iter().map(stack).collect();
    let text = |minor: f64| of.money(minor as i64);
    StackedColumns::new("ARR by band over time", "Month", &parts(of, &bands), &columns, text)
}

/// Segments by bands.
pub(super) fn heat(of: &Day, cells: &[Cell], is_today: bool) -> HeatMap {
    let bands = bands(of, cells.iter().any(|cell| cell.band.is_none()));
    let mut segments: Vec<Option<String>> = of.names.segments().into_iter().map(|(id, _)| Some(id)).collect();
    for cell in cells {
        if !segments.contains(&cell.segment) {
            segments.push(cell.segment.clone());
        }
    }
    let sum = |segment: &Option<String>, band: Option<&Option<String>>| {
        let of = cells.iter().filter(|c| c.segment == *segment && band.is_none_or(|band| c.band == *band));
        of.fold((0, 0), |(n, arr), cell| (n + cell.accounts, arr + cell.arr_base_minor))
    };
    let cell = |segment: &Option<String>, band: &Option<String>| {
        let (n, arr) = sum(segment, Some(band));
        let names = [("segment", segment.as_deref()), ("band", band.as_deref())];
        let known = names.map(|(name, value)| (name, value.unwrap_or_default()));
        let is_linked = is_today && n > 0 && segment.is_some() && band.is_some();
        HeatCell {
            size: arr as f64,
            text: if n == 0 { "\u{2013}".to_owned() } else { of.money(arr) },
            note: if n == 0 { String::new() } else { format::count(n, "account") },
            href: is_linked.then(|| paths::with_query(paths::ACCOUNTS, &known)),
        }
    };
    let row = |segment: &Option<String>| {
        let (n, arr) = sum(segment, None);
        HeatRow {
            label: of.names.segment(segment.as_deref()),
            cells: bands.iter().map(|band| cell(segment, band)).collect(),
            total: of.money(arr),
            total_note: format::count(n, "account"),
        }
    };
    HeatMap::new("Segment by band", parts(of, &bands), segments.iter().map(row).collect())
}

/// Renewals of one calendar quarter by band.
pub(super) struct QuarterSums {
    first: NaiveDate,
    /// Band, renewals, ARR.
    bands: Vec<(Option<String>, i64, i64)>,
}

impl QuarterSums {
    fn sum(&self, of: impl Fn(Option<&str>) -> bool) -> (i64, i64) {
        let bands = self.bands.iter().filter(|(band, ..)| of(band.as_deref()));
        bands.fold((0, 0), |(n, arr), (_, accounts, minor)| (n + accounts, arr + minor))
    }

    /// Its line in the table.
    pub(super) fn row(&self, of: &Day, is_today: bool) -> Quarter {
        let (n, arr) = self.sum(|_| true);
        let (_, risk) = self.sum(|band| of.names.at_risk(band));
        let window = Window::quarter_of(self.first);
        Quarter {
            name: window.label(),
            count: format::number(n),
            arr: of.money(arr),
            at_risk: of.money(risk),
            share: if arr > 0 { format::percent(risk as f64 / arr as f64, 0) } else { String::new() },
            href: is_today.then(|| paths::with_query("/renewals", &[("window", &window.word())])),
        }
    }
}

/// The first day after the quarters looked at.
pub(super) fn end_of_quarters(day: NaiveDate) -> NaiveDate {
    first_of_quarter(day).checked_add_months(Months::new(3 * QUARTERS)).unwrap_or(day)
}

fn first_of_quarter(day: NaiveDate) -> NaiveDate {
    Window::quarter_of(day).days(day).0.unwrap_or(day)
}

/// Every quarter looked at, those without renewals too.
pub(super) fn quarters(of: &Day, cells: &[QuarterCell]) -> Vec<QuarterSums> {
    let first = first_of_quarter(of.day);
    let firsts = (0..QUARTERS).filter_map(|n| first.checked_add_months(Months::new(3 * n)));
    let sums = |first: NaiveDate| {
        let cells = cells.iter().filter(|cell| cell.quarter == first);
        QuarterSums { first, bands: cells.map(|c| (c.band.clone(), c.accounts, c.arr_base_minor)).collect() }
    };
    firsts.map(sums).collect()
}

/// Revenue up for renewal by quarter and band.
pub(super) fn renewals(of: &Day, quarters: &[QuarterSums]) -> StackedColumns {
    let bands = from_the_foot(bands(of, quarters.iter().any(|q| q.sum(|band| band.is_none()).0 > 0)));
    let stack = |quarter: &QuarterSums| Stack {
        label: Window::quarter_of(quarter.first).label(),
        values: bands.iter().map(|band| quarter.sum(|b| b == band.as_deref()).1 as f64).collect(),
    };
    let columns: Vec<Stack> = quarters.iter().map(stack).collect();
    let text = |minor: f64| of.money(minor as i64);
    StackedColumns::new("Revenue up for renewal", "Quarter", &parts(of, &bands), &columns, text)
}

/// The page in one sentence.
pub(super) fn headline(of: &Day, quarters: &[QuarterSums]) -> String {
    let (_, arr) = of.sum(of.day, |_| true);
    let (_, good) = of.sum(of.day, |band| of.names.tone(band) == Tone::Good);
    let good = good - of.unclear(|_| true).1;
    let (_, risk) = of.at_risk(of.day);
    let start = format!("{} of {} ARR is healthy", of.money(good), of.money(arr));
    if risk == 0 {
        return format!("{start}; none of it is at risk.");
    }
    let mut near = quarters.iter().take(2);
    let renews: i64 = near.clone().map(|quarter| quarter.sum(|band| of.names.at_risk(band)).1).sum();
    let end = near.next_back().and_then(|quarter| quarter.first.checked_add_months(Months::new(3)));
    match end.and_then(|end| end.pred_opt()).filter(|_| renews > 0) {
        Some(end) => format!(
            "{start}, {} is at risk, and {} of that renews by {}.",
            of.money(risk),
            if renews == risk { "all".to_owned() } else { of.money(renews) },
            end.format("%-d %B %Y")
        ),
        None => format!("{start} and {} is at risk.", of.money(risk)),
    }
}
