//! Figures worked out by hand, and what must hold for any.

use chrono::{Duration, NaiveDate};
use proptest::prelude::*;

use super::sample::{Leaf, ModelShape};
use super::*;

fn day(n: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Duration::days(n)
}

fn settings(last: i64) -> Settings {
    Settings { from: day(0), to: day(last), step_days: 7, horizon_days: 30 }
}

/// A day of an account as tests state it.
#[derive(Clone, Debug)]
struct Row {
    account: u32,
    day: i64,
    score: Option<f64>,
    silence: Option<u16>,
    outcome: Outcome,
    leaves: Vec<Option<f64>>,
}

fn row(account: u32, day: i64, score: f64, lost: bool) -> Row {
    let outcome = if lost { Outcome::Churned } else { Outcome::Stayed };
    Row { account, day, score: Some(score), silence: Some(1), outcome, leaves: vec![Some(score)] }
}

/// Rows in order of account and day; accounts with a lost day churn on `day(churns)`. Scores below 50 raise the alarm.
fn samples(rows: &[Row], churns: i64) -> Samples {
    let width = rows.iter().map(|r| r.leaves.len()).max().unwrap_or(1);
    let leaf = |at: usize| Leaf { id: format!("l{at}"), name: format!("L{at}"), weight: 1.0 / width as f64 };
    let model = ModelShape { id: "m".into(), name: "M".into(), leaves: (0..width).map(leaf).collect() };
    let band = |id: &str, tone: &str| BandName { id: id.into(), name: id.into(), tone: tone.into() };
    let mut samples = Samples::new(vec![model], vec![band("green", "good"), band("red", "critical")]);
    let accounts = rows.iter().map(|r| r.account).max().map_or(0, |last| last + 1);
    for account in 0..accounts {
        let lost = rows.iter().any(|r| r.account == account && r.outcome == Outcome::Churned);
        let id = format!("a{account}");
        samples.account(&id, &format!("Account {account}"), lost.then(|| day(churns)));
    }
    for row in rows {
        let alarm = row.score.is_some_and(|score| score < 50.0);
        let sample = Sample {
            alarm,
            band: u8::from(alarm),
            days_since_use: row.silence,
            arr_minor: 1_000 * (i64::from(row.account) + 1),
            ..Sample::new(row.account, day(row.day), row.score, row.outcome)
        };
        samples.push(sample, row.leaves.iter().copied());
    }
    samples
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-4
}

fn pairs_of(samples: &Samples) -> auc::Pairs {
    let days: Vec<&Sample> = samples.days().iter().collect();
    let risks: Vec<f64> = days.iter().map(|s| -s.score.unwrap()).collect();
    auc::pairs(&days, &risks).unwrap()
}

#[test]
fn ties_count_half_and_single_days_have_the_interval_of_delong() {
    let rows = [(30.0, true), (40.0, true), (40.0, false), (80.0, false), (80.0, false)];
    let rows: Vec<Row> = rows.iter().zip(0..).map(|((score, lost), i)| row(i, 0, *score, *lost)).collect();
    // 30 is below all three that stayed; 40 is below two and ties with one: 5.5 of 6.
    let auc = pairs_of(&samples(&rows, 20)).auc();
    assert!(near(auc.value, 5.5 / 6.0), "{auc:?}");
    // DeLong: S10 = 1/72, S01 = 1/48, variance S10/2 + S01/3 = 1/72, on the logit scale ln 11 ± 3.02378.
    let interval = auc.interval.unwrap();
    assert!(near(interval.low, 0.34844) && near(interval.high, 0.99560), "{interval:?}");
}

#[test]
fn the_same_days_seen_more_often_tell_no_more() {
    let once: Vec<Row> = (0..12).map(|i| row(i, 0, f64::from(i * 37 % 60) + 20.0, i % 3 == 0)).collect();
    let often: Vec<Row> =
        once.iter().flat_map(|r| (0..9).map(move |n| Row { day: n * 7, ..r.clone() })).collect();
    let (once, often) = (pairs_of(&samples(&once, 200)).auc(), pairs_of(&samples(&often, 200)).auc());
    let (a, b) = (once.interval.unwrap(), often.interval.unwrap());
    assert!(near(once.value, often.value) && near(a.low, b.low) && near(a.high, b.high), "{a:?} {b:?}");
}

#[test]
fn a_ranking_is_no_better_than_itself() {
    let rows: Vec<Row> = (0..20).map(|i| row(i, 0, f64::from(i * 53 % 97), i % 4 == 0)).collect();
    let pairs = pairs_of(&samples(&rows, 20));
    assert_eq!(pairs.less(&pairs), Auc { value: 0.0, interval: None });
}

#[test]
fn deciles_of_twenty_days() {
    // Two days a decile; the two lowest scores and the fifth lowest come before a churn.
    let rows: Vec<Row> = (0..20).map(|i| row(i, 0, f64::from(i) * 5.0, matches!(i, 0 | 1 | 4))).collect();
    let samples = samples(&rows, 20);
    let days: Vec<&Sample> = samples.days().iter().collect();
    let risks: Vec<f64> = days.iter().map(|s| -s.score.unwrap()).collect();
    let deciles = deciles::deciles(&days, &risks, 0.15);
    let first = deciles[0];
    assert_eq!((first.days, first.lost, first.precision, first.most, first.least), (2.0, 2.0, 1.0, 0.0, 5.0));
    assert!(near(first.lift, 1.0 / 0.15) && near(first.captured, 2.0 / 3.0));
    assert_eq!((deciles[1].lost, deciles[2].lost, deciles[2].captured), (0.0, 1.0, 1.0));
    assert_eq!(deciles.iter().map(|d| d.days).sum::<f64>(), 20.0);
}

#[test]
fn a_tie_is_shared_out_among_deciles() {
    // All the same: every decile has a tenth of everything, whatever the order of the rows.
    let rows: Vec<Row> = (0..15).map(|i| row(i, 0, 50.0, i < 3)).collect();
    let samples = samples(&rows, 20);
    let days: Vec<&Sample> = samples.days().iter().collect();
    for decile in deciles::deciles(&days, &[-50.0; 15], 0.2) {
        assert!(near(decile.days, 1.5) && near(decile.lost, 0.3) && near(decile.lift, 1.0), "{decile:?}");
    }
}

#[test]
fn warnings_are_counted_from_the_start_of_the_last_unbroken_alarm() {
    let mut rows = Vec::new();
    let mut account = |id: u32, scores: &[f64]| {
        for (n, score) in (0..).zip(scores) {
            let (day, mut row) = (n * 7, row(id, n * 7, *score, false));
            // They churn on day 42: the days from 12 on lie within the horizon of 30.
            row.outcome = if id < 4 && day >= 12 { Outcome::Churned } else { Outcome::Stayed };
            rows.push(row);
        }
    };
    account(0, &[40.0, 90.0, 40.0, 40.0, 40.0, 40.0]); // on since day 14: 28 days
    account(1, &[40.0, 40.0, 40.0, 40.0, 40.0, 40.0]); // on since day 0, before the horizon: 42 days
    account(2, &[40.0, 90.0, 90.0, 90.0, 90.0, 90.0]); // the alarm of day 0 was over and too early: missed
    account(3, &[90.0, 90.0, 90.0, 40.0, 90.0, 90.0]); // on for one day, then off: 21 days
    account(4, &[90.0, 90.0, 90.0, 90.0, 90.0, 90.0]);
    let samples = samples(&rows, 42);
    let scored: Vec<&Sample> = samples.days().iter().collect();
    let alarms: Vec<bool> = scored.iter().map(|s| s.alarm).collect();
    let found = warning::warning(&samples, &settings(35), &scored, &alarms);
    assert_eq!((found.lost, found.warned, found.median_days), (4, 3, Some(28.0)));
    assert_eq!((found.lost_arr_minor, found.missed_arr_minor), (10_000, 3_000));
    assert_eq!(found.missed[0].external_id, "a2");
    assert_eq!((found.missed[0].last_day, found.missed[0].last_score), (day(35), Some(90.0)));
    let spans: Vec<usize> = found.spans.iter().map(|span| span.accounts).collect();
    assert_eq!(spans, [0, 2, 1, 0, 0, 0]);
    assert!(near(found.alarm_share, 13.0 / 30.0), "{}", found.alarm_share);
}

#[test]
fn the_baseline_raises_no_more_alarms_than_the_score() {
    assert_eq!(warning::as_many(&[5.0, 1.0, 9.0, 5.0], 1), [false, false, true, false]);
    // The two fives would make three.
    assert_eq!(warning::as_many(&[5.0, 1.0, 9.0, 5.0], 2), [false, false, true, false]);
    assert_eq!(warning::as_many(&[5.0, 1.0, 9.0, 5.0], 3), [true, false, true, true]);
    assert_eq!(warning::as_many(&[5.0, 1.0], 2), [true, true]);
    assert_eq!(warning::as_many(&[], 0), [false; 0]);
}

#[test]
fn bands_and_tenths_count_what_came_after() {
    let rows: Vec<Row> =
        (0..40).map(|i| row(i, 0, if i < 10 { 35.0 } else { 85.0 }, i < 4 || i == 39)).collect();
    let report = report(&samples(&rows, 20), &settings(0));
    let figures = report.figures.unwrap();
    let [green, red] = &figures.bands[..] else { panic!("two bands") };
    assert_eq!((red.days, red.lost_accounts, green.days, green.lost_accounts), (10, 4, 30, 1));
    assert!(near(red.rate, 0.4) && near(green.rate, 1.0 / 30.0));
    // Two groups and a curve of two figures: it goes through both.
    let [low, high] = &figures.calibration.tenths[..] else { panic!("two tenths") };
    assert_eq!((low.from, low.accounts, high.from), (30, 10, 80));
    assert!((low.fitted - 0.4).abs() < 0.01 && (high.fitted - 1.0 / 30.0).abs() < 0.01, "{low:?} {high:?}");
    assert!(figures.calibration.error < 0.01);
    assert!(near(figures.base_rate, 0.125));
}

#[test]
fn a_regression_of_one_yes_or_no_is_the_log_odds_ratio() {
    // Of 40 with the sign 30 were lost, of 60 without it 15: the odds are 3 and 1/3.
    let rows: Vec<(Vec<f64>, bool)> =
        (0..100).map(|i| if i < 40 { (vec![1.0], i < 30) } else { (vec![0.0], i < 55) }).collect();
    let fit = weights::fit(&rows, 1e-9).unwrap();
    assert!((fit.chance(&[1.0]) - 0.75).abs() < 1e-3, "{}", fit.chance(&[1.0]));
    assert!((fit.chance(&[0.0]) - 0.25).abs() < 1e-3, "{}", fit.chance(&[0.0]));
    // A heavy penalty leaves little but the share of all.
    let held = weights::fit(&rows, 1e6).unwrap();
    assert!((held.chance(&[1.0]) - 0.45).abs() < 0.01);
    assert!(weights::fit(&rows[..20], 1.0).is_none(), "all lost: nothing to tell apart");
}

/// Sixty accounts over a year; every third churns at a time of its own. The first leaf falls in the forty days
/// before, the second says nothing, the third rises.
fn year() -> (Samples, Settings) {
    let settings = Settings { from: day(0), to: day(364), step_days: 7, horizon_days: 30 };
    let model = ModelShape {
        id: "m".into(),
        name: "M".into(),
        leaves: ["told", "noise", "wrong"]
            .map(|id| Leaf { id: id.into(), name: id.into(), weight: 1.0 / 3.0 })
            .to_vec(),
    };
    let mut samples = Samples::new(vec![model], Vec::new());
    for id in 0..60_u32 {
        let churn = (id % 3 == 0).then(|| i64::from(40 + id * 6));
        let account = samples.account(&format!("a{id}"), "", churn.map(day));
        for on in settings.days() {
            let n = (on - day(0)).num_days();
            if churn.is_some_and(|churn| n >= churn) {
                break;
            }
            let left = churn.map_or(999, |churn| churn - n);
            let noise = f64::from((id * 37 + n as u32 * 13) % 41);
            let leaves =
                if left <= 40 { [45.0, 50.0, 70.0] } else { [75.0, 50.0, 45.0] }.map(|x| x + noise / 2.0);
            let score = leaves.iter().sum::<f64>() / 3.0;
            let outcome = if left <= 30 { Outcome::Churned } else { Outcome::Stayed };
            let leaves = leaves.map(Some);
            samples.push(Sample::new(account, on, Some(score), outcome), leaves.into_iter());
        }
    }
    (samples, settings)
}

#[test]
fn suggested_weights_are_judged_on_later_days_with_the_horizon_between() {
    let (samples, settings) = year();
    let report = report(&samples, &settings);
    let SuggestionOutcome::Weights { leaves, test } = &report.suggestions[0].outcome else {
        panic!("{:?}", report.suggestions)
    };
    assert!(leaves[0].suggested > 0.9, "{leaves:?}");
    assert_eq!(leaves[2].suggested, 0.0, "a measure that counts the wrong way round is left out");
    assert!(near(leaves.iter().map(|l| l.suggested).sum::<f64>(), 1.0));
    assert_eq!(test.tested_after - test.learnt_to, Duration::days(30));
    assert!(test.learnt_lost >= 5 && test.tested_lost >= 5);
    assert!(test.suggested.value > 0.9 && test.today.value < 0.75, "{test:?}");
    assert!(test.difference.interval.unwrap().low > 0.0);
}

#[test]
fn too_few_churns_are_said_instead_of_figures() {
    for lost in [0, 1, 4] {
        let rows: Vec<Row> = (0..30).map(|i| row(i, 0, f64::from(i), i < lost)).collect();
        let found = report(&samples(&rows, 20), &settings(0));
        assert_eq!((found.figures.is_none(), found.counts.lost_accounts), (true, lost as usize));
        assert!(found.suggestions.is_empty());
    }
    assert_eq!(report(&Samples::default(), &settings(0)).counts, Counts::default());
    // Everybody churns: there is no pair to compare.
    let rows: Vec<Row> = (0..9).map(|i| row(i, 0, f64::from(i), true)).collect();
    assert!(report(&samples(&rows, 20), &settings(0)).figures.is_none());
}

#[test]
fn accounts_without_a_score_are_missed_but_not_ranked() {
    let mut rows: Vec<Row> = (0..30).map(|i| row(i, 0, f64::from(i) * 3.0, i < 6)).collect();
    rows[5] = Row { score: None, leaves: vec![None], ..rows[5].clone() };
    let found = report(&samples(&rows, 20), &settings(0));
    let figures = found.figures.unwrap();
    assert_eq!((found.counts.unscored_days, found.counts.lost_accounts), (1, 6));
    assert_eq!((figures.score.warning.lost, figures.score.warning.warned), (6, 5));
    assert_eq!(figures.score.warning.missed[0].last_score, None);
    assert!(near(figures.base_rate, 5.0 / 29.0));
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let outcome = prop_oneof![
        2 => Just(Outcome::Churned), 4 => Just(Outcome::Stayed), 1 => Just(Outcome::Shrank), 1 => Just(Outcome::Renewed)
    ];
    let leaf = prop::option::weighted(0.8, 0.0..=100.0_f64);
    let one = (
        0..30_u32,
        0..40_i64,
        prop::option::weighted(0.9, 0..=100_u32),
        prop::option::of(0..200_u16),
        outcome,
        prop::collection::vec(leaf, 3),
    );
    prop::collection::vec(one, 0..160).prop_map(|rows| {
        let mut rows: Vec<Row> = rows
            .into_iter()
            .map(|(account, week, score, silence, outcome, leaves)| {
                let score = score.map(f64::from);
                Row { account, day: week * 7, score, silence, outcome, leaves }
            })
            .collect();
        rows.sort_by_key(|r| (r.account, r.day));
        rows.dedup_by_key(|r| (r.account, r.day));
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_figure_is_ever_not_a_number(rows in any_rows()) {
        let report = report(&samples(&rows, 280), &settings(280));
        // What is not a number becomes null in JSON, and null is no number when read again.
        let json = serde_json::to_value(&report).unwrap();
        let read: Report = serde_json::from_value(json.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), json);
        if let Some(figures) = &report.figures {
            for ranking in [&figures.score, &figures.baseline] {
                let auc = ranking.auc;
                prop_assert!((0.0..=1.0).contains(&auc.value));
                if let Some(interval) = auc.interval {
                    prop_assert!(0.0 <= interval.low && interval.low <= auc.value && auc.value <= interval.high);
                    prop_assert!(interval.high <= 1.0);
                }
                let days: f64 = ranking.deciles.iter().map(|d| d.days).sum();
                prop_assert!((days - (report.counts.days - report.counts.unscored_days) as f64).abs() < 1e-6);
                prop_assert!((ranking.deciles[9].captured - 1.0).abs() < 1e-9);
                let ends = (ranking.roc[0], *ranking.roc.last().unwrap());
                prop_assert_eq!((ends.0.found, ends.1.false_alarms, ends.1.found), (0.0, 1.0, 1.0));
                prop_assert_eq!(ranking.warning.lost, report.counts.lost_accounts);
            }
            let alarms = (figures.score.warning.alarm_share, figures.baseline.warning.alarm_share);
            prop_assert!(alarms.1 <= alarms.0 + 1e-12);
        }
    }

    #[test]
    fn only_the_order_of_scores_decides_the_auc(rows in any_rows(), slope in 0.1..0.9_f64) {
        let bent: Vec<Row> = rows
            .iter()
            .map(|r| Row { score: r.score.map(|s| 100.0 * (s / 100.0).powf(slope)), ..r.clone() })
            .collect();
        let (a, b) = (report(&samples(&rows, 280), &settings(280)), report(&samples(&bent, 280), &settings(280)));
        if let (Some(a), Some(b)) = (a.figures, b.figures) {
            prop_assert!((a.score.auc.value - b.score.auc.value).abs() < 1e-9);
            prop_assert!((a.difference.value - b.difference.value).abs() < 1e-9);
            for (a, b) in a.score.deciles.iter().zip(&b.score.deciles) {
                prop_assert!((a.lost - b.lost).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn upside_down_is_the_rest_of_one(rows in any_rows()) {
        let turned: Vec<Row> =
            rows.iter().map(|r| Row { score: r.score.map(|s| 100.0 - s), ..r.clone() }).collect();
        let (a, b) = (report(&samples(&rows, 280), &settings(280)), report(&samples(&turned, 280), &settings(280)));
        if let (Some(a), Some(b)) = (a.figures, b.figures) {
            prop_assert!((a.score.auc.value + b.score.auc.value - 1.0).abs() < 1e-9);
        }
    }
}
