//! `GET /playbooks`: what runs, the templates by category, and what followed them.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use chrono::Days;
use serde::Deserialize;

use super::{category, shape};
use crate::app::Error;
use crate::app::methodology::InForce;
use crate::db;
use crate::db::plays::{Filter, Followed};
use crate::domain::money::Money;
use crate::domain::pack::schema::Playbook;
use crate::domain::proportion::wilson;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::pages::crew::Crew;
use crate::web::pages::plays::progress::PlayRow;
use crate::web::pages::tasks::tabs;
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Pager, SelectFilter, Shell, StatTile, Tabs, filters, format};

/// Plays of one page.
const PAGE: i64 = 25;
/// Plays that began longer ago do not count for what followed.
pub const FOLLOWED_DAYS: u64 = 365;

/// Which plays.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Params {
    /// `me` for the accounts of the member.
    #[serde(default)]
    whose: String,
    /// A playbook's id.
    #[serde(default)]
    playbook: String,
    /// A category.
    #[serde(default)]
    category: String,
    /// `paused`, `over`, `reached`, `missed`, `done`, `stopped`; what runs or is paused without it.
    #[serde(default)]
    state: String,
    /// An account's external id: the templates are then offered for it.
    #[serde(default)]
    account: String,
    #[serde(default)]
    page: String,
}

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "playbooks/list.html")]
pub struct PlaybooksPage {
    /// The frame.
    pub shell: Shell,
    /// The pages of the room.
    pub tabs: Tabs,
    /// The account that a playbook is looked for.
    pub account: Option<String>,
    /// What runs, in figures.
    pub stats: Vec<StatTile>,
    /// Whose, which playbook, category, state.
    pub selects: Vec<SelectFilter>,
    /// The account, for the form of the selects.
    pub kept: String,
    /// The plays.
    pub plays: Vec<PlayRow>,
    /// Said instead of them.
    pub empty: Option<EmptyState>,
    /// Where one is.
    pub pager: Pager,
    /// The templates by category.
    pub categories: Vec<(String, Vec<Card>)>,
    /// Said instead of them.
    pub none: Option<EmptyState>,
}

/// A template.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// What it counts from, how long it takes.
    pub shape: String,
    /// What it is for.
    pub goal: String,
    /// What the methodology expects of it: `98 % succeed`, `$2,000`.
    pub expected: String,
    /// What followed.
    pub record: Record,
}

/// How the plays of a playbook ended.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// `3 running`; empty for none.
    pub running: String,
    /// `12 ended`; empty before the first.
    pub ended: String,
    /// `7 of 9 reached their goal`; with what became of the others.
    pub how: String,
    /// `78 % (45–94 %)`; empty without a goal that data decides.
    pub reached: String,
    /// `8 of 11 stand higher: 73 % (43–90 %)`; empty without accounts to compare.
    pub higher: String,
}

impl Record {
    /// Counts with 95 % intervals.
    pub fn of(followed: Option<&Followed>) -> Record {
        let Some(f) = followed else { return Record::default() };
        let ended = f.reached + f.missed + f.done + f.stopped;
        let parts = [(f.reached, "reached"), (f.missed, "missed"), (f.done, "done"), (f.stopped, "stopped")];
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        Record {
            running: if f.running == 0 {
                String::new()
            } else {
                format!("{} running", format::number(f.running))
            },
            ended: if ended == 0 { String::new() } else { format!("{} ended", format::number(ended)) },
            how: parts.join(", "),
            reached: interval(f.reached, f.reached + f.missed),
            higher: match interval(f.higher, f.compared) {
                share if share.is_empty() => share,
                share => format!("{} of {}: {share}", f.higher, f.compared),
            },
        }
    }
}

/// `73 % (43–90 %)`; empty of nothing.
fn interval(hits: i64, all: i64) -> String {
    wilson(hits, all).map_or_else(String::new, |(share, low, high)| {
        let whole = |share: f64| format::decimal(share * 100.0, 0);
        format!("{} ({}\u{2013}{})", format::percent(share, 0), whole(low), format::percent(high, 0))
    })
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Page<PlaybooksPage>> {
    let today = member.scope.day_of(web.app.clock.now());
    let names = Wording::of(&web, &member).await?;
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let is_over = params.state == "over";
    let filter = Filter {
        account: None,
        member: (params.whose == "me").then_some(member.membership.member_id),
        playbook: some(&params.playbook),
        over: is_over,
        category: some(&params.category),
        state: some(&params.state).filter(|_| !is_over),
    };
    let page: i64 = params.page.parse().unwrap_or(1).clamp(1, 10_000);
    let mut tx = web.app.db.read(&member.scope).await?;
    let account = match params.account.as_str() {
        "" => None,
        id => Some(db::accounts::find(&mut tx, id).await?.ok_or(Error::NotFound)?.name),
    };
    let (plays, total) = db::plays::list(&mut tx, &filter, today, (page - 1) * PAGE, PAGE).await?;
    let followed = db::plays::followed(&mut tx, today - Days::new(FOLLOWED_DAYS)).await?;
    let busy = db::team::busy(&mut tx, today).await?;
    let crew = Crew::load(&mut tx).await?;
    drop(tx);
    let href = |page: i64| {
        let page = page.to_string();
        let all: [(&str, &str); 6] = [
            ("whose", params.whose.as_str()),
            ("playbook", &params.playbook),
            ("category", &params.category),
            ("state", &params.state),
            ("account", &params.account),
            ("page", &page),
        ];
        paths::with_query(paths::PLAYBOOKS, &all)
    };
    let in_force = names.in_force.as_deref();
    let categories = in_force.map_or_else(Vec::new, |m| cards(m, &followed, &params.account));
    let none = || {
        let text =
            "Playbooks come with the methodology: steps at days from a date, for the roles that do them.";
        EmptyState::new("layers", "The methodology has no playbooks", text)
            .action("The methodology", paths::STUDIO)
    };
    Ok(Page(PlaybooksPage {
        shell: member.shell(Room::Playbooks),
        tabs: tabs(paths::PLAYBOOKS),
        account,
        stats: stats(&followed, &busy),
        selects: selects(&params, in_force, &followed),
        kept: params.account.clone(),
        empty: plays.is_empty().then(nothing),
        plays: plays.iter().map(|play| PlayRow::of(play, &crew, today)).collect(),
        pager: Pager::numbered(page, PAGE, total, "play", href),
        none: categories.is_empty().then(none),
        categories,
    }))
}

fn nothing() -> EmptyState {
    let text = "Stages, alerts and renewals start playbooks by themselves; below you start one by hand.";
    EmptyState::new("list-checks", "Nothing runs like that", text)
}

fn stats(followed: &[Followed], busy: &[db::team::Busy]) -> Vec<StatTile> {
    let sum = |of: fn(&Followed) -> i64| followed.iter().map(of).sum::<i64>();
    let (reached, missed, done) = (sum(|f| f.reached), sum(|f| f.missed), sum(|f| f.done));
    let open: i64 = busy.iter().map(|b| b.open).sum();
    let overdue: i64 = busy.iter().map(|b| b.overdue).sum();
    let unassigned: i64 = busy.iter().filter(|b| b.owner_id.is_none()).map(|b| b.open).sum();
    let judged = match interval(reached, reached + missed) {
        text if text.is_empty() => "no goal was judged by data yet".to_owned(),
        text => format!("of {} that data judged: {text}", format::number(reached + missed)),
    };
    vec![
        StatTile::new(
            "Playbooks running",
            format::number(sum(|f| f.running)),
            "for accounts, members, the company",
        ),
        StatTile::new("Open tasks", format::number(open), &format!("{} overdue", format::number(overdue)))
            .link("/tasks?who=team"),
        StatTile::new(
            "Without an owner",
            format::number(unassigned),
            "open tasks of roles that nobody plays",
        )
        .link("/tasks?who=unassigned"),
        StatTile::new(
            "Goals reached in a year",
            format::number(reached),
            &format!("{judged}; {done} more done"),
        ),
    ]
}

fn selects(params: &Params, in_force: Option<&InForce>, followed: &[Followed]) -> Vec<SelectFilter> {
    let mut playbooks: BTreeMap<String, String> =
        followed.iter().map(|f| (f.playbook.clone(), f.name.clone())).collect();
    let file = in_force.map(|m| &m.file);
    playbooks.extend(
        file.into_iter().flat_map(|f| f.playbooks.iter()).map(|p| (p.id.to_string(), p.name.to_string())),
    );
    let categories: BTreeMap<String, String> = file
        .into_iter()
        .flat_map(|f| f.playbooks.iter())
        .map(|p| (p.category.to_string(), category(&p.category)))
        .collect();
    let states = [
        ("running", "Running"),
        ("paused", "Paused"),
        ("over", "All that ended"),
        ("reached", "Goal reached"),
        ("missed", "Goal missed"),
        ("done", "Done"),
        ("stopped", "Stopped"),
    ];
    vec![
        SelectFilter::new("whose", "Whose", "Everybody's", [("me", "My accounts")], Some(&params.whose)),
        SelectFilter::new("state", "State", "Running or paused", states, Some(&params.state)),
        SelectFilter::new("category", "Category", "Any category", categories, Some(&params.category)),
        SelectFilter::new("playbook", "Playbook", "Any playbook", playbooks, Some(&params.playbook)),
    ]
}

fn cards(in_force: &InForce, followed: &[Followed], account: &str) -> Vec<(String, Vec<Card>)> {
    let mut categories: Vec<(String, Vec<Card>)> = Vec::new();
    let for_account =
        |p: &&Playbook| account.is_empty() || p.subject == crate::domain::pack::schema::Subject::Account;
    for playbook in in_force.file.playbooks.iter().filter(for_account) {
        let card = Card {
            name: playbook.name.to_string(),
            href: paths::with_query(&paths::playbook(&playbook.id), &[("account", account)]),
            shape: shape(playbook),
            goal: playbook.goal.as_ref().map_or_else(String::new, ToString::to_string),
            expected: expected(playbook, in_force),
            record: Record::of(followed.iter().find(|f| *f.playbook == *playbook.id)),
        };
        let name = category(&playbook.category);
        match categories.iter_mut().find(|(known, _)| *known == name) {
            Some((_, cards)) => cards.push(card),
            None => categories.push((name, vec![card])),
        }
    }
    categories
}

/// What the methodology itself says to expect.
pub fn expected(playbook: &Playbook, in_force: &InForce) -> String {
    let rate = playbook.success_rate.as_ref().map(|rate| {
        let percent = if rate.value <= 1.0 { rate.value * 100.0 } else { rate.value };
        format!("{} succeed", format::percent(percent / 100.0, 1))
    });
    let currency = in_force.file.pack.currency.as_deref().unwrap_or_default();
    let money = |cost: &str| {
        let amount = currency.parse().ok().and_then(|currency| Money::parse(cost, currency).ok());
        amount.map_or_else(|| cost.to_owned(), |amount| format::money(amount.minor, currency))
    };
    let cost = playbook.cost.as_ref().map(|cost| format!("costs {}", money(cost)));
    rate.into_iter().chain(cost).collect::<Vec<_>>().join(", ")
}
