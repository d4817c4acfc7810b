//! `GET /accounts/{external_id}`: the overview.

use askama::Template;
use axum::extract::{Path, State};
use chrono::Days;
use serde_json::Value;

use super::contracts::{self, Milestone};
use super::head::AccountHead;
use super::load::{AsOf, Scored, Subject};
use super::reasons;
use super::work::{Coverage, Work};
use super::{health, history};
use crate::app::members::Role;
use crate::app::scoring::figure;
use crate::db;
use crate::db::alerts::{Alert, Which};
use crate::db::custom_fields::CustomField;
use crate::db::renewals::Step;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::pages::alerts::item::{self, AlertItem};
use crate::web::pages::crew::Crew;
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::charts::LineChart;
use crate::web::ui::{EmptyState, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// Why the score is what it is, in short; what comes next; who they are.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/show.html")]
pub struct AccountPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// One sentence: `Yellow at 61: adoption cost 22 points and support 9.`
    pub verdict: String,
    /// All of it.
    pub health_href: String,
    /// Contracts and milestones.
    pub contracts_href: String,
    /// The contacts.
    pub people_href: String,
    /// Open alerts, the gravest first.
    pub alerts: Vec<AlertItem>,
    /// Those that were closed lately: what, how, when, and its page.
    pub closed: Vec<(String, String, String)>,
    /// Its stage and what is missing: (stage, day, criteria met, unmet criteria).
    pub stage: Option<StageNow>,
    /// Stages, criteria, moments.
    pub lifecycle_href: String,
    /// Everything that happened.
    pub timeline_href: String,
    /// The dearest measures, dearest first.
    pub reasons: Vec<Reason>,
    /// The score over the last 180 days; `None` while there is no score.
    pub score: Option<LineChart>,
    /// Said instead of it.
    pub empty: Option<EmptyState>,
    /// Its open tasks and running plays.
    pub work: Option<Work>,
    /// What its segment is given, and who plays which role for it.
    pub coverage: Option<Coverage>,
    /// Milestones to come or passed lately, soonest first.
    pub next: Vec<Milestone>,
    /// Details: custom fields and traits, (name, value).
    pub details: Vec<(String, String)>,
    /// Up to four people, champions first: (name, title, whether champion).
    pub people: Vec<(String, String, bool)>,
    /// The latest kinds of event: (what, how often in 7 days, last).
    pub activity: Vec<(String, String, String)>,
}

/// Where it is in its lifecycle, in short.
#[derive(Clone, Debug)]
pub struct StageNow {
    /// `Adoption`.
    pub name: String,
    /// `2 of 4 criteria met`.
    pub met: String,
    /// Those that are not.
    pub unmet: Vec<String>,
    /// Overlays in force.
    pub overlays: Vec<String>,
}

/// What a measure cost.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The measure.
    pub name: String,
    /// `reads 31, last data yesterday`.
    pub reading: String,
    /// `−12.4`.
    pub cost: String,
    /// How bad.
    pub tone: Tone,
    /// Its row on the health page.
    pub href: String,
}

/// Measures named on the overview.
const REASONS: usize = 5;
/// Milestones that passed longer ago than this are left to the contracts page.
const LATELY: i64 = 14;
/// Alerts shown: open ones, and closed ones.
const OPEN_ALERTS: i64 = 20;
const CLOSED_ALERTS: i64 = 4;

/// The overview.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Query(as_of): Query<AsOf>,
) -> Result<Page<AccountPage>> {
    let subject = Subject::load(&web, &member, &external_id, &as_of).await?;
    let scored = subject.score.as_ref().filter(|scored| scored.explained.health.is_some());
    let chart = match scored {
        Some(scored) => {
            let points = history::points(&web, &member, &subject).await?;
            (points.len() > 1).then(|| history::plain_chart(scored, &points))
        }
        None => None,
    };
    let mut tx = web.app.db.read(&member.scope).await?;
    let contacts = db::contacts::of_account(&mut tx, subject.account.id).await?;
    let fields = db::custom_fields::list(&mut tx).await?;
    let of = |which| db::alerts::Filter { which, account: Some(subject.account.id), ..Default::default() };
    let (alerts, closed) = match subject.is_past() {
        true => (Vec::new(), Vec::new()),
        false => (
            db::alerts::list(&mut tx, &of(Which::Open), subject.day, 0, OPEN_ALERTS).await?,
            db::alerts::list(&mut tx, &of(Which::Closed), subject.day, 0, CLOSED_ALERTS).await?,
        ),
    };
    let week = subject.day - Days::new(6);
    let events = match subject.is_past() {
        true => Vec::new(),
        false => db::events::top_names(&mut tx, subject.account.id, week, 8).await?,
    };
    let (work, coverage) = match subject.is_past() {
        true => (None, None),
        false => {
            let crew = Crew::load(&mut tx).await?;
            let work = Work::load(&mut tx, &subject, &crew, &member).await?;
            (Some(work), Coverage::load(&mut tx, &subject, &crew, &member).await?)
        }
    };
    let steps = contracts::steps(&mut tx, &subject).await?;
    drop(tx);
    let now = subject.words.now;
    let activity = events.into_iter().map(|event| {
        let name = if event.name.is_empty() { "(no name)".to_owned() } else { event.name };
        (name, format::number(event.count), format::ago(event.last_at, now))
    });
    let here = contacts.iter().filter(|contact| contact.left_on.is_none_or(|day| day > subject.day));
    Ok(Page(AccountPage {
        alerts: alerts
            .iter()
            .map(|alert| {
                AlertItem::new(&subject.words, alert, member.may(Role::Csm), member.here()).of_account()
            })
            .collect(),
        closed: closed.iter().map(|alert| closed_line(&subject.words, alert)).collect(),
        stage: stage(&subject),
        lifecycle_href: subject.href("lifecycle"),
        timeline_href: subject.href("timeline"),
        shell: subject.shell(&member, ""),
        head: subject.head(""),
        verdict: scored.map_or_else(String::new, reasons::verdict),
        health_href: subject.href("health"),
        contracts_href: subject.href("contracts"),
        people_href: subject.href("people"),
        reasons: scored.map_or_else(Vec::new, |scored| dearest(&subject, scored)),
        score: chart,
        empty: scored.is_none().then(|| health::no_score(&subject)),
        work,
        coverage,
        next: next(&subject, &steps),
        details: details(&subject, &fields),
        people: here.take(4).map(|c| (c.name.clone(), c.title.clone(), c.champion)).collect(),
        activity: activity.collect(),
    }))
}

fn dearest(subject: &Subject, scored: &Scored) -> Vec<Reason> {
    let mut leaves: Vec<_> = reasons::leaves(scored).filter(|(.., score)| score.lost >= 1.0).collect();
    leaves.sort_by(|a, b| b.2.lost.total_cmp(&a.2.lost));
    let reason =
        |(_, node, score): (usize, &crate::domain::health::Node, &crate::domain::health::NodeScore)| {
            let read = reasons::reading(scored, node);
            let value = read.map_or_else(|| "no data".to_owned(), |read| figure(&read.value));
            let day = read.and_then(|read| read.date);
            let fresh = day.map_or_else(String::new, |day| {
                format!(", last data {}", format::days_from(day, subject.day))
            });
            Reason {
                name: node.name.to_string(),
                reading: format!("reads {value}{fresh}"),
                cost: format::points(-score.lost),
                tone: reasons::tone_of(scored, score),
                href: format!("{}#{}", subject.href("health"), reasons::anchor(node)),
            }
        };
    leaves.into_iter().take(REASONS).map(reason).collect()
}

fn closed_line(words: &Wording, alert: &Alert) -> (String, String, String) {
    let when = alert.closed_at.map_or_else(String::new, |at| format::ago(at, words.now));
    (alert.title.clone(), format!("{}, {when}", item::state(words, alert)), paths::alert(alert.id))
}

/// Where it is in its lifecycle; none before its first stage.
fn stage(subject: &Subject) -> Option<StageNow> {
    let evaluation = &subject.assessed.as_ref()?.evaluation;
    let met = evaluation.exit.iter().filter(|criterion| criterion.met).count();
    let met = match evaluation.exit.len() {
        0 => "no exit criteria".to_owned(),
        all => format!("{met} of {all} exit criteria met"),
    };
    Some(StageNow {
        name: subject.words.stage(evaluation.stage.as_deref()?),
        met,
        unmet: evaluation.exit.iter().filter(|c| !c.met).map(|c| c.name.to_string()).collect(),
        overlays: evaluation.overlays.iter().map(|id| subject.words.stage(id)).collect(),
    })
}

/// The milestones of an open renewal that are still of interest.
fn next(subject: &Subject, steps: &[Step]) -> Vec<Milestone> {
    let recent = |due: chrono::NaiveDate| (subject.day - due).num_days() <= LATELY;
    let mut milestones = contracts::milestones(subject, steps);
    milestones.retain(|one| one.tone == Tone::Risk || one.due.is_some_and(recent));
    milestones
}

/// Own fields by their labels, then what the product told besides.
fn details(subject: &Subject, fields: &[CustomField]) -> Vec<(String, String)> {
    let account = &subject.account;
    let standing = subject.assessed.as_ref().map(|assessed| &assessed.standing);
    let start = account.start_date.or(standing.and_then(|s| s.start));
    let mut out = Vec::new();
    out.extend(start.map(|day| ("Customer since".to_owned(), format::date(day))));
    out.extend(standing.and_then(|s| s.seats).map(|n| ("Seats".to_owned(), format::number(n))));
    let Value::Object(values) = &account.fields else { return out };
    let known = |name: &str| fields.iter().find(|field| field.name == *name);
    let labelled = values.iter().filter_map(|(name, value)| Some((known(name)?.label.clone(), text(value)?)));
    out.extend(labelled);
    let traits = values.iter().filter(|(name, _)| known(name).is_none());
    out.extend(traits.filter_map(|(name, value)| Some((name.replace('_', " "), text(value)?))));
    out
}

fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => format::decimal(number.as_f64()?, 2),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Null => return None,
        other => other.to_string(),
    })
}
