//! Folding: days that are over move into months, and no answer changes by it.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use holdfast::app::work::Work;
use holdfast::db::facts::Span;
use holdfast::db::metrics::{self, Figure, Increment, MetricDay, Part, Sample, SeenUser};
use holdfast::db::{self, TenantTx};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::support::{Home, House, at, track};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn first() -> NaiveDate {
    day("2026-12-20")
}

/// Numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides as u64) as i64
    }
}

/// A tenant with two accounts and a metric of each kind.
struct Side {
    home: Home,
    accounts: Vec<Uuid>,
    /// A counter, a sum, distinct users, a gauge of numbers, one of words.
    metrics: [i32; 5],
}

impl Side {
    async fn new(house: &House, slug: &str) -> Side {
        let home = house.tenant(slug).await;
        house.accounts(&home, &["a1", "a2"]).await;
        let mut tx = house.app.db.read(&home.scope).await.unwrap();
        let mut accounts = db::accounts::ids_of(&mut tx, &["a1".into(), "a2".into()]).await.unwrap();
        accounts.sort();
        let catalogue = metrics::list(&mut tx).await.unwrap();
        // Rows know nothing of their metric's kind: any five do.
        let metrics = std::array::from_fn(|at| catalogue[at].id);
        let accounts = accounts.into_iter().map(|(_, id)| id).collect();
        Side { home, accounts, metrics }
    }

    async fn write(&self, house: &House) -> TenantTx {
        house.app.db.write(&self.home.scope).await.unwrap()
    }

    async fn fold(&self, house: &House, before: NaiveDate, limit: i64) -> usize {
        let (mut from, mut rows) = (Uuid::nil(), 0);
        loop {
            let mut tx = self.write(house).await;
            let Some(folded) = metrics::fold(&mut tx, from, before, limit).await.unwrap() else {
                return rows;
            };
            tx.commit().await.unwrap();
            (from, rows) = (folded.last, rows + folded.rows);
        }
    }
}

/// One thing that happens to a tenant's series.
#[derive(Debug, Clone)]
enum Happens {
    Counted(usize, NaiveDate, i64, String),
    Seen(usize, NaiveDate, i64),
    Sampled(usize, bool, NaiveDate, i64, DateTime<Utc>),
    Stated(usize, usize, NaiveDate, NaiveDate, i64),
}

fn happens(dice: &mut Dice, today: NaiveDate) -> Happens {
    let account = dice.roll(2) as usize;
    let back = if dice.roll(3) == 0 { dice.roll(50) } else { dice.roll(2) };
    let day = (today - Duration::days(back)).max(first());
    let time =
        day.and_hms_opt(dice.roll(24) as u32, 0, 0).unwrap().and_utc() + Duration::microseconds(dice.roll(3));
    match dice.roll(5) {
        0 | 1 => {
            Happens::Counted(account, day, dice.roll(5), format!("{}.{:02}", dice.roll(900), dice.roll(100)))
        }
        2 => Happens::Seen(account, day, dice.roll(6)),
        3 => Happens::Sampled(account, dice.roll(2) == 0, day, dice.roll(4), time),
        _ => {
            let known_on = if dice.roll(2) == 0 { day } else { today };
            Happens::Stated(account, dice.roll(5) as usize, day, known_on, dice.roll(9))
        }
    }
}

/// Does it; what is told of a stated figure is the answer.
async fn done(tx: &mut TenantTx, side: &Side, what: &Happens, today: NaiveDate) -> String {
    match what {
        Happens::Counted(account, day, count, sum) => {
            let one = |metric_id: i32, count: i64, sum: &str| Increment {
                account_id: side.accounts[*account],
                metric_id,
                day: *day,
                count,
                sum: sum.to_owned(),
            };
            let both = [one(side.metrics[0], *count, "0"), one(side.metrics[1], 1, sum)];
            metrics::add(tx, &both, today).await.unwrap();
            String::new()
        }
        Happens::Seen(account, day, user_hash) => {
            let (account_id, metric_id) = (side.accounts[*account], side.metrics[2]);
            let seen = SeenUser { account_id, metric_id, day: *day, user_hash: *user_hash };
            metrics::add_users(tx, &[seen], today).await.unwrap();
            String::new()
        }
        Happens::Sampled(account, number, day, n, at) => {
            let sample = Sample {
                account_id: side.accounts[*account],
                metric_id: side.metrics[if *number { 3 } else { 4 }],
                day: *day,
                value: number.then_some(*n as f64 / 3.0),
                label: (!number).then(|| format!("word {n}")),
                at: *at,
            };
            metrics::put_samples(tx, &[sample], today).await.unwrap().to_string()
        }
        Happens::Stated(account, metric, day, known_on, n) => {
            let taken = day.and_hms_opt(23, 0, 0).unwrap().and_utc();
            let part = match metric {
                0 => Part::Count(*n),
                1 => Part::Sum(format!("{n}.50")),
                2 => Part::Users(*n as i32),
                3 => Part::Value(*n as f64 / 7.0, taken),
                _ => Part::Word(format!("word {n}"), taken),
            };
            let (account_id, metric_id) = (side.accounts[*account], side.metrics[*metric]);
            let figure = Figure { account_id, metric_id, day: *day, known_on: *known_on, part };
            format!("{:?}", metrics::put_figures(tx, &[figure]).await.unwrap())
        }
    }
}

/// The series as the rows of `metric_days` say when none is folded.
async fn truth(behind: &mut PgConnection, account: Uuid, metric: i32, known_by: NaiveDate) -> Vec<String> {
    let rows = sqlx::query(
        "SELECT day, sum(count)::bigint, sum(sum)::float8, sum(users)::bigint,
                (array_agg(value ORDER BY value_at DESC NULLS LAST, known_on DESC))[1],
                (array_agg(label ORDER BY value_at DESC NULLS LAST, known_on DESC))[1]
         FROM metric_days WHERE account_id = $1 AND metric_id = $2 AND known_on <= $3 GROUP BY day ORDER BY day",
    )
    .bind(account)
    .bind(metric)
    .bind(known_by)
    .fetch_all(behind)
    .await
    .unwrap();
    let text = |row: &sqlx::postgres::PgRow| {
        let day = metrics::Day {
            day: row.get(0),
            count: row.get(1),
            sum: row.get(2),
            users: row.get(3),
            value: row.get(4),
            label: row.get(5),
        };
        format!("{day:?}")
    };
    rows.iter().map(text).collect()
}

async fn rows_left(house: &House, side: &Side, before: NaiveDate) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM metric_days WHERE account_id = ANY($1) AND known_on < $2")
        .bind(&side.accounts)
        .bind(before)
        .fetch_one(&mut house.behind().await)
        .await
        .unwrap()
}

/// What scoring reads: the rows after a day, and of what was before it each metric's last row with news, and the last
/// event, as known by different days.
async fn read_for_scoring(tx: &mut TenantTx, account: Uuid, from: NaiveDate, to: NaiveDate) -> Vec<String> {
    let span = Span { counters_from: from, gauges_from: first() - Duration::days(400), to, known_by: to };
    let rows = db::facts::load(tx, &[account], span).await.unwrap();
    let opened = span.open(&rows.series[0]).unwrap();
    let mut said = Vec::new();
    for run in &opened.runs {
        let (before, after): (Vec<_>, Vec<_>) = run.rows.iter().partition(|row| row.day <= from);
        said.extend(after.iter().map(|row| format!("{} {row:?}", run.metric)));
        for known_by in from.iter_days().take_while(|day| *day <= to) {
            let known = || before.iter().filter(|row| row.known_on <= known_by);
            let last = known().map(|row| row.day).max();
            let last: Vec<_> = known().filter(|row| Some(row.day) == last).collect();
            said.push(format!("{} as known by {known_by}: {last:?}", run.metric));
        }
    }
    for known_by in from.iter_days().take_while(|day| *day <= to) {
        let known = opened.earlier_events.iter().filter(|(_, known_on)| *known_on <= known_by);
        said.push(format!("last event as known by {known_by}: {:?}", known.map(|(day, _)| *day).max()));
    }
    said
}

#[tokio::test]
async fn folding_changes_no_answer() {
    for seed in 0..4 {
        let house = House::at("2026-12-20T12:00:00Z").await;
        let (plain, folded) = (Side::new(&house, "plain").await, Side::new(&house, "folded").await);
        let mut behind = house.behind().await;
        let mut dice = Dice(seed);
        let mut today = first();
        while today < day("2027-03-04") {
            for _ in 0..dice.roll(12) {
                let what = happens(&mut dice, today);
                let mut told = Vec::new();
                for side in [&plain, &folded] {
                    let mut tx = side.write(&house).await;
                    told.push(done(&mut tx, side, &what, today).await);
                    tx.commit().await.unwrap();
                }
                assert_eq!(told[0], told[1], "seed {seed}, {today}: {what:?}");
            }
            today += Duration::days(1);
            if dice.roll(3) == 0 {
                folded.fold(&house, today, 1 + dice.roll(60)).await;
                assert_eq!(rows_left(&house, &folded, today).await, 0);
            }
            if dice.roll(6) > 0 {
                continue;
            }
            let from = (today - Duration::days(dice.roll(60))).max(first());
            let (mut a, mut b) = (plain.write(&house).await, folded.write(&house).await);
            for (mine, theirs) in plain.accounts.iter().zip(&folded.accounts) {
                for metric in plain.metrics {
                    let (all, end) = (day("2000-01-01"), day("2100-01-01"));
                    let read = metrics::series(&mut b, *theirs, metric, all, end).await.unwrap();
                    let read: Vec<String> = read.iter().map(|day| format!("{day:?}")).collect();
                    assert_eq!(read, truth(&mut behind, *mine, metric, end).await, "seed {seed}, {today}");
                    assert_eq!(
                        metrics::first_day(&mut b, *theirs, metric).await.unwrap(),
                        metrics::first_day(&mut a, *mine, metric).await.unwrap(),
                    );
                }
                let read: Vec<MetricDay> = metrics::all_series(&mut b, *theirs, from, today).await.unwrap();
                assert_eq!(read, metrics::all_series(&mut a, *mine, from, today).await.unwrap());
                assert_eq!(
                    read_for_scoring(&mut b, *theirs, from, today).await,
                    read_for_scoring(&mut a, *mine, from, today).await,
                    "seed {seed}, {from} to {today}"
                );
            }
            let sums = |arrived: Vec<metrics::Arrived>| format!("{arrived:?}");
            assert_eq!(
                sums(metrics::arrived(&mut b, 10, from, today).await.unwrap()),
                sums(metrics::arrived(&mut a, 10, from, today).await.unwrap()),
            );
            drop((a, b));
            for (mine, theirs) in plain.accounts.iter().zip(&folded.accounts) {
                let app = &house.app;
                let mine = app.assess(&plain.home.scope, *mine, today).await.unwrap().unwrap();
                let theirs = app.assess(&folded.home.scope, *theirs, today).await.unwrap().unwrap();
                assert_eq!(format!("{:?}", theirs.evaluation), format!("{:?}", mine.evaluation));
            }
        }
        assert!(rows_left(&house, &plain, today).await > 200, "something happened");
    }
}

async fn count_of(tx: &mut TenantTx, side: &Side, day: NaiveDate) -> i64 {
    let days = metrics::series(tx, side.accounts[0], side.metrics[0], day, day).await.unwrap();
    days.iter().map(|day| day.count).sum()
}

fn counted(side: &Side, account: usize, day: NaiveDate, count: i64) -> Increment {
    let (account_id, metric_id) = (side.accounts[account], side.metrics[0]);
    Increment { account_id, metric_id, day, count, sum: "0".into() }
}

#[tokio::test]
async fn a_fold_that_is_broken_off_leaves_everything_in_place() {
    let house = House::new().await;
    let side = Side::new(&house, "acme").await;
    let (from, today) = (day("2027-02-01"), day("2027-03-01"));
    let mut tx = side.write(&house).await;
    for of_month in 0..20 {
        let day = from + Duration::days(of_month);
        metrics::add(&mut tx, &[counted(&side, 0, day, 1), counted(&side, 1, day, 1)], day).await.unwrap();
    }
    tx.commit().await.unwrap();
    let sum = async || {
        let mut tx = side.write(&house).await;
        let mut sum = 0;
        for account in &side.accounts {
            let days = metrics::series(&mut tx, *account, side.metrics[0], from, today).await.unwrap();
            sum += days.iter().map(|day| day.count).sum::<i64>();
        }
        sum
    };
    let mut tx = side.write(&house).await;
    assert_eq!(metrics::fold(&mut tx, Uuid::nil(), today, 7).await.unwrap().unwrap().rows, 7);
    tx.commit().await.unwrap();
    assert_eq!((sum().await, rows_left(&house, &side, today).await), (40, 33));
    let mut tx = side.write(&house).await;
    assert_eq!(metrics::fold(&mut tx, Uuid::nil(), today, 7).await.unwrap().unwrap().rows, 7);
    drop(tx);
    assert_eq!((sum().await, rows_left(&house, &side, today).await), (40, 33));
    assert_eq!(side.fold(&house, today, 7).await, 33);
    assert_eq!((sum().await, rows_left(&house, &side, today).await), (40, 0));
    assert_eq!(side.fold(&house, today, 7).await, 0, "there is nothing left to do");
}

#[tokio::test]
async fn a_straggler_counts_while_it_is_held_and_after() {
    let house = House::new().await;
    let side = Side::new(&house, "acme").await;
    let (yesterday, today) = (day("2027-02-28"), day("2027-03-01"));
    let mut tx = side.write(&house).await;
    metrics::add(&mut tx, &[counted(&side, 0, yesterday, 2), counted(&side, 1, yesterday, 1)], yesterday)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    // Begun before midnight, it holds a row while days that are over are folded, and is not waited for.
    let mut straggler = side.write(&house).await;
    metrics::add(&mut straggler, &[counted(&side, 0, yesterday, 3)], yesterday).await.unwrap();
    assert_eq!(side.fold(&house, today, 100).await, 1);
    let mut tx = side.write(&house).await;
    assert_eq!(count_of(&mut tx, &side, yesterday).await, 2);
    drop(tx);
    straggler.commit().await.unwrap();
    let mut tx = side.write(&house).await;
    assert_eq!(count_of(&mut tx, &side, yesterday).await, 5);
    drop(tx);
    assert_eq!(side.fold(&house, today, 100).await, 1);
    // Another comes after its row was folded.
    let mut late = side.write(&house).await;
    metrics::add(&mut late, &[counted(&side, 0, yesterday, 4)], yesterday).await.unwrap();
    assert_eq!(count_of(&mut late, &side, yesterday).await, 9);
    late.commit().await.unwrap();
    assert_eq!(side.fold(&house, today, 100).await, 1);
    let mut tx = side.write(&house).await;
    assert_eq!(count_of(&mut tx, &side, yesterday).await, 9);
}

#[tokio::test]
async fn nothing_is_lost_or_seen_twice_while_days_are_folded() {
    let house = House::new().await;
    let side = Side::new(&house, "acme").await;
    let (yesterday, today) = (day("2027-02-28"), day("2027-03-01"));
    let writing = async {
        for n in 0..120 {
            let known_on = if n % 3 == 0 { today } else { yesterday };
            let both = [counted(&side, 0, yesterday, 1), counted(&side, 1, yesterday, 1)];
            let mut tx = side.write(&house).await;
            metrics::add(&mut tx, &both, known_on).await.unwrap();
            if n % 5 == 0 {
                // What is compared with the present state meets a fold as well.
                let figure = Figure {
                    account_id: side.accounts[1],
                    metric_id: side.metrics[1],
                    day: yesterday,
                    known_on,
                    part: Part::Sum(format!("{n}.5")),
                };
                metrics::put_figures(&mut tx, &[figure]).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
    };
    let folding = async {
        for _ in 0..60 {
            side.fold(&house, today, 100).await;
        }
    };
    let reading = async {
        let mut last = 0;
        for _ in 0..120 {
            let mut tx = side.write(&house).await;
            let seen = count_of(&mut tx, &side, yesterday).await;
            assert!(seen >= last, "{seen} after {last}");
            last = seen;
        }
    };
    tokio::join!(writing, folding, reading);
    side.fold(&house, today, 100).await;
    let mut tx = side.write(&house).await;
    assert_eq!(count_of(&mut tx, &side, yesterday).await, 120);
    let sums =
        metrics::series(&mut tx, side.accounts[1], side.metrics[1], yesterday, yesterday).await.unwrap();
    assert_eq!(sums[0].sum, 115.5);
}

#[tokio::test]
async fn sums_with_more_digits_than_fit_stay_and_count() {
    let house = House::new().await;
    let side = Side::new(&house, "acme").await;
    let (yesterday, today) = (day("2027-02-28"), day("2027-03-01"));
    let of = |day: NaiveDate, sum: &str| Increment {
        account_id: side.accounts[0],
        metric_id: side.metrics[1],
        day,
        count: 1,
        sum: sum.to_owned(),
    };
    let mut tx = side.write(&house).await;
    let tiny = "0.12345678901234567890";
    let huge = format!("1{}", "0".repeat(40));
    let rows = [
        of(yesterday, "0.1"),
        of(yesterday - Duration::days(1), tiny),
        of(yesterday - Duration::days(2), &huge),
    ];
    metrics::add(&mut tx, &rows, yesterday).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(side.fold(&house, today, 100).await, 1);
    let mut tx = side.write(&house).await;
    let days =
        metrics::series(&mut tx, side.accounts[0], side.metrics[1], day("2027-02-01"), today).await.unwrap();
    assert_eq!(days.iter().map(|day| day.sum).collect::<Vec<_>>(), [1e40, 0.123_456_789_012_345_68, 0.1]);
}

#[tokio::test]
async fn what_is_folded_goes_with_its_account_and_is_nobody_elses() {
    let house = House::new().await;
    let (side, other) = (Side::new(&house, "acme").await, Side::new(&house, "other").await);
    let (yesterday, today) = (day("2027-02-28"), day("2027-03-01"));
    for side in [&side, &other] {
        let mut tx = side.write(&house).await;
        metrics::add(&mut tx, &[counted(side, 0, yesterday, 2), counted(side, 1, yesterday, 1)], yesterday)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(side.fold(&house, today, 100).await, 2);
    }
    let mut tx = side.write(&house).await;
    assert_eq!(count_of(&mut tx, &side, yesterday).await, 2);
    assert_eq!(count_of(&mut tx, &other, yesterday).await, 0, "another tenant's account");
    drop(tx);
    let mut behind = house.behind().await;
    for (left, account) in [(3_i64, side.accounts[0]), (2, side.accounts[1])] {
        sqlx::query("DELETE FROM accounts WHERE id = $1").bind(account).execute(&mut behind).await.unwrap();
        let months: i64 =
            sqlx::query_scalar("SELECT count(*) FROM metric_months").fetch_one(&mut behind).await.unwrap();
        assert_eq!(months, left);
    }
}

#[tokio::test]
async fn every_night_yesterday_is_folded() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    let event = track("m1", "Report Exported", "u1", "a1", "2027-03-01T11:00:00Z");
    house.send(&home, &[event]).await;
    let count = async |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut house.behind().await).await.unwrap()
    };
    let night = async || {
        holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
        house.work().await;
    };
    night().await;
    assert!(count("metric_days").await > 0 && count("metric_months").await == 0, "today is not over");
    let before = house.app.assess(&home.scope, id(&house, &home).await, day("2027-03-02")).await.unwrap();
    house.clock.set(at("2027-03-02T12:00:00Z"));
    night().await;
    assert_eq!((count("metric_days").await, count("metric_months").await), (0, 1));
    let after = house.app.assess(&home.scope, id(&house, &home).await, day("2027-03-02")).await.unwrap();
    assert_eq!(
        format!("{:?}", after.unwrap().evaluation.readings),
        format!("{:?}", before.unwrap().evaluation.readings)
    );
    assert_eq!(house.app.fold(&home.scope, &Work::unwatched()).await.unwrap(), 0);
}

async fn id(house: &House, home: &Home) -> Uuid {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::accounts::id_of(&mut tx, "a1").await.unwrap().unwrap()
}
