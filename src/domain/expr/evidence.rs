//! What made a condition true: the comparisons that hold, in words and figures.

use serde::{Deserialize, Serialize};

use super::super::calendar::add_days;
use super::super::methodology::Methodology;
use super::super::value::{Val, Value};
use super::{Arithmetic, Builtin, Comparison, Expr, Fold, Node, Scope, SeriesOf};

/// One comparison that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was looked at, such as "Logins over 30 days".
    pub what: String,
    /// Its value.
    pub value: Value,
    /// For a fall from one window to the next, or from one figure to another: the figure before, and now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fall: Option<(f64, f64)>,
    /// Whether the value of a fall is the plain difference, rather than per cent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
    /// What it was held against, such as "at least 30"; empty for what is simply true.
    pub test: String,
}

impl Evidence {
    /// In one sentence, such as "Logins fell 30 % over 30 days: 300 → 210".
    pub fn line(&self) -> String {
        match (&self.value, self.fall) {
            (Value::Number(drop), Some((before, now))) => {
                let sign = if self.plain { "" } else { " %" };
                format!("{} fell {}{sign}: {} → {}", self.what, figure(*drop), figure(before), figure(now))
            }
            (Value::Bool(true), _) if self.test.is_empty() => self.what.clone(),
            (Value::Bool(false), _) if self.test.is_empty() => format!("not: {}", self.what),
            (value, _) => {
                let value = match value {
                    Value::Number(n) => figure(*n),
                    Value::Null => "nothing known".to_owned(),
                    other => other.to_string(),
                };
                // "Band: red (is red)" says nothing twice.
                if self.test.is_empty() || self.test == format!("is {value}") {
                    format!("{}: {value}", self.what)
                } else {
                    format!("{}: {value} ({})", self.what, self.test)
                }
            }
        }
    }
}

impl Expr {
    /// The comparisons that make it true; none when it does not hold.
    pub fn evidence<'a>(&'a self, scope: &Scope<'a>, methodology: &Methodology) -> Vec<Evidence> {
        let mut found = Vec::new();
        if self.holds(scope) {
            Walk { scope, methodology, found: &mut found }.of(self.node());
        }
        found
    }
}

struct Walk<'a, 'w> {
    scope: &'w Scope<'a>,
    methodology: &'w Methodology,
    found: &'w mut Vec<Evidence>,
}

impl<'a> Walk<'a, '_> {
    fn holds(&self, node: &'a Node) -> bool {
        self.scope.eval(node, &[]).as_bool() == Some(true)
    }

    /// Adds what makes a node true.
    fn of(&mut self, node: &'a Node) {
        match node {
            Node::And(a, b) => {
                self.of(a);
                self.of(b);
            }
            Node::Or(a, b) => {
                for side in [a, b] {
                    if self.holds(side) {
                        self.of(side);
                    }
                }
            }
            Node::Compare(op, a, b) => self.compared(*op, a, b),
            Node::Not(a) => {
                let what = self.phrase(a);
                self.found.push(Evidence {
                    what,
                    value: Value::Bool(false),
                    fall: None,
                    plain: false,
                    test: String::new(),
                });
            }
            Node::In(a, items) => {
                let items: Vec<String> = items.iter().map(|item| self.phrase(item)).collect();
                self.add(a, format!("one of {}", items.join(", ")));
            }
            other => self.add(other, String::new()),
        }
    }

    fn compared(&mut self, op: Comparison, a: &'a Node, b: &'a Node) {
        let is_plain = |node: &Node| matches!(node, Node::Number(_) | Node::Bool(_) | Node::Text(_));
        // `3 < x` reads better as `x > 3`.
        let (op, a, b) = if is_plain(a) && !is_plain(b) { (op.turned(), b, a) } else { (op, a, b) };
        if let (Comparison::Equal, Node::Bool(truth)) = (op, b)
            && *truth
        {
            return self.add(a, String::new());
        }
        let against = match self.scope.eval(b, &[]) {
            Val::Number(n) => figure(n),
            Val::Null => "nothing".to_owned(),
            other => other.to_value().to_string(),
        };
        let against = if is_plain(b) { against } else { format!("{}, {against}", self.phrase(b)) };
        self.add(a, format!("{} {against}", op.words()));
    }

    fn add(&mut self, node: &'a Node, test: String) {
        let value = self.scope.eval(node, &[]).to_value();
        let (what, fall, plain) = match (node, &value) {
            (Node::DropPct(series, days), _) => (self.phrase(node), self.fall(*series, *days), false),
            // How far one figure is below another.
            (Node::Arithmetic(Arithmetic::Subtract, before, now), Value::Number(n)) if *n > 0.0 => {
                let figure = |side: &'a Node| self.scope.eval(side, &[]).as_number();
                match (figure(before), figure(now)) {
                    (Some(was), Some(is)) => {
                        let what =
                            format!("{} (against {})", self.phrase(now), lowered(&self.phrase(before)));
                        (what, Some((was, is)), true)
                    }
                    _ => (self.phrase(node), None, false),
                }
            }
            _ => (self.phrase(node), None, false),
        };
        self.found.push(Evidence { what, value, fall, plain, test });
    }

    fn fall(&self, series: SeriesOf, days: u32) -> Option<(f64, f64)> {
        let as_of = self.scope.facts.as_of;
        let before = self.scope.level(series, days, add_days(as_of, -i64::from(days))?)?;
        Some((before, self.scope.level(series, days, as_of)?))
    }

    /// What a node is about, for people.
    fn phrase(&self, node: &Node) -> String {
        let m = self.methodology;
        let input = |id: super::super::facts::InputId| {
            m.inputs().get(usize::from(id.0)).map_or_else(String::new, |input| input.label.to_string())
        };
        let series = |of: &SeriesOf| match of {
            SeriesOf::Gauge(id) | SeriesOf::Daily(id) | SeriesOf::Events(id) => input(*id),
            SeriesOf::Health => "Health score".to_owned(),
        };
        match node {
            Node::Null => "nothing".to_owned(),
            Node::Bool(b) => if *b { "yes" } else { "no" }.to_owned(),
            Node::Number(n) => figure(*n),
            Node::Text(text) => text.to_string(),
            Node::Input(id) => input(*id),
            Node::Measure(id) => {
                m.measures().get(usize::from(id.0)).map_or_else(String::new, ToString::to_string)
            }
            Node::Builtin(builtin) => builtin.words().to_owned(),
            Node::IndicatorScore(i) | Node::IndicatorLabel(i) => {
                m.health.indicators.get(usize::from(*i)).map_or_else(String::new, |i| i.name.to_string())
            }
            Node::ModelScore(i) => {
                m.health.models.get(usize::from(*i)).map_or_else(String::new, |model| model.name.to_string())
            }
            Node::Outcome(model, result) => {
                m.value_models.get(usize::from(*model)).map_or_else(String::new, |v| {
                    v.results.get(usize::from(*result)).map_or_else(String::new, |r| r.id.replace('_', " "))
                })
            }
            Node::Local(_) => "it".to_owned(),
            Node::Not(a) => format!("not {}", self.phrase(a)),
            Node::Negate(a) => format!("−{}", self.phrase(a)),
            Node::And(a, b) => format!("{} and {}", self.phrase(a), self.phrase(b)),
            Node::Or(a, b) => format!("{} or {}", self.phrase(a), self.phrase(b)),
            Node::Compare(op, a, b) => format!("{} {} {}", self.phrase(a), op.words(), self.phrase(b)),
            Node::Arithmetic(op, a, b) => format!("{} {} {}", self.phrase(a), op.sign(), self.phrase(b)),
            Node::In(a, _) => self.phrase(a),
            Node::Count(id, days) => format!("{} in {days} days", input(*id)),
            Node::DaysWith(id, days) => format!("Days with {} in {days} days", input(*id)),
            Node::DaysSince(id) => format!("Days since {}", input(*id)),
            Node::Gauge(fold, of, days) => format!("{} {} over {days} days", fold.words(), series(of)),
            Node::DropPct(of, days) => format!("{} over {days} days", series(of)),
            Node::Coalesce(a, _) | Node::Abs(a) | Node::Round(a, _) => self.phrase(a),
            Node::Known(a) => format!("{} is known", self.phrase(a)),
            Node::Extreme(fold, items) => {
                let items: Vec<String> = items.iter().map(|item| self.phrase(item)).collect();
                format!("{} of {}", fold.words(), items.join(", "))
            }
        }
    }
}

impl Comparison {
    fn turned(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::More,
            Comparison::AtMost => Comparison::AtLeast,
            Comparison::More => Comparison::Less,
            Comparison::AtLeast => Comparison::AtMost,
            same => same,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Comparison::Equal => "is",
            Comparison::Unequal => "is not",
            Comparison::Less => "below",
            Comparison::AtMost => "at most",
            Comparison::More => "above",
            Comparison::AtLeast => "at least",
        }
    }
}

impl Arithmetic {
    fn sign(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "−",
            Arithmetic::Multiply => "×",
            Arithmetic::Divide => "÷",
        }
    }
}

impl Fold {
    fn words(self) -> &'static str {
        match self {
            Fold::Average => "Average",
            Fold::Highest => "Highest",
            Fold::Lowest => "Lowest",
        }
    }
}

impl Builtin {
    fn words(self) -> &'static str {
        match self {
            Builtin::Arr => "ARR",
            Builtin::TermMonths => "Months of the term",
            Builtin::Day => "Day number",
            Builtin::DaysToRenewal => "Days to renewal",
            Builtin::RenewalOpen => "Renewal is open",
            Builtin::Segment => "Segment",
            Builtin::Stage => "Stage",
            Builtin::Health => "Health score",
            Builtin::Band => "Band",
        }
    }
}

/// With a small first letter, unless it is an abbreviation.
fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// A figure with two decimals at most.
fn figure(n: f64) -> String {
    let rounded = (n * 100.0).round() / 100.0;
    if rounded == 0.0 { "0".to_owned() } else { format!("{rounded}") }
}
