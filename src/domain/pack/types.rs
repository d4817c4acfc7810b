//! The parts that sections are made of: texts and figures that know their place, lists and maps that pass over a
//! faulty item.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, RangeInclusive};

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
pub struct List<T> {
    items: Vec<T>,
    whole: bool,
}

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
        Self { items: Vec::new(), whole: true }
    }
}

impl<T> List<T> {
    /// Whether no faulty item was left out.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
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
        &self.items
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
        self.items.iter()
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
    /// The entry at a position.
    pub(super) fn get_index(&self, i: usize) -> Option<&(Text, T)> {
        self.0.get(i)
    }

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

/// Largest figure, so that no arithmetic of curves and weights runs over.
pub const MAX_FIGURE: f64 = 1e15;
/// Day numbers, some 270 years around the first.
const DAYS: RangeInclusive<i64> = -100_000..=100_000;

fn out_of_range(range: RangeInclusive<i64>, found: impl fmt::Display) -> String {
    format!("expected a whole number from {} to {}, found {found}", range.start(), range.end())
}

/// A whole number within bounds.
struct Whole<const MIN: i64, const MAX: i64>(i64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded<const MIN: i64, const MAX: i64>;
        impl<const MIN: i64, const MAX: i64> Visitor<'_> for Bounded<MIN, MAX> {
            type Value = i64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {MIN} to {MAX}")
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<i64, E> {
                if (MIN..=MAX).contains(&n) { Ok(n) } else { Err(E::custom(out_of_range(MIN..=MAX, n))) }
            }
        }
        deserializer.deserialize_i64(Bounded::<MIN, MAX>).map(Self)
    }
}

/// Decodes a whole number from `MIN` to `MAX`.
pub(super) fn whole<'de, const MIN: i64, const MAX: i64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<i64, D::Error> {
    Whole::<MIN, MAX>::deserialize(deserializer).map(|whole| whole.0)
}

/// Decodes a whole number from `MIN` to `MAX`, if there is one.
pub(super) fn maybe_whole<'de, const MIN: i64, const MAX: i64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Whole<MIN, MAX>>::deserialize(deserializer)?.map(|whole| whole.0))
}

/// Decodes a day number.
pub(super) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    whole::<{ *DAYS.start() }, { *DAYS.end() }, D>(deserializer)
}

/// Decodes a day number, if there is one.
pub(super) fn maybe_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    maybe_whole::<{ *DAYS.start() }, { *DAYS.end() }, D>(deserializer)
}

/// Decodes a number of days of a plan, if there is one: up to a hundred years.
pub(super) fn maybe_days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    maybe_whole::<1, 36_500, D>(deserializer)
}

/// Decodes the days before a renewal at which its timeline opens.
pub(super) fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    whole::<0, 36_500, D>(deserializer)
}

/// Decodes the number of a service level.
pub(super) fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    whole::<0, 99, D>(deserializer)
}

/// Decodes a number of decimals, if there is one.
pub(super) fn maybe_decimals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Ok(maybe_whole::<0, 6, D>(deserializer)?.and_then(|n| u32::try_from(n).ok()))
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
        if value.abs() > MAX_FIGURE {
            return Err(de::Error::custom(format!(
                "`{text}` is too large; a number is within ±{MAX_FIGURE:e}"
            )));
        }
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
                let (mut items, mut whole) = (Vec::new(), true);
                // The pack's reader reports a faulty item itself and goes on to the next.
                for _ in 0..seq.size_hint().unwrap_or(0) {
                    match seq.next_element() {
                        Ok(Some(item)) => items.push(item),
                        _ => whole = false,
                    }
                }
                Ok(List { items, whole })
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
                if DAYS.contains(&day) {
                    Ok(DayRange(day, day))
                } else {
                    Err(E::custom(out_of_range(DAYS, day)))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<DayRange, A::Error> {
                let (first, last) = (seq.next_element::<i64>()?, seq.next_element::<i64>()?);
                match (first, last, seq.size_hint()) {
                    (Some(a), Some(b), Some(0)) if a <= b && DAYS.contains(&a) && DAYS.contains(&b) => {
                        Ok(DayRange(a, b))
                    }
                    _ => Err(de::Error::custom("expected [first, last] with first before last")),
                }
            }
        }
        deserializer.deserialize_any(Days)
    }
}
