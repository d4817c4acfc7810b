//! Calendars that other programs subscribe to: iCalendar (RFC 5545), as far as all-day events need it.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, Utc};

/// The longest line in octets, without its end (RFC 5545, 3.1).
const LINE: usize = 75;

/// Something on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Stays the same for the same thing, for ever.
    pub uid: String,
    /// The day.
    pub day: NaiveDate,
    /// One line.
    pub summary: String,
    /// More.
    pub description: String,
    /// Where it is opened; empty for nowhere.
    pub url: String,
}

/// A calendar by its name with all of its events, as of a moment.
pub fn calendar(name: &str, events: &[Event], at: DateTime<Utc>) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| fold(&mut out, &format!("{name}:{value}"));
    line("BEGIN", "VCALENDAR");
    line("VERSION", "2.0");
    line("PRODID", "-//Holdfast//Tasks//EN");
    line("CALSCALE", "GREGORIAN");
    line("METHOD", "PUBLISH");
    line("NAME", &escaped(name));
    line("X-WR-CALNAME", &escaped(name));
    line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
    for event in events {
        line("BEGIN", "VEVENT");
        line("UID", &event.uid);
        line("DTSTAMP", &at.format("%Y%m%dT%H%M%SZ").to_string());
        line("DTSTART;VALUE=DATE", &event.day.format("%Y%m%d").to_string());
        // The end of an all-day event is the day after its last.
        let end = event.day.checked_add_days(Days::new(1)).unwrap_or(event.day);
        line("DTEND;VALUE=DATE", &end.format("%Y%m%d").to_string());
        line("SUMMARY", &escaped(&event.summary));
        if !event.description.is_empty() {
            line("DESCRIPTION", &escaped(&event.description));
        }
        if !event.url.is_empty() {
            line("URL", &event.url);
        }
        // A task takes no time of the day.
        line("TRANSP", "TRANSPARENT");
        line("END", "VEVENT");
    }
    line("END", "VCALENDAR");
    out
}

/// A text value: backslash, comma, semicolon and line breaks are escaped, other control characters left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Writes a content line, folded between characters so that no part is longer than [`LINE`] octets.
fn fold(out: &mut String, line: &str) {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            // The space that marks a folded line counts.
            out.push_str("\r\n ");
            used = 1;
        }
        // Writing to a String cannot fail.
        let _ = out.write_char(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_characters_and_texts_are_escaped() {
        let event = Event {
            uid: "t-1@holdfast".into(),
            day: "2028-02-29".parse().unwrap(),
            summary: format!("Ask Müller; Söhne, \\ {}", "\u{1f680}".repeat(40)),
            description: "one\r\ntwo".into(),
            url: "https://x.example/tasks/1".into(),
        };
        let text =
            calendar("Casey, tasks", std::slice::from_ref(&event), "2028-02-01T08:00:00Z".parse().unwrap());
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        assert!(text.split("\r\n").all(|line| line.len() <= LINE && !line.contains('\n')), "{text}");
        let whole = text.replace("\r\n ", "");
        assert!(whole.contains("SUMMARY:Ask Müller\\; Söhne\\, \\\\ \u{1f680}"), "{whole}");
        assert_eq!(whole.matches('\u{1f680}').count(), 40);
        assert!(whole.contains("DESCRIPTION:one\\ntwo\r\n"), "{whole}");
        assert!(whole.contains("DTSTART;VALUE=DATE:20280229\r\nDTEND;VALUE=DATE:20280301\r\n"), "{whole}");
        assert!(whole.contains("DTSTAMP:20280201T080000Z"));
    }
}
