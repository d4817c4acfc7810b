//! How often accounts churned after a score of so many points, and after each band.
//!
//! A score of 0–100 is no probability. What it is worth is the share of account-days that were followed by a churn,
//! counted by ten points of the score, beside a curve through all of them: a logistic regression of one figure, the
//! score (J. Platt, 1999). Where the counts lie on the curve, a lower score means more churn all the way; the mean
//! distance, weighted by account-days, is [`Calibration::error`].

use serde::{Deserialize, Serialize};

use super::sample::{BandName, Sample, Samples, distinct};
use super::weights::{Fit, fit};

/// Rows a curve of one figure is fitted to; more would only cost time.
const FIT_ROWS: usize = 40_000;
/// Pieces a curve is drawn in.
const CURVE_STEPS: u32 = 24;

/// What happened after each band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandRate {
    /// The band.
    pub band: BandName,
    /// Account-days in it.
    pub days: usize,
    /// Accounts that had such days.
    pub accounts: usize,
    /// Accounts that had such days and churned within the horizon of one of them.
    pub lost_accounts: usize,
    /// Share of the account-days followed by a churn; 0 without any.
    pub rate: f64,
}

/// Ten points of the score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tenth {
    /// From this score; it reaches to ten more, the last one includes 100.
    pub from: u8,
    /// Account-days.
    pub days: usize,
    /// Accounts that had such days.
    pub accounts: usize,
    /// Mean score of these days.
    pub mean_score: f64,
    /// Share of them followed by a churn.
    pub observed: f64,
    /// The share the curve gives at the mean score.
    pub fitted: f64,
}

/// Observed against fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Those that have any account-days, lowest first.
    pub tenths: Vec<Tenth>,
    /// The curve between the lowest and the highest of their mean scores: (score, share).
    pub curve: Vec<(f64, f64)>,
    /// Mean distance between observed and fitted, weighted by account-days, 0–1.
    pub error: f64,
}

/// How often accounts of each band churned.
pub(super) fn bands(samples: &Samples, scored: &[&Sample]) -> Vec<BandRate> {
    let rate = |(at, band): (usize, &BandName)| {
        let here = || scored.iter().filter(move |s| usize::from(s.band) == at);
        let (days, lost) = (here().count(), here().filter(|s| s.lost()).count());
        BandRate {
            band: band.clone(),
            days,
            accounts: distinct(here().map(|s| s.account)),
            lost_accounts: distinct(here().filter(|s| s.lost()).map(|s| s.account)),
            rate: if days > 0 { lost as f64 / days as f64 } else { 0.0 },
        }
    };
    samples.bands().iter().enumerate().map(rate).collect()
}

/// Observed and fitted shares by ten points.
pub(super) fn calibration(scored: &[&Sample]) -> Calibration {
    let curve = curve(scored);
    let tenth = |from: u8| {
        let last = from == 90;
        let within = move |s: &&&Sample| {
            let score = s.score.unwrap_or_default();
            score >= f64::from(from) && (last || score < f64::from(from) + 10.0)
        };
        let here: Vec<&&Sample> = scored.iter().filter(within).collect();
        let days = here.len() as f64;
        let mean_score = here.iter().filter_map(|s| s.score).sum::<f64>() / days.max(1.0);
        let observed = here.iter().filter(|s| s.lost()).count() as f64 / days.max(1.0);
        let fitted = curve.as_ref().map_or(observed, |curve| curve.chance(&[mean_score]));
        let accounts = distinct(here.iter().map(|s| s.account));
        (!here.is_empty()).then_some(Tenth { from, days: here.len(), accounts, mean_score, observed, fitted })
    };
    let tenths: Vec<Tenth> = (0..10).filter_map(|i| tenth(i * 10)).collect();
    let ends = tenths.first().zip(tenths.last()).map(|(first, last)| (first.mean_score, last.mean_score));
    let drawn = curve.as_ref().zip(ends).map_or(Vec::new(), |(curve, (low, high))| {
        let at = |n: u32| low + (high - low) * f64::from(n) / f64::from(CURVE_STEPS);
        (0..=CURVE_STEPS).map(|n| (at(n), curve.chance(&[at(n)]))).collect()
    });
    let apart = tenths.iter().map(|t| t.days as f64 * (t.observed - t.fitted).abs()).sum::<f64>();
    Calibration { tenths, curve: drawn, error: apart / scored.len().max(1) as f64 }
}

fn curve(scored: &[&Sample]) -> Option<Fit> {
    let every = scored.len().div_ceil(FIT_ROWS).max(1);
    let rows: Vec<(Vec<f64>, bool)> =
        scored.iter().step_by(every).filter_map(|s| Some((vec![s.score?], s.lost()))).collect();
    fit(&rows, 0.01)
}
