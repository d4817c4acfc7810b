//! What the pages of one account share: the account as of a day, and its head.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Deserialize;

use super::head::{AccountHead, HeadEdit};
use super::overrides::ByHand;
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::app::scoring::{Assessed, COMPARE_DAYS};
use crate::app::{Error, scoring};
use crate::db;
use crate::db::accounts::Account;
use crate::db::overrides::Override;
use crate::db::scores::Score;
use crate::domain::expr::Expr;
use crate::domain::health::{Explained, Readings};
use crate::domain::methodology::{Input, Methodology};
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::pages::wording::Wording;
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, Tabs, Tone, format};
use crate::web::{Web, paths};

/// Data older than this is worth a word above the page.
const SILENT_DAYS: i64 = 14;

/// The day a page is asked for: `?as_of=2026-10-01`. A day to come, or no day at all, means today.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct AsOf {
    #[serde(default)]
    as_of: String,
}

impl AsOf {
    /// A day as the query string has it.
    pub fn on(day: &str) -> Self {
        AsOf { as_of: day.to_owned() }
    }
}

/// One account as of a day, ready to be put into words.
pub struct Subject {
    /// Words, with the names of the methodology that made the score.
    pub words: Wording,
    /// The account; its state is that of `day`.
    pub account: Account,
    /// The day the page is about.
    pub day: NaiveDate,
    /// The score that was stored for that day, or the last one before it.
    pub score: Option<Scored>,
    /// What the account's facts say of that day.
    pub assessed: Option<Assessed>,
    /// Everything people ever set of it by hand, newest first.
    pub overrides: Vec<Override>,
    /// Freshness that the tenant wants of its metrics, by name.
    fresh_days: HashMap<String, u32>,
    past: bool,
    edit: Option<HeadEdit>,
    /// The day it leaves, of one that was said to.
    leaves_on: Option<NaiveDate>,
}

/// A stored score, explained by the version it was made with.
pub struct Scored {
    /// As stored.
    pub row: Score,
    /// What it was made from.
    pub readings: Readings,
    /// Its reasons.
    pub explained: Explained,
    /// The methodology that made it.
    pub in_force: Arc<InForce>,
}

impl Subject {
    /// Loads an account by its external id.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an id this tenant does not have.
    pub async fn load(web: &Web, member: &Member, external_id: &str, as_of: &AsOf) -> Result<Self> {
        let mut words = Wording::of(web, member).await?;
        let day = as_of.as_of.parse().unwrap_or(words.today).min(words.today);
        let past = day < words.today;
        let mut tx = web.app.db.read(&member.scope).await?;
        let mut account = db::accounts::find(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        if account.last_event_at.is_none() {
            // An account whose events all came before its first scoring.
            let latest = db::events::latest(&mut tx, account.id, 1).await?;
            account.last_event_at = latest.first().map(|event| event.occurred_at);
        }
        let row = db::scores::primary_on(&mut tx, account.id, day).await?;
        let before = match past {
            true => db::scores::before(&mut tx, &[account.id], day, COMPARE_DAYS).await?.pop(),
            false => None,
        };
        let edit = if member.may(Role::Csm) && !past {
            Some(HeadEdit::new(member, &words, &account, &db::members::list(&mut tx).await?))
        } else {
            None
        };
        let overrides = db::overrides::of_account(&mut tx, account.id).await?;
        let metrics = db::metrics::list(&mut tx).await?;
        let leaves_on = db::renewals::leaves_on(&mut tx, account.id, day).await?;
        drop(tx);
        let score = match row {
            Some(row) => Scored::of(web, member, row).await?,
            None => None,
        };
        let assessed = web.app.assess(&member.scope, account.id, day).await?;
        if past {
            if let Some(scored) = &score {
                words.in_force = Some(scored.in_force.clone());
            }
            turn_back(&mut account, score.as_ref(), before, assessed.as_ref());
            let set = score.as_ref().and_then(|scored| set_on(&overrides, scored.row.day));
            as_set(&mut account, set, score.as_ref());
        }
        if let (Some(_), Some(scored), false) = (account.churned_on, &score, past) {
            as_scored(&mut account, scored);
        }
        // Whoever ends one of their contracts and keeps another stays.
        let leaves_on = leaves_on.filter(|_| account.renewal_date.is_none());
        words.today = day;
        let fresh = |m: db::metrics::Metric| Some((m.name, u32::try_from(m.fresh_days?).ok()?));
        let fresh_days = metrics.into_iter().filter_map(fresh).collect();
        Ok(Subject { words, account, day, score, assessed, overrides, fresh_days, past, edit, leaves_on })
    }

    /// What a person had set for a day.
    pub fn set_on(&self, day: NaiveDate) -> Option<&Override> {
        set_on(&self.overrides, day)
    }

    /// Days within which the data behind an expression is wanted today; none for what never goes stale, and for a
    /// past day, of which it is not kept.
    pub fn wanted_within(&self, methodology: &Methodology, value: &Expr) -> Option<u32> {
        let days = |input: &Input| self.fresh_days.get(&*input.name).copied().or(input.fresh_within());
        super::reasons::fresh_within(methodology, value, &days, 0).filter(|_| !self.past)
    }

    /// The frame of one of the account's pages.
    pub fn shell(&self, member: &Member, tab: &str) -> Shell {
        let today = member.scope.day_of(self.words.now);
        member.shell_as_of(Room::Accounts, self.day, today, tab_path(&self.account.external_id, tab))
    }

    /// The address of one of its tabs (the overview for an empty word) on the same day.
    pub fn href(&self, tab: &str) -> String {
        let day = if self.past { self.day.to_string() } else { String::new() };
        paths::with_query(&tab_path(&self.account.external_id, tab), &[("as_of", &day)])
    }

    /// Whether the page is about a day before today.
    pub fn is_past(&self) -> bool {
        self.past
    }

    /// The head above each tab.
    pub fn head(&self, tab: &str) -> AccountHead {
        let (account, words) = (&self.account, &self.words);
        let next = self.leaves_on.or(account.renewal_date);
        let mut tabs = Tabs::new("Pages of this account");
        for (word, label) in TABS {
            tabs = tabs.tab(label, self.href(word), word == tab);
        }
        AccountHead {
            name: account.name.clone(),
            external_id: account.external_id.clone(),
            health: words.badge_with_trend(account).large(),
            coverage: match (account.score, account.coverage) {
                (Some(_), Some(share)) => format!("{} of the model", format::percent(share, 0)),
                _ => "no data yet".to_owned(),
            },
            freshness: if self.past { String::new() } else { words.last_heard(account) },
            segment: account.segment.as_deref().map_or_else(|| "–".to_owned(), |id| words.segment(id)),
            pinned: account.pinned_segment.is_some(),
            stage: account.stage.as_deref().map_or_else(|| "–".to_owned(), |id| words.stage(id)),
            stage_day: account
                .stage_day
                .map_or_else(String::new, |day| format!("day {}", format::number(day.into()))),
            arr: words.arr(account),
            leaves: self.leaves_on.is_some(),
            renewal: next.map_or_else(String::new, format::date),
            renewal_in: next.map_or_else(String::new, |date| format::days_from(date, words.today)),
            renewal_tone: next.map_or(Tone::None, |date| words.renewal_tone(date)),
            csm: words.csm(account),
            tags: account.tags.clone(),
            tabs,
            notice: self.notice(),
            by_hand: ByHand::of(self),
            edit: self.edit.clone(),
        }
    }

    fn notice(&self) -> Option<Notice> {
        if let Some(day) = self.account.churned_on.filter(|day| *day <= self.day) {
            let text = "Its last contract ended without another; what follows is how it stood.";
            return Some(Notice::new(Tone::None, &format!("Churned on {}.", format::date(day)), text));
        }
        if let Some(day) = self.leaves_on {
            let text = "They said so at the renewal; until then they are a customer.";
            return Some(Notice::new(Tone::Critical, &format!("Leaves on {}.", format::date(day)), text));
        }
        let silent = (self.words.now - self.account.last_event_at?).num_days();
        (silent > SILENT_DAYS && !self.past).then(|| {
            let title = format!("No data for {}.", format::count(silent, "day"));
            let text = "The product has stopped reporting this account: its scores rest on what was known.";
            Notice::new(Tone::Watch, &title, text)
        })
    }
}

const TABS: [(&str, &str); 8] = [
    ("", "Overview"),
    ("health", "Health"),
    ("usage", "Usage"),
    ("people", "People"),
    ("support", "Support"),
    ("contracts", "Contracts & renewal"),
    ("lifecycle", "Lifecycle"),
    ("timeline", "Timeline"),
];

fn tab_path(external_id: &str, tab: &str) -> String {
    if tab.is_empty() { paths::account(external_id) } else { paths::account_tab(external_id, tab) }
}

impl Scored {
    /// Explains a stored score with the version it was made with; none when that is no longer there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(web: &Web, member: &Member, row: Score) -> Result<Option<Self>> {
        let Some(in_force) = web.app.methodology_version(&member.scope, row.version).await? else {
            return Ok(None);
        };
        let Some(readings) = row.readings(&in_force.methodology) else { return Ok(None) };
        let explained = in_force.methodology.explain(&readings);
        Ok(Some(Scored { row, readings, explained, in_force }))
    }
}

fn set_on(overrides: &[Override], day: NaiveDate) -> Option<&Override> {
    let applies = |set: &&Override| set.set_on <= day && set.last_day().is_some_and(|last| day <= last);
    overrides.iter().find(applies)
}

/// Gives an account the state it had on a past day.
fn turn_back(
    account: &mut Account,
    score: Option<&Scored>,
    before: Option<Score>,
    assessed: Option<&scoring::Assessed>,
) {
    match score {
        Some(scored) => as_scored(account, scored),
        None => (account.day, account.score, account.band, account.tone) = (None, None, None, None),
    }
    let row = score.map(|scored| &scored.row);
    account.score_before = before.as_ref().and_then(|before| before.score);
    account.before_day = before.as_ref().map(|before| before.day);
    account.band_before = before.and_then(|before| before.band);
    account.segment = row.and_then(|row| row.segment.clone());
    account.renewal_date = row.and_then(|row| row.renewal_date);
    account.churned_on = None;
    if let Some(Assessed { evaluation, standing }) = assessed {
        account.stage = evaluation.stage.as_deref().map(str::to_owned);
        account.stage_day = evaluation.day.and_then(|day| i32::try_from(day).ok());
        account.arr_minor = Some(standing.arr.minor);
        account.currency = Some(standing.arr.currency.code().to_owned());
        account.renewal_date = standing.renewal;
        account.churned_on = standing.churned_on;
    }
}

/// What a person had set on a past day, and what the model said against it.
fn as_set(account: &mut Account, set: Option<&Override>, score: Option<&Scored>) {
    let said = score.map(|scored| (&scored.explained, &scored.in_force.methodology.health.bands));
    account.set_score = set.and_then(|set| set.score);
    account.set_band = set.and_then(|set| set.band.clone());
    account.set_by = set.map(|set| set.set_by.clone());
    account.set_until = set.map(|set| set.expires_on);
    account.model_score = said.and_then(|(explained, _)| explained.computed);
    account.model_band =
        said.and_then(|(explained, bands)| Some(bands[explained.band_computed?].id.to_string()));
}

/// The account's score as it was stored.
fn as_scored(account: &mut Account, scored: &Scored) {
    let row = &scored.row;
    let tone = row.band.as_deref().and_then(|band| scored.in_force.tone_of(band));
    account.day = Some(row.day);
    account.score = row.score;
    account.band.clone_from(&row.band);
    let doubtful = row.stale && tone == Some(crate::app::methodology::Tone::Good);
    account.tone = tone.filter(|_| !doubtful).map(|tone| tone.word().to_owned());
    account.coverage = Some(row.coverage.into());
    account.stale = Some(row.stale);
}
