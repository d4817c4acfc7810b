//! How a reading becomes points: the curve, small, with the account's dot on it.

use askama::Template;

use super::scale::{Scale, place};
use crate::web::ui::{Tone, html_safe};

/// A curve of a measure and where the account is on it.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/curve_dot.html")]
pub struct CurveDot {
    path: String,
    dot: Option<(String, String)>,
    tone: Tone,
    label: String,
}

impl CurveDot {
    /// `curve` holds (reading, points 0..100) by ascending reading; a step is two points with one reading.
    /// `at` is the account's own, drawn at the edge when it lies beyond the curve.
    pub fn new(curve: &[(f64, f64)], at: Option<(f64, f64)>, tone: Tone, label: &str) -> Self {
        let low = curve.first().map_or(0.0, |point| point.0);
        let high = curve.last().map_or(1.0, |point| point.0);
        let scale = Scale { low, high: if high > low { high } else { low + 1.0 } };
        let spot = |(x, y): (f64, f64)| (place(4.0 + scale.share(x) * 1.08), place(35.0 - y * 0.3));
        let mut path = String::new();
        for (i, &point) in curve.iter().enumerate() {
            let (x, y) = spot(point);
            path.push_str(&format!("{}{x} {y}", if i == 0 { "M" } else { "L" }));
        }
        Self { path, dot: at.map(spot), tone, label: label.into() }
    }
}

html_safe!(CurveDot);
