//! `GET /renewals/forecast`: what each month is expected to keep, and what it kept. Block `forecast` answers htmx.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;

use super::load::{Item, Loaded, Params};
use crate::domain::forecast::{Category, Kind};
use crate::domain::retention::month_of;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::respond::Page;
use crate::web::ui::charts::{Stack, StackedColumns};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, SelectFilter, Shell, StatTile, Tabs, Tone, filters, format};

/// The forecast by month.
#[derive(Clone, Debug, Template)]
#[template(path = "renewals/forecast.html", blocks = ["forecast"])]
pub struct ForecastPage {
    /// The frame.
    pub shell: Shell,
    /// Board, List, Forecast, Time line.
    pub tabs: Tabs,
    /// Window, segment, CSM.
    pub selects: Vec<SelectFilter>,
    /// Committed, likely, at risk, lost.
    pub stats: Vec<StatTile>,
    /// A column a month.
    pub chart: Option<StackedColumns>,
    /// A row a month.
    pub months: Vec<Month>,
    /// All months.
    pub total: Option<Month>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// One month.
#[derive(Clone, Debug)]
pub struct Month {
    /// `June 2027`.
    pub name: String,
    /// `6`.
    pub count: String,
    /// Renewed already.
    pub renewed: String,
    /// Expected for sure.
    pub commit: String,
    /// Best case.
    pub likely: String,
    /// At risk.
    pub at_risk: String,
    /// Given up, churned, or no longer paid.
    pub lost: String,
    /// All that is or was up.
    pub total: String,
    /// By likelihood where there is one.
    pub weighted: String,
}

/// Sums of some renewals, minor units.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: i64,
    renewed: i64,
    commit: i64,
    likely: i64,
    at_risk: i64,
    lost: i64,
    weighted: f64,
}

impl Sums {
    /// Adds one; what is omitted counts for nothing, unless it was decided.
    fn add(&mut self, item: &Item) {
        let Some(base) = item.base else { return };
        let expected = match (item.outcome, item.category) {
            (Some(kind), _) => {
                let kept = if kind == Kind::Churned { 0 } else { item.after.unwrap_or(base).min(base) };
                self.renewed += kept;
                self.lost += base - kept;
                kept as f64
            }
            (None, Category::Omitted) => return,
            (None, category) => {
                let (part, usual) = match category {
                    Category::Commit => (&mut self.commit, 0.95),
                    Category::Likely => (&mut self.likely, 0.75),
                    Category::AtRisk => (&mut self.at_risk, 0.4),
                    Category::Lost | Category::Omitted => (&mut self.lost, 0.0),
                };
                *part += base;
                base as f64 * item.likelihood.map_or(usual, |(percent, _)| f64::from(percent) / 100.0)
            }
        };
        self.weighted += expected;
        self.count += 1;
    }

    fn total(&self) -> i64 {
        self.renewed + self.commit + self.likely + self.at_risk + self.lost
    }

    fn row(&self, name: String, loaded: &Loaded) -> Month {
        let money = |minor: i64| if minor == 0 { "\u{2013}".to_owned() } else { loaded.money(minor) };
        Month {
            name,
            count: format::number(self.count),
            renewed: money(self.renewed),
            commit: money(self.commit),
            likely: money(self.likely),
            at_risk: money(self.at_risk),
            lost: money(self.lost),
            total: money(self.total()),
            weighted: money(self.weighted.round() as i64),
        }
    }
}

/// The forecast, or its part for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let today = web.app.clock.today(member.scope.time_zone());
    let loaded = Loaded::of(&web, &member, &params, Some(month_of(today))).await?;
    let (tabs, selects) = loaded.frame(&params, "/renewals/forecast");
    let mut months: BTreeMap<Option<NaiveDate>, Sums> = BTreeMap::new();
    let mut all = Sums::default();
    for item in &loaded.items {
        let month = (!item.has_lapsed).then(|| month_of(item.date));
        months.entry(month).or_default().add(item);
        all.add(item);
    }
    months.retain(|_, sums| sums.count > 0);
    let name = |month: &Option<NaiveDate>| {
        month.map_or("Lapsed".to_owned(), |first| first.format("%B %Y").to_string())
    };
    let page = ForecastPage {
        shell: member.shell(Room::Renewals),
        tabs,
        selects,
        stats: stats(&all, &loaded),
        chart: (!months.is_empty()).then(|| chart(&months, &loaded)),
        months: months.iter().map(|(month, sums)| sums.row(name(month), &loaded)).collect(),
        total: (months.len() > 1).then(|| all.row("All".to_owned(), &loaded)),
        empty: months.is_empty().then(|| {
            let text = "Try a longer window, or fewer filters.";
            EmptyState::new("refresh-cw", "Nothing to forecast", text)
                .action("Show all", "/renewals/forecast?window=all")
        }),
    };
    Ok(if part { Page(page.as_forecast()).into_response() } else { Page(page).into_response() })
}

fn stats(all: &Sums, loaded: &Loaded) -> Vec<StatTile> {
    let share = |minor: i64| match all.total() {
        0 => String::new(),
        total => format!("{} of what is up", format::percent(minor as f64 / total as f64, 0)),
    };
    let tile = |name: &str, minor: i64| StatTile::new(name, loaded.money(minor), &share(minor));
    vec![
        tile("Committed or renewed", all.commit + all.renewed),
        tile("Likely", all.likely),
        tile("At risk", all.at_risk),
        tile("Lost", all.lost),
    ]
}

fn chart(months: &BTreeMap<Option<NaiveDate>, Sums>, loaded: &Loaded) -> StackedColumns {
    let parts = [
        (Tone::Critical, "Lost"),
        (Tone::Risk, "At risk"),
        (Tone::Watch, "Likely"),
        (Tone::Good, "Committed or renewed"),
    ];
    let parts = parts.map(|(tone, name)| (tone, name.to_owned()));
    let stack = |(month, sums): (&Option<NaiveDate>, &Sums)| Stack {
        label: month.map_or("Lapsed".to_owned(), |first| first.format("%b %y").to_string()),
        values: [sums.lost, sums.at_risk, sums.likely, sums.commit + sums.renewed].map(|n| n as f64).to_vec(),
    };
    let columns: Vec<Stack> = months.iter().map(stack).collect();
    StackedColumns::new("Forecast by month", "Month", &parts, &columns, |minor| loaded.money(minor as i64))
}
