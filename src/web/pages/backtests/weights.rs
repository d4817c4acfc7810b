//! Today's weights beside those a regression suggests, and how both did on later days.

use super::figures::interval;
use crate::domain::backtest::{MIN_LOST, OutOfTime, SuggestedLeaf, Suggestion, SuggestionOutcome};
use crate::web::ui::{Delta, format};

/// What is suggested for one model.
#[derive(Clone, Debug)]
pub struct WeightsView {
    /// The model's name.
    pub model: String,
    /// What is to be said before the tables; all there is when nothing is suggested.
    pub text: String,
    /// (measure, today, suggested, change, share of days with data).
    pub leaves: Vec<(String, String, String, Delta, String)>,
    /// On later days: (weights, AUC, interval).
    pub test: Vec<(&'static str, String, String)>,
}

impl WeightsView {
    /// Words and tables for a suggestion.
    pub fn new(suggestion: &Suggestion) -> Self {
        let none = |text: String| WeightsView {
            model: suggestion.name.clone(),
            text,
            leaves: Vec::new(),
            test: Vec::new(),
        };
        match &suggestion.outcome {
            SuggestionOutcome::TooFew { earlier, later } => none(format!(
                "Weights are learnt from earlier days and judged on later ones, and each side needs {MIN_LOST} accounts \
                 that churned. At the best place to part the days, {earlier} churned before and {later} after."
            )),
            SuggestionOutcome::Nothing => none(
                "No measure was lower before a churn than at other times; there is nothing to weigh."
                    .to_owned(),
            ),
            SuggestionOutcome::Weights { leaves, test } => WeightsView {
                model: suggestion.name.clone(),
                text: text(test),
                leaves: leaves.iter().map(row).collect(),
                test: vec![
                    (
                        "Today\u{2019}s weights",
                        format!("{:.2}", test.today.value),
                        interval(&test.today, false),
                    ),
                    (
                        "Suggested weights",
                        format!("{:.2}", test.suggested.value),
                        interval(&test.suggested, false),
                    ),
                    (
                        "Days since last use",
                        format!("{:.2}", test.baseline.value),
                        interval(&test.baseline, false),
                    ),
                ],
            },
        }
    }
}

fn text(test: &OutOfTime) -> String {
    let gain = format!("{} ({})", format::signed(test.difference.value, 2), interval(&test.difference, true));
    let verdict = match test.difference.interval {
        Some(i) if i.low > 0.0 => "On days they were not made from, they do better than today\u{2019}s",
        Some(i) if i.high < 0.0 => "On days they were not made from, they do worse than today\u{2019}s",
        _ => "On days they were not made from, it cannot be told whether they do better than today\u{2019}s",
    };
    format!(
        "{verdict}: AUC {gain}. Learnt from days up to {} ({}, {} churned), judged on days after {} ({}, {} \
         churned); what lies between is left out, so that no outcome reaches across.",
        format::date(test.learnt_to),
        format::count(test.learnt_days as i64, "account-day"),
        format::count(test.learnt_lost as i64, "account"),
        format::date(test.tested_after),
        format::count(test.tested_days as i64, "account-day"),
        format::count(test.tested_lost as i64, "account"),
    )
}

fn row(leaf: &SuggestedLeaf) -> (String, String, String, Delta, String) {
    let change = (leaf.suggested - leaf.today) * 100.0;
    (
        leaf.name.clone(),
        format::percent(leaf.today, 1),
        format::percent(leaf.suggested, 1),
        Delta::new(change.round(), format!("{} points", format::signed(change, 0)), "", true).neutral(),
        format::percent(leaf.with_data, 0),
    )
}
