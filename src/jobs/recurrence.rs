//! When recurring work falls due, by the clock on a tenant's wall.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;

/// How often something recurs. Minutes of a day count from midnight as the wall shows it.
///
/// On a day on which clocks jump over a time, it is due at the first moment after; on one that has it twice, the first
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Once a day.
    Day {
        /// Minute of the day, below 1440.
        at: u32,
    },
    /// Once a week.
    Week {
        /// On this day of it.
        on: Weekday,
        /// Minute of the day, below 1440.
        at: u32,
    },
    /// Once a month.
    Month {
        /// Day of the month from 1 to 31; the last day of months that are shorter.
        on: u32,
        /// Minute of the day, below 1440.
        at: u32,
    },
    /// Again and again, whatever the wall says: multiples of so many minutes since 1970 in UTC, at least one.
    Minutes(u32),
}

/// One time something falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its place in the order of slots, which no change of clocks or time zones moves: midnight of its day, or the
    /// moment itself in UTC for [`Every::Minutes`].
    pub place: NaiveDateTime,
    /// When it is due.
    pub due: DateTime<Utc>,
}

impl Slot {
    /// The slot in a word: `2027-03-01`, or `2027-03-01T12:15Z` for one of many in a day.
    pub fn word(&self, every: Every) -> String {
        match every {
            Every::Minutes(_) => self.place.format("%Y-%m-%dT%H:%MZ").to_string(),
            _ => self.place.date().to_string(),
        }
    }
}

impl Every {
    /// The last slot that is due by now; none before the year 1.
    pub fn latest(self, zone: Tz, now: DateTime<Utc>) -> Option<Slot> {
        let today = now.with_timezone(&zone).date_naive();
        let due = |day: NaiveDate, at| {
            let due = moment(zone, day, at).filter(|due| *due <= now)?;
            Some(Slot { place: day.and_time(NaiveTime::MIN), due })
        };
        match self {
            Every::Day { at } => [0, 1].into_iter().find_map(|back| due(today - TimeDelta::days(back), at)),
            Every::Week { on, at } => {
                let this_week = today - TimeDelta::days(i64::from(today.weekday().days_since(on)));
                [0, 7].into_iter().find_map(|back| due(this_week - TimeDelta::days(back), at))
            }
            Every::Month { on, at } => {
                // The months are counted from the first of this one, so that no clamped day moves the next.
                let first = today.with_day(1)?;
                let day = |back| Some(clamped(first.checked_sub_months(Months::new(back))?, on));
                [0, 1].into_iter().find_map(|back| due(day(back)?, at))
            }
            Every::Minutes(minutes) => {
                let step = i64::from(minutes.max(1)) * 60;
                let seconds = now.timestamp().div_euclid(step) * step;
                let due = DateTime::from_timestamp(seconds, 0)?;
                Some(Slot { place: due.naive_utc(), due })
            }
        }
    }
}

/// A day of the month that begins with `first`; its last when it has none such.
fn clamped(first: NaiveDate, day: u32) -> NaiveDate {
    (1..=day.clamp(1, 31)).rev().find_map(|day| first.with_day(day)).unwrap_or(first)
}

/// A minute of a day in a time zone; when clocks jump over it, the first moment after.
fn moment(zone: Tz, day: NaiveDate, minute: u32) -> Option<DateTime<Utc>> {
    let at = |minute: u32| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
        zone.from_local_datetime(&day.and_time(time)).earliest()
    };
    (minute..24 * 60)
        .find_map(at)
        .or_else(|| {
            let next = day.checked_add_days(Days::new(1))?;
            (0..24 * 60).find_map(|minute| {
                let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
                zone.from_local_datetime(&next.and_time(time)).earliest()
            })
        })
        .map(|moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono_tz::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn due(every: Every, zone: Tz, now: &str) -> (String, String) {
        let slot = every.latest(zone, at(now)).unwrap();
        (slot.word(every), slot.due.format("%Y-%m-%dT%H:%MZ").to_string())
    }

    #[test]
    fn days_with_a_clock_change_have_each_slot_once() {
        let half_past_two = Every::Day { at: 150 };
        for (zone, now, day, moment) in [
            (Europe::Berlin, "2027-01-15T23:00:00Z", "2027-01-15", "2027-01-15T01:30Z"),
            // 02:30 does not exist on this day: the first minute that does is 03:00.
            (Europe::Berlin, "2027-03-28T01:00:00Z", "2027-03-28", "2027-03-28T01:00Z"),
            (Europe::Berlin, "2027-03-28T00:59:00Z", "2027-03-27", "2027-03-27T01:30Z"),
            // 02:30 happens twice on this day: the first of them, and nothing new at the second.
            (Europe::Berlin, "2027-10-31T00:30:00Z", "2027-10-31", "2027-10-31T00:30Z"),
            (Europe::Berlin, "2027-10-31T01:30:00Z", "2027-10-31", "2027-10-31T00:30Z"),
            // Half hours: Kolkata is at +5:30, and Lord Howe moves its clocks by thirty minutes, from 02:00 to 02:30
            // in spring and back in autumn.
            (Asia::Kolkata, "2027-06-01T21:00:00Z", "2027-06-02", "2027-06-01T21:00Z"),
            (Asia::Kolkata, "2027-06-01T20:59:00Z", "2027-06-01", "2027-05-31T21:00Z"),
            (Australia::Lord_Howe, "2027-10-02T15:30:00Z", "2027-10-03", "2027-10-02T15:30Z"),
            (Australia::Lord_Howe, "2027-04-03T16:00:00Z", "2027-04-04", "2027-04-03T16:00Z"),
        ] {
            assert_eq!(due(half_past_two, zone, now), (day.into(), moment.into()), "{zone} at {now}");
        }
        let quarter_past_two = Every::Day { at: 135 };
        let gap = due(quarter_past_two, Australia::Lord_Howe, "2027-10-02T15:30:00Z");
        assert_eq!(gap, ("2027-10-03".into(), "2027-10-02T15:30Z".into()), "02:15 is jumped over");
        // Where clocks change at midnight, the day begins at one.
        let midnight = Every::Day { at: 5 };
        assert_eq!(
            due(midnight, Africa::Cairo, "2027-04-29T22:00:00Z"),
            ("2027-04-30".into(), "2027-04-29T22:00Z".into())
        );
    }

    #[test]
    fn weeks_and_months() {
        let mondays = Every::Week { on: Weekday::Mon, at: 9 * 60 };
        for (now, day) in [
            ("2027-03-01T08:59:00Z", "2027-02-22"),
            ("2027-03-01T09:00:00Z", "2027-03-01"),
            ("2027-03-07T23:00:00Z", "2027-03-01"),
        ] {
            assert_eq!(due(mondays, UTC, now).0, day, "{now}");
        }
        let monthly = |on| Every::Month { on, at: 60 };
        for (on, now, day) in [
            (31, "2027-03-01T12:00:00Z", "2027-02-28"),
            (31, "2028-03-01T12:00:00Z", "2028-02-29"),
            (31, "2027-03-31T00:30:00Z", "2027-02-28"),
            (31, "2027-03-31T01:00:00Z", "2027-03-31"),
            (30, "2027-02-28T01:00:00Z", "2027-02-28"),
            (1, "2027-01-01T00:59:00Z", "2026-12-01"),
            (15, "2027-01-14T12:00:00Z", "2026-12-15"),
        ] {
            assert_eq!(due(monthly(on), UTC, now).0, day, "on the {on} by {now}");
        }
        let first = due(monthly(1), Asia::Tokyo, "2027-03-31T16:00:00Z");
        assert_eq!(first, ("2027-04-01".into(), "2027-03-31T16:00Z".into()), "the tenant's month");
    }

    #[test]
    fn minutes_go_on_through_every_change_of_clocks() {
        let quarters = Every::Minutes(15);
        assert_eq!(due(quarters, Asia::Kolkata, "2027-03-01T12:14:59Z").0, "2027-03-01T12:00Z");
        assert_eq!(due(quarters, Asia::Kolkata, "2027-03-01T12:15:00Z").0, "2027-03-01T12:15Z");
        let mut now = at("2027-10-30T22:00:00Z");
        let mut seen = Vec::new();
        while now < at("2027-10-31T04:00:00Z") {
            seen.push(Every::Minutes(90).latest(Europe::Berlin, now).unwrap().due);
            now += TimeDelta::minutes(7);
        }
        seen.dedup();
        assert!(seen.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(90)), "{seen:?}");
    }

    /// Every hour of fourteen months in zones of every temper: each day has its slot once, in order, and never early.
    #[test]
    fn each_day_has_one_slot_in_every_zone() {
        for zone in [
            UTC,
            Europe::Berlin,
            America::New_York,
            America::St_Johns,
            America::Havana,
            Asia::Kolkata,
            Asia::Kathmandu,
            Asia::Beirut,
            Africa::Casablanca,
            Australia::Lord_Howe,
            Pacific::Chatham,
            Pacific::Kiritimati,
        ] {
            for minute in [0, 150] {
                let every = Every::Day { at: minute };
                let (mut now, mut days) = (at("2026-12-31T12:07:00Z"), BTreeMap::new());
                let mut last = every.latest(zone, now).unwrap();
                while now < at("2028-02-29T12:00:00Z") {
                    let slot = every.latest(zone, now).unwrap();
                    assert!(
                        slot.due <= now && slot.place >= last.place,
                        "{zone}, {minute}: {slot:?} by {now}"
                    );
                    *days.entry(slot.place.date()).or_insert(slot.due) = slot.due;
                    last = slot;
                    now += TimeDelta::hours(1);
                }
                let (first, last) = (days.first_key_value().unwrap().0, days.last_key_value().unwrap().0);
                assert_eq!(
                    days.len() as i64,
                    (*last - *first).num_days() + 1,
                    "{zone}, {minute}: no day is left out"
                );
                assert!(days.len() > 420);
            }
        }
    }

    #[test]
    fn a_day_that_a_zone_leaves_out_has_no_slot() {
        // Samoa went over the date line: the 30th of December 2011 was not.
        let noon = Every::Day { at: 720 };
        assert_eq!(due(noon, Pacific::Apia, "2011-12-30T09:00:00Z").0, "2011-12-29");
        assert_eq!(due(noon, Pacific::Apia, "2011-12-30T22:00:00Z").0, "2011-12-31");
    }
}
