//! Renewals from their window to their outcome, and the retention that follows from them.

use chrono::NaiveDate;
use holdfast::app::overrides::{Set, Settled, Wanted};
use holdfast::app::renewals::{Closing, Expected, NextTerm};
use holdfast::app::retention::Asked;
use holdfast::app::{Actor, Error};
use holdfast::db;
use holdfast::db::contracts::Contract;
use holdfast::db::renewals::{Filter, Listed};
use holdfast::domain::forecast::{Category, Kind, Reason};
use uuid::Uuid;

use crate::support::{Home, House};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn casey() -> Actor {
    Actor("Casey".to_owned())
}

/// A morning: what recurs is done.
async fn morning(house: &House, date: &str) {
    house.set(&format!("{date}T06:00:00Z"));
    holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    house.work().await;
}

/// A tenant on a pack with one account `a1` and the contracts of a file, on a day.
async fn house(pack: &str, now: &str, contracts: &[&str]) -> (House, Home) {
    let house = House::at(&format!("{now}T06:00:00Z")).await;
    let home = house.tenant_on("acme", pack).await;
    house.import(&home, "accounts", "external_id,name\na1,Account a1\n").await;
    import(&house, &home, contracts).await;
    house.work().await;
    (house, home)
}

async fn import(house: &House, home: &Home, rows: &[&str]) {
    let head = "external_id,account,start_date,end_date,term_months,arr,currency,ended_on\n";
    house.import(home, "contracts", &format!("{head}{}\n", rows.join("\n"))).await;
}

async fn renewals(house: &House, home: &Home) -> Vec<Listed> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::renewals::list(&mut tx, &Filter::default(), 100).await.unwrap()
}

async fn open(house: &House, home: &Home) -> Vec<(NaiveDate, Uuid)> {
    let all = renewals(house, home).await;
    let open = all.iter().filter(|one| one.renewal.outcome.is_none());
    open.map(|one| (one.renewal.renews_on, one.renewal.id)).collect()
}

async fn contracts(house: &House, home: &Home) -> Vec<Contract> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let id = db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
    let mut all = db::contracts::of_account(&mut tx, id).await.unwrap();
    all.sort_by_key(|c| (c.start_date, c.external_id.clone()));
    all
}

async fn account(house: &House, home: &Home) -> db::accounts::Account {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::accounts::find(&mut tx, "a1").await.unwrap().unwrap()
}

async fn journal(house: &House, kind: &str) -> Vec<String> {
    let query = "SELECT title FROM timeline WHERE kind = $1 ORDER BY at, id";
    sqlx::query_scalar(query).bind(kind).fetch_all(&mut house.behind().await).await.unwrap()
}

async fn score(house: &House, home: &Home, score: f64) {
    let wanted = Wanted { set: Set::Score(score), reason: "As told".into(), expires_on: None, seen: None };
    house.app.set_override(&home.scope, "a1", &wanted, &casey(), None).await.unwrap();
}

fn at(minor: i64) -> Closing {
    Closing {
        terms: vec![NextTerm { contract: "C1".into(), arr_minor: minor }],
        reason: Some(Reason::Price),
        ..Closing::default()
    }
}

fn churn() -> Closing {
    Closing {
        churned: true,
        reason: Some(Reason::Competitor),
        competitor: "Acme".into(),
        ..Closing::default()
    }
}

async fn close(house: &House, home: &Home, id: Uuid, closing: &Closing) -> Result<Kind, Error> {
    house.app.close_renewal(&home.scope, id, closing, &casey()).await
}

/// The plays of renewals: their states.
async fn plays(house: &House) -> Vec<String> {
    let query = "SELECT state FROM plays WHERE cause = 'renewal' ORDER BY anchor_on";
    sqlx::query_scalar(query).fetch_all(&mut house.behind().await).await.unwrap()
}

const YEAR: &str = "C1,a1,2026-06-01,,12,100000,USD,";
const FIXED: &str = "C1,a1,2026-06-01,2027-06-01,,100000,USD,";

#[tokio::test]
async fn it_opens_by_itself_at_its_window_and_once() {
    // 2027-06-01 is 121 days after the first morning.
    let (house, home) = house("mwrasp", "2027-01-31", &[YEAR]).await;
    assert_eq!(open(&house, &home).await, []);
    morning(&house, "2027-02-01").await;
    morning(&house, "2027-02-01").await;
    let all = renewals(&house, &home).await;
    assert_eq!(all.len(), 1);
    let renewal = &all[0].renewal;
    assert_eq!((renewal.renews_on, renewal.opened_on), (day("2027-06-01"), day("2027-02-01")));
    assert_eq!(renewal.timeline.as_deref(), Some("standard-120"));
    assert_eq!(all[0].amounts()[0].before, 10_000_000);
    assert_eq!(journal(&house, "renewal_opened").await, ["The renewal on 1 Jun 2027 is open"]);
}

#[tokio::test]
async fn its_strategy_is_looked_at_again_and_each_change_logged() {
    let (house, home) = house("mwrasp", "2027-03-01", &[YEAR]).await;
    score(&house, &home, 86.0).await;
    score(&house, &home, 69.0).await;
    score(&house, &home, 69.0).await;
    let id = open(&house, &home).await[0].1;
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let log = db::renewals::strategies(&mut tx, id).await.unwrap();
    let log: Vec<_> = log.iter().rev().map(|line| (line.to_strategy.as_deref(), line.why.as_str())).collect();
    // Before anything was known nothing spoke for it.
    let to: Vec<_> = log.iter().map(|line| line.0.unwrap_or_default()).collect();
    assert_eq!(to, ["at_risk_renewal", "auto_renewal", "at_risk_renewal"], "{log:?}");
    assert!(log[2].1.starts_with("Health 69"), "{log:?}");
    assert_eq!(
        journal(&house, "strategy_changed").await,
        [
            "Renewal strategy: At-risk renewal → Auto-renewal",
            "Renewal strategy: Auto-renewal → At-risk renewal"
        ]
    );
    assert_eq!(renewals(&house, &home).await[0].renewal.strategy.as_deref(), Some("at_risk_renewal"));
}

#[tokio::test]
async fn the_last_day_is_its_own_and_the_next_belongs_to_the_next() {
    let (house, home) = house("mwrasp", "2027-06-01", &[YEAR]).await;
    assert_eq!(open(&house, &home).await.len(), 1, "on the day it is still open");
    morning(&house, "2027-06-02").await;
    let all = renewals(&house, &home).await;
    assert_eq!(all[0].renewal.outcome.as_deref(), Some("renewed"), "a term that renews itself has renewed");
    assert_eq!(all[0].renewal.told_by.as_deref(), Some("contracts"));
    assert_eq!(account(&house, &home).await.renewal_date, Some(day("2028-06-01")));
}

#[tokio::test]
async fn renewing_96_of_100_feeds_retention() {
    for (pack, kpi) in [("mwrasp", "gross_retention"), ("techcorp", "grr")] {
        let (house, home) = house(pack, "2027-05-20", &[YEAR]).await;
        let id = open(&house, &home).await[0].1;
        assert_eq!(close(&house, &home, id, &at(9_600_000)).await.unwrap(), Kind::Shrunk);
        let all = contracts(&house, &home).await;
        assert_eq!((all[0].end_date, all[1].start_date), (Some(day("2027-06-01")), day("2027-06-01")));
        assert_eq!((all[1].arr_minor, all[1].term_months, all[1].end_date), (9_600_000, Some(12), None));
        assert_eq!(account(&house, &home).await.arr_minor, Some(10_000_000), "until the term is over");
        morning(&house, "2027-06-02").await;
        assert_eq!(account(&house, &home).await.arr_minor, Some(9_600_000));
        assert_eq!(account(&house, &home).await.renewal_date, Some(day("2028-06-01")));
        let asked = Asked { months: 12, ..Asked::default() };
        let told = house.app.retention(&home.scope, &asked, day("2027-06-02")).await.unwrap();
        assert_eq!((told.renewed.renewable, told.renewed.renewed), (10_000_000, 9_600_000), "{pack}");
        let june = told.bridges.months.last().unwrap().1;
        assert_eq!((june.opening, june.contraction, june.closing), (10_000_000, 400_000, 9_600_000));
        assert_eq!(told.renewed_months[&day("2027-06-01")].renewed, 9_600_000);
        let value = told.kpis.iter().find(|one| *one.id == *kpi).and_then(|one| one.value);
        assert_eq!(value, Some(96.0), "{pack}: {:?}", told.kpis);
        // Nothing opens again for what is closed.
        assert_eq!(open(&house, &home).await, []);
    }
}

#[tokio::test]
async fn telling_it_twice_is_fine_and_telling_something_else_is_not() {
    let (house, home) = house("techcorp", "2027-05-20", &[YEAR]).await;
    let id = open(&house, &home).await[0].1;
    close(&house, &home, id, &at(12_000_000)).await.unwrap();
    assert_eq!(close(&house, &home, id, &at(12_000_000)).await.unwrap(), Kind::Expanded);
    assert_eq!(contracts(&house, &home).await.len(), 2);
    assert_eq!(journal(&house, "renewal_closed").await, ["Renewal of 1 Jun 2027: expanded"]);
    let other = close(&house, &home, id, &churn()).await;
    assert!(
        matches!(&other, Err(Error::Conflict(text)) if text.contains("Casey has closed it")),
        "{other:?}"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let (house, home) = house("techcorp", "2027-05-20", &[YEAR]).await;
    let id = open(&house, &home).await[0].1;
    for (what, closing, field) in [
        ("no reason", Closing { churned: true, ..Closing::default() }, "reason"),
        (
            "a stranger's contract",
            Closing { terms: vec![NextTerm { contract: "X".into(), arr_minor: 1 }], ..at(1) },
            "terms",
        ),
        ("a negative ARR", at(-1), "terms"),
        (
            "a day before the contract",
            Closing { effective_on: Some(day("2026-06-01")), ..at(1) },
            "effective_on",
        ),
        (
            "a day after the renewal",
            Closing { effective_on: Some(day("2027-06-02")), ..at(1) },
            "effective_on",
        ),
        ("no term", Closing { term_months: Some(0), ..at(1) }, "term_months"),
        ("another outcome than the amounts", Closing { expected: Some(Kind::Renewed), ..at(1) }, "outcome"),
    ] {
        let refused = close(&house, &home, id, &closing).await;
        assert!(matches!(&refused, Err(Error::Invalid(f)) if f[0].name == field), "{what}: {refused:?}");
    }
    assert_eq!(contracts(&house, &home).await.len(), 1);
    assert!(matches!(close(&house, &home, Uuid::now_v7(), &at(1)).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn churn_ends_the_contract_and_taking_it_back_restores_it() {
    let (house, home) = house("techcorp", "2027-05-20", &[YEAR]).await;
    let id = open(&house, &home).await[0].1;
    assert_eq!(close(&house, &home, id, &churn()).await.unwrap(), Kind::Churned);
    assert_eq!(contracts(&house, &home).await[0].ended_on, Some(day("2027-06-01")));
    // Every night the tenant's own system states the contract without an end.
    import(&house, &home, &[YEAR]).await;
    morning(&house, "2027-06-01").await;
    assert_eq!(account(&house, &home).await.churned_on, Some(day("2027-06-01")));
    let asked = Asked { months: 1, ..Asked::default() };
    let told = house.app.retention(&home.scope, &asked, day("2027-06-01")).await.unwrap();
    assert_eq!((told.bridges.whole.churned, told.bridges.whole.churned_accounts), (10_000_000, 1));
    assert_eq!((told.renewed.renewable_accounts, told.renewed.renewed_accounts), (1, 0));

    house.app.reopen_renewal(&home.scope, id, &casey()).await.unwrap();
    let contract = &contracts(&house, &home).await[0];
    assert_eq!((contract.ended_on, contract.end_date), (None, None));
    assert_eq!(account(&house, &home).await.churned_on, None);
    // It stays open for a person, though the contract would renew itself.
    morning(&house, "2027-06-05").await;
    assert_eq!(open(&house, &home).await, [(day("2027-06-01"), id)]);
    close(&house, &home, id, &at(10_000_000)).await.unwrap();
    morning(&house, "2027-07-10").await;
    let late = house.app.reopen_renewal(&home.scope, id, &casey()).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
}

#[tokio::test]
async fn taking_back_a_renewal_takes_its_next_term_away() {
    let (house, home) = house("techcorp", "2027-05-20", &[FIXED]).await;
    let before = contracts(&house, &home).await;
    let id = open(&house, &home).await[0].1;
    close(&house, &home, id, &Closing { term_months: Some(36), ..at(11_000_000) }).await.unwrap();
    let all = contracts(&house, &home).await;
    assert_eq!((all.len(), all[1].end_date), (2, Some(day("2030-06-01"))), "a fixed term is followed by one");
    assert_eq!(plays(&house).await, ["stopped"], "its milestones are no longer to be done");
    house.app.reopen_renewal(&home.scope, id, &casey()).await.unwrap();
    assert_eq!(contracts(&house, &home).await, before);
    assert_eq!(plays(&house).await, ["running"]);
    assert_eq!(open(&house, &home).await, [(day("2027-06-01"), id)]);
}

#[tokio::test]
async fn early_renewal_begins_the_next_term_before_the_old_one_was_over() {
    let (house, home) = house("techcorp", "2027-05-01", &[FIXED]).await;
    let id = open(&house, &home).await[0].1;
    let early = Closing { effective_on: Some(day("2027-05-10")), ..at(13_000_000) };
    close(&house, &home, id, &early).await.unwrap();
    morning(&house, "2027-05-10").await;
    let now = account(&house, &home).await;
    assert_eq!((now.arr_minor, now.renewal_date), (Some(13_000_000), Some(day("2028-05-10"))));
    assert!(renewals(&house, &home).await.iter().all(|one| one.renewal.was_early()));
    assert_eq!(renewals(&house, &home).await.len(), 1, "the shortened term is no renewal of its own");
    // The file goes on stating the old end.
    import(&house, &home, &[FIXED]).await;
    morning(&house, "2027-05-11").await;
    assert_eq!(account(&house, &home).await.arr_minor, Some(13_000_000));
}

#[tokio::test]
async fn a_lapsed_renewal_never_vanishes() {
    let (house, home) = house("techcorp", "2027-05-20", &[FIXED]).await;
    for date in ["2027-06-02", "2027-09-01", "2028-06-15"] {
        morning(&house, date).await;
        let all = renewals(&house, &home).await;
        assert_eq!(all.len(), 1);
        assert!(all[0].renewal.has_lapsed(day(date)), "{date}");
    }
    // Renewed late: what ran out counts until the next term begins.
    let id = open(&house, &home).await[0].1;
    let late = Closing { effective_on: Some(day("2028-06-15")), ..at(9_000_000) };
    assert_eq!(close(&house, &home, id, &late).await.unwrap(), Kind::Shrunk);
    let now = account(&house, &home).await;
    assert_eq!((now.arr_minor, now.renewal_date), (Some(9_000_000), Some(day("2029-06-15"))));
    assert_eq!(open(&house, &home).await, []);
}

#[tokio::test]
async fn one_first_seen_overdue_is_opened_too() {
    let (house, home) = house("techcorp", "2027-07-01", &[FIXED]).await;
    assert_eq!(open(&house, &home).await.len(), 1);
}

#[tokio::test]
async fn contracts_of_one_day_are_one_renewal_and_of_two_days_two() {
    let rows = [YEAR, "C2,a1,2025-06-01,,24,20000,USD,", "C3,a1,2026-07-01,,12,5000,USD,"];
    let (house, home) = house("mwrasp", "2027-05-20", &rows).await;
    let all = open(&house, &home).await;
    assert_eq!(all.iter().map(|one| one.0).collect::<Vec<_>>(), [day("2027-06-01"), day("2027-07-01")]);
    // One of the two is given up: the renewal shrank.
    let closing = Closing {
        terms: vec![NextTerm { contract: "C2".into(), arr_minor: 0 }],
        reason: Some(Reason::Budget),
        ..Closing::default()
    };
    assert_eq!(close(&house, &home, all[0].1, &closing).await.unwrap(), Kind::Shrunk);
    morning(&house, "2027-06-02").await;
    assert_eq!(account(&house, &home).await.arr_minor, Some(10_500_000));
    assert_eq!(open(&house, &home).await.len(), 1, "the other one is still open");
}

#[tokio::test]
async fn a_term_of_years_from_a_leap_day() {
    let (house, home) = house("mwrasp", "2028-12-20", &["C1,a1,2024-02-29,,60,100000,USD,"]).await;
    assert_eq!(open(&house, &home).await[0].0, day("2029-02-28"));
    let id = open(&house, &home).await[0].1;
    let years = Closing { term_months: Some(36), ..at(10_000_000) };
    assert_eq!(close(&house, &home, id, &years).await.unwrap(), Kind::Renewed);
    morning(&house, "2029-03-01").await;
    assert_eq!(account(&house, &home).await.renewal_date, Some(day("2032-02-28")));
}

#[tokio::test]
async fn two_currencies_are_compared_by_their_rate_and_kept_apart() {
    let rows = [YEAR, "C2,a1,2026-06-01,,12,10000,EUR,"];
    let (house, home) = house("techcorp", "2027-05-20", &rows).await;
    house.app.put_rate(&home.scope, "EUR", "1.1", &casey()).await.unwrap();
    house.work().await;
    let id = open(&house, &home).await[0].1;
    let terms = [("C1", 9_900_000), ("C2", 1_100_000)];
    let terms = terms.map(|(id, minor)| NextTerm { contract: id.into(), arr_minor: minor }).to_vec();
    // 1,000 dollars less, 1,000 euros more.
    let closing = Closing { terms, ..Closing::default() };
    assert_eq!(close(&house, &home, id, &closing).await.unwrap(), Kind::Expanded);
    morning(&house, "2027-06-02").await;
    for (currency, before, after) in [(None, 11_100_000, 11_110_000), (Some("EUR"), 1_000_000, 1_100_000)] {
        let currency = currency.map(|code: &str| code.parse().unwrap());
        let asked = Asked { months: 1, currency, ..Asked::default() };
        let told = house.app.retention(&home.scope, &asked, day("2027-06-02")).await.unwrap();
        assert_eq!((told.bridges.whole.opening, told.bridges.whole.closing), (before, after));
        assert!(told.bridges.whole.reconciles());
        assert_eq!(told.renewed.renewable, before);
    }
}

#[tokio::test]
async fn the_tenants_own_next_term_takes_the_place_of_ours() {
    let (house, home) = house("techcorp", "2027-05-20", &[YEAR]).await;
    let id = open(&house, &home).await[0].1;
    close(&house, &home, id, &at(12_000_000)).await.unwrap();
    import(&house, &home, &[YEAR, "C1-2027,a1,2027-06-01,,12,121000,USD,"]).await;
    morning(&house, "2027-06-02").await;
    assert_eq!(account(&house, &home).await.arr_minor, Some(12_100_000), "counted once");
    morning(&house, "2028-04-01").await;
    assert_eq!(open(&house, &home).await.iter().map(|one| one.0).collect::<Vec<_>>(), [day("2028-06-01")]);
}

#[tokio::test]
async fn contracts_tell_what_nobody_recorded() {
    let (house, home) = house("techcorp", "2027-05-20", &[FIXED]).await;
    import(&house, &home, &[FIXED, "C9,a1,2027-06-01,2028-06-01,,90000,USD,"]).await;
    morning(&house, "2027-06-02").await;
    let one = &renewals(&house, &home).await[0];
    assert_eq!(one.renewal.outcome.as_deref(), Some("shrunk"));
    let amounts = &one.amounts()[0];
    assert_eq!((amounts.before, amounts.after), (10_000_000, Some(9_000_000)));
    assert_eq!(journal(&house, "renewal_closed").await, ["Renewal of 1 Jun 2027: shrunk"]);
}

#[tokio::test]
async fn a_renewal_moves_with_its_contract_and_keeps_its_forecast() {
    let (house, home) = house("techcorp", "2027-05-20", &[FIXED]).await;
    let id = open(&house, &home).await[0].1;
    let expected =
        Expected { category: Some(Category::Commit), likelihood: Some(90), note: "Signed in spirit".into() };
    house.app.forecast_renewal(&home.scope, id, &expected, &casey()).await.unwrap();
    house.app.forecast_renewal(&home.scope, id, &expected, &casey()).await.unwrap();
    assert_eq!(journal(&house, "forecast_changed").await.len(), 1);
    import(&house, &home, &["C1,a1,2026-06-01,2027-06-30,,100000,USD,"]).await;
    house.work().await;
    let one = &renewals(&house, &home).await[0];
    assert_eq!((one.renewal.id, one.renewal.renews_on), (id, day("2027-06-30")));
    assert_eq!(one.renewal.likelihood_said(), Some((90, None)));
    let too_likely = Expected { likelihood: Some(101), ..Expected::default() };
    let refused = house.app.forecast_renewal(&home.scope, id, &too_likely, &casey()).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn an_override_is_judged_by_the_recorded_outcome() {
    let (house, home) = house("techcorp", "2027-05-20", &[YEAR]).await;
    house
        .import(&home, "metrics", "account,metric,date,value\na1,advanced_feature_pct,2027-05-20,12\n")
        .await;
    house.work().await;
    let wanted = Wanted {
        set: Set::Band("green".into()),
        reason: "They told me".into(),
        expires_on: Some(day("2027-06-30")),
        seen: None,
    };
    house.app.set_override(&home.scope, "a1", &wanted, &casey(), None).await.unwrap();
    let id = open(&house, &home).await[0].1;
    close(&house, &home, id, &at(12_000_000)).await.unwrap();
    house.set("2027-06-01T06:00:00Z");
    assert_eq!(house.app.settle_overrides(&home.scope).await.unwrap(), Settled::default());
    house.set("2027-06-02T06:00:00Z");
    assert_eq!(house.app.settle_overrides(&home.scope).await.unwrap(), Settled { ended: 0, judged: 1 });
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    let account = db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap();
    let set = &db::overrides::of_account(&mut tx, account).await.unwrap()[0];
    assert_eq!((set.outcome.as_deref(), set.arr_after_minor), (Some("renewed"), Some(12_000_000)));
}

#[tokio::test]
async fn a_likelihood_comes_from_a_backtest_of_the_version_in_force() {
    let (house, home) = house("techcorp", "2027-05-20", &[YEAR]).await;
    house
        .import(&home, "metrics", "account,metric,date,value\na1,advanced_feature_pct,2027-05-20,60\n")
        .await;
    house.work().await;
    assert_eq!(renewals(&house, &home).await[0].renewal.likelihood_said(), None);
    // What a finished backtest leaves behind.
    let report = serde_json::json!({ "figures": { "calibration": { "error": 0.0, "curve": [], "tenths": (0..10).map(|n|
        serde_json::json!({ "from": n * 10, "days": 10, "accounts": 5, "mean_score": n * 10 + 5, "observed": 0.2,
                            "fitted": 0.25 })).collect::<Vec<_>>() } } });
    sqlx::query(
        "INSERT INTO backtests (tenant_id, id, job_id, title, version, settings, started_at, started_by, finished_at, report)
         SELECT id, gen_random_uuid(), gen_random_uuid(), 'Version 1', 1, '{}', now(), 'Ada', now(), $1 FROM tenants",
    )
    .bind(report)
    .execute(&mut house.behind().await)
    .await
    .unwrap();
    morning(&house, "2027-05-21").await;
    assert_eq!(renewals(&house, &home).await[0].renewal.likelihood_said(), Some((75, Some(1))));
}
