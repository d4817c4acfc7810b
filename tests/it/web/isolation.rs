//! A stranger's id in the URL: every page, part and API route of tenant A asked for with B's ids is a 404, and
//! nothing of B is changed or told. And within a tenant: who may do what.

use std::fs;

use holdfast::app::keys::KeyScope;
use holdfast::app::members::Role;
use holdfast::db;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Home, House, track};

/// Every route that names a thing of a tenant, by how it is asked for. `{…}` stands for an id of the other tenant.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/accounts/{external_id}"),
    ("GET", "/accounts/{external_id}/health"),
    ("GET", "/accounts/{external_id}/usage"),
    ("GET", "/accounts/{external_id}/people"),
    ("GET", "/accounts/{external_id}/contracts"),
    ("GET", "/accounts/{external_id}/support"),
    ("GET", "/accounts/{external_id}/timeline"),
    ("POST", "/accounts/{external_id}/timeline"),
    ("GET", "/accounts/{external_id}/lifecycle"),
    ("POST", "/accounts/{external_id}/lifecycle/hold"),
    ("POST", "/accounts/{external_id}/lifecycle/release"),
    ("POST", "/accounts/{external_id}/lifecycle/tick"),
    ("GET", "/alerts/{id}"),
    ("GET", "/alerts/{id}/panel"),
    ("POST", "/alerts/{id}/close"),
    ("POST", "/alerts/{id}/reopen"),
    ("POST", "/alerts/{id}/snooze"),
    ("POST", "/alerts/{id}/dismiss"),
    ("POST", "/alerts/{id}/assign"),
    ("POST", "/alerts/{id}/play"),
    ("POST", "/alerts/storms/{id}/release"),
    ("POST", "/alerts/storms/{id}/refuse"),
    ("POST", "/timeline/{id}/remove"),
    ("POST", "/timeline/{id}/restore"),
    ("API", "/v1/alerts/{id}"),
    ("API", "/v1/accounts/{external_id}/timeline"),
    ("API", "/v1/accounts/{external_id}/lifecycle"),
    ("WRITE", "/v1/alerts/{id}/close"),
    ("WRITE", "/v1/alerts/{id}/reopen"),
    ("WRITE", "/v1/alerts/{id}/snooze"),
    ("WRITE", "/v1/alerts/{id}/dismiss"),
    ("WRITE", "/v1/alerts/{id}/assign"),
    ("WRITE", "/v1/accounts/{external_id}/timeline"),
    ("WRITE", "/v1/accounts/{external_id}/lifecycle/criteria"),
    ("POST", "/accounts/{external_id}/owner"),
    ("POST", "/accounts/{external_id}/segment"),
    ("POST", "/accounts/{external_id}/roles"),
    ("GET", "/playbooks/{id}"),
    ("POST", "/playbooks/{id}/start"),
    ("GET", "/plays/{id}"),
    ("POST", "/plays/{id}/pause"),
    ("POST", "/plays/{id}/resume"),
    ("POST", "/plays/{id}/stop"),
    ("POST", "/plays/{id}/replan"),
    ("GET", "/pipelines/items/{id}"),
    ("POST", "/pipelines/items/{id}"),
    ("POST", "/pipelines/items/{id}/check"),
    ("POST", "/pipelines/items/{id}/advance"),
    ("POST", "/pipelines/items/{id}/move"),
    ("POST", "/pipelines/items/{id}/close"),
    ("POST", "/pipelines/items/{id}/reopen"),
    ("API", "/v1/pipeline-items/{id}"),
    ("ACT", "/v1/pipeline-items/{id}/check"),
    ("ACT", "/v1/pipeline-items/{id}/advance"),
    ("ACT", "/v1/pipeline-items/{id}/close"),
    ("ACT", "/v1/pipeline-items/{id}/reopen"),
    ("GET", "/tasks/{id}"),
    ("POST", "/tasks/{id}"),
    ("POST", "/tasks/{id}/end"),
    ("POST", "/settings/roles/{role}"),
    ("PUBLIC", "/calendar/{secret}"),
    ("POST", "/accounts/{external_id}/override"),
    ("POST", "/accounts/{external_id}/override/withdraw"),
    ("POST", "/accounts/{external_id}/override/restore"),
    ("GET", "/support/tickets/{id}"),
    ("POST", "/support/tickets/{id}/answer"),
    ("POST", "/support/tickets/{id}/escalate"),
    ("POST", "/support/tickets/{id}/escalate/undo"),
    ("POST", "/support/tickets/{id}/resolve"),
    ("POST", "/support/tickets/{id}/reopen"),
    ("GET", "/renewals/{id}"),
    ("POST", "/renewals/{id}/forecast"),
    ("POST", "/renewals/{id}/outcome"),
    ("POST", "/renewals/{id}/reopen"),
    ("POST", "/settings/members/{id}/role"),
    ("POST", "/settings/members/{id}/remove"),
    ("POST", "/settings/members/{id}/restore"),
    ("POST", "/settings/invitations/{id}/withdraw"),
    ("POST", "/settings/keys/{id}/revoke"),
    ("POST", "/settings/keys/{id}/restore"),
    ("POST", "/settings/quarantine/{id}/dismiss"),
    ("POST", "/settings/quarantine/{id}/reopen"),
    ("GET", "/settings/imports/{id}"),
    ("GET", "/settings/imports/uploads/{id}"),
    ("POST", "/settings/imports/uploads/{id}"),
    ("GET", "/settings/imports/{id}/rejected.csv"),
    ("POST", "/jobs/{id}/cancel"),
    ("POST", "/settings/jobs/{id}/retry"),
    ("POST", "/settings/jobs/{id}/discard"),
    ("POST", "/settings/jobs/{id}/restore"),
    ("MANAGE", "/v1/jobs/{id}"),
    ("GET", "/studio/versions/{version}"),
    ("GET", "/studio/versions/{version}/file.yaml"),
    ("GET", "/studio/versions/{version}/roll-back"),
    ("GET", "/studio/drafts/{id}"),
    ("POST", "/studio/drafts/{id}/model"),
    ("POST", "/studio/drafts/{id}/bands"),
    ("GET", "/studio/drafts/{id}/measures/{key}"),
    ("POST", "/studio/drafts/{id}/measures/{key}"),
    ("POST", "/studio/drafts/{id}/measures/{key}/check"),
    ("GET", "/studio/drafts/{id}/parameters"),
    ("POST", "/studio/drafts/{id}/parameters"),
    ("GET", "/studio/drafts/{id}/contents"),
    ("GET", "/studio/drafts/{id}/file"),
    ("POST", "/studio/drafts/{id}/file"),
    ("GET", "/studio/drafts/{id}/file.yaml"),
    ("POST", "/studio/drafts/{id}/check"),
    ("UPLOAD", "/studio/drafts/{id}/upload"),
    ("GET", "/studio/drafts/{id}/changes"),
    ("GET", "/studio/drafts/{id}/preview"),
    ("POST", "/studio/drafts/{id}/preview"),
    ("GET", "/studio/drafts/{id}/preview.csv"),
    ("GET", "/studio/drafts/{id}/publish"),
    ("POST", "/studio/drafts/{id}/publish"),
    ("POST", "/studio/drafts/{id}/discard"),
    ("POST", "/studio/drafts/{id}/restore"),
    ("GET", "/studio/backtests/{id}"),
    ("GET", "/studio/backtests/{id}/days.csv"),
    ("GET", "/studio/backtests/{id}/deciles.csv"),
    ("POST", "/studio/backtests/{id}/draft"),
    ("POST", "/studio/backtests/{id}/stop"),
    ("POST", "/studio/backtests/{id}/delete"),
    ("POST", "/studio/backtests/{id}/restore"),
    ("API", "/v1/plays/{id}"),
    ("API", "/v1/tasks/{id}"),
    ("API", "/v1/renewals/{id}"),
    ("API", "/v1/backtests/{id}"),
    ("API", "/v1/backtests/{id}/days.csv"),
    ("API", "/v1/accounts/{external_id}"),
    ("API", "/v1/accounts/{external_id}/override"),
    ("API", "/v1/accounts/{external_id}/tickets"),
    ("API", "/v1/tickets/{external_id}"),
    ("ACT", "/v1/tickets/{external_id}/answer"),
    ("ACT", "/v1/tickets/{external_id}/escalate"),
    ("ACT", "/v1/tickets/{external_id}/resolve"),
    ("ACT", "/v1/tickets/{external_id}/reopen"),
    ("API", "/v1/accounts/{external_id}/metrics/{metric}"),
    ("API", "/v1/methodology/drafts/{id}"),
    ("API", "/v1/methodology/drafts/{id}/plan"),
    ("API", "/v1/methodology/drafts/{id}/preview"),
    ("API", "/v1/methodology/drafts/{id}/preview.csv"),
    ("POST", "/notifications/{id}/read"),
    ("POST", "/notifications/{id}/unread"),
    ("GET", "/entries/{id}"),
    ("GET", "/settings/templates/{key}"),
    ("POST", "/settings/templates/{key}"),
    ("POST", "/settings/templates/{key}/remove"),
    ("GET", "/settings/outgoing/endpoints/{id}"),
    ("POST", "/settings/outgoing/endpoints/{id}"),
    ("POST", "/settings/outgoing/endpoints/{id}/secret"),
    ("POST", "/settings/outgoing/endpoints/{id}/test"),
    ("POST", "/settings/outgoing/endpoints/{id}/replay"),
    ("POST", "/settings/outgoing/endpoints/{id}/remove"),
    ("POST", "/settings/outgoing/endpoints/{id}/restore"),
    ("POST", "/settings/outgoing/messages/{id}/retry"),
    ("PUBLIC", "/invitations/{token}"),
];

/// What the other tenant has: one of everything.
struct Strange {
    member: Uuid,
    invitation: Uuid,
    key: Uuid,
    quarantined: Uuid,
    import: Uuid,
    job: Uuid,
    draft: Uuid,
    backtest: Uuid,
    play: Uuid,
    task: Uuid,
    ticket: Uuid,
    item: Uuid,
    alert: Uuid,
    storm: Uuid,
    note: Uuid,
    endpoint: Uuid,
    entry: Uuid,
    message: Uuid,
    renewal: Uuid,
}

async fn strange(house: &House, b: &Home) -> Strange {
    house.member(b, "bob@example.com", Role::Csm).await;
    house.accounts(b, &["secret-account"]).await;
    let soon =
        "external_id,account,start_date,term_months,arr\nsecret-C2,secret-account,2026-04-01,12,9000\n";
    house.import(b, "contracts", soon).await;
    house.work().await;
    house.send(b, &[track("m1", "Dashboard Viewed", "u", "nobody", "2027-03-01T11:00:00Z")]).await;
    let actor = holdfast::app::Actor::command_line();
    house.app.invite(&b.scope, "guest@example.com", Role::Csm, &actor).await.unwrap();
    let from = || holdfast::app::methodology::DraftFrom::Version(1);
    let draft = house.app.create_draft(&b.scope, from(), "secret-account", &actor).await.unwrap().stored.id;
    house.app.start_preview(&b.scope, draft, 1, &actor).await.unwrap();
    let settings = holdfast::app::backtest::usual_settings("2027-03-01".parse().unwrap());
    let version = holdfast::app::backtest::Subject::Version(1);
    let backtest = house.app.start_backtest(&b.scope, &version, &settings, &actor).await.unwrap();
    let target = holdfast::app::plays::Target::Account("secret-account".into());
    let today = "2027-03-01".parse().unwrap();
    let play = house.app.start_play(&b.scope, "business-value", &target, today, &actor).await.unwrap().id;
    let ticket = holdfast::app::tickets::Stated {
        external_id: "secret-account".to_owned(),
        account: Some("secret-account".to_owned()),
        ..Default::default()
    };
    let ticket = house.app.put_ticket(&b.scope, &ticket, &actor).await.unwrap().0.ticket.id;
    let item = holdfast::app::pipelines::NewItem {
        account: "secret-account".to_owned(),
        pipeline: Some("beta".to_owned()),
        written: holdfast::app::pipelines::Written {
            title: "secret-account".to_owned(),
            why: "secret-account".to_owned(),
            ..Default::default()
        },
        ..Default::default()
    };
    let item = house.app.open_item(&b.scope, &item, &actor).await.unwrap().0.id;
    let mut tx = house.app.db.write(&b.scope).await.unwrap();
    let of_play = db::tasks::Filter { play: Some(play), ..Default::default() };
    let task = db::tasks::list(&mut tx, &of_play, 0, 1).await.unwrap().0[0].id;
    let later = house.clock.now() + chrono::Duration::days(1);
    let job = db::jobs::enqueue(&mut tx, "forget", &json!({}), None, later).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    // A second version, which only this tenant has.
    let next = house.app.create_draft(&b.scope, from(), "", &actor).await.unwrap();
    let how = holdfast::app::methodology::Publishing { note: "x", ..Default::default() };
    house.app.publish(&b.scope, next.stored.id, 1, &how, &actor).await.unwrap();
    house.app.put_template(&b.scope, "dau", "secret-account", "secret-account", "x", &actor).await.unwrap();
    let url = "https://secret-account.example/hook".to_owned();
    let wanted = holdfast::app::outgoing::Wanted { url, enabled: false, ..Default::default() };
    let endpoint = house.app.create_endpoint(&b.scope, &wanted, &actor).await.unwrap().endpoint;
    let mut tx = house.app.db.write(&b.scope).await.unwrap();
    let now = house.clock.now();
    let entry =
        db::timeline::Entry::new(holdfast::domain::timeline::Kind::Notice, None, now, "secret-account");
    let entry = db::timeline::append(&mut tx, &[entry], now).await.unwrap()[0];
    let message = db::messages::NewMessage {
        channel: "mail",
        cause: "test",
        subject: "secret-account".to_owned(),
        problem: Some("x".to_owned()),
        ..Default::default()
    };
    let message = db::messages::queue(&mut tx, &[(message, now)], now).await.unwrap()[0];
    tx.commit().await.unwrap();
    let red = holdfast::app::overrides::Wanted {
        set: holdfast::app::overrides::Set::Band("red".to_owned()),
        reason: "secret-account".to_owned(),
        expires_on: None,
        seen: None,
    };
    house.app.set_override(&b.scope, "secret-account", &red, &actor, None).await.unwrap();
    house.app.settle_alerts(&b.scope, true).await.unwrap();
    let note = holdfast::app::timeline::Logged {
        kind: holdfast::domain::timeline::Kind::Note,
        at: None,
        text: "secret-account".to_owned(),
        attendees: Vec::new(),
        external_id: None,
    };
    let note = house.app.log_entry(&b.scope, "secret-account", &note, &actor, None).await.unwrap().0.id;
    let mut tx = house.app.db.write(&b.scope).await.unwrap();
    let today = b.scope.day_of(now);
    db::storms::notice(&mut tx, "red-flag", "secret-account", 5, 5, now, today).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = house.app.db.read(&b.scope).await.unwrap();
    let alerts = db::alerts::list(&mut tx, &db::alerts::Filter::default(), today, 0, 9).await.unwrap();
    Strange {
        alert: alerts[0].id,
        storm: db::storms::list(&mut tx, false).await.unwrap()[0].id,
        note,
        endpoint,
        entry,
        message,
        job,
        draft,
        backtest,
        play,
        task,
        ticket,
        item,
        member: db::members::list(&mut tx).await.unwrap()[0].id,
        invitation: db::members::pending_invitations(&mut tx, house.clock.now()).await.unwrap()[0].id,
        key: db::api_keys::list(&mut tx).await.unwrap()[0].id,
        quarantined: db::quarantine::list(&mut tx, None, None, 1).await.unwrap()[0].id,
        import: db::imports::list(&mut tx, 1).await.unwrap()[0].id,
        renewal: db::renewals::list(&mut tx, &db::renewals::Filter::default(), 1).await.unwrap()[0]
            .renewal
            .id,
    }
}

impl Strange {
    fn fill(&self, route: &str) -> String {
        let id = match route.split('/').nth(2) {
            Some("outgoing") if route.contains("/messages/") => self.message,
            Some("outgoing") => self.endpoint,
            _ if route.starts_with("/notifications/") || route.starts_with("/entries/") => self.entry,
            Some("alerts") => self.alert,
            _ if route.starts_with("/alerts/storms/") => self.storm,
            _ if route.starts_with("/alerts/") => self.alert,
            _ if route.starts_with("/timeline/") => self.note,
            Some("members") => self.member,
            Some("invitations") => self.invitation,
            Some("keys") => self.key,
            _ if route.contains("plays/") => self.play,
            _ if route.contains("tasks/") => self.task,
            _ if route.contains("/items/") || route.contains("/pipeline-items/") => self.item,
            Some("quarantine") => self.quarantined,
            Some("methodology" | "drafts") => self.draft,
            Some("tickets") => self.ticket,
            _ if route.starts_with("/renewals/") || route.starts_with("/v1/renewals/") => self.renewal,
            _ if route.contains("/jobs/") => self.job,
            _ if route.contains("/backtests/") => self.backtest,
            _ => self.import,
        };
        route
            .replace("{external_id}", "secret-account")
            .replace("{metric}", "dashboard_viewed")
            .replace("{version}", "2")
            .replace("{key}", "dau")
            .replace("{role}", "nobody_knows")
            .replace("{id}", &id.to_string())
    }
}

#[test]
fn every_route_with_an_id_is_in_the_table() {
    let source = |path: &str| fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let router = source("src/web/router.rs");
    let mut named: Vec<&str> = router
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|p| p.contains('{'))
        .collect();
    named.retain(|path| !["/static/{*path}", "/v1/{endpoint}"].contains(path));
    assert!(named.len() > 15, "the router was read");
    for path in named {
        assert!(ROUTES.iter().any(|(_, known)| *known == path), "{path} needs a line in ROUTES");
    }
}

#[tokio::test]
async fn what_belongs_to_another_tenant_is_not_found() {
    let house = House::new().await;
    let (a, b) = (house.tenant("a").await, house.tenant("b").await);
    house.member(&a, "ada@example.com", Role::Admin).await;
    let strange = strange(&house, &b).await;
    let browser = house.sign_in("ada@example.com").await;
    let http = house.http();
    let form = [
        ("anchor", "2027-03-01"),
        ("state", "done"),
        ("role", "csm"),
        ("owner", ""),
        ("segment", "smb"),
        ("kind", "accounts"),
    ];
    let actor = holdfast::app::Actor::command_line();
    let manage = house.app.create_key(&a.scope, "ops", KeyScope::Manage, &actor).await.unwrap();
    for &(how, route) in ROUTES {
        let mut path = strange.fill(route);
        if path.contains("/uploads/") {
            path += "?kind=accounts&file=accounts.csv";
        }
        let status = match how {
            "GET" => {
                let part = browser.part(&path).await;
                assert_eq!(part.status_code(), 404, "part of {path}");
                let page = browser.get(&path).await;
                assert!(!page.text().contains("Account secret"), "{path} tells of it");
                page.status_code()
            }
            "POST" => browser.post(&path, &form).await.status_code(),
            "UPLOAD" => browser.upload(&path, &[("revision", "1")], "x.yaml", "x: 1").await.status_code(),
            "API" => {
                let key = format!("Bearer {}", a.read_key);
                http.get(&format!("/api{path}")).add_header("authorization", key).await.status_code()
            }
            "ACT" => {
                let key = format!("Bearer {}", a.write_key);
                let post = http.post(&format!("/api{path}")).add_header("authorization", key);
                post.json(&json!({})).await.status_code()
            }
            "MANAGE" => http.get(&format!("/api{path}")).authorization_bearer(&manage).await.status_code(),
            "WRITE" => {
                let body = match route.rsplit('/').next() {
                    Some("snooze") => json!({ "until": "2027-03-05" }),
                    Some("dismiss") => json!({ "reason": "x" }),
                    Some("assign") => json!({ "owner": null }),
                    Some("timeline") => json!({ "kind": "note", "text": "x" }),
                    Some("criteria") => json!({ "stage": "onboarding", "criterion": "x", "met": true }),
                    _ => json!({}),
                };
                http.post(&format!("/api{path}"))
                    .authorization_bearer(&a.write_key)
                    .json(&body)
                    .await
                    .status_code()
            }
            _ => continue,
        };
        assert_eq!(status, 404, "{how} {path}");
    }
    let mut tx = house.app.db.read(&b.scope).await.unwrap();
    let members = db::members::list(&mut tx).await.unwrap();
    assert!(members.iter().any(|m| m.id == strange.member && m.role == "csm"), "nothing of B was changed");
    assert!(db::api_keys::list(&mut tx).await.unwrap().iter().all(|key| key.revoked_at.is_none()));
    assert_eq!(db::quarantine::list(&mut tx, None, None, 5).await.unwrap()[0].state, "waiting");
}

#[tokio::test]
async fn lists_searches_and_sums_hold_nothing_of_another_tenant() {
    let house = House::new().await;
    let (a, b) = (house.tenant("a").await, house.tenant("b").await);
    house.member(&a, "ada@example.com", Role::Admin).await;
    strange(&house, &b).await;
    house.accounts(&a, &["own-account"]).await;
    house.work().await;
    let browser = house.sign_in("ada@example.com").await;
    for path in [
        "/",
        "/accounts",
        "/renewals",
        "/portfolio",
        "/portfolio/overrides",
        "/portfolio/retention",
        "/portfolio/retention.csv",
        "/renewals.csv?window=all",
        "/renewals/board",
        "/renewals/forecast",
        "/renewals/timeline",
        "/search?q=account",
        "/settings/members",
        "/settings/keys",
        "/settings/sources",
        "/settings/quarantine",
        "/settings/imports",
        "/settings/metrics",
        "/settings/jobs",
        "/settings/audit",
        "/notifications",
        "/settings/notifications",
        "/settings/outgoing",
        "/settings/outgoing/messages",
        "/settings/templates",
        "/studio",
        "/support?status=all",
        "/settings/rates",
        "/studio/backtests",
        "/playbooks",
        "/pipelines?pipeline=beta",
        "/pipelines?pipeline=beta&view=list",
        "/pipelines/new",
        "/tasks?who=team",
        "/tasks?who=team&view=calendar",
        "/team",
        "/settings/roles",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status_code(), 200, "{path}");
        let text = page.text();
        assert!(!text.contains("secret-account") && !text.contains("bob@example.com"), "{path}");
    }
    assert!(browser.get("/accounts").await.text().contains("own-account"));
    for (path, own) in [
        ("/api/v1/accounts", 1),
        ("/api/v1/renewals", 1),
        ("/api/v1/quarantine", 0),
        ("/api/v1/backtests", 0),
        ("/api/v1/plays", 0),
        ("/api/v1/pipeline-items", 0),
        ("/api/v1/alerts?state=any", 0),
        ("/api/v1/storms", 0),
        ("/api/v1/tickets", 0),
    ] {
        let key = format!("Bearer {}", a.read_key);
        let answer: Value = house.http().get(path).add_header("authorization", key).await.json();
        assert_eq!(answer["data"].as_array().map(Vec::len), Some(own), "{path}: {answer}");
    }
    // The same external id is another account.
    let put = house
        .http()
        .put("/api/v1/accounts/secret-account")
        .add_header("authorization", format!("Bearer {}", a.write_key))
        .json(&json!({"name": "Ours"}))
        .await;
    assert_eq!(put.status_code(), 201, "{}", put.text());
    let mut tx = house.app.db.read(&b.scope).await.unwrap();
    assert_eq!(
        db::accounts::find(&mut tx, "secret-account").await.unwrap().unwrap().name,
        "Account secret-account"
    );
}

#[tokio::test]
async fn an_executive_reads_everything_and_changes_nothing() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    house.work().await;
    house.member(&home, "elin@example.com", Role::Executive).await;
    let browser = house.sign_in("elin@example.com").await;
    for path in [
        "/",
        "/accounts",
        "/accounts/a1",
        "/accounts/a1/health",
        "/accounts/a1/timeline",
        "/accounts/a1/lifecycle",
        "/alerts",
        "/activity",
        "/settings/rules",
        "/renewals",
        "/portfolio",
        "/portfolio/overrides",
        "/portfolio/retention",
        "/renewals/board",
        "/settings/members",
        "/support",
        "/notifications",
        "/settings/notifications",
        "/settings/outgoing",
        "/settings/templates",
        "/studio/backtests",
        "/playbooks",
        "/pipelines",
        "/playbooks/business-value?account=a1",
        "/tasks",
        "/team",
        "/settings/roles",
    ] {
        assert_eq!(browser.get(path).await.status_code(), 200, "{path}");
    }
    for (path, form) in [
        ("/accounts/a1/segment", [("segment", "smb")]),
        ("/accounts/a1/owner", [("owner", "")]),
        ("/renewals/00000000-0000-0000-0000-000000000000/forecast", [("category", "commit")]),
        ("/renewals/00000000-0000-0000-0000-000000000000/outcome", [("churned", "yes")]),
        ("/renewals/00000000-0000-0000-0000-000000000000/reopen", [("x", "")]),
        ("/accounts/a1/override", [("band", "green")]),
        ("/accounts/a1/override/withdraw", [("override", "")]),
        ("/accounts/a1/override/restore", [("override", "")]),
        ("/settings/members", [("email", "x@example.com")]),
        ("/settings/keys", [("name", "x")]),
        ("/settings/quarantine/replay", [("state", "")]),
        ("/settings/metrics", [("name", "x")]),
        ("/settings/rates", [("currency", "EUR")]),
        ("/settings/rules", [("percent", "10")]),
        ("/alerts/close", [("id", "")]),
        ("/accounts/a1/timeline", [("text", "x")]),
        ("/accounts/a1/lifecycle/hold", [("stage", "ongoing")]),
        ("/accounts/a1/lifecycle/release", [("stage", "")]),
        ("/accounts/a1/lifecycle/tick", [("stage", "ongoing")]),
        ("/settings/outgoing/endpoints", [("url", "https://example.com/")]),
        ("/settings/outgoing/slack", [("url", "https://example.com/")]),
        ("/settings/templates/welcome", [("subject", "x")]),
        ("/settings/jobs/retry", [("kind", "score_all")]),
        ("/studio/backtests", [("subject", "version:1")]),
        ("/pipelines/items", [("title", "x")]),
        ("/pipelines/items/018f3c5e-0000-7000-8000-000000000000/advance", [("force", "yes")]),
        ("/tasks", [("title", "x")]),
        ("/tasks/bulk", [("do", "done")]),
        ("/tasks/undo", [("verb", "reopen")]),
        ("/playbooks/business-value/start", [("account", "a1")]),
        ("/accounts/a1/roles", [("role", "csm")]),
        ("/settings/roles/csm", [("holder", "nobody")]),
        ("/support/tickets/018f3c5e-0000-7000-8000-000000000000/resolve", [("at", "")]),
    ] {
        let answer = browser.post(path, &form).await;
        assert_eq!(answer.status_code(), 403, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn pages_send_visitors_to_sign_in_and_back() {
    let house = House::new().await;
    let http = house.http();
    let answer = http.get("/accounts?band=red").await;
    assert_eq!(answer.status_code(), 303);
    assert_eq!(answer.header("location"), "/sign-in?next=%2Faccounts%3Fband%3Dred");
    assert_eq!(http.get("/api/v1/accounts").await.status_code(), 401);
}
