//! Where accounts are in their lifecycle, as pages and the API show it and people change it.

use holdfast::app::Actor;
use holdfast::app::members::Role;
use holdfast::app::work::Work;
use holdfast::db;
use serde_json::{Value, json};

use crate::support::html::texts;
use crate::support::{Browser, Home, House, track};

/// A company on a pack with an account `a1` that began on a day, and a CSM.
async fn house(pack: &str, start: &str) -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant_on("acme", pack).await;
    house.import(&home, "accounts", &format!("external_id,name,start_date\na1,Account a1,{start}\n")).await;
    let contract = format!("c1,a1,{start},12,50000,10\n");
    house
        .import(
            &home,
            "contracts",
            &format!("external_id,account,start_date,term_months,arr,seats\n{contract}"),
        )
        .await;
    house.work().await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    let casey = house.sign_in("casey@acme.example").await;
    (house, home, casey)
}

const PAGE: &str = "/accounts/a1/lifecycle";

async fn day(house: &House, home: &Home, date: &str) {
    house.set(&format!("{date}T12:00:00Z"));
    house.app.score_all(&home.scope, date.parse().unwrap(), &Work::unwatched()).await.unwrap();
    house.work().await;
}

// LC-07
#[tokio::test]
async fn the_calendar_moves_the_stage_and_what_is_missing_is_said() {
    let (house, home, casey) = house("mwrasp", "2027-01-20").await;
    let page = casey.get(PAGE).await.text();
    assert_eq!(texts(&page, ".track .current h3"), ["Adoption"]);
    let behind = &texts(&page, ".notice")[0];
    assert!(
        behind.starts_with("Behind.")
            && behind.contains("Onboarding: deployment_complete, agents_protected >100"),
        "{behind}"
    );
    assert_eq!(texts(&page, ".track .passed .criteria .tone-watch").len(), 4, "missing data proves nothing");
    // Three of the four are told: one is left.
    let traits = json!({"type": "group", "userId": "u1", "groupId": "a1", "messageId": "g1",
        "timestamp": "2027-03-01T10:00:00Z",
        "traits": {"deployment_complete": true, "agents_protected": 101, "first_threat_detected": true, "team_certified_pct": 80}});
    house.send(&home, &[traits]).await;
    house.work().await;
    let page = casey.get(PAGE).await.text();
    assert!(
        texts(&page, ".notice")[0].ends_with("Onboarding: team_certified >80%."),
        "{:?}",
        texts(&page, ".notice")
    );
    assert_eq!(texts(&page, ".track .passed .row-end"), ["3 of 4 met"]);
    let overview = casey.get("/accounts/a1").await.text();
    assert!(overview.contains("0 of 4 exit criteria met"), "of the stage it is in");
    let api: Value =
        house.http().get("/api/v1/accounts/a1/lifecycle").authorization_bearer(&home.read_key).await.json();
    assert_eq!((&api["stage"], &api["day"], &api["behind"]), (&json!("adoption"), &json!(40), &json!(true)));
}

// LC-13
#[tokio::test]
async fn a_moment_comes_once_with_its_date() {
    let (house, home, casey) = house("framework", "2026-12-01").await;
    let moments = async || texts(&casey.get(PAGE).await.text(), "li:has(.grow):has(.small.ink)");
    assert!(!moments().await.iter().any(|text| text.contains("First Value")));
    for (id, date) in [("m1", "2027-03-01"), ("m2", "2027-03-03")] {
        house.set(&format!("{date}T12:00:00Z"));
        house.send(&home, &[track(id, "first_value", "u1", "a1", &format!("{date}T11:00:00Z"))]).await;
        day(&house, &home, date).await;
    }
    let said: Vec<String> = moments().await.into_iter().filter(|text| text.contains("First Value")).collect();
    assert_eq!(said, ["First Value 1 Mar 2027"]);
    let stream = casey.get("/accounts/a1/timeline?group=lifecycle").await.text();
    let times = texts(&stream, ".entry .line").iter().filter(|line| line.contains("First Value")).count();
    assert_eq!(times, 1);
}

// LC-15
#[tokio::test]
async fn what_no_data_decides_is_ticked_by_hand() {
    let (house, home, casey) = house("mapleai", "2027-02-20").await;
    let page = casey.get(PAGE).await.text();
    assert_eq!(texts(&page, ".track .current h3"), ["Phase 2: Implementation"]);
    assert_eq!(texts(&page, ".track .current .criteria button").len(), 5);
    let tick = |criterion: &'static str, met: &'static str| {
        vec![("stage", "implementation"), ("criterion", criterion), ("met", met)]
    };
    let path = format!("{PAGE}/tick");
    assert_eq!(casey.post(&path, &tick("Users trained and ready", "yes")).await.status_code(), 303);
    let page = casey.get(PAGE).await.text();
    let met = texts(&page, ".track .current .criteria .tone-good");
    assert_eq!(met.len(), 1);
    assert!(
        met[0].contains("Users trained and ready") && met[0].contains("ticked by casey on 1 Mar 2027"),
        "{met:?}"
    );
    assert_eq!(casey.post(&path, &tick("Users trained and ready", "no")).await.status_code(), 303);
    assert!(texts(&casey.get(PAGE).await.text(), ".track .current .criteria .tone-good").is_empty());

    // Those that data decides are not offered, nor taken.
    let page = casey.get(PAGE).await.text();
    let by_data: Vec<String> =
        texts(&page, ".criteria li").into_iter().filter(|text| text.contains("No critical issues")).collect();
    assert!(by_data[0].contains("by data") && !by_data[0].contains("Tick"), "{by_data:?}");
    let http = house.http();
    let post = |criterion: &str, stage: &str| {
        let body = json!({ "stage": stage, "criterion": criterion, "met": true });
        http.post("/api/v1/accounts/a1/lifecycle/criteria").authorization_bearer(&home.write_key).json(&body)
    };
    assert_eq!(post("No critical issues", "go_live").await.status_code(), 422);
    assert_eq!(post("Anything", "go_live").await.status_code(), 422);
    let ticked = post("Processes validated", "implementation").await;
    assert_eq!(ticked.status_code(), 200, "{}", ticked.text());
    let stages = ticked.json::<Value>()["stages"].clone();
    let stage = stages.as_array().unwrap().iter().find(|s| s["id"] == "implementation").unwrap().clone();
    let criterion =
        stage["exit"].as_array().unwrap().iter().find(|c| c["name"] == "Processes validated").unwrap();
    assert_eq!((&criterion["met"], &criterion["ticked_by"]), (&json!(true), &json!("key backend")));
}

// LC-16
#[tokio::test]
async fn the_date_of_each_stage_is_kept() {
    let (house, home, casey) = house("mwrasp", "2027-01-30").await;
    let entered = async || texts(&casey.get(PAGE).await.text(), ".track li > .grow > p.muted.small");
    assert_eq!(entered().await, ["entered 30 Jan 2027"]);
    day(&house, &home, "2027-03-01").await;
    assert_eq!(entered().await.len(), 1, "day 30 is still the first");
    day(&house, &home, "2027-03-02").await;
    assert_eq!(entered().await, ["entered 30 Jan 2027, left 2 Mar 2027", "entered 2 Mar 2027"]);
    let api: Value =
        house.http().get("/api/v1/accounts/a1/lifecycle").authorization_bearer(&home.read_key).await.json();
    assert_eq!(api["stages"][0]["entries"][0]["left_on"], "2027-03-02");
    let stream = casey.get("/accounts/a1/timeline?group=lifecycle").await.text();
    let lines = texts(&stream, ".entry .line");
    assert!(lines.iter().any(|line| line.ends_with("Entered Adoption")), "{lines:?}");
}

#[tokio::test]
async fn a_hold_that_is_taken_back_ends_what_it_began_unless_somebody_worked_on_it() {
    let (house, home, casey) = house("techcorp", "2025-01-30").await;
    let running = async || -> Vec<String> {
        let page = casey.get("/playbooks?account=a1&playbook=onboarding-90").await.text();
        texts(&page, "#plays tbody .name")
    };
    assert!(running().await.is_empty());
    let hold = [("stage", "onboarding"), ("reason", "A new division starts over")];
    casey.post(&format!("{PAGE}/hold"), &hold).await;
    assert_eq!(running().await.len(), 1);
    casey.post(&format!("{PAGE}/release"), &[]).await;
    assert!(running().await.is_empty(), "as before");
    // On another day it begins anew; what somebody worked on goes on.
    day(&house, &home, "2027-03-02").await;
    casey.post(&format!("{PAGE}/hold"), &hold).await;
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let (tasks, _) = db::tasks::list(&mut tx, &db::tasks::Filter::default(), 0, 100).await.unwrap();
    drop(tx);
    let first = tasks.iter().find(|task| task.play_id.is_some()).unwrap().id;
    house.app.finish_tasks(&home.scope, &[first], false, &Actor::command_line()).await.unwrap();
    casey.post(&format!("{PAGE}/release"), &[]).await;
    assert_eq!(running().await.len(), 1);
}

#[tokio::test]
async fn a_stage_is_held_moved_and_let_go() {
    let (house, home, casey) = house("mwrasp", "2027-01-30").await;
    let hold = |stage: &'static str, reason: &'static str| vec![("stage", stage), ("reason", reason)];
    let path = format!("{PAGE}/hold");
    let refused = casey.post(&path, &hold("onboarding", "")).await;
    assert_eq!(refused.status_code(), 303);
    assert!(texts(&casey.get(PAGE).await.text(), ".by-hand-line").is_empty(), "not without a reason");
    assert_eq!(casey.post(&path, &hold("onboarding", "The rollout slipped")).await.status_code(), 303);
    day(&house, &home, "2027-03-05").await;
    let page = casey.get(PAGE).await.text();
    assert_eq!(texts(&page, ".track .current h3"), ["Onboarding"], "whatever the calendar says");
    let held = &texts(&page, ".by-hand-line")[0];
    assert!(
        held.contains("Held in Onboarding by casey since 1 Mar") && held.contains("“The rollout slipped”"),
        "{held}"
    );
    assert_eq!(casey.post(&path, &hold("value_realization", "They are ahead")).await.status_code(), 303);
    assert_eq!(texts(&casey.get(PAGE).await.text(), ".track .current h3"), ["Value Realization"]);
    assert_eq!(casey.post(&format!("{PAGE}/release"), &[]).await.status_code(), 303);
    let page = casey.get(PAGE).await.text();
    assert_eq!(texts(&page, ".track .current h3"), ["Adoption"]);
    assert!(texts(&page, ".by-hand-line").is_empty());

    let http = house.http();
    let url = "/api/v1/accounts/a1/lifecycle/hold";
    let put = |body: Value| http.put(url).authorization_bearer(&home.write_key).json(&body);
    assert_eq!(put(json!({"stage": "nowhere", "reason": "x"})).await.status_code(), 422);
    let held: Value = put(json!({"stage": "onboarding", "reason": "Slipped"})).await.json();
    assert_eq!((&held["stage"], &held["held"]["set_by"]), (&json!("onboarding"), &json!("key backend")));
    let free: Value = http.delete(url).authorization_bearer(&home.write_key).await.json();
    assert_eq!((&free["stage"], &free["held"]), (&json!("adoption"), &Value::Null));
    assert_eq!(
        http.put("/api/v1/accounts/nobody/lifecycle/hold")
            .authorization_bearer(&home.write_key)
            .json(&json!({"stage": "onboarding", "reason": "x"}))
            .await
            .status_code(),
        404
    );
}

// SG-05, SG-19
#[tokio::test]
async fn a_pinned_segment_is_marked_and_advice_is_shown() {
    let (house, home, casey) = house("mwrasp", "2027-01-30").await;
    let bigger = "external_id,account,start_date,term_months,arr,seats\nc1,a1,2027-01-30,12,6000000,10\n";
    house.import(&home, "contracts", bigger).await;
    let traits = json!({"type": "group", "userId": "u1", "groupId": "a1", "messageId": "g1",
        "timestamp": "2027-03-01T10:00:00Z", "traits": {"agents": 8000, "strategic_value": "high"}});
    house.send(&home, &[traits]).await;
    house.work().await;
    let segment = async || texts(&casey.get(PAGE).await.text(), "section:has(code)").remove(0);
    let said = segment().await;
    assert!(said.contains("PLATINUM by the rules"), "{said}");
    assert!(
        said.contains("agents > 10000 disagrees") && said.contains("strategic_value == 'high' agrees"),
        "{said}"
    );
    let pin = casey.post("/accounts/a1/segment", &[("segment", "silver"), ("next", PAGE)]).await;
    assert_eq!((pin.status_code().as_u16(), pin.header("location").to_str().unwrap()), (303, PAGE));
    day(&house, &home, "2027-03-02").await;
    let page = casey.get(PAGE).await.text();
    assert!(page.contains("set by hand; the rules say PLATINUM"), "it survives the night");
}
