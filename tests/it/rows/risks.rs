//! Early warnings: each condition at its bound and just inside, as it opens on imported data, with what made it true.

use serde_json::json;

use super::desk::{Desk, expect_rules};
use crate::support::html::texts;

/// The day everything is looked at.
const DAY: &str = "2027-06-30";

/// Imports a figure a day from one day to another, both included.
async fn daily(desk: &Desk, account: &str, metric: &str, spans: &[(&str, &str, f64)]) {
    let mut rows = Vec::new();
    for (from, to, n) in spans {
        let (mut day, last): (chrono::NaiveDate, chrono::NaiveDate) =
            (from.parse().unwrap(), to.parse().unwrap());
        while day <= last {
            rows.push(format!("{account},{metric},{day},{n}"));
            day = day.succ_opt().unwrap();
        }
    }
    desk.import("metrics", "account,metric,date,value", rows).await;
}

// RK-01, RK-02, RK-03, RK-04, RK-05, RK-06, RK-22, AU-05, AU-06, AU-12
#[tokio::test]
async fn logins_tickets_champions_and_ratings_warn_at_their_bounds() {
    let desk = Desk::on("mwrasp", DAY).await;
    let old = "2026-01-01";
    let accounts =
        ["fell30", "fell29", "critical4", "critical3", "rating69", "rating7", "in90", "out90", "silent"];
    let mut rows: Vec<(&str, &str)> = accounts.map(|id| (id, old)).to_vec();
    rows.extend([
        ("slow", "2027-06-22"),
        ("deployed", "2027-06-22"),
        ("week1", "2027-06-23"),
        ("troubled", "2027-06-28"),
    ]);
    desk.accounts(&rows).await;
    for account in
        accounts.iter().skip(2).chain(&["slow", "deployed", "troubled"]).filter(|id| **id != "silent")
    {
        desk.figures(&[(account, "login", "2027-06-29", 1.0)]).await;
    }
    let (before, since) = (("2027-05-02", "2027-05-31"), ("2027-06-01", DAY));
    daily(&desk, "fell30", "login", &[(before.0, before.1, 10.0), (since.0, since.1, 7.0)]).await;
    daily(
        &desk,
        "fell29",
        "login",
        &[(before.0, before.1, 10.0), (since.0, "2027-06-29", 7.0), (DAY, DAY, 10.0)],
    )
    .await;
    desk.figures(&[
        ("critical4", "critical_ticket", "2027-06-01", 1.0),
        ("critical4", "critical_ticket", "2027-06-20", 2.0),
        ("critical4", "critical_ticket", DAY, 1.0),
        // The last day of May is outside of thirty days.
        ("critical3", "critical_ticket", "2027-05-31", 1.0),
        ("critical3", "critical_ticket", "2027-06-20", 3.0),
        ("rating69", "nps_avg", "2027-06-29", 6.9),
        ("rating7", "nps_avg", "2027-06-29", 7.0),
        ("in90", "champion_departed", "2027-04-02", 1.0),
        ("in90", "competitive_evaluation", "2027-04-02", 1.0),
        ("out90", "champion_departed", "2027-04-01", 1.0),
        ("out90", "competitive_evaluation", "2027-04-01", 1.0),
        ("troubled", "training_attendance_pct", DAY, 49.0),
        ("troubled", "open_technical_issues", DAY, 1.0),
        ("deployed", "training_attendance_pct", DAY, 50.0),
        ("deployed", "open_technical_issues", DAY, 0.0),
    ])
    .await;
    desk.traits("slow", json!({ "deployment_complete": false })).await;
    desk.traits("deployed", json!({ "deployment_complete": true, "executive_engagement": "neutral" })).await;
    desk.traits("week1", json!({ "deployment_complete": false })).await;
    desk.traits("troubled", json!({ "executive_engagement": "disengaged" })).await;
    desk.work().await;
    expect_rules(
        &desk,
        &[
            ("RK-01", "fell30", &["usage-decline"]),
            ("RK-01", "fell29", &[]),
            ("RK-02", "critical4", &["support-escalations"]),
            ("RK-02, AU-05", "critical3", &[]),
            ("RK-04", "rating69", &["satisfaction-drop"]),
            ("RK-04", "rating7", &[]),
            ("RK-03, RK-05", "in90", &["competitive-evaluation", "stakeholder-change"]),
            ("AU-05", "out90", &[]),
            ("AU-06", "silent", &["usage-alert"]),
            ("RK-06", "slow", &["delayed-deployment"]),
            ("RK-06", "deployed", &[]),
            ("RK-06", "week1", &["usage-alert"]),
            (
                "RK-06",
                "troubled",
                &["low-training-attendance", "stakeholder-disengagement", "unresolved-technical-issues"],
            ),
        ],
    )
    .await;
    for (account, rule, title, severity, reason, playbook, told) in [
        (
            "fell30",
            "usage-decline",
            "Immediate outreach",
            "high",
            "fell 30 %: 300 → 210",
            Some(("usage-recovery", 30)),
            &[][..],
        ),
        (
            "critical4",
            "support-escalations",
            "Executive involvement",
            "high",
            "4",
            Some(("technical-recovery", 14)),
            &["executive"],
        ),
        (
            "in90",
            "stakeholder-change",
            "Relationship rebuilding",
            "critical",
            "1",
            Some(("relationship-recovery", 60)),
            &[],
        ),
        ("in90", "competitive-evaluation", "Competitive defense", "critical", "1", None, &[]),
        ("rating69", "satisfaction-drop", "Recovery plan", "medium", "6.9", None, &[]),
    ] {
        let alert = desk.alert(account, rule).await;
        assert_eq!((&alert["title"], &alert["severity"]), (&json!(title), &json!(severity)), "{rule}");
        assert!(alert["reasons"][0].as_str().unwrap().contains(reason), "{rule}: {}", alert["reasons"]);
        assert_eq!(alert["escalated_to"], json!(told), "{rule}");
        if let Some((playbook, days)) = playbook {
            let (play, tasks) = desk.play(account, playbook).await;
            let ends: chrono::NaiveDate = play["ends_on"].as_str().unwrap().parse().unwrap();
            assert_eq!((ends - DAY.parse::<chrono::NaiveDate>().unwrap()).num_days(), days, "{playbook}");
            assert_eq!((tasks.len(), &play["alert"]), (5, &alert["id"]), "{playbook}");
        }
    }
    let page = desk.casey().await.get("/alerts?category=risk").await.text();
    let order = texts(&page, ".alerts .what .chip");
    let rank =
        |word: &String| ["Critical", "High", "Medium", "Low"].iter().position(|known| known == word).unwrap();
    assert!(order.len() == 9 && order.is_sorted_by_key(rank), "{order:?}");
}

// RK-07, RK-08, RK-09
#[tokio::test]
async fn a_quarter_less_use_two_urgent_tickets_and_signals_of_ninety_days_warn() {
    let desk = Desk::on("techcorp", DAY).await;
    let ids = ["fell25", "fell24", "urgent2", "urgent1", "in90", "out90", "rival"];
    desk.accounts(&ids.map(|id| (id, "2027-05-01"))).await;
    let head = "external_id,account,start_date,term_months,arr,currency,seats";
    desk.import("contracts", head, ids.map(|id| format!("{id}-C,{id},2027-05-01,12,30000,USD,10"))).await;
    daily(&desk, "fell25", "active_usage", &[("2027-05-02", "2027-05-31", 4.0), ("2027-06-01", DAY, 3.0)])
        .await;
    // 91 of 120 are 24.17 % less.
    let almost = [("2027-05-02", "2027-05-31", 4.0), ("2027-06-01", "2027-06-29", 3.0), (DAY, DAY, 4.0)];
    daily(&desk, "fell24", "active_usage", &almost).await;
    desk.figures(&[
        ("urgent2", "high_priority_ticket", "2027-06-24", 1.0),
        ("urgent2", "high_priority_ticket", DAY, 1.0),
        ("urgent1", "high_priority_ticket", "2027-06-23", 1.0),
        ("urgent1", "high_priority_ticket", DAY, 1.0),
        ("in90", "payment_delayed", "2027-04-02", 1.0),
        ("in90", "champion_change", "2027-04-02", 1.0),
        ("out90", "contract_dispute", "2027-04-02", 1.0),
        ("out90", "champion_change", "2027-04-01", 1.0),
        ("rival", "competitor_mention", "2027-04-02", 1.0),
    ])
    .await;
    for account in ids {
        desk.score(account, 88.0).await;
    }
    desk.work().await;
    expect_rules(
        &desk,
        &[
            ("RK-07", "fell25", &["red-flag", "usage-decline"]),
            ("RK-07", "fell24", &[]),
            ("RK-08", "urgent2", &["red-flag", "support-issues"]),
            ("RK-08", "urgent1", &[]),
            ("RK-09", "in90", &["contract-issues", "stakeholder-changes"]),
            ("RK-09", "out90", &["contract-issues"]),
            ("RK-09", "rival", &["competitive-activity"]),
        ],
    )
    .await;
    for (account, band) in [("fell25", "red"), ("fell24", "green"), ("urgent2", "red"), ("urgent1", "green")]
    {
        assert_eq!(desk.get(&format!("/accounts/{account}")).await["health"]["band"], band, "{account}");
    }
    let fell = desk.alert("fell25", "usage-decline").await;
    assert!(fell["reasons"][0].as_str().unwrap().ends_with("fell 25 %: 120 → 90"), "{}", fell["reasons"]);
    desk.play("rival", "competitive-threats").await;
}

// RK-10, RK-11, RK-12, RK-13, AU-10
#[tokio::test]
async fn two_weeks_of_less_use_incidents_complaints_and_bands_call_for_people() {
    const TODAY: &str = "2027-06-28";
    let desk = Desk::on("ma-discovery", TODAY).await;
    let ids = [
        "fell20",
        "fell19",
        "incidents2",
        "incidents1",
        "missed",
        "nps49",
        "nps50",
        "worse",
        "steady",
        "rival",
        "band70",
        "band69",
        "band60",
        "band59",
        "band695",
    ];
    desk.accounts(&ids.map(|id| (id, "2027-01-01"))).await;
    daily(
        &desk,
        "fell20",
        "platform_usage",
        &[("2027-06-01", "2027-06-14", 50.0), ("2027-06-15", TODAY, 40.0)],
    )
    .await;
    let almost =
        [("2027-06-01", "2027-06-14", 50.0), ("2027-06-15", "2027-06-27", 40.0), (TODAY, TODAY, 47.0)];
    daily(&desk, "fell19", "platform_usage", &almost).await;
    desk.figures(&[
        ("incidents2", "high_severity_incident", "2027-06-15", 1.0),
        ("incidents2", "high_severity_incident", TODAY, 1.0),
        ("incidents1", "high_severity_incident", "2027-06-14", 1.0),
        ("incidents1", "high_severity_incident", TODAY, 1.0),
        ("missed", "response_delayed", "2027-05-30", 1.0),
        ("nps49", "nps", TODAY, 49.0),
        ("nps50", "nps", TODAY, 50.0),
        ("worse", "negative_feedback", "2027-05-10", 1.0),
        ("worse", "negative_feedback", "2027-06-10", 1.0),
        ("worse", "negative_feedback", "2027-06-20", 1.0),
        ("steady", "negative_feedback", "2027-05-10", 2.0),
        ("steady", "negative_feedback", "2027-06-10", 2.0),
        ("rival", "competitive_evaluation", "2027-06-01", 1.0),
    ])
    .await;
    for account in ids {
        let by_name = account.strip_prefix("band").and_then(|score| score.parse::<f64>().ok());
        let score = by_name.map_or(85.0, |score| if score > 100.0 { score / 10.0 } else { score });
        desk.score(account, score).await;
    }
    desk.work().await;
    expect_rules(
        &desk,
        &[
            ("RK-10", "fell20", &["usage-decline"]),
            ("RK-10", "fell19", &[]),
            ("RK-11", "incidents2", &["performance-issues"]),
            ("RK-11", "incidents1", &[]),
            ("RK-11", "missed", &["executive-disengagement"]),
            ("RK-12", "nps49", &["user-complaints"]),
            ("RK-12", "nps50", &[]),
            ("RK-12", "worse", &["user-complaints"]),
            ("RK-12", "steady", &[]),
            ("RK-13", "rival", &["competitive-activity"]),
            ("AU-10", "band70", &["band-at-risk"]),
            ("AU-10", "band695", &["band-at-risk"]),
            ("AU-10", "band69", &["band-critical"]),
            ("AU-10", "band60", &["band-critical"]),
            ("AU-10", "band59", &["band-emergency"]),
        ],
    )
    .await;
    let told = [
        ("band70", "band-at-risk", json!([])),
        ("band60", "band-critical", json!(["vp_cs"])),
        ("band59", "band-emergency", json!(["ceo"])),
    ];
    for (account, rule, roles) in told {
        assert_eq!(desk.alert(account, rule).await["escalated_to"], roles, "{account}");
    }
    assert_eq!(desk.alert("rival", "competitive-activity").await["severity"], "critical");
}

// RK-14, AU-13
#[tokio::test]
async fn six_ways_to_leave_have_signs_and_answers_of_their_own() {
    let desk = Desk::on("framework", DAY).await;
    // (account, metric, day, figure); the second of each pair is just short of a sign.
    let signs = [
        ("meetings2", "meeting_missed", "2027-05-02", 2.0),
        ("meetings1", "meeting_missed", "2027-05-01", 2.0),
        ("escalated2", "ticket_escalated", "2027-06-01", 2.0),
        ("escalated1", "ticket_escalated", "2027-06-01", 1.0),
        ("rival", "competitive_evaluation", "2027-04-02", 1.0),
        ("norival", "competitive_evaluation", "2027-04-01", 1.0),
        ("budget", "budget_cut", "2027-04-02", 1.0),
        ("late79", "payment_on_time_pct", "2027-06-29", 79.0),
        ("late80", "payment_on_time_pct", "2027-06-29", 80.0),
        ("newcomer", "stakeholder_change", "2027-04-02", 1.0),
        ("settled", "stakeholder_change", "2027-04-01", 1.0),
    ];
    let ids = signs.iter().map(|sign| sign.0).chain(["fell25", "fell24"]);
    desk.accounts(&ids.map(|id| (id, "2026-06-30")).collect::<Vec<_>>()).await;
    desk.figures(&signs).await;
    daily(&desk, "fell25", "product_usage", &[("2027-05-02", "2027-05-31", 4.0), ("2027-06-01", DAY, 3.0)])
        .await;
    let almost = [("2027-05-02", "2027-05-31", 4.0), ("2027-06-01", "2027-06-29", 3.0), (DAY, DAY, 4.0)];
    daily(&desk, "fell24", "product_usage", &almost).await;
    desk.work().await;
    expect_rules(
        &desk,
        &[
            ("RK-14", "fell25", &["usage-decline"]),
            ("RK-14", "fell24", &[]),
            ("RK-14", "meetings2", &["engagement-drop"]),
            ("RK-14", "meetings1", &[]),
            ("RK-14", "escalated2", &["support-issues"]),
            ("RK-14", "escalated1", &[]),
            ("RK-14", "rival", &["competitive-threat"]),
            ("RK-14", "norival", &[]),
            ("RK-14", "budget", &["budget-constraints"]),
            ("RK-14", "late79", &["budget-constraints", "payment-red"]),
            ("RK-14", "late80", &[]),
            ("RK-14", "newcomer", &["stakeholder-change"]),
            ("RK-14", "settled", &[]),
        ],
    )
    .await;
    let casey = desk.casey().await;
    for (account, playbook, task, rate, days, cost) in [
        ("fell25", "usage-decline", "Usage review and retraining", 60, 30, "$5,000"),
        ("meetings2", "engagement-drop", "Executive outreach", 55, 45, "$4,000"),
        ("escalated2", "support-issues", "Root cause review with engineering", 70, 21, "$6,000"),
        ("rival", "competitive-threat", "Value proof and reference call", 40, 60, "$10,000"),
        ("budget", "budget-constraints", "ROI review and flexible terms", 45, 60, "$8,000"),
        ("newcomer", "stakeholder-change", "New sponsor onboarding", 65, 45, "$3,000"),
    ] {
        let (_, tasks) = desk.play(account, playbook).await;
        assert_eq!((tasks.len(), &tasks[0]["title"]), (1, &json!(task)));
        let page = casey.get(&format!("/playbooks/{playbook}")).await.text();
        assert!(page.contains(&format!("{rate}\u{2009}% succeed, costs {cost}")), "{playbook}");
        assert!(texts(&page, ".page-head p")[0].contains(&format!("{days} days")), "{playbook}");
    }

    // A condition in a parameter is checked before anything is stored.
    let source = holdfast::app::methodology::pack_source("framework").unwrap();
    let body = |sign: &str| json!({ "source": source, "parameters": { "USAGE_INDICATORS": sign } });
    let (status, refused) =
        desk.try_send("POST", "/methodology/drafts", body("drop_pct(nope, 30d) > 1")).await;
    assert_eq!(status, 422, "{refused}");
    assert!(refused.to_string().contains("nope"), "{refused}");
    assert!(desk.list("/methodology/drafts").await.is_empty());
    let kept = desk.send("POST", "/methodology/drafts", body("drop_pct(product_usage, 30d) > 1")).await;
    assert_eq!(kept["revision"], 1);
}

// RK-15, RK-16, RK-17, RK-18, RK-19, RK-20, RK-21
#[tokio::test]
async fn triggers_ask_for_somebody_and_signs_to_watch_only_tell() {
    let desk = Desk::on("mapleai", DAY).await;
    let ids = [
        "score69", "score695", "fell20", "fell21", "tickets5", "tickets6", "absent2", "absent3", "nps-10",
        "nps0", "renews90", "renews91", "watched",
    ];
    desk.accounts(&ids.map(|id| (id, "2027-01-04"))).await;
    daily(&desk, "fell20", "product_usage", &[("2027-05-02", "2027-05-31", 10.0), ("2027-06-01", DAY, 8.0)])
        .await;
    let more = [("2027-05-02", "2027-05-31", 10.0), ("2027-06-01", "2027-06-29", 8.0), (DAY, DAY, 5.0)];
    daily(&desk, "fell21", "product_usage", &more).await;
    desk.figures(&[
        // The week begins after the 23rd.
        ("tickets5", "ticket", "2027-06-23", 3.0),
        ("tickets5", "ticket", "2027-06-24", 3.0),
        ("tickets5", "ticket", DAY, 2.0),
        ("tickets6", "ticket", "2027-06-24", 3.0),
        ("tickets6", "ticket", DAY, 3.0),
        ("absent2", "training_missed", "2027-06-01", 1.0),
        ("absent2", "training_missed", "2027-06-08", 1.0),
        ("absent3", "training_missed", "2027-06-01", 1.0),
        ("absent3", "training_missed", "2027-06-08", 2.0),
        ("nps-10", "nps", DAY, -10.0),
        ("nps0", "nps", DAY, 0.0),
        ("watched", "ticket_escalated", "2027-06-01", 1.0),
        ("watched", "stakeholder_change", "2027-06-01", 1.0),
        ("watched", "negative_feedback", "2027-06-01", 1.0),
    ])
    .await;
    let head = "external_id,account,start_date,end_date,arr,currency,seats";
    let ends = [("renews90", "2027-09-28"), ("renews91", "2027-09-29")];
    desk.import("contracts", head, ends.map(|(id, end)| format!("{id}-C,{id},2026-09-28,{end},30000,USD,5")))
        .await;
    desk.import("contacts", "external_id,account,name,email", ["c,renews90,Kim Lee,kim@renews.example"])
        .await;
    for account in ids {
        let score = match account {
            "score69" => 69.0,
            "score695" => 69.5,
            _ => 90.0,
        };
        desk.score(account, score).await;
    }
    desk.work().await;
    expect_rules(
        &desk,
        &[
            ("RK-15", "score69", &["at-risk", "health-below-70"]),
            ("RK-15", "score695", &[]),
            ("RK-16", "fell20", &["watch-usage"]),
            ("RK-16", "fell21", &["usage-decline", "watch-usage"]),
            ("RK-17", "tickets5", &[]),
            ("RK-17", "tickets6", &["ticket-spike"]),
            ("RK-18", "absent2", &["watch-training"]),
            ("RK-18", "absent3", &["training-no-shows", "watch-training"]),
            ("RK-19", "nps-10", &["negative-nps"]),
            ("RK-19", "nps0", &[]),
            ("RK-20", "renews90", &["renewal-90", "watch-renewal"]),
            ("RK-20", "renews91", &["watch-renewal"]),
            ("RK-21", "watched", &["watch-escalation", "watch-feedback", "watch-stakeholder"]),
        ],
    )
    .await;
    // Only what asks for somebody is an alert.
    for account in ["fell20", "absent2", "renews91", "watched"] {
        assert!(desk.list(&format!("/alerts?account={account}&state=any")).await.is_empty(), "{account}");
    }
    let rounded = desk.get("/accounts/score695").await;
    assert_eq!(rounded["health"]["band"], "good");
    // A renewal that comes within its days brings its reminders, and the first of them as a mail.
    let (play, _) = desk.play("renews90", "renewal-reminders").await;
    assert_eq!(play["anchor_on"], "2027-09-28");
    assert!(desk.list("/plays?account=renews91&playbook=renewal-reminders").await.is_empty());
    let messages = desk.admin().await.get("/settings/outgoing/messages").await.text();
    let mails = texts(&messages, ".messages > li");
    assert!(
        mails.len() == 1
            && mails[0].contains("Your renewal is approaching")
            && mails[0].contains("kim@renews.example"),
        "{mails:?}"
    );
}
