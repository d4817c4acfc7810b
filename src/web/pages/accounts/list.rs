//! `GET /accounts`: the list, filtered, sorted, paged. Block `list` answers htmx.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use uuid::Uuid;

use crate::app::members::Role;
use crate::db;
use crate::db::accounts::{Account, Filter, Sort};
use crate::db::members;
use crate::db::scores::Point;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Page, vary};
use crate::web::ui::charts::Sparkline;
use crate::web::ui::shell::Room;
use crate::web::ui::{
    Avatar, Chip, Column, EmptyState, HealthBadge, Pager, SelectFilter, Shell, Tone, filters, format,
};
use crate::web::{Web, paths};

/// The filter form sends `q`, one parameter a select, and `sort`; an empty parameter means no filter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    q: String,
    segment: String,
    stage: String,
    band: String,
    /// A member's id, `me`, or `none`.
    csm: String,
    /// 30, 60, 90, 120 days, or `overdue`.
    renewal: String,
    /// `churned` for former customers.
    status: String,
    /// A column's word, with `-` before it for downwards.
    sort: String,
    page: String,
    /// A past day, as `2026-10-01`.
    as_of: String,
}

impl Params {
    fn pairs(&self) -> [(&'static str, &str); 10] {
        [
            ("q", &self.q),
            ("segment", &self.segment),
            ("stage", &self.stage),
            ("band", &self.band),
            ("csm", &self.csm),
            ("renewal", &self.renewal),
            ("status", &self.status),
            ("sort", &self.sort),
            ("page", &self.page),
            ("as_of", &self.as_of),
        ]
    }

    /// This list with one parameter changed, from its first page.
    fn with(&self, name: &str, value: &str) -> String {
        let pairs = self.pairs().map(|(key, old)| match key {
            _ if key == name => (key, value),
            "page" => (key, ""),
            _ => (key, old),
        });
        paths::with_query(paths::ACCOUNTS, &pairs)
    }

    /// What a form for the day alone has to keep.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let pairs = self
            .pairs()
            .into_iter()
            .filter(|(key, value)| !matches!(*key, "page" | "as_of") && !value.is_empty());
        pairs.map(|(key, value)| (key, value.to_owned())).collect()
    }

    fn filter(&self, member: &Member, today: NaiveDate) -> Filter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (renewal_from, renewal_to) = match self.renewal.as_str() {
            "overdue" => (None, today.pred_opt()),
            days => match days.parse::<u64>() {
                Ok(days) if days <= 3_660 => (Some(today), today.checked_add_days(Days::new(days))),
                _ => (None, None),
            },
        };
        Filter {
            segment: given(&self.segment),
            stage: given(&self.stage),
            band: given(&self.band),
            owner: match self.csm.as_str() {
                "" => None,
                "none" => Some(None),
                "me" => Some(Some(member.membership.member_id)),
                // An id that is none is nobody's: the list is empty, as it is for one who left.
                id => Some(Some(id.parse().unwrap_or_default())),
            },
            renewal_from,
            renewal_to,
            text: given(&self.q),
            churned: self.status == "churned",
            ..Filter::default()
        }
    }

    fn sorting(&self) -> (Sort, bool) {
        let (word, down) = match self.sort.strip_prefix('-') {
            Some(word) => (word, true),
            None => (self.sort.as_str(), false),
        };
        let sort = SORTS.iter().find(|(known, ..)| *known == word).map_or(Sort::Name, |(_, sort, ..)| *sort);
        (sort, down)
    }
}

/// The columns: word in the URL, order, head, whether numbers, whether the first click sorts downwards.
const SORTS: [(&str, Sort, &str, bool, bool); 7] = [
    ("name", Sort::Name, "Account", false, false),
    ("score", Sort::Score, "Health", false, false),
    ("segment", Sort::Segment, "Segment", false, false),
    ("stage", Sort::Stage, "Stage", false, false),
    ("arr", Sort::Arr, "ARR", true, true),
    ("renewal", Sort::Renewal, "Renews", true, false),
    ("csm", Sort::Owner, "CSM", false, false),
];

/// Accounts on a page.
const SIZE: i64 = 50;
/// How far back the small line of a row goes.
const SPARK_DAYS: u64 = 90;

/// The list as the page prints it.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/list.html", blocks = ["list"])]
pub struct AccountListPage {
    /// The frame.
    pub shell: Shell,
    /// The day shown, as `2026-11-22`, for the date field.
    pub day: String,
    /// The earliest day that can be shown, in the same form; empty before anything was scored.
    pub first_day: String,
    /// Today, in the same form.
    pub last_day: String,
    /// The parameters in force without the day and the page, for the date field's form.
    pub kept: Vec<(&'static str, String)>,
    /// The list of the same day without any filter.
    pub clear: String,
    /// Said above a list of a past day.
    pub past: String,
    /// Whether the member may import.
    pub may_import: bool,
    /// Free text in force.
    pub q: String,
    /// The sort in force, so that filtering keeps it.
    pub sort: String,
    /// Segment, stage, band, CSM, renewal window, status.
    pub selects: Vec<SelectFilter>,
    /// What is in force.
    pub chips: Vec<Chip>,
    /// Nine heads: account, health, 90 days, segment, stage, ARR, renewal, in, CSM.
    pub columns: Vec<Column>,
    /// One page of accounts.
    pub rows: Vec<AccountRow>,
    /// Shown instead of the table when there are no rows: no account at all, or none that matches.
    pub empty: Option<EmptyState>,
    /// Ways on; its target is `#list`.
    pub pager: Pager,
    /// `160 accounts` of what the filters show, all pages together.
    pub count: String,
    /// `€12.4M ARR` of the same.
    pub arr: String,
}

/// One account.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its name.
    pub name: String,
    /// Its id at the tenant.
    pub external_id: String,
    /// Its page.
    pub href: String,
    /// Its score, with the trend.
    pub health: HealthBadge,
    /// The score over 90 days.
    pub spark: Sparkline,
    /// Its segment.
    pub segment: String,
    /// Its stage.
    pub stage: String,
    /// Its ARR.
    pub arr: String,
    /// `14 Jan 2027`, or empty without a contract.
    pub renewal: String,
    /// `53 days`.
    pub renewal_in: String,
    /// Watch or worse when it is near or past; `Tone::None` otherwise.
    pub renewal_tone: Tone,
    /// Who looks after it.
    pub csm: Option<Avatar>,
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

async fn page(web: &Web, member: &Member, params: Params) -> Result<AccountListPage> {
    let mut words = Wording::of(web, member).await?;
    let today = words.today;
    let as_of = match params.as_of.parse::<NaiveDate>().ok().filter(|day| *day < today) {
        Some(day) => web.app.as_of(&member.scope, day).await?,
        None => None,
    };
    // Everything that is near or far is so from the day shown.
    words.today = as_of.as_ref().map_or(today, |as_of| as_of.day);
    let filter = Filter { as_of, ..params.filter(member, words.today) };
    let (sort, down) = params.sorting();
    let mut tx = web.app.db.read(&member.scope).await?;
    let totals = db::accounts::totals(&mut tx, &filter).await?;
    let last_page = ((totals.accounts + SIZE - 1) / SIZE).max(1);
    let number = params.page.parse::<i64>().unwrap_or(1).clamp(1, last_page);
    let mut accounts = db::accounts::list(&mut tx, &filter, sort, down, (number - 1) * SIZE, SIZE).await?;
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.id).collect();
    let from = words.today - Days::new(SPARK_DAYS - 1);
    let history = db::scores::history(&mut tx, &ids, from, words.today).await?;
    let members = db::members::list(&mut tx).await?;
    let first_day = db::portfolio::first_scored_day(&mut tx).await?;
    drop(tx);
    if filter.as_of.is_some() {
        web.app.complete_as_of(&member.scope, &mut accounts, words.today).await?;
    }
    let mut points: HashMap<Uuid, Vec<Point>> = HashMap::new();
    for point in history {
        points.entry(point.account_id).or_default().push(point);
    }
    let rows = accounts.iter().map(|account| {
        let points = points.get(&account.id).map_or(&[][..], Vec::as_slice);
        row(&words, account, points, from, &params.as_of)
    });
    let pager = Pager::numbered(number, SIZE, totals.accounts, "account", |page| {
        params.with("page", &if page == 1 { String::new() } else { page.to_string() })
    });
    Ok(AccountListPage {
        shell: member.shell_as_of(Room::Accounts, words.today, today, params.with("as_of", "")),
        day: words.today.to_string(),
        first_day: first_day.map_or_else(String::new, |day| day.to_string()),
        last_day: today.to_string(),
        kept: params.kept(),
        clear: paths::with_query(paths::ACCOUNTS, &[("as_of", &params.as_of)]),
        past: filter.as_of.as_ref().map_or_else(String::new, |_| {
            format!("As it was known on {}. Names and CSMs are those of today.", format::date(words.today))
        }),
        may_import: member.may(Role::Manager),
        selects: selects(&words, &params, &members),
        chips: chips(&words, &params, &members),
        columns: columns(&params),
        rows: rows.collect(),
        empty: (totals.accounts == 0).then(|| nothing(filter == Filter::default())),
        pager: pager.target("#list"),
        count: format::count(totals.accounts, "account"),
        arr: words.total_arr(&totals),
        q: params.q,
        sort: params.sort,
    })
}

fn row(words: &Wording, account: &Account, points: &[Point], from: NaiveDate, as_of: &str) -> AccountRow {
    let mut values = vec![None; SPARK_DAYS as usize];
    for point in points {
        if let Some(value) = values.get_mut((point.day - from).num_days() as usize) {
            *value = point.score;
        }
    }
    let scores: Vec<f64> = values.iter().copied().flatten().collect();
    let label = match (scores.first(), scores.last()) {
        (Some(first), Some(last)) => {
            format!("Score over 90 days, from {} to {}", words.shown(*first), words.shown(*last))
        }
        _ => String::new(),
    };
    let tone = account.tone.as_deref().map_or(Tone::None, Tone::parse);
    AccountRow {
        name: account.name.clone(),
        external_id: account.external_id.clone(),
        href: paths::with_query(&paths::account(&account.external_id), &[("as_of", as_of)]),
        health: words.badge_with_trend(account),
        spark: Sparkline::new(&values, Some((0.0, 100.0)), tone, &label),
        segment: account.segment.as_deref().map_or_else(String::new, |id| words.segment(id)),
        stage: account.stage.as_deref().map_or_else(String::new, |id| words.stage(id)),
        arr: words.arr(account),
        renewal: account.renewal_date.map_or_else(String::new, format::date),
        renewal_in: account.renewal_date.map_or_else(String::new, |date| {
            match (date - words.today).num_days() {
                0 => "today".to_owned(),
                days @ ..0 => format!("{} overdue", format::count(-days, "day")),
                days => format::count(days, "day"),
            }
        }),
        renewal_tone: account.renewal_date.map_or(Tone::None, |date| words.renewal_tone(date)),
        csm: words.csm(account),
    }
}

const WINDOWS: [(&str, &str); 5] = [
    ("30", "In 30 days"),
    ("60", "In 60 days"),
    ("90", "In 90 days"),
    ("120", "In 120 days"),
    ("overdue", "Overdue"),
];

fn selects(words: &Wording, params: &Params, members: &[members::Member]) -> Vec<SelectFilter> {
    let methodology = words.in_force.as_deref().map(|in_force| &in_force.methodology);
    let text = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    let segments: Vec<_> =
        methodology.iter().flat_map(|m| &m.segments).map(|s| text(&s.id, &s.name)).collect();
    let stages: Vec<_> = methodology
        .iter()
        .flat_map(|m| &m.lifecycle.stages)
        .filter(|s| matches!(s.span, crate::domain::lifecycle::StageSpan::Days(..)))
        .map(|s| text(&s.id, &s.name))
        .collect();
    let bands: Vec<_> =
        methodology.iter().flat_map(|m| &m.health.bands).map(|b| text(&b.id, &b.name)).collect();
    let fixed = [text("me", "My accounts"), text("none", "Without a CSM")];
    // Whoever owns accounts, or is asked for.
    let owners = members.iter().filter(|m| m.accounts > 0 || m.id.to_string() == params.csm);
    let csms: Vec<_> = fixed.into_iter().chain(owners.map(|m| text(&m.id.to_string(), &m.name))).collect();
    vec![
        SelectFilter::new("segment", "Segment", "Segment: any", segments, Some(&params.segment)),
        SelectFilter::new("stage", "Stage", "Stage: any", stages, Some(&params.stage)),
        SelectFilter::new("band", "Band", "Health: any", bands, Some(&params.band)),
        SelectFilter::new("csm", "CSM", "CSM: anyone", csms, Some(&params.csm)),
        SelectFilter::new("renewal", "Renewal", "Renewal: any", WINDOWS, Some(&params.renewal)),
        SelectFilter::new("status", "Status", "Customers", [("churned", "Former")], Some(&params.status)),
    ]
}

fn chips(words: &Wording, params: &Params, members: &[members::Member]) -> Vec<Chip> {
    let csm = match params.csm.as_str() {
        "me" => "CSM: me".to_owned(),
        "none" => "Without a CSM".to_owned(),
        id => {
            let found = members.iter().find(|member| member.id.to_string() == id);
            format!("CSM: {}", found.map_or("somebody who left", |member| &member.name))
        }
    };
    let renewal = match params.renewal.as_str() {
        "overdue" => "Renewal overdue".to_owned(),
        days if days.parse::<u64>().is_ok() => format!("Renews in {days} days"),
        // Anything else filters nothing, so there is nothing to take away.
        _ => String::new(),
    };
    let all = [
        ("q", &params.q, format!("“{}”", params.q.trim())),
        ("segment", &params.segment, format!("Segment: {}", words.segment(&*params.segment))),
        ("stage", &params.stage, format!("Stage: {}", words.stage(&params.stage))),
        ("band", &params.band, format!("Health: {}", words.band(&*params.band))),
        ("csm", &params.csm, csm),
        ("renewal", &params.renewal, renewal),
        ("status", &params.status, "Former customers".to_owned()),
    ];
    all.into_iter()
        .filter(|(_, value, label)| !value.trim().is_empty() && !label.is_empty())
        .map(|(name, _, label)| Chip::new(label, params.with(name, "")))
        .collect()
}

fn columns(params: &Params) -> Vec<Column> {
    let (current, down) = params.sorting();
    let mut columns: Vec<Column> = SORTS
        .iter()
        .map(|&(word, sort, label, numeric, down_first)| {
            let sorted = (sort == current).then_some(down);
            let next_down = sorted.map_or(down_first, |down| !down);
            let next = if next_down { format!("-{word}") } else { word.to_owned() };
            let column = Column::new(label).sortable(params.with("sort", &next), sorted);
            if numeric { column.numeric() } else { column }
        })
        .collect();
    columns.insert(2, Column::new("90 days"));
    columns.insert(7, Column::new("In").numeric());
    columns
}

fn nothing(without_filter: bool) -> EmptyState {
    if without_filter {
        let text = "Import a CSV file of your customers, or create them over the API; health follows \
                    as soon as events arrive.";
        return EmptyState::new("building-2", "No accounts yet", text)
            .action("Import accounts", "/settings/imports")
            .action("Read the API reference", "/api/docs");
    }
    EmptyState::new(
        "search",
        "No account matches",
        "Take a filter away, or look for a shorter part of the name.",
    )
    .action("Clear all filters", paths::ACCOUNTS)
}
