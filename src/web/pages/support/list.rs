//! `GET /support`: the clocks of all tickets, what is late first. Block `list` answers htmx.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use super::figures::{Attainment, period, tiles};
use super::words::{Table, level, severity, status, worked};
use crate::app::methodology::InForce;
use crate::db::tickets::{Filter, Of};
use crate::db::{self, members};
use crate::domain::ticket::{Severity, Status};
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::kpis::{KpiRow, kpis};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Page, vary};
use crate::web::ui::shell::Room;
use crate::web::ui::{Chip, EmptyState, Pager, SelectFilter, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// Tickets on one page.
const PAGE: i64 = 50;
/// The clock of the tile that looks ahead.
const AHEAD_HOURS: i64 = 2;

/// What the filter form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    csm: String,
    segment: String,
    level: String,
    severity: String,
    status: String,
    days: String,
    page: String,
}

/// Every clock of the tenant.
#[derive(Clone, Debug, Template)]
#[template(path = "support/list.html", blocks = ["list"])]
pub struct SupportPage {
    /// The frame.
    pub shell: Shell,
    /// CSM, segment, level, severity, status, period.
    pub selects: Vec<SelectFilter>,
    /// Filters in force.
    pub chips: Vec<Chip>,
    /// What is late now, and what is late soon.
    pub now: Vec<StatTile>,
    /// How the period went.
    pub period: Vec<StatTile>,
    /// The tickets, the clock that runs out next first.
    pub tickets: Table,
    /// Said instead of them.
    pub empty: Option<EmptyState>,
    /// `12 tickets`, and the ways on.
    pub pager: Pager,
    /// Times kept.
    pub attainment: Attainment,
    /// The methodology's KPIs.
    pub kpis: Vec<KpiRow>,
    /// Ways to reach support.
    pub channels: Vec<Channel>,
    /// `the last 30 days`.
    pub days: i64,
}

/// A way to reach support.
#[derive(Clone, Debug)]
pub struct Channel {
    /// `Chat`.
    pub name: String,
    /// What it is for.
    pub text: String,
    /// `always open`, `open now, Mon–Fri 09:00–17:00`, `closed now, …`.
    pub state: String,
    /// Good while it is open.
    pub tone: Tone,
}

impl Channel {
    fn all(in_force: &InForce, now: DateTime<Utc>, zone: Tz) -> Vec<Channel> {
        let local = now.with_timezone(&zone).naive_local();
        let channels = in_force.file.sla.iter().flat_map(|sla| sla.channels.iter());
        let calendars = &in_force.methodology.sla.calendars;
        let channel = |channel: &crate::domain::pack::schema::SlaChannel| {
            let hours = channel.calendar.as_ref().and_then(|id| calendars.iter().find(|one| *one.id == **id));
            let (state, tone) = match hours {
                None => ("always open".to_owned(), Tone::Good),
                Some(hours) if hours.is_open(local) => (format!("open now, {}", worked(hours)), Tone::Good),
                Some(hours) => (format!("closed now, {}", worked(hours)), Tone::None),
            };
            let text = channel.text.as_ref().map(ToString::to_string).unwrap_or_default();
            Channel { name: channel.name.to_string(), text, state, tone }
        };
        channels.map(channel).collect()
    }
}

impl Params {
    fn filter(&self, me: uuid::Uuid) -> Filter {
        let status = Status::parse(&self.status);
        Filter {
            owner: if self.csm == "me" { Some(me) } else { self.csm.parse().ok() },
            segment: Some(self.segment.clone()).filter(|id| !id.is_empty()),
            level: self.level.parse().ok(),
            severity: Severity::parse(&self.severity).map(|severity| severity.word().to_owned()),
            status: status.map(|status| status.word().to_owned()),
            resolved: (status.is_none() && self.status != "all").then_some(false),
            ..Filter::default()
        }
    }

    fn days(&self) -> i64 {
        self.days.parse().ok().filter(|days| [7, 30, 90, 365].contains(days)).unwrap_or(30)
    }

    /// The same page without one of its filters, or on another page.
    fn href(&self, without: &str, page: i64) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let all = [
            ("csm", &self.csm),
            ("segment", &self.segment),
            ("level", &self.level),
            ("severity", &self.severity),
            ("status", &self.status),
            ("days", &self.days),
            ("page", &page),
        ];
        let kept: Vec<(&str, &str)> = all
            .iter()
            .filter(|(name, _)| *name != without)
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        paths::with_query(paths::SUPPORT, &kept)
    }
}

/// The page, or its list for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let words = Wording::of(&web, &member).await?;
    let (now, zone, days) = (words.now, member.scope.time_zone(), params.days());
    let filter = params.filter(member.membership.member_id);
    let of = Of { account: None, segment: filter.segment.clone(), owner: filter.owner };
    let running = Filter { status: None, resolved: Some(false), ..filter.clone() };
    let mut tx = web.app.db.read(&member.scope).await?;
    let people = members::list(&mut tx).await?;
    let total = db::tickets::count(&mut tx, &filter).await?;
    let late = db::tickets::count(&mut tx, &Filter { late: true, ..running.clone() }).await?;
    let by = now + TimeDelta::hours(AHEAD_HOURS);
    let soon = db::tickets::count(&mut tx, &Filter { due_by: Some(by), ..running.clone() }).await?;
    let open = db::tickets::count(&mut tx, &running).await?;
    let number = params.page.parse::<i64>().unwrap_or(1).clamp(1, ((total + PAGE - 1) / PAGE).max(1));
    let found = db::tickets::list(&mut tx, &filter, (number - 1) * PAGE, PAGE).await?;
    let (from, to) = period(now, days);
    let figures = db::tickets::figures(&mut tx, from, to, &of).await?;
    let attained = db::tickets::attained(&mut tx, from, to, &of).await?;
    drop(tx);
    let in_force = words.in_force.clone();
    let page = SupportPage {
        shell: member.shell(Room::Support),
        selects: selects(&params, &words, &people),
        chips: chips(&params, &words, &people),
        now: vec![
            StatTile::new("Overdue", format::number(late), "answers or resolutions, still owed"),
            StatTile::new("Due within 2 hours", format::number(soon), "their clocks still run"),
            StatTile::new("Open", format::number(open), "tickets that are not resolved"),
        ],
        period: tiles(&figures, &attained, days),
        tickets: Table::of(&found, &words, zone),
        empty: (total == 0).then(|| nothing(&params)),
        pager: Pager::numbered(number, PAGE, total, "ticket", |page| params.href("", page)).target("#list"),
        attainment: Attainment::of(&attained, &words),
        kpis: in_force
            .as_ref()
            .map(|in_force| {
                let measure = |name: &str| figures.measure(name);
                kpis(in_force, measure, filter.segment.as_deref(), words.today)
            })
            .unwrap_or_default(),
        channels: in_force.as_ref().map(|in_force| Channel::all(in_force, now, zone)).unwrap_or_default(),
        days,
    };
    Ok(vary(if part { Page(page.as_list()).into_response() } else { Page(page).into_response() }))
}

fn selects(params: &Params, words: &Wording, people: &[members::Member]) -> Vec<SelectFilter> {
    let csms = people.iter().filter(|m| m.accounts > 0).map(|m| (m.id.to_string(), m.name.clone()));
    let csms = [("me".to_owned(), "My accounts".to_owned())].into_iter().chain(csms);
    let in_force = words.in_force.as_deref();
    let levels = in_force.iter().flat_map(|m| &m.methodology.sla.levels);
    let levels = levels.filter_map(|one| i32::try_from(one.id).ok());
    let levels = levels.map(|number| (number.to_string(), format!("Level {}", level(number, in_force))));
    let severities = Severity::ALL.iter().rev().map(|one| (one.word(), severity(one.word())));
    let states = Status::ALL.iter().map(|one| (one.word(), status(one.word()))).chain([("all", "All")]);
    let days = [("7", "Last 7 days"), ("90", "Last 90 days"), ("365", "Last 365 days")];
    vec![
        SelectFilter::new("csm", "CSM", "Any CSM", csms, Some(&params.csm)),
        SelectFilter::new("segment", "Segment", "Any segment", words.segments(), Some(&params.segment)),
        SelectFilter::new("level", "Level", "Any level", levels, Some(&params.level)),
        SelectFilter::new("severity", "Severity", "Any severity", severities, Some(&params.severity)),
        SelectFilter::new("status", "Status", "Not resolved", states, Some(&params.status)),
        SelectFilter::new("days", "Period", "Last 30 days", days, Some(&params.days)),
    ]
}

fn chips(params: &Params, words: &Wording, people: &[members::Member]) -> Vec<Chip> {
    let csm = match params.csm.as_str() {
        "me" => "my accounts".to_owned(),
        id => people.iter().find(|m| m.id.to_string() == id).map_or("gone", |m| &m.name).to_owned(),
    };
    let in_force = words.in_force.as_deref();
    let level = params.level.parse().map_or_else(|_| String::new(), |number| level(number, in_force));
    let state = if params.status == "all" { "all" } else { status(&params.status) };
    [
        ("csm", &params.csm, "CSM", csm),
        ("segment", &params.segment, "Segment", words.segment(&*params.segment)),
        ("level", &params.level, "Level", level),
        ("severity", &params.severity, "Severity", severity(&params.severity).to_owned()),
        ("status", &params.status, "Status", state.to_owned()),
    ]
    .into_iter()
    .filter(|(_, value, ..)| !value.is_empty())
    .map(|(name, _, label, text)| Chip::new(format!("{label}: {text}"), params.href(name, 1)))
    .collect()
}

fn nothing(params: &Params) -> EmptyState {
    let filtered = [&params.csm, &params.segment, &params.level, &params.severity, &params.status];
    if filtered.iter().all(|value| value.is_empty()) {
        let text = "Tickets come over the API or from a file. Each has its clocks: when an answer and a resolution \
                    are due, by segment, level and severity.";
        EmptyState::new("life-buoy", "No open tickets", text)
            .action("Import tickets", "/settings/imports")
            .action("See resolved ones", "/support?status=resolved")
    } else {
        EmptyState::new("life-buoy", "No ticket fits these filters", "Take one of them away.")
            .action("Clear filters", paths::SUPPORT)
    }
}
