//! `GET /alerts`: every alert, by what is asked for.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::item::{AlertItem, CATEGORIES, SEVERITIES};
use super::storm::{self, StormBanner};
use crate::app::members::Role;
use crate::db;
use crate::db::alerts::{Filter, Which};
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Page, vary};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Pager, SelectFilter, Shell, filters, format};
use crate::web::{Web, paths};

/// Alerts of a page: as many as one undo can carry.
const SIZE: i64 = 50;

/// The list.
#[derive(Clone, Debug, Template)]
#[template(path = "alerts/list.html", blocks = ["list"])]
pub struct AlertsPage {
    /// The frame.
    pub shell: Shell,
    /// What waits for a manager.
    pub storms: Vec<StormBanner>,
    /// The filters.
    pub selects: Vec<SelectFilter>,
    /// The alerts.
    pub items: Vec<AlertItem>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Whether many may be closed at once.
    pub may_close: bool,
    /// This page, to come back to.
    pub next: String,
    /// `61 alerts on 58 accounts`.
    pub count: String,
    /// `€1.2M ARR`.
    pub arr: String,
    /// The other pages.
    pub pager: Pager,
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    which: String,
    severity: String,
    category: String,
    who: String,
    rule: String,
    page: String,
}

impl Params {
    fn with_page(&self, page: i64) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let all = [
            ("which", self.which.as_str()),
            ("severity", &self.severity),
            ("category", &self.category),
            ("who", &self.who),
            ("rule", &self.rule),
            ("page", &page),
        ];
        paths::with_query(paths::ALERTS, &all)
    }

    fn filter(&self, member: &Member) -> Filter {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let known =
            |text: &str, all: &[(&str, &str)]| some(text).filter(|t| all.iter().any(|(id, _)| id == t));
        let which = Which::parse(&self.which).unwrap_or_default();
        Filter {
            which,
            care: (self.who == "me").then_some(member.membership.member_id),
            owner: self.who.parse().ok(),
            unassigned: self.who == "none",
            rule: some(&self.rule),
            severity: known(&self.severity, &SEVERITIES),
            category: known(&self.category, &CATEGORIES),
            // A rule that only tells or starts something is held back like every other.
            quiet: which == Which::Held,
            ..Filter::default()
        }
    }
}

/// The list, or the part of it that htmx swaps.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let page = page(&web, &member, params).await?;
    Ok(vary(if part { Page(page.as_list()).into_response() } else { Page(page).into_response() }))
}

async fn page(web: &Web, member: &Member, params: Params) -> Result<AlertsPage> {
    let words = Wording::of(web, member).await?;
    let filter = params.filter(member);
    let mut tx = web.app.db.read(&member.scope).await?;
    let totals = db::alerts::totals(&mut tx, &filter, words.today).await?;
    let last = ((totals.alerts + SIZE - 1) / SIZE).max(1);
    let number = params.page.parse::<i64>().unwrap_or(1).clamp(1, last);
    let next = params.with_page(number);
    let alerts = db::alerts::list(&mut tx, &filter, words.today, (number - 1) * SIZE, SIZE).await?;
    let storms = storm::waiting(&mut tx, member, &words, &next).await?;
    let members = db::members::list(&mut tx).await?;
    let rules = db::alerts::rules(&mut tx, &filter, words.today).await?;
    drop(tx);
    let may_act = member.may(Role::Csm);
    let item = |alert| AlertItem::new(&words, alert, may_act, &next).selectable();
    let accounts = format::count(totals.accounts, "account");
    Ok(AlertsPage {
        shell: member.shell(Room::Alerts),
        storms,
        selects: selects(&params, &members, rules),
        items: alerts.iter().map(item).collect(),
        empty: alerts.is_empty().then(|| nothing(&params)),
        may_close: may_act && filter.which == Which::Open && !alerts.is_empty(),
        count: format!("{} on {accounts}", format::count(totals.alerts, "alert")),
        arr: format!("{} ARR", format::money_short(totals.arr_base_minor, &words.currency)),
        pager: Pager::numbered(number, SIZE, totals.alerts, "alert", |n| params.with_page(n)).target("#list"),
        next,
    })
}

fn selects(
    params: &Params,
    members: &[db::members::Member],
    rules: Vec<(String, String, i64)>,
) -> Vec<SelectFilter> {
    let states = [
        (Which::Snoozed, "Snoozed"),
        (Which::Dismissed, "Dismissed"),
        (Which::Held, "Waiting for a manager"),
        (Which::Closed, "Closed"),
        (Which::Any, "Open and closed"),
    ];
    let states = states.map(|(which, label)| (which.word(), label));
    let fixed = [("me", "Mine"), ("none", "Unassigned")].map(|(id, label)| (id.to_owned(), label.to_owned()));
    let people = members.iter().filter(|m| m.role != Role::Executive.word());
    let people = fixed.into_iter().chain(people.map(|m| (m.id.to_string(), m.name.clone())));
    // Those of which nothing would be found are left out, but for the one that was chosen.
    let rules = rules.into_iter().filter(|(id, _, found)| *found > 0 || *id == params.rule);
    let rules = rules.map(|(id, name, found)| (id, format!("{name} ({})", format::number(found))));
    vec![
        SelectFilter::new("which", "State", "Open", states, Some(&params.which)),
        SelectFilter::new("severity", "Severity", "Severity: any", SEVERITIES, Some(&params.severity)),
        SelectFilter::new("category", "Category", "Category: any", CATEGORIES, Some(&params.category)),
        SelectFilter::new("who", "Owner", "Owner: anyone", people, Some(&params.who)),
        SelectFilter::new("rule", "Rule", "Rule: any", rules, Some(&params.rule)),
    ]
}

fn nothing(params: &Params) -> EmptyState {
    if params.with_page(1) == paths::ALERTS {
        let text = "A rule of the methodology opens an alert as soon as it turns true of an account, and closes it \
                    when it no longer is.";
        return EmptyState::new("check", "No alert is open", text)
            .action("See the rules", "/settings/rules")
            .action("Closed alerts", "/alerts?which=closed");
    }
    EmptyState::new("search", "No alert matches", "Take a filter away, or look at another state.")
        .action("Open alerts", paths::ALERTS)
}
