//! `GET /pipelines/items/{id}`: one item: its steps, the checks of its step, what may become of it and what did. Block
//! `work` answers a tick by htmx.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;
use uuid::Uuid;

use super::new::Typed;
use super::view::{amount, capital, offer, pipelines, price, state, step_name, tone};
use crate::app::Error;
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::app::pipelines::standing;
use crate::db;
use crate::db::pipelines::{Item, Moved, Tick};
use crate::domain::money::Money;
use crate::domain::pipeline::{Move, OPPORTUNITY, Place, State as ItemState, noun};
use crate::web::error::Result;
use crate::web::extract::{Id, Member};
use crate::web::pages::crew::Crew;
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::list::Choice;
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, HealthBadge, Notice, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// An item.
#[derive(Clone, Debug, Template)]
#[template(path = "pipelines/show.html", blocks = ["work"])]
pub struct ItemPage {
    /// The frame.
    pub shell: Shell,
    /// What it is called.
    pub title: String,
    /// `Feature request`.
    pub noun: String,
    /// Its pipeline: name, and the board.
    pub pipeline: Option<(String, String)>,
    /// The account: name, page.
    pub account: (String, String),
    /// The account's score.
    pub health: Option<HealthBadge>,
    /// `Open`, `Won`, `Dropped`, and how it is shown.
    pub state: (&'static str, Tone),
    /// What one must know first.
    pub notices: Vec<Notice>,
    /// Why it was not done, and how it would be.
    pub refused: Option<Refused>,
    /// Its steps, in order; empty without.
    pub steps: Vec<StepView>,
    /// Where it is, and its checks; none once it is closed.
    pub work: Option<WorkView>,
    /// Its justification, a line each.
    pub why: Vec<String>,
    /// What it would sell.
    pub offer: Option<OfferView>,
    /// (name, value, link).
    pub facts: Vec<(&'static str, String, Option<String>)>,
    /// Who looks after it.
    pub owner: Option<Avatar>,
    /// What became of it, the latest first.
    pub history: Vec<MoveView>,
    /// The form of what is written; none for who may not.
    pub edit: Option<EditView>,
    /// Whether it may be opened again.
    pub may_reopen: bool,
    /// Whether it is a sale, after which contracts change.
    pub is_sale: bool,
    /// The account's contracts.
    pub contracts_href: String,
    /// Its own address, below which its forms go.
    pub here: String,
    /// What was looked at.
    pub revision: i32,
}

/// Something that unticked checks, or a missing reason, stand against.
#[derive(Clone, Debug)]
pub struct Refused {
    /// `Move on to Propose`.
    pub what: String,
    /// Where the form goes.
    pub action: String,
    /// Its fields.
    pub fields: Vec<(&'static str, String)>,
    /// The checks that are not ticked.
    pub missing: Vec<String>,
    /// The reason typed.
    pub reason: String,
    /// What is wrong with it.
    pub error: String,
}

/// A step of the line.
#[derive(Clone, Debug)]
pub struct StepView {
    /// Its name.
    pub name: String,
    /// `passed`, `current`, `ahead` or `gone`.
    pub class: &'static str,
    /// `since 3 Mar`; empty where it is not there.
    pub note: String,
}

/// What is to be done where it is.
#[derive(Clone, Debug)]
pub struct WorkView {
    /// The step's name; empty without one.
    pub step: String,
    /// Its checks.
    pub checks: Vec<CheckView>,
    /// `2 of 4`.
    pub done: String,
    /// Checks of the steps to come: step, texts.
    pub ahead: Vec<(String, Vec<String>)>,
    /// The next step's name; none at the last.
    pub next: Option<String>,
    /// Steps it may be moved to otherwise: those before, or all where its own is gone.
    pub targets: Vec<Choice>,
    /// Whether a reason is needed to move it there.
    pub needs_reason: bool,
    /// `Won` and `Lost`, `Done` and `Dropped`.
    pub outcomes: (&'static str, &'static str),
    /// Whether winning is the next thing: at the last step, or without steps.
    pub is_last: bool,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
}

/// A check.
#[derive(Clone, Debug)]
pub struct CheckView {
    /// What must be so.
    pub text: String,
    /// Whether it is.
    pub ticked: bool,
    /// `Casey, 3 Mar`.
    pub by: String,
}

/// An offer.
#[derive(Clone, Debug)]
pub struct OfferView {
    /// Its name.
    pub name: String,
    /// `Upsell`.
    pub kind: String,
    /// What it is.
    pub text: String,
    /// What it gives them.
    pub value_props: Vec<String>,
    /// `$100 per agent`.
    pub price: String,
    /// The playbook that goes with it: name, page.
    pub playbook: Option<(String, String)>,
    /// Whether the methodology no longer has it.
    pub gone: bool,
}

/// A line of the history.
#[derive(Clone, Debug)]
pub struct MoveView {
    /// `Qualify → Propose`.
    pub what: String,
    /// `3 Mar, by Casey`.
    pub when: String,
    /// Checks that it went against.
    pub missing: Vec<String>,
    /// Why.
    pub reason: String,
    /// How it is shown.
    pub tone: Tone,
}

/// The form of what is written.
#[derive(Clone, Debug)]
pub struct EditView {
    /// What is in it.
    pub typed: Typed,
    /// To whom it may be given.
    pub owners: Vec<Choice>,
    /// What is wrong with what was sent.
    pub errors: Vec<String>,
}

/// What was sent and not done, to be shown with the page.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) refused: Option<Refused>,
    pub(super) edit: Option<(Typed, Vec<String>)>,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Page<ItemPage>> {
    Ok(Page(page(&web, &member, id, Sent::default()).await?))
}

/// The page, with what was sent and not done.
pub(super) async fn page(web: &Web, member: &Member, id: Uuid, sent: Sent) -> Result<ItemPage> {
    let words = Wording::of(web, member).await?;
    let in_force = words.in_force.as_deref();
    let today = words.today;
    let mut tx = web.app.db.read(&member.scope).await?;
    let item = db::pipelines::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let account = db::accounts::find(&mut tx, &item.external_id).await?;
    let ticks = db::pipelines::ticks(&mut tx, id).await?;
    let moves = db::pipelines::moves(&mut tx, id).await?;
    let alert = match item.alert_id {
        Some(alert) => db::alerts::find(&mut tx, alert).await?,
        None => None,
    };
    let crew = Crew::load(&mut tx).await?;
    drop(tx);
    let may_edit = member.may(Role::Csm);
    let state = state(&item);
    let place = Place::of(pipelines(in_force), standing(&item));
    let is_open = state == ItemState::Open;
    let churned = account.as_ref().is_some_and(|account| account.churned_on.is_some());
    let me = member.membership.member_id;
    Ok(ItemPage {
        shell: member.shell(Room::Playbooks),
        title: item.title.clone(),
        noun: capital(&noun(&item.subject)),
        pipeline: item
            .pipeline
            .as_deref()
            .map(|id| (item.pipeline_name.clone(), paths::with_query(paths::PIPELINES, &[("pipeline", id)]))),
        account: (item.account.clone(), paths::account(&item.external_id)),
        health: account.map(|account| words.badge_with_trend(&account)),
        state: (state.label(&item.subject), tone(state)),
        notices: notices(&item, place, churned, today),
        refused: sent.refused,
        steps: steps(&item, place, today),
        work: is_open.then(|| work(&item, place, in_force, &ticks, may_edit, today)),
        why: item.why.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()).collect(),
        offer: offer_view(&item, in_force),
        facts: facts(&item, alert.map(|alert| alert.name), today),
        owner: item.owner_name.as_deref().map(Avatar::new),
        history: moves.iter().map(|moved| move_view(moved, &item.subject, today)).collect(),
        edit: may_edit.then(|| {
            let (typed, errors) =
                sent.edit.unwrap_or_else(|| (typed(&item, words.currency.as_str()), Vec::new()));
            let owners = crew.choices("The account’s CSM", typed.owner.parse().ok(), me);
            EditView { typed, owners, errors }
        }),
        may_reopen: may_edit && !is_open,
        is_sale: item.subject == OPPORTUNITY,
        contracts_href: paths::account_tab(&item.external_id, "contracts"),
        here: paths::item(id),
        revision: item.revision,
    })
}

fn notices(item: &Item, place: Place<'_>, churned: bool, today: NaiveDate) -> Vec<Notice> {
    let mut notices = Vec::new();
    let state = state(item);
    if state == ItemState::Open {
        match place {
            Place::StepGone(pipeline) => {
                let title = format!("“{}” is no longer a step of {}.", item.step_name, pipeline.name);
                let text = "It stays there with everything that was done. Move it to a step that there is.";
                notices.push(Notice::new(Tone::Watch, &title, text));
            }
            Place::Gone => {
                let title = format!("“{}” is no longer in the methodology.", item.pipeline_name);
                let text = "It stays where it was with everything that was done. Move it to another pipeline, or close it.";
                notices.push(Notice::new(Tone::Watch, &title, text));
            }
            Place::Plain | Place::At(..) => {}
        }
        if churned {
            let text = "It stays open until somebody closes it.";
            notices.push(Notice::new(Tone::Watch, "The account has left.", text));
        }
    } else {
        let by = item.closed_by.clone().unwrap_or_default();
        let day = item.closed_on.map_or_else(String::new, |day| format::date_near(day, today));
        let title = format!("{} on {day}, by {by}.", state.label(&item.subject));
        notices.push(Notice::new(tone(state), &title, &format::sentence(&item.close_reason)));
    }
    notices
}

fn steps(item: &Item, place: Place<'_>, today: NaiveDate) -> Vec<StepView> {
    let is_open = state(item) == ItemState::Open;
    let since = match is_open {
        true => format!("since {}", format::date_near(item.entered_on, today)),
        false => String::new(),
    };
    let gone = || StepView { name: item.step_name.clone(), class: "gone", note: since.clone() };
    match place {
        Place::Plain => Vec::new(),
        Place::Gone => vec![gone()],
        Place::StepGone(pipeline) => {
            let ahead = |name: &str| StepView { name: name.to_owned(), class: "ahead", note: String::new() };
            std::iter::once(gone()).chain(pipeline.steps.iter().map(|step| ahead(&step.name))).collect()
        }
        Place::At(pipeline, at) => {
            let won = state(item) == ItemState::Won;
            let view = |(position, step): (usize, &crate::domain::pack::schema::PipelineStep)| {
                let class = match position.cmp(&at) {
                    std::cmp::Ordering::Less => "passed",
                    std::cmp::Ordering::Equal if won => "passed",
                    std::cmp::Ordering::Equal => "current",
                    std::cmp::Ordering::Greater => "ahead",
                };
                let note = if position == at { since.clone() } else { String::new() };
                StepView { name: step.name.to_string(), class, note }
            };
            pipeline.steps.iter().enumerate().map(view).collect()
        }
    }
}

fn work(
    item: &Item,
    place: Place<'_>,
    in_force: Option<&InForce>,
    ticks: &[Tick],
    may_edit: bool,
    today: NaiveDate,
) -> WorkView {
    let checks: Vec<CheckView> = place.step().map_or_else(Vec::new, |step| {
        let tick = |text: &str| {
            let here = |t: &&Tick| Some(&*t.step) == item.step.as_deref() && t.check_text == text;
            ticks.iter().find(|t| here(t) && Some(&*t.pipeline) == item.pipeline.as_deref())
        };
        let view = |text: &crate::domain::pack::Text| CheckView {
            text: text.to_string(),
            ticked: tick(text).is_some(),
            by: tick(text).map_or_else(String::new, |tick| {
                format!("{}, {}", tick.ticked_by, format::date_near(tick.ticked_at.date_naive(), today))
            }),
        };
        step.checks.iter().map(view).collect()
    });
    let ticked = checks.iter().filter(|check| check.ticked).count();
    let ahead = match place {
        Place::At(pipeline, at) => pipeline.steps[at + 1..]
            .iter()
            .filter(|step| !step.checks.is_empty())
            .map(|step| (step.name.to_string(), step.checks.iter().map(ToString::to_string).collect()))
            .collect(),
        _ => Vec::new(),
    };
    let next = place.next().map(|step| step.name.to_string());
    WorkView {
        step: step_name(item, place),
        done: format!("{ticked} of {}", checks.len()),
        checks,
        ahead,
        targets: if may_edit { targets(item, place, in_force) } else { Vec::new() },
        needs_reason: matches!(place, Place::At(..)),
        outcomes: (ItemState::Won.label(&item.subject), ItemState::Lost.label(&item.subject)),
        is_last: next.is_none() && matches!(place, Place::At(..) | Place::Plain),
        next,
        may_edit,
    }
}

/// The steps before it; every step of its subject where its own is gone.
fn targets(item: &Item, place: Place<'_>, in_force: Option<&InForce>) -> Vec<Choice> {
    let choice = |pipeline: &str, step: &crate::domain::pack::schema::PipelineStep, label: String| Choice {
        value: format!("{pipeline}/{}", step.id),
        label,
        selected: false,
    };
    match place {
        Place::Plain => Vec::new(),
        Place::At(pipeline, at) => pipeline.steps[..at]
            .iter()
            .rev()
            .map(|step| choice(&pipeline.id, step, step.name.to_string()))
            .collect(),
        Place::StepGone(_) | Place::Gone => {
            let all = pipelines(in_force).iter().filter(|pipeline| *pipeline.subject == *item.subject);
            all.flat_map(|pipeline| {
                pipeline
                    .steps
                    .iter()
                    .map(move |step| choice(&pipeline.id, step, format!("{}: {}", pipeline.name, step.name)))
            })
            .collect()
        }
    }
}

fn offer_view(item: &Item, in_force: Option<&InForce>) -> Option<OfferView> {
    let id = item.offer.as_deref()?;
    let Some(offer) = offer(in_force, id) else {
        return Some(OfferView {
            name: item.offer_name.clone(),
            kind: String::new(),
            text: String::new(),
            value_props: Vec::new(),
            price: String::new(),
            playbook: None,
            gone: true,
        });
    };
    let in_force = in_force?;
    let currency = in_force.file.pack.currency.as_deref().unwrap_or("USD");
    let playbook = offer.playbook.as_deref().and_then(|id| {
        let known = in_force.file.playbooks.iter().find(|playbook| *playbook.id == *id)?;
        let href = paths::with_query(&paths::playbook(id), &[("account", &item.external_id)]);
        Some((known.name.to_string(), href))
    });
    Some(OfferView {
        name: offer.name.to_string(),
        kind: capital(&noun(&offer.kind)),
        text: offer.text.as_ref().map_or_else(String::new, ToString::to_string),
        value_props: offer.value_props.iter().map(ToString::to_string).collect(),
        price: offer.price.as_ref().map_or_else(String::new, |it| price(it, currency)),
        playbook,
        gone: false,
    })
}

fn facts(
    item: &Item,
    alert: Option<String>,
    today: NaiveDate,
) -> Vec<(&'static str, String, Option<String>)> {
    let opened = format!("{}, by {}", format::date_near(item.opened_on, today), item.opened_by);
    let mut facts = vec![("Opened", opened, None)];
    let worth = amount(item);
    facts.insert(0, ("Amount", if worth.is_empty() { "not known yet".to_owned() } else { worth }, None));
    if let (Some(name), Some(id)) = (alert, item.alert_id) {
        facts.push(("Because of", name, Some(paths::alert(id))));
    }
    facts
}

fn move_view(moved: &Moved, subject: &str, today: NaiveDate) -> MoveView {
    let (from, to) = (&moved.from_step, &moved.to_step);
    let what = Move::parse(&moved.what);
    let at = |step: &str| if step.is_empty() { String::new() } else { format!(", at {step}") };
    MoveView {
        what: match what {
            Some(Move::Opened) => format!("Opened{}", at(to)),
            Some(Move::Advanced | Move::Moved) => format!("{from} → {to}"),
            Some(Move::Back) => format!("Back from {from} to {to}"),
            Some(Move::Won) => format!("{}{}", ItemState::Won.label(subject), at(from)),
            Some(Move::Lost) => format!("{}{}", ItemState::Lost.label(subject), at(from)),
            Some(Move::Reopened) => format!("Open again{}", at(to)),
            None => moved.what.clone(),
        },
        when: format!("{}, by {}", format::date_near(moved.on_day, today), moved.actor),
        missing: moved.missing.clone(),
        reason: moved.reason.clone(),
        tone: match what {
            Some(Move::Won) => Tone::Good,
            _ if moved.forced => Tone::Watch,
            _ => Tone::None,
        },
    }
}

fn typed(item: &Item, currency: &str) -> Typed {
    let of = |currency: &String| currency.parse().ok();
    let figure = item.amount_minor.zip(item.currency.as_ref().and_then(of));
    Typed {
        title: item.title.clone(),
        why: item.why.clone(),
        amount: figure
            .map_or_else(String::new, |(minor, currency)| Money::from_minor(minor, currency).figure()),
        currency: item.currency.clone().unwrap_or_else(|| currency.to_owned()),
        owner: match item.owner_id.filter(|_| item.owner_by_hand) {
            Some(owner) => owner.to_string(),
            None => String::new(),
        },
    }
}
