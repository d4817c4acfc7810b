//! Values over time, with the bands of a score behind them where there are any.

use askama::Template;
use chrono::NaiveDate;

use super::scale::{DateTick, Scale, along, date_ticks, pc, place};
use crate::web::ui::{Tone, filters, format, html_safe};

/// Rows that signs above a chart may stand in, and the room one takes, in percent of a narrow chart's width.
const FLAG_ROWS: usize = 3;
const FLAG_WIDTH: f64 = 5.5;

/// One line. Days without a value are gaps.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend and the table.
    pub name: String,
    /// One value a day of the chart, in the same order as the days.
    pub values: Vec<Option<f64>>,
}

/// A band of the score, drawn behind the lines.
#[derive(Clone, Debug)]
pub struct BandRange {
    /// The band's own name.
    pub name: String,
    /// Its tone.
    pub tone: Tone,
    /// From this value (inclusive).
    pub from: f64,
    /// To this value.
    pub to: f64,
}

/// A day on which something changed, marked above the line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// When.
    pub day: NaiveDate,
    /// A letter or number that the text beside the chart explains.
    pub sign: String,
    /// What happened, read out to screen readers and on hover.
    pub text: String,
}

/// A point of the first line where something changed, drawn on it.
#[derive(Clone, Debug)]
pub struct Spot {
    /// When.
    pub day: NaiveDate,
    /// The value there.
    pub value: f64,
    /// Its tone.
    pub tone: Tone,
    /// What happened, on hover.
    pub text: String,
}

/// A flag where it stands.
#[derive(Clone, Debug)]
struct Pole {
    x: String,
    /// Height of its sign, in pixels from the top: signs too near to each other stand in rows.
    y: u32,
    sign: String,
    text: String,
}

#[derive(Clone, Debug)]
struct Ground {
    tone: Tone,
    name: String,
    y: String,
    height: String,
    text_y: String,
}

/// A line chart: axis labels, bands, hover read-out, and the table behind it.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/line_chart.html")]
pub struct LineChart {
    title: String,
    small: bool,
    scale: Scale,
    y_ticks: Vec<(String, String)>,
    x_ticks: Vec<DateTick>,
    grounds: Vec<Ground>,
    lines: Vec<(String, String)>,
    area: String,
    end: Option<(String, String)>,
    flags: Vec<Pole>,
    spots: Vec<(String, String, Tone, String)>,
    stops: String,
    names: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

impl LineChart {
    /// `days` ascend; each series has a value (or gap) for each. `digits` are the decimals to print.
    pub fn new(title: &str, days: &[NaiveDate], series: &[Series], digits: usize) -> Self {
        let scale = Scale::fitting(series.iter().flat_map(|s| s.values.iter().flatten().copied()));
        Self::drawn(title, days, series, digits, scale)
    }

    /// A score over time: the axis is 0..100 and the bands lie behind the line.
    pub fn score(title: &str, days: &[NaiveDate], series: &[Series], bands: &[BandRange]) -> Self {
        let scale = Scale { low: 0.0, high: 100.0 };
        let mut chart = Self::drawn(title, days, series, 1, scale);
        chart.area.clear();
        chart.grounds = bands
            .iter()
            .map(|band| {
                let (top, foot) = (scale.depth(band.to), scale.depth(band.from));
                let (y, height) = (pc(top), pc(foot - top));
                Ground { tone: band.tone, name: band.name.clone(), y, height, text_y: pc(top) }
            })
            .collect();
        chart
    }

    /// The height for small multiples.
    #[must_use]
    pub fn small(mut self) -> Self {
        self.small = true;
        self
    }

    /// Marks days on which something changed; those outside the chart are left out.
    #[must_use]
    pub fn flags(mut self, days: &[NaiveDate], flags: &[Flag]) -> Self {
        if let (Some(&from), Some(&to)) = (days.first(), days.last()) {
            let inside = flags.iter().filter(|flag| (from..=to).contains(&flag.day));
            let mut last: [f64; FLAG_ROWS] = [-100.0; FLAG_ROWS];
            let mut sorted: Vec<&Flag> = inside.collect();
            sorted.sort_by_key(|flag| flag.day);
            self.flags = sorted
                .into_iter()
                .map(|flag| {
                    let x = along(flag.day, from, to);
                    let row = last.iter().position(|last| x - last > FLAG_WIDTH).unwrap_or(FLAG_ROWS - 1);
                    last[row] = x;
                    let (sign, text) = (flag.sign.clone(), flag.text.clone());
                    Pole { x: pc(x), y: 6 + 19 * row as u32, sign, text }
                })
                .collect();
        }
        self
    }

    /// Marks points of the first line; those outside the chart are left out.
    #[must_use]
    pub fn spots(mut self, days: &[NaiveDate], spots: &[Spot]) -> Self {
        if let (Some(&from), Some(&to)) = (days.first(), days.last()) {
            let inside = spots.iter().filter(|spot| (from..=to).contains(&spot.day));
            let place = |spot: &Spot| {
                let y = self.scale.depth(spot.value);
                (pc(along(spot.day, from, to)), pc(y), spot.tone, spot.text.clone())
            };
            self.spots = inside.map(place).collect();
        }
        self
    }

    fn drawn(title: &str, days: &[NaiveDate], series: &[Series], digits: usize, scale: Scale) -> Self {
        let (from, to) = match (days.first(), days.last()) {
            (Some(&from), Some(&to)) => (from, to),
            _ => (NaiveDate::default(), NaiveDate::default()),
        };
        let spot = |day: NaiveDate, value: f64| (along(day, from, to), scale.depth(value));
        let lines: Vec<_> = series
            .iter()
            .enumerate()
            .map(|(i, one)| (format!("s{i}"), path(days.iter().copied().zip(&one.values), spot)))
            .collect();
        let last = series.first().and_then(|one| {
            let points = days.iter().zip(&one.values).rev();
            points.filter_map(|(day, value)| value.map(|value| (*day, value))).next()
        });
        let area = match series {
            [one] if one.values.iter().all(Option::is_some) && !days.is_empty() => {
                format!("{}L1000 1000L0 1000Z", lines[0].1)
            }
            _ => String::new(),
        };
        let value_text =
            |value: &Option<f64>| value.map_or("–".into(), |value| format::decimal(value, digits));
        let row = |i: usize, day: &NaiveDate| {
            let values = series.iter().map(|one| one.values.get(i).map_or("–".into(), value_text)).collect();
            (format::date(*day), values)
        };
        Self {
            title: title.into(),
            small: false,
            y_ticks: scale.ticks().iter().map(|&v| (pc(scale.depth(v)), axis_text(v))).collect(),
            x_ticks: if days.is_empty() { Vec::new() } else { date_ticks(from, to) },
            grounds: Vec::new(),
            area,
            end: last.map(|(day, value)| spot(day, value)).map(|(x, y)| (pc(x), pc(y))),
            flags: Vec::new(),
            spots: Vec::new(),
            scale,
            stops: days.iter().map(|day| place(along(*day, from, to))).collect::<Vec<_>>().join(" "),
            names: series.iter().map(|one| one.name.clone()).collect(),
            rows: days.iter().enumerate().map(|(i, day)| row(i, day)).collect(),
            lines,
        }
    }
}

fn axis_text(value: f64) -> String {
    if value.abs() >= 1_000.0 { format::short(value) } else { format::decimal(value, 2) }
}

/// An SVG path in a box of 1000 × 1000, lifted over gaps.
fn path<'a>(
    points: impl Iterator<Item = (NaiveDate, &'a Option<f64>)>,
    spot: impl Fn(NaiveDate, f64) -> (f64, f64),
) -> String {
    let (mut out, mut pen_down) = (String::new(), false);
    for (day, value) in points {
        let Some(value) = value else {
            pen_down = false;
            continue;
        };
        let (x, y) = spot(day, *value);
        out.push_str(if pen_down { "L" } else { "M" });
        out.push_str(&format!("{} {}", place(x * 10.0), place(y * 10.0)));
        pen_down = true;
    }
    out
}

html_safe!(LineChart);
