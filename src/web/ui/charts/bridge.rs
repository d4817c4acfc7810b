//! From one sum to another: what was added and taken away on the way.

use askama::Template;

use super::scale::pc;
use crate::web::ui::{Tone, html_safe};

/// A step of the bridge.
#[derive(Clone, Debug)]
pub struct BridgeStep {
    /// What it is.
    pub name: String,
    /// By how much; negative where it is taken away.
    pub change: f64,
    /// The change as text: `−€40,000`.
    pub text: String,
    /// A small word after it: `3 accounts`.
    pub note: String,
}

#[derive(Clone, Debug)]
struct Bar {
    step: BridgeStep,
    tone: Tone,
    x: String,
    width: String,
    before: String,
}

/// From opening to closing, as bars and as the table they stand in.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/bridge.html")]
pub struct BridgeChart {
    title: String,
    opening: (String, String, String),
    bars: Vec<Bar>,
    closing: (String, String, String),
}

impl BridgeChart {
    /// `opening` and `closing` are a sum, its text and its note; the steps lead from one to the other.
    pub fn new(
        title: &str,
        opening: (f64, String, String),
        steps: Vec<BridgeStep>,
        closing: (f64, String, String),
    ) -> Self {
        let mut level = opening.0;
        let mut most = level.max(closing.0);
        for step in &steps {
            level += step.change;
            most = most.max(level);
        }
        let share = |value: f64| if most > 0.0 { (value / most * 100.0).clamp(0.0, 100.0) } else { 0.0 };
        let mut level = opening.0;
        let bars = steps
            .into_iter()
            .map(|step| {
                let (from, to) = (level, level + step.change);
                level = to;
                Bar {
                    tone: if step.change < 0.0 { Tone::Critical } else { Tone::Good },
                    x: pc(share(from.min(to))),
                    width: pc((share(from) - share(to)).abs()),
                    before: pc(share(from)),
                    step,
                }
            })
            .collect();
        let end = |(sum, text, note): (f64, String, String)| (pc(share(sum)), text, note);
        BridgeChart { title: title.into(), opening: end(opening), bars, closing: end(closing) }
    }
}

html_safe!(BridgeChart);
