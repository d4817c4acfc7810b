//! Pipelines as people and integrations meet them: the board, an item's page, what is refused, what is kept.

#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use axum_test::TestResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdfast::app::Actor;
use holdfast::app::members::Role;
use holdfast::app::methodology::{DraftFrom, Publishing, pack_source};
use holdfast::domain::pack::Overrides;
use serde_json::{Value, json};

use crate::support::html::{attributes, texts};
use crate::support::{Browser, Home, House};

const STEPS: [&str; 5] = ["Requested", "Impact judged", "Reviewed", "Planned", "Told"];

/// The form that takes something back: where it goes, and its fields.
type Undo = (String, Vec<(String, String)>);

/// What a redirect says, whether that is a failure, and how it is taken back.
fn toast(answer: &TestResponse) -> (String, bool, Option<Undo>) {
    assert_eq!(answer.status_code(), 303, "{}", answer.text());
    let cookie = answer.header("set-cookie");
    let value = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).unwrap()).unwrap();
    let undo = serde_json::from_value(json["undo"].clone()).unwrap();
    (json["text"].as_str().unwrap().to_owned(), json["failed"] == json!(true), undo)
}

async fn undo(browser: &Browser, answer: &TestResponse) -> TestResponse {
    let (action, fields) = toast(answer).2.unwrap();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post(&action, &fields).await
}

/// A tenant with an account of Casey's, and Casey's browser.
async fn desk() -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    let browser = house.sign_in("casey@example.com").await;
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let casey = holdfast::db::members::list(&mut tx).await.unwrap()[0].id;
    drop(tx);
    house.app.assign(&home.scope, "a1", Some(casey), &Actor::command_line()).await.unwrap();
    house.work().await;
    (house, home, browser)
}

/// Opens a wish by the form; its page.
async fn opened(browser: &Browser, title: &str, more: &[(&str, &str)]) -> String {
    let mut form = vec![
        ("account", "Account a1"),
        ("pipeline", "feature-request"),
        ("title", title),
        ("why", "40 seats depend on it"),
    ];
    form.retain(|(name, _)| more.iter().all(|(known, _)| known != name));
    form.extend(more);
    let answer = browser.post("/pipelines/items", &form).await;
    assert_eq!(answer.status_code(), 303, "{}", answer.text());
    answer.header("location").to_str().unwrap().to_owned()
}

async fn page(browser: &Browser, path: &str) -> String {
    let answer = browser.get(path).await;
    assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
    answer.text()
}

/// The step the line shows as the one it is at.
async fn step(browser: &Browser, path: &str) -> String {
    texts(&page(browser, path).await, ".steps-line [aria-current] .name").join(", ")
}

async fn send(house: &House, home: &Home, path: &str, body: Value) -> (u16, Value) {
    let path = format!("/api/v1{path}");
    let answer = house.http().post(&path).authorization_bearer(&home.write_key).json(&body).await;
    (answer.status_code().as_u16(), serde_json::from_str(&answer.text()).unwrap_or(Value::Null))
}

async fn api(house: &House, home: &Home, path: &str) -> Value {
    let answer = house.http().get(&format!("/api/v1{path}")).authorization_bearer(&home.read_key).await;
    assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
    answer.json()
}

/// Publishes the pack with some lines changed.
async fn publish(house: &House, home: &Home, change: impl Fn(String) -> String) -> Vec<String> {
    let actor = Actor("Ada".into());
    let source = change(pack_source("techcorp").unwrap());
    let file = DraftFrom::File { source, overrides: Overrides::default() };
    let draft = house.app.create_draft(&home.scope, file, "next", &actor).await.unwrap().stored;
    let plan = house.app.plan_draft(&home.scope, draft.id).await.unwrap();
    let how = Publishing { note: "x", remove_used: true, ..Default::default() };
    house.app.publish(&home.scope, draft.id, draft.revision, &how, &actor).await.unwrap();
    plan.in_use.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_item_goes_its_way_on_the_pages() {
    let (house, home, casey) = desk().await;
    let empty = page(&casey, "/pipelines").await;
    assert_eq!(texts(&empty, ".pipeline-choice a"), ["Feature requests0", "Beta programme0"]);
    assert!(texts(&empty, ".empty h2")[0].contains("No feature request is open"), "{empty}");
    let form = page(&casey, "/pipelines/new?account=a1&pipeline=beta").await;
    assert_eq!(attributes(&form, "#n-pipeline option[selected]", "value"), ["beta"]);
    assert!(form.contains("Account a1"), "{form}");

    let here = opened(&casey, "Dashboards offline", &[("amount", "12,000"), ("currency", "eur")]).await;
    let shown = page(&casey, &here).await;
    assert_eq!(texts(&shown, ".steps-line .name"), STEPS);
    assert!(shown.contains("€12,000") && shown.contains("40 seats depend on it"), "{shown}");
    assert!(texts(&shown, ".dl dd").iter().any(|text| text.contains("casey")), "the account's CSM: {shown}");
    let account = page(&casey, "/accounts/a1").await;
    assert!(texts(&account, "#items li")[0].contains("Dashboards offline"), "{account}");
    let board = page(&casey, "/pipelines").await;
    assert_eq!(texts(&board, ".lane h2"), STEPS);
    assert_eq!(texts(&board, ".lane:first-child .deal .name"), ["Dashboards offline"]);
    assert!(texts(&board, ".lane header p")[0].contains("€12K"), "{board}");

    // Its one check is not ticked: it is refused with what is missing, and stays.
    let refused = casey.post(&format!("{here}/advance"), &[]).await;
    assert_eq!(refused.status_code(), 422);
    assert_eq!(texts(&refused.text(), "#refused li"), ["Recorded with its business justification"]);
    assert_eq!(step(&casey, &here).await, "Requested");
    let check = [("check", "Recorded with its business justification"), ("on", "yes")];
    let ticked = casey.post(&format!("{here}/check"), &check).await;
    assert_eq!(attributes(&page(&casey, &here).await, "button.check", "aria-checked"), ["true"]);
    undo(&casey, &ticked).await;
    assert_eq!(attributes(&page(&casey, &here).await, "button.check", "aria-checked"), ["false"]);
    casey.post(&format!("{here}/check"), &check).await;
    let moved = casey.post(&format!("{here}/advance"), &[]).await;
    assert_eq!(toast(&moved).0, "“Dashboards offline” is at Impact judged now.");
    undo(&casey, &moved).await;
    assert_eq!(step(&casey, &here).await, "Requested");
    casey.post(&format!("{here}/advance"), &[]).await;

    // Forced, with the reason and what was missing kept.
    let force = [("force", "yes"), ("reason", "")];
    assert_eq!(casey.post(&format!("{here}/advance"), &force).await.status_code(), 422, "it needs a reason");
    let force = [("force", "yes"), ("reason", "The roadmap is settled")];
    casey.post(&format!("{here}/advance"), &force).await;
    let history = texts(&page(&casey, &here).await, ".item-history li");
    assert!(
        history[0].contains("Impact judged → Reviewed")
            && history[0].contains("Forced, without: Impact and customer value estimated")
            && history[0].contains("“The roadmap is settled”"),
        "{history:?}"
    );
    // Back needs a reason.
    let back = [("to", "feature-request/customer_request"), ("reason", "")];
    assert_eq!(casey.post(&format!("{here}/move"), &back).await.status_code(), 422);
    let back = [("to", "feature-request/customer_request"), ("reason", "They meant another thing")];
    casey.post(&format!("{here}/move"), &back).await;
    assert_eq!(step(&casey, &here).await, "Requested");

    // Dropped, taken back; and the other way of closing.
    assert_eq!(casey.post(&format!("{here}/close"), &[("won", "no")]).await.status_code(), 422, "why?");
    let dropped =
        casey.post(&format!("{here}/close"), &[("won", "no"), ("reason", "Solved otherwise")]).await;
    assert_eq!(toast(&dropped).0, "“Dashboards offline” is dropped.");
    let closed = page(&casey, "/pipelines?state=closed").await;
    assert!(texts(&closed, "tbody tr")[0].contains("Dropped"), "{closed}");
    assert!(texts(&page(&casey, "/accounts/a1").await, "#items li").is_empty());
    undo(&casey, &dropped).await;
    assert_eq!(texts(&page(&casey, &here).await, ".item-head .chip")[0], "Open");
    let won = [("won", "yes"), ("force", "yes"), ("reason", "Shipped")];
    assert_eq!(toast(&casey.post(&format!("{here}/close"), &won).await).0, "“Dashboards offline” is done.");
    let (text, failed, _) = toast(&casey.post(&format!("{here}/advance"), &[]).await);
    assert!(failed && text.contains("is closed"), "{text}");

    // The journal and the audit log know all of it.
    let journal = api(&house, &home, "/accounts/a1/timeline?group=pipelines&limit=200").await;
    let kinds: Vec<&str> =
        journal["data"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    for kind in ["item_opened", "item_changed", "item_moved", "item_closed", "item_reopened"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let audit = holdfast::db::audit::list(&mut tx, "pipeline.", 0, 50).await.unwrap();
    let actions: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
    for action in ["open", "tick", "untick", "advanced", "back", "lost", "reopened", "won"] {
        assert!(actions.contains(&format!("pipeline.{action}").as_str()), "{action}: {actions:?}");
    }
}

#[tokio::test]
async fn whoever_saves_an_outdated_page_is_told_so() {
    let (house, home, casey) = desk().await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let morgan = house.sign_in("morgan@example.com").await;
    let here = opened(&casey, "Wish", &[]).await;
    let edit = |title: &'static str, revision: &'static str| {
        [
            ("title", title),
            ("why", "Because"),
            ("amount", ""),
            ("currency", ""),
            ("owner", ""),
            ("revision", revision),
        ]
    };
    let saved = casey.post(&here, &edit("A better wish", "1")).await;
    assert_eq!(toast(&saved).0, "“A better wish” is saved.");
    let (text, failed, _) = toast(&morgan.post(&here, &edit("Mine", "1")).await);
    assert!(failed && text.contains("changed in the meantime"), "{text}");
    for verb in ["advance", "close", "move"] {
        let form = [
            ("revision", "1"),
            ("won", "yes"),
            ("to", "beta/recruitment"),
            ("force", "yes"),
            ("reason", "x"),
        ];
        assert!(toast(&morgan.post(&format!("{here}/{verb}"), &form).await).1, "{verb}");
    }
    assert!(page(&casey, &here).await.contains("A better wish"));
    undo(&casey, &saved).await;
    assert_eq!(texts(&page(&casey, &here).await, "h1"), ["Wish"]);
    // Ticking twice is harmless, and a check of another step is none.
    let check = [("check", "Recorded with its business justification"), ("on", "yes")];
    casey.post(&format!("{here}/check"), &check).await;
    assert!(!toast(&morgan.post(&format!("{here}/check"), &check).await).1);
    let other = [("check", "On the roadmap if its impact is high"), ("on", "yes")];
    assert!(toast(&casey.post(&format!("{here}/check"), &other).await).1);
    // htmx is answered the part alone.
    let part = casey.part("/pipelines").await.text();
    assert!(part.contains("lane") && !part.contains("<html"), "{part}");
}

#[tokio::test]
async fn hostile_words_are_kept_as_they_are_or_refused() {
    let (house, home, casey) = desk().await;
    let words = "<script>alert(1)</script> 🚀 نص \u{202e}abc' -- \"";
    let here = opened(&casey, words, &[("why", words)]).await;
    let shown = page(&casey, &here).await;
    assert_eq!(texts(&shown, "h1"), [words]);
    for path in ["/pipelines", "/pipelines?view=list", "/accounts/a1", "/accounts/a1/timeline", "/activity"] {
        let shown = page(&casey, path).await;
        assert!(!shown.contains("<script>alert"), "{path}");
    }
    let long = "x".repeat(4_001);
    for (name, value, wrong) in [
        ("title", "a\0b", "#e-title"),
        ("title", " ", "#e-title"),
        ("title", &long[..301], "#e-title"),
        ("why", "", ".error"),
        ("why", "a\0b", ".error"),
        ("why", &long, ".error"),
        ("account", "nobody", "#e-account"),
        ("account", "a\0", "#e-account"),
        ("pipeline", "no-such", ".error"),
        ("pipeline", "a\0", ".error"),
        ("offer", "no-such", ".error"),
        ("amount", "1e9", ".error"),
        ("amount", "-5", ".error"),
        ("amount", "99999999999999999999", ".error"),
        ("owner", "00000000-0000-0000-0000-000000000001", ".error"),
        ("owner", "x", ".error"),
    ] {
        let mut form = vec![
            ("account", "a1"),
            ("pipeline", "beta"),
            ("title", "t"),
            ("why", "w"),
            ("currency", "USD"),
            (name, value),
        ];
        let at = form.iter().position(|(known, _)| *known == name).unwrap();
        if at + 1 < form.len() {
            form.remove(at);
        }
        let answer = casey.post("/pipelines/items", &form).await;
        assert_eq!(answer.status_code(), 422, "{name} {value:.20?}: {}", answer.text());
        assert!(!texts(&answer.text(), wrong).is_empty(), "{name} {value:.20?}");
    }
    for (verb, form) in [
        ("advance", [("reason", "a\0b"), ("force", "yes")]),
        ("close", [("reason", "a\0b"), ("won", "no")]),
        ("close", [("reason", &long), ("won", "no")]),
        ("move", [("to", "a\0/b"), ("reason", "x")]),
        ("move", [("to", ""), ("reason", "x")]),
    ] {
        let answer = casey.post(&format!("{here}/{verb}"), &form).await;
        assert_eq!(answer.status_code(), 422, "{verb} {}", answer.text());
    }
    for (path, body, status) in [
        ("/pipeline-items", json!({ "account": "a1", "title": "a\0", "why": "w" }), 422),
        ("/pipeline-items", json!({ "account": "nobody", "title": "t", "why": "w" }), 422),
        ("/pipeline-items", json!({ "account": "a1", "title": "t" }), 422),
        ("/pipeline-items", json!({ "account": "a1", "title": "t", "why": "w", "currency": "EURO" }), 422),
        ("/pipeline-items", json!({ "account": "a1", "title": "t", "why": "w", "amount_minor": -1 }), 422),
        ("/pipeline-items", json!({ "account": "a1", "title": "t", "why": "w", "owner_email": "x" }), 422),
        ("/pipeline-items", json!({ "account": "a1", "title": "t", "why": "w", "colour": "red" }), 422),
        ("/pipeline-items/x/advance", json!({}), 404),
    ] {
        let (got, answer) = send(&house, &home, path, body.clone()).await;
        assert!(got == status || (got == 400 && status == 422), "{path} {body}: {got} {answer}");
    }
    assert_eq!(texts(&page(&casey, "/pipelines").await, ".deal").len(), 1, "nothing was opened meanwhile");
}

#[tokio::test]
async fn an_executive_reads_and_a_stranger_does_not() {
    let (house, home, casey) = desk().await;
    let other = house.tenant("other").await;
    house.member(&other, "eve@example.com", Role::Admin).await;
    house.member(&home, "elin@example.com", Role::Executive).await;
    let here = opened(&casey, "Wish", &[]).await;
    let elin = house.sign_in("elin@example.com").await;
    let shown = page(&elin, &here).await;
    assert!(!shown.contains("<button class=\"check\"") && !shown.contains("/advance"), "{shown}");
    assert_eq!(texts(&page(&elin, "/pipelines").await, ".deal .name"), ["Wish"]);
    assert_eq!(elin.get("/pipelines/new").await.status_code(), 403);
    assert_eq!(elin.post("/pipelines/items", &[("title", "x")]).await.status_code(), 403);
    for verb in ["", "/check", "/advance", "/move", "/close", "/reopen"] {
        assert_eq!(elin.post(&format!("{here}{verb}"), &[("won", "yes")]).await.status_code(), 403, "{verb}");
    }
    let eve = house.sign_in("eve@example.com").await;
    assert_eq!(eve.get(&here).await.status_code(), 404);
    assert!(!page(&eve, "/pipelines").await.contains("Wish"));
    assert_eq!(api(&house, &other, "/pipeline-items").await["data"], json!([]));
    assert_eq!(api(&house, &home, "/pipeline-items").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_opportunity_without_steps_is_won_or_lost() {
    let (house, home, casey) = desk().await;
    let here = opened(
        &casey,
        "More seats",
        &[("pipeline", ""), ("offer", "seats"), ("amount", "5000"), ("currency", "USD")],
    )
    .await;
    let shown = page(&casey, &here).await;
    assert!(texts(&shown, ".steps-line").is_empty() && shown.contains("More seats"), "{shown}");
    assert!(texts(&shown, "#work button").contains(&"Won".to_owned()), "{shown}");
    assert!(toast(&casey.post(&format!("{here}/advance"), &[]).await).1, "there is no next step");
    let plain = page(&casey, "/pipelines?pipeline=-").await;
    assert_eq!(texts(&plain, "tbody .name"), ["More seats"]);
    let won = casey.post(&format!("{here}/close"), &[("won", "yes")]).await;
    assert_eq!(toast(&won).0, "“More seats” is won.");
    assert!(page(&casey, &here).await.contains("changes no contract"));
    let listed = api(&house, &home, "/pipeline-items?state=won").await;
    assert_eq!(listed["data"][0]["amount"], json!({ "minor": 500_000, "currency": "USD" }));
    assert_eq!(api(&house, &home, "/pipeline-items?state=open").await["data"], json!([]));
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let (house, home, _) = desk().await;
    for n in 0..5 {
        let body = json!({ "account": "a1", "pipeline": "beta", "title": format!("Wish {n}"), "why": "x" });
        assert_eq!(send(&house, &home, "/pipeline-items", body).await.0, 201);
    }
    let first = api(&house, &home, "/pipeline-items?account=a1&pipeline=beta&limit=3").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest =
        api(&house, &home, &format!("/pipeline-items?account=a1&pipeline=beta&limit=3&cursor={cursor}"))
            .await;
    let titles = |page: &Value| -> Vec<String> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let all: Vec<String> = [titles(&first), titles(&rest)].concat();
    assert_eq!(all, ["Wish 0", "Wish 1", "Wish 2", "Wish 3", "Wish 4"]);
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_step_or_pipeline_that_is_taken_away_loses_nothing() {
    let (house, home, casey) = desk().await;
    let wish = opened(&casey, "Wish", &[]).await;
    let beta = opened(&casey, "Tester", &[("pipeline", "beta")]).await;
    casey
        .post(
            &format!("{wish}/check"),
            &[("check", "Recorded with its business justification"), ("on", "yes")],
        )
        .await;
    casey.post(&format!("{wish}/advance"), &[]).await;
    assert_eq!(step(&casey, &wish).await, "Impact judged");
    // The step is called otherwise, and there is no beta any more.
    let used = publish(&house, &home, |pack| {
        let start = pack.find("- id: beta\n").unwrap();
        let end = start + pack[start..].find("\ntouchpoints:").unwrap();
        let pack = format!("{}{}", &pack[..start], &pack[end..]);
        pack.replace("{id: impact_assessment, name: Impact judged,", "{id: weighed, name: Weighed,")
    })
    .await;
    assert!(used.iter().any(|one| one.starts_with("pipeline \"Beta programme\": 1 account")), "{used:?}");
    assert!(used.iter().any(|one| one.starts_with("step \"Impact judged\": 1 account")), "{used:?}");

    let shown = page(&casey, &wish).await;
    assert_eq!(texts(&shown, ".steps-line .gone .name"), ["Impact judged"]);
    assert!(texts(&shown, ".notice").join(" ").contains("no longer a step of Feature requests"), "{shown}");
    assert!(toast(&casey.post(&format!("{wish}/advance"), &[]).await).1, "there is no next step");
    let board = page(&casey, "/pipelines").await;
    assert_eq!(
        texts(&board, ".lane h2"),
        ["Impact judged", "Requested", "Weighed", "Reviewed", "Planned", "Told"]
    );
    assert!(texts(&board, ".pipeline-choice a").contains(&"Beta programme (gone)1".to_owned()), "{board}");
    assert_eq!(texts(&page(&casey, "/pipelines?pipeline=beta").await, ".deal .name"), ["Tester"]);
    // From there it goes to any step there is; what it did before is kept.
    let moved = casey.post(&format!("{wish}/move"), &[("to", "feature-request/weighed")]).await;
    assert_eq!(moved.status_code(), 303, "{}", moved.text());
    assert_eq!(step(&casey, &wish).await, "Weighed");
    assert_eq!(texts(&page(&casey, &wish).await, ".item-history li").len(), 3);
    let back = [("to", "feature-request/customer_request"), ("reason", "Look again")];
    casey.post(&format!("{wish}/move"), &back).await;
    assert_eq!(
        attributes(&page(&casey, &wish).await, "button.check", "aria-checked"),
        ["true"],
        "still ticked"
    );
    // What was a test stays one, and is closed where it was.
    assert!(page(&casey, &beta).await.contains("no longer in the methodology"));
    let strange = [("to", "feature-request/weighed"), ("reason", "x")];
    assert_eq!(casey.post(&format!("{beta}/move"), &strange).await.status_code(), 422);
    assert_eq!(toast(&casey.post(&format!("{beta}/close"), &[("won", "yes")]).await).0, "“Tester” is done.");
}

#[tokio::test]
async fn an_item_follows_the_accounts_csm() {
    let (house, home, casey) = desk().await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let members = holdfast::db::members::list(&mut tx).await.unwrap();
    drop(tx);
    let id = |email: &str| members.iter().find(|member| member.email == email).unwrap().id;
    let morgan = id("morgan@example.com");
    let own = opened(&casey, "Theirs", &[]).await;
    let kept = opened(&casey, "Casey's", &[("owner", &id("casey@example.com").to_string())]).await;
    house.app.assign(&home.scope, "a1", Some(morgan), &Actor::command_line()).await.unwrap();
    let owner = async |path: &str| texts(&page(&casey, path).await, ".dl .person").join(" ");
    assert!(owner(&own).await.contains("morgan"));
    assert!(owner(&kept).await.contains("casey"));
    assert_eq!(texts(&page(&casey, "/pipelines?whose=me").await, ".deal .name"), ["Casey's"]);
    // Who leaves keeps nothing that is open.
    house.member(&home, "ada@example.com", Role::Admin).await;
    house.app.set_removed(&home.scope, id("casey@example.com"), true, &Actor::command_line()).await.unwrap();
    let ada = house.sign_in("ada@example.com").await;
    assert!(texts(&page(&ada, &kept).await, ".dl .person").join(" ").contains("morgan"));
}
