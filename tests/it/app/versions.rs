//! Versions: drafts, plans, previews, publishing and going back.

use holdfast::app::methodology::{DraftFrom, PreviewState, Publishing, Side, pack_source};
use holdfast::app::{Actor, Error};
use holdfast::db;
use holdfast::db::previews::{OutcomeFilter, OutcomeRow};
use holdfast::domain::pack::Overrides;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

use crate::support::{Home, House, track};

fn pack() -> String {
    pack_source("techcorp").unwrap()
}

/// The pack with some of its text replaced.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(pack(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn file(source: &str) -> DraftFrom {
    DraftFrom::File { source: source.to_owned(), overrides: Overrides::default() }
}

fn ada() -> Actor {
    Actor("Ada".to_owned())
}

fn conflict<T: std::fmt::Debug>(result: Result<T, Error>, says: &str) {
    match result {
        Err(Error::Conflict(text)) => assert!(text.contains(says), "{text}"),
        other => panic!("{other:?} is no conflict about {says:?}"),
    }
}

/// Accounts of every size, with and without use, in two currencies, one of which has left.
async fn customers(house: &House, home: &Home) -> Vec<String> {
    let ids: Vec<String> = (1..=24).map(|n| format!("a{n}")).collect();
    let mut accounts = String::from("external_id,name,start_date\n");
    let mut contracts =
        String::from("external_id,account,start_date,term_months,arr,currency,seats,ended_on\n");
    for (n, id) in (1..).zip(&ids) {
        let (start, ended) =
            (format!("202{}-0{}-01", 5 + n % 2, 1 + n % 9), if n == 24 { "2027-02-01" } else { "" });
        accounts += &format!("{id},Account {id},{start}\n");
        let currency = if n % 6 == 0 { "CHF" } else { "USD" };
        contracts += &format!("{id}-C,{id},{start},12,{},{currency},10,{ended}\n", 7_000 * n);
    }
    house.import(home, "accounts", &accounts).await;
    house.import(home, "contracts", &contracts).await;
    let mut messages = Vec::new();
    for (n, id) in (1..).zip(&ids) {
        for k in 0..(n * 3 % 40) {
            let event = ["Dashboard Viewed", "Query Run", "Ticket Opened", "Champion Change"][(n + k) % 4];
            let time = format!("2027-02-{:02}T10:00:00Z", 1 + (n + k) % 28);
            messages.push(track(&format!("m{n}-{k}"), event, &format!("u{}", k % 7), id, &time));
        }
        if n % 3 == 0 {
            messages.push(
                json!({"type": "group", "userId": "u1", "groupId": id, "messageId": format!("g{n}"),
                "timestamp": "2027-02-27T10:00:00Z",
                "traits": {"advanced_feature_pct": n * 3, "integrations_live": n % 4}}),
            );
        }
    }
    for batch in messages.chunks(100) {
        house.send(home, batch).await;
    }
    house.work().await;
    ids
}

async fn rows(house: &House, home: &Home, preview: uuid::Uuid) -> Vec<OutcomeRow> {
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    db::previews::page(&mut tx, preview, &OutcomeFilter::default(), 0, 10_000).await.unwrap()
}

#[tokio::test]
async fn a_draft_is_written_saved_put_away_and_taken_back() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let app = &house.app;
    let draft = app.create_draft(&home.scope, DraftFrom::Version(1), "  Stricter ", &ada()).await.unwrap();
    assert_eq!(
        (draft.stored.title.as_str(), draft.stored.revision, draft.stored.based_on),
        ("Stricter", 1, Some(1))
    );
    assert_eq!(draft.stored.source, pack(), "to the byte");
    let id = draft.stored.id;
    let source = edited(&[("DAU_FULL: {default: 60", "DAU_FULL: {default: 75")]);
    let save = async |source: String, revision: i32| {
        app.save_draft(&home.scope, id, None, &source, &Overrides::default(), revision, &ada()).await
    };
    let saved = save(source.clone(), 1).await.unwrap();
    assert_eq!((saved.stored.revision, saved.stored.source == source), (2, true));
    assert_eq!(save(source.clone(), 2).await.unwrap().stored.revision, 2, "nothing changed");
    conflict(save(pack(), 1).await, "Ada saved this draft since");
    // What is broken is said in full and stores nothing.
    let broken =
        edited(&[("weight: 0.40", "weight: 0.41"), ("when: \"band == 'red'\"", "when: \"bund == 'red'\"")]);
    let Err(Error::Pack(errors)) = save(broken.clone(), 2).await else { panic!("a broken pack was taken") };
    assert!(
        errors.to_string().contains("weights sum to 1.01") && errors.to_string().contains("`bund`"),
        "{errors}"
    );
    let places: Vec<_> =
        errors.0.iter().map(|error| (error.at.unwrap().line > 0, error.excerpt().contains('^'))).collect();
    assert!(places.len() >= 2 && places.iter().all(|place| *place == (true, true)), "{errors}");
    let kept = app.draft(&home.scope, id).await.unwrap().unwrap();
    assert_eq!((kept.stored.revision, kept.stored.source == source), (2, true));
    let refused = app.create_draft(&home.scope, file(&broken), "", &ada()).await;
    assert!(matches!(refused, Err(Error::Pack(_))));

    app.discard_draft(&home.scope, id, &ada()).await.unwrap();
    conflict(save(pack(), 2).await, "was discarded");
    conflict(app.publish(&home.scope, id, 2, &Publishing::default(), &ada()).await, "was discarded");
    let mut tx = app.db.read(&home.scope).await.unwrap();
    assert!(db::drafts::list(&mut tx, false).await.unwrap().is_empty());
    assert_eq!(db::drafts::list(&mut tx, true).await.unwrap().len(), 1);
    drop(tx);
    app.restore_draft(&home.scope, id, &ada()).await.unwrap();
    let version = app.publish(&home.scope, id, 2, &Publishing::default(), &ada()).await.unwrap();
    assert_eq!(version, 2);
    conflict(save(pack(), 2).await, "published already, as version 2");
    conflict(app.discard_draft(&home.scope, id, &ada()).await, "published already");
    assert!(matches!(app.discard_draft(&home.scope, uuid::Uuid::nil(), &ada()).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn published_versions_say_who_when_and_why_and_one_can_be_brought_back() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let app = &house.app;
    let source = edited(&[("DAU_FULL: {default: 60", "DAU_FULL: {default: 75")]);
    let set = Overrides { preset: None, set: vec![("TICKETS_ZERO".into(), "20".into())] };
    let from = DraftFrom::File { source: source.clone(), overrides: set.clone() };
    let draft = app.create_draft(&home.scope, from, "Stricter", &ada()).await.unwrap();
    house.set("2027-03-02T12:00:00Z");
    let how = Publishing { note: "Larger teams use it daily.", ..Publishing::default() };
    assert_eq!(app.publish(&home.scope, draft.stored.id, 1, &how, &ada()).await.unwrap(), 2);
    let in_force = app.methodology(&home.scope).await.unwrap().unwrap();
    assert_eq!(in_force.version, 2);
    conflict(app.roll_back(&home.scope, 2, &Publishing::default(), &ada()).await, "is in force");
    assert_eq!(app.roll_back(&home.scope, 1, &Publishing::default(), &ada()).await.unwrap(), 3);
    let versions = app.versions(&home.scope).await.unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|v| (v.version, v.status.as_str(), v.based_on, v.published_by.as_str(), v.note.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (3, "published", Some(1), "Ada", "Back to version 1."),
            (2, "superseded", Some(1), "Ada", "Larger teams use it daily."),
            (1, "superseded", None, "command line", ""),
        ]
    );
    assert_eq!(versions[1].published_at, house.clock.now());
    let version = async |n| app.version(&home.scope, n).await.unwrap().unwrap();
    assert_eq!(version(3).await.source, pack(), "the old file to the byte");
    assert_eq!(version(2).await.source, source);
    let diff = app.diff(&home.scope, Side::Version(1), Side::Draft(draft.stored.id)).await.unwrap();
    assert_eq!((diff.added, diff.removed, diff.overrides_to.as_str()), (1, 1, "TICKETS_ZERO=20"));
    assert!(diff.unified().contains("+  DAU_FULL: {default: 75"), "{}", diff.unified());
    assert!(matches!(app.diff(&home.scope, Side::Version(1), Side::Version(9)).await, Err(Error::NotFound)));
    // Every version stays what it was: scores of each are explained by it.
    let old = app.methodology_version(&home.scope, 2).await.unwrap().unwrap();
    assert_eq!(old.version, 2);
}

#[tokio::test]
async fn publishing_happens_as_a_whole_or_not_at_all() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.work().await;
    let source = edited(&[(
        "  ticket: {kind: event",
        "  payment_failed: {kind: event}\n  region: {kind: attribute, type: text}\n  ticket: {kind: event",
    )]);
    let draft = house.app.create_draft(&home.scope, file(&source), "", &ada()).await.unwrap();
    let mut behind = house.behind().await;
    behind
        .execute("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken on purpose'; END $$")
        .await
        .unwrap();
    let standing = async || {
        let mut tx = house.app.db.read(&home.scope).await.unwrap();
        let versions = db::methodologies::versions(&mut tx).await.unwrap();
        let versions: Vec<_> = versions.into_iter().map(|v| (v.version, v.status)).collect();
        let metrics = db::metrics::list(&mut tx).await.unwrap().len();
        let fields = db::custom_fields::list(&mut tx).await.unwrap().len();
        let lines = db::audit::list(&mut tx, "methodology.published", 0, 10).await.unwrap().len();
        let draft = db::drafts::find(&mut tx, draft.stored.id).await.unwrap().unwrap();
        (versions, metrics, fields, lines, draft.status)
    };
    let before = standing().await;
    let queued = "SELECT count(*) FROM jobs WHERE kind = 'score_all' AND finished_at IS NULL";
    for table in ["methodologies", "metrics", "custom_fields", "audit_log", "jobs"] {
        let trigger = format!(
            "CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
        );
        behind.execute(AssertSqlSafe(trigger)).await.unwrap();
        let published =
            house.app.publish(&home.scope, draft.stored.id, 1, &Publishing::default(), &ada()).await;
        assert!(matches!(published, Err(Error::Internal(_))), "{table}: {published:?}");
        behind.execute(AssertSqlSafe(format!("DROP TRIGGER fail ON {table}"))).await.unwrap();
        assert_eq!(standing().await, before, "{table}");
        let jobs: i64 = sqlx::query_scalar(queued).fetch_one(&mut behind).await.unwrap();
        assert_eq!(jobs, 0, "{table}");
    }
    assert_eq!(
        house.app.publish(&home.scope, draft.stored.id, 1, &Publishing::default(), &ada()).await.unwrap(),
        2
    );
    let after = standing().await;
    assert_eq!(after.0, [(2, "published".to_owned()), (1, "superseded".to_owned())]);
    assert_eq!((after.1, after.2, after.3), (before.1 + 1, before.2 + 1, before.3 + 1));
    let jobs: i64 = sqlx::query_scalar(queued).fetch_one(&mut behind).await.unwrap();
    assert_eq!(jobs, 1, "every account is scored anew");
}

#[tokio::test]
async fn of_two_who_publish_at_once_one_is_told() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let app = &house.app;
    let how = Publishing::default();
    let mut drafts = Vec::new();
    for full in [70, 80] {
        let source = edited(&[("DAU_FULL: {default: 60", &format!("DAU_FULL: {{default: {full}"))]);
        drafts.push(app.create_draft(&home.scope, file(&source), "", &ada()).await.unwrap().stored.id);
    }
    let (bob, ada) = (Actor("Bob".into()), ada());
    let (one, two) = tokio::join!(
        app.publish(&home.scope, drafts[0], 1, &how, &ada),
        app.publish(&home.scope, drafts[1], 1, &how, &bob),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap(), 2);
    conflict(lost, "published version 2 since version 1");
    // The same draft twice, and a file over a version its publisher has seen.
    let open = app.create_draft(&home.scope, file(&pack()), "", &ada).await.unwrap().stored.id;
    let (one, two) = tokio::join!(
        app.publish(&home.scope, open, 1, &how, &ada),
        app.publish(&home.scope, open, 1, &how, &bob),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap(), 3);
    conflict(lost, "published already, as version 3");
    let seen = Publishing { over: Some(2), ..how };
    conflict(app.publish_file(&home.scope, &pack(), &Overrides::default(), &seen, &bob).await, "version 3");
    let numbers: Vec<i32> = app.versions(&home.scope).await.unwrap().iter().map(|v| v.version).collect();
    assert_eq!(numbers, [3, 2, 1]);
}

#[tokio::test]
async fn what_is_in_use_is_not_taken_away_silently() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let ids = customers(&house, &home).await;
    let app = &house.app;
    app.pin_segment(&home.scope, &ids[0], Some("enterprise"), &ada()).await.unwrap();
    house.work().await;
    let source = edited(&[
        ("- id: enterprise", "- id: strategic"),
        ("segments: [enterprise]", "segments: [strategic]"),
        ("'enterprise'", "'strategic'"),
        ("{id: red,", "{id: crimson,"),
        ("at_most: red,", "at_most: crimson,"),
        ("'red'", "'crimson'"),
        ("champion_change", "champion_moved"),
    ]);
    let plan = app.plan_file(&home.scope, &source, &Overrides::default()).await.unwrap();
    let lost: Vec<(&str, &str)> = plan.in_use.iter().map(|used| (used.noun, used.id.as_str())).collect();
    assert!(lost.contains(&("segment", "enterprise")), "{lost:?}");
    assert!(lost.contains(&("input", "champion_change")), "{lost:?}");
    assert_eq!(plan.new_metrics, ["champion_moved"]);
    let changed: Vec<String> =
        plan.changes.iter().map(|c| format!("{:?} {} {}", c.what, c.noun, c.id)).collect();
    for expected in [
        "Added segment strategic",
        "Removed segment enterprise",
        "Added input champion_moved",
        "Removed input champion_change",
        "Changed rule stakeholder-changes",
    ] {
        assert!(changed.iter().any(|change| change == expected), "{expected}: {changed:?}");
    }
    let none = Overrides::default();
    conflict(app.publish_file(&home.scope, &source, &none, &Publishing::default(), &ada()).await, "segment");
    assert_eq!(app.methodology(&home.scope).await.unwrap().unwrap().version, 1);
    let meant = Publishing { remove_used: true, ..Publishing::default() };
    assert_eq!(app.publish_file(&home.scope, &source, &none, &meant, &ada()).await.unwrap(), 2);
    house.work().await;
    // Nothing is deleted: the series and the pin are there, and the way back needs no word of acceptance for them.
    let mut tx = app.db.read(&home.scope).await.unwrap();
    assert!(db::metrics::find(&mut tx, "champion_change").await.unwrap().is_some());
    let data =
        db::usage::series(&mut tx, &["champion_change".to_owned()], house.clock.now().date_naive(), 100)
            .await
            .unwrap();
    assert!(data[0].1 > 0);
    drop(tx);
    let back = app.plan_roll_back(&home.scope, 1).await.unwrap();
    assert!(back.in_use.iter().all(|used| used.noun != "input"), "{:?}", back.in_use);
}

#[tokio::test]
async fn a_preview_says_exactly_what_scoring_does_once_published() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let ids = customers(&house, &home).await;
    let app = &house.app;
    let source = edited(&[
        ("name: Product usage, weight: 0.40", "name: Product usage, weight: 0.10"),
        ("name: Feature adoption, weight: 0.30", "name: Feature adoption, weight: 0.60"),
        ("drop_pct(active_usage, 30d) >= 25", "drop_pct(active_usage, 30d) >= 5"),
        ("count(champion_change, ${SIGNAL_WINDOW}) >= 1", "count(champion_change, ${SIGNAL_WINDOW}) >= 100"),
        ("when: \"arr >= 100000\"", "when: \"arr >= 60000\""),
    ]);
    let draft = app.create_draft(&home.scope, file(&source), "", &ada()).await.unwrap().stored;
    let waiting = app.start_preview(&home.scope, draft.id, 1, &ada()).await.unwrap();
    assert_eq!((waiting.state, waiting.summary), (PreviewState::Waiting, None));
    let scores = async || {
        let mut found = Vec::new();
        for id in &ids {
            let mut tx = app.db.read(&home.scope).await.unwrap();
            let a = db::accounts::find(&mut tx, id).await.unwrap().unwrap();
            if a.churned_on.is_none() {
                found.push((a.external_id, a.score, a.band, a.pinned_segment.or(a.segment)));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    };
    let before = scores().await;
    house.work().await;
    let preview = app.preview(&home.scope, draft.id).await.unwrap().unwrap();
    assert_eq!((preview.state, preview.outdated.as_deref()), (PreviewState::Done, None));
    assert_eq!((preview.done, preview.total), (24, 24));
    assert_eq!(scores().await, before, "trying out touches no score");
    let mut rows = rows(&house, &home, preview.stored.id).await;
    rows.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    let said = |side: fn(&OutcomeRow) -> (Option<f64>, &Option<String>, &Option<String>)| -> Vec<_> {
        rows.iter()
            .map(|row| {
                let (score, band, segment) = side(row);
                (row.external_id.clone(), score, band.clone(), segment.clone())
            })
            .collect()
    };
    assert_eq!(said(|row| (row.score_before, &row.band_before, &row.segment_before)), before);
    let summary = preview.summary.unwrap();
    assert_eq!((summary.all.accounts, rows.len()), (23, 23), "who has left is left out");
    assert_eq!(summary.all.unconverted, 3, "no rate for francs; the fourth account in francs has left");
    assert!(
        summary.moved.accounts > 0 && summary.risen.accounts > 0 && summary.fallen.accounts > 0,
        "{summary:?}"
    );
    assert!(summary.segments.iter().any(|moved| moved.before != moved.after), "{:?}", summary.segments);
    let rules: Vec<_> = summary
        .rules
        .iter()
        .map(|r| (r.rule.id.as_str(), r.started.accounts > 0, r.stopped.accounts > 0))
        .collect();
    assert!(rules.contains(&("stakeholder-changes", false, true)), "{rules:?}");
    for moves in [&summary.bands, &summary.segments] {
        let sum: (i64, i64) =
            moves.iter().fold((0, 0), |sum, m| (sum.0 + m.held.accounts, sum.1 + m.held.arr_base_minor));
        assert_eq!(sum, (summary.all.accounts, summary.all.arr_base_minor), "every account is in one cell");
    }
    let inside: i64 = summary.by_segment.iter().flat_map(|s| &s.bands).map(|m| m.held.accounts).sum();
    assert_eq!(inside, summary.all.accounts);

    let how = Publishing { remove_used: true, ..Publishing::default() };
    app.publish(&home.scope, draft.id, 1, &how, &ada()).await.unwrap();
    house.work().await;
    assert_eq!(said(|row| (row.score_after, &row.band_after, &row.segment_after)), scores().await);
    let mut csv = Vec::new();
    app.write_preview(&home.scope, preview.stored.id, &mut csv).await.unwrap();
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 24);
}

#[tokio::test]
async fn a_preview_holds_for_one_revision_over_one_version() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    house.work().await;
    let app = &house.app;
    let scope = &home.scope;
    let source = edited(&[("DAU_FULL: {default: 60", "DAU_FULL: {default: 75")]);
    let draft = app.create_draft(scope, DraftFrom::Version(1), "", &ada()).await.unwrap().stored.id;
    assert!(app.preview(scope, draft).await.unwrap().is_none());
    app.start_preview(scope, draft, 1, &ada()).await.unwrap();
    house.work().await;
    let preview = async || app.preview(scope, draft).await.unwrap().unwrap();
    assert_eq!(preview().await.outdated, None);
    app.save_draft(scope, draft, None, &source, &Overrides::default(), 1, &ada()).await.unwrap();
    assert!(preview().await.outdated.unwrap().contains("saved since"));
    conflict(app.start_preview(scope, draft, 1, &ada()).await, "saved this draft since");
    // Another takes its place, is stopped, and says so.
    let second = app.start_preview(scope, draft, 2, &ada()).await.unwrap();
    app.cancel_job(scope, second.stored.job_id.unwrap(), &ada()).await.unwrap();
    house.work().await;
    assert_eq!(preview().await.state, PreviewState::Cancelled);
    // Saved between asking and making: it fails rather than tell of another text.
    app.start_preview(scope, draft, 2, &ada()).await.unwrap();
    app.save_draft(scope, draft, None, &pack(), &Overrides::default(), 2, &ada()).await.unwrap();
    house.work().await;
    assert!(matches!(preview().await.state, PreviewState::Failed(why) if why.contains("saved since")));
    app.start_preview(scope, draft, 3, &ada()).await.unwrap();
    house.work().await;
    assert_eq!((preview().await.state, preview().await.outdated), (PreviewState::Done, None));
    app.publish_file(scope, &source, &Overrides::default(), &Publishing::default(), &ada()).await.unwrap();
    assert!(preview().await.outdated.unwrap().contains("Version 2 came into force"));
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_named() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    for (preset, name, value, says) in [
        (None, "DAU_FULL", "many", "the parameter `DAU_FULL` is a number"),
        (None, "NOPE", "1", "there is no parameter `NOPE`"),
        (Some("nope"), "DAU_FULL", "1", "there is no preset `nope`"),
        (None, "SHORT_TIMEFRAME", "soon", "soon"),
    ] {
        let overrides =
            Overrides { preset: preset.map(str::to_owned), set: vec![(name.into(), value.into())] };
        let refused = house.app.plan_file(&home.scope, &pack(), &overrides).await;
        let Err(Error::Pack(errors)) = refused else { panic!("{name}={value} was taken") };
        assert!(errors.to_string().contains(says), "{name}={value}: {errors}");
    }
}
