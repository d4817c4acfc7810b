//! What happens by itself: scores that fall, silence, renewals that come near, cadences, escalations, greetings.

use serde_json::{Value, json};

use super::desk::{Desk, column, expect_rules};
use crate::support::html::texts;

// AU-01, AU-05
#[tokio::test]
async fn a_score_that_falls_by_more_than_twenty_points_within_thirty_days_is_told() {
    let desk = Desk::on("mwrasp", "2027-05-31").await;
    // (account, day of the high score, how high, the score on 30 June)
    let cases = [
        ("fell21", "2027-06-10", 82.0, 61.0),
        ("fell23", "2027-06-10", 82.0, 59.0),
        ("fell20", "2027-06-10", 82.0, 62.0),
        ("first", "2027-06-01", 82.0, 60.0),
        ("before", "2027-05-31", 82.0, 60.0),
    ];
    desk.accounts(&cases.map(|case| (case.0, "2026-01-01"))).await;
    desk.figures(&cases.map(|case| (case.0, "login", "2027-05-31", 1.0))).await;
    // On the first days all but the one that is set have a score of their own.
    for day in ["2027-05-31", "2027-06-01", "2027-06-10"] {
        desk.house.set(&format!("{day}T12:00:00Z"));
        for (account, on, high, _) in cases {
            if on == day {
                desk.score(account, high).await;
            }
        }
    }
    desk.house.set("2027-06-30T12:00:00Z");
    desk.figures(&cases.map(|case| (case.0, "login", "2027-06-29", 1.0))).await;
    for (account, _, _, now) in cases {
        desk.score(account, now).await;
    }
    desk.work().await;
    for (account, told) in [
        ("fell21", Some(json!([]))),
        ("fell23", Some(json!(["csm_manager"]))),
        ("fell20", None),
        ("first", Some(json!([]))),
        ("before", None),
    ] {
        let found = desk.list(&format!("/alerts?account={account}&rule=health-score-alert&state=any")).await;
        let escalated: Vec<Value> = found.iter().map(|alert| alert["escalated_to"].clone()).collect();
        assert_eq!(escalated, told.into_iter().collect::<Vec<_>>(), "{account}");
    }
    let alert = desk.alert("fell21", "health-score-alert").await;
    assert_eq!(alert["title"], "Create CTA for CSM");
    let reasons = alert["reasons"].to_string();
    assert!(
        reasons.contains("Health score (against highest Health score over 30 days) fell 21: 82 → 61"),
        "{reasons}"
    );
}

// AU-02, AU-06
#[tokio::test]
async fn a_week_without_a_login_starts_a_campaign() {
    let desk = Desk::on("mwrasp", "2027-06-30").await;
    desk.accounts(&[
        ("day7", "2027-06-23"),
        ("day6", "2027-06-24"),
        ("gone", "2026-01-01"),
        ("back", "2026-01-01"),
    ])
    .await;
    desk.figures(&[("gone", "login", "2027-06-23", 1.0), ("back", "login", "2027-06-24", 1.0)]).await;
    desk.traits("day7", json!({ "deployment_complete": true })).await;
    desk.work().await;
    expect_rules(
        &desk,
        &[
            ("AU-02: day 7", "day7", &["usage-alert"]),
            ("AU-02: before day 7 silence means little", "day6", &[]),
            ("AU-02: seven days back is outside", "gone", &["usage-alert"]),
            ("AU-02", "back", &[]),
        ],
    )
    .await;
    let alert = desk.alert("gone", "usage-alert").await;
    assert_eq!((&alert["title"], &alert["escalated_to"]), (&json!("Engagement campaign"), &json!(["csm"])));
    let entries = desk.list("/accounts/gone/timeline?group=alerts").await;
    assert!(entries.iter().any(|entry| entry["kind"] == "alert_escalated"), "{entries:?}");
}

// AU-03, AU-04
#[tokio::test]
async fn renewals_bring_their_timeline_when_their_window_opens() {
    let desk = Desk::on("mwrasp", "2027-06-30").await;
    // 120 days for a year, 90 for what is shorter.
    let cases = [
        ("in120", "2026-10-28", 12, Some(("standard-120", "renewal-120"))),
        ("out121", "2026-10-29", 12, None),
        ("in90", "2027-03-28", 6, Some(("compressed-90", "renewal-90"))),
        ("out91", "2027-03-29", 6, None),
    ];
    desk.accounts(&cases.map(|case| (case.0, "2026-01-01"))).await;
    let head = "external_id,account,start_date,term_months,arr,currency,seats";
    desk.import(
        "contracts",
        head,
        cases.map(|(id, start, months, _)| format!("{id}-C,{id},{start},{months},300000,USD,5")),
    )
    .await;
    desk.work().await;
    for (account, _, _, open) in cases {
        let renewal = desk.get(&format!("/accounts/{account}")).await["renewal"].clone();
        assert_eq!(renewal["open"], json!(open.is_some()), "{account}: {renewal}");
        match open {
            Some((timeline, playbook)) => {
                assert_eq!(renewal["timeline"], timeline, "{account}");
                desk.play(account, playbook).await;
            }
            None => {
                let plays = desk.list(&format!("/plays?account={account}")).await;
                assert!(plays.iter().all(|play| play["category"] != "renewal"), "{account}: {plays:?}");
            }
        }
    }
    let days = ["2027-06-30", "2027-07-30", "2027-08-29", "2027-09-28", "2027-10-28"];
    let (_, tasks) = desk.play("in120", "renewal-120").await;
    assert_eq!(column(&tasks, "due_on"), days);
    assert!(tasks.iter().all(|task| task["details"].as_array().unwrap().len() == 4));
    let milestones = desk.get("/accounts/in120").await["renewal"]["milestones"].clone();
    assert_eq!(column(milestones.as_array().unwrap(), "due"), days);
    // The day after, the one that was a day short has its timeline too.
    desk.day("2027-07-01").await;
    desk.play("out121", "renewal-120").await;
    desk.play("out91", "renewal-90").await;
    desk.play("in120", "renewal-120").await;
}

// AU-08, LC-06
#[tokio::test]
async fn signs_of_growth_are_looked_at_weekly_monthly_and_quarterly() {
    let desk = Desk::on("mwrasp", "2027-06-30").await;
    desk.accounts(&[("ready", "2026-01-01"), ("bound", "2026-01-01")]).await;
    let day = "2027-06-30";
    let figures = |account: &'static str, more: f64| {
        [
            (account, "agent_utilization_pct", day, 80.0 + more),
            (account, "feature_adoption_pct", day, 89.0 + more),
            (account, "api_quota_pct", day, 89.0 + more),
            (account, "roi_pct", day, 500.0 + more),
            (account, "nps_avg", day, 8.0 + more / 10.0),
            (account, "login", "2027-06-30", 1.0),
        ]
    };
    desk.figures(&[figures("ready", 1.0), figures("bound", 0.0)].concat()).await;
    for account in ["ready", "bound"] {
        desk.traits(account, json!({ "additional_use_cases": true })).await;
    }
    desk.work().await;
    let all = async || (desk.rules("ready").await.into_iter().collect::<Vec<_>>(), desk.rules("bound").await);
    let (ready, bound) = all().await;
    assert_eq!((ready, bound.len()), (vec!["expansion-ready".to_owned()], 0), "without a cadence: at once");
    desk.play("ready", "expansion").await;
    // The quarter and the month begin on Thursday, the week on Monday.
    desk.day("2027-07-01").await;
    let (ready, bound) = all().await;
    assert_eq!(ready, ["agent-capacity", "expansion-ready", "feature-adoption"]);
    assert_eq!(
        bound.into_iter().collect::<Vec<_>>(),
        ["agent-capacity"],
        "80 % is enough for one, not for the other"
    );
    desk.day("2027-07-04").await;
    assert!(!desk.rules("ready").await.contains("api-calls"));
    desk.day("2027-07-05").await;
    let (ready, bound) = all().await;
    assert!(ready.contains(&"api-calls".to_owned()) && !bound.contains("api-calls"), "{ready:?} {bound:?}");
    let opportunities = desk.list("/accounts/ready/timeline?limit=200").await;
    let offers = opportunities
        .iter()
        .filter(|e| e["kind"] == "opportunity")
        .map(|e| e["data"]["offer"].as_str().unwrap());
    let mut offers: Vec<&str> = offers.collect();
    offers.sort_unstable();
    assert_eq!(offers, ["agent-licenses", "premium-features", "tier-upgrade"]);
}

// AU-11
#[tokio::test]
async fn a_new_customer_is_greeted_once_somebody_can_be_written_at() {
    let desk = Desk::on("mapleai", "2027-03-01").await;
    desk.accounts(&[("new", "2027-03-01"), ("soon", "2027-03-03"), ("old", "2027-02-01")]).await;
    desk.work().await;
    desk.play("new", "onboarding-12w").await;
    let robin = desk.admin().await;
    let sent = async || {
        let page = robin.get("/settings/outgoing/messages").await.text();
        let rows =
            texts(&page, ".messages > li").into_iter().filter(|row| row.contains("Welcome to MapleAI"));
        let mut to: Vec<String> = ["new", "soon", "old"]
            .iter()
            .filter(|id| page.contains(&format!("{id}@customer.example")))
            .map(|id| (*id).to_owned())
            .collect();
        to.push(rows.count().to_string());
        to
    };
    assert_eq!(sent().await, ["0"], "nobody can be written at yet");
    let contacts = ["new", "soon", "old"].map(|id| format!("c-{id},{id},Kim {id},{id}@customer.example"));
    desk.import("contacts", "external_id,account,name,email", contacts).await;
    desk.day("2027-03-02").await;
    assert_eq!(sent().await, ["new", "1"]);
    let entries = desk.list("/accounts/new/timeline?group=touches").await;
    assert_eq!(column(&entries, "title"), ["Welcome to MapleAI"]);
    desk.day("2027-03-03").await;
    desk.day("2027-03-04").await;
    assert_eq!(sent().await, ["new", "soon", "2"], "on its first day; and nobody twice");
}

// AU-07, AU-09
#[tokio::test]
async fn an_alert_that_stays_true_is_one_and_reaches_executives_after_seven_days() {
    let desk = Desk::on("mapleai", "2027-06-01").await;
    desk.accounts(&[("a", "2027-01-04")]).await;
    desk.score("a", 60.0).await;
    desk.work().await;
    for (day, told) in [
        ("2027-06-01", json!([])),
        ("2027-06-02", json!([])),
        ("2027-06-07", json!([])),
        ("2027-06-08", json!(["executive"])),
        ("2027-06-09", json!(["executive"])),
    ] {
        desk.day(day).await;
        assert_eq!(desk.alert("a", "at-risk").await["escalated_to"], told, "{day}: one alert all along");
    }
    let (play, tasks) = desk.play("a", "at-risk-intervention").await;
    assert_eq!((&play["cause"], tasks.len()), (&json!("alert"), 6));
}
