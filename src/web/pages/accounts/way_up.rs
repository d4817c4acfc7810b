//! What it would take to be green, in words.

use super::health::PathUp;
use super::load::Scored;
use super::reasons::{lower_first, primary, unit_of};
use crate::app::scoring::figure;
use crate::domain::health::{Curve, Need};
use crate::web::ui::format;

/// The band worth reaching: the worst one that is good, or the one above where the account is.
fn goal(scored: &Scored) -> Option<usize> {
    let now = scored.explained.band_computed?;
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
        let note = format!("reaches {} {together}", health.shown(reached.min(100.0)));
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
