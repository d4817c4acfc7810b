//! Evaluating checked expressions for one account.

use std::cell::{Cell, RefCell};

use chrono::NaiveDate;

use super::super::calendar::add_days;
use super::super::facts::{Facts, InputId, Series, between, up_to};
use super::super::health::Scored;
use super::super::value::Val;
use super::super::value_model::{self, ValueModel, ValueScore};
use super::{Arithmetic, Builtin, Comparison, Expr, Fold, Node, SeriesOf};

/// The parts of a methodology that names may lead to.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) struct Program<'a> {
    /// Per input: how it is derived where no value is stored.
    pub(in crate::domain) from: &'a [Option<Expr>],
    pub(in crate::domain) value_models: &'a [ValueModel],
    /// The input that [`Facts::seats`] stands in for.
    pub(in crate::domain) seats: Option<InputId>,
}

/// What is known of an account besides its inputs; filled in the order of `Level`.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::domain) struct Builtins<'a> {
    pub(in crate::domain) day: Option<i64>,
    pub(in crate::domain) days_to_renewal: Option<i64>,
    pub(in crate::domain) renewal_open: Option<bool>,
    pub(in crate::domain) segment: Option<&'a str>,
    pub(in crate::domain) stage: Option<&'a str>,
    pub(in crate::domain) health: Option<f64>,
    pub(in crate::domain) band: Option<&'a str>,
}

/// One account on one day, as expressions see it. Derived inputs and value models are worked out once, on demand.
pub struct Scope<'a> {
    pub(super) facts: &'a Facts,
    program: Program<'a>,
    pub(in crate::domain) known: Builtins<'a>,
    /// Per indicator: its score and the label of its step.
    pub(in crate::domain) indicators: Vec<Option<Scored<'a>>>,
    /// Per model: its score.
    pub(in crate::domain) scores: Vec<Option<f64>>,
    derived: Vec<Cell<Option<Val<'a>>>>,
    worked_out: RefCell<Vec<Option<ValueScore>>>,
}

impl<'a> Scope<'a> {
    pub(in crate::domain) fn new(program: Program<'a>, facts: &'a Facts) -> Self {
        Self {
            facts,
            program,
            known: Builtins::default(),
            indicators: Vec::new(),
            scores: Vec::new(),
            derived: vec![Cell::new(None); program.from.len()],
            worked_out: RefCell::new(Vec::new()),
        }
    }

    /// The value of a checked expression's tree; `locals` are the names of its surroundings.
    pub(super) fn eval(&self, node: &'a Node, locals: &[Val<'a>]) -> Val<'a> {
        match node {
            Node::Null => Val::Null,
            Node::Bool(b) => Val::Bool(*b),
            Node::Number(n) => Val::Number(*n),
            Node::Text(t) => Val::Text(t),
            Node::Input(id) => self.input(*id),
            Node::Measure(id) => Val::maybe(self.facts.measure(*id)),
            Node::Builtin(builtin) => self.builtin(*builtin),
            Node::IndicatorScore(i) => Val::maybe(self.indicator(*i).map(|s| s.score)),
            Node::IndicatorLabel(i) => self.indicator(*i).and_then(|s| s.label).map_or(Val::Null, Val::Text),
            Node::ModelScore(i) => Val::maybe(self.scores.get(usize::from(*i)).copied().flatten()),
            Node::Outcome(model, result) => self.outcome(usize::from(*model), usize::from(*result)),
            Node::Local(i) => locals.get(usize::from(*i)).copied().unwrap_or_default(),
            Node::Not(a) => self.eval(a, locals).as_bool().map_or(Val::Null, |b| Val::Bool(!b)),
            Node::Negate(a) => self.map(a, locals, |n| -n),
            Node::And(a, b) => self.both(a, b, locals, false),
            Node::Or(a, b) => self.both(a, b, locals, true),
            Node::Compare(op, a, b) => compare(*op, self.eval(a, locals), self.eval(b, locals)),
            Node::Arithmetic(op, a, b) => arithmetic(*op, self.eval(a, locals), self.eval(b, locals)),
            Node::In(a, items) => self.is_in(a, items, locals),
            Node::Coalesce(a, b) => {
                let first = self.eval(a, locals);
                if first.is_null() { self.eval(b, locals) } else { first }
            }
            Node::Known(a) => Val::Bool(!self.eval(a, locals).is_null()),
            Node::Abs(a) => self.map(a, locals, f64::abs),
            Node::Round(a, decimals) => self.map(a, locals, |n| round_half_up(n, u32::from(*decimals))),
            Node::Extreme(fold, items) => self.extreme(*fold, items, locals),
            Node::Count(..)
            | Node::DaysWith(..)
            | Node::DaysSince(_)
            | Node::Gauge(..)
            | Node::DropPct(..) => Val::maybe(self.over_time(node)),
        }
    }

    fn builtin(&self, builtin: Builtin) -> Val<'a> {
        let whole = |n: Option<i64>| Val::maybe(n.map(|n| n as f64));
        match builtin {
            Builtin::Arr => Val::maybe(self.facts.arr),
            Builtin::TermMonths => Val::maybe(self.facts.term_months.map(f64::from)),
            Builtin::Day => whole(self.known.day),
            Builtin::DaysToRenewal => whole(self.known.days_to_renewal),
            Builtin::RenewalOpen => self.known.renewal_open.map_or(Val::Null, Val::Bool),
            Builtin::Segment => self.known.segment.map_or(Val::Null, Val::Text),
            Builtin::Stage => self.known.stage.map_or(Val::Null, Val::Text),
            Builtin::Health => Val::maybe(self.known.health),
            Builtin::Band => self.known.band.map_or(Val::Null, Val::Text),
        }
    }

    fn indicator(&self, i: u16) -> Option<Scored<'a>> {
        self.indicators.get(usize::from(i)).copied().flatten()
    }

    /// An input's current value: the stored one, else the derived one.
    pub(in crate::domain) fn input(&self, id: InputId) -> Val<'a> {
        let stored = self.facts.series(id).current(self.facts.as_of);
        if !stored.is_null() {
            return stored;
        }
        let i = usize::from(id.0);
        match self.program.from.get(i) {
            Some(Some(from)) => {
                if let Some(known) = self.derived[i].get() {
                    return known;
                }
                let value = self.eval(from.node(), &[]);
                self.derived[i].set(Some(value));
                value
            }
            _ if self.program.seats == Some(id) => Val::maybe(self.facts.seats),
            _ => Val::Null,
        }
    }

    fn outcome(&self, model: usize, result: usize) -> Val<'a> {
        let known = self.worked_out.borrow().get(model).and_then(Option::as_ref).map(|w| w.results[result].1);
        let value = known.unwrap_or_else(|| {
            let score = self.value_model(model);
            let value = score.results[result].1;
            let mut all = self.worked_out.borrow_mut();
            all.resize(self.program.value_models.len(), None);
            all[model] = Some(score);
            value
        });
        Val::maybe(value)
    }

    /// Works a value model out.
    pub(in crate::domain) fn value_model(&self, model: usize) -> ValueScore {
        value_model::work_out(
            &self.program.value_models[model],
            |expr, locals| self.eval(expr.node(), locals),
            self,
        )
    }

    fn map(&self, a: &'a Node, locals: &[Val<'a>], f: impl Fn(f64) -> f64) -> Val<'a> {
        Val::maybe(self.eval(a, locals).as_number().map(f))
    }

    /// Kleene's and/or: the deciding value wins even over null.
    fn both(&self, a: &'a Node, b: &'a Node, locals: &[Val<'a>], deciding: bool) -> Val<'a> {
        let left = self.eval(a, locals).as_bool();
        if left == Some(deciding) {
            return Val::Bool(deciding);
        }
        match (left, self.eval(b, locals).as_bool()) {
            (_, Some(right)) if right == deciding => Val::Bool(deciding),
            (Some(_), Some(_)) => Val::Bool(!deciding),
            _ => Val::Null,
        }
    }

    /// As SQL's `IN`: true if any item is equal, else null if any item or the value is null.
    fn is_in(&self, a: &'a Node, items: &'a [Node], locals: &[Val<'a>]) -> Val<'a> {
        let value = self.eval(a, locals);
        let mut unknown = false;
        for item in items {
            match compare(Comparison::Equal, value, self.eval(item, locals)) {
                Val::Bool(true) => return Val::Bool(true),
                Val::Null => unknown = true,
                _ => {}
            }
        }
        if unknown { Val::Null } else { Val::Bool(false) }
    }

    fn extreme(&self, fold: Fold, items: &'a [Node], locals: &[Val<'a>]) -> Val<'a> {
        let mut best: Option<f64> = None;
        for item in items {
            let Some(n) = self.eval(item, locals).as_number() else { return Val::Null };
            best = Some(best.map_or(n, |b| if fold == Fold::Highest { b.max(n) } else { b.min(n) }));
        }
        Val::maybe(best)
    }

    fn over_time(&self, node: &Node) -> Option<f64> {
        let as_of = self.facts.as_of;
        match *node {
            Node::Count(id, days) => self.count(id, days, as_of),
            Node::DaysWith(id, days) => {
                let (mut different, mut last) = (0_u32, None);
                for (date, n) in between(self.events(id), add_days(as_of, -i64::from(days))?, as_of) {
                    if *n > 0.0 && last != Some(date) {
                        (different, last) = (different + 1, Some(date));
                    }
                }
                Some(f64::from(different))
            }
            Node::DaysSince(id) => Some((as_of - self.facts.series(id).last_date(as_of)?).num_days() as f64),
            Node::Gauge(fold, series, days) => self.fold(fold, series, days, as_of),
            Node::DropPct(series, days) => {
                let previous = self.level(series, days, add_days(as_of, -i64::from(days))?)?;
                let current = self.level(series, days, as_of)?;
                (previous != 0.0).then(|| 100.0 * (previous - current) / previous)
            }
            _ => None,
        }
    }

    fn events(&self, id: InputId) -> &'a [(NaiveDate, f64)] {
        if let Series::Events(rows) = self.facts.series(id) { rows } else { &[] }
    }

    fn count(&self, id: InputId, days: u32, last: NaiveDate) -> Option<f64> {
        Some(between(self.events(id), add_days(last, -i64::from(days))?, last).iter().map(|(_, n)| n).sum())
    }

    /// What `drop_pct` compares: events counted, gauges averaged.
    pub(super) fn level(&self, series: SeriesOf, days: u32, last: NaiveDate) -> Option<f64> {
        match series {
            SeriesOf::Events(id) => self.count(id, days, last),
            _ => self.fold(Fold::Average, series, days, last),
        }
    }

    fn fold(&self, fold: Fold, series: SeriesOf, days: u32, last: NaiveDate) -> Option<f64> {
        let after = add_days(last, -i64::from(days))?;
        match series {
            SeriesOf::Health => {
                folded(fold, between(&self.facts.health_history, after, last).iter().map(|r| r.1), 0)
            }
            SeriesOf::Events(_) => None,
            SeriesOf::Gauge(id) | SeriesOf::Daily(id) => {
                let Series::Gauge(rows) = self.facts.series(id) else {
                    // Silence of an account that does send events is a zero, not a gap.
                    let silent = matches!(series, SeriesOf::Daily(_)) && self.facts.last_event.is_some();
                    return silent.then_some(0.0);
                };
                let numbers = between(rows, after, last).iter().filter_map(|(_, v)| v.as_val().as_number());
                let days_tracked = match (series, up_to(rows, last).first()) {
                    (SeriesOf::Daily(_), Some((first, _))) => (last - *first).num_days() + 1,
                    _ => 0,
                };
                folded(fold, numbers, days_tracked.min(i64::from(days)) as usize)
            }
        }
    }
}

/// Folds numbers, to which zeros are added up to `at_least` of them; none of an empty lot.
fn folded(fold: Fold, numbers: impl Iterator<Item = f64>, at_least: usize) -> Option<f64> {
    let (mut count, mut sum, mut low, mut high) = (0_usize, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    for n in numbers {
        count += 1;
        sum += n;
        low = low.min(n);
        high = high.max(n);
    }
    if count < at_least {
        (count, low, high) = (at_least, low.min(0.0), high.max(0.0));
    }
    (count > 0).then(|| match fold {
        Fold::Average => sum / count as f64,
        Fold::Highest => high,
        Fold::Lowest => low,
    })
}

fn compare<'a>(op: Comparison, a: Val<'a>, b: Val<'a>) -> Val<'a> {
    let holds = match (a, b) {
        (Val::Number(a), Val::Number(b)) => {
            // 100 · (0.95 + 0.29) / 1 is 124, and not more than it.
            let (a, b) = (without_noise(a), without_noise(b));
            match op {
                Comparison::Equal => a == b,
                Comparison::Unequal => a != b,
                Comparison::Less => a < b,
                Comparison::AtMost => a <= b,
                Comparison::More => a > b,
                Comparison::AtLeast => a >= b,
            }
        }
        (Val::Null, _) | (_, Val::Null) => return Val::Null,
        // Stored values of a type the input does not have are as good as missing.
        (Val::Text(_), Val::Number(_) | Val::Bool(_)) | (Val::Number(_) | Val::Bool(_), Val::Text(_)) => {
            return Val::Null;
        }
        (a, b) => match op {
            Comparison::Equal => a == b,
            Comparison::Unequal => a != b,
            _ => return Val::Null,
        },
    };
    Val::Bool(holds)
}

fn arithmetic<'a>(op: Arithmetic, a: Val<'a>, b: Val<'a>) -> Val<'a> {
    let (Some(a), Some(b)) = (a.as_number(), b.as_number()) else { return Val::Null };
    // A division by zero is not finite, and therefore null.
    Val::number(match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
    })
}

/// Rounds half up (towards plus infinity), after float noise beyond six decimals is removed.
pub(in crate::domain) fn round_half_up(n: f64, decimals: u32) -> f64 {
    let scale = 10_f64.powi(decimals.min(6) as i32);
    if !(n * scale).is_finite() {
        return n;
    }
    (without_noise(n * scale) + 0.5).floor() / scale
}

/// The number to six decimals.
pub(in crate::domain) fn without_noise(n: f64) -> f64 {
    let scaled = n * 1e6;
    if scaled.abs() < 9e15 { scaled.round() / 1e6 } else { n }
}
