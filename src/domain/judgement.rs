//! A person's judgement against the model's: how far they differ, and which of them a renewal proved right.
//!
//! A member may set the score or the band of an account for a while. The model goes on saying what it says, so that
//! the two can be compared when it matters:
//!
//! 1. On the day the override is set, the person's band lies better than the model's, worse, or level ([`Lean`]).
//!    That is what is judged: a model that comes round later did not know it then.
//! 2. It counts for the account's next renewal if it was in force on any of the [`WINDOW_DAYS`] days before it
//!    ([`counts_for`]). Of several, the last one counts: it is what people stood by.
//! 3. When the renewal date has passed and the contracts say what became of it ([`Outcome`]), the more hopeful of the
//!    two was right if the account renewed at its revenue or more; the less hopeful if it shrank or left ([`right`]).
//!    Where both meant the same band, neither is told apart from the other.

use chrono::{Days, NaiveDate};

/// An override counts for a renewal when it was in force within this many days before it.
pub const WINDOW_DAYS: u64 = 180;
/// The most days an override may be set for.
pub const MOST_DAYS: u64 = 180;
/// Days an override is set for when nobody says otherwise.
pub const USUAL_DAYS: u64 = 30;
/// After so many days in a row on which the model agreed, an override is settled: it changes nothing any more.
pub const AGREED_DAYS: i64 = 14;
/// A score set by hand and the model's agree when they lie in one band and no further apart than this.
pub const CLOSE_POINTS: f64 = 3.0;

/// Where the person's band lies, seen from the model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lean {
    /// The person thinks better of the account.
    Better,
    /// Both mean the same band.
    Level,
    /// The person thinks worse of it.
    Worse,
}

/// What became of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Renewed at the revenue it had, or more.
    Renewed,
    /// Renewed at less.
    Shrank,
    /// Left, at the renewal or before it.
    Churned,
}

/// Who was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// The one who set it.
    Person,
    /// The model.
    Model,
    /// They meant the same band.
    Neither,
}

macro_rules! words {
    ($name:ident: $($variant:ident $word:literal),+) => {
        impl $name {
            /// The word in the database and the API.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// What a word of the database stands for.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words!(Lean: Better "better", Level "level", Worse "worse");
words!(Outcome: Renewed "renewed", Shrank "shrank", Churned "churned");
words!(Right: Person "person", Model "model", Neither "neither");

impl Lean {
    /// From positions of bands, of which 0 is the best.
    pub fn of(person: usize, model: usize) -> Lean {
        match person.cmp(&model) {
            std::cmp::Ordering::Less => Lean::Better,
            std::cmp::Ordering::Equal => Lean::Level,
            std::cmp::Ordering::Greater => Lean::Worse,
        }
    }
}

impl Outcome {
    /// From the revenue on the eve of the renewal and after it, in the same minor units; none after it is churn.
    pub fn of(before: i64, after: Option<i64>) -> Outcome {
        match after {
            None => Outcome::Churned,
            Some(after) if after >= before => Outcome::Renewed,
            Some(_) => Outcome::Shrank,
        }
    }
}

/// Which of the two a renewal proved right.
pub fn right(lean: Lean, outcome: Outcome) -> Right {
    match (lean, outcome) {
        (Lean::Level, _) => Right::Neither,
        (Lean::Better, Outcome::Renewed) | (Lean::Worse, Outcome::Shrank | Outcome::Churned) => Right::Person,
        (Lean::Worse, Outcome::Renewed) | (Lean::Better, Outcome::Shrank | Outcome::Churned) => Right::Model,
    }
}

/// Whether an override whose last day in force was `last` counts for a renewal.
pub fn counts_for(last: NaiveDate, renewal: NaiveDate) -> bool {
    last >= renewal.checked_sub_days(Days::new(WINDOW_DAYS)).unwrap_or(NaiveDate::MIN)
}

/// Whether the model has come to say what was set: the same band and, for a score, about the same figure. Without a
/// score of the model there is nothing to agree with.
pub fn agrees(set: Option<f64>, person: Option<usize>, model: Option<(f64, Option<usize>)>) -> bool {
    model.is_some_and(|(score, band)| {
        person.is_some() && person == band && set.is_none_or(|set| (set - score).abs() <= CLOSE_POINTS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_right() {
        use {Lean::*, Outcome::*, Right::*};
        for (lean, outcome, expected) in [
            (Better, Renewed, Person),
            (Better, Shrank, Model),
            (Better, Churned, Model),
            (Worse, Renewed, Model),
            (Worse, Shrank, Person),
            (Worse, Churned, Person),
            (Level, Renewed, Neither),
            (Level, Shrank, Neither),
            (Level, Churned, Neither),
        ] {
            assert_eq!(right(lean, outcome), expected, "{lean:?} {outcome:?}");
        }
    }

    #[test]
    fn better_is_nearer_to_the_first_band() {
        for (person, model, expected) in [(0, 2, Lean::Better), (2, 0, Lean::Worse), (1, 1, Lean::Level)] {
            assert_eq!(Lean::of(person, model), expected);
        }
    }

    #[test]
    fn what_became_of_the_revenue() {
        for (before, after, expected) in [
            (100, Some(100), Outcome::Renewed),
            (100, Some(101), Outcome::Renewed),
            (100, Some(99), Outcome::Shrank),
            (0, Some(0), Outcome::Renewed),
            (100, None, Outcome::Churned),
        ] {
            assert_eq!(Outcome::of(before, after), expected, "{before} {after:?}");
        }
    }

    #[test]
    fn only_the_days_before_the_renewal_count() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (last, renewal, expected) in [
            ("2027-06-30", "2027-12-27", true),
            ("2027-06-29", "2027-12-27", false),
            ("2027-12-27", "2027-12-27", true),
            ("2028-01-05", "2027-12-27", true),
        ] {
            assert_eq!(counts_for(day(last), day(renewal)), expected, "{last} {renewal}");
        }
    }

    #[test]
    fn agreement_is_about_the_band_and_for_scores_about_the_figure() {
        for (set, person, model, expected) in [
            (None, Some(0), Some((91.0, Some(0))), true),
            (None, Some(0), Some((69.0, Some(1))), false),
            (Some(80.0), Some(0), Some((77.0, Some(0))), true),
            (Some(80.0), Some(0), Some((76.9, Some(0))), false),
            (Some(70.5), Some(0), Some((69.9, Some(1))), false),
            (None, None, Some((50.0, None)), false),
            (None, Some(0), None, false),
        ] {
            assert_eq!(agrees(set, person, model), expected, "{set:?} {person:?} {model:?}");
        }
    }

    #[test]
    fn words_are_read_back() {
        for right in [Right::Person, Right::Model, Right::Neither] {
            assert_eq!(Right::parse(right.word()), Some(right));
        }
        assert_eq!((Outcome::parse("shrank"), Lean::parse("up")), (Some(Outcome::Shrank), None));
    }
}
