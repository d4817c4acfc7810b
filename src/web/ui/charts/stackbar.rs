//! One bar of a hundred percent, with its legend.

use askama::Template;

use super::scale::pc;
use crate::web::ui::{Tone, filters, html_safe};

/// One part of the bar.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its colour and shape.
    pub tone: Tone,
    /// Its name.
    pub name: String,
    /// Its size, in any unit the parts share.
    pub size: f64,
    /// The size as text: `€4.2M`.
    pub text: String,
    /// What stands after it, smaller: `61 accounts`.
    pub note: String,
    /// What it is made of.
    pub href: Option<String>,
}

/// How a whole divides, as a bar with a legend that carries the figures.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/stacked_bar.html")]
pub struct StackedBar {
    title: String,
    rects: Vec<(Tone, String, String)>,
    parts: Vec<Part>,
    bare: bool,
}

impl StackedBar {
    /// Parts of size nought stay in the legend and out of the bar.
    pub fn new(title: &str, parts: Vec<Part>) -> Self {
        let whole: f64 = parts.iter().map(|part| part.size).sum();
        let mut x = 0.0;
        let mut rects = Vec::new();
        for part in parts.iter().filter(|part| part.size > 0.0) {
            let width = part.size / whole * 100.0;
            rects.push((part.tone, pc(x), pc(width)));
            x += width;
        }
        Self { title: title.into(), rects, parts, bare: false }
    }

    /// Only the bar, for a row of a table that prints the figures itself.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }
}

html_safe!(StackedBar);
