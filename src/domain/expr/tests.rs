//! The language by example, and that no text makes it panic.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::super::facts::{Facts, InputId, MeasureId, Series};
use super::super::value::{Val, Value};
use super::*;

const AS_OF: &str = "2027-06-30";

fn names() -> Names {
    let mut names = Names::default();
    let value =
        |id, ty, gauge, daily| Name::Value { input: InputId(id), ty, gauge, daily, level: Level::Facts };
    let plans = Ty::Text(Some(["basic".into(), "pro".into()].into()));
    for (name, meaning) in [
        ("n", value(0, Ty::Number, true, false)),
        ("missing", value(1, Ty::Number, true, false)),
        ("yes", value(2, Ty::Bool, false, false)),
        ("plan", value(3, plans, false, false)),
        ("e", Name::Event(InputId(4))),
        ("users", value(5, Ty::Number, true, true)),
        ("unknown", value(6, Ty::Bool, false, false)),
        ("m", Name::Measure(MeasureId(0))),
        ("arr", Name::Builtin(Builtin::Arr, Ty::Number, Level::Facts)),
        ("health", Name::Builtin(Builtin::Health, Ty::Number, Level::Health)),
        ("band", Name::Builtin(Builtin::Band, Ty::Text(None), Level::Band)),
    ] {
        assert!(names.add(name, meaning));
    }
    names
}

fn facts() -> Facts {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let gauge =
        |rows: &[(&str, f64)]| Series::Gauge(rows.iter().map(|(t, n)| (day(t), Value::from(*n))).collect());
    let events = [
        ("2027-05-31", 2.0),
        ("2027-06-01", 3.0),
        ("2027-06-20", 0.5),
        ("2027-06-20", 0.5),
        ("2027-07-01", 9.0),
    ];
    Facts {
        as_of: day(AS_OF),
        start_date: None,
        renewal_date: None,
        term_months: None,
        arr: Some(50_000.0),
        seats: None,
        inputs: vec![
            gauge(&[("2027-05-15", 40.0), ("2027-06-10", 10.0), ("2027-06-30", 20.0)]),
            Series::Missing,
            Series::Attribute(true.into()),
            Series::Attribute("pro".into()),
            Series::Events(events.map(|(t, n)| (day(t), n)).into()),
            gauge(&[("2027-06-01", 7.0), ("2027-06-30", 7.0)]),
        ],
        measures: vec![Some(0.0)],
        health_history: vec![(day("2027-06-10"), 82.0), (day("2027-06-20"), 70.0)],
        health_override: None,
        band_override: None,
        fresh_days: None,
        segment_pin: None,
        stage_pin: None,
        last_event: None,
        ticks: vec![],
        renewal_opened: None,
    }
}

fn eval(text: &str) -> Result<Value, ExprError> {
    let expr = names().expression(text, &Ty::Any, Level::Band)?;
    let facts = facts();
    let from = vec![None; 7];
    let mut scope = Scope::new(Program { from: &from, value_models: &[], seats: None }, &facts);
    scope.known.health = Some(61.0);
    Ok(expr.value(&scope).to_value())
}

#[test]
fn values() {
    let (t, f, null) = (Value::Bool(true), Value::Bool(false), Value::Null);
    let n = |n: f64| Value::Number(n);
    for (text, value) in [
        ("1 + 2 * 3", n(7.0)),
        ("(1 + 2) * 3", n(9.0)),
        ("10 - 4 - 3", n(3.0)),
        ("24 / 4 / 2", n(3.0)),
        ("- -2", n(2.0)),
        ("2*-3", n(-6.0)),
        ("1.5", n(1.5)),
        ("1 / 0", null.clone()),
        ("1 / m", null.clone()),
        ("missing + 1", null.clone()),
        ("missing > 1", null.clone()),
        ("null", null.clone()),
        // Kleene
        ("unknown and false", f.clone()),
        ("false and unknown", f.clone()),
        ("unknown and true", null.clone()),
        ("unknown or true", t.clone()),
        ("true or unknown", t.clone()),
        ("unknown or false", null.clone()),
        ("not unknown", null.clone()),
        ("not yes", f.clone()),
        ("not yes or yes", t.clone()),
        ("yes or yes and false", t.clone()),
        // Comparison
        ("arr >= 50000", t.clone()),
        ("arr > 50000", f.clone()),
        ("plan == 'pro'", t.clone()),
        ("plan != 'pro'", f.clone()),
        ("plan in ['basic', 'pro']", t.clone()),
        ("plan in ['basic']", f.clone()),
        ("n in [1, missing]", null.clone()),
        ("yes == true", t.clone()),
        // Windows are (D - w, D]
        ("count(e, 30d)", n(4.0)),
        ("count(e, 1mo)", n(4.0)),
        ("count(e, 31d)", n(6.0)),
        ("count(e, 1d)", n(0.0)),
        ("days_with(e, 30d)", n(2.0)),
        ("days_since(e)", n(10.0)),
        ("avg(n, 30d)", n(15.0)),
        ("highest(n, 8w)", n(40.0)),
        ("lowest(n, 30d)", n(10.0)),
        ("avg(missing, 30d)", null.clone()),
        ("drop_pct(e, 15d)", n(100.0 * (3.0 - 1.0) / 3.0)),
        ("drop_pct(n, 30d)", n(62.5)),
        ("drop_pct(n, 1d)", null.clone()),
        ("highest(health, 30d) - health > 20", t.clone()),
        // A day without users is a zero, from the first sample on.
        ("avg(users, 7d)", n(1.0)),
        ("avg(users, 60d)", n(14.0 / 30.0)),
        ("lowest(users, 7d)", n(0.0)),
        // The rest
        ("coalesce(missing, 5)", n(5.0)),
        ("coalesce(n, 5)", n(20.0)),
        ("known(missing)", f.clone()),
        ("known(n)", t.clone()),
        ("min(3, 1, 2)", n(1.0)),
        ("max(3, missing)", null.clone()),
        ("abs(0 - 3)", n(3.0)),
        ("round(2.5)", n(3.0)),
        ("round(-2.5)", n(-2.0)),
        ("round(1.005, 2)", n(1.01)),
    ] {
        assert_eq!(eval(text), Ok(value), "{text}");
    }
}

#[test]
fn faults_name_their_place() {
    for (text, at, message) in [
        ("nn > 1", 0..2, "unknown name `nn`"),
        ("count(e, 7)", 9..10, "expected a window such as 30d"),
        ("count(n, 7d)", 6..7, "expected the name of an event"),
        ("avg(plan, 7d)", 4..8, "expected the name of a gauge of numbers"),
        ("e > 1", 0..1, "`e` is an event; count it, as in count(e, 30d)"),
        ("plan == 'prp'", 8..13, "`prp` is not one of basic, pro"),
        ("plan > 1", 0..4, "expected a number, but this is a text"),
        ("n == 'x'", 0..8, "a number cannot be compared with a text"),
        ("n and yes", 0..1, "expected a condition, but this is a number"),
        ("n = 1", 2..3, "expected `==` to compare"),
        ("1 +", 3..3, "expected a value"),
        ("(1", 2..2, "expected `)`"),
        ("'x", 2..2, "expected a closing `'`"),
        ("n 1", 2..3, "expected an operator or the end"),
        ("1 < 2 < 3", 6..7, "expected an operator or the end"),
        ("sum(n)", 0..6, "unknown function `sum`"),
        ("cuont(e, 7d)", 0..12, "unknown function `cuont`, did you mean `count`?"),
        ("n == null", 5..9, "write known(x) or not known(x)"),
        ("n in [1, null]", 9..13, "write known(x) or not known(x)"),
        ("yes && yes", 4..5, "write `and`"),
        ("plan == \"pro\"", 8..9, "single quotes"),
        ("!yes", 0..1, "write `not`"),
        ("count(e)", 0..8, "write it as count(event, 30d)"),
        ("5 days", 2..3, "expected an operator or the end"),
        ("5days", 5..5, "expected an operator after the number"),
        ("count(e, 0d)", 11..12, "a duration is 1 to 3660 whole days"),
    ] {
        let error = eval(text).unwrap_err();
        assert!(error.message.contains(message), "{text}: {error}");
        assert_eq!(error.at, at, "{text}");
    }
}

#[test]
fn nothing_runs_ahead_of_the_evaluation() {
    let error = names().expression("band == 'red'", &Ty::Bool, Level::Health).unwrap_err();
    assert_eq!(error.message, "`band` is not known here yet: the band is only worked out after this");
    assert!(names().expression("band == 'red'", &Ty::Bool, Level::Band).is_ok());
    assert!(names().expression("highest(health, 7d) > 1", &Ty::Bool, Level::Facts).is_ok());
}

#[test]
fn size_and_depth_are_bounded() {
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    for text in [
        nested("(", ")"),
        nested("-", ""),
        "x".repeat(1_000_000),
        "(".repeat(MAX_LENGTH),
        "not ".repeat(MAX_LENGTH / 4),
        vec!["1"; 1000].join("+"),
        vec!["abs("; 100].join(""),
    ] {
        assert!(eval(&text).is_err(), "{}", &text[..20]);
    }
    assert_eq!(eval(&vec!["1"; 150].join("+")), Ok(Value::Number(150.0)));
    assert_eq!(eval(&format!("{}1{}", "(".repeat(30), ")".repeat(30))), Ok(Value::Number(1.0)));
}

#[test]
fn targets() {
    let met = |tail: &str, value: f64| {
        let target = names().target(tail).unwrap();
        let facts = facts();
        let from = vec![None; 7];
        let scope = Scope::new(Program { from: &from, value_models: &[], seats: None }, &facts);
        target.met(Some(value), &scope)
    };
    for (tail, value, expected) in [
        (">= 95", 95.0, Some(true)),
        ("> 95", 95.0, Some(false)),
        ("< 30", 29.99, Some(true)),
        ("> 95", 95.000_000_1, Some(false)),
        (">= missing", 1.0, None),
    ] {
        assert_eq!(met(tail, value), expected, "{value} {tail}");
    }
    assert!(names().target("95").is_err());
    assert!(names().target("").is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let _ = eval(&text);
        let _ = names().target(&text);
    }

    #[test]
    fn no_sequence_of_words_panics(words in proptest::collection::vec(
        prop::sample::select(vec!["n", "plan", "yes", "e", "users", "(", ")", "[", "]", ",", "and", "or", "not", "in", "==", ">",
            "-", "+", "/", "1", "2.5", "30d", "'pro'", "null", "count", "avg", "drop_pct", "round", "health", "missing"]), 0..40)) {
        if let Ok(Value::Number(n)) = eval(&words.join(" ")) {
            prop_assert!(n.is_finite());
        }
    }

    #[test]
    fn rounding_is_half_up(n in -1e6..1e6_f64) {
        let rounded = round_half_up(n, 0);
        prop_assert!((rounded - n).abs() <= 0.5 + 1e-6);
        prop_assert_eq!(rounded.fract(), 0.0);
    }
}

#[test]
fn values_borrow() {
    assert_eq!(Value::from("pro").as_val(), Val::Text("pro"));
}
