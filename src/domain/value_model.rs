//! Value models: what an account gains and what it pays, and the results drawn from both.

use super::Id;
use super::expr::{Expr, Scope, Target};
use super::value::Val;

/// A compiled value model. Its results see its own names by position: constants, then gains, then costs, then
/// `gain` and `cost`, then the results in order (a result may use those before it); drivers see the constants.
#[derive(Debug, Clone)]
pub struct ValueModel {
    /// Its id; `<id>.<result>` in expressions.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// Named figures of the formulas.
    pub constants: Vec<(Id, f64)>,
    /// What is gained.
    pub gains: Vec<Driver>,
    /// What is paid.
    pub costs: Vec<Driver>,
    /// Names of the groups drivers are summed by.
    pub groups: Vec<Id>,
    /// What is drawn from gain and cost.
    pub results: Vec<Outcome>,
}

/// One line of gain or cost.
#[derive(Debug, Clone)]
pub struct Driver {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// Position of its group.
    pub group: Option<usize>,
    /// What it is worth; null counts as 0.
    pub formula: Expr,
}

/// One result, such as a return in percent.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its id.
    pub id: Id,
    /// How it is computed.
    pub formula: Expr,
    /// What it should reach.
    pub target: Option<Target>,
}

/// A value model worked out for one account or the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueScore {
    /// Each gain; 0 where data is missing.
    pub gains: Vec<(Id, f64)>,
    /// Each cost; 0 where data is missing.
    pub costs: Vec<(Id, f64)>,
    /// Sum per group.
    pub groups: Vec<(Id, f64)>,
    /// Sum of the gains.
    pub gain: f64,
    /// Sum of the costs.
    pub cost: f64,
    /// Each result with whether its target is met, which a missing figure does not; none without a target.
    pub results: Vec<(Id, Option<f64>, Option<bool>)>,
}

/// Works a value model out; `eval` evaluates a formula with the model's own names.
pub(super) fn work_out<'a>(
    model: &'a ValueModel,
    eval: impl Fn(&'a Expr, &[Val<'a>]) -> Val<'a>,
    scope: &Scope<'a>,
) -> ValueScore {
    let mut locals: Vec<Val<'a>> = model.constants.iter().map(|(_, n)| Val::number(*n)).collect();
    let constants = locals.clone();
    let mut sums = vec![0.0; model.groups.len()];
    let mut lines = |drivers: &'a [Driver], locals: &mut Vec<Val<'a>>| -> Vec<(Id, f64)> {
        let mut line = |driver: &'a Driver| {
            let worth = eval(&driver.formula, &constants).as_number().unwrap_or(0.0);
            if let Some(group) = driver.group {
                sums[group] += worth;
            }
            locals.push(Val::number(worth));
            (driver.id.clone(), worth)
        };
        drivers.iter().map(&mut line).collect()
    };
    let gains = lines(&model.gains, &mut locals);
    let costs = lines(&model.costs, &mut locals);
    let total = |lines: &[(Id, f64)]| lines.iter().map(|(_, n)| n).sum::<f64>();
    let (gain, cost) = (total(&gains), total(&costs));
    locals.extend([Val::number(gain), Val::number(cost)]);
    let mut results = Vec::with_capacity(model.results.len());
    for outcome in &model.results {
        let value = eval(&outcome.formula, &locals).as_number();
        locals.push(Val::maybe(value));
        let met = outcome.target.as_ref().and_then(|target| target.met(value, scope));
        results.push((outcome.id.clone(), value, met));
    }
    ValueScore { gains, costs, groups: model.groups.iter().cloned().zip(sums).collect(), gain, cost, results }
}
