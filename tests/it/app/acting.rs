//! What follows from what is true: each thing once, with what made it so, and nothing lost when the methodology or
//! the team changes.

use chrono::NaiveDate;
use holdfast::app::Actor;
use holdfast::app::members::Role;
use holdfast::app::methodology::{Publishing, pack_source};
use holdfast::app::overrides::{Set, Wanted};
use holdfast::app::plays::Target;
use holdfast::app::work::Work;
use holdfast::db;
use holdfast::db::alerts::Alert;
use holdfast::db::plays::Play;
use holdfast::db::tasks::Task;
use holdfast::domain::pack::Overrides;

use crate::support::{Home, House, track};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn casey() -> Actor {
    Actor("Casey".to_owned())
}

/// A tenant on mapleai with accounts that began on a day, each on the enterprise plan and owned by Casey.
async fn home(house: &House, start: &str, ids: &[&str]) -> Home {
    let home = house.tenant_on("acme", "mapleai").await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    let mut accounts = String::from("external_id,name,start_date,owner,plan\n");
    let mut contracts = String::from("external_id,account,start_date,term_months,arr,currency,seats\n");
    for id in ids {
        accounts += &format!("{id},Account {id},{start},casey@acme.example,enterprise\n");
        contracts += &format!("{id}-C1,{id},{start},12,50000,USD,10\n");
    }
    house.import(&home, "accounts", &accounts).await;
    house.import(&home, "contracts", &contracts).await;
    house.work().await;
    home
}

async fn morning(house: &House, date: &str) {
    house.set(&format!("{date}T06:00:00Z"));
    holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    house.work().await;
}

async fn id(house: &House, home: &Home, account: &str) -> uuid::Uuid {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::accounts::id_of(&mut tx, account).await.unwrap().unwrap()
}

async fn alerts(house: &House, home: &Home, rule: &str) -> Vec<Alert> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let which = db::alerts::Which::Any;
    let filter = db::alerts::Filter { which, rule: Some(rule.to_owned()), quiet: true, ..Default::default() };
    let today = house.app.clock.today(home.scope.time_zone());
    db::alerts::list(&mut tx, &filter, today, 0, 1_000).await.unwrap()
}

async fn plays(house: &House, home: &Home, playbook: &str) -> Vec<Play> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let today = house.app.clock.today(home.scope.time_zone());
    let mut found = Vec::new();
    for over in [false, true] {
        let filter = db::plays::Filter { playbook: Some(playbook.to_owned()), over, ..Default::default() };
        found.extend(db::plays::list(&mut tx, &filter, today, 0, 1_000).await.unwrap().0);
    }
    found
}

async fn tasks(house: &House, home: &Home, play: uuid::Uuid) -> Vec<Task> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let filter = db::tasks::Filter { play: Some(play), over: true, ..Default::default() };
    db::tasks::list(&mut tx, &filter, 0, 1_000).await.unwrap().0
}

async fn journal(house: &House, kind: &str) -> Vec<String> {
    let mut behind = house.behind().await;
    sqlx::query_scalar("SELECT title FROM timeline WHERE kind = $1 ORDER BY at, id")
        .bind(kind)
        .fetch_all(&mut behind)
        .await
        .unwrap()
}

async fn nps(house: &House, home: &Home, ids: &[&str], date: &str, value: i64) {
    let rows: String = ids.iter().map(|id| format!("{id},nps,{date},{value}\n")).collect();
    house.import(home, "metrics", &format!("account,metric,day,value\n{rows}")).await;
    house.work().await;
}

#[tokio::test]
async fn a_new_account_enters_its_stage_and_its_playbook_begins_once() {
    let house = House::at("2027-01-04T09:00:00Z").await;
    let home = home(&house, "2027-01-04", &["a1"]).await;
    morning(&house, "2027-01-05").await;
    house.app.score_all(&home.scope, day("2027-01-05"), &Work::unwatched()).await.unwrap();

    let play = plays(&house, &home, "onboarding-12w").await;
    assert_eq!(play.len(), 1);
    assert_eq!((play[0].cause.as_str(), play[0].anchor_on), ("stage", day("2027-01-04")));
    let steps = tasks(&house, &home, play[0].id).await;
    assert_eq!(steps.len(), 20, "four phases of five");
    let go_live = steps.iter().filter(|task| task.phase.contains("Go")).filter_map(|task| task.due_on).max();
    assert_eq!(go_live, Some(day("2027-03-07")));
    let csms = |task: &Task| task.role.as_deref().is_none_or(|role| role == "csm");
    assert!(steps.iter().all(|task| task.owner_id.is_some() == csms(task)), "other roles are nobody's yet");

    morning(&house, "2027-01-11").await;
    let account = id(&house, &home, "a1").await;
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let entries = db::stages::entries(&mut tx, account).await.unwrap();
    let spans: Vec<_> = entries.iter().map(|e| (e.stage.as_str(), e.entered_on, e.left_on)).collect();
    let (first, second) = (day("2027-01-04"), day("2027-01-11"));
    assert_eq!(spans, [("kickoff", first, Some(second)), ("implementation", second, None)]);
    let named = journal(&house, "stage_entered").await;
    assert_eq!(named, ["Entered Phase 1: Kickoff", "Entered Phase 2: Implementation"]);
}

#[tokio::test]
async fn a_rule_opens_once_keeps_what_made_it_true_and_opens_anew_when_it_was_closed() {
    let house = House::at("2027-03-01T09:00:00Z").await;
    let home = home(&house, "2026-06-01", &["a1"]).await;
    // 100 in the thirty days before the last thirty, 70 in those: a fall of 30 %.
    let mut sent = Vec::new();
    for n in 0..100 {
        sent.push(track(&format!("b{n}"), "Product Usage", "u1", "a1", "2027-01-10T10:00:00Z"));
    }
    for n in 0..70 {
        sent.push(track(&format!("n{n}"), "Product Usage", "u1", "a1", "2027-02-20T10:00:00Z"));
    }
    house.send(&home, &sent).await;
    house.work().await;
    let open = alerts(&house, &home, "usage-decline").await;
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].severity.as_str(), open[0].state.as_str(), open[0].asks), ("high", "open", true));
    assert!(open[0].reasons[0].ends_with("over 30 days fell 30 %: 100 → 70"), "{:?}", open[0].reasons);
    assert_eq!(open[0].due_on, Some(day("2027-03-04")));
    // Telling somebody is no call to act.
    assert!(alerts(&house, &home, "watch-usage").await.iter().all(|alert| !alert.asks));

    morning(&house, "2027-03-02").await;
    assert_eq!(alerts(&house, &home, "usage-decline").await.len(), 1, "still the same one");
    house.app.close_alerts(&home.scope, &[open[0].id], "Called them", &casey()).await.unwrap();
    house.app.score_all(&home.scope, day("2027-03-02"), &Work::unwatched()).await.unwrap();
    let closed = alerts(&house, &home, "usage-decline").await;
    assert_eq!(closed.len(), 2, "it had opened the day before, so that it opens anew");
    assert_eq!(closed[0].opened_on, day("2027-03-02"));

    // Set aside: not again before the condition has cleared.
    house.app.dismiss_alert(&home.scope, closed[0].id, Some("A holiday"), &casey()).await.unwrap();
    morning(&house, "2027-03-03").await;
    assert_eq!(alerts(&house, &home, "usage-decline").await.len(), 2);
    // By the end of April both windows are empty: no data, no alert.
    morning(&house, "2027-04-25").await;
    assert!(alerts(&house, &home, "usage-decline").await.iter().all(|alert| alert.closed_at.is_some()));
    assert_eq!(journal(&house, "alert_opened").await.iter().filter(|t| *t == "Usage decline").count(), 2);
}

#[tokio::test]
async fn a_rule_that_is_true_of_too_many_waits_for_a_managers_word() {
    let house = House::at("2027-03-01T09:00:00Z").await;
    let ids: Vec<String> = (0..40).map(|n| format!("a{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let home = home(&house, "2026-06-01", &ids).await;
    nps(&house, &home, &ids[..10], "2027-03-01", -5).await;
    assert_eq!(alerts(&house, &home, "negative-nps").await.iter().filter(|a| a.state == "open").count(), 10);
    nps(&house, &home, &ids[10..], "2027-03-01", -5).await;
    let waiting = alerts(&house, &home, "negative-nps").await;
    assert_eq!(waiting.iter().filter(|a| a.state == "open").count(), 10);
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let storms = db::storms::list(&mut tx, false).await.unwrap();
    drop(tx);
    let storm = storms.iter().find(|storm| storm.rule == "negative-nps").unwrap();
    assert_eq!((storm.accounts, storm.of_accounts), (30, 40));
    assert!(!journal(&house, "storm_held").await.is_empty());

    house.app.decide_storm(&home.scope, storm.id, true, &Actor("Morgan".into())).await.unwrap();
    let open = alerts(&house, &home, "negative-nps").await;
    assert_eq!(open.iter().filter(|a| a.state == "open").count(), 40);
    assert!(house.app.decide_storm(&home.scope, storm.id, true, &casey()).await.is_err(), "decided once");
}

#[tokio::test]
async fn a_band_starts_its_playbook_and_tells_executives_after_seven_days() {
    let house = House::at("2027-03-01T09:00:00Z").await;
    let home = home(&house, "2026-06-01", &["a1"]).await;
    house.member(&home, "elin@acme.example", Role::Executive).await;
    let set = Wanted {
        set: Set::Band("at_risk".into()),
        reason: "Their sponsor is leaving".into(),
        expires_on: Some(day("2027-04-30")),
        seen: None,
    };
    house.app.set_override(&home.scope, "a1", &set, &casey(), None).await.unwrap();
    house.work().await;
    let play = plays(&house, &home, "at-risk-intervention").await;
    assert_eq!((play.len(), play[0].state.as_str()), (1, "running"));
    let steps = tasks(&house, &home, play[0].id).await;
    assert_eq!(steps[0].due_on, Some(day("2027-03-01")));
    for date in ["2027-03-02", "2027-03-07"] {
        morning(&house, date).await;
        assert!(alerts(&house, &home, "at-risk").await[0].escalated.is_empty(), "{date}");
    }
    morning(&house, "2027-03-08").await;
    morning(&house, "2027-03-09").await;
    assert_eq!(alerts(&house, &home, "at-risk").await[0].escalated, ["executive"]);
    // Without any data its own score was critical at first, which told them at once.
    assert_eq!(journal(&house, "alert_escalated").await, ["Critical customer", "At-risk customer"]);
    assert_eq!(plays(&house, &home, "at-risk-intervention").await.len(), 1);
}

#[tokio::test]
async fn nothing_is_lost_when_a_pack_drops_a_rule_and_a_running_playbook() {
    let house = House::at("2027-03-01T09:00:00Z").await;
    let home = home(&house, "2027-02-20", &["a1"]).await;
    nps(&house, &home, &["a1"], "2027-03-01", -5).await;
    let running = house
        .app
        .start_play(
            &home.scope,
            "at-risk-intervention",
            &Target::Account("a1".into()),
            day("2027-03-01"),
            &casey(),
        )
        .await
        .unwrap();
    let mut source = pack_source("mapleai").unwrap();
    let dropped: Vec<&str> = ["{id: negative-nps,", "{id: at-risk,"].to_vec();
    source = source
        .lines()
        .filter(|line| !dropped.iter().any(|d| line.contains(d)))
        .fold(String::new(), |all, line| all + line + "\n");
    let at = source.find("- id: at-risk-intervention").unwrap();
    let next = at + source[at..].find("- id: critical-intervention").unwrap();
    source.replace_range(at..next, "");
    let how = Publishing { note: "Fewer", over: None, remove_used: true };
    house.app.publish_file(&home.scope, &source, &Overrides::default(), &how, &casey()).await.unwrap();
    house.work().await;
    morning(&house, "2027-03-02").await;

    let alert = &alerts(&house, &home, "negative-nps").await[0];
    assert!(alert.rule_gone && alert.state == "open", "a person closes it");
    house.app.close_alerts(&home.scope, &[alert.id], "", &casey()).await.unwrap();
    let play = &plays(&house, &home, "at-risk-intervention").await[0];
    assert!(play.playbook_gone && play.state == "running");
    let steps = tasks(&house, &home, running.id).await;
    let open: Vec<_> = steps.iter().filter(|t| t.state == "open").map(|t| t.id).collect();
    assert_eq!(open.len(), 6);
    house.app.finish_tasks(&home.scope, &open, false, &casey()).await.unwrap();
    assert_eq!(plays(&house, &home, "at-risk-intervention").await[0].state, "done");
    house.app.reopen_tasks(&home.scope, &open[..1], &casey()).await.unwrap();
    assert_eq!(plays(&house, &home, "at-risk-intervention").await[0].state, "running");
}

#[tokio::test]
async fn what_a_member_who_left_had_open_is_nobodys_until_somebody_takes_it() {
    let house = House::at("2027-01-04T09:00:00Z").await;
    let home = home(&house, "2027-01-04", &["a1"]).await;
    house.member(&home, "robin@acme.example", Role::Admin).await;
    let play = plays(&house, &home, "onboarding-12w").await[0].id;
    let first = tasks(&house, &home, play).await[0].clone();
    let casey_id = first.owner_id.unwrap();
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let robin = db::members::id_of_email(&mut tx, "robin@acme.example").await.unwrap().unwrap();
    db::members::set_removed(&mut tx, casey_id, Some(house.app.clock.now())).await.unwrap();
    tx.commit().await.unwrap();
    assert!(tasks(&house, &home, play).await.iter().all(|task| task.owner_id.is_none()));
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let account = db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
    db::roles::set_for_account(&mut tx, account, "csm", Some(robin)).await.unwrap();
    tx.commit().await.unwrap();
    let owned = tasks(&house, &home, play).await;
    assert!(owned.iter().filter(|t| t.role.as_deref() == Some("csm")).all(|t| t.owner_id == Some(robin)));
    // Back again: the account's own CSM does what no role is named for.
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    db::members::set_removed(&mut tx, casey_id, None).await.unwrap();
    tx.commit().await.unwrap();
    let owned = tasks(&house, &home, play).await;
    assert!(owned.iter().filter(|t| t.role.is_none()).all(|t| t.owner_id == Some(casey_id)));
}

#[tokio::test]
async fn a_renewal_brings_its_milestones_late_where_it_is_seen_late_and_moves_with_the_contract() {
    let house = House::at("2027-03-01T09:00:00Z").await;
    let home = home(&house, "2026-05-15", &["a1"]).await;
    let reminders = plays(&house, &home, "renewal-reminders").await;
    assert_eq!((reminders.len(), reminders[0].anchor_on), (1, day("2027-05-15")));
    let before = tasks(&house, &home, reminders[0].id).await;
    assert!(before.iter().any(|t| t.late && t.due_on == Some(day("2027-03-01"))), "{before:?}");
    house
        .import(&home, "contracts", "external_id,account,start_date,end_date,arr,currency,seats\na1-C1,a1,2026-05-15,2027-05-20,50000,USD,10\n")
        .await;
    house.work().await;
    let moved = plays(&house, &home, "renewal-reminders").await;
    assert_eq!((moved.len(), moved[0].id, moved[0].anchor_on), (1, reminders[0].id, day("2027-05-20")));
}

#[tokio::test]
async fn a_stage_is_held_by_hand_and_criteria_are_ticked() {
    let house = House::at("2027-01-04T09:00:00Z").await;
    let home = home(&house, "2027-01-04", &["a1"]).await;
    let app = &house.app;
    app.hold_stage(&home.scope, "a1", "go_live", "They went live early", &casey()).await.unwrap();
    assert!(app.hold_stage(&home.scope, "a1", "renewal", "An overlay", &casey()).await.is_err());
    let assessed =
        app.assess(&home.scope, id(&house, &home, "a1").await, day("2027-01-04")).await.unwrap().unwrap();
    assert_eq!(assessed.evaluation.stage.as_deref(), Some("go_live"));
    let tick = |criterion: &'static str, met| {
        app.tick_criterion(&home.scope, "a1", "go_live", criterion, met, &ACTOR)
    };
    static ACTOR: std::sync::LazyLock<Actor> = std::sync::LazyLock::new(casey);
    assert!(tick("Platform live and stable", true).await.unwrap());
    assert!(!tick("Platform live and stable", true).await.unwrap());
    assert!(tick("Customer satisfaction high", true).await.is_err(), "data decides that");
    let account = id(&house, &home, "a1").await;
    let exit = app.assess(&home.scope, account, day("2027-01-04")).await.unwrap().unwrap().evaluation.exit;
    assert!(exit.iter().any(|c| &*c.name == "Platform live and stable" && c.met && c.by_hand));
    assert!(app.release_stage(&home.scope, "a1", &casey()).await.unwrap());
    let stage = app.assess(&home.scope, account, day("2027-01-04")).await.unwrap().unwrap().evaluation.stage;
    assert_eq!(stage.as_deref(), Some("kickoff"));
}
