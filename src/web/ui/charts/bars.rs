//! Columns side by side: two ways of doing something, group by group.

use askama::Template;

use super::scale::{Scale, pc, place};
use crate::web::ui::{filters, html_safe};

/// A group of columns: its label and the value of each series.
#[derive(Clone, Debug)]
pub struct Group {
    /// Below the columns: `1` or `15–30 days`.
    pub label: String,
    /// One a series.
    pub values: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Bar {
    class: String,
    x: String,
    y: String,
    height: String,
    title: String,
}

/// Grouped columns with axis, legend, read-out and the table behind them.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/bars.html")]
pub struct Bars {
    title: String,
    head: String,
    names: Vec<String>,
    y_ticks: Vec<(String, String)>,
    guide: Option<(String, String)>,
    bars: Vec<Bar>,
    labels: Vec<(String, String, bool)>,
    width: String,
    stops: String,
    rows: Vec<(String, Vec<String>)>,
}

impl Bars {
    /// `head` names the groups (`Tenth`), `names` the series, `text` prints a value; with `guide` a line is drawn at
    /// a value and named.
    pub fn new(
        title: &str,
        head: &str,
        names: &[&str],
        groups: &[Group],
        guide: Option<(f64, &str)>,
        text: impl Fn(f64) -> String,
    ) -> Self {
        let values = groups.iter().flat_map(|group| group.values.iter().copied());
        let scale = Scale::fitting(values.chain(guide.map(|(at, _)| at)).chain([0.0]));
        let slot = 100.0 / groups.len().max(1) as f64;
        let width = slot * 0.76 / names.len().max(1) as f64;
        let bars = groups.iter().enumerate().flat_map(|(i, group)| {
            let from = slot * i as f64 + slot * 0.12;
            let text = &text;
            group.values.iter().enumerate().map(move |(n, value)| {
                let top = scale.depth(*value);
                Bar {
                    class: format!("s{n}"),
                    x: pc(from + width * n as f64),
                    y: pc(top),
                    height: pc(100.0 - top),
                    title: format!("{}, {}: {}", group.label, names.get(n).unwrap_or(&""), text(*value)),
                }
            })
        });
        Self {
            title: title.into(),
            head: head.into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            y_ticks: scale.ticks().iter().map(|&v| (pc(scale.depth(v)), text(v))).collect(),
            guide: guide.map(|(at, name)| (pc(scale.depth(at)), name.to_owned())),
            bars: bars.collect(),
            labels: groups
                .iter()
                .enumerate()
                .map(|(i, group)| (pc(slot * (i as f64 + 0.5)), group.label.clone(), i % 2 == 1))
                .collect(),
            width: pc(width),
            stops: (0..groups.len()).map(|i| place(slot * (i as f64 + 0.5))).collect::<Vec<_>>().join(" "),
            rows: groups
                .iter()
                .map(|group| (group.label.clone(), group.values.iter().map(|v| text(*v)).collect()))
                .collect(),
        }
    }
}

html_safe!(Bars);
