//! What stays of a score on disk: the readings it was made from and when it was worked out.

use chrono::{DateTime, NaiveDate, Utc};

use super::super::compact::{Broken, Reader, Writer};
use super::months::{self, KeptDay};
use super::packed::Bare;
use super::{Health, Readings};

/// Layouts of one day's bytes: JSON, as it was stored at first, and packed.
const JSON: u8 = 0;
const PACKED: u8 = 1;

/// The readings behind a stored score. They are unpacked when they are asked for: most readers want the score alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// One day's bytes, and when its score was worked out.
    Day(Vec<u8>, DateTime<Utc>),
    /// The bytes of all days of the month (`write_month`) that the day is in.
    Month(Vec<u8>),
}

impl Kept {
    /// Packs readings that stand in their methodology's order, as they do when freshly read.
    pub fn of(readings: &Readings, computed_at: DateTime<Utc>) -> Self {
        let mut out = Writer::new();
        out.byte(PACKED);
        Bare::of(readings).write(&mut out, readings.as_of, None);
        Kept::Day(out.finish(), computed_at)
    }

    /// As stored for one day or for its month.
    pub fn stored(bytes: Vec<u8>, computed_at: Option<DateTime<Utc>>) -> Self {
        match computed_at {
            Some(at) => Kept::Day(bytes, at),
            None => Kept::Month(bytes),
        }
    }

    /// The day's own bytes.
    ///
    /// # Errors
    /// When the bytes were damaged, or do not have that day.
    pub fn day(&self, day: NaiveDate) -> Result<KeptDay, Broken> {
        match self {
            Kept::Day(bytes, at) => Ok(KeptDay { day, computed_at: *at, bytes: bytes.clone() }),
            Kept::Month(bytes) => months::read_day(bytes, day),
        }
    }

    /// The readings of a day, by the methodology the score was made with.
    ///
    /// # Errors
    /// When the bytes were damaged, or belong to another methodology or day.
    pub fn readings(&self, day: NaiveDate, health: &Health) -> Result<Readings, Broken> {
        match self {
            Kept::Day(bytes, _) => unpack(bytes, day, health),
            Kept::Month(bytes) => unpack(&months::read_day(bytes, day)?.bytes, day, health),
        }
    }

    /// When the score of a day was worked out; to the second for days of a month.
    ///
    /// # Errors
    /// When the bytes were damaged, or do not have that day.
    pub fn computed_at(&self, day: NaiveDate) -> Result<DateTime<Utc>, Broken> {
        match self {
            Kept::Day(_, at) => Ok(*at),
            Kept::Month(bytes) => Ok(months::read_day(bytes, day)?.computed_at),
        }
    }
}

fn unpack(bytes: &[u8], day: NaiveDate, health: &Health) -> Result<Readings, Broken> {
    match bytes.split_first() {
        Some((&JSON, json)) => serde_json::from_slice(json).map_err(|_| Broken),
        _ => read(bytes, day)?.named(day, health).ok_or(Broken),
    }
}

/// The packed readings of one day without ids; an error for any other layout.
pub(super) fn read(bytes: &[u8], day: NaiveDate) -> Result<Bare, Broken> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != PACKED {
        return Err(Broken);
    }
    let bare = Bare::read(&mut reader, day, None)?;
    if reader.is_empty() { Ok(bare) } else { Err(Broken) }
}

/// The bytes of one day.
pub(super) fn write(bare: &Bare, day: NaiveDate) -> Vec<u8> {
    let mut out = Writer::new();
    out.byte(PACKED);
    bare.write(&mut out, day, None);
    out.finish()
}
