//! Sums of decimals, exact as far as 38 digits reach.

use std::fmt;

/// The most digits an `i128` holds whatever they are.
const DIGITS: usize = 38;
/// Integers a float holds exactly.
const EXACT: u128 = 1 << 53;
/// Powers of ten a float holds exactly.
const EXACT_SCALE: u8 = 22;

/// A decimal as a database adds them up: its digits and how many of them stand behind the point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sum {
    /// `mantissa / 10^scale`. The scale is kept: `0.50` is not `0.5`.
    Exact {
        /// All digits.
        mantissa: i128,
        /// Digits behind the point.
        scale: u8,
    },
    /// What has too many digits, or is not a number.
    Rough(f64),
}

impl Sum {
    /// Nothing.
    pub const ZERO: Sum = Sum::Exact { mantissa: 0, scale: 0 };

    /// Reads what PostgreSQL prints for a `numeric`.
    pub fn parse(text: &str) -> Sum {
        if text == "0" {
            return Sum::ZERO;
        }
        Self::exact(text).unwrap_or_else(|| Sum::Rough(text.parse().unwrap_or(f64::NAN)))
    }

    fn exact(text: &str) -> Option<Sum> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if whole.is_empty() || whole.len() + fraction.len() > DIGITS || !digits().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let size = digits().fold(0_i128, |n, digit| n * 10 + i128::from(digit - b'0'));
        let mantissa = if unsigned.len() < text.len() { -size } else { size };
        Some(Sum::Exact { mantissa, scale: u8::try_from(fraction.len()).ok()? })
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        match self {
            Sum::Rough(n) => n,
            Sum::Exact { mantissa: 0, .. } => 0.0,
            // Both are exact as floats, so their quotient is rounded once.
            Sum::Exact { mantissa, scale } if mantissa.unsigned_abs() <= EXACT && scale <= EXACT_SCALE => {
                mantissa as f64 / 10_f64.powi(scale.into())
            }
            Sum::Exact { .. } => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// Adds another, exactly when the digits suffice. The longer scale is kept, as databases do.
    #[must_use]
    pub fn plus(self, other: Sum) -> Sum {
        let exact = || {
            let (Sum::Exact { mantissa: a, scale: s }, Sum::Exact { mantissa: b, scale: t }) = (self, other)
            else {
                return None;
            };
            let scale = s.max(t);
            let stretch = |n: i128, by: u8| n.checked_mul(10_i128.checked_pow(by.into())?);
            let mantissa = stretch(a, scale - s)?.checked_add(stretch(b, scale - t)?)?;
            Some(Sum::Exact { mantissa, scale })
        };
        exact().unwrap_or_else(|| Sum::Rough(self.to_f64() + other.to_f64()))
    }

    /// Whether it is the plain zero of a row without a sum.
    pub fn is_zero(self) -> bool {
        self == Sum::ZERO
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Sum::Rough(n) => write!(f, "{n}"),
            Sum::Exact { mantissa, scale: 0 } => write!(f, "{mantissa}"),
            Sum::Exact { mantissa, scale } => {
                let sign = if mantissa < 0 { "-" } else { "" };
                let digits = format!("{:0>1$}", mantissa.unsigned_abs(), usize::from(scale) + 1);
                let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
                write!(f, "{sign}{whole}.{fraction}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_come_back_as_they_were() {
        for text in ["0", "0.00", "-0.05", "12.50", "99999999999999999999.123456789012345678", "-7"] {
            assert_eq!(Sum::parse(text).to_string(), text);
        }
        assert_eq!(Sum::parse("0.10").plus(Sum::parse("0.2")).to_string(), "0.30");
        assert_eq!(Sum::parse("0.1").plus(Sum::parse("0.2")).to_f64(), 0.3);
        let long = format!("1{}", "0".repeat(300));
        assert_eq!(Sum::parse(&long), Sum::Rough(1e300));
        assert_eq!(Sum::parse(&long).plus(Sum::parse("1")), Sum::Rough(1e300));
        assert!(matches!(Sum::parse("NaN"), Sum::Rough(n) if n.is_nan()));
    }

    proptest! {
        #[test]
        fn the_float_is_the_nearest(mantissa in any::<i64>(), scale in 0_u8..30) {
            let sum = Sum::Exact { mantissa: mantissa.into(), scale };
            prop_assert_eq!(sum.to_f64(), sum.to_string().parse::<f64>()?);
            prop_assert_eq!(Sum::parse(&sum.to_string()).to_string(), sum.to_string());
        }
    }
}
