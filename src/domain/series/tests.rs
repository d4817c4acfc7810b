use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

fn start() -> NaiveDate {
    day("2027-01-01")
}

/// Everything, bit for bit.
fn exact(month: &Month) -> Vec<String> {
    let rows = |runs: &[Run]| -> Vec<String> {
        let one = |metric: i32, row: &Row| {
            format!("{metric} {row:?} {:?} {}", row.value.map(f64::to_bits), row.sum)
        };
        runs.iter().flat_map(|run| run.rows.iter().map(move |row| one(run.metric, row))).collect()
    };
    [rows(&month.carry), rows(&month.runs)].concat()
}

fn any_row() -> impl Strategy<Value = Row> {
    let small = prop_oneof![Just(0_i64), 0..90_i64, any::<i64>()];
    let sum = prop_oneof![
        3 => Just(Sum::ZERO),
        2 => (0..100_000_i128, 0..4_u8).prop_map(|(mantissa, scale)| Sum::Exact { mantissa, scale }),
        1 => (any::<i128>(), 0..30_u8).prop_map(|(mantissa, scale)| Sum::Exact { mantissa, scale }),
        1 => any::<u64>().prop_map(|bits| Sum::Rough(f64::from_bits(bits))),
    ];
    let value = prop_oneof![
        2 => Just(None),
        2 => (0..1000_i32).prop_map(|n| Some(f64::from(n) / 4.0)),
        1 => any::<u64>().prop_map(|bits| Some(f64::from_bits(bits))),
    ];
    let label = prop_oneof![3 => Just(None), 1 => "[a-c]{1,2}".prop_map(|word| Some(word.as_str().into()))];
    // The whole range of a PostgreSQL timestamp that chrono holds, and round times.
    let taken = prop_oneof![
        2 => Just(None),
        1 => (0..40_i64).prop_map(|n| DateTime::from_timestamp_micros(1_798_761_600_000_000 + n * 86_400_000_000)),
        1 => (-8_000_000_000_000_000_000_i64..8_000_000_000_000_000_000).prop_map(DateTime::from_timestamp_micros),
    ];
    (0..31_i64, -2..40_i64, small, sum, any::<i32>(), value, label, taken).prop_map(
        |(of_month, late, count, sum, users, value, label, value_at)| {
            let day = start() + chrono::Duration::days(of_month);
            let known_on = day + chrono::Duration::days(late);
            Row { day, known_on, count, sum, users: users % 50, value, label, value_at }
        },
    )
}

proptest! {
    #[test]
    fn a_month_comes_back_as_it_was(
        rows in prop::collection::vec((1..5_i32, any_row()), 0..120),
        carried in prop::collection::vec((1..5_i32, any_row()), 0..8),
    ) {
        let mut before = Month::new(start());
        for (metric, mut row) in carried {
            row.day -= chrono::Duration::days(31);
            before.merge(metric, row);
        }
        let mut month = Month { carry: before.runs, ..Month::new(start()) };
        for (metric, row) in rows {
            month.merge(metric, row);
        }
        let bytes = month.write();
        let read = Month::read(start(), &bytes)?;
        prop_assert_eq!(exact(&read), exact(&month));
        prop_assert_eq!(read.write(), bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        rows in prop::collection::vec((1..4_i32, any_row()), 1..20),
        spoilt in any::<prop::sample::Index>(), by in 1..=255_u8,
    ) {
        let _ = Month::read(start(), &[&[1], bytes.as_slice()].concat());
        let mut month = Month::new(start());
        rows.into_iter().for_each(|(metric, row)| month.merge(metric, row));
        let mut bytes = month.write();
        prop_assert!(Month::read(start(), &bytes[..bytes.len() - 1]).is_err(), "cut short");
        let at = spoilt.index(bytes.len());
        bytes[at] = bytes[at].wrapping_add(by);
        let _ = Month::read(start(), &bytes);
    }

    /// What is carried answers as all rows would, for whoever asks with the knowledge of the month's start or later.
    #[test]
    fn what_is_carried_holds_as_known_then(
        rows in prop::collection::vec(any_row(), 0..40), asked in 0..60_i64,
    ) {
        let mut month = Month::new(start());
        rows.into_iter().for_each(|row| month.merge(1, row));
        let next = day("2027-02-01");
        let known_by = next + chrono::Duration::days(asked);
        let all = month.runs.first().map_or(&[][..], |run| &run.rows);
        let carry = month.carry_into(next);
        let carried = carry.first().map_or(&[][..], |run| &run.rows);
        let last = |rows: &[Row]| -> Vec<Row> {
            let known = |row: &&Row| row.known_on <= known_by;
            let news = |row: &&Row| row.is_usage() || row.is_sample();
            let last = rows.iter().filter(known).filter(news).map(|row| row.day).max();
            rows.iter().filter(known).filter(|row| Some(row.day) == last).cloned().collect()
        };
        let texts = |rows: &[Row]| last(rows).iter().map(|row| format!("{row:?}")).collect::<Vec<_>>();
        prop_assert_eq!(texts(carried), texts(all));
    }
}

#[test]
fn an_ordinary_month_is_small() {
    let mut month = Month::new(start());
    for n in 0..31_i32 {
        let day = start() + chrono::Duration::days(n.into());
        // Seven counters, two of distinct users, three gauges set by a daily import.
        for metric in 1..=7 {
            let mut row = Row::new(day, day);
            row.count = i64::from((n * 37 + metric * 11) % 200);
            month.merge(metric, row);
        }
        for metric in 8..=9 {
            let mut row = Row::new(day, day);
            row.users = (n * 7 + metric) % 25;
            month.merge(metric, row);
        }
        for metric in 10..=12 {
            let mut row = Row::new(day, day);
            row.value = Some(f64::from((n * metric) % 400) / 4.0);
            row.value_at = at("2027-01-02T00:00:00Z").map(|first| first + chrono::Duration::days(n.into()));
            month.merge(metric, row);
        }
    }
    let bytes = month.write().len() as f64 / (31.0 * 12.0);
    assert!((1.0..2.0).contains(&bytes), "{bytes} bytes a metric and day");
    let next = day("2027-02-01");
    let next = Month { carry: month.carry_into(next), ..Month::new(next) };
    assert!(next.write().len() < 60, "{} bytes are carried", next.write().len());
}

#[test]
fn later_rows_add_up_and_of_two_samples_the_later_taken_stays() {
    let mut row = Row { count: 2, sum: Sum::parse("0.10"), ..Row::new(start(), start()) };
    row.absorb(Row { count: 3, sum: Sum::parse("0.2"), users: 1, ..Row::new(start(), start()) });
    assert_eq!((row.count, row.sum.to_string().as_str(), row.users), (5, "0.30", 1));
    let sample =
        |value: f64, time: &str| Row { value: Some(value), value_at: at(time), ..Row::new(start(), start()) };
    row.absorb(sample(1.0, "2027-01-01T10:00:00Z"));
    row.absorb(sample(2.0, "2027-01-01T09:00:00Z"));
    assert_eq!(row.value, Some(1.0));
    row.absorb(sample(3.0, "2027-01-01T10:00:00Z"));
    row.absorb(Row::new(start(), start()));
    assert_eq!((row.value, row.count), (Some(3.0), 5));
}
