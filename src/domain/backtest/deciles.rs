//! Precision and lift by tenth of account-days.

use serde::{Deserialize, Serialize};

use super::sample::{Outcome, Sample};

/// A tenth of the account-days. Days of the same risk that a boundary cuts through are shared out evenly, so counts
/// need not be whole and do not depend on the order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// 1 is the riskiest.
    pub rank: u8,
    /// Account-days in it.
    pub days: f64,
    /// Of these, before a churn.
    pub lost: f64,
    /// Before shrinking.
    pub shrank: f64,
    /// Before a renewal for the same or more.
    pub renewed: f64,
    /// `lost / days`: how often an alarm here is right.
    pub precision: f64,
    /// Precision against the share of all account-days before a churn: 3 is three times as often as blind choice.
    pub lift: f64,
    /// Share of all days before a churn found in this decile and the riskier ones.
    pub captured: f64,
    /// The least risky value in it: a score, or days since use.
    pub least: f64,
    /// The riskiest value in it.
    pub most: f64,
}

#[derive(Default, Clone, Copy)]
struct Mass {
    days: f64,
    lost: f64,
    shrank: f64,
    renewed: f64,
}

/// The deciles of some account-days by risk, riskiest first. `risks` hold no score but its negative; the sign is
/// taken off where values are told.
pub(super) fn deciles(samples: &[&Sample], risks: &[f64], base_rate: f64) -> Vec<Decile> {
    let mut order: Vec<u32> = (0..samples.len() as u32).collect();
    order.sort_unstable_by(|&i, &j| risks[j as usize].total_cmp(&risks[i as usize]));
    let tenth = samples.len() as f64 / 10.0;
    let mut filled = [Mass::default(); 10];
    let mut values = [None::<(f64, f64)>; 10];
    let mut at = 0.0;
    for tie in order.chunk_by(|&i, &j| risks[i as usize] == risks[j as usize]) {
        let size = tie.len() as f64;
        let of = |outcome| tie.iter().filter(|&&i| samples[i as usize].outcome == outcome).count() as f64;
        let (lost, shrank, renewed) = (of(Outcome::Churned), of(Outcome::Shrank), of(Outcome::Renewed));
        let risk = risks[tie[0] as usize].abs();
        for (rank, mass) in filled.iter_mut().enumerate() {
            let (begin, end) = (tenth * rank as f64, tenth * (rank + 1) as f64);
            let share = ((at + size).min(end) - f64::max(at, begin)) / size;
            if share > 1e-9 {
                mass.days += size * share;
                mass.lost += lost * share;
                mass.shrank += shrank * share;
                mass.renewed += renewed * share;
                values[rank] = Some(values[rank].map_or((risk, risk), |(most, _)| (most, risk)));
            }
        }
        at += size;
    }
    let all_lost: f64 = filled.iter().map(|mass| mass.lost).sum();
    let mut found = 0.0;
    let decile = |(rank, mass): (usize, &Mass)| {
        found += mass.lost;
        let precision = if mass.days > 0.0 { mass.lost / mass.days } else { 0.0 };
        let (most, least) = values[rank].unwrap_or_default();
        Decile {
            rank: rank as u8 + 1,
            days: mass.days,
            lost: mass.lost,
            shrank: mass.shrank,
            renewed: mass.renewed,
            precision,
            lift: if base_rate > 0.0 { precision / base_rate } else { 0.0 },
            captured: if all_lost > 0.0 { found / all_lost } else { 0.0 },
            least,
            most,
        }
    };
    filled.iter().enumerate().map(decile).collect()
}
