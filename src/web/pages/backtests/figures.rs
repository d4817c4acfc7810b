//! The figures of a backtest as text, charts and tables.

use crate::domain::backtest::{
    Auc, Counts, Decile, Figures, Missed, Ranking, RocPoint, Settings, WarningSpan,
};
use crate::web::paths;
use crate::web::ui::charts::{Axis, Bars, Curve, Group, Plot, Row};
use crate::web::ui::{Notice, StatTile, Tone, format};

const SCORE: &str = "Score";
const BASELINE: &str = "Days since last use";
/// Missed accounts shown; the file has all account-days.
const SHOWN: usize = 50;

/// Everything but the weights.
#[derive(Clone, Debug)]
pub struct FiguresView {
    /// What it comes to, in a sentence.
    pub sentence: String,
    /// Whether the score beats the baseline.
    pub verdict: Notice,
    /// AUC, lift, warning, missed ARR; each beside the baseline.
    pub stats: Vec<StatTile>,
    /// Lift by tenth.
    pub lift: Bars,
    /// One a tenth, riskiest first.
    pub deciles: Vec<DecileRow>,
    /// Found against false alarms.
    pub roc: Plot,
    /// Share that churned by score.
    pub calibration: Plot,
    /// `1.2 points`: mean distance of the dots from the curve.
    pub calibration_error: String,
    /// One a band: (tone, name, account-days, accounts, of these churned, share of days before a churn).
    pub bands: Vec<(Tone, String, String, String, String, String)>,
    /// Accounts by warning time.
    pub warning: Bars,
    /// What that says, in a sentence.
    pub warning_text: String,
    /// Churned accounts the score did not warn of.
    pub missed: Vec<MissedRow>,
    /// `The 50 with the most ARR of 73.`; empty when all are shown.
    pub missed_note: String,
}

/// A tenth of the account-days.
#[derive(Clone, Debug)]
pub struct DecileRow {
    /// `1`
    pub rank: String,
    /// `12 to 48`
    pub scores: String,
    /// Account-days in it.
    pub days: String,
    /// Share before a churn.
    pub precision: String,
    /// `6.2×`
    pub lift: String,
    /// The baseline's lift.
    pub baseline: String,
    /// Share of all days before a churn found so far.
    pub captured: String,
    /// Share before shrinking.
    pub shrank: String,
    /// Share before a renewal.
    pub renewed: String,
}

/// A churned account without a warning.
#[derive(Clone, Debug)]
pub struct MissedRow {
    /// Name.
    pub name: String,
    /// Identity at the tenant.
    pub external_id: String,
    /// Its score history, as of the last day looked at.
    pub href: String,
    /// `15 Jun 2026`
    pub churned: String,
    /// ARR before it left.
    pub arr: String,
    /// `78 on 8 Jun 2026`
    pub score: String,
    /// `2 days`
    pub silence: String,
}

impl FiguresView {
    /// Words and charts for a report's figures.
    pub fn new(figures: &Figures, counts: &Counts, settings: &Settings, currency: &str) -> Self {
        let (score, baseline) = (&figures.score, &figures.baseline);
        let missed = &score.warning.missed;
        let hidden = score.warning.lost - score.warning.warned > SHOWN;
        FiguresView {
            sentence: sentence(&score.auc, counts, settings),
            verdict: verdict(&figures.difference),
            stats: stats(score, baseline, currency),
            lift: lift(score, baseline),
            deciles: score.deciles.iter().zip(&baseline.deciles).map(decile).collect(),
            roc: roc(score, baseline),
            calibration: calibration(figures, settings),
            calibration_error: format!("{} points", format::decimal(figures.calibration.error * 100.0, 1)),
            bands: bands(figures),
            warning: spans(score, baseline),
            warning_text: warning_text(score, baseline),
            missed: missed.iter().take(SHOWN).map(|account| missed_row(account, currency)).collect(),
            missed_note: if hidden {
                let all = format::number((score.warning.lost - score.warning.warned) as i64);
                format!("The {SHOWN} with the most ARR of {all}.")
            } else {
                String::new()
            },
        }
    }
}

/// `0.74–0.87`
pub(super) fn interval(auc: &Auc, signed: bool) -> String {
    let figure = |n: f64| if signed { format::signed(n, 2) } else { format!("{n:.2}") };
    let text = |low, high| format!("95\u{2009}%: {} to {}", figure(low), figure(high));
    auc.interval.map_or("no interval".to_owned(), |i| text(i.low, i.high))
}

fn sentence(auc: &Auc, counts: &Counts, settings: &Settings) -> String {
    let of_hundred = |share: f64| format::decimal(share * 100.0, 0);
    let range = auc.interval.map_or(String::new(), |i| {
        format!(" (95\u{2009}%: {}\u{2013}{})", of_hundred(i.low), of_hundred(i.high))
    });
    format!(
        "An account that churned within {} days scored lower than one that stayed in {} of 100 pairs{range}. {} of {} \
         accounts churned.",
        settings.horizon_days,
        of_hundred(auc.value),
        format::number(counts.lost_accounts as i64),
        format::number(counts.accounts as i64),
    )
}

fn verdict(difference: &Auc) -> Notice {
    let text = format!(
        "The score's AUC less that of days since last use is {} ({}).",
        format::signed(difference.value, 2),
        interval(difference, true)
    );
    match difference.interval {
        Some(i) if i.low > 0.0 => {
            Notice::new(Tone::Good, "The score tells more than a look at the last use does.", &text)
        }
        Some(i) if i.high < 0.0 => {
            Notice::new(Tone::Critical, "A look at the last use tells more than the score does.", &text)
        }
        _ => Notice::new(
            Tone::Watch,
            "It cannot be told whether the score does better than a look at the last use.",
            &text,
        ),
    }
}

fn times(lift: f64) -> String {
    format!("{}\u{d7}", format::decimal(lift, 1))
}

fn stats(score: &Ranking, baseline: &Ranking, currency: &str) -> Vec<StatTile> {
    let first = |ranking: &Ranking| ranking.deciles.first().map_or(0.0, |decile| decile.lift);
    let days = |ranking: &Ranking| {
        ranking
            .warning
            .median_days
            .map_or("none".to_owned(), |days| format!("{} days", format::decimal(days, 0)))
    };
    let missed = |ranking: &Ranking| format::money_short(ranking.warning.missed_arr_minor, currency);
    let count = score.warning.lost - score.warning.warned;
    vec![
        StatTile::new(
            "AUC",
            format!("{:.2}", score.auc.value),
            &format!("{}; {} {:.2}", interval(&score.auc, false), lower(BASELINE), baseline.auc.value),
        ),
        StatTile::new(
            "Lift of the riskiest tenth",
            times(first(score)),
            &format!("{} {}", lower(BASELINE), times(first(baseline))),
        ),
        StatTile::new(
            "Median warning",
            days(score),
            &format!(
                "{} of {} warned of; {} {}",
                format::number(score.warning.warned as i64),
                format::number(score.warning.lost as i64),
                lower(BASELINE),
                days(baseline)
            ),
        ),
        StatTile::new(
            "ARR of missed churn",
            missed(score),
            &format!("{}; {} {}", format::count(count as i64, "account"), lower(BASELINE), missed(baseline)),
        ),
    ]
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

fn lift(score: &Ranking, baseline: &Ranking) -> Bars {
    let group = |(score, baseline): (&Decile, &Decile)| Group {
        label: score.rank.to_string(),
        values: vec![score.lift, baseline.lift],
    };
    let groups: Vec<Group> = score.deciles.iter().zip(&baseline.deciles).map(group).collect();
    Bars::new(
        "Lift by tenth",
        "Tenth",
        &[SCORE, BASELINE],
        &groups,
        Some((1.0, "as many as by chance")),
        times,
    )
}

fn decile((score, baseline): (&Decile, &Decile)) -> DecileRow {
    let share = |n: f64| if score.days > 0.0 { n / score.days } else { 0.0 };
    let points = |n: f64| format::decimal(n, 0);
    DecileRow {
        rank: score.rank.to_string(),
        scores: if score.most == score.least {
            points(score.most)
        } else {
            format!("{} to {}", points(score.most), points(score.least))
        },
        days: format::number(score.days.round() as i64),
        precision: format::percent(score.precision, 1),
        lift: times(score.lift),
        baseline: times(baseline.lift),
        captured: format::percent(score.captured, 0),
        shrank: format::percent(share(score.shrank), 1),
        renewed: format::percent(share(score.renewed), 1),
    }
}

fn percent(share: f64) -> String {
    format::percent(share, 0)
}

fn roc(score: &Ranking, baseline: &Ranking) -> Plot {
    let curve = |name: &str, points: &[RocPoint]| Curve {
        name: name.to_owned(),
        points: points.iter().map(|p| (p.false_alarms, p.found)).collect(),
    };
    let chance = Curve { name: "Chance".to_owned(), points: vec![(0.0, 0.0), (1.0, 1.0)] };
    let curves = [curve(SCORE, &score.roc), curve(BASELINE, &baseline.roc), chance];
    let row = |n: u32| {
        let at = f64::from(n) / 20.0;
        let cells = [&curves[0], &curves[1]].map(|curve| percent(along(&curve.points, at)));
        Row { at, head: format!("{} false alarms", percent(at)), cells: cells.to_vec() }
    };
    let axis = |name| Axis { name, low: 0.0, high: Some(1.0), text: &percent };
    Plot::new(
        "Days before a churn found, by false alarms",
        axis("share of the other days that would raise an alarm"),
        axis("share of the days before a churn that would"),
        &curves,
        &["False alarms", SCORE, BASELINE],
        (0..=20).map(row).collect(),
    )
}

/// How high a curve is at a place: straight between its points, the highest where it rises there.
fn along(points: &[(f64, f64)], at: f64) -> f64 {
    let after = points.partition_point(|p| p.0 <= at);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some(before), Some(next)) => {
            before.1 + (next.1 - before.1) * (at - before.0) / (next.0 - before.0).max(1e-12)
        }
        (Some(only), None) | (None, Some(only)) => only.1,
        (None, None) => 0.0,
    }
}

fn calibration(figures: &Figures, settings: &Settings) -> Plot {
    let tenths = &figures.calibration.tenths;
    let fitted = Curve { name: "Curve through them".to_owned(), points: figures.calibration.curve.clone() };
    let most = tenths.iter().map(|t| t.observed.max(t.fitted)).fold(0.05, f64::max);
    // A round end, in steps of five points.
    let high = ((most * 1.08 * 20.0).ceil() / 20.0).min(1.0);
    let row = |t: &crate::domain::backtest::Tenth| Row {
        at: t.mean_score,
        head: format!("{} to {}", t.from, t.from + 10),
        cells: vec![
            format::percent(t.observed, 1),
            format::percent(t.fitted, 1),
            format::number(t.days as i64),
            format::number(t.accounts as i64),
        ],
    };
    let points = |n: f64| format::decimal(n, 0);
    let dots: Vec<(f64, f64)> = tenths.iter().map(|t| (t.mean_score, t.observed)).collect();
    let up = format!("share that churned within {} days", settings.horizon_days);
    Plot::new(
        "Share that churned, by score",
        Axis { name: "score", low: 0.0, high: Some(100.0), text: &points },
        Axis { name: &up, low: 0.0, high: Some(high), text: &percent },
        &[fitted],
        &["Score", "Churned", "Curve", "Account-days", "Accounts"],
        tenths.iter().map(row).collect(),
    )
    .dots("Ten points of the score each", (0.0, 100.0), (0.0, high), &dots)
}

fn bands(figures: &Figures) -> Vec<(Tone, String, String, String, String, String)> {
    let row = |band: &crate::domain::backtest::BandRate| {
        let n = |n: usize| format::number(n as i64);
        let share = if band.days > 0 { format::percent(band.rate, 1) } else { "\u{2013}".to_owned() };
        let tone = Tone::parse(&band.band.tone);
        (tone, band.band.name.clone(), n(band.days), n(band.accounts), n(band.lost_accounts), share)
    };
    figures.bands.iter().map(row).collect()
}

fn spans(score: &Ranking, baseline: &Ranking) -> Bars {
    let label = |span: &WarningSpan| match span.to {
        Some(to) => format!("{}\u{2013}{to}", span.from),
        None => format!("over {}", span.from - 1),
    };
    let missed = |ranking: &Ranking| (ranking.warning.lost - ranking.warning.warned) as f64;
    let mut groups =
        vec![Group { label: "missed".to_owned(), values: vec![missed(score), missed(baseline)] }];
    for (one, other) in score.warning.spans.iter().zip(&baseline.warning.spans) {
        groups.push(Group { label: label(one), values: vec![one.accounts as f64, other.accounts as f64] });
    }
    // Accounts are whole: ticks between them stay without a text.
    let text = |n: f64| if n.fract() == 0.0 { format::decimal(n, 0) } else { String::new() };
    Bars::new(
        "Churned accounts by days of warning",
        "Days of warning",
        &[SCORE, BASELINE],
        &groups,
        None,
        text,
    )
}

fn warning_text(score: &Ranking, baseline: &Ranking) -> String {
    format!(
        "The score's bands raised the alarm on {} of account-days; days since last use may raise it on as many, and \
         does on {}.",
        format::percent(score.warning.alarm_share, 1),
        format::percent(baseline.warning.alarm_share, 1)
    )
}

fn missed_row(account: &Missed, currency: &str) -> MissedRow {
    let day = account.last_day.to_string();
    let health = paths::account_tab(&account.external_id, "health");
    let score = account.last_score.map_or("no score".to_owned(), |score| format::decimal(score, 0));
    MissedRow {
        name: account.name.clone(),
        external_id: account.external_id.clone(),
        href: paths::with_query(&health, &[("as_of", &day)]),
        churned: format::date(account.churned_on),
        arr: format::money(account.arr_minor, currency),
        score: format!("{score} on {}", format::date(account.last_day)),
        silence: match account.days_since_use {
            Some(days) => format::count(days.into(), "day"),
            None => "never heard of".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_read_between_its_points() {
        let points = [(0.0, 0.0), (0.0, 0.4), (0.5, 0.8), (1.0, 1.0)];
        for (at, want) in [(0.0, 0.4), (0.25, 0.6), (0.5, 0.8), (0.75, 0.9), (1.0, 1.0)] {
            assert!((along(&points, at) - want).abs() < 1e-9, "{at}");
        }
        assert_eq!(along(&[], 0.5), 0.0);
    }
}
