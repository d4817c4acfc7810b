//! What comes up, on one line from today: renewals, milestones.

use askama::Template;
use chrono::NaiveDate;

use super::scale::{DateTick, along, date_ticks, pc};
use crate::web::ui::{Tone, filters, format, html_safe};

/// How wide a label is taken to be, in percent of the line, and the most lanes with labels there may be.
const LABEL_WIDTH: f64 = 25.0;
const MOST_LANES: usize = 7;
const LANE_HEIGHT: usize = 24;

/// Something on a day.
#[derive(Clone, Debug)]
pub struct Moment {
    /// When.
    pub day: NaiveDate,
    /// What: the account's name.
    pub label: String,
    /// A figure after it: `€120K`.
    pub note: String,
    /// Its shape and colour.
    pub tone: Tone,
    /// The tone in words: the band.
    pub word: String,
    /// Where it leads.
    pub href: String,
}

#[derive(Clone, Debug)]
struct Drawn {
    x: String,
    y: usize,
    flip: bool,
    label: String,
    note: String,
    tone: Tone,
    href: String,
    title: String,
}

/// A time line: a mark for each moment, in lanes so that labels do not run into each other.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/timeline.html")]
pub struct Timeline {
    title: String,
    height: usize,
    ticks: Vec<DateTick>,
    marks: Vec<Drawn>,
}

impl Timeline {
    /// From `today` on for `days` days; moments outside are left out. Where lanes run out, the mark stays and
    /// its label goes (it is still in the title and in the list beside).
    pub fn new(title: &str, today: NaiveDate, days: u64, moments: &[Moment]) -> Self {
        let end = today + chrono::Days::new(days);
        let mut inside: Vec<_> = moments.iter().filter(|m| (today..=end).contains(&m.day)).collect();
        inside.sort_by_key(|moment| moment.day);
        let mut free_from = [f64::NEG_INFINITY; MOST_LANES];
        let mut used = 1;
        let marks = inside
            .into_iter()
            .map(|moment| {
                let x = along(moment.day, today, end);
                let flip = x > 100.0 - LABEL_WIDTH;
                let (left, right) = if flip { (x - LABEL_WIDTH, x + 2.0) } else { (x, x + LABEL_WIDTH) };
                let lane = free_from.iter().position(|&free| free <= left);
                // Marks without a label share one more lane, clear of everyone's label.
                let row = lane.unwrap_or(MOST_LANES);
                if let Some(free) = free_from.get_mut(row) {
                    *free = free.max(right);
                }
                used = used.max(row + 1);
                let labelled = lane.is_some();
                Drawn {
                    x: pc(x),
                    y: LANE_HEIGHT * row + 16,
                    flip,
                    label: if labelled { clipped(&moment.label) } else { String::new() },
                    note: if labelled { moment.note.clone() } else { String::new() },
                    tone: moment.tone,
                    href: moment.href.clone(),
                    title: format!(
                        "{}, {}, {}, {}",
                        moment.label,
                        moment.note,
                        moment.word,
                        format::date_near(moment.day, today)
                    ),
                }
            })
            .collect();
        Self { title: title.into(), height: LANE_HEIGHT * used + 34, ticks: date_ticks(today, end), marks }
    }
}

/// A name cut to what a lane has room for, isolated so that one written from right to left stays in its place.
fn clipped(name: &str) -> String {
    if name.chars().count() <= 18 {
        return format!("\u{2068}{name}\u{2069}");
    }
    let head: String = name.chars().take(17).collect();
    format!("\u{2068}{}…\u{2069}", head.trim_end())
}

html_safe!(Timeline);
