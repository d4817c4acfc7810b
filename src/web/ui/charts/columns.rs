//! Stacked columns over time: ARR by band a month, revenue up for renewal a quarter.

use askama::Template;

use super::scale::{Scale, pc, place};
use crate::web::ui::{Tone, filters, html_safe};

/// One column: a label and the size of each part, in the order of the chart's parts.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Below the column: `Nov` or `Q1 2027`.
    pub label: String,
    /// The size of each part.
    pub values: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Block {
    tone: Tone,
    y: String,
    height: String,
    title: String,
}

#[derive(Clone, Debug)]
struct Drawn {
    x: String,
    middle: String,
    label: String,
    minor: bool,
    blocks: Vec<Block>,
}

/// Stacked columns with axis, legend, read-out and the table behind them.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/stacked_columns.html")]
pub struct StackedColumns {
    title: String,
    head: String,
    legend: Vec<(Tone, String)>,
    y_ticks: Vec<(String, String)>,
    columns: Vec<Drawn>,
    width: String,
    stops: String,
    rows: Vec<(String, Vec<String>)>,
}

impl StackedColumns {
    /// `head` names the columns (`Month`), `parts` the tone and name of each part from the foot up, and
    /// `text` prints a value. The table also carries each column's total.
    pub fn new(
        title: &str,
        head: &str,
        parts: &[(Tone, String)],
        columns: &[Stack],
        text: impl Fn(f64) -> String,
    ) -> Self {
        let total = |column: &Stack| column.values.iter().sum::<f64>();
        let scale = Scale::fitting(columns.iter().map(total).chain([0.0]));
        let slot = 100.0 / columns.len().max(1) as f64;
        let width = (slot * 0.7).min(14.0);
        let thin = columns.len().div_ceil(9).max(1);
        let drawn = columns.iter().enumerate().map(|(i, column)| {
            let mut foot = 0.0;
            let blocks = parts.iter().zip(&column.values).filter(|(_, value)| **value > 0.0);
            let blocks = blocks
                .map(|((tone, name), value)| {
                    let top = scale.depth(foot + value);
                    let block = Block {
                        tone: *tone,
                        y: pc(top),
                        height: pc(scale.depth(foot) - top),
                        title: format!("{}, {name}: {}", column.label, text(*value)),
                    };
                    foot += value;
                    block
                })
                .collect();
            Drawn {
                x: pc(slot * (i as f64 + 0.5) - width / 2.0),
                middle: pc(slot * (i as f64 + 0.5)),
                label: if i % thin == (columns.len() - 1) % thin {
                    column.label.clone()
                } else {
                    String::new()
                },
                minor: columns.len() > 6 && i % 2 == columns.len() % 2,
                blocks,
            }
        });
        let row = |column: &Stack| {
            let values = column.values.iter().map(|v| text(*v)).chain([text(total(column))]).collect();
            (column.label.clone(), values)
        };
        Self {
            title: title.into(),
            head: head.into(),
            legend: parts.to_vec(),
            y_ticks: scale.ticks().iter().map(|&v| (pc(scale.depth(v)), text(v))).collect(),
            columns: drawn.collect(),
            width: pc(width),
            stops: (0..columns.len()).map(|i| place(slot * (i as f64 + 0.5))).collect::<Vec<_>>().join(" "),
            rows: columns.iter().map(row).collect(),
        }
    }
}

html_safe!(StackedColumns);
