//! Stretches that end on a day, one under the other on one line of time, with marks on the way.

use askama::Template;
use chrono::NaiveDate;

use super::scale::{DateTick, along, date_ticks, pc};
use crate::web::ui::{Tone, filters, html_safe};

/// Something on the way.
#[derive(Clone, Debug)]
pub struct GanttMark {
    /// When.
    pub day: NaiveDate,
    /// What, a line for each where several fall on one day.
    pub title: String,
}

/// One stretch.
#[derive(Clone, Debug)]
pub struct GanttRow {
    /// Whose.
    pub label: String,
    /// A figure beside it.
    pub note: String,
    /// Where it leads.
    pub href: String,
    /// Its colour and shape.
    pub tone: Tone,
    /// The tone in words.
    pub word: String,
    /// Where it begins; none for a mere day.
    pub from: Option<NaiveDate>,
    /// Where it ends.
    pub to: NaiveDate,
    /// The end in words.
    pub to_text: String,
    /// On the way.
    pub marks: Vec<GanttMark>,
}

#[derive(Clone, Debug)]
struct Drawn {
    row: GanttRow,
    x: String,
    width: String,
    end: String,
    marks: Vec<(String, String, bool)>,
}

/// The chart: a row for each stretch, months above.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/gantt.html")]
pub struct Gantt {
    title: String,
    ticks: Vec<DateTick>,
    today: String,
    rows: Vec<Drawn>,
}

impl Gantt {
    /// From one day to another; what lies outside is cut off at its edge, marks outside are left out.
    pub fn new(title: &str, from: NaiveDate, to: NaiveDate, today: NaiveDate, rows: Vec<GanttRow>) -> Self {
        let place = |day: NaiveDate| along(day.clamp(from, to), from, to);
        let draw = |row: GanttRow| {
            let end = place(row.to);
            let start = row.from.map_or(end, place).min(end);
            let inside = row.marks.iter().filter(|mark| (from..=to).contains(&mark.day));
            let marks = inside.map(|mark| (pc(place(mark.day)), mark.title.clone(), mark.day < today));
            Drawn { x: pc(start), width: pc(end - start), end: pc(end), marks: marks.collect(), row }
        };
        Gantt {
            title: title.into(),
            ticks: date_ticks(from, to),
            today: pc(place(today)),
            rows: rows.into_iter().map(draw).collect(),
        }
    }
}

html_safe!(Gantt);
