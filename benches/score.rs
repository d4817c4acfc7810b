//! How long one account takes: `cargo bench --bench score`. No database; `holdfast bench score` measures the whole way.

#![expect(clippy::unwrap_used, reason = "what cannot be set up cannot be measured")]

use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use divan::{Bencher, black_box};
use holdfast::app::methodology::{pack_ids, pack_source};
use holdfast::demo::bulk::{self, Shape};
use holdfast::domain::facts::{Facts, Series};
use holdfast::domain::methodology::{InputKind, InputType, Methodology};
use holdfast::domain::metric::MetricKind;
use holdfast::domain::pack::{self, Overrides};
use holdfast::domain::series::{Month, Row, Run, month_of};
use holdfast::domain::value::Value;

fn main() {
    divan::main();
}

const DAYS: i64 = 90;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 3, 31).unwrap()
}

fn methodology(id: &str) -> Methodology {
    pack::load(&pack_source(id).unwrap(), &Overrides::default()).unwrap().methodology
}

/// How each input of a methodology that is a series is filled, by its position.
fn shapes(methodology: &Methodology) -> Vec<(i32, Shape)> {
    let shape = |at: usize| {
        let input = &methodology.inputs()[at];
        let words = || input.values.iter().map(|word| Arc::from(&**word)).collect();
        Some(match (input.metric()?, input.ty) {
            (MetricKind::Counter, _) => Shape::Counter,
            (MetricKind::Distinct, _) => Shape::Users,
            (_, InputType::Enum) => Shape::Word(words()),
            (_, InputType::Bool) => Shape::Word(vec!["true".into(), "false".into()]),
            _ => Shape::Number,
        })
    };
    (0..methodology.inputs().len()).filter_map(|at| Some((at as i32, shape(at)?))).collect()
}

/// A dozen metrics as most tenants have them.
fn dozen() -> Vec<(i32, Shape)> {
    let words = || Shape::Word(["weak", "fair", "strong"].map(Arc::from).to_vec());
    let one = |n: i32| match n {
        0..=5 => Shape::Counter,
        6 => Shape::Amount,
        7 | 8 => Shape::Users,
        9 | 10 => Shape::Number,
        _ => words(),
    };
    (0..12).map(|n| (n, one(n))).collect()
}

fn runs(metrics: &[(i32, Shape)]) -> Vec<Run> {
    bulk::series(90, 7, metrics, today() - Duration::days(DAYS - 1), today())
}

/// Facts whose series are the runs of the inputs' positions.
fn facts(methodology: &Methodology, runs: &[Run]) -> Facts {
    let mut facts = methodology.blank_facts(today());
    facts.start_date = Some(today() - Duration::days(300));
    facts.renewal_date = Some(today() + Duration::days(65));
    (facts.term_months, facts.arr, facts.seats) = (Some(12), Some(60_000.0), Some(40.0));
    facts.last_event = Some(today());
    for run in runs {
        let input = &methodology.inputs()[run.metric as usize];
        let value = |row: &Row| match &row.label {
            Some(word) if input.ty == InputType::Bool => Value::Bool(&**word == "true"),
            Some(word) => Value::Text((&**word).into()),
            None => Value::Number(row.value.unwrap_or(row.count as f64 + f64::from(row.users))),
        };
        facts.inputs[run.metric as usize] = match input.kind {
            InputKind::Event => {
                Series::Events(run.rows.iter().map(|row| (row.day, row.count as f64)).collect())
            }
            _ => Series::Gauge(run.rows.iter().map(|row| (row.day, value(row))).collect()),
        };
    }
    facts
}

fn months(runs: Vec<Run>) -> Vec<Month> {
    let mut months: Vec<Month> = Vec::new();
    for run in runs {
        for row in run.rows {
            let start = month_of(row.day);
            let at = months.iter().position(|month| month.start == start).unwrap_or_else(|| {
                months.push(Month::new(start));
                months.len() - 1
            });
            months[at].merge(run.metric, row);
        }
    }
    months
}

/// Everything a pack says of an account: segment, stage, scores with reasons, renewal, rules.
#[divan::bench(args = pack_ids())]
fn evaluate(bencher: Bencher, id: &str) {
    let methodology = methodology(id);
    let facts = facts(&methodology, &runs(&shapes(&methodology)));
    bencher.bench(|| methodology.evaluate(black_box(&facts)));
}

/// The reasons of a stored score, from its readings.
#[divan::bench(args = pack_ids())]
fn explain(bencher: Bencher, id: &str) {
    let methodology = methodology(id);
    let readings = methodology.read(&facts(&methodology, &runs(&shapes(&methodology))));
    bencher.bench(|| methodology.explain(black_box(&readings)));
}

/// From stored rows to an evaluation: ninety days of every series of the pack.
#[divan::bench(args = pack_ids())]
fn rows_to_evaluation(bencher: Bencher, id: &str) {
    let methodology = methodology(id);
    let runs = runs(&shapes(&methodology));
    bencher.bench(|| methodology.evaluate(&facts(&methodology, black_box(&runs))));
}

/// A month of a dozen metrics, from its bytes.
#[divan::bench]
fn read_month(bencher: Bencher) {
    let month = months(runs(&dozen())).remove(1);
    let bytes = month.write();
    bencher
        .counter(divan::counter::BytesCount::of_slice(&bytes))
        .bench(|| Month::read(month.start, black_box(&bytes)));
}

/// The same month, into bytes.
#[divan::bench]
fn write_month(bencher: Bencher) {
    let month = months(runs(&dozen())).remove(1);
    bencher.bench(|| black_box(&month).write());
}
