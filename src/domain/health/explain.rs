//! From readings to scores, with a reason for each point.

use super::super::expr::{round_half_up, without_noise};
use super::{
    ByIndicator, CapHeld, Confidence, Explained, Health, Model, ModelScore, NodeScore, Readings, Scored,
};

/// Coverage below this, or a stale share above it, makes a score thin.
const HALF: f64 = 0.5;

impl Health {
    /// Each indicator's score.
    pub(in crate::domain) fn score_indicators(&self, of: &ByIndicator) -> Vec<Option<Scored<'_>>> {
        let score = |(i, indicator): (usize, &'_ super::Indicator)| {
            of.get(i, &indicator.id).map(|reading| (i, reading))
        };
        let scored = self.indicators.iter().enumerate().map(score);
        scored
            .map(|found| found.and_then(|(i, r)| self.indicators[i].curve.score(r.value.as_val())))
            .collect()
    }

    /// Each model's score.
    pub(in crate::domain) fn score_models(
        &self,
        of: &ByIndicator,
        scored: &[Option<Scored<'_>>],
    ) -> Vec<ModelScore> {
        let stale = |i: usize| of.get(i, &self.indicators[i].id).is_some_and(|r| r.stale);
        self.models.iter().map(|model| self.score_model(model, scored, &stale)).collect()
    }

    fn score_model(
        &self,
        model: &Model,
        scored: &[Option<Scored<'_>>],
        stale: &dyn Fn(usize) -> bool,
    ) -> ModelScore {
        let n = model.nodes.len();
        let parent = |i: usize| model.nodes[i].parent.map_or(n, usize::from);
        let mut nodes: Vec<NodeScore> = model.nodes.iter().map(|_| NodeScore::none()).collect();
        // Upwards: a branch is the mean of its children with data. The last entry stands for the model itself.
        let (mut weights, mut sums) = (vec![0.0; n + 1], vec![0.0; n + 1]);
        for i in (0..n).rev() {
            let node = &model.nodes[i];
            let found = &mut nodes[i];
            if let Some(indicator) = node.indicator {
                let score = scored.get(indicator).copied().flatten();
                found.score = score.map(|s| s.score);
                found.step = score.and_then(|s| s.step);
                found.stale = score.is_some() && stale(indicator);
            } else if weights[i] > 0.0 {
                found.score = Some(sums[i] / weights[i]);
            }
            let (score, is_stale) = (found.score, found.stale);
            let up = parent(i);
            if let Some(score) = score {
                weights[up] += node.weight;
                sums[up] += node.weight * score;
            }
            if is_stale && up < n {
                nodes[up].stale = true;
            }
        }
        // Downwards: the share of the whole, as asked and as given to those with data.
        let (mut coverage, mut stale_share) = (0.0, 0.0);
        for i in 0..n {
            let (node, up) = (&model.nodes[i], parent(i));
            let (asked, given) = if up < n { (nodes[up].asked, nodes[up].given) } else { (1.0, 1.0) };
            let found = &mut nodes[i];
            found.asked = asked * node.weight;
            // Without weight among those with data there is nothing to give: a weight of 0 beside none with data.
            if let Some(score) = found.score.filter(|_| weights[up] > 0.0) {
                found.given = given * node.weight / weights[up];
                found.gained = found.given * score;
                found.lost = found.given * 100.0 - found.gained;
            }
            if node.indicator.is_some() && found.score.is_some() {
                coverage += found.asked;
                stale_share += if found.stale { found.given } else { 0.0 };
            }
        }
        let score = (weights[n] > 0.0).then(|| without_noise(sums[n] / weights[n]));
        let (coverage, stale_share) = (without_noise(coverage), without_noise(stale_share));
        let confidence = match score {
            None => Confidence::None,
            Some(_) if coverage < HALF || stale_share > HALF => Confidence::Thin,
            Some(_) => Confidence::Full,
        };
        let rounded = score.map(|s| self.rounded(s));
        ModelScore { id: model.id.clone(), score, rounded, coverage, stale_share, confidence, nodes }
    }

    /// A score as the methodology rounds it.
    pub fn rounded(&self, score: f64) -> f64 {
        match self.round {
            Some(decimals) => round_half_up(score, decimals),
            None => without_noise(score),
        }
    }

    /// Position of the band of a rounded score.
    pub fn band_of(&self, score: f64) -> Option<usize> {
        self.bands.iter().position(|band| band.bound.is_none_or(|bound| bound.takes(score)))
    }

    /// The account's health from its models' scores and what else the readings say.
    pub(in crate::domain) fn conclude(&self, models: Vec<ModelScore>, readings: &Readings) -> Explained {
        let primary =
            readings.primary.as_deref().and_then(|id| self.models.iter().position(|model| *model.id == *id));
        let computed = primary.and_then(|i| models.get(i)?.rounded);
        let overridden = readings.set.map(|score| self.rounded(score));
        let health = overridden.or(computed);
        let band_by_score = health.and_then(|score| self.band_of(score));
        let noted = readings.caps.iter().filter_map(|note| {
            let at_most = self.bands.iter().position(|band| *band.id == *note.at_most)?;
            let lowered = band_by_score.is_some_and(|band| band < at_most);
            Some(CapHeld { why: (*note.why).into(), at_most, lowered })
        });
        let caps: Vec<CapHeld> = noted.collect();
        let held = |band: usize| caps.iter().fold(band, |band, cap| band.max(cap.at_most));
        let band_computed = computed.and_then(|score| self.band_of(score)).map(held);
        let band_set =
            readings.set_band.as_deref().and_then(|id| self.bands.iter().position(|band| *band.id == *id));
        let band = band_set.or_else(|| band_by_score.map(held));
        let confidence = match (overridden, primary) {
            (Some(_), _) => Confidence::Full,
            (None, Some(i)) => models[i].confidence,
            (None, None) => Confidence::None,
        };
        Explained {
            models,
            primary,
            health,
            overridden,
            band,
            band_set,
            computed,
            band_computed,
            band_by_score,
            caps,
            confidence,
        }
    }
}

impl NodeScore {
    fn none() -> Self {
        Self { score: None, asked: 0.0, given: 0.0, gained: 0.0, lost: 0.0, stale: false, step: None }
    }
}
