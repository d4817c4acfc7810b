//! `GET /renewals/timeline`: open renewals on one line of time, with their milestones. Block `lines` answers htmx.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Days;

use super::load::{Item, Loaded, Params, tone_of, tone_of_outcome};
use crate::domain::retention::month_of;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::accounts::contracts::code;
use crate::web::respond::Page;
use crate::web::ui::charts::{Gantt, GanttMark, GanttRow};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, SelectFilter, Shell, Tabs, filters, format};

/// Rows of the time line; the list has all.
const MOST: usize = 80;

/// The time line.
#[derive(Clone, Debug, Template)]
#[template(path = "renewals/timeline.html", blocks = ["lines"])]
pub struct LinePage {
    /// The frame.
    pub shell: Shell,
    /// Board, List, Forecast, Time line.
    pub tabs: Tabs,
    /// Window, segment, CSM.
    pub selects: Vec<SelectFilter>,
    /// Accounts by months.
    pub chart: Option<Gantt>,
    /// `The first 80 of 212.`; empty when all are there.
    pub note: String,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// The time line, or its part for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let today = web.app.clock.today(member.scope.time_zone());
    let loaded = Loaded::of(&web, &member, &params, Some(month_of(today))).await?;
    let (tabs, selects) = loaded.frame(&params, "/renewals/timeline");
    let from = month_of(today.checked_sub_days(Days::new(31)).unwrap_or(today));
    let shown: Vec<&Item> = loaded.items.iter().take(MOST).collect();
    let last = shown.iter().map(|item| item.date).max().unwrap_or(today).max(today);
    let to = last.checked_add_days(Days::new(10)).unwrap_or(last);
    let rows: Vec<GanttRow> = shown.iter().map(|item| row(item, &loaded)).collect();
    let note = match loaded.items.len() {
        n if n > MOST => format!(
            "The first {MOST} of {}; narrow the window to see the others.",
            format::count(n as i64, "renewal")
        ),
        _ => String::new(),
    };
    let page = LinePage {
        shell: member.shell(Room::Renewals),
        tabs,
        selects,
        chart: (!rows.is_empty()).then(|| Gantt::new("Renewals and their milestones", from, to, today, rows)),
        note,
        empty: loaded.items.is_empty().then(|| {
            let text = "Try a longer window, or fewer filters.";
            EmptyState::new("calendar", "Nothing renews here", text)
                .action("Show all", "/renewals/timeline?window=all")
        }),
    };
    Ok(if part { Page(page.as_lines()).into_response() } else { Page(page).into_response() })
}

fn row(item: &Item, loaded: &Loaded) -> GanttRow {
    let mut marks: Vec<GanttMark> = Vec::new();
    for step in &item.steps {
        let Some(due) = step.due else { continue };
        let planned = step.planned.map_or_else(String::new, |day| code(day, item.date));
        let title = format!("{planned} {}, {}", step.title, format::date_near(due, loaded.today));
        match marks.iter_mut().find(|mark| mark.day == due) {
            Some(mark) => mark.title = format!("{}\n{title}", mark.title),
            None => marks.push(GanttMark { day: due, title }),
        }
    }
    let said = item.outcome.map_or(item.category.label(), |kind| kind.label());
    GanttRow {
        label: item.name.clone(),
        note: item.base.map_or_else(|| item.arr.clone(), |minor| loaded.money(minor)),
        href: item.href.clone(),
        tone: item.outcome.map_or(tone_of(item.category), tone_of_outcome),
        word: said.to_owned(),
        from: item.opened,
        to: item.date,
        to_text: format::date_near(item.date, loaded.today),
        marks,
    }
}
