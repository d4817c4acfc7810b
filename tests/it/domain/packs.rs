//! Broken packs: each fault is found, at its place, and all of them at once.

use holdfast::domain::pack::{Overrides, PackErrors, load};
use proptest::prelude::*;

fn source() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/techcorp.yaml")).unwrap()
}

fn errors(source: &str) -> PackErrors {
    load(source, &Overrides::default()).err().unwrap_or(PackErrors(Vec::new()))
}

/// The pack with one text replaced, which must be there.
fn broken(from: &str, to: &str) -> PackErrors {
    let source = source();
    assert!(source.contains(from), "{from}");
    errors(&source.replacen(from, to, 1))
}

#[test]
fn one_fault_each() {
    for (from, to, message) in [
        ("weight: 0.40", "weight: 0.41", "weights sum to 1.01, expected 1 or 100"),
        ("indicator: dau}", "indicator: daus}", "there is no indicator `daus`, did you mean `dau`?"),
        ("- id: mid_market\n", "- id: enterprise\n", "there are two segments with the id `enterprise`"),
        ("playbook: business-value}", "playbook: nope}", "there is no playbook `nope`"),
        ("playbooks: [onboarding-90]", "playbooks: [onboarding]", "there is no playbook `onboarding`"),
        ("to: vp_cs", "to: vp", "there is no role `vp`"),
        ("at_most: yellow", "at_most: amber", "there is no band `amber`"),
        ("segments: [enterprise]", "segments: [large]", "there is no segment `large`"),
        ("report: health-score-report", "report: health", "there is no report `health`"),
        ("above: 70", "above: 40", "bands stand best first"),
        ("arr >= 100000", "arr => 100000", "expected `==` to compare"),
        ("arr >= 100000", "ar >= 100000", "unknown name `ar`"),
        ("band == 'red'", "band == 'rot'", "`rot` is not one of green, yellow, red"),
        ("${SHORT_TIMEFRAME}", "${SHORT_TIME}", "there is no parameter for ${SHORT_TIME}"),
        ("schema: 1", "schema: 2", "version 1"),
        ("currency: USD", "currency: dollars", "currency code"),
        ("timezone: UTC", "timezone: Mars", "there is no time zone `Mars`"),
        ("severity: medium", "severity: mild", "`mild` is not one of low, medium, high, critical"),
        ("from: 91", "from: 90", "overlap"),
        ("every: 1w", "every: weekly", "is not a period"),
        ("lifecycle:\n", "lifecycle:\n  first_dy: 1\n", "unknown key `first_dy`, did you mean `first_day`?"),
        ("  - {id: csm, name", "  - {id: csm, nmae", "`name` is missing"),
        ("from: \"count(ticket, 30d)\"", "from: \"tickets_30d + 1\"", "derived from itself"),
        ("linear: {zero: 1, full: 5}", "linear: {zero: 5, full: 5}", "`zero` and `full` must differ"),
        ("value: dau_pct", "value: \"health\"", "`health` is not known here yet"),
        ("strong: 100}", "great: 100}", "there is no value `great`"),
        ("{do: renewal}", "{do: cta}", "needs `title`"),
    ] {
        let found = broken(from, to);
        assert!(found.0.iter().any(|e| e.message.contains(message)), "{to}: {found}");
        let error = found.0.iter().find(|e| e.message.contains(message)).unwrap();
        assert!(error.at.is_some_and(|at| at.line > 0) && found.to_string().contains('^'), "{to}: {found}");
    }
}

#[test]
fn all_faults_at_once() {
    let source = source()
        .replacen("weight: 0.40", "weight: 0.41", 1)
        .replacen("arr >= 100000", "ar >= 100000", 1)
        .replacen("severity: medium", "severity: mild", 1)
        .replacen("lifecycle:\n", "lifecycle:\n  first_dy: 1\n", 1)
        .replacen("every: 1w", "every: weekly", 1);
    let found = errors(&source);
    assert!(found.0.len() >= 4, "{found}");
    assert!(found.0.windows(2).all(|w| w[0].at.map(|a| a.line) <= w[1].at.map(|a| a.line)), "{found}");
}

#[test]
fn the_caret_stands_under_the_fault() {
    let found = broken("${MULTIPLE_TICKETS}\", at_most", "${MULTIPLE_TICKETS} and dya > 1\", at_most");
    let shown = found.to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].contains("unknown name `dya`"), "{shown}");
    let caret = lines[2].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[1].chars().skip(caret).take(3).collect::<String>(), "dya", "{shown}");
    assert_eq!(lines[2].matches('^').count(), 3, "{shown}");
}

#[test]
fn overrides() {
    let set = |name: &str, value: &str| Overrides { preset: None, set: vec![(name.into(), value.into())] };
    assert!(load(&source(), &set("DAU_FULL", "40")).is_ok());
    let unknown = load(&source(), &set("NOPE", "1")).unwrap_err();
    assert!(unknown.to_string().contains("there is no parameter `NOPE` to override"));
    let preset = Overrides { preset: Some("nope".into()), set: vec![] };
    assert!(load(&source(), &preset).unwrap_err().to_string().contains("there is no preset `nope`"));
    // A value that breaks an expression is found like any other fault.
    let wrong = load(&source(), &set("SHORT_TIMEFRAME", "soon")).unwrap_err().to_string();
    assert!(wrong.contains("expected a window such as 30d"), "{wrong}");
}

#[test]
fn nothing_but_errors() {
    for text in [
        "",
        "a",
        "[]",
        "{}",
        "schema: 1",
        "pack: {}",
        "schema: [1]\npack: 5",
        "\u{0}",
        "schema: 1\npack: {id: a}",
    ] {
        assert!(!errors(text).0.is_empty(), "{text:?}");
    }
    let smallest = "schema: 1\npack: {id: a, name: A}\n";
    assert!(load(smallest, &Overrides::default()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A pack cut, or with any character put in anywhere, loads or is refused; it never panics.
    #[test]
    fn no_text_panics(at in 0.0..1.0_f64, cut in any::<bool>(), put in "[\\PC\\n]{0,6}") {
        let mut source = source();
        let mut at = (source.len() as f64 * at) as usize;
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        if cut {
            source.truncate(at);
        }
        source.insert_str(at, &put);
        let _ = load(&source, &Overrides::default());
    }
}
