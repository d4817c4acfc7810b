//! Scores: reasons, freshness, stored readings, and the way to the next band.

use chrono::{Days, NaiveDate};
use holdfast::domain::facts::{Facts, Series};
use holdfast::domain::health::{Confidence, Need, Readings};
use holdfast::domain::methodology::Methodology;
use holdfast::domain::pack::{Overrides, load};
use holdfast::domain::value::Value;
use proptest::prelude::*;

const AS_OF: &str = "2027-02-15";

fn methodology() -> Methodology {
    let source =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/techcorp.yaml")).unwrap();
    load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}")).methodology
}

/// An account that began this year, with samples of some age.
fn facts(methodology: &Methodology, age: u64, samples: &[(&str, Value)]) -> Facts {
    let as_of: NaiveDate = AS_OF.parse().unwrap();
    let mut facts = methodology.blank_facts(as_of);
    facts.start_date = Some("2027-01-01".parse().unwrap());
    facts.last_event = Some(as_of);
    for (name, value) in samples {
        let input = methodology.input(name).unwrap().id;
        facts.inputs[usize::from(input.0)] = Series::Gauge(vec![(as_of - Days::new(age), value.clone())]);
    }
    facts
}

#[test]
fn every_point_has_its_reason() {
    let m = methodology();
    let samples =
        [("dau_pct", 30.0.into()), ("advanced_feature_pct", 60.0.into()), ("integrations_live", 0.0.into())];
    let scored = m.explain(&m.read(&facts(&m, 1, &samples)));
    let model = &scored.models[0];
    let node = |id: &str| &model.nodes[m.health.models[0].nodes.iter().position(|n| *n.id == *id).unwrap()];
    let dau = node("dau");
    // Usage has .4 of .9 (outcomes are unknown), and the daily users have all of it.
    assert!((dau.asked - 0.4 / 3.0).abs() < 1e-9 && (dau.given - 0.4 / 0.9).abs() < 1e-9);
    assert!((dau.gained - dau.given * 50.0).abs() < 1e-9 && (dau.lost - dau.given * 50.0).abs() < 1e-9);
    assert_eq!((node("queries").score, node("queries").given), (None, 0.0));
    assert_eq!(node("adoption").score, Some(50.0));
    assert!((node("integrations").lost - 100.0 * 0.15 / 0.9).abs() < 1e-9);
}

#[test]
fn stale_is_not_full() {
    let m = methodology();
    let samples = |v: f64| {
        ["dau_pct", "dashboard_views", "queries", "advanced_feature_pct", "integrations_live"]
            .map(|n| (n, v.into()))
    };
    let fresh = m.explain(&m.read(&facts(&m, 1, &samples(100.0))));
    let stale = m.explain(&m.read(&facts(&m, 31, &samples(100.0))));
    assert_eq!((fresh.health, fresh.confidence), (Some(100.0), Confidence::Full));
    assert_eq!((stale.health, stale.confidence), (Some(100.0), Confidence::Thin));
    assert!(stale.models[0].stale() && stale.models[0].stale_share > 0.7);
    let nothing = m.evaluate(&Facts { last_event: None, ..m.blank_facts(AS_OF.parse().unwrap()) });
    // No ticket was ever counted because nothing ever arrived: a score, but not one to rely upon.
    assert_eq!(nothing.health.confidence, Confidence::Thin);
    assert_eq!(nothing.readings.of.get(5, "ticket_volume").map(|r| r.stale), Some(true));
}

#[test]
fn stored_readings_give_the_same_score() {
    let m = methodology();
    let mut facts = facts(&m, 3, &[("dau_pct", 33.3.into()), ("business_impact", "some".into())]);
    facts.health_override = Some(71.0);
    let evaluation = m.evaluate(&facts);
    let stored = serde_json::to_string(&evaluation.readings).unwrap();
    assert!(stored.len() < 400, "{stored}");
    let readings: Readings = serde_json::from_str(&stored).unwrap();
    assert_eq!(m.explain(&readings), evaluation.health);
    assert_eq!((evaluation.health.health, evaluation.health.overridden), (Some(71.0), Some(71.0)));
}

#[test]
fn the_way_to_the_next_band() {
    let m = methodology();
    let samples = [
        ("dau_pct", 30.0.into()),
        ("advanced_feature_pct", 30.0.into()),
        ("tickets_30d", 5.0.into()),
        ("business_impact", "none".into()),
    ];
    let readings = m.read(&facts(&m, 1, &samples));
    let scored = m.explain(&readings);
    // 50 * .4 + 50 * .3 + 50 * .2 + 0 * .1
    assert_eq!(scored.health, Some(45.0));
    let yellow = m.health.next_band(&scored).unwrap();
    let ways = m.health.what_would_it_take(&scored, yellow);
    let way = |id: &str| ways.iter().find(|w| &*m.health.indicators[w.indicator].id == id).unwrap();
    let figure = |id: &str| match way(id).alone {
        Some(Need::Figure(n)) => n,
        ref other => panic!("{id}: {other:?}"),
    };
    // 5 points of .4, .3, .2: scores of 62.5, 66.67, 75.
    assert!((figure("dau") - 37.5).abs() < 1e-6);
    assert!((figure("advanced_features") - 40.0).abs() < 1e-6);
    assert!((figure("ticket_volume") - 2.5).abs() < 1e-6);
    assert_eq!(way("business_impact").alone, Some(Need::OneOf(vec!["some".into(), "strong".into()])));
    assert!(ways.windows(2).all(|w| w[0].available >= w[1].available));
    // What is said to suffice does.
    let enough = [("dau_pct", 37.5.into()), samples[1].clone(), samples[2].clone(), samples[3].clone()];
    assert_eq!(m.evaluate(&facts(&m, 1, &enough)).band.as_deref(), Some("yellow"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn points_add_up(values in proptest::collection::vec(proptest::option::of(-10.0..150.0_f64), 8)) {
        let m = methodology();
        let names = ["dau_pct", "dashboard_views", "queries", "advanced_feature_pct", "integrations_live", "tickets_30d", "csat_avg", "reported_roi_pct"];
        let samples: Vec<_> = names.iter().zip(values).filter_map(|(n, v)| Some((*n, v?.into()))).collect();
        let scored = m.explain(&m.read(&facts(&m, 1, &samples)));
        let model = &scored.models[0];
        let leaves: Vec<_> = m.health.models[0].nodes.iter().zip(&model.nodes).filter(|(n, _)| n.indicator.is_some()).map(|(_, s)| s).collect();
        let sum = |of: fn(&holdfast::domain::health::NodeScore) -> f64| leaves.iter().map(|l| of(l)).sum::<f64>();
        prop_assert!((sum(|l| l.asked) - 1.0).abs() < 1e-9);
        if let Some(score) = model.score {
            prop_assert!((0.0..=100.0).contains(&score));
            prop_assert!((sum(|l| l.gained) - score).abs() < 1e-6);
            prop_assert!((sum(|l| l.lost) - (100.0 - score)).abs() < 1e-6);
            prop_assert!((sum(|l| l.given) - 1.0).abs() < 1e-9);
        }
    }
}
