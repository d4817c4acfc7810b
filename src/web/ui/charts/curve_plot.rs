//! How a reading becomes points, large: the curve over the bands its points lie in, with the places that make it.

use askama::Template;

use super::scale::{Scale, pc, place};
use crate::web::ui::{Tone, format, html_safe};

/// A place that makes the curve, as it is said beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveSpot {
    /// The reading; the position, for a curve over words.
    pub reading: f64,
    /// The points it gives, 0..100.
    pub points: f64,
    /// What stands below it instead of the reading; empty for the reading itself.
    pub word: String,
}

/// A curve of a measure.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/curve_plot.html")]
pub struct CurvePlot {
    label: String,
    y_ticks: Vec<(String, String)>,
    x_ticks: Vec<(String, String)>,
    /// (class of the tone, name, top, height).
    grounds: Vec<(Tone, String, String, String)>,
    path: String,
    spots: Vec<(String, String, String)>,
}

impl CurvePlot {
    /// `curve` holds (reading, points 0..100) by ascending reading; a step is two points with one reading. `bands` are
    /// (tone, name, least points), best first.
    pub fn new(
        label: &str,
        curve: &[(f64, f64)],
        spots: &[CurveSpot],
        bands: &[(Tone, String, f64)],
    ) -> Self {
        let low = curve.first().map_or(0.0, |point| point.0);
        let high = curve.last().map_or(1.0, |point| point.0);
        let scale = Scale { low, high: if high > low { high } else { low + 1.0 } };
        let mut path = String::new();
        for (i, &(reading, points)) in curve.iter().enumerate() {
            let (x, y) = (place(scale.share(reading) * 10.0), place((100.0 - points) * 10.0));
            path.push_str(&format!("{}{x} {y}", if i == 0 { "M" } else { "L" }));
        }
        let mut above = 100.0;
        let mut grounds = Vec::new();
        for (tone, name, least) in bands {
            grounds.push((*tone, name.clone(), pc(100.0 - above), pc(above - least)));
            above = *least;
        }
        let inside = |spot: &&CurveSpot| spot.reading.is_finite() && spot.points.is_finite();
        let spots: Vec<&CurveSpot> = spots.iter().filter(inside).collect();
        let word = |spot: &CurveSpot| match spot.word.as_str() {
            "" => format::decimal(spot.reading, 2),
            word => word.to_owned(),
        };
        let mut x_ticks: Vec<(String, String)> = Vec::new();
        for spot in &spots {
            let tick = (pc(scale.share(spot.reading)), word(spot));
            if !x_ticks.contains(&tick) {
                x_ticks.push(tick);
            }
        }
        CurvePlot {
            label: label.to_owned(),
            y_ticks: [0.0, 25.0, 50.0, 75.0, 100.0].map(|y| (pc(100.0 - y), format::decimal(y, 0))).to_vec(),
            x_ticks,
            grounds,
            path,
            spots: spots
                .iter()
                .map(|spot| {
                    let said = format!("{}: {} points", word(spot), format::decimal(spot.points, 2));
                    (pc(scale.share(spot.reading)), pc(100.0 - spot.points), said)
                })
                .collect(),
        }
    }
}

html_safe!(CurvePlot);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_lie_on_the_curve() {
        let spot = |reading, points| CurveSpot { reading, points, word: String::new() };
        let bands = [(Tone::Good, "Green".to_owned(), 70.0), (Tone::Risk, "Red".to_owned(), 0.0)];
        let html =
            CurvePlot::new("x", &[(0.0, 0.0), (60.0, 100.0)], &[spot(0.0, 0.0), spot(60.0, 100.0)], &bands)
                .to_string();
        assert!(html.contains(r#"cx="0%" cy="100%""#) && html.contains(r#"cx="100%" cy="0%""#), "{html}");
        assert!(
            html.contains(r#"y="0%" width="100%" height="30%""#)
                && html.contains(r#"y="30%" width="100%" height="70%""#),
            "{html}"
        );
        assert!(html.contains("M0 1000L1000 0"), "{html}");
    }
}
