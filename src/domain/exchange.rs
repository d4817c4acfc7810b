//! Exchange rates: exact decimals, and amounts converted to the minor unit by half-up rounding.

use std::str::FromStr;

use super::money::{Currency, Money};

/// Units of one currency per unit of another, as a decimal with up to nine places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    billionths: i128,
}

/// Not a positive decimal number with at most nine places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an exchange rate; write a positive number such as 1.0843")]
pub struct RateError(String);

const ONE: i128 = 1_000_000_000;

impl Rate {
    /// A currency into itself.
    pub const ONE: Rate = Rate { billionths: ONE };

    /// An amount in another currency, rounded half away from zero to its minor unit.
    ///
    /// Returns none when the result does not fit 64 bits.
    pub fn convert(self, amount: Money, into: Currency) -> Option<Money> {
        let scale = |currency: Currency| 10_i128.pow(currency.decimals());
        let numerator = i128::from(amount.minor) * self.billionths * scale(into);
        let denominator = ONE * scale(amount.currency);
        let half = if numerator < 0 { -denominator / 2 } else { denominator / 2 };
        i64::try_from((numerator + half) / denominator).ok().map(|minor| Money::from_minor(minor, into))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let wrong = || RateError(text.to_owned());
        let (whole, places) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let places = places.trim_end_matches('0');
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 9 || places.len() > 9 || !digits(whole) || !digits(places) {
            return Err(wrong());
        }
        let billionths = format!("{whole}{places:0<9}").parse::<i128>().map_err(|_| wrong())?;
        if billionths == 0 { Err(wrong()) } else { Ok(Rate { billionths }) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::inconsistent_digit_grouping, reason = "cents stand apart")]

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::from_minor(minor, code.parse().unwrap())
    }

    #[test]
    fn converts_between_different_minor_units() {
        let usd = Currency::USD;
        for (amount, rate, cents) in [
            (money(100_00, "EUR"), "1.0843", 108_43),
            (money(15_000_000, "JPY"), "0.0066", 9_900_000),
            (money(1, "EUR"), "0.5", 1),
            (money(-1, "EUR"), "0.5", -1),
            (money(1, "EUR"), "0.4999", 0),
            (money(1_000, "KWD"), "3.25", 325),
        ] {
            assert_eq!(
                rate.parse::<Rate>().unwrap().convert(amount, usd),
                Some(money(cents, "USD")),
                "{amount:?}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_rate() {
        for text in ["", "0", "0.000", "-1", "1e3", "one", "1.0000000001", "1.2.3", "."] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
