//! `GET /renewals/{id}`: one renewal: milestones, strategy and why, forecast, contracts, and what became of it.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;

use super::change::{CloseForm, ForecastForm};
use super::forms::{CloseView, ForecastView, Outcome, close_view, forecast_view, outcome};
use super::load::{printed, steps, tone_of_outcome};
use crate::app::Error;
use crate::app::members::Role;
use crate::db;
use crate::db::renewals::{Linked, Listed, Step, StrategyChange};
use crate::domain::forecast::{Category, Kind};
use crate::web::error::Result;
use crate::web::extract::{Id, Member};
use crate::web::pages::accounts::contracts::{Milestone, milestone, worked};
use crate::web::pages::crew::Crew;
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, HealthBadge, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// One renewal.
#[derive(Clone, Debug, Template)]
#[template(path = "renewals/show.html")]
pub struct RenewalPage {
    /// The frame.
    pub shell: Shell,
    /// The account's name.
    pub name: String,
    /// Its contracts and renewals.
    pub account_href: String,
    /// Its score.
    pub health: HealthBadge,
    /// `1 Jun 2027`.
    pub date: String,
    /// `Open`, `Lapsed`, `Expanded`.
    pub state: String,
    /// How the state is shown.
    pub state_tone: Tone,
    /// Who looks after it.
    pub csm: Option<Avatar>,
    /// ARR, days, forecast, likelihood.
    pub stats: Vec<StatTile>,
    /// Soonest first.
    pub milestones: Vec<Stage>,
    /// The way to approach it.
    pub strategy: Strategy,
    /// What it is about.
    pub contracts: Vec<Contract>,
    /// To say what to expect; `None` for who may not, and once it is closed.
    pub forecast: Option<ForecastView>,
    /// `Casey, 3 May 2027: “…”`; empty where nobody has said anything.
    pub forecast_said: String,
    /// To close it; `None` for who may not, and once it is closed.
    pub close: Option<CloseView>,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// A milestone with what belongs to it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The day and how it stands.
    pub milestone: Milestone,
    /// Its task; none while it is only planned.
    pub href: Option<String>,
    /// Who does it.
    pub owner: Option<Avatar>,
    /// `nobody plays Renewal manager`; empty where somebody does it, or where it is over.
    pub nobody: String,
    /// `4 steps, 1 deliverable`; empty for none.
    pub summary: String,
    /// What is to be done.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// Whether they are shown at once: those of the next one to be done.
    pub unfolded: bool,
}

/// The strategy and how it came.
#[derive(Clone, Debug)]
pub struct Strategy {
    /// Its name; empty without one.
    pub name: String,
    /// What to do.
    pub approach: String,
    /// What may be offered.
    pub incentive: String,
    /// Newest first: day, from, to, why.
    pub log: Vec<(String, String, String, String)>,
}

/// A contract of the renewal.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Its identity at the tenant.
    pub reference: String,
    /// `1 Jun 2026`.
    pub start: String,
    /// `12 months, renews itself`.
    pub term: String,
    /// ARR up for renewal.
    pub arr: String,
    /// ARR afterwards; empty while it is open.
    pub after: String,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Page<RenewalPage>> {
    Ok(Page(page(&web, &member, id, None, None).await?))
}

/// The page, with forms as they were sent where they were refused.
pub(super) async fn page(
    web: &Web,
    member: &Member,
    id: uuid::Uuid,
    forecast: Option<ForecastForm>,
    close: Option<CloseForm>,
) -> Result<RenewalPage> {
    let today = web.app.clock.today(member.scope.time_zone());
    let names = Wording::of(web, member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let listed = db::renewals::by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let account = db::accounts::find(&mut tx, &listed.external_id).await?.ok_or(Error::NotFound)?;
    let linked = db::renewals::linked(&mut tx, &[id]).await?;
    let log = db::renewals::strategies(&mut tx, id).await?;
    let tasks = db::renewals::steps(&mut tx, listed.renewal.account_id, listed.renewal.renews_on).await?;
    let crew = Crew::load(&mut tx).await?;
    drop(tx);
    let renewal = &listed.renewal;
    let may = member.may(Role::Csm);
    let is_open = renewal.outcome.is_none();
    let planned = steps(&names, renewal.timeline.as_deref(), renewal.renews_on, Some(renewal.opened_on));
    let (state, state_tone) = state(&listed, today);
    Ok(RenewalPage {
        shell: member.shell(Room::Renewals),
        name: listed.name.clone(),
        account_href: paths::account_tab(&listed.external_id, "contracts"),
        health: names.badge_with_trend(&account),
        date: format::date(renewal.renews_on),
        state,
        state_tone,
        csm: listed.owner_name.as_deref().map(Avatar::new),
        stats: stats(&listed, &names, today),
        milestones: if tasks.is_empty() {
            planned.iter().map(|step| planned_only(milestone(step, renewal.renews_on, today))).collect()
        } else {
            let next = tasks.iter().find(|step| step.state == "open").map(|step| step.id);
            tasks.iter().map(|step| stage(step, next, &crew, renewal.renews_on, today)).collect()
        },
        strategy: strategy(&listed, &names, &log, today),
        contracts: linked.iter().map(|link| contract(link, today)).collect(),
        forecast: (may && is_open).then(|| forecast_view(&listed, forecast)),
        forecast_said: said(&listed, today),
        close: (may && is_open).then(|| close_view(&listed, &linked, today, close)),
        outcome: outcome(&listed, today, may),
    })
}

fn planned_only(milestone: Milestone) -> Stage {
    let (summary, nobody) = (String::new(), String::new());
    let (details, deliverables) = (Vec::new(), Vec::new());
    Stage { milestone, href: None, owner: None, nobody, summary, details, deliverables, unfolded: false }
}

fn stage(
    step: &Step,
    next: Option<uuid::Uuid>,
    crew: &Crew,
    renews_on: NaiveDate,
    today: NaiveDate,
) -> Stage {
    let count =
        |list: &[String], name: &str| (!list.is_empty()).then(|| format::count(list.len() as i64, name));
    let parts = [count(&step.details, "step"), count(&step.deliverables, "deliverable")];
    let owner = crew.avatar(step.owner_id);
    let nobody = match step.role.as_deref() {
        _ if owner.is_some() || step.state != "open" => String::new(),
        Some(role) => format!("nobody plays {}", crew.role(role)),
        None => "nobody".to_owned(),
    };
    Stage {
        milestone: worked(step, renews_on, today),
        href: Some(paths::task(step.id)),
        owner,
        nobody,
        summary: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        details: step.details.clone(),
        deliverables: step.deliverables.clone(),
        unfolded: next == Some(step.id),
    }
}

fn state(listed: &Listed, today: NaiveDate) -> (String, Tone) {
    match listed.renewal.outcome.as_deref().and_then(Kind::parse) {
        Some(kind) => (kind.label().to_owned(), tone_of_outcome(kind)),
        None if listed.renewal.has_lapsed(today) => ("Lapsed".to_owned(), Tone::Critical),
        None => ("Open".to_owned(), Tone::None),
    }
}

fn stats(listed: &Listed, names: &Wording, today: NaiveDate) -> Vec<StatTile> {
    let renewal = &listed.renewal;
    let opened = format!("open since {}", format::date_near(renewal.opened_on, today));
    let mut tiles = vec![
        StatTile::new(
            "ARR up for renewal",
            printed(&listed.amounts()),
            &names.segment(listed.segment.as_deref()),
        ),
        StatTile::new(
            "Renews",
            format::date(renewal.renews_on),
            &format::days_from(renewal.renews_on, today),
        ),
    ];
    let category = renewal.forecast.as_deref().and_then(Category::parse);
    if renewal.outcome.is_some() {
        // What was expected, not what is.
        if let Some(category) = category {
            let by = renewal.forecast_by.as_deref().unwrap_or_default();
            tiles.push(StatTile::new("Last forecast", category.label(), &format!("said by {by}")));
        }
        return tiles;
    }
    let likelihood = renewal.likelihood_said();
    let suggested =
        Category::suggested(likelihood.map(|(n, _)| n), names.at_risk(listed.band.as_deref())).label();
    tiles.push(match category {
        Some(category) => {
            let by = renewal.forecast_by.as_deref().unwrap_or_default();
            StatTile::new("Forecast", category.label(), &format!("said by {by}"))
        }
        None => StatTile::new("Forecast", suggested, "suggested: nobody has said anything yet"),
    });
    let (value, note) = match likelihood {
        Some((percent, None)) => (format!("{percent}\u{2009}%"), "by hand".to_owned()),
        Some((percent, Some(version))) => {
            (format!("{percent}\u{2009}%"), format!("backtest of version {version}"))
        }
        None => ("\u{2013}".to_owned(), "no backtest, and nobody has said anything".to_owned()),
    };
    tiles.push(StatTile::new("Likelihood", value, &note));
    tiles[1] = StatTile::new(
        "Renews",
        format::date(renewal.renews_on),
        &format!("{}, {opened}", format::days_from(renewal.renews_on, today)),
    );
    tiles
}

fn strategy(listed: &Listed, names: &Wording, log: &[StrategyChange], today: NaiveDate) -> Strategy {
    let id = listed.renewal.strategy.as_deref();
    let written = names.in_force.iter().flat_map(|in_force| in_force.file.renewals.iter());
    let written = written.flat_map(|timeline| timeline.strategies.iter()).find(|s| Some(&*s.id) == id);
    let text = |text: Option<String>| text.unwrap_or_default();
    let name = |id: &Option<String>| match id {
        Some(id) => names.strategy(id.as_str()),
        None => "none".to_owned(),
    };
    Strategy {
        name: names.strategy(id),
        approach: text(written.and_then(|s| s.approach.as_deref()).map(str::to_owned)),
        incentive: text(written.and_then(|s| s.incentive.as_deref()).map(str::to_owned)),
        log: log
            .iter()
            .map(|line| {
                let day = format::date_near(line.day, today);
                (day, name(&line.from_strategy), name(&line.to_strategy), line.why.clone())
            })
            .collect(),
    }
}

fn contract(link: &Linked, today: NaiveDate) -> Contract {
    let term = match (link.term_months, link.end_date) {
        (Some(months), None) => format!("{}, renews itself", format::count(months.into(), "month")),
        (_, Some(end)) => format!("until {}", format::date_near(end, today)),
        (None, None) => String::new(),
    };
    Contract {
        reference: link.external_id.clone(),
        start: format::date(link.start_date),
        term,
        arr: format::money(link.arr_minor, &link.currency),
        after: link.after_minor.map_or_else(String::new, |minor| match minor {
            0 => "ended".to_owned(),
            minor => format::money(minor, &link.currency),
        }),
    }
}

fn said(listed: &Listed, today: NaiveDate) -> String {
    let renewal = &listed.renewal;
    let Some(by) = &renewal.forecast_by else { return String::new() };
    let on = renewal
        .forecast_at
        .map_or_else(String::new, |at| format!(", {}", format::date_near(at.date_naive(), today)));
    let note = if renewal.forecast_note.is_empty() {
        String::new()
    } else {
        format!(": “{}”", renewal.forecast_note)
    };
    format!("{by}{on}{note}")
}
