//! Renewals: they open by themselves at their window, follow their strategy, carry what people expect of them, and end
//! with an outcome that changes the contracts.
//!
//! | file | concern |
//! |---|---|
//! | `follow` | what scoring does: open, link, strategy, likelihood, outcomes that contracts tell |
//! | `watch` | what the contracts of one account say about its renewals, without the database |
//! | `forecast` | what people expect |
//! | `close` | what became of it, and taking that back |

mod close;
mod follow;
mod forecast;
mod watch;

pub use close::{Closing, NextTerm, REOPEN_DAYS};
pub use forecast::Expected;

pub(super) use follow::follow;

use super::scoring::Exchange;
use crate::db::renewals::Amount;
use crate::domain::forecast::Kind;
use crate::domain::money::Money;

/// Days before its date from which a renewal is open where the methodology has no timeline for the account.
pub const USUAL_WINDOW: i64 = 120;
/// Reason of a renewal that contracts, not people, closed.
const BY_CONTRACTS: &str = "The contracts say so.";

/// ARR before and after in the base currency, minor units; none after churn. None where a rate is missing.
pub fn in_base(amounts: &[Amount], exchange: &Exchange) -> Option<(i64, Option<i64>)> {
    let convert = |minor: i64, currency: &str| {
        Some(exchange.to_base(Money::from_minor(minor, currency.parse().ok()?))?.minor)
    };
    let sum = |of: &dyn Fn(&Amount) -> Option<i64>| {
        amounts.iter().try_fold(0_i64, |sum, a| sum.checked_add(convert(of(a)?, &a.currency)?))
    };
    let before = sum(&|a| Some(a.before))?;
    let is_left = amounts.iter().all(|a| a.after == Some(0)) && amounts.iter().any(|a| a.before > 0);
    Some((before, if is_left { None } else { sum(&|a| Some(a.after.unwrap_or(a.before))) }))
}

/// What amounts to what: by the base currency, or by the figures alone where a rate is missing.
fn kind_of(amounts: &[Amount], exchange: &Exchange, is_left: bool) -> Kind {
    if is_left {
        return Kind::Churned;
    }
    let plain = || {
        let before = amounts.iter().map(|a| a.before).sum();
        (before, Some(amounts.iter().map(|a| a.after.unwrap_or(a.before)).sum()))
    };
    let (before, after) = in_base(amounts, exchange).unwrap_or_else(plain);
    Kind::of(before, after.or(Some(0)))
}
