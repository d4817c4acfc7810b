//! Metrics: the daily series an account has, and how product events and traits find the inputs they feed.

use serde::{Deserialize, Serialize};

/// What a metric's daily figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Occurrences of the day, summed; a day without a row is 0.
    Counter,
    /// A sampled level; it stays until the next sample.
    Gauge,
    /// How many different users of the day; a day without a row is 0.
    Distinct,
}

/// The snake_case name of a product event or trait: `Ticket Opened`, `ticketOpened`, `ticket-opened` and
/// `TICKET_OPENED` are all `ticket_opened`. Letters and digits are kept, everything else separates words.
pub fn normalise(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut chars = name.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            before = None;
            continue;
        }
        let starts_word = match before {
            None => true,
            // dauPct -> dau_pct, HTTPError -> http_error
            Some(p) => {
                c.is_uppercase()
                    && (p.is_lowercase() || p.is_numeric() || chars.peek().is_some_and(|n| n.is_lowercase()))
            }
        };
        if starts_word && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_for_all_spellings() {
        for (name, normal) in [
            ("Ticket Opened", "ticket_opened"),
            ("ticketOpened", "ticket_opened"),
            ("ticket-opened", "ticket_opened"),
            ("TICKET_OPENED", "ticket_opened"),
            ("  Order: Completed! ", "order_completed"),
            ("HTTPError", "http_error"),
            ("v2Export", "v2_export"),
            ("Überblick Geöffnet", "überblick_geöffnet"),
            ("$$$", ""),
        ] {
            assert_eq!(normalise(name), normal, "{name}");
            assert_eq!(normalise(normal), normal);
        }
    }
}
