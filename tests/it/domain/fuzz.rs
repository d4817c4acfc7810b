//! Random expressions against a slow interpreter, random faults in packs, random accounts against every pack.
//!
//! `PROPTEST_CASES=20000 cargo nextest run -E 'test(fuzz)'` runs longer.

use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use holdfast::domain::facts::{Facts, Series};
use holdfast::domain::health::Curve;
use holdfast::domain::methodology::{InputKind, Methodology};
use holdfast::domain::pack::{self, Overrides, load};
use holdfast::domain::value::{Val, Value};
use proptest::prelude::*;

/// So many cases, or as many as the environment says.
fn cases(n: u32) -> ProptestConfig {
    let set = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig::with_cases(set.unwrap_or(n))
}

fn today() -> NaiveDate {
    "2027-06-30".parse().unwrap()
}

fn sources() -> &'static [String] {
    static SOURCES: OnceLock<Vec<String>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/packs");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    })
}

fn methodologies() -> &'static [Methodology] {
    static LOADED: OnceLock<Vec<Methodology>> = OnceLock::new();
    let load = |source: &String| load(source, &Overrides::default()).unwrap().methodology;
    LOADED.get_or_init(|| sources().iter().map(load).collect())
}

// --- Expressions ---------------------------------------------------------------------------------------------------

/// An expression that gives a number.
#[derive(Debug, Clone)]
enum Num {
    Literal(u32),
    Gauge(bool),
    Fold(&'static str, bool, u32),
    Count(u32),
    DaysWith(u32),
    DaysSince,
    DropGauge(u32),
    DropEvents(u32),
    Binary(char, Box<Num>, Box<Num>),
    Negate(Box<Num>),
    Abs(Box<Num>),
    Coalesce(Box<Num>, Box<Num>),
    Extreme(&'static str, Box<Num>, Box<Num>),
}

/// An expression that is true, false or null.
#[derive(Debug, Clone)]
enum Cond {
    Known(Num),
    Flag,
    Plan(&'static str),
    Compare(&'static str, Num, Num),
    In(Num, Vec<Num>),
    Not(Box<Cond>),
    And(Box<Cond>, Box<Cond>),
    Or(Box<Cond>, Box<Cond>),
}

fn num() -> impl Strategy<Value = Num> {
    let window = || prop_oneof![1..10_u32, 10..120_u32];
    let fold = prop::sample::select(vec!["avg", "highest", "lowest"]);
    let leaf = prop_oneof![
        (0..5_u32).prop_map(Num::Literal),
        any::<bool>().prop_map(Num::Gauge),
        (fold, any::<bool>(), window()).prop_map(|(f, g, w)| Num::Fold(f, g, w)),
        window().prop_map(Num::Count),
        window().prop_map(Num::DaysWith),
        Just(Num::DaysSince),
        window().prop_map(Num::DropGauge),
        window().prop_map(Num::DropEvents),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let two = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        let op = prop::sample::select(vec!['+', '-', '*', '/']);
        let extreme = prop::sample::select(vec!["min", "max"]);
        prop_oneof![
            4 => (op, two.clone()).prop_map(|(op, (a, b))| Num::Binary(op, a, b)),
            1 => inner.clone().prop_map(|a| Num::Negate(Box::new(a))),
            1 => inner.prop_map(|a| Num::Abs(Box::new(a))),
            1 => two.clone().prop_map(|(a, b)| Num::Coalesce(a, b)),
            1 => (extreme, two).prop_map(|(f, (a, b))| Num::Extreme(f, a, b)),
        ]
    })
}

fn cond() -> impl Strategy<Value = Cond> {
    let compare = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        Just(Cond::Flag),
        prop::sample::select(vec!["basic", "pro"]).prop_map(Cond::Plan),
        num().prop_map(Cond::Known),
        (compare, num(), num()).prop_map(|(op, a, b)| Cond::Compare(op, a, b)),
        (num(), prop::collection::vec(num(), 1..3)).prop_map(|(a, list)| Cond::In(a, list)),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let two = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            inner.prop_map(|a| Cond::Not(Box::new(a))),
            two.clone().prop_map(|(a, b)| Cond::And(a, b)),
            two.prop_map(|(a, b)| Cond::Or(a, b)),
        ]
    })
}

impl Num {
    /// The text with no more parentheses than the grammar needs; `least` is how tightly its surroundings bind.
    fn text(&self, least: u8) -> String {
        let gauge = |first: &bool| if *first { "g" } else { "h" };
        let (binds, text) = match self {
            Self::Literal(n) => (9, n.to_string()),
            Self::Gauge(first) => (9, gauge(first).to_owned()),
            Self::Fold(name, first, w) => (9, format!("{name}({}, {w}d)", gauge(first))),
            Self::Count(w) => (9, format!("count(e, {w}d)")),
            Self::DaysWith(w) => (9, format!("days_with(e, {w}d)")),
            Self::DaysSince => (9, "days_since(e)".to_owned()),
            Self::DropGauge(w) => (9, format!("drop_pct(g, {w}d)")),
            Self::DropEvents(w) => (9, format!("drop_pct(e, {w}d)")),
            Self::Binary(op @ ('+' | '-'), a, b) => (5, format!("{} {op} {}", a.text(5), b.text(6))),
            Self::Binary(op, a, b) => (6, format!("{}{op}{}", a.text(6), b.text(7))),
            Self::Negate(a) => (7, format!("-{}", a.text(7))),
            Self::Abs(a) => (9, format!("abs({})", a.text(0))),
            Self::Coalesce(a, b) => (9, format!("coalesce({}, {})", a.text(0), b.text(0))),
            Self::Extreme(name, a, b) => (9, format!("{name}({},{})", a.text(0), b.text(0))),
        };
        if binds < least { format!("({text})") } else { text }
    }

    fn value(&self, facts: &Known) -> Option<f64> {
        let value = match self {
            Self::Literal(n) => f64::from(*n),
            Self::Gauge(first) => facts.within(*first, 100_000, 0).last().copied()?,
            Self::Fold(name, first, w) => fold(name, &facts.within(*first, *w, 0))?,
            Self::Count(w) => facts.count(*w, 0),
            Self::DaysWith(w) => {
                let mut days: Vec<i64> = facts
                    .e
                    .iter()
                    .filter(|(day, n)| *day > -i64::from(*w) && *day <= 0 && *n > 0.0)
                    .map(|r| r.0)
                    .collect();
                days.dedup();
                days.len() as f64
            }
            Self::DaysSince => -facts.e.iter().filter(|row| row.0 <= 0).map(|row| row.0).max()? as f64,
            Self::DropGauge(w) => drop(
                fold("avg", &facts.within(true, *w, i64::from(*w)))?,
                fold("avg", &facts.within(true, *w, 0))?,
            )?,
            Self::DropEvents(w) => drop(facts.count(*w, i64::from(*w)), facts.count(*w, 0))?,
            Self::Binary(op, a, b) => {
                let (a, b) = (a.value(facts)?, b.value(facts)?);
                match op {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ if b == 0.0 => return None,
                    _ => a / b,
                }
            }
            Self::Negate(a) => -a.value(facts)?,
            Self::Abs(a) => a.value(facts)?.abs(),
            Self::Coalesce(a, b) => a.value(facts).or_else(|| b.value(facts))?,
            Self::Extreme(name, a, b) => {
                let (a, b) = (a.value(facts)?, b.value(facts)?);
                if *name == "min" { a.min(b) } else { a.max(b) }
            }
        };
        value.is_finite().then_some(value)
    }
}

fn fold(name: &str, numbers: &[f64]) -> Option<f64> {
    match name {
        _ if numbers.is_empty() => None,
        "avg" => Some(numbers.iter().sum::<f64>() / numbers.len() as f64),
        "highest" => numbers.iter().copied().reduce(f64::max),
        _ => numbers.iter().copied().reduce(f64::min),
    }
}

fn drop(before: f64, now: f64) -> Option<f64> {
    (before != 0.0).then(|| 100.0 * (before - now) / before)
}

impl Cond {
    fn text(&self, least: u8) -> String {
        let (binds, text) = match self {
            Self::Known(a) => (9, format!("known({})", a.text(0))),
            Self::Flag => (9, "flag".to_owned()),
            Self::Plan(plan) => (4, format!("plan == '{plan}'")),
            Self::Compare(op, a, b) => (4, format!("{} {op} {}", a.text(5), b.text(5))),
            Self::In(a, list) => {
                let list: Vec<String> = list.iter().map(|item| item.text(0)).collect();
                (4, format!("{} in [{}]", a.text(5), list.join(", ")))
            }
            Self::Not(a) => (3, format!("not {}", a.text(3))),
            Self::And(a, b) => (2, format!("{} and {}", a.text(2), b.text(3))),
            Self::Or(a, b) => (1, format!("{} or {}", a.text(1), b.text(2))),
        };
        if binds < least { format!("({text})") } else { text }
    }

    /// Three-valued, by the tables of SQL.
    fn truth(&self, facts: &Known) -> Option<bool> {
        match self {
            Self::Known(a) => Some(a.value(facts).is_some()),
            Self::Flag => facts.flag,
            Self::Plan(plan) => facts.plan.map(|own| own == *plan),
            Self::Compare(op, a, b) => {
                let (a, b) = (a.value(facts)?, b.value(facts)?);
                Some(match *op {
                    "==" => a == b,
                    "!=" => a != b,
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    _ => a >= b,
                })
            }
            Self::In(a, list) => {
                let a = a.value(facts);
                let equal = list.iter().map(|item| Some(a? == item.value(facts)?));
                equal.fold(Some(false), |any, item| match (any, item) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (None, _) | (_, None) => None,
                    _ => Some(false),
                })
            }
            Self::Not(a) => a.truth(facts).map(|b| !b),
            Self::And(a, b) => match (a.truth(facts), b.truth(facts)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.truth(facts), b.truth(facts)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

/// What is known of an account, by days from today.
#[derive(Debug, Clone)]
struct Known {
    g: Vec<(i64, f64)>,
    h: Vec<(i64, f64)>,
    e: Vec<(i64, f64)>,
    flag: Option<bool>,
    plan: Option<&'static str>,
}

fn known() -> impl Strategy<Value = Known> {
    let rows = || {
        prop::collection::vec((-140..10_i64, (-4..9_i32).prop_map(|n| f64::from(n) / 2.0)), 0..12).prop_map(
            |mut rows| {
                rows.sort_by_key(|row| row.0);
                rows
            },
        )
    };
    let counts =
        prop::collection::vec((-140..10_i64, (0..4_i32).prop_map(f64::from)), 0..20).prop_map(|mut rows| {
            rows.sort_by_key(|row| row.0);
            rows
        });
    let plan = prop::option::of(prop::sample::select(vec!["basic", "pro"]));
    (rows(), rows(), counts, any::<Option<bool>>(), plan).prop_map(|(g, h, e, flag, plan)| Known {
        g,
        h,
        e,
        flag,
        plan,
    })
}

impl Known {
    /// Samples of the window of so many days that ended so many days ago.
    fn within(&self, first: bool, window: u32, ago: i64) -> Vec<f64> {
        let rows = if first { &self.g } else { &self.h };
        rows.iter().filter(|row| row.0 <= -ago && row.0 > -ago - i64::from(window)).map(|row| row.1).collect()
    }

    fn count(&self, window: u32, ago: i64) -> f64 {
        self.e.iter().filter(|row| row.0 <= -ago && row.0 > -ago - i64::from(window)).map(|row| row.1).sum()
    }

    fn facts(&self, methodology: &Methodology) -> Facts {
        let mut facts = methodology.blank_facts(today());
        let day = |ago: &i64| today() + chrono::Duration::days(*ago);
        let gauge = |rows: &[(i64, f64)]| {
            Series::Gauge(rows.iter().map(|(d, n)| (day(d), Value::from(*n))).collect())
        };
        for (name, series) in [
            ("g", gauge(&self.g)),
            ("h", gauge(&self.h)),
            ("e", Series::Events(self.e.iter().map(|(d, n)| (day(d), *n)).collect())),
            ("flag", Series::Attribute(self.flag.map_or(Value::Null, Value::from))),
            ("plan", Series::Attribute(self.plan.map_or(Value::Null, Value::from))),
        ] {
            facts.inputs[usize::from(methodology.input(name).unwrap().id.0)] = series;
        }
        facts
    }
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn expressions_mean_what_sql_means(
        nums in prop::collection::vec(num(), 3),
        conds in prop::collection::vec(cond(), 3),
        facts in prop::collection::vec(known(), 2),
    ) {
        let mut source = "schema: 1\npack: {id: a, name: A}\ninputs:\n  g: {kind: gauge, type: number}\n  \
            h: {kind: gauge, type: number}\n  e: {kind: event}\n  flag: {kind: attribute, type: bool}\n  \
            plan: {kind: attribute, type: enum, values: [basic, pro]}\n\
            health:\n  bands: [{id: b, name: B, colour: green}]\n  models: []\n  indicators:\n".to_owned();
        let curve = |curve: &str, i: usize, text: String| format!("    {curve}{i}: {{name: I, value: \"{text}\", ");
        for (i, n) in nums.iter().enumerate() {
            source += &(curve("n", i, n.text(0)) + "linear: {zero: 0, full: 1}}\n");
        }
        for (i, c) in conds.iter().enumerate() {
            source += &(curve("c", i, c.text(0)) + "map: {true: 100, false: 0}}\n");
        }
        let loaded = load(&source, &Overrides::default());
        prop_assert!(loaded.is_ok(), "{source}\n{}", loaded.unwrap_err());
        let methodology = loaded.unwrap().methodology;
        for known in facts {
            let readings = methodology.read(&known.facts(&methodology));
            let found = |i: usize| &readings.of.0[i].1.value;
            for (i, n) in nums.iter().enumerate() {
                let expected = n.value(&known).map_or(Value::Null, Value::from);
                prop_assert_eq!(found(i), &expected, "{}", n.text(0));
            }
            for (i, c) in conds.iter().enumerate() {
                let expected = c.truth(&known).map_or(Value::Null, Value::from);
                prop_assert_eq!(found(nums.len() + i), &expected, "{}", c.text(0));
            }
        }
    }
}

// --- Packs ---------------------------------------------------------------------------------------------------------

/// A line of a pack that holds together, and how it can be broken.
type Line = (String, Vec<&'static str>);

/// Packs by construction: so many segments, indicators, bands and rules.
fn lines(segments: usize, indicators: usize, bands: usize, rules: usize) -> Vec<Line> {
    let plain = |text: &str| (text.to_owned(), vec![]);
    let mut lines =
        vec![plain("schema: 1"), plain("pack: {id: a, name: A, currency: USD}"), plain("inputs:")];
    lines[0].1 = vec!["schema: 2", "schema: x", "schema:", "shema: 1"];
    lines[1].1 =
        vec!["pack: {id: a}", "pack: {id: a b, name: A}", "pack: []", "pack: {id: a, name: A, currency: x}"];
    for i in 0..indicators {
        lines.push((
            format!("  in{i}: {{kind: gauge, type: number}}"),
            vec![
                "  x: {kind: gauge}",
                "  health: {kind: event}",
                "  x: {kind: g, type: number}",
                "  x: {kind: gauge, type: number, from: \"x\"}",
            ],
        ));
    }
    lines.push(plain("segments:"));
    for i in 0..segments {
        lines.push((
            format!("- {{id: s{i}, name: S, when: \"arr >= {i}\"}}"),
            vec![
                "- {name: S}",
                "- {id: s, name: S, when: \"ar > 1\"}",
                "- {id: s, name: S, when: \"arr\"}",
                "- 1",
                "- {id: s, name: S, wen: 1}",
            ],
        ));
    }
    lines.extend([plain("health:"), plain("  bands:")]);
    for i in (1..=bands).rev() {
        lines.push((
            format!("  - {{id: b{i}, name: B, colour: green, from: {}}}", i * 10),
            vec![
                "  - {id: b, name: B, colour: green}",
                "  - {id: b, name: B, colour: green, from: 101}",
                "  - {id: b, name: B, colour: green, from: .nan}",
            ],
        ));
    }
    lines.extend([plain("  - {id: b0, name: B, colour: red}"), plain("  indicators:")]);
    for i in 0..indicators {
        lines.push((
            format!("    i{i}: {{name: I, value: in{i}, linear: {{zero: 0, full: {}}}}}", i + 1),
            vec![
                "    x: {name: I, value: in0}",
                "    x: {name: I, value: in0, linear: {zero: 1, full: 1}}",
                "    x: {name: I, value: in0, steps: [{from: 1, score: 1}]}",
                "    x: {name: I, value: band, linear: {zero: 0, full: 1}}",
            ],
        ));
    }
    lines.extend([plain("  models:"), plain("  - id: m"), plain("    name: M"), plain("    tree:")]);
    for i in 0..indicators {
        lines.push((
            format!("    - {{indicator: i{i}, weight: {}}}", 1.0 / indicators as f64),
            vec![
                "    - {indicator: nope, weight: 0}",
                "    - {indicator: i0, weight: -1}",
                "    - {indicator: i0, weight: a}",
                "    - {weight: 0}",
            ],
        ));
    }
    lines.push(plain("rules:"));
    for i in 0..rules {
        lines.push((
            format!("- {{id: r{i}, name: R, category: risk, severity: low, when: \"in0 > {i} and band == 'b0'\", actions: []}}"),
            vec!["- {id: r, name: R, category: risk, severity: lo, when: \"in0 > 1\", actions: []}", "- {id: r, name: R, category: risk, severity: low, when: \"in0 >\", actions: []}", "- {id: r, name: R, category: risk, severity: low, when: \"band == 'b'\", actions: []}", "- {id: r, name: R, category: risk, severity: low, when: \"true\", actions: [{do: playbook, playbook: p}]}"],
        ));
    }
    lines
}

proptest! {
    #![proptest_config(cases(250))]

    /// Every fault is found on the line it was put on.
    #[test]
    fn a_fault_is_found_where_it_is(
        (s, i, b, r) in (1..4_usize, 1..6_usize, 0..5_usize, 1..4_usize), line in any::<prop::sample::Index>(), how in any::<prop::sample::Index>(),
    ) {
        let mut lines = lines(s, i, b, r);
        let text = |lines: &[Line]| lines.iter().map(|(line, _)| format!("{line}\n")).collect::<String>();
        let whole = load(&text(&lines), &Overrides::default());
        prop_assert!(whole.is_ok(), "{}\n{}", text(&lines), whole.unwrap_err());
        let breakable: Vec<usize> = (0..lines.len()).filter(|i| !lines[*i].1.is_empty()).collect();
        let at = breakable[line.index(breakable.len())];
        let broken = lines[at].1[how.index(lines[at].1.len())].to_owned();
        lines[at].0 = broken;
        let source = text(&lines);
        match load(&source, &Overrides::default()) {
            Ok(_) => prop_assert!(false, "line {} is no fault:\n{source}", at + 1),
            Err(errors) => prop_assert!(
                errors.0.iter().any(|e| e.at.is_some_and(|span| span.line as usize == at + 1)),
                "line {}:\n{source}\n{errors}", at + 1
            ),
        }
    }
}

proptest! {
    #![proptest_config(cases(30))]

    /// Bytes of a pack lost, doubled, swapped or replaced: it loads or is refused.
    #[test]
    fn any_bytes_are_loaded_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, any::<u8>(), 1..40_usize), 1..4),
    ) {
        let mut bytes = which.get(sources()).clone().into_bytes();
        for (at, what, byte, length) in changes {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"{}[]:-,'\"#&*!|>%@`\n\t $"[usize::from(byte) % 22]),
                2 => std::mem::drop(bytes.drain(at..end)),
                3 => {
                    let part = bytes[at..end].to_vec();
                    std::mem::drop(bytes.splice(at..at, part));
                }
                _ => bytes[at..end].reverse(),
            }
        }
        let _ = pack::text(&bytes);
        if let Err(errors) = load(&String::from_utf8_lossy(&bytes), &Overrides::default()) {
            prop_assert!(!errors.0.is_empty() && errors.0.len() <= pack::MAX_SHOWN + 1);
            prop_assert!(!errors.to_string().is_empty());
        }
    }
}

// --- Accounts ------------------------------------------------------------------------------------------------------

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        8 => (-20.0..140.0_f64).prop_map(Value::from),
        1 => prop::sample::select(vec![0.0, -0.0, 1e308, -1e308, 5e-324, 1e15, f64::NAN]).prop_map(Value::Number),
        1 => prop::sample::select(vec!["", "none", "some", "strong", "true", "x"]).prop_map(Value::from),
    ]
}

/// What is stored for one input: how long ago, and what.
type Stored = Option<Vec<(u64, Value)>>;

fn account(m: &Methodology, stored: &[Stored], start: i64, arr: f64, set: Option<f64>) -> Facts {
    let mut facts = m.blank_facts(today());
    facts.start_date = Some(today() - chrono::Duration::days(start));
    facts.term_months = Some(12);
    facts.arr = Some(arr);
    facts.health_override = set;
    for (i, input) in m.inputs().iter().enumerate() {
        let Some(rows) = stored.get(i % stored.len().max(1)).cloned().flatten() else { continue };
        let fitting = |(ago, value): (u64, Value)| {
            // Half of them are what the input may be.
            let value =
                if ago % 2 == 0 { input.values.first().map_or(value, |v| Value::from(&**v)) } else { value };
            (today() - Days::new(ago), value)
        };
        let mut rows: Vec<(NaiveDate, Value)> = rows.into_iter().map(fitting).collect();
        rows.sort_by_key(|row| row.0);
        facts.inputs[i] = match input.kind {
            InputKind::Attribute => {
                rows.into_iter().next().map_or(Series::Missing, |row| Series::Attribute(row.1))
            }
            InputKind::Gauge => Series::Gauge(rows),
            InputKind::Event => {
                facts.last_event = facts.last_event.max(rows.last().map(|row| row.0));
                Series::Events(
                    rows.into_iter().map(|(day, v)| (day, v.as_val().as_number().unwrap_or(1.0))).collect(),
                )
            }
        };
    }
    facts
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn every_account_has_a_sound_score(
        stored in prop::collection::vec(prop::option::of(prop::collection::vec((0..400_u64, value()), 1..6)), 1..70),
        start in -400..2000_i64, arr in -10.0..1e7_f64,
        set in prop::option::of(prop_oneof![0.0..100.0_f64, any::<f64>()]),
    ) {
        for m in methodologies() {
            let facts = account(m, &stored, start, arr, set);
            let found = m.evaluate(&facts);
            prop_assert_eq!(&m.explain(&found.readings), &found.health, "a score re-derives from its readings");
            let blank = m.evaluate(&m.blank_facts(today()));
            for ((model, score), none) in m.health.models.iter().zip(&found.health.models).zip(&blank.health.models) {
                let leaves = || model.nodes.iter().zip(&score.nodes).filter(|(node, _)| node.indicator.is_some());
                let sum = |of: fn(&holdfast::domain::health::NodeScore) -> f64| leaves().map(|(_, leaf)| of(leaf)).sum::<f64>();
                prop_assert!((-1e-9..=1.0 + 1e-9).contains(&score.coverage) && (-1e-9..=1.0 + 1e-9).contains(&score.stale_share));
                if let Some(exact) = score.score {
                    prop_assert!((0.0..=100.0).contains(&exact), "{exact}");
                    // A score has six decimals.
                    prop_assert!((sum(|l| l.gained) - exact).abs() < 6e-7 && (sum(|l| l.lost) - (100.0 - exact)).abs() < 6e-7);
                    prop_assert!((sum(|l| l.given) - 1.0).abs() < 1e-9);
                }
                for (with, without) in score.nodes.iter().zip(&none.nodes) {
                    prop_assert_eq!(with.asked, without.asked, "data never changes what a node was to weigh");
                }
            }
            let health = &found.health;
            prop_assert!(health.health.is_none_or(|score| (0.0..=100.0).contains(&score)), "{:?}", health.health);
            prop_assert!(health.band >= health.band_by_score, "a cap only makes a band worse");
        }
    }

    /// A better reading never makes a score worse.
    #[test]
    fn better_readings_give_no_worse_scores(
        stored in prop::collection::vec(prop::option::of(prop::collection::vec((0..400_u64, value()), 1..3)), 1..70),
        which in any::<prop::sample::Index>(), by in 0.0..1.0_f64,
    ) {
        for m in methodologies() {
            let readings = m.read(&account(m, &stored, 100, 50_000.0, None));
            let before = m.explain(&readings);
            let i = which.index(m.health.indicators.len());
            let Curve::Linear { zero, full } = m.health.indicators[i].curve else { continue };
            let Val::Number(now) = readings.of.0[i].1.value.as_val() else { continue };
            let mut better = readings.clone();
            better.of.0[i].1.value = Value::from(now + by * (full - zero));
            let after = m.explain(&better);
            for (before, after) in before.models.iter().zip(&after.models) {
                prop_assert!(after.score >= before.score.map(|score| score - 1e-6), "{:?} {:?}", before.score, after.score);
            }
        }
    }
}
