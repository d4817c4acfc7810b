//! `GET /portfolio?as_of=`: how much revenue is safe, at risk and up for renewal, what moved, who owns it.

use askama::Template;
use axum::extract::State;
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::{load, movement, retention, revenue};
use crate::app::Error;
use crate::app::retention::{Asked, Retention};
use crate::db::portfolio::{self, BandDay, DayTotals, Mover};
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::charts::{HeatMap, StackedBar, StackedColumns};
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, Delta, EmptyState, Notice, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// Movement is told over this many days.
const PERIOD: u64 = 30;

/// The day, as `2026-11-22`; today when empty.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    as_of: String,
}

/// The page of an executive; it prints on two A4 pages.
#[derive(Clone, Debug, Template)]
#[template(path = "portfolio/show.html")]
pub struct PortfolioPage {
    /// The frame; `as_of` is set when the page shows a past day.
    pub shell: Shell,
    /// The day shown, as `2026-11-22`, for the date field.
    pub day: String,
    /// The earliest day that can be shown, in the same form.
    pub first_day: String,
    /// Today, in the same form.
    pub last_day: String,
    /// The day shown, in words: `22 November 2026`.
    pub day_text: String,
    /// What is left out of the sums: accounts in currencies without an exchange rate.
    pub unconverted: Option<Notice>,
    /// One sentence to begin with: `€9.8M of €12.4M ARR is healthy; €1.1M at risk renews before April.`
    pub headline: String,
    /// Net and gross retention of a year, which open to their bridge.
    pub retention: Vec<StatTile>,
    /// Said instead of everything while there are no accounts.
    pub empty: Option<EmptyState>,
    /// Four figures: ARR, at risk, up for renewal, mean health.
    pub stats: Vec<StatTile>,
    /// ARR by band now.
    pub by_band: Option<StackedBar>,
    /// ARR by band, month by month.
    pub over_time: Option<StackedColumns>,
    /// Segment by band.
    pub heat: Option<HeatMap>,
    /// Revenue up for renewal by quarter and band.
    pub renewals: Option<StackedColumns>,
    /// Quarter by quarter: the same in figures.
    pub quarters: Vec<Quarter>,
    /// The period of "what moved": `since 23 Oct 2026`; empty when nothing was scored before.
    pub period: String,
    /// `2 accounts left in this time.`, or empty.
    pub churned: String,
    /// Accounts that got better, most ARR first.
    pub up: Vec<PortfolioMove>,
    /// Accounts that got worse, most ARR first.
    pub down: Vec<PortfolioMove>,
    /// One a CSM, most ARR first.
    pub load: Vec<Load>,
    /// Said beside the load of a past day: by whom the accounts are looked after today.
    pub load_note: String,
}

/// A quarter of renewals.
#[derive(Clone, Debug)]
pub struct Quarter {
    /// `Q1 2027`.
    pub name: String,
    /// `24`.
    pub count: String,
    /// `€2.1M`.
    pub arr: String,
    /// `€640K`.
    pub at_risk: String,
    /// `30 %`.
    pub share: String,
    /// Those renewals; none on a past day's page.
    pub href: Option<String>,
}

/// An account that moved.
#[derive(Clone, Debug)]
pub struct PortfolioMove {
    /// The account.
    pub name: String,
    /// Its health page.
    pub href: String,
    /// By how many points.
    pub delta: Delta,
    /// `82 → 61, Green → Yellow`.
    pub bands: String,
    /// The main reasons.
    pub why: String,
    /// Its ARR.
    pub arr: String,
}

/// What a CSM looks after.
#[derive(Clone, Debug)]
pub struct Load {
    /// Who; `None` for accounts without a CSM.
    pub csm: Option<Avatar>,
    /// Their accounts.
    pub href: String,
    /// `41`.
    pub accounts: String,
    /// `Mid-market 12 of 20`, or empty without a ratio.
    pub ratio: String,
    /// Whether it is above the ratio.
    pub over: bool,
    /// Their ARR.
    pub arr: String,
    /// ARR by band, made `bare()`.
    pub bands: StackedBar,
    /// `€640K`.
    pub at_risk: String,
    /// Renewals in 120 days.
    pub renewals: String,
}

/// What a day's page is made of.
pub(super) struct Day {
    pub(super) names: Wording,
    pub(super) currency: String,
    /// The scored day shown.
    pub(super) day: NaiveDate,
    /// The scored day it is compared with.
    pub(super) before: Option<NaiveDate>,
    /// Sums of both.
    pub(super) totals: Vec<DayTotals>,
    /// Bands of both and of the month ends.
    pub(super) bands: Vec<BandDay>,
    /// What rests on old or thin data on the day: band, accounts, ARR.
    pub(super) doubtful: Vec<(Option<String>, i64, i64)>,
}

impl Day {
    pub(super) fn money(&self, minor: i64) -> String {
        format::money_short(minor, &self.currency)
    }

    pub(super) fn totals(&self, day: Option<NaiveDate>) -> Option<&DayTotals> {
        self.totals.iter().find(|totals| Some(totals.day) == day)
    }

    /// Accounts and ARR of a day in the bands that are chosen.
    pub(super) fn sum(&self, day: NaiveDate, of: impl Fn(Option<&str>) -> bool) -> (i64, i64) {
        let bands = self.bands.iter().filter(|band| band.day == day && of(band.band.as_deref()));
        bands.fold((0, 0), |(n, arr), band| (n + band.accounts, arr + band.arr_base_minor))
    }

    /// Accounts and ARR of the day whose band would be good, were it not for old or thin data.
    pub(super) fn unclear(&self, of: impl Fn(Option<&str>) -> bool) -> (i64, i64) {
        let good = self.doubtful.iter().filter(|(band, ..)| {
            let band = band.as_deref();
            of(band) && self.names.tone(band) == Tone::Good
        });
        good.fold((0, 0), |(n, arr), (_, accounts, minor)| (n + accounts, arr + minor))
    }

    /// Accounts and ARR at risk on a day.
    pub(super) fn at_risk(&self, day: NaiveDate) -> (i64, i64) {
        self.sum(day, |band| self.names.at_risk(band))
    }
}

/// The page of a day.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Page<PortfolioPage>> {
    let today = web.app.clock.today(member.scope.time_zone());
    let asked = match params.as_of.as_str() {
        "" => today,
        text => {
            let day = text.parse::<NaiveDate>();
            day.map_err(|_| Error::invalid("as_of", "must be a date such as 2026-11-22"))?.min(today)
        }
    };
    let names = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let first = portfolio::first_scored_day(&mut tx).await?;
    // A day before the first one is answered by the first: nothing is known of the time before.
    let asked = first.map_or(asked, |first| asked.max(first));
    let Some(day) = portfolio::scored_day(&mut tx, asked).await? else {
        return Ok(Page(nothing_yet(&member, today)));
    };
    let since = day.checked_sub_days(Days::new(PERIOD)).unwrap_or(day);
    let before = portfolio::scored_day(&mut tx, since).await?.or(first.filter(|first| *first < day));
    let months = portfolio::month_ends(&mut tx, day, 12).await?;
    let both: Vec<NaiveDate> = before.into_iter().chain([day]).collect();
    let days: Vec<NaiveDate> = months.iter().chain(&both).copied().collect();
    let totals = portfolio::totals_on(&mut tx, &both).await?;
    let bands = portfolio::bands_on(&mut tx, &days).await?;
    let cells = portfolio::cells(&mut tx, day).await?;
    let doubtful = portfolio::doubtful(&mut tx, day).await?;
    let until = revenue::end_of_quarters(day);
    let quarters = portfolio::renewals_by_quarter(&mut tx, day, until).await?;
    let shares = portfolio::load(&mut tx, day).await?;
    let (mut up, mut down, mut churned): (Vec<Mover>, Vec<Mover>, i64) = (Vec::new(), Vec::new(), 0);
    if let Some(before) = before {
        let movers = portfolio::movers(&mut tx, day, before, None, movement::MOST).await?;
        (down, up) = movers.into_iter().partition(|mover| mover.score < mover.score_before);
        churned = portfolio::churned(&mut tx, before, day).await?.accounts;
    }
    drop(tx);
    let told = web.app.retention(&member.scope, &Asked { months: 12, ..Asked::default() }, day).await?;
    let currency = member.scope.currency().to_owned();
    let of = Day { names, currency, day, before, totals, bands, doubtful };
    let quarters = revenue::quarters(&of, &quarters);
    let mut shell = member.shell_as_of(Room::Portfolio, day, today, "/portfolio".to_owned());
    if params.as_of.is_empty() {
        // Today's scores may not be there yet; that is no wish to look back.
        shell.as_of = None;
    }
    Ok(Page(PortfolioPage {
        shell,
        day: day.to_string(),
        first_day: first.unwrap_or(day).to_string(),
        last_day: today.to_string(),
        day_text: day.format("%-d %B %Y").to_string(),
        unconverted: unconverted(&of),
        headline: revenue::headline(&of, &quarters),
        retention: kept(&told, day, today),
        empty: None,
        stats: stats(&of),
        by_band: Some(revenue::by_band(&of, day == today)),
        over_time: Some(revenue::over_time(&of, &months)),
        heat: Some(revenue::heat(&of, &cells, day == today)),
        renewals: (!quarters.is_empty()).then(|| revenue::renewals(&of, &quarters)),
        quarters: quarters.iter().map(|quarter| quarter.row(&of, day == today)).collect(),
        period: before.map_or(String::new(), |before| format!("since {}", format::date(before))),
        churned: if churned > 0 {
            let verb = if churned == 1 { "has" } else { "have" };
            format!("{} {verb} left since.", format::count(churned, "account"))
        } else {
            String::new()
        },
        up: movement::rows(&web.app, &member.scope, &of, &up).await?,
        down: movement::rows(&web.app, &member.scope, &of, &down).await?,
        load: load::rows(&of, &shares),
        load_note: if day == today { String::new() } else { "by who looks after them today".to_owned() },
    }))
}

fn stats(of: &Day) -> Vec<StatTile> {
    let Some(now) = of.totals(Some(of.day)) else { return Vec::new() };
    let then = of.totals(of.before);
    let period = then.map_or(String::new(), |then| format!("{} days", (of.day - then.day).num_days()));
    let money = |name: &str, now: i64, then: Option<i64>, more_is_better: bool, note: String| {
        let tile = StatTile::new(name, of.money(now), &note);
        match then.map(|then| now - then) {
            Some(change) if change != 0 => {
                let sign = if change > 0 { "+" } else { "" };
                let text = format!("{sign}{}", of.money(change));
                tile.delta(Delta::new(change as f64, text, &period, more_is_better))
            }
            _ => tile,
        }
    };
    let (risky, risk) = of.at_risk(of.day);
    let risk_before = then.map(|then| of.at_risk(then.day).1);
    let accounts = format::count(now.accounts, "account");
    let mean = now.mean_score.map_or("\u{2013}".to_owned(), |mean| format::decimal(mean, 1));
    let mut health = StatTile::new("Mean health", mean, "each account counts once").unit("of 100");
    if let Some((now, then)) = now.mean_score.zip(then.and_then(|then| then.mean_score)) {
        let change = ((now - then) * 10.0).round() / 10.0;
        health = health.delta(Delta::new(change, format::signed(change, 1), &period, true));
    }
    vec![
        money("ARR", now.arr_base_minor, then.map(|then| then.arr_base_minor), true, accounts),
        money("ARR at risk", risk, risk_before, false, format::count(risky, "account")),
        StatTile::new(
            "Up for renewal",
            of.money(now.renewals_minor),
            &format!("{} in the next 120 days", format::count(now.renewals, "account")),
        ),
        health,
    ]
}

/// Retention over the twelve months that end with the day; each figure opens to what it is made of.
fn kept(told: &Retention, day: NaiveDate, today: NaiveDate) -> Vec<StatTile> {
    let whole = &told.bridges.whole;
    let as_of = if day == today { String::new() } else { day.to_string() };
    let href = paths::with_query("/portfolio/retention", &[("as_of", &as_of)]);
    let money = |minor: i64| format::money_short(minor, told.currency.code());
    let tile = |name: &str, value: Option<f64>, note: String| {
        StatTile::new(name, retention::share(value), &note).link(&href)
    };
    vec![
        tile("Net retention", whole.net(), format!("twelve months, {} expansion", money(whole.expansion))),
        tile("Gross retention", whole.gross(), format!("{} lost", money(whole.churned + whole.contraction))),
        tile(
            "Logo retention",
            whole.logos(),
            format!("{} left", format::count(whole.churned_accounts, "account")),
        ),
        tile(
            "Renewal rate",
            told.renewed.rate(),
            format!("{} decided", format::count(told.renewed.renewable_accounts, "renewal")),
        ),
    ]
}

fn unconverted(of: &Day) -> Option<Notice> {
    let n = of.totals(Some(of.day))?.unconverted;
    (n > 0).then(|| {
        let title = format!("The ARR of {} is in no sum here.", format::count(n, "account"));
        let text = "Their contracts are in a currency without an exchange rate: state it under Settings, Exchange rates.";
        Notice::new(Tone::Watch, &title, text)
    })
}

fn nothing_yet(member: &Member, today: NaiveDate) -> PortfolioPage {
    let text = "The portfolio adds up what accounts are worth and how healthy they are. Import accounts and \
                contracts; they are scored within a minute.";
    PortfolioPage {
        shell: member.shell(Room::Portfolio),
        day: today.to_string(),
        first_day: today.to_string(),
        last_day: today.to_string(),
        day_text: today.format("%-d %B %Y").to_string(),
        unconverted: None,
        headline: String::new(),
        retention: Vec::new(),
        empty: Some(
            EmptyState::new("chart-pie", "Nothing is scored yet", text).action("Import", "/settings/imports"),
        ),
        stats: Vec::new(),
        by_band: None,
        over_time: None,
        heat: None,
        renewals: None,
        quarters: Vec::new(),
        period: String::new(),
        churned: String::new(),
        up: Vec::new(),
        down: Vec::new(),
        load: Vec::new(),
        load_note: String::new(),
    }
}
