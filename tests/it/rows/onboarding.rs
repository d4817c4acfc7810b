//! Onboarding: each pack's tasks on their days, with their owners, and what counts as a success.

use serde_json::{Value, json};

use super::desk::{Desk, column};
use crate::support::html::texts;

/// (phase or title, how many, due) of tasks, in order; those alike one after another are counted.
fn outline(tasks: &[Value], by: &str) -> Vec<(String, usize, String)> {
    let mut all: Vec<(String, usize, String)> = Vec::new();
    for task in tasks {
        let (name, due) =
            (task[by].as_str().unwrap().to_owned(), task["due_on"].as_str().unwrap().to_owned());
        match all.last_mut() {
            Some((known, n, day)) if *known == name && *day == due => *n += 1,
            _ => all.push((name, 1, due)),
        }
    }
    all
}

fn expected(rows: &[(&str, usize, &str)]) -> Vec<(String, usize, String)> {
    rows.iter().map(|(name, n, due)| ((*name).to_owned(), *n, (*due).to_owned())).collect()
}

// ON-01, ON-02, ON-03, ON-04, ON-05, ON-06, ON-08, ON-15
#[tokio::test]
async fn thirty_days_in_six_phases_begin_before_the_start() {
    let desk = Desk::on("mwrasp", "2028-02-10").await;
    desk.accounts(&[("a", "2028-02-20"), ("moved", "2028-02-18")]).await;
    desk.work().await;
    // The account is known ahead: the week before its kickoff is planned by then.
    let (play, tasks) = desk.play("a", "onboarding-30").await;
    assert_eq!((&play["anchor_on"], &play["cause"]), (&json!("2028-02-20"), &json!("stage")));
    assert_eq!(
        outline(&tasks, "phase"),
        expected(&[
            ("PRE_KICKOFF", 5, "2028-02-19"),
            ("KICKOFF", 1, "2028-02-21"),
            ("WEEK_1_DEPLOYMENT", 5, "2028-02-27"),
            ("WEEK_1_DEPLOYMENT", 1, "2028-02-23"),
            ("WEEK_1_DEPLOYMENT", 1, "2028-02-25"),
            ("WEEK_1_DEPLOYMENT", 2, "2028-02-27"),
            ("WEEK_2_CONFIGURATION", 9, "2028-03-05"),
            ("WEEK_3_OPTIMIZATION", 6, "2028-03-12"),
            ("WEEK_4_GRADUATION", 5, "2028-03-21"),
        ])
    );
    let before = &tasks[..5];
    assert_eq!(column(before, "role"), ["sales", "solution_architect", "csm", "csm", "csm"]);
    assert_eq!(column(before, "from_on"), ["2028-02-13"; 5]);
    assert!(tasks.iter().all(|task| task["late"] == false));
    let yields: Vec<&Value> = before.iter().map(|task| &task["deliverables"]).collect();
    let none = json!([]);
    let (drawing, matrix, plan) =
        (json!(["Architecture document"]), json!(["Stakeholder matrix"]), json!(["Success plan v1"]));
    assert_eq!(yields, [&none, &drawing, &matrix, &plan, &none]);
    let of =
        |title: &str| tasks.iter().find(|task| task["title"] == title).unwrap_or_else(|| panic!("{title}"));
    let count = |task: &Value, list: &str| task[list].as_array().unwrap().len();
    let kickoff = of("Kickoff meeting");
    assert_eq!((count(kickoff, "details"), count(kickoff, "deliverables")), (7, 4));
    assert_eq!((&kickoff["duration"], &kickoff["kind"]), (&json!("2h"), &json!("meeting")));
    let checks = of("Deployment validation")["details"].to_string();
    assert!(
        checks.contains("15 items")
            && checks.contains("10 test scenarios")
            && checks.contains("Nothing may fail")
    );
    assert_eq!(count(of("Optimization validation"), "details"), 3);
    let kinds =
        |phase: &str, kind: &str| tasks.iter().filter(|t| t["phase"] == phase && t["kind"] == kind).count();
    assert_eq!((kinds("WEEK_2_CONFIGURATION", "task"), kinds("WEEK_2_CONFIGURATION", "milestone")), (5, 4));
    assert_eq!((kinds("WEEK_3_OPTIMIZATION", "task"), kinds("WEEK_3_OPTIMIZATION", "validation")), (5, 1));
    assert_eq!((kinds("WEEK_1_DEPLOYMENT", "task"), kinds("WEEK_1_DEPLOYMENT", "training")), (5, 3));

    // A start that is put off takes its tasks along; the day itself begins nothing twice.
    desk.import("accounts", "external_id,start_date", ["moved,2028-02-22"]).await;
    desk.work().await;
    let (moved, shifted) = desk.play("moved", "onboarding-30").await;
    assert_eq!((&moved["anchor_on"], &shifted[0]["due_on"]), (&json!("2028-02-22"), &json!("2028-02-21")));
    for day in ["2028-02-20", "2028-02-21", "2028-02-22"] {
        desk.day(day).await;
    }
    let (again, _) = desk.play("a", "onboarding-30").await;
    assert_eq!(
        (&again["id"], desk.play("moved", "onboarding-30").await.0["id"].clone()),
        (&play["id"], moved["id"].clone())
    );
    let (_, journey) = desk.play("a", "onboarding-journey").await;
    assert!(journey.iter().all(|task| task["kind"] == "milestone"));
    let days = ["2028-02-21", "2028-02-27", "2028-03-05", "2028-03-12", "2028-03-21"];
    assert_eq!(column(&journey, "due_on"), days, "beside the checklist");

    // One that is first seen two days after its start: what was planned earlier is due now, and late.
    desk.accounts(&[("late", "2028-02-20")]).await;
    desk.work().await;
    let (_, tasks) = desk.play("late", "onboarding-30").await;
    for (title, planned, due, late) in [
        ("Success plan draft", "2028-02-19", "2028-02-22", true),
        ("Kickoff meeting", "2028-02-21", "2028-02-22", true),
        ("Admin training", "2028-02-23", "2028-02-23", false),
    ] {
        let task = tasks.iter().find(|task| task["title"] == title).unwrap();
        let dates = (&task["planned_on"], &task["due_on"], &task["late"]);
        assert_eq!(dates, (&json!(planned), &json!(due), &json!(late)), "{title}");
    }
}

// ON-07, ON-09
#[tokio::test]
async fn graduation_takes_more_than_its_bounds_and_its_rate_is_a_kpi() {
    let desk = Desk::on("mwrasp", "2028-02-20").await;
    let ids: Vec<String> = (0..50).map(|n| format!("a{n}")).collect();
    desk.accounts(&ids.iter().map(|id| (id.as_str(), "2028-02-20")).collect::<Vec<_>>()).await;
    let at = |id: &'static str, adoption: f64, rating: f64, days: f64| {
        let day = "2028-02-20";
        [
            (id, "feature_adoption_pct", day, adoption),
            (id, "nps_avg", day, rating),
            (id, "time_to_value_days", day, days),
        ]
    };
    desk.figures(
        &[
            at("a0", 80.0, 8.0, 30.0),
            at("a1", 81.0, 8.1, 29.0),
            at("a2", 81.0, 8.1, 30.0),
            at("a3", 81.0, 8.1, 29.0),
        ]
        .concat(),
    )
    .await;
    for (account, health) in [("a0", "GREEN"), ("a1", "GREEN"), ("a2", "GREEN"), ("a3", "YELLOW")] {
        desk.traits(account, json!({ "technical_health": health })).await;
    }
    desk.work().await;
    let state = async |account: &str| {
        let mut states = Vec::new();
        for state in ["running", "reached", "missed"] {
            let path = format!("/plays?account={account}&playbook=onboarding-30&state={state}");
            states.extend(desk.list(&path).await.iter().map(|_| state));
        }
        states
    };
    for (account, how) in [("a0", "running"), ("a1", "reached"), ("a2", "running"), ("a3", "running")] {
        assert_eq!(state(account).await, [how], "{account}");
    }
    // Of fifty all but one graduate in time.
    desk.house.set("2028-02-25T12:00:00Z");
    let head = "account,metric,date,value";
    let rows = ids[1..].iter().flat_map(|id| {
        ["feature_adoption_pct,2028-02-25,90", "nps_avg,2028-02-25,9", "time_to_value_days,2028-02-25,20"]
            .map(|rest| format!("{id},{rest}"))
    });
    desk.import("metrics", head, rows).await;
    desk.import("accounts", "external_id,technical_health", ids[1..].iter().map(|id| format!("{id},GREEN")))
        .await;
    desk.work().await;
    desk.day("2028-03-22").await;
    assert_eq!((state("a0").await, state("a49").await), (vec!["missed"], vec!["reached"]));
    let casey = desk.casey().await;
    let page = casey.get("/playbooks/onboarding-30").await.text();
    assert!(page.contains("49 reached, 1 missed"), "{:?}", texts(&page, ".dl"));
    // Figures of retention are shown where there is revenue.
    let head = "external_id,account,start_date,term_months,arr,currency,seats";
    desk.import("contracts", head, ["c,a1,2028-02-20,12,300000,USD,10"]).await;
    let kpis = texts(&casey.get("/portfolio/retention").await.text(), "tr:has(.tone-good)");
    assert!(kpis.contains(&"Onboarding success rate 98 >= 98".to_owned()), "{kpis:?}");
}

// ON-10, ON-12, ON-14
#[tokio::test]
async fn the_other_packs_plans_have_their_dates() {
    const START: &str = "2027-01-04";
    /// Of a playbook: phase, how many tasks, the day they are due.
    type Plan = (&'static str, &'static str, &'static [(&'static str, usize, &'static str)]);
    let steps: [Plan; 3] = [
        (
            "techcorp",
            "onboarding-90",
            &[
                ("Week 1: set up", 1, "2027-01-04"),
                ("Week 1: set up", 1, "2027-01-05"),
                ("Week 1: set up", 1, "2027-01-08"),
                ("Week 1: set up", 1, "2027-01-10"),
                ("Weeks 2 to 4: implement", 1, "2027-01-17"),
                ("Weeks 2 to 4: implement", 1, "2027-01-24"),
                ("Weeks 2 to 4: implement", 1, "2027-01-31"),
                ("Months 2 and 3: adopt", 1, "2027-03-04"),
                ("Months 2 and 3: adopt", 1, "2027-04-03"),
            ],
        ),
        (
            "ma-discovery",
            "onboarding-success",
            &[
                ("Pre-Kickoff Preparation", 1, "2027-01-06"),
                ("Pre-Kickoff Preparation", 1, "2027-01-08"),
                ("Pre-Kickoff Preparation", 1, "2027-01-11"),
                ("Pre-Kickoff Preparation", 1, "2027-01-13"),
                ("Implementation Execution", 1, "2027-01-16"),
                ("Implementation Execution", 1, "2027-01-18"),
                ("Implementation Execution", 1, "2027-01-21"),
                ("Implementation Execution", 1, "2027-01-23"),
                ("Success Validation", 1, "2027-01-26"),
                ("Success Validation", 1, "2027-01-28"),
                ("Success Validation", 1, "2027-01-31"),
                ("Success Validation", 1, "2027-02-02"),
            ],
        ),
        (
            "mapleai",
            "onboarding-12w",
            &[
                ("Phase 1: Kickoff (Week 1)", 5, "2027-01-10"),
                ("Phase 2: Implementation (Weeks 2-8)", 5, "2027-02-28"),
                ("Phase 3: Go-Live (Week 9)", 5, "2027-03-07"),
                ("Phase 4: Optimization (Weeks 10-12)", 5, "2027-03-28"),
            ],
        ),
    ];
    for (pack, playbook, plan) in steps {
        let desk = Desk::on(pack, START).await;
        desk.accounts(&[("a", START)]).await;
        desk.work().await;
        let (_, tasks) = desk.play("a", playbook).await;
        assert_eq!(outline(&tasks, "phase"), expected(plan), "{pack}");
        let casey = desk.casey().await;
        match pack {
            "ma-discovery" => {
                let page = casey.get("/playbooks/onboarding-success").await.text();
                assert!(page.contains("Every onboarding succeeds within 30 days"));
            }
            "mapleai" => {
                // Nobody has to look after a starter: its tasks are there, and nobody's.
                assert_eq!(desk.get("/accounts/a").await["segment"], "starter");
                assert!(tasks.iter().all(|task| task["owner"].is_null()));
                let yields = |phase: &str| {
                    let of = tasks.iter().filter(|task| task["phase"].as_str().unwrap().starts_with(phase));
                    of.map(|task| task["deliverables"].as_array().unwrap().len()).collect::<Vec<_>>()
                };
                assert_eq!(yields("Phase 2"), [1; 5]);
                assert_eq!(yields("Phase 3").iter().sum::<usize>(), 5);
                let page = casey.get("/accounts/a/lifecycle").await.text();
                assert_eq!(texts(&page, ".criteria li:not(:has(code))").len(), 4 + 5 + 5 + 5);
            }
            _ => {}
        }
    }
}

// ON-11
#[tokio::test]
async fn thirty_two_tasks_lead_to_day_180() {
    let desk = Desk::on("ma-discovery", "2027-01-04").await;
    desk.accounts(&[("a", "2027-01-04")]).await;
    desk.work().await;
    let mut all = desk.play("a", "onboarding-weeks").await.1;
    for (day, playbook) in [("2027-02-03", "expansion-months"), ("2027-04-04", "optimization-months")] {
        assert!(
            desk.list(&format!("/plays?account=a&playbook={playbook}")).await.is_empty(),
            "not before its stage"
        );
        desk.day(day).await;
        all.extend(desk.play("a", playbook).await.1);
    }
    assert_eq!(all.len(), 32);
    let mut days = column(&all, "due_on");
    days.dedup();
    let weeks = ["2027-01-10", "2027-01-17", "2027-01-24", "2027-02-02"];
    let months = ["2027-03-04", "2027-04-03", "2027-06-02", "2027-07-02"];
    assert_eq!(days, [weeks, months].concat(), "the last one on day 180");
    assert!(days.iter().all(|day| all.iter().filter(|task| task["due_on"] == **day).count() == 4));
}

// ON-13
#[tokio::test]
async fn a_longer_phase_puts_off_those_after_it() {
    const START: &str = "2027-01-04";
    let usual = [
        ("Discovery", 1, "2027-01-17"),
        ("Planning", 1, "2027-01-31"),
        ("Configuration", 1, "2027-03-02"),
        ("Training", 1, "2027-03-16"),
        ("Launch", 1, "2027-03-23"),
        ("Optimization", 1, "2027-04-03"),
    ];
    let longer = [
        usual[0],
        usual[1],
        ("Configuration", 1, "2027-03-12"),
        ("Training", 1, "2027-03-26"),
        ("Launch", 1, "2027-04-02"),
        ("Optimization", 1, "2027-04-13"),
    ];
    let desk = Desk::on("framework", START).await;
    desk.accounts(&[("before", START)]).await;
    desk.work().await;
    desk.publish("framework", json!({ "CONFIG_DURATION": 40 })).await;
    desk.accounts(&[("after", START)]).await;
    desk.work().await;
    for (account, plan) in [("before", usual), ("after", longer)] {
        let (_, tasks) = desk.play(account, "onboarding-6-phase").await;
        assert_eq!(outline(&tasks, "title"), expected(&plan), "{account}");
        assert_eq!(tasks[2]["details"], json!(["Configure and integrate"]));
    }
    let page = desk.casey().await.get("/playbooks/onboarding-6-phase").await.text();
    let steps = texts(&page, ".table.tall tbody tr");
    assert_eq!(steps.len(), 6);
    for (step, says) in steps.iter().zip([
        ["Map stakeholders and goals", "Goals agreed", "Goals stay vague"],
        ["Plan the project", "Plan signed", "Nobody leads"],
        ["Configure and integrate", "Data flowing", "An integration is late"],
        ["Train admins", "80% of the users", "Few attend"],
        ["Go live", "People work in production", "Trouble at launch"],
        ["Look at usage", "First value recorded", "Little usage"],
    ]) {
        assert!(says.iter().all(|text| step.contains(text)), "{says:?}: {step}");
    }
}

// ON-16
#[tokio::test]
async fn mails_documents_and_tools_are_listed_together() {
    let desk = Desk::on("mwrasp", "2027-03-01").await;
    let page = desk.casey().await.get("/settings/templates").await.text();
    let (mails, papers) = (texts(&page, "tbody tr"), texts(&page, "#papers li"));
    let of = |kind: &str| papers.iter().filter(|line| line.ends_with(kind)).count();
    assert_eq!((mails.len(), of("document"), of("tool")), (5, 5, 4));
    assert!(
        mails.iter().any(|line| line.contains("Welcome to MWRASP family") && line.contains("account start"))
    );
    assert!(papers[0].starts_with("Success plan template.docx"), "{papers:?}");
}
