//! How early the alarm was on before accounts churned, and which of them it missed.
//!
//! An account-day raises the alarm when the score's band calls for action. A churn was *warned of* when the alarm was
//! on at some day within the horizon before it. The warning time runs from the first day of the unbroken alarm that
//! was on last before the churn, which may lie further back than the horizon. A churn without any alarm within the
//! horizon, or of an account that never had a score there, was *missed*.
//!
//! The baseline has no bands: it may raise the alarm on as many account-days as the score does, those with the
//! longest silence.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::sample::{Sample, Samples};

/// Missed accounts that are told by name, those with the most revenue.
const TOLD: usize = 200;
/// Days at which the spans of warning times end; the last is open.
const SPANS: [u16; 5] = [14, 30, 60, 90, 180];

/// How early the alarm was on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Share of account-days with the alarm on.
    pub alarm_share: f64,
    /// Accounts that churned.
    pub lost: usize,
    /// Of these, accounts warned of.
    pub warned: usize,
    /// Median days of warning of those; none when there was none.
    pub median_days: Option<f64>,
    /// How many were warned of how long before.
    pub spans: Vec<WarningSpan>,
    /// ARR of the accounts that churned, on their last scored day, minor units of the tenant's currency.
    pub lost_arr_minor: i64,
    /// ARR of those missed.
    pub missed_arr_minor: i64,
    /// Those missed, most ARR first; at most two hundred.
    pub missed: Vec<Missed>,
}

/// Warning times of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningSpan {
    /// From so many days.
    pub from: u16,
    /// To so many; none for all longer ones.
    pub to: Option<u16>,
    /// Accounts.
    pub accounts: usize,
}

/// An account that churned without a warning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// The day it churned.
    pub churned_on: NaiveDate,
    /// ARR on the last day looked at, minor units of the tenant's currency.
    pub arr_minor: i64,
    /// That day.
    pub last_day: NaiveDate,
    /// The score of that day; none without data.
    pub last_score: Option<f64>,
    /// Days since anything was heard of it by then.
    pub days_since_use: Option<u16>,
}

/// Which days raise the alarm when at most `count` of them may: those with the highest risk. Days of the same risk
/// are taken all or none.
pub(super) fn as_many(risks: &[f64], count: usize) -> Vec<bool> {
    let mut sorted = risks.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    // The first risk that may not be taken any more: whatever is higher fits.
    let limit = sorted.get(count).copied().unwrap_or(f64::NEG_INFINITY);
    risks.iter().map(|risk| *risk > limit).collect()
}

/// Warning times. `scored` are the days with a score, `alarms` whether the alarm is on, in the same order.
pub(super) fn warning(
    samples: &Samples,
    settings: &Settings,
    scored: &[&Sample],
    alarms: &[bool],
) -> Warning {
    let (mut days, mut missed) = (Vec::new(), Vec::new());
    let (mut lost_arr_minor, mut missed_arr_minor) = (0_i64, 0_i64);
    let mut at = 0;
    for of_account in samples.days().chunk_by(|a, b| a.account == b.account) {
        let with_score = of_account.iter().filter(|s| s.score.is_some()).count();
        let run = at..at + with_score;
        at = run.end;
        let Some(last) = of_account.iter().rfind(|s| s.lost()) else { continue };
        let Some(followed) = samples.followed(last.account) else { continue };
        let Some(churned_on) = followed.churned_on else { continue };
        lost_arr_minor = lost_arr_minor.saturating_add(last.arr_minor);
        match first_alarm(&scored[run.clone()], &alarms[run], churned_on, settings) {
            Some(since) => days.push((churned_on - since).num_days().clamp(0, i64::from(u16::MAX)) as u16),
            None => {
                missed_arr_minor = missed_arr_minor.saturating_add(last.arr_minor);
                missed.push(Missed {
                    external_id: followed.external_id.to_string(),
                    name: followed.name.to_string(),
                    churned_on,
                    arr_minor: last.arr_minor,
                    last_day: last.day,
                    last_score: last.score,
                    days_since_use: last.days_since_use,
                });
            }
        }
    }
    let lost = days.len() + missed.len();
    missed.sort_by(|a, b| (b.arr_minor, &a.external_id).cmp(&(a.arr_minor, &b.external_id)));
    missed.truncate(TOLD);
    days.sort_unstable();
    Warning {
        alarm_share: alarms.iter().filter(|on| **on).count() as f64 / alarms.len().max(1) as f64,
        lost,
        warned: days.len(),
        median_days: median(&days),
        spans: spans(&days),
        lost_arr_minor,
        missed_arr_minor,
        missed,
    }
}

/// Since when the alarm that was on last before the churn had been on, if it was within the horizon.
fn first_alarm(
    days: &[&Sample],
    alarms: &[bool],
    churned_on: NaiveDate,
    settings: &Settings,
) -> Option<NaiveDate> {
    let before = days.partition_point(|s| s.day < churned_on);
    let last = alarms[..before].iter().rposition(|on| *on)?;
    if churned_on - days[last].day > settings.horizon() {
        return None;
    }
    let first = alarms[..last].iter().rposition(|on| !*on).map_or(0, |off| off + 1);
    Some(days[first].day)
}

fn median(sorted: &[u16]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match (sorted.get(middle)?, sorted.len().is_multiple_of(2)) {
        (upper, true) => Some((f64::from(sorted[middle - 1]) + f64::from(*upper)) / 2.0),
        (only, false) => Some(f64::from(*only)),
    }
}

fn spans(days: &[u16]) -> Vec<WarningSpan> {
    let ends = SPANS.map(Some).into_iter().chain([None]);
    let mut from = 0;
    ends.map(|to| {
        let accounts = days.iter().filter(|d| **d >= from && to.is_none_or(|to| **d <= to)).count();
        let span = WarningSpan { from, to, accounts };
        from = to.map_or(from, |to| to + 1);
        span
    })
    .collect()
}
