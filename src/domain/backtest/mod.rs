//! Backtest: a health score of past days, held against what happened afterwards.
//!
//! [`Samples`] are account-days: what a score said with the knowledge of that day, and what became of the account
//! within the horizon. [`report`] makes every figure from them, and the same figures for a one-line baseline, the
//! days since anything was heard of the account. No figure is ever not a number: with too few accounts that
//! churned there are none, and [`Report::figures`] says so by being absent.
//!
//! | file | concern |
//! |---|---|
//! | `sample` | account-days, compact enough for millions |
//! | `auc` | area under the ROC curve, its interval with accounts as clusters, the curve |
//! | `deciles` | precision, lift and share found by tenth of account-days |
//! | `calibration` | how often accounts churned by band and by ten points of the score |
//! | `warning` | how long before a churn the alarm was on, and which churn it missed |
//! | `weights` | weights as a regularised logistic regression would choose them, tested on later days |

mod auc;
mod calibration;
mod deciles;
mod sample;
#[cfg(test)]
mod tests;
mod warning;
mod weights;

use chrono::{Duration, NaiveDate};
use serde::{Deserialize, Serialize};

pub use auc::{Auc, Interval, RocPoint};
pub use calibration::{BandRate, Calibration, Tenth};
pub use deciles::Decile;
pub use sample::{BandName, Leaf, ModelShape, Outcome, Sample, Samples};
pub use warning::{Missed, Warning, WarningSpan};
pub use weights::{OutOfTime, SuggestedLeaf, Suggestion, SuggestionOutcome};

/// Fewer accounts that churned than this carry no figure.
pub const MIN_LOST: usize = 5;

/// Which days are scored and how far ahead is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// First day.
    pub from: NaiveDate,
    /// Last day; its horizon must be over.
    pub to: NaiveDate,
    /// Days from one scored day to the next.
    pub step_days: u16,
    /// Days after a scored day within which a churn counts.
    pub horizon_days: u16,
}

impl Settings {
    /// The days that are scored.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let (from, to, step) = (self.from, self.to, i64::from(self.step_days.max(1)));
        (0..).map(move |n| from + Duration::days(n * step)).take_while(move |day| *day <= to)
    }

    /// How long the horizon is.
    pub fn horizon(&self) -> Duration {
        Duration::days(self.horizon_days.into())
    }
}

/// Everything a backtest found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was looked at.
    pub counts: Counts,
    /// How well score and baseline ranked; none when fewer than [`MIN_LOST`] accounts churned, or none stayed.
    pub figures: Option<Figures>,
    /// Suggested weights, one entry a model that gave scores.
    pub suggestions: Vec<Suggestion>,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Accounts with at least one day.
    pub accounts: usize,
    /// Account-days, scored or not.
    pub days: usize,
    /// Of these, days on which no score was possible for want of data.
    pub unscored_days: usize,
    /// Accounts that churned within the horizon of one of their days.
    pub lost_accounts: usize,
    /// Account-days whose account churned within the horizon.
    pub lost_days: usize,
    /// Account-days whose account did not churn, but paid less at the end of the horizon.
    pub shrank_days: usize,
    /// Account-days whose account renewed within the horizon for the same or more.
    pub renewed_days: usize,
    /// Account-days whose contract was entered only later: what is known of their terms is hindsight.
    pub entered_later_days: usize,
}

/// Score and baseline, side by side on the same account-days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The score; the lower, the riskier.
    pub score: Ranking,
    /// Days since anything was heard of the account; the more, the riskier.
    pub baseline: Ranking,
    /// AUC of the score less AUC of the baseline, with the interval of that difference.
    pub difference: Auc,
    /// Share of account-days followed by a churn: what a decile's precision is held against.
    pub base_rate: f64,
    /// How often accounts of each band churned, best band first.
    pub bands: Vec<BandRate>,
    /// The same by ten points of the score.
    pub calibration: Calibration,
}

/// How well one way of ranking account-days found those before a churn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Share of pairs (before a churn, not before one) in the right order.
    pub auc: Auc,
    /// The curve, from (0, 0) to (1, 1); thinned to about a hundred points.
    pub roc: Vec<RocPoint>,
    /// The riskiest tenth of account-days first.
    pub deciles: Vec<Decile>,
    /// How early the alarm was on.
    pub warning: Warning,
}

/// Makes every figure. `samples` must be in order of account and day.
pub fn report(samples: &Samples, settings: &Settings) -> Report {
    let counts = count(samples);
    let scored: Vec<&Sample> = samples.days().iter().filter(|s| s.score.is_some()).collect();
    let figures = figures(samples, settings, &scored);
    let suggestions = if figures.is_some() { weights::suggest(samples, settings) } else { Vec::new() };
    Report { counts, figures, suggestions }
}

fn count(samples: &Samples) -> Counts {
    let of = |outcome| samples.days().iter().filter(|s| s.outcome == outcome).count();
    Counts {
        accounts: samples.accounts_among(|_| true),
        days: samples.days().len(),
        unscored_days: samples.days().iter().filter(|s| s.score.is_none()).count(),
        lost_accounts: samples.accounts_among(Sample::lost),
        lost_days: of(Outcome::Churned),
        shrank_days: of(Outcome::Shrank),
        renewed_days: of(Outcome::Renewed),
        entered_later_days: samples.days().iter().filter(|s| s.entered_later).count(),
    }
}

fn figures(samples: &Samples, settings: &Settings, scored: &[&Sample]) -> Option<Figures> {
    let by_score: Vec<f64> = scored.iter().map(|s| -s.score.unwrap_or_default()).collect();
    let by_silence: Vec<f64> = scored.iter().map(|s| s.silence()).collect();
    let lost_among = samples.accounts_among(|s| s.lost() && s.score.is_some());
    if lost_among < MIN_LOST {
        return None;
    }
    let score_pairs = auc::pairs(scored, &by_score)?;
    let baseline_pairs = auc::pairs(scored, &by_silence)?;
    let lost_days = scored.iter().filter(|s| s.lost()).count();
    let base_rate = lost_days as f64 / scored.len() as f64;
    let alarms: Vec<bool> = scored.iter().map(|s| s.alarm).collect();
    let as_many = warning::as_many(&by_silence, alarms.iter().filter(|on| **on).count());
    let ranking = |pairs: &auc::Pairs, risks: &[f64], alarms: &[bool]| Ranking {
        auc: pairs.auc(),
        roc: auc::roc(scored, risks),
        deciles: deciles::deciles(scored, risks, base_rate),
        warning: warning::warning(samples, settings, scored, alarms),
    };
    Some(Figures {
        score: ranking(&score_pairs, &by_score, &alarms),
        baseline: ranking(&baseline_pairs, &by_silence, &as_many),
        difference: score_pairs.less(&baseline_pairs),
        base_rate,
        bands: calibration::bands(samples, scored),
        calibration: calibration::calibration(scored),
    })
}
