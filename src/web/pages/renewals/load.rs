//! Renewals as board, forecast and time line show them: those that were opened, and those still to come.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::window::Window;
use crate::app::renewals::in_base;
use crate::app::scoring::Exchange;
use crate::db::accounts::{Account, Sort};
use crate::db::renewals::{Amount, Filter, Listed, Progress};
use crate::db::{self, accounts, members};
use crate::domain::forecast::{Category, Kind};
use crate::domain::playbook::Planned;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::pages::names::Names;
use crate::web::ui::{SelectFilter, Tabs, Tone, format};
use crate::web::{Web, paths};

/// The most renewals that are looked at together.
const MOST: i64 = 5_000;

/// What the filters send.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    pub(super) csm: String,
    pub(super) segment: String,
    pub(super) window: String,
    /// What the columns of the board are.
    pub(super) by: String,
}

/// One renewal in words and figures.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its page; the account's contracts while its window is still to come.
    pub href: String,
    /// The account.
    pub name: String,
    /// Its band.
    pub band: Option<String>,
    /// Who looks after it.
    pub csm: Option<String>,
    /// The day.
    pub date: NaiveDate,
    /// Whether it was opened.
    pub is_open: bool,
    /// Whether its day has passed without an outcome.
    pub has_lapsed: bool,
    /// ARR up for renewal in the tenant's currency, minor units; none without a rate.
    pub base: Option<i64>,
    /// ARR afterwards; none while it is open, 0 after churn.
    pub after: Option<i64>,
    /// ARR as printed.
    pub arr: String,
    /// Strategy id.
    pub strategy: Option<String>,
    /// What is expected: as somebody said, else as likelihood or band suggest.
    pub category: Category,
    /// Whether somebody said so.
    pub by_hand: bool,
    /// 0–100, and the version whose backtest says so.
    pub likelihood: Option<(i16, Option<i32>)>,
    /// What became of it.
    pub outcome: Option<Kind>,
    /// Its milestones, soonest first.
    pub steps: Vec<Planned>,
    /// How far its milestones are, where they are tasks: done, late, all.
    pub progress: Option<(i64, i64, i64)>,
    /// First day of its window.
    pub opened: Option<NaiveDate>,
}

/// All of them, with what is needed to speak of them.
pub struct Loaded {
    /// Soonest first.
    pub items: Vec<Item>,
    /// Names of the methodology.
    pub names: Names,
    /// Members, for the filter.
    pub members: Vec<members::Member>,
    /// Today.
    pub today: NaiveDate,
    /// The tenant's currency.
    pub currency: String,
    /// The window looked at.
    pub window: Window,
}

impl Loaded {
    /// Renewals of a window; closed ones too where `closed_from` says since which renewal date.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(
        web: &Web,
        member: &Member,
        params: &Params,
        closed_from: Option<NaiveDate>,
    ) -> Result<Loaded> {
        let today = web.app.clock.today(member.scope.time_zone());
        let window = Window::parse(&params.window);
        let (from, to) = window.days(today);
        let segment = Some(params.segment.clone()).filter(|segment| !segment.is_empty());
        let owner = owner(&params.csm);
        let names = Names::load(&web.app, &member.scope).await?;
        let mut tx = web.app.db.read(&member.scope).await?;
        let filter = Filter { from, to, owner, segment: segment.clone(), ..Filter::default() };
        let found = db::renewals::list(&mut tx, &filter, MOST).await?;
        let known: HashSet<(Uuid, NaiveDate)> =
            found.iter().map(|one| (one.renewal.account_id, one.renewal.renews_on)).collect();
        let ahead = accounts::Filter {
            segment,
            owner,
            renewal_from: Some(from.unwrap_or(today).max(today)),
            renewal_to: to,
            ..accounts::Filter::default()
        };
        let ahead = accounts::list(&mut tx, &ahead, Sort::Renewal, false, 0, MOST).await?;
        let exchange = Exchange::new(member.scope.currency(), &db::contracts::rates(&mut tx).await?);
        let members = members::list(&mut tx).await?;
        let progress = db::renewals::progress(&mut tx, today).await?;
        let progress: HashMap<(Uuid, NaiveDate), Progress> =
            progress.into_iter().map(|one| ((one.account_id, one.renews_on), one)).collect();
        drop(tx);
        let currency = member.scope.currency().to_owned();
        let is_shown = |one: &&Listed| {
            one.renewal.outcome.is_none() || closed_from.is_some_and(|from| one.renewal.renews_on >= from)
        };
        let opened = found.iter().filter(is_shown).map(|one| {
            let progress = progress.get(&(one.renewal.account_id, one.renewal.renews_on));
            opened(one, progress, &names, &exchange, today)
        });
        let to_come = |account: &&Account| {
            account.renewal_date.is_some_and(|date| !known.contains(&(account.id, date)))
        };
        let ahead = ahead.iter().filter(to_come).filter_map(|account| to_open(account, &names, &currency));
        let mut items: Vec<Item> = opened.chain(ahead).collect();
        items.sort_by(|a, b| (a.date, &a.name).cmp(&(b.date, &b.name)));
        Ok(Loaded { items, names, members, today, currency, window })
    }

    /// The tabs above, and the filters, which keep each other.
    pub fn frame(&self, params: &Params, here: &str) -> (Tabs, Vec<SelectFilter>) {
        (tabs(params, here), self.selects(params))
    }

    fn selects(&self, params: &Params) -> Vec<SelectFilter> {
        let csms = self.members.iter().filter(|m| m.accounts > 0).map(|m| (m.id.to_string(), m.name.clone()));
        let csms = csms.chain([("none".to_owned(), "No CSM".to_owned())]);
        let windows = self.window.choices(self.today).into_iter().map(|w| (w.word(), w.label()));
        let any = Window::default().label();
        vec![
            SelectFilter::new("window", "Window", &any, windows, Some(&self.window.word())),
            SelectFilter::new(
                "segment",
                "Segment",
                "Any segment",
                self.names.segments(),
                Some(&params.segment),
            ),
            SelectFilter::new("csm", "CSM", "Any CSM", csms, Some(&params.csm)),
        ]
    }

    /// `€1.2M`.
    pub fn money(&self, minor: i64) -> String {
        format::money_short(minor, &self.currency)
    }
}

/// Board, List, Forecast, Time line; each keeps the filters.
pub fn tabs(params: &Params, here: &str) -> Tabs {
    let kept = [("csm", &*params.csm), ("segment", &*params.segment), ("window", &*params.window)];
    let all = [
        ("Board", "/renewals/board"),
        ("List", "/renewals"),
        ("Forecast", "/renewals/forecast"),
        ("Time line", "/renewals/timeline"),
    ];
    let tabs = Tabs::new("Ways to look at renewals");
    all.iter()
        .fold(tabs, |tabs, (label, path)| tabs.tab(label, paths::with_query(path, &kept), *path == here))
}

/// A CSM's id, `none` for accounts without one; anything else asks for all.
pub fn owner(csm: &str) -> Option<Option<Uuid>> {
    if csm == "none" { Some(None) } else { csm.parse().ok().map(Some) }
}

fn opened(
    one: &Listed,
    progress: Option<&Progress>,
    names: &Names,
    exchange: &Exchange,
    today: NaiveDate,
) -> Item {
    let (renewal, amounts) = (&one.renewal, one.amounts());
    let sums = in_base(&amounts, exchange);
    let outcome = renewal.outcome.as_deref().and_then(Kind::parse);
    let said = renewal.forecast.as_deref().and_then(Category::parse);
    let likelihood = renewal.likelihood_said();
    let suggested = || Category::suggested(likelihood.map(|(n, _)| n), names.at_risk(one.band.as_deref()));
    Item {
        href: paths::renewal(renewal.id),
        name: one.name.clone(),
        band: one.band.clone(),
        csm: one.owner_name.clone(),
        date: renewal.renews_on,
        is_open: outcome.is_none(),
        has_lapsed: renewal.has_lapsed(today),
        base: sums.map(|(before, _)| before),
        after: outcome.and(sums.map(|(_, after)| after.unwrap_or(0))),
        arr: printed(&amounts),
        strategy: renewal.strategy.clone(),
        category: said.unwrap_or_else(suggested),
        by_hand: said.is_some(),
        likelihood,
        outcome,
        steps: steps(names, renewal.timeline.as_deref(), renewal.renews_on, Some(renewal.opened_on)),
        progress: progress.map(|of| (of.done, of.late, of.total)),
        opened: Some(renewal.opened_on),
    }
}

fn to_open(account: &Account, names: &Names, currency: &str) -> Option<Item> {
    let date = account.renewal_date?;
    let arr = match (account.arr_base_minor, account.arr_minor, &account.currency) {
        (Some(minor), ..) => format::money(minor, currency),
        (None, Some(minor), Some(own)) => format::money(minor, own),
        _ => "\u{2013}".to_owned(),
    };
    Some(Item {
        href: paths::account_tab(&account.external_id, "contracts"),
        name: account.name.clone(),
        band: account.band.clone(),
        csm: account.owner_name.clone(),
        date,
        is_open: false,
        has_lapsed: false,
        base: account.arr_base_minor,
        after: None,
        arr,
        strategy: account.strategy.clone(),
        category: Category::suggested(None, names.at_risk(account.band.as_deref())),
        by_hand: false,
        likelihood: None,
        outcome: None,
        steps: Vec::new(),
        progress: None,
        opened: None,
    })
}

/// `$100,000`, or `$100,000 + €10,000`.
pub fn printed(amounts: &[Amount]) -> String {
    let all: Vec<String> = amounts.iter().map(|a| format::money(a.before, &a.currency)).collect();
    if all.is_empty() { "\u{2013}".to_owned() } else { all.join(" + ") }
}

/// The milestones of a timeline for a renewal, soonest first.
pub fn steps(
    names: &Names,
    timeline: Option<&str>,
    date: NaiveDate,
    opened: Option<NaiveDate>,
) -> Vec<Planned> {
    let Some(in_force) = names.in_force.as_deref() else { return Vec::new() };
    let methodology = &in_force.methodology;
    let timeline = timeline.and_then(|id| methodology.renewals.iter().find(|t| *t.id == *id));
    let mut steps = timeline.map_or_else(Vec::new, |t| methodology.playbooks[t.playbook].plan(date, opened));
    steps.sort_by_key(|step| step.planned);
    steps
}

/// The next milestone and the how manyth of them it is; none after the last.
pub fn next_step(steps: &[Planned], today: NaiveDate) -> Option<(&Planned, NaiveDate, usize)> {
    let passed = steps.iter().filter(|step| step.due.is_some_and(|due| due < today)).count();
    let next = steps.iter().filter_map(|step| Some((step, step.due?))).find(|(_, due)| *due >= today);
    next.map(|(step, due)| (step, due, passed + 1))
}

/// How far milestones are, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stand {
    /// The next one: `Business review`; empty after the last.
    pub next: String,
    /// When that is: `12 Dec, in 20 days`; after the last, when that was.
    pub when: String,
    /// `2 of 6 done`, or `3 of 6` by their days alone; empty without any.
    pub done: String,
    /// `1 late`; empty when none is.
    pub late: String,
}

impl Stand {
    /// That of milestones and, where they are tasks, how many are done, late, and all.
    pub fn of(steps: &[Planned], progress: Option<(i64, i64, i64)>, today: NaiveDate) -> Stand {
        let next = next_step(steps, today);
        let when =
            |day: NaiveDate| format!("{}, {}", format::date_near(day, today), format::days_from(day, today));
        let last = steps.iter().filter_map(|step| step.due).max();
        Stand {
            next: next.map_or_else(String::new, |(step, ..)| step.title.to_string()),
            when: match (next, last) {
                (Some((_, due, _)), _) => when(due),
                (None, Some(last)) => format!("the last was due {}", format::date_near(last, today)),
                (None, None) => String::new(),
            },
            done: match (progress, next) {
                (Some((done, _, all)), _) => format!("{done} of {all} done"),
                (None, Some((.., at))) => format!("{at} of {}", steps.len()),
                (None, None) => String::new(),
            },
            late: match progress {
                Some((_, late @ 1.., _)) => format!("{} late", format::number(late)),
                _ => String::new(),
            },
        }
    }
}

/// How a category is shown.
pub fn tone_of(category: Category) -> Tone {
    match category {
        Category::Commit => Tone::Good,
        Category::Likely => Tone::Watch,
        Category::AtRisk => Tone::Risk,
        Category::Lost => Tone::Critical,
        Category::Omitted => Tone::None,
    }
}

/// How an outcome is shown.
pub fn tone_of_outcome(kind: Kind) -> Tone {
    match kind {
        Kind::Renewed | Kind::Expanded => Tone::Good,
        Kind::Shrunk => Tone::Risk,
        Kind::Churned => Tone::Critical,
    }
}

/// `80 %`, `75 % by backtest of version 3`.
pub fn likelihood_text(likelihood: Option<(i16, Option<i32>)>) -> String {
    match likelihood {
        None => String::new(),
        Some((percent, None)) => format!("{percent}\u{2009}%"),
        Some((percent, Some(version))) => format!("{percent}\u{2009}%, backtest of version {version}"),
    }
}
