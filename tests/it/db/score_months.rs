//! Days that are folded read as they did before.

use chrono::{Days, NaiveDate};
use holdfast::app::App;
use holdfast::app::work::Work;
use holdfast::db::{self, Db, MIGRATOR, TenantScope, portfolio, scores};
use holdfast::domain::methodology::Methodology;
use serde_json::json;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use uuid::Uuid;

use crate::support::{Home, House, admin_url, at, connect, server_url, track, with_database};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Three accounts over five weeks, scored each day by what was known on it; one of them gets worse.
async fn lived() -> (House, Home) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2", "a3"]).await;
    house.work().await;
    for n in 0..36_u32 {
        let today = day("2027-03-01") + Days::new(n.into());
        house.clock.set(at(&format!("{today}T12:00:00Z")));
        let mut messages =
            vec![json!({"type": "group", "userId": "u1", "groupId": "a2", "messageId": format!("g{n}"),
            "timestamp": format!("{today}T10:00:00Z"),
            "traits": {"advanced_feature_pct": 60 - n, "integrations_live": 3, "csat_avg": 4.5}})];
        for user in 0..=n % 7 {
            let (id, user) = (format!("m{n}-{user}"), format!("u{user}"));
            messages.push(track(&id, "Dashboard Viewed", &user, "a1", &format!("{today}T11:00:00Z")));
        }
        house.send(&home, &messages).await;
        if n == 20 {
            let csv = "external_id,account,start_date,term_months,arr,currency,seats\na3-C2,a3,2027-03-15,12,70000,USD,5\n";
            house.import(&home, "contracts", csv).await;
        }
        house.app.score_all(&home.scope, today, &Work::unwatched()).await.unwrap();
    }
    (house, home)
}

/// Every answer that rests on scores, in words.
async fn answers(app: &App, scope: &TenantScope) -> Vec<String> {
    let in_force = app.methodology(scope).await.unwrap().unwrap();
    let mut tx = app.db.read(scope).await.unwrap();
    let ids = db::accounts::ids_after(&mut tx, Uuid::nil(), 10).await.unwrap();
    let (first, today) = (day("2027-03-01"), app.clock.today(scope.time_zone()));
    let mut said = vec![format!("{:?}", scores::history(&mut tx, &ids, first, today).await.unwrap())];
    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= today).collect();
    for &id in &ids {
        for score in scores::primary_on_days(&mut tx, id, &days).await.unwrap() {
            said.push(in_words(&score, &in_force.methodology));
        }
    }
    for back in [0, 1, 2, 3, 30, 35] {
        let on = today - Days::new(back);
        for &id in &ids {
            let score = scores::primary_on(&mut tx, id, on).await.unwrap().unwrap();
            said.push(in_words(&score, &in_force.methodology));
        }
        let mut before = scores::before(&mut tx, &ids, on, 30).await.unwrap();
        before.sort_by_key(|score| score.account_id);
        said.extend(before.iter().map(|score| in_words(score, &in_force.methodology)));
        said.push(format!("{:?}", portfolio::scored_day(&mut tx, on).await.unwrap()));
        said.push(format!("{:?}", portfolio::cells(&mut tx, on).await.unwrap()));
        said.push(format!(
            "{:?}",
            portfolio::renewals_by_quarter(&mut tx, on, on + Days::new(400)).await.unwrap()
        ));
        said.push(format!("{:?}", portfolio::load(&mut tx, on).await.unwrap()));
        for mover in portfolio::movers(&mut tx, on, first, None, 10).await.unwrap() {
            let causes = mover.readings(&in_force.methodology).unwrap();
            said.push(format!("{} {:?} {:?} {causes:?}", mover.name, mover.score, mover.score_before));
        }
    }
    said.push(format!("{:?}", portfolio::first_scored_day(&mut tx).await.unwrap()));
    let ends = portfolio::month_ends(&mut tx, today, 12).await.unwrap();
    let mut bands = portfolio::bands_on(&mut tx, &ends).await.unwrap();
    bands.sort_by(|a, b| (a.day, &a.band).cmp(&(b.day, &b.band)));
    said.push(format!("{ends:?} {bands:?}"));
    said.push(format!("{:?}", portfolio::totals_on(&mut tx, &days).await.unwrap()));
    said
}

fn in_words(score: &scores::Score, methodology: &Methodology) -> String {
    let (readings, at) = (score.readings(methodology).unwrap(), score.computed_at().unwrap().timestamp());
    assert_eq!(
        methodology.explain(&readings).health,
        score.score,
        "the reasons are still those of the score"
    );
    let said = (&score.band, score.coverage, score.stale, &score.segment, score.arr_base_minor);
    format!("{} {:?} {said:?} {:?} {readings:?} {at}", score.day, score.score, score.renewal_date)
}

async fn rows(house: &House, table: &str) -> i64 {
    let query = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(query).fetch_one(&mut house.behind().await).await.unwrap()
}

#[tokio::test]
async fn folding_changes_no_answer() {
    let (house, home) = lived().await;
    let before = answers(&house.app, &home.scope).await;
    assert_eq!((rows(&house, "scores").await, rows(&house, "score_months").await), (3 * 36, 0));
    assert_eq!(house.app.fold_scores(&home.scope, &Work::unwatched()).await.unwrap(), 3 * 34);
    assert_eq!((rows(&house, "scores").await, rows(&house, "score_months").await), (3 * 2, 3 * 2));
    assert_eq!(answers(&house.app, &home.scope).await, before);
    // The next days join a month that is folded in part.
    for today in ["2027-04-06", "2027-04-07"] {
        house.set(&format!("{today}T12:00:00Z"));
        house.app.score_all(&home.scope, day(today), &Work::unwatched()).await.unwrap();
    }
    let before = answers(&house.app, &home.scope).await;
    assert_eq!(house.app.fold_scores(&home.scope, &Work::unwatched()).await.unwrap(), 3 * 2);
    assert_eq!(answers(&house.app, &home.scope).await, before);
}

#[tokio::test]
async fn folding_may_be_broken_off_between_and_within_chunks() {
    let (house, home) = lived().await;
    let before = answers(&house.app, &home.scope).await;
    let until = day("2027-04-04");
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    let ids = db::score_months::waiting(&mut tx, until, Uuid::nil(), 10).await.unwrap();
    assert_eq!(db::score_months::fold(&mut tx, &ids, until).await.unwrap(), 3 * 34);
    drop(tx);
    assert_eq!(rows(&house, "scores").await, 3 * 36, "without a commit nothing was moved");
    let mut tx = house.app.db.write(&home.scope).await.unwrap();
    assert_eq!(db::score_months::fold(&mut tx, &ids[..1], until).await.unwrap(), 34);
    tx.commit().await.unwrap();
    assert_eq!(answers(&house.app, &home.scope).await, before, "one account folded, two not");
    house.app.fold_scores(&home.scope, &Work::unwatched()).await.unwrap();
    assert_eq!(answers(&house.app, &home.scope).await, before);
}

#[tokio::test]
async fn past_days_are_filled_in_and_what_was_said_stays() {
    let (house, home) = lived().await;
    house.app.fold_scores(&home.scope, &Work::unwatched()).await.unwrap();
    let said = answers(&house.app, &home.scope).await;
    let (from, to) = (day("2027-02-20"), day("2027-04-04"));
    house.set("2027-04-05T18:00:00Z");
    house.app.score_range(&home.scope, from, to, |day| day, &Work::unwatched()).await.unwrap();
    assert_eq!(rows(&house, "scores").await, 3 * 2, "days that are over go straight into their months");
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    assert_eq!(portfolio::first_scored_day(&mut tx).await.unwrap(), Some(from));
    let ids = db::accounts::ids_after(&mut tx, Uuid::nil(), 10).await.unwrap();
    let early = scores::history(&mut tx, &ids, from, day("2027-02-28")).await.unwrap();
    assert_eq!(early.len(), 3 * 9);
    let history = scores::history(&mut tx, &ids, day("2027-03-01"), day("2027-04-05")).await.unwrap();
    assert_eq!(format!("{history:?}"), said[0]);
}

#[tokio::test]
async fn nobody_sees_the_folded_days_of_others() {
    let (house, home) = lived().await;
    let other = house.tenant("other").await;
    house.app.fold_scores(&home.scope, &Work::unwatched()).await.unwrap();
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let ids = db::accounts::ids_after(&mut tx, Uuid::nil(), 10).await.unwrap();
    drop(tx);
    let mut tx = house.app.db.read(&other.scope).await.unwrap();
    assert_eq!(portfolio::first_scored_day(&mut tx).await.unwrap(), None);
    for on in ["2027-03-02", "2027-04-05"] {
        assert!(portfolio::cells(&mut tx, day(on)).await.unwrap().is_empty());
        assert!(scores::history(&mut tx, &ids, day(on), day(on)).await.unwrap().is_empty());
        assert!(scores::primary_on(&mut tx, ids[0], day(on)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn scores_stored_as_json_read_as_before() {
    let name = format!("j_{}", Uuid::new_v4().simple());
    let mut server = connect(&server_url().parse().unwrap()).await;
    server.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let mut login = connect(&with_database(&server_url(), &name)).await;
    let before = MIGRATOR.iter().filter(|m| m.version < 7).cloned().collect::<Vec<_>>();
    let upto = Migrator { migrations: before.into(), ..Migrator::DEFAULT };
    upto.run_direct(None, &mut login, false).await.unwrap();
    let mut admin = connect(&with_database(&admin_url(), &name)).await;
    for sample in [include_str!("samples/0001.sql"), include_str!("samples/0002.sql")] {
        admin.execute(sample).await.unwrap();
    }
    let readings = json!({"as_of": "2027-01-31", "primary": "overall", "caps": [{"at_most": "yellow", "why": "w"}],
        "of": {"advanced_features": {"v": 45.5, "d": "2027-01-30"}, "business_impact": {"v": "strong", "s": true}}});
    // Of the primary model and of another; and a day on which no model was primary.
    for (day, model, primary, readings) in [
        ("2027-01-31", "overall", true, &readings),
        ("2027-01-31", "other", false, &json!({})),
        ("2027-01-30", "overall", false, &json!({})),
    ] {
        sqlx::query(
            "INSERT INTO scores (tenant_id, account_id, model, day, version, score, band, coverage, stale, is_primary,
               readings, computed_at)
             SELECT tenant_id, id, $1, $2::date, 1, 61.5, 'yellow', 0.5, true, $3, $4, now() FROM accounts",
        )
        .bind(model)
        .bind(day.parse::<NaiveDate>().unwrap())
        .bind(primary)
        .bind(readings)
        .execute(&mut admin)
        .await
        .unwrap();
    }
    admin.close().await.unwrap();
    let all =
        Migrator { migrations: MIGRATOR.iter().cloned().collect::<Vec<_>>().into(), ..Migrator::DEFAULT };
    all.run_direct(None, &mut login, false).await.unwrap();

    let source = holdfast::app::methodology::pack_source("techcorp").unwrap();
    let methodology = holdfast::app::methodology::load(&source, &Default::default()).unwrap().methodology;
    let db = Db::connect(with_database(&server_url(), &name).to_url_lossy().as_str(), 2).await.unwrap();
    let mut platform = db.platform().await.unwrap();
    let scope = db::platform::all_tenants(&mut platform).await.unwrap().remove(0);
    drop(platform);
    let mut tx = db.write(&scope).await.unwrap();
    let id = db::accounts::ids_after(&mut tx, Uuid::nil(), 1).await.unwrap()[0];
    for folded in [false, true] {
        let score = scores::primary_on(&mut tx, id, day("2027-01-31")).await.unwrap().unwrap();
        assert_eq!(
            (score.score, score.band.as_deref(), score.model.as_deref()),
            (Some(61.5), Some("yellow"), Some("overall"))
        );
        let read = serde_json::to_value(score.readings(&methodology).unwrap()).unwrap();
        assert_eq!(read, readings, "folded: {folded}");
        let without = scores::primary_on(&mut tx, id, day("2027-01-30")).await.unwrap().unwrap();
        assert_eq!((without.day, without.score, without.model), (day("2027-01-30"), None, None));
        let kept = String::from_utf8_lossy(&without.kept.day(without.day).unwrap().bytes).into_owned();
        assert!(kept.contains("61.5"), "what the models said is not lost: {kept}");
        db::score_months::fold(&mut tx, &[id], day("2027-03-01")).await.unwrap();
    }
}
