//! `GET /accounts/{external_id}/usage?days=`: metrics over time.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::head::AccountHead;
use super::load::{AsOf, Subject};
use crate::db;
use crate::db::metrics::{Day, Metric, MetricDay};
use crate::domain::methodology::InputType;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::respond::{Page, vary};
use crate::web::ui::charts::{LineChart, Series};
use crate::web::ui::{Delta, EmptyState, SelectFilter, Shell, filters, format};

/// How many days to show: 30, 90, 180 or 365.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    days: String,
    #[serde(flatten)]
    as_of: AsOf,
}

/// Small multiples, one a metric.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/usage.html", blocks = ["charts"])]
pub struct AccountUsagePage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// Where the form of the window posts (GET) to: this page.
    pub action: String,
    /// The day it is asked for, when that is past.
    pub as_of: String,
    /// The window: 30, 90, 180, 365 days.
    pub window: SelectFilter,
    /// One chart a metric with data.
    pub metrics: Vec<UsageMetric>,
    /// Metrics of the catalogue without any data here, by name.
    pub silent: Vec<String>,
    /// Said when no metric has data.
    pub empty: Option<EmptyState>,
}

/// One metric.
#[derive(Clone, Debug)]
pub struct UsageMetric {
    /// Names the card in URLs.
    pub anchor: String,
    /// Its name.
    pub name: String,
    /// The figure of the window: a total, a mean a day, or the last sample.
    pub latest: String,
    /// What that figure is: `in 90 days`, `users a day on average`, `as of 3 Nov`.
    pub unit: String,
    /// Against the window before.
    pub delta: Option<Delta>,
    /// The chart, made `small()`; a word has none.
    pub chart: Option<LineChart>,
    /// What a word was before and until when, newest first: `some`, `until 14 Nov`.
    pub words: Vec<(String, String)>,
}

const WINDOWS: [(&str, &str); 4] =
    [("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "365 days")];
const USUAL: &str = "90";

/// The page, or its charts for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let subject = Subject::load(&web, &member, &external_id, &params.as_of).await?;
    let chosen = WINDOWS.iter().find(|(value, _)| *value == params.days).map_or(USUAL, |(value, _)| value);
    let days: u64 = chosen.parse().unwrap_or(90);
    let to = subject.day;
    let from = to - Days::new(days - 1);
    let before = from - Days::new(days);
    let mut tx = web.app.db.read(&member.scope).await?;
    let catalogue = db::metrics::list(&mut tx).await?;
    let rows = db::metrics::all_series(&mut tx, subject.account.id, before, to).await?;
    drop(tx);
    let first_heard = rows.iter().map(|row| row.figures.day).min();
    let window = Window { before, from, to, days, first_heard };
    let (mut metrics, mut silent) = (Vec::new(), Vec::new());
    for metric in &catalogue {
        let of_metric: Vec<&MetricDay> = rows.iter().filter(|row| row.metric_id == metric.id).collect();
        let input = subject.words.in_force.as_deref().and_then(|m| m.methodology.input(&metric.name));
        if !of_metric.is_empty() {
            let percent = input.is_some_and(|input| input.ty == InputType::Percent);
            metrics.push(window.metric(metric, &of_metric, percent));
        } else if input.is_none_or(|input| !input.derived) {
            // What is computed where nothing is stored is not missing.
            silent.push(metric.label.clone());
        }
    }
    let empty = metrics.is_empty().then(|| {
        let text = "Send events with this account's id as the group, or import metrics from a CSV file.";
        EmptyState::new("activity", "No usage data yet", text)
            .action("See what arrives", "/settings/sources")
            .action("Import metrics", "/settings/imports")
    });
    let windows = WINDOWS.iter().filter(|(value, _)| *value != USUAL).copied();
    let current = Some(chosen).filter(|value| *value != USUAL);
    let page = AccountUsagePage {
        shell: subject.shell(&member, "usage"),
        head: subject.head("usage"),
        action: crate::web::paths::account_tab(&external_id, "usage"),
        as_of: if subject.is_past() { to.to_string() } else { String::new() },
        window: SelectFilter::new("days", "Days shown", "90 days", windows, current),
        metrics,
        silent,
        empty,
    };
    Ok(vary(if part { Page(page.as_charts()).into_response() } else { Page(page).into_response() }))
}

/// The days shown, and as many before them to compare with.
struct Window {
    before: NaiveDate,
    from: NaiveDate,
    to: NaiveDate,
    days: u64,
    /// The first row of any metric at hand; nothing is said of days before it.
    first_heard: Option<NaiveDate>,
}

impl Window {
    fn metric(&self, metric: &Metric, rows: &[&MetricDay], percent: bool) -> UsageMetric {
        let (latest, unit, delta, values) = match metric.kind.as_str() {
            "gauge" => self.gauge(metric, rows, percent),
            kind => self.counted(metric, rows, kind == "distinct"),
        };
        let days: Vec<NaiveDate> = self.from.iter_days().take(self.days as usize).collect();
        let chart = values.map(|values| {
            let series = [Series { name: metric.label.clone(), values }];
            LineChart::new(&metric.label, &days, &series, 1).small()
        });
        UsageMetric {
            anchor: format!("metric-{}", metric.name),
            name: metric.label.clone(),
            latest,
            unit,
            delta,
            chart,
            words: self.words(rows),
        }
    }

    /// A day without a row is a zero once anything was heard of the account.
    fn counted(
        &self,
        metric: &Metric,
        rows: &[&MetricDay],
        distinct: bool,
    ) -> (String, String, Option<Delta>, Option<Vec<Option<f64>>>) {
        let of_property = metric.property.is_some();
        let on = |day: NaiveDate| {
            let row = rows.binary_search_by_key(&day, |row| row.figures.day).ok();
            let figure = row.map_or(0.0, |at| counted(&rows[at].figures, of_property));
            (self.first_heard? <= day).then_some(figure)
        };
        let values: Vec<Option<f64>> = self.from.iter_days().take(self.days as usize).map(on).collect();
        let earlier: Vec<Option<f64>> = self.before.iter_days().take(self.days as usize).map(on).collect();
        let sum = |values: &[Option<f64>]| values.iter().flatten().sum::<f64>();
        let known = |values: &[Option<f64>]| values.iter().flatten().count().max(1) as f64;
        let period = format!("vs {} before", format::count(self.days as i64, "day"));
        // A change against days that were only partly known would say nothing.
        let comparable = earlier.iter().all(Option::is_some) && sum(&earlier) > 0.0;
        let change = sum(&values) / sum(&earlier) - 1.0;
        let text = || format!("{}\u{2009}%", format::signed(change * 100.0, 0));
        let delta = comparable.then(|| Delta::new(change, text(), &period, true).neutral());
        let (latest, unit) = if distinct {
            let mean = sum(&values) / known(&values);
            (format::decimal(mean, 1), "a day on average".to_owned())
        } else {
            (format::decimal(sum(&values), 1), format!("in {}", format::count(self.days as i64, "day")))
        };
        (latest, unit, delta, Some(values))
    }

    /// The words a gauge held before its last one, each with the day it ended.
    fn words(&self, rows: &[&MetricDay]) -> Vec<(String, String)> {
        let mut held: Vec<(&str, NaiveDate)> =
            rows.iter().filter_map(|row| Some((row.figures.label.as_deref()?, row.figures.day))).collect();
        held.dedup_by(|later, earlier| later.0 == earlier.0);
        let until = |pair: &[(&str, NaiveDate)]| {
            (pair[0].0.to_owned(), format!("until {}", format::date_near(pair[1].1, self.to)))
        };
        held.windows(2).rev().take(6).map(until).collect()
    }

    /// A sample holds until the next one.
    fn gauge(
        &self,
        metric: &Metric,
        rows: &[&MetricDay],
        percent: bool,
    ) -> (String, String, Option<Delta>, Option<Vec<Option<f64>>>) {
        let last = rows.iter().rev().find(|row| row.figures.value.is_some() || row.figures.label.is_some());
        let since = last
            .map_or_else(String::new, |row| format!("as of {}", format::date_near(row.figures.day, self.to)));
        let unit = match (metric.unit.as_str(), percent) {
            ("", false) => since,
            ("", true) => format!("%, {since}"),
            (unit, _) => format!("{unit}, {since}"),
        };
        if let Some(word) = last.and_then(|row| row.figures.label.clone()) {
            return (word, unit, None, None);
        }
        let on = |day: NaiveDate| {
            let upto = rows.partition_point(|row| row.figures.day <= day);
            rows[..upto].iter().rev().find_map(|row| row.figures.value)
        };
        let values: Vec<Option<f64>> = self.from.iter_days().take(self.days as usize).map(on).collect();
        let now = values.last().copied().flatten();
        let period = format!("in {}", format::count(self.days as i64, "day"));
        let delta = now.zip(on(self.from)).map(|(now, then)| {
            Delta::new(now - then, format::signed(now - then, 1), &period, true).neutral()
        });
        (now.map_or_else(|| "–".to_owned(), |now| format::decimal(now, 1)), unit, delta, Some(values))
    }
}

/// A day's figure as scoring reads it.
fn counted(day: &Day, of_property: bool) -> f64 {
    match (of_property, day.users) {
        (true, _) => day.sum,
        (false, 0) => day.count as f64,
        (false, users) => users as f64,
    }
}
