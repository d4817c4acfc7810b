//! One day's readings as bytes, alone or as what changed since a day before.
//!
//! Ids are not stored: readings stand in the order of the methodology version's indicators. The layout is fixed by
//! the byte in front of it, which whoever uses this writes.

use chrono::{Duration, NaiveDate};

use super::super::compact::{Broken, Reader, Writer};
use super::super::value::Value;
use super::{CapNote, Health, Reading, Readings};

/// More indicators than any methodology can have; more must be broken bytes.
const MOST: u64 = 10_000;
/// Denominators tried for a figure that no few decimals say.
const DENOMINATORS: f64 = 1e6;

// What stands beside the indicators: flags of what there is.
const PRIMARY: u8 = 1;
const CAPS: u8 = 2;
const SET: u8 = 4;
const SET_BAND: u8 = 8;
/// All of it as on the day before.
const SAME_HEAD: u8 = 16;

// The tag of a reading: the value's kind in the low four bits, the date's in the next three, staleness on top.
const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const FIGURE: u8 = 3;
/// A quotient of two whole numbers.
const FRACTION: u8 = 4;
/// A hundred times such a quotient, multiplied last.
const PERCENT: u8 = 5;
const TEXT: u8 = 6;
const SAME_VALUE: u8 = 7;

const NO_DATE: u8 = 0;
const SAME_DAY: u8 = 1;
const DAY_BEFORE: u8 = 2;
/// Days before the day of the readings follow.
const DAYS_BEFORE: u8 = 3;
/// The date that stood on the day before.
const SAME_DATE: u8 = 4;

const STALE: u8 = 0x80;

/// Readings without the ids of their indicators.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bare {
    of: Vec<Reading>,
    primary: Option<Box<str>>,
    caps: Vec<CapNote>,
    set: Option<f64>,
    set_band: Option<Box<str>>,
}

impl Bare {
    /// Of readings that stand in their methodology's order.
    pub(super) fn of(readings: &Readings) -> Self {
        Bare {
            of: readings.of.0.iter().map(|(_, reading)| reading.clone()).collect(),
            primary: readings.primary.clone(),
            caps: readings.caps.clone(),
            set: readings.set,
            set_band: readings.set_band.clone(),
        }
    }

    /// The readings of a day, with the ids of the methodology they were made with; none when they are of another.
    pub(super) fn named(self, as_of: NaiveDate, health: &Health) -> Option<Readings> {
        if self.of.len() != health.indicators.len() {
            return None;
        }
        let of = health.indicators.iter().map(|indicator| indicator.id.clone()).zip(self.of).collect();
        Some(Readings {
            as_of,
            of: super::ByIndicator(of),
            primary: self.primary,
            caps: self.caps,
            set: self.set,
            set_band: self.set_band,
        })
    }

    /// Writes them for a day; `before` is what was written just before, if the reader will have read that.
    pub(super) fn write(&self, out: &mut Writer, day: NaiveDate, before: Option<&Bare>) {
        self.write_head(out, before);
        out.uint(self.of.len() as u64);
        let before = |i: usize| before.and_then(|bare| bare.of.get(i));
        let values: Vec<Packed> = self
            .of
            .iter()
            .enumerate()
            .map(|(i, reading)| match before(i) {
                Some(before) if same(&before.value, &reading.value) => Packed::Same,
                _ => Packed::of(&reading.value),
            })
            .collect();
        // All tags first: they are the same on most days, which is what compression looks for.
        let dates: Vec<u8> =
            self.of.iter().enumerate().map(|(i, reading)| date_kind(reading, day, before(i))).collect();
        for ((reading, value), date) in self.of.iter().zip(&values).zip(&dates) {
            out.byte(value.kind() | date << 4 | if reading.stale { STALE } else { 0 });
        }
        for ((reading, value), date) in self.of.iter().zip(&values).zip(&dates) {
            value.write(out);
            if let (DAYS_BEFORE, Some(date)) = (*date, reading.date) {
                out.int((day - date).num_days());
            }
        }
    }

    fn write_head(&self, out: &mut Writer, before: Option<&Bare>) {
        if before.is_some_and(|before| before.has_head_of(self)) {
            return out.byte(SAME_HEAD);
        }
        let flag = |there: bool, flag: u8| if there { flag } else { 0 };
        out.byte(
            flag(self.primary.is_some(), PRIMARY)
                | flag(!self.caps.is_empty(), CAPS)
                | flag(self.set.is_some(), SET)
                | flag(self.set_band.is_some(), SET_BAND),
        );
        if let Some(primary) = &self.primary {
            out.text(primary);
        }
        if !self.caps.is_empty() {
            out.uint(self.caps.len() as u64);
            for cap in &self.caps {
                out.text(&cap.at_most);
                out.text(&cap.why);
            }
        }
        if let Some(set) = self.set {
            out.figure(set);
        }
        if let Some(band) = &self.set_band {
            out.text(band);
        }
    }

    fn has_head_of(&self, other: &Bare) -> bool {
        self.primary == other.primary
            && self.caps == other.caps
            && self.set.map(f64::to_bits) == other.set.map(f64::to_bits)
            && self.set_band == other.set_band
    }

    /// Reads what [`Bare::write`] wrote with the same day and the same readings before.
    pub(super) fn read(
        bytes: &mut Reader<'_>,
        day: NaiveDate,
        before: Option<&Bare>,
    ) -> Result<Bare, Broken> {
        let mut bare = Bare::read_head(bytes, before)?;
        let n = bytes.uint()?;
        if n > MOST {
            return Err(Broken);
        }
        let tags = (0..n).map(|_| bytes.byte()).collect::<Result<Vec<u8>, _>>()?;
        for (i, tag) in tags.into_iter().enumerate() {
            let before = before.and_then(|bare| bare.of.get(i));
            let value = match tag & 0x0f {
                NULL => Value::Null,
                FALSE => Value::Bool(false),
                TRUE => Value::Bool(true),
                FIGURE => Value::Number(bytes.figure()?),
                FRACTION => Value::Number(bytes.int()? as f64 / bytes.uint()? as f64),
                PERCENT => Value::Number(100.0 * (bytes.int()? as f64 / bytes.uint()? as f64)),
                TEXT => Value::Text(bytes.text()?.into()),
                SAME_VALUE => before.ok_or(Broken)?.value.clone(),
                _ => return Err(Broken),
            };
            let ago = |days: i64| {
                let days = Duration::try_days(days).ok_or(Broken)?;
                day.checked_sub_signed(days).map(Some).ok_or(Broken)
            };
            let date = match tag >> 4 & 0x07 {
                NO_DATE => None,
                SAME_DAY => Some(day),
                DAY_BEFORE => ago(1)?,
                DAYS_BEFORE => ago(bytes.int()?)?,
                SAME_DATE => before.ok_or(Broken)?.date,
                _ => return Err(Broken),
            };
            bare.of.push(Reading { value, date, stale: tag & STALE != 0 });
        }
        Ok(bare)
    }

    fn read_head(bytes: &mut Reader<'_>, before: Option<&Bare>) -> Result<Bare, Broken> {
        let flags = bytes.byte()?;
        if flags == SAME_HEAD {
            let before = before.ok_or(Broken)?;
            return Ok(Bare { of: Vec::new(), ..before.clone() });
        }
        let mut bare = Bare::default();
        if flags & PRIMARY != 0 {
            bare.primary = Some(bytes.text()?.into());
        }
        if flags & CAPS != 0 {
            let n = bytes.uint()?;
            if n > MOST {
                return Err(Broken);
            }
            for _ in 0..n {
                bare.caps.push(CapNote { at_most: bytes.text()?.into(), why: bytes.text()?.into() });
            }
        }
        if flags & SET != 0 {
            bare.set = Some(bytes.figure()?);
        }
        if flags & SET_BAND != 0 {
            bare.set_band = Some(bytes.text()?.into());
        }
        Ok(bare)
    }
}

/// Equal to the last bit.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

fn date_kind(reading: &Reading, day: NaiveDate, before: Option<&Reading>) -> u8 {
    match reading.date {
        None => NO_DATE,
        Some(date) if date == day => SAME_DAY,
        Some(date) if Some(date) == day.pred_opt() => DAY_BEFORE,
        date if before.is_some_and(|before| before.date == date) => SAME_DATE,
        Some(_) => DAYS_BEFORE,
    }
}

/// How a value is written.
enum Packed<'a> {
    Null,
    Bool(bool),
    Figure(f64),
    Fraction(i64, u64),
    Percent(i64, u64),
    Text(&'a str),
    Same,
}

impl<'a> Packed<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Packed::Null,
            Value::Bool(yes) => Packed::Bool(*yes),
            Value::Text(text) => Packed::Text(text),
            Value::Number(n) => Packed::of_figure(*n),
        }
    }

    /// Most figures are whole, have few decimals, or are means and shares of whole numbers.
    fn of_figure(n: f64) -> Self {
        let length = |packed: &Packed| {
            let mut out = Writer::new();
            packed.write(&mut out);
            out.finish().len()
        };
        let figure = Packed::Figure(n);
        if length(&figure) <= 4 {
            return figure;
        }
        let fraction = quotient(n, |q| q == n).map(|(p, q)| Packed::Fraction(p, q));
        let percent = || quotient(n / 100.0, |q| 100.0 * q == n).map(|(p, q)| Packed::Percent(p, q));
        match fraction.or_else(percent) {
            Some(shorter) if length(&shorter) < length(&figure) => shorter,
            _ => figure,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Packed::Null => NULL,
            Packed::Bool(false) => FALSE,
            Packed::Bool(true) => TRUE,
            Packed::Figure(_) => FIGURE,
            Packed::Fraction(..) => FRACTION,
            Packed::Percent(..) => PERCENT,
            Packed::Text(_) => TEXT,
            Packed::Same => SAME_VALUE,
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Packed::Null | Packed::Bool(_) | Packed::Same => {}
            Packed::Figure(n) => out.figure(*n),
            Packed::Fraction(p, q) | Packed::Percent(p, q) => {
                out.int(*p);
                out.uint(*q);
            }
            Packed::Text(text) => out.text(text),
        }
    }
}

/// The first convergent of a number's continued fraction that will do.
fn quotient(n: f64, will_do: impl Fn(f64) -> bool) -> Option<(i64, u64)> {
    if !n.is_finite() || n == 0.0 || n.abs() > 1e9 {
        return None;
    }
    let (mut p, mut p_before, mut q, mut q_before) = (1.0_f64, 0.0, 0.0_f64, 1.0);
    let mut rest = n;
    for _ in 0..20 {
        let whole = rest.floor();
        (p, p_before) = (whole * p + p_before, p);
        (q, q_before) = (whole * q + q_before, q);
        if q > DENOMINATORS || p.abs() > 1e15 {
            return None;
        }
        if q > 0.0 && will_do(p / q) {
            return Some((p as i64, q as u64));
        }
        if rest == whole {
            return None;
        }
        rest = 1.0 / (rest - whole);
    }
    None
}
