//! One figure against another: a ROC curve, how often something happened by score.

use askama::Template;

use super::scale::{Scale, pc, place};
use crate::web::ui::{filters, html_safe};

/// An axis from a low to a high end, and how its values are printed.
#[derive(Clone, Copy)]
pub struct Axis<'a> {
    /// Its name, with the unit.
    pub name: &'a str,
    /// Where it begins.
    pub low: f64,
    /// Where it ends; none ends it above the largest value.
    pub high: Option<f64>,
    /// A value as text.
    pub text: &'a dyn Fn(f64) -> String,
}

/// A curve by its name and points, which ascend along the first axis.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Places on both axes.
    pub points: Vec<(f64, f64)>,
}

/// A row of the table behind the plot: where the reader stands, its head, and the figures there.
#[derive(Clone, Debug)]
pub struct Row {
    /// Place on the first axis.
    pub at: f64,
    /// What the row is about.
    pub head: String,
    /// One a column.
    pub cells: Vec<String>,
}

/// Curves and dots over two axes, with legend, read-out and a table behind them.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/plot.html")]
pub struct Plot {
    title: String,
    x_name: String,
    y_name: String,
    x_ticks: Vec<(String, String, bool)>,
    y_ticks: Vec<(String, String)>,
    names: Vec<(String, String)>,
    lines: Vec<(String, String)>,
    dots: Vec<(String, String)>,
    dots_name: String,
    stops: String,
    heads: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

impl Plot {
    /// `heads` name the first column of the table and those after it.
    pub fn new(
        title: &str,
        x: Axis<'_>,
        y: Axis<'_>,
        curves: &[Curve],
        heads: &[&str],
        rows: Vec<Row>,
    ) -> Self {
        let high = |axis: &Axis<'_>, values: &mut dyn Iterator<Item = f64>| match axis.high {
            Some(high) => Scale { low: axis.low, high },
            None => Scale::fitting(values.chain([axis.low])),
        };
        let points = || curves.iter().flat_map(|curve| curve.points.iter());
        let (across, up) = (high(&x, &mut points().map(|p| p.0)), high(&y, &mut points().map(|p| p.1)));
        let path = |curve: &Curve| {
            let place = |(x, y): &(f64, f64)| {
                format!("{} {}", place(across.share(*x) * 10.0), place(up.depth(*y) * 10.0))
            };
            format!("M{}", curve.points.iter().map(place).collect::<Vec<_>>().join("L"))
        };
        let drawn = curves.iter().enumerate().filter(|(_, curve)| curve.points.len() > 1);
        let lines: Vec<(String, String)> =
            drawn.clone().map(|(i, curve)| (format!("s{i}"), path(curve))).collect();
        Self {
            title: title.into(),
            x_name: x.name.into(),
            y_name: y.name.into(),
            x_ticks: across
                .ticks()
                .iter()
                .enumerate()
                .map(|(i, v)| (pc(across.share(*v)), (x.text)(*v), i % 2 == 1))
                .collect(),
            y_ticks: up.ticks().iter().map(|v| (pc(up.depth(*v)), (y.text)(*v))).collect(),
            names: drawn.map(|(i, curve)| (format!("s{i}"), curve.name.clone())).collect(),
            lines,
            dots: Vec::new(),
            dots_name: String::new(),
            stops: rows.iter().map(|row| place(across.share(row.at))).collect::<Vec<_>>().join(" "),
            heads: heads.iter().map(|head| (*head).to_owned()).collect(),
            rows: rows.into_iter().map(|row| (row.head, row.cells)).collect(),
        }
    }

    /// Dots, in the axes of the first two arguments of [`Plot::new`]; their ends must be given.
    #[must_use]
    pub fn dots(mut self, name: &str, x: (f64, f64), y: (f64, f64), points: &[(f64, f64)]) -> Self {
        let (across, up) = (Scale { low: x.0, high: x.1 }, Scale { low: y.0, high: y.1 });
        self.dots = points.iter().map(|p| (pc(across.share(p.0)), pc(up.depth(p.1)))).collect();
        self.dots_name = name.into();
        self
    }
}

html_safe!(Plot);
