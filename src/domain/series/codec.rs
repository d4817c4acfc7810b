//! The bytes of a month.
//!
//! A first byte says which layout; then what is carried, all metrics in one block, then a block for each metric. A
//! block holds its rows column by column; columns in which every row says nothing are left out. A column is a list of
//! groups: one value that repeats, or several that differ. Days are written as steps, known days as distance from
//! their day, times as distance from the time that another metric of the same day has, or this metric the day before:
//! so a daily import or a daily `group` call costs nothing but its values.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate};

use super::super::compact::{Broken, Reader, Writer};
use super::{Month, Row, Run, Sum};

const VERSION: u8 = 1;
/// Rows no month comes near: whoever reads more is reading something else.
const MOST_ROWS: usize = 1 << 20;
/// Equal values from which on a group of their own is shorter.
const REPEATS: usize = 4;
/// The scale that marks a sum kept as a float.
const ROUGH: u8 = u8::MAX;

/// Which columns a block has.
mod has {
    pub(super) const LATE: u8 = 1;
    pub(super) const COUNT: u8 = 2;
    pub(super) const SUM: u8 = 4;
    pub(super) const USERS: u8 = 8;
    pub(super) const SAMPLE: u8 = 16;
}

/// What a row of a gauge has.
mod sample {
    pub(super) const VALUE: u8 = 1;
    pub(super) const LABEL: u8 = 2;
    pub(super) const AT: u8 = 4;
}

pub(super) fn write(month: &Month) -> Vec<u8> {
    let mut w = Writer::new();
    w.byte(VERSION);
    let mut times = Times::new(month.start);
    let carried: Vec<(i32, &Row)> =
        month.carry.iter().flat_map(|run| run.rows.iter().map(|row| (run.metric, row))).collect();
    let rows: Vec<&Row> = carried.iter().map(|(_, row)| *row).collect();
    w.uint(rows.len() as u64);
    if !rows.is_empty() {
        let mut last = 0;
        let steps: Vec<i64> = carried
            .iter()
            .map(|(metric, _)| i64::from(*metric) - i64::from(std::mem::replace(&mut last, *metric)))
            .collect();
        pack(&mut w, &steps, |w, n| w.int(n));
        write_rows(&mut w, &rows, &mut times);
    }
    w.uint(month.runs.len() as u64);
    let mut last = 0;
    for run in &month.runs {
        w.int(i64::from(run.metric) - last);
        last = i64::from(run.metric);
        w.uint(run.rows.len() as u64);
        if !run.rows.is_empty() {
            write_rows(&mut w, &run.rows.iter().collect::<Vec<_>>(), &mut times);
        }
    }
    w.finish()
}

pub(super) fn read(start: NaiveDate, bytes: &[u8]) -> Result<Month, Broken> {
    let mut r = Reader::new(bytes);
    if r.byte()? != VERSION {
        return Err(Broken);
    }
    let mut times = Times::new(start);
    let mut left = MOST_ROWS;
    let n = rows_ahead(&mut r, &mut left)?;
    let mut carry: Vec<Run> = Vec::new();
    if n > 0 {
        let mut metrics = Vec::with_capacity(n);
        let mut last = 0_i32;
        unpack(&mut r, n, Reader::int, |_, step: i64| {
            last = next_metric(last, step)?;
            metrics.push(last);
            Ok(())
        })?;
        for (metric, row) in metrics.into_iter().zip(read_rows(&mut r, n, &mut times)?) {
            match carry.last_mut() {
                Some(run) if run.metric == metric => run.rows.push(row),
                _ => carry.push(Run { metric, rows: vec![row] }),
            }
        }
    }
    let mut runs = Vec::new();
    let mut last = 0;
    for _ in 0..r.uint()? {
        last = next_metric(last, r.int()?)?;
        let n = rows_ahead(&mut r, &mut left)?;
        let rows = if n > 0 { read_rows(&mut r, n, &mut times)? } else { Vec::new() };
        runs.push(Run { metric: last, rows });
    }
    if r.is_empty() { Ok(Month { start, carry, runs }) } else { Err(Broken) }
}

fn next_metric(last: i32, step: i64) -> Result<i32, Broken> {
    i64::from(last).checked_add(step).and_then(|metric| i32::try_from(metric).ok()).ok_or(Broken)
}

fn rows_ahead(r: &mut Reader<'_>, left: &mut usize) -> Result<usize, Broken> {
    let n = usize::try_from(r.uint()?).map_err(|_| Broken)?;
    *left = left.checked_sub(n).ok_or(Broken)?;
    Ok(n)
}

fn write_rows(w: &mut Writer, rows: &[&Row], times: &mut Times) {
    let has_sample = |row: &Row| sampled(row) != 0;
    let flag =
        |bit: u8, wanted: &dyn Fn(&Row) -> bool| if rows.iter().any(|row| wanted(row)) { bit } else { 0 };
    let columns = flag(has::LATE, &|row| row.known_on != row.day)
        | flag(has::COUNT, &|row| row.count != 0)
        | flag(has::SUM, &|row| !row.sum.is_zero())
        | flag(has::USERS, &|row| row.users != 0)
        | flag(has::SAMPLE, &has_sample);
    w.byte(columns);
    let mut last = times.start - 1;
    let steps: Vec<i64> = rows
        .iter()
        .map(|row| {
            let day = number(row.day);
            i64::from(day) - i64::from(std::mem::replace(&mut last, day))
        })
        .collect();
    pack(w, &steps, |w, n| w.int(n));
    if columns & has::LATE != 0 {
        let late: Vec<i64> =
            rows.iter().map(|row| i64::from(number(row.known_on)) - i64::from(number(row.day))).collect();
        pack(w, &late, |w, n| w.int(n));
    }
    if columns & has::COUNT != 0 {
        pack(w, &rows.iter().map(|row| row.count).collect::<Vec<_>>(), |w, n| w.int(n));
    }
    if columns & has::SUM != 0 {
        let parts = |sum: Sum| match sum {
            Sum::Exact { mantissa, scale } => (scale, mantissa),
            Sum::Rough(n) => (ROUGH, n.to_bits().into()),
        };
        let sums: Vec<(u8, i128)> = rows.iter().map(|row| parts(row.sum)).collect();
        pack(w, &sums.iter().map(|(scale, _)| *scale).collect::<Vec<_>>(), |w, scale| w.byte(scale));
        pack(w, &sums.iter().map(|(_, mantissa)| *mantissa).collect::<Vec<_>>(), write_wide);
    }
    if columns & has::USERS != 0 {
        pack(w, &rows.iter().map(|row| row.users).collect::<Vec<_>>(), |w, n| w.int(n.into()));
    }
    if columns & has::SAMPLE != 0 {
        write_samples(w, rows, times);
    }
}

fn sampled(row: &Row) -> u8 {
    let bit = |bit: u8, there: bool| if there { bit } else { 0 };
    bit(sample::VALUE, row.value.is_some())
        | bit(sample::LABEL, row.label.is_some())
        | bit(sample::AT, row.value_at.is_some())
}

fn write_samples(w: &mut Writer, rows: &[&Row], times: &mut Times) {
    pack(w, &rows.iter().map(|row| sampled(row)).collect::<Vec<_>>(), |w, has| w.byte(has));
    let values: Vec<u64> = rows.iter().filter_map(|row| row.value).map(f64::to_bits).collect();
    pack(w, &values, |w, bits| w.figure(f64::from_bits(bits)));
    let mut words: Vec<&str> = Vec::new();
    let mut places = Vec::new();
    for word in rows.iter().filter_map(|row| row.label.as_deref()) {
        let place = words.iter().position(|known| *known == word).unwrap_or_else(|| {
            words.push(word);
            words.len() - 1
        });
        places.push(place as u64);
    }
    if !places.is_empty() {
        w.uint(words.len() as u64);
        words.iter().for_each(|word| w.text(word));
        pack(w, &places, |w, place| w.uint(place));
    }
    let distances: Vec<i64> = rows
        .iter()
        .filter_map(|row| {
            let (day, at) = (number(row.day), row.value_at?.timestamp_micros());
            let expected = times.expected(day);
            times.saw(day, at);
            Some(at.wrapping_sub(expected))
        })
        .collect();
    pack(w, &distances, write_distance);
}

fn read_rows(r: &mut Reader<'_>, n: usize, times: &mut Times) -> Result<Vec<Row>, Broken> {
    let columns = r.byte()?;
    let mut rows: Vec<Row> = Vec::with_capacity(n);
    let mut day = date(times.start - 1)?;
    unpack(r, n, Reader::int, |_, step: i64| {
        day = match step {
            1 => day.succ_opt().ok_or(Broken)?,
            0 => day,
            _ => {
                let day = i64::from(number(day)).checked_add(step).and_then(|day| i32::try_from(day).ok());
                date(day.ok_or(Broken)?)?
            }
        };
        rows.push(Row::new(day, day));
        Ok(())
    })?;
    if columns & has::LATE != 0 {
        unpack(r, n, Reader::int, |at, late: i64| {
            let day =
                i64::from(number(rows[at].day)).checked_add(late).and_then(|day| i32::try_from(day).ok());
            rows[at].known_on = date(day.ok_or(Broken)?)?;
            Ok(())
        })?;
    }
    if columns & has::COUNT != 0 {
        unpack(r, n, Reader::int, |at, count| {
            rows[at].count = count;
            Ok(())
        })?;
    }
    if columns & has::SUM != 0 {
        let mut scales = Vec::with_capacity(n);
        unpack(r, n, Reader::byte, |_, scale| {
            scales.push(scale);
            Ok(())
        })?;
        unpack(r, n, read_wide, |at, mantissa| {
            rows[at].sum = match scales[at] {
                ROUGH => Sum::Rough(f64::from_bits(u64::try_from(mantissa).map_err(|_| Broken)?)),
                scale => Sum::Exact { mantissa, scale },
            };
            Ok(())
        })?;
    }
    if columns & has::USERS != 0 {
        unpack(r, n, Reader::int, |at, users: i64| {
            rows[at].users = i32::try_from(users).map_err(|_| Broken)?;
            Ok(())
        })?;
    }
    if columns & has::SAMPLE != 0 {
        read_samples(r, &mut rows, times)?;
    }
    Ok(rows)
}

fn read_samples(r: &mut Reader<'_>, rows: &mut [Row], times: &mut Times) -> Result<(), Broken> {
    let mut having = Vec::with_capacity(rows.len());
    unpack(r, rows.len(), Reader::byte, |_, has| {
        having.push(has);
        Ok(())
    })?;
    let places = |bit: u8| -> Vec<usize> { (0..having.len()).filter(|at| having[*at] & bit != 0).collect() };
    let valued = places(sample::VALUE);
    unpack(r, valued.len(), Reader::figure, |at, value| {
        rows[valued[at]].value = Some(value);
        Ok(())
    })?;
    let labelled = places(sample::LABEL);
    if !labelled.is_empty() {
        let mut words: Vec<Arc<str>> = Vec::new();
        for _ in 0..r.uint()? {
            words.push(r.text()?.into());
        }
        unpack(r, labelled.len(), Reader::uint, |at, place| {
            let word = usize::try_from(place).ok().and_then(|place| words.get(place)).ok_or(Broken)?;
            rows[labelled[at]].label = Some(word.clone());
            Ok(())
        })?;
    }
    let timed = places(sample::AT);
    unpack(r, timed.len(), read_distance, |at, distance| {
        let row = &mut rows[timed[at]];
        let day = number(row.day);
        let at = times.expected(day).wrapping_add(distance);
        times.saw(day, at);
        row.value_at = Some(DateTime::from_timestamp_micros(at).ok_or(Broken)?);
        Ok(())
    })
}

/// When samples of a day are expected to have been taken.
struct Times {
    /// Number of the month's first day.
    start: i32,
    /// What was seen last for each of its days.
    seen: [Option<i64>; 31],
    /// What was seen last, from the midnight of its day.
    of_day: i64,
}

impl Times {
    fn new(start: NaiveDate) -> Times {
        Times { start: number(start), seen: [None; 31], of_day: 0 }
    }

    fn place(&self, day: i32) -> Option<usize> {
        usize::try_from(day.wrapping_sub(self.start)).ok().filter(|place| *place < self.seen.len())
    }

    fn expected(&self, day: i32) -> i64 {
        let seen = self.place(day).and_then(|place| self.seen[place]);
        seen.unwrap_or_else(|| midnight(day).wrapping_add(self.of_day))
    }

    fn saw(&mut self, day: i32, at: i64) {
        if let Some(place) = self.place(day) {
            self.seen[place] = Some(at);
        }
        self.of_day = at.wrapping_sub(midnight(day));
    }
}

/// Days since the first of January of the year 1.
fn number(day: NaiveDate) -> i32 {
    day.num_days_from_ce()
}

fn date(number: i32) -> Result<NaiveDate, Broken> {
    NaiveDate::from_num_days_from_ce_opt(number).ok_or(Broken)
}

/// Microseconds from 1970 to the midnight (UTC) of a day.
fn midnight(day: i32) -> i64 {
    (i64::from(day) - 719_163).wrapping_mul(86_400_000_000)
}

/// Microseconds in the coarsest unit that says them exactly.
fn write_distance(w: &mut Writer, micros: i64) {
    let unit = [(0, 1_000_000), (1, 1_000), (2, 1)].into_iter().find(|(_, unit)| micros % unit == 0);
    match unit {
        Some((mark, unit)) if micros.unsigned_abs() < 1 << 60 => {
            let n = micros / unit;
            w.uint((((n << 1) ^ (n >> 63)) as u64) << 2 | mark);
        }
        _ => {
            w.uint(3);
            w.int(micros);
        }
    }
}

fn read_distance(r: &mut Reader<'_>) -> Result<i64, Broken> {
    let n = r.uint()?;
    let signed = (n >> 3) as i64 ^ -((n >> 2 & 1) as i64);
    match n & 3 {
        0 => signed.checked_mul(1_000_000).ok_or(Broken),
        1 => signed.checked_mul(1_000).ok_or(Broken),
        2 => Ok(signed),
        _ => r.int(),
    }
}

/// As [`Writer::int`], for what needs more bits.
fn write_wide(w: &mut Writer, n: i128) {
    let mut n = ((n << 1) ^ (n >> 127)) as u128;
    while n >= 0x80 {
        w.byte(n as u8 | 0x80);
        n >>= 7;
    }
    w.byte(n as u8);
}

fn read_wide(r: &mut Reader<'_>) -> Result<i128, Broken> {
    let mut n = 0_u128;
    for shift in (0..128).step_by(7) {
        let byte = r.byte()?;
        n |= u128::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok((n >> 1) as i128 ^ -((n & 1) as i128));
        }
    }
    Err(Broken)
}

/// A column: groups of one value that repeats, or of several one after another.
fn pack<T: PartialEq + Copy>(w: &mut Writer, items: &[T], mut put: impl FnMut(&mut Writer, T)) {
    let equal = |from: usize| items[from..].iter().take_while(|item| **item == items[from]).count();
    let mut at = 0;
    while at < items.len() {
        let run = equal(at);
        if run >= REPEATS || at + run == items.len() {
            w.uint((run as u64) << 1 | 1);
            put(w, items[at]);
            at += run;
            continue;
        }
        let mut end = at + run;
        while end < items.len() {
            let run = equal(end);
            if run >= REPEATS {
                break;
            }
            end += run;
        }
        w.uint((end as u64 - at as u64) << 1);
        items[at..end].iter().for_each(|item| put(w, *item));
        at = end;
    }
}

fn unpack<'a, T: Copy>(
    r: &mut Reader<'a>,
    n: usize,
    get: impl Fn(&mut Reader<'a>) -> Result<T, Broken>,
    mut put: impl FnMut(usize, T) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut at = 0;
    while at < n {
        let head = r.uint()?;
        let length = usize::try_from(head >> 1).map_err(|_| Broken)?;
        if length == 0 || length > n - at {
            return Err(Broken);
        }
        let end = at + length;
        if head & 1 == 1 {
            let item = get(r)?;
            (at..end).try_for_each(|at| put(at, item))?;
        } else {
            (at..end).try_for_each(|at| put(at, get(r)?))?;
        }
        at = end;
    }
    Ok(())
}
