//! A company that uses Holdfast, and what happens at all of its customers on a day.

use std::mem;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;

use super::HISTORY_DAYS;
use super::account::AccountPlan;
use super::event::{DemoEvent, EventName, Flaw};
use super::usage::DayOf;

/// A member of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPlan {
    /// What the member signs in with; the same address in two tenants is the same person.
    pub email: &'static str,
    /// Full name.
    pub name: &'static str,
    /// `admin`, `manager`, `csm` or `executive`.
    pub role: &'static str,
}

/// A company that uses Holdfast.
#[derive(Debug, Clone)]
pub struct TenantPlan {
    /// Short name for addresses.
    pub slug: &'static str,
    /// Company name.
    pub name: &'static str,
    /// IANA time zone; the days of this plan are days in it.
    pub time_zone: Tz,
    /// ISO 4217 code of its books.
    pub currency: &'static str,
    /// People who sign in.
    pub members: Vec<MemberPlan>,
    /// Customers, in order of their external ids.
    pub accounts: Vec<AccountPlan>,
    pub(super) seed: u64,
    pub(super) today: NaiveDate,
}

impl TenantPlan {
    /// First day with events.
    pub fn first_day(&self) -> NaiveDate {
        self.today - TimeDelta::days(HISTORY_DAYS - 1)
    }

    /// Last day with events.
    pub fn last_day(&self) -> NaiveDate {
        self.today
    }

    /// Every day of the history, oldest first.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        self.first_day().iter_days().take(HISTORY_DAYS as usize)
    }

    /// What happened on this day, by time. The last day is a whole one: a caller that loads it before the
    /// day is over leaves out what lies ahead of its clock.
    pub fn events_on(&self, day: NaiveDate) -> impl Iterator<Item = DemoEvent> + use<> {
        let mut events = Vec::new();
        if (self.first_day()..=self.today).contains(&day) {
            for (n, account) in self.accounts.iter().enumerate() {
                let of = self.day_of(n as u64, &account.external_id, day);
                account.events(&of, &mut events);
            }
            self.strays(day, &mut events);
        }
        events.sort_by(|a, b| (a.occurred_at, &a.message_id).cmp(&(b.occurred_at, &b.message_id)));
        events.into_iter()
    }

    /// The whole history as it arrives, day by day: what happened on the day and what is late from the
    /// days before. Every message comes exactly as often as [`TenantPlan::events_on`] has it.
    pub fn arrivals(&self) -> impl Iterator<Item = (NaiveDate, Vec<DemoEvent>)> {
        let mut under_way: Vec<DemoEvent> = Vec::new();
        self.days().map(move |day| {
            under_way.extend(self.events_on(day));
            let (here, later) = mem::take(&mut under_way).into_iter().partition(|e| e.received_on <= day);
            under_way = later;
            (day, here)
        })
    }

    pub(super) fn day_of<'a>(&self, n: u64, group: &'a str, day: NaiveDate) -> DayOf<'a> {
        DayOf { seed: self.seed, account: (n, group), day, today: self.today, zone: self.time_zone }
    }

    /// Messages that cannot be counted: of accounts nobody has told Holdfast about, and broken ones.
    fn strays(&self, day: NaiveDate, out: &mut Vec<DemoEvent>) {
        let ago = (self.today - day).num_days();
        let unknown = match ago {
            2 | 5 | 6 => Some(format!("{}-sandbox", self.slug)),
            9 | 13 => Some(format!("{}-9001", self.slug)),
            _ => None,
        };
        let known = self.accounts[0].external_id.clone();
        let (group, flaw) = match (unknown, ago) {
            (Some(group), _) => (group, None),
            (None, 1) => (known, Some(Flaw::NoName)),
            (None, 4) => (known, Some(Flaw::AbsurdDate)),
            _ => return,
        };
        let of = self.day_of(u64::MAX, &group, day);
        let from = out.len();
        of.push(&mut of.dice(0), "stray", "integration-test", EventName::DashboardViewed, None, out);
        out.truncate(from + 1);
        out[from].flaw = flaw;
    }
}
