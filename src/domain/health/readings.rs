//! Readings: all of an account that its scores depend on, small enough to be stored with every score.

use std::fmt;

use chrono::NaiveDate;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::super::Id;
use super::super::value::Value;

/// What one indicator read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The reading; null without data.
    #[serde(rename = "v", default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// Day of the newest data behind it; with several inputs, of the one that is furthest behind.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// Whether that data is older than the methodology wants it.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// The readings of an account on a day. JSON: `{"as_of":"2027-02-15","of":{"dau":{"v":42.5,"d":"2027-02-14"}},…}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// The day.
    pub as_of: NaiveDate,
    /// Per indicator id, in the methodology's order when freshly read.
    pub of: ByIndicator,
    /// Id of the model that gave the score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<Box<str>>,
    /// Reasons of the caps whose condition held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<CapNote>,
    /// The score set by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<f64>,
    /// Id of the band set by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_band: Option<Box<str>>,
}

/// A cap that held: the band it allows at most, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapNote {
    /// Id of the best band allowed.
    pub at_most: Box<str>,
    /// Why.
    pub why: Box<str>,
}

/// Readings by indicator id; a JSON object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ByIndicator(pub Vec<(Id, Reading)>);

impl ByIndicator {
    /// The reading of an indicator, expected at position `i`.
    pub fn get(&self, i: usize, id: &str) -> Option<&Reading> {
        match self.0.get(i) {
            Some((found, reading)) if **found == *id => Some(reading),
            _ => self.0.iter().find(|(found, _)| **found == *id).map(|(_, reading)| reading),
        }
    }
}

impl Serialize for ByIndicator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.0.iter().filter(|(_, reading)| *reading != Reading::default());
        serializer.collect_map(known.map(|(id, reading)| (&**id, reading)))
    }
}

impl<'de> Deserialize<'de> for ByIndicator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = ByIndicator;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("readings by indicator")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByIndicator, A::Error> {
                let mut rows = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some((id, reading)) = map.next_entry::<String, Reading>()? {
                    rows.push((id.into(), reading));
                }
                Ok(ByIndicator(rows))
            }
        }
        deserializer.deserialize_map(Rows)
    }
}
