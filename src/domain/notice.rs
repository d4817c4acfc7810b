//! How somebody wants to be told: which groups by which way, how grave it must be, and when not.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::timeline::Group;

/// How grave something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Low,
    /// Worth a look this week.
    Medium,
    /// Worth a look today.
    High,
    /// Now.
    Critical,
}

impl Severity {
    /// Every severity, least grave first.
    pub const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The word in the database, the API and webhooks.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Severity::Low => "Low",
            Severity::Medium => "Medium",
            Severity::High => "High",
            Severity::Critical => "Critical",
        }
    }

    /// The severity of a word.
    pub fn parse(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.word() == word)
    }
}

/// The ways by which a member is told of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// Under the bell.
    pub app: bool,
    /// A mail of its own.
    pub mail: bool,
    /// In the daily digest.
    pub digest: bool,
}

/// How a member wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// Groups that stand under the bell.
    pub app: Vec<Group>,
    /// Groups of which a mail is written at once, when they are grave enough.
    pub mail: Vec<Group>,
    /// Groups the daily digest tells of.
    pub digest: Vec<Group>,
    /// How grave it must be for a mail at once; none for anything. What is not graded is below every severity.
    pub min_severity: Option<Severity>,
    /// From when until when mail is held back; the end may be on the next day.
    pub quiet: Option<(NaiveTime, NaiveTime)>,
    /// By which clock.
    pub zone: Tz,
    /// Minutes after midnight at which the digest is due; none for no digest.
    pub digest_minute: Option<u16>,
}

/// When the digest is due unless the member says otherwise: 07:30.
pub const DIGEST_MINUTE: u16 = 7 * 60 + 30;

impl Preferences {
    /// Those of a member who never chose: all in the app, mail at once for grave alerts and support clocks, a digest.
    pub fn usual(zone: Tz) -> Self {
        Preferences {
            app: Group::ALL.to_vec(),
            mail: vec![Group::Alerts, Group::Support],
            digest: Group::ALL.to_vec(),
            min_severity: Some(Severity::High),
            quiet: None,
            zone,
            digest_minute: Some(DIGEST_MINUTE),
        }
    }

    /// By which ways to tell of something.
    pub fn ways(&self, group: Group, severity: Option<Severity>) -> Ways {
        Ways {
            app: self.app.contains(&group),
            mail: self.mail.contains(&group) && severity >= self.min_severity,
            digest: self.digest_minute.is_some() && self.digest.contains(&group),
        }
    }

    /// When a mail that is written now may go out: at once, or when the quiet hours end.
    pub fn mail_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let Some((from, until)) = self.quiet else { return now };
        let local = now.with_timezone(&self.zone);
        let (today, time) = (local.date_naive(), local.time());
        let ends_on = if from <= until {
            (from <= time && time < until).then_some(today)
        } else if time >= from {
            today.checked_add_days(Days::new(1))
        } else {
            (time < until).then_some(today)
        };
        ends_on.and_then(|day| moment(self.zone, day, until)).unwrap_or(now)
    }

    /// The day whose digest is due by now, and since when; none before its time.
    pub fn digest_due(&self, now: DateTime<Utc>) -> Option<(NaiveDate, DateTime<Utc>)> {
        let minute = u32::from(self.digest_minute?);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
        let day = now.with_timezone(&self.zone).date_naive();
        let due = moment(self.zone, day, time)?;
        (due <= now).then_some((day, due))
    }
}

/// A time of a day by a clock; where clocks jump over it, the first minute after.
fn moment(zone: Tz, day: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    // No zone's clocks jump by more than a day.
    (0..=24 * 60)
        .find_map(|later| {
            let local = day.and_time(time).checked_add_signed(chrono::Duration::minutes(later))?;
            zone.from_local_datetime(&local).earliest()
        })
        .map(|moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn quiet(from: &str, until: &str, zone: Tz) -> Preferences {
        let time = |text: &str| text.parse().unwrap();
        Preferences { quiet: Some((time(from), time(until))), ..Preferences::usual(zone) }
    }

    #[test]
    fn quiet_hours_hold_mail_until_they_end() {
        let berlin = chrono_tz::Europe::Berlin;
        let table = [
            // Before, within (on both days), at the end.
            ("22:00:00", "07:00:00", "2027-01-15T20:59:59Z", "2027-01-15T20:59:59Z"),
            ("22:00:00", "07:00:00", "2027-01-15T21:00:00Z", "2027-01-16T06:00:00Z"),
            ("22:00:00", "07:00:00", "2027-01-16T03:00:00Z", "2027-01-16T06:00:00Z"),
            ("22:00:00", "07:00:00", "2027-01-16T06:00:00Z", "2027-01-16T06:00:00Z"),
            ("12:00:00", "13:30:00", "2027-01-15T11:30:00Z", "2027-01-15T12:30:00Z"),
            ("12:00:00", "12:00:00", "2027-01-15T11:00:00Z", "2027-01-15T11:00:00Z"),
            // The night on which 02:30 does not exist: 03:00 summer time is the first minute after.
            ("22:00:00", "02:30:00", "2027-03-27T23:00:00Z", "2027-03-28T01:00:00Z"),
            // The night on which 02:30 happens twice: the first of them.
            ("22:00:00", "02:30:00", "2027-10-30T21:00:00Z", "2027-10-31T00:30:00Z"),
        ];
        for (from, until, now, then) in table {
            assert_eq!(quiet(from, until, berlin).mail_at(at(now)), at(then), "{from} to {until}, {now}");
        }
    }

    #[test]
    fn a_digest_is_due_once_its_minute_has_come() {
        let usual = Preferences::usual(chrono_tz::America::New_York);
        assert_eq!(usual.digest_due(at("2027-03-01T12:29:59Z")), None);
        let due = usual.digest_due(at("2027-03-02T04:00:00Z")).unwrap();
        assert_eq!(due, ("2027-03-01".parse().unwrap(), at("2027-03-01T12:30:00Z")));
        assert_eq!(Preferences { digest_minute: None, ..usual }.digest_due(at("2027-03-01T20:00:00Z")), None);
    }

    #[test]
    fn mail_at_once_is_for_what_is_grave_enough() {
        let usual = Preferences::usual(Tz::UTC);
        let ways = |group, severity| usual.ways(group, severity);
        assert!(ways(Group::Alerts, Some(Severity::Critical)).mail);
        assert!(ways(Group::Alerts, Some(Severity::High)).mail);
        assert!(!ways(Group::Alerts, Some(Severity::Medium)).mail);
        assert!(!ways(Group::Alerts, None).mail, "what is not graded is below every severity");
        assert!(!ways(Group::Health, Some(Severity::Critical)).mail, "not one of its groups");
        let any = Preferences { min_severity: None, ..usual.clone() };
        assert!(any.ways(Group::Alerts, None).mail);
        let no_digest = Preferences { digest_minute: None, ..usual };
        assert!(!no_digest.ways(Group::Alerts, None).digest);
    }
}
