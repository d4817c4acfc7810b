//! The slower figures of an account: dated samples, as a spreadsheet or a survey tool would supply them.

use chrono::{NaiveDate, TimeDelta};

use super::dice::Dice;
use super::stories::{Move, Story, along};

/// One sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaugeSample {
    /// One of [`METRICS`].
    pub metric: &'static str,
    /// Day of the sample.
    pub date: NaiveDate,
    /// A decimal, or for `business_impact` one of `none`, `some`, `strong`.
    pub value: String,
}

/// The metrics that come as samples: share of advanced features in use (percent, weekly), integrations
/// running, average satisfaction (1 to 5) and net promoter score (−100 to 100) of a survey, reported
/// return on investment (percent) and reported business impact.
pub const METRICS: [&str; 6] =
    ["advanced_feature_pct", "integrations_live", "csat_avg", "nps", "reported_roi_pct", "business_impact"];

/// Decimals and days between samples.
struct Kind {
    metric: &'static str,
    every: i64,
    scale: i64,
    /// Half the width of the noise, in units of the stored number.
    noise: i64,
    least: i64,
    most: i64,
}

const ADVANCED: Kind = Kind { metric: METRICS[0], every: 7, scale: 10, noise: 12, least: 0, most: 1000 };
const INTEGRATIONS: Kind = Kind { metric: METRICS[1], every: 28, scale: 1, noise: 0, least: 0, most: 12 };
const CSAT: Kind = Kind { metric: METRICS[2], every: 30, scale: 100, noise: 9, least: 100, most: 500 };
const NPS: Kind = Kind { metric: METRICS[3], every: 90, scale: 1, noise: 4, least: -100, most: 100 };
const ROI: Kind = Kind { metric: METRICS[4], every: 60, scale: 1, noise: 4, least: -50, most: 400 };

/// All samples of an account between `first` and `last`.
///
/// A third of the small accounts never report outcomes and one in twelve accounts never answers a
/// survey: missing data is part of the picture.
pub(super) fn samples(
    dice: &mut Dice,
    story: Story,
    small: bool,
    (first, last, today): (NaiveDate, NaiveDate, NaiveDate),
) -> Vec<GaugeSample> {
    let temper = story.temper();
    let (from, to) = story.turn();
    let span = Range { first, last, today, turn: (from.min((today - first).num_days()).max(to + 1), to) };
    let mut rows = Vec::new();
    span.sample(dice, &ADVANCED, temper.advanced, &mut rows);
    span.sample(dice, &INTEGRATIONS, temper.integrations, &mut rows);
    if !dice.chance(80) {
        span.sample(dice, &CSAT, temper.csat, &mut rows);
        span.sample(dice, &NPS, Move { before: temper.nps, now: temper.nps }, &mut rows);
    }
    let reports = story != Story::Rollout && !(small && dice.chance(330));
    if reports {
        span.sample(dice, &ROI, temper.roi, &mut rows);
        span.impact(dice, temper.impact, &mut rows);
    }
    rows.sort_by(|a, b| (a.date, a.metric).cmp(&(b.date, b.metric)));
    rows
}

struct Range {
    first: NaiveDate,
    last: NaiveDate,
    today: NaiveDate,
    /// When a figure moved to its present value: from so many days ago to so many.
    turn: (i64, i64),
}

impl Range {
    /// The days of a series, the latest lying less than one interval before the end.
    fn days(&self, dice: &mut Dice, every: i64) -> impl Iterator<Item = NaiveDate> + use<> {
        let (first, latest) = (self.first, self.last - TimeDelta::days(dice.between((0, every.min(14) - 1))));
        (0..).map(move |n| latest - TimeDelta::days(n * every)).take_while(move |day| *day >= first)
    }

    fn sample(&self, dice: &mut Dice, kind: &Kind, figure: Move, rows: &mut Vec<GaugeSample>) {
        let ((from, to), before, now) = (self.turn, dice.between(figure.before), dice.between(figure.now));
        for date in self.days(dice, kind.every) {
            let ago = (self.today - date).num_days();
            let noise = dice.between((-kind.noise, kind.noise));
            let raw = (along(&[(from, before), (to, now)], ago) + noise).clamp(kind.least, kind.most);
            rows.push(GaugeSample { metric: kind.metric, date, value: decimal(raw, kind.scale) });
        }
    }

    fn impact(&self, dice: &mut Dice, weights: [u64; 3], rows: &mut Vec<GaugeSample>) {
        let [none, some, strong] = weights;
        let now = dice.weighted(&[(none, "none"), (some, "some"), (strong, "strong")]);
        let before = if now == "none" { "some" } else { now };
        for date in self.days(dice, ROI.every) {
            let recent = (self.today - date).num_days() <= (self.turn.0 + self.turn.1) / 2;
            let value = if recent { now } else { before };
            rows.push(GaugeSample { metric: METRICS[5], date, value: value.to_owned() });
        }
    }
}

fn decimal(raw: i64, scale: i64) -> String {
    match scale {
        1 => raw.to_string(),
        10 => format!("{}.{}", raw / 10, raw % 10),
        _ => format!("{}.{:02}", raw / 100, raw % 100),
    }
}
