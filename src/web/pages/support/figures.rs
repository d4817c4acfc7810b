//! How support did over a period: times kept by segment and level.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::tickets::{Attained, Figures};
use crate::web::pages::wording::Wording;
use crate::web::ui::{StatTile, Tone, format};

use super::words::average;

/// Times kept, as a table of segments and levels.
#[derive(Clone, Debug, Default)]
pub struct Attainment {
    /// `Level 1`, `Level 2` …
    pub levels: Vec<String>,
    /// One a segment, and one for all.
    pub rows: Vec<AttainmentRow>,
}

/// A segment's times.
#[derive(Clone, Debug)]
pub struct AttainmentRow {
    /// The segment.
    pub segment: String,
    /// One a level; none where no clock ended.
    pub cells: Vec<Option<Share>>,
    /// All levels together.
    pub all: Option<Share>,
}

/// A share of times kept.
#[derive(Clone, Debug)]
pub struct Share {
    /// `96 %`.
    pub percent: String,
    /// `24 of 25`.
    pub of: String,
    /// Good when all were kept, watch from nine of ten, risk below.
    pub tone: Tone,
}

impl Share {
    fn of(kept: i64, all: i64) -> Option<Share> {
        if all == 0 {
            return None;
        }
        let share = kept as f64 / all as f64;
        let tone = match share {
            share if share >= 1.0 => Tone::Good,
            share if share >= 0.9 => Tone::Watch,
            _ => Tone::Risk,
        };
        // 249 of 250 are not all.
        let percent = if kept < all { share.min(0.994) } else { share };
        Some(Share {
            percent: format::percent(percent, 0),
            of: format!("{} of {}", format::number(kept), format::number(all)),
            tone,
        })
    }
}

impl Attainment {
    /// Puts what was kept into a table.
    pub fn of(attained: &[Attained], words: &Wording) -> Self {
        let mut levels: Vec<i32> = attained.iter().map(|one| one.level).collect();
        levels.sort_unstable();
        levels.dedup();
        let share = |of: &dyn Fn(&&Attained) -> bool| {
            let (kept, all) =
                attained.iter().filter(of).fold((0, 0), |(kept, all), one| (kept + one.kept, all + one.all));
            Share::of(kept, all)
        };
        let row = |segment: Option<Option<&str>>| {
            let is_of = |one: &&Attained| segment.is_none_or(|segment| one.segment.as_deref() == segment);
            AttainmentRow {
                segment: match segment {
                    Some(id) => words.segment(id),
                    None => "All segments".to_owned(),
                },
                cells: levels.iter().map(|level| share(&|one| is_of(one) && one.level == *level)).collect(),
                all: share(&|one| is_of(one)),
            }
        };
        let mut segments: Vec<Option<&str>> = attained.iter().map(|one| one.segment.as_deref()).collect();
        segments.dedup();
        // In the order of the methodology, what it does not know last.
        let order = words.segments();
        let position = |id: &Option<&str>| order.iter().position(|(known, _)| Some(known.as_str()) == *id);
        segments.sort_by_key(|id| position(id).unwrap_or(usize::MAX));
        let mut rows: Vec<AttainmentRow> = segments.iter().map(|id| row(Some(*id))).collect();
        if rows.len() > 1 {
            rows.push(row(None));
        }
        Attainment { levels: levels.iter().map(|level| format!("Level {level}")).collect(), rows }
    }
}

/// The half-open period of so many days that ends with this moment, what happens in it included.
pub fn period(now: DateTime<Utc>, days: i64) -> (DateTime<Utc>, DateTime<Utc>) {
    (now - TimeDelta::days(days), now + TimeDelta::microseconds(1))
}

/// First answers, resolutions and escalations of a period.
pub fn tiles(figures: &Figures, attained: &[Attained], days: i64) -> Vec<StatTile> {
    let (kept, all) = attained.iter().fold((0, 0), |(kept, all), one| (kept + one.kept, all + one.all));
    let period = format!("in {days} days");
    let (share, of) = match Share::of(kept, all) {
        Some(share) => (share.percent, format!("{} {period}", share.of)),
        None => ("\u{2013}".to_owned(), format!("no clock ended {period}")),
    };
    let rate = match figures.tickets {
        0 => "\u{2013}".to_owned(),
        n => format::percent(figures.escalations as f64 / n as f64, 0),
    };
    let answered = format!("on average, {} {period}", format::count(figures.tickets_responded, "ticket"));
    let resolved = format!("on average, {} {period}", format::count(figures.tickets_resolved, "ticket"));
    let escalated =
        format!("{} of {} {period}", figures.escalations, format::count(figures.tickets, "ticket"));
    vec![
        StatTile::new("Answered in time", share, &of),
        StatTile::new(
            "First answer",
            average(figures.first_response_hours_sum, figures.tickets_responded),
            &answered,
        ),
        StatTile::new(
            "Resolution",
            average(figures.resolution_hours_sum, figures.tickets_resolved),
            &resolved,
        ),
        StatTile::new("Escalated", rate, &escalated),
    ]
}
