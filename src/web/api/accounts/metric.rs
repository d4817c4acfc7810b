//! `GET /api/v1/accounts/{external_id}/metrics/{metric}`.

use axum::Json;
use axum::extract::State;
use chrono::{Duration, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::db;
use crate::db::metrics::{Day, Metric};
use crate::web::Web;
use crate::web::api::common::{self, Figure};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Query, ReadKey};

/// Days without `from` and `to`.
const DEFAULT_DAYS: i64 = 30;
/// The most days one request may ask for.
const MAX_DAYS: i64 = 400;

/// Which days, both included.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// The first day; 29 days before `to` without it.
    #[serde(default, deserialize_with = "common::read_day")]
    from: Option<NaiveDate>,
    /// The last day; today without it. At most 400 days in all.
    #[serde(default, deserialize_with = "common::read_day")]
    to: Option<NaiveDate>,
}

/// A metric of an account, day by day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyMetric {
    /// The account.
    #[schema(example = "acme")]
    pub external_id: String,
    /// The metric's name.
    #[schema(example = "active_users")]
    pub metric: String,
    /// Its label on pages.
    #[schema(example = "Active users")]
    pub label: String,
    /// Its unit, may be empty.
    pub unit: String,
    /// `counter` (occurrences or their sum), `distinct` (users of the day) or `gauge` (the day's last sample).
    #[schema(example = "distinct")]
    pub kind: String,
    /// The first day asked for.
    pub from: NaiveDate,
    /// The last day asked for.
    pub to: NaiveDate,
    /// Days in order. Counters and distinct users have each day from the account's first one with data up to
    /// today, 0 where nothing happened; gauges only have the days with a sample, for between samples nothing is
    /// known.
    pub data: Vec<DayValue>,
}

/// A day's figure.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct DayValue {
    /// The tenant's calendar day.
    pub day: NaiveDate,
    /// The figure.
    pub value: Figure,
}

/// Show a metric of an account, day by day.
#[utoipa::path(
    get,
    path = "/v1/accounts/{external_id}/metrics/{metric}",
    operation_id = "getAccountMetric",
    tag = "Accounts",
    params(
        ("external_id" = String, Path, description = "Identity in your own systems, percent-encoded", example = "acme"),
        ("metric" = String, Path, description = "Name in the metric catalogue", example = "logins"),
        Days
    ),
    responses((status = 200, description = "The metric's days", body = DailyMetric)),
    security(("readKey" = []))
)]
pub async fn daily(
    State(web): State<Web>,
    key: ReadKey,
    Path((external_id, name)): Path<(String, String)>,
    Query(query): Query<Days>,
) -> Result<Json<DailyMetric>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let (from, to) = query.range(today)?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = db::accounts::id_of(&mut tx, &external_id).await?;
    let account = account.ok_or_else(|| Refusal::not_found("account", &external_id))?;
    let metric = db::metrics::find(&mut tx, &name).await?;
    let metric = metric.ok_or_else(|| Refusal::not_found("metric", &name))?;
    let rows = db::metrics::series(&mut tx, account, metric.id, from, to).await?;
    let data = if metric.kind == "gauge" {
        rows.into_iter().filter_map(sample).collect()
    } else {
        match db::metrics::first_day(&mut tx, account, metric.id).await? {
            Some(first) => filled(&rows, &metric, from.max(first), to.min(today)),
            None => Vec::new(),
        }
    };
    Ok(Json(DailyMetric {
        external_id,
        metric: metric.name,
        label: metric.label,
        unit: metric.unit,
        kind: metric.kind,
        from,
        to,
        data,
    }))
}

impl Days {
    fn range(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate)> {
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or(to - Duration::days(DEFAULT_DAYS - 1));
        if from > to {
            return Err(Refusal::parameter("from", format!("must not be after {to}")));
        }
        if (to - from).num_days() >= MAX_DAYS {
            return Err(Refusal::parameter("from", format!("must be within {MAX_DAYS} days of {to}")));
        }
        Ok((from, to))
    }
}

fn sample(row: Day) -> Option<DayValue> {
    let value = match (row.value, row.label) {
        (Some(number), _) => Figure::from(number),
        (None, Some(word)) => Figure::Word(word),
        (None, None) => return None,
    };
    Some(DayValue { day: row.day, value })
}

/// Each day of a stretch, 0 where there is no row.
fn filled(rows: &[Day], metric: &Metric, from: NaiveDate, to: NaiveDate) -> Vec<DayValue> {
    let figure = |row: &Day| match (metric.kind.as_str(), &metric.property) {
        ("distinct", _) => row.users as f64,
        (_, Some(_)) => row.sum,
        (_, None) => row.count as f64,
    };
    let mut rows = rows.iter().skip_while(|row| row.day < from).peekable();
    from.iter_days()
        .take_while(|day| *day <= to)
        .map(|day| DayValue {
            day,
            value: Figure::from(rows.next_if(|row| row.day == day).map_or(0.0, figure)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_days_of_a_counter_are_zero() {
        let row =
            |text: &str, count| Day { day: day(text), count, sum: 0.5, users: 9, value: None, label: None };
        let mut metric = Metric {
            id: 1,
            name: "logins".into(),
            label: "Logins".into(),
            unit: String::new(),
            kind: "counter".into(),
            event: None,
            property: None,
            trait_name: None,
            fresh_days: None,
        };
        let rows = [row("2027-03-01", 4), row("2027-03-03", 2)];
        let values = |metric: &Metric| -> Vec<Figure> {
            filled(&rows, metric, day("2027-03-01"), day("2027-03-04")).into_iter().map(|d| d.value).collect()
        };
        assert_eq!(values(&metric), [4, 0, 2, 0].map(Figure::Whole));
        metric.property = Some("amount".into());
        assert_eq!(values(&metric)[0], Figure::Number(0.5));
        metric.kind = "distinct".into();
        assert_eq!(values(&metric)[0], Figure::Whole(9));
    }

    #[test]
    fn ranges_have_an_end() {
        let today = day("2027-03-31");
        let range = |from: Option<&str>, to: Option<&str>| {
            Days { from: from.map(day), to: to.map(day) }.range(today).ok()
        };
        assert_eq!(range(None, None), Some((day("2027-03-02"), today)));
        assert_eq!(range(None, Some("2027-01-30")), Some((day("2027-01-01"), day("2027-01-30"))));
        assert!(range(Some("2026-02-25"), None).is_some());
        assert!(range(Some("2026-02-24"), None).is_none());
        assert!(range(Some("2027-04-01"), None).is_none());
    }
}
