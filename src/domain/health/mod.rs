//! Health: indicators are read, scored 0–100 by their curve, weighted through a tree of any depth, rounded and banded.
//!
//! There is one way to a score: [`read`](super::methodology::Methodology::read) takes the compact [`Readings`] of an
//! account, [`explain`](super::methodology::Methodology::explain) turns readings into scores with a reason for each
//! point. Stored readings therefore re-derive a past score exactly.

mod curve;
mod explain;
mod kept;
mod months;
mod packed;
mod readings;
mod shown;
mod what_if;

pub use curve::{Bound, Curve, CurveError, Scored, Step};
pub use kept::Kept;
pub use months::{KeptDay, read_month, write_month};
pub use readings::{ByIndicator, CapNote, Reading, Readings};
pub use what_if::{Improvement, Need};

use super::Id;
use super::expr::Expr;

/// The compiled `health` section of a methodology.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Decimals of the model score, half up; none keeps it exact.
    pub round: Option<u32>,
    /// Best first; the last has no bound.
    pub bands: Vec<Band>,
    /// Conditions under which the band can be no better than a given one.
    pub caps: Vec<Cap>,
    /// The measures that are scored.
    pub indicators: Vec<Indicator>,
    /// The weighted trees; the primary one gives the account's health.
    pub models: Vec<Model>,
}

/// A named range of the score.
#[derive(Debug, Clone)]
pub struct Band {
    /// Its id, as `band` in expressions.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// The tone it is shown in: `green`, `yellow`, `orange`, `red`, … as the pack says.
    pub colour: Id,
    /// Lower bound; none for the last band.
    pub bound: Option<Bound>,
    /// Role that is told when an account falls into it.
    pub escalate_to: Option<Id>,
}

/// While the condition holds, the band is at most `at_most`.
#[derive(Debug, Clone)]
pub struct Cap {
    /// The condition.
    pub when: Expr,
    /// Position of the best band allowed.
    pub at_most: usize,
    /// The reason shown.
    pub why: Id,
}

/// One measure: a reading and the curve that scores it.
#[derive(Debug, Clone)]
pub struct Indicator {
    /// Its id, as `ind.<id>.score` in expressions.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// What is read.
    pub value: Expr,
    /// How it is scored.
    pub curve: Curve,
}

/// A weighted tree over indicators, flattened in depth-first order.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its id, as `score.<id>` in expressions.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// The first model whose condition holds gives the account's health; none always holds.
    pub primary: Option<Expr>,
    /// The tree; a node's children follow it.
    pub nodes: Vec<Node>,
}

/// One node of a model's tree.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its own id, or that of its indicator.
    pub id: Id,
    /// Its own name, or that of its indicator.
    pub name: Id,
    /// Position of the parent in the same list; none at the top.
    pub parent: Option<u16>,
    /// Depth in the tree, 0 at the top.
    pub depth: u8,
    /// Its share among its siblings, 0–1.
    pub weight: f64,
    /// Position of the indicator, for a leaf.
    pub indicator: Option<usize>,
}

/// How far a score can be relied upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// No data: there is no score.
    None,
    /// Under half of the weight has data, or over half of that data is stale. Must not be shown as healthy.
    Thin,
    /// Enough and fresh data.
    Full,
}

/// All scores of an account on a day, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// One entry per model of the methodology, in its order.
    pub models: Vec<ModelScore>,
    /// Position of the model that gives `health`; none without models, or when no condition held.
    pub primary: Option<usize>,
    /// The account's score after override and rounding, 0–100.
    pub health: Option<f64>,
    /// The score as set by hand, if it was; `models` still hold what the readings say.
    pub overridden: Option<f64>,
    /// Position of the account's band: the one set by hand, or what its score and the caps give.
    pub band: Option<usize>,
    /// Position of the band set by hand, if one was that the methodology has; caps do not hold it.
    pub band_set: Option<usize>,
    /// What the model says of the score, whatever was set by hand, after rounding.
    pub computed: Option<f64>,
    /// Position of the band the model says, whatever was set by hand, after caps.
    pub band_computed: Option<usize>,
    /// Position of the band the score alone would give.
    pub band_by_score: Option<usize>,
    /// The caps whose condition holds.
    pub caps: Vec<CapHeld>,
    /// Of the primary model; `Full` for a score set by hand.
    pub confidence: Confidence,
}

impl Explained {
    /// Whether a person set the score or the band.
    pub fn is_set(&self) -> bool {
        self.overridden.is_some() || self.band_set.is_some()
    }
}

/// A cap whose condition holds.
#[derive(Debug, Clone, PartialEq)]
pub struct CapHeld {
    /// Why the cap exists, in the pack's words.
    pub why: Id,
    /// Position of the best band it allows.
    pub at_most: usize,
    /// Whether it made the band worse than the score alone would.
    pub lowered: bool,
}

/// The score of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelScore {
    /// The model's id.
    pub id: Id,
    /// The exact score 0–100, free of float noise (six decimals); none when no indicator has data.
    pub score: Option<f64>,
    /// The score after the methodology's rounding.
    pub rounded: Option<f64>,
    /// Share of the weight that has data, 0–1.
    pub coverage: f64,
    /// Share of the weight given that rests on stale data, 0–1.
    pub stale_share: f64,
    /// How far the score can be relied upon.
    pub confidence: Confidence,
    /// The reasons, in the order of the model's nodes. The leaves' `gained` add up to the score.
    pub nodes: Vec<NodeScore>,
}

impl ModelScore {
    /// Whether stale or missing data forbids showing the score as healthy.
    pub fn stale(&self) -> bool {
        self.confidence < Confidence::Full
    }
}

/// What one node of a model contributed.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeScore {
    /// Score 0–100; none without data.
    pub score: Option<f64>,
    /// Share of the whole model the node should have, 0–1.
    pub asked: f64,
    /// Share it has after siblings without data left theirs, 0–1; 0 without data.
    pub given: f64,
    /// Points of the model's score that come from it: `given` · score.
    pub gained: f64,
    /// Points it could still give: `given` · 100 − `gained`.
    pub lost: f64,
    /// For a leaf: whether its data is stale. For a branch: whether any leaf with data under it is.
    pub stale: bool,
    /// The label of the matching step, for a leaf scored in steps: its position in the curve.
    pub step: Option<u16>,
}
