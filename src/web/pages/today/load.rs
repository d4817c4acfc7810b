//! What Today is made of: whose accounts, since when, what moved, what is due.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::show::Moved;
use crate::app::members::Role;
use crate::app::scoring::{Change, changes};
use crate::db;
use crate::db::accounts::Summary;
use crate::db::portfolio::Mover;
use crate::db::{Result as DbResult, TenantTx};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::ui::{Delta, format};

/// How far ahead renewals are shown.
pub const RENEWAL_DAYS: u64 = 120;
/// Data older than this is not fresh any more.
const FRESH: Duration = Duration::hours(26);
/// How long the time of the visit before stays the one that "since" is told from.
const VISIT_HOURS: i64 = 8;
/// Movers shown.
const MOST_MOVED: i64 = 8;

/// Whose accounts the page is about.
pub struct Whose {
    /// One member's; everyone's when none.
    pub owner: Option<Uuid>,
    /// `your 41 accounts`.
    pub text: String,
    /// What their ARR is called.
    pub arr_label: &'static str,
}

impl Whose {
    /// The list of these accounts with further parameters.
    pub fn list(&self, parameters: &[(&str, &str)]) -> String {
        let mine = if self.owner.is_some() { "me" } else { "" };
        let all: Vec<(&str, &str)> = [("csm", mine)].into_iter().chain(parameters.iter().copied()).collect();
        paths::with_query(paths::ACCOUNTS, &all)
    }
}

/// A CSM sees their own accounts, who has none and everyone above or beside sees all.
pub async fn whose(
    tx: &mut TenantTx,
    member: &Member,
    today: NaiveDate,
    until: NaiveDate,
) -> DbResult<(Whose, Summary)> {
    if member.role == Role::Csm {
        let me = Some(member.membership.member_id);
        let summary = db::accounts::summary(tx, me, today, until).await?;
        if summary.accounts > 0 {
            let text = match summary.accounts {
                1 => "your account".to_owned(),
                n => format!("your {}", format::count(n, "account")),
            };
            return Ok((Whose { owner: me, text, arr_label: "ARR in your care" }, summary));
        }
    }
    let summary = db::accounts::summary(tx, None, today, until).await?;
    let text = format!("all {}", format::count(summary.accounts, "account"));
    Ok((Whose { owner: None, text, arr_label: "ARR" }, summary))
}

/// When the member was here before this visit, and the cookie that keeps that for the rest of the visit: without
/// it, opening the page twice would make "since" mean a minute ago.
pub async fn visit(
    web: &Web,
    member: &Member,
    headers: &HeaderMap,
) -> Result<(Option<DateTime<Utc>>, Option<String>)> {
    let name = format!("since_{}", member.membership.tenant_slug);
    let kept = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(&name)?.strip_prefix('=')?.parse::<i64>().ok())
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .filter(|at| *at <= web.app.clock.now());
    let before = web.app.seen(&member.scope, member.membership.member_id).await?;
    if let Some(at) = kept {
        return Ok((Some(at).filter(|at| at.timestamp() > 0), None));
    }
    // A first visit is remembered as the beginning of time.
    let (at, age) = (before.map_or(0, |at| at.timestamp()), VISIT_HOURS * 3_600);
    Ok((before, Some(format!("{name}={at}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax"))))
}

/// `Friday, 18:04`, `yesterday`; empty when a first visit looks at the week.
pub fn since_text(member: &Member, words: &Wording, since: Option<DateTime<Utc>>) -> String {
    let Some(since) = since else { return String::new() };
    let local = since.with_timezone(&member.scope.time_zone());
    match (words.today - local.date_naive()).num_days() {
        0 => "yesterday".to_owned(),
        1..=6 => local.format("%A, %H:%M").to_string(),
        _ => format::date_near(local.date_naive(), words.today),
    }
}

/// The accounts whose score moved since the last visit (at least since yesterday), largest ARR first.
pub async fn moved(
    web: &Web,
    member: &Member,
    words: &Wording,
    owner: Option<Uuid>,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<Moved>> {
    let yesterday = words.today - Days::new(1);
    let from = since.map_or(words.today - Days::new(7), |at| member.scope.day_of(at).min(yesterday));
    let mut tx = web.app.db.read(&member.scope).await?;
    let today = db::portfolio::scored_day(&mut tx, words.today).await?;
    let before = db::portfolio::scored_day(&mut tx, from).await?;
    let (Some(today), Some(before)) = (today, before) else { return Ok(Vec::new()) };
    let mut movers = db::portfolio::movers(&mut tx, today, before, owner, MOST_MOVED).await?;
    drop(tx);
    movers.sort_by_key(|mover| std::cmp::Reverse(mover.arr_base_minor));
    movers.truncate(MOST_MOVED as usize);
    let period = format::count((today - before).num_days(), "day");
    Ok(movers.iter().map(|mover| told(words, mover, &period)).collect())
}

fn told(words: &Wording, mover: &Mover, period: &str) -> Moved {
    let (now, before) = (mover.score.unwrap_or_default(), mover.score_before.unwrap_or_default());
    let bands = match (&mover.band_before, &mover.band) {
        (Some(was), Some(is)) if was != is => Some(format!("{} → {}", words.band(&**was), words.band(&**is))),
        _ => None,
    };
    let cause = words.in_force.as_deref().filter(|m| m.version == mover.version);
    let cause = cause.and_then(|in_force| {
        let (was, is) = mover.readings(&in_force.methodology)?;
        let down = now < before;
        changes(in_force, &was, &is).iter().find(|change| (change.points < 0.0) == down).map(Change::words)
    });
    let why: Vec<String> = bands.into_iter().chain(cause).collect();
    Moved {
        name: mover.name.clone(),
        href: paths::account_tab(&mover.external_id, "health"),
        delta: Delta::points(words.shown(now) - words.shown(before), period),
        why: why.join(": "),
        arr: mover
            .arr_base_minor
            .map_or_else(String::new, |minor| format::money_short(minor, &words.currency)),
    }
}

/// Whether messages and scores are of the last day.
pub fn is_fresh(words: &Wording, last_message: Option<DateTime<Utc>>, summary: &Summary) -> bool {
    let recent = |at: Option<DateTime<Utc>>| at.is_some_and(|at| words.now - at <= FRESH);
    recent(last_message) && recent(summary.computed_at)
}

/// `Last event 2 min ago · scores of 03:00`.
pub fn freshness(
    words: &Wording,
    zone: Tz,
    last_message: Option<DateTime<Utc>>,
    summary: &Summary,
) -> String {
    let events = match last_message {
        Some(at) => format!("Last event {}", format::ago(at, words.now)),
        None => "No event yet".to_owned(),
    };
    let scores = match summary.computed_at.map(|at| at.with_timezone(&zone)) {
        Some(at) if at.date_naive() == words.today => format!("scores of {}", at.format("%H:%M")),
        Some(at) => format!("scores of {}", format::date_near(at.date_naive(), words.today)),
        None => "no scores yet".to_owned(),
    };
    format!("{events} · {scores}")
}
