//! Service levels: which response and resolution time applies to a ticket.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::Id;
use super::calendar::{Period, add_months};
use super::expr::{Expr, Scope};
use super::value::Val;

/// The compiled `sla` section.
#[derive(Debug, Clone, Default)]
pub struct Sla {
    /// Whether a time is breached when it is reached, rather than when it is exceeded.
    pub strict: bool,
    /// Levels a ticket can be at.
    pub levels: Vec<Level>,
    /// Policies, the first that applies wins.
    pub policies: Vec<Policy>,
    /// Calendars that levels and policies name.
    pub calendars: Vec<Hours>,
}

/// Working hours, as the clocks on the wall show them where the tenant is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// Its id.
    pub id: Id,
    /// Whether Monday to Sunday are worked.
    pub days: [bool; 7],
    /// When work begins.
    pub open: NaiveTime,
    /// When it ends.
    pub close: NaiveTime,
    /// Days off, sorted.
    pub holidays: Vec<NaiveDate>,
}

/// A support ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticket {
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Option<Id>,
    /// The level it is at.
    pub level: Option<i64>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it reached its level, if that was later: the response clock starts anew.
    pub escalated_at: Option<DateTime<Utc>>,
    /// When it was first answered; an answer before it reached its level does not count.
    pub responded_at: Option<DateTime<Utc>>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
}

/// When a ticket must be answered and resolved, and whether that was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Position of the policy.
    pub policy: usize,
    /// Id of the calendar the clock runs by; none is around the clock.
    pub calendar: Option<Id>,
    /// When an answer is due.
    pub response: DateTime<Utc>,
    /// When a resolution is due.
    pub resolution: Option<DateTime<Utc>>,
    /// Whether the answer came late, or is late as of now.
    pub response_breached: bool,
    /// Whether the resolution came late, or is late as of now.
    pub resolution_breached: bool,
}

/// A level of escalation.
#[derive(Debug, Clone)]
pub struct Level {
    /// Its number, from 1.
    pub id: i64,
    /// The role that works on it.
    pub role: Id,
    /// Id of the calendar it works by; none is around the clock.
    pub calendar: Option<Id>,
}

/// The times that apply to a ticket.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Tickets it applies to; `severity` and `level` are known besides the account's names.
    pub when: Option<Expr>,
    /// Time to the first response.
    pub response: Period,
    /// Time to the resolution.
    pub resolution: Option<Period>,
    /// Id of the calendar its times run by; goes before the level's.
    pub calendar: Option<Id>,
}

/// The most minutes before a clock runs out that it counts as due soon.
const SOON_MINUTES: i64 = 30;

impl Sla {
    /// Whether a clock that is due at a moment was, or is by now, broken.
    pub fn breached(&self, due: DateTime<Utc>, done: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let at = done.unwrap_or(now);
        if self.strict { at >= due } else { at > due }
    }

    /// The first moment at which a clock that still runs is broken, to the second.
    pub fn breaks_at(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        if self.strict { due } else { due + TimeDelta::seconds(1) }
    }
}

/// From when on a clock is due soon: 30 minutes before it runs out, or half its time where that is less.
pub fn soon_at(begun: DateTime<Utc>, due: DateTime<Utc>) -> DateTime<Utc> {
    due - TimeDelta::minutes(SOON_MINUTES).min((due - begun) / 2)
}

/// Works a ticket's times out; none when no policy applies. `now` judges what has not happened yet, and calendars
/// are meant in `zone`.
pub(super) fn due<'a>(
    sla: &'a Sla,
    ticket: &'a Ticket,
    now: DateTime<Utc>,
    zone: Tz,
    scope: &Scope<'a>,
) -> Option<Due> {
    let locals = [
        ticket.severity.as_deref().map_or(Val::Null, Val::Text),
        Val::maybe(ticket.level.map(|level| level as f64)),
    ];
    let applies =
        |policy: &'a Policy| policy.when.as_ref().is_none_or(|when| when.holds_with(scope, &locals));
    let position = sla.policies.iter().position(applies)?;
    let policy = &sla.policies[position];
    let level = sla.levels.iter().find(|level| Some(level.id) == ticket.level);
    let calendar =
        policy.calendar.as_ref().or_else(|| level?.calendar.as_ref()).filter(|id| &***id != ALWAYS);
    let hours = calendar.and_then(|id| sla.calendars.iter().find(|hours| hours.id == *id));
    let begun = ticket.escalated_at.unwrap_or(ticket.opened_at);
    let response = moment_after(begun, policy.response, hours, zone)?;
    let responded_at = ticket.responded_at.filter(|at| *at >= begun);
    let resolution = policy.resolution.and_then(|period| moment_after(ticket.opened_at, period, hours, zone));
    Some(Due {
        policy: position,
        calendar: calendar.cloned(),
        response,
        resolution,
        response_breached: sla.breached(response, responded_at, now),
        resolution_breached: resolution.is_some_and(|due| sla.breached(due, ticket.resolved_at, now)),
    })
}

/// The moment a period after another. Around the clock an hour is an hour, also when clocks are put forward or back
/// meanwhile; working hours and months go by the clocks and days of the place.
fn moment_after(
    from: DateTime<Utc>,
    period: Period,
    hours: Option<&Hours>,
    zone: Tz,
) -> Option<DateTime<Utc>> {
    if hours.is_none() && !matches!(period, Period::Months(_)) {
        return Some(after(from.naive_utc(), period, None)?.and_utc());
    }
    let local = after(from.with_timezone(&zone).naive_local(), period, hours)?;
    // A time that clocks jump over is reached when they have jumped.
    let quarters = (0..=12).map(|n| local + TimeDelta::minutes(15 * n));
    quarters.filter_map(|local| zone.from_local_datetime(&local).earliest()).next().map(|at| at.to_utc())
}

/// Days a clock is followed through a calendar: a hundred years.
const MAX_WALK: u32 = 36_525;

/// The id of the calendar that never closes.
pub(super) const ALWAYS: &str = "always";

/// The time a period after `from`, counting only working hours if there are any. Days count as 24 hours of them.
/// None when it lies more than a hundred years ahead.
pub fn after(from: NaiveDateTime, period: Period, hours: Option<&Hours>) -> Option<NaiveDateTime> {
    let minutes = match period {
        Period::Minutes(n) => i64::from(n),
        Period::Days(n) => i64::from(n) * 24 * 60,
        Period::Months(n) => return Some(add_months(from.date(), n)?.and_time(from.time())),
    };
    let mut left = TimeDelta::try_minutes(minutes)?;
    let Some(hours) = hours else { return from.checked_add_signed(left) };
    let (mut date, mut time) = (from.date(), from.time());
    for _ in 0..MAX_WALK {
        if hours.works(date) && time < hours.close {
            let start = time.max(hours.open);
            let today = hours.close - start;
            if left <= today {
                return Some(date.and_time(start) + left);
            }
            left -= today;
        }
        (date, time) = (date.checked_add_days(Days::new(1))?, NaiveTime::MIN);
    }
    None
}

impl Hours {
    /// Whether it is working time at a moment of the place.
    pub fn is_open(&self, at: NaiveDateTime) -> bool {
        self.works(at.date()) && (self.open..self.close).contains(&at.time())
    }

    fn works(&self, date: NaiveDate) -> bool {
        self.days[date.weekday().num_days_from_monday() as usize]
            && self.holidays.binary_search(&date).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_hours() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let hours = Hours {
            id: "business".into(),
            days: [true, true, true, true, true, false, false],
            open: time(9),
            close: time(17),
            holidays: vec!["2027-03-09".parse().unwrap()],
        };
        for (from, period, due) in [
            ("2027-03-06T12:00:00", Period::Minutes(480), "2027-03-08T17:00:00"),
            ("2027-03-08T16:30:00", Period::Minutes(60), "2027-03-10T09:30:00"),
            ("2027-03-10T07:30:00", Period::Minutes(240), "2027-03-10T13:00:00"),
            ("2027-03-10T17:00:00", Period::Minutes(1), "2027-03-11T09:01:00"),
            ("2027-03-10T09:00:00", Period::Days(1), "2027-03-12T17:00:00"),
        ] {
            assert_eq!(after(at(from), period, Some(&hours)), Some(at(due)), "{from}");
        }
        assert_eq!(
            after(at("2027-03-06T12:00:00"), Period::Minutes(30), None),
            Some(at("2027-03-06T12:30:00"))
        );
        let (berlin, utc) = (Tz::Europe__Berlin, |text: &str| at(text).and_utc());
        for (from, period, calendar, due) in [
            // Clocks are put forward on 28 March: around the clock four hours stay four hours.
            ("2027-03-27T23:00:00", Period::Minutes(240), None, "2027-03-28T03:00:00"),
            // Friday 16:00 in Berlin is 15:00 UTC; eight hours on, it is Monday 16:00 there and 14:00 UTC.
            ("2027-03-26T15:00:00", Period::Minutes(480), Some(&hours), "2027-03-29T14:00:00"),
            // Back again on 31 October: Friday 14:00 UTC is 16:00, Monday 16:00 is 15:00 UTC.
            ("2027-10-29T14:00:00", Period::Minutes(480), Some(&hours), "2027-11-01T15:00:00"),
            // 28 February 02:30 and a month is a time of 28 March that clocks jump over.
            ("2027-02-28T01:30:00", Period::Months(1), None, "2027-03-28T01:00:00"),
        ] {
            assert_eq!(moment_after(utc(from), period, calendar, berlin), Some(utc(due)), "{from}");
        }
        let never = Hours { days: [false; 7], ..hours };
        assert_eq!(after(at("2027-03-06T12:00:00"), Period::Minutes(30), Some(&never)), None);
    }

    #[test]
    fn soon_is_half_an_hour_before_or_half_of_less() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let opened = at("2027-03-01T12:00:00Z");
        assert_eq!(soon_at(opened, at("2027-03-01T16:00:00Z")), at("2027-03-01T15:30:00Z"));
        assert_eq!(soon_at(opened, at("2027-03-01T12:15:00Z")), at("2027-03-01T12:07:30Z"));
        assert_eq!(soon_at(opened, opened), opened);
    }
}
