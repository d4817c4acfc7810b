//! From an explained score to what pages print of it: the waterfall, the rows of measures, the way up.

use chrono::NaiveDate;

use super::health::{ComponentRow, MeasureRow, PathUp};
use super::load::{Scored, Subject};
use crate::app::scoring::figure;
use crate::domain::expr::Expr;
use crate::domain::health::{Curve, ModelScore, Need, Node, NodeScore, Reading};
use crate::domain::methodology::{Input, InputType, Methodology};
use crate::domain::value::Value;
use crate::web::pages::curves::points;
use crate::web::pages::wording::whole;
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

/// How bad it is to score this much of a hundred.
pub fn tone_of(scored: &Scored, score: Option<f64>) -> Tone {
    let health = &scored.in_force.methodology.health;
    let band = score.and_then(|score| health.band_of(health.rounded(score)));
    band.map_or(Tone::None, |band| Tone::parse(scored.in_force.tone(band).word()))
}

/// The name of a measure's row in URLs.
pub fn anchor(node: &Node) -> String {
    format!("measure-{}", node.id)
}

/// From a hundred to the score of the model, dearest first.
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
    let shown = shown_tenths(score);
    let tenths = tenths(&costs, 1_000 - shown);
    let mut steps: Vec<Step> = costly
        .iter()
        .map(|(node, score)| Step {
            name: node.name.to_string(),
            href: Some(format!("#{}", anchor(node))),
            cost: score.lost,
            tone: tone_of(scored, score.score),
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
    let band = scored.explained.band.map(|at| &scored.in_force.methodology.health.bands[at]);
    let tone = scored.explained.band.map_or(Tone::None, |at| Tone::parse(scored.in_force.tone(at).word()));
    let name = band.map_or("not banded", |band| &band.name);
    Some(Waterfall::new(steps, score, &format!("{:.1}", shown as f64 / 10.0), name, tone))
}

/// The score in tenths of a point, rounded, but never up into the next whole point.
fn shown_tenths(score: f64) -> i64 {
    let rounded = (score * 10.0).round() as i64;
    if rounded / 10 > whole(score) as i64 { (score * 10.0 + 1e-6).floor() as i64 } else { rounded }
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

/// One sentence: the band and the components that cost most, or the cap that holds it.
pub fn verdict(scored: &Scored) -> String {
    let explained = &scored.explained;
    let bands = &scored.in_force.methodology.health.bands;
    let (Some(health), Some(band)) = (explained.health, explained.band) else { return String::new() };
    let name = &bands[band].name;
    if let Some(cap) = explained.caps.iter().filter(|cap| cap.lowered).max_by_key(|cap| cap.at_most) {
        let would = explained.band_by_score.map_or("", |at| &*bands[at].name);
        let why = lower_first(&cap.why);
        return format!("{name}, although {} points would be {would}: {why}.", whole(health));
    }
    let mut costs: Vec<(&str, f64)> = top_nodes(scored)
        .into_iter()
        .map(|(node, score)| (&*node.name, score.lost))
        .filter(|(_, lost)| *lost >= 1.0)
        .collect();
    costs.sort_by(|a, b| b.1.total_cmp(&a.1));
    let points = |lost: f64| lost.round();
    let at = format!("{name} at {}", whole(health));
    match costs.as_slice() {
        [] => format!("{at}: nothing costs it a point worth naming."),
        [(first, lost)] => format!("{at}: {first} cost {} points.", points(*lost)),
        [(first, lost), (second, also), ..] => {
            format!("{at}: {first} cost {} points and {second} {}.", points(*lost), points(*also))
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn top_nodes(scored: &Scored) -> Vec<(&Node, &NodeScore)> {
    let Some(at) = scored.explained.primary else { return Vec::new() };
    let nodes = &scored.in_force.methodology.health.models[at].nodes;
    nodes.iter().zip(&scored.explained.models[at].nodes).filter(|(node, _)| node.parent.is_none()).collect()
}

/// Caps in force and a score set by hand, as notices.
pub fn caps(scored: &Scored) -> Vec<Notice> {
    let bands = &scored.in_force.methodology.health.bands;
    let mut notices = Vec::new();
    if let (Some(set), Some(model)) = (scored.explained.overridden, primary(scored).and_then(|m| m.score)) {
        let title = format!("Set by hand to {}.", whole(set));
        notices.push(Notice::new(Tone::Watch, &title, &format!("The measures say {}.", whole(model))));
    }
    notices.extend(scored.explained.caps.iter().map(|cap| {
        let band = &bands[cap.at_most].name;
        let tone =
            if cap.lowered { Tone::parse(scored.in_force.tone(cap.at_most).word()) } else { Tone::None };
        let title = match cap.lowered {
            true => format!("Held at {band}."),
            false => format!("{band} at best."),
        };
        Notice::new(tone, &title, &format!("{}.", cap.why.trim_end_matches('.')))
    }));
    notices
}

/// The band worth reaching: the worst one that is good, or the one above where the account is.
fn goal(scored: &Scored) -> Option<usize> {
    let now = scored.explained.band?;
    let bands = scored.in_force.methodology.health.bands.len();
    let good =
        (0..bands).rev().find(|band| scored.in_force.tone(*band) == crate::app::methodology::Tone::Good);
    good.filter(|good| *good < now)
}

/// The name of the band worth reaching, and what it would take.
pub fn path_up(scored: &Scored) -> (String, Vec<PathUp>) {
    let health = &scored.in_force.methodology.health;
    let Some(goal) = goal(scored) else { return (String::new(), Vec::new()) };
    let mut steps: Vec<PathUp> = scored
        .explained
        .caps
        .iter()
        .filter(|cap| cap.at_most > goal)
        .map(|cap| PathUp {
            text: format!("No longer: {}", lower_first(&cap.why)),
            gain: String::new(),
            note: format!("holds the band at {} whatever the score", health.bands[cap.at_most].name),
        })
        .collect();
    let Some(score) = primary(scored).and_then(|model| model.score) else { return (String::new(), steps) };
    let capped = !steps.is_empty();
    let improvements = health.what_would_it_take(&scored.explained, goal);
    let alone = improvements.iter().any(|one| one.alone.is_some());
    let mut reached = score;
    let enough = |score: f64| health.band_of(health.rounded(score)).is_some_and(|band| band <= goal);
    let mut sorted: Vec<_> = improvements.iter().collect();
    sorted.sort_by_key(|one| one.alone.is_none());
    for one in sorted.into_iter().filter(|one| one.alone.is_some() == alone).take(5) {
        let indicator = &health.indicators[one.indicator];
        let full = indicator.curve.reading_for(100.0);
        let Some(need) = one.alone.as_ref().or(full.as_ref()) else { continue };
        let now = scored.readings.of.get(one.indicator, &indicator.id).map(|r| &r.value);
        let unit = unit_of(&scored.in_force.methodology, &indicator.value);
        let now = now.map_or_else(|| "no data".to_owned(), |value| with_unit(&figure(value), &unit));
        let text = format!("{} from {now} to {}", indicator.name, need_text(need, &unit, &indicator.curve));
        if alone {
            let note = if capped { "alone enough for the score" } else { "alone enough" };
            steps.push(PathUp { text, gain: String::new(), note: note.to_owned() });
            continue;
        }
        let done = enough(reached);
        if done {
            break;
        }
        reached += one.available;
        let together =
            if steps.iter().any(|step| !step.gain.is_empty()) { "with those above" } else { "alone" };
        let note = format!("reaches {} {together}", whole(reached.min(100.0)));
        steps.push(PathUp { text, gain: format::points(one.available), note });
    }
    (health.bands[goal].name.to_string(), steps)
}

fn need_text(need: &Need, unit: &str, curve: &Curve) -> String {
    let falls = matches!(curve, Curve::Linear { zero, full } if zero > full);
    let number = |n: f64| {
        let tenth = if falls { (n * 10.0 + 1e-6).floor() } else { (n * 10.0 - 1e-6).ceil() };
        with_unit(&format::decimal(tenth / 10.0, 1), unit)
    };
    match need {
        Need::Figure(n) => number(*n),
        Need::Above(n) => format!("more than {}", with_unit(&format::decimal(*n, 1), unit)),
        Need::Below(n) => format!("less than {}", with_unit(&format::decimal(*n, 1), unit)),
        Need::OneOf(values) => values.iter().map(|v| &**v).collect::<Vec<_>>().join(" or "),
    }
}

fn with_unit(figure: &str, unit: &str) -> String {
    if unit == "%" && figure != "no data" { format!("{figure}\u{2009}%") } else { figure.to_owned() }
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
                score: score.score.map_or_else(|| "no data".to_owned(), |s| format!("{} of 100", whole(s))),
                tone: tone_of(scored, score.score),
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
    let tone = tone_of(scored, score.score);
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

fn unit_of(methodology: &Methodology, value: &Expr) -> String {
    match methodology.input(value.text()) {
        Some(Input { unit: Some(unit), .. }) => unit.to_string(),
        Some(Input { ty: InputType::Percent, .. }) => "%".to_owned(),
        _ => String::new(),
    }
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
        let whole = 1_000 - shown_tenths(score);
        assert_eq!(tenths(&costs, whole).iter().sum::<i64>(), whole);
        assert_eq!(tenths(&[13.333, 13.333, 13.334], 400), [133, 133, 134]);
        assert_eq!((shown_tenths(41.17), shown_tenths(69.97), shown_tenths(70.0)), (412, 699, 700));
        assert_eq!(tenths(&[], 0), Vec::<i64>::new());
    }
}
