//! How accounts, scores, bands and renewals are said on pages: one place, so that no two pages differ.

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
#[derive(Clone)]
pub struct Wording {
    /// The methodology whose names are used; none before a pack is applied.
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

    /// A band's name; its id where the methodology no longer has it.
    pub fn band(&self, id: &str) -> String {
        self.named(id, |m| {
            m.methodology.health.bands.iter().find(|band| *band.id == *id).map(|band| &*band.name)
        })
    }

    /// A segment's name.
    pub fn segment(&self, id: &str) -> String {
        self.named(id, |m| m.methodology.segments.iter().find(|s| *s.id == *id).map(|s| &*s.name))
    }

    /// A stage's name.
    pub fn stage(&self, id: &str) -> String {
        self.named(id, |m| m.methodology.lifecycle.stages.iter().find(|s| *s.id == *id).map(|s| &*s.name))
    }

    /// The name of a renewal strategy.
    pub fn strategy(&self, id: &str) -> String {
        self.named(id, |m| {
            let mut strategies = m.methodology.renewals.iter().flat_map(|timeline| &timeline.strategies);
            strategies.find(|s| *s.id == *id).map(|s| &*s.name)
        })
    }

    fn named<'w>(&'w self, id: &str, find: impl Fn(&'w InForce) -> Option<&'w str>) -> String {
        self.in_force.as_deref().and_then(find).unwrap_or(id).to_owned()
    }

    /// The tone of a band.
    pub fn tone(&self, band: &str) -> Tone {
        self.in_force.as_deref().and_then(|m| m.tone_of(band)).map_or(Tone::None, |t| Tone::parse(t.word()))
    }

    /// An account's score with its doubts, without the trend. A former customer has none any more.
    pub fn badge(&self, account: &Account) -> HealthBadge {
        if account.churned_on.zip(account.day).is_some_and(|(churned, day)| day >= churned) {
            return HealthBadge::new(None, "", Tone::None);
        }
        let band = account.band.as_deref().unwrap_or_default();
        let tone = account.tone.as_deref().map_or(Tone::None, Tone::parse);
        let badge = HealthBadge::new(account.score, &self.band(band), tone);
        match (account.score, account.stale, account.coverage) {
            (None, ..) => badge,
            (_, Some(true), Some(coverage)) if coverage < ENOUGH => badge.coverage(coverage, ENOUGH),
            (_, Some(true), _) => badge.stale("most of the data behind it is old"),
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
                badge.trend(whole(now) - whole(before), &days)
            }
            _ => badge,
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

/// Whole points as badges show them: rounded down, so that no score looks like a better band's.
pub fn whole(score: f64) -> f64 {
    (score + 1e-9).floor()
}
