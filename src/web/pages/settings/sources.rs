//! `/settings/sources`: what each key sent, and what became of it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use uuid::Uuid;

use super::{SettingsNav, SettingsRoom};
use crate::db::api_keys::{self, ApiKey};
use crate::db::sources::{self, SourceDay};
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::respond::Page;
use crate::web::ui::charts::CountBars;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// Days looked back.
const DAYS: i64 = 30;
/// A source that was heard within so many days is sending.
const SILENT_AFTER_DAYS: i64 = 2;

/// One row a write key.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/sources.html")]
pub struct SourcesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// All sources together, last 30 days: arrived, duplicate, waiting, rejected.
    pub stats: Vec<StatTile>,
    /// One a row.
    pub sources: Vec<SourceRow>,
    /// Said when nothing may send yet.
    pub empty: Option<EmptyState>,
}

/// A source of events.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// The key's name.
    pub name: String,
    /// `2 min ago`, `never`.
    pub last: String,
    /// Good when it sends, watch when it fell silent, none when it never sent.
    pub tone: Tone,
    /// `Sending`, `Silent for 3 days`, `Nothing yet`.
    pub state: String,
    /// Last 30 days, day by day, with what was bad.
    pub bars: CountBars,
    /// Messages in 30 days.
    pub arrived: String,
    /// Seen before and not counted again.
    pub duplicate: String,
    /// Went into quarantine until their account is known.
    pub quarantined: String,
    /// Went into quarantine for good: they can never be counted.
    pub rejected: String,
    /// Its quarantine.
    pub href: String,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<SourcesPage>> {
    let now = web.app.clock.now();
    let today = member.scope.day_of(now);
    let from = today - Duration::days(DAYS - 1);
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Sources).await?;
    let keys = api_keys::list(&mut tx).await?;
    let days = sources::since(&mut tx, from).await?;
    drop(tx);
    let mut by_key: HashMap<Uuid, Vec<SourceDay>> = HashMap::new();
    for day in &days {
        by_key.entry(day.key_id).or_default().push(day.clone());
    }
    // A read key sends nothing; a revoked one is shown for as long as there is something of it to show.
    let shown =
        |key: &&ApiKey| key.scope == "write" && (key.revoked_at.is_none() || by_key.contains_key(&key.id));
    let row = |key: &ApiKey| row(key, by_key.get(&key.id).map_or(&[], Vec::as_slice), from, now);
    let sources: Vec<SourceRow> = keys.iter().filter(shown).map(row).collect();
    let none = || {
        let text = "A source is a write key and the SDK that uses it. Create one, then send the first event.";
        EmptyState::new("activity", "Nothing may send yet", text).action("Create a key", "/settings/keys")
    };
    Ok(Page(SourcesPage {
        shell: member.shell(Room::Settings),
        nav,
        stats: stats(&days),
        empty: sources.is_empty().then(none),
        sources,
    }))
}

fn sum(days: &[SourceDay], of: impl Fn(&SourceDay) -> i64) -> i64 {
    days.iter().map(of).sum()
}

fn arrived(day: &SourceDay) -> i64 {
    day.accepted + day.duplicate + day.waiting + day.rejected
}

fn stats(days: &[SourceDay]) -> Vec<StatTile> {
    let all = sum(days, arrived);
    let share = |n: i64| match all {
        0 => "in 30 days".to_owned(),
        all => format!("{} of what arrived", format::percent(n as f64 / all as f64, 2)),
    };
    let tile = |name: &str, n: i64, note: &str| StatTile::new(name, format::number(n), note);
    let (duplicate, waiting) = (sum(days, |day| day.duplicate), sum(days, |day| day.waiting));
    let rejected = sum(days, |day| day.rejected);
    vec![
        tile("Messages arrived", all, "in 30 days, every delivery"),
        tile("Duplicate", duplicate, &share(duplicate)),
        tile("Went to wait", waiting, &share(waiting)).link("/settings/quarantine?state=waiting"),
        tile("Rejected", rejected, &share(rejected)).link("/settings/quarantine?state=rejected"),
    ]
}

fn row(key: &ApiKey, days: &[SourceDay], from: NaiveDate, now: DateTime<Utc>) -> SourceRow {
    let silent = key.last_at.map(|at| (now - at).num_days());
    let (tone, state) = match (key.revoked_at, silent) {
        (Some(_), _) => (Tone::None, "Revoked".to_owned()),
        (None, None) => (Tone::None, "Nothing yet".to_owned()),
        (None, Some(days)) if days < SILENT_AFTER_DAYS => (Tone::Good, "Sending".to_owned()),
        (None, Some(days)) => (Tone::Watch, format!("Silent for {}", format::count(days, "day"))),
    };
    let bar = |n: i64| {
        let day = days.iter().find(|day| day.day == from + Duration::days(n));
        day.map_or((0, 0), |day| (arrived(day), day.waiting + day.rejected))
    };
    let bars: Vec<(i64, i64)> = (0..DAYS).map(bar).collect();
    let (all, bad) = bars.iter().fold((0, 0), |sum, bar| (sum.0 + bar.0, sum.1 + bar.1));
    let label =
        format!("{} in 30 days, {} of them not counted", format::count(all, "message"), format::number(bad));
    SourceRow {
        name: key.name.clone(),
        last: key.last_at.map_or("never".to_owned(), |at| format!("last {}", format::ago(at, now))),
        tone,
        state,
        bars: CountBars::new(&bars, &label),
        arrived: format::number(all),
        duplicate: format::number(sum(days, |day| day.duplicate)),
        quarantined: format::number(sum(days, |day| day.waiting)),
        rejected: format::number(sum(days, |day| day.rejected)),
        href: paths::with_query("/settings/quarantine", &[("source", &key.id.to_string())]),
    }
}
