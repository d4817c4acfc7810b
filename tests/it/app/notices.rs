//! What happened is told once, to those whom it concerns, by the ways they chose; and what goes out is tried until it is
//! taken or has failed for good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use holdfast::app::members::Role;
use holdfast::app::outgoing::{PAUSE_AFTER_DAYS, RETRIES, Wanted};
use holdfast::app::{Actor, App, Error};
use holdfast::db::messages::{Message, SlackHook};
use holdfast::db::timeline::Entry;
use holdfast::db::webhooks::Delivery;
use holdfast::db::{self, TenantScope};
use holdfast::domain::notice::{Preferences, Severity};
use holdfast::domain::timeline::{Group, Kind};
use serde_json::json;
use uuid::Uuid;

use crate::support::html::texts;
use crate::support::receiver::Receiver;
use crate::support::smtp::Smtp;
use crate::support::{Home, House, at};

/// A company with an account of Casey's, one of nobody's, and a member of each role.
async fn house() -> (House, Home) {
    let house = House::new().await;
    furnish(house).await
}

async fn furnish(house: House) -> (House, Home) {
    let home = house.tenant("acme").await;
    for (name, role) in
        [("casey", Role::Csm), ("morgan", Role::Manager), ("robin", Role::Admin), ("elin", Role::Executive)]
    {
        house.member(&home, &format!("{name}@example.com"), role).await;
    }
    house.accounts(&home, &["own", "free"]).await;
    house.import(&home, "accounts", "external_id,name,owner_email\nown,Northwind,casey@example.com\n").await;
    house.work().await;
    house.forget_news().await;
    (house, home)
}

async fn account(house: &House, home: &Home, id: &str) -> Uuid {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::accounts::id_of(&mut tx, id).await.unwrap().unwrap()
}

async fn member(house: &House, home: &Home, name: &str) -> Uuid {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let email = format!("{name}@example.com");
    db::members::id_of_email(&mut tx, &email).await.unwrap().unwrap()
}

async fn enter(house: &House, home: &Home, entries: &[Entry]) -> Vec<Uuid> {
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let ids = db::timeline::append(&mut tx, entries, house.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    ids
}

/// An alert on Casey's account.
async fn alert(house: &House, home: &Home, severity: &'static str, title: &str) -> Entry {
    let account = account(house, home, "own").await;
    let entry = Entry::new(Kind::AlertOpened, Some(account), house.clock.now(), title);
    Entry { severity: Some(severity), body: "300 to 210 in 30 days".into(), ..entry }
}

/// What stands under each one's bell: who, and what.
async fn bells(house: &House, home: &Home) -> Vec<(String, String)> {
    let mut behind = house.behind().await;
    let told: Vec<(String, String)> = sqlx::query_as(
        "SELECT u.name, t.title FROM notifications n JOIN members m ON m.id = n.member_id JOIN users u ON u.id = m.user_id
         JOIN timeline t ON t.id = n.entry_id WHERE n.tenant_id = $1 AND n.shown ORDER BY t.title, u.name",
    )
    .bind(home.scope.tenant_id())
    .fetch_all(&mut behind)
    .await
    .unwrap();
    told
}

async fn messages(house: &House, home: &Home) -> Vec<Message> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let mut all = db::messages::list(&mut tx, None, 0, 100).await.unwrap();
    all.reverse();
    all
}

async fn set(house: &House, home: &Home, name: &str, preferences: &Preferences) {
    let member = member(house, home, name).await;
    let actor = Actor(name.to_owned());
    house.app.set_preferences(&home.scope, member, preferences, &actor).await.unwrap();
}

fn pair(who: &str, what: &str) -> (String, String) {
    (who.to_owned(), what.to_owned())
}

#[tokio::test]
async fn those_whom_it_concerns_are_told_and_never_who_did_it() {
    let (house, home) = house().await;
    let (own, free) = (account(&house, &home, "own").await, account(&house, &home, "free").await);
    let elin = member(&house, &home, "elin").await;
    let now = house.clock.now();
    let entry = |account, title: &str| Entry::new(Kind::AlertOpened, account, now, title);
    enter(
        &house,
        &home,
        &[
            entry(Some(own), "a: the owner"),
            Entry { actor: "casey".into(), ..entry(Some(own), "b: not who did it") },
            Entry { member: Some(elin), ..entry(Some(own), "c: whom it concerns first") },
            Entry { data: json!({"roles": ["executive", "csm"]}), ..entry(Some(own), "d: roles too") },
            Entry { severity: Some("critical"), ..entry(Some(free), "e: grave and nobody's") },
            Entry { severity: Some("low"), ..entry(Some(free), "f: nobody's") },
            entry(None, "g: the company's"),
        ],
    )
    .await;
    house.work().await;
    let want = [
        pair("casey", "a: the owner"),
        pair("elin", "c: whom it concerns first"),
        pair("casey", "d: roles too"),
        pair("elin", "d: roles too"),
        pair("morgan", "e: grave and nobody's"),
        pair("morgan", "g: the company's"),
    ];
    assert_eq!(bells(&house, &home).await, want);

    // Whoever left is told nothing; what was theirs goes to the managers when it is grave.
    let casey = member(&house, &home, "casey").await;
    house.app.set_removed(&home.scope, casey, true, &Actor::command_line()).await.unwrap();
    let grave = Entry { severity: Some("high"), ..entry(Some(own), "h: of one who left") };
    enter(&house, &home, &[grave]).await;
    house.work().await;
    assert_eq!(bells(&house, &home).await.last().unwrap(), &pair("morgan", "h: of one who left"));
}

#[tokio::test]
async fn roles_of_the_methodology_are_told_by_who_plays_them() {
    let (house, home) = house().await;
    let (own, elin) = (account(&house, &home, "own").await, member(&house, &home, "elin").await);
    let mut behind = house.behind().await;
    for (role, follows, member) in [("sponsor", "member", Some(elin)), ("keeper", "owner", None)] {
        sqlx::query(
            "INSERT INTO roles (tenant_id, role, name, follows, member_id) VALUES ($1, $2, $2, $3, $4)
             ON CONFLICT (tenant_id, role) DO UPDATE SET follows = excluded.follows, member_id = excluded.member_id",
        )
        .bind(home.scope.tenant_id())
        .bind(role)
        .bind(follows)
        .bind(member)
        .execute(&mut behind)
        .await
        .unwrap();
    }
    let entry = |title: &str, roles: &[&str]| Entry {
        member: Some(elin),
        actor: "elin".into(),
        data: json!({ "roles": roles }),
        ..Entry::new(Kind::AlertEscalated, Some(own), house.clock.now(), title)
    };
    let by_robin = Entry { actor: "robin".into(), ..entry("b", &["sponsor", "nobody-plays-this"]) };
    enter(&house, &home, &[entry("a", &["keeper"]), by_robin]).await;
    house.work().await;
    assert_eq!(bells(&house, &home).await, [pair("casey", "a"), pair("elin", "b")]);
}

#[tokio::test]
async fn two_processes_tell_of_everything_once() {
    let (house, home) = house().await;
    let account = account(&house, &home, "own").await;
    let receiver = Receiver::start().await;
    let actor = Actor::command_line();
    let wanted = Wanted { url: receiver.url.clone(), enabled: true, ..Wanted::default() };
    house.app.create_endpoint(&home.scope, &wanted, &actor).await.unwrap();
    let now = house.clock.now();
    let entries: Vec<Entry> = (0..600)
        .map(|n| Entry {
            severity: Some("critical"),
            ..Entry::new(Kind::AlertOpened, Some(account), now, format!("{n}"))
        })
        .collect();
    enter(&house, &home, &entries).await;
    let other = house.replica().await;
    async fn all(app: &App, scope: &TenantScope) {
        while app.tell_news(scope).await.unwrap() > 0 {}
    }
    tokio::join!(all(&house.app, &home.scope), all(&other, &home.scope), all(&house.app, &home.scope));
    // Rows another process held while this one looked are told of by now, or are told of here.
    all(&house.app, &home.scope).await;
    assert_eq!(bells(&house, &home).await.len(), 600);
    let mut behind = house.behind().await;
    let counts: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM webhook_deliveries),
                (SELECT count(*) FROM timeline WHERE told_at IS NULL)",
    )
    .fetch_one(&mut behind)
    .await
    .unwrap();
    assert_eq!(counts, (600, 600, 0), "mails, deliveries, untold");

    async fn send(app: &App) {
        while app.send_due().await.unwrap() > 0 {}
    }
    tokio::join!(send(&house.app), send(&other));
    send(&house.app).await;
    let ids: std::collections::BTreeSet<String> =
        receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert_eq!((receiver.got().len(), ids.len()), (600, 600), "each was delivered once");
}

#[tokio::test]
async fn old_history_is_no_news() {
    let (house, home) = house().await;
    let account = account(&house, &home, "own").await;
    let old = house.clock.now() - Duration::days(2) - Duration::seconds(1);
    enter(
        &house,
        &home,
        &[
            Entry::new(Kind::BandChanged, Some(account), old, "long ago"),
            Entry::new(Kind::BandChanged, Some(account), house.clock.now() - Duration::days(1), "yesterday"),
        ],
    )
    .await;
    house.work().await;
    assert_eq!(bells(&house, &home).await, [pair("casey", "yesterday")]);
}

#[tokio::test]
async fn the_bell_rings_for_what_asks_for_somebody_and_not_for_each_step() {
    let (house, home) = house().await;
    let (account, now) = (account(&house, &home, "own").await, house.clock.now());
    let of = |kind, title: &str| Entry::new(kind, Some(account), now, title);
    let entries =
        [of(Kind::StageEntered, "a step"), of(Kind::RenewalOpened, "a renewal"), of(Kind::TaskDone, "done")];
    enter(&house, &home, &entries).await;
    house.work().await;
    assert_eq!(bells(&house, &home).await, [pair("casey", "a renewal")]);
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let (of, until) = (member(&house, &home, "casey").await, now + chrono::Duration::hours(1));
    let told =
        db::notices::for_digest(&mut tx, of, now - chrono::Duration::hours(1), until, 10).await.unwrap();
    assert_eq!(told.len(), 3, "the digest tells of all");
}

/// The deliveries of an endpoint, oldest first.
async fn deliveries(house: &House, home: &Home, endpoint: Uuid) -> Vec<Delivery> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let mut all = db::webhooks::deliveries(&mut tx, endpoint, None, None, 100).await.unwrap();
    all.reverse();
    all
}

async fn endpoint(house: &House, home: &Home, receiver: &Receiver) -> (Uuid, String) {
    let wanted = Wanted {
        url: receiver.url.clone(),
        groups: vec!["alerts".into()],
        kinds: vec!["stage_entered".into()],
        enabled: true,
        ..Wanted::default()
    };
    let made = house.app.create_endpoint(&home.scope, &wanted, &Actor::command_line()).await.unwrap();
    (made.endpoint, made.secret)
}

/// As a receiver checks it, by the library of the specification. It takes only what was sent within five minutes by the
/// real clock, so what is checked is signed again with today's time: same key, same way.
fn verify(secret: &str, got: &crate::support::receiver::Got) {
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    let time: i64 = got.header("webhook-timestamp").parse().unwrap();
    let signed = webhook.sign(got.header("webhook-id"), time, got.body.as_bytes()).unwrap();
    assert!(got.header("webhook-signature").split(' ').any(|one| one == signed), "{signed}");
}

#[tokio::test]
async fn a_critical_alert_is_one_signed_delivery() {
    let (house, home) = house().await;
    let receiver = Receiver::start().await;
    let (id, secret) = endpoint(&house, &home, &receiver).await;
    let account = account(&house, &home, "own").await;
    let now = house.clock.now();
    enter(
        &house,
        &home,
        &[
            alert(&house, &home, "critical", "Logins fell by a third").await,
            Entry::new(Kind::StageEntered, Some(account), now, "a kind of its own"),
            Entry::new(Kind::Note, Some(account), now, "not wanted"),
        ],
    )
    .await;
    house.work().await;
    let got = receiver.got();
    let mut kinds: Vec<_> = got.iter().map(|got| got.json()["type"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["alert_opened", "stage_entered"]);
    got.iter().for_each(|got| verify(&secret, got));
    let got = got.iter().find(|got| got.json()["type"] == "alert_opened").unwrap();
    let body = got.json();
    assert_eq!(body["timestamp"], "2027-03-01T12:00:00Z");
    assert_eq!(body["data"]["account"], json!({"external_id": "own", "name": "Northwind"}));
    assert_eq!(body["data"]["severity"], "critical");
    assert_eq!(body["data"]["title"], "Logins fell by a third");
    let stored = deliveries(&house, &home, id).await;
    let stored = stored.iter().find(|one| one.kind == "alert_opened").unwrap();
    assert_eq!((stored.state.as_str(), stored.attempts, stored.status), ("delivered", 1, Some(200)));
    assert_eq!(stored.id.to_string(), got.header("webhook-id"));

    // A new secret signs at once; the one before signs as well for a day.
    let new = house.app.rotate_secret(&home.scope, id, &Actor::command_line()).await.unwrap();
    house.app.test_endpoint(&home.scope, id, &Actor::command_line()).await.unwrap();
    house.work().await;
    let test = receiver.got().pop().unwrap();
    verify(&secret, &test);
    verify(&new.secret, &test);
    house.set("2027-03-02T12:00:01Z");
    house.app.test_endpoint(&home.scope, id, &Actor::command_line()).await.unwrap();
    house.work().await;
    let test = receiver.got().pop().unwrap();
    verify(&new.secret, &test);
    assert_eq!(test.header("webhook-signature").split(' ').count(), 1);
}

#[tokio::test]
async fn a_delivery_is_tried_again_until_it_has_failed_and_can_be_replayed() {
    let (house, home) = house().await;
    let receiver = Receiver::start().await;
    receiver.always(503, &format!("busy{}", "!".repeat(5000)));
    let (id, _) = endpoint(&house, &home, &receiver).await;
    enter(&house, &home, &[alert(&house, &home, "high", "Try me").await]).await;
    house.work().await;
    let mut now = house.clock.now();
    for (tries, seconds) in RETRIES.iter().enumerate() {
        let one = deliveries(&house, &home, id).await.remove(0);
        assert_eq!(
            (one.state.as_str(), one.attempts as usize, one.status),
            ("waiting", tries + 1, Some(503))
        );
        assert_eq!(one.next_at, now + Duration::seconds(*seconds));
        house.clock.set(one.next_at - Duration::seconds(1));
        house.work().await;
        assert_eq!(receiver.got().len(), tries + 1, "not a second too early");
        now = one.next_at;
        house.clock.set(now);
        house.work().await;
    }
    let one = deliveries(&house, &home, id).await.remove(0);
    assert_eq!((one.state.as_str(), one.attempts), ("failed", 8));
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let attempts = db::webhooks::attempts(&mut tx, &[one.id]).await.unwrap();
    drop(tx);
    assert_eq!(attempts.len(), 8);
    assert!(
        attempts.iter().all(|(_, a)| a.body.len() == 1024 && a.body.starts_with("busy!")),
        "the first kilobyte"
    );

    receiver.always(204, "");
    let replayed = house.app.replay_deliveries(&home.scope, id, None, &Actor::command_line()).await.unwrap();
    assert_eq!(replayed, 1);
    house.work().await;
    let one = deliveries(&house, &home, id).await.remove(0);
    assert_eq!((one.state.as_str(), one.attempts, one.status), ("delivered", 9, Some(204)));
    let ids: std::collections::BTreeSet<_> =
        receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 1, "every attempt is known as the same delivery");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_or_fails_for_days_is_paused_and_admins_are_told() {
    let (house, home) = house().await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&house, &home, &receiver).await;
    receiver.answer(&[(410, "gone")]);
    enter(&house, &home, &[alert(&house, &home, "high", "Into the void").await]).await;
    house.work().await;
    let paused = |house: &House| {
        let (app, scope) = (house.app.clone(), home.scope.clone());
        async move {
            let mut tx = app.db.read(&scope).await.unwrap();
            db::webhooks::endpoint(&mut tx, id).await.unwrap().unwrap().paused_why
        }
    };
    assert_eq!(paused(&house).await.as_deref(), Some("gone"));
    assert_eq!(deliveries(&house, &home, id).await[0].state, "failed");
    let told = |bells: Vec<(String, String)>| {
        bells
            .into_iter()
            .filter(|(_, what)| what.contains("is paused"))
            .map(|(who, _)| who)
            .collect::<Vec<_>>()
    };
    assert_eq!(told(bells(&house, &home).await), ["robin"]);
    // Nothing more is sent, nor can be asked for, until it is switched on.
    enter(&house, &home, &[alert(&house, &home, "high", "Unheard").await]).await;
    house.work().await;
    assert_eq!(receiver.got().len(), 1);
    let actor = Actor::command_line();
    let replay = house.app.replay_deliveries(&home.scope, id, None, &actor).await;
    assert!(matches!(replay, Err(Error::Conflict(_))));
    let wanted = Wanted {
        url: receiver.url.clone(),
        groups: vec!["alerts".into()],
        enabled: true,
        ..Wanted::default()
    };
    house.app.change_endpoint(&home.scope, id, &wanted, &actor).await.unwrap();
    house.app.replay_deliveries(&home.scope, id, None, &actor).await.unwrap();
    house.work().await;
    assert_eq!(deliveries(&house, &home, id).await[0].state, "delivered");

    // Four days and a half of failures are borne, and one success begins anew; five days are not.
    receiver.always(500, "");
    let start = house.clock.now();
    for half_days in 0..=9 {
        house.clock.set(start + Duration::hours(12 * half_days));
        house.app.test_endpoint(&home.scope, id, &actor).await.unwrap();
        house.work().await;
    }
    assert_eq!(paused(&house).await, None, "{half} days", half = 4.5);
    house.clock.set(start + Duration::days(PAUSE_AFTER_DAYS));
    house.work().await;
    house.app.test_endpoint(&home.scope, id, &actor).await.ok();
    house.work().await;
    assert_eq!(paused(&house).await.as_deref(), Some("failing"));
    assert_eq!(told(bells(&house, &home).await), ["robin", "robin"]);
}

#[tokio::test]
async fn redirects_are_not_followed_and_what_leads_inside_is_refused() {
    let (house, home) = house().await;
    let (receiver, inside) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = endpoint(&house, &home, &receiver).await;
    receiver.answer(&[(302, inside.url.as_str())]);
    enter(&house, &home, &[alert(&house, &home, "high", "Elsewhere").await]).await;
    house.work().await;
    assert_eq!(deliveries(&house, &home, id).await[0].status, Some(302));
    assert!(inside.got().is_empty());

    let guarded = App::new(house.app.db.clone(), house.clock.clone());
    let actor = Actor::command_line();
    for url in
        ["http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "nonsense"]
    {
        let wanted = Wanted { url: url.to_owned(), enabled: true, ..Wanted::default() };
        let refused = guarded.create_endpoint(&home.scope, &wanted, &actor).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid(fields) if fields[0].name == "url"), "{url}: {refused}");
    }
    // One that was stored when it was allowed is refused when it is called.
    house.app.test_endpoint(&home.scope, id, &actor).await.unwrap();
    guarded.send_due().await.unwrap();
    let test = deliveries(&house, &home, id).await.remove(1);
    assert_eq!(test.error.as_deref(), Some("must begin with https://"));
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn what_a_process_left_behind_is_sent_by_another_under_the_same_id() {
    let smtp = Smtp::start().await;
    let (house, home) = furnish(House::new().await.with_mail(&smtp.url)).await;
    let receiver = Receiver::start().await;
    endpoint(&house, &home, &receiver).await;
    enter(&house, &home, &[alert(&house, &home, "critical", "Now").await]).await;
    house.app.tell_news(&home.scope).await.unwrap();
    // Another process took both, sent them, and died before it could say so.
    let now = house.clock.now();
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let minute = now + Duration::seconds(60);
    let taken = db::messages::claim(&mut tx, &["mail"], now, minute, 20).await.unwrap();
    let called = db::webhooks::claim(&mut tx, now, minute, 5, 20).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((taken.len(), called.len()), (1, 1));
    house.work().await;
    assert_eq!((smtp.mails().len(), receiver.got().len()), (0, 0), "held by the other");
    house.clock.set(minute);
    house.work().await;
    assert_eq!(smtp.mails()[0].header("Message-ID"), Some(&*format!("<{}@example.com>", taken[0].id)));
    assert_eq!(receiver.got()[0].header("webhook-id"), called[0].id.to_string());
    house.work().await;
    assert_eq!((smtp.mails().len(), receiver.got().len()), (1, 1));
}

#[tokio::test]
async fn without_a_mail_server_mail_stays_queued() {
    let (house, home) = house().await;
    enter(&house, &home, &[alert(&house, &home, "critical", "Logins fell").await]).await;
    house.work().await;
    let all = messages(&house, &home).await;
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].state.as_str(), all[0].attempts), ("queued", 0));
    assert_eq!(all[0].recipient, "\"casey\" <casey@example.com>");
    // A mail server comes: what is fresh goes out, what is old does not.
    let smtp = Smtp::start().await;
    let house = house.with_mail(&smtp.url);
    house.work().await;
    assert_eq!(messages(&house, &home).await[0].state, "sent");
    let mail = smtp.mails().remove(0);
    assert_eq!(mail.to, "casey@example.com");
    assert_eq!(mail.header("Subject"), Some("Northwind: Logins fell"));
    assert!(mail.text.contains("300 to 210 in 30 days"), "{}", mail.text);
    assert!(mail.text.contains("https://holdfast.example/entries/"), "{}", mail.text);
}

#[tokio::test]
async fn a_mail_that_waited_too_long_for_a_server_expires() {
    let (house, home) = house().await;
    enter(&house, &home, &[alert(&house, &home, "critical", "Stale").await]).await;
    house.work().await;
    house.set("2027-03-03T12:00:01Z");
    let smtp = Smtp::start().await;
    let house = house.with_mail(&smtp.url);
    house.work().await;
    let stale = messages(&house, &home).await.remove(0);
    assert_eq!((stale.state.as_str(), smtp.mails().len()), ("expired", 0));
    house.app.retry_message(&home.scope, stale.id, &Actor::command_line()).await.unwrap();
    house.work().await;
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn what_went_out_is_forgotten_after_months_and_what_waits_is_not() {
    let (house, home) = house().await;
    let smtp = Smtp::start().await;
    let house = house.with_mail(&smtp.url);
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&house, &home, &receiver).await;
    enter(&house, &home, &[alert(&house, &home, "critical", "Long ago").await]).await;
    house.work().await;
    let counts = async || (messages(&house, &home).await.len(), deliveries(&house, &home, id).await.len());
    let forget_on = async |day: &str| {
        house.set(day);
        let mut tx = house.app.db.write(&home.scope).await.unwrap();
        db::jobs::enqueue(&mut tx, "forget", &json!({}), None, house.clock.now()).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        house.work().await;
        counts().await
    };
    let before = counts().await;
    assert!(before.0 >= 1 && before.1 == 1, "{before:?}");
    assert_eq!(forget_on("2027-03-31T11:00:00Z").await, before);
    assert_eq!(forget_on("2027-04-01T12:00:00Z").await, (before.0, 0), "a delivery is kept for thirty days");
    assert_eq!(forget_on("2027-09-01T12:00:00Z").await, (0, 0), "a message for 180");
}

#[tokio::test]
async fn a_mail_is_tried_again_when_the_server_says_later_and_not_when_it_says_never() {
    let smtp = Smtp::start().await;
    let (house, home) = furnish(House::new().await.with_mail(&smtp.url)).await;
    smtp.refuse(&["451 later", "550 no such person"]);
    enter(&house, &home, &[alert(&house, &home, "high", "Later").await]).await;
    house.work().await;
    let first = messages(&house, &home).await.remove(0);
    assert_eq!((first.state.as_str(), first.attempts), ("queued", 1));
    assert!(first.last_error.unwrap().contains("later"));
    assert_eq!(first.next_at, at("2027-03-01T12:00:30Z"));
    house.set("2027-03-01T12:00:30Z");
    house.work().await;
    let never = messages(&house, &home).await.remove(0);
    assert_eq!((never.state.as_str(), never.attempts), ("failed", 2));
    house.app.retry_message(&home.scope, never.id, &Actor::command_line()).await.unwrap();
    house.work().await;
    assert_eq!(messages(&house, &home).await[0].state, "sent");
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn preferences_decide_by_which_way_and_quiet_hours_hold_mail() {
    let smtp = Smtp::start().await;
    let (house, home) = furnish(House::new().await.with_mail(&smtp.url)).await;
    let usual = Preferences::usual(chrono_tz::Europe::Berlin);
    // It is 13:00 in Berlin.
    let quiet = Some(("12:00:00".parse().unwrap(), "15:30:00".parse().unwrap()));
    let casey = Preferences {
        app: vec![Group::Health],
        mail: vec![Group::Alerts],
        min_severity: Some(Severity::Medium),
        quiet,
        ..usual
    };
    set(&house, &home, "casey", &casey).await;
    let account = account(&house, &home, "own").await;
    let now = house.clock.now();
    enter(
        &house,
        &home,
        &[
            alert(&house, &home, "medium", "By mail alone").await,
            alert(&house, &home, "low", "By no way").await,
            Entry::new(Kind::BandChanged, Some(account), now, "In the app alone"),
        ],
    )
    .await;
    house.work().await;
    assert_eq!(bells(&house, &home).await, [pair("casey", "In the app alone")]);
    let held = messages(&house, &home).await;
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].subject.as_str(), held[0].next_at),
        ("Northwind: By mail alone", at("2027-03-01T14:30:00Z"))
    );
    house.set("2027-03-01T14:29:59Z");
    house.work().await;
    assert_eq!(smtp.mails().len(), 0);
    house.set("2027-03-01T14:30:00Z");
    house.work().await;
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn a_digest_is_made_once_a_day_at_the_members_hour() {
    let house = House::at("2027-05-10T12:00:00Z").await;
    let (house, home) = furnish(house).await;
    for name in ["morgan", "robin", "elin"] {
        let none = Preferences { digest_minute: None, ..Preferences::usual(chrono_tz::Tz::UTC) };
        set(&house, &home, name, &none).await;
    }
    enter(&house, &home, &[alert(&house, &home, "medium", "Logins fell").await]).await;
    house.work().await;
    let other = house.replica().await;
    let make = |now: &str| {
        house.set(now);
        let (app, other, scope) = (house.app.clone(), other.clone(), home.scope.clone());
        async move {
            let (a, b, c) =
                tokio::join!(app.make_digests(&scope), other.make_digests(&scope), app.make_digests(&scope));
            a.unwrap() + b.unwrap() + c.unwrap()
        }
    };
    assert_eq!(make("2027-05-10T12:00:00Z").await, 0, "Casey came after today's hour");
    assert_eq!(make("2027-05-11T07:29:59Z").await, 0, "too early");
    assert_eq!(make("2027-05-11T07:30:00Z").await, 1);
    assert_eq!(make("2027-05-11T23:00:00Z").await, 0, "one a day");
    let digests = |all: Vec<Message>| all.into_iter().filter(|m| m.cause == "digest").collect::<Vec<_>>();
    let digest = digests(messages(&house, &home).await).remove(0);
    assert_eq!(digest.subject, "Tuesday, 11 May: 1 thing since yesterday, 3 tasks due, 1 renewal near");
    assert!(digest.body.contains("- Northwind: Logins fell (medium)"), "{}", digest.body);
    assert!(digest.body.contains("- 1 Jun: Northwind, in 21 days"), "{}", digest.body);
    // The next day has no news, and tells of what is near; what is not there any more is not told of.
    assert_eq!(make("2027-05-12T08:00:00Z").await, 1, "made up for as soon as somebody is there");
    let second = digests(messages(&house, &home).await).remove(1);
    assert_eq!(second.subject, "Wednesday, 12 May: 3 tasks due, 1 renewal near");
}

#[tokio::test]
async fn slack_is_told_and_a_word_can_be_sent() {
    let (house, home) = house().await;
    let slack = Receiver::start().await;
    let hook = SlackHook {
        url: slack.url.clone(),
        groups: vec!["alerts".into()],
        min_severity: Some("high".into()),
    };
    let actor = Actor("robin".to_owned());
    assert!(house.app.test_slack(&home.scope, &actor).await.is_err(), "nothing is set yet");
    house.app.set_slack(&home.scope, &hook, &actor).await.unwrap();
    enter(
        &house,
        &home,
        &[
            alert(&house, &home, "critical", "<!channel> fell").await,
            alert(&house, &home, "medium", "not grave enough").await,
        ],
    )
    .await;
    house.work().await;
    let text = slack.got()[0].json()["text"].as_str().unwrap().to_owned();
    assert!(
        text.contains("Northwind: &lt;!channel&gt; fell|")
            || text.contains("|Northwind: &lt;!channel&gt; fell"),
        "{text}"
    );
    assert_eq!(slack.got().len(), 1);
    house.app.test_slack(&home.scope, &actor).await.unwrap();
    house.work().await;
    assert_eq!(slack.got().len(), 2);
    slack.always(404, "no_service");
    house.app.test_slack(&home.scope, &actor).await.unwrap();
    house.work().await;
    let failed = messages(&house, &home).await.pop().unwrap();
    assert_eq!(
        (failed.state.as_str(), failed.last_error.as_deref()),
        ("failed", Some("answered 404: no_service"))
    );
}

#[tokio::test]
async fn customers_are_written_to_when_an_admin_says_so_and_what_is_old_by_then_expires() {
    let smtp = Smtp::start().await;
    let house = House::at("2027-03-01T12:00:00Z").await.with_mail(&smtp.url);
    let home = house.tenant_on("acme", "mapleai").await;
    house.accounts(&home, &["own"]).await;
    let contacts = "external_id,account,name,email\nc1,own,Ada Byron,ada@example.com\n";
    house.import(&home, "contacts", contacts).await;
    house.work().await;
    let own = account(&house, &home, "own").await;
    let in_force = house.app.methodology(&home.scope).await.unwrap().unwrap();
    let write = async |once: &str| {
        let mut tx = house.app.db.write(&home.scope).await.unwrap();
        let (known, once) = (Some(&*in_force), Some(once.to_owned()));
        house.app.queue_mail(&mut tx, &home.scope, known, own, "renewal_reminder", &[], once).await.unwrap();
        tx.commit().await.unwrap();
        house.work().await;
    };
    write("old").await;
    house.set("2027-03-03T12:00:01Z");
    write("new").await;
    assert!(smtp.mails().is_empty(), "a mail server alone writes to nobody's customers");
    let states = async || -> Vec<String> {
        messages(&house, &home).await.into_iter().map(|message| message.state).collect()
    };
    assert_eq!(states().await, ["queued", "queued"]);
    house.member(&home, "robin@example.com", Role::Admin).await;
    house.member(&home, "morgan@example.com", Role::Manager).await;
    let path = "/settings/outgoing/customers";
    let morgan = house.sign_in("morgan@example.com").await;
    assert_eq!(morgan.post(path, &[("on", "yes")]).await.status_code(), 403);
    let robin = house.sign_in("robin@example.com").await;
    let said = texts(&robin.get("/settings/outgoing").await.text(), "#customers .body");
    assert_eq!(
        said,
        ["2 mails waiting: 1 will go out when you switch this on; older ones have expired by then."]
    );
    robin.post(path, &[("on", "yes")]).await;
    house.work().await;
    assert_eq!(states().await, ["expired", "sent"]);
    assert_eq!(smtp.mails().len(), 1);
    // To undo what did not happen would do the opposite.
    let again = robin.post(path, &[("on", "yes")]).await;
    let cookie = again.header("set-cookie").to_str().unwrap().to_owned();
    let word = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
    let word = String::from_utf8(URL_SAFE_NO_PAD.decode(word).unwrap()).unwrap();
    assert!(word.contains("Nothing changed") && word.contains("\"undo\":null"), "{word}");
    robin.post(path, &[("on", "no")]).await;
    write("later").await;
    assert_eq!(states().await, ["expired", "sent", "queued"]);
    let log = texts(&robin.get("/settings/audit?what=message").await.text(), "tbody tr");
    assert!(log[0].ends_with("Changed what becomes of mails to customers go out no"), "{log:?}");
}

#[tokio::test]
async fn mails_are_made_of_templates_and_those_with_gaps_do_not_go_out() {
    let house = House::new().await;
    let home = house.tenant_on("acme", "mapleai").await;
    house.member(&home, "casey@example.com", Role::Csm).await;
    house.accounts(&home, &["own", "empty"]).await;
    house.import(&home, "accounts", "external_id,name,owner_email\nown,Northwind,casey@example.com\n").await;
    let contacts = "external_id,account,name,email,champion\nc1,own,Zoe Last,zoe@example.com,false\nc2,own,Ada Byron,ada@example.com,true\n";
    house.import(&home, "contacts", contacts).await;
    house.work().await;
    house.forget_news().await;
    let actor = Actor("casey".to_owned());
    let (own, empty) = (account(&house, &home, "own").await, account(&house, &home, "empty").await);
    let in_force = house.app.methodology(&home.scope).await.unwrap().unwrap();
    let queue = async |account, template: &str, given: &[(&str, String)], once: &str| {
        let mut tx = house.app.db.write(&home.scope).await.unwrap();
        let once = Some(once.to_owned());
        let queued =
            house.app.queue_mail(&mut tx, &home.scope, Some(&in_force), account, template, given, once).await;
        tx.commit().await.unwrap();
        queued
    };
    assert!(queue(own, "renewal_reminder", &[], "r1").await.unwrap().is_some());
    assert!(queue(own, "renewal_reminder", &[], "r1").await.unwrap().is_none(), "once");
    queue(own, "feedback", &[], "f1").await.unwrap();
    queue(own, "feedback", &[("survey.link", "https://survey.example/1".into())], "f2").await.unwrap();
    queue(empty, "welcome", &[], "w1").await.unwrap();
    assert!(matches!(queue(own, "nonsense", &[], "n").await, Err(Error::NotFound)));
    let all = messages(&house, &home).await;
    let state = |n: usize| (all[n].state.as_str(), all[n].last_error.as_deref());
    assert_eq!(state(0), ("queued", None));
    assert_eq!(all[0].recipient, "\"Ada Byron\" <ada@example.com>");
    assert_eq!(all[0].body, "Hi Ada Byron, a reminder: your contract is up for renewal on 1 June 2027.");
    assert_eq!(state(1), ("failed", Some("there is no value for survey.link")));
    assert_eq!(state(2), ("queued", None));
    assert_eq!(state(3), ("failed", Some("no contact of the account has an address")));

    // A rule that asks for a mail leaves an entry; the mail is made of it, once.
    let asked = Entry {
        data: json!({"template": "renewal_reminder", "rule": "renewal-90"}),
        ..Entry::new(Kind::Email, Some(own), house.clock.now(), "Renewal reminder")
    };
    let logged = Entry::new(Kind::Email, Some(own), house.clock.now(), "Wrote to them by hand");
    enter(&house, &home, &[asked, logged]).await;
    house.work().await;
    house.work().await;
    let all = messages(&house, &home).await;
    assert_eq!((all.len(), all[4].subject.as_str()), (5, "Your renewal is approaching"));

    // The tenant's own words take the methodology's place, and unknown fields are refused with their place.
    let refused = house.app.put_template(
        &home.scope,
        "welcome",
        "Welcome",
        "Hi {{contact.nam}}",
        "a\nb {{weather}}",
        &actor,
    );
    let Err(Error::Invalid(fields)) = refused.await else { panic!("refused") };
    assert_eq!((fields[0].name.as_str(), fields[1].name.as_str()), ("subject", "body"));
    assert!(
        fields[0].message.starts_with("line 1, column 4: there is no field {{contact.nam}}"),
        "{}",
        fields[0].message
    );
    assert_eq!(fields[1].message, "line 2, column 3: there is no field {{weather}}");
    let own_words = "Hi {{contact.first_name}}, {{csm.name}} here.";
    house.app.put_template(&home.scope, "welcome", "Welcome", "Hello", own_words, &actor).await.unwrap();
    queue(own, "welcome", &[], "w2").await.unwrap();
    assert_eq!(messages(&house, &home).await.pop().unwrap().body, "Hi Ada, casey here.");
    house.app.remove_template(&home.scope, "welcome", &actor).await.unwrap();
    queue(own, "welcome", &[], "w3").await.unwrap();
    assert!(
        messages(&house, &home)
            .await
            .pop()
            .unwrap()
            .body
            .starts_with("Hi Ada Byron, we start with you on 1 June 2026")
    );
}
