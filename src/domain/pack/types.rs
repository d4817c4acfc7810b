//! The parts that sections are made of: texts and figures that know their place, lists and maps that pass over a
//! faulty item.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::error::Span;

/// The name by which a type asks the deserialiser for a scalar with its place.
pub(super) const PLACED: &str = "$placed";

/// A text of a pack and where it stands. Numbers and truth values are taken as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    text: Box<str>,
    /// Where it stands.
    pub at: Span,
}

/// A number of a pack and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The number.
    pub value: f64,
    /// Where it stands.
    pub at: Span,
}

/// A list.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T>(Vec<T>);

/// A map in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Dict<T>(Vec<(Text, T)>);

/// A day number or a range of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRange(pub i64, pub i64);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for Dict<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> Deref for Dict<T> {
    type Target = [(Text, T)];

    fn deref(&self) -> &[(Text, T)] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a Dict<T> {
    type Item = &'a (Text, T);
    type IntoIter = std::slice::Iter<'a, (Text, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T> Dict<T> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(k, _)| **k == *key).map(|(_, value)| value)
    }
}

/// Decodes a section, or leaves it out: the pack's reader has then reported what is wrong with it.
pub(super) fn section<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(deserializer).ok())
}

struct PlacedVisitor(&'static str);

impl<'de> Visitor<'de> for PlacedVisitor {
    type Value = (Span, &'de str);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut place = || seq.next_element::<u32>().map(Option::unwrap_or_default);
        let span = Span { line: place()?, column: place()?, end_line: place()?, end_column: place()? };
        Ok((span, seq.next_element()?.unwrap_or_default()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (at, text) = deserializer.deserialize_struct(PLACED, &[], PlacedVisitor("a text"))?;
        Ok(Self { text: text.into(), at })
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (at, text) = deserializer.deserialize_struct(PLACED, &[], PlacedVisitor("a number"))?;
        let number = text.parse().ok().filter(|n: &f64| n.is_finite());
        let value = number.ok_or_else(|| de::Error::custom(format!("expected a number, found `{text}`")))?;
        Ok(Self { value, at })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                // The pack's reader reports a faulty item itself and goes on to the next.
                for _ in 0..seq.size_hint().unwrap_or(0) {
                    if let Ok(Some(item)) = seq.next_element() {
                        items.push(item);
                    }
                }
                Ok(List(items))
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Dict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Dict<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dict<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key()? {
                    if let Ok(value) = map.next_value() {
                        entries.push((key, value));
                    }
                }
                Ok(Dict(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<'de> Deserialize<'de> for DayRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Days;
        impl<'de> Visitor<'de> for Days {
            type Value = DayRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day number or [first, last]")
            }

            fn visit_i64<E: de::Error>(self, day: i64) -> Result<DayRange, E> {
                if day.abs() > 100_000 {
                    Err(E::custom("the day is out of range"))
                } else {
                    Ok(DayRange(day, day))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<DayRange, A::Error> {
                let (first, last) = (seq.next_element::<i64>()?, seq.next_element::<i64>()?);
                match (first, last, seq.size_hint()) {
                    (Some(a), Some(b), Some(0)) if a <= b && a.abs().max(b.abs()) <= 100_000 => {
                        Ok(DayRange(a, b))
                    }
                    _ => Err(de::Error::custom("expected [first, last] with first before last")),
                }
            }
        }
        deserializer.deserialize_any(Days)
    }
}
