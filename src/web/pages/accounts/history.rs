//! The score over time: the line, and what changed it. The weeks that moved it most have numbers; M stands where the
//! methodology changed, H where a person set or released it, and a dot where the band changed.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};

use super::health::ScoreChange;
use super::load::{Scored, Subject};
use super::reasons::band_tone;
use crate::app::scoring::{Change, changes};
use crate::db;
use crate::db::scores::{Point, Score};
use crate::domain::health::Bound;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::ui::charts::{BandRange, Flag, LineChart, Series, Spot};
use crate::web::ui::{Tone, format};

/// How far back the score is drawn.
const HISTORY_DAYS: u64 = 180;
/// A week that moved the score by this much is explained.
const MOVED: f64 = 4.0;
/// At most so many of them, and of changes of the band.
const MOST_CHANGES: usize = 5;

/// The score of each of the last days that had one.
pub async fn points(web: &Web, member: &Member, subject: &Subject) -> Result<Vec<Point>> {
    let to = subject.score.as_ref().map_or(subject.day, |scored| scored.row.day);
    let from = to - Days::new(HISTORY_DAYS - 1);
    let mut tx = web.app.db.read(&member.scope).await?;
    Ok(db::scores::history(&mut tx, &[subject.account.id], from, to).await?)
}

/// The chart of a score over time, without marks.
pub fn plain_chart(scored: &Scored, points: &[Point]) -> LineChart {
    chart_of(scored, &days_of(points), points, None)
}

/// The chart with its marks and those of corrected days, and what its own stand for, newest first.
pub async fn explained(
    web: &Web,
    member: &Member,
    subject: &Subject,
    scored: &Scored,
    points: &[Point],
    corrected: Vec<Flag>,
) -> Result<(LineChart, Vec<ScoreChange>)> {
    let moves = moves(points);
    let mut marks = weeks(web, member, subject, &moves).await?;
    marks.extend(versions(points));
    marks.extend(by_hand(subject, points));
    let covered = |day: NaiveDate| moves.iter().any(|one| one.from < day && day <= one.to);
    let bands = band_changes(subject, points);
    let spots: Vec<Spot> = bands.iter().map(|(spot, _)| spot.clone()).collect();
    // A week that is explained says what the band became by itself.
    let apart = bands.into_iter().rev().filter(|(spot, _)| !covered(spot.day)).take(MOST_CHANGES);
    marks.extend(apart.map(|(_, mark)| mark));
    marks.sort_by(|a, b| b.day.cmp(&a.day).then_with(|| a.sign.cmp(&b.sign)));
    let days = days_of(points);
    let flags: Vec<Flag> = marks
        .iter()
        .filter(|mark| !mark.sign.is_empty())
        .map(|mark| Flag {
            day: mark.day,
            sign: mark.sign.clone(),
            text: format!("{}: {} {}", format::date_near(mark.day, subject.day), mark.change, mark.why),
        })
        .chain(corrected)
        .collect();
    let model = model_line(web, member, subject, points, &days).await?;
    let chart = chart_of(scored, &days, points, model).flags(&days, &flags).spots(&days, &spots);
    let row = |mark: Mark| ScoreChange {
        date: format::date_near(mark.day, subject.day),
        sign: mark.sign,
        change: mark.change,
        tone: mark.tone,
        why: mark.why,
    };
    Ok((chart, marks.into_iter().map(row).collect()))
}

/// Something that happened to the score.
struct Mark {
    day: NaiveDate,
    /// What the flag shows; a change of the band has none, but a dot on the line.
    sign: String,
    change: String,
    tone: Tone,
    why: String,
}

fn chart_of(scored: &Scored, days: &[NaiveDate], points: &[Point], model: Option<Series>) -> LineChart {
    let health = &scored.in_force.methodology.health;
    let by_day: HashMap<NaiveDate, Option<f64>> = points.iter().map(|p| (p.day, p.score)).collect();
    let values = days.iter().map(|day| by_day.get(day).copied().flatten().map(|s| health.shown(s))).collect();
    let mut series = vec![Series { name: "Score".to_owned(), values }];
    series.extend(model);
    LineChart::score("Health score", days, &series, &band_ranges(scored))
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
            let from = band.bound.map_or(0.0, Bound::figure);
            let tone = band_tone(scored, Some(at), false);
            let range = BandRange { name: band.name.to_string(), tone, from, to };
            to = from;
            range
        })
        .collect()
}

/// What the model said on the days on which a person had set the score; none when nobody did.
async fn model_line(
    web: &Web,
    member: &Member,
    subject: &Subject,
    points: &[Point],
    days: &[NaiveDate],
) -> Result<Option<Series>> {
    let set = |day: &NaiveDate| subject.set_on(*day).is_some_and(|set| set.score.is_some());
    let asked: Vec<NaiveDate> = points.iter().map(|point| point.day).filter(set).collect();
    if asked.is_empty() {
        return Ok(None);
    }
    let mut tx = web.app.db.read(&member.scope).await?;
    let rows = db::scores::primary_on_days(&mut tx, subject.account.id, &asked).await?;
    drop(tx);
    let mut said: HashMap<NaiveDate, f64> = HashMap::new();
    for row in rows {
        if let Some(then) = Scored::of(web, member, row).await? {
            let health = &then.in_force.methodology.health;
            said.extend(then.explained.computed.map(|score| (then.row.day, health.shown(score))));
        }
    }
    let values = days.iter().map(|day| said.get(day).copied()).collect();
    Ok(Some(Series { name: "What the model says".to_owned(), values }))
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
        let week = known[..at].iter().rev().take_while(|(day, _)| (to - *day).num_days() <= 7);
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

/// The weeks as numbered marks, each with its cause.
async fn weeks(web: &Web, member: &Member, subject: &Subject, moves: &[Move]) -> Result<Vec<Mark>> {
    let days: Vec<NaiveDate> = moves.iter().flat_map(|one| [one.from, one.to]).collect();
    let mut tx = web.app.db.read(&member.scope).await?;
    let rows = db::scores::primary_on_days(&mut tx, subject.account.id, &days).await?;
    drop(tx);
    let by_day: HashMap<NaiveDate, &Score> = rows.iter().map(|row| (row.day, row)).collect();
    let mut marks = Vec::new();
    for (at, one) in moves.iter().enumerate() {
        let why = match (by_day.get(&one.from), by_day.get(&one.to)) {
            (Some(before), Some(now)) if subject.set_on(one.from) == subject.set_on(one.to) => {
                cause(web, member, before, now).await?
            }
            (Some(_), Some(_)) => "somebody set or released it by hand".to_owned(),
            _ => String::new(),
        };
        let words = &subject.words;
        let bands = match (by_day.get(&one.from), by_day.get(&one.to)) {
            (Some(was), Some(is)) if was.band != is.band => {
                format!("{} → {}: ", words.band(was.band.as_deref()), words.band(is.band.as_deref()))
            }
            _ => String::new(),
        };
        marks.push(Mark {
            day: one.to,
            sign: (at + 1).to_string(),
            change: format!("{} → {}", words.shown(one.before), words.shown(one.now)),
            tone: if one.now > one.before { Tone::Good } else { Tone::Critical },
            why: format!("{bands}{why} (in {})", format::count((one.to - one.from).num_days(), "day")),
        });
    }
    Ok(marks)
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

/// Where a new version of the methodology began to score.
fn versions(points: &[Point]) -> Vec<Mark> {
    let changed = points.windows(2).filter(|pair| pair[0].version != pair[1].version);
    let mark = |pair: &[Point]| Mark {
        day: pair[1].day,
        sign: "M".to_owned(),
        change: format!("Version {}", pair[1].version),
        tone: Tone::None,
        why: "of the methodology scores from here on".to_owned(),
    };
    changed.map(mark).collect()
}

/// Where a person set or released the account.
fn by_hand(subject: &Subject, points: &[Point]) -> Vec<Mark> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let inside = |day: NaiveDate| (first.day..=last.day).contains(&day);
    let mut marks = Vec::new();
    for set in subject.overrides.iter().filter(|set| set.last_day().is_some()) {
        let what = subject.words.what_is_set(set.score, set.band.as_deref());
        if inside(set.set_on) {
            marks.push(Mark {
                day: set.set_on,
                sign: "H".to_owned(),
                change: format!("Set to {what}"),
                tone: Tone::None,
                why: format!("by {}: {}", set.set_by, set.reason),
            });
        }
        let ended = set.ended_on.filter(|day| inside(*day) && set.end_reason.as_deref() != Some("replaced"));
        marks.extend(ended.map(|day| Mark {
            day,
            sign: "H".to_owned(),
            change: "Released".to_owned(),
            tone: Tone::None,
            why: format!("{what}, set by {}, {}", set.set_by, super::overrides::how_it_ended(set)),
        }));
    }
    marks
}

/// Where the band changed, oldest first.
fn band_changes(subject: &Subject, points: &[Point]) -> Vec<(Spot, Mark)> {
    let changed = points.windows(2).filter(|pair| pair[0].band != pair[1].band);
    let mark = |pair: &[Point]| {
        let words = &subject.words;
        let (was, is) = (words.band(pair[0].band.as_deref()), words.band(pair[1].band.as_deref()));
        let tone = words.tone(pair[1].band.as_deref());
        let tone = if pair[1].stale && tone == Tone::Good { Tone::None } else { tone };
        let (day, value, change) = (pair[1].day, pair[1].score?, format!("{was} → {is}"));
        let why = format!("at {}", words.shown(value));
        let text = format!("{}: {change} {why}", format::date_near(day, subject.day));
        Some((Spot { day, value, tone, text }, Mark { day, sign: String::new(), change, tone, why }))
    };
    changed.filter_map(mark).collect()
}
