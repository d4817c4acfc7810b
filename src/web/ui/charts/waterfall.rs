//! A score as what is left of a hundred after each measure took its points.

use askama::Template;

use super::scale::pc;
use crate::web::ui::{Tone, html_safe};

/// One measure and what it cost.
#[derive(Clone, Debug)]
pub struct Step {
    /// The measure.
    pub name: String,
    /// Where its cause is, such as its row in the table below.
    pub href: Option<String>,
    /// Points of the hundred it cost; nought or more.
    pub cost: f64,
    /// How bad that is.
    pub tone: Tone,
    /// The cost as text, with as many decimals as make the sum come out: `−12.5`.
    pub text: String,
}

#[derive(Clone, Debug)]
struct Bar {
    step: Step,
    x: String,
    width: String,
    before: String,
}

/// From 100 down to the score.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/waterfall.html")]
pub struct Waterfall {
    bars: Vec<Bar>,
    score_width: String,
    score_text: String,
    band: String,
    tone: Tone,
}

impl Waterfall {
    /// `steps` come dearest first. What they cost and the score add up to a hundred, unless a cap holds the
    /// score lower: then say so as a last step.
    pub fn new(steps: Vec<Step>, score: f64, score_text: &str, band: &str, tone: Tone) -> Self {
        let mut level = 100.0;
        let bars = steps
            .into_iter()
            .map(|step| {
                let before = level;
                level -= step.cost;
                Bar { x: pc(level.max(0.0)), width: pc(step.cost), before: pc(before), step }
            })
            .collect();
        Self { bars, score_width: pc(score), score_text: score_text.into(), band: band.into(), tone }
    }
}

html_safe!(Waterfall);
