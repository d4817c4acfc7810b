//! The methodology over REST.

use axum_test::TestResponse;
use holdfast::app::Actor;
use holdfast::app::keys::KeyScope;
use holdfast::app::methodology::pack_source;
use serde_json::{Value, json};

use crate::support::{Home, House};

const DRAFTS: &str = "/api/v1/methodology/drafts";

struct Api<'h> {
    house: &'h House,
    key: String,
}

impl<'h> Api<'h> {
    async fn managing(house: &'h House, home: &Home) -> Self {
        let actor = Actor::command_line();
        let key = house.app.create_key(&home.scope, "pipeline", KeyScope::Manage, &actor).await.unwrap();
        assert!(key.starts_with("hfm_"));
        Api { house, key }
    }

    async fn get(&self, path: &str) -> TestResponse {
        self.house.http().get(path).authorization_bearer(&self.key).await
    }

    async fn post(&self, path: &str, body: &Value) -> TestResponse {
        self.house.http().post(path).authorization_bearer(&self.key).json(body).await
    }

    async fn put(&self, path: &str, body: &Value) -> TestResponse {
        self.house.http().put(path).authorization_bearer(&self.key).json(body).await
    }
}

fn json(answer: &TestResponse, status: u16) -> Value {
    assert_eq!(answer.status_code(), status, "{}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

#[tokio::test]
async fn a_draft_goes_from_its_first_line_to_being_in_force_and_back() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    house.work().await;
    let api = Api::managing(&house, &home).await;
    let in_force = json(&api.get("/api/v1/methodology").await, 200);
    assert_eq!((&in_force["version"], &in_force["pack"]["id"]), (&json!(1), &json!("techcorp")));
    let begun = api.post(DRAFTS, &json!({ "from_version": 1, "title": "Stricter" })).await;
    let location = begun.header("location").to_str().unwrap().to_owned();
    let draft = json(&begun, 201);
    assert_eq!(
        (&draft["revision"], draft["source"].as_str()),
        (&json!(1), pack_source("techcorp").as_deref())
    );

    // Everything that is wrong is said with its place, and nothing is stored.
    let source = draft["source"].as_str().unwrap();
    let broken = source.replace("weight: 0.40", "weight: 0.41");
    let refused = json(&api.put(&location, &json!({ "revision": 1, "source": broken })).await, 422);
    let fault = &refused["errors"][0];
    assert_eq!(fault["field"], "source");
    let line = usize::try_from(fault["line"].as_u64().unwrap()).unwrap();
    assert!(broken.lines().nth(line - 1).unwrap().contains("weight: 0.41"), "{fault}");
    assert!(
        fault["column"].as_u64().unwrap() > 1 && fault["excerpt"].as_str().unwrap().contains('^'),
        "{fault}"
    );
    let wrong = json!({ "revision": 1, "source": source, "parameters": { "DAU_FULL": "many" } });
    assert_eq!(json(&api.put(&location, &wrong).await, 422)["errors"][0]["field"], "pack");
    assert_eq!(json(&api.get(&location).await, 200)["revision"], 1);

    let statement = json!({ "revision": 1, "source": source, "parameters": { "TICKETS_ZERO": 2 } });
    let saved = json(&api.put(&location, &statement).await, 200);
    assert_eq!((&saved["revision"], &saved["parameters"]), (&json!(2), &json!({ "TICKETS_ZERO": "2" })));
    json(&api.put(&location, &statement).await, 409);
    let plan = json(&api.get(&format!("{location}/plan")).await, 200);
    assert_eq!((&plan["over"], &plan["in_use"]), (&json!(1), &json!([])));
    let changed: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|c| c["noun"].as_str().unwrap()).collect();
    assert_eq!(changed, ["parameter", "indicator"]);

    json(&api.get(&format!("{location}/preview")).await, 404);
    let preview = json(&api.post(&format!("{location}/preview"), &json!({ "revision": 2 })).await, 202);
    assert_eq!((&preview["state"], &preview["result"]), (&json!("waiting"), &Value::Null));
    json(&api.get(&format!("{location}/preview.csv")).await, 409);
    house.work().await;
    let preview = json(&api.get(&format!("{location}/preview")).await, 200);
    assert_eq!((&preview["state"], &preview["result"]["all"]["accounts"]), (&json!("done"), &json!(2)));
    assert_eq!(preview["result"]["all"]["arr"], json!({ "amount_minor": 10_000_000, "currency": "USD" }));
    let csv = api.get(&format!("{location}/preview.csv")).await.text();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("external_id,name,segment_before,"), "{csv}");

    let how = json!({ "revision": 2, "over": 1, "note": "Fewer tickets are better." });
    assert_eq!(json(&api.post(&format!("{location}/publish"), &how).await, 200)["version"], 2);
    json(&api.post(&format!("{location}/publish"), &how).await, 409);
    let version = json(&api.get("/api/v1/methodology/versions/2").await, 200);
    assert_eq!(
        (&version["note"], &version["published_by"]),
        (&json!("Fewer tickets are better."), &json!("key pipeline"))
    );
    let file = api.get("/api/v1/methodology/versions/2/file").await;
    assert_eq!(file.text(), source);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"techcorp-v2.yaml\"");
    let diff = json(&api.get("/api/v1/methodology/diff?from=1&to=2").await, 200);
    assert_eq!((&diff["added"], &diff["settings"][0]["after"]), (&json!(0), &json!("TICKETS_ZERO=2")));
    json(&api.get("/api/v1/methodology/diff?from=1&to=later").await, 400);
    let back = api.post("/api/v1/methodology/versions/1/roll-back", &json!({ "over": 2 })).await;
    assert_eq!(json(&back, 200)["version"], 3);
    let versions = json(&api.get("/api/v1/methodology/versions").await, 200);
    assert_eq!(versions["data"].as_array().unwrap().len(), 3);
    let packs = json(&api.get("/api/v1/packs").await, 200);
    assert!(packs["data"].as_array().unwrap().iter().any(|pack| pack["id"] == "techcorp"));
}

#[tokio::test]
async fn only_keys_meant_for_it_publish() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let (read, write) = (
        Api { house: &house, key: home.read_key.clone() },
        Api { house: &house, key: home.write_key.clone() },
    );
    let begun = write.post(DRAFTS, &json!({ "from_pack": "techcorp" })).await;
    let path = begun.header("location").to_str().unwrap().to_owned();
    json(&begun, 201);
    json(&read.post(DRAFTS, &json!({ "from_pack": "techcorp" })).await, 403);
    json(&write.get(&path).await, 403);
    json(&read.get(&path).await, 200);
    for key in [&read, &write] {
        json(&key.post(&format!("{path}/publish"), &json!({ "revision": 1 })).await, 403);
        json(&key.post("/api/v1/methodology/versions/1/roll-back", &json!({})).await, 403);
    }
    // A manage key is for nothing else.
    let manage = Api::managing(&house, &home).await;
    json(&manage.get("/api/v1/accounts").await, 403);
    let discarded = house.http().delete(&path).authorization_bearer(&manage.key).await;
    assert_eq!(discarded.status_code(), 204);
    assert_eq!(json(&manage.get(DRAFTS).await, 200)["data"], json!([]));
    assert_eq!(
        json(&manage.get(&format!("{DRAFTS}?discarded=true")).await, 200)["data"][0]["status"],
        "discarded"
    );
    assert_eq!(manage.post(&format!("{path}/restore"), &json!({})).await.status_code(), 204);
}

#[tokio::test]
async fn files_of_any_size_are_answered_and_what_cannot_be_a_pack_stores_nothing() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let api = Api::managing(&house, &home).await;
    let large = |bytes: usize| json!({ "source": format!("# {}\n{}", "x".repeat(bytes), pack_source("techcorp").unwrap()) });
    json(&api.post(DRAFTS, &large(10 * 1024 * 1024)).await, 413);
    let refused = json(&api.post(DRAFTS, &large(3 * 1024 * 1024)).await, 422);
    assert!(refused["detail"].as_str().unwrap().contains("2 MB at most"), "{refused}");
    json(&api.post(DRAFTS, &large(300 * 1024)).await, 201);
    for (body, field) in [
        (json!({ "source": "a\u{0}b" }), "source"),
        (json!({ "source": "" }), "pack"),
        (json!({ "from_pack": "techcorp", "from_version": 1 }), "source"),
        (
            json!({ "source": pack_source("techcorp"), "parameters": { "DAU_FULL": [1] } }),
            "parameters.DAU_FULL",
        ),
        (
            json!({ "source": pack_source("techcorp"), "parameters": { "SHORT_TIMEFRAME": "7\u{0}d" } }),
            "pack",
        ),
        (json!({ "from_version": 1, "title": "x".repeat(201) }), "title"),
    ] {
        let refused = json(&api.post(DRAFTS, &body).await, 422);
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    json(&api.post(DRAFTS, &json!({ "from_pack": "nope" })).await, 404);
    json(&api.post(DRAFTS, &json!({ "from_version": 7 })).await, 404);
    assert_eq!(json(&api.get(DRAFTS).await, 200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn drafts_and_previews_of_another_tenant_are_not_there() {
    let house = House::new().await;
    let (a, b) = (house.tenant("a").await, house.tenant("b").await);
    let (ours, theirs) = (Api::managing(&house, &a).await, Api::managing(&house, &b).await);
    let begun = theirs.post(DRAFTS, &json!({ "from_version": 1, "title": "Secret plan" })).await;
    let path = begun.header("location").to_str().unwrap().to_owned();
    let source = json(&begun, 201)["source"].clone();
    json(&theirs.post(&format!("{path}/preview"), &json!({ "revision": 1 })).await, 202);
    house.work().await;
    for part in ["", "/plan", "/preview", "/preview.csv"] {
        json(&ours.get(&format!("{path}{part}")).await, 404);
    }
    let id = path.rsplit('/').next().unwrap();
    json(&ours.get(&format!("/api/v1/methodology/diff?from=1&to={id}")).await, 404);
    for (part, body) in [
        ("/preview", json!({ "revision": 1 })),
        ("/publish", json!({ "revision": 1 })),
        ("/restore", json!({})),
    ] {
        json(&ours.post(&format!("{path}{part}"), &body).await, 404);
    }
    json(&ours.put(&path, &json!({ "revision": 1, "source": source })).await, 404);
    assert_eq!(house.http().delete(&path).authorization_bearer(&ours.key).await.status_code(), 404);
    assert_eq!(json(&ours.get(DRAFTS).await, 200)["data"], json!([]));
    assert_eq!(json(&theirs.get(&path).await, 200)["status"], "draft", "nothing was changed");
}
