//! Expressions: the one small language of packs (`when`, `from`, `value`, `formula`, …).
//!
//! A text is parsed once when its pack is loaded, its names and types are checked, and it becomes a small tree over
//! input positions; evaluating it neither looks up names nor allocates. Missing data is null as in SQL: arithmetic
//! and comparison with null give null, `and`/`or`/`not` are Kleene's, x/0 is null, and a null condition does not hold.
//!
//! To add a function: name it in `compile::call`, give it a `Node` and evaluate that in `eval`.

mod compile;
mod eval;
mod evidence;
mod names;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

pub(super) use compile::nearest;
pub use eval::Scope;
pub(super) use eval::{Builtins, Program, round_half_up, without_noise};
pub use evidence::Evidence;
pub(super) use names::{Level, Name, Names, Ty};

use super::facts::{InputId, MeasureId};

/// Longest expression, in bytes.
pub const MAX_LENGTH: usize = 4096;
/// Deepest nesting of parentheses, calls, `not` and `-`.
pub const MAX_DEPTH: usize = 40;
/// Longest chain of inputs derived from inputs.
pub const MAX_CHAIN: usize = 8;
/// Deepest tree: a sum of that many terms.
pub const MAX_TREE: usize = 200;
/// Most steps that all expressions of a pack take together for one account. Nothing loops and what is derived is
/// worked out once, so this bounds the time of an evaluation.
pub const MAX_STEPS: u32 = 25_000;
/// Days of a window that count as one step; a term is one as well, and finding a window two.
pub const DAYS_A_STEP: u32 = 8;

/// A checked expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    text: Box<str>,
    node: Node,
    ty: Ty,
    level: Level,
    uses: Box<[Use]>,
    health_days: u32,
    steps: u32,
}

/// The tail of a comparison, such as `>= 95`, that a figure meets or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Target(Expr);

/// An input an expression reads, and how far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The input.
    pub input: InputId,
    /// Days before as-of that are looked at; 0 for the current value alone.
    pub days: u32,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// Byte range in the expression's text.
    pub at: Range<usize>,
    /// What is wrong, for people.
    pub message: String,
    /// The name or value that is not known, if it is about one.
    pub unknown: Option<Box<str>>,
}

impl ExprError {
    fn new(at: Range<usize>, message: String) -> Self {
        Self { at, message, unknown: None }
    }

    fn unknown(at: Range<usize>, message: String, what: &str) -> Self {
        Self { at, message, unknown: Some(what.into()) }
    }
}

impl Expr {
    /// The text it was made from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Days of the account's own past scores that it looks at; usually none.
    pub fn health_days(&self) -> u32 {
        self.health_days
    }

    /// The inputs it reads directly, with their look-back.
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// Steps it takes at most: one a term, two a window and one for every [`DAYS_A_STEP`] of its days.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Whether it is true; null does not hold.
    pub fn holds<'a>(&'a self, scope: &Scope<'a>) -> bool {
        scope.eval(&self.node, &[]).as_bool() == Some(true)
    }

    /// Whether it is true or false; none for null.
    pub fn truth<'a>(&'a self, scope: &Scope<'a>) -> Option<bool> {
        scope.eval(&self.node, &[]).as_bool()
    }

    /// Whether it is true, with the names of its surroundings by position.
    pub(super) fn holds_with<'a>(&'a self, scope: &Scope<'a>, locals: &[super::value::Val<'a>]) -> bool {
        scope.eval(&self.node, locals).as_bool() == Some(true)
    }

    /// Its value.
    pub fn value<'a>(&'a self, scope: &Scope<'a>) -> super::value::Val<'a> {
        scope.eval(&self.node, &[])
    }

    /// Its number; none for null.
    pub fn number<'a>(&'a self, scope: &Scope<'a>) -> Option<f64> {
        scope.eval(&self.node, &[]).as_number()
    }

    pub(super) fn ty(&self) -> &Ty {
        &self.ty
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }
}

impl Target {
    /// Whether a figure meets it, which a missing one does not; none if the target's own value is missing.
    pub fn met<'a>(&'a self, value: Option<f64>, scope: &Scope<'a>) -> Option<bool> {
        let Some(value) = value else { return Some(false) };
        scope.eval(&self.0.node, &[super::value::Val::number(value)]).as_bool()
    }

    /// The text it was made from.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Steps it takes at most, as [`Expr::steps`].
    pub fn steps(&self) -> u32 {
        self.0.steps
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

/// A node of the compiled tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    Input(InputId),
    Measure(MeasureId),
    Builtin(Builtin),
    IndicatorScore(u16),
    IndicatorLabel(u16),
    ModelScore(u16),
    /// A result of a value model.
    Outcome(u16, u16),
    /// A name of the surroundings: a driver in a value model, the subject of a target, a ticket's severity.
    Local(u16),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    In(Box<Node>, Box<[Node]>),
    Count(InputId, u32),
    DaysWith(InputId, u32),
    DaysSince(InputId),
    Gauge(Fold, SeriesOf, u32),
    DropPct(SeriesOf, u32),
    Coalesce(Box<Node>, Box<Node>),
    Known(Box<Node>),
    Abs(Box<Node>),
    /// Half up, to this many decimals.
    Round(Box<Node>, u8),
    Extreme(Fold, Box<[Node]>),
}

/// A value every account has without any input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum Builtin {
    Arr,
    TermMonths,
    Day,
    DaysToRenewal,
    RenewalOpen,
    Segment,
    Stage,
    Health,
    Band,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    Average,
    Highest,
    Lowest,
}

/// What a window function runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeriesOf {
    Gauge(InputId),
    /// A gauge fed by daily aggregates: a day without a row is 0 once the account has sent anything.
    Daily(InputId),
    Events(InputId),
    Health,
}
