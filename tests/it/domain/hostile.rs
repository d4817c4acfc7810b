//! Packs made to break the loader: each is refused with a clear error at its place, or simply works.

use std::fmt::Write;

use holdfast::domain::expr::MAX_STEPS;
use holdfast::domain::pack::{self, MAX_BYTES, MAX_SHOWN, Overrides, PackErrors, load};

const HEAD: &str = "schema: 1\npack: {id: a, name: A}\n";

fn refused(source: &str) -> PackErrors {
    match load(source, &Overrides::default()) {
        Ok(_) => panic!("loads: {}", &source[..source.len().min(200)]),
        Err(errors) => errors,
    }
}

/// A pack with two gauges, an event and what is given.
fn pack(sections: &str) -> String {
    format!(
        "{HEAD}inputs:\n  x: {{kind: gauge, type: number}}\n  y: {{kind: gauge, type: number}}\n  e: {{kind: event}}\n{sections}"
    )
}

/// A pack with two indicators and a tree of them.
fn scored(tree: &str) -> String {
    let indicator = |id: &str| format!("    {id}: {{name: I, value: x, linear: {{zero: 0, full: 1}}}}\n");
    pack(&format!(
        "health:\n  bands: [{{id: good, name: Good, colour: green}}]\n  indicators:\n{}{}  models:\n  - {{id: m, name: M, tree: {tree}}}\n",
        indicator("i"),
        indicator("j")
    ))
}

/// A pack with one condition, on the last line.
fn condition(when: &str) -> String {
    pack(&format!("segments:\n- {{id: s, name: S, when: \"{when}\"}}\n"))
}

fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect()
}

/// One of the errors says this, and all of them together are short.
fn says(source: &str, message: &str) {
    let errors = refused(source);
    let shown = errors.to_string();
    let beginning: String = source.chars().take(300).collect();
    assert!(errors.0.iter().any(|e| e.message.contains(message)), "{message}\n{beginning}\n{shown}");
    assert!(errors.0.len() <= MAX_SHOWN + 1 && shown.len() < 64 * 1024, "{} errors", errors.0.len());
    for error in errors.0.iter().filter(|e| e.at.is_some()) {
        let text = error.to_string();
        assert!(text.contains('^') && text.lines().all(|line| line.chars().count() < 600), "{text}");
    }
}

#[test]
fn size() {
    // Long enough that anything quadratic would be felt, also where nothing is optimised.
    let most = MAX_BYTES / 8;
    for (source, message) in [
        ("a".repeat(10_000_000), "the file has 9.5 MB; a pack may have 2 MB at most"),
        ("a".repeat(most), "a text may have 32768 bytes at most"),
        ("[".repeat(most), "nested 64 deep at most"),
        ("{".repeat(most), "nested 64 deep at most"),
        ("- ".repeat(most / 2), "nested 64 deep at most"),
        ("&a [".repeat(most / 4), "nested 64 deep at most"),
        ("? ".repeat(most / 2), "nested 64 deep at most"),
        (format!("\"{}", "a ".repeat(most / 2)), "this is not YAML"),
        ("#\n".repeat(most / 2), "the pack is empty"),
        ("\n".repeat(most), "the pack is empty"),
        (
            format!("schema: 1\npack: {{id: a, name: A, facts: [{}]}}", "a, ".repeat(most / 3 - 30)),
            "a list may have 1000 entries at most",
        ),
        (
            format!("schema: 1\npack:\n  id: a\n  name: A\n  facts:\n{}", "  - a\n".repeat(20_000)),
            "a list may have 1000 entries at most",
        ),
        (
            format!("{HEAD}guides: [{}]", "[a, a, a, a, a, a, a, a, a, a], ".repeat(9_500)),
            "a pack may have 100000 texts, lists and maps at most",
        ),
        (
            format!("{HEAD}measures: {{{}}}", lines(10_000, |i| format!("a{i}: b, "))),
            "a map may have 1000 entries",
        ),
        (format!("{HEAD}{}", lines(900, |i| format!("x{i}: b\n"))), "and 800 more"),
        (format!("{HEAD}{}: b", "x".repeat(64 * 1024)), "this is not YAML"),
        (
            format!("schema: 1\npack: {{id: a, name: {}}}", "x".repeat(30_000)),
            "a name may have 200 characters",
        ),
        (format!("schema: 1\npack: {{id: {}, name: A}}", "x".repeat(64)), "an id may have 63 characters"),
        (
            pack(&format!(
                "rules:\n{}",
                lines(2_500, |i| format!(
                    "- {{id: r{i}, name: R, category: risk, severity: low, when: \"x > 1\", actions: []}}\n"
                ))
                .chars()
                .take(most - 400)
                .collect::<String>()
            )),
            "a list may have 1000 entries at most",
        ),
    ] {
        says(&source, message);
    }
}

#[test]
fn text_that_is_no_text() {
    for (file, message) in [
        (b"schema: 1\npack: {id: \xff".as_slice(), "line 2, column 12: byte 0xff is not UTF-8"),
        (b"\xff\xfes\x00c\x00", "this file is UTF-16; save it as UTF-8"),
    ] {
        let error = pack::text(file).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    for (source, message) in [
        ("", "the pack is empty"),
        ("# nothing\n", "the pack is empty"),
        ("~", "expected a map, found nothing"),
        ("schema: 1\npack: {id: a, name: \"A\\0\"}", "cannot be shown (U+0000)"),
        ("schema: 1\npack: {id: a, name: \"A\\u202e\"}", "cannot be shown (U+202E)"),
        ("schema: 1\npack: {id: a, name: a\0}", "this is not YAML"),
        ("schema: 1\npack:\n\tid: a\n", "indent with spaces, not with tabs"),
        ("schema: 1\npack: {id: 🦀, name: A}", "`🦀` is no id"),
        ("schema: 1\npack: {id: \"\", name: A}", "`` is no id"),
        ("schema: 1\npack: {id: a b, name: A}", "`a b` is no id"),
        ("schema: 1\npack: &x {id: a, name: A}\nguides: [*x, *x]", "aliases are not allowed"),
        ("schema: 1\npack: {<<: *x, id: a, name: A}", "this is not YAML"),
        ("schema: !!int 1\npack: {id: a, name: A}", "tags are not allowed"),
        ("schema: 1\nschema: 1\npack: {id: a, name: A}", "`schema` is given twice"),
        ("schema: 1\npack: {? [a] : b, id: a, name: A}", "a key must be a text"),
        ("schema: 1\npack: {id: a, name: A}\n---\nschema: 1", "a pack is one document"),
    ] {
        says(source, message);
    }
    // These are no faults: a mark of the byte order, other ends of lines, other alphabets.
    for source in [
        "\u{feff}schema: 1\npack: {id: a, name: A}\n",
        "schema: 1\r\npack: {id: a, name: A}\r\n",
        "schema: 1\rpack: {id: a, name: A}\r",
        "schema: 1\npack: {id: לקוח, name: 顧客の成功 🦀}\n",
    ] {
        assert!(load(source, &Overrides::default()).is_ok(), "{source:?}");
    }
    // And they do not move what follows them.
    for source in [
        "\u{feff}schema: 1\npack: {id: a, nam: A}",
        "schema: 1\r\npack: {id: a, nam: A}",
        "schema: 1\rpack: {id: a, nam: A}",
    ] {
        let shown = refused(source).to_string();
        assert!(shown.contains("line 2, column 15: unknown key `nam`, did you mean `name`?\n 2 | pack: {id: a, nam: A}\n   |               ^^^"), "{shown}");
    }
}

#[test]
fn figures() {
    for (source, message) in [
        (
            scored("[{indicator: i, weight: .nan}, {indicator: j, weight: 1}]"),
            "expected a number, found `.nan`",
        ),
        (
            scored("[{indicator: i, weight: .inf}, {indicator: j, weight: 1}]"),
            "expected a number, found `.inf`",
        ),
        (
            scored("[{indicator: i, weight: NaN}, {indicator: j, weight: 1}]"),
            "expected a number, found `NaN`",
        ),
        (scored("[{indicator: i, weight: -1}, {indicator: j, weight: 2}]"), "a weight cannot be negative"),
        (
            scored("[{indicator: i, weight: 1e308}, {indicator: j, weight: 1e308}]"),
            "a number is within ±1e15",
        ),
        (
            scored("[{indicator: i, weight: 0}, {indicator: j, weight: 0}]"),
            "weights sum to 0, expected 1 or 100",
        ),
        (scored("[{indicator: i, weight: 0.5}, {indicator: j, weight: 0.51}]"), "weights sum to 1.01"),
        (
            scored("[{indicator: i, weight: 1}, {indicator: j}]"),
            "either every sibling has a weight or none has",
        ),
        (scored("[]"), "a model needs an indicator"),
        (
            scored(&format!("{}{}", "[{id: a, name: A, children: ".repeat(10_000), "}]".repeat(10_000))),
            "nested 64 deep",
        ),
        (
            scored(&format!(
                "[{}]",
                "{id: n, name: N, children: [{indicator: i}, {indicator: j}]}, ".repeat(400)
            )),
            "models may have 1000 nodes",
        ),
        (
            format!("{HEAD}lifecycle: {{first_day: -9223372036854775808, stages: []}}"),
            "from -100000 to 100000, found -9223372036854775808",
        ),
        (
            format!("{HEAD}lifecycle: {{stages: [{{id: s, name: S, from: 1.5}}]}}"),
            "expected a whole number from -100000 to 100000, found 1.5",
        ),
        (
            format!(
                "{HEAD}playbooks: [{{id: p, name: P, category: c, subject: account, anchor: start, tasks: [{{title: t, day: -9223372036854775808}}]}}]"
            ),
            "found -9223372036854775808",
        ),
        (
            format!(
                "{HEAD}playbooks: [{{id: p, name: P, category: c, subject: account, anchor: start, tasks: [{{title: t, day: 1000000000}}]}}]"
            ),
            "found 1000000000",
        ),
        (
            format!(
                "{HEAD}playbooks: [{{id: p, name: P, category: c, subject: account, anchor: start, days: 0, tasks: []}}]"
            ),
            "from 1 to 36500, found 0",
        ),
        (
            format!("{HEAD}renewals: [{{id: r, window: 1000000000000, playbook: p}}]"),
            "from 0 to 36500, found 1000000000000",
        ),
        (format!("{HEAD}sla: {{levels: [{{id: -1, name: L, role: r}}]}}"), "from 0 to 99, found -1"),
        (
            format!("{HEAD}health: {{round: 7, bands: [], indicators: {{}}, models: []}}"),
            "from 0 to 6, found 7",
        ),
    ] {
        says(&source, message);
    }
    // What rounding leaves is no fault, and a weight of nothing is one.
    for tree in [
        "[{indicator: i, weight: 0.3333333333}, {indicator: j, weight: 0.6666666667}]",
        "[{indicator: i, weight: 33.3}, {indicator: j, weight: 66.7}]",
        "[{indicator: i, weight: 0}, {indicator: j, weight: 1}]",
    ] {
        assert!(load(&scored(tree), &Overrides::default()).is_ok(), "{tree}");
    }
}

#[test]
fn times() {
    let touchpoint =
        |every: &str| format!("{HEAD}touchpoints: [{{id: t, name: T, kind: meeting, every: {every}}}]");
    let calendar = |rest: &str| format!("{HEAD}calendars:\n  c: {{{rest}}}");
    for (source, message) in [
        (touchpoint("0d"), "`0d` is no time at all"),
        (touchpoint("15m"), "this recurs every day (1d) at most"),
        (touchpoint("1000000000d"), "a period is ten years (3660d or 120mo) at most"),
        (touchpoint("99999999999999999999mo"), "a period is ten years"),
        (touchpoint("weekly"), "`weekly` is not a period"),
        (calendar("days: [], open: \"09:00\", close: \"17:00\""), "`c` has no working day"),
        (calendar("days: [monday], open: \"09:00\", close: \"17:00\""), "`monday` is no day"),
        (calendar("days: [mon], open: \"17:00\", close: \"09:00\""), "closes before it opens"),
        (calendar("days: [mon], open: \"09:00\", close: \"24:00\""), "the day's last is \"23:59\""),
        (
            calendar("days: [mon], open: \"09:00\", close: \"17:00\", holidays: [2027-02-30]"),
            "`2027-02-30` is no date",
        ),
        (condition("count(e, 1000000000000d) > 1"), "a duration is 1 to 3660 whole days"),
        (condition("count(e, 0d) > 1"), "a duration is 1 to 3660 whole days"),
        (condition("count(e, 3661d) > 1"), "a duration is 1 to 3660 whole days"),
    ] {
        says(&source, message);
    }
    let dates = "holidays: [2027-12-25, 0000-01-01, 9999-12-31, \"+99999-01-01\", 2027-01-01]";
    let odd = calendar(&format!("days: [mon], open: \"09:00\", close: \"17:00\", {dates}"));
    let loaded = load(&odd, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
    assert!(loaded.methodology.sla.calendars[0].holidays.is_sorted());
}

#[test]
fn order() {
    let bands = |bands: &str| format!("{HEAD}health: {{bands: [{bands}], indicators: {{}}, models: []}}");
    let band = |id: &str, rest: &str| format!("{{id: {id}, name: N, colour: green{rest}}}");
    let steps = |steps: &str| {
        pack(&format!(
            "health: {{bands: [], indicators: {{i: {{name: I, value: x, steps: [{steps}]}}}}, models: []}}"
        ))
    };
    let stages = |a: &str, b: &str| {
        format!("{HEAD}lifecycle: {{stages: [{{id: s, name: S, {a}}}, {{id: t, name: T, {b}}}]}}")
    };
    for (source, message) in [
        (
            bands(&[band("a", ", from: 10"), band("b", ", from: 20"), band("c", "")].join(", ")),
            "bands stand best first",
        ),
        (
            bands(&[band("a", ", from: 10"), band("b", ", above: 10"), band("c", "")].join(", ")),
            "bands stand best first",
        ),
        (bands(&[band("a", ", from: 101"), band("b", "")].join(", ")), "within 0 to 100"),
        (bands(&[band("a", ""), band("b", "")].join(", ")), "the band `a` needs `from` or `above`"),
        (
            bands(&[band("a", ", from: 1"), band("b", ", from: 0")].join(", ")),
            "the last band takes all that is left",
        ),
        (steps("{from: 1, score: 1}, {from: 2, score: 2}, {score: 0}"), "this step is never reached"),
        (steps("{from: 2, score: 1}, {from: 2, score: 2}, {score: 0}"), "this step is never reached"),
        (steps("{from: 1, score: 1}, {below: 5, score: 2}, {score: 0}"), "this step is never reached"),
        (steps("{score: 1}, {below: 5, score: 2}"), "steps after one without a bound are never reached"),
        (steps("{from: 1, score: 101}, {score: 0}"), "the score 101 is not within 0 to 100"),
        (steps("{from: 1, upto: 2, score: 1}, {score: 0}"), "a step has one bound"),
        (steps(""), "there is no score"),
        (stages("from: 0, to: 10", "from: 10"), "overlap"),
        (stages("from: 0", "from: 10"), "overlap"),
        (stages("from: 5, to: 4", "from: 10"), "ends before it begins"),
        (pack("segments:\n- {id: a, name: A}\n- {id: b, name: B}\n"), "the segment `b` is never reached"),
    ] {
        says(&source, message);
    }
}

#[test]
fn circles() {
    let inputs = |inputs: &str| format!("{HEAD}inputs:\n{inputs}");
    let derived =
        |name: &str, from: &str| format!("  {name}: {{kind: gauge, type: number, from: \"{from}\"}}\n");
    let health = "health: {bands: [{id: g, name: G, colour: green}], indicators: {i: {name: I, value: a, linear: {zero: 0, full: 1}}}, models: [{id: m, name: M, tree: [{indicator: i}]}]}\n";
    let model = "value_models: [{id: v, name: V, subject: account, gains: [{id: g, name: G, formula: a}], costs: [], results: {roi: gain}}]\n";
    for (source, message) in [
        (inputs(&derived("a", "a + 1")), "this is derived from itself"),
        (
            inputs(&[derived("a", "b"), derived("b", "c + 1"), derived("c", "coalesce(x, a)")].concat()),
            "this is derived from itself: a from b from c from a",
        ),
        (inputs(&derived("a", "v.roi")) + model, "this is derived from itself: a from v from a"),
        (
            inputs(&derived("a", "health")) + health,
            "`a` is not known here yet: the health score is only worked out",
        ),
        (inputs(&derived("a", "ind.i.score")) + health, "the indicators are only worked out after this"),
        (inputs(&derived("a", "score.m")) + health, "the model scores are only worked out after this"),
        (
            inputs(&lines(30, |i| derived(&format!("a{i}"), &format!("a{} + 1", i + 1)))),
            "derived in more than 8 steps",
        ),
    ] {
        says(&source, message);
    }
    // The past of the score may be used before today's is known.
    let past = inputs(&derived("a", "highest(health, 30d)")) + health;
    assert!(load(&past, &Overrides::default()).is_ok());
    // Nothing else is said of what stands in a circle.
    let three = inputs(&[derived("a", "b"), derived("b", "c"), derived("c", "a")].concat());
    assert_eq!(refused(&three).0.len(), 1);
}

#[test]
fn parameters() {
    let bomb = format!(
        "{HEAD}parameters: {{A: {{default: {}}}}}\nresolutions:\n{}",
        "x".repeat(30_000),
        lines(900, |i| format!("- {{id: r{i}, issue: \"${{A}}\", resolution: x}}\n"))
    );
    says(&bomb, "with its parameters put in, a pack may have 2 MB more at most");
    let laughs = format!(
        "{HEAD}parameters:\n  A: {{default: ha}}\n  B: {{default: \"${{A}}${{A}}\"}}\nresolutions: [{{id: r, issue: \"${{B}}\", resolution: x}}]"
    );
    says(&laughs, "a parameter does not refer to others");
    says(
        &format!("{HEAD}parameters: {{A: {{}}}}\ntemplates: [{{id: t, kind: \"${{A}}\"}}]"),
        "`default` is missing",
    );
    says(
        &format!("{HEAD}parameters: {{NAME: {{default: 1}}}}\ntemplates: [{{id: t, kind: \"${{NAMES}}\"}}]"),
        "there is no parameter for ${NAMES}, did you mean `NAME`?",
    );
    says(&format!("{HEAD}templates: [{{id: t, kind: \"${{NAME\"}}]"), "no `}` ends it");
    says(
        &format!("{HEAD}templates: [{{id: t, kind: \"{}\"}}]", "${A}".repeat(8000)),
        "there is no parameter for ${A}",
    );
    let source = format!("{HEAD}parameters: {{A: {{default: 1}}}}");
    let set = |value: &str| Overrides { preset: None, set: vec![("A".into(), value.into())] };
    let error = load(&source, &set("${A}")).unwrap_err().to_string();
    assert!(error.contains("a parameter does not refer to others"), "{error}");
}

#[test]
fn expressions() {
    let nested = |open: &str, close: &str| format!("{}x{}", open.repeat(1000), close.repeat(1000));
    for (when, message) in [
        (nested("(", ")") + " > 1", "an expression may be nested 40 deep at most"),
        (nested("not ", ""), "an expression may be nested 40 deep at most"),
        (nested("-", "") + " > 1", "an expression may be nested 40 deep at most"),
        (nested("abs(", ")"), "an expression may have 4096 bytes at most; this one has 5001"),
        (nested("abs(", "").chars().take(4000).collect(), "an expression may be nested 40 deep at most"),
        (
            format!("{}x{} > 1", "(".repeat(10_000), ")".repeat(10_000)),
            "an expression may have 4096 bytes at most",
        ),
        (vec!["x"; 300].join("+") + " > 1", "200 terms in a row at most"),
        ("x >".into(), "expected a value"),
        ("x > 1 && y > 1".into(), "write `and`"),
        ("x = 1".into(), "expected `==` to compare"),
        ("x == null".into(), "write known(x) or not known(x)"),
        ("z > 1".into(), "unknown name `z`"),
        ("cuont(e, 7d) > 1".into(), "unknown function `cuont`, did you mean `count`?"),
        ("x".into(), "expected a condition, but this is a number"),
    ] {
        says(&condition(&when), message);
    }
}

/// What one evaluation may take is bounded for all expressions of a pack together.
#[test]
fn steps_are_counted() {
    let rule = |i: usize, when: &str| {
        format!("- {{id: r{i}, name: R, category: risk, severity: low, when: \"{when}\", actions: []}}\n")
    };
    let dear = vec!["count(e, 3660d)"; 10].join(" + ") + " > 1";
    let rules = |n: usize| pack(&format!("rules:\n{}", lines(n, |i| rule(i, &dear))));
    let one = load(&rules(1), &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
    let steps = one.methodology.rules[0].when.steps();
    assert!(steps > 10 * 3660 / 8, "{steps}");
    let most = (MAX_STEPS / steps) as usize;
    assert!(load(&rules(most), &Overrides::default()).is_ok());
    let errors = refused(&rules(most + 1));
    assert_eq!(errors.0.len(), 1, "{errors}");
    let mut expected = String::new();
    write!(
        expected,
        "take {} steps for one account, and {MAX_STEPS} are allowed",
        steps as usize * (most + 1)
    )
    .unwrap();
    assert!(errors.0[0].message.contains(&expected), "{errors}");
    // The fault is at the rule that is too much.
    assert_eq!(errors.0[0].at.map(|at| at.line as usize), Some(pack("rules:\n").lines().count() + most + 1));
}

/// What could not be read is not held against the rest, and everything else is still said.
#[test]
fn one_fault_hides_no_other() {
    let source = pack(
        "segments:\n- {id: s, name: S, wen: 1, when: \"nope > 1 and x > 1\"}\nrules:\n\
         - {id: r, name: R, category: risk, severity: mild, when: \"x > 1\", actions: []}\n\
         - {id: t, name: T, category: risk, severity: low, when: \"z > 1\", actions: [{do: playbook, playbook: p}]}\n\
         playbooks:\n- {id: p, name: P, category: c, subject: account, anchor: nowhere, tasks: []}\n",
    )
    .replace("  y: {kind: gauge, type: number}", "  z: {kind: gauge, type: numbr}");
    let found = refused(&source).to_string();
    for message in [
        "unknown key `wen`",
        "unknown name `nope`",
        "`mild` is not one of",
        "did you mean `number`?",
        "`nowhere` is not one of",
    ] {
        assert!(found.contains(message), "{message}\n{found}");
    }
    assert!(!found.contains("unknown name `z`") && !found.contains("there is no playbook"), "{found}");
}
