//! Money: a whole number of minor units (cents) and a currency. Never a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// An exact amount of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in minor units: cents for USD, yen for JPY, fils (1/1000) for KWD.
    pub minor: i64,
    /// The currency the amount is in.
    pub currency: Currency,
}

/// Why a text is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three letters.
    #[error("`{0}` is not a three-letter currency code")]
    Currency(String),
    /// Not a decimal number, or thousands separators in the wrong place.
    #[error("`{0}` is not an amount; write it like 1,234.56 or 1234.56")]
    Syntax(String),
    /// More decimals than the currency has.
    #[error("has more than the {decimals} decimals of {currency}")]
    Decimals {
        /// The currency in question.
        currency: Currency,
        /// How many decimals it has.
        decimals: u32,
    },
    /// Does not fit 64 bits of minor units.
    #[error("is too large")]
    Range,
}

impl Currency {
    /// US dollar.
    pub const USD: Self = Self(*b"USD");

    /// The code, for example `USD`.
    pub fn code(&self) -> &str {
        // The bytes are ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Decimals of the minor unit after ISO 4217; 2 for any code not listed.
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }

    fn scale(&self) -> i64 {
        10_i64.pow(self.decimals())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.trim().as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(|x| x.to_ascii_uppercase())))
            }
            _ => Err(MoneyError::Currency(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Money {
    /// An amount of minor units.
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads `1,234.56`, `1234.56`, `-5` or `.5` exactly.
    ///
    /// # Errors
    /// When the text is no such number, has more significant decimals than the currency, or is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let syntax = || MoneyError::Syntax(text.to_owned());
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && fraction.is_empty()) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(syntax());
        }
        let whole = ungroup(whole).ok_or_else(syntax)?;
        let decimals = currency.decimals();
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > decimals as usize {
            return Err(MoneyError::Decimals { currency, decimals });
        }
        let padded = format!("{fraction:0<width$}", width = decimals as usize);
        let number =
            |s: &str| if s.is_empty() { Ok(0) } else { s.parse::<i64>().map_err(|_| MoneyError::Range) };
        let minor = number(&whole)?
            .checked_mul(currency.scale())
            .and_then(|major| major.checked_add(number(&padded).ok()?))
            .ok_or(MoneyError::Range)?;
        Ok(Self { minor: if negative { -minor } else { minor }, currency })
    }

    /// The sum; `None` when the currencies differ or it overflows.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let minor = (self.currency == other.currency).then(|| self.minor.checked_add(other.minor))??;
        Some(Self { minor, ..self })
    }

    /// The difference; `None` when the currencies differ or it overflows.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let minor = (self.currency == other.currency).then(|| self.minor.checked_sub(other.minor))??;
        Some(Self { minor, ..self })
    }

    /// Major units as a float: for expressions (`arr >= 100000`) only, never to be stored.
    pub fn to_major_f64(self) -> f64 {
        self.minor as f64 / self.currency.scale() as f64
    }

    /// The figure without its currency, grouped: `1,234.56`, `-0.05`.
    pub fn figure(self) -> String {
        let scale = self.currency.scale().unsigned_abs();
        let minor = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        let whole = group(minor / scale);
        match self.currency.decimals() as usize {
            0 => format!("{sign}{whole}"),
            width => format!("{sign}{whole}.{:0width$}", minor % scale),
        }
    }

    /// The figure rounded half away from zero to whole major units, grouped: `1,235`.
    pub fn figure_whole(self) -> String {
        let scale = self.currency.scale().unsigned_abs();
        let whole = (self.minor.unsigned_abs() + scale / 2) / scale;
        let sign = if self.minor < 0 && whole > 0 { "-" } else { "" };
        format!("{sign}{}", group(whole))
    }
}

impl fmt::Display for Money {
    /// `USD 1,234.56`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.figure())
    }
}

fn group(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The digits without thousands separators, if those stand where they belong.
fn ungroup(whole: &str) -> Option<String> {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let Some((first, rest)) = whole.split_once(',') else {
        return digits(whole).then(|| whole.to_owned());
    };
    let first_ok = (1..=3).contains(&first.len()) && digits(first);
    let rest_ok = rest.split(',').all(|part| part.len() == 3 && digits(part));
    (first_ok && rest_ok).then(|| whole.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_exactly() {
        let jpy: Currency = "jpy".parse().unwrap();
        let kwd: Currency = "KWD".parse().unwrap();
        for (text, currency, minor) in [
            ("1,234.56", Currency::USD, 123_456),
            ("1234.56", Currency::USD, 123_456),
            ("-5", Currency::USD, -500),
            (".5", Currency::USD, 50),
            ("0.1000", Currency::USD, 10),
            ("90071992547409.93", Currency::USD, 9_007_199_254_740_993),
            ("1,000", jpy, 1000),
            ("1.234", kwd, 1234),
        ] {
            assert_eq!(Money::parse(text, currency).unwrap().minor, minor, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_exact() {
        for text in ["", "-", ".", "1,23", "1,2345", ",123", "1.2.3", "12a", "1e3", "+1", "1,,000"] {
            assert!(matches!(Money::parse(text, Currency::USD), Err(MoneyError::Syntax(_))), "{text}");
        }
        assert!(matches!(Money::parse("1.005", Currency::USD), Err(MoneyError::Decimals { .. })));
        assert_eq!(Money::parse("99999999999999999999", Currency::USD), Err(MoneyError::Range));
        assert_eq!(Money::parse("92233720368547758.08", Currency::USD), Err(MoneyError::Range));
        assert!("US".parse::<Currency>().is_err());
    }

    #[test]
    fn prints_grouped() {
        let jpy: Currency = "JPY".parse().unwrap();
        assert_eq!(Money::from_minor(123_456_789, Currency::USD).to_string(), "USD 1,234,567.89");
        assert_eq!(Money::from_minor(-5, Currency::USD).figure(), "-0.05");
        assert_eq!(Money::from_minor(1000, jpy).figure(), "1,000");
        assert_eq!(Money::from_minor(99_950, Currency::USD).figure_whole(), "1,000");
        assert_eq!(Money::from_minor(i64::MIN, Currency::USD).figure(), "-92,233,720,368,547,758.08");
    }

    #[test]
    fn sums_stay_in_one_currency() {
        let usd = Money::from_minor(1, Currency::USD);
        let eur = Money::from_minor(1, "EUR".parse().unwrap());
        assert_eq!(usd.checked_add(usd).unwrap().minor, 2);
        assert_eq!(usd.checked_add(eur), None);
        assert_eq!(Money::from_minor(i64::MAX, Currency::USD).checked_add(usd), None);
    }
}
