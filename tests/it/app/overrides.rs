//! A person's word against the model's: both are kept, it ends on its day, and the renewal shows who was right.

use chrono::NaiveDate;
use holdfast::app::overrides::{Change, Set, Settled, Wanted};
use holdfast::app::{Actor, Error};
use holdfast::db;
use holdfast::db::overrides::Override;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Home, House};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn casey() -> Actor {
    Actor("Casey".to_owned())
}

/// Accounts of which the model says 52 (30 of 60 on one measure, 12 on the other): yellow.
async fn house(ids: &[&str]) -> (House, Home) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, ids).await;
    speak(&house, &home, ids, 12, "2027-03-01T10:00:00Z").await;
    (house, home)
}

async fn speak(house: &House, home: &Home, ids: &[&str], pct: i64, time: &str) {
    let gauge = |id: &&str| {
        json!({"type": "group", "userId": "u1", "groupId": id, "messageId": format!("{id}{time}"), "timestamp": time,
               "traits": {"advanced_feature_pct": pct}})
    };
    house.send(home, &ids.iter().map(gauge).collect::<Vec<_>>()).await;
    house.work().await;
}

fn wanted(set: Set, until: &str) -> Wanted {
    Wanted {
        set,
        reason: "Their new director signs on Friday".into(),
        expires_on: Some(day(until)),
        seen: None,
    }
}

fn band(id: &str, until: &str) -> Wanted {
    wanted(Set::Band(id.to_owned()), until)
}

async fn set(house: &House, home: &Home, account: &str, wanted: &Wanted) -> (Override, Change) {
    house.app.set_override(&home.scope, account, wanted, &casey(), None).await.unwrap()
}

async fn account(house: &House, home: &Home, id: &str) -> db::accounts::Account {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::accounts::find(&mut tx, id).await.unwrap().unwrap()
}

async fn all(house: &House, home: &Home, id: &str) -> Vec<Override> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, id).await.unwrap().unwrap();
    db::overrides::of_account(&mut tx, id).await.unwrap()
}

/// A morning: what recurs is done.
async fn morning(house: &House, date: &str) {
    house.set(&format!("{date}T06:00:00Z"));
    holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    house.work().await;
}

#[tokio::test]
async fn both_are_kept_and_the_score_is_derived_again_from_what_was_stored() {
    let (house, home) = house(&["a1", "a2"]).await;
    let (by_band, change) = set(&house, &home, "a1", &band("green", "2027-03-31")).await;
    assert_eq!(change, Change::Set);
    assert_eq!((by_band.model_band.as_deref(), by_band.lean.as_deref()), (Some("yellow"), Some("better")));
    // At once, without waiting for the worker.
    let now = account(&house, &home, "a1").await;
    assert_eq!((now.score, now.band.as_deref()), (Some(52.0), Some("green")));
    assert_eq!((now.set_by.as_deref(), now.model_band.as_deref()), (Some("Casey"), Some("yellow")));
    assert_eq!(now.tone, None, "thin data is not good because a person says so");
    set(&house, &home, "a2", &wanted(Set::Score(95.0), "2027-03-31")).await;
    let now = account(&house, &home, "a2").await;
    // Caps hold a score that a person set as they hold the model's; a band that a person set stands above them.
    assert_eq!((now.score, now.band.as_deref(), now.model_score), (Some(95.0), Some("yellow"), Some(52.0)));
    assert!(now.why.unwrap().starts_with("Set to 95 by hand, the model says"), "the line says both");

    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    for (account, health, band) in [(by_band.account_id, 52.0, "green"), (now.id, 95.0, "yellow")] {
        let row = db::scores::primary_on(&mut tx, account, day("2027-03-01")).await.unwrap().unwrap();
        assert_eq!((row.score, row.band.as_deref()), (Some(health), Some(band)));
        let in_force = house.app.methodology_version(&home.scope, row.version).await.unwrap().unwrap();
        let readings = row.readings(&in_force.methodology).unwrap();
        let explained = in_force.methodology.explain(&readings);
        let name = |at: Option<usize>| at.map(|at| in_force.methodology.health.bands[at].id.to_string());
        assert_eq!((explained.health, name(explained.band)), (row.score, row.band));
        assert_eq!((explained.computed, name(explained.band_computed)), (Some(52.0), Some("yellow".into())));
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_the_same_twice_changes_nothing() {
    let (house, home) = house(&["a1"]).await;
    let refused = |wanted: Wanted| {
        let (house, home) = (&house, &home);
        async move {
            match house.app.set_override(&home.scope, "a1", &wanted, &casey(), None).await {
                Err(Error::Invalid(fields)) => {
                    fields.into_iter().map(|f| f.name).collect::<Vec<_>>().join(",")
                }
                other => format!("{other:?}"),
            }
        }
    };
    assert_eq!(refused(wanted(Set::Score(100.1), "2027-03-31")).await, "score");
    assert_eq!(refused(wanted(Set::Score(f64::NAN), "2027-03-31")).await, "score");
    assert_eq!(refused(band("purple", "2027-03-31")).await, "band");
    assert_eq!(refused(band("green", "2027-02-28")).await, "expires_on");
    assert_eq!(refused(band("green", "2027-08-29")).await, "expires_on");
    assert_eq!(refused(Wanted { reason: " \n".into(), ..band("green", "2027-08-28") }).await, "reason");
    let (first, _) = set(&house, &home, "a1", &band("green", "2027-08-28")).await;
    let (same, change) = set(&house, &home, "a1", &band("green", "2027-08-28")).await;
    assert_eq!((same.id, change), (first.id, Change::Unchanged));
    let (_, change) = set(&house, &home, "a1", &band("red", "2027-08-28")).await;
    assert_eq!(change, Change::Replaced(first.id));
    let (wish, actor) = (band("green", "2027-03-31"), casey());
    let stranger = house.app.set_override(&home.scope, "nobody", &wish, &actor, None);
    assert!(matches!(stranger.await, Err(Error::NotFound)));
}

#[tokio::test]
async fn two_who_decide_at_once_do_not_overwrite_each_other() {
    let (house, home) = house(&["a1"]).await;
    let unseen = |id: &str| Wanted { seen: Some(None), ..band(id, "2027-03-31") };
    let (one, other) = (unseen("green"), unseen("red"));
    let (casey, morgan) = (casey(), Actor("Morgan".to_owned()));
    let (a, b) = tokio::join!(
        house.app.set_override(&home.scope, "a1", &one, &casey, None),
        house.app.set_override(&home.scope, "a1", &other, &morgan, None),
    );
    let (won, lost) = if a.is_ok() { (a, b) } else { (b, a) };
    let won = won.unwrap().0;
    assert!(matches!(&lost, Err(Error::Conflict(text)) if text.contains(&won.set_by)), "{lost:?}");
    // Who looks again may decide.
    let again = Wanted { seen: Some(Some(won.id)), ..band("red", "2027-04-30") };
    assert_eq!(set(&house, &home, "a1", &again).await.1, Change::Replaced(won.id));
    let stale = house.app.withdraw_override(&home.scope, "a1", Some(won.id), &casey).await;
    assert!(matches!(stale, Err(Error::Conflict(_))));
    assert_eq!(all(&house, &home, "a1").await.iter().filter(|o| o.ended_at.is_none()).count(), 1);
}

#[tokio::test]
async fn it_is_taken_back_and_that_is_undone() {
    let (house, home) = house(&["a1"]).await;
    let (first, _) = set(&house, &home, "a1", &band("green", "2027-03-31")).await;
    house.app.withdraw_override(&home.scope, "a1", Some(first.id), &casey()).await.unwrap().unwrap();
    assert_eq!(account(&house, &home, "a1").await.band.as_deref(), Some("yellow"));
    assert_eq!(house.app.withdraw_override(&home.scope, "a1", None, &casey()).await.unwrap(), None);
    house.app.restore_override(&home.scope, "a1", first.id, None, &casey()).await.unwrap();
    assert_eq!(account(&house, &home, "a1").await.band.as_deref(), Some("green"));
    // Undoing a change brings the one before back.
    let (second, _) = set(&house, &home, "a1", &band("red", "2027-03-31")).await;
    house.app.restore_override(&home.scope, "a1", first.id, Some(second.id), &casey()).await.unwrap();
    assert_eq!(account(&house, &home, "a1").await.set_band.as_deref(), Some("green"));
    // Not over somebody's later word.
    let (third, _) = set(&house, &home, "a1", &band("red", "2027-03-31")).await;
    for (id, current) in [(first.id, None), (first.id, Some(second.id)), (Uuid::now_v7(), Some(third.id))] {
        assert!(house.app.restore_override(&home.scope, "a1", id, current, &casey()).await.is_err());
    }
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let log = db::audit::list(&mut tx, "override.", 0, 20).await.unwrap();
    let actions: Vec<&str> = log.iter().rev().map(|e| e.action.as_str()).collect();
    assert_eq!(actions[..3], ["override.set", "override.withdrawn", "override.restored"]);
}

#[tokio::test]
async fn it_ends_on_its_day_and_the_days_before_keep_it() {
    let (house, home) = house(&["a1"]).await;
    set(&house, &home, "a1", &band("green", "2027-03-03")).await;
    for (date, expected) in [("2027-03-02", "green"), ("2027-03-03", "green"), ("2027-03-04", "yellow")] {
        morning(&house, date).await;
        assert_eq!(account(&house, &home, "a1").await.band.as_deref(), Some(expected), "{date}");
    }
    let ended = all(&house, &home, "a1").await.remove(0);
    assert_eq!((ended.end_reason.as_deref(), ended.ended_on), (Some("expired"), Some(day("2027-03-04"))));
    assert_eq!(ended.last_day(), Some(day("2027-03-03")));
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let then = db::scores::primary_on(&mut tx, ended.account_id, day("2027-03-03")).await.unwrap().unwrap();
    assert_eq!(then.band.as_deref(), Some("green"));
    drop(tx);
    assert_eq!(house.app.settle_overrides(&home.scope).await.unwrap(), Settled::default(), "once");
}

#[tokio::test]
async fn it_is_settled_when_the_model_has_agreed_for_two_weeks() {
    let (house, home) = house(&["a1"]).await;
    set(&house, &home, "a1", &band("green", "2027-08-01")).await;
    house.set("2027-03-05T12:00:00Z");
    speak(&house, &home, &["a1"], 60, "2027-03-05T11:00:00Z").await;
    let open = all(&house, &home, "a1").await.remove(0);
    assert_eq!((open.now_band.as_deref(), open.agreed_since), (Some("green"), Some(day("2027-03-05"))));
    // A day of disagreement begins the count anew.
    house.set("2027-03-10T12:00:00Z");
    speak(&house, &home, &["a1"], 12, "2027-03-10T11:00:00Z").await;
    assert_eq!(all(&house, &home, "a1").await[0].agreed_since, None);
    house.set("2027-03-11T12:00:00Z");
    speak(&house, &home, &["a1"], 60, "2027-03-11T11:00:00Z").await;
    morning(&house, "2027-03-24").await;
    assert_eq!(all(&house, &home, "a1").await[0].end_reason, None);
    morning(&house, "2027-03-25").await;
    assert_eq!(all(&house, &home, "a1").await[0].end_reason.as_deref(), Some("agreed"));
    assert_eq!(account(&house, &home, "a1").await.set_by, None);
}

/// The contracts of the house's accounts run from 2026-06-01 for a year and renew by themselves.
#[tokio::test]
async fn the_renewal_shows_who_was_right_once() {
    let ids = ["renews", "leaves", "shrinks", "early", "level", "late"];
    let (house, home) = house(&ids).await;
    for (id, says) in
        [("renews", "green"), ("leaves", "green"), ("shrinks", "red"), ("early", "red"), ("level", "yellow")]
    {
        set(&house, &home, id, &band(says, "2027-04-30")).await;
    }
    // Changed on the way: the last word before the renewal is the one that counts.
    house.set("2027-03-20T12:00:00Z");
    set(&house, &home, "renews", &band("red", "2027-04-30")).await;
    let csv = "external_id,account,start_date,end_date,ended_on,arr,currency,seats\n";
    let early = format!("{csv}early-C1,early,2026-06-01,2027-06-01,2027-04-02,50000,USD,10\n");
    house.set("2027-04-02T12:00:00Z");
    house.import(&home, "contracts", &early).await;
    house.work().await;
    morning(&house, "2027-04-03").await;
    let early = all(&house, &home, "early").await.remove(0);
    assert_eq!((early.outcome.as_deref(), early.proved.as_deref()), (Some("churned"), Some("person")));
    assert_eq!((early.outcome_on, early.end_reason.as_deref()), (Some(day("2027-04-02")), Some("churned")));

    morning(&house, "2027-06-01").await;
    assert_eq!(all(&house, &home, "renews").await[0].judged_at, None, "its day is not over");
    let gone = format!(
        "{csv}leaves-C1,leaves,2026-06-01,2027-06-01,2027-06-01,50000,USD,10\n\
         shrinks-C1,shrinks,2026-06-01,2027-06-01,,50000,USD,10\nshrinks-C2,shrinks,2027-06-01,2028-06-01,,30000,USD,6\n"
    );
    house.import(&home, "contracts", &gone).await;
    house.work().await;
    morning(&house, "2027-06-02").await;
    for (id, outcome, proved) in [
        ("renews", "renewed", "model"),
        ("leaves", "churned", "model"),
        ("shrinks", "shrank", "person"),
        ("level", "renewed", "neither"),
    ] {
        let judged = all(&house, &home, id).await.remove(0);
        assert_eq!(
            (judged.outcome.as_deref(), judged.proved.as_deref()),
            (Some(outcome), Some(proved)),
            "{id}"
        );
    }
    let replaced = all(&house, &home, "renews").await.remove(1);
    assert!(replaced.judged_at.is_some() && replaced.outcome.is_none(), "passed over");
    assert_eq!(house.app.settle_overrides(&home.scope).await.unwrap(), Settled::default(), "recorded once");
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let tally = db::overrides::tallies(&mut tx).await.unwrap().remove(0);
    assert_eq!((tally.name.as_str(), tally.person, tally.model, tally.neither), ("Casey", 2, 2, 1));
}

#[tokio::test]
async fn the_tenants_own_freshness_goes_before_the_methodologys() {
    let (house, home) = house(&["a1"]).await;
    house.set("2027-03-08T12:00:00Z");
    morning(&house, "2027-03-08").await;
    let stale = || async {
        let mut tx = house.app.db.read(&home.scope).await.unwrap();
        let id = db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
        let row = db::scores::primary_on(&mut tx, id, day("2027-03-08")).await.unwrap().unwrap();
        let in_force = house.app.methodology_version(&home.scope, row.version).await.unwrap().unwrap();
        let readings = row.readings(&in_force.methodology).unwrap();
        readings.of.0.iter().find(|(id, _)| &**id == "advanced_features").unwrap().1.stale
    };
    assert!(!stale().await, "seven days are fresh enough for the methodology");
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let mut metric = db::metrics::find(&mut tx, "advanced_feature_pct").await.unwrap().unwrap();
    drop(tx);
    assert_eq!(metric.fresh_days, None, "nobody asked for anything else");
    for (days, expected) in [(Some(3), true), (Some(7), false), (Some(6), true), (None, false)] {
        metric.fresh_days = days;
        house.app.put_metric(&home.scope, &metric, &casey()).await.unwrap();
        house.work().await;
        assert_eq!(stale().await, expected, "{days:?}: every account is scored anew");
    }
}
