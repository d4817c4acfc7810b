//! `GET /support/tickets/{id}`: a ticket, its clocks and why they stand so, and what can be done.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::words::{
    ClockView, answer, level, moment, period, resolution, severity, severity_tone, status, worked,
};
use crate::app::Error;
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::db;
use crate::db::tickets::{Filter, Listed, Stay, Terms, Whole};
use crate::db::timeline::Entered;
use crate::domain::sla::Level;
use crate::domain::ticket::{Status, Step};
use crate::domain::timeline::Kind;
use crate::web::error::Result;
use crate::web::extract::{Id, Member};
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// One ticket.
#[derive(Clone, Debug, Template)]
#[template(path = "support/show.html")]
pub struct TicketPage {
    /// The frame.
    pub shell: Shell,
    /// What it is about.
    pub subject: String,
    /// Its id in the support tool.
    pub external_id: String,
    /// Its account and the account's Support tab.
    pub account: (String, String),
    /// The account's segment.
    pub segment: String,
    /// `High`, and how grave.
    pub severity: (String, Tone),
    /// `Open`, and its tone.
    pub status: (String, Tone),
    /// Requester, channel, opened, satisfaction: label and value.
    pub facts: Vec<(String, String)>,
    /// Who works on it.
    pub assignee: Option<Avatar>,
    /// The clocks that count now.
    pub clocks: Vec<ExplainedClock>,
    /// Its way, oldest first.
    pub steps: Vec<StepView>,
    /// What the level may decide, and when to go on to the next.
    pub guidance: Guidance,
    /// What the member may do.
    pub acts: Option<Acts>,
}

/// A clock with its reasons.
#[derive(Clone, Debug)]
pub struct ExplainedClock {
    /// `Answer at level 1`.
    pub name: String,
    /// The clock.
    pub clock: ClockView,
    /// Why it is due then.
    pub why: String,
    /// The policy's condition, as the methodology writes it; may be empty.
    pub condition: String,
}

/// A step of the ticket's way.
#[derive(Clone, Debug)]
pub struct StepView {
    /// When: `Mon 8 Mar 09:00`.
    pub at: String,
    /// `Escalated to level 2`.
    pub what: String,
    /// Who, and why.
    pub note: String,
    /// How it went.
    pub tone: Tone,
}

/// What the methodology says of the level.
#[derive(Clone, Debug, Default)]
pub struct Guidance {
    /// The level and its role: `Level 1 Success manager`.
    pub level: String,
    /// Who works there; `Nobody yet` shown where it is empty.
    pub holder: String,
    /// The role's name.
    pub role: String,
    /// What it may decide.
    pub authority: Vec<String>,
    /// What sends tickets to the next level.
    pub triggers: Vec<String>,
}

/// What can be done.
#[derive(Clone, Debug)]
pub struct Acts {
    /// Whether an answer can still be noted.
    pub answer: bool,
    /// The levels above: number, name, and the role that nobody holds there.
    pub levels: Vec<(i32, String, Option<String>)>,
    /// Whether it can be resolved; it can be taken up again otherwise.
    pub resolve: bool,
    /// The ticket's page, below which the actions are.
    pub action: String,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Page<TicketPage>> {
    let words = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let whole = db::tickets::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let filter = Filter { id: Some(id), ..Filter::default() };
    let listed = db::tickets::list(&mut tx, &filter, 0, 1).await?.pop().ok_or(Error::NotFound)?;
    let entries = db::timeline::about(&mut tx, &[id], 1_000).await?;
    let roles = roles(words.in_force.as_deref());
    let vacant = db::roles::vacant(&mut tx, &roles, whole.ticket.account_id).await?;
    drop(tx);
    let was_resolved = entries.iter().filter(|entry| entry.kind == Kind::TicketResolved.word());
    let resolved: Vec<DateTime<Utc>> = was_resolved.map(|entry| entry.at).collect();
    let was_returned = entries.iter().filter(|entry| entry.kind == Kind::TicketReturned.word());
    let returned: Vec<&Entered> = was_returned.collect();
    let (now, zone) = (words.now, member.scope.time_zone());
    let in_force = words.in_force.clone();
    let in_force = in_force.as_deref();
    let ticket = &whole.ticket;
    let is_resolved = ticket.resolved_at.is_some();
    Ok(Page(TicketPage {
        shell: member.shell(Room::Support),
        subject: ticket.subject.clone(),
        external_id: ticket.external_id.clone(),
        account: (listed.account_name.clone(), paths::account_tab(&listed.account, "support")),
        segment: words.segment(listed.segment.as_deref()),
        severity: (severity(&ticket.severity).to_owned(), severity_tone(&ticket.severity)),
        status: (status(&ticket.status).to_owned(), if is_resolved { Tone::Good } else { Tone::None }),
        facts: facts(&whole, now, zone),
        assignee: listed.assignee.as_deref().map(Avatar::new),
        clocks: clocks(&whole, in_force, now, zone),
        steps: steps(&whole, &resolved, &returned, in_force, now, zone),
        guidance: guidance(&listed, &words),
        acts: member.may(Role::Csm).then(|| acts(&whole, &words, &vacant)),
    }))
}

fn facts(whole: &Whole, now: DateTime<Utc>, zone: Tz) -> Vec<(String, String)> {
    let ticket = &whole.ticket;
    let csat = ticket.csat.map(|csat| format!("{csat} of 5")).unwrap_or_default();
    let opened = format!("{}, {}", moment(ticket.opened_at, now, zone), format::ago(ticket.opened_at, now));
    [
        ("Opened", opened),
        ("Requester", ticket.requester.clone()),
        ("Channel", ticket.channel.clone()),
        ("Satisfaction", csat),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(label, value)| (label.to_owned(), value))
    .collect()
}

fn clocks(whole: &Whole, in_force: Option<&InForce>, now: DateTime<Utc>, zone: Tz) -> Vec<ExplainedClock> {
    let Some(stay) = whole.stays.last() else { return Vec::new() };
    let Some(terms) = &stay.terms else { return Vec::new() };
    let resolved = resolution(&whole.ticket, now, zone);
    let began = whole.ticket.reopened_at.unwrap_or(whole.ticket.opened_at);
    let mut clocks = Vec::new();
    let ends = whole.stays.iter().skip(1).map(|next| next.at).chain([now]);
    for (at, (stay, end)) in whole.stays.iter().zip(ends).enumerate() {
        let is_last = at + 1 == whole.stays.len();
        let (Some(terms), Some(due)) = (&stay.terms, stay.response_due) else { continue };
        // Of a level that was left only what became of its clock is of interest: answered, or broken.
        if is_last || stay.answered_at.is_some() || stay.response_breached {
            clocks.push(ExplainedClock {
                name: format!("Answer at level {}", stay.level),
                clock: answer(stay, end, zone),
                why: why(terms, &terms.response, stay.at, due, &reached(stay), in_force, now, zone),
                condition: terms.when.clone(),
            });
        }
    }
    if let (Some(due), Some(time)) = (whole.ticket.resolution_due, &terms.resolution) {
        let from = if whole.ticket.reopened_at.is_some() { "was taken up again" } else { "was opened" };
        clocks.push(ExplainedClock {
            name: "Resolution".to_owned(),
            clock: resolved,
            why: why(terms, time, began, due, from, in_force, now, zone),
            condition: terms.when.clone(),
        });
    }
    clocks
}

fn reached(stay: &Stay) -> String {
    match Step::parse(&stay.step) {
        Some(Step::Escalated | Step::Lowered) => format!("reached level {}", stay.level),
        Some(Step::Reopened) => "was taken up again".to_owned(),
        Some(Step::Opened) | None => "was opened".to_owned(),
    }
}

/// `Due Mon 8 Mar 16:00: 4 h after it was opened (today 12:00), around the clock.`
#[expect(clippy::too_many_arguments, reason = "one sentence, from everything a due time follows from")]
fn why(
    terms: &Terms,
    time: &str,
    began: DateTime<Utc>,
    due: DateTime<Utc>,
    from: &str,
    in_force: Option<&InForce>,
    now: DateTime<Utc>,
    zone: Tz,
) -> String {
    let policy = if terms.name.is_empty() { String::new() } else { format!(" Policy: {}.", terms.name) };
    let hours = terms
        .calendar
        .as_deref()
        .and_then(|id| in_force?.methodology.sla.calendars.iter().find(|hours| *hours.id == *id));
    let by = match (terms.calendar.as_deref(), hours) {
        (None, _) => "around the clock".to_owned(),
        (Some(id), Some(hours)) => format!("counting only the hours of {id} ({}, {zone})", worked(hours)),
        (Some(id), None) => format!("counting only the hours of {id}"),
    };
    format!(
        "Due {}: {} after it {from} ({}), {by}.{policy}",
        moment(due, now, zone),
        period(time),
        moment(began, now, zone)
    )
}

/// What happened, oldest first; `resolved` are the moments at which it was resolved, also those taken back since, and
/// `returned` the escalations that were taken back.
fn steps(
    whole: &Whole,
    resolved: &[DateTime<Utc>],
    returned: &[&Entered],
    in_force: Option<&InForce>,
    now: DateTime<Utc>,
    zone: Tz,
) -> Vec<StepView> {
    let mut steps: Vec<(DateTime<Utc>, StepView)> = Vec::new();
    let taken_back = resolved.iter().filter(|at| Some(**at) != whole.ticket.resolved_at);
    for at in taken_back.copied() {
        let (what, note) = ("Resolved".to_owned(), String::new());
        steps.push((at, StepView { at: moment(at, now, zone), what, note, tone: Tone::None }));
    }
    for entry in returned {
        let (what, note) =
            (Kind::TicketReturned.label().to_owned(), format!("by {}: {}", entry.actor, entry.body));
        steps.push((entry.at, StepView { at: moment(entry.at, now, zone), what, note, tone: Tone::None }));
    }
    for stay in &whole.stays {
        let name = level(stay.level, in_force);
        let what = match Step::parse(&stay.step) {
            Some(Step::Escalated) => format!("Escalated to level {name}"),
            Some(Step::Lowered) => format!("Back to level {name}"),
            Some(Step::Reopened) => format!("Opened again at level {name}"),
            Some(Step::Opened) | None => format!("Opened at level {name}"),
        };
        let by = format!("by {}", stay.actor);
        let note = if stay.reason.is_empty() { by } else { format!("{by}: {}", stay.reason) };
        steps.push((stay.at, StepView { at: moment(stay.at, now, zone), what, note, tone: Tone::None }));
        let answered =
            stay.answered_at.filter(|at| Some(*at) != whole.ticket.resolved_at && !resolved.contains(at));
        if let Some(at) = answered {
            let clock = answer(stay, now, zone);
            let note = if clock.there { format!("{}, {}", clock.left, clock.note) } else { String::new() };
            let tone = if clock.there { clock.tone } else { Tone::None };
            steps.push((at, StepView { at: moment(at, now, zone), what: "Answered".to_owned(), note, tone }));
        }
    }
    if let Some(at) = whole.ticket.resolved_at {
        let clock = resolution(&whole.ticket, now, zone);
        let note = if clock.there { format!("{}, {}", clock.left, clock.note) } else { String::new() };
        let tone = if clock.there { clock.tone } else { Tone::Good };
        steps.push((at, StepView { at: moment(at, now, zone), what: "Resolved".to_owned(), note, tone }));
    }
    steps.sort_by_key(|(at, _)| *at);
    steps.into_iter().map(|(_, step)| step).collect()
}

fn guidance(listed: &Listed, words: &Wording) -> Guidance {
    let (stay, in_force) = (&listed.stay, words.in_force.as_deref());
    let levels = in_force.and_then(|m| m.file.sla.as_ref()).map(|sla| &sla.levels);
    let found = levels.and_then(|levels| levels.iter().find(|level| level.id == i64::from(stay.level)));
    let texts = |list: &[_]| list.iter().map(ToString::to_string).collect();
    Guidance {
        level: format!("Level {}", level(stay.level, in_force)),
        holder: listed.holder.clone().unwrap_or_default(),
        role: words.role(&stay.role),
        authority: found.map(|level| texts(&level.authority)).unwrap_or_default(),
        triggers: found.map(|level| texts(&level.triggers)).unwrap_or_default(),
    }
}

/// The roles that work at the levels.
fn roles(in_force: Option<&InForce>) -> Vec<String> {
    let levels = in_force.iter().flat_map(|m| &m.methodology.sla.levels);
    levels.map(|level| level.role.to_string()).filter(|role| !role.is_empty()).collect()
}

fn acts(whole: &Whole, words: &Wording, vacant: &[String]) -> Acts {
    let in_force = words.in_force.as_deref();
    let resolved = Status::parse(&whole.ticket.status) == Some(Status::Resolved);
    let last = whole.stays.last();
    let from = last.map_or(0, |stay| i64::from(stay.level));
    let above = in_force.iter().flat_map(|m| &m.methodology.sla.levels).filter(|one| one.id > from);
    let level = |one: &Level| {
        let number = i32::try_from(one.id).ok()?;
        let nobody = vacant.iter().find(|role| **role == *one.role).map(|role| words.role(role));
        Some((number, level(number, in_force), nobody))
    };
    let mut levels: Vec<_> = above.filter_map(level).collect();
    levels.sort_unstable();
    Acts {
        answer: !resolved && last.is_some_and(|stay| stay.answered_at.is_none()),
        levels: if resolved { Vec::new() } else { levels },
        resolve: !resolved,
        action: paths::ticket(whole.ticket.id),
    }
}
