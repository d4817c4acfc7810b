//! What happens to an account, and the numbers each story implies.
//!
//! A story is told by two things: a *shape*, the activity of the whole account over time, and a *temper*,
//! the ranges its slower figures are drawn from. All shares are in thousandths, so that everything is
//! whole-number arithmetic.

use chrono::NaiveDate;

/// The yearly rhythm of a customer's trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    /// Education: quiet in summer.
    School,
    /// Retail: quiet after the new-year sales.
    Retail,
    /// Travel: quiet in autumn.
    Travel,
}

/// What happens to an account. `ago` is in days before `today`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// Used well and evenly throughout.
    Steady,
    /// More people and more use month after month.
    Growth,
    /// Bought more seats at the last renewal and filled them.
    Expansion,
    /// Started in the last twelve weeks; people are joining.
    Rollout,
    /// Falls quiet in its trade's off-season and comes back.
    Seasonal(Season),
    /// Regular use that never got beyond the basics.
    LowAdoption,
    /// Little use, little complaint.
    Lukewarm,
    /// Has lost half of its use, a little each month.
    SlowDecay,
    /// The same, faster: by now it loses more than a third in a month.
    DeepDecay,
    /// The champion left; use fell within days to `remaining` thousandths.
    ChampionLeft {
        /// Days since the champion left.
        ago: i64,
        /// Share of activity left, in thousandths.
        remaining: i64,
    },
    /// From one day to the next nobody came any more.
    SuddenStop {
        /// Number of days, ending with `today`, without any use.
        ago: i64,
    },
    /// Ticket upon ticket, several of high priority; use falls to `remaining` thousandths.
    SupportStorm {
        /// Days since the trouble began.
        ago: i64,
        /// Share of activity left, in thousandths.
        remaining: i64,
    },
    /// The contract ended.
    Churned {
        /// Days since then.
        ago: i64,
        /// What led to it.
        why: Leaving,
    },
}

/// What led to a churn, and so how much of it could be seen coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Use faded away over months.
    Faded,
    /// Ticket upon ticket and bad marks; use fell only towards the end.
    Displeased,
    /// Bought by another company, or moved to its tool: all was well until the last weeks.
    Unforeseen,
}

/// Days before the end of a churned account's contract on which its last use lies.
const SILENT_BEFORE_END: i64 = 20;

/// Inclusive range a figure is drawn from.
pub(super) type Span = (i64, i64);

/// A figure that moved from one range into another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) before: Span,
    pub(super) now: Span,
}

/// The ranges of an account's slower figures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Temper {
    /// Chance that a product user is active on a normal working day, in thousandths.
    pub(super) level: Span,
    /// `advanced_feature_pct`, in tenths of a percent.
    pub(super) advanced: Move,
    /// `integrations_live`.
    pub(super) integrations: Move,
    /// Tickets in thirty days.
    pub(super) tickets: Span,
    /// `csat_avg` in hundredths (100 to 500).
    pub(super) csat: Move,
    /// `reported_roi_pct`.
    pub(super) roi: Move,
    /// `nps`.
    pub(super) nps: Span,
    /// Weights of the business impact none, some, strong.
    pub(super) impact: [u64; 3],
}

const fn flat(span: Span) -> Move {
    Move { before: span, now: span }
}

const fn moved(before: Span, now: Span) -> Move {
    Move { before, now }
}

const HEALTHY: Temper = Temper {
    level: (690, 790),
    advanced: moved((560, 680), (650, 920)),
    integrations: moved((1, 2), (2, 4)),
    tickets: (0, 2),
    csat: flat((410, 485)),
    roi: moved((40, 80), (70, 150)),
    nps: (30, 75),
    impact: [0, 4, 6],
};

impl Story {
    /// A short name for lists and tests.
    pub fn label(self) -> &'static str {
        match self {
            Story::Steady => "steady",
            Story::Growth => "growth",
            Story::Expansion => "expansion",
            Story::Rollout => "rollout",
            Story::Seasonal(_) => "seasonal",
            Story::LowAdoption => "low adoption",
            Story::Lukewarm => "lukewarm",
            Story::SlowDecay => "slow decay",
            Story::DeepDecay => "deep decay",
            Story::ChampionLeft { .. } => "champion left",
            Story::SuddenStop { .. } => "sudden stop",
            Story::SupportStorm { .. } => "support storm",
            Story::Churned { .. } => "churned",
        }
    }

    /// The stories that ought to end in the worst band.
    pub fn is_trouble(self) -> bool {
        matches!(
            self,
            Story::DeepDecay
                | Story::ChampionLeft { .. }
                | Story::SuddenStop { .. }
                | Story::SupportStorm { .. }
        )
    }

    /// Activity of the whole account, `ago` days before today, in thousandths of its usual level.
    pub(super) fn shape(self, ago: i64, day: NaiveDate) -> i64 {
        match self {
            Story::Steady | Story::LowAdoption | Story::Lukewarm | Story::Expansion => 1000,
            Story::Growth => along(&[(540, 720), (0, 1030)], ago),
            Story::Rollout => along(&[(85, 650), (30, 900), (0, 1000)], ago),
            Story::Seasonal(season) => season.factor(day),
            Story::SlowDecay => along(&[(280, 1000), (30, 530), (0, 500)], ago),
            Story::DeepDecay => along(&[(150, 1000), (0, 100)], ago),
            Story::ChampionLeft { ago: since, remaining } => {
                along(&[(since + 1, 1000), (since - 3, remaining)], ago)
            }
            Story::SuddenStop { ago: since } => i64::from(ago >= since) * 1000,
            Story::SupportStorm { ago: since, remaining } => {
                along(&[(since + 1, 1000), (since - 4, remaining)], ago)
            }
            Story::Churned { ago: ended, why } => {
                let last = ended + SILENT_BEFORE_END;
                match why {
                    _ if ago < last => 0,
                    Leaving::Faded => along(&[(last + 110, 1000), (last, 120)], ago),
                    Leaving::Displeased => along(&[(last + 45, 1000), (last, 400)], ago),
                    Leaving::Unforeseen => 1000,
                }
            }
        }
    }

    /// When the slower figures moved from what they were to what they are: from so many days ago to so many.
    pub(super) fn turn(self) -> (i64, i64) {
        match self {
            Story::ChampionLeft { ago, .. } | Story::SupportStorm { ago, .. } => (ago + 20, 0),
            Story::SuddenStop { .. } => (60, 0),
            Story::Rollout => (85, 0),
            Story::SlowDecay | Story::DeepDecay => (240, 0),
            Story::Churned { ago, .. } => (ago + 170, ago + SILENT_BEFORE_END),
            _ => (420, 0),
        }
    }

    /// The ranges of this story's slower figures.
    pub(super) fn temper(self) -> Temper {
        match self {
            Story::Steady | Story::Seasonal(_) => HEALTHY,
            Story::Growth => Temper { advanced: moved((320, 450), (640, 840)), ..HEALTHY },
            Story::Expansion => Temper { level: (720, 800), integrations: moved((1, 2), (3, 5)), ..HEALTHY },
            Story::Rollout => Temper {
                level: (640, 760),
                advanced: moved((40, 90), (360, 640)),
                integrations: moved((0, 0), (1, 3)),
                tickets: (1, 4),
                ..HEALTHY
            },
            Story::LowAdoption => Temper {
                level: (560, 700),
                advanced: moved((180, 300), (330, 540)),
                integrations: flat((1, 2)),
                tickets: (1, 3),
                csat: flat((360, 430)),
                roi: flat((30, 70)),
                nps: (0, 35),
                impact: [2, 7, 1],
            },
            Story::Lukewarm => Temper {
                level: (360, 450),
                advanced: moved((540, 600), (610, 670)),
                integrations: flat((1, 1)),
                tickets: (2, 4),
                csat: flat((335, 390)),
                roi: flat((35, 60)),
                nps: (-15, 20),
                impact: [2, 8, 0],
            },
            Story::SlowDecay => Temper {
                level: (660, 740),
                advanced: moved((640, 720), (490, 580)),
                integrations: flat((1, 3)),
                tickets: (2, 4),
                csat: moved((410, 450), (330, 390)),
                roi: moved((60, 90), (25, 55)),
                nps: (-20, 20),
                impact: [3, 7, 0],
            },
            Story::DeepDecay => DECLINED,
            Story::ChampionLeft { .. } => Temper {
                advanced: moved((660, 760), (430, 560)),
                csat: moved((420, 460), (330, 390)),
                ..DECLINED
            },
            Story::SuddenStop { .. } => Temper { tickets: (0, 1), ..DECLINED },
            Story::SupportStorm { .. } => {
                Temper { csat: moved((410, 450), (180, 250)), tickets: (2, 3), ..DECLINED }
            }
            Story::Churned { why: Leaving::Faded, .. } => DECLINED,
            Story::Churned { why: Leaving::Displeased, .. } => {
                Temper { csat: moved((390, 440), (180, 260)), tickets: (1, 3), ..DECLINED }
            }
            Story::Churned { why: Leaving::Unforeseen, .. } => HEALTHY,
        }
    }
}

const DECLINED: Temper = Temper {
    level: (670, 760),
    advanced: moved((600, 700), (400, 560)),
    integrations: flat((1, 2)),
    tickets: (2, 5),
    csat: moved((390, 440), (260, 330)),
    roi: moved((50, 80), (5, 35)),
    nps: (-50, -5),
    impact: [6, 4, 0],
};

/// Straight lines through points of (days ago, value), the oldest first; flat beyond both ends.
pub(super) fn along(points: &[(i64, i64)], ago: i64) -> i64 {
    for pair in points.windows(2) {
        let [(from, start), (to, end)] = [pair[0], pair[1]];
        if ago >= from {
            return start;
        }
        if ago > to {
            return start + (end - start) * (from - ago) / (from - to);
        }
    }
    points.last().map_or(0, |(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_run_through_their_points() {
        let points = [(100, 1000), (50, 500), (0, 700)];
        for (ago, value) in [(300, 1000), (100, 1000), (75, 750), (50, 500), (25, 600), (0, 700)] {
            assert_eq!(along(&points, ago), value, "{ago} days ago");
        }
    }

    #[test]
    fn a_churned_account_falls_silent_before_its_contract_ends() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        for why in [Leaving::Faded, Leaving::Displeased, Leaving::Unforeseen] {
            let story = Story::Churned { ago: 50, why };
            assert_eq!(story.shape(69, day), 0);
            assert!(story.shape(70, day) > 0);
            assert_eq!(story.shape(200, day), 1000);
            assert_eq!(story.shape(75, day) > 900, why == Leaving::Unforeseen);
        }
    }
}
