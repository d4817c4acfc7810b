//! What is expected of a renewal, and what became of it.
//!
//! The categories are those sales forecasts use: commit, best case (here: likely), at risk, lost, and omitted, for
//! what counts in no forecast. They say what people expect; a closed renewal counts as what it became ([`Kind`]).

use super::backtest::Calibration;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$what])* $variant,)+ }

        impl $name {
            /// Every one, in the order in which people are offered them.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// The word in the database and the API.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// What people call it.
            pub fn label(self) -> &'static str {
                match self { $($name::$variant => $label),+ }
            }

            /// What a word stands for.
            pub fn parse(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// What is expected of a renewal.
    Category {
        /// It renews: somebody would bet on it.
        Commit = "commit", "Commit";
        /// It should renew (best case), but something is still open.
        Likely = "likely", "Likely";
        /// It may be lost or shrink.
        AtRisk = "at_risk", "At risk";
        /// It is given up, though the contract still runs.
        Lost = "lost", "Lost";
        /// It counts in no forecast.
        Omitted = "omitted", "Omitted";
    }
}

words! {
    /// What became of a renewal.
    Kind {
        /// For the same revenue.
        Renewed = "renewed", "Renewed";
        /// For more.
        Expanded = "expanded", "Expanded";
        /// For less.
        Shrunk = "shrunk", "Shrunk";
        /// Not at all.
        Churned = "churned", "Churned";
    }
}

words! {
    /// Why a renewal shrank or was lost.
    Reason {
        /// Too dear for what it gives.
        Price = "price", "Price";
        /// Their budget was cut.
        Budget = "budget", "Budget cut";
        /// Another product took its place.
        Competitor = "competitor", "Competitor";
        /// It does not do what they need.
        Fit = "product_fit", "Product fit";
        /// They did not use it enough.
        Adoption = "low_adoption", "Low adoption";
        /// Support or reliability.
        Service = "service", "Service or reliability";
        /// Those who wanted it have gone.
        Champion = "champion_left", "Champion left";
        /// They were bought, merged or closed.
        Business = "business_change", "Merged, acquired or closed";
        /// Nobody found out.
        Unknown = "unknown", "Not known";
        /// Something else: the note says what.
        Other = "other", "Other";
    }
}

impl Kind {
    /// From the revenue before and after, in the same minor units; `None` after it is churn.
    pub fn of(before: i64, after: Option<i64>) -> Kind {
        match after {
            None => Kind::Churned,
            Some(after) if after > before => Kind::Expanded,
            Some(after) if after < before => Kind::Shrunk,
            Some(_) => Kind::Renewed,
        }
    }

    /// Whether it asks for a reason.
    pub fn needs_reason(self) -> bool {
        matches!(self, Kind::Shrunk | Kind::Churned)
    }
}

impl Category {
    /// What to expect where nobody has said anything: by a likelihood of 0–100 if there is one, else by whether the
    /// account's band counts as at risk.
    pub fn suggested(likelihood: Option<i16>, at_risk: bool) -> Category {
        match likelihood {
            Some(90..) => Category::Commit,
            Some(60..) => Category::Likely,
            Some(_) => Category::AtRisk,
            None if at_risk => Category::AtRisk,
            None => Category::Likely,
        }
    }
}

/// How likely an account with such a score stays for the horizon of a backtest, 1–99: one less the share of
/// account-days with a score of the same ten points that were followed by a churn, as the fitted curve has it. What was
/// seen so far is never certainty, so it is 1 to 99. None
/// where the backtest saw no such score.
pub fn likelihood(calibration: &Calibration, score: f64) -> Option<i16> {
    let tenth = calibration.tenths.iter().rfind(|tenth| f64::from(tenth.from) <= score)?;
    (score <= f64::from(tenth.from) + 10.0)
        .then(|| ((1.0 - tenth.fitted.clamp(0.0, 1.0)) * 100.0).round().clamp(1.0, 99.0) as i16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::backtest::Tenth;

    #[test]
    fn amounts_say_what_became_of_it() {
        for (before, after, kind) in [
            (100, Some(100), Kind::Renewed),
            (100, Some(120), Kind::Expanded),
            (100, Some(96), Kind::Shrunk),
            (100, None, Kind::Churned),
            (0, Some(0), Kind::Renewed),
        ] {
            assert_eq!(Kind::of(before, after), kind, "{before} {after:?}");
        }
    }

    #[test]
    fn words_are_read_back() {
        assert!(Category::ALL.iter().all(|c| Category::parse(c.word()) == Some(*c)));
        assert!(Reason::ALL.iter().all(|r| Reason::parse(r.word()) == Some(*r)));
        assert_eq!((Kind::parse("lapsed"), Category::parse("")), (None, None));
    }

    #[test]
    fn a_likelihood_comes_from_what_such_scores_were_followed_by() {
        let tenth =
            |from, fitted| Tenth { from, days: 9, accounts: 3, mean_score: 0.0, observed: 0.5, fitted };
        let calibration =
            Calibration { tenths: vec![tenth(40, 0.3), tenth(90, 0.02)], curve: vec![], error: 0.0 };
        for (score, expected) in
            [(40.0, Some(70)), (49.9, Some(70)), (60.0, None), (100.0, Some(98)), (12.0, None)]
        {
            assert_eq!(likelihood(&calibration, score), expected, "{score}");
        }
        assert_eq!(Category::suggested(Some(70), true), Category::Likely);
        assert_eq!(Category::suggested(None, true), Category::AtRisk);
    }
}
