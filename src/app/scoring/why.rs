//! What moved a score, in words: the measures whose points changed most, with their readings then and now.

use crate::app::methodology::InForce;
use crate::db::scores::Score;
use crate::domain::health::{Explained, Readings};
use crate::domain::methodology::Evaluation;
use crate::domain::value::Value;

/// One measure's part in a change of the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The measure's name.
    pub name: String,
    /// Points it gives now less points it gave then.
    pub points: f64,
    /// Its reading then.
    pub before: Value,
    /// Its reading now.
    pub now: Value,
}

impl Change {
    /// "Daily active users 62 → 21".
    pub fn words(&self) -> String {
        format!("{} {} → {}", self.name, figure(&self.before), figure(&self.now))
    }
}

/// A reading for people: at most one decimal, none where there is nothing behind the point.
pub fn figure(value: &Value) -> String {
    match value {
        Value::Null => "no data".to_owned(),
        Value::Number(n) => {
            // Adding zero turns -0.0 into 0.0.
            let text = format!("{:.1}", (n * 10.0).round() / 10.0 + 0.0);
            text.strip_suffix(".0").unwrap_or(&text).to_owned()
        }
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Text(word) => word.to_string(),
    }
}

/// What changed between two sets of readings of the same methodology, the largest change of points first.
pub fn changes(in_force: &InForce, before: &Readings, now: &Readings) -> Vec<Change> {
    let health = &in_force.methodology.health;
    let (was, is) = (in_force.methodology.explain(before), in_force.methodology.explain(now));
    let (Some(model), true) = (is.primary, is.primary == was.primary) else { return Vec::new() };
    let nodes = &health.models[model].nodes;
    let points = |explained: &Explained, at: usize| explained.models[model].nodes[at].gained;
    let mut changes: Vec<Change> = nodes
        .iter()
        .enumerate()
        .filter_map(|(at, node)| {
            let indicator = node.indicator?;
            let id = &health.indicators[indicator].id;
            let reading = |r: &Readings| r.of.get(indicator, id).map_or(Value::Null, |r| r.value.clone());
            Some(Change {
                name: node.name.to_string(),
                points: points(&is, at) - points(&was, at),
                before: reading(before),
                now: reading(now),
            })
        })
        .filter(|change| change.points.abs() >= 0.5)
        .collect();
    changes.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
    changes
}

/// The line that stands beside an account: its movement and the causes, or what costs it most.
pub(super) fn line(in_force: &InForce, evaluation: &Evaluation, before: Option<&Score>) -> String {
    let Some(score) = evaluation.health.health else {
        return "No score yet: none of its measures has data.".to_owned();
    };
    let caps: Vec<&str> =
        evaluation.health.caps.iter().filter(|cap| cap.lowered).map(|cap| &*cap.why).collect();
    let mut causes: Vec<String> = Vec::new();
    let health = &in_force.methodology.health;
    let mut movement = match set_by_hand(in_force, evaluation) {
        Some(words) => words,
        None => format!("Score {}", health.shown(score)),
    };
    if !evaluation.health.is_set()
        && let Some((before, was)) = before.and_then(|b| Some((b, b.score?)))
    {
        let days = (evaluation.as_of - before.day).num_days();
        if (score - was).abs() >= 3.0 {
            movement = format!("Score {} → {} in {days} days", health.shown(was), health.shown(score));
            if before.version == in_force.version
                && let Some(readings) = before.readings(&in_force.methodology)
            {
                let wanted = |change: &&Change| (change.points > 0.0) == (score > was);
                let all = changes(in_force, &readings, &evaluation.readings);
                causes.extend(all.iter().filter(wanted).take(2).map(Change::words));
            }
        }
    }
    if causes.is_empty() {
        causes.extend(costliest(in_force, evaluation));
    }
    causes.extend(caps.iter().map(|why| (*why).to_owned()));
    if causes.is_empty() { format!("{movement}.") } else { format!("{movement}: {}", causes.join(", ")) }
}

/// The two measures that cost the most points, when they cost enough to matter.
fn costliest(in_force: &InForce, evaluation: &Evaluation) -> Vec<String> {
    let health = &in_force.methodology.health;
    let Some(model) = evaluation.health.primary else { return Vec::new() };
    let mut leaves: Vec<(f64, String)> = health.models[model]
        .nodes
        .iter()
        .zip(&evaluation.health.models[model].nodes)
        .filter_map(|(node, score)| {
            let indicator = node.indicator?;
            let reading = evaluation.readings.of.get(indicator, &health.indicators[indicator].id)?;
            Some((score.lost, format!("{} at {}", node.name, figure(&reading.value))))
        })
        .filter(|(lost, _)| *lost >= 5.0)
        .collect();
    leaves.sort_by(|a, b| b.0.total_cmp(&a.0));
    leaves.into_iter().take(2).map(|(_, words)| words).collect()
}

/// "Set to Green by hand, the model says Yellow at 64".
fn set_by_hand(in_force: &InForce, evaluation: &Evaluation) -> Option<String> {
    let (health, said) = (&in_force.methodology.health, &evaluation.health);
    let name = |band: Option<usize>| band.map_or("nothing", |at| &*health.bands[at].name);
    let set = match (said.overridden, said.band_set) {
        (Some(score), _) => health.shown(score).to_string(),
        (None, Some(band)) => health.bands[band].name.to_string(),
        (None, None) => return None,
    };
    Some(match said.computed {
        Some(score) => {
            format!(
                "Set to {set} by hand, the model says {} at {}",
                name(said.band_computed),
                health.shown(score)
            )
        }
        None => format!("Set to {set} by hand, the model has no data"),
    })
}
