//! `GET /renewals`: what renews when, by month. Block `list` answers htmx.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::load::{self, Stand, steps};
use super::window::Window;
use crate::app::scoring::Assessed;
use crate::db::accounts::{Account, Filter, RenewalMonth, Sort};
use crate::db::renewals::{Listed, Progress};
use crate::db::{self, members};
use crate::domain::forecast::{Category, Kind};
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::names::Names;
use crate::web::respond::Page;
use crate::web::ui::charts::{Part, StackedBar};
use crate::web::ui::shell::Room;
use crate::web::ui::{
    Avatar, Chip, EmptyState, HealthBadge, Pager, SelectFilter, Shell, StatTile, Tabs, Tone, filters, format,
};
use crate::web::{Web, paths};

/// Renewals on one page.
const PAGE: i64 = 100;

/// The filter form sends `csm`, `segment` and `window`.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    csm: String,
    #[serde(default)]
    segment: String,
    #[serde(default)]
    window: String,
    #[serde(default)]
    page: String,
}

/// What renews in the window, by month.
#[derive(Clone, Debug, Template)]
#[template(path = "renewals/list.html", blocks = ["list"])]
pub struct RenewalListPage {
    /// The frame.
    pub shell: Shell,
    /// Board, List, Forecast, Time line.
    pub tabs: Tabs,
    /// All of it as a file.
    pub download: String,
    /// Window, segment, CSM.
    pub selects: Vec<SelectFilter>,
    /// What is in force beside the window.
    pub chips: Vec<Chip>,
    /// Up for renewal, at risk, soon, overdue.
    pub stats: Vec<StatTile>,
    /// ARR up for renewal by band.
    pub by_band: Option<StackedBar>,
    /// One a month, soonest first.
    pub months: Vec<Month>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Ways on, where one page does not hold all; its target is `#list`.
    pub pager: Option<Pager>,
}

/// The renewals of one month.
#[derive(Clone, Debug)]
pub struct Month {
    /// `January 2027`, or `Overdue`.
    pub name: String,
    /// `6 renewals`, all of the month even when the page shows only some.
    pub count: String,
    /// `€812K`.
    pub arr: String,
    /// Soonest first.
    pub rows: Vec<Renewal>,
}

/// One renewal.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The account.
    pub name: String,
    /// Its segment.
    pub segment: String,
    /// The renewal once it is open, before that the account's contracts.
    pub href: String,
    /// `14 Jan 2027`.
    pub date: String,
    /// `in 53 days`.
    pub when: String,
    /// How pressing.
    pub when_tone: Tone,
    /// ARR up for renewal.
    pub arr: String,
    /// Its score.
    pub health: HealthBadge,
    /// The strategy the methodology chooses: `Reinforce value`.
    pub strategy: String,
    /// `Commit`, `Likely, 75 %`; what became of it; empty while its window is to come.
    pub forecast: String,
    /// Whether it was decided.
    pub is_closed: bool,
    /// How far its milestones are.
    pub milestones: Stand,
    /// Who looks after it.
    pub csm: Option<Avatar>,
}

/// The page, or its list for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let today = web.app.clock.today(member.scope.time_zone());
    let names = Names::load(&web.app, &member.scope).await?;
    let window = Window::parse(&params.window);
    let (from, to) = window.days(today);
    let filter = Filter {
        segment: Some(params.segment.clone()).filter(|segment| !segment.is_empty()),
        owner: load::owner(&params.csm),
        renewal_from: from,
        renewal_to: to,
        ..Filter::default()
    };
    let mut tx = web.app.db.read(&member.scope).await?;
    let members = members::list(&mut tx).await?;
    let sums = db::accounts::renewal_months(&mut tx, &filter, today).await?;
    let total: i64 = sums.iter().map(|month| month.accounts).sum();
    let last = ((total + PAGE - 1) / PAGE).max(1);
    let number = params.page.parse::<i64>().unwrap_or(1).clamp(1, last);
    let (filter, offset) = (with_date(filter), (number - 1) * PAGE);
    let accounts = db::accounts::list(&mut tx, &filter, Sort::Renewal, false, offset, PAGE).await?;
    let of = db::renewals::Filter {
        to,
        owner: filter.owner,
        segment: filter.segment.clone(),
        ..db::renewals::Filter::default()
    };
    let open = db::renewals::list(&mut tx, &of, 5_000).await?;
    let open: HashMap<(Uuid, NaiveDate), Listed> =
        open.into_iter().map(|one| ((one.renewal.account_id, one.renewal.renews_on), one)).collect();
    let progress = db::renewals::progress(&mut tx, today).await?;
    let progress: HashMap<(Uuid, NaiveDate), Progress> =
        progress.into_iter().map(|one| ((one.account_id, one.renews_on), one)).collect();
    drop(tx);

    let currency = member.scope.currency();
    let href = |page: i64| {
        let page = page.to_string();
        let (csm, segment, window) = (&*params.csm, &*params.segment, &*params.window);
        paths::with_query(
            "/renewals",
            &[("csm", csm), ("segment", segment), ("window", window), ("page", &page)],
        )
    };
    let key = |account: &Account| (account.id, account.renewal_date.unwrap_or(today));
    let ahead = accounts.iter().filter(|account| !open.contains_key(&key(account)));
    let ahead: Vec<Uuid> = ahead.map(|account| account.id).collect();
    let ahead: HashMap<Uuid, Assessed> = web.app.assess_many(&member.scope, &ahead, today).await?;
    let row = |account: &Account| {
        let one = open.get(&key(account)).map(|one| (one, progress.get(&key(account))));
        renewal(account, one, ahead.get(&account.id), &names, today, currency)
    };
    let kept = load::Params {
        csm: params.csm.clone(),
        segment: params.segment.clone(),
        window: params.window.clone(),
        ..load::Params::default()
    };
    let query = [("csm", &*params.csm), ("segment", &*params.segment), ("window", &*params.window)];
    let page = RenewalListPage {
        shell: member.shell(Room::Renewals),
        tabs: load::tabs(&kept, "/renewals"),
        download: paths::with_query("/renewals.csv", &query),
        selects: selects(&params, &window, &names, &members, today),
        chips: chips(&params, &names, &members),
        stats: stats(&sums, &names, currency),
        by_band: Some(by_band(&sums, &names, currency)),
        months: months(&sums, &accounts, row, today, currency),
        empty: (total == 0).then(|| nothing(&params)),
        pager: (total > PAGE).then(|| Pager::numbered(number, PAGE, total, "renewal", href).target("#list")),
    };
    Ok(if part { Page(page.as_list()).into_response() } else { Page(page).into_response() })
}

/// Accounts without a renewal date are no renewals.
fn with_date(filter: Filter) -> Filter {
    Filter { renewal_from: filter.renewal_from.or(Some(NaiveDate::default())), ..filter }
}

fn selects(
    params: &Params,
    window: &Window,
    names: &Names,
    members: &[members::Member],
    today: NaiveDate,
) -> Vec<SelectFilter> {
    let csms = members.iter().filter(|m| m.accounts > 0).map(|m| (m.id.to_string(), m.name.clone()));
    let csms = csms.chain([("none".to_owned(), "No CSM".to_owned())]);
    vec![
        SelectFilter::new(
            "window",
            "Window",
            &Window::default().label(),
            window.choices(today).into_iter().map(|w| (w.word(), w.label())),
            Some(&window.word()),
        ),
        SelectFilter::new("segment", "Segment", "Any segment", names.segments(), Some(&params.segment)),
        SelectFilter::new("csm", "CSM", "Any CSM", csms, Some(&params.csm)),
    ]
}

fn chips(params: &Params, names: &Names, members: &[members::Member]) -> Vec<Chip> {
    let mut chips = Vec::new();
    if !params.segment.is_empty() {
        let without = paths::with_query("/renewals", &[("csm", &params.csm), ("window", &params.window)]);
        chips.push(Chip::new(format!("Segment: {}", names.segment(&*params.segment)), without));
    }
    if let Some(owner) = load::owner(&params.csm) {
        let without =
            paths::with_query("/renewals", &[("segment", &params.segment), ("window", &params.window)]);
        let name = owner.map(|id| members.iter().find(|m| m.id == id).map_or("gone", |m| &*m.name));
        chips.push(Chip::new(format!("CSM: {}", name.unwrap_or("none")), without));
    }
    chips
}

fn stats(sums: &[RenewalMonth], names: &Names, currency: &str) -> Vec<StatTile> {
    let add = |of: &dyn Fn(&RenewalMonth) -> bool| {
        let of = sums.iter().filter(|sum| of(sum));
        of.fold((0, 0), |(n, arr), sum| (n + sum.accounts, arr + sum.arr_base_minor))
    };
    let tile = |name: &str, (_, arr): (i64, i64), note: String| {
        StatTile::new(name, format::money_short(arr, currency), &note)
    };
    let all = add(&|_| true);
    let risk = add(&|sum| names.at_risk(sum.band.as_deref()));
    let overdue = add(&|sum| sum.month.is_none());
    let soon = sums.iter().fold((0, 0), |(n, arr), sum| (n + sum.soon, arr + sum.soon_minor));
    let unconverted: i64 = sums.iter().map(|sum| sum.unconverted).sum();
    let note = match unconverted {
        0 => format::count(all.0, "renewal"),
        n => format!("{}, {} without an exchange rate", format::count(all.0, "renewal"), format::number(n)),
    };
    let share = if all.1 > 0 { risk.1 as f64 / all.1 as f64 } else { 0.0 };
    vec![
        tile("Up for renewal", all, note),
        tile("At risk", risk, format!("{}, {}", format::count(risk.0, "renewal"), format::percent(share, 0))),
        tile("In the next 30 days", soon, format::count(soon.0, "renewal")),
        tile("Overdue", overdue, format::count(overdue.0, "renewal")),
    ]
}

fn by_band(sums: &[RenewalMonth], names: &Names, currency: &str) -> StackedBar {
    let part = |band: Option<&str>| {
        let of = sums.iter().filter(|sum| sum.band.as_deref() == band);
        let (n, arr) = of.fold((0, 0), |(n, arr), sum| (n + sum.accounts, arr + sum.arr_base_minor));
        (n > 0 || band.is_some()).then(|| Part {
            tone: names.tone(band),
            name: names.band(band),
            size: arr as f64,
            text: format::money_short(arr, currency),
            note: format::count(n, "renewal"),
            href: None,
        })
    };
    let bands = names.bands();
    let bands = bands.iter().map(|(id, ..)| Some(id.as_str())).chain([None]);
    StackedBar::new("ARR up for renewal by band", bands.filter_map(part).collect())
}

fn months(
    sums: &[RenewalMonth],
    accounts: &[Account],
    row: impl Fn(&Account) -> Renewal,
    today: NaiveDate,
    currency: &str,
) -> Vec<Month> {
    let month_of = |account: &Account| {
        use chrono::Datelike as _;
        account.renewal_date.filter(|date| *date >= today).and_then(|date| date.with_day(1))
    };
    let runs = accounts.chunk_by(|a, b| month_of(a) == month_of(b));
    let month = |run: &[Account]| {
        let month = run.first().and_then(month_of);
        let of = sums.iter().filter(|sum| sum.month == month);
        let (n, arr) = of.fold((0, 0), |(n, arr), sum| (n + sum.accounts, arr + sum.arr_base_minor));
        Month {
            name: month.map_or("Overdue".to_owned(), |first| first.format("%B %Y").to_string()),
            count: format::count(n, "renewal"),
            arr: format::money_short(arr, currency),
            rows: run.iter().map(&row).collect(),
        }
    };
    runs.map(month).collect()
}

fn renewal(
    account: &Account,
    open: Option<(&Listed, Option<&Progress>)>,
    ahead: Option<&Assessed>,
    names: &Names,
    today: NaiveDate,
    base: &str,
) -> Renewal {
    let date = account.renewal_date.unwrap_or(today);
    let days = (date - today).num_days();
    let milestones = match open {
        Some((one, progress)) => {
            let renewal = &one.renewal;
            let steps = steps(names, renewal.timeline.as_deref(), renewal.renews_on, Some(renewal.opened_on));
            Stand::of(&steps, progress.map(|of| (of.done, of.late, of.total)), today)
        }
        None => {
            let planned = ahead.and_then(|ahead| ahead.evaluation.renewal.as_ref());
            Stand::of(planned.map_or(&[], |planned| &planned.milestones), None, today)
        }
    };
    let arr = match (account.arr_base_minor, account.arr_minor, &account.currency) {
        (Some(minor), ..) => format::money(minor, base),
        (None, Some(minor), Some(currency)) => format::money(minor, currency),
        _ => "\u{2013}".to_owned(),
    };
    Renewal {
        name: account.name.clone(),
        segment: names.segment(account.segment.as_deref()),
        href: open.map_or_else(
            || paths::account_tab(&account.external_id, "contracts"),
            |(one, _)| paths::renewal(one.renewal.id),
        ),
        forecast: open.map_or_else(String::new, |(one, _)| forecast(one, names)),
        is_closed: open.is_some_and(|(one, _)| one.renewal.outcome.is_some()),
        date: format::date(date),
        when: format::days_from(date, today),
        when_tone: match days {
            ..0 => Tone::Critical,
            0..=30 => Tone::Risk,
            31..=60 => Tone::Watch,
            _ => Tone::None,
        },
        arr,
        health: names.badge(account),
        strategy: names.strategy(account.strategy.as_deref()),
        milestones,
        csm: account.owner_name.as_deref().map(Avatar::new),
    }
}

/// What became of it, else `Commit, 90 %`; in brackets where nobody has said anything.
fn forecast(one: &Listed, names: &Names) -> String {
    if let Some(kind) = one.renewal.outcome.as_deref().and_then(Kind::parse) {
        return kind.label().to_owned();
    }
    let likelihood = one.renewal.likelihood_said().map(|(percent, _)| percent);
    let percent = likelihood.map_or_else(String::new, |n| format!(", {n}\u{2009}%"));
    match one.renewal.forecast.as_deref().and_then(Category::parse) {
        Some(category) => format!("{}{percent}", category.label()),
        None => {
            let suggested = Category::suggested(likelihood, names.at_risk(one.band.as_deref()));
            format!("({}{percent})", suggested.label())
        }
    }
}

fn nothing(params: &Params) -> EmptyState {
    if params.csm.is_empty() && params.segment.is_empty() && params.window.is_empty() {
        let text = "Renewals follow from contracts: their end date, or their start and term.";
        EmptyState::new("refresh-cw", "Nothing renews in the next 120 days", text)
            .action("Show all renewals", "/renewals?window=all")
            .action("Import contracts", "/settings/imports")
    } else {
        EmptyState::new(
            "refresh-cw",
            "No renewal fits these filters",
            "Try a longer window, or fewer filters.",
        )
        .action("Clear filters", "/renewals")
    }
}
