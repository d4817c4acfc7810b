//! The readings of all days of a month in one piece: each day as what changed since the one before, then deflated.

use std::io::{Read, Write};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::super::compact::{Broken, Reader, Writer};
use super::kept;
use super::packed::Bare;

/// Layouts: the days as written, and the same deflated.
const PLAIN: u8 = 1;
const DEFLATED: u8 = 2;
// Layouts of a day: bytes as they were, packed without and with the day before.
const AS_IT_WAS: u8 = 0;
const ALONE: u8 = 1;
const CHANGES: u8 = 2;
/// No month is larger than this when inflated.
const LARGEST: u64 = 64 << 20;

/// The bytes of one day as [`Kept::Day`](super::Kept) holds them, and when its score was worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDay {
    /// The day.
    pub day: NaiveDate,
    /// When it was worked out; a month keeps the seconds.
    pub computed_at: DateTime<Utc>,
    /// The readings.
    pub bytes: Vec<u8>,
}

/// Writes days of one month, which must come in order.
pub fn write_month(days: &[KeptDay]) -> Vec<u8> {
    let mut out = Writer::new();
    let (mut before, mut computed_at): (Option<Bare>, i64) = (None, 0);
    for kept in days {
        out.byte(u8::try_from(kept.day.day()).unwrap_or_default());
        let at = kept.computed_at.timestamp();
        out.int(at - computed_at);
        computed_at = at;
        // What does not come back to the byte is stored as it is.
        match kept::read(&kept.bytes, kept.day).ok().filter(|b| kept::write(b, kept.day) == kept.bytes) {
            Some(bare) => {
                out.byte(if before.is_some() { CHANGES } else { ALONE });
                bare.write(&mut out, kept.day, before.as_ref());
                before = Some(bare);
            }
            None => {
                out.byte(AS_IT_WAS);
                out.uint(kept.bytes.len() as u64);
                kept.bytes.iter().for_each(|byte| out.byte(*byte));
            }
        }
    }
    let plain = out.finish();
    let (layout, body) = match deflate(&plain) {
        Some(deflated) if deflated.len() < plain.len() => (DEFLATED, deflated),
        _ => (PLAIN, plain),
    };
    let mut bytes = Vec::with_capacity(body.len() + 1);
    bytes.push(layout);
    bytes.extend(body);
    bytes
}

/// Reads what [`write_month`] wrote for the month of a day.
///
/// # Errors
/// When the bytes were damaged.
pub fn read_month(bytes: &[u8], month: NaiveDate) -> Result<Vec<KeptDay>, Broken> {
    let mut days = Vec::new();
    walk(bytes, month, |day, computed_at, stored| {
        days.push(stored.kept(day, computed_at));
        true
    })?;
    Ok(days)
}

/// One day of a month.
pub(super) fn read_day(bytes: &[u8], day: NaiveDate) -> Result<KeptDay, Broken> {
    let mut found = None;
    walk(bytes, day, |at, computed_at, stored| {
        if at == day {
            found = Some(stored.kept(day, computed_at));
        }
        at < day
    })?;
    found.ok_or(Broken)
}

enum Stored<'a> {
    Bare(&'a Bare),
    Bytes(Vec<u8>),
}

impl Stored<'_> {
    fn kept(self, day: NaiveDate, computed_at: DateTime<Utc>) -> KeptDay {
        let bytes = match self {
            Stored::Bare(bare) => kept::write(bare, day),
            Stored::Bytes(bytes) => bytes,
        };
        KeptDay { day, computed_at, bytes }
    }
}

/// Goes through the days in order until `next` has enough.
fn walk(
    bytes: &[u8],
    month: NaiveDate,
    mut next: impl FnMut(NaiveDate, DateTime<Utc>, Stored<'_>) -> bool,
) -> Result<(), Broken> {
    let (layout, body) = bytes.split_first().ok_or(Broken)?;
    let inflated;
    let plain = match *layout {
        PLAIN => body,
        DEFLATED => {
            inflated = inflate(body)?;
            &inflated[..]
        }
        _ => return Err(Broken),
    };
    let mut reader = Reader::new(plain);
    let (mut before, mut seconds): (Option<Bare>, i64) = (None, 0);
    while !reader.is_empty() {
        let day = month.with_day(reader.byte()?.into()).ok_or(Broken)?;
        seconds = seconds.checked_add(reader.int()?).ok_or(Broken)?;
        let computed_at = DateTime::from_timestamp(seconds, 0).ok_or(Broken)?;
        let layout = reader.byte()?;
        let stored = match layout {
            AS_IT_WAS => {
                let length = reader.uint()?;
                let bytes = (0..length).map(|_| reader.byte()).collect::<Result<Vec<u8>, _>>()?;
                Stored::Bytes(bytes)
            }
            ALONE | CHANGES => {
                let known = if layout == ALONE { None } else { Some(before.as_ref().ok_or(Broken)?) };
                let bare = Bare::read(&mut reader, day, known)?;
                Stored::Bare(before.insert(bare))
            }
            _ => return Err(Broken),
        };
        if !next(day, computed_at, stored) {
            return Ok(());
        }
    }
    Ok(())
}

fn deflate(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

fn inflate(deflated: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut plain = Vec::new();
    DeflateDecoder::new(deflated).take(LARGEST).read_to_end(&mut plain).map_err(|_| Broken)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::value::Value;
    use super::super::{ByIndicator, CapNote, Health, Indicator, Kept, Reading, Readings};
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2027, 3, n).unwrap()
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<f64>().prop_filter("figures are finite", |n| n.is_finite()).prop_map(Value::Number),
            (-1000_i32..1000, 1_i32..400).prop_map(|(p, q)| Value::Number(f64::from(p) / f64::from(q))),
            (0_i32..1000, 1_i32..400).prop_map(|(p, q)| Value::Number(100.0 * (f64::from(p) / f64::from(q)))),
            (0_i32..100).prop_map(|n| Value::Number(n.into())),
            "[a-zé]{0,12}".prop_map(|text| Value::Text(text.into())),
        ]
    }

    fn reading() -> impl Strategy<Value = (Value, Option<i64>, bool)> {
        (value(), prop::option::of(prop_oneof![0_i64..4, -400_i64..4000]), any::<bool>())
    }

    prop_compose! {
        fn readings(of: usize)(
            rows in prop::collection::vec(reading(), of),
            primary in prop::option::of("[a-z]{1,8}"),
            caps in prop::collection::vec(("[a-z]{1,8}", "[a-z ]{0,30}"), 0..3),
            set in prop::option::of(0.0..100.0),
            set_band in prop::option::of("[a-z]{1,8}"),
        ) -> Readings {
            let of = rows.into_iter().enumerate().map(|(i, (value, ago, stale))| {
                let date = ago.map(|days| day(1) - chrono::Duration::days(days));
                (format!("i{i}").into(), Reading { value, date, stale })
            });
            Readings {
                as_of: day(1),
                of: ByIndicator(of.collect()),
                primary: primary.map(Into::into),
                caps: caps
                    .into_iter()
                    .map(|(at_most, why)| CapNote { at_most: at_most.into(), why: why.into() })
                    .collect(),
                set,
                set_band: set_band.map(Into::into),
            }
        }
    }

    fn health(indicators: usize) -> Health {
        let crate::domain::pack::Pack { methodology, .. } = crate::domain::pack::load(
            include_str!("../../../packs/techcorp.yaml"),
            &crate::domain::pack::Overrides::default(),
        )
        .unwrap();
        let like = methodology.health.indicators[0].clone();
        let indicators =
            (0..indicators).map(|i| Indicator { id: format!("i{i}").into(), ..like.clone() }).collect();
        Health { indicators, ..Health::default() }
    }

    proptest! {
        #[test]
        fn what_was_kept_is_read_alone_and_in_a_month(
            days in prop::collection::btree_map(1_u32..=31, readings(7), 1..31),
            repeats in prop::collection::vec(any::<bool>(), 31),
            seconds in 0_i64..2_000_000_000,
        ) {
            let health = health(7);
            let mut all: Vec<Readings> = Vec::new();
            for (n, mut readings) in days {
                if repeats[n as usize - 1] && let Some(before) = all.last() {
                    readings = before.clone();
                }
                readings.as_of = day(n);
                all.push(readings);
            }
            let mut kept = Vec::new();
            for readings in &all {
                let at = DateTime::from_timestamp(seconds + i64::from(readings.as_of.day()) * 86_400, 0).unwrap();
                let one = Kept::of(readings, at);
                prop_assert_eq!(&one.readings(readings.as_of, &health).unwrap(), readings);
                let Kept::Day(bytes, computed_at) = one else { unreachable!() };
                kept.push(KeptDay { day: readings.as_of, computed_at, bytes });
            }
            // One day in the layout of before stands among them.
            if kept.len() > 2 {
                let json = serde_json::to_vec(&all[1]).unwrap();
                kept[1].bytes = [vec![0], json].concat();
            }
            let month = write_month(&kept);
            prop_assert_eq!(read_month(&month, day(1)).unwrap(), kept.clone());
            let in_month = Kept::Month(month);
            for (i, readings) in all.iter().enumerate() {
                let read = in_month.readings(readings.as_of, &health).unwrap();
                prop_assert_eq!(&read.primary, &readings.primary);
                // JSON keeps figures to the last digit but one.
                let json = kept[i].bytes[0] == 0;
                for (at, (id, reading)) in readings.of.0.iter().enumerate() {
                    let found = read.of.get(at, id).cloned().unwrap_or_default();
                    prop_assert_eq!((found.date, found.stale), (reading.date, reading.stale));
                    prop_assert!(json || found.value == reading.value);
                }
                prop_assert_eq!(in_month.computed_at(readings.as_of).unwrap(), kept[i].computed_at);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let health = health(7);
            let _ = Kept::Day(bytes.clone(), DateTime::UNIX_EPOCH).readings(day(1), &health);
            for first in [PLAIN, DEFLATED] {
                let month = [vec![first], bytes.clone()].concat();
                let _ = read_month(&month, day(1));
                let _ = Kept::Month(month).computed_at(day(2));
            }
        }
    }

    #[test]
    fn a_month_of_steady_use_takes_few_bytes() {
        let days: Vec<KeptDay> = (1..=30)
            .map(|n| {
                let reading =
                    |value: f64| Reading { value: Value::Number(value), date: Some(day(n)), stale: false };
                let share = 100.0 * (f64::from(n % 7 + 11) / 53.0);
                let rows = [share, 12.0, f64::from(n) / 7.0, 3.0, 0.0, 4.5, 70.0];
                let of = rows.iter().enumerate().map(|(i, v)| (format!("i{i}").into(), reading(*v)));
                let readings = Readings {
                    as_of: day(n),
                    of: ByIndicator(of.collect()),
                    primary: Some("overall".into()),
                    caps: Vec::new(),
                    set: None,
                    set_band: None,
                };
                let Kept::Day(bytes, computed_at) = Kept::of(&readings, DateTime::UNIX_EPOCH) else {
                    unreachable!()
                };
                assert!(bytes.len() < 40, "{}", bytes.len());
                KeptDay { day: day(n), computed_at, bytes }
            })
            .collect();
        assert!(write_month(&days).len() < 30 * 12, "{}", write_month(&days).len());
    }
}
