//! A value as inputs hold it and expressions see it: nothing, a truth value, a number or a text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An owned value; in JSON simply `null`, `true`, `1.5` or `"text"`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// No value: missing, never zero.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A finite number. Percentages are 0–100, money is in major units.
    Number(f64),
    /// A text, for example one of an enumeration's values.
    Text(Box<str>),
}

/// A borrowed [`Value`]: what evaluating an expression yields, without allocating.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Val<'a> {
    /// No value.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(&'a str),
}

impl Value {
    /// The same value, borrowed.
    pub fn as_val(&self) -> Val<'_> {
        match self {
            Self::Null => Val::Null,
            Self::Bool(b) => Val::Bool(*b),
            Self::Number(n) => Val::number(*n),
            Self::Text(t) => Val::Text(t),
        }
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl From<f64> for Value {
    fn from(n: f64) -> Self {
        Val::number(n).to_value()
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<&str> for Value {
    fn from(t: &str) -> Self {
        Self::Text(t.into())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Text(t) => f.write_str(t),
        }
    }
}

impl<'a> Val<'a> {
    /// A number, or null when `n` is not finite: infinities and NaN never leave an expression.
    pub fn number(n: f64) -> Self {
        if n.is_finite() { Self::Number(n) } else { Self::Null }
    }

    /// A number that may be missing.
    pub fn maybe(n: Option<f64>) -> Self {
        n.map_or(Self::Null, Self::number)
    }

    /// The number, if it is one.
    pub fn as_number(self) -> Option<f64> {
        if let Self::Number(n) = self { Some(n) } else { None }
    }

    /// The truth value, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(b) } else { None }
    }

    /// The text, if it is one.
    pub fn as_text(self) -> Option<&'a str> {
        if let Self::Text(t) = self { Some(t) } else { None }
    }

    /// Whether there is no value.
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// An owned copy.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Number(n) => Value::Number(n),
            Self::Text(t) => Value::Text(t.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_bare() {
        for (value, json) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Number(1.5), "1.5"),
            (Value::Text("strong".into()), "\"strong\""),
        ] {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value);
        }
    }

    #[test]
    fn only_finite_numbers() {
        assert!(Val::number(f64::NAN).is_null());
        assert!(Value::from(f64::INFINITY).is_null());
        assert_eq!(Val::maybe(Some(2.0)).as_number(), Some(2.0));
    }
}
