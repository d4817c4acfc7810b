//! Stages by day number, what should be true before each is left, and moments.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::html::texts;

const TODAY: &str = "2028-03-02";

/// A day before or after [`TODAY`].
fn from_today(days: i64) -> String {
    let today: NaiveDate = TODAY.parse().unwrap();
    let day = if days < 0 { today - Days::new(days.unsigned_abs()) } else { today + Days::new(days as u64) };
    day.to_string()
}

/// A pack: its first day number, the stage of day numbers, days ahead of a renewal at which the overlay begins, the
/// last day number of its first stage with the stage that follows, and how many objectives and risks the first stage
/// shows.
type Journey<'a> = (&'a str, i64, &'a [(i64, &'a str)], i64, (i64, &'a str), (usize, usize));

const JOURNEYS: [Journey<'static>; 5] = [
    (
        "mwrasp",
        0,
        &[
            (0, "onboarding"),
            (30, "onboarding"),
            (31, "adoption"),
            (90, "adoption"),
            (91, "value_realization"),
            (180, "value_realization"),
            (181, "expansion"),
            (365, "expansion"),
            (366, "advocacy"),
        ],
        60,
        (30, "adoption"),
        (4, 4),
    ),
    ("techcorp", 1, &[(1, "onboarding"), (90, "onboarding"), (91, "ongoing")], 90, (90, "ongoing"), (3, 0)),
    (
        "ma-discovery",
        1,
        &[
            (1, "onboarding"),
            (30, "onboarding"),
            (31, "expansion"),
            (90, "expansion"),
            (91, "optimization"),
            (180, "optimization"),
            (181, "production"),
        ],
        180,
        (30, "expansion"),
        (1, 0),
    ),
    (
        "framework",
        0,
        &[
            (0, "onboarding"),
            (89, "onboarding"),
            (90, "adoption"),
            (179, "adoption"),
            (180, "growth"),
            (364, "growth"),
            (365, "maturity"),
        ],
        -1,
        (89, "adoption"),
        (6, 0),
    ),
    (
        "mapleai",
        1,
        &[
            (1, "kickoff"),
            (7, "kickoff"),
            (8, "implementation"),
            (56, "implementation"),
            (57, "go_live"),
            (63, "go_live"),
            (64, "optimization"),
            (84, "optimization"),
            (85, "ongoing"),
        ],
        90,
        (7, "implementation"),
        (0, 0),
    ),
];

// LC-01, LC-02, LC-03, LC-08, LC-09, LC-10, LC-12, LC-14, LC-16
#[tokio::test]
async fn every_packs_days_have_their_stages_and_overlays() {
    for (pack, first_day, stages, overlay, (last, next), (objectives, risks)) in JOURNEYS {
        let desk = Desk::on(pack, TODAY).await;
        let start = |day: i64| from_today(first_day - day);
        let rows = stages.iter().map(|(day, _)| format!("d{day},Day {day},{}", start(*day)));
        desk.import(
            "accounts",
            "external_id,name,start_date",
            rows.chain([format!("ahead,Ahead,{}", from_today(1))]),
        )
        .await;
        if overlay > 0 {
            let head = "external_id,account,start_date,end_date,arr,currency,seats";
            let ends = [("in", overlay), ("out", overlay + 1)];
            desk.accounts(&ends.map(|(id, _)| (id, "2027-01-01"))).await;
            let rows =
                ends.map(|(id, days)| format!("{id}-C,{id},2027-06-02,{},30000,USD,5", from_today(days)));
            desk.import("contracts", head, rows).await;
        }
        desk.work().await;
        for (day, stage) in stages {
            let detail = desk.get(&format!("/accounts/d{day}")).await;
            assert_eq!(
                (&detail["stage"], &detail["stage_day"]),
                (&json!(stage), &json!(day)),
                "{pack}, day {day}"
            );
        }
        assert_eq!(desk.get("/accounts/ahead").await["stage"], Value::Null, "{pack}: before its start");
        if overlay > 0 {
            for (account, overlays) in [("in", json!(["renewal"])), ("out", json!([]))] {
                let lifecycle = desk.get(&format!("/accounts/{account}/lifecycle")).await;
                assert_eq!(lifecycle["overlays"], overlays, "{pack}, {account}");
                assert!(lifecycle["stage"].is_string(), "{pack}: the base stage goes on beside it");
            }
        }
        let casey = desk.casey().await;
        let page = casey.get(&format!("/accounts/d{}/lifecycle", stages[0].0)).await.text();
        assert_eq!(texts(&page, ".track .current .aims ul:not(.risks) li").len(), objectives, "{pack}");
        assert_eq!(texts(&page, ".track .current .aims .risks li").len(), risks, "{pack}");

        // The next morning one of them is over; both dates are kept.
        desk.day(&from_today(1)).await;
        let lifecycle = desk.get(&format!("/accounts/d{last}/lifecycle")).await;
        let entries: Vec<Value> = lifecycle["stages"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|s| s["entries"].as_array().unwrap().clone())
            .collect();
        assert_eq!(lifecycle["stage"], next, "{pack}");
        let (entered, left) = (json!(start(last).as_str()), json!(from_today(1)));
        let expected = json!([
            { "entered_on": entered, "left_on": left },
            { "entered_on": left, "left_on": null }
        ]);
        assert_eq!(json!(entries), expected, "{pack}");
    }
}

/// The exit criteria of a stage that are met, and those that are not.
async fn exit(desk: &Desk, account: &str, stage: &str) -> (Vec<String>, Vec<String>) {
    let lifecycle = desk.get(&format!("/accounts/{account}/lifecycle")).await;
    let stages = lifecycle["stages"].as_array().unwrap();
    let stage = stages.iter().find(|s| s["id"] == stage).unwrap();
    let criteria = stage["exit"].as_array().unwrap().iter();
    let (met, unmet): (Vec<&Value>, Vec<&Value>) = criteria.partition(|c| c["met"] == true);
    let names = |all: Vec<&Value>| all.into_iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect();
    (names(met), names(unmet))
}

// LC-04, LC-05, LC-06, ON-05
#[tokio::test]
async fn criteria_are_met_by_more_than_their_bounds() {
    let desk = Desk::on("mwrasp", TODAY).await;
    let ids = ["bound", "above", "nothing"];
    desk.accounts(&ids.map(|id| (id, "2028-02-20"))).await;
    let gauges = |account: &'static str, more: f64| {
        let bounds = [
            ("agents_protected", 100.0),
            ("team_certified_pct", 80.0),
            ("feature_adoption_pct", 75.0),
            ("integrations_live", 3.0),
            ("agent_utilization_pct", 80.0),
            ("roi_pct", 500.0),
            ("nps_avg", 8.0),
        ];
        bounds.map(|(metric, bound)| (account, metric, TODAY, bound + more)).to_vec()
    };
    desk.figures(&[gauges("bound", 0.0), gauges("above", 1.0)].concat()).await;
    let told = json!({ "deployment_complete": true, "first_threat_detected": true, "automation_enabled": true,
        "metrics_tracking": true, "additional_use_cases": true });
    for account in ["bound", "above"] {
        desk.traits(account, told.clone()).await;
    }
    desk.work().await;
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (stage, stated, measured) in [
        (
            "onboarding",
            &["deployment_complete", "first_threat_detected"][..],
            &["agents_protected >100", "team_certified >80%"][..],
        ),
        (
            "adoption",
            &["automation_enabled", "metrics_tracking"],
            &["feature_adoption >75%", "integrations_live >3"],
        ),
        (
            "value_realization",
            &["additional_use_cases"],
            &["agent_utilization >80%", "roi_achieved >500%", "satisfaction_score >8"],
        ),
    ] {
        assert_eq!(exit(&desk, "bound", stage).await, (of(stated), of(measured)), "{stage} at its bounds");
        assert_eq!(exit(&desk, "above", stage).await.1, of(&[]), "{stage} above them");
        assert_eq!(exit(&desk, "nothing", stage).await.0, of(&[]), "{stage}: missing data proves nothing");
    }
    // A milestone asks for a hundred agents, the criterion for more.
    let (_, tasks) = desk.play("bound", "onboarding-30").await;
    let milestone = tasks.iter().find(|task| task["title"] == "100 agents protected").unwrap();
    assert_eq!((&milestone["state"], &milestone["done_by"]), (&json!("done"), &json!("data")));
}

// LC-11
#[tokio::test]
async fn a_pilot_of_fifty_users_counts_and_thirty_days_to_it_are_too_many() {
    let desk = Desk::on("ma-discovery", TODAY).await;
    desk.accounts(&[("bound", "2028-02-20"), ("better", "2028-02-20")]).await;
    desk.figures(&[
        ("bound", "pilot_users_migrated", TODAY, 50.0),
        ("bound", "time_to_value_days", TODAY, 30.0),
        ("bound", "department_users_migrated", TODAY, 499.0),
        ("better", "pilot_users_migrated", TODAY, 49.0),
        ("better", "time_to_value_days", TODAY, 29.0),
        ("better", "department_users_migrated", TODAY, 500.0),
    ])
    .await;
    desk.traits("bound", json!({ "production_deployed": true, "admin_certified": true })).await;
    desk.traits("better", json!({ "roi_validated": true })).await;
    desk.work().await;
    let met = async |account, stage| exit(&desk, account, stage).await.0;
    assert_eq!(
        met("bound", "onboarding").await,
        ["Production infrastructure deployed", "Administrator certification", "Pilot migration 50-100 users"]
    );
    assert_eq!(met("better", "onboarding").await, ["First successful migration <30 days"]);
    assert!(met("bound", "expansion").await.is_empty());
    assert_eq!(met("better", "expansion").await, ["500-1,000 user migrations"]);
    assert_eq!(met("better", "optimization").await, ["ROI Validation"]);
    // What data says of a step is not asked of people.
    let (_, tasks) = desk.play("bound", "onboarding-weeks").await;
    let done: Vec<&str> =
        tasks.iter().filter(|t| t["state"] == "done").map(|t| t["title"].as_str().unwrap()).collect();
    assert_eq!(
        done,
        [
            "Certification: Administrator certification and competency validation",
            "Pilot Migration: 50-100 users with full monitoring"
        ]
    );
}

// LC-13
#[tokio::test]
async fn six_moments_come_once_each() {
    let desk = Desk::on("framework", TODAY).await;
    desk.accounts(&[("happy", "2027-04-01"), ("sad", "2027-04-01")]).await;
    let head = "external_id,account,start_date,end_date,arr,currency,seats";
    let ends = [("happy", 90), ("sad", 91)]
        .map(|(id, n)| format!("{id}-C,{id},2027-04-01,{},9000,USD,5", from_today(n)));
    desk.import("contracts", head, ends).await;
    desk.figures(&[
        ("happy", "first_value", TODAY, 1.0),
        ("happy", "success_milestone", TODAY, 1.0),
        ("happy", "seat_utilization_pct", TODAY, 80.0),
        ("happy", "nps", TODAY, 50.0),
        ("sad", "seat_utilization_pct", TODAY, 79.0),
        ("sad", "nps", TODAY, 49.0),
    ])
    .await;
    desk.score("happy", 75.0).await;
    desk.score("sad", 49.0).await;
    desk.work().await;
    let came = async |account: &str| {
        let lifecycle = desk.get(&format!("/accounts/{account}/lifecycle")).await;
        let moments = lifecycle["moments"].as_array().unwrap().iter();
        let mut all: Vec<(String, String)> = moments
            .map(|m| (m["id"].as_str().unwrap().to_owned(), m["reached_on"].as_str().unwrap().to_owned()))
            .collect();
        all.sort();
        all
    };
    let on =
        |ids: &[&str], day: &str| ids.iter().map(|id| ((*id).to_owned(), day.to_owned())).collect::<Vec<_>>();
    let happy = ["advocacy_trigger", "expansion_point", "first_success", "first_value", "renewal_decision"];
    assert_eq!(came("happy").await, on(&happy, TODAY));
    assert_eq!(came("sad").await, on(&["risk_moments"], TODAY));
    let next = from_today(1);
    desk.house.set(&format!("{next}T06:00:00Z"));
    desk.figures(&[("happy", "first_value", &next, 1.0)]).await;
    desk.day(&next).await;
    assert_eq!(came("happy").await, on(&happy, TODAY), "each keeps its first day");
    let mut both = on(&["risk_moments"], TODAY);
    both.insert(0, ("renewal_decision".to_owned(), next.clone()));
    both.sort();
    assert_eq!(came("sad").await, both);
}
