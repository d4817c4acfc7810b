//! Renewals as pages and the API show them: the timelines of the packs, forecasts, outcomes, retention.

#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use axum_test::TestResponse;
use holdfast::app::Actor;
use holdfast::app::members::Role;
use holdfast::app::overrides::{Set, Wanted};
use holdfast::db::{self, renewals::Filter};
use serde_json::{Value, json};

use crate::support::html::{attributes, texts};
use crate::support::{Home, House};

/// A tenant on a pack with accounts, each with one contract of so many months that begins on a day.
async fn house(pack: &str, now: &str, accounts: &[(&str, &str, u32)]) -> (House, Home) {
    let house = House::at(&format!("{now}T06:00:00Z")).await;
    let home = house.tenant_on("acme", pack).await;
    let (mut names, mut contracts) = (
        "external_id,name\n".to_owned(),
        "external_id,account,start_date,term_months,arr,currency\n".to_owned(),
    );
    for (id, start, months) in accounts {
        names += &format!("{id},Account {id}\n");
        contracts += &format!("{id}-C1,{id},{start},{months},100000,USD\n");
    }
    house.import(&home, "accounts", &names).await;
    house.import(&home, "contracts", &contracts).await;
    house.work().await;
    (house, home)
}

async fn get(house: &House, home: &Home, path: &str) -> Value {
    house.http().get(&format!("/api{path}")).authorization_bearer(&home.read_key).await.json()
}

async fn send(house: &House, home: &Home, how: &str, path: &str, body: &Value) -> TestResponse {
    let (http, path) = (house.http(), format!("/api{path}"));
    let request = match how {
        "PATCH" => http.patch(&path),
        "DELETE" => http.delete(&path),
        _ => http.put(&path),
    };
    request.authorization_bearer(&home.write_key).json(body).await
}

async fn first_id(house: &House, home: &Home) -> String {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::renewals::list(&mut tx, &Filter::default(), 1).await.unwrap()[0].renewal.id.to_string()
}

async fn set_score(house: &House, home: &Home, account: &str, score: f64) {
    let wanted = Wanted { set: Set::Score(score), reason: "As told".into(), expires_on: None, seen: None };
    house.app.set_override(&home.scope, account, &wanted, &Actor::command_line(), None).await.unwrap();
}

#[tokio::test]
async fn each_pack_has_its_timeline() {
    // A renewal on 2027-06-01, and the days before it on which the packs plan something.
    for (pack, now, months, timeline, plan) in [
        ("mwrasp", "2027-02-01", 12, "standard-120", vec![-120, -90, -60, -30, 0]),
        ("mwrasp", "2027-03-03", 6, "compressed-90", vec![-90, -75, -60, -45, -30, -15, 0]),
        ("techcorp", "2027-03-03", 12, "process-90", vec![-90, -60, -30]),
        ("ma-discovery", "2026-12-03", 12, "programme-180", vec![-180, -90]),
        ("mapleai", "2027-03-03", 12, "reminders", vec![-90]),
        ("framework", "2027-05-01", 12, "default", vec![]),
    ] {
        let start = if months == 6 { "2026-12-01" } else { "2026-06-01" };
        let (house, home) = house(pack, now, &[("a1", start, months)]).await;
        let records = get(&house, &home, "/v1/renewal-records").await;
        assert_eq!(records["data"][0]["timeline"], json!(timeline), "{pack}: {records}");
        assert_eq!(records["data"][0]["renews_on"], json!("2027-06-01"), "{pack}");
        let account = get(&house, &home, "/v1/accounts/a1").await;
        let milestones = account["renewal"]["milestones"].as_array().unwrap();
        assert!(!milestones.is_empty(), "{pack}");
        for offset in plan {
            let day = "2027-06-01".parse::<chrono::NaiveDate>().unwrap() + chrono::Duration::days(offset);
            let is_planned = milestones.iter().any(|m| m["planned"] == json!(day));
            assert!(is_planned, "{pack} T{offset}: {milestones:?}");
        }
    }
}

#[tokio::test]
async fn strategies_follow_health_in_each_pack() {
    for (pack, now, score, strategy) in [
        ("mwrasp", "2027-03-01", 86.0, "auto_renewal"),
        ("mwrasp", "2027-03-01", 69.0, "at_risk_renewal"),
        ("techcorp", "2027-04-01", 95.0, "grow"),
        ("techcorp", "2027-04-01", 10.0, "recover"),
        ("ma-discovery", "2027-01-01", 98.0, "expand"),
        ("ma-discovery", "2027-01-01", 5.0, "ceo"),
        ("mapleai", "2027-04-01", 98.0, "renew"),
        ("mapleai", "2027-04-01", 5.0, "renegotiate"),
        ("framework", "2027-05-20", 98.0, "multi_year"),
        ("framework", "2027-05-20", 5.0, "recover"),
    ] {
        let (house, home) = house(pack, now, &[("a1", "2026-06-01", 12)]).await;
        set_score(&house, &home, "a1", score).await;
        let one = get(&house, &home, &format!("/v1/renewals/{}", first_id(&house, &home).await)).await;
        assert_eq!(one["strategy"], json!(strategy), "{pack} at {score}: {one}");
        assert_eq!(one["strategies"][0]["to"], json!(strategy), "{pack}");
    }
}

#[tokio::test]
async fn milestones_before_it_was_first_seen_are_due_that_day_and_late() {
    let (house, home) = house("techcorp", "2027-04-15", &[("a1", "2026-06-01", 12)]).await;
    house.set("2027-04-20T06:00:00Z");
    let account = get(&house, &home, "/v1/accounts/a1").await;
    let milestones = account["renewal"]["milestones"].as_array().unwrap();
    let late: Vec<&Value> = milestones.iter().filter(|m| m["late"] == json!(true)).collect();
    assert!(!late.is_empty());
    assert!(late.iter().all(|m| m["due"] == json!("2027-04-15")), "{late:?}");
    assert!(milestones.iter().any(|m| m["late"] == json!(false)));
}

#[tokio::test]
async fn the_calendar_is_sorted_and_adds_up_what_is_at_risk() {
    let accounts = [("c3", "2026-05-25", 12), ("a1", "2026-04-10", 12), ("b2", "2026-05-01", 12)];
    let (house, home) = house("mwrasp", "2027-03-01", &accounts).await;
    set_score(&house, &home, "a1", 95.0).await;
    set_score(&house, &home, "b2", 20.0).await;
    set_score(&house, &home, "c3", 10.0).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    let browser = house.sign_in("casey@example.com").await;
    let html = browser.get("/renewals?window=90").await.text();
    let names: Vec<String> = texts(&html, "tbody a.name");
    assert_eq!(names, ["Account a1", "Account b2", "Account c3"]);
    let tiles = texts(&html, ".stat");
    assert!(tiles.iter().any(|tile| tile.contains("At risk") && tile.contains("$200K")), "{tiles:?}");
    for (path, selector, n) in [
        ("/renewals/board", ".deal", 3),
        ("/renewals/board?by=month", ".lane", 2),
        ("/renewals/board?by=milestone", ".deal", 3),
        ("/renewals/forecast", "tbody tr", 3),
        ("/renewals/timeline", ".gantt li:not(.head)", 3),
    ] {
        let html = browser.get(path).await.text();
        let found = texts(&html, selector);
        let found: Vec<_> = found.iter().filter(|text| !text.is_empty()).collect();
        assert!(found.len() >= n, "{path}: {found:?}");
        assert_eq!(browser.part(path).await.status_code(), 200);
    }
    let csv = browser.get("/renewals.csv").await.text();
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.contains("Account b2,2027-05-01,open,10000000,USD,"), "{csv}");
}

#[tokio::test]
async fn a_csm_forecasts_closes_and_takes_back_on_the_page() {
    let (house, home) = house("techcorp", "2027-05-20", &[("a1", "2026-06-01", 12)]).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    let browser = house.sign_in("casey@example.com").await;
    let path = format!("/renewals/{}", first_id(&house, &home).await);
    let html = browser.get(&path).await.text();
    assert_eq!(texts(&html, "h1"), ["Account a1"]);
    assert!(
        texts(&html, "#churn").iter().any(|text| text.contains("This ends $100,000 on 1 Jun 2027")),
        "asks first"
    );

    let wrong =
        browser.post(&format!("{path}/forecast"), &[("category", "commit"), ("likelihood", "120")]).await;
    assert_eq!(wrong.status_code(), 422);
    assert!(texts(&wrong.text(), "#forecast .notice")[0].contains("from 0 to 100"), "{}", wrong.text());
    let fine = [("category", "commit"), ("likelihood", "90"), ("note", "Paper is out")];
    assert_eq!(browser.post(&format!("{path}/forecast"), &fine).await.status_code(), 303);
    let html = browser.get(&path).await.text();
    assert!(
        texts(&html, ".stat").iter().any(|tile| tile.contains("Commit") && tile.contains("said by casey"))
    );

    let shrunk = [("arr:a1-C1", "96,000"), ("effective_on", "2027-06-01"), ("term_months", "24")];
    let refused = browser.post(&format!("{path}/outcome"), &shrunk).await;
    assert_eq!(refused.status_code(), 422);
    assert!(texts(&refused.text(), "#close .notice")[0].contains("A reason is needed"), "{}", refused.text());
    let with_reason: Vec<(&str, &str)> = shrunk.iter().copied().chain([("reason", "price")]).collect();
    assert_eq!(browser.post(&format!("{path}/outcome"), &with_reason).await.status_code(), 303);
    let html = browser.get(&path).await.text();
    assert!(texts(&html, "#outcome h2")[0].contains("Shrunk: $100,000 → $96,000"), "{html}");
    assert!(texts(&html, "#outcome header p")[0].contains("12 days early"), "{html}");
    let tab = browser.get("/accounts/a1/contracts").await.text();
    assert!(
        texts(&tab, ".lines li").iter().any(|line| line.contains("1 Jun 2027") && line.contains("Shrunk"))
    );

    assert_eq!(browser.post(&format!("{path}/reopen"), &[]).await.status_code(), 303);
    let churn = [
        ("churned", "yes"),
        ("reason", "competitor"),
        ("competitor", "Quantive"),
        ("effective_on", "2027-06-01"),
    ];
    assert_eq!(browser.post(&format!("{path}/outcome"), &churn).await.status_code(), 303);
    let html = browser.get(&path).await.text();
    assert!(texts(&html, "#outcome")[0].contains("Competitor (Quantive)"), "{html}");
    assert!(!texts(&html, ".stat .label").contains(&"Likelihood".to_owned()), "nothing is likely any more");
    let account = browser.get("/accounts/a1").await.text();
    assert_eq!(texts(&account, ".facts dt")[1], "Leaves");
    assert!(texts(&account, ".notice")[0].starts_with("Leaves on 1 Jun 2027."), "{account}");
}

#[tokio::test]
async fn milestones_show_what_belongs_to_them_and_who_does_it() {
    let (house, home) = house("mwrasp", "2027-02-01", &[("a1", "2026-06-01", 12)]).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    house.import(&home, "accounts", "external_id,name,owner_email\na1,Account a1,casey@example.com\n").await;
    house.work().await;
    let casey = house.sign_in("casey@example.com").await;
    let path = format!("/renewals/{}", first_id(&house, &home).await);
    let page = casey.get(&path).await.text();
    let summaries = texts(&page, ".milestones summary");
    assert_eq!(summaries, ["4 steps"; 5], "{page}");
    let tasks = get(&house, &home, "/v1/tasks?account=a1&all=true").await;
    let tasks = tasks["data"].as_array().unwrap();
    let milestones: Vec<&Value> = tasks.iter().filter(|task| task["source"] == "play").collect();
    let of = |html: &str| texts(html, ".milestones li li");
    let details: Vec<&str> = milestones
        .iter()
        .flat_map(|task| task["details"].as_array().unwrap())
        .map(|d| d.as_str().unwrap())
        .collect();
    for detail in &details[..20] {
        assert!(of(&page).iter().any(|shown| shown == detail), "{detail}");
    }
    assert_eq!(texts(&page, ".milestones details[open]").len(), 1, "what comes next is unfolded");
    assert!(texts(&page, ".milestones .activities").iter().all(|line| line.contains("casey")), "{page}");
    // Done, it says so, and the next one is unfolded.
    let first = attributes(&page, ".milestones > li > .grow a", "href")[0].clone();
    casey.post(&format!("{first}/end"), &[("state", "done")]).await;
    let page = casey.get(&path).await.text();
    assert!(texts(&page, ".milestones > li")[0].contains("done"), "{page}");
    let open = attributes(&page, ".milestones > li:has(details[open]) > .grow a", "href");
    assert_eq!(open, attributes(&page, ".milestones > li > .grow a", "href")[1..2]);
}

#[tokio::test]
async fn who_said_to_leave_is_no_longer_up_for_renewal_anywhere() {
    let (house, home) =
        house("techcorp", "2027-05-20", &[("a1", "2026-06-01", 12), ("b2", "2026-06-01", 12)]).await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let browser = house.sign_in("morgan@example.com").await;
    let id = get(&house, &home, "/v1/renewal-records?account=a1").await["data"][0]["id"].clone();
    let outcome = format!("/v1/renewals/{}/outcome", id.as_str().unwrap());
    // Everywhere where something is up for renewal: how many are said to be, and whether this one is named.
    let everywhere = async || {
        let listed = get(&house, &home, "/v1/renewals").await["data"].as_array().unwrap().len();
        let mut said = vec![listed.to_string()];
        for (page, tile) in
            [("/", "Renews in 120 days"), ("/renewals", "Up for renewal"), ("/portfolio", "Up for renewal")]
        {
            let tiles = texts(&browser.get(page).await.text(), ".stat");
            let tile =
                tiles.iter().find(|text| text.contains(tile)).unwrap_or_else(|| panic!("{page}: {tiles:?}"));
            let both = tile.contains("2 renewals") || tile.contains("2 accounts");
            said.push(if both { "2" } else { tile }.to_owned());
        }
        for page in ["/renewals", "/renewals/board"] {
            let names = texts(&browser.get(page).await.text(), "main");
            said.push(names[0].contains("Account a1").to_string());
        }
        said
    };
    assert_eq!(everywhere().await, ["2", "2", "2", "2", "true", "true"]);
    let touchpoints = async || {
        let tasks = get(&house, &home, "/v1/tasks?account=a1").await;
        let tasks = tasks["data"].as_array().unwrap().clone();
        tasks.iter().filter(|task| task["source"] == "touchpoint").count()
    };
    let before = touchpoints().await;
    assert!(before > 0);
    let churned = json!({ "outcome": "churned", "reason": "price" });
    assert_eq!(send(&house, &home, "PUT", &outcome, &churned).await.status_code(), 200);
    house.work().await;
    let now = everywhere().await;
    assert_eq!(now[0], "1");
    assert!(now[1..4].iter().all(|tile| tile.contains("1 renewal") || tile.contains("1 account")), "{now:?}");
    assert_eq!(now[4..], ["false", "false"]);
    let records = get(&house, &home, "/v1/renewal-records?state=closed").await;
    assert_eq!(records["data"][0]["account"], json!("a1"), "{records}");
    let forecast = texts(&browser.get("/renewals/forecast").await.text(), ".stat");
    let lost = forecast.iter().find(|tile| tile.starts_with("Lost")).unwrap();
    assert!(lost.contains("$100K"), "counted as it came out: {forecast:?}");
    let account = browser.get("/accounts/a1").await.text();
    assert!(texts(&account, ".facts dd")[1].starts_with("1 Jun 2027"), "{account}");
    assert_eq!(touchpoints().await, before, "a customer until its last day");
    // Yesterday nobody knew.
    let yesterday = browser.get("/accounts/a1?as_of=2027-05-19").await.text();
    assert_eq!(texts(&yesterday, ".facts dt")[1], "Renews");
    assert_eq!(send(&house, &home, "DELETE", &outcome, &json!({})).await.status_code(), 200);
    assert_eq!(everywhere().await, ["2", "2", "2", "2", "true", "true"], "taken back");
    send(&house, &home, "PUT", &outcome, &churned).await;
    house.set("2027-06-01T06:00:00Z");
    holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    house.work().await;
    assert_eq!(touchpoints().await, 0, "its last day is over");
}

#[tokio::test]
async fn the_api_records_outcomes_and_answers_with_retention() {
    let (house, home) =
        house("mwrasp", "2027-05-20", &[("a1", "2026-06-01", 12), ("b2", "2026-06-01", 12)]).await;
    let records = get(&house, &home, "/v1/renewal-records?state=open&account=a1").await;
    let id = records["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/renewals/{id}");
    let forecast =
        send(&house, &home, "PATCH", &path, &json!({ "category": "commit", "likelihood": 80 })).await;
    assert_eq!(forecast.status_code(), 200, "{}", forecast.text());
    let now: Value = send(&house, &home, "PATCH", &path, &json!({ "category": null })).await.json();
    assert_eq!((&now["forecast"]["category"], &now["likelihood"]["percent"]), (&Value::Null, &json!(80)));
    let bad = send(&house, &home, "PATCH", &path, &json!({ "category": "sure" })).await;
    assert_eq!(bad.status_code(), 422);

    let body = json!({ "outcome": "shrunk", "terms": [{ "contract": "a1-C1", "arr_minor": 9_600_000 }], "reason": "price" });
    let outcome = format!("{path}/outcome");
    for _ in 0..2 {
        let closed = send(&house, &home, "PUT", &outcome, &body).await;
        assert_eq!(closed.status_code(), 200, "{}", closed.text());
        let closed: Value = closed.json();
        assert_eq!((&closed["state"], &closed["outcome"]["early"]), (&json!("closed"), &json!(true)));
    }
    let other = json!({ "outcome": "churned", "reason": "price" });
    assert_eq!(send(&house, &home, "PUT", &outcome, &other).await.status_code(), 409);
    let unlike = json!({ "outcome": "expanded" });
    let b2 = get(&house, &home, "/v1/renewal-records?state=open").await["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let refused = send(&house, &home, "PUT", &format!("/v1/renewals/{b2}/outcome"), &unlike).await;
    assert_eq!(refused.status_code(), 422, "{}", refused.text());
    assert_eq!(send(&house, &home, "DELETE", &outcome, &json!({})).await.status_code(), 200);
    assert_eq!(send(&house, &home, "DELETE", &outcome, &json!({})).await.status_code(), 409);
    send(&house, &home, "PUT", &outcome, &body).await;
    let churned = json!({ "outcome": "churned", "reason": "champion_left" });
    send(&house, &home, "PUT", &format!("/v1/renewals/{b2}/outcome"), &churned).await;

    house.set("2027-06-02T06:00:00Z");
    house.work().await;
    let told = get(&house, &home, "/v1/retention?months=1").await;
    let june = &told["whole"];
    assert_eq!(
        (&june["opening_arr"], &june["contraction_arr"]),
        (&json!(20_000_000), &json!(400_000)),
        "{told}"
    );
    assert_eq!((&june["churned_arr"], &june["closing_arr"]), (&json!(10_000_000), &json!(9_600_000)));
    assert_eq!((&june["renewable_arr"], &june["renewed_arr"]), (&json!(20_000_000), &json!(9_600_000)));
    assert_eq!((&june["logo_retention"], &june["renewal_rate"]), (&json!(0.5), &json!(0.48)));
    house.member(&home, "elin@example.com", Role::Executive).await;
    let browser = house.sign_in("elin@example.com").await;
    let html = browser.get("/portfolio/retention?months=3").await.text();
    assert!(
        texts(&html, ".stat").iter().any(|tile| tile.contains("Renewal rate") && tile.contains("48")),
        "{html}"
    );
    assert!(texts(&html, ".bridge tr").iter().any(|line| line.contains("Churn") && line.contains("$100K")));
    let csv = browser.get("/portfolio/retention.csv?months=1").await.text();
    let line = csv.lines().nth(1).unwrap();
    assert!(
        line.contains("200000.00,0.00,0.00,4000.00,100000.00,96000.00,2,0,1,1,200000.00,96000.00"),
        "{csv}"
    );
    let page = browser.get("/renewals/board").await.text();
    assert!(!page.contains("<form class=\"form\""), "an executive reads only");
}

#[tokio::test]
async fn a_contract_that_ends_before_it_begins_is_refused_everywhere() {
    let (house, home) = house("techcorp", "2027-05-20", &[("a1", "2026-06-01", 12)]).await;
    let whole = json!({ "account": "a1", "start_date": "2027-01-01", "end_date": "2028-01-01", "arr_minor": 500_000 });
    let created = send(&house, &home, "PUT", "/v1/contracts/C9", &whole).await;
    assert_eq!(created.status_code(), 201, "{}", created.text());
    let again: Value = send(&house, &home, "PUT", "/v1/contracts/C9", &whole).await.json();
    assert_eq!((&again["change"], &again["arr"]["currency"]), (&json!("unchanged"), &json!("USD")));
    for (field, value, names) in [
        ("end_date", json!("2027-01-01"), "end_date"),
        ("end_date", json!("2026-12-31"), "end_date"),
        ("ended_on", json!("2026-12-31"), "ended_on"),
        ("arr_minor", json!(-1), "arr_minor"),
        ("account", json!("nobody"), "account"),
        ("currency", json!("DOLLARS"), "currency"),
    ] {
        let mut wrong = whole.clone();
        wrong[field] = value;
        let refused = send(&house, &home, "PUT", "/v1/contracts/C9", &wrong).await;
        assert_eq!(refused.status_code(), 422, "{}", refused.text());
        let said: Value = refused.json();
        assert_eq!(said["errors"][0]["field"], json!(names), "{said}");
    }
    house.member(&home, "robin@example.com", Role::Admin).await;
    let csv = "external_id,account,start_date,end_date,arr\nC8,a1,2027-02-01,2027-01-01,100\n";
    let kind = holdfast::app::imports::ImportKind::parse("contracts").unwrap();
    let mapping = holdfast::app::imports::Mapping::default();
    let request = holdfast::app::imports::ImportRequest {
        kind,
        file_name: "contracts.csv",
        mapping: &mapping,
        dry_run: false,
        bytes_total: csv.len() as u64,
        known: holdfast::app::imports::Known::OnItsDay,
    };
    let reader = std::io::Cursor::new(csv.as_bytes().to_vec());
    let done = house.app.import(&home.scope, request, reader, &Actor::command_line(), &|_| ()).await.unwrap();
    assert_eq!(done.rejected, 1);
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let reject = &db::imports::rejects(&mut tx, done.id, 0, 1).await.unwrap()[0];
    assert!(reject.reason.contains("end_date: is not after the start, 2027-02-01"), "{}", reject.reason);
}
