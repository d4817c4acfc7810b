//! Numbers, money and dates as people read them. Minus is U+2212, thousands are commas, days come first.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

/// How many minor units make one unit of an ISO 4217 currency, as a power of ten.
pub fn minor_digits(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

fn symbol(currency: &str) -> String {
    match currency {
        "USD" => "$".into(),
        "EUR" => "€".into(),
        "GBP" => "£".into(),
        "JPY" => "¥".into(),
        "" => String::new(),
        // A no-break space, so that "CHF 1,200" stays in one piece.
        other => format!("{other}\u{a0}"),
    }
}

fn sign(negative: bool) -> &'static str {
    if negative { "\u{2212}" } else { "" }
}

/// Whole units with separators: `money(123_456_789, "EUR")` is `€1,234,568`. Cents are rounded half up.
pub fn money(minor: i64, currency: &str) -> String {
    let unit = 10_u64.pow(minor_digits(currency));
    let whole = (minor.unsigned_abs() + unit / 2) / unit;
    format!("{}{}{}", sign(minor < 0 && whole > 0), symbol(currency), thousands(whole))
}

/// Three figures at most: `€1.2M`, `€480K`, `€950`. For tiles, charts and narrow columns.
pub fn money_short(minor: i64, currency: &str) -> String {
    let whole = minor.unsigned_abs() as f64 / 10_f64.powi(minor_digits(currency) as i32);
    format!("{}{}{}", sign(minor < 0), symbol(currency), short(whole))
}

/// An integer with separators: `12,408`.
pub fn number(value: i64) -> String {
    format!("{}{}", sign(value < 0), thousands(value.unsigned_abs()))
}

/// A reading: up to `digits` decimals without trailing zeros, separators above a thousand.
pub fn decimal(value: f64, digits: usize) -> String {
    let text = format!("{:.*}", digits, value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = thousands(whole.parse().unwrap_or(0));
    let is_zero = whole == "0" && fraction.is_empty();
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{whole}{point}{fraction}", sign(value < 0.0 && !is_zero))
}

/// A share: `percent(0.4321, 0)` is `43 %` with a thin no-break space.
pub fn percent(share: f64, digits: usize) -> String {
    format!("{}\u{2009}%", decimal(share * 100.0, digits))
}

/// A change with its sign always shown: `+12`, `−3.5`, `0`.
pub fn signed(value: f64, digits: usize) -> String {
    let text = decimal(value, digits);
    if text != "0" && !text.starts_with('\u{2212}') { format!("+{text}") } else { text }
}

/// Points of a score, always with one decimal so that columns add up to the eye: `+4.0`, `−12.4`, `0`.
pub fn points(value: f64) -> String {
    let text = format!("{:.1}", value.abs());
    match (text.as_str(), value > 0.0) {
        ("0.0", _) => "0".into(),
        (text, true) => format!("+{text}"),
        (text, false) => format!("\u{2212}{text}"),
    }
}

/// A magnitude in at most three figures: `950`, `4.2K`, `1.2M`.
pub fn short(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        x if x >= 999_500_000.0 => (value / 1e9, "B"),
        x if x >= 999_500.0 => (value / 1e6, "M"),
        x if x >= 999.5 => (value / 1e3, "K"),
        _ => (value, ""),
    };
    let digits = usize::from(scaled.abs() < 99.95 && !suffix.is_empty());
    format!("{}{suffix}", decimal(scaled, digits))
}

/// `22 Nov 2026`.
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// `22 Nov`, with the year only where it is not `today`'s.
pub fn date_near(day: NaiveDate, today: NaiveDate) -> String {
    if day.year() == today.year() { day.format("%-d %b").to_string() } else { date(day) }
}

/// `in 12 days`, `today`, `3 days ago`.
pub fn days_from(day: NaiveDate, today: NaiveDate) -> String {
    match (day - today).num_days() {
        0 => "today".into(),
        1 => "tomorrow".into(),
        -1 => "yesterday".into(),
        days if days > 0 => format!("in {} days", number(days)),
        days => format!("{} days ago", number(-days)),
    }
}

/// How long ago a moment was: `just now`, `4 min ago`, `3 h ago`, `6 days ago`.
pub fn ago(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - moment).num_seconds().max(0);
    match seconds {
        0..60 => "just now".into(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "yesterday".into(),
        _ => format!("{} days ago", number(seconds / 86_400)),
    }
}

/// A sentence with one full stop at its end; nothing stays nothing.
pub fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    if text.is_empty() { String::new() } else { format!("{text}.") }
}

/// `1 account`, `2 accounts`, `1,204 accounts`. The plural is the singular with an s.
pub fn count(n: i64, singular: &str) -> String {
    format!("{} {singular}{}", number(n), if n == 1 { "" } else { "s" })
}

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_like_money() {
        let table = [
            (money(123_456_789, "EUR"), "€1,234,568"),
            (money(-150_000, "USD"), "−$1,500"),
            (money(-10, "USD"), "$0"),
            (money(9_800, "JPY"), "¥9,800"),
            (money(12_000_000, "CHF"), "CHF\u{a0}120,000"),
            (money(i64::MIN, "USD"), "−$92,233,720,368,547,758"),
            (money_short(123_456_789, "EUR"), "€1.2M"),
            (money_short(48_000_000, "EUR"), "€480K"),
            (money_short(99_949, "USD"), "$999"),
            (money_short(99_999_999, "USD"), "$1M"),
            (money_short(1_250, "KWD"), "KWD\u{a0}1"),
        ];
        for (got, want) in table {
            assert_eq!(got, want);
        }
    }

    #[test]
    fn numbers_keep_no_false_precision() {
        let table = [
            (number(-12_408), "−12,408"),
            (decimal(1234.50, 2), "1,234.5"),
            (decimal(-0.001, 1), "0"),
            (percent(0.4321, 0), "43\u{2009}%"),
            (signed(0.0, 0), "0"),
            (signed(12.0, 0), "+12"),
            (signed(-3.5, 1), "−3.5"),
            (points(-4.0), "−4.0"),
            (points(12.44), "+12.4"),
            (points(-0.04), "0"),
            (short(999.6), "1K"),
            (short(4_230.0), "4.2K"),
            (count(1, "account"), "1 account"),
            (count(1_204, "account"), "1,204 accounts"),
        ];
        for (got, want) in table {
            assert_eq!(got, want);
        }
    }

    #[test]
    fn days_are_told_from_today() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-11-22");
        assert_eq!(days_from(today, today), "today");
        assert_eq!(days_from(day("2026-11-21"), today), "yesterday");
        assert_eq!(days_from(day("2026-12-04"), today), "in 12 days");
        assert_eq!(date_near(day("2026-12-04"), today), "4 Dec");
        assert_eq!(date_near(day("2027-01-04"), today), "4 Jan 2027");
    }
}
