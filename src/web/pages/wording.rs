//! How pages put things into words: what the methodology calls its segments, stages, bands and strategies, in which
//! tone a band is shown, how a score is printed with everything that is to be doubted about it, and how days and money
//! of accounts are said. One place, so that no two pages differ.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::app::methodology::InForce;
use crate::db::accounts::{Account, Totals};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::ui::{Avatar, HealthBadge, Tone, format};

/// Share of a model's weight that must have data before a score counts as more than a hint.
const ENOUGH: f64 = 0.5;

/// What is needed to put an account into words.
#[derive(Debug, Clone)]
pub struct Wording {
    /// The methodology whose names are used, none before a pack is applied: ids stand for themselves then, and where
    /// it no longer has them.
    pub in_force: Option<Arc<InForce>>,
    /// The tenant's day it is.
    pub today: NaiveDate,
    /// The moment it is.
    pub now: DateTime<Utc>,
    /// The currency sums are in.
    pub currency: String,
}

impl Wording {
    /// The words of a member's tenant, as of today.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(web: &Web, member: &Member) -> Result<Self> {
        let now = web.app.clock.now();
        Ok(Wording {
            in_force: web.app.methodology(&member.scope).await?,
            today: member.scope.day_of(now),
            now,
            currency: member.scope.currency().to_owned(),
        })
    }

    /// A segment's name.
    pub fn segment<'a>(&'a self, id: impl Into<Option<&'a str>>) -> String {
        self.named(id.into(), "No segment", |m, id| {
            m.methodology.segments.iter().find(|s| *s.id == *id).map(|s| &*s.name)
        })
    }

    /// A stage's name.
    pub fn stage(&self, id: &str) -> String {
        self.named(Some(id), "", |m, id| {
            m.methodology.lifecycle.stages.iter().find(|s| *s.id == *id).map(|s| &*s.name)
        })
    }

    /// A band's name.
    pub fn band<'a>(&'a self, id: impl Into<Option<&'a str>>) -> String {
        self.named(id.into(), "No score", |m, id| {
            m.methodology.health.bands.iter().find(|band| *band.id == *id).map(|band| &*band.name)
        })
    }

    /// A renewal strategy's name.
    pub fn strategy<'a>(&'a self, id: impl Into<Option<&'a str>>) -> String {
        self.named(id.into(), "", |m, id| {
            let mut strategies = m.methodology.renewals.iter().flat_map(|timeline| &timeline.strategies);
            strategies.find(|s| *s.id == *id).map(|s| &*s.name)
        })
    }

    /// A role's name; its id with spaces where the methodology does not know it.
    pub fn role(&self, id: &str) -> String {
        let roles = self.in_force.iter().flat_map(|m| m.file.team.iter().flat_map(|team| &*team.roles));
        let known = roles.into_iter().find(|role| *role.id == *id).map(|role| role.name.to_string());
        known.unwrap_or_else(|| id.replace('_', " "))
    }

    fn named<'a>(
        &'a self,
        id: Option<&'a str>,
        none: &'a str,
        find: impl Fn(&'a InForce, &str) -> Option<&'a str>,
    ) -> String {
        let Some(id) = id else { return none.to_owned() };
        self.in_force.as_deref().and_then(|m| find(m, id)).unwrap_or(id).to_owned()
    }

    /// The tone of a band.
    pub fn tone<'a>(&self, band: impl Into<Option<&'a str>>) -> Tone {
        let tone = self.in_force.as_deref().zip(band.into()).and_then(|(m, band)| m.tone_of(band));
        tone.map_or(Tone::None, |tone| Tone::parse(tone.word()))
    }

    /// Whether revenue in a band counts as at risk.
    pub fn at_risk(&self, band: Option<&str>) -> bool {
        matches!(self.tone(band), Tone::Risk | Tone::Critical)
    }

    /// Every segment, as (id, name).
    pub fn segments(&self) -> Vec<(String, String)> {
        let all = self.in_force.iter().flat_map(|m| &m.methodology.segments);
        all.map(|segment| (segment.id.to_string(), segment.name.to_string())).collect()
    }

    /// Every band best first, as (id, name, tone).
    pub fn bands(&self) -> Vec<(String, String, Tone)> {
        let all = self.in_force.iter().flat_map(|m| &m.methodology.health.bands);
        all.map(|band| (band.id.to_string(), band.name.to_string(), self.tone(&*band.id))).collect()
    }

    /// The figure to print for a score ([`crate::domain::health::Health::shown`]).
    pub fn shown(&self, score: f64) -> f64 {
        self.in_force.as_deref().map_or(score.round(), |m| m.methodology.health.shown(score))
    }

    /// `64`, `69.9`, or a dash without a score.
    pub fn points(&self, score: Option<f64>) -> String {
        score.map_or_else(|| "\u{2013}".to_owned(), |score| self.shown(score).to_string())
    }

    /// An account's score with its doubts, without the trend. A former customer has none any more.
    pub fn badge(&self, account: &Account) -> HealthBadge {
        if account.churned_on.zip(account.day).is_some_and(|(churned, day)| day >= churned) {
            return HealthBadge::new(None, "", Tone::None);
        }
        let band = account.band.as_deref();
        let tone = account.tone.as_deref().map_or(Tone::None, Tone::parse);
        let name = band.map_or_else(String::new, |band| self.band(band));
        let mut badge = HealthBadge::new(account.score.map(|score| self.shown(score)), &name, tone);
        if let Some(words) = self.set_by_hand(account) {
            badge = badge.set_by_hand(&name, &words);
        }
        match (account.stale, account.coverage) {
            (Some(true), Some(coverage)) if coverage < ENOUGH => badge.coverage(coverage, ENOUGH),
            (Some(true), _) => badge.stale("most of the data behind it is old"),
            _ => badge,
        }
    }

    /// An account's score with its change in about thirty days.
    pub fn badge_with_trend(&self, account: &Account) -> HealthBadge {
        let badge = self.badge(account);
        if account.churned_on.is_some() {
            return badge;
        }
        match (account.score, account.score_before, account.before_day, account.day) {
            (Some(now), Some(before), Some(then), Some(day)) => {
                let days = format::count((day - then).num_days(), "day");
                badge.trend(self.shown(now) - self.shown(before), &days)
            }
            _ => badge,
        }
    }

    /// `set to 80 by Casey until 12 Mar 2027; the model says Yellow at 64`; none where nothing is set.
    pub fn set_by_hand(&self, account: &Account) -> Option<String> {
        let by = account.set_by.as_deref()?;
        let set = self.what_is_set(account.set_score, account.set_band.as_deref());
        let until = account.set_until.map_or_else(String::new, format::date);
        let model = match (account.model_score, account.model_band.as_deref()) {
            // A list of a past day does not know what the model said then.
            (None, None) => String::new(),
            (score, band) => format!("; {}", self.model_says(score, band)),
        };
        Some(format!("set to {set} by {by} until {until}{model}"))
    }

    /// `80` or `Green`.
    pub fn what_is_set(&self, score: Option<f64>, band: Option<&str>) -> String {
        score.map_or_else(|| self.band(band), |score| self.shown(score).to_string())
    }

    /// `the model says Yellow at 64`, or that it has nothing to say.
    pub fn model_says(&self, score: Option<f64>, band: Option<&str>) -> String {
        match score {
            Some(score) => format!("the model says {} at {}", self.band(band), self.shown(score)),
            None => "the model has no data".to_owned(),
        }
    }

    /// `last event 3 h ago`, `no events yet`.
    pub fn last_heard(&self, account: &Account) -> String {
        match account.last_event_at {
            Some(at) => format!("last event {}", format::ago(at, self.now)),
            None => "no events yet".to_owned(),
        }
    }

    /// ARR in its own currency; a dash for an account without a contract.
    pub fn arr(&self, account: &Account) -> String {
        match (account.arr_minor, &account.currency) {
            (Some(minor), Some(currency)) if minor > 0 => format::money(minor, currency),
            _ => "–".to_owned(),
        }
    }

    /// ARR in its own currency, in three figures.
    pub fn arr_short(&self, account: &Account) -> String {
        match (account.arr_minor, &account.currency) {
            (Some(minor), Some(currency)) if minor > 0 => format::money_short(minor, currency),
            _ => "–".to_owned(),
        }
    }

    /// `€12.4M ARR` of a list, with what could not be converted.
    pub fn total_arr(&self, totals: &Totals) -> String {
        let sum = format!("{} ARR", format::money_short(totals.arr_base_minor, &self.currency));
        match totals.unconverted {
            0 => sum,
            n => format!("{sum}, {} without an exchange rate", format::number(n)),
        }
    }

    /// How pressing a renewal date is.
    pub fn renewal_tone(&self, date: NaiveDate) -> Tone {
        match (date - self.today).num_days() {
            ..0 => Tone::Critical,
            0..=30 => Tone::Risk,
            31..=90 => Tone::Watch,
            _ => Tone::None,
        }
    }

    /// `renews in 34 days`, `renewal 3 days overdue`, `no contract`.
    pub fn renews(&self, account: &Account) -> String {
        match account.renewal_date {
            None => "no renewal date".to_owned(),
            Some(date) if date < self.today => {
                format!("renewal {} overdue", format::count((self.today - date).num_days(), "day"))
            }
            Some(date) => format!("renews {}", format::days_from(date, self.today)),
        }
    }

    /// The CSM of an account.
    pub fn csm(&self, account: &Account) -> Option<Avatar> {
        account.owner_name.as_deref().map(Avatar::new)
    }
}
