//! What several endpoints share: money, people, figures, days, pages of a list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Datelike, NaiveDate};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Refusal, Result};
use crate::db::accounts::Account;
use crate::domain::value::Value;

/// The most rows a page may have.
pub const MAX_LIMIT: u32 = 200;

/// An exact amount: whole minor units of a currency, never a fraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({ "amount_minor": 4_800_000, "currency": "USD" }))]
pub struct Money {
    /// Minor units: cents for USD, whole yen for JPY.
    pub amount_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// Annual recurring revenue of the contracts in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arr {
    /// In the contracts' own currency; in the tenant's when they differ.
    pub own: Option<Money>,
    /// In the tenant's currency; none without an exchange rate.
    pub base: Option<Money>,
}

impl Arr {
    /// As of the account's last scoring.
    pub fn of(account: &Account, base: &str) -> Self {
        let money = |amount_minor, currency: &str| Money { amount_minor, currency: currency.to_owned() };
        Arr {
            own: account.arr_minor.zip(account.currency.as_deref()).map(|(minor, code)| money(minor, code)),
            base: account.arr_base_minor.map(|minor| money(minor, base)),
        }
    }
}

/// A member who looks after an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Owner {
    /// Display name.
    #[schema(example = "Maya Lindqvist")]
    pub name: String,
    /// Address.
    #[schema(example = "maya@example.com")]
    pub email: String,
}

impl Owner {
    /// The CSM of an account.
    pub fn of(account: &Account) -> Option<Self> {
        let (name, email) = account.owner_name.clone().zip(account.owner_email.clone())?;
        Some(Owner { name, email })
    }

    /// A member by their id; none for one who has left.
    pub fn member(members: &[crate::db::members::Member], id: uuid::Uuid) -> Option<Self> {
        let found = members.iter().find(|member| member.id == id)?;
        Some(Owner { name: found.name.clone(), email: found.email.clone() })
    }
}

/// A figure as it was read: a number, a word, or yes or no.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Figure {
    /// Yes or no.
    Flag(bool),
    /// A whole number, written without a fraction.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// A word, such as one of an enumeration's values.
    Word(String),
}

impl From<f64> for Figure {
    fn from(n: f64) -> Self {
        // Up to 2^53 a float holds every whole number exactly.
        if n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0 {
            Figure::Whole(n as i64)
        } else {
            Figure::Number(n)
        }
    }
}

impl Figure {
    /// What a reading holds; none without data.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(yes) => Some(Figure::Flag(*yes)),
            Value::Number(n) => Some(Figure::from(*n)),
            Value::Text(word) => Some(Figure::Word(word.to_string())),
        }
    }
}

// By hand: derived, it would be one of several types, and a whole number is of two of them.
impl PartialSchema for Figure {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Number, Type::String, Type::Boolean]))
            .description(Some("A figure as it was read: a number, a word, or yes or no."))
            .into()
    }
}

impl ToSchema for Figure {}

/// Without the noise of binary fractions.
pub fn six_decimals(n: f64) -> f64 {
    (n * 1e6).round() / 1e6
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub data: Vec<T>,
    /// Give this as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page from one row more than was asked for: that row only tells that there is a next page, which begins
    /// after the `key` of this page's last row.
    pub fn of<R, K: Serialize>(
        mut rows: Vec<R>,
        limit: u32,
        key: impl Fn(&R) -> K,
        row: impl FnMut(R) -> T,
    ) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| cursor(&key(last)));
        Page { data: rows.into_iter().map(row).collect(), next_cursor }
    }
}

/// How many rows a page has when the request does not say.
pub fn default_limit() -> u32 {
    50
}

/// The rows to fetch for a page: one more than asked for.
///
/// # Errors
/// 400 outside 1..=[`MAX_LIMIT`].
pub fn rows(limit: u32) -> Result<i64> {
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(i64::from(limit) + 1)
    } else {
        Err(Refusal::parameter("limit", format!("must be from 1 to {MAX_LIMIT}")))
    }
}

fn cursor(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The key a cursor stands for.
///
/// # Errors
/// 400 for a text that no page of this list gave.
pub fn after<K: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<K>> {
    let key = |text: &str| {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let clean = !String::from_utf8_lossy(&json).contains("\\u0000");
        serde_json::from_slice(&json).ok().filter(|_| clean)
    };
    cursor
        .map(|text| {
            let message = "is not one of this list; take `next_cursor` of the page before";
            key(text).ok_or_else(|| Refusal::parameter("cursor", message))
        })
        .transpose()
}

/// A day as `2027-01-31`, of a year that contracts and calendars can have.
pub fn day(text: &str) -> std::result::Result<NaiveDate, String> {
    text.parse::<NaiveDate>()
        .ok()
        .filter(|day| text.len() == 10 && (1900..3000).contains(&day.year()))
        .ok_or_else(|| {
            format!("{text:?} is not a day; write it as 2027-01-31, with a year from 1900 to 2999")
        })
}

/// Reads an optional [`day`].
pub fn read_day<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<NaiveDate>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| day(&text).map_err(D::Error::custom)).transpose()
}

/// Tells "not given" (`None`) from "given as null" (`Some(None)`).
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// As [`given`], for a [`day`].
pub fn given_day<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<Option<NaiveDate>>, D::Error> {
    read_day(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went_and_nothing_else_does() {
        let page = Page::of(vec!["a", "b", "c"], 2, |row| (*row).to_owned(), str::to_uppercase);
        assert_eq!(page.data, ["A", "B"]);
        assert_eq!(after::<String>(page.next_cursor.as_deref()).unwrap().as_deref(), Some("b"));
        assert!(Page::of(vec!["a"], 1, |row| (*row).to_owned(), str::to_uppercase).next_cursor.is_none());
        let nul = URL_SAFE_NO_PAD.encode(r#""a\u0000""#);
        for strange in ["", "%", "YQ", nul.as_str()] {
            assert!(after::<String>(Some(strange)).is_err(), "{strange}");
        }
        assert!(after::<(NaiveDate, String)>(Some(&cursor(&"b"))).is_err());
    }

    #[test]
    fn days() {
        assert!(day("2028-02-29").is_ok());
        for text in ["2027-02-29", "27-01-01", "+262142-01-01", "-0001-01-01", "0001-01-01", "2027-1-1", ""] {
            assert!(day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whole_figures_have_no_fraction() {
        let json = |n: f64| serde_json::to_string(&Figure::from(n)).unwrap();
        assert_eq!((json(5.0), json(0.25), json(-3.0)), ("5".into(), "0.25".into(), "-3".into()));
        assert_eq!(Figure::of(&Value::Null), None);
    }
}
