//! Runs `tests/vectors/*.yaml`: accounts as they might be, and what each methodology must say of them.

use holdfast::domain::cases::{self, Case, differences};
use holdfast::domain::methodology::Methodology;
use holdfast::domain::pack::{self, Overrides};

#[test]
fn techcorp() {
    run("techcorp", 70);
}

#[test]
fn mwrasp() {
    run("mwrasp", 110);
}

#[test]
fn ma_discovery() {
    run("ma-discovery", 50);
}

#[test]
fn mapleai() {
    run("mapleai", 55);
}

#[test]
fn framework() {
    run("framework", 55);
}

/// Works out all cases of a pack, of which there are at least so many.
fn run(id: &str, at_least: usize) {
    let read = |path: String| std::fs::read_to_string(path).unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let source = read(format!("{root}/packs/{id}.yaml"));
    let all = cases::read(&read(format!("{root}/tests/vectors/{id}.yaml"))).unwrap();
    assert!(all.len() >= at_least, "{} cases", all.len());
    let plain = pack::load(&source, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let mut failed = Vec::new();
    for case in all {
        let case = case.unwrap_or_else(|error| panic!("{error}"));
        let own = (case.overrides != Overrides::default()).then(|| {
            pack::load(&source, &case.overrides).unwrap_or_else(|errors| panic!("{}: {errors}", case.id))
        });
        let pack = own.as_ref().unwrap_or(&plain);
        holds_together(&case, &pack.methodology);
        let expect = case.expect.as_ref().unwrap_or_else(|| panic!("{} expects nothing", case.id));
        let answer = case.answer(pack).unwrap_or_else(|error| panic!("{error}"));
        failed.extend(differences(expect, &answer).into_iter().map(|text| format!("{}: {text}", case.id)));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What is true of every account: a score re-derives from its readings, and its points add up to it.
fn holds_together(case: &Case, methodology: &Methodology) {
    let facts = case.facts(methodology).unwrap_or_else(|error| panic!("{error}"));
    let evaluation = methodology.evaluate(&facts);
    assert_eq!(methodology.explain(&evaluation.readings), evaluation.health, "{}", case.id);
    for (model, score) in methodology.health.models.iter().zip(&evaluation.health.models) {
        let leaves = model.nodes.iter().zip(&score.nodes).filter(|(node, _)| node.indicator.is_some());
        let points: f64 = leaves.map(|(_, leaf)| leaf.gained).sum();
        assert!((points - score.score.unwrap_or(0.0)).abs() < 1e-6, "{}: {}", case.id, score.id);
    }
}
