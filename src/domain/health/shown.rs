//! How a score is printed: one rule for pages, the lines of reasons and the command line, so that no two of them
//! differ.
//!
//! A score is printed as the nearest whole point. Where that would carry it into another band than its own (69.9,
//! with green from 70 on), it keeps one decimal that stays on its own side: 69.9, and 69.9 for 69.97 as well.

use super::super::expr::round_half_up;
use super::Health;

impl Health {
    /// The figure to print for a score or a part of one, 0–100: whole, or with one decimal beside a bound of a band.
    /// Print it with `{}`; differences between printed figures add up to the eye.
    pub fn shown(&self, score: f64) -> f64 {
        let band = self.band_of(score);
        let whole = round_half_up(score, 0);
        if self.band_of(whole) == band {
            whole
        } else {
            // A tenth that would itself be printed as a whole point is no figure to print.
            let stays = |tenth: f64| self.band_of(round_half_up(tenth, 0)) != band;
            self.tenth(score, |tenth| self.band_of(tenth) == band && stays(tenth))
        }
    }

    /// A score in tenths, for sums that add up to it: the nearest tenth that prints as the score does.
    pub fn shown_tenths(&self, score: f64) -> i64 {
        let shown = self.shown(score);
        (self.tenth(score, |tenth| self.shown(tenth) == shown) * 10.0).round() as i64
    }

    /// The nearest tenth that holds, or the one on the other side of the score.
    fn tenth(&self, score: f64, holds: impl Fn(f64) -> bool) -> f64 {
        let below = (score * 10.0 + 1e-6).floor();
        let (near, far) =
            if score * 10.0 - below < 0.5 { (below, below + 1.0) } else { (below + 1.0, below) };
        if holds(near / 10.0) || !holds(far / 10.0) { near / 10.0 } else { far / 10.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Band, Bound};
    use super::*;

    fn health(bounds: &[Option<Bound>]) -> Health {
        let band = |bound: &Option<Bound>| Band {
            id: "b".into(),
            name: "B".into(),
            colour: "red".into(),
            bound: *bound,
            escalate_to: None,
        };
        Health { bands: bounds.iter().map(band).collect(), ..Health::default() }
    }

    #[test]
    fn a_score_never_looks_like_another_band() {
        let from = health(&[Some(Bound::From(70.0)), Some(Bound::From(40.0)), None]);
        let above = health(&[Some(Bound::Above(70.0)), None]);
        for (health, score, text, tenths) in [
            (&from, 61.5, "62", 615),
            (&from, 61.46, "61", 614),
            (&from, 61.04, "61", 610),
            (&from, 69.4, "69", 694),
            (&from, 69.5, "69.5", 695),
            (&from, 69.9, "69.9", 699),
            (&from, 69.97, "69.9", 699),
            (&from, 70.0, "70", 700),
            (&from, 70.04, "70", 700),
            (&from, 39.95, "39.9", 399),
            (&from, 100.0, "100", 1000),
            (&from, 0.0, "0", 0),
            (&above, 70.0, "70", 700),
            (&above, 70.04, "70.1", 701),
            (&above, 70.4, "70.4", 704),
        ] {
            assert_eq!(
                (health.shown(score).to_string().as_str(), health.shown_tenths(score)),
                (text, tenths),
                "{score}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_near_and_of_the_same_band(score in 0.0..=100.0_f64) {
            let health = health(&[Some(Bound::From(80.0)), Some(Bound::Above(60.0)), Some(Bound::From(33.3)), None]);
            let score = health.rounded(score);
            let shown = health.shown(score);
            proptest::prop_assert_eq!(health.band_of(shown), health.band_of(score));
            proptest::prop_assert!((shown - score).abs() <= 0.5 + 1e-6);
            let tenths = health.shown_tenths(score) as f64 / 10.0;
            proptest::prop_assert_eq!(health.shown(tenths), shown);
            proptest::prop_assert!((tenths - score).abs() <= 0.1 + 1e-6);
        }
    }
}
