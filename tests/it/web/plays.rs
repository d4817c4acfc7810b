//! Playbooks and tasks as people and integrations meet them: data in by import or API, out on pages and the API.

#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use axum_test::TestResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdfast::app::Actor;
use holdfast::app::members::Role;
use holdfast::app::methodology::{DraftFrom, Publishing, pack_source};
use holdfast::app::work::Work;
use holdfast::db;
use holdfast::domain::pack::Overrides;
use serde_json::{Value, json};

use crate::support::html::texts;
use crate::support::{Browser, Home, House};

/// What a redirect says was done, and how it is undone.
type Undo = (String, Vec<(String, String)>);

fn toast(answer: &TestResponse) -> (String, Option<Undo>) {
    assert_eq!(answer.status_code(), 303, "{}", answer.text());
    let cookie = answer.header("set-cookie");
    let value = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).unwrap()).unwrap();
    let undo = serde_json::from_value(json["undo"].clone()).unwrap();
    (json["text"].as_str().unwrap().to_owned(), undo)
}

async fn undo(browser: &Browser, answer: &TestResponse) -> TestResponse {
    let (action, fields) = toast(answer).1.unwrap();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post(&action, &fields).await
}

async fn api(house: &House, key: &str, path: &str) -> Value {
    let answer = house.http().get(&format!("/api{path}")).authorization_bearer(key).await;
    assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
    answer.json()
}

async fn send(house: &House, home: &Home, method: &str, path: &str, body: Value) -> (u16, Value) {
    let http = house.http();
    let path = format!("/api{path}");
    let request = match method {
        "POST" => http.post(&path),
        "PUT" => http.put(&path),
        _ => http.patch(&path),
    };
    let request = request.authorization_bearer(&home.write_key);
    let answer = if body.is_null() { request.await } else { request.json(&body).await };
    (answer.status_code().as_u16(), serde_json::from_str(&answer.text()).unwrap_or(Value::Null))
}

/// The tasks of a play, or of an account, as (title, planned, due, late, role, has an owner).
async fn tasks(house: &House, home: &Home, query: &str) -> Vec<Value> {
    api(house, &home.read_key, &format!("/v1/tasks?limit=200&all=true&{query}")).await["data"]
        .as_array()
        .unwrap()
        .clone()
}

async fn play(house: &House, home: &Home, account: &str, playbook: &str) -> Value {
    let found = api(house, &home.read_key, &format!("/v1/plays?account={account}&playbook={playbook}")).await;
    let plays = found["data"].as_array().unwrap();
    assert_eq!(plays.len(), 1, "{playbook} runs once for {account}: {found}");
    plays[0].clone()
}

/// Starts a playbook by the API and returns the days its tasks are due.
async fn started(house: &House, home: &Home, playbook: &str, anchor: &str) -> (String, Vec<String>) {
    let body = json!({ "playbook": playbook, "account": "a1", "anchor_on": anchor });
    let (status, play) = send(house, home, "POST", "/v1/plays", body).await;
    assert_eq!(status, 201, "{play}");
    let id = play["id"].as_str().unwrap().to_owned();
    let tasks = tasks(house, home, &format!("play={id}")).await;
    (id, tasks.iter().map(|task| task["due_on"].as_str().unwrap_or("none").to_owned()).collect())
}

async fn account(house: &House, home: &Home, start: &str) {
    house.import(home, "accounts", &format!("external_id,name,start_date\na1,Account a1,{start}\n")).await;
    house.work().await;
}

#[tokio::test]
async fn a_new_customer_has_the_onboarding_of_its_pack() {
    let house = House::at("2028-02-20T12:00:00Z").await;
    let mwrasp = house.tenant_on("mwrasp", "mwrasp").await;
    account(&house, &mwrasp, "2028-02-20").await;
    // The checklist and the journey map run side by side.
    play(&house, &mwrasp, "a1", "onboarding-journey").await;
    let checklist = play(&house, &mwrasp, "a1", "onboarding-30").await;
    assert_eq!((&checklist["cause"], &checklist["state"]), (&json!("stage"), &json!("running")));
    let steps = tasks(&house, &mwrasp, &format!("play={}", checklist["id"].as_str().unwrap())).await;
    let of = |phase: &str| steps.iter().filter(|t| t["phase"] == phase).cloned().collect::<Vec<_>>();
    let step = |title: &str| {
        steps.iter().find(|t| t["title"] == title).cloned().unwrap_or_else(|| panic!("{title}"))
    };
    let before = of("PRE_KICKOFF");
    let roles: Vec<&str> = before.iter().map(|t| t["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["sales", "solution_architect", "csm", "csm", "csm"]);
    for task in &before {
        // Planned for the day before the start, which is past: due today, and said so.
        assert_eq!(
            (&task["planned_on"], &task["due_on"], &task["late"]),
            (&json!("2028-02-19"), &json!("2028-02-20"), &json!(true))
        );
    }
    assert_eq!(step("Success plan draft")["deliverables"], json!(["Success plan v1"]));
    let kickoff = step("Kickoff meeting");
    assert_eq!(kickoff["details"].as_array().unwrap().len(), 7);
    assert_eq!(kickoff["deliverables"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&step("Admin training")["due_on"], &step("User training")["due_on"]),
        (&json!("2028-02-23"), &json!("2028-02-25"))
    );
    assert_eq!(of("WEEK_2_CONFIGURATION").iter().filter(|t| t["kind"] == "milestone").count(), 4);

    // A hundred agents close their milestone without anybody ticking it, and no other.
    house.import(&mwrasp, "metrics", "account,metric,date,value\na1,agents_protected,2028-02-20,100\n").await;
    house.work().await;
    let steps = tasks(&house, &mwrasp, &format!("play={}", checklist["id"].as_str().unwrap())).await;
    let done: Vec<(&str, &str)> = steps
        .iter()
        .filter(|t| t["state"] == "done")
        .map(|t| (t["title"].as_str().unwrap(), t["done_by"].as_str().unwrap()))
        .collect();
    assert_eq!(done, [("100 agents protected", "data")]);
}

#[tokio::test]
async fn every_packs_onboarding_has_its_tasks_on_their_days() {
    let house = House::at("2027-01-04T12:00:00Z").await;
    for (pack, playbook, count, title, due) in [
        (
            "techcorp",
            "onboarding-90",
            9,
            "Quarterly business review (QBR) and success planning",
            "2027-04-03",
        ),
        ("ma-discovery", "onboarding-weeks", 0, "", ""),
        ("framework", "onboarding-6-phase", 0, "", ""),
        ("mapleai", "onboarding-12w", 20, "", "2027-03-07"),
    ] {
        let home = house.tenant_on(pack, pack).await;
        account(&house, &home, "2027-01-04").await;
        let play = play(&house, &home, "a1", playbook).await;
        let steps = tasks(&house, &home, &format!("play={}", play["id"].as_str().unwrap())).await;
        assert!(count == 0 || steps.len() == count, "{pack}: {}", steps.len());
        assert_eq!(play["tasks"].as_u64().unwrap() as usize, steps.len());
        assert!(steps.iter().all(|t| t["due_on"].is_string()), "{pack}: every task has a day");
        if !due.is_empty() {
            let due_then = |t: &&Value| t["due_on"] == due && (title.is_empty() || t["title"] == title);
            assert!(steps.iter().any(|t| due_then(&t)), "{pack}: {title} due {due}: {steps:?}");
        }
        // No CSM and no roles yet: it is visible that nobody does them.
        assert!(steps.iter().all(|t| t["owner"].is_null()), "{pack}");
    }
}

#[tokio::test]
async fn recoveries_spread_their_steps_and_data_decides_about_goals() {
    let house = House::new().await;
    let home = house.tenant_on("mwrasp", "mwrasp").await;
    account(&house, &home, "2026-06-01").await;
    let (_, usage) = started(&house, &home, "usage-recovery", "2027-03-01").await;
    assert_eq!(usage, ["2027-03-07", "2027-03-13", "2027-03-19", "2027-03-25", "2027-03-31"]);
    let (_, relation) = started(&house, &home, "relationship-recovery", "2027-03-01").await;
    assert_eq!(relation, ["2027-03-13", "2027-03-25", "2027-04-06", "2027-04-18", "2027-04-30"]);
    let (technical, days) = started(&house, &home, "technical-recovery", "2027-03-01").await;
    assert_eq!(days, ["2027-03-04", "2027-03-07", "2027-03-10", "2027-03-13", "2027-03-15"]);
    let body = json!({ "playbook": "technical-recovery", "account": "a1" });
    assert_eq!(send(&house, &home, "POST", "/v1/plays", body).await.0, 409, "it runs already");

    house
        .import(&home, "metrics", "account,metric,date,value\na1,open_technical_issues,2027-03-01,0\n")
        .await;
    house.work().await;
    let path = format!("/v1/plays/{technical}");
    let reached = api(&house, &home.read_key, &path).await;
    assert_eq!((&reached["state"], &reached["open"]), (&json!("reached"), &json!(0)));

    // Another one, whose time passes.
    house.set("2027-03-02T12:00:00Z");
    house
        .import(&home, "metrics", "account,metric,date,value\na1,open_technical_issues,2027-03-02,3\n")
        .await;
    house.work().await;
    let (late, _) = started(&house, &home, "technical-recovery", "2027-03-02").await;
    house.set("2027-03-20T12:00:00Z");
    house
        .app
        .score_all(&home.scope, "2027-03-20".parse().unwrap(), &holdfast::app::work::Work::unwatched())
        .await
        .unwrap();
    let missed = api(&house, &home.read_key, &format!("/v1/plays/{late}")).await;
    assert_eq!(missed["state"], "missed");
    let playbooks = api(&house, &home.read_key, "/v1/playbooks").await;
    let technical =
        playbooks["data"].as_array().unwrap().iter().find(|p| p["id"] == "technical-recovery").unwrap();
    assert_eq!((&technical["plays"]["reached"], &technical["plays"]["missed"]), (&json!(1), &json!(1)));
    house.member(&home, "casey@example.com", Role::Csm).await;
    let browser = house.sign_in("casey@example.com").await;
    let page = browser.get("/playbooks/technical-recovery").await.text();
    assert!(
        page.contains("1 reached, 1 missed") && page.contains("50\u{2009}% (9\u{2013}91\u{2009}%)"),
        "{page}"
    );
    let ended = browser.get(&format!("/plays/{late}")).await.text();
    assert!(ended.contains("goal missed") && ended.contains("did not say that it was reached"), "{ended}");
}

#[tokio::test]
async fn a_playbook_for_a_member_and_the_touchpoints_of_a_segment() {
    let house = House::new().await;
    let home = house.tenant_on("mwrasp", "mwrasp").await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    let browser = house.sign_in("casey@example.com").await;
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let casey = db::members::list(&mut tx).await.unwrap()[0].id.to_string();
    drop(tx);
    let preview =
        browser.get(&format!("/playbooks/csm-onboarding?member={casey}&anchor=2027-03-01")).await.text();
    assert!(preview.contains("28 Mar"), "{preview}");
    let form = [("member", casey.as_str()), ("anchor", "2027-03-01")];
    let answer = browser.post("/playbooks/csm-onboarding/start", &form).await;
    assert!(toast(&answer).0.contains("runs for casey: 4 tasks"), "{}", toast(&answer).0);
    let mine = browser.get("/tasks").await.text();
    assert_eq!(texts(&mine, ".task .name"), ["Foundation", "Skills", "Shadowing", "Practice"]);
    let steps = tasks(&house, &home, "owner=casey@example.com").await;
    assert_eq!(steps[3]["due_on"], "2027-03-28");

    // A new gold account: its first check-in two weeks after its start, as a task with a day.
    house
        .import(
            &home,
            "accounts",
            "external_id,name,start_date,owner_email\ng1,Gold,2027-03-01,casey@example.com\n",
        )
        .await;
    let contract = "external_id,account,start_date,term_months,arr,currency,seats\ng1-C,g1,2027-03-01,12,1000000,USD,10\n";
    house.import(&home, "contracts", contract).await;
    house.work().await;
    let touches: Vec<Value> = tasks(&house, &home, "account=g1")
        .await
        .into_iter()
        .filter(|t| t["source"] == "touchpoint")
        .collect();
    let checkin =
        touches.iter().find(|t| t["title"] == "Bi-weekly check-ins").unwrap_or_else(|| panic!("{touches:?}"));
    assert_eq!(
        (&checkin["due_on"], &checkin["owner"]["email"]),
        (&json!("2027-03-15"), &json!("casey@example.com"))
    );
    let page = browser.get("/accounts/g1").await.text();
    let coverage = texts(&page, "#coverage").join(" ");
    for line in [
        "Bi-weekly check-ins",
        "Semi-annual planning",
        "Executive sponsor No",
        "Dedicated support Shared",
        "at most 3 accounts each",
    ] {
        assert!(coverage.contains(line), "{line}: {coverage}");
    }
    assert!(!texts(&page, "#next-steps .task-lines li").is_empty());
    // A day names its first tasks and counts the others; the touchpoints alone have room.
    let calendar = browser.get("/tasks?view=calendar&month=2027-03&source=touchpoint").await.text();
    let on = texts(&calendar, ".month td:has([aria-label^='Monday, 15 March']) li");
    assert!(on.contains(&"Gold: Bi-weekly check-ins".to_owned()), "{on:?}");

    // Nobody did it: it is overdue until the day of the next one, and then it is skipped.
    let check_ins = async |day: &str| -> Vec<(String, String)> {
        house.set(&format!("{day}T12:00:00Z"));
        let today = house.clock.today(home.scope.time_zone());
        house.app.score_all(&home.scope, today, &Work::unwatched()).await.unwrap();
        let all = tasks(&house, &home, "account=g1").await;
        let of = all.into_iter().filter(|task| task["title"] == "Bi-weekly check-ins");
        let text = |task: &Value, key: &str| task[key].as_str().unwrap().to_owned();
        of.map(|task| (text(&task, "due_on"), text(&task, "state"))).collect()
    };
    let pair = |day: &str, state: &str| (day.to_owned(), state.to_owned());
    assert_eq!(check_ins("2027-03-28").await, [pair("2027-03-15", "open"), pair("2027-03-29", "open")]);
    assert_eq!(check_ins("2027-03-29").await, [pair("2027-03-15", "skipped"), pair("2027-03-29", "open")]);
    let last = check_ins("2027-03-30").await.pop();
    assert_eq!(last, Some(pair("2027-04-12", "open")), "and the one after that is planned");
}

async fn desk() -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    house.work().await;
    let browser = house.sign_in("casey@example.com").await;
    let casey = member(&house, &home, "casey@example.com").await;
    browser.post("/accounts/a1/owner", &[("owner", &casey)]).await;
    (house, home, browser)
}

async fn member(house: &House, home: &Home, email: &str) -> String {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let members = db::members::list(&mut tx).await.unwrap();
    members.iter().find(|m| m.email == email).unwrap().id.to_string()
}

#[tokio::test]
async fn a_csm_starts_pauses_moves_and_stops_a_playbook() {
    let (house, home, browser) = desk().await;
    let offered = browser.get("/playbooks?account=a1").await.text();
    assert!(offered.contains("/playbooks/business-value?account=a1"), "{offered}");
    // By name as well as by id; what names nobody is told.
    let none = browser.get("/playbooks/business-value?account=nobody").await.text();
    assert!(none.contains("No one account is called"), "{none}");
    let preview = browser.get("/playbooks/onboarding-90?account=Account+a1").await.text();
    assert!(preview.contains("Account a1, from 1 Jun 2026"), "it counts from the start: {preview}");
    let answer =
        browser.post("/playbooks/business-value/start", &[("account", "a1"), ("anchor", "2027-03-01")]).await;
    let (text, _) = toast(&answer);
    assert!(text.contains("runs for Account a1: 4 tasks"), "{text}");
    let here = answer.header("location").to_str().unwrap().to_owned();
    let twice =
        browser.post("/playbooks/business-value/start", &[("account", "a1"), ("anchor", "2027-03-01")]).await;
    assert!(toast(&twice).0.contains("runs for this account since"), "{}", toast(&twice).0);
    assert!(browser.get("/accounts/a1").await.text().contains(&here));

    let mine = async || texts(&browser.get("/tasks?source=play").await.text(), ".task .name").len();
    assert_eq!(mine().await, 4);
    let paused = browser.post(&format!("{here}/pause"), &[]).await;
    assert!(toast(&paused).0.contains("is paused"));
    assert_eq!(mine().await, 0, "what is paused is not asked for");
    assert!(browser.get(&here).await.text().contains("Paused since"));
    assert_eq!(undo(&browser, &paused).await.status_code(), 303);
    assert_eq!(mine().await, 4);

    // Dates are looked at before they are moved.
    let onboarding = [("account", "a2"), ("anchor", "2027-03-01")];
    let second = browser.post("/playbooks/onboarding-90/start", &onboarding).await;
    let second = second.header("location").to_str().unwrap().to_owned();
    let looked = browser.get(&format!("{second}?anchor=2027-03-11")).await.text();
    assert!(texts(&looked, ".moved").contains(&"→ 17 Mar".to_owned()), "{:?}", texts(&looked, ".moved"));
    let steps = |all: Vec<Value>| -> Vec<Value> { all.into_iter().map(|t| t["due_on"].clone()).collect() };
    let id = second.rsplit('/').next().unwrap().to_owned();
    let before = steps(tasks(&house, &home, &format!("play={id}")).await);
    let moved = browser.post(&format!("{second}/replan"), &[("anchor", "2027-03-11")]).await;
    let after = steps(tasks(&house, &home, &format!("play={id}")).await);
    assert_eq!((&before[3], &after[3]), (&json!("2027-03-07"), &json!("2027-03-17")));
    undo(&browser, &moved).await;
    assert_eq!(steps(tasks(&house, &home, &format!("play={id}")).await), before);

    // Stopping takes a reason, keeps it, and can be taken back.
    let refused = browser.post(&format!("{here}/stop"), &[("reason", " ")]).await;
    assert!(toast(&refused).0.contains("Say why"));
    let stopped = browser.post(&format!("{here}/stop"), &[("reason", "They <solved> it")]).await;
    let page = browser.get(&here).await.text();
    assert!(page.contains("Stopped by casey") && page.contains("They &#60;solved&#62; it"), "{page}");
    assert!(page.contains("Playbook changed") && page.contains("Playbook started"), "its history: {page}");
    assert_eq!(mine().await, 0);
    undo(&browser, &stopped).await;
    assert_eq!(mine().await, 4);
}

#[tokio::test]
async fn many_tasks_are_changed_at_once_and_each_change_is_taken_back() {
    let (house, home, browser) = desk().await;
    let form = [("account", "a1"), ("anchor", "2027-03-01")];
    let begun = browser.post("/playbooks/business-value/start", &form).await;
    let play = begun.header("location").to_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let mine = tasks(&house, &home, &format!("play={play}")).await;
    let ids: Vec<String> = mine.iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect();
    let state = async || {
        let all = tasks(&house, &home, "account=a1").await;
        let of = |id: &String| all.iter().find(|t| t["id"] == **id).unwrap().clone();
        ids.iter()
            .map(of)
            .map(|t| (t["state"].clone(), t["due_on"].clone(), t["owner"]["email"].clone()))
            .collect::<Vec<_>>()
    };
    let before = state().await;
    let ticked = |verb: &'static str| -> Vec<(&str, &str)> {
        let mut form: Vec<(&str, &str)> = ids.iter().map(|id| ("task", id.as_str())).collect();
        form.push(("do", verb));
        form
    };
    let done = browser.post("/tasks/bulk", &ticked("done")[1..]).await;
    assert_eq!(toast(&done).0, "3 tasks are done.");
    assert!(state().await.iter().filter(|s| s.0 == "done").count() == 3);
    undo(&browser, &done).await;
    assert_eq!(state().await, before);

    let mut form = ticked("put_off");
    form.push(("due", "2027-04-01"));
    let moved = browser.post("/tasks/bulk", &form).await;
    assert!(state().await.iter().all(|s| s.1 == "2027-04-01"));
    undo(&browser, &moved).await;
    assert_eq!(state().await, before, "also those without a day");

    let morgan = member(&house, &home, "morgan@example.com").await;
    let mut form = ticked("assign");
    form.push(("owner", &morgan));
    let given = browser.post("/tasks/bulk", &form).await;
    assert_eq!(toast(&given).0, "4 tasks went to morgan.");
    assert!(state().await.iter().all(|s| s.2 == "morgan@example.com"));
    undo(&browser, &given).await;
    assert_eq!(state().await, before);

    // When all are done the playbook is; undone, it runs again.
    let all = browser.post("/tasks/bulk", &ticked("done")).await;
    let plays = async |state: &str| {
        let found = api(
            &house,
            &home.read_key,
            &format!("/v1/plays?account=a1&playbook=business-value&state={state}"),
        )
        .await;
        found["data"].as_array().unwrap().len()
    };
    assert_eq!((plays("running").await, plays("done").await), (0, 1));
    undo(&browser, &all).await;
    assert_eq!((plays("running").await, plays("done").await), (1, 0));

    // Without a tick nothing happens; a stranger's id, or one that is none, is not found.
    assert!(toast(&browser.post("/tasks/bulk", &[("do", "done")]).await).0.contains("Tick the tasks first"));
    for id in ["018f2d5e-0000-7000-8000-000000000000", "x"] {
        let answer = browser.post("/tasks/bulk", &[("task", id), ("do", "done")]).await;
        assert_eq!(answer.status_code(), 404, "{id}");
    }

    // One by hand: added, noted, skipped, opened again.
    let added = browser
        .post("/tasks", &[("title", "Send <b>cake</b>"), ("account", "a1"), ("due", "2027-02-20")])
        .await;
    assert!(toast(&added).0.contains("Send <b>cake</b>"));
    let page = browser.get("/tasks?due=overdue").await.text();
    assert_eq!(texts(&page, ".task .name"), ["Send <b>cake</b>"]);
    assert!(
        texts(&browser.get("/").await.text(), ".task-lines li").iter().any(|t| t.contains("cake")),
        "on Today"
    );
    let cake = tasks(&house, &home, "account=a1").await.into_iter().find(|t| t["source"] == "hand").unwrap();
    let path = format!("/tasks/{}", cake["id"].as_str().unwrap());
    browser.post(&path, &[("note", "Chocolate"), ("due", "2027-03-03"), ("owner", "")]).await;
    let shown = browser.get(&path).await.text();
    assert!(shown.contains("Chocolate") && shown.contains("3 Mar"), "{shown}");
    browser.post(&format!("{path}/end"), &[("state", "skipped")]).await;
    assert!(browser.get(&path).await.text().contains("skipped 1 Mar"));
    browser.post(&format!("{path}/end"), &[("state", "open")]).await;
    assert!(browser.get(&path).await.text().contains("Done"));
}

#[tokio::test]
async fn a_calendar_is_opened_by_its_link_alone() {
    let (house, home, browser) = desk().await;
    browser.post("/playbooks/onboarding-90/start", &[("account", "a1"), ("anchor", "2027-03-01")]).await;
    let link = async || {
        let page = browser.post("/tasks/calendar", &[]).await;
        assert_eq!(page.status_code(), 200, "{}", page.text());
        let link = texts(&page.text(), "#calendar-link").remove(0);
        link[link.find("/calendar/").unwrap()..].to_owned()
    };
    let first = link().await;
    let get = async |path: &str| house.http().get(path).await;
    let feed = get(&first).await;
    assert_eq!(feed.header("content-type"), "text/calendar; charset=utf-8");
    let text = feed.text();
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let whole = text.replace("\r\n ", "");
    assert!(whole.matches("BEGIN:VEVENT").count() >= 8, "{whole}");
    assert!(whole.contains("DTSTART;VALUE=DATE:20270307") && whole.contains("(Account a1)"), "{whole}");
    let ids =
        |text: &str| text.lines().filter(|l| l.starts_with("UID:")).map(str::to_owned).collect::<Vec<_>>();
    house.set("2027-03-02T12:00:00Z");
    let again = get(&first).await.text().replace("\r\n ", "");
    assert_eq!(ids(&again), ids(&whole), "they are the same the day after");

    let second = link().await;
    assert_eq!(get(&first).await.status_code(), 404, "a new link ends the old one");
    assert_eq!(get(&second).await.status_code(), 200);
    for wrong in ["/calendar/x.ics", "/calendar/", &second.replace(".ics", "")] {
        assert_eq!(get(wrong).await.status_code(), 404, "{wrong}");
    }
    browser.post("/tasks/calendar/revoke", &[]).await;
    assert_eq!(get(&second).await.status_code(), 404);
    let third = link().await;
    let casey = member(&house, &home, "casey@example.com").await;
    house.member(&home, "ada@example.com", Role::Admin).await;
    house.app.set_removed(&home.scope, casey.parse().unwrap(), true, &Actor::command_line()).await.unwrap();
    assert_eq!(get(&third).await.status_code(), 404, "who left sees nothing any more");
}

#[tokio::test]
async fn what_nobody_does_is_seen_and_goes_to_who_plays_the_role() {
    let (house, home, browser) = desk().await;
    let morgan = house.sign_in("morgan@example.com").await;
    browser.post("/playbooks/onboarding-90/start", &[("account", "a1"), ("anchor", "2027-03-01")]).await;
    let unassigned =
        async || texts(&morgan.get("/tasks?who=unassigned&source=play").await.text(), ".task .name");
    assert_eq!(unassigned().await, ["Technical kickoff with implementation specialist"]);
    let roles = morgan.get("/settings/roles").await.text();
    assert!(texts(&roles, "#role-implementation_specialist td").contains(&"1".to_owned()), "{roles}");
    let sam = member(&house, &home, "morgan@example.com").await;
    let cast = morgan.post("/settings/roles/implementation_specialist", &[("holder", &sam)]).await;
    assert_eq!(unassigned().await, Vec::<String>::new());
    let (status, role) =
        send(&house, &home, "PUT", "/v1/roles/implementation_specialist", json!({ "follows": "nobody" }))
            .await;
    assert_eq!((status, &role["unassigned_tasks"]), (200, &json!(1)), "{role}");
    undo(&morgan, &cast).await;
    // For one account only.
    browser.post("/accounts/a1/roles", &[("role", "implementation_specialist"), ("member", &sam)]).await;
    assert_eq!(unassigned().await, Vec::<String>::new());
    assert!(browser.get("/accounts/a1").await.text().contains("here only"));

    // Casey leaves: what was theirs is nobody's, even what was given to them by hand.
    let casey = member(&house, &home, "casey@example.com").await;
    let one = tasks(&house, &home, "owner=casey@example.com").await[0]["id"].as_str().unwrap().to_owned();
    morgan.post(&format!("/tasks/{one}"), &[("owner", &casey)]).await;
    house.member(&home, "ada@example.com", Role::Admin).await;
    house.app.set_removed(&home.scope, casey.parse().unwrap(), true, &Actor::command_line()).await.unwrap();
    assert_eq!(unassigned().await.len(), 8);
    assert!(morgan.get("/playbooks").await.text().contains("/tasks?who=unassigned"));
}

#[tokio::test]
async fn load_is_held_against_the_segments_ratios() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let ids: Vec<String> = (1..=21).map(|n| format!("m{n}")).collect();
    house.accounts(&home, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    house.import(&home, "accounts", "external_id,name\nsmall,Small\nlonely,Lonely\n").await;
    let contracts = "external_id,account,start_date,term_months,arr,currency,seats\ns,small,2026-06-01,12,24999.99,USD,5\nl,lonely,2026-06-01,12,100000,USD,5\n";
    house.import(&home, "contracts", contracts).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    house.work().await;
    let casey = member(&house, &home, "casey@example.com").await;
    let morgan = house.sign_in("morgan@example.com").await;
    for (n, id) in (1..).zip(&ids) {
        let given = morgan.post(&format!("/accounts/{id}/owner"), &[("owner", &casey)]).await;
        assert_eq!(
            toast(&given).0.contains("over capacity: 21 of 20 Mid-market"),
            n == 21,
            "{n}: {}",
            toast(&given).0
        );
    }
    let load = api(&house, &home.read_key, "/v1/team/load").await;
    let of =
        |id: &str| load["segments"].as_array().unwrap().iter().find(|s| s["segment"] == id).unwrap().clone();
    assert_eq!(
        (&load["members"][0]["over_capacity"], &load["members"][0]["capacity_used"]),
        (&json!(true), &json!(1.05))
    );
    assert_eq!(
        (&of("mid_market")["per_csm"], &of("mid_market")["over_capacity"]),
        (&json!(21.0), &json!(true))
    );
    assert_eq!((&of("smb")["needs_csm"], &of("smb")["unassigned"]), (&json!(false), &json!(1)));
    let page = morgan.get("/team").await.text();
    assert!(page.contains("21 of 20 Mid-market") && page.contains("over capacity"), "{page}");
    assert!(
        page.contains("Lonely") && !page.contains(">Small<"),
        "an enterprise account needs somebody, a small one does not"
    );
}

#[tokio::test]
async fn a_playbook_that_is_taken_away_loses_nothing() {
    let (house, home, browser) = desk().await;
    let answer =
        browser.post("/playbooks/business-value/start", &[("account", "a1"), ("anchor", "2027-03-01")]).await;
    let here = answer.header("location").to_str().unwrap().to_owned();
    let source = pack_source("techcorp").unwrap();
    let kept: Vec<&str> = source.split_inclusive('\n').collect();
    let at = kept.iter().position(|line| line.contains("id: business-value")).unwrap();
    let end = at + 1 + kept[at + 1..].iter().position(|line| line.starts_with("- id:")).unwrap();
    let without: String = [&kept[..at], &kept[end..]].concat().concat();
    let without: String =
        without.split_inclusive('\n').filter(|line| !line.contains("playbook: business-value")).collect();
    let actor = Actor("Ada".into());
    let file = DraftFrom::File { source: without, overrides: Overrides::default() };
    let draft = house.app.create_draft(&home.scope, file, "without", &actor).await.unwrap();
    let plan = house.app.plan_draft(&home.scope, draft.stored.id).await.unwrap();
    let used: Vec<String> = plan.in_use.iter().map(ToString::to_string).collect();
    assert!(
        used.contains(
            &"playbook \"Value in doubt\": 1 account has it running; it would go on by hand".to_owned()
        ),
        "{used:?}"
    );
    let how = |remove_used| Publishing { note: "x", remove_used, ..Default::default() };
    assert!(house.app.publish(&home.scope, draft.stored.id, 1, &how(false), &actor).await.is_err());
    house.app.publish(&home.scope, draft.stored.id, 1, &how(true), &actor).await.unwrap();
    house.work().await;
    house
        .app
        .score_all(&home.scope, "2027-03-01".parse().unwrap(), &holdfast::app::work::Work::unwatched())
        .await
        .unwrap();

    let page = browser.get(&here).await.text();
    assert!(page.contains("no longer in the methodology") && page.contains("running"), "{page}");
    let refused = browser.post(&format!("{here}/replan"), &[("anchor", "2027-03-05")]).await;
    assert_eq!(refused.status_code(), 409);
    let open = tasks(&house, &home, &format!("play={}", here.rsplit('/').next().unwrap())).await;
    assert_eq!(open.iter().filter(|t| t["state"] == "open").count(), 4);
    let mut form: Vec<(&str, &str)> = open.iter().map(|t| ("task", t["id"].as_str().unwrap())).collect();
    form.push(("do", "done"));
    browser.post("/tasks/bulk", &form).await;
    let ended = api(&house, &home.read_key, &format!("/v1{here}")).await;
    assert_eq!((&ended["state"], &ended["playbook_gone"]), (&json!("done"), &json!(true)));
}

#[tokio::test]
async fn integrations_work_tasks_within_their_scope() {
    let (house, home, _) = desk().await;
    let (status, task) = send(
        &house,
        &home,
        "POST",
        "/v1/tasks",
        json!({ "account": "a1", "title": "Call", "due_on": "2027-03-05" }),
    )
    .await;
    assert_eq!((status, &task["owner"]["email"]), (201, &json!("casey@example.com")), "{task}");
    let path = format!("/v1/tasks/{}", task["id"].as_str().unwrap());
    let body = json!({ "owner": "morgan@example.com", "due_on": null, "note": "Twice" });
    let (status, changed) = send(&house, &home, "PATCH", &path, body).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["owner"]["email"], &changed["due_on"], &changed["note"]),
        (&json!("morgan@example.com"), &Value::Null, &json!("Twice"))
    );
    let (_, back) = send(&house, &home, "PATCH", &path, json!({ "owner": null })).await;
    assert_eq!(
        (&back["owner"]["email"], &back["owner_by_hand"]),
        (&json!("casey@example.com"), &json!(false))
    );
    assert_eq!(send(&house, &home, "POST", &format!("{path}/done"), Value::Null).await.1["state"], "done");
    assert_eq!(send(&house, &home, "POST", &format!("{path}/done"), Value::Null).await.0, 409);
    assert_eq!(send(&house, &home, "POST", &format!("{path}/reopen"), Value::Null).await.1["state"], "open");
    let bulk = json!({ "ids": [task["id"]], "do": "skip" });
    assert_eq!(send(&house, &home, "POST", "/v1/tasks/bulk", bulk).await.1["ids"], json!([task["id"]]));
    for (body, status) in [
        (json!({ "account": "nobody", "title": "x" }), 422),
        (json!({ "title": "" }), 422),
        (json!({ "title": "x", "owner": "nobody@example.com" }), 422),
    ] {
        assert_eq!(send(&house, &home, "POST", "/v1/tasks", body.clone()).await.0, status, "{body}");
    }
    // A key that reads changes nothing.
    let answer = house.http().post(&format!("/api{path}/done")).authorization_bearer(&home.read_key).await;
    assert_eq!(answer.status_code(), 403);
    let other = house.tenant("other").await;
    let answer = house.http().post(&format!("/api{path}/done")).authorization_bearer(&other.write_key).await;
    assert_eq!(answer.status_code(), 404);
}
