//! How accounts and their renewals are said on pages on a day: the [`Names`] of the methodology, and time and money.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, NaiveDate, Utc};

use crate::db::accounts::{Account, Totals};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::pages::names::Names;
use crate::web::ui::{Avatar, Tone, format};

/// What is needed to put an account into words.
#[derive(Debug, Clone)]
pub struct Wording {
    /// The names of the methodology.
    pub names: Names,
    /// The tenant's day it is.
    pub today: NaiveDate,
    /// The moment it is.
    pub now: DateTime<Utc>,
    /// The currency sums are in.
    pub currency: String,
}

impl Deref for Wording {
    type Target = Names;

    fn deref(&self) -> &Names {
        &self.names
    }
}

impl DerefMut for Wording {
    fn deref_mut(&mut self) -> &mut Names {
        &mut self.names
    }
}

impl Wording {
    /// The words of a member's tenant, as of today.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(web: &Web, member: &Member) -> Result<Self> {
        let now = web.app.clock.now();
        Ok(Wording {
            names: Names::load(&web.app, &member.scope).await?,
            today: member.scope.day_of(now),
            now,
            currency: member.scope.currency().to_owned(),
        })
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
