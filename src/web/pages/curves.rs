//! Curves for people: as the points of a small chart, and in words.

use crate::domain::health::{Bound, Curve};
use crate::domain::value::Value;
use crate::web::ui::format;

/// The points of a curve: a line with its clamped ends, stairs, or one stair a value.
pub fn points(curve: &Curve) -> Vec<(f64, f64)> {
    match curve {
        Curve::Linear { zero, full } => {
            let rest = (full - zero).abs() * 0.15;
            if zero < full {
                vec![(*zero, 0.0), (*full, 100.0), (full + rest, 100.0)]
            } else {
                vec![(*full, 100.0), (*zero, 0.0), (zero + rest, 0.0)]
            }
        }
        Curve::Steps(steps) => {
            let mut edges: Vec<f64> = steps.iter().filter_map(|s| s.bound.map(Bound::figure)).collect();
            edges.sort_by(f64::total_cmp);
            edges.dedup();
            let (Some(low), Some(high)) = (edges.first().copied(), edges.last().copied()) else {
                return Vec::new();
            };
            let margin = if high > low { (high - low) * 0.3 } else { low.abs().max(1.0) * 0.5 };
            edges.insert(0, low - margin);
            edges.push(high + margin);
            let stair = |pair: &[f64]| {
                let middle = Value::Number(f64::midpoint(pair[0], pair[1]));
                let score = curve.score(middle.as_val())?.score;
                Some([(pair[0], score), (pair[1], score)])
            };
            edges.windows(2).filter_map(stair).flatten().collect()
        }
        Curve::Map(map) => {
            let mut scores: Vec<f64> = map.iter().map(|(_, score)| *score).collect();
            scores.sort_by(f64::total_cmp);
            let stair = |(at, score): (usize, &f64)| [(at as f64 - 0.5, *score), (at as f64 + 0.5, *score)];
            scores.iter().enumerate().flat_map(stair).collect()
        }
    }
}

/// `0 at 0, 100 from 60 on`, `100 from 80, 75 from 60, else 25`, `none 0, strong 100`.
pub fn words(curve: &Curve) -> String {
    let figure = |n: f64| format::decimal(n, 2);
    match curve {
        Curve::Linear { zero, full } if zero < full => {
            format!("0 at {}, 100 from {} on", figure(*zero), figure(*full))
        }
        Curve::Linear { zero, full } => format!("100 up to {}, 0 from {} on", figure(*full), figure(*zero)),
        Curve::Map(map) => {
            let each = map.iter().map(|(value, score)| format!("{value} {}", figure(*score)));
            each.collect::<Vec<_>>().join(", ")
        }
        Curve::Steps(steps) => {
            let each = steps.iter().map(|step| {
                let score = figure(step.score);
                match step.bound {
                    None => format!("else {score}"),
                    Some(Bound::From(n)) => format!("{score} from {}", figure(n)),
                    Some(Bound::Above(n)) => format!("{score} above {}", figure(n)),
                    Some(Bound::Upto(n)) => format!("{score} up to {}", figure(n)),
                    Some(Bound::Below(n)) => format!("{score} below {}", figure(n)),
                }
            });
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::health::Step;

    #[test]
    fn curves_are_said_as_they_score() {
        assert_eq!(words(&Curve::Linear { zero: 0.0, full: 60.0 }), "0 at 0, 100 from 60 on");
        assert_eq!(words(&Curve::Linear { zero: 10.0, full: 0.0 }), "100 up to 0, 0 from 10 on");
        let step = |bound, score| Step { bound, score, label: None };
        let steps = Curve::Steps([step(Some(Bound::From(80.0)), 100.0), step(None, 25.0)].into());
        assert_eq!(words(&steps), "100 from 80, else 25");
        assert_eq!(points(&steps).iter().map(|p| p.1).collect::<Vec<_>>(), [25.0, 25.0, 100.0, 100.0]);
    }

    #[test]
    fn curves_are_drawn_as_they_score() {
        let falling = Curve::Linear { zero: 10.0, full: 0.0 };
        assert_eq!(points(&falling), [(0.0, 100.0), (10.0, 0.0), (11.5, 0.0)]);
        let step = |bound, score| crate::domain::health::Step { bound, score, label: None };
        let steps = Curve::Steps(
            [step(Some(Bound::From(80.0)), 100.0), step(Some(Bound::From(60.0)), 75.0), step(None, 25.0)]
                .into(),
        );
        let drawn = points(&steps);
        assert_eq!(drawn.iter().map(|p| p.1).collect::<Vec<_>>(), [25.0, 25.0, 75.0, 75.0, 100.0, 100.0]);
        assert!(drawn.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let map = Curve::Map([("strong".into(), 100.0), ("none".into(), 0.0)].into());
        assert_eq!(points(&map), [(-0.5, 0.0), (0.5, 0.0), (0.5, 100.0), (1.5, 100.0)]);
    }
}
