//! From an explained score to what pages print of it: the waterfall, the rows of measures, the way up.

use chrono::NaiveDate;

use super::health::{ComponentRow, MeasureRow};
use super::load::{Scored, Subject};
use crate::app::scoring::figure;
use crate::domain::expr::Expr;
use crate::domain::health::{CapHeld, Curve, ModelScore, Node, NodeScore, Reading};
use crate::domain::methodology::{Input, InputType, Methodology};
use crate::domain::value::Value;
use crate::web::pages::curves::points;
use crate::web::ui::charts::{CurveDot, Step, Waterfall};
use crate::web::ui::{Notice, Tone, format};

/// Measures that cost less than this share one step of the waterfall.
const LITTLE: f64 = 0.5;
/// Derived inputs are followed this deep to the series behind them.
const CHAIN: usize = 8;

/// The leaves of the primary model: position of the node, node, and what became of it.
pub fn leaves(scored: &Scored) -> impl Iterator<Item = (usize, &Node, &NodeScore)> {
    let primary = scored.explained.primary;
    let health = &scored.in_force.methodology.health;
    let nodes = primary.and_then(|at| health.models.get(at)).map_or(&[][..], |model| &model.nodes);
    let scores = primary.and_then(|at| scored.explained.models.get(at)).map_or(&[][..], |m| &m.nodes);
    let all = nodes.iter().zip(scores).enumerate().map(|(at, (node, score))| (at, node, score));
    all.filter(|(_, node, _)| node.indicator.is_some())
}

/// The score of the primary model.
pub fn primary(scored: &Scored) -> Option<&ModelScore> {
    scored.explained.models.get(scored.explained.primary?)
}

/// What an indicator read.
pub fn reading<'s>(scored: &'s Scored, node: &Node) -> Option<&'s Reading> {
    let at = node.indicator?;
    scored.readings.of.get(at, &scored.in_force.methodology.health.indicators[at].id)
}

/// How bad it is to score this much of a hundred; on old data it is never good.
pub fn tone_of(scored: &Scored, node: &NodeScore) -> Tone {
    let health = &scored.in_force.methodology.health;
    let band = node.score.and_then(|score| health.band_of(health.rounded(score)));
    band_tone(scored, band, node.stale)
}

/// The tone of a band; none for a good one that rests on old or thin data.
pub fn band_tone(scored: &Scored, band: Option<usize>, stale: bool) -> Tone {
    let tone = band.map_or(Tone::None, |band| Tone::parse(scored.in_force.tone(band).word()));
    if stale && tone == Tone::Good { Tone::None } else { tone }
}

/// The name of a measure's row in URLs.
pub fn anchor(node: &Node) -> String {
    format!("measure-{}", node.id)
}

/// From a hundred to what the model says, dearest first. What a person set stands beside it, never in it.
pub fn waterfall(scored: &Scored) -> Option<Waterfall> {
    let score = primary(scored)?.score?;
    let mut costly: Vec<(&Node, &NodeScore)> =
        leaves(scored).map(|(_, node, score)| (node, score)).filter(|(_, s)| s.lost >= LITTLE).collect();
    costly.sort_by(|a, b| b.1.lost.total_cmp(&a.1.lost));
    let mut costs: Vec<f64> = costly.iter().map(|(_, score)| score.lost).collect();
    let rest = 100.0 - score - costs.iter().sum::<f64>();
    if rest >= 0.05 {
        costs.push(rest);
    }
    let health = &scored.in_force.methodology.health;
    let shown = health.shown_tenths(score);
    let tenths = tenths(&costs, 1_000 - shown);
    let mut steps: Vec<Step> = costly
        .iter()
        .map(|(node, score)| Step {
            name: node.name.to_string(),
            href: Some(format!("#{}", anchor(node))),
            cost: score.lost,
            tone: tone_of(scored, score),
            text: String::new(),
        })
        .collect();
    if costs.len() > steps.len() {
        let name = "All other measures".to_owned();
        steps.push(Step { name, href: None, cost: rest, tone: Tone::None, text: String::new() });
    }
    for (step, tenths) in steps.iter_mut().zip(tenths) {
        step.text = format::points(-(tenths as f64) / 10.0);
    }
    let band = scored.explained.band_computed;
    let tone = band_tone(scored, band, scored.row.stale);
    let name = band.map_or("not banded", |at| &*health.bands[at].name);
    Some(Waterfall::new(steps, score, &format!("{:.1}", shown as f64 / 10.0), name, tone))
}

/// Costs in tenths of a point, rounded so that they add up to a whole: where that takes a nudge, it goes to the
/// costs whose rounding went furthest the other way.
fn tenths(costs: &[f64], whole: i64) -> Vec<i64> {
    let mut out: Vec<i64> = costs.iter().map(|cost| (cost * 10.0).round() as i64).collect();
    let missing = whole - out.iter().sum::<i64>();
    let residue = |at: &usize| (costs[*at] * 10.0 - (costs[*at] * 10.0).round()) * missing.signum() as f64;
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|a, b| residue(b).total_cmp(&residue(a)));
    for at in
        order.into_iter().cycle().take(if costs.is_empty() { 0 } else { missing.unsigned_abs() as usize })
    {
        out[at] += missing.signum();
    }
    out
}

/// One sentence about what the model says: the band and the components that cost most, or the cap that holds it.
pub fn verdict(scored: &Scored) -> String {
    let said = what_it_says(scored);
    if scored.explained.is_set() && !said.is_empty() {
        format!("The model says: {}", lower_first(&said))
    } else {
        said
    }
}

fn what_it_says(scored: &Scored) -> String {
    let (health, explained) = (&scored.in_force.methodology.health, &scored.explained);
    let bands = &health.bands;
    let (Some(score), Some(band)) = (explained.computed, explained.band_computed) else {
        return String::new();
    };
    let name = &bands[band].name;
    if let Some(cap) = explained.caps.iter().filter(|cap| cap.lowered).max_by_key(|cap| cap.at_most) {
        let would = health.band_of(score).map_or("", |at| &*bands[at].name);
        let why = lower_first(&cap.why);
        return format!("{name}, although {} points would be {would}: {why}.", health.shown(score));
    }
    let mut costs: Vec<(&str, f64)> = top_nodes(scored)
        .into_iter()
        .map(|(node, score)| (&*node.name, score.lost))
        .filter(|(_, lost)| *lost >= 1.0)
        .collect();
    costs.sort_by(|a, b| b.1.total_cmp(&a.1));
    let points = |lost: f64| lost.round();
    let at = format!("{name} at {}", health.shown(score));
    match costs.as_slice() {
        [] => format!("{at}: nothing costs it a point worth naming."),
        [(first, lost)] => format!("{at}: {first} cost {} points.", points(*lost)),
        [(first, lost), (second, also), ..] => {
            format!("{at}: {first} cost {} points and {second} {}.", points(*lost), points(*also))
        }
    }
}

pub(super) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn top_nodes(scored: &Scored) -> Vec<(&Node, &NodeScore)> {
    let Some(at) = scored.explained.primary else { return Vec::new() };
    let nodes = &scored.in_force.methodology.health.models[at].nodes;
    nodes.iter().zip(&scored.explained.models[at].nodes).filter(|(node, _)| node.parent.is_none()).collect()
}

/// Caps in force, as notices.
pub fn caps(scored: &Scored) -> Vec<Notice> {
    let bands = &scored.in_force.methodology.health.bands;
    let notice = |cap: &CapHeld| {
        let band = &bands[cap.at_most].name;
        let tone =
            if cap.lowered { Tone::parse(scored.in_force.tone(cap.at_most).word()) } else { Tone::None };
        // A band that a person set stands above the caps, which then speak of the model.
        let title = match (cap.lowered, scored.explained.band_set.is_some()) {
            (true, false) => format!("Held at {band}."),
            (true, true) => format!("The model is held at {band}."),
            (false, _) => format!("{band} at best."),
        };
        Notice::new(tone, &title, &format!("{}.", cap.why.trim_end_matches('.')))
    };
    scored.explained.caps.iter().map(notice).collect()
}

/// Components in the model's order, each with the measures below it.
pub fn components(subject: &Subject, scored: &Scored) -> Vec<ComponentRow> {
    let Some(at) = scored.explained.primary else { return Vec::new() };
    let nodes = &scored.in_force.methodology.health.models[at].nodes;
    let mut rows: Vec<ComponentRow> = Vec::new();
    for (node, score) in nodes.iter().zip(&scored.explained.models[at].nodes) {
        if node.parent.is_none() {
            rows.push(ComponentRow {
                name: node.name.to_string(),
                weight: format::percent(score.asked, 0),
                score: score.score.map_or_else(
                    || "no data".to_owned(),
                    |s| format!("{} of 100", scored.in_force.methodology.health.shown(s)),
                ),
                tone: tone_of(scored, score),
                points: format!(
                    "{} of {}",
                    format::decimal(score.gained, 1),
                    format::decimal(score.given * 100.0, 1)
                ),
                measures: Vec::new(),
            });
        }
        if let (Some(row), Some(indicator)) = (rows.last_mut(), node.indicator) {
            row.measures.push(measure(subject, scored, node, score, indicator));
        }
    }
    rows
}

fn measure(
    subject: &Subject,
    scored: &Scored,
    node: &Node,
    score: &NodeScore,
    indicator: usize,
) -> MeasureRow {
    let methodology = &scored.in_force.methodology;
    let indicator = &methodology.health.indicators[indicator];
    let read = reading(scored, node).cloned().unwrap_or_default();
    let as_of = scored.readings.as_of;
    let (metric, days) = behind(methodology, &indicator.value, 0);
    let tone = tone_of(scored, score);
    let text = figure(&read.value);
    let label = match score.score {
        Some(points) => format!("A reading of {text} gives {} of 100", format::decimal(points, 1)),
        None => "No reading".to_owned(),
    };
    MeasureRow {
        anchor: anchor(node),
        name: node.name.to_string(),
        what: what(methodology, &indicator.value),
        reading: text,
        unit: if read.value.is_null() { String::new() } else { unit_of(methodology, &indicator.value) },
        window: window(&read, days, as_of),
        curve: CurveDot::new(
            &points(&indicator.curve),
            spot(&indicator.curve, &read.value, score),
            tone,
            &label,
        ),
        weight_asked: format::percent(score.asked, 1),
        weight_given: format::percent(score.given, 1),
        gained: format::points(score.gained),
        lost: format::points(-score.lost),
        tone,
        fresh: read.date.map_or_else(String::new, |date| format::days_from(date, as_of)),
        wanted: subject
            .wanted_within(methodology, &indicator.value)
            .map_or_else(String::new, |days| format!("wanted within {}", format::count(days.into(), "day"))),
        mark: match (read.value.is_null(), read.stale) {
            (true, _) => Some("no data".to_owned()),
            (_, true) => Some("stale".to_owned()),
            _ => None,
        },
        href: metric.map(|input| format!("{}#metric-{}", subject.href("usage"), input.name)),
    }
}

fn window(read: &Reading, days: u32, as_of: NaiveDate) -> String {
    match (read.date, days) {
        (None, _) => String::new(),
        (Some(_), 1..) => {
            format!("{} to {}", format::count(days.into(), "day"), format::date_near(as_of, as_of))
        }
        (Some(date), 0) => format!("as of {}", format::date_near(date, as_of)),
    }
}

/// What is read, in the words of the pack: the formula, or the name of the one input.
fn what(methodology: &Methodology, value: &Expr) -> String {
    match methodology.input(value.text()) {
        Some(input) => match methodology.derivation(input.id) {
            Some(from) => from.text().to_owned(),
            None => input.label.to_string(),
        },
        None => value.text().to_owned(),
    }
}

pub(super) fn unit_of(methodology: &Methodology, value: &Expr) -> String {
    match methodology.input(value.text()) {
        Some(Input { unit: Some(unit), .. }) => unit.to_string(),
        Some(Input { ty: InputType::Percent, .. }) => "%".to_owned(),
        _ => String::new(),
    }
}

/// The least number of days after which anything behind an expression is stale, by `days` of each input; none when
/// nothing goes stale.
pub(super) fn fresh_within(
    methodology: &Methodology,
    value: &Expr,
    days: &dyn Fn(&Input) -> Option<u32>,
    depth: usize,
) -> Option<u32> {
    let of = |input: &Input| {
        let from = methodology.derivation(input.id).filter(|_| depth < CHAIN);
        let deeper = from.and_then(|from| fresh_within(methodology, from, days, depth + 1));
        days(input).into_iter().chain(deeper).min()
    };
    let used = value.uses().iter().filter_map(|used| methodology.inputs().get(usize::from(used.input.0)));
    used.filter_map(of).min()
}

/// The first series behind an expression, and the longest look-back in days.
fn behind<'m>(methodology: &'m Methodology, value: &Expr, depth: usize) -> (Option<&'m Input>, u32) {
    let (mut first, mut days) = (None, 0);
    for used in value.uses() {
        let Some(input) = methodology.inputs().get(usize::from(used.input.0)) else { continue };
        days = days.max(used.days);
        let from = methodology.derivation(input.id).filter(|_| depth < CHAIN);
        let found = match from {
            Some(from) => {
                let (found, deeper) = behind(methodology, from, depth + 1);
                days = days.max(deeper);
                found
            }
            None => input.metric().map(|_| input),
        };
        first = first.or(found);
    }
    (first, days)
}

/// The values of a map, worst first.
fn ranked(curve: &Curve) -> Vec<(&str, f64)> {
    let Curve::Map(map) = curve else { return Vec::new() };
    let mut values: Vec<(&str, f64)> = map.iter().map(|(value, score)| (&**value, *score)).collect();
    values.sort_by(|a, b| a.1.total_cmp(&b.1));
    values
}

fn spot(curve: &Curve, value: &Value, score: &NodeScore) -> Option<(f64, f64)> {
    let x = match (curve, value) {
        (Curve::Map(_), value) => {
            let word = value.to_string();
            ranked(curve).iter().position(|(known, _)| *known == word)? as f64
        }
        (_, Value::Number(n)) => *n,
        _ => return None,
    };
    Some((x, score.score?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_costs_still_add_up() {
        let costs = [12.34, 8.46, 4.449, 0.751];
        let score: f64 = 100.0 - costs.iter().sum::<f64>();
        let whole = 1_000 - crate::domain::health::Health::default().shown_tenths(score);
        assert_eq!(tenths(&costs, whole).iter().sum::<i64>(), whole);
        assert_eq!(tenths(&[13.333, 13.333, 13.334], 400), [133, 133, 134]);
        assert_eq!(tenths(&[], 0), Vec::<i64>::new());
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_adds_up_to_the_last_digit(
            costs in proptest::collection::vec(0.0..9.0_f64, 1..11),
        ) {
            let score = 100.0 - costs.iter().sum::<f64>();
            let shown = crate::domain::health::Health::default().shown_tenths(score);
            let printed = tenths(&costs, 1_000 - shown);
            proptest::prop_assert_eq!(printed.iter().sum::<i64>() + shown, 1_000);
            for (cost, tenths) in costs.iter().zip(printed) {
                proptest::prop_assert!((cost * 10.0 - tenths as f64).abs() <= 2.0, "{} {}", cost, tenths);
            }
        }
    }
}
