//! Health in one glance: tone, badge and change. Colour is never the only sign: each band has its word, and
//! each tone its shape.

use askama::Template;

use super::{filters, format, html_safe};

/// How good or bad something is; a band of a health model names one of the first four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Nothing to do. A disc.
    Good,
    /// Keep an eye on it. A diamond.
    Watch,
    /// Act soon. A triangle.
    Risk,
    /// Act now. A square.
    Critical,
    /// Not known, or not judged. A dashed ring.
    #[default]
    None,
}

impl Tone {
    /// The four tones of bands, best first.
    pub const BANDS: [Tone; 4] = [Tone::Good, Tone::Watch, Tone::Risk, Tone::Critical];

    /// The CSS class that sets this tone's colours, which is also the name of its shape in the sprite.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "tone-good",
            Tone::Watch => "tone-watch",
            Tone::Risk => "tone-risk",
            Tone::Critical => "tone-critical",
            Tone::None => "tone-none",
        }
    }

    /// The tone a pack's file calls `good`, `watch`, `risk` or `critical`; anything else is not judged.
    pub fn parse(name: &str) -> Tone {
        match name {
            "good" => Tone::Good,
            "watch" => Tone::Watch,
            "risk" => Tone::Risk,
            "critical" => Tone::Critical,
            _ => Tone::None,
        }
    }
}

/// A score with its band: shape, number, word, and what to doubt about it.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "ui/health_badge.html")]
pub struct HealthBadge {
    score: String,
    band: String,
    tone: Tone,
    doubt: Option<String>,
    by_hand: bool,
    title: String,
    large: bool,
    trend: Option<Delta>,
}

impl HealthBadge {
    /// `shown` is the score as it is to be printed, or `None` where the account could not be scored; `band` is the
    /// band's own name.
    pub fn new(shown: Option<f64>, band: &str, tone: Tone) -> Self {
        let Some(shown) = shown else {
            return Self {
                band: "No score".into(),
                title: "Not enough data to score".into(),
                ..Self::default()
            };
        };
        let score = shown.to_string();
        Self {
            title: format!("Health {score} of 100, {band}"),
            score,
            band: band.into(),
            tone,
            ..Self::default()
        }
    }

    /// Says that a person set the score or band, in `words`; an account without a score then shows the band alone.
    #[must_use]
    pub fn set_by_hand(mut self, band: &str, words: &str) -> Self {
        self.by_hand = true;
        if self.score.is_empty() {
            self.band = band.into();
            self.doubt = Some("no data".into());
        }
        self.title = format!("{} ({words})", self.title);
        self
    }

    /// A band without a score, such as one a person means.
    pub fn band_only(band: &str, tone: Tone) -> Self {
        Self { band: band.into(), title: format!("Health: {band}"), tone, ..Self::default() }
    }

    /// The change in points over a period such as `30 days`.
    #[must_use]
    pub fn trend(mut self, points: f64, period: &str) -> Self {
        self.trend = Some(Delta::points(points, period));
        self
    }

    /// The share 0..1 of the model's weight that had data. Below `enough` the badge says so and is not green.
    #[must_use]
    pub fn coverage(mut self, share: f64, enough: f64) -> Self {
        if share < enough && !self.score.is_empty() {
            self.doubt(format!("{} of data", format::percent(share, 0)));
        }
        self
    }

    /// Says that the data behind the score is old (`last data 12 days ago`); it is then never green.
    #[must_use]
    pub fn stale(mut self, since: &str) -> Self {
        if self.band.is_empty() || self.doubt.is_some() {
            return self;
        }
        self.title = format!("{}: {since}", self.title);
        self.doubt("stale".into());
        self
    }

    /// The size for an account's head.
    #[must_use]
    pub fn large(mut self) -> Self {
        self.large = true;
        self
    }

    fn doubt(&mut self, why: String) {
        if self.tone == Tone::Good {
            self.tone = Tone::None;
        }
        self.title = format!("{} ({why})", self.title);
        self.doubt = Some(why);
    }
}

/// A change, with arrow and sign; its tone says whether it is welcome.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/delta.html")]
pub struct Delta {
    text: String,
    period: String,
    tone: Tone,
    arrow: &'static str,
}

impl Delta {
    /// A change of a score in points, where more is better.
    pub fn points(change: f64, period: &str) -> Self {
        let change = change.round();
        Self::new(change, format::signed(change, 0), period, true)
    }

    /// Any change: `value` gives the direction, `text` is printed, `more_is_better` gives the tone.
    pub fn new(value: f64, text: String, period: &str, more_is_better: bool) -> Self {
        let (arrow, tone) = match (value > 0.0, value < 0.0) {
            (true, _) => ("arrow-up", if more_is_better { Tone::Good } else { Tone::Critical }),
            (_, true) => ("arrow-down", if more_is_better { Tone::Critical } else { Tone::Good }),
            _ => ("", Tone::None),
        };
        Self { text, period: period.into(), tone, arrow }
    }

    /// The same change without a judgement, for figures that are neither good nor bad.
    #[must_use]
    pub fn neutral(mut self) -> Self {
        self.tone = Tone::None;
        self
    }
}

html_safe!(HealthBadge, Delta);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_or_thin_never_looks_green() {
        let fresh = HealthBadge::new(Some(91.0), "Green", Tone::Good);
        assert!(fresh.to_string().contains("tone-good"));
        for doubtful in [fresh.clone().stale("last data 12 days ago"), fresh.clone().coverage(0.4, 0.6)] {
            let html = doubtful.to_string();
            assert!(!html.contains("tone-good"), "{html}");
            assert!(html.contains("doubt"));
        }
        assert!(fresh.coverage(0.6, 0.6).to_string().contains("tone-good"));
    }

    #[test]
    fn what_a_person_set_is_marked_and_no_greener_for_it() {
        let set = HealthBadge::new(Some(91.0), "Green", Tone::Good).set_by_hand("Green", "set by Casey");
        let html = set.to_string();
        assert!(
            html.contains("by-hand") && html.contains("set by Casey") && html.contains("tone-good"),
            "{html}"
        );
        assert!(!set.stale("old").to_string().contains("tone-good"));
        let html = HealthBadge::new(None, "", Tone::None).set_by_hand("Green", "set by Casey").to_string();
        assert!(html.contains("Green") && html.contains("no data") && !html.contains("tone-good"), "{html}");
    }

    #[test]
    fn a_falling_red_stays_red_when_stale() {
        let html = HealthBadge::new(Some(31.0), "Red", Tone::Critical)
            .trend(-12.0, "30 days")
            .stale("x")
            .to_string();
        assert!(html.contains("tone-critical") && html.contains("arrow-down") && html.contains("−12"));
    }

    #[test]
    fn what_is_printed_is_escaped_once() {
        let html = HealthBadge::new(Some(69.9), "<b>&", Tone::Watch).to_string();
        assert!(html.contains("&#60;b&#62;&#38;") && html.contains(">69.9<"), "{html}");
    }
}
