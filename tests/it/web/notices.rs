//! The bell, the pages of what goes out, and webhooks over REST, as people and integrations meet them.

use std::time::Duration;

use holdfast::app::Actor;
use holdfast::app::keys::KeyScope;
use holdfast::app::members::Role;
use holdfast::db;
use holdfast::db::timeline::Entry;
use holdfast::domain::timeline::Kind;
use holdfast::web::router;
use scraper::{Html, Selector};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::html::texts;
use crate::support::receiver::Receiver;
use crate::support::{Home, House, PASSWORD};

async fn house() -> (House, Home) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    for (name, role) in [("casey", Role::Csm), ("robin", Role::Admin), ("elin", Role::Executive)] {
        house.member(&home, &format!("{name}@example.com"), role).await;
    }
    house.accounts(&home, &["own"]).await;
    house.import(&home, "accounts", "external_id,name,owner_email\nown,Northwind,casey@example.com\n").await;
    house.work().await;
    house.forget_news().await;
    (house, home)
}

/// Something that happened to Casey's account, told of.
async fn happen(house: &House, home: &Home, severity: Option<&'static str>, title: &str) -> Uuid {
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let account = db::accounts::id_of(&mut tx, "own").await.unwrap();
    let entry = Entry::new(Kind::BandChanged, account, house.clock.now(), title);
    let ids = db::timeline::append(&mut tx, &[Entry { severity, ..entry }], house.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    house.work().await;
    ids[0]
}

#[tokio::test]
async fn the_bell_counts_the_list_is_read_and_each_leads_to_its_cause() {
    let (house, home) = house().await;
    let casey = house.sign_in("casey@example.com").await;
    let hidden = |page: &str| texts(page, "#bell .bell-count[hidden]").len();
    assert_eq!(hidden(&casey.get("/notifications").await.text()), 1);
    let first = happen(&house, &home, None, "Green to yellow").await;
    happen(&house, &home, Some("high"), "Yellow to red").await;
    let page = casey.get("/notifications").await.text();
    assert_eq!(texts(&page, "#bell .bell-count"), ["2"]);
    assert_eq!(texts(&page, ".notices .what"), ["Northwind: Yellow to red", "Northwind: Green to yellow"]);

    let opened = casey.get(&format!("/entries/{first}")).await;
    assert_eq!(
        (opened.status_code().as_u16(), opened.header("location").to_str().unwrap()),
        (303, "/accounts/own/health")
    );
    let page = casey.get("/notifications").await.text();
    assert_eq!(texts(&page, ".notices li.read .what"), ["Northwind: Green to yellow"]);
    assert_eq!(texts(&page, "#bell .bell-count"), ["1"]);

    casey.post(&format!("/notifications/{first}/unread"), &[]).await;
    assert_eq!(texts(&casey.get("/").await.text(), "#bell .bell-count"), ["2"], "on every page");
    assert_eq!(casey.post("/notifications/read", &[]).await.status_code(), 303);
    assert_eq!(hidden(&casey.get("/notifications").await.text()), 1);
    // Others were told nothing of it, and an entry of nobody's is not there.
    let robin = house.sign_in("robin@example.com").await;
    assert!(!robin.get("/notifications").await.text().contains("Northwind"));
    assert_eq!(robin.get(&format!("/entries/{}", Uuid::now_v7())).await.status_code(), 404);
}

/// A stream of server-sent events from a real server.
struct Stream {
    response: reqwest::Response,
    read: String,
}

impl Stream {
    /// The next event with this name: its data. None when the stream ends.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(at) = self.read.find("\n\n") {
                let event: String = self.read.drain(..at + 2).collect();
                if event.contains("event: bell") {
                    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                    return Some(serde_json::from_str(data).unwrap());
                }
                continue;
            }
            let waiting = tokio::time::timeout(Duration::from_secs(30), self.response.chunk());
            let chunk = waiting.await.expect("an event within half a minute").unwrap()?;
            self.read += std::str::from_utf8(&chunk).unwrap();
        }
    }
}

#[tokio::test]
async fn the_bell_rings_while_the_page_is_open_and_ends_with_the_session() {
    let (house, home) = house().await;
    let mut web = house.web.clone();
    let mut settings = (*web.settings).clone();
    settings.insecure_cookies = true;
    web.settings = settings.into();
    let live = web.live.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = router::router(web).into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    // TLS is not spoken here, but the client wants to know by whom it would be.
    drop(rustls::crypto::ring::default_provider().install_default());
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let sign_in = http
        .post(format!("{url}/sign-in"))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("email=casey%40example.com&password={}&next=", PASSWORD.replace(' ', "+")))
        .send()
        .await
        .unwrap();
    let cookie = sign_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let open = async |after: &str| {
        let request = http.get(format!("{url}/events{after}")).header("cookie", &cookie);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(
            !response.headers().contains_key("content-encoding"),
            "events are not held back to be packed"
        );
        Stream { response, read: String::new() }
    };
    let mut stream = open("").await;
    let first = stream.next().await.unwrap();
    assert_eq!((&first["unread"], first["grave"].as_array().unwrap().len()), (&json!(0), 0));

    house.set("2027-03-01T12:00:05Z");
    happen(&house, &home, Some("critical"), "Yellow to red").await;
    let rung = stream.next().await.unwrap();
    assert_eq!(rung["unread"], 1);
    assert_eq!(rung["grave"][0]["text"], "Northwind: Yellow to red");
    assert_eq!(rung["grave"][0]["tone"], "tone-critical");
    // A connection that was cut begins where it ended: what was grave in between is not lost, nor shown twice.
    drop(stream);
    house.set("2027-03-01T12:00:10Z");
    happen(&house, &home, Some("high"), "While away").await;
    let after = format!("?after={}", rung["until"].as_str().unwrap());
    let mut stream = open(&after).await;
    let again = stream.next().await.unwrap();
    assert_eq!(again["unread"], 2);
    let texts: Vec<&str> =
        again["grave"].as_array().unwrap().iter().map(|g| g["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Northwind: While away"]);
    // Where such a connection does not hold, the same can be asked for.
    let asked = http.get(format!("{url}/events/latest{after}")).header("cookie", &cookie);
    let asked: Value = serde_json::from_str(&asked.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(asked, again);

    let token = cookie.split('=').nth(1).unwrap();
    house.app.sign_out(token).await.unwrap();
    happen(&house, &home, Some("high"), "Not for those who left").await;
    assert_eq!(stream.next().await, None, "the stream ends with the session");
    let late =
        http.get(format!("{url}/events/latest")).header("cookie", &cookie).header("hx-request", "true");
    assert_eq!(late.send().await.unwrap().status(), 401);
    live.close();
}

#[tokio::test]
async fn everybody_chooses_what_they_are_told() {
    let (house, _) = house().await;
    for who in ["casey@example.com", "elin@example.com"] {
        let browser = house.sign_in(who).await;
        let page = browser.get("/settings/notifications").await.text();
        assert!(page.contains("No mail goes out yet"));
        let form = [
            ("app", "health"),
            ("app", "alerts"),
            ("mail", "alerts"),
            ("min_severity", "critical"),
            ("quiet_from", "20:00"),
            ("quiet_until", "08:00"),
            ("digest_at", "06:15"),
            ("time_zone", "Asia/Kolkata"),
        ];
        assert_eq!(browser.post("/settings/notifications", &form).await.status_code(), 303);
        let page = browser.get("/settings/notifications").await.text();
        let html = Html::parse_document(&page);
        let values = |css: &str| -> Vec<String> {
            let found = Selector::parse(css).unwrap();
            html.select(&found).map(|input| input.attr("value").unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(values("input[name=app][checked]"), ["health", "alerts"]);
        assert_eq!(values("input[name=digest][checked]"), Vec::<String>::new());
        assert_eq!(values("select[name=min_severity] option[selected]"), ["critical"]);
        assert_eq!(values("input[name=digest_at]"), ["06:15"]);
        assert_eq!(values("input[name=time_zone]"), ["Asia/Kolkata"]);
    }
    let casey = house.sign_in("casey@example.com").await;
    for (form, field) in [
        (vec![("quiet_from", "20:00")], "e-until"),
        (vec![("quiet_from", "20:00"), ("quiet_until", "20:00")], "e-until"),
        (vec![("digest_at", "25:00")], "e-digest"),
        (vec![("time_zone", "Middle/Earth")], "e-zone"),
    ] {
        let refused = casey.post("/settings/notifications", &form).await;
        assert_eq!(refused.status_code(), 422, "{form:?}");
        assert_eq!(texts(&refused.text(), &format!("#{field}")).len(), 1, "{form:?}: {}", refused.text());
    }
}

#[tokio::test]
async fn an_admin_sets_up_what_goes_out_and_others_look() {
    let (house, home) = house().await;
    let receiver = Receiver::start().await;
    let robin = house.sign_in("robin@example.com").await;
    let made = robin
        .post(
            "/settings/outgoing/endpoints",
            &[
                ("url", &receiver.url),
                ("description", "Warehouse"),
                ("groups", "health"),
                ("groups", "alerts"),
            ],
        )
        .await;
    assert_eq!(made.status_code(), 200, "{}", made.text());
    let secret = texts(&made.text(), "#new-secret").remove(0);
    assert!(secret.starts_with("whsec_"), "{secret}");
    let path = {
        let html = Html::parse_document(&robin.get("/settings/outgoing").await.text());
        let link = Selector::parse("th a[href^='/settings/outgoing/endpoints/']").unwrap();
        html.select(&link).next().unwrap().attr("href").unwrap().to_owned()
    };
    assert!(!robin.get(&path).await.text().contains(&secret), "it is shown once");
    receiver.answer(&[(500, "<b>broken</b>")]);
    happen(&house, &home, Some("high"), "Yellow to red").await;
    let page = robin.get(&path).await.text();
    assert_eq!(texts(&page, ".messages .chip"), ["Tried again"]);
    assert!(
        page.contains("&lt;b&gt;broken") || page.contains("&#60;b&#62;broken"),
        "what it wrote is shown as text"
    );
    house.set("2027-03-01T12:00:05Z");
    house.work().await;
    assert_eq!(texts(&robin.get(&path).await.text(), ".messages .chip"), ["Delivered"]);
    assert_eq!(robin.post(&format!("{path}/test"), &[]).await.status_code(), 303);
    house.work().await;
    assert_eq!(receiver.got().pop().unwrap().json()["type"], "test");
    // It is paused, removed and brought back.
    let form = [("url", receiver.url.as_str()), ("kinds", "alert_opened, weather")];
    let refused = robin.post(&path, &form).await;
    assert_eq!(refused.status_code(), 422);
    assert_eq!(texts(&refused.text(), "#e-kinds"), ["\"weather\" is no kind of event"]);
    assert_eq!(robin.post(&path, &[("url", receiver.url.as_str())]).await.status_code(), 303);
    assert!(robin.get(&path).await.text().contains("Paused by hand"));
    assert_eq!(robin.post(&format!("{path}/remove"), &[]).await.status_code(), 303);
    assert_eq!(robin.get(&path).await.status_code(), 404);
    assert_eq!(robin.post(&format!("{path}/restore"), &[]).await.status_code(), 303);

    let slack = robin.post("/settings/outgoing/slack", &[("url", "nonsense"), ("groups", "alerts")]).await;
    assert_eq!(slack.status_code(), 422);
    let slack = Receiver::start().await;
    robin.post("/settings/outgoing/slack", &[("url", slack.url.as_str()), ("groups", "health")]).await;
    assert!(!robin.get("/settings/outgoing").await.text().contains(&slack.url), "its URL is a secret");
    robin.post("/settings/outgoing/slack/test", &[]).await;
    house.work().await;
    assert!(slack.got()[0].body.contains("Holdfast reaches this channel"));
    assert_eq!(texts(&robin.get("/settings/outgoing/messages").await.text(), ".messages .chip")[0], "Sent");

    let casey = house.sign_in("casey@example.com").await;
    assert_eq!(casey.get("/settings/outgoing").await.status_code(), 200);
    assert_eq!(casey.get(&path).await.status_code(), 200);
    assert_eq!(casey.get("/settings/outgoing/messages").await.status_code(), 403);
    for path in ["/settings/outgoing/endpoints", "/settings/outgoing/slack", "/settings/outgoing/slack/test"]
    {
        assert_eq!(casey.post(path, &[("url", "https://example.com")]).await.status_code(), 403, "{path}");
    }
}

#[tokio::test]
async fn webhooks_over_rest() {
    let (house, home) = house().await;
    let receiver = Receiver::start().await;
    let actor = Actor::command_line();
    let key = house.app.create_key(&home.scope, "ops", KeyScope::Manage, &actor).await.unwrap();
    let http = house.http();
    let call = async |method: &str, path: &str, body: Value| -> (u16, Value) {
        let request = match method {
            "GET" => http.get(path),
            "DELETE" => http.delete(path),
            "PUT" => http.put(path).json(&body),
            _ if body.is_null() => http.post(path),
            _ => http.post(path).json(&body),
        };
        let answer = request.authorization_bearer(&key).await;
        (answer.status_code().as_u16(), serde_json::from_str(&answer.text()).unwrap_or(Value::Null))
    };
    let statement = json!({"url": receiver.url, "groups": ["health"], "min_severity": "high"});
    let (status, made) = call("POST", "/api/v1/webhooks", statement.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let (_, shown) = call("GET", &path, Value::Null).await;
    assert_eq!((shown.get("secret"), &shown["groups"]), (None, &json!(["health"])));
    happen(&house, &home, Some("critical"), "Yellow to red").await;
    happen(&house, &home, Some("low"), "Not grave enough").await;
    let (_, list) = call("GET", &format!("{path}/deliveries"), Value::Null).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(
        (&list["data"][0]["state"], &list["data"][0]["type"]),
        (&json!("delivered"), &json!("band_changed"))
    );
    let delivery = format!("{path}/deliveries/{}", list["data"][0]["id"].as_str().unwrap());
    let (_, whole) = call("GET", &delivery, Value::Null).await;
    assert_eq!(whole["payload"], receiver.got()[0].body);
    assert_eq!((&whole["log"][0]["status"], &whole["log"][0]["body"]), (&json!(200), &json!("ok")));
    let one = json!({"delivery": list["data"][0]["id"]});
    assert_eq!(call("POST", &format!("{path}/replay"), one).await, (202, json!({"deliveries": 1})));
    assert_eq!(call("POST", &format!("{path}/test"), Value::Null).await.0, 202);
    house.work().await;
    assert_eq!(receiver.got().len(), 3);
    let (_, first) = call("GET", &format!("{path}/deliveries?limit=1"), Value::Null).await;
    let next = format!("{path}/deliveries?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let (_, second) = call("GET", &next, Value::Null).await;
    assert_eq!(
        (&first["data"][0]["type"], &second["data"][0]["type"]),
        (&json!("test"), &json!("band_changed"))
    );
    let (status, rotated) = call("POST", &format!("{path}/secret"), Value::Null).await;
    assert_eq!((status, rotated["secret"] != made["secret"]), (200, true));
    let mut paused = statement;
    paused["enabled"] = json!(false);
    assert_eq!(call("PUT", &path, paused).await.1["paused_why"], "hand");
    assert_eq!(call("POST", &format!("{path}/test"), Value::Null).await.0, 409);
    let wrong = json!({"url": "ftp://example.com", "groups": ["weather"]});
    let (status, problem) = call("POST", "/api/v1/webhooks", wrong).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("groups")), "{problem}");

    // Another company finds none of it, nor does a key of another scope.
    let other = house.tenant("other").await;
    let strange = house.app.create_key(&other.scope, "ops", KeyScope::Manage, &actor).await.unwrap();
    for path in [path.clone(), format!("{path}/deliveries"), delivery] {
        assert_eq!(http.get(&path).authorization_bearer(&strange).await.status_code(), 404, "{path}");
        assert_eq!(http.get(&path).authorization_bearer(&home.read_key).await.status_code(), 403, "{path}");
    }
    for verb in ["replay", "test", "secret"] {
        let path = format!("{path}/{verb}");
        let answer = http.post(&path).authorization_bearer(&strange).json(&json!({})).await;
        assert_eq!(answer.status_code(), 404, "{path}");
    }
    assert_eq!(call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(call("GET", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn templates_are_previewed_for_a_real_account_and_refused_with_unknown_fields() {
    let house = House::new().await;
    let home = house.tenant_on("acme", "mwrasp").await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    house.accounts(&home, &["own"]).await;
    house.import(&home, "accounts", "external_id,name,owner_email\nown,Northwind,casey@example.com\n").await;
    house
        .import(&home, "contacts", "external_id,account,name,email\nc1,own,Ada Byron,ada@example.com\n")
        .await;
    house.work().await;
    let morgan = house.sign_in("morgan@example.com").await;
    let ids = texts(&morgan.get("/settings/templates").await.text(), "table .mono");
    assert_eq!(ids, ["welcome", "kickoff_invite", "training_schedule", "week_1_check", "graduation"]);
    let page = morgan.get("/settings/templates/welcome?account=own").await.text();
    assert_eq!(
        texts(&page, "#preview"),
        ["Hi Ada Byron, good to have you with us. Your contact for everything is casey."]
    );
    let wrong =
        [("name", "Welcome"), ("subject", "Hello"), ("body", "Hi {{contact.name}}\nand {{weather.today}}")];
    let refused = morgan.post("/settings/templates/welcome", &wrong).await;
    assert_eq!(refused.status_code(), 422);
    assert_eq!(texts(&refused.text(), ".error"), ["line 2, column 5: there is no field {{weather.today}}"]);
    assert!(refused.text().contains("weather.today}}</textarea>"), "what was typed stays");
    let new = [
        ("id", "thanks"),
        ("name", "Thanks"),
        ("subject", "Thank you"),
        ("body", "Dear {{contact.first_name}}"),
    ];
    assert_eq!(morgan.post("/settings/templates/new", &new).await.status_code(), 303);
    assert_eq!(morgan.post("/settings/templates/new", &new).await.status_code(), 422, "the id is taken");
    let page = morgan.get("/settings/templates/thanks?account=own").await.text();
    assert_eq!(texts(&page, "#preview"), ["Dear Ada"]);
    let casey = house.sign_in("casey@example.com").await;
    assert_eq!(casey.get("/settings/templates/thanks").await.status_code(), 200);
    assert_eq!(casey.post("/settings/templates/thanks", &new).await.status_code(), 403);
    assert_eq!(morgan.post("/settings/templates/thanks/remove", &[]).await.status_code(), 303);
    assert_eq!(morgan.get("/settings/templates/thanks").await.status_code(), 404);
}
