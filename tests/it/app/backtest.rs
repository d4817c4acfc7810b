//! Backtests: scores as they were known then, held against what happened; nothing from after a day reaches into it.

use std::fmt::Write;

use chrono::{Duration, NaiveDate};
use holdfast::app::backtest::Subject;
use holdfast::app::imports::{ImportKind, ImportRequest, Known, Mapping};
use holdfast::app::methodology::{self, DraftFrom, Publishing};
use holdfast::app::tenants::NewTenant;
use holdfast::app::work::Work;
use holdfast::app::{Actor, Error};
use holdfast::db::accounts::Stated;
use holdfast::db::jobs::JobState;
use holdfast::db::{self, TenantScope};
use holdfast::domain::backtest::{Report, Settings, SuggestionOutcome};
use holdfast::domain::pack::{Overrides, schema};
use serde_json::json;
use uuid::Uuid;

use crate::support::House;

/// Use tells a coming churn; the other two move only once it has come.
pub const PACK: &str = r#"
schema: 1
pack: {id: leak, name: Leak, version: "1", source: test, product: Product, currency: USD, timezone: UTC, summary: A test}
inputs:
  use: {kind: gauge, type: number}
  planted: {kind: gauge, type: number}
  churn_reason: {kind: attribute, type: enum, values: [none, left]}
health:
  every: 1d
  bands:
  - {id: green, name: Green, from: 76, colour: green}
  - {id: red, name: Red, colour: red}
  indicators:
    use: {name: Use, value: "avg(use, 14d)", linear: {zero: 0, full: 100}}
    planted: {name: Planted, value: planted, linear: {zero: 100, full: 0}}
    reason: {name: Reason, value: churn_reason, map: {none: 100, left: 0}}
  models:
  - id: overall
    name: Health
    tree: [{indicator: use, weight: 0.5}, {indicator: planted, weight: 0.25}, {indicator: reason, weight: 0.25}]
"#;
const ACCOUNTS: i64 = 30;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The day on which an account leaves; every second one stays.
fn leaves_on(account: i64) -> Option<NaiveDate> {
    (account % 2 == 0).then(|| day("2026-04-15") + Duration::days(account * 9))
}

fn settings() -> Settings {
    Settings { from: day("2026-03-01"), to: day("2026-12-15"), step_days: 7, horizon_days: 45 }
}

/// A tenant whose score reads use, and two things that move only once an account has left.
pub async fn tenant(house: &House, slug: &str) -> TenantScope {
    let new = NewTenant { name: slug, slug: Some(slug), time_zone: "UTC", currency: None };
    house.app.create_tenant(&new, PACK, &Actor::command_line()).await.unwrap()
}

async fn import(house: &House, scope: &TenantScope, kind: ImportKind, known: Known, csv: String) {
    let mapping = Mapping::default();
    let bytes_total = csv.len() as u64;
    let request =
        ImportRequest { kind, file_name: "test.csv", mapping: &mapping, dry_run: false, bytes_total, known };
    let reader = std::io::Cursor::new(csv.into_bytes());
    let done = house.app.import(scope, request, reader, &Actor::command_line(), &|_| ()).await.unwrap();
    assert_eq!((done.error.as_deref(), done.rejected), (None, 0));
}

fn contract(account: i64, arr: i64, ended: Option<NaiveDate>) -> String {
    let ended = ended.map_or(String::new(), |day| day.to_string());
    format!(
        "account,external_id,start_date,term_months,arr,currency,ended_on\na{account},c{account},2025-06-01,12,{arr},USD,{ended}\n"
    )
}

/// A year in which accounts leave one after the other, each recorded when it happens.
pub async fn year(house: &House, scope: &TenantScope, planted: bool) {
    house.set("2026-01-01T12:00:00Z");
    let (mut accounts, mut before) =
        ("external_id,name\n".to_owned(), "account,metric,date,value\n".to_owned());
    for n in 0..ACCOUNTS {
        writeln!(accounts, "a{n},Account {n}").unwrap();
        writeln!(before, "a{n},planted,2026-01-01,0").unwrap();
    }
    import(house, scope, ImportKind::Accounts, Known::OnItsDay, accounts).await;
    import(house, scope, ImportKind::Metrics, Known::OnItsDay, before).await;
    for n in 0..ACCOUNTS {
        import(house, scope, ImportKind::Contracts, Known::OnItsDay, contract(n, 10_000 + n, None)).await;
        say(house, scope, n, "none").await;
    }
    for n in 0..ACCOUNTS {
        let Some(left) = leaves_on(n) else { continue };
        house.set(&format!("{left}T12:00:00Z"));
        import(house, scope, ImportKind::Contracts, Known::OnItsDay, contract(n, 10_000 + n, Some(left)))
            .await;
        if planted {
            say(house, scope, n, "left").await;
            // On the day itself, and entered afterwards about days long before.
            let early = left - Duration::days(30);
            let rows =
                format!("account,metric,date,value\na{n},planted,{left},100\na{n},planted,{early},100\n");
            import(house, scope, ImportKind::Metrics, Known::Today, rows).await;
        }
    }
    house.set("2027-02-01T12:00:00Z");
    let mut use_rows = "account,metric,date,value\n".to_owned();
    for n in 0..ACCOUNTS {
        for week in 0..56 {
            let on = day("2026-01-01") + Duration::days(week * 7);
            let near = leaves_on(n).is_some_and(|left| on > left - Duration::days(40) && n % 6 != 0);
            let steady = 60 + (n * 7 + week * 3) % 37;
            writeln!(use_rows, "a{n},use,{on},{}", if near { steady - 45 } else { steady }).unwrap();
        }
    }
    import(house, scope, ImportKind::Metrics, Known::OnItsDay, use_rows).await;
}

async fn say(house: &House, scope: &TenantScope, account: i64, reason: &str) {
    let stated = Stated {
        external_id: format!("a{account}"),
        fields: Some(json!({ "churn_reason": reason })),
        ..Stated::default()
    };
    house.app.put_account(scope, &stated, &Actor::command_line()).await.unwrap();
}

async fn run(house: &House, scope: &TenantScope, subject: &Subject) -> (Uuid, Report) {
    let id = house.app.start_backtest(scope, subject, &settings(), &Actor::command_line()).await.unwrap();
    house.work().await;
    let mut tx = house.app.db.read(scope).await.unwrap();
    let found = db::backtests::find(&mut tx, id).await.unwrap().unwrap();
    assert_eq!(found.state(), JobState::Done);
    let report = db::backtests::report(&mut tx, id).await.unwrap().unwrap();
    (id, serde_json::from_value(report).unwrap())
}

#[tokio::test]
async fn what_moves_only_after_a_churn_raises_no_figure() {
    let house = House::at("2026-01-01T12:00:00Z").await;
    let (leaky, clean) = (tenant(&house, "leaky").await, tenant(&house, "clean").await);
    year(&house, &leaky, true).await;
    year(&house, &clean, false).await;
    let (id, with) = run(&house, &leaky, &Subject::Version(1)).await;
    let (_, without) = run(&house, &clean, &Subject::Version(1)).await;
    assert_eq!(with, without, "a metric and a field that move only after the churn change nothing");
    // The figures are there, and they are those of a score that sees two thirds of the churns coming.
    let figures = without.figures.as_ref().unwrap();
    assert_eq!(without.counts.lost_accounts, 15);
    assert!(figures.score.auc.value > 0.65 && figures.score.auc.value < 0.97, "{:?}", figures.score.auc);
    assert_eq!(without.counts.entered_later_days, 0);
    let SuggestionOutcome::Weights { leaves, test } = &without.suggestions[0].outcome else {
        panic!("{:?}", without.suggestions)
    };
    let weights: Vec<(&str, f64)> = leaves.iter().map(|l| (l.id.as_str(), l.suggested)).collect();
    assert_eq!(weights, [("use", 1.0), ("planted", 0.0), ("reason", 0.0)]);
    assert_eq!(test.tested_after - test.learnt_to, Duration::days(45));

    // Today's knowledge does see the leak, so the test would notice if it came through.
    let mut tx = house.app.db.read(&leaky).await.unwrap();
    let account = db::accounts::id_of(&mut tx, "a2").await.unwrap().unwrap();
    drop(tx);
    let (left, eve) = (leaves_on(2).unwrap(), leaves_on(2).unwrap() - Duration::days(1));
    let score = async |on: NaiveDate| {
        let assessed = house.app.assess(&leaky, account, on).await.unwrap().unwrap();
        assessed.evaluation.health.models[0].score.unwrap()
    };
    assert!(score(eve).await - score(left).await > 45.0);

    // Every account-day is told, and nothing of the other tenant is found.
    let (mut csv, mut part) = (String::new(), -1);
    while let Some((next, rows)) = house.app.backtest_days(&leaky, id, part).await.unwrap() {
        csv += std::str::from_utf8(&rows).unwrap();
        part = next;
    }
    assert_eq!(csv.lines().count() - 1, with.counts.days);
    assert!(csv.starts_with(
        "account,day,score,band,alarm,days_since_use,outcome,churned_on,arr_minor,model,score_use"
    ));
    let mut tx = house.app.db.read(&clean).await.unwrap();
    assert!(db::backtests::find(&mut tx, id).await.unwrap().is_none());
    assert!(db::backtests::report(&mut tx, id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_past_day_sees_fields_segments_and_terms_as_they_were_stated_then() {
    let house = House::at("2026-01-01T12:00:00Z").await;
    let home = house.tenant("acme").await;
    let actor = Actor::command_line();
    let contract = |arr: i64, end: &str| {
        format!("external_id,account,start_date,end_date,arr,currency\nc1,a1,2025-06-01,{end},{arr},USD\n")
    };
    house.import(&home, "accounts", "external_id,name\na1,One\n").await;
    house.import(&home, "contracts", &contract(120_000, "2026-06-01")).await;
    house.set("2026-03-01T12:00:00Z");
    house.import(&home, "contracts", &contract(20_000, "2027-06-01")).await;
    house.app.pin_segment(&home.scope, "a1", Some("mid_market"), &actor).await.unwrap();
    house.set("2026-05-01T12:00:00Z");
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
    drop(tx);
    let on = async |text: &str| {
        let assessed = house.app.assess(&home.scope, id, day(text)).await.unwrap().unwrap();
        let segment = assessed.evaluation.segment.map(|segment| segment.to_string());
        (segment.unwrap(), assessed.standing.arr.minor, assessed.standing.renewal.unwrap().to_string())
    };
    let before = ("enterprise".to_owned(), 12_000_000, "2026-06-01".to_owned());
    let after = ("mid_market".to_owned(), 2_000_000, "2027-06-01".to_owned());
    assert_eq!(on("2026-02-28").await, before);
    // Imported history: before the first statement the contract counts as first stated, from its start on.
    assert_eq!(on("2025-12-01").await, before);
    assert_eq!(on("2026-03-01").await, after);
    assert_eq!(on("2026-05-01").await, after);
}

#[tokio::test]
async fn suggested_weights_become_a_draft_of_what_was_tested() {
    let house = House::at("2026-01-01T12:00:00Z").await;
    let scope = tenant(&house, "acme").await;
    let actor = Actor::command_line();
    year(&house, &scope, false).await;
    // Two measures of use that differ tell a churn, one steadier than the other; the tree is nested and in percent.
    let nested = PACK
        .replace("{indicator: use, weight: 0.5}, {indicator: planted, weight: 0.25}, {indicator: reason, weight: 0.25}",
            "{id: all, name: All, weight: 60, children: [{indicator: use}, {indicator: low}, {indicator: reason}]}, {indicator: planted, weight: 40}")
        .replace("    planted: {name: Planted",
            "    low: {name: Low, value: \"lowest(use, 28d)\", linear: {zero: 0, full: 100}}\n    planted: {name: Planted");
    let draft =
        Subject::Draft { title: "Nested".into(), source: nested.clone(), overrides: Overrides::default() };
    let (id, report) = run(&house, &scope, &draft).await;
    let SuggestionOutcome::Weights { leaves, .. } = &report.suggestions[0].outcome else { panic!() };
    let begin = async |id| house.app.create_draft(&scope, DraftFrom::Backtest(id), "", &actor).await;

    // What was tested is not in force: the weights would mean something else there.
    assert_eq!(house.app.tried_in_force(&scope, id).await.unwrap(), None);
    let Err(Error::Conflict(why)) = begin(id).await else { panic!("it was taken") };
    assert!(why.starts_with("The version in force is not the one that was tested"), "{why}");

    // The same file in force, under whatever number, is what was tested.
    let from = DraftFrom::File { source: nested.clone(), overrides: Overrides::default() };
    let as_is = house.app.create_draft(&scope, from, "", &actor).await.unwrap();
    let how = Publishing { note: "Nested", remove_used: true, ..Publishing::default() };
    house.app.publish(&scope, as_is.stored.id, 1, &how, &actor).await.unwrap();
    assert_eq!(house.app.tried_in_force(&scope, id).await.unwrap(), Some(2));
    let made = begin(id).await.unwrap();
    assert_eq!(made.stored.title, "Weights suggested by the backtest of Nested");
    assert_eq!(made.stored.based_on, Some(2));
    let loaded = methodology::load(&made.stored.source, &made.overrides).unwrap();
    let tree = &loaded.file.health.as_ref().unwrap().models[0].tree;
    let weights =
        |nodes: &[schema::TreeNode]| nodes.iter().map(|n| n.weight.unwrap().value).collect::<Vec<_>>();
    let (top, below) = (weights(tree), weights(tree[0].children.as_ref().unwrap()));
    assert_eq!((top.iter().sum::<f64>(), below.iter().sum::<f64>()), (100.0, 100.0));
    let shares = [below[0] * top[0], below[1] * top[0], below[2] * top[0], top[1] * 100.0].map(|n| n / 1e4);
    for (share, leaf) in shares.iter().zip(leaves) {
        assert!((share - leaf.suggested).abs() < 2e-4, "{share} for {leaf:?}");
    }
    assert!(shares[0] > 0.0 && shares[1] > 0.0, "both measures of use weigh something: {shares:?}");
    // Nothing else is different.
    let changed = made.stored.source.lines().zip(nested.lines()).filter(|(is, was)| is != was);
    assert_eq!(
        changed.map(|(is, _)| is.trim_start().split(':').next().unwrap()).collect::<Vec<_>>(),
        ["tree"]
    );

    // Nothing to suggest, nothing to open.
    let blind = PACK.replace("{indicator: use, weight: 0.5}, {indicator: planted, weight: 0.25}, {indicator: reason, weight: 0.25}",
        "{indicator: planted, weight: 0.5}, {indicator: reason, weight: 0.5}");
    let from = DraftFrom::File { source: blind, overrides: Overrides::default() };
    let blind = house.app.create_draft(&scope, from, "", &actor).await.unwrap();
    house.app.publish(&scope, blind.stored.id, 1, &how, &actor).await.unwrap();
    let (id, _) = run(&house, &scope, &Subject::Version(3)).await;
    assert!(
        matches!(begin(id).await, Err(Error::Conflict(why)) if why == "This backtest suggests no weights.")
    );
    assert!(matches!(begin(Uuid::now_v7()).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_draft_is_tried_as_it_was_and_a_broken_one_is_refused() {
    let house = House::at("2026-01-01T12:00:00Z").await;
    let scope = tenant(&house, "acme").await;
    year(&house, &scope, false).await;
    // Without use nothing tells a churn.
    let source = PACK.replace("{indicator: use, weight: 0.5}, {indicator: planted, weight: 0.25}, {indicator: reason, weight: 0.25}",
        "{indicator: planted, weight: 0.5}, {indicator: reason, weight: 0.5}");
    let draft =
        |source: String| Subject::Draft { title: "Blind".into(), source, overrides: Overrides::default() };
    let (_, report) = run(&house, &scope, &draft(source)).await;
    let figures = report.figures.unwrap();
    assert_eq!((figures.score.auc.value, figures.score.auc.interval), (0.5, None));
    assert_eq!(figures.score.warning.warned, 0);
    assert_eq!(figures.score.warning.missed.len(), 15);
    assert_eq!(report.suggestions[0].outcome, SuggestionOutcome::Nothing);

    let actor = Actor::command_line();
    let broken = house.app.start_backtest(&scope, &draft("schema: 9".into()), &settings(), &actor).await;
    assert!(matches!(broken, Err(Error::Pack(_))));
    let nowhere = house.app.start_backtest(&scope, &Subject::Version(7), &settings(), &actor).await;
    assert!(matches!(nowhere, Err(Error::NotFound)));
    for (wrong, field) in [
        (Settings { to: day("2026-12-31"), ..settings() }, "to"),
        (Settings { from: day("2026-12-16"), ..settings() }, "from"),
        (Settings { from: day("2016-12-16"), ..settings() }, "from"),
        (Settings { horizon_days: 3, ..settings() }, "horizon_days"),
        (Settings { step_days: 0, ..settings() }, "step_days"),
    ] {
        let refused = house.app.start_backtest(&scope, &Subject::Version(1), &wrong, &actor).await;
        let Err(Error::Invalid(fields)) = refused else { panic!("{wrong:?} was taken") };
        assert_eq!(fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), [field]);
    }
}

#[tokio::test]
async fn a_backtest_is_stopped_deleted_and_taken_back() {
    let house = House::at("2026-01-01T12:00:00Z").await;
    let scope = tenant(&house, "acme").await;
    let actor = Actor::command_line();
    import(&house, &scope, ImportKind::Accounts, Known::OnItsDay, "external_id,name\na1,One\n".into()).await;
    house.set("2027-02-01T12:00:00Z");
    house.work().await;
    let start = async || house.app.start_backtest(&scope, &Subject::Version(1), &settings(), &actor).await;
    let find = async |id| {
        let mut tx = house.app.db.read(&scope).await.unwrap();
        db::backtests::find(&mut tx, id).await.unwrap()
    };
    let id = start().await.unwrap();
    let job = find(id).await.unwrap().job_id;
    assert_eq!(find(id).await.unwrap().state(), JobState::Waiting);
    house.app.cancel_backtest(&scope, id, &actor).await.unwrap();
    // One that somebody is at notices at its next step and leaves no report.
    let claim = holdfast::db::jobs::held::Claim { job, token: uuid::Uuid::nil() };
    let work = Work::of_job(&house.app, &scope, claim);
    assert!(matches!(house.app.run_backtest(&scope, id, &work).await, Err(Error::Conflict(_))));
    house.work().await;
    assert_eq!(find(id).await.unwrap().state(), JobState::Cancelled);
    assert!(matches!(house.app.cancel_backtest(&scope, id, &actor).await, Err(Error::NotFound)));

    // Too little to say anything is said as such.
    let id = start().await.unwrap();
    house.work().await;
    let mut tx = house.app.db.read(&scope).await.unwrap();
    let report = db::backtests::report(&mut tx, id).await.unwrap().unwrap();
    drop(tx);
    assert_eq!((&report["figures"], &report["counts"]["lost_accounts"]), (&json!(null), &json!(0)));

    house.app.delete_backtest(&scope, id, &actor).await.unwrap();
    assert!(find(id).await.is_none());
    house.app.restore_backtest(&scope, id, &actor).await.unwrap();
    assert_eq!(find(id).await.unwrap().state(), JobState::Done);
    house.app.delete_backtest(&scope, id, &actor).await.unwrap();
    house.set("2027-04-01T12:00:00Z");
    holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    house.work().await;
    let gone = house.app.restore_backtest(&scope, id, &actor).await;
    assert!(matches!(gone, Err(Error::NotFound)), "after thirty days it is forgotten for good");
}
