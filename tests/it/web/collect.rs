//! The tracking endpoints, as SDKs meet them.

#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use holdfast::db;
use serde_json::{Value, json};

use crate::support::{Home, House, basic, track};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// All that is known of a metric of an account: (day, count, users).
async fn days(house: &House, home: &Home, account: &str, metric: &str) -> Vec<(String, i64, i64)> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, account).await.unwrap().unwrap();
    let metric = db::metrics::find(&mut tx, metric).await.unwrap().unwrap();
    let (from, to) = ("2000-01-01".parse().unwrap(), "2100-01-01".parse().unwrap());
    let days = db::metrics::series(&mut tx, id, metric.id, from, to).await.unwrap();
    days.into_iter().map(|d| (d.day.to_string(), d.count, d.users)).collect()
}

async fn home(house: &House) -> Home {
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    home
}

#[tokio::test]
async fn an_event_counts_once_at_once_or_a_week_apart() {
    let house = House::new().await;
    let home = home(&house).await;
    let event = track("m1", "Dashboard Viewed", "u1", "a1", "2027-03-01T11:00:00Z");
    let answer = house.send(&home, &[event.clone(), event.clone()]).await;
    assert_eq!(answer, json!({"success": true, "accepted": 1, "duplicate": 1, "waiting": 0, "rejected": 0}));
    house.set("2027-03-08T12:00:00Z");
    assert_eq!(house.send(&home, &[event]).await["duplicate"], 1);
    assert_eq!(days(&house, &home, "a1", "dashboard_viewed").await, [("2027-03-01".to_owned(), 1, 0)]);
}

#[tokio::test]
async fn one_message_id_counts_once_for_each_tenant() {
    let house = House::new().await;
    let (one, two) = (home(&house).await, house.tenant("other").await);
    house.accounts(&two, &["a1"]).await;
    let event = track("m1", "Dashboard Viewed", "u1", "a1", "2027-03-01T11:00:00Z");
    assert_eq!(house.send(&one, std::slice::from_ref(&event)).await["accepted"], 1);
    assert_eq!(house.send(&two, std::slice::from_ref(&event)).await["accepted"], 1);
    assert_eq!(days(&house, &one, "a1", "dashboard_viewed").await.len(), 1);
    assert_eq!(days(&house, &two, "a1", "dashboard_viewed").await.len(), 1);
}

#[tokio::test]
async fn every_path_takes_its_message_and_answers_exactly_200_with_json() {
    let house = House::new().await;
    let home = home(&house).await;
    let http = house.http();
    let base = json!({"userId": "u1", "groupId": "a1", "event": "E", "name": "N", "previousId": "p",
                      "context": {"groupId": "a1"}});
    for path in ["track", "identify", "group", "page", "screen", "alias", "t", "i", "g", "p", "s", "a"] {
        let answer = http
            .post(&format!("/v1/{path}"))
            .add_header("authorization", basic(&home.write_key))
            .json(&base)
            .await;
        assert_eq!((path, answer.status_code().as_u16()), (path, 200), "{}", answer.text());
        assert_eq!(answer.json::<Value>()["accepted"], 1, "{path}");
    }
    for path in ["batch", "b", "import"] {
        let body =
            json!({"batch": [{"type": "track", "event": "E", "userId": "u1", "context": {"groupId": "a1"}}]});
        let answer = http
            .post(&format!("/v1/{path}"))
            .add_header("authorization", basic(&home.write_key))
            .json(&body)
            .await;
        assert_eq!((path, answer.status_code().as_u16()), (path, 200), "{}", answer.text());
        assert_eq!(answer.json::<Value>()["accepted"], 1, "{path}");
    }
}

#[tokio::test]
async fn keys_come_in_every_way_sdks_send_them() {
    let house = House::new().await;
    let home = home(&house).await;
    let http = house.http();
    let message = json!({"event": "E", "userId": "u1", "context": {"groupId": "a1"}});
    let plain = base64_of(&home.write_key);
    for authorization in
        [basic(&home.write_key), format!("Basic {plain}"), format!("Bearer {}", home.write_key)]
    {
        let answer = http.post("/v1/track").add_header("authorization", authorization).json(&message).await;
        assert_eq!(answer.status_code(), 200, "{}", answer.text());
    }
    let mut with_key = message.clone();
    with_key["writeKey"] = home.write_key.clone().into();
    assert_eq!(http.post("/v1/track").json(&with_key).await.status_code(), 200);
    for (wrong, answer) in [
        ("no key", http.post("/v1/track").json(&message).await),
        (
            "unknown",
            http.post("/v1/track").add_header("authorization", basic("hfw_unknown")).json(&message).await,
        ),
        (
            "read key",
            http.post("/v1/track").add_header("authorization", basic(&home.read_key)).json(&message).await,
        ),
    ] {
        assert_eq!(answer.status_code(), 401, "{wrong}");
        let body: Value = answer.json();
        assert!(body["code"] == "invalid_write_key" && body["message"].is_string(), "{wrong}: {body}");
    }
}

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn bytes_are_parsed_whatever_the_content_type_says() {
    let house = House::new().await;
    let home = home(&house).await;
    let http = house.http();
    let body =
        json!({"batch": [{"type": "track", "event": "E", "userId": "u1", "context": {"groupId": "a1"}}]});
    let text = body.to_string().into_bytes();
    for (content_type, encoding, bytes) in [
        ("text/plain", "", text.clone()),
        ("application/x-www-form-urlencoded", "", text.clone()),
        ("application/json", "gzip", gzip(&text)),
        ("application/x-www-form-urlencoded", "gzip", gzip(&text)),
        ("application/octet-stream", "", gzip(&text)),
    ] {
        let mut request = http
            .post("/v1/batch")
            .add_header("authorization", basic(&home.write_key))
            .bytes(bytes.into())
            .content_type(content_type);
        if !encoding.is_empty() {
            request = request.add_header("content-encoding", encoding);
        }
        let answer = request.await;
        assert_eq!(answer.status_code(), 200, "{content_type} {encoding}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_will_never_be_right_is_a_4xx_with_code_and_message() {
    let house = House::new().await;
    let home = home(&house).await;
    let http = house.http();
    let many = json!({ "batch": vec![json!({"type": "track", "event": "E"}); 2_501] }).to_string();
    let bomb = gzip(&vec![b' '; 100 * 1024 * 1024]);
    assert!(bomb.len() < 1024 * 1024, "the bomb is small before it goes off");
    let plain_large = vec![b' '; 4 * 1024 * 1024 + 1];
    for (path, body, status, code) in [
        ("batch", b"{".to_vec(), 400, "invalid_json"),
        ("batch", b"[]".to_vec(), 400, "not_an_object"),
        ("batch", b"{}".to_vec(), 400, "no_batch"),
        ("batch", many.into_bytes(), 400, "too_many_messages"),
        ("batch", b"\x1f\x8bdamaged".to_vec(), 400, "invalid_gzip"),
        ("batch", bomb, 413, "too_large"),
        ("batch", plain_large, 413, "too_large"),
        ("dance", b"{}".to_vec(), 404, "unknown_endpoint"),
    ] {
        let answer = http
            .post(&format!("/v1/{path}"))
            .add_header("authorization", basic(&home.write_key))
            .bytes(body.into())
            .await;
        let said: Value = answer.json();
        assert_eq!((answer.status_code().as_u16(), said["code"].as_str().unwrap()), (status, code));
        assert!(said["message"].as_str().unwrap().len() > 10, "{said}");
    }
}

#[tokio::test]
async fn a_bad_message_goes_to_quarantine_and_the_rest_of_the_batch_is_kept() {
    let house = House::new().await;
    let home = home(&house).await;
    let batch = [
        track("ok", "Dashboard Viewed", "u1", "a1", "2027-03-01T11:00:00Z"),
        json!({"type": "track", "userId": "u1", "messageId": "unnamed"}),
        track("old", "E", "u1", "a1", "0001-01-01T00:00:00Z"),
        track("new", "E", "u1", "a1", "2031-01-01T00:00:00Z"),
        json!({"type": "track", "event": "nul\u{0}", "userId": "u1"}),
        json!({"type": "track", "event": "E", "properties": {"big": "x".repeat(33 * 1024)}}),
        json!("not an object"),
    ];
    let answer = house.send(&home, &batch).await;
    assert_eq!(answer, json!({"success": true, "accepted": 1, "duplicate": 0, "waiting": 0, "rejected": 6}));
    // Sent again they are the same six messages.
    house.send(&home, &batch).await;
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let mut reasons: Vec<String> =
        db::quarantine::list(&mut tx, None, None, 50).await.unwrap().into_iter().map(|e| e.reason).collect();
    reasons.sort();
    assert_eq!(
        reasons,
        ["bad_timestamp", "bad_timestamp", "no_event_name", "not_an_object", "null_character", "too_large"]
    );
}

#[tokio::test]
async fn a_group_call_ties_a_user_and_sets_traits() {
    let house = House::new().await;
    let home = home(&house).await;
    let group = json!({"type": "group", "userId": "u1", "groupId": "a2", "messageId": "g1",
                       "timestamp": "2027-03-01T10:00:00Z", "traits": {"advancedFeaturePct": 71.5, "unknown": 1}});
    let event = json!({"type": "track", "userId": "u1", "event": "Dashboard Viewed", "messageId": "t1",
                       "timestamp": "2027-03-01T11:00:00Z"});
    // In one batch, and in a later one.
    assert_eq!(house.send(&home, &[group, event]).await["accepted"], 2);
    let later = json!({"type": "track", "userId": "u1", "event": "Dashboard Viewed", "messageId": "t2",
                       "timestamp": "2027-03-01T11:30:00Z"});
    assert_eq!(house.send(&home, &[later]).await["accepted"], 1);
    assert_eq!(days(&house, &home, "a2", "dashboard_viewed").await, [("2027-03-01".to_owned(), 2, 0)]);
    // context.groupId goes before the group joined last.
    let elsewhere = track("t3", "Dashboard Viewed", "u1", "a1", "2027-03-01T11:40:00Z");
    house.send(&home, &[elsewhere]).await;
    assert_eq!(days(&house, &home, "a1", "dashboard_viewed").await.len(), 1);
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let account = db::accounts::id_of(&mut tx, "a2").await.unwrap().unwrap();
    let gauge = db::metrics::find(&mut tx, "advanced_feature_pct").await.unwrap().unwrap();
    let day = "2027-03-01".parse().unwrap();
    let samples = db::metrics::series(&mut tx, account, gauge.id, day, day).await.unwrap();
    assert_eq!(samples[0].value, Some(71.5));
}

#[tokio::test]
async fn an_older_group_call_does_not_take_a_user_back() {
    let house = House::new().await;
    let home = home(&house).await;
    let join = |id: &str, group: &str, time: &str| json!({"type": "group", "userId": "u1", "groupId": group, "messageId": id, "timestamp": time});
    house.send(&home, &[join("g2", "a2", "2027-03-01T11:00:00Z")]).await;
    house.send(&home, &[join("g1", "a1", "2027-03-01T10:00:00Z")]).await;
    let event = json!({"type": "track", "userId": "u1", "event": "Dashboard Viewed", "messageId": "t1"});
    house.send(&home, &[event]).await;
    assert_eq!(days(&house, &home, "a2", "dashboard_viewed").await.len(), 1);
    assert_eq!(days(&house, &home, "a1", "dashboard_viewed").await.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_tied_waits_and_is_counted_once_when_its_account_appears() {
    let house = House::new().await;
    let home = home(&house).await;
    let batch = [
        track("w1", "Dashboard Viewed", "u9", "late", "2027-02-27T11:00:00Z"),
        json!({"type": "track", "userId": "u8", "event": "Dashboard Viewed", "messageId": "w2",
               "timestamp": "2027-02-28T11:00:00Z"}),
        json!({"type": "group", "userId": "u8", "groupId": "late", "messageId": "w3",
               "timestamp": "2027-02-28T12:00:00Z"}),
    ];
    assert_eq!(house.send(&home, &batch).await["waiting"], 3);
    assert_eq!(
        house.send(&home, &batch).await,
        json!(
        {"success": true, "accepted": 0, "duplicate": 3, "waiting": 0, "rejected": 0})
    );
    house.accounts(&home, &["late"]).await;
    house.work().await;
    let counted = [("2027-02-27".to_owned(), 1, 0), ("2027-02-28".to_owned(), 1, 0)];
    assert_eq!(days(&house, &home, "late", "dashboard_viewed").await, counted);
    // Replaying and sending again change nothing.
    holdfast::ingest::replay::replay(&house.app.db, &house.clock, &home.scope).await.unwrap();
    assert_eq!(house.send(&home, &batch).await["duplicate"], 3);
    assert_eq!(days(&house, &home, "late", "dashboard_viewed").await, counted);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_set_right_by_sent_at() {
    let house = House::new().await;
    let home = home(&house).await;
    // The sender lives a day behind: it is 2027-03-01 12:00 here when it says 2027-02-28 12:00.
    let body = json!({"sentAt": "2027-02-28T12:00:00Z", "batch": [
        {"type": "track", "event": "Dashboard Viewed", "userId": "u", "messageId": "s1",
         "timestamp": "2027-02-28T11:00:00Z", "context": {"groupId": "a1"}}]});
    let http = house.http();
    http.post("/v1/batch")
        .add_header("authorization", basic(&home.write_key))
        .json(&body)
        .await
        .assert_status_ok();
    assert_eq!(days(&house, &home, "a1", "dashboard_viewed").await, [("2027-03-01".to_owned(), 1, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn roll_ups_are_exact_under_concurrency_duplicates_and_late_events() {
    let house = House::new().await;
    let home = home(&house).await;
    let mut sent = Vec::new();
    for n in 0..400 {
        let (account, user, day) = (["a1", "a2"][n % 2], format!("u{}", n % 7), 20 + n % 9);
        sent.push(track(
            &format!("m{n}"),
            "Dashboard Viewed",
            &user,
            account,
            &format!("2027-02-{day}T11:00:00Z"),
        ));
    }
    // Eight senders with overlapping batches in different orders: every message four times in all.
    let mut tasks = Vec::new();
    for sender in 0..8_usize {
        let mut share: Vec<Value> =
            sent.iter().skip(sender % 2 * 100).chain(sent.iter().take(100)).cloned().collect();
        if sender % 3 == 0 {
            share.reverse();
        }
        let (web, key, scope) = (house.web.clone(), home.write_key.clone(), home.scope.clone());
        tasks.push(tokio::spawn(async move {
            use holdfast::ingest::wire::{Endpoint, parse};
            let holder = web.app.key_holder(&key).await.unwrap().unwrap();
            for chunk in share.chunks(50) {
                let body = json!({ "batch": chunk }).to_string();
                let envelope = parse(body.as_bytes(), Endpoint::Batch).unwrap();
                let now = web.app.clock.now();
                let submission = holdfast::ingest::Submission::read(&envelope, holder.key_id, now);
                web.ingest.submit(&scope, submission).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for (account, parity) in [("a1", 0), ("a2", 1)] {
        let mut expected =
            std::collections::BTreeMap::<String, (i64, std::collections::BTreeSet<usize>)>::new();
        for n in (0..400).filter(|n| n % 2 == parity) {
            let day = expected.entry(format!("2027-02-{}", 20 + n % 9)).or_default();
            day.0 += 1;
            day.1.insert(n % 7);
        }
        let counted: Vec<_> = expected.iter().map(|(day, (count, _))| (day.clone(), *count, 0)).collect();
        assert_eq!(days(&house, &home, account, "dashboard_viewed").await, counted);
        let users: Vec<_> =
            expected.iter().map(|(day, (_, users))| (day.clone(), 0, users.len() as i64)).collect();
        assert_eq!(days(&house, &home, account, "daily_active_users").await, users);
    }
}

#[tokio::test]
async fn browsers_of_any_site_may_send() {
    let house = House::new().await;
    let home = home(&house).await;
    let answer = house
        .http()
        .post("/v1/t")
        .add_header("origin", "https://app.customer.example")
        .text(json!({"event": "E", "userId": "u", "writeKey": home.write_key}).to_string())
        .await;
    assert_eq!(answer.status_code(), 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}
