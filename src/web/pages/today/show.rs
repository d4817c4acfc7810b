//! `GET /`: who needs me, why, and what do I do?

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use chrono::Days;

use super::load::{self, RENEWAL_DAYS, Whose};
use super::tasks::DueTasks;
use crate::app::members::Role;
use crate::db;
use crate::db::accounts::{Account, Filter, Sort, Summary};
use crate::db::alerts::Totals;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::pages::alerts::item::AlertItem;
use crate::web::pages::alerts::storm::{self, StormBanner};
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::respond::Page;
use crate::web::ui::charts::{Moment, Timeline};
use crate::web::ui::shell::Room;
use crate::web::ui::{Delta, EmptyState, HealthBadge, Notice, Shell, StatTile, Tone, filters, format};

/// The home of a CSM. A member without accounts of their own sees everyone's; `whose` says so.
#[derive(Clone, Debug, Template)]
#[template(path = "today/show.html")]
pub struct TodayPage {
    /// The frame.
    pub shell: Shell,
    /// `Sunday, 22 November`.
    pub date: String,
    /// `your 41 accounts` or `all 160 accounts`.
    pub whose: String,
    /// How fresh the data is: `Last event 2 min ago · scores of 03:00`.
    pub freshness: String,
    /// Whether that is fresh; otherwise the line warns.
    pub fresh: bool,
    /// Something everyone must know first, such as sources that fell silent.
    pub notice: Option<Notice>,
    /// Rules that wait for a manager's word.
    pub storms: Vec<StormBanner>,
    /// Three or four figures.
    pub stats: Vec<StatTile>,
    /// Open alerts, the gravest first.
    pub alerts: Vec<AlertItem>,
    /// `12 alerts on 9 accounts, €480K ARR`.
    pub alerts_text: String,
    /// All of them.
    pub alerts_href: String,
    /// The five to ten accounts, most urgent first.
    pub calls: Vec<Call>,
    /// All accounts in trouble: (`12 more at risk`, URL).
    pub more: Option<(String, String)>,
    /// Shown instead of `calls` when there are none.
    pub empty: Option<EmptyState>,
    /// Renewals in the next 120 days.
    pub renewals: Timeline,
    /// `14 renewals, €1.9M`.
    pub renewals_text: String,
    /// The same renewals as a list, soonest first, at most eight.
    pub renewal_list: Vec<Upcoming>,
    /// `Friday, 18:04`; empty on a first visit, which shows the week.
    pub since: String,
    /// The member's tasks that are due.
    pub tasks: DueTasks,
    /// What moved since then, largest ARR first.
    pub moved: Vec<Moved>,
}

/// An account that needs me.
#[derive(Clone, Debug)]
pub struct Call {
    /// The account.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Its score.
    pub health: HealthBadge,
    /// One line: `82 → 61 in 9 days: logins −43 %, 3 urgent tickets`.
    pub why: String,
    /// ARR at risk.
    pub arr: String,
    /// The urgency: `renews in 34 days`.
    pub when: String,
    /// The next step as a verb: `Review health`.
    pub next: String,
    /// Where that is done.
    pub next_href: String,
}

/// One renewal on the list below the time line.
#[derive(Clone, Debug)]
pub struct Upcoming {
    /// The account.
    pub name: String,
    /// Its contracts.
    pub href: String,
    /// Its score.
    pub health: HealthBadge,
    /// ARR up for renewal.
    pub arr: String,
    /// `14 Jan 2027`.
    pub date: String,
    /// `in 53 days`.
    pub when: String,
}

/// An account whose band or score moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The account.
    pub name: String,
    /// Its health page.
    pub href: String,
    /// By how much.
    pub delta: Delta,
    /// `Green → Yellow` or `logins −43 %`.
    pub why: String,
    /// Its ARR.
    pub arr: String,
}

/// Accounts on the list of those that need me.
const CALLS: i64 = 8;
/// Alerts on the list.
const ALERTS: i64 = 8;
/// Renewals on the list below the time line, and the most that are drawn on it.
const LISTED: usize = 8;
const DRAWN: i64 = 24;

/// The page. It also notes that the member was here.
pub async fn show(State(web): State<Web>, member: Member, headers: HeaderMap) -> Result<Response> {
    let words = Wording::of(&web, &member).await?;
    let (since, cookie) = load::visit(&web, &member, &headers).await?;
    let until = words.today + Days::new(RENEWAL_DAYS);
    let mut tx = web.app.db.read(&member.scope).await?;
    let (whose, summary) = load::whose(&mut tx, &member, words.today, until).await?;
    let owner = whose.owner;
    let urgent = db::accounts::urgent(&mut tx, owner, words.today, CALLS).await?;
    let upcoming = Filter {
        owner: owner.map(Some),
        renewal_from: Some(words.today),
        renewal_to: Some(until),
        ..Filter::default()
    };
    let soonest = db::accounts::list(&mut tx, &upcoming, Sort::Renewal, false, 0, DRAWN).await?;
    let largest = if summary.renewing > DRAWN {
        db::accounts::list(&mut tx, &upcoming, Sort::Arr, true, 0, DRAWN).await?
    } else {
        soonest.clone()
    };
    let last_message = db::sources::last_at(&mut tx).await?;
    let tasks = DueTasks::load(&mut tx, &member, owner.is_some(), words.today).await?;
    let wanted = db::alerts::Filter { care: owner, ..Default::default() };
    let alerts = db::alerts::list(&mut tx, &wanted, words.today, 0, ALERTS).await?;
    let totals = db::alerts::totals(&mut tx, &wanted, words.today).await?;
    let storms = storm::waiting(&mut tx, &member, &words, paths::TODAY).await?;
    drop(tx);
    let moved = load::moved(&web, &member, &words, owner, since).await?;
    let fresh = load::is_fresh(&words, last_message, &summary);
    let page = TodayPage {
        shell: member.shell(Room::Today),
        date: words.today.format("%A, %-d %B").to_string(),
        whose: whose.text.clone(),
        freshness: load::freshness(&words, member.scope.time_zone(), last_message, &summary),
        fresh,
        notice: notice(&words, &summary),
        storms,
        stats: stats(&words, &whose, &summary),
        alerts: alerts
            .iter()
            .map(|alert| AlertItem::new(&words, alert, member.may(Role::Csm), paths::TODAY))
            .collect(),
        alerts_text: alerts_text(&words, &totals),
        alerts_href: paths::with_query(paths::ALERTS, &[("who", if owner.is_some() { "me" } else { "" })]),
        calls: urgent.iter().map(|account| call(&words, account)).collect(),
        more: more(&whose, &summary, urgent.len()),
        empty: urgent.is_empty().then(|| all_well(&summary)),
        renewals: timeline(&words, &largest),
        renewals_text: renewals_text(&words, &summary),
        renewal_list: soonest.iter().take(LISTED).map(|account| renewal(&words, account)).collect(),
        since: load::since_text(&member, &words, since),
        tasks,
        moved,
    };
    let mut response = Page(page).into_response();
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

fn notice(words: &Wording, summary: &Summary) -> Option<Notice> {
    (words.in_force.is_none() && summary.accounts > 0).then(|| {
        let text = "Apply one in Settings, and every account is scored within a minute.";
        Notice::new(Tone::Watch, "No methodology is in force.", text)
    })
}

fn alerts_text(words: &Wording, totals: &Totals) -> String {
    match totals.alerts {
        0 => String::new(),
        n => format!(
            "{} on {}, {} ARR",
            format::count(n, "alert"),
            format::count(totals.accounts, "account"),
            format::money_short(totals.arr_base_minor, &words.currency)
        ),
    }
}

fn stats(words: &Wording, whose: &Whose, summary: &Summary) -> Vec<StatTile> {
    let money = |minor| format::money_short(minor, &words.currency);
    let share = |part: i64| match summary.arr_base_minor {
        0 => String::new(),
        whole => format!(", {} of ARR", format::percent(part as f64 / whole as f64, 0)),
    };
    let at_risk = format!("{}{}", format::count(summary.at_risk, "account"), share(summary.at_risk_minor));
    let without_rate = match summary.unconverted {
        0 => format::count(summary.accounts, "account"),
        n => format!("{}, {} without a rate", format::count(summary.accounts, "account"), format::number(n)),
    };
    let renewing = format::count(summary.renewing, "renewal");
    vec![
        StatTile::new(whose.arr_label, money(summary.arr_base_minor), &without_rate).link(&whose.list(&[])),
        StatTile::new("ARR at risk", money(summary.at_risk_minor), &at_risk)
            .link(&whose.list(&[("sort", "score")])),
        StatTile::new("Renews in 120 days", money(summary.renewing_minor), &renewing)
            .link(&whose.list(&[("renewal", "120"), ("sort", "renewal")])),
        StatTile::new("Without a clear score", format::number(summary.unclear), "old, thin or missing data")
            .unit(&format!("of {}", format::number(summary.accounts)))
            .link(&whose.list(&[("sort", "score")])),
    ]
}

fn call(words: &Wording, account: &Account) -> Call {
    let id = &account.external_id;
    let tab = |tab| paths::account_tab(id, tab);
    let overdue = account.renewal_date.is_some_and(|date| date < words.today);
    let (next, next_href) = match (overdue, account.renewal_open, account.stale) {
        (true, ..) => ("Settle renewal", tab("contracts")),
        (_, Some(true), _) => ("Prepare renewal", tab("contracts")),
        (_, _, Some(true)) => ("Check the data", tab("usage")),
        _ => ("Review health", tab("health")),
    };
    Call {
        name: account.name.clone(),
        href: paths::account(id),
        health: words.badge_with_trend(account),
        why: account.why.clone().unwrap_or_default(),
        arr: words.arr(account),
        when: words.renews(account),
        next: next.to_owned(),
        next_href,
    }
}

fn more(whose: &Whose, summary: &Summary, shown: usize) -> Option<(String, String)> {
    let rest = summary.troubled - shown as i64;
    let label = match rest {
        1 => "1 more needs a look".to_owned(),
        n => format!("{} more need a look", format::number(n)),
    };
    (rest > 0).then(|| (label, whose.list(&[("sort", "score")])))
}

fn all_well(summary: &Summary) -> EmptyState {
    if summary.accounts == 0 {
        let text = "Import your customers from a CSV file, point your product's events here, and this page \
                    says who needs you.";
        return EmptyState::new("building-2", "No accounts yet", text)
            .action("Import accounts", "/settings/imports")
            .action("Connect the product", "/settings/sources");
    }
    let text = "No score is in the red, none fell by ten points in a month, and no renewal is overdue.";
    EmptyState::new("check", "Nobody is in trouble", text).action("See all accounts", paths::ACCOUNTS)
}

fn timeline(words: &Wording, accounts: &[Account]) -> Timeline {
    let moments: Vec<Moment> = accounts
        .iter()
        .filter_map(|account| {
            let band = account.band.as_deref().map(|band| words.band(band));
            Some(Moment {
                day: account.renewal_date?,
                label: account.name.clone(),
                note: words.arr_short(account),
                tone: account.tone.as_deref().map_or(Tone::None, Tone::parse),
                word: band.unwrap_or_else(|| "no score".to_owned()),
                href: paths::account_tab(&account.external_id, "contracts"),
            })
        })
        .collect();
    Timeline::new("Renewals in the next 120 days", words.today, RENEWAL_DAYS, &moments)
}

fn renewals_text(words: &Wording, summary: &Summary) -> String {
    let count = format::count(summary.renewing, "renewal");
    let sum = format::money_short(summary.renewing_minor, &words.currency);
    match summary.renewing {
        0 => String::new(),
        n if n > DRAWN => format!("{count}, {sum}; the {DRAWN} largest are drawn"),
        _ => format!("{count}, {sum}"),
    }
}

fn renewal(words: &Wording, account: &Account) -> Upcoming {
    let date = account.renewal_date.unwrap_or(words.today);
    Upcoming {
        name: account.name.clone(),
        href: paths::account_tab(&account.external_id, "contracts"),
        health: words.badge(account),
        arr: words.arr(account),
        date: format::date(date),
        when: format::days_from(date, words.today),
    }
}
