//! How tickets and their clocks are said on pages.

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::app::methodology::InForce;
use crate::db::tickets::{Listed, Stay, Ticket};
use crate::domain::sla::{self, Hours};
use crate::domain::ticket::{Severity, Status};
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::ui::{Avatar, Tone, filters, format, html_safe};

/// A clock in words.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "support/clock.html")]
pub struct ClockView {
    /// Good while it runs or was kept, watch when it is due soon, critical when it ran out, risk when it was stopped
    /// late.
    pub tone: Tone,
    /// `25 min left`, `3 h over`, `after 32 min`.
    pub left: String,
    /// `due today 16:00`, `9 min late`, `in time`.
    pub note: String,
    /// Whether there is such a clock.
    pub there: bool,
}

html_safe!(ClockView);

/// A ticket as a row of a list.
#[derive(Clone, Debug)]
pub struct TicketRow {
    /// What it is about.
    pub subject: String,
    /// `4711 · opened 3 h ago`, `4711 · resolved yesterday`.
    pub sub: String,
    /// Its page.
    pub href: String,
    /// Its account.
    pub account: String,
    /// The account's Support tab.
    pub account_href: String,
    /// The account's segment.
    pub segment: String,
    /// `High`.
    pub severity: String,
    /// How grave.
    pub severity_tone: Tone,
    /// `2 Senior success manager`.
    pub level: String,
    /// Who works there.
    pub holder: Option<Avatar>,
    /// The clock of the answer.
    pub answer: ClockView,
    /// The clock of the resolution.
    pub resolution: ClockView,
}

/// Tickets in a table.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "support/table.html")]
pub struct Table {
    /// The tickets.
    pub rows: Vec<TicketRow>,
    /// Whether any has a clock for its resolution.
    pub resolves: bool,
    /// Whether they are of several accounts.
    pub accounts: bool,
}

html_safe!(Table);

impl Table {
    /// Listed tickets, in their order.
    pub fn of(tickets: &[Listed], words: &Wording, zone: Tz) -> Self {
        let in_force = words.in_force.as_deref();
        let row = |one: &Listed| {
            let segment = words.segment(one.segment.as_deref());
            TicketRow::of(one, segment, in_force, words.now, zone)
        };
        Table {
            rows: tickets.iter().map(row).collect(),
            resolves: tickets.iter().any(|one| one.ticket.resolution_due.is_some()),
            accounts: true,
        }
    }

    /// Without the account, where all are of one that the page names anyway.
    #[must_use]
    pub fn of_one_account(self) -> Self {
        Table { accounts: false, ..self }
    }
}

impl TicketRow {
    /// A listed ticket; `segment` is its account's segment's name.
    pub fn of(
        listed: &Listed,
        segment: String,
        in_force: Option<&InForce>,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Self {
        let (ticket, stay) = (&listed.ticket, &listed.stay);
        TicketRow {
            subject: ticket.subject.clone(),
            sub: sub(ticket, now),
            href: paths::ticket(ticket.id),
            account: listed.account_name.clone(),
            account_href: paths::account_tab(&listed.account, "support"),
            segment,
            severity: severity(&ticket.severity).to_owned(),
            severity_tone: severity_tone(&ticket.severity),
            level: level(stay.level, in_force),
            holder: listed.assignee.as_deref().or(listed.holder.as_deref()).map(Avatar::new),
            answer: answer(stay, now, zone),
            resolution: resolution(ticket, now, zone),
        }
    }
}

fn sub(ticket: &Ticket, now: DateTime<Utc>) -> String {
    let (id, opened) = (&ticket.external_id, format::ago(ticket.opened_at, now));
    match (Status::parse(&ticket.status), ticket.resolved_at) {
        (_, Some(at)) => format!("{id} \u{b7} resolved {}", format::ago(at, now)),
        (Some(Status::Pending), None) => format!("{id} \u{b7} pending, opened {opened}"),
        (_, None) => format!("{id} \u{b7} opened {opened}"),
    }
}

/// `High`.
pub fn severity(word: &str) -> &'static str {
    match Severity::parse(word) {
        Some(Severity::Low) => "Low",
        Some(Severity::High) => "High",
        Some(Severity::Critical) => "Critical",
        Some(Severity::Medium) | None => "Medium",
    }
}

/// How grave it looks.
pub fn severity_tone(word: &str) -> Tone {
    match Severity::parse(word) {
        Some(Severity::Critical) => Tone::Critical,
        Some(Severity::High) => Tone::Risk,
        Some(Severity::Medium) => Tone::Watch,
        Some(Severity::Low) | None => Tone::None,
    }
}

/// `Waits for the customer`.
pub fn status(word: &str) -> &'static str {
    match Status::parse(word) {
        Some(Status::Pending) => "Pending",
        Some(Status::Resolved) => "Resolved",
        Some(Status::Open) | None => "Open",
    }
}

/// `2 Senior success manager`.
pub fn level(number: i32, in_force: Option<&InForce>) -> String {
    let levels = in_force.and_then(|m| m.file.sla.as_ref()).map(|sla| &sla.levels);
    let found = levels.and_then(|levels| levels.iter().find(|level| level.id == i64::from(number)));
    match found {
        // Some methodologies begin the name with the number.
        Some(level) if level.name.contains(&number.to_string()) => level.name.to_string(),
        Some(level) => format!("{number} {}", level.name),
        None => number.to_string(),
    }
}

/// The clock of an answer.
pub fn answer(stay: &Stay, now: DateTime<Utc>, zone: Tz) -> ClockView {
    let Some(due) = stay.response_due else { return ClockView::default() };
    clock(stay.at, due, stay.answered_at, stay.response_breached, now, zone)
}

/// The clock of a resolution.
pub fn resolution(ticket: &Ticket, now: DateTime<Utc>, zone: Tz) -> ClockView {
    let Some(due) = ticket.resolution_due else { return ClockView::default() };
    let began = ticket.reopened_at.unwrap_or(ticket.opened_at);
    clock(began, due, ticket.resolved_at, ticket.resolution_breached, now, zone)
}

fn clock(
    began: DateTime<Utc>,
    due: DateTime<Utc>,
    done: Option<DateTime<Utc>>,
    broken: bool,
    now: DateTime<Utc>,
    zone: Tz,
) -> ClockView {
    let (tone, left, note) = match (done, broken) {
        (Some(at), false) => (Tone::Good, format!("after {}", span(at - began)), "in time".to_owned()),
        (Some(at), true) => {
            (Tone::Risk, format!("after {}", span(at - began)), format!("{} late", span(at - due)))
        }
        (None, true) => (
            Tone::Critical,
            format!("{} over", span(now - due)),
            format!("was due {}", moment(due, now, zone)),
        ),
        (None, false) => {
            let soon = sla::soon_at(began, due) <= now;
            let tone = if soon { Tone::Watch } else { Tone::Good };
            (tone, format!("{} left", span(due - now)), format!("due {}", moment(due, now, zone)))
        }
    };
    ClockView { tone, left, note, there: true }
}

/// `45 min`, `3 h 20 min`, `2 days 4 h`.
pub fn span(time: TimeDelta) -> String {
    let minutes = time.num_minutes().max(0);
    let two = |a: String, b: i64, unit: &str| if b == 0 { a } else { format!("{a} {b} {unit}") };
    match minutes {
        0 => "less than 1 min".to_owned(),
        1..60 => format!("{minutes} min"),
        60..1_440 => two(format!("{} h", minutes / 60), minutes % 60, "min"),
        _ => two(format::count(minutes / 1_440, "day"), minutes % 1_440 / 60, "h"),
    }
}

/// A methodology's period as people write it: `4 h` for `4h`, `15 min` for `15m`.
pub fn period(text: &str) -> String {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match (unit, number) {
        ("m", _) => "min",
        ("d", "1") => "day",
        ("d", _) => "days",
        ("w", "1") => "week",
        ("w", _) => "weeks",
        ("mo", "1") => "month",
        ("mo", _) => "months",
        (unit, _) => unit,
    };
    format!("{number} {unit}")
}

/// `today 16:00`, `tomorrow 09:00`, `Mon 8 Mar 09:00`, by the clocks of the place.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (at, today) = (at.with_timezone(&zone), now.with_timezone(&zone).date_naive());
    let (day, time) = (at.date_naive(), at.format("%H:%M"));
    match (day - today).num_days() {
        0 => format!("today {time}"),
        1 => format!("tomorrow {time}"),
        -1 => format!("yesterday {time}"),
        -300..=300 => format!("{} {time}", at.format("%a %-d %b")),
        _ => format!("{} {time}", format::date(day)),
    }
}

/// `Mon–Fri 09:00–17:00`.
pub fn worked(hours: &Hours) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let worked: Vec<usize> = (0..7).filter(|day| hours.days[*day]).collect();
    let is_run = worked.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let days = match (worked.first(), worked.last()) {
        (Some(first), Some(last)) if is_run && worked.len() > 2 => {
            format!("{}\u{2013}{}", DAYS[*first], DAYS[*last])
        }
        _ => worked.iter().map(|day| DAYS[*day]).collect::<Vec<_>>().join(", "),
    };
    format!("{days} {}\u{2013}{}", hours.open.format("%H:%M"), hours.close.format("%H:%M"))
}

/// `4 h`, `1.5 h`, `2.3 days`: an average.
pub fn average(sum: f64, n: i64) -> String {
    if n == 0 {
        return "\u{2013}".to_owned();
    }
    match sum / n as f64 {
        mean if mean < 1.0 => format!("{} min", format::decimal(mean * 60.0, 0)),
        mean if mean < 48.0 => format!("{} h", format::decimal(mean, 1)),
        mean => format!("{} days", format::decimal(mean / 24.0, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        for (minutes, said) in [
            (0, "less than 1 min"),
            (45, "45 min"),
            (120, "2 h"),
            (200, "3 h 20 min"),
            (1_440, "1 day"),
            (3_120, "2 days 4 h"),
        ] {
            assert_eq!(span(TimeDelta::minutes(minutes)), said);
        }
        assert_eq!(
            ["15m", "4h", "1d", "2w", "3mo"].map(period),
            ["15 min", "4 h", "1 day", "2 weeks", "3 months"]
        );
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (now, zone) = (at("2027-03-05T15:00:00Z"), Tz::Europe__Berlin);
        assert_eq!(moment(at("2027-03-05T22:30:00Z"), now, zone), "today 23:30");
        assert_eq!(moment(at("2027-03-05T23:30:00Z"), now, zone), "tomorrow 00:30");
        assert_eq!(moment(at("2027-03-08T08:00:00Z"), now, zone), "Mon 8 Mar 09:00");
        assert_eq!(
            (average(0.5, 1), average(9.0, 2), average(240.0, 2)),
            ("30 min".into(), "4.5 h".into(), "5 days".into())
        );
    }
}
