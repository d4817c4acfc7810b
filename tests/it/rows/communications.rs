//! Rows CM-01 to CM-08: touchpoints on their days, meetings that took place, and what is written to whom.

use holdfast::app::Actor;
use holdfast::app::members::Role;
use holdfast::app::methodology::{Publishing, pack_source};
use holdfast::db::metrics::Metric;
use holdfast::domain::pack::Overrides;
use serde_json::{Value, json};

use super::talk::{accounts, figures, get, list, morning, tell};
use crate::support::html::texts;
use crate::support::{Home, House};

/// An account's touchpoints by name and day, without those that were called off.
async fn touchpoints(house: &House, home: &Home, account: &str) -> Vec<(String, String)> {
    let tasks = list(house, home, &format!("/tasks?account={account}&all=true&limit=200")).await;
    let mut found: Vec<(String, String)> = tasks
        .iter()
        .filter(|task| task["source"] == "touchpoint" && task["state"] != "cancelled")
        .map(|task| [&task["title"], &task["due_on"]].map(|text| text.as_str().unwrap().to_owned()).into())
        .collect();
    found.sort();
    found
}

/// The days of one of them.
async fn days(house: &House, home: &Home, account: &str, name: &str) -> Vec<String> {
    touchpoints(house, home, account)
        .await
        .into_iter()
        .filter(|(n, _)| n == name)
        .map(|(_, day)| day)
        .collect()
}

// CM-01, CM-06
#[tokio::test]
async fn each_segment_has_its_touchpoints_on_days_counted_from_the_start() {
    let house = House::at("2028-02-16T06:00:00Z").await;
    let home = house.tenant_on("mwrasp", "mwrasp").await;
    let rows = [
        ("p", "2027-11-30", 12, 6_000_000),
        ("g", "2028-02-16", 12, 1_000_000),
        ("g2", "2027-08-31", 12, 1_000_000),
        ("s", "2028-02-16", 12, 300_000),
        ("b", "2028-02-16", 12, 100_000),
    ];
    accounts(&house, &home, &rows).await;
    // Everybody's, beside those of the segment.
    let shared = ["Advisory board meeting", "Monthly newsletters", "Peer review request"];
    for (account, own) in [
        (
            "p",
            vec![
                "Annual planning session",
                "Monthly executive sync",
                "Quarterly strategic review",
                "Weekly health checks",
            ],
        ),
        (
            "g",
            vec![
                "Bi-weekly check-ins",
                "Monthly reviews",
                "Quarterly business reviews",
                "Semi-annual planning",
            ],
        ),
        ("s", vec!["Annual planning", "Monthly check-ins", "Quarterly reviews"]),
        ("b", vec!["Quarterly check-ins"]),
    ] {
        let mut names = [own, shared.to_vec()].concat();
        names.sort_unstable();
        let planned: Vec<String> =
            touchpoints(&house, &home, account).await.into_iter().map(|(name, _)| name).collect();
        assert_eq!(planned, names, "{account}");
    }
    let checkins = async || days(&house, &home, "g", "Bi-weekly check-ins").await;
    let strategy = async || days(&house, &home, "p", "Quarterly strategic review").await;
    let planning = async || days(&house, &home, "g2", "Semi-annual planning").await;
    assert_eq!(checkins().await, ["2028-03-01"], "fourteen days over a leap February");
    assert_eq!(
        (strategy().await, planning().await),
        (vec!["2028-02-29".to_owned()], vec!["2028-02-29".to_owned()])
    );
    morning(&house, "2028-03-02").await;
    assert_eq!(checkins().await, ["2028-03-01", "2028-03-15"]);
    assert_eq!(planning().await, ["2028-02-29", "2028-08-31"], "back to the 31st");
    morning(&house, "2028-05-31").await;
    assert_eq!(strategy().await, ["2028-02-29", "2028-05-30", "2028-08-30"]);
}

// CM-02, CM-06
#[tokio::test]
async fn checkins_are_close_at_first_and_end_when_the_customer_stands_alone() {
    let house = House::at("2027-01-04T06:00:00Z").await;
    let home = house.tenant_on("mapleai", "mapleai").await;
    accounts(&house, &home, &["e", "p", "s"].map(|id| (id, "2027-01-04", 12, 50_000))).await;
    let plans = "external_id,name,plan\ne,E,enterprise\np,P,professional\ns,S,starter\n";
    house.import(&home, "accounts", plans).await;
    house.work().await;
    let (weekly, biweekly) = ("Every week in the first 3 months", "Every two weeks in the first 2 months");
    assert_eq!(days(&house, &home, "e", weekly).await, ["2027-01-11"]);
    assert_eq!(days(&house, &home, "p", biweekly).await, ["2027-01-18"]);
    for date in ["2027-02-01", "2027-03-01", "2027-03-02", "2027-03-29", "2027-03-30"] {
        morning(&house, date).await;
        if date == "2027-02-01" {
            accounts(&house, &home, &[("m", "2027-01-31", 12, 50_000)]).await;
            house.import(&home, "accounts", "external_id,name,plan\nm,M,enterprise\n").await;
            house.work().await;
        }
    }
    let expected = ["2027-01-11", "2027-02-01", "2027-03-01", "2027-03-08", "2027-03-29"];
    assert_eq!(days(&house, &home, "e", weekly).await, expected, "the twelfth is the last");
    assert_eq!(days(&house, &home, "p", biweekly).await, ["2027-01-18", "2027-02-01", "2027-03-01"]);
    morning(&house, "2027-04-01").await;
    let monthly = days(&house, &home, "m", "Monthly business reviews").await;
    assert_eq!(monthly, ["2027-02-28", "2027-03-31", "2027-04-30"], "the last of each month");
    for (account, names) in [
        ("e", vec!["Annual success planning", "Monthly business reviews", "Quarterly strategic reviews"]),
        ("p", vec!["Annual planning sessions", "Monthly success reviews", "Quarterly business reviews"]),
        ("s", vec!["Annual reviews", "Quarterly check-ins"]),
    ] {
        let coming = touchpoints(&house, &home, account).await;
        let coming = coming.into_iter().filter(|(_, day)| day.as_str() >= "2027-04-01").map(|(name, _)| name);
        assert_eq!(coming.collect::<Vec<_>>(), names, "{account}");
    }
}

// CM-06
#[tokio::test]
async fn reports_and_updates_are_planned_and_internal_meetings_are_no_touchpoints_of_a_customer() {
    let house = House::at("2027-02-01T06:00:00Z").await;
    let home = house.tenant("techcorp").await;
    accounts(&house, &home, &[("a1", "2027-01-31", 12, 10_000)]).await;
    for date in ["2027-03-01", "2027-04-01"] {
        morning(&house, date).await;
    }
    let pair = |name: &str, day: &str| (name.to_owned(), day.to_owned());
    let report = "Monthly health report";
    assert_eq!(
        touchpoints(&house, &home, "a1").await,
        [
            pair(report, "2027-02-28"),
            pair(report, "2027-03-31"),
            pair(report, "2027-04-30"),
            pair("Quarterly product update", "2027-04-30"),
        ]
    );
}

/// The company's own meetings: name, day, how they ended.
async fn internal(house: &House, home: &Home) -> Vec<[String; 3]> {
    let tasks = list(house, home, "/tasks?all=true&limit=200").await;
    let mut found: Vec<[String; 3]> = tasks
        .iter()
        .filter(|task| task["source"] == "touchpoint" && task["account"].is_null())
        .map(|task| ["title", "due_on", "state"].map(|field| task[field].as_str().unwrap().to_owned()))
        .collect();
    found.sort();
    found
}

// CM-03
#[tokio::test]
async fn a_company_has_the_next_of_its_own_meetings_once() {
    let house = House::at("2027-01-31T06:00:00Z").await;
    let home = house.tenant("techcorp").await;
    let (standup, month, planning) = ("Weekly stand-up", "Monthly account review", "Quarterly planning");
    let row = |name: &str, day: &str, state: &str| [name, day, state].map(str::to_owned);
    house.work().await;
    assert_eq!(
        internal(&house, &home).await,
        [
            row(month, "2027-02-28", "open"),
            row(planning, "2027-04-30", "open"),
            row(standup, "2027-02-07", "open")
        ],
        "planned with the methodology, without any account"
    );
    let standups = async || {
        internal(&house, &home).await.into_iter().filter(|row| row[0] == standup).collect::<Vec<_>>()
    };
    // Nobody did it: overdue until the next one's day, which is planned meanwhile.
    morning(&house, "2027-02-08").await;
    assert_eq!(standups().await, [row(standup, "2027-02-07", "open"), row(standup, "2027-02-14", "open")]);
    morning(&house, "2027-02-13").await;
    assert_eq!(standups().await.len(), 2);
    morning(&house, "2027-02-14").await;
    assert_eq!(standups().await, [row(standup, "2027-02-07", "skipped"), row(standup, "2027-02-14", "open")]);
    // Somebody did: it stays done. Many processes at once plan each once.
    let tasks = list(&house, &home, "/tasks?from=2027-02-14&to=2027-02-14").await;
    let task = tasks.iter().find(|task| task["title"] == standup).unwrap();
    let path = format!("/tasks/{}/done", task["id"].as_str().unwrap());
    tell(&house, &home, "POST", &path, json!({})).await;
    house.set("2027-02-22T06:00:00Z");
    let mut replicas = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (replica, scope) = (house.replica().await, home.scope.clone());
        replicas.spawn(async move { replica.plan_cadences(&scope).await.unwrap() });
    }
    replicas.join_all().await;
    morning(&house, "2027-02-22").await;
    let three = [
        row(standup, "2027-02-07", "skipped"),
        row(standup, "2027-02-14", "done"),
        // Planned by nobody while nothing ran, the 21st is not made up for.
        row(standup, "2027-02-28", "open"),
    ];
    assert_eq!(standups().await, three);
    // The methodology asks for it every three weeks, and for no planning any more.
    let source = pack_source("techcorp").unwrap();
    let every = source.replace("kind: internal, every: 1w}", "kind: internal, every: 3w}");
    let changed: String = every
        .lines()
        .filter(|line| !line.contains("id: quarterly-planning"))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_ne!(changed.len(), source.len());
    let how = Publishing { note: "Fewer meetings", ..Publishing::default() };
    let actor = Actor::command_line();
    house.app.publish_file(&home.scope, &changed, &Overrides::default(), &how, &actor).await.unwrap();
    house.work().await;
    assert_eq!(
        internal(&house, &home).await,
        [
            row(month, "2027-02-28", "open"),
            row(planning, "2027-04-30", "cancelled"),
            row(standup, "2027-02-07", "skipped"),
            row(standup, "2027-02-14", "done"),
            row(standup, "2027-02-28", "cancelled"),
            row(standup, "2027-03-14", "open"),
        ],
        "days still count from the first methodology"
    );
}

// CM-03
#[tokio::test]
async fn trainings_and_the_conference_are_the_teams_with_their_agenda() {
    let house = House::at("2027-01-31T06:00:00Z").await;
    let home = house.tenant_on("mwrasp", "mwrasp").await;
    house.member(&home, "lead@mwrasp.example", Role::Manager).await;
    for date in ["2027-02-28", "2027-03-31"] {
        morning(&house, date).await;
    }
    let row = |name: &str, day: &str, state: &str| [name, day, state].map(str::to_owned);
    let training = "Monthly training";
    assert_eq!(
        internal(&house, &home).await,
        [
            row("Annual conference", "2028-01-31", "open"),
            row(training, "2027-02-28", "skipped"),
            row(training, "2027-03-31", "open"),
            row("Quarterly certification", "2027-04-30", "open"),
        ]
    );
    let lead = house.sign_in("lead@mwrasp.example").await;
    for page in ["/", "/tasks?who=team", "/tasks?who=unassigned"] {
        let names = texts(&lead.get(page).await.text(), ".strong.wrap");
        assert!(names.iter().any(|name| name == training), "{page}: {names:?}");
    }
    let tasks = list(&house, &home, "/tasks?from=2027-03-31&to=2027-03-31").await;
    assert_eq!((&tasks[0]["kind"], &tasks[0]["account"]), (&json!("meeting"), &Value::Null));
    let page = lead.get(&format!("/tasks/{}", tasks[0]["id"].as_str().unwrap())).await.text();
    let agenda = ["Product updates", "Best practice sharing", "Industry trends", "Skill workshops"];
    assert_eq!(texts(&page, ".bullets li"), agenda);
    // They are no meetings with a customer.
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let days = ["2027-01-01", "2027-03-31"].map(|day| day.parse().unwrap());
    let held = holdfast::db::team::meetings(&mut tx, days[0], days[1]).await.unwrap();
    assert_eq!(held.scheduled, 0);
}

// CM-04
#[tokio::test]
async fn a_review_with_the_executives_each_month_is_full_engagement() {
    let house = House::new().await;
    let home = house.tenant_on("ma", "ma-discovery").await;
    accounts(&house, &home, &["three", "two"].map(|id| (id, "2026-06-01", 12, 300_000))).await;
    let held = |account, day| (account, "exec_review", day, 1.0);
    let reviews = [
        held("three", "2026-12-02"),
        held("three", "2027-01-15"),
        held("three", "2027-02-15"),
        // Ninety days ago is one too many.
        held("two", "2026-12-01"),
        held("two", "2027-01-15"),
        held("two", "2027-02-15"),
    ];
    figures(&house, &home, &reviews).await;
    for (account, score) in [("three", 100.0), ("two", 200.0 / 3.0)] {
        let shown = get(&house, &home, &format!("/accounts/{account}")).await;
        let node = node(&shown["health"]["tree"], "exec_engagement").unwrap_or_else(|| panic!("{shown}"));
        assert!((node["score"].as_f64().unwrap() - score).abs() < 1e-4, "{account}: {node}");
    }
    assert_eq!(days(&house, &home, "three", "Reviews with the C-suite every month").await, ["2027-03-01"]);
}

/// A part of a health tree by its id.
fn node(tree: &Value, id: &str) -> Option<Value> {
    match tree {
        Value::Array(nodes) => nodes.iter().find_map(|one| node(one, id)),
        Value::Object(one) if one.get("id").is_some_and(|own| own == id) => Some(tree.clone()),
        Value::Object(one) => one.values().find_map(|part| node(part, id)),
        _ => None,
    }
}

// CM-05: for the pack whose templates `templates_are_previewed_for_a_real_account…` does not look at.
#[tokio::test]
async fn letters_are_previewed_and_what_they_cannot_fill_is_refused() {
    let house = House::new().await;
    let home = house.tenant_on("mapleai", "mapleai").await;
    accounts(&house, &home, &[("a1", "2026-06-01", 12, 50_000)]).await;
    house
        .import(&home, "contacts", "external_id,account,name,email\nc1,a1,Ada Byron,ada@example.com\n")
        .await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let morgan = house.sign_in("morgan@example.com").await;
    let ids = texts(&morgan.get("/settings/templates").await.text(), "table .mono");
    assert_eq!(ids, ["welcome", "renewal_reminder", "feedback"]);
    for (id, begins) in [
        ("welcome", "Hi Ada Byron, we start with you on 1 June 2026."),
        ("renewal_reminder", "Hi Ada Byron, a reminder: your contract is up for renewal on 1 June 2027."),
        ("feedback", "Hi Ada Byron, how are we doing?"),
    ] {
        let page = morgan.get(&format!("/settings/templates/{id}?account=a1")).await.text();
        assert!(texts(&page, "#preview")[0].starts_with(begins), "{:?}", texts(&page, "#preview"));
        let wrong = [("name", "X"), ("subject", "X"), ("body", "Hi {{contact.shoe_size}}")];
        let refused = morgan.post(&format!("/settings/templates/{id}"), &wrong).await;
        assert_eq!(refused.status_code(), 422);
        let said = texts(&refused.text(), ".error");
        assert!(
            said[0].starts_with("line 1, column 4: there is no field {{contact.shoe_size}}; there is"),
            "{said:?}"
        );
    }
}

// CM-07
#[tokio::test]
async fn meetings_that_took_place_are_held_against_those_that_were_planned() {
    let house = House::at("2027-03-01T06:00:00Z").await;
    let home = house.tenant_on("mwrasp", "mwrasp").await;
    let ids: Vec<String> = (0..50).map(|n| format!("a{n}")).collect();
    let rows: Vec<_> = ids.iter().map(|id| (id.as_str(), "2026-06-01", 36, 100_000)).collect();
    accounts(&house, &home, &rows).await;
    // A check-in and an advisory board each.
    let due = list(&house, &home, "/tasks?from=2027-03-01&to=2027-03-01&limit=200").await;
    let meetings: Vec<&Value> =
        due.iter().filter(|task| task["kind"] == "meeting").map(|task| &task["id"]).collect();
    assert_eq!(meetings.len(), 100);
    tell(&house, &home, "POST", "/tasks/bulk", json!({ "ids": meetings[..91], "do": "done" })).await;
    let counted = async || get(&house, &home, "/team/load").await["meetings"].clone();
    assert_eq!(counted().await, json!({ "scheduled": 91, "attended": 91 }), "the day is not over");
    house.set("2027-03-02T06:00:00Z");
    assert_eq!(counted().await, json!({ "scheduled": 100, "attended": 91 }));
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let morgan = house.sign_in("morgan@example.com").await;
    let attendance = async || {
        let rows = texts(&morgan.get("/team").await.text(), "table tr");
        rows.into_iter().find(|row| row.starts_with("Meeting attendance")).unwrap()
    };
    let owned: String =
        ids[..26].iter().map(|id| format!("{id},Account {id},morgan@example.com\n")).collect();
    house.import(&home, "accounts", &format!("external_id,name,owner_email\n{owned}")).await;
    let rows = texts(&morgan.get("/team").await.text(), "table tr");
    let each = "CSM efficiency, BRONZE 26 accounts per CSM \u{2264} 25 off target";
    assert!(rows.iter().any(|row| row == each), "its own target in each segment: {rows:?}");
    let row = attendance().await;
    assert!(row.contains("91 %") && row.ends_with("on target"), "{row}");
    tell(&house, &home, "POST", &format!("/tasks/{}/reopen", meetings[0].as_str().unwrap()), json!({})).await;
    let row = attendance().await;
    assert!(row.contains("90 %") && row.ends_with("off target"), "90 is not over 90: {row}");
    let skipped = json!({ "ids": [meetings[0]], "do": "skip" });
    tell(&house, &home, "POST", "/tasks/bulk", skipped).await;
    assert_eq!(counted().await["scheduled"], 100, "one that was skipped did not take place");
}

/// A gauge that somebody adds to the catalogue.
async fn gauge(house: &House, home: &Home, name: &str) {
    let metric = Metric {
        id: 0,
        name: name.to_owned(),
        label: name.to_owned(),
        unit: String::new(),
        kind: "gauge".to_owned(),
        event: None,
        property: None,
        trait_name: None,
        fresh_days: None,
    };
    house.app.put_metric(&home.scope, &metric, &Actor::command_line()).await.unwrap();
}

#[tokio::test]
async fn base_measures_of_an_account_come_from_its_meetings_its_seats_and_gauges_of_their_names() {
    let house = House::at("2027-01-01T06:00:00Z").await;
    let pack = pack_source("framework").unwrap();
    let calls = "\ntouchpoints:\n- {id: call, name: Monthly call, kind: meeting, every: 1mo}\n";
    let home = house.tenant_on("acme", "framework").await;
    let plan =
        house.app.plan_file(&home.scope, &format!("{pack}{calls}"), &Overrides::default()).await.unwrap();
    let missing = "Nothing gives `active_users`, `features_used`, `features_available`, `nps_promoters`";
    assert!(plan.notes.iter().any(|note| note.starts_with(missing)), "{:?}", plan.notes);
    for name in ["features_used", "features_available", "active_users"] {
        gauge(&house, &home, name).await;
    }
    let (how, actor) = (Publishing::default(), Actor::command_line());
    let source = format!("{pack}{calls}");
    house.app.publish_file(&home.scope, &source, &Overrides::default(), &how, &actor).await.unwrap();
    accounts(&house, &home, &[("a1", "2027-01-01", 24, 50_000)]).await;
    let scores = async || {
        let tree = get(&house, &home, "/accounts/a1").await["health"]["tree"].clone();
        ["engagement", "feature_adoption", "product_usage"]
            .map(|id| node(&tree, id).unwrap_or_else(|| panic!("{tree}"))["score"].clone())
    };
    assert_eq!(scores().await, [Value::Null, Value::Null, Value::Null], "nothing is known yet");
    let call = async |day: &str| {
        let path = format!("/tasks?account=a1&from={day}&to={day}");
        let tasks = list(&house, &home, &path).await;
        format!("/tasks/{}/done", tasks[0]["id"].as_str().unwrap())
    };
    morning(&house, "2027-02-01").await;
    tell(&house, &home, "POST", &call("2027-02-01").await, json!({})).await;
    morning(&house, "2027-02-02").await;
    assert_eq!(scores().await[0], 100.0, "the one that was planned took place");
    morning(&house, "2027-03-01").await;
    assert_eq!(scores().await[0], 100.0, "the day of the second is not over");
    morning(&house, "2027-03-02").await;
    assert_eq!(scores().await[0], 50.0, "one of two");
    // Ten seats are in the contract; the rest is told.
    let told = [("features_used", 30.0), ("features_available", 50.0), ("active_users", 9.0)];
    figures(&house, &home, &told.map(|(metric, value)| ("a1", metric, "2027-03-02", value))).await;
    assert_eq!(scores().await, [50.0, 50.0, 100.0], "60 % of the features, 90 % of the seats");
    morning(&house, "2027-04-05").await;
    assert_eq!(
        scores().await[1..],
        [Value::Null, Value::Null],
        "what was said a month ago is not said of today"
    );
    assert_eq!(scores().await[0], 0.0, "one of three");
}

// CM-08
#[tokio::test]
async fn without_an_outlet_what_is_written_is_kept_and_nothing_goes_out() {
    let house = House::new().await;
    for (pack, metric, title) in [
        ("mwrasp", "competitive_evaluation", "Competitive defense"),
        ("techcorp", "champion_change", "Win a new champion"),
    ] {
        let home = house.tenant_on(pack, pack).await;
        let (casey, robin) = (format!("casey@{pack}.example"), format!("robin@{pack}.example"));
        house.member(&home, &casey, Role::Csm).await;
        house.member(&home, &robin, Role::Admin).await;
        accounts(&house, &home, &[("a1", "2026-06-01", 24, 50_000)]).await;
        house
            .import(&home, "accounts", &format!("external_id,name,owner_email\na1,Northwind,{casey}\n"))
            .await;
        figures(&house, &home, &[("a1", metric, "2027-02-28", 1.0)]).await;
        house.work().await;
        let page = house.sign_in(&robin).await.get("/settings/outgoing/messages").await.text();
        let mails = texts(&page, ".messages li");
        let told: Vec<_> =
            mails.iter().filter(|mail| mail.starts_with(&format!("Northwind: {title}"))).collect();
        assert!(told.len() == 1 && told[0].contains(&casey), "{pack}: {mails:?}");
        let states = texts(&page, ".messages .chip");
        assert!(states.iter().all(|state| state == "Queued"), "{pack}: {states:?}");
    }
}
