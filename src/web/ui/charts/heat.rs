//! Segment by band: a table whose cells are tinted by how much they hold.

use askama::Template;

use crate::web::ui::{Tone, filters, html_safe};

/// One cell.
#[derive(Clone, Debug)]
pub struct HeatCell {
    /// What decides the tint: the ARR of the cell, in any unit the cells share.
    pub size: f64,
    /// The figure: `€1.2M`.
    pub text: String,
    /// Below it, smaller: `14 accounts`.
    pub note: String,
    /// The accounts behind it.
    pub href: Option<String>,
}

/// One row with its total.
#[derive(Clone, Debug)]
pub struct HeatRow {
    /// The segment.
    pub label: String,
    /// One cell a column.
    pub cells: Vec<HeatCell>,
    /// The row's sum: `€6.1M`.
    pub total: String,
    /// Below it: `48 accounts`.
    pub total_note: String,
}

/// A heat map: rows by columns, each column in its own tone, darker where there is more.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/heat_map.html")]
pub struct HeatMap {
    caption: String,
    columns: Vec<(Tone, String)>,
    rows: Vec<HeatRow>,
    most: f64,
}

impl HeatMap {
    /// `columns` are the bands, best first.
    pub fn new(caption: &str, columns: Vec<(Tone, String)>, rows: Vec<HeatRow>) -> Self {
        let most = rows.iter().flat_map(|row| &row.cells).map(|cell| cell.size).fold(0.0, f64::max);
        Self { caption: caption.into(), columns, rows, most }
    }

    /// The class of a cell: `h0` (nothing) to `h4` (the most).
    fn heat(&self, cell: &HeatCell) -> u8 {
        if cell.size <= 0.0 || self.most <= 0.0 { 0 } else { 1 + (cell.size / self.most * 3.0).round() as u8 }
    }
}

html_safe!(HeatMap);
