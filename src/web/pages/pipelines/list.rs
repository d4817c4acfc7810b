//! `GET /pipelines`: one pipeline at a time, as a board by step or as a list. Block `shown` answers htmx.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::view::{Card, pipelines, sums};
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::db;
use crate::db::pipelines::{Filter, Heap, In, Item};
use crate::domain::pipeline::noun;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::tasks::tabs;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Pager, SelectFilter, Shell, Tabs, Tone, filters, format};
use crate::web::{Web, paths};

/// Cards of one step; the list has all.
const MOST_CARDS: i64 = 25;
/// Rows of a page of the list.
const PAGE: i64 = 50;
/// What the address calls items without steps.
const NONE: &str = "-";

/// Which items, and how they are shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    /// A pipeline's id, `-` for items without steps; the first one without it.
    pipeline: String,
    /// `me` for those of the member.
    whose: String,
    /// `closed`; open ones without it.
    state: String,
    /// `list`; the board without it.
    view: String,
    page: String,
}

impl Params {
    fn href(&self, change: &[(&str, &str)]) -> String {
        let own = [
            ("pipeline", &self.pipeline),
            ("whose", &self.whose),
            ("state", &self.state),
            ("view", &self.view),
        ];
        let value = |name: &str, own: &str| {
            change.iter().find(|(known, _)| *known == name).map_or(own.to_owned(), |(_, v)| (*v).to_owned())
        };
        let mut all: Vec<(&str, String)> = own.iter().map(|(name, own)| (*name, value(name, own))).collect();
        all.extend(change.iter().filter(|(name, _)| *name == "page").map(|(n, v)| (*n, (*v).to_owned())));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        paths::with_query(paths::PIPELINES, &all)
    }
}

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pipelines/list.html", blocks = ["shown"])]
pub struct PipelinesPage {
    /// The frame.
    pub shell: Shell,
    /// The pages of the room.
    pub tabs: Tabs,
    /// The pipelines, with what is open in each.
    pub choice: Option<Tabs>,
    /// Whose, open or closed.
    pub selects: Vec<SelectFilter>,
    /// What the form of the selects keeps: (name, value).
    pub kept: Vec<(&'static str, String)>,
    /// Where one is opened; for who may.
    pub new_href: Option<String>,
    /// `14 open, worth €1.2M`.
    pub summary: String,
    /// The other ways to look at it: (label, address, whether it is this one).
    pub views: Vec<(&'static str, String, bool)>,
    /// Left to right; none in the list.
    pub lanes: Vec<Lane>,
    /// Rows of the list.
    pub rows: Vec<Card>,
    /// Where one is in the list.
    pub pager: Option<Pager>,
    /// Whether they are closed.
    pub closed: bool,
    /// Said instead.
    pub empty: Option<EmptyState>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// How it is shown: one that is gone wants to be looked at.
    pub tone: Tone,
    /// `no longer in the methodology`; empty otherwise.
    pub note: &'static str,
    /// `6 open`.
    pub count: String,
    /// `€812K`.
    pub sums: String,
    /// The longest here first.
    pub cards: Vec<Card>,
    /// `4 more in the list`; empty when all are there.
    pub more: String,
    /// The list.
    pub more_href: String,
}

/// A pipeline to choose: of the methodology, gone from it but not empty, or none.
struct Shelf {
    id: String,
    name: String,
    open: i64,
    subject: String,
}

/// The page, or its part for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(mut params): Query<Params>,
) -> Result<Response> {
    let in_force = web.app.methodology(&member.scope).await?;
    let in_force = in_force.as_deref();
    let today = member.scope.day_of(web.app.clock.now());
    let owner = (params.whose == "me").then_some(member.membership.member_id);
    let closed = params.state == "closed";
    let is_board = !closed && params.view != "list" && params.pipeline != NONE;
    let page: i64 = params.page.parse().unwrap_or(1).clamp(1, 10_000);
    let mut tx = web.app.db.read(&member.scope).await?;
    let open = Filter { owner, open: Some(true), ..Filter::default() };
    let all = db::pipelines::heaps(&mut tx, &Filter::default()).await?;
    let filled = db::pipelines::heaps(&mut tx, &open).await?;
    let shelves = shelves(in_force, &all, &filled);
    let chosen = shelves.iter().find(|shelf| shelf.id == params.pipeline).or(shelves.first());
    let id = chosen.map_or_else(String::new, |shelf| shelf.id.clone());
    let within = if id == NONE { In::None } else { In::Pipeline(id.clone()) };
    let is_board = is_board && id != NONE;
    let filter = Filter { within: Some(within), owner, open: Some(!closed), ..Filter::default() };
    let (items, total) = match is_board {
        true => (db::pipelines::cards(&mut tx, &filter, MOST_CARDS).await?, 0),
        false => (
            db::pipelines::list(&mut tx, &filter, (page - 1) * PAGE, PAGE).await?,
            db::pipelines::count(&mut tx, &filter).await?,
        ),
    };
    drop(tx);
    params.pipeline.clone_from(&id);
    let here: Vec<&Heap> = filled.iter().filter(|heap| shelf_of(heap) == id).collect();
    let may_edit = member.may(Role::Csm);
    let lanes = if is_board { lanes(in_force, &params, &here, &items, today) } else { Vec::new() };
    let cards = || items.iter().map(|item| Card::of(item, in_force, today)).collect::<Vec<_>>();
    let nothing = if is_board { here.is_empty() } else { items.is_empty() };
    let page = PipelinesPage {
        shell: member.shell(Room::Playbooks),
        tabs: tabs(paths::PIPELINES),
        choice: (!shelves.is_empty()).then(|| choice(&shelves, &params)),
        selects: selects(&params),
        kept: vec![("pipeline", id.clone()), ("view", params.view.clone())],
        new_href: may_edit.then(|| {
            let pipeline = if id == NONE || id.is_empty() { "" } else { id.as_str() };
            paths::with_query("/pipelines/new", &[("pipeline", pipeline)])
        }),
        summary: summary(&here, closed, total),
        views: views(&params, closed, &id),
        empty: nothing.then(|| empty(chosen, &params, may_edit)),
        pager: (!is_board).then(|| {
            Pager::numbered(page, PAGE, total, "item", |p| params.href(&[("page", &p.to_string())]))
        }),
        rows: if is_board { Vec::new() } else { cards() },
        lanes,
        closed,
    };
    Ok(if part { Page(page.as_shown()).into_response() } else { Page(page).into_response() })
}

fn shelf_of(heap: &Heap) -> &str {
    heap.pipeline.as_deref().unwrap_or(NONE)
}

/// The pipelines of the methodology; then what is not empty beside them.
fn shelves(in_force: Option<&InForce>, all: &[Heap], open: &[Heap]) -> Vec<Shelf> {
    let count = |id: &str| open.iter().filter(|heap| shelf_of(heap) == id).map(|heap| heap.items).sum();
    let known = pipelines(in_force).iter().map(|pipeline| Shelf {
        id: pipeline.id.to_string(),
        name: pipeline.name.to_string(),
        open: count(&pipeline.id),
        subject: pipeline.subject.to_string(),
    });
    let mut shelves: Vec<Shelf> = known.collect();
    for heap in all {
        let id = shelf_of(heap);
        if shelves.iter().all(|shelf| shelf.id != id) {
            let name = match id {
                NONE => "Without steps".to_owned(),
                _ => format!("{} (gone)", heap.pipeline_name),
            };
            shelves.push(Shelf { id: id.to_owned(), name, open: count(id), subject: String::new() });
        }
    }
    shelves
}

fn choice(shelves: &[Shelf], params: &Params) -> Tabs {
    shelves.iter().fold(Tabs::new("Pipelines"), |tabs, shelf| {
        let href = params.href(&[("pipeline", &shelf.id)]);
        tabs.tab(&shelf.name, href, shelf.id == params.pipeline).count(shelf.open)
    })
}

fn selects(params: &Params) -> Vec<SelectFilter> {
    vec![
        SelectFilter::new("whose", "Whose", "Everybody's", [("me", "Mine")], Some(&params.whose)),
        SelectFilter::new("state", "State", "Open", [("closed", "Closed")], Some(&params.state)),
    ]
}

fn views(params: &Params, closed: bool, id: &str) -> Vec<(&'static str, String, bool)> {
    // What is closed or has no steps is a list either way.
    if closed || id == NONE || id.is_empty() {
        return Vec::new();
    }
    let list = params.view == "list";
    vec![("Board", params.href(&[("view", "")]), !list), ("List", params.href(&[("view", "list")]), list)]
}

fn summary(here: &[&Heap], closed: bool, total: i64) -> String {
    if closed {
        return format!("{} closed", format::number(total));
    }
    let open: i64 = here.iter().map(|heap| heap.items).sum();
    let worth = sums(here.iter().copied());
    let worth = if worth.is_empty() { worth } else { format!(", worth {worth}") };
    format!("{} open{worth}", format::number(open))
}

/// Steps that are gone come first: what is at them wants to be moved.
fn lanes(
    in_force: Option<&InForce>,
    params: &Params,
    here: &[&Heap],
    items: &[Item],
    today: chrono::NaiveDate,
) -> Vec<Lane> {
    let known = pipelines(in_force).iter().find(|pipeline| *pipeline.id == *params.pipeline);
    let steps: Vec<(&str, &str)> = known.map_or_else(Vec::new, |pipeline| {
        pipeline.steps.iter().map(|step| (&*step.id, &*step.name)).collect()
    });
    let mut gone: Vec<(&str, &str)> = here
        .iter()
        .filter_map(|heap| Some((heap.step.as_deref()?, heap.step_name.as_str())))
        .filter(|(id, _)| steps.iter().all(|(known, _)| known != id))
        .collect();
    gone.dedup_by_key(|(id, _)| *id);
    let missing = gone.len();
    let all = gone.into_iter().chain(steps).enumerate();
    all.map(|(at, (id, name))| {
        let heaps: Vec<&Heap> = here.iter().copied().filter(|h| h.step.as_deref() == Some(id)).collect();
        let count: i64 = heaps.iter().map(|heap| heap.items).sum();
        let at_step = items.iter().filter(|item| item.step.as_deref() == Some(id));
        let cards: Vec<Card> = at_step.map(|item| Card::of(item, in_force, today)).collect();
        let more = count - cards.len() as i64;
        Lane {
            name: name.to_owned(),
            tone: if at < missing { Tone::Watch } else { Tone::None },
            note: if at < missing { "no longer in the methodology" } else { "" },
            count: format!("{} open", format::number(count)),
            sums: sums(heaps.into_iter()),
            cards,
            more: if more > 0 { format!("{} more in the list", format::number(more)) } else { String::new() },
            more_href: params.href(&[("view", "list")]),
        }
    })
    .collect()
}

fn empty(chosen: Option<&Shelf>, params: &Params, may_edit: bool) -> EmptyState {
    let Some(shelf) = chosen else {
        let text = "Pipelines come with the methodology: steps with checks that opportunities and requests pass \
                    through. Without one, an opportunity is only won or lost.";
        let state = EmptyState::new("layers", "The methodology has no pipelines", text);
        let state = if may_edit { state.action("Open an opportunity", "/pipelines/new") } else { state };
        return state.action("The methodology", paths::STUDIO);
    };
    let noun = if shelf.subject.is_empty() { "item".to_owned() } else { noun(&shelf.subject) };
    if params.state == "closed" {
        let text = "What is won or lost, done or dropped is kept here with its history.";
        return EmptyState::new("layers", "Nothing is closed yet", text);
    }
    let title = match params.whose.as_str() {
        "me" => format!("You look after no open {noun} here"),
        _ => format!("No {noun} is open here"),
    };
    let text = "Rules open opportunities by themselves where the data shows one. You open one by hand with what speaks \
                for it.";
    let state = EmptyState::new("layers", &title, text);
    let new = paths::with_query("/pipelines/new", &[("pipeline", &shelf.id)]);
    match may_edit && shelf.id != NONE && !shelf.subject.is_empty() {
        true => state.action("Open one", &new),
        false => state,
    }
}
