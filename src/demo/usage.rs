//! Who used the product on which day, and what they did.
//!
//! Activity is spread evenly instead of being tossed for: a user with a chance of 0.7 a day is active on
//! seven days of ten, each user at an own offset. Small accounts have three users, and independent tosses
//! would make their months differ by a quarter out of pure chance, which a health score would rightly
//! report as trouble. Because running totals are kept, any day can be generated on its own.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::HISTORY_DAYS;
use super::dice::Dice;
use super::event::{DemoEvent, EventName};
use super::season::day_factor;
use super::stories::Story;

/// A person who uses the tenant's product at an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductUser {
    /// The `userId` of this person's messages.
    pub id: String,
    /// First day of use.
    pub joined_on: NaiveDate,
    /// Share of the account's usual activity, in thousandths.
    eagerness: u64,
    /// Offset of the even spread, in millionths.
    phase: u64,
}

/// How busy an account was on each day of the history.
#[derive(Debug, Clone)]
pub(super) struct Rhythm {
    first: NaiveDate,
    /// Sum of the daily levels (thousandths) before each day.
    running: Vec<u64>,
    /// Dashboards and queries on a user's active day, in thousandths.
    dashboards: u64,
    queries: u64,
}

/// What a user did on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Deeds {
    dashboards: u64,
    queries: u64,
    exports: u64,
    sign_ins: u64,
}

impl Rhythm {
    /// Lays out the activity of an account that started on `start`.
    pub(super) fn new(dice: &mut Dice, story: Story, start: NaiveDate, today: NaiveDate) -> Rhythm {
        let first = today - TimeDelta::days(HISTORY_DAYS - 1);
        let usual = dice.between(story.temper().level);
        let quiet = matches!(story, Story::Lukewarm | Story::LowAdoption);
        let (dashboards, queries) = if quiet { ((620, 850), (400, 650)) } else { ((760, 1200), (560, 950)) };
        let mut running = vec![0];
        let mut total = 0;
        for day in first.iter_days().take(HISTORY_DAYS as usize) {
            let ago = (today - day).num_days();
            let noise = dice.between((900, 1100));
            if day >= start {
                let level = usual * story.shape(ago, day) / 1000 * day_factor(day) / 1000 * noise / 1000;
                total += level as u64;
            }
            running.push(total);
        }
        Rhythm {
            first,
            running,
            dashboards: dice.between(dashboards) as u64,
            queries: dice.between(queries) as u64,
        }
    }

    /// What this user did on this day; none if inactive.
    fn deeds(&self, user: &ProductUser, day: NaiveDate) -> Option<Deeds> {
        let index = usize::try_from((day - self.first).num_days()).ok()?;
        let (before, after) = (self.running.get(index)?, self.running.get(index + 1)?);
        let active_days = |total: u64| (total * user.eagerness + user.phase) / 1_000_000;
        let nth = active_days(*after);
        if day < user.joined_on || nth == active_days(*before) {
            return None;
        }
        let offset = user.phase % 1000;
        let share =
            |rate: u64, offset: u64| (nth * rate + offset) / 1000 - ((nth - 1) * rate + offset) / 1000;
        let mut deeds = Deeds {
            dashboards: share(self.dashboards, offset),
            queries: share(self.queries, 999 - offset),
            exports: share(45, offset),
            sign_ins: u64::from((nth + offset).is_multiple_of(7)),
        };
        if deeds.dashboards + deeds.queries == 0 {
            deeds.sign_ins = 1;
        }
        Some(deeds)
    }
}

/// The product users of an account: `early` of them from the start, the others as the story has it.
pub(super) fn users(
    dice: &mut Dice,
    account: &str,
    story: Story,
    count: i64,
    start: NaiveDate,
    expanded: Option<(NaiveDate, i64)>,
) -> Vec<ProductUser> {
    let early = match (story, expanded) {
        (_, Some((_, before))) => before,
        (Story::Growth, _) => (count * 6 / 10).max(2),
        (Story::Rollout, _) => 2,
        _ => count,
    };
    (0..count)
        .map(|n| {
            let late = n - early;
            let joined_on = match (story, expanded) {
                _ if late < 0 => start,
                (_, Some((day, _))) => day + TimeDelta::days(3 + 9 * late),
                (Story::Rollout, _) => start + TimeDelta::days(5 + 40 * late / count),
                _ => start + TimeDelta::days(40 + 60 * late),
            };
            ProductUser {
                id: format!("{account}-u{:02}", n + 1),
                joined_on,
                eagerness: dice.between((820, 1140)) as u64,
                phase: dice.below(1_000_000),
            }
        })
        .collect()
}

/// The events of one account's users on one day, duplicates and late arrivals included.
pub(super) struct DayOf<'a> {
    pub(super) seed: u64,
    pub(super) account: (u64, &'a str),
    pub(super) day: NaiveDate,
    pub(super) today: NaiveDate,
    pub(super) zone: Tz,
}

impl DayOf<'_> {
    /// Adds what this user did.
    pub(super) fn user(&self, rhythm: &Rhythm, n: usize, user: &ProductUser, out: &mut Vec<DemoEvent>) {
        let Some(deeds) = rhythm.deeds(user, self.day) else { return };
        let mut dice = self.dice(n as u64);
        let mut add = |name: EventName, letter: char, count: u64| {
            for k in 0..count {
                let id = format!("{}{letter}{k}", n + 1);
                self.push(&mut dice, &id, &user.id, name, None, out);
            }
        };
        add(EventName::SignedIn, 's', deeds.sign_ins);
        add(EventName::DashboardViewed, 'd', deeds.dashboards);
        add(EventName::QueryRun, 'q', deeds.queries);
        add(EventName::ReportExported, 'e', deeds.exports);
    }

    /// The random numbers of this account, day and `lane` (a user, or something else that reports).
    pub(super) fn dice(&self, lane: u64) -> Dice {
        Dice::keyed(self.seed, &[7, self.account.0, self.day.num_days_from_ce() as u64, lane])
    }

    /// Adds one message; about one in eighty arrives late, one in three hundred twice.
    pub(super) fn push(
        &self,
        dice: &mut Dice,
        id: &str,
        user_id: &str,
        name: EventName,
        properties: Option<Map<String, Value>>,
        out: &mut Vec<DemoEvent>,
    ) {
        let delay = if dice.chance(12) { dice.between((1, 3)) } else { 0 };
        let event = DemoEvent {
            message_id: format!("{}-{}-{id}", self.account.1, self.day.format("%Y%m%d")),
            user_id: user_id.to_owned(),
            group: self.account.1.to_owned(),
            name,
            occurred_at: self.office_time(dice),
            received_on: (self.day + TimeDelta::days(delay)).min(self.today),
            properties: properties.unwrap_or_else(|| details(dice, name)),
            flaw: None,
        };
        if dice.chance(3) {
            out.push(event.clone());
        }
        out.push(event);
    }

    /// A moment between eight and six o'clock in the tenant's time zone, most around the middle.
    pub(super) fn office_time(&self, dice: &mut Dice) -> DateTime<Utc> {
        let seconds = 8 * 3600 + dice.below(5 * 3600) + dice.below(5 * 3600);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds as u32, 0).unwrap_or_default();
        let local = self.day.and_time(time);
        // No zone changes its clocks during office hours; should one do so, the earlier reading is taken.
        self.zone.from_local_datetime(&local).earliest().map_or(local.and_utc(), |moment| moment.to_utc())
    }
}

const DASHBOARDS: [&str; 6] =
    ["Revenue overview", "Weekly pipeline", "Retention", "Stock and orders", "Service levels", "Board pack"];

fn details(dice: &mut Dice, name: EventName) -> Map<String, Value> {
    let details = match name {
        EventName::DashboardViewed => json!({ "dashboard": dice.pick(&DASHBOARDS) }),
        EventName::QueryRun => json!({ "rows": dice.between((10, 90_000)), "ms": dice.between((40, 4_000)) }),
        EventName::ReportExported => json!({ "format": dice.pick(&["pdf", "xlsx", "csv"]) }),
        _ => json!({}),
    };
    match details {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
