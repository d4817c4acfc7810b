//! The names an expression may use, what they stand for, and the types of expressions.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::Id;
use super::super::facts::{InputId, MeasureId};
use super::compile::nearest;
use super::parse::{self, Ast, Kind};
use super::{Builtin, MAX_TREE, Use};

/// The type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::domain) enum Ty {
    /// Null alone: fits anywhere.
    Any,
    Bool,
    Number,
    /// A text, and the values it can take where they are known.
    Text(Option<Arc<[Id]>>),
    /// A length of time; a number of days, or a window.
    Duration,
}

impl Ty {
    pub(in crate::domain) fn word(&self) -> &'static str {
        match self {
            Self::Any => "null",
            Self::Bool => "a condition",
            Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::Duration => "a duration",
        }
    }

    pub(in crate::domain) fn fits(&self, wanted: &Self) -> bool {
        matches!(
            (self, wanted),
            (Self::Any, _)
                | (_, Self::Any)
                | (Self::Bool, Self::Bool)
                | (Self::Number | Self::Duration, Self::Number)
                | (Self::Text(_), Self::Text(_))
        )
    }
}

/// How far an evaluation must have come before a name has its value; see `Methodology::evaluate` for the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in crate::domain) enum Level {
    /// Inputs, dates, the base stage.
    #[default]
    Facts,
    Segment,
    Renewal,
    Indicators,
    Scores,
    Health,
    Band,
}

impl Level {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Facts => "the account's data is",
            Self::Segment => "the segment is",
            Self::Renewal => "the renewal timeline is",
            Self::Indicators => "the indicators are",
            Self::Scores => "the model scores are",
            Self::Health => "the health score is",
            Self::Band => "the band is",
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(in crate::domain) enum Name {
    /// An attribute or gauge: its type, whether it is a gauge, whether its gaps are zeros, its level.
    Value {
        input: InputId,
        ty: Ty,
        gauge: bool,
        daily: bool,
        level: Level,
    },
    Event(InputId),
    Measure(MeasureId),
    Builtin(Builtin, Ty, Level),
    IndicatorScore(u16),
    IndicatorLabel(u16, Option<Arc<[Id]>>),
    ModelScore(u16),
    /// A result of a value model, with the inputs the model reads.
    Outcome(u16, u16, Level, Arc<[Use]>),
    Local(u16, Ty),
}

/// The names an expression may use.
#[derive(Debug, Clone, Default)]
pub(in crate::domain) struct Names {
    table: HashMap<Box<str>, Name>,
    locals: HashMap<Box<str>, Name>,
}

impl Names {
    /// Adds a name; gives false if it was taken.
    pub(in crate::domain) fn add(&mut self, name: &str, meaning: Name) -> bool {
        self.table.insert(name.into(), meaning).is_none()
    }

    pub(in crate::domain) fn get(&self, name: &str) -> Option<&Name> {
        self.locals.get(name).or_else(|| self.table.get(name))
    }

    /// Sets the names of the surroundings, which go before all others.
    pub(in crate::domain) fn set_locals(&mut self, locals: impl IntoIterator<Item = (Box<str>, Name)>) {
        self.locals = locals.into_iter().collect();
    }

    /// Adds a name to those of the surroundings.
    pub(in crate::domain) fn add_local(&mut self, name: &str, meaning: Name) {
        self.locals.insert(name.into(), meaning);
    }

    /// The known name most like `word`, if one is nearly it.
    pub(in crate::domain) fn nearest(&self, word: &str) -> Option<&str> {
        nearest(word, self.table.keys().chain(self.locals.keys()).map(|name| &**name))
    }

    /// The names an expression's text mentions, or nothing if it does not parse.
    pub(in crate::domain) fn mentioned(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        if let Ok(ast) = parse::expression(text)
            && !depth_exceeds(&ast, MAX_TREE)
        {
            collect(&ast, &mut names);
        }
        names
    }
}

fn collect(ast: &Ast, names: &mut Vec<String>) {
    match &ast.kind {
        Kind::Name(name) => names.push(name.clone()),
        Kind::Call(_, items) => items.iter().for_each(|a| collect(a, names)),
        Kind::Not(a) | Kind::Negate(a) => collect(a, names),
        Kind::Binary(_, a, b) => {
            collect(a, names);
            collect(b, names);
        }
        Kind::In(a, items) => {
            collect(a, names);
            items.iter().for_each(|a| collect(a, names));
        }
        _ => {}
    }
}

/// Whether the tree is deeper than `budget`; never recurses deeper than that itself.
pub(super) fn depth_exceeds(ast: &Ast, budget: usize) -> bool {
    let Some(rest) = budget.checked_sub(1) else { return true };
    match &ast.kind {
        Kind::Call(_, items) => items.iter().any(|a| depth_exceeds(a, rest)),
        Kind::Not(a) | Kind::Negate(a) => depth_exceeds(a, rest),
        Kind::Binary(_, a, b) => depth_exceeds(a, rest) || depth_exceeds(b, rest),
        Kind::In(a, items) => depth_exceeds(a, rest) || items.iter().any(|a| depth_exceeds(a, rest)),
        _ => false,
    }
}
