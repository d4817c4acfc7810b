//! From syntax to a checked tree: names become positions, types and the order of evaluation are checked.

use std::ops::Range;

use super::super::facts::InputId;
use super::names::{Level, Name, Names, Ty, depth_exceeds};
use super::parse::{self, Ast, Kind, Op};
use super::{
    Arithmetic, Builtin, Comparison, DAYS_A_STEP, Expr, ExprError, Fold, MAX_TREE, Node, SeriesOf, Target,
    Use,
};

impl Names {
    /// Compiles an expression that may use names known up to `level`, and must give a `wanted`.
    pub(in crate::domain) fn expression(
        &self,
        text: &str,
        wanted: &Ty,
        level: Level,
    ) -> Result<Expr, ExprError> {
        let ast = parse::expression(text)?;
        self.finish(text, &ast, wanted, level)
    }

    /// Compiles the tail of a comparison of numbers.
    pub(in crate::domain) fn target(&self, text: &str) -> Result<Target, ExprError> {
        let ast = parse::target(text)?;
        self.finish(text, &ast, &Ty::Bool, Level::Band).map(Target)
    }

    fn finish(&self, text: &str, ast: &Ast, wanted: &Ty, level: Level) -> Result<Expr, ExprError> {
        if depth_exceeds(ast, MAX_TREE) {
            return Err(ExprError::new(
                ast.at.clone(),
                format!(
                    "an expression may have {MAX_TREE} terms in a row at most; put parts of it in parentheses"
                ),
            ));
        }
        let mut compiler = Compiler {
            names: self,
            allowed: level,
            level: Level::Facts,
            uses: Vec::new(),
            health_days: 0,
            steps: 0,
        };
        let (node, ty) = compiler.node(ast)?;
        if !ty.fits(wanted) {
            return Err(mismatch(ast, wanted, &ty));
        }
        let Compiler { level, uses, health_days, steps, .. } = compiler;
        Ok(Expr { text: text.into(), node, ty, level, uses: uses.into(), health_days, steps })
    }
}

fn mismatch(ast: &Ast, wanted: &Ty, found: &Ty) -> ExprError {
    ExprError::new(ast.at.clone(), format!("expected {}, but this is {}", wanted.word(), found.word()))
}

struct Compiler<'n> {
    names: &'n Names,
    allowed: Level,
    level: Level,
    uses: Vec<Use>,
    health_days: u32,
    steps: u32,
}

type Compiled = Result<(Node, Ty), ExprError>;

impl Compiler<'_> {
    fn node(&mut self, ast: &Ast) -> Compiled {
        self.steps += 1;
        Ok(match &ast.kind {
            Kind::Null => (Node::Null, Ty::Any),
            Kind::Bool(b) => (Node::Bool(*b), Ty::Bool),
            Kind::Number(n) => (Node::Number(*n), Ty::Number),
            Kind::Text(t) => (Node::Text(t.as_str().into()), Ty::Text(None)),
            Kind::Duration(days) => (Node::Number(f64::from(*days)), Ty::Duration),
            Kind::Subject => (Node::Local(0), Ty::Number),
            Kind::Name(name) => return self.name(name, &ast.at),
            Kind::Call(function, arguments) => return self.call(function, arguments, &ast.at),
            Kind::Not(a) => (Node::Not(self.boxed(a, &Ty::Bool)?), Ty::Bool),
            Kind::Negate(a) => (Node::Negate(self.boxed(a, &Ty::Number)?), Ty::Number),
            Kind::Binary(op, a, b) => return self.binary(*op, a, b),
            Kind::In(a, list) => {
                let (value, ty) = self.node(a)?;
                let mut items = Vec::with_capacity(list.len());
                for item in list {
                    never_null(item)?;
                    let (node, item_ty) = self.node(item)?;
                    self.comparable((a, &ty), (item, &item_ty))?;
                    items.push(node);
                }
                (Node::In(Box::new(value), items.into()), Ty::Bool)
            }
        })
    }

    fn typed(&mut self, ast: &Ast, wanted: &Ty) -> Result<Node, ExprError> {
        let (node, ty) = self.node(ast)?;
        if ty.fits(wanted) { Ok(node) } else { Err(mismatch(ast, wanted, &ty)) }
    }

    fn boxed(&mut self, ast: &Ast, wanted: &Ty) -> Result<Box<Node>, ExprError> {
        self.typed(ast, wanted).map(Box::new)
    }

    fn binary(&mut self, op: Op, a: &Ast, b: &Ast) -> Compiled {
        let comparison = match op {
            Op::And => {
                return Ok((Node::And(self.boxed(a, &Ty::Bool)?, self.boxed(b, &Ty::Bool)?), Ty::Bool));
            }
            Op::Or => return Ok((Node::Or(self.boxed(a, &Ty::Bool)?, self.boxed(b, &Ty::Bool)?), Ty::Bool)),
            Op::Add => return self.arithmetic(Arithmetic::Add, a, b),
            Op::Subtract => return self.arithmetic(Arithmetic::Subtract, a, b),
            Op::Multiply => return self.arithmetic(Arithmetic::Multiply, a, b),
            Op::Divide => return self.arithmetic(Arithmetic::Divide, a, b),
            Op::Equal => Comparison::Equal,
            Op::Unequal => Comparison::Unequal,
            Op::Less => Comparison::Less,
            Op::AtMost => Comparison::AtMost,
            Op::More => Comparison::More,
            Op::AtLeast => Comparison::AtLeast,
        };
        let ordered = !matches!(op, Op::Equal | Op::Unequal);
        never_null(a)?;
        never_null(b)?;
        let (left, left_ty) = self.node(a)?;
        let (right, right_ty) = self.node(b)?;
        if ordered {
            for (ast, ty) in [(a, &left_ty), (b, &right_ty)] {
                if !ty.fits(&Ty::Number) {
                    return Err(mismatch(ast, &Ty::Number, ty));
                }
            }
        }
        self.comparable((a, &left_ty), (b, &right_ty))?;
        Ok((Node::Compare(comparison, Box::new(left), Box::new(right)), Ty::Bool))
    }

    fn arithmetic(&mut self, op: Arithmetic, a: &Ast, b: &Ast) -> Compiled {
        let (left, right) = (self.boxed(a, &Ty::Number)?, self.boxed(b, &Ty::Number)?);
        Ok((Node::Arithmetic(op, left, right), Ty::Number))
    }

    /// Both sides have one type, and a literal is one of the values the other side can take.
    fn comparable(&self, (a, a_ty): (&Ast, &Ty), (b, b_ty): (&Ast, &Ty)) -> Result<(), ExprError> {
        if !a_ty.fits(b_ty) && !b_ty.fits(a_ty) {
            let message = format!("{} cannot be compared with {}", a_ty.word(), b_ty.word());
            return Err(ExprError::new(a.at.start..b.at.end, message));
        }
        for (ty, literal) in [(a_ty, b), (b_ty, a)] {
            if let (Ty::Text(Some(values)), Kind::Text(text)) = (ty, &literal.kind)
                && !values.iter().any(|v| **v == **text)
            {
                let shown: Vec<&str> = values.iter().take(12).map(|v| &**v).collect();
                let more = if values.len() > shown.len() { ", …" } else { "" };
                let near = nearest(text, values.iter().map(|v| &**v));
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let message = format!("`{text}` is not one of {}{more}{hint}", shown.join(", "));
                return Err(ExprError::unknown(literal.at.clone(), message, text));
            }
        }
        Ok(())
    }

    fn reach(&mut self, level: Level, name: &str, at: &Range<usize>) -> Result<(), ExprError> {
        if level > self.allowed {
            let message =
                format!("`{name}` is not known here yet: {} only worked out after this", level.word());
            return Err(ExprError::new(at.clone(), message));
        }
        self.level = self.level.max(level);
        Ok(())
    }

    fn used(&mut self, input: InputId, days: u32) {
        match self.uses.iter_mut().find(|u| u.input == input) {
            Some(known) => known.days = known.days.max(days),
            None => self.uses.push(Use { input, days }),
        }
    }

    fn find(&self, name: &str, at: &Range<usize>) -> Result<Name, ExprError> {
        let unknown = || ExprError::unknown(at.clone(), format!("unknown name `{name}`"), name);
        self.names.get(name).cloned().ok_or_else(unknown)
    }

    fn name(&mut self, name: &str, at: &Range<usize>) -> Compiled {
        let (node, ty, level) = match self.find(name, at)? {
            Name::Value { input, ty, level, .. } => {
                self.used(input, 0);
                (Node::Input(input), ty, level)
            }
            Name::Event(_) => {
                let message = format!("`{name}` is an event; count it, as in count({name}, 30d)");
                return Err(ExprError::new(at.clone(), message));
            }
            Name::Measure(id) => (Node::Measure(id), Ty::Number, Level::Facts),
            Name::Builtin(builtin, ty, level) => (Node::Builtin(builtin), ty, level),
            Name::IndicatorScore(i) => (Node::IndicatorScore(i), Ty::Number, Level::Indicators),
            Name::IndicatorLabel(i, labels) => (Node::IndicatorLabel(i), Ty::Text(labels), Level::Indicators),
            Name::ModelScore(i) => (Node::ModelScore(i), Ty::Number, Level::Scores),
            Name::Outcome(model, result, level, uses) => {
                uses.iter().for_each(|used| self.used(used.input, used.days));
                (Node::Outcome(model, result), Ty::Number, level)
            }
            Name::Local(i, ty) => (Node::Local(i), ty, Level::Facts),
        };
        self.reach(level, name, at)?;
        Ok((node, ty))
    }

    fn call(&mut self, function: &str, args: &[Ast], at: &Range<usize>) -> Compiled {
        let wrong = |usage: &str| Err(ExprError::new(at.clone(), format!("write it as {usage}")));
        let node = match (function, args) {
            ("count", [e, w]) => Node::Count(self.event(e)?, self.window(e, w, 1)?),
            ("days_with", [e, w]) => Node::DaysWith(self.event(e)?, self.window(e, w, 1)?),
            ("days_since", [e]) => Node::DaysSince(self.event(e)?),
            ("avg", [g, w]) => Node::Gauge(Fold::Average, self.gauge(g, false)?, self.window(g, w, 1)?),
            ("highest", [g, w]) => Node::Gauge(Fold::Highest, self.gauge(g, false)?, self.window(g, w, 1)?),
            ("lowest", [g, w]) => Node::Gauge(Fold::Lowest, self.gauge(g, false)?, self.window(g, w, 1)?),
            ("drop_pct", [x, w]) => Node::DropPct(self.gauge(x, true)?, self.window(x, w, 2)?),
            ("abs", [a]) => Node::Abs(self.boxed(a, &Ty::Number)?),
            ("round", [a]) => Node::Round(self.boxed(a, &Ty::Number)?, 0),
            ("round", [a, Ast { kind: Kind::Number(n), .. }])
                if (0.0..=6.0).contains(n) && n.fract() == 0.0 =>
            {
                Node::Round(self.boxed(a, &Ty::Number)?, *n as u8)
            }
            ("min", [_, _, ..]) => Node::Extreme(Fold::Lowest, self.numbers(args)?),
            ("max", [_, _, ..]) => Node::Extreme(Fold::Highest, self.numbers(args)?),
            ("known", [a]) => return Ok((Node::Known(Box::new(self.node(a)?.0)), Ty::Bool)),
            ("coalesce", [a, b]) => return self.coalesce(a, b),
            ("count" | "days_with", _) => return wrong(&format!("{function}(event, 30d)")),
            ("avg" | "highest" | "lowest" | "drop_pct", _) => {
                return wrong(&format!("{function}(input, 30d)"));
            }
            ("days_since", _) => return wrong("days_since(event)"),
            ("abs" | "known", _) => return wrong(&format!("{function}(value)")),
            ("round", _) => return wrong("round(value) or round(value, decimals)"),
            ("min" | "max" | "coalesce", _) => return wrong(&format!("{function}(a, b)")),
            _ => {
                let near = nearest(function, FUNCTIONS.iter().copied());
                let hint = near.map(|near| format!(", did you mean `{near}`?"));
                let hint = hint.unwrap_or_else(|| format!("; there are {}", FUNCTIONS.join(", ")));
                return Err(ExprError::new(at.clone(), format!("unknown function `{function}`{hint}")));
            }
        };
        Ok((node, Ty::Number))
    }

    fn coalesce(&mut self, a: &Ast, b: &Ast) -> Compiled {
        let ((left, left_ty), (right, right_ty)) = (self.node(a)?, self.node(b)?);
        self.comparable((a, &left_ty), (b, &right_ty))?;
        let ty = if left_ty == Ty::Any { right_ty } else { left_ty };
        Ok((Node::Coalesce(Box::new(left), Box::new(right)), ty))
    }

    fn numbers(&mut self, args: &[Ast]) -> Result<Box<[Node]>, ExprError> {
        args.iter().map(|a| self.typed(a, &Ty::Number)).collect()
    }

    fn event(&mut self, ast: &Ast) -> Result<InputId, ExprError> {
        if let Kind::Name(name) = &ast.kind
            && let Name::Event(input) = self.find(name, &ast.at)?
        {
            self.used(input, 0);
            return Ok(input);
        }
        Err(ExprError::new(ast.at.clone(), "expected the name of an event".to_owned()))
    }

    /// A series of numbers: a gauge, the health score, or also an event.
    fn gauge(&mut self, ast: &Ast, or_event: bool) -> Result<SeriesOf, ExprError> {
        let found =
            if let Kind::Name(name) = &ast.kind { Some((name, self.find(name, &ast.at)?)) } else { None };
        match found {
            Some((_, Name::Value { input, ty: Ty::Number, gauge: true, daily, .. })) => {
                self.used(input, 0);
                Ok(if daily { SeriesOf::Daily(input) } else { SeriesOf::Gauge(input) })
            }
            Some((_, Name::Event(input))) if or_event => {
                self.used(input, 0);
                Ok(SeriesOf::Events(input))
            }
            // The history is of the past: it may be used before today's score is known.
            Some((_, Name::Builtin(Builtin::Health, ..))) => Ok(SeriesOf::Health),
            _ => {
                let what = if or_event {
                    "the name of an event or of a gauge of numbers"
                } else {
                    "the name of a gauge of numbers"
                };
                Err(ExprError::new(ast.at.clone(), format!("expected {what}")))
            }
        }
    }

    /// The window of a function over `series`, which is looked at for `times` windows.
    fn window(&mut self, series: &Ast, ast: &Ast, times: u32) -> Result<u32, ExprError> {
        let Kind::Duration(days) = ast.kind else {
            return Err(ExprError::new(ast.at.clone(), "expected a window such as 30d".to_owned()));
        };
        if let Kind::Name(name) = &series.kind {
            match self.names.get(name) {
                Some(Name::Value { input, .. } | Name::Event(input)) => self.used(*input, days * times),
                Some(Name::Builtin(Builtin::Health, ..)) => {
                    self.health_days = self.health_days.max(days * times)
                }
                _ => {}
            }
        }
        self.steps += 2 + days * times / DAYS_A_STEP;
        Ok(days)
    }
}

/// The functions, as an error lists them.
const FUNCTIONS: [&str; 13] = [
    "count",
    "days_with",
    "days_since",
    "avg",
    "highest",
    "lowest",
    "drop_pct",
    "coalesce",
    "known",
    "min",
    "max",
    "abs",
    "round",
];

/// Nothing is equal to null, nor unequal: whoever writes it means `known`.
fn never_null(ast: &Ast) -> Result<(), ExprError> {
    if ast.kind == Kind::Null {
        let message = "a comparison with null is never true; write known(x) or not known(x)";
        return Err(ExprError::new(ast.at.clone(), message.to_owned()));
    }
    Ok(())
}

/// The candidate most like `word`, if one is nearly it.
pub(in crate::domain) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let near = word.len().max(3).div_ceil(3);
    let scored = candidates.filter(|c| c.len().abs_diff(word.len()) <= near).map(|c| (distance(word, c), c));
    scored.min().filter(|(distance, _)| *distance <= near).map(|(_, best)| best)
}

/// Edit distance, bounded to words of some 40 characters.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 40 || b.len() > 40 {
        return usize::MAX / 4;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = if x == *y { diagonal } else { 1 + diagonal.min(row[j]).min(row[j + 1]) };
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}
