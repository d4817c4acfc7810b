//! Rows of metrics: daily figures.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::cells::{Cells, Checked, accounts_of, number, unknown_account};
use super::mapping::column;
use super::rows::{Fate, Rows, one_at_a_time};
use super::{ColumnSpec, Known};
use crate::db::metrics::{Figure, Metric, Part};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::metric::normalise;

pub(super) const COLUMNS: &[ColumnSpec] = &[
    column(
        "account",
        &["account_id", "account_external_id", "external_id", "customer", "customer_id"],
        true,
        "External id of the account",
    ),
    column("metric", &["metric_name"], true, "Name of a metric in the catalogue"),
    column("date", &["day"], true, "The day the figure is about, such as 2027-01-31"),
    column("value", &["figure"], true, "The day's whole figure; for gauges a number or a word"),
];

/// What rows of figures are checked against.
#[derive(Clone)]
pub(super) struct Metrics {
    catalogue: Arc<HashMap<String, Metric>>,
    known: Known,
    today: NaiveDate,
    now: DateTime<Utc>,
    time_zone: chrono_tz::Tz,
}

/// A figure and the external id of its account.
pub(super) struct Row {
    account: String,
    metric_id: i32,
    day: NaiveDate,
    part: Part,
}

impl Metrics {
    pub(super) async fn load(
        tx: &mut TenantTx,
        scope: &TenantScope,
        known: Known,
        now: DateTime<Utc>,
    ) -> db::Result<Self> {
        let metrics = db::metrics::list(tx).await?;
        let catalogue = metrics.into_iter().map(|metric| (normalise(&metric.name), metric)).collect();
        let (today, time_zone) = (scope.day_of(now), scope.time_zone());
        Ok(Metrics { catalogue: Arc::new(catalogue), known, today, now, time_zone })
    }

    fn metric(&self, cells: &Cells<'_>) -> Checked<&Metric> {
        let name = cells.needed("metric", 63)?;
        self.catalogue.get(&normalise(name)).map_or_else(
            || {
                let mut known: Vec<&str> = self.catalogue.values().map(|m| m.name.as_str()).collect();
                known.sort_unstable();
                let more = if known.len() > 12 { ", …" } else { "" };
                known.truncate(12);
                let known = known.join(", ");
                cells.wrong("metric", format_args!("{name:?} is no metric of the catalogue ({known}{more})"))
            },
            Ok,
        )
    }

    /// When a day's figure was taken: at its end, or now while it lasts.
    fn taken_at(&self, day: NaiveDate) -> DateTime<Utc> {
        let next = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0));
        let end = next.and_then(|end| end.and_local_timezone(self.time_zone).earliest());
        end.map_or(self.now, |end| end.with_timezone(&Utc).min(self.now))
    }
}

impl Rows for Metrics {
    type Row = Row;

    fn read(&self, cells: &Cells<'_>) -> Checked<Row> {
        let metric = self.metric(cells)?;
        let day = cells.needed_date("date")?;
        if day > self.today {
            return cells.wrong("date", format_args!("{day} has not come yet; it is {}", self.today));
        }
        if day < NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default() {
            return cells.wrong("date", format_args!("{day} is before 2000"));
        }
        let text = cells.needed("value", 200)?;
        let part = match (metric.kind.as_str(), metric.property.is_some()) {
            ("gauge", _) => sample(text, self.taken_at(day)),
            ("counter", true) => decimal(text).map(Part::Sum),
            ("counter", false) => whole(text, 1_000_000_000_000_000).map(Part::Count),
            _ => whole(text, i64::from(i32::MAX)).map(|n| Part::Users(i32::try_from(n).unwrap_or(i32::MAX))),
        };
        match part {
            Ok(part) => {
                let account = cells.needed("account", 200)?.to_owned();
                Ok(Row { account, metric_id: metric.id, day, part })
            }
            Err(message) => cells.wrong("value", message),
        }
    }

    async fn store(&self, tx: &mut TenantTx, rows: &[&Row], now: DateTime<Utc>) -> db::Result<Vec<Fate>> {
        let accounts = accounts_of(tx, rows.iter().map(|row| row.account.as_str())).await?;
        let mut fates: Vec<Fate> = rows.iter().map(|row| Err(unknown_account(&row.account))).collect();
        let known: Vec<(usize, Figure)> = rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| {
                let known_on = if self.known == Known::OnItsDay { row.day } else { self.today };
                let (account_id, part) = (*accounts.get(&row.account)?, row.part.clone());
                Some((at, Figure { account_id, metric_id: row.metric_id, day: row.day, known_on, part }))
            })
            .collect();
        let mut touched: Vec<Uuid> = Vec::new();
        for wave in one_at_a_time(known.iter().map(|(_, f)| (f.account_id, f.metric_id, f.day))) {
            let figures: Vec<Figure> = wave.iter().map(|&k| known[k].1.clone()).collect();
            for (k, change) in wave.iter().zip(db::metrics::put_figures(tx, &figures).await?) {
                let (at, figure) = &known[*k];
                if change != db::accounts::Change::Unchanged {
                    touched.push(figure.account_id);
                }
                fates[*at] = Ok(change);
            }
        }
        if !touched.is_empty() {
            db::accounts::mark_dirty(tx, &touched, now).await?;
        }
        Ok(fates)
    }
}

/// What begins like a number must be one; anything else that begins with a letter is a word.
fn sample(text: &str, at: DateTime<Utc>) -> Checked<Part> {
    let begins_like_one = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let pretends = ["nan", "inf", "infinity", "null"].contains(&text.to_lowercase().as_str());
    if !begins_like_one && !pretends && text.starts_with(char::is_alphabetic) {
        return Ok(Part::Word(text.to_owned(), at));
    }
    number(text).map(|number| Part::Value(number, at))
}

fn whole(text: &str, most: i64) -> Checked<i64> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    match digits.parse::<i64>() {
        Ok(number) if (0..=most).contains(&number) => Ok(number),
        _ => Err(format!("{text:?} is not a whole number from 0 to {most}")),
    }
}

/// A decimal that the database can add up exactly.
fn decimal(text: &str) -> Checked<String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (1..=20).contains(&whole.len()) && fraction.len() <= 20 && digits(whole) && digits(fraction) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a decimal number such as 1234.5"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(sample("-1.5", at), Ok(Part::Value(-1.5, at)));
        assert_eq!(sample("strong", at), Ok(Part::Word("strong".to_owned(), at)));
        for bad in ["1,5", "45%", "NaN", "Infinity", "?", "12abc"] {
            assert!(sample(bad, at).is_err(), "{bad}");
        }
        assert_eq!((whole("7", 9), whole("7.0", 9)), (Ok(7), Ok(7)));
        assert!(whole("10", 9).is_err() && whole("-1", 9).is_err() && whole("1.5", 9).is_err());
        for good in ["0", "-12.50", "12345678901234567890.12345678901234567890"] {
            assert_eq!(decimal(good).as_deref(), Ok(good));
        }
        for bad in ["", "-", ".5", "--1", "1e5", "1,000", "123456789012345678901"] {
            assert!(decimal(bad).is_err(), "{bad}");
        }
    }
}
