//! A line or bars the height of a row of text.

use askama::Template;

use super::scale::{Scale, place};
use crate::web::ui::{Tone, html_safe};

/// A small line with a dot at its end. Gaps in the data are gaps in the line.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/sparkline.html")]
pub struct Sparkline {
    path: String,
    end: Option<(String, String)>,
    tone: Tone,
    label: String,
}

impl Sparkline {
    /// `range` fixes the scale (a score has 0..100), else it fits the values. `label` says it in words.
    pub fn new(values: &[Option<f64>], range: Option<(f64, f64)>, tone: Tone, label: &str) -> Self {
        let scale = match range {
            Some((low, high)) => Scale { low, high },
            None => Scale::fitting(values.iter().flatten().copied()),
        };
        let step = 84.0 / (values.len().max(2) - 1) as f64;
        let spot = |i: usize, value: f64| (2.0 + step * i as f64, 2.0 + scale.depth(value) * 0.2);
        let (mut path, mut pen_down, mut end) = (String::new(), false, None);
        for (i, value) in values.iter().enumerate() {
            let Some(value) = value else {
                pen_down = false;
                continue;
            };
            let (x, y) = spot(i, *value);
            path.push_str(&format!("{}{} {}", if pen_down { "L" } else { "M" }, place(x), place(y)));
            pen_down = true;
            end = Some((place(x), place(y)));
        }
        Self { path, end, tone, label: label.into() }
    }
}

/// Counts a day as bars, with the bad share in red at the foot; for what arrived and what was rejected.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/count_bars.html")]
pub struct CountBars {
    /// x, y, height, bad y, bad height.
    bars: Vec<[String; 5]>,
    width: String,
    label: String,
}

impl CountBars {
    /// `days` holds (all, of them bad), oldest first.
    pub fn new(days: &[(i64, i64)], label: &str) -> Self {
        let top = days.iter().map(|day| day.0).max().unwrap_or(0).max(1) as f64;
        let slot = 100.0 / days.len().max(1) as f64;
        // One bad message among a million is still seen: a bar has at least a tenth of the height.
        let tall = |n: i64| if n == 0 { 0.0 } else { (n as f64 / top * 96.0).max(10.0) };
        let bars = days.iter().enumerate().map(|(i, &(all, bad))| {
            let (whole, red) = (tall(all), tall(bad).min(tall(all)));
            [slot * i as f64, 100.0 - whole, whole, 100.0 - red, red].map(place)
        });
        Self { bars: bars.collect(), width: place(slot * 0.72), label: label.into() }
    }
}

html_safe!(Sparkline, CountBars);
