//! CSV files in, on a real database.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};
use holdfast::app::imports::{ImportKind, ImportRequest, Known, Mapping};
use holdfast::app::members::Role;
use holdfast::app::{Actor, App, Error};
use holdfast::clock::Clock;
use holdfast::db::facts::Span;
use holdfast::db::imports::Import;
use holdfast::db::metrics::{Increment, Metric};
use holdfast::db::{self, Db, TenantScope};

use sqlx::ConnectOptions as _;

use crate::support::{fresh_database, server_url, with_database};

struct House {
    app: App,
    scope: TenantScope,
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl House {
    /// A fresh database with one tenant in Berlin, at noon of 15 June 2027.
    async fn new() -> House {
        let url = with_database(&server_url(), &fresh_database().await).to_url_lossy();
        let db = Db::connect(url.as_str(), 6).await.unwrap();
        let app = App::new(db, Clock::manual(at("2027-06-15T12:00:00Z")));
        let mut tx = app.db.platform().await.unwrap();
        let scope =
            db::platform::create_tenant(&mut tx, "acme", "Acme", "Europe/Berlin", "EUR", app.clock.now())
                .await
                .unwrap();
        tx.commit().await.unwrap();
        House { app, scope }
    }

    async fn import(&self, kind: ImportKind, csv: &str) -> Import {
        self.import_bytes(kind, csv.as_bytes().to_vec(), &[], false).await.unwrap()
    }

    async fn import_bytes(
        &self,
        kind: ImportKind,
        csv: Vec<u8>,
        map: &[&str],
        dry_run: bool,
    ) -> Result<Import, Error> {
        let mapping = Mapping::parse(map)?;
        let request = ImportRequest {
            kind,
            file_name: "file.csv",
            mapping: &mapping,
            dry_run,
            bytes_total: csv.len() as u64,
            known: Known::Today,
        };
        self.app.import(&self.scope, request, Cursor::new(csv), &Actor::command_line(), &|_| {}).await
    }

    async fn rejects(&self, import: &Import) -> String {
        let mut out = Vec::new();
        self.app.write_rejects(&self.scope, import.id, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    async fn account(&self, external_id: &str) -> Option<db::accounts::Account> {
        let mut tx = self.app.db.read(&self.scope).await.unwrap();
        db::accounts::find(&mut tx, external_id).await.unwrap()
    }

    async fn dirty(&self) -> i64 {
        let mut tx = self.app.db.read(&self.scope).await.unwrap();
        db::accounts::dirty_backlog(&mut tx).await.unwrap().0
    }

    /// Takes everything off the list of accounts to score.
    async fn rest(&self) {
        let mut tx = self.app.db.write(&self.scope).await.unwrap();
        let dirty = db::accounts::claim_dirty(&mut tx, 1_000_000).await.unwrap().unwrap();
        db::accounts::settle_dirty(&mut tx, &dirty).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn metric(&self, name: &str, kind: &str, event: Option<&str>, property: Option<&str>) {
        let metric = Metric {
            id: 0,
            name: name.into(),
            label: name.into(),
            unit: String::new(),
            kind: kind.into(),
            event: event.map(Into::into),
            property: property.map(Into::into),
            trait_name: None,
            fresh_days: None,
        };
        self.app.put_metric(&self.scope, &metric, &Actor::holdfast()).await.unwrap();
    }

    async fn series(&self, account: &str, metric: &str) -> Vec<db::metrics::Day> {
        let mut tx = self.app.db.read(&self.scope).await.unwrap();
        let account = db::accounts::id_of(&mut tx, account).await.unwrap().unwrap();
        let metric = db::metrics::find(&mut tx, metric).await.unwrap().unwrap().id;
        db::metrics::series(&mut tx, account, metric, day("2000-01-01"), day("2100-01-01")).await.unwrap()
    }
}

/// created, updated, unchanged, rejected of an import that is done.
fn counts(import: &Import) -> [i64; 4] {
    assert_eq!((import.status.as_str(), &import.error), ("done", &None));
    let counts = [import.created, import.updated, import.unchanged, import.rejected];
    assert_eq!(counts.iter().sum::<i64>(), import.rows_done);
    counts
}

const ACCOUNTS: &str = "external_id,name,owner_email,start_date,tags,industry,nobody knows
acme-1,One,ada@example.com,2026-01-31,vip; eu |vip,Retail,x
acme-2,Two,,2026/02/01,,,x
";

#[tokio::test]
async fn accounts_are_created_updated_and_left_alone() {
    let house = House::new().await;
    let (app, scope) = (&house.app, &house.scope);
    app.add_member(scope, "Ada@Example.com", None, Role::Csm, "correct horse battery", &Actor::holdfast())
        .await
        .unwrap();
    app.define_field(scope, "industry", "Industry", "text", &[], &Actor::holdfast()).await.unwrap();

    let first = house.import(ImportKind::Accounts, ACCOUNTS).await;
    assert_eq!(counts(&first), [2, 0, 0, 0]);
    assert_eq!(first.columns.ignored, ["nobody knows"]);
    assert_eq!((first.bytes_done, first.bytes_total), (ACCOUNTS.len() as i64, ACCOUNTS.len() as i64));
    assert_eq!(house.dirty().await, 2);
    let one = house.account("acme-1").await.unwrap();
    assert_eq!((one.name.as_str(), one.tags.join(",").as_str()), ("One", "vip,eu"));
    assert_eq!(one.owner_name.as_deref(), Some("Ada"));
    assert_eq!(one.start_date, Some(day("2026-01-31")));
    assert_eq!(one.fields, serde_json::json!({ "industry": "Retail" }));

    house.rest().await;
    let again = house.import(ImportKind::Accounts, ACCOUNTS).await;
    assert_eq!(counts(&again), [0, 0, 2, 0]);
    assert_eq!(house.dirty().await, 0);

    // A column that is missing leaves its field alone, an empty cell clears it; the later of two rows counts.
    let changes = "external_id,tags,owner_email\nacme-1,,\nacme-3,a,\nacme-3,b,\nacme-3,b,\n";
    let third = house.import(ImportKind::Accounts, changes).await;
    assert_eq!(counts(&third), [1, 2, 1, 0]);
    let one = house.account("acme-1").await.unwrap();
    assert_eq!((one.name.as_str(), one.tags.len(), one.owner_id), ("One", 0, None));
    assert_eq!(house.account("acme-3").await.unwrap().tags, ["b"]);
    assert_eq!(house.account("acme-3").await.unwrap().name, "acme-3");
    assert_eq!(house.dirty().await, 2);

    let mut tx = app.db.read(scope).await.unwrap();
    let log = db::audit::list(&mut tx, "import.", 0, 10).await.unwrap();
    assert_eq!(log.len(), 3);
    assert_eq!((log[0].action.as_str(), &log[0].detail["updated"]), ("import.finished", &2.into()));
}

#[tokio::test]
async fn every_rejected_row_comes_back_with_its_reason() {
    let house = House::new().await;
    let (app, scope) = (&house.app, &house.scope);
    for (name, kind, choices) in
        [("tier", "enum", vec!["gold".to_owned(), "silver".to_owned()]), ("sites", "number", vec![])]
    {
        app.define_field(scope, name, name, kind, &choices, &Actor::holdfast()).await.unwrap();
    }
    let mut csv = b"id,company,csm,start,tier,sites\n\
        ok,Fine,,2026-01-01,GOLD,12\n\
        ,No id,,,,\n\
        a,A,eve@example.com,,,\n\
        b,B,,01/02/2026,,\n\
        c,C,,,bronze,\n\
        d,D,,,,many\n\
        e,\"two\nlines\",,,,\n\
        f,too few\n"
        .to_vec();
    csv.extend_from_slice(b"g,\xff\xfe,,,,\nh,nul\0,,,,\n,,,,,\n");
    let import = house.import_bytes(ImportKind::Accounts, csv, &[], false).await.unwrap();
    assert_eq!(counts(&import), [2, 0, 0, 8]);
    assert_eq!(house.account("ok").await.unwrap().fields, serde_json::json!({ "tier": "gold", "sites": 12 }));
    assert_eq!(house.account("e").await.unwrap().name, "two\nlines");
    let rejects = house.rejects(&import).await;
    let expected = [
        "line,reason,id,company,csm,start,tier,sites",
        "3,id: is empty,,No id,,,,",
        "4,\"csm: no member has the address \"\"eve@example.com\"\"\",a,A,eve@example.com,,,",
        "5,\"start: \"\"01/02/2026\"\" does not tell whether the day or the month comes first; \
         write dates as 2027-01-31\",b,B,,01/02/2026,,",
        "6,\"tier: \"\"bronze\"\" is none of gold, silver\",c,C,,,bronze,",
        "7,\"sites: \"\"many\"\" is not a number such as 1234.5\",d,D,,,,many",
        "10,\"The row has 2 cells, the header has 6.\",f,too few",
        "11,The row is not UTF-8 text; save the file as CSV in UTF-8.,g,\u{fffd}\u{fffd},,,,",
        "12,The row holds a NUL character.,h,nul\u{fffd},,,,",
    ];
    assert_eq!(rejects.lines().collect::<Vec<_>>(), expected);

    // Mended, the very same file goes in.
    let mended = rejects.lines().take(2).collect::<Vec<_>>().join("\n").replace(",,No id", ",z,No id");
    assert_eq!(counts(&house.import(ImportKind::Accounts, &mended).await), [1, 0, 0, 0]);
    assert_eq!(house.account("z").await.unwrap().name, "No id");
}

#[tokio::test]
async fn files_that_cannot_be_read_fail_with_a_sentence() {
    let house = House::new().await;
    let failed = house.import(ImportKind::Contracts, "account,begin,arr\na,2026-01-01,5\n").await;
    let sentence = failed.error.clone().unwrap();
    assert_eq!(failed.status, "failed");
    for part in ["external_id, start_date, end_date (or term_months)", "account, begin, arr", "--map"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert_eq!(house.rejects(&failed).await, "line,reason,account,begin,arr\n");
    let empty = house.import(ImportKind::Accounts, "").await;
    assert_eq!((empty.status.as_str(), empty.error.as_deref()), ("failed", Some("The file is empty.")));

    let error = house
        .import_bytes(ImportKind::Accounts, b"id,x\n1,2\n".to_vec(), &["x=colour"], false)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(_)) && error.to_string().contains("owner_email"), "{error}");

    // Rows before the point where the file breaks are stored.
    let endless = Cursor::new(b"external_id\nfirst\n\"".to_vec()).chain(std::io::repeat(b'x'));
    let mapping = Mapping::default();
    let request = ImportRequest {
        kind: ImportKind::Accounts,
        file_name: "endless.csv",
        mapping: &mapping,
        dry_run: false,
        bytes_total: 0,
        known: Known::Today,
    };
    let actor = Actor::command_line();
    let broken = house.app.import(&house.scope, request, endless, &actor, &|_| {}).await.unwrap();
    assert_eq!((broken.status.as_str(), broken.created), ("failed", 1));
    assert!(broken.error.unwrap().starts_with("After line 2: "));
    assert!(house.account("first").await.is_some());
}

#[tokio::test]
async fn contracts_and_contacts_find_their_accounts() {
    let house = House::new().await;
    house.import(ImportKind::Accounts, "external_id;name\r\na;A\r\nb;B\r\n").await;
    let csv = "\u{feff}external_id;account;start_date;end_date;term_months;arr;currency;seats;ended_on\r\n\
        c1;a;2026-01-31;;12;1,234.56;;10;\r\n\
        c2;a;2026-01-01;2027-01-01;;1000;JPY;;2026-12-31\r\n\
        c3;nobody;2026-01-01;;12;1;;;\r\n\
        c4;a;2026-01-01;;;1;;;\r\n\
        c5;a;2026-01-01;2026-01-01;;1;;;\r\n\
        c6;a;2026-01-01;;12;1.005;;;\r\n\
        c7;a;2026-01-01;;12;-1;;;\r\n\
        c8;a;2026-01-01;;0;1;;;\r\n\
        c9;a;2026-01-01;;12;1;EURO;;\r\n";
    house.rest().await;
    let first = house.import(ImportKind::Contracts, csv).await;
    assert_eq!(counts(&first), [2, 0, 0, 7]);
    assert_eq!(house.dirty().await, 1);
    let rejects = house.rejects(&first).await;
    for reason in [
        "No account has the external id",
        "end_date: is empty, and so is the term",
        "end_date: is not after the start",
        "has more than the 2 decimals of EUR",
        "cannot be negative",
        "term_months:",
        "not a three-letter currency code",
    ] {
        assert!(rejects.contains(reason), "{reason}: {rejects}");
    }
    let mut tx = house.app.db.read(&house.scope).await.unwrap();
    let a = db::accounts::id_of(&mut tx, "a").await.unwrap().unwrap();
    let contracts = db::contracts::of_account(&mut tx, a).await.unwrap();
    drop(tx);
    let money: Vec<_> = contracts.iter().map(|c| (c.arr_minor, c.currency.as_str())).collect();
    assert_eq!(money, [(123_456, "EUR"), (1000, "JPY")]);
    assert_eq!((contracts[0].term_months, contracts[0].seats), (Some(12), Some(10)));
    assert_eq!(counts(&house.import(ImportKind::Contracts, csv).await), [0, 0, 2, 7]);

    // A contract that moves has both accounts scored.
    house.rest().await;
    let moved =
        "external_id,account,start_date,term_months,arr\nc1,b,2026-01-31,12,1\nc1,b,2026-01-31,12,1\n";
    assert_eq!(counts(&house.import(ImportKind::Contracts, moved).await), [0, 1, 1, 0]);
    assert_eq!(house.dirty().await, 2);

    let people = "external_id,account,name,email,title,role,champion,departed_on\n\
        p1,a,Ada,ada@example.com,CTO,buyer,yes,\n\
        p2,a,Bob,,,,FALSE,2026-05-01\n\
        p3,a,,,,,,\n\
        p4,a,Eve,nonsense,,,,\n\
        p5,a,Eve,,,,perhaps,\n";
    assert_eq!(counts(&house.import(ImportKind::Contacts, people).await), [2, 0, 0, 3]);
    assert_eq!(counts(&house.import(ImportKind::Contacts, people).await), [0, 0, 2, 3]);
    let mut tx = house.app.db.read(&house.scope).await.unwrap();
    let people = db::contacts::of_account(&mut tx, a).await.unwrap();
    assert_eq!((people[0].name.as_str(), people[0].champion), ("Ada", true));
    assert_eq!((people[1].name.as_str(), people[1].left_on), ("Bob", Some(day("2026-05-01"))));
}

#[tokio::test]
async fn figures_are_set_not_added() {
    let house = House::new().await;
    house.import(ImportKind::Accounts, "external_id\na\n").await;
    house.metric("nps", "gauge", None, None).await;
    house.metric("logins", "counter", Some("Login"), None).await;
    house.metric("spend", "counter", Some("Order"), Some("total")).await;
    house.metric("active_users", "distinct", Some("*"), None).await;
    let csv = |nps: &str, logins: i64, spend: &str, users: i64| {
        format!(
            "account,metric,date,value\na,nps,2027-06-01,{nps}\na,Logins,2027-06-01,{logins}\n\
             a,spend,2027-06-01,{spend}\na,activeUsers,2027-06-01,{users}\n"
        )
    };
    let figures = async || {
        let mut figures = Vec::new();
        for (metric, read) in [
            ("nps", (|d| d.value.unwrap_or_default()) as fn(&db::metrics::Day) -> f64),
            ("logins", |d| d.count as f64),
            ("spend", |d| d.sum),
            ("active_users", |d| d.users as f64),
        ] {
            let series = house.series("a", metric).await;
            assert_eq!(series.len(), 1);
            figures.push(read(&series[0]));
        }
        figures
    };
    let first = csv("40", 10, "99.95", 3);
    house.rest().await;
    assert_eq!(counts(&house.import(ImportKind::Metrics, &first).await), [4, 0, 0, 0]);
    assert_eq!(house.dirty().await, 1);
    house.rest().await;
    assert_eq!(counts(&house.import(ImportKind::Metrics, &first).await), [0, 0, 4, 0]);
    assert_eq!(house.dirty().await, 0);
    assert_eq!(figures().await, [40.0, 10.0, 99.95, 3.0]);

    // Days later: corrected, an event is counted on top, and corrected back.
    house.app.clock.set(at("2027-06-20T12:00:00Z"));
    assert_eq!(counts(&house.import(ImportKind::Metrics, &csv("30", 8, "0.05", 2)).await), [0, 4, 0, 0]);
    assert_eq!(figures().await, [30.0, 8.0, 0.05, 2.0]);
    let mut tx = house.app.db.write(&house.scope).await.unwrap();
    let account_id = db::accounts::id_of(&mut tx, "a").await.unwrap().unwrap();
    let metric_id = db::metrics::find(&mut tx, "logins").await.unwrap().unwrap().id;
    let one = Increment { account_id, metric_id, day: day("2027-06-01"), count: 1, sum: "0".into() };
    db::metrics::add(&mut tx, &[one], day("2027-06-20")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(figures().await[1], 9.0);
    house.app.clock.set(at("2027-06-21T12:00:00Z"));
    assert_eq!(counts(&house.import(ImportKind::Metrics, &first).await), [0, 4, 0, 0]);
    assert_eq!(figures().await, [40.0, 10.0, 99.95, 3.0]);
    assert_eq!(counts(&house.import(ImportKind::Metrics, &first).await), [0, 0, 4, 0]);

    // What was known on a day stays known for that day.
    let mut tx = house.app.db.read(&house.scope).await.unwrap();
    for (known_by, logins) in [("2027-06-15", 10), ("2027-06-20", 9), ("2027-06-21", 10)] {
        let (from, to) = (day("2000-01-01"), day("2027-06-30"));
        let span = Span { counters_from: from, gauges_from: from, to, known_by: day(known_by) };
        let facts = db::facts::load(&mut tx, &[account_id], span).await.unwrap();
        let runs = span.open(&facts.series[0]).unwrap().runs;
        let rows = runs.iter().filter(|run| run.metric == metric_id).flat_map(|run| &run.rows);
        let count: i64 = rows.map(|row| row.count).sum();
        assert_eq!(count, logins, "{known_by}");
    }
}

#[tokio::test]
async fn figures_that_make_no_sense_are_rejected() {
    let house = House::new().await;
    house.import(ImportKind::Accounts, "external_id\na\n").await;
    house.metric("nps", "gauge", None, None).await;
    house.metric("impact", "gauge", None, None).await;
    house.metric("logins", "counter", Some("Login"), None).await;
    let csv = "account,metric,date,value\n\
        a,nps,2027-06-15,1\na,nps,2027-06-16,1\na,nps,1999-12-31,1\na,nps,2027-06-01,\n\
        a,nps,2027-06-01,\"1,5\"\na,mood,2027-06-01,1\na,logins,2027-06-01,-1\nb,nps,2027-06-01,1\n\
        a,impact,2027-06-01,strong\na,impact,2027-06-01,weak\n";
    let import = house.import(ImportKind::Metrics, csv).await;
    assert_eq!(counts(&import), [2, 1, 0, 7]);
    let rejects = house.rejects(&import).await;
    for reason in [
        "has not come yet",
        "before 2000",
        "value: is empty",
        "not a number",
        "\"\"mood\"\" is no metric of the catalogue (impact, logins, nps)",
        "not a whole number",
        "No account",
    ] {
        assert!(rejects.contains(reason), "{reason}: {rejects}");
    }
    assert_eq!(house.series("a", "impact").await[0].label.as_deref(), Some("weak"));
    // Around midnight the day is the tenant's: 22:30 UTC is tomorrow in Berlin.
    house.app.clock.set(at("2027-06-15T22:30:00Z"));
    let tomorrow = "account,metric,date,value\na,nps,2027-06-16,1\n";
    assert_eq!(counts(&house.import(ImportKind::Metrics, tomorrow).await), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_stores_nothing() {
    let house = House::new().await;
    house.import(ImportKind::Accounts, "external_id,name\na,A\nb,B\n").await;
    house.rest().await;
    let csv = b"external_id,name\na,A\nb,Bee\nc,C\n,D\n".to_vec();
    let dry = house.import_bytes(ImportKind::Accounts, csv.clone(), &[], true).await.unwrap();
    assert_eq!(counts(&dry), [1, 1, 1, 1]);
    assert!(dry.dry_run && house.rejects(&dry).await.contains("5,external_id: is empty"));
    assert_eq!((house.account("b").await.unwrap().name.as_str(), house.dirty().await), ("B", 0));
    assert!(house.account("c").await.is_none());
    let contracts =
        b"external_id,account,start_date,term_months,arr\n1,a,2026-01-01,12,1\n2,c,2026-01-01,12,1\n";
    let dry = house.import_bytes(ImportKind::Contracts, contracts.to_vec(), &[], true).await.unwrap();
    assert_eq!(counts(&dry), [1, 0, 0, 1]);
    assert_eq!(
        counts(&house.import_bytes(ImportKind::Accounts, csv, &[], false).await.unwrap()),
        [1, 1, 1, 1]
    );
}

#[tokio::test]
async fn new_accounts_have_what_waited_for_them_counted() {
    let house = House::new().await;
    let now = house.app.clock.now();
    let waiting = db::quarantine::NewEntry {
        event_id: uuid::Uuid::now_v7(),
        key_id: uuid::Uuid::nil(),
        reason: "unknown_account",
        detail: String::new(),
        group_id: Some("late".into()),
        user_id: None,
        message_id: None,
        message: "{}".into(),
        sent_at: None,
        waiting: true,
    };
    let mut tx = house.app.db.write(&house.scope).await.unwrap();
    db::quarantine::insert(&mut tx, &[waiting], now).await.unwrap();
    tx.commit().await.unwrap();
    let jobs = async || {
        let mut tx = house.app.db.platform().await.unwrap();
        let job = db::queue::claim_job(&mut tx, now, 60, &["replay"]).await.unwrap();
        job.map(|job| job.kind)
    };
    house.import(ImportKind::Accounts, "external_id\nother\n").await;
    assert_eq!(jobs().await, None);
    house.import(ImportKind::Accounts, "external_id\nx\nlate\ny\n").await;
    assert_eq!(jobs().await.as_deref(), Some("replay"));
}

/// Gives a file's beginning, then nothing until it is let go.
struct Stalled {
    beginning: Cursor<Vec<u8>>,
    gate: mpsc::Receiver<()>,
}

impl Read for Stalled {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.beginning.read(buffer)? {
            0 => {
                let _ = self.gate.recv();
                Ok(0)
            }
            n => Ok(n),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_import_is_found_and_a_running_one_left_alone() {
    let house = House::new().await;
    let mut csv = "external_id\n".to_owned();
    (0..12_000).for_each(|n| csv.push_str(&format!("acme-{n:06}\n")));
    let (open, gate) = mpsc::channel();
    let reader = Stalled { beginning: Cursor::new(csv.into_bytes()), gate };
    let (app, scope) = (house.app.clone(), house.scope.clone());
    let (stored, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let mapping = Mapping::default();
        let request = ImportRequest {
            kind: ImportKind::Accounts,
            file_name: "slow.csv",
            mapping: &mapping,
            dry_run: false,
            bytes_total: 0,
            known: Known::Today,
        };
        let tell = |at: &db::imports::Progress| {
            let _ = stored.send(at.rows_done);
        };
        app.import(&scope, request, reader, &Actor::command_line(), &tell).await.map(|_| ())
    });
    assert_eq!(seen.recv().await, Some(1_000));
    let look = async || {
        house.app.close_abandoned_imports(&house.scope).await.unwrap();
        let mut tx = house.app.db.read(&house.scope).await.unwrap();
        db::imports::list(&mut tx, 1).await.unwrap().remove(0)
    };
    assert_eq!(look().await.status, "running");
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    drop(open);
    let import = loop {
        // The connection that held it is given back in the background.
        let import = look().await;
        if import.status != "running" {
            break import;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(import.status, "failed");
    assert!(import.error.unwrap().contains("interrupted"));
    assert!(import.rows_done >= 1_000 && import.created == import.rows_done);
}

#[tokio::test]
async fn the_mapping_step_sees_columns_examples_and_fields() {
    let house = House::new().await;
    let app = &house.app;
    app.define_field(&house.scope, "industry", "Industry", "text", &[], &Actor::holdfast()).await.unwrap();
    let sample = "Account Id\tIndustry\tNotes\na\tRetail\tx\nb\tMedia\ty\n";
    let preview = app.preview_columns(&house.scope, ImportKind::Accounts, sample.as_bytes()).await.unwrap();
    let fields: Vec<_> = preview.iter().map(|c| (c.column.as_str(), c.field.as_deref())).collect();
    assert_eq!(
        fields,
        [("Account Id", Some("external_id")), ("Industry", Some("industry")), ("Notes", None)]
    );
    assert_eq!(preview[1].examples, ["Retail", "Media"]);
    let error = app.preview_columns(&house.scope, ImportKind::Accounts, b"PK\x03\x04").await.unwrap_err();
    assert!(error.to_string().contains("workbook"), "{error}");
}

/// A hundred thousand rows arrive whole, with memory for a few batches only, and faster than a person would wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_rows() {
    let house = House::new().await;
    let mut accounts = "external_id,name,start_date,tags\n".to_owned();
    let mut contracts = "external_id,account,start_date,term_months,arr,currency,seats\n".to_owned();
    for n in 0..100_000 {
        let word = if n % 1_000 == 999 { "soon" } else { "2025-03-01" };
        accounts.push_str(&format!("acme-{n:06},Customer number {n},{word},eu;tier-{}\n", n % 7));
        contracts.push_str(&format!("c-{n:06},acme-{n:06},2025-03-01,12,{}.50,EUR,{}\n", n * 3, n % 500));
    }
    for (kind, csv, expected) in [
        (ImportKind::Accounts, &accounts, [99_900, 0, 0, 100]),
        (ImportKind::Accounts, &accounts, [0, 0, 99_900, 100]),
        (ImportKind::Contracts, &contracts, [99_900, 0, 0, 100]),
        (ImportKind::Contracts, &contracts, [0, 0, 99_900, 100]),
    ] {
        let began = Instant::now();
        let steps = Arc::new(Mutex::new(Vec::new()));
        let mapping = Mapping::default();
        let request = ImportRequest {
            kind,
            file_name: "large.csv",
            mapping: &mapping,
            dry_run: false,
            bytes_total: csv.len() as u64,
            known: Known::Today,
        };
        let reader = Cursor::new(csv.clone().into_bytes());
        let note = |at: &db::imports::Progress| steps.lock().unwrap().push(at.rows_done);
        let actor = Actor::command_line();
        let import = house.app.import(&house.scope, request, reader, &actor, &note).await.unwrap();
        assert_eq!(counts(&import), expected);
        let steps = std::mem::take(&mut *steps.lock().unwrap());
        assert_eq!((steps.len(), steps.last()), (100, Some(&100_000)));
        println!("{}: {:.0} rows/s", kind.word(), 100_000.0 / began.elapsed().as_secs_f64());
        assert_eq!(house.rejects(&import).await.lines().count(), 101);
    }
}

/// The files of the demo go in whole, and figures known on their own day count on past days.
#[tokio::test]
async fn the_demo_files_go_in_whole() {
    let house = House::new().await;
    let (app, scope, actor) = (&house.app, &house.scope, Actor::holdfast());
    let world = holdfast::demo::World::generate(holdfast::demo::DEFAULT_SEED, day("2027-06-15"));
    let tenant = &world.tenants[0];
    for member in &tenant.members {
        let role = Role::parse(member.role).unwrap();
        app.add_member(scope, member.email, None, role, "correct horse battery", &actor).await.unwrap();
    }
    for field in ["industry", "region", "website"] {
        app.define_field(scope, field, field, "text", &[], &actor).await.unwrap();
    }
    for metric in holdfast::demo::METRICS {
        house.metric(metric, "gauge", None, None).await;
    }
    let mapping = Mapping::default();
    for (kind, csv) in [
        (ImportKind::Accounts, tenant.accounts_csv()),
        (ImportKind::Contracts, tenant.contracts_csv(tenant.last_day())),
        (ImportKind::Contacts, tenant.contacts_csv()),
        (ImportKind::Metrics, tenant.metrics_csv(tenant.last_day())),
    ] {
        let rows = csv.lines().count() as i64 - 1;
        for expected in [[rows, 0, 0, 0], [0, 0, rows, 0]] {
            let request = ImportRequest {
                kind,
                file_name: "demo.csv",
                mapping: &mapping,
                dry_run: false,
                bytes_total: 0,
                known: Known::OnItsDay,
            };
            let reader = Cursor::new(csv.clone().into_bytes());
            let import = app.import(scope, request, reader, &actor, &|_| {}).await.unwrap();
            assert_eq!(counts(&import), expected, "{}", house.rejects(&import).await);
            assert!(import.columns.ignored.is_empty());
        }
    }
    let mut tx = app.db.read(scope).await.unwrap();
    let account = db::accounts::id_of(&mut tx, &tenant.accounts[0].external_id).await.unwrap().unwrap();
    let (from, to) = (day("2000-01-01"), day("2027-01-15"));
    let span = Span { counters_from: from, gauges_from: from, to, known_by: to };
    let facts = db::facts::load(&mut tx, &[account], span).await.unwrap();
    let runs = span.open(&facts.series[0]).unwrap().runs;
    let mut rows = runs.iter().flat_map(|run| &run.rows);
    assert!(!runs.is_empty() && rows.all(|row| row.known_on == row.day));
}
