//! Rows RN-01 to RN-12: the steps of each pack's renewals with what is to be done in each, and how to approach them.

use holdfast::app::members::Role;
use serde_json::{Value, json};

use super::talk::{accounts, each, figures, get, health, list, morning, play, sizes, tenant_with};
use crate::support::html::texts;
use crate::support::{Browser, Home, House};

async fn house(pack: &str, now: &str) -> (House, Home) {
    let house = House::at(&format!("{now}T06:00:00Z")).await;
    let home = house.tenant_on(pack, pack).await;
    (house, home)
}

/// The open renewal of an account.
async fn renewal(house: &House, home: &Home, account: &str) -> Value {
    let open = list(house, home, &format!("/renewal-records?state=open&account={account}")).await;
    assert_eq!(open.len(), 1, "{account}: {open:?}");
    open[0].clone()
}

async fn renews_on(house: &House, home: &Home, account: &str) -> Value {
    get(house, home, &format!("/accounts/{account}")).await["renewal"]["date"].clone()
}

/// Sets scores and expects the strategy each of them leads to, over the API and with its words on the page.
async fn approached(house: &House, home: &Home, csm: &Browser, rows: &[(&str, f64, &str, &[&str])]) {
    for (account, score, strategy, words) in rows {
        health(house, home, account, *score).await;
        let renewal = renewal(house, home, account).await;
        assert_eq!(renewal["strategy"], json!(strategy), "{account} at {score}: {renewal}");
        let page = csm.get(&format!("/renewals/{}", renewal["id"].as_str().unwrap())).await.text();
        let card = texts(&page, ".card:has(.figure)").join(" ");
        for word in *words {
            assert!(card.contains(word), "{account} at {score}, {word}: {card}");
        }
    }
}

async fn csm(house: &House, home: &Home) -> Browser {
    house.member(home, "casey@example.com", Role::Csm).await;
    house.sign_in("casey@example.com").await
}

// RN-01, RN-02, RN-03, RN-11, RN-12
#[tokio::test]
async fn a_year_renews_in_five_steps_of_four_and_a_shorter_term_in_seven() {
    let (house, home) = house("mwrasp", "2027-09-01").await;
    let rows = [
        ("a1", "2026-12-31", 12, 300_000),
        ("leap", "2024-02-29", 12, 300_000),
        ("half", "2025-08-31", 6, 300_000),
    ];
    accounts(&house, &home, &rows).await;
    let plays = async |account: &str| list(&house, &home, &format!("/plays?account={account}")).await;
    let is_renewal = |play: &Value| play["cause"] == "renewal";
    assert!(!plays("a1").await.iter().any(is_renewal), "121 days are too early");
    morning(&house, "2027-09-02").await;
    let (timeline, steps) = play(&house, &home, "a1", "renewal-120").await;
    assert_eq!((&timeline["cause"], &timeline["anchor_on"]), (&json!("renewal"), &json!("2027-12-31")));
    let titles =
        ["Renewal kickoff", "Value presentation", "Renewal proposal", "Negotiation", "Renewal complete"];
    let planned = ["2027-09-02", "2027-10-02", "2027-11-01", "2027-12-01", "2027-12-31"];
    assert_eq!(each(&steps, "title"), titles);
    assert_eq!((each(&steps, "planned_on"), each(&steps, "due_on")), (planned.to_vec(), planned.to_vec()));
    assert_eq!(sizes(&steps, "details"), [4; 5], "four activities each");
    assert!(steps.iter().all(|step| step["late"] == false && step["kind"] == "milestone"), "{steps:?}");

    // First seen on T-90 itself: only what was before it is late.
    house.set("2027-10-02T06:00:00Z");
    accounts(&house, &home, &[("late", "2026-12-31", 12, 300_000)]).await;
    let (_, steps) = play(&house, &home, "late", "renewal-120").await;
    assert_eq!(
        each(&steps, "due_on"),
        ["2027-10-02", "2027-10-02", "2027-11-01", "2027-12-01", "2027-12-31"]
    );
    assert_eq!(
        steps.iter().map(|step| step["late"] == true).collect::<Vec<_>>(),
        [true, false, false, false, false]
    );

    // Half a year goes its own way, from T-90 on.
    morning(&house, "2027-11-30").await;
    assert!(!plays("half").await.iter().any(is_renewal), "91 days are too early");
    morning(&house, "2027-12-01").await;
    let (_, steps) = play(&house, &home, "half", "renewal-90").await;
    let planned =
        ["2027-12-01", "2027-12-16", "2027-12-31", "2028-01-15", "2028-01-30", "2028-02-14", "2028-02-29"];
    assert_eq!(each(&steps, "planned_on"), planned);
    assert_eq!(steps[6]["title"], "Seamless continuation");

    // The end of a month is kept to, and counted from the first day.
    assert_eq!(renews_on(&house, &home, "leap").await, "2028-02-29");
    morning(&house, "2028-03-01").await;
    assert_eq!(renews_on(&house, &home, "leap").await, "2029-02-28");
    assert_eq!(renews_on(&house, &home, "half").await, "2028-08-31");
}

// RN-04, RN-05
#[tokio::test]
async fn what_is_known_of_an_account_decides_how_its_renewal_is_approached() {
    let (house, home) = house("mwrasp", "2027-10-15").await;
    let ids = ["auto", "plain", "risk", "grow", "rival"];
    let mut rows = ids.map(|id| (id, "2027-01-01", 12, 300_000)).to_vec();
    rows.extend(["green", "yellow", "red"].map(|id| (id, "2027-06-01", 6, 300_000)));
    accounts(&house, &home, &rows).await;
    let growing = "external_id,name,growth_opportunity\ngrow,Grow,true\nrival,Rival,true\n";
    house.import(&home, "accounts", growing).await;
    figures(&house, &home, &[("rival", "competitive_evaluation", "2027-10-01", 1.0)]).await;
    let csm = csm(&house, &home).await;
    approached(
        &house,
        &home,
        &csm,
        &[
            ("auto", 86.0, "auto_renewal", &["Minimal touch", "5% loyalty discount"]),
            ("plain", 85.0, "standard_renewal", &["CSM-led"]),
            ("plain", 70.0, "standard_renewal", &["Standard renewal"]),
            ("risk", 69.0, "at_risk_renewal", &["High-touch recovery", "Service credits"]),
            ("grow", 95.0, "expansion_renewal", &["Consultative", "Volume discounts"]),
            (
                "rival",
                95.0,
                "competitive_renewal",
                &["Competitive positioning", "Price matching consideration"],
            ),
            ("green", 80.0, "green_accounts", &["Auto-renewal with expansion"]),
            ("yellow", 79.0, "yellow_accounts", &["Executive intervention"]),
            ("yellow", 60.0, "yellow_accounts", &["Yellow accounts"]),
            ("red", 59.0, "red_accounts", &["Recovery plan execution"]),
        ],
    )
    .await;
}

// RN-06
#[tokio::test]
async fn ninety_days_are_three_steps_and_the_colour_is_the_approach() {
    let (house, home) = house("techcorp", "2027-10-02").await;
    accounts(&house, &home, &["g", "y", "r"].map(|id| (id, "2027-01-01", 12, 30_000))).await;
    let none = list(&house, &home, "/renewal-records").await;
    assert!(none.is_empty(), "91 days are too early: {none:?}");
    morning(&house, "2027-10-03").await;
    let lifecycle = get(&house, &home, "/accounts/g/lifecycle").await;
    assert_eq!(lifecycle["overlays"], json!(["renewal"]), "{lifecycle}");
    let (_, steps) = play(&house, &home, "g", "renewal-90").await;
    assert_eq!(each(&steps, "due_on"), ["2027-10-03", "2027-11-02", "2027-12-02"]);
    assert_eq!(sizes(&steps, "details"), [4, 4, 3]);
    let csm = csm(&house, &home).await;
    approached(
        &house,
        &home,
        &csm,
        &[
            ("g", 71.0, "grow", &["Renew and grow", "Look for expansion"]),
            ("y", 70.0, "reinforce", &["Make the case for value"]),
            ("r", 49.0, "recover", &["Intervene and brief executives"]),
        ],
    )
    .await;
}

// RN-07, RN-08
#[tokio::test]
async fn half_a_year_ahead_it_is_prepared_and_at_ninety_days_intent_is_asked_for() {
    let (house, home) = house("ma-discovery", "2027-07-04").await;
    let ids = ["champion", "healthy", "risk", "critical", "emergency"];
    accounts(&house, &home, &ids.map(|id| (id, "2027-01-01", 12, 300_000))).await;
    assert!(list(&house, &home, "/renewal-records").await.is_empty(), "181 days are too early");
    morning(&house, "2027-07-05").await;
    let (_, steps) = play(&house, &home, "champion", "renewal-180").await;
    assert_eq!(each(&steps, "due_on"), ["2027-07-05", "2027-10-03", "2028-01-01"]);
    // PB-07: four activities in each of the three make the twelve of the playbook.
    assert_eq!(sizes(&steps, "details"), [4, 4, 4]);
    let csm = csm(&house, &home).await;
    approached(
        &house,
        &home,
        &csm,
        &[
            ("champion", 92.0, "expand", &["Renew with expanded scope"]),
            ("healthy", 85.0, "optimise", &["small improvements left"]),
            ("risk", 75.0, "success_plan", &["Needs a success plan"]),
            ("critical", 65.0, "executive", &["Executives are told and act at once"]),
            ("emergency", 50.0, "ceo", &["the CEO is involved"]),
        ],
    )
    .await;

    morning(&house, "2027-10-02").await;
    let intent = |account, value| (account, "renewal_probability_pct", "2027-10-02", value);
    figures(&house, &home, &[intent("champion", 89.0), intent("healthy", 90.0)]).await;
    let asked = async || each_account(&list(&house, &home, "/alerts?rule=renewal-intent&state=any").await);
    assert!(asked().await.is_empty(), "91 days before the end");
    morning(&house, "2027-10-03").await;
    assert_eq!(asked().await, ["champion"], "89 is under 90, and 90 is not");
}

fn each_account(rows: &[Value]) -> Vec<String> {
    each(rows, "account").into_iter().map(str::to_owned).collect()
}

// RN-09
#[tokio::test]
async fn the_day_of_decision_and_what_is_offered_are_the_tenants_own() {
    let house = House::at("2027-12-31T06:00:00Z").await;
    let own = [
        ("RENEWAL_DECISION", "60"),
        ("RENEWAL_INCENTIVES", "A week on us for an early word"),
        ("MULTIYEAR_DEALS", "A fifth off for two years"),
    ];
    let home = tenant_with(&house, "framework", &own).await;
    accounts(&house, &home, &["g", "y"].map(|id| (id, "2027-03-01", 12, 300_000))).await;
    assert!(list(&house, &home, "/renewal-records").await.is_empty(), "61 days are too early");
    morning(&house, "2028-01-01").await;
    let (_, steps) = play(&house, &home, "g", "renewal").await;
    assert_eq!(each(&steps, "title"), ["Renewal decision sought", "Renewal date"]);
    assert_eq!(each(&steps, "due_on"), ["2028-01-01", "2028-03-01"]);
    let csm = csm(&house, &home).await;
    approached(
        &house,
        &home,
        &csm,
        &[
            ("g", 80.0, "multi_year", &["A fifth off for two years"]),
            ("y", 60.0, "secure", &["A week on us for an early word"]),
        ],
    )
    .await;
}

// RN-10
#[tokio::test]
async fn reminders_begin_ninety_days_before_and_the_customer_is_written_to() {
    let house = House::at("2027-10-05T06:00:00Z").await;
    let home = tenant_with(&house, "mapleai", &[("REMINDER_2", "45")]).await;
    accounts(&house, &home, &["e", "g", "r", "c"].map(|id| (id, "2027-01-04", 12, 300_000))).await;
    let contact = "external_id,account,name,email\nc1,e,Ada Byron,ada@example.com\n";
    house.import(&home, "contacts", contact).await;
    house.member(&home, "robin@example.com", Role::Admin).await;
    for _ in 0..2 {
        morning(&house, "2027-10-06").await;
    }
    let robin = house.sign_in("robin@example.com").await;
    let page = robin.get("/settings/outgoing/messages?state=queued").await.text();
    let mails = texts(&page, ".messages li");
    let mails: Vec<_> = mails.iter().filter(|text| text.contains("Your renewal is approaching")).collect();
    assert!(
        mails.len() == 1 && mails[0].contains("Hi Ada Byron") && mails[0].contains("ada@example.com"),
        "{mails:?}"
    );
    let (_, steps) = play(&house, &home, "e", "renewal-reminders").await;
    assert_eq!(each(&steps, "due_on"), ["2027-10-06", "2027-11-20", "2027-12-05", "2028-01-04"]);
    let csm = csm(&house, &home).await;
    approached(
        &house,
        &home,
        &csm,
        &[
            ("e", 85.0, "renew", &["Worth much and safe"]),
            ("g", 70.0, "grow", &["could still grow"]),
            ("r", 50.0, "recover", &["A success plan of its own"]),
            ("c", 49.0, "renegotiate", &["with new terms"]),
        ],
    )
    .await;
}
