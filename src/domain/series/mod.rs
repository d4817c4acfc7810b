//! Daily series of an account, as they are kept once a day is over: a month of all its metrics at a time.
//!
//! A [`Row`] says what became known on one day about one day of one metric. [`Month::merge`] adds a row the way the
//! database's upserts do; [`Month::write`] and [`Month::read`] turn a month into bytes and back without any loss.
//! So that nothing has to be searched further back, a month also carries each metric's last row before it.

mod codec;
mod sum;

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

pub use super::compact::Broken;
pub use sum::Sum;

/// What became known on one day about one day of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Day it is about.
    pub day: NaiveDate,
    /// Day on which it became known.
    pub known_on: NaiveDate,
    /// Events.
    pub count: i64,
    /// Sum of the property.
    pub sum: Sum,
    /// Distinct users.
    pub users: i32,
    /// Gauge, a number.
    pub value: Option<f64>,
    /// Gauge, a word.
    pub label: Option<Arc<str>>,
    /// When a gauge's sample was taken, to the microsecond.
    pub value_at: Option<DateTime<Utc>>,
}

impl Row {
    /// A row that says nothing yet.
    pub fn new(day: NaiveDate, known_on: NaiveDate) -> Row {
        Row { day, known_on, count: 0, sum: Sum::ZERO, users: 0, value: None, label: None, value_at: None }
    }

    /// Whether it tells of events.
    pub fn is_usage(&self) -> bool {
        self.count > 0 || self.users > 0
    }

    /// Whether it holds a gauge's sample.
    pub fn is_sample(&self) -> bool {
        self.value.is_some() || self.label.is_some()
    }

    /// Adds what came later for the same day and known day: figures add up, of two samples the one taken later
    /// stays, and of two taken at once the one that came later.
    pub fn absorb(&mut self, later: Row) {
        self.count = self.count.saturating_add(later.count);
        self.sum = self.sum.plus(later.sum);
        self.users = self.users.saturating_add(later.users);
        if later.is_sample() && self.value_at <= later.value_at {
            (self.value, self.label, self.value_at) = (later.value, later.label, later.value_at);
        }
    }

    fn key(&self) -> (NaiveDate, NaiveDate) {
        (self.day, self.known_on)
    }
}

/// Rows of one metric, by day and known day, each pair once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// Id of the metric in the tenant's catalogue.
    pub metric: i32,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Run {
    /// Adds a row that came later than what is there; rows usually come in order.
    pub fn merge(&mut self, row: Row) {
        match self.rows.last() {
            Some(last) if last.key() >= row.key() => {
                match self.rows.binary_search_by_key(&row.key(), Row::key) {
                    Ok(at) => self.rows[at].absorb(row),
                    Err(at) => self.rows.insert(at, row),
                }
            }
            _ => self.rows.push(row),
        }
    }
}

/// The run of a metric among runs sorted by metric, made when there is none.
pub fn run_of(runs: &mut Vec<Run>, metric: i32) -> &mut Run {
    let at = runs.binary_search_by_key(&metric, |run| run.metric).unwrap_or_else(|at| {
        runs.insert(at, Run { metric, rows: Vec::new() });
        at
    });
    &mut runs[at]
}

/// First day of the month a day lies in.
pub fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// All series of one account in one calendar month.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// Its first day.
    pub start: NaiveDate,
    /// What holds as the month begins: of each metric the rows of the last day before it with news, and what became
    /// known of earlier days only after it began.
    pub carry: Vec<Run>,
    /// Rows of its days, by metric.
    pub runs: Vec<Run>,
}

impl Month {
    /// A month without rows.
    pub fn new(start: NaiveDate) -> Month {
        Month { start, carry: Vec::new(), runs: Vec::new() }
    }

    /// From bytes written for the month that begins at `start`.
    ///
    /// # Errors
    /// When the bytes are not those of a month.
    pub fn read(start: NaiveDate, bytes: &[u8]) -> Result<Month, Broken> {
        codec::read(start, bytes)
    }

    /// As bytes.
    pub fn write(&self) -> Vec<u8> {
        codec::write(self)
    }

    /// Adds a row of one of its days.
    pub fn merge(&mut self, metric: i32, row: Row) {
        run_of(&mut self.runs, metric).merge(row);
    }

    /// What the next month carries when it begins at `start`. Exact for whoever asks what was known on `start` or
    /// later, which is everyone who reads that month.
    pub fn carry_into(&self, start: NaiveDate) -> Vec<Run> {
        let mut runs = self.carry.clone();
        for run in &self.runs {
            run_of(&mut runs, run.metric).rows.extend(run.rows.iter().cloned());
        }
        for run in &mut runs {
            keep_in_effect(&mut run.rows, start);
        }
        runs.retain(|run| !run.rows.is_empty());
        runs
    }
}

/// Keeps the rows of the last day with news known before `start`, and of later knowledge what is about that day or a
/// later one and is not overtaken by something about a yet later day that was known by then.
fn keep_in_effect(rows: &mut Vec<Row>, start: NaiveDate) {
    let news = |row: &&Row| row.is_usage() || row.is_sample();
    let last = rows.iter().filter(news).filter(|row| row.known_on < start).map(|row| row.day).max();
    let mut late: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for row in rows.iter().filter(news).filter(|row| row.known_on >= start && Some(row.day) > last) {
        in_effect(&mut late, row.day, row.known_on);
    }
    rows.retain(|row| {
        let overtaken = || late.iter().any(|(day, known_on)| *day > row.day && *known_on <= row.known_on);
        let same_day = || Some(row.day) == last || late.iter().any(|(day, _)| *day == row.day);
        if row.known_on < start { same_day() } else { Some(row.day) >= last && !overtaken() }
    });
}

/// Adds a day and when it became known to a list that answers "which was the last day, as known then?": what an
/// earlier-known later day overtakes is left out.
pub fn in_effect(list: &mut Vec<(NaiveDate, NaiveDate)>, day: NaiveDate, known_on: NaiveDate) {
    if !list.iter().any(|(d, k)| *d >= day && *k <= known_on) {
        list.retain(|(d, k)| *d > day || *k < known_on);
        list.push((day, known_on));
    }
}

#[cfg(test)]
mod tests;
