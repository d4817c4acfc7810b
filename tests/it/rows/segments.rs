//! Segments, what they are given, and who looks after how many.

use holdfast::app::members::Role;
use serde_json::{Value, json};

use super::desk::{Desk, column};
use crate::support::html::texts;

const DAY: &str = "2027-03-01";

/// Accounts with contracts of a year that began on [`DAY`]: (account, ARR).
async fn with_arr(desk: &Desk, rows: &[(&str, &str)]) {
    desk.accounts(&rows.iter().map(|(id, _)| (*id, DAY)).collect::<Vec<_>>()).await;
    let head = "external_id,account,start_date,term_months,arr,currency,seats";
    let rows = rows.iter().map(|(id, arr)| format!("{id}-C,{id},{DAY},12,{arr},USD,10"));
    desk.import("contracts", head, rows).await;
}

async fn expect_segments(desk: &Desk, cases: &[(&str, &str)]) {
    for (account, segment) in cases {
        let detail = desk.get(&format!("/accounts/{account}")).await;
        assert_eq!(detail["segment"], *segment, "{account}");
    }
}

async fn own(desk: &Desk, owner: &str, accounts: impl IntoIterator<Item = String>) {
    let rows = accounts.into_iter().map(|id| format!("{id},{owner}@acme.example"));
    desk.import("accounts", "external_id,owner_email", rows).await;
}

fn segment(load: &Value, id: &str) -> Value {
    load["segments"].as_array().unwrap().iter().find(|s| s["segment"] == id).unwrap().clone()
}

// SG-01 to SG-08
#[tokio::test]
async fn contract_value_decides_and_each_segment_has_its_service() {
    let desk = Desk::on("mwrasp", DAY).await;
    let cases = [
        ("above5m", "5000001", "platinum"),
        ("at5m", "5000000", "gold"),
        ("at1m", "1000000", "gold"),
        ("below1m", "999999.99", "silver"),
        ("at250k", "250000", "silver"),
        ("below250k", "249999.99", "bronze"),
        ("many", "6000000", "platinum"),
        ("mixed", "1200000", "gold"),
    ];
    with_arr(&desk, &cases.map(|(id, arr, _)| (id, arr))).await;
    desk.traits("many", json!({ "agents": 8000, "strategic_value": "high" })).await;
    desk.traits("mixed", json!({ "agents": 10000, "strategic_value": "medium" })).await;
    desk.work().await;
    expect_segments(&desk, &cases.map(|(id, _, segment)| (id, segment))).await;

    // Agents and strategic value agree or not; they decide nothing.
    let casey = desk.casey().await;
    for (account, agents, value) in [("many", "disagrees", "agrees"), ("mixed", "agrees", "disagrees")] {
        let page = casey.get(&format!("/accounts/{account}/lifecycle")).await.text();
        assert_eq!(texts(&page, ".criteria li:has(code) .ink"), [agents, value], "{account}");
    }

    for (account, due, service, activities) in [
        (
            "above5m",
            ("Weekly health checks", "2027-03-08"),
            ["Executive sponsor Yes", "Dedicated support Yes", "Csm ratio 1:1", "Meeting frequency Weekly"],
            [
                "Weekly health checks",
                "Monthly executive sync",
                "Quarterly strategic review",
                "Annual planning session",
            ],
        ),
        (
            "at1m",
            ("Bi-weekly check-ins", "2027-03-15"),
            [
                "Executive sponsor No",
                "Dedicated support Shared",
                "Csm ratio 1:3",
                "Meeting frequency Bi-weekly",
            ],
            ["Bi-weekly check-ins", "Monthly reviews", "Quarterly business reviews", "Semi-annual planning"],
        ),
        (
            "at250k",
            ("Monthly check-ins", "2027-04-01"),
            ["Executive sponsor No", "Dedicated support No", "Csm ratio 1:10", "Meeting frequency Monthly"],
            ["Monthly check-ins", "Quarterly reviews", "Annual planning", "Self-service resources"],
        ),
        (
            "below250k",
            ("Quarterly check-ins", "2027-06-01"),
            ["Executive sponsor No", "Dedicated support No", "Csm ratio 1:25", "Meeting frequency Quarterly"],
            ["Quarterly check-ins", "Automated health monitoring", "Digital resources", "Community support"],
        ),
    ] {
        let page = casey.get(&format!("/accounts/{account}")).await.text();
        assert_eq!(texts(&page, "#coverage .bullets li"), activities, "{account}");
        let coverage = texts(&page, "#coverage").join(" ");
        assert!(service.iter().all(|line| coverage.contains(line)), "{account}: {coverage}");
        let tasks = desk.list(&format!("/tasks?account={account}&limit=200")).await;
        let first = tasks.iter().find(|t| t["source"] == "touchpoint" && t["title"] == due.0);
        assert_eq!(first.unwrap_or_else(|| panic!("{account}: {tasks:?}"))["due_on"], due.1, "{account}");
    }

    // Ten gold accounts on three people are more than three each.
    let gold: Vec<String> = (0..10).map(|n| format!("g{n}")).collect();
    with_arr(&desk, &gold.iter().map(|id| (id.as_str(), "2000000")).collect::<Vec<_>>()).await;
    for (n, owner) in ["casey", "robin", "sam"].into_iter().enumerate() {
        if n > 0 {
            desk.house.member(&desk.home, &format!("{owner}@acme.example"), Role::Csm).await;
        }
        own(&desk, owner, gold.iter().skip(n).step_by(3).cloned()).await;
    }
    desk.work().await;
    let load = desk.get("/team/load").await;
    let gold = segment(&load, "gold");
    assert_eq!(
        (&gold["per_csm"], &gold["most"], &gold["over_capacity"]),
        (&json!(3.333333), &json!(3.0), &json!(true))
    );
    let over = load["members"].as_array().unwrap().iter().filter(|one| one["over_capacity"] == true);
    assert_eq!(over.map(|one| one["member"]["email"].clone()).collect::<Vec<_>>(), ["casey@acme.example"]);
    let page = casey.get("/team").await.text();
    assert!(texts(&page, "td.tone-critical").contains(&"3.3".to_owned()), "{:?}", texts(&page, "td.num"));
}

// SG-09 to SG-12, SG-19, RK-08
#[tokio::test]
async fn revenue_decides_between_named_pooled_and_digital_care() {
    let desk = Desk::on("techcorp", DAY).await;
    let cases = [
        ("at100k", "100000", "enterprise"),
        ("below100k", "99999.99", "mid_market"),
        ("at25k", "25000", "mid_market"),
        ("below25k", "24999.99", "smb"),
        ("pinned", "30000", "mid_market"),
    ];
    with_arr(&desk, &cases.map(|(id, arr, _)| (id, arr))).await;
    for account in ["at100k", "at25k"] {
        desk.figures(&[
            (account, "high_priority_ticket", "2027-02-26", 1.0),
            (account, "high_priority_ticket", DAY, 1.0),
        ])
        .await;
    }
    desk.work().await;
    expect_segments(&desk, &cases.map(|(id, _, segment)| (id, segment))).await;
    let casey = desk.casey().await;
    for (account, lines) in [
        (
            "at100k",
            &[
                "One named success manager",
                "Business review every quarter",
                "Answer within 4 hours",
                "Direct line to the VP",
            ][..],
        ),
        (
            "at25k",
            &[
                "Shared success manager for up to 20 accounts",
                "at most 20 accounts each",
                "Business review twice a year",
                "Answer within 24 hours",
                "Senior success manager for critical issues",
            ],
        ),
        (
            "below25k",
            &[
                "Automated care",
                "Knowledge base and training videos",
                "Answer within 48 hours",
                "Group trainings and webinars",
            ],
        ),
    ] {
        let coverage = desk.coverage(&casey, account).await;
        assert!(lines.iter().all(|line| coverage.contains(line)), "{account}: {coverage}");
    }
    // Reviews twice a year, a quarter for the largest, none for the small ones.
    for (account, review, due) in [
        ("at100k", "Quarterly business review", Some("2027-06-01")),
        ("at25k", "Half-yearly business review", Some("2027-09-01")),
        ("below25k", "business review", None),
    ] {
        let tasks = desk.list(&format!("/tasks?account={account}&limit=200")).await;
        let of = |task: &&Value| {
            task["source"] == "touchpoint" && task["title"].as_str().unwrap().contains(review)
        };
        let found: Vec<Value> = tasks.iter().filter(of).map(|task| task["due_on"].clone()).collect();
        assert_eq!(found, due.into_iter().collect::<Vec<_>>(), "{account}");
    }
    // Two urgent tickets within a week make an account red; who is told depends on its segment.
    for (account, told) in [("at100k", "vp_cs"), ("at25k", "senior_csm")] {
        assert_eq!(desk.alert(account, "red-flag").await["escalated_to"], json!([told]), "{account}");
        assert_eq!(desk.get(&format!("/accounts/{account}")).await["health"]["band"], "red", "{account}");
        desk.play(account, "technical-issues").await;
    }

    casey.post("/accounts/pinned/segment", &[("segment", "smb")]).await;
    desk.day("2027-03-02").await;
    let pinned = desk.get("/accounts/pinned").await;
    assert_eq!((&pinned["segment"], &pinned["segment_pinned"]), (&json!("smb"), &json!(true)));
    let page = casey.get("/accounts/pinned/lifecycle").await.text();
    assert!(page.contains("set by hand; the rules say Mid-market"), "it survives the night and is marked");
    let load = desk.get("/team/load").await;
    assert_eq!(segment(&load, "smb")["needs_csm"], false);
    assert_eq!(segment(&load, "mid_market")["needs_csm"], true);
}

// SG-13
#[tokio::test]
async fn managers_and_technical_managers_have_ranges_of_their_own() {
    let desk = Desk::on("ma-discovery", DAY).await;
    let ids: Vec<String> = (0..9).map(|n| format!("f{n}")).collect();
    with_arr(&desk, &ids.iter().map(|id| (id.as_str(), "3000000")).collect::<Vec<_>>()).await;
    for (n, owner) in ["casey", "robin", "sam"].into_iter().enumerate() {
        if n > 0 {
            desk.house.member(&desk.home, &format!("{owner}@acme.example"), Role::Csm).await;
        }
        own(&desk, owner, ids.iter().skip(n).step_by(3).cloned()).await;
    }
    desk.work().await;
    expect_segments(&desk, &[("f0", "fortune_500"), ("f8", "fortune_500")]).await;
    desk.send("PUT", "/roles/tam", json!({ "follows": "member", "member": "sam@acme.example" })).await;
    let load = desk.get("/team/load").await;
    let all = segment(&load, "fortune_500");
    assert_eq!((&all["per_csm"], &all["over_capacity"]), (&json!(3.0), &json!(false)));
    assert!(load["members"].as_array().unwrap().iter().all(|one| one["over_capacity"] == false), "{load}");
    let page = desk.casey().await.get("/team").await.text();
    let roles = texts(&page, "li.tone-critical");
    assert!(roles.len() == 1 && roles[0].contains("Technical Account Manager: sam"), "{roles:?}");
    assert!(roles[0].contains("9 accounts, 5 to 7 are meant"), "{roles:?}");
}

// SG-14, SG-15, SG-17
#[tokio::test]
async fn parameters_move_the_bounds_or_take_employees_instead() {
    let desk = Desk::on("framework", DAY).await;
    let cases = [
        ("at100k", "100000", "enterprise"),
        ("below100k", "99999.99", "mid_market"),
        ("at25k", "25000", "mid_market"),
        ("below25k", "24999.99", "smb"),
        ("at5k", "5000", "smb"),
        ("below5k", "4999", "tech_touch"),
    ];
    with_arr(&desk, &cases.map(|(id, arr, _)| (id, arr))).await;
    desk.work().await;
    expect_segments(&desk, &cases.map(|(id, _, segment)| (id, segment))).await;
    let casey = desk.casey().await;
    for (account, lines) in [
        (
            "at100k",
            &[
                "Csm ratio 1:15",
                "at most 15 accounts each",
                "Every week while onboarding",
                "Executive sponsor",
                "Annual strategic plan",
                "A manager by name, and an architect",
            ][..],
        ),
        (
            "at25k",
            &[
                "Csm ratio 1:50",
                "at most 50",
                "Mid-touch",
                "Monthly check-in",
                "More seats, more features",
                "Business-day support",
            ],
        ),
        (
            "at5k",
            &[
                "Pooled low-touch",
                "Guides in the app",
                "Knowledge base",
                "Alerts and campaigns",
                "Community forum",
            ],
        ),
        (
            "below5k",
            &[
                "tech coverage",
                "2000 accounts are planned",
                "Automatic email",
                "Lifecycle email series",
                "Monthly webinar",
                "Searchable knowledge base",
                "A manager has 200 accounts or more",
            ],
        ),
    ] {
        let coverage = desk.coverage(&casey, account).await;
        assert!(lines.iter().all(|line| coverage.contains(line)), "{account}: {coverage}");
    }
    // What is planned for stands beside what there is.
    let tech = segment(&desk.get("/team/load").await, "tech_touch");
    assert_eq!((&tech["accounts"], &tech["planned"]), (&json!(1), &json!(2000.0)));
    let page = casey.get("/team").await.text();
    assert!(texts(&page, "td").contains(&"1 of 2,000 planned".to_owned()), "{:?}", texts(&page, "td"));

    desk.publish("framework", json!({ "SEGMENT_BASIS": "employees", "ENTERPRISE_RATIO": 12 })).await;
    let by_size = [
        ("at100k", 1001, "enterprise"),
        ("below100k", 1000, "mid_market"),
        ("at25k", 100, "mid_market"),
        ("at5k", 99, "smb"),
    ];
    for (account, employees, _) in by_size {
        desk.traits(account, json!({ "employees": employees })).await;
    }
    desk.work().await;
    expect_segments(&desk, &by_size.map(|(id, _, segment)| (id, segment))).await;
    let coverage = desk.coverage(&casey, "at100k").await;
    assert!(
        coverage.contains("Csm ratio 1:12") && coverage.contains("at most 12 accounts each"),
        "{coverage}"
    );
}

// SG-16
#[tokio::test]
async fn accounts_per_manager_name_the_coverage_model() {
    let desk = Desk::on("framework", DAY).await;
    let casey = desk.casey().await;
    for other in ["robin", "sam"] {
        desk.house.member(&desk.home, &format!("{other}@acme.example"), Role::Csm).await;
    }
    let said = async || {
        let load = desk.get("/team/load").await;
        let profile = load["profile"].as_array().unwrap();
        let model = profile.iter().find(|one| one["question"] == "coverage_model");
        model.map_or_else(String::new, |model| model["answer"].as_str().unwrap().to_owned())
    };
    assert_eq!(said().await, "", "nobody has accounts yet");
    let ids = |from: usize, to: usize| (from..to).map(|n| format!("a{n}"));
    own(&desk, "casey", ids(0, 25)).await;
    assert_eq!(said().await, "high_touch", "25 each");
    own(&desk, "casey", ids(25, 26)).await;
    assert_eq!(said().await, "mid_touch", "26 each: what exceeds a model belongs to the one below it");
    own(&desk, "robin", ids(26, 60)).await;
    own(&desk, "sam", ids(60, 100)).await;
    assert_eq!(said().await, "mid_touch", "33.3 each");
    let page = casey.get("/team").await.text();
    let shown = texts(&page, "#profile").join(" ");
    assert!(shown.contains("Mid-Touch (1:50-100) 33.3 accounts per CSM"), "{shown}");
    own(&desk, "casey", ids(0, 200)).await;
    assert_eq!(said().await, "low_touch", "200 each");
}

// SG-18
#[tokio::test]
async fn the_plan_decides_how_much_touch() {
    let desk = Desk::on("mapleai", DAY).await;
    let head = "external_id,name,start_date,plan";
    let plans = ["enterprise", "professional", "starter"].map(|plan| format!("{plan},{plan},{DAY},{plan}"));
    desk.import("accounts", head, plans.into_iter().chain([format!("none,none,{DAY},")])).await;
    desk.work().await;
    let cases = [
        ("enterprise", "enterprise"),
        ("professional", "professional"),
        ("starter", "starter"),
        ("none", "starter"),
    ];
    expect_segments(&desk, &cases).await;
    let casey = desk.casey().await;
    for (account, model, first, touch) in [
        (
            "enterprise",
            "A success manager of their own",
            "Custom implementation support",
            ("Every week in the first 3 months", "2027-03-08"),
        ),
        (
            "professional",
            "A success manager assigned to them",
            "Standard implementation support",
            ("Every two weeks in the first 2 months", "2027-03-15"),
        ),
        (
            "starter",
            "Onboards itself, helps itself",
            "Automated implementation",
            ("Quarterly check-ins", "2027-06-01"),
        ),
    ] {
        let page = casey.get(&format!("/accounts/{account}")).await.text();
        let activities = texts(&page, "#coverage .bullets li");
        assert_eq!((activities.len(), activities[0].as_str()), (5, first), "{account}");
        assert!(texts(&page, "#coverage").join(" ").contains(model), "{account}");
        let tasks = desk.list(&format!("/tasks?account={account}&limit=200")).await;
        let touches: Vec<Value> = tasks.into_iter().filter(|t| t["title"] == touch.0).collect();
        assert_eq!(column(&touches, "due_on"), [touch.1], "{account}");
    }
}
