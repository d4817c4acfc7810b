//! `GET /renewals/board`: open renewals in columns by forecast, month or next milestone. Block `board` answers htmx.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Datelike as _;

use super::load::{Item, Loaded, Params, Stand, likelihood_text, next_step, tone_of};
use crate::domain::forecast::Category;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::accounts::contracts::code;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, EmptyState, SelectFilter, Shell, Tabs, Tone, filters, format};

/// Cards in one column; the list has all.
const MOST_CARDS: usize = 25;

/// The board.
#[derive(Clone, Debug, Template)]
#[template(path = "renewals/board.html", blocks = ["board"])]
pub struct BoardPage {
    /// The frame.
    pub shell: Shell,
    /// Board, List, Forecast, Time line.
    pub tabs: Tabs,
    /// Columns, window, segment, CSM.
    pub selects: Vec<SelectFilter>,
    /// Left to right.
    pub columns: Vec<Column>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// `At risk`, `March 2027`, `T−60 Proposal`.
    pub name: String,
    /// How it is shown.
    pub tone: Tone,
    /// `6 renewals`.
    pub count: String,
    /// `€812K`.
    pub arr: String,
    /// Soonest first.
    pub cards: Vec<Card>,
    /// `4 more in the list`; empty when all are there.
    pub more: String,
}

/// One renewal.
#[derive(Clone, Debug)]
pub struct Card {
    /// The account.
    pub name: String,
    /// Its page.
    pub href: String,
    /// `€120,000`.
    pub arr: String,
    /// `1 Jun 2027`.
    pub date: String,
    /// `in 12 days`, `3 days overdue`.
    pub when: String,
    /// How pressing.
    pub when_tone: Tone,
    /// The band of its score.
    pub band: String,
    /// The band's tone.
    pub band_tone: Tone,
    /// `At-risk renewal`.
    pub strategy: String,
    /// `80 %`.
    pub likelihood: String,
    /// `Commit`, with `suggested` where nobody said so.
    pub forecast: String,
    /// The forecast's tone.
    pub forecast_tone: Tone,
    /// `3 of 11 done`, or `3 of 11` by their days alone; then `· Proposal, in 5 days`.
    pub milestone: String,
    /// `2 late`; empty when none is.
    pub late: String,
    /// Who looks after it.
    pub csm: Option<Avatar>,
}

/// The board, or its columns for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let loaded = Loaded::of(&web, &member, &params, None).await?;
    let (tabs, mut selects) = loaded.frame(&params, "/renewals/board");
    let by = [("month", "By month"), ("milestone", "By next milestone")];
    selects.insert(0, SelectFilter::new("by", "Columns", "By forecast", by, Some(&params.by)));
    let open: Vec<&Item> = loaded.items.iter().filter(|item| item.is_open).collect();
    let columns = match &*params.by {
        "month" => by_month(&loaded, &open),
        "milestone" => by_milestone(&loaded, &open),
        _ => by_forecast(&loaded, &open),
    };
    let empty = open.is_empty().then(|| {
        let text =
            "A renewal opens by itself when its window is reached. The list shows what is still to come.";
        EmptyState::new("refresh-cw", "No renewal is open here", text)
            .action("Show the list", "/renewals?window=all")
    });
    let page = BoardPage { shell: member.shell(Room::Renewals), tabs, selects, columns, empty };
    Ok(if part { Page(page.as_board()).into_response() } else { Page(page).into_response() })
}

fn column(loaded: &Loaded, name: String, tone: Tone, items: &[&Item]) -> Column {
    let arr: i64 = items.iter().filter_map(|item| item.base).sum();
    let more = items.len().saturating_sub(MOST_CARDS);
    Column {
        name,
        tone,
        count: format::count(items.len() as i64, "renewal"),
        arr: loaded.money(arr),
        cards: items.iter().take(MOST_CARDS).map(|item| card(loaded, item)).collect(),
        more: if more > 0 {
            format!("{} more in the list", format::number(more as i64))
        } else {
            String::new()
        },
    }
}

fn by_forecast(loaded: &Loaded, open: &[&Item]) -> Vec<Column> {
    let of = |category: &Category| {
        let items: Vec<&Item> = open.iter().copied().filter(|item| item.category == *category).collect();
        let wanted = !items.is_empty() || !matches!(category, Category::Omitted);
        wanted.then(|| column(loaded, category.label().to_owned(), tone_of(*category), &items))
    };
    Category::ALL.iter().filter_map(of).collect()
}

fn by_month(loaded: &Loaded, open: &[&Item]) -> Vec<Column> {
    let month = |item: &Item| (!item.has_lapsed).then(|| (item.date.year(), item.date.month()));
    let name = |items: &[&Item]| match items.first() {
        Some(item) if !item.has_lapsed => (item.date.format("%B %Y").to_string(), Tone::None),
        _ => ("Lapsed".to_owned(), Tone::Critical),
    };
    let runs = open.chunk_by(|a, b| month(a) == month(b));
    runs.map(|items| {
        let (name, tone) = name(items);
        column(loaded, name, tone, items)
    })
    .collect()
}

/// The milestone that comes next, furthest from the renewal first; those that are behind all of them last.
fn by_milestone(loaded: &Loaded, open: &[&Item]) -> Vec<Column> {
    let next = |item: &Item| {
        next_step(&item.steps, loaded.today).map(|(step, ..)| {
            let days = step.planned.map_or(0, |day| (day - item.date).num_days());
            (days, step.planned.map_or_else(String::new, |day| code(day, item.date)))
        })
    };
    let mut columns: std::collections::BTreeMap<(i64, String), Vec<&Item>> =
        std::collections::BTreeMap::new();
    for item in open {
        let key = next(item).unwrap_or((i64::MAX, "Behind all milestones".to_owned()));
        columns.entry(key).or_default().push(item);
    }
    columns.into_iter().map(|((_, name), items)| column(loaded, name, Tone::None, &items)).collect()
}

fn card(loaded: &Loaded, item: &Item) -> Card {
    let today = loaded.today;
    let days = (item.date - today).num_days();
    let Stand { next, when, done, late } = Stand::of(&item.steps, item.progress, today);
    let milestone = match (next.is_empty(), done.is_empty()) {
        (true, _) => done,
        (false, true) => format!("{next}, {when}"),
        (false, false) => format!("{done} · {next}, {when}"),
    };
    Card {
        name: item.name.clone(),
        href: item.href.clone(),
        arr: item.arr.clone(),
        date: format::date_near(item.date, today),
        when: if days < 0 {
            format!("lapsed {}", format::days_from(item.date, today))
        } else {
            format::days_from(item.date, today)
        },
        when_tone: match days {
            ..0 => Tone::Critical,
            0..=30 => Tone::Risk,
            31..=60 => Tone::Watch,
            _ => Tone::None,
        },
        band: item.band.as_deref().map_or_else(String::new, |band| loaded.names.band(band)),
        band_tone: loaded.names.tone(item.band.as_deref()),
        strategy: loaded.names.strategy(item.strategy.as_deref()),
        likelihood: likelihood_text(item.likelihood),
        forecast: match item.by_hand {
            true => item.category.label().to_owned(),
            false => format!("{}, suggested", item.category.label()),
        },
        forecast_tone: tone_of(item.category),
        milestone,
        late,
        csm: item.csm.as_deref().map(|name| Avatar::new(name).bare()),
    }
}
