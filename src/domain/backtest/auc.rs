//! Area under the ROC curve, with an interval that does not take the days of one account for independent.
//!
//! AUC: the share of pairs of a day before a churn and a day not before one in which the former was given more
//! risk, ties counting half (Hanley & McNeil 1982, the Mann–Whitney statistic).
//!
//! Interval: N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53 (1997), 567–578,
//! which carries the components of DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988), 837–845, over to
//! clusters; an account is a cluster. With X the days before a churn (M of them) and Y the others (N):
//! V10(x) = share of Y with less risk than x, V01(y) = share of X with more risk than y, and per account the sums
//! a = Σ (V10 − AUC), b = Σ (V01 − AUC). Then
//! var = k10/(k10−1) Σa²/M² + k01/(k01−1) Σb²/N² + 2 k/(k−1) Σab/(MN),
//! k10, k01 and k being the accounts with days of the first kind, of the second, and all. The 95 % interval is made
//! on the logit scale, so that it stays within 0 and 1 (M. S. Pepe, 2003, §5.2). For the difference of two ways of
//! ranking the same days, a and b are the differences of theirs and the interval is plain.

use serde::{Deserialize, Serialize};

use super::sample::Sample;

/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_964;
/// Points of a drawn curve, at most about so many.
const CURVE_POINTS: usize = 120;

/// A range that holds the true figure in 95 of 100 such data sets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// An area under the curve, or the difference of two.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Auc {
    /// 0.5 is chance, 1 never errs; a difference lies within −1 and 1.
    pub value: f64,
    /// None when nothing can be said: fewer than two accounts of a kind, or every pair in the same order.
    pub interval: Option<Interval>,
}

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Share of the days not before a churn that would raise an alarm.
    pub false_alarms: f64,
    /// Share of the days before a churn that would.
    pub found: f64,
}

/// All pairs, summed up by account.
pub(super) struct Pairs {
    value: f64,
    lost: f64,
    stayed: f64,
    /// By account: a, b, and whether it has days of either kind.
    accounts: Vec<Sums>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    a: f64,
    b: f64,
    has_lost: bool,
    has_stayed: bool,
}

/// Compares all pairs; `samples` are sorted by account and each has a risk. None when there are no pairs.
pub(super) fn pairs(samples: &[&Sample], risks: &[f64]) -> Option<Pairs> {
    let mut order: Vec<u32> = (0..samples.len() as u32).collect();
    order.sort_unstable_by(|&i, &j| risks[i as usize].total_cmp(&risks[j as usize]));
    let lost = samples.iter().filter(|s| s.lost()).count() as f64;
    let stayed = samples.len() as f64 - lost;
    if lost == 0.0 || stayed == 0.0 {
        return None;
    }
    // From the least risk up: how many of the other kind lie below, ties half.
    let mut placed = vec![0.0; samples.len()];
    let (mut lost_below, mut stayed_below) = (0.0, 0.0);
    for tie in order.chunk_by(|&i, &j| risks[i as usize] == risks[j as usize]) {
        let lost_here = tie.iter().filter(|&&i| samples[i as usize].lost()).count() as f64;
        let stayed_here = tie.len() as f64 - lost_here;
        for &i in tie {
            placed[i as usize] = if samples[i as usize].lost() {
                (stayed_below + stayed_here / 2.0) / stayed
            } else {
                (lost - lost_below - lost_here / 2.0) / lost
            };
        }
        lost_below += lost_here;
        stayed_below += stayed_here;
    }
    let of_lost = samples.iter().zip(&placed).filter(|(s, _)| s.lost());
    let value = of_lost.map(|(_, v)| v).sum::<f64>() / lost;
    let mut accounts: Vec<Sums> = Vec::new();
    let mut last = None;
    for (sample, v) in samples.iter().zip(&placed) {
        if last.replace(sample.account) != Some(sample.account) {
            accounts.push(Sums::default());
        }
        let Some(sums) = accounts.last_mut() else { continue };
        if sample.lost() {
            sums.a += v - value;
            sums.has_lost = true;
        } else {
            sums.b += v - value;
            sums.has_stayed = true;
        }
    }
    Some(Pairs { value, lost, stayed, accounts })
}

impl Pairs {
    pub(super) fn auc(&self) -> Auc {
        let interval = self.deviation().and_then(|se| {
            let slope = self.value * (1.0 - self.value);
            let (logit, width) = ((self.value / (1.0 - self.value)).ln(), Z * se / slope);
            let back = |x: f64| 1.0 / (1.0 + (-x).exp());
            let interval = Interval { low: back(logit - width), high: back(logit + width) };
            (slope > 0.0 && width.is_finite()).then_some(interval)
        });
        Auc { value: self.value, interval }
    }

    /// This less another way of ranking the same days.
    pub(super) fn less(&self, other: &Pairs) -> Auc {
        let minus = |(one, two): (&Sums, &Sums)| Sums { a: one.a - two.a, b: one.b - two.b, ..*one };
        let accounts = self.accounts.iter().zip(&other.accounts).map(minus).collect();
        let difference = Pairs { value: self.value - other.value, accounts, ..*self };
        let interval = difference.deviation().map(|se| Interval {
            low: (difference.value - Z * se).max(-1.0),
            high: (difference.value + Z * se).min(1.0),
        });
        Auc { value: difference.value, interval }
    }

    /// The standard error; none when it cannot be told.
    fn deviation(&self) -> Option<f64> {
        let corrected = |k: usize| k as f64 / (k as f64 - 1.0);
        let with_lost = self.accounts.iter().filter(|s| s.has_lost).count();
        let with_stayed = self.accounts.iter().filter(|s| s.has_stayed).count();
        if with_lost < 2 || with_stayed < 2 {
            return None;
        }
        let sum = |of: fn(&Sums) -> f64| self.accounts.iter().map(of).sum::<f64>();
        let (m, n) = (self.lost, self.stayed);
        let variance = corrected(with_lost) * sum(|s| s.a * s.a) / (m * m)
            + corrected(with_stayed) * sum(|s| s.b * s.b) / (n * n)
            + 2.0 * corrected(self.accounts.len()) * sum(|s| s.a * s.b) / (m * n);
        (variance > 0.0).then(|| variance.sqrt())
    }
}

/// The ROC curve: each threshold's share of false alarms and of days before a churn that were found.
pub(super) fn roc(samples: &[&Sample], risks: &[f64]) -> Vec<RocPoint> {
    let mut order: Vec<u32> = (0..samples.len() as u32).collect();
    order.sort_unstable_by(|&i, &j| risks[j as usize].total_cmp(&risks[i as usize]));
    let lost = samples.iter().filter(|s| s.lost()).count().max(1) as f64;
    let stayed = (samples.len() as f64 - lost).max(1.0);
    let mut curve = vec![RocPoint { false_alarms: 0.0, found: 0.0 }];
    let (mut false_alarms, mut found) = (0.0, 0.0);
    for tie in order.chunk_by(|&i, &j| risks[i as usize] == risks[j as usize]) {
        let here = tie.iter().filter(|&&i| samples[i as usize].lost()).count() as f64;
        found += here;
        false_alarms += tie.len() as f64 - here;
        curve.push(RocPoint { false_alarms: false_alarms / stayed, found: found / lost });
    }
    thin(curve)
}

/// Keeps the ends and every point that lies a visible step from the one kept before it.
fn thin(curve: Vec<RocPoint>) -> Vec<RocPoint> {
    let (last, step) = (curve.len() - 1, 2.0 / CURVE_POINTS as f64);
    let mut kept: Vec<RocPoint> = Vec::new();
    for (at, point) in curve.into_iter().enumerate() {
        let far = kept.last().is_none_or(|before| {
            (point.false_alarms - before.false_alarms) + (point.found - before.found) >= step
        });
        if far || at == last {
            kept.push(point);
        }
    }
    kept
}
