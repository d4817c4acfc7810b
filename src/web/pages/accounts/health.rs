//! `GET /accounts/{external_id}/health`: the score down to its last point.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use chrono::{Days, NaiveDate};

use super::head::AccountHead;
use super::load::{AsOf, Scored, Subject};
use super::reasons;
use crate::app::scoring::{Change, changes};
use crate::db;
use crate::db::scores::{Point, Score};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::pages::wording::whole;
use crate::web::respond::Page;
use crate::web::ui::charts::{BandRange, CurveDot, Flag, LineChart, Series, Waterfall};
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters, format};

/// Health, explained.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/health.html")]
pub struct AccountHealthPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// Said instead of everything while there is no score.
    pub empty: Option<EmptyState>,
    /// One sentence that a customer would understand.
    pub verdict: String,
    /// `TechCorp health score, version 3, as of 22 Nov 2026`.
    pub model: String,
    /// From 100 to the score.
    pub waterfall: Option<Waterfall>,
    /// Caps and vetoes in force: `Held at 69 (Yellow): usage fell by 31 % in 30 days`.
    pub caps: Vec<Notice>,
    /// The band worth reaching: `Green`; empty when it is there.
    pub goal: String,
    /// What it would take to get there, nearest first; empty when it is.
    pub path_up: Vec<PathUp>,
    /// Components with their measures, in the model's order.
    pub components: Vec<ComponentRow>,
    /// The score over time.
    pub score: Option<LineChart>,
    /// What changed it, newest first, with the signs of the chart's flags.
    pub changes: Vec<ScoreChange>,
}

/// One way up.
#[derive(Clone, Debug)]
pub struct PathUp {
    /// `Active users from 31 % to 48 %`.
    pub text: String,
    /// `+9.2`; empty where points are not the matter.
    pub gain: String,
    /// `alone enough` or `reaches 74 with those above`.
    pub note: String,
}

/// A component of the model.
#[derive(Clone, Debug)]
pub struct ComponentRow {
    /// Its name.
    pub name: String,
    /// Its share of the whole as the model asks: `30 %`.
    pub weight: String,
    /// Its own score: `54 of 100`.
    pub score: String,
    /// The tone of that.
    pub tone: Tone,
    /// What it gave of what it could: `16.2 of 30`.
    pub points: String,
    /// What lies below it.
    pub measures: Vec<MeasureRow>,
}

/// A measure.
#[derive(Clone, Debug)]
pub struct MeasureRow {
    /// Names the row in URLs.
    pub anchor: String,
    /// Its name.
    pub name: String,
    /// What is measured: its formula, or the name of its input.
    pub what: String,
    /// The reading: `31`, or `no data`.
    pub reading: String,
    /// Its unit.
    pub unit: String,
    /// `30 days to 21 Nov`.
    pub window: String,
    /// The curve with the account's dot.
    pub curve: CurveDot,
    /// The weight the model asks for: `10 %`.
    pub weight_asked: String,
    /// The weight it got after missing measures gave theirs away; the same text when nothing changed.
    pub weight_given: String,
    /// `+4.1`: points it gave to the hundred.
    pub gained: String,
    /// `−5.9`: points it cost, or `0`.
    pub lost: String,
    /// How bad that is.
    pub tone: Tone,
    /// `2 h ago`.
    pub fresh: String,
    /// `stale` or `no data`; `None` when all is well.
    pub mark: Option<String>,
    /// The series behind it, when there is one.
    pub href: Option<String>,
}

/// A day on which the score moved.
#[derive(Clone, Debug)]
pub struct ScoreChange {
    /// The flag's sign in the chart: `1`.
    pub sign: String,
    /// `13 Nov`.
    pub date: String,
    /// `82 → 71`.
    pub change: String,
    /// Its tone.
    pub tone: Tone,
    /// `logins −43 %, two urgent tickets`.
    pub why: String,
}

/// How far back the score is drawn.
const HISTORY_DAYS: u64 = 180;
/// A week that moved the score by this much is explained.
const MOVED: f64 = 4.0;
/// At most so many of them.
const MOST_CHANGES: usize = 5;

/// The page, of today or of a past day as it was computed then.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Query(as_of): Query<AsOf>,
) -> Result<Page<AccountHealthPage>> {
    let subject = Subject::load(&web, &member, &external_id, &as_of).await?;
    let mut page = AccountHealthPage {
        shell: subject.shell(&member, "health"),
        head: subject.head("health"),
        empty: None,
        verdict: String::new(),
        model: String::new(),
        waterfall: None,
        caps: Vec::new(),
        goal: String::new(),
        path_up: Vec::new(),
        components: Vec::new(),
        score: None,
        changes: Vec::new(),
    };
    let Some(scored) = subject.score.as_ref().filter(|scored| scored.explained.health.is_some()) else {
        page.empty = Some(no_score(&subject));
        return Ok(Page(page));
    };
    page.verdict = reasons::verdict(scored);
    page.model = model_line(scored);
    page.waterfall = reasons::waterfall(scored);
    page.caps = reasons::caps(scored);
    (page.goal, page.path_up) = reasons::path_up(scored);
    page.components = reasons::components(&subject, scored);
    let points = history(&web, &member, &subject).await?;
    let moves = moves(&points);
    page.changes = explained_moves(&web, &member, &subject, &moves).await?;
    page.score = Some(chart(&subject, scored, &points, &page.changes, &moves));
    Ok(Page(page))
}

/// What an account without a score says, and what to do.
pub fn no_score(subject: &Subject) -> EmptyState {
    if subject.words.in_force.is_none() {
        let text = "Accounts are scored as soon as a methodology is applied.";
        return EmptyState::new("gauge", "No methodology yet", text)
            .action("Methodology", "/settings/methodology");
    }
    let text = "A score needs at least one measure with data. Send events with this account's id as the \
                group, or import its metrics; the score follows within a minute.";
    EmptyState::new("activity", "Not enough data to score", text)
        .action("See what arrives", "/settings/sources")
        .action("Import metrics", "/settings/imports")
}

fn model_line(scored: &Scored) -> String {
    let health = &scored.in_force.methodology.health;
    let model = scored.explained.primary.map_or("", |at| &*health.models[at].name);
    format!(
        "{model} of {}, version {}, as of {}",
        scored.in_force.pack_name,
        scored.row.version,
        format::date(scored.row.day)
    )
}

/// The score of each of the last days that had one.
pub async fn history(web: &Web, member: &Member, subject: &Subject) -> Result<Vec<Point>> {
    let to = subject.score.as_ref().map_or(subject.day, |scored| scored.row.day);
    let from = to - Days::new(HISTORY_DAYS - 1);
    let mut tx = web.app.db.read(&member.scope).await?;
    Ok(db::scores::history(&mut tx, &[subject.account.id], from, to).await?)
}

/// The chart of a score over time, without flags.
pub fn plain_chart(scored: &Scored, points: &[Point]) -> LineChart {
    let days = days_of(points);
    let by_day: HashMap<NaiveDate, Option<f64>> = points.iter().map(|p| (p.day, p.score)).collect();
    let values = days.iter().map(|day| by_day.get(day).copied().flatten()).collect();
    let series = [Series { name: "Score".to_owned(), values }];
    LineChart::score("Health score", &days, &series, &band_ranges(scored))
}

/// Every day from the first point to the last: days without a score are gaps.
fn days_of(points: &[Point]) -> Vec<NaiveDate> {
    match (points.first(), points.last()) {
        (Some(first), Some(last)) => first.day.iter_days().take_while(|day| *day <= last.day).collect(),
        _ => Vec::new(),
    }
}

fn band_ranges(scored: &Scored) -> Vec<BandRange> {
    let mut to = 100.0;
    let bands = scored.in_force.methodology.health.bands.iter().enumerate();
    bands
        .map(|(at, band)| {
            let from = band.bound.map_or(0.0, crate::domain::health::Bound::figure);
            let range = BandRange {
                name: band.name.to_string(),
                tone: Tone::parse(scored.in_force.tone(at).word()),
                from,
                to,
            };
            to = from;
            range
        })
        .collect()
}

/// A stretch of about a week over which the score moved.
struct Move {
    from: NaiveDate,
    to: NaiveDate,
    before: f64,
    now: f64,
}

/// The weeks that moved the score most, newest first; they do not overlap.
fn moves(points: &[Point]) -> Vec<Move> {
    let known: Vec<(NaiveDate, f64)> = points.iter().filter_map(|p| Some((p.day, p.score?))).collect();
    let mut all: Vec<Move> = Vec::new();
    for (at, &(to, now)) in known.iter().enumerate() {
        let week = known[..at].iter().filter(|(day, _)| (1..=7).contains(&(to - *day).num_days()));
        let furthest = week.max_by(|a, b| (a.1 - now).abs().total_cmp(&(b.1 - now).abs()));
        if let Some(&(from, before)) = furthest.filter(|(_, before)| (before - now).abs() >= MOVED) {
            all.push(Move { from, to, before, now });
        }
    }
    all.sort_by(|a, b| (b.now - b.before).abs().total_cmp(&(a.now - a.before).abs()));
    let mut chosen: Vec<Move> = Vec::new();
    for one in all {
        let apart = |other: &Move| one.from >= other.to || one.to <= other.from;
        if chosen.len() < MOST_CHANGES && chosen.iter().all(apart) {
            chosen.push(one);
        }
    }
    chosen.sort_by_key(|one| std::cmp::Reverse(one.to));
    chosen
}

async fn explained_moves(
    web: &Web,
    member: &Member,
    subject: &Subject,
    moves: &[Move],
) -> Result<Vec<ScoreChange>> {
    let days: Vec<NaiveDate> = moves.iter().flat_map(|one| [one.from, one.to]).collect();
    let mut tx = web.app.db.read(&member.scope).await?;
    let rows = db::scores::primary_on_days(&mut tx, subject.account.id, &days).await?;
    drop(tx);
    let by_day: HashMap<NaiveDate, &Score> = rows.iter().map(|row| (row.day, row)).collect();
    let mut out = Vec::new();
    for (at, one) in moves.iter().enumerate() {
        let why = match (by_day.get(&one.from), by_day.get(&one.to)) {
            (Some(before), Some(now)) => cause(web, member, before, now).await?,
            _ => String::new(),
        };
        let (before, now) = (whole(one.before), whole(one.now));
        out.push(ScoreChange {
            sign: (at + 1).to_string(),
            date: format::date_near(one.to, subject.day),
            change: format!("{before} → {now}"),
            tone: if one.now > one.before { Tone::Good } else { Tone::Critical },
            why: format!("{why} (in {})", format::count((one.to - one.from).num_days(), "day")),
        });
    }
    Ok(out)
}

/// What moved the score between two stored days, the measures that pulled the same way first.
async fn cause(web: &Web, member: &Member, before: &Score, now: &Score) -> Result<String> {
    if before.version != now.version {
        return Ok(format!("the methodology changed from version {} to {}", before.version, now.version));
    }
    let Some(in_force) = web.app.methodology_version(&member.scope, now.version).await? else {
        return Ok(String::new());
    };
    let readings = |score: &Score| score.readings(&in_force.methodology);
    let (Some(was), Some(is)) = (readings(before), readings(now)) else { return Ok(String::new()) };
    let up = now.score > before.score;
    let pulled = changes(&in_force, &was, &is).into_iter().filter(|change| (change.points > 0.0) == up);
    let words: Vec<String> = pulled
        .take(3)
        .map(|change: Change| format!("{} ({})", change.words(), format::points(change.points)))
        .collect();
    Ok(if words.is_empty() { "many measures moved a little".to_owned() } else { words.join(", ") })
}

fn chart(
    subject: &Subject,
    scored: &Scored,
    points: &[Point],
    changes: &[ScoreChange],
    moves: &[Move],
) -> LineChart {
    let flags: Vec<Flag> = changes
        .iter()
        .zip(moves)
        .map(|(change, one)| Flag {
            day: one.to,
            sign: change.sign.clone(),
            text: format!("{}: {}, {}", format::date_near(one.to, subject.day), change.change, change.why),
        })
        .collect();
    plain_chart(scored, points).flags(&days_of(points), &flags)
}
