//! Weights as a regularised logistic regression would choose them, held against today's on later days.
//!
//! Per model: what each measure lacks (100 less its score) is made comparable (mean 0, deviation 1), and a logistic
//! regression with a ridge penalty (S. le Cessie & J. C. van Houwelingen, Applied Statistics 41, 1992; the fit itself
//! is smartcore's, by L-BFGS) says how much each adds to the odds of a churn. The days of one account repeat one
//! another, so the penalty is as strong as if every account had been seen once: its weight is the mean number of days
//! an account has. A measure that would count the wrong way round is left out and the rest fitted anew. Coefficients
//! per point of score, made to add up to 1, are the suggested weights. A measure without data takes the account's own
//! score of that day, which is what leaving it out amounts to.
//!
//! They are fitted to the earlier days only and judged on the later ones. Between the two lie as many days as the
//! horizon has, so that no outcome of the first part reaches into the second. The days are parted where both sides
//! have the most accounts that churned.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

use super::auc::{self, Auc};
use super::sample::{Leaf, ModelShape, Sample, Samples, distinct};
use super::{MIN_LOST, Settings};

/// Rows weights are fitted to; beyond that days are left out evenly.
const FIT_ROWS: usize = 20_000;

/// What the regression says of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The model's id.
    pub model: String,
    /// Its name.
    pub name: String,
    /// What came of it.
    pub outcome: SuggestionOutcome,
}

impl Suggestion {
    /// Whether there are weights to suggest.
    pub fn has_weights(&self) -> bool {
        matches!(self.outcome, SuggestionOutcome::Weights { .. })
    }
}

/// What came of looking for weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum SuggestionOutcome {
    /// Fewer than five accounts churned on one side, wherever the days are parted.
    TooFew {
        /// Accounts that churned on the earlier side, at the best place to part.
        earlier: usize,
        /// On the later side.
        later: usize,
    },
    /// No measure was lower before a churn than at other times.
    Nothing,
    /// Weights, and how they did on days they were not made from.
    Weights {
        /// Every measure of the model.
        leaves: Vec<SuggestedLeaf>,
        /// On later days.
        test: OutOfTime,
    },
}

/// A measure's weight now and as suggested, as shares of the whole model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuggestedLeaf {
    /// The indicator's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Today's share, 0–1.
    pub today: f64,
    /// The suggested one, 0–1.
    pub suggested: f64,
    /// Share of the account-days on which it had data, 0–1.
    pub with_data: f64,
}

/// How weights did on days they were not made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutOfTime {
    /// The last day that was learnt from.
    pub learnt_to: NaiveDate,
    /// Account-days learnt from.
    pub learnt_days: usize,
    /// Accounts that churned among them.
    pub learnt_lost: usize,
    /// Tested on days after this one.
    pub tested_after: NaiveDate,
    /// Account-days tested on.
    pub tested_days: usize,
    /// Accounts that churned among them.
    pub tested_lost: usize,
    /// Today's weights on the later days.
    pub today: Auc,
    /// The suggested ones.
    pub suggested: Auc,
    /// Days since use.
    pub baseline: Auc,
    /// Suggested less today's.
    pub difference: Auc,
}

/// Looks for weights for every model that gave scores.
pub(super) fn suggest(samples: &Samples, settings: &Settings) -> Vec<Suggestion> {
    let of_model = |(at, model): (usize, &ModelShape)| {
        let days = samples.days().iter().filter(|s| usize::from(s.model) == at && s.score.is_some());
        let days: Vec<&Sample> = days.collect();
        let outcome = (!days.is_empty()).then(|| look(samples, settings, model, &days))?;
        Some(Suggestion { model: model.id.clone(), name: model.name.clone(), outcome })
    };
    samples.models.iter().enumerate().filter_map(of_model).collect()
}

fn look(samples: &Samples, settings: &Settings, model: &ModelShape, days: &[&Sample]) -> SuggestionOutcome {
    let Some(parted) = part(settings, days) else {
        return SuggestionOutcome::TooFew { earlier: 0, later: 0 };
    };
    if parted.earlier.min(parted.later) < MIN_LOST {
        return SuggestionOutcome::TooFew { earlier: parted.earlier, later: parted.later };
    }
    let learnt_to = parted.after - settings.horizon();
    let learnt: Vec<&Sample> = days.iter().filter(|s| s.day <= learnt_to).copied().collect();
    let tested: Vec<&Sample> = days.iter().filter(|s| s.day > parted.after).copied().collect();
    let Some(weights) = weights(samples, model, &learnt) else { return SuggestionOutcome::Nothing };
    let rank = |risk: &dyn Fn(&Sample) -> f64| {
        let risks: Vec<f64> = tested.iter().map(|s| risk(s)).collect();
        auc::pairs(&tested, &risks)
    };
    let today = rank(&|s| -s.score.unwrap_or_default());
    let suggested = rank(&|s| -rescored(samples, s, &weights));
    let (Some(today), Some(suggested), Some(baseline)) = (today, suggested, rank(&Sample::silence)) else {
        return SuggestionOutcome::TooFew { earlier: parted.earlier, later: parted.later };
    };
    let leaf = |(at, leaf): (usize, &Leaf)| {
        let with_data = days.iter().filter(|s| samples.leaf(s, at).is_some()).count();
        SuggestedLeaf {
            id: leaf.id.clone(),
            name: leaf.name.clone(),
            today: leaf.weight,
            suggested: weights[at],
            with_data: with_data as f64 / days.len() as f64,
        }
    };
    let lost = |days: &[&Sample]| distinct(days.iter().filter(|s| s.lost()).map(|s| s.account));
    SuggestionOutcome::Weights {
        leaves: model.leaves.iter().enumerate().map(leaf).collect(),
        test: OutOfTime {
            learnt_to,
            learnt_days: learnt.len(),
            learnt_lost: lost(&learnt),
            tested_after: parted.after,
            tested_days: tested.len(),
            tested_lost: lost(&tested),
            today: today.auc(),
            suggested: suggested.auc(),
            baseline: baseline.auc(),
            difference: suggested.less(&today),
        },
    }
}

/// Where to part the days, and how many accounts churn on each side.
struct Parted {
    after: NaiveDate,
    earlier: usize,
    later: usize,
}

fn part(settings: &Settings, days: &[&Sample]) -> Option<Parted> {
    let lost: Vec<&&Sample> = days.iter().filter(|s| s.lost()).collect();
    let spans: Vec<(NaiveDate, NaiveDate)> = lost
        .chunk_by(|a, b| a.account == b.account)
        .filter_map(|run| Some((run.first()?.day, run.last()?.day)))
        .collect();
    let sides = |after: NaiveDate| {
        let learnt_to = after - settings.horizon();
        let earlier = spans.iter().filter(|(first, _)| *first <= learnt_to).count();
        let later = spans.iter().filter(|(_, last)| *last > after).count();
        Parted { after, earlier, later }
    };
    settings.days().map(sides).max_by_key(|parted| (parted.earlier.min(parted.later), parted.after))
}

/// The suggested share of each measure; none when no measure tells a coming churn.
fn weights(samples: &Samples, model: &ModelShape, learnt: &[&Sample]) -> Option<Vec<f64>> {
    let every = learnt.len().div_ceil(FIT_ROWS).max(1);
    let thinned: Vec<&Sample> = learnt.iter().step_by(every).copied().collect();
    let accounts = distinct(thinned.iter().map(|s| s.account)).max(1);
    let penalty = thinned.len() as f64 / accounts as f64;
    let mut kept: Vec<usize> = (0..model.leaves.len()).collect();
    loop {
        let lacks = |s: &Sample, at: usize| 100.0 - samples.leaf(s, at).or(s.score).unwrap_or_default();
        let row = |s: &&Sample| (kept.iter().map(|at| lacks(s, *at)).collect::<Vec<f64>>(), s.lost());
        let rows: Vec<(Vec<f64>, bool)> = thinned.iter().map(row).collect();
        let fit = if kept.is_empty() { None } else { fit(&rows, penalty) }?;
        let worst = fit.slopes.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
        match worst {
            Some((at, slope)) if *slope < 0.0 => {
                kept.remove(at);
            }
            _ => {
                let sum: f64 = fit.slopes.iter().sum();
                let mut weights = vec![0.0; model.leaves.len()];
                for (at, slope) in kept.iter().zip(&fit.slopes) {
                    weights[*at] = slope / sum;
                }
                return (sum > 0.0).then_some(weights);
            }
        }
    }
}

/// The score with other weights: those of measures without data are shared among the others.
fn rescored(samples: &Samples, sample: &Sample, weights: &[f64]) -> f64 {
    let (mut sum, mut share) = (0.0, 0.0);
    for (at, weight) in weights.iter().enumerate() {
        if let Some(score) = samples.leaf(sample, at) {
            sum += weight * score;
            share += weight;
        }
    }
    if share > 0.0 { sum / share } else { sample.score.unwrap_or_default() }
}

/// A fitted logistic regression.
pub(super) struct Fit {
    base: f64,
    /// Change of the log odds by one unit of each figure.
    slopes: Vec<f64>,
}

impl Fit {
    /// The chance of a churn, 0–1.
    pub(super) fn chance(&self, figures: &[f64]) -> f64 {
        let odds = self.base + self.slopes.iter().zip(figures).map(|(slope, x)| slope * x).sum::<f64>();
        1.0 / (1.0 + (-odds).exp())
    }
}

/// Fits a logistic regression to rows of as many figures each; `penalty` is the ridge's weight against the sum of
/// the rows' log losses, on figures of deviation 1. None when there is nothing to tell apart, or no finite fit.
pub(super) fn fit(rows: &[(Vec<f64>, bool)], penalty: f64) -> Option<Fit> {
    let width = rows.first()?.0.len();
    let n = rows.len() as f64;
    let column = |at: usize| rows.iter().map(move |(figures, _)| figures[at]);
    let means: Vec<f64> = (0..width).map(|at| column(at).sum::<f64>() / n).collect();
    let spread = |at: usize| (column(at).map(|x| (x - means[at]).powi(2)).sum::<f64>() / n).sqrt();
    let spreads: Vec<f64> = (0..width).map(spread).collect();
    let comparable = |at: usize, x: f64| if spreads[at] > 1e-9 { (x - means[at]) / spreads[at] } else { 0.0 };
    let all = rows.iter().flat_map(|(figures, _)| figures.iter().enumerate());
    let figures: Vec<f64> = all.map(|(at, x)| comparable(at, *x)).collect();
    let lost: Vec<i32> = rows.iter().map(|(_, lost)| i32::from(*lost)).collect();
    if !lost.contains(&1) || !lost.contains(&0) {
        return None;
    }
    let matrix = DenseMatrix::new(rows.len(), width, figures, false).ok()?;
    let parameters = LogisticRegressionParameters::default().with_alpha(penalty);
    let fitted = LogisticRegression::fit(&matrix, &lost, parameters).ok()?;
    let slope = |at: usize| {
        let slope = *fitted.coefficients().get((0, at));
        if spreads[at] > 1e-9 { slope / spreads[at] } else { 0.0 }
    };
    let slopes: Vec<f64> = (0..width).map(slope).collect();
    let shift: f64 = slopes.iter().zip(&means).map(|(slope, mean)| slope * mean).sum();
    let base = *fitted.intercept().get((0, 0)) - shift;
    (base.is_finite() && slopes.iter().all(|slope| slope.is_finite())).then_some(Fit { base, slopes })
}
