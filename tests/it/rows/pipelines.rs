//! What passes through pipelines: the expansion process, feature requests, the beta programme.

use serde_json::{Value, json};

use super::desk::{Desk, column};
use crate::support::html::texts;

const CHECKS: [&str; 4] = [
    "Money is set aside",
    "There is a date for the decision",
    "Somebody inside argues for it",
    "The return justifies it",
];

async fn items(desk: &Desk, account: &str) -> Vec<Value> {
    desk.list(&format!("/pipeline-items?account={account}")).await
}

async fn item(desk: &Desk, id: &str) -> Value {
    desk.get(&format!("/pipeline-items/{id}")).await
}

fn texts_of<'v>(value: &'v Value, field: &str) -> Vec<&'v str> {
    value.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap()).collect()
}

// PB-05
#[tokio::test]
async fn a_rule_opens_an_opportunity_once_and_its_checks_hold_it() {
    let desk = Desk::on("mwrasp", "2027-06-30").await;
    desk.accounts(&[("grow", "2026-01-01"), ("calm", "2026-01-01")]).await;
    for (account, percent) in [("grow", 81.0), ("calm", 79.0)] {
        desk.figures(&[
            (account, "agent_utilization_pct", "2027-06-30", percent),
            (account, "login", "2027-06-30", 1.0),
        ])
        .await;
    }
    desk.work().await;
    // The rule is looked at each quarter.
    desk.day("2027-07-01").await;
    let found = items(&desk, "grow").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(items(&desk, "calm").await, Vec::<Value>::new());
    let opened = &found[0];
    assert_eq!(opened["subject"], "opportunity");
    assert_eq!(opened["pipeline"], json!({ "id": "expansion-process", "name": "Expansion process" }));
    assert_eq!(opened["step"], json!({ "id": "identify", "name": "Identify" }));
    assert_eq!(
        (&opened["rule"], &opened["offer"]["id"]),
        (&json!("agent-capacity"), &json!("agent-licenses"))
    );
    assert!(opened["why"].as_str().unwrap().contains("81"), "the evidence: {opened}");
    // Scoring again, and the next quarter, open no second.
    desk.day("2027-07-01").await;
    desk.day("2027-10-01").await;
    assert_eq!(items(&desk, "grow").await.len(), 1);

    let id = opened["id"].as_str().unwrap();
    let path = |verb: &str| format!("/pipeline-items/{id}/{verb}");
    let detail = item(&desk, id).await;
    assert_eq!(detail["checks"].as_array().unwrap().len(), 4);
    for check in texts_of(&detail["checks"], "check") {
        desk.send("POST", &path("check"), json!({ "check": check })).await;
    }
    desk.day("2027-10-02").await;
    let at = desk.send("POST", &path("advance"), json!({})).await;
    assert_eq!((&at["step"]["id"], &at["entered_on"]), (&json!("qualify"), &json!("2027-10-02")));
    assert_eq!(texts_of(&at["checks"], "check"), CHECKS);
    for check in &CHECKS[..3] {
        desk.send("POST", &path("check"), json!({ "check": check })).await;
    }
    let (status, refused) = desk.try_send("POST", &path("advance"), json!({})).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(texts_of(&refused["errors"], "message"), ["“The return justifies it” is not ticked"]);
    assert_eq!(item(&desk, id).await["step"]["id"], "qualify", "it stays");
    // Nobody forces it without saying why.
    let (status, refused) = desk.try_send("POST", &path("advance"), json!({ "force": true })).await;
    assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("reason")), "{refused}");
    let force = json!({ "force": true, "reason": "The board has decided already" });
    let at = desk.send("POST", &path("advance"), force).await;
    assert_eq!(at["step"]["id"], "propose");
    let forced = at["moves"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&forced["from"], &forced["to"], &forced["forced"]),
        (&json!("Qualify"), &json!("Propose"), &json!(true))
    );
    assert_eq!(forced["missing"], json!(["The return justifies it"]));
    assert_eq!(forced["reason"], "The board has decided already");
    let journal = desk.list("/accounts/grow/timeline?group=pipelines").await;
    assert!(journal.iter().any(|e| e["kind"] == "item_moved" && e["data"]["forced"] == true), "{journal:?}");

    // Four steps of four checks each; winning asks for what is left of them.
    let pipelines = desk.list("/pipelines").await;
    let steps = pipelines[0]["steps"].as_array().unwrap();
    assert_eq!(column(steps, "id"), ["identify", "qualify", "propose", "close"]);
    assert!(steps.iter().all(|step| step["checks"].as_array().unwrap().len() == 4), "{steps:?}");
    assert_eq!(steps.iter().map(|step| step["open"].as_i64().unwrap()).collect::<Vec<_>>(), [0, 0, 1, 0]);
    let (status, refused) = desk.try_send("POST", &path("close"), json!({ "outcome": "won" })).await;
    assert_eq!((status, refused["errors"].as_array().unwrap().len()), (422, 8), "{refused}");
    let before = desk.get("/retention").await;
    let force = json!({ "outcome": "won", "force": true, "reason": "Signed" });
    assert_eq!(desk.send("POST", &path("close"), force).await["state"], "won");
    let after = desk.get("/retention").await;
    assert_eq!(before, after, "no retention figure changes");
}

#[tokio::test]
async fn what_is_open_already_is_not_opened_by_a_rule() {
    let desk = Desk::on("mwrasp", "2027-06-30").await;
    desk.accounts(&[("grow", "2026-01-01")]).await;
    let body = json!({ "account": "grow", "title": "Agents for the second site", "why": "They asked",
        "pipeline": "expansion-process", "offer": "agent-licenses", "amount_minor": 12_000_000 });
    let own = desk.send("POST", "/pipeline-items", body).await;
    desk.figures(&[
        ("grow", "agent_utilization_pct", "2027-06-30", 90.0),
        ("grow", "login", "2027-06-30", 1.0),
    ])
    .await;
    desk.work().await;
    desk.day("2027-07-01").await;
    desk.alert("grow", "agent-capacity").await;
    assert_eq!(items(&desk, "grow").await.len(), 1);
    // What the rule saw is in the journal all the same, and leads to the one that is open.
    let journal = desk.list("/accounts/grow/timeline?group=pipelines").await;
    let seen = journal.iter().find(|entry| entry["kind"] == "opportunity").unwrap();
    assert_eq!(seen["about"], own["id"]);
    // Once it is lost, the next time the rule opens it is another.
    let close = json!({ "outcome": "lost", "reason": "No budget" });
    desk.send("POST", &format!("/pipeline-items/{}/close", own["id"].as_str().unwrap()), close).await;
    desk.house.set("2027-07-02T12:00:00Z");
    desk.figures(&[("grow", "agent_utilization_pct", "2027-07-02", 50.0)]).await;
    desk.day("2027-07-02").await;
    desk.house.set("2027-10-01T12:00:00Z");
    desk.figures(&[("grow", "agent_utilization_pct", "2027-10-01", 95.0)]).await;
    desk.day("2027-10-01").await;
    let found = items(&desk, "grow").await;
    assert_eq!(column(&found, "state"), ["lost", "open"]);
    assert_eq!(found[1]["offer"]["id"], "agent-licenses");
    // A person may have two of an offer: what they opened may be opened again beside the rule's.
    let (status, _) = desk
        .try_send("POST", &format!("/pipeline-items/{}/reopen", own["id"].as_str().unwrap()), json!({}))
        .await;
    assert_eq!(status, 200);
}

// FB-01, FB-03
#[tokio::test]
async fn a_feature_request_needs_its_justification_and_every_move_is_dated() {
    let desk = Desk::on("techcorp", "2027-03-01").await;
    desk.accounts(&[("a1", "2026-06-01")]).await;
    let request = |why: &str| json!({ "account": "a1", "pipeline": "feature-request", "title": "Dashboards offline", "why": why });
    for why in ["", "  \n"] {
        let (status, refused) = desk.try_send("POST", "/pipeline-items", request(why)).await;
        assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("why")), "{refused}");
    }
    assert_eq!(items(&desk, "a1").await, Vec::<Value>::new());
    let opened = desk.send("POST", "/pipeline-items", request("40 seats depend on it")).await;
    assert_eq!(opened["subject"], "feature_request");
    let path = |verb: &str| format!("/pipeline-items/{}/{verb}", opened["id"].as_str().unwrap());
    let days = ["2027-03-02", "2027-03-05", "2027-03-09", "2027-03-20"];
    let mut at = opened.clone();
    for day in days {
        desk.house.set(&format!("{day}T09:00:00Z"));
        for check in texts_of(&at["checks"], "check") {
            desk.send("POST", &path("check"), json!({ "check": check })).await;
        }
        at = desk.send("POST", &path("advance"), json!({})).await;
        assert_eq!(at["entered_on"], day);
    }
    let moves = at["moves"].as_array().unwrap();
    assert_eq!(column(moves, "to"), ["Requested", "Impact judged", "Reviewed", "Planned", "Told"]);
    assert_eq!(column(moves, "on"), [&["2027-03-01"][..], &days].concat());
    let (status, _) = desk.try_send("POST", &path("advance"), json!({})).await;
    assert_eq!(status, 409, "after the fifth step there is none");
    // Each step is told in the account's journal, to whoever looks after it.
    let journal = desk.list("/accounts/a1/timeline?group=pipelines&limit=200").await;
    assert_eq!(journal.iter().filter(|entry| entry["kind"] == "item_moved").count(), 4);
    for check in texts_of(&at["checks"], "check") {
        desk.send("POST", &path("check"), json!({ "check": check })).await;
    }
    desk.send("POST", &path("close"), json!({ "outcome": "won" })).await;
    let casey = desk.casey().await;
    let page = casey.get(&format!("/pipelines/items/{}", opened["id"].as_str().unwrap())).await.text();
    assert!(texts(&page, ".item-head .chip").contains(&"Done".to_owned()), "{page}");
}

// FB-02
#[tokio::test]
async fn an_account_that_is_recruited_is_at_the_first_step_of_the_beta() {
    let desk = Desk::on("techcorp", "2027-03-01").await;
    desk.accounts(&[("a1", "2026-06-01")]).await;
    let body = json!({ "account": "a1", "pipeline": "beta", "title": "Beta of forecasts", "why": "They asked to test" });
    let opened = desk.send("POST", "/pipeline-items", body).await;
    assert_eq!((&opened["subject"], &opened["step"]["id"]), (&json!("beta"), &json!("recruitment")));
    let beta = desk.list("/pipelines").await.into_iter().find(|one| one["id"] == "beta").unwrap();
    let open: Vec<i64> =
        beta["steps"].as_array().unwrap().iter().map(|step| step["open"].as_i64().unwrap()).collect();
    assert_eq!(open, [1, 0, 0, 0]);
}

// FB-04
#[tokio::test]
async fn requests_count_as_events_of_their_name_do() {
    let desk = Desk::on("techcorp", "2027-03-01").await;
    desk.accounts(&[("a1", "2026-06-01")]).await;
    let metric = holdfast::db::metrics::Metric {
        id: 0,
        name: "feature_requests".to_owned(),
        label: "Feature requests".to_owned(),
        unit: String::new(),
        kind: "counter".to_owned(),
        event: Some("Feature Request".to_owned()),
        property: None,
        trait_name: None,
        fresh_days: None,
    };
    let actor = holdfast::app::Actor::command_line();
    desk.house.app.put_metric(&desk.home.scope, &metric, &actor).await.unwrap();
    for n in 1..=3 {
        let body = json!({ "account": "a1", "pipeline": "feature-request", "title": format!("Wish {n}"), "why": "x",
            "external_id": format!("wish-{n}") });
        desk.send("POST", "/pipeline-items", body.clone()).await;
        // Stated again, it is the same one and counts no second time.
        assert_eq!(desk.send("POST", "/pipeline-items", body).await["title"], format!("Wish {n}"));
    }
    desk.work().await;
    let series = desk.get("/accounts/a1/metrics/feature_requests?from=2027-03-01&to=2027-03-01").await;
    assert_eq!(series["data"], json!([{ "day": "2027-03-01", "value": 3 }]));
    assert_eq!(items(&desk, "a1").await.len(), 3);
}
