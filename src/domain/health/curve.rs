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
#[error("{message}")]
pub struct CurveError {
    /// What is wrong.
    pub message: String,
    /// Position of the step or value it is about; none when it is about all of them.
    pub at: Option<usize>,
}

impl CurveError {
    fn new(at: Option<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
    }
}

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

    /// Checks that scores are within 0–100, every step can be reached and a last one takes the rest.
    ///
    /// # Errors
    /// Says what is out of order.
    pub fn check(&self) -> Result<(), CurveError> {
        let scores: Vec<f64> = match self {
            Self::Steps(steps) => steps.iter().map(|s| s.score).collect(),
            Self::Map(map) => map.iter().map(|(_, score)| *score).collect(),
            Self::Linear { zero, full } if zero == full => {
                return Err(CurveError::new(None, "`zero` and `full` must differ"));
            }
            Self::Linear { .. } => return Ok(()),
        };
        if scores.is_empty() {
            return Err(CurveError::new(None, "there is no score"));
        }
        if let Some(i) = scores.iter().position(|s| !(0.0..=100.0).contains(s)) {
            return Err(CurveError::new(Some(i), format!("the score {} is not within 0 to 100", scores[i])));
        }
        if let Self::Steps(steps) = self { reachable(steps) } else { Ok(()) }
    }
}

/// A cut between the numbers: just below a figure, or just above it.
type Cut = (f64, bool);

/// Every step takes readings that none before it does, and the last takes all that are left.
fn reachable(steps: &[Step]) -> Result<(), CurveError> {
    // What is left is always one stretch: lower bounds take its upper part, upper bounds its lower one.
    let (mut low, mut high): (Cut, Cut) = ((f64::NEG_INFINITY, false), (f64::INFINITY, true));
    for (i, step) in steps.iter().enumerate() {
        let takes_some = match step.bound {
            Some(Bound::From(b)) => lower(&mut high, (b, false)),
            Some(Bound::Above(b)) => lower(&mut high, (b, true)),
            Some(Bound::Upto(b)) => raise(&mut low, (b, true)),
            Some(Bound::Below(b)) => raise(&mut low, (b, false)),
            None => true,
        };
        let something_left = low < high;
        match (step.bound, i + 1 == steps.len()) {
            (None, false) => {
                return Err(CurveError::new(
                    Some(i + 1),
                    "steps after one without a bound are never reached",
                ));
            }
            (Some(_), true) => {
                let message = "the last step needs no bound, so that every reading has a score";
                return Err(CurveError::new(Some(i), message));
            }
            (None, true) if something_left => {}
            (Some(_), false) if takes_some => {}
            _ => {
                let message = "this step is never reached: those before it take all its readings \
                    (lower bounds fall from step to step, upper bounds rise)";
                return Err(CurveError::new(Some(i), message));
            }
        }
    }
    Ok(())
}

/// Takes what is above a cut from a stretch's end; whether that is anything.
fn lower(high: &mut Cut, cut: Cut) -> bool {
    let some = cut < *high;
    if some {
        *high = cut;
    }
    some
}

/// Takes what is below a cut from a stretch's beginning; whether that is anything.
fn raise(low: &mut Cut, cut: Cut) -> bool {
    let some = cut > *low;
    if some {
        *low = cut;
    }
    some
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
            vec![step(Some(Bound::From(1.0)), 1.0), step(Some(Bound::From(1.0)), 2.0), step(None, 0.0)],
            vec![step(Some(Bound::From(10.0)), 1.0), step(Some(Bound::Below(50.0)), 2.0), step(None, 0.0)],
            vec![step(Some(Bound::Upto(10.0)), 1.0), step(Some(Bound::Above(10.0)), 2.0), step(None, 0.0)],
            vec![step(None, 101.0)],
            vec![],
        ] {
            assert!(Curve::Steps(steps.into()).check().is_err());
        }
        let mixed =
            [step(Some(Bound::From(70.0)), 100.0), step(Some(Bound::Below(30.0)), 0.0), step(None, 50.0)];
        assert_eq!(Curve::Steps(mixed.into()).check(), Ok(()));
        let edge = [step(Some(Bound::Above(5.0)), 1.0), step(Some(Bound::From(5.0)), 2.0), step(None, 0.0)];
        assert_eq!(Curve::Steps(edge.into()).check(), Ok(()));
        assert!(Curve::Linear { zero: 1.0, full: 1.0 }.check().is_err());
    }
}
