//! What several endpoints share: money, people, figures, days, accounts and members by what the caller calls them.

use chrono::{Datelike, NaiveDate};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::{Refusal, Result};
use crate::db::accounts::Account;
use crate::db::members::Member;
use crate::db::{self, TenantTx};
use crate::domain::value::Value;

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
    pub fn member(members: &[Member], id: Uuid) -> Option<Self> {
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

/// The account of an external id.
///
/// # Errors
/// 404 for one that the tenant does not have.
pub async fn account(tx: &mut TenantTx, external_id: &str) -> Result<Uuid> {
    let id = db::accounts::id_of(tx, external_id).await?;
    id.ok_or_else(|| Refusal::not_found("account", external_id))
}

/// The account that the parameter `account` of a list names, if it is given.
///
/// # Errors
/// 400 for one that the tenant does not have.
pub async fn account_parameter(tx: &mut TenantTx, external_id: Option<&str>) -> Result<Option<Uuid>> {
    let Some(external_id) = external_id else { return Ok(None) };
    let id = db::accounts::id_of(tx, external_id).await?;
    let unknown = || Refusal::parameter("account", format!("there is no account {external_id:?}"));
    Ok(Some(id.ok_or_else(unknown)?))
}

/// The member with an address.
///
/// # Errors
/// What is wrong with it, where nobody has it.
pub fn member_by_email(members: &[Member], email: &str) -> std::result::Result<Uuid, String> {
    let found = members.iter().find(|member| member.email.eq_ignore_ascii_case(email));
    found.map(|member| member.id).ok_or_else(|| format!("there is no member {email:?}"))
}

/// Without the noise of binary fractions.
pub fn six_decimals(n: f64) -> f64 {
    (n * 1e6).round() / 1e6
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
