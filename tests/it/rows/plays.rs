//! Rows PB-04 to PB-12: the playbooks of each pack, started by what data says, with their tasks on their days; and
//! TM-05: how many accounts one may have.

use axum_test::TestResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Days, NaiveDate};
use holdfast::app::members::Role;
use serde_json::{Value, json};

use super::talk::{accounts, each, figures, get, health, list, morning, play, sizes, tell, tenant_with};
use crate::support::html::texts;
use crate::support::{Home, House};

const TODAY: &str = "2027-03-01";

/// Days after today, as dates.
fn after(days: &[u64]) -> Vec<String> {
    let today: NaiveDate = TODAY.parse().unwrap();
    days.iter().map(|day| (today + Days::new(*day)).to_string()).collect()
}

/// Something happened ten times a day for thirty days, and seven times a day in the thirty days to today.
async fn fell(house: &House, home: &Home, account: &str, metric: &str) {
    let first: NaiveDate = "2026-12-31".parse().unwrap();
    let days: Vec<String> = (0..60).map(|n| (first + Days::new(n)).to_string()).collect();
    assert_eq!(days[59], "2027-02-28");
    let rows: Vec<_> = (0..60)
        .map(|n| (account, metric, days[n].as_str(), if n < 30 { 10.0 } else { 7.0 }))
        .chain([(account, metric, TODAY, 7.0)])
        .collect();
    figures(house, home, &rows).await;
}

async fn started(house: &House, home: &Home, account: &str, playbook: &str) -> (Value, Vec<Value>) {
    tell(
        house,
        home,
        "POST",
        "/plays",
        json!({ "playbook": playbook, "account": account, "anchor_on": TODAY }),
    )
    .await;
    play(house, home, account, playbook).await
}

// PB-04, PB-11
#[tokio::test]
async fn campaigns_are_over_when_their_figure_is_reached() {
    let house = House::new().await;
    let home = house.tenant_on("mwrasp", "mwrasp").await;
    accounts(&house, &home, &["short", "there"].map(|id| (id, "2025-01-01", 12, 300_000))).await;
    let campaigns = [
        ("new-feature-launch", "feature_usage_pct", 49.0, 50.0, [6, 12, 18, 24, 30]),
        ("quarterly-optimization", "efficiency_gain_pct", 19.9, 20.0, [3, 6, 9, 12, 14]),
        ("annual-certification", "team_certified_pct", 79.0, 80.0, [12, 24, 36, 48, 60]),
    ];
    let mut runs = Vec::new();
    let state = async |run: &Value| {
        get(&house, &home, &format!("/plays/{}", run["id"].as_str().unwrap())).await["state"].clone()
    };
    for (campaign, metric, short, there, days) in campaigns {
        for account in ["short", "there"] {
            let (run, steps) = started(&house, &home, account, campaign).await;
            assert_eq!(each(&steps, "due_on"), after(&days), "{campaign}");
            assert_eq!((&run["state"], &run["ends_on"]), (&json!("running"), &json!(after(&days)[4])));
            runs.push(run);
        }
        figures(&house, &home, &[("short", metric, TODAY, short), ("there", metric, TODAY, there)]).await;
        let [on, over] = [&runs[runs.len() - 2], &runs[runs.len() - 1]];
        assert_eq!(state(on).await, "running", "{campaign} at {short}");
        assert_eq!(state(over).await, "reached", "{campaign} at {there}");
    }
    // Their time passes, and what was not reached is missed.
    morning(&house, "2027-05-01").await;
    for run in runs.iter().step_by(2) {
        assert_eq!(state(run).await, "missed", "{run}");
    }
}

// PB-05: its playbook; its pipeline of four steps is no part of the service yet.
#[tokio::test]
async fn an_account_that_is_ready_to_grow_has_twelve_steps_in_three_phases() {
    let house = House::new().await;
    let home = house.tenant_on("mwrasp", "mwrasp").await;
    accounts(&house, &home, &["ready", "almost"].map(|id| (id, "2026-06-01", 12, 300_000))).await;
    let cases = "external_id,name,additional_use_cases\nready,Ready,true\nalmost,Almost,true\n";
    house.import(&home, "accounts", cases).await;
    for (account, utilization) in [("ready", 81.0), ("almost", 80.0)] {
        let signs = [("agent_utilization_pct", utilization), ("roi_pct", 501.0), ("nps_avg", 8.1)];
        figures(&house, &home, &signs.map(|(metric, value)| (account, metric, TODAY, value))).await;
    }
    let (run, steps) = play(&house, &home, "ready", "expansion").await;
    assert_eq!((&run["cause"], run["alert"].is_string()), (&json!("alert"), true), "{run}");
    let phases = ["identify_opportunities", "build_business_case", "execute_expansion"];
    assert_eq!(each(&steps, "phase"), phases.map(|phase| [phase; 4]).concat());
    assert_eq!(each(&steps, "due_on"), after(&[8, 15, 23, 30, 38, 45, 53, 60, 68, 75, 83, 90]));
    assert!(
        list(&house, &home, "/plays?account=almost&playbook=expansion").await.is_empty(),
        "80 is not over 80"
    );
}

// PB-06
#[tokio::test]
async fn each_kind_of_trouble_starts_its_intervention() {
    let house = House::new().await;
    let home = house.tenant("techcorp").await;
    accounts(&house, &home, &["a1", "fine"].map(|id| (id, "2026-06-01", 12, 50_000))).await;
    fell(&house, &home, "a1", "active_usage").await;
    let rest =
        [("a1", "high_priority_ticket", "2027-02-27", 2.0), ("a1", "competitor_mention", "2027-01-10", 1.0)];
    figures(&house, &home, &rest).await;
    for (playbook, first) in [
        ("business-value", "Work out the return"),
        ("technical-issues", "Bring in technical specialists"),
        ("competitive-threats", "Compare features and value"),
    ] {
        let (run, steps) = play(&house, &home, "a1", playbook).await;
        assert_eq!((&run["cause"], steps.len()), (&json!("alert"), 4), "{playbook}");
        assert_eq!(steps[0]["title"], json!(first));
        let others = list(&house, &home, &format!("/plays?account=fine&playbook={playbook}")).await;
        assert!(others.is_empty(), "{playbook}: {others:?}");
    }
    let (_, technical) = play(&house, &home, "a1", "technical-issues").await;
    assert_eq!(each(&technical, "due_on"), [TODAY, "none", "none", "none"], "specialists at once");
}

// PB-07, PB-11
#[tokio::test]
async fn success_playbooks_have_twelve_tasks_each() {
    let house = House::at("2027-01-04T12:00:00Z").await;
    let home = house.tenant_on("ma", "ma-discovery").await;
    accounts(&house, &home, &[("a1", "2027-01-04", 12, 300_000)]).await;
    let (run, steps) = play(&house, &home, "a1", "onboarding-success").await;
    assert_eq!((&run["cause"], steps.len()), (&json!("stage"), 12));
    // Spread evenly: the first on day 3, the last on day 30, of which the first is the day they began.
    assert_eq!((&steps[0]["due_on"], &steps[1]["due_on"]), (&json!("2027-01-06"), &json!("2027-01-08")));
    assert_eq!((&steps[5]["due_on"], &steps[11]["due_on"]), (&json!("2027-01-18"), &json!("2027-02-02")));
    health(&house, &home, "a1", 89.0).await;
    assert!(list(&house, &home, "/plays?account=a1&playbook=expansion-success").await.is_empty());
    health(&house, &home, "a1", 90.0).await;
    let (run, steps) = play(&house, &home, "a1", "expansion-success").await;
    assert_eq!((&run["cause"], steps.len()), (&json!("alert"), 12), "a champion is ready to expand");
    assert!(steps.iter().all(|step| step["due_on"].is_null()), "without days no days");
    // The twelve of the renewal are those of its three milestones: see the rows of renewals.
}

// PB-08
#[tokio::test]
async fn each_way_of_leaving_has_its_recovery_in_the_tenants_own_time() {
    let house = House::new().await;
    let home =
        tenant_with(&house, "framework", &[("USAGE_RECOVERY", "45"), ("SUPPORT_RECOVERY", "10")]).await;
    accounts(&house, &home, &[("a1", "2026-06-01", 24, 300_000)]).await;
    fell(&house, &home, "a1", "product_usage").await;
    let signs = [
        ("meeting_missed", 2.0),
        ("ticket_escalated", 2.0),
        ("competitive_evaluation", 1.0),
        ("budget_cut", 1.0),
        ("stakeholder_change", 1.0),
    ];
    figures(&house, &home, &signs.map(|(metric, n)| ("a1", metric, "2027-02-20", n))).await;
    for (playbook, days) in [
        ("usage-decline", 45),
        ("engagement-drop", 45),
        ("support-issues", 10),
        ("competitive-threat", 60),
        ("budget-constraints", 60),
        ("stakeholder-change", 45),
    ] {
        let (run, steps) = play(&house, &home, "a1", playbook).await;
        assert_eq!(run["cause"], "alert", "{playbook}");
        assert_eq!(each(&steps, "due_on"), after(&[days]), "{playbook}");
    }
}

// PB-09
#[tokio::test]
async fn an_intervention_has_six_steps_and_the_first_is_due_at_once() {
    let house = House::new().await;
    let home = house.tenant_on("mapleai", "mapleai").await;
    accounts(&house, &home, &["c", "r"].map(|id| (id, "2026-06-01", 12, 300_000))).await;
    for (account, score, playbook, first) in [
        ("r", 69.0, "at-risk-intervention", "Immediate outreach and assessment"),
        ("c", 49.0, "critical-intervention", "Executive relationship management"),
    ] {
        health(&house, &home, account, score).await;
        let (run, steps) = play(&house, &home, account, playbook).await;
        assert_eq!((&run["cause"], &steps[0]["title"]), (&json!("alert"), &json!(first)));
        assert_eq!(each(&steps, "due_on"), after(&[0, 6, 12, 18, 24, 30]), "{playbook}");
    }
}

// PB-12: for the tenant. For a member see `a_playbook_for_a_member_and_the_touchpoints_of_a_segment`.
#[tokio::test]
async fn a_playbook_runs_for_the_company_itself() {
    let house = House::at("2027-01-01T12:00:00Z").await;
    let home = house.tenant_on("mapleai", "mapleai").await;
    let body = json!({ "playbook": "technology-rollout", "anchor_on": "2027-01-01" });
    let run = tell(&house, &home, "POST", "/plays", body).await;
    assert_eq!(
        (&run["subject"], &run["account"], &run["member"]),
        (&json!("tenant"), &Value::Null, &Value::Null)
    );
    let steps = list(&house, &home, &format!("/tasks?play={}&all=true", run["id"].as_str().unwrap())).await;
    assert_eq!(each(&steps, "due_on"), ["2027-03-31", "2027-06-29", "2027-12-31", "2027-12-31"]);
    assert_eq!((sizes(&steps, "details"), &steps[3]["kind"]), (vec![4, 4, 4, 5], &json!("validation")));
}

fn said(answer: &TestResponse) -> String {
    assert_eq!(answer.status_code(), 303, "{}", answer.text());
    let cookie = answer.header("set-cookie").to_str().unwrap().split(';').next().unwrap().to_owned();
    let json = URL_SAFE_NO_PAD.decode(cookie.split_once('=').unwrap().1).unwrap();
    serde_json::from_slice::<Value>(&json).unwrap()["text"].as_str().unwrap().to_owned()
}

// TM-05
#[tokio::test]
async fn a_fourth_account_is_too_many_for_one_and_an_eighth_for_an_engineer() {
    let house = House::new().await;
    let home = house.tenant_on("ma", "ma-discovery").await;
    let ids = ["a1", "a2", "a3", "a4", "a5", "a6", "a7"];
    accounts(&house, &home, &ids.map(|id| (id, "2026-06-01", 12, 300_000))).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    house.member(&home, "tam@example.com", Role::Csm).await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let morgan = house.sign_in("morgan@example.com").await;
    let page = morgan.get("/accounts/a1").await.text();
    let names = texts(&page, "select[name=owner] option");
    let casey = crate::support::html::attributes(&page, "select[name=owner] option", "value")
        .into_iter()
        .zip(names)
        .find(|(_, name)| name == "casey")
        .unwrap()
        .0;
    for (n, id) in (1..).zip(&ids[..4]) {
        let text = said(&morgan.post(&format!("/accounts/{id}/owner"), &[("owner", &casey)]).await);
        assert_eq!(text.contains("over capacity: 4 of 3 Fortune 500"), n == 4, "{n}: {text}");
    }
    let load = get(&house, &home, "/team/load").await;
    let member = load["members"].as_array().unwrap().iter().find(|m| m["member"]["name"] == "casey").unwrap();
    assert_eq!((&member["accounts"][0]["accounts"], &member["over_capacity"]), (&json!(4), &json!(true)));
    let follows = json!({ "follows": "member", "member": "tam@example.com" });
    tell(&house, &home, "PUT", "/roles/tam", follows).await;
    let tam = async |tone: &str| {
        let lines = texts(&morgan.get("/team").await.text(), &format!(".lines li.{tone}"));
        lines
            .iter()
            .any(|line| line.contains("Technical Account Manager: tam") && line.contains("5 to 7 are meant"))
    };
    assert!(tam("tone-none").await && !tam("tone-critical").await, "seven are within five to seven");
    let target = async |name: &str| {
        let rows = texts(&morgan.get("/team").await.text(), "table tr");
        rows.into_iter().find(|row| row.starts_with(name)).unwrap()
    };
    assert_eq!(target("Customers per TAM").await, "Customers per TAM 7 \u{2264} 7 on target");
    assert_eq!(target("Accounts per CSM").await, "Accounts per CSM 7 \u{2264} 3 off target");
    accounts(&house, &home, &[("a8", "2026-06-01", 12, 300_000)]).await;
    assert!(tam("tone-critical").await, "eight are not");
    assert_eq!(target("Customers per TAM").await, "Customers per TAM 8 \u{2264} 7 off target");
}
