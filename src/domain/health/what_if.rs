//! What would it take to reach the next band?

use super::{Bound, Curve, Explained, Health, ModelScore};

/// What one indicator could add to the account's score.
#[derive(Debug, Clone, PartialEq)]
pub struct Improvement {
    /// Position of the indicator.
    pub indicator: usize,
    /// Position of its node in the primary model.
    pub node: usize,
    /// Points it would add at a score of 100.
    pub available: f64,
    /// What it has to read for the next band while all else stays, if it can get there alone.
    pub alone: Option<Need>,
}

/// A reading to be reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// This figure or better (higher, or lower where lower is better).
    Figure(f64),
    /// More than this figure.
    Above(f64),
    /// Less than this figure.
    Below(f64),
    /// One of these values of an enumeration.
    OneOf(Vec<super::super::Id>),
}

impl Health {
    /// Per leaf of the primary model, most to gain first: the points available and what would reach the band at
    /// position `band` alone. Empty when there is no score, or the score already gives that band.
    pub fn what_would_it_take(&self, explained: &Explained, band: usize) -> Vec<Improvement> {
        let Some((primary, score)) = explained
            .primary
            .and_then(|i| Some((i, explained.models.get(i)?)))
            .filter(|(_, m)| m.score.is_some())
        else {
            return Vec::new();
        };
        let Some(goal) = self.least_score(band).filter(|goal| score.score < Some(*goal)) else {
            return Vec::new();
        };
        let model = &self.models[primary];
        let leaves = model.nodes.iter().enumerate().filter_map(|(i, node)| Some((i, node.indicator?)));
        let mut found: Vec<Improvement> = leaves
            .filter(|(node, _)| score.nodes[*node].lost > 0.0)
            .map(|(node, indicator)| Improvement {
                indicator,
                node,
                available: score.nodes[node].lost,
                alone: self.alone(score, node, indicator, goal),
            })
            .collect();
        found.sort_by(|a, b| b.available.total_cmp(&a.available));
        found
    }

    /// The band better than the account's, if there is one that a score can give.
    pub fn next_band(&self, explained: &Explained) -> Option<usize> {
        explained.band_by_score?.checked_sub(1)
    }

    /// The least exact score that gives a band, after rounding (half up).
    fn least_score(&self, band: usize) -> Option<f64> {
        let half = self.round.map_or(0.0, |decimals| 0.5 / 10_f64.powi(decimals.min(6) as i32));
        let step = self.round.map_or(1e-6, |decimals| 1.0 / 10_f64.powi(decimals.min(6) as i32));
        match self.bands.get(band)?.bound? {
            Bound::From(bound) => Some(bound - half),
            Bound::Above(bound) => Some(bound + step - half),
            Bound::Upto(_) | Bound::Below(_) => None,
        }
    }

    fn alone(&self, score: &ModelScore, node: usize, indicator: usize, goal: f64) -> Option<Need> {
        let leaf = &score.nodes[node];
        let missing = goal - score.score?;
        let wanted = leaf.score? + missing / leaf.given;
        (wanted <= 100.0 + 1e-9).then(|| self.indicators[indicator].curve.reading_for(wanted.min(100.0)))?
    }
}

impl Curve {
    /// The reading nearest to the worse end that scores at least `wanted`.
    pub fn reading_for(&self, wanted: f64) -> Option<Need> {
        match self {
            Self::Linear { zero, full } => Some(Need::Figure(zero + (full - zero) * wanted / 100.0)),
            Self::Map(map) => {
                let good: Vec<_> =
                    map.iter().filter(|(_, s)| *s >= wanted - 1e-9).map(|(v, _)| v.clone()).collect();
                (!good.is_empty()).then_some(Need::OneOf(good))
            }
            Self::Steps(steps) => {
                let enough = steps.iter().filter(|s| s.score >= wanted - 1e-9);
                let least = enough.min_by(|a, b| a.score.total_cmp(&b.score))?;
                match least.bound {
                    Some(Bound::From(n) | Bound::Upto(n)) => Some(Need::Figure(n)),
                    Some(Bound::Above(n)) => Some(Need::Above(n)),
                    Some(Bound::Below(n)) => Some(Need::Below(n)),
                    // The last step takes what no bound before it does: past the nearest of them.
                    None => match steps.iter().rev().find_map(|s| s.bound)? {
                        Bound::From(n) => Some(Need::Below(n)),
                        Bound::Above(n) | Bound::Below(n) => Some(Need::Figure(n)),
                        Bound::Upto(n) => Some(Need::Above(n)),
                    },
                }
            }
        }
    }
}
