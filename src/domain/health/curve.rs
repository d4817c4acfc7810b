//! Curves: how a reading becomes a score of 0–100.

use super::super::Id;
use super::super::value::Val;

/// A scoring function. Null stays null.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// The first matching step wins.
    Steps(Box<[Step]>),
    /// A score per value of an enumeration; a value not listed has none.
    Map(Box<[(Id, f64)]>),
    /// From 0 at `zero` straight to 100 at `full`, clamped; `zero` above `full` means lower is better.
    Linear {
        /// The reading that scores 0.
        zero: f64,
        /// The reading that scores 100.
        full: f64,
    },
}

/// One step of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Readings it takes; none takes all that are left.
    pub bound: Option<Bound>,
    /// The score it gives, 0–100.
    pub score: f64,
    /// What it is called, as `ind.<id>.label`.
    pub label: Option<Id>,
}

/// One side of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// This or more (`from`).
    From(f64),
    /// More than this (`above`).
    Above(f64),
    /// This or less (`upto`).
    Upto(f64),
    /// Less than this (`below`).
    Below(f64),
}

/// A score and the label of the step that gave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored<'a> {
    /// 0–100.
    pub score: f64,
    /// Position of the step, for a curve of steps.
    pub step: Option<u16>,
    /// The step's label.
    pub label: Option<&'a str>,
}

/// What is wrong with a curve, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CurveError(pub String);

impl Bound {
    /// Whether a reading lies within.
    pub fn takes(self, n: f64) -> bool {
        match self {
            Self::From(b) => n >= b,
            Self::Above(b) => n > b,
            Self::Upto(b) => n <= b,
            Self::Below(b) => n < b,
        }
    }

    /// The figure of the bound.
    pub fn figure(self) -> f64 {
        match self {
            Self::From(b) | Self::Above(b) | Self::Upto(b) | Self::Below(b) => b,
        }
    }
}

impl Curve {
    /// The score of a reading.
    pub fn score(&self, reading: Val<'_>) -> Option<Scored<'_>> {
        let plain = |score| Scored { score, step: None, label: None };
        match self {
            Self::Steps(steps) => {
                let n = reading.as_number()?;
                let i = steps.iter().position(|s| s.bound.is_none_or(|bound| bound.takes(n)))?;
                Some(Scored { score: steps[i].score, step: Some(i as u16), label: steps[i].label.as_deref() })
            }
            Self::Map(map) => {
                let key = match reading {
                    Val::Text(t) => t,
                    Val::Bool(true) => "true",
                    Val::Bool(false) => "false",
                    _ => return None,
                };
                map.iter().find(|(value, _)| **value == *key).map(|(_, score)| plain(*score))
            }
            Self::Linear { zero, full } => {
                let share = (reading.as_number()? - zero) / (full - zero);
                Some(plain((100.0 * share).clamp(0.0, 100.0)))
            }
        }
    }

    /// Checks that scores are within 0–100, steps are in order and a last step takes the rest.
    ///
    /// # Errors
    /// Says what is out of order.
    pub fn check(&self) -> Result<(), CurveError> {
        let error = |text: String| Err(CurveError(text));
        let scores: Vec<f64> = match self {
            Self::Steps(steps) => steps.iter().map(|s| s.score).collect(),
            Self::Map(map) => map.iter().map(|(_, score)| *score).collect(),
            Self::Linear { zero, full } if zero == full => {
                return error("`zero` and `full` must differ".to_owned());
            }
            Self::Linear { .. } => return Ok(()),
        };
        if scores.is_empty() {
            return error("there is no score".to_owned());
        }
        if let Some(score) = scores.iter().find(|s| !(0.0..=100.0).contains(*s)) {
            return error(format!("the score {score} is not within 0 to 100"));
        }
        if let Self::Steps(steps) = self { ordered(steps) } else { Ok(()) }
    }
}

/// Lower bounds must fall, upper bounds must rise, and only the last step may have none.
fn ordered(steps: &[Step]) -> Result<(), CurveError> {
    let error = |text: &str| Err(CurveError(text.to_owned()));
    let Some((last, rest)) = steps.split_last() else { return Ok(()) };
    if rest.iter().any(|s| s.bound.is_none()) {
        return error("steps after one without a bound are never reached");
    }
    if last.bound.is_some() {
        return error("the last step needs no bound, so that every reading has a score");
    }
    let figures = |lower: bool| {
        let of = move |b: &Bound| matches!(b, Bound::From(_) | Bound::Above(_)) == lower;
        rest.iter().filter_map(|s| s.bound).filter(of).map(Bound::figure).collect::<Vec<_>>()
    };
    // Two lower bounds may share a figure only as `above` before `from`, and likewise `below` before `upto`.
    let falls = figures(true).windows(2).all(|w| w[0] >= w[1]);
    let rises = figures(false).windows(2).all(|w| w[0] <= w[1]);
    if falls && rises {
        Ok(())
    } else {
        error("steps are not in order: lower bounds must fall, upper bounds must rise")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(bound: Option<Bound>, score: f64) -> Step {
        Step { bound, score, label: None }
    }

    #[test]
    fn linear() {
        let more = Curve::Linear { zero: 0.0, full: 60.0 };
        let less = Curve::Linear { zero: 10.0, full: 0.0 };
        for (curve, reading, score) in [
            (&more, 30.0, 50.0),
            (&more, 90.0, 100.0),
            (&more, -5.0, 0.0),
            (&less, 4.0, 60.0),
            (&less, 12.0, 0.0),
        ] {
            assert_eq!(curve.score(Val::Number(reading)).unwrap().score, score);
        }
        assert_eq!(more.score(Val::Null), None);
        assert_eq!(more.score(Val::Text("x")), None);
    }

    #[test]
    fn steps_and_maps() {
        let steps = Curve::Steps(
            [step(Some(Bound::Above(80.0)), 100.0), step(Some(Bound::From(60.0)), 75.0), step(None, 25.0)]
                .into(),
        );
        for (reading, score) in [(80.1, 100.0), (80.0, 75.0), (60.0, 75.0), (59.99, 25.0)] {
            assert_eq!(steps.score(Val::Number(reading)).unwrap().score, score);
        }
        let map = Curve::Map([("true".into(), 100.0), ("some".into(), 50.0)].into());
        assert_eq!(map.score(Val::Bool(true)).unwrap().score, 100.0);
        assert_eq!(map.score(Val::Text("some")).unwrap().score, 50.0);
        assert_eq!(map.score(Val::Text("other")), None);
    }

    #[test]
    fn disorder_is_refused() {
        for steps in [
            vec![step(None, 0.0), step(Some(Bound::From(1.0)), 1.0)],
            vec![step(Some(Bound::From(1.0)), 1.0)],
            vec![step(Some(Bound::From(1.0)), 1.0), step(Some(Bound::From(2.0)), 1.0), step(None, 0.0)],
            vec![step(Some(Bound::Upto(2.0)), 1.0), step(Some(Bound::Below(1.0)), 1.0), step(None, 0.0)],
            vec![step(None, 101.0)],
            vec![],
        ] {
            assert!(Curve::Steps(steps.into()).check().is_err());
        }
        let mixed =
            [step(Some(Bound::From(70.0)), 100.0), step(Some(Bound::Below(30.0)), 0.0), step(None, 50.0)];
        assert_eq!(Curve::Steps(mixed.into()).check(), Ok(()));
        assert!(Curve::Linear { zero: 1.0, full: 1.0 }.check().is_err());
    }
}
