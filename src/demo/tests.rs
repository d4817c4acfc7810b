//! The world as a whole. The scores are worked out here by a second, plain reading of the methodology, so
//! that these tests say what the demo will show without needing the product that shows it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use chrono::TimeDelta;

use super::*;

/// The world of the first of [`DAYS`], with all its events: the dearest thing to make, so made once.
static WHOLE: LazyLock<(World, Vec<Loaded>)> = LazyLock::new(|| {
    let world = World::generate(DEFAULT_SEED, day(DAYS[0]));
    let loaded = world.tenants.iter().map(|tenant| load(tenant, tenant.days())).collect();
    (world, loaded)
});

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Days on which the demo must look right: ordinary ones, after holidays, at ends of months, in seasons.
const DAYS: [&str; 5] = ["2025-11-22", "2026-01-02", "2026-03-01", "2026-07-31", "2028-02-29"];

/// What one account sent, counted as the product counts it: each message id once.
#[derive(Default)]
struct Counts {
    /// Events per day and name.
    daily: HashMap<(NaiveDate, EventName), i64>,
    /// Distinct users of the product per day.
    users: BTreeMap<NaiveDate, HashSet<String>>,
}

impl Counts {
    fn sum(&self, names: &[EventName], (after, until): (NaiveDate, NaiveDate)) -> f64 {
        let of = |((d, name), n): (&(NaiveDate, EventName), &i64)| {
            (names.contains(name) && *d > after && *d <= until).then_some(*n)
        };
        self.daily.iter().filter_map(of).sum::<i64>() as f64
    }

    fn usage(&self, window: (NaiveDate, NaiveDate)) -> f64 {
        self.sum(&EventName::ALL.into_iter().filter(|n| n.is_usage()).collect::<Vec<_>>(), window)
    }
}

struct Loaded {
    counts: HashMap<String, Counts>,
    messages: usize,
    distinct: usize,
}

/// Everything that happened on the given days.
fn load(tenant: &TenantPlan, days: impl Iterator<Item = NaiveDate>) -> Loaded {
    let mut seen = HashSet::new();
    let mut counts: HashMap<String, Counts> = HashMap::new();
    let mut messages = 0;
    for date in days {
        for event in tenant.events_on(date) {
            messages += 1;
            if event.flaw.is_some() || !seen.insert(event.message_id.clone()) {
                continue;
            }
            let of = counts.entry(event.group).or_default();
            *of.daily.entry((date, event.name)).or_default() += 1;
            if event.name.is_usage() {
                of.users.entry(date).or_default().insert(event.user_id);
            }
        }
    }
    Loaded { counts, messages, distinct: seen.len() }
}

fn linear(value: f64, zero: f64, full: f64) -> f64 {
    (100.0 * (value - zero) / (full - zero)).clamp(0.0, 100.0)
}

fn mean(parts: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = parts.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

fn latest_sample<'a>(account: &'a AccountPlan, metric: &str) -> Option<&'a str> {
    account.gauges.iter().rfind(|g| g.metric == metric).map(|g| g.value.as_str())
}

/// Score and band of an account by the four-part health score.
fn health(account: &AccountPlan, counts: &Counts, today: NaiveDate) -> (f64, &'static str) {
    let since = |days| today - TimeDelta::days(days);
    let gauge = |metric| latest_sample(account, metric).map(|v| v.parse::<f64>().unwrap());
    let daily_users =
        (0..7).map(|n| counts.users.get(&since(n)).map_or(0, HashSet::len)).sum::<usize>() as f64 / 7.0;
    let week = (since(7), today);
    let per_user =
        |name| (daily_users > 0.0).then(|| linear(counts.sum(&[name], week) / daily_users, 0.0, 10.0));
    let usage = mean([
        Some(linear(100.0 * daily_users / f64::from(account.contract().seats), 0.0, 60.0)),
        per_user(EventName::DashboardViewed),
        per_user(EventName::QueryRun),
    ]);
    let advanced = gauge("advanced_feature_pct");
    let adoption = mean([
        advanced.map(|v| linear(v, 0.0, 60.0)),
        gauge("integrations_live").map(|v| linear(v, 0.0, 3.0)),
    ]);
    let tickets = counts.sum(&[EventName::TicketOpened], (since(30), today));
    let support = mean([Some(linear(tickets, 10.0, 0.0)), gauge("csat_avg").map(|v| linear(v, 1.0, 5.0))]);
    let impact = latest_sample(account, "business_impact").map(|v| match v {
        "none" => 0.0,
        "some" => 50.0,
        _ => 100.0,
    });
    let outcomes = mean([gauge("reported_roi_pct").map(|v| linear(v, 0.0, 100.0)), impact]);
    let parts = [(0.4, usage), (0.3, adoption), (0.2, support), (0.1, outcomes)];
    let known = parts.iter().filter_map(|(weight, part)| part.map(|p| (weight, p)));
    let (sum, weights) = known.fold((0.0, 0.0), |(s, w), (weight, part)| (s + weight * part, w + weight));
    let score = sum / weights;

    let (now, before) = (counts.usage((since(30), today)), counts.usage((since(60), since(30))));
    let falling = before > 0.0 && 100.0 * (before - now) / before >= 25.0;
    let burning = counts.sum(&[EventName::HighPriorityTicketOpened], week) >= 2.0;
    let old = (today - account.start_date).num_days() + 1 > 90;
    let band = if score < 50.0 || falling || burning {
        "red"
    } else if score <= 70.0 || old && advanced.is_some_and(|v| v < 60.0) {
        "yellow"
    } else {
        "green"
    };
    (score, band)
}

/// Every account of the whole world with what it sent.
fn everyone() -> impl Iterator<Item = (&'static TenantPlan, &'static AccountPlan, &'static Counts)> {
    WHOLE.0.tenants.iter().zip(&WHOLE.1).flat_map(|(tenant, loaded)| {
        tenant.accounts.iter().map(move |a| (tenant, a, &loaded.counts[&a.external_id]))
    })
}

fn active(tenant: &TenantPlan) -> impl Iterator<Item = &AccountPlan> {
    tenant.accounts.iter().filter(|a| !matches!(a.story, Story::Churned { .. }))
}

#[test]
fn volume() {
    let (world, loaded) = &*WHOLE;
    let found: Vec<(usize, usize, usize)> =
        world.tenants.iter().zip(loaded).map(|(t, l)| (t.accounts.len(), l.messages, l.distinct)).collect();
    // Accounts, messages, messages that count: when these move on purpose, write the new ones down.
    assert_eq!(found, [(173, 396_162, 394_993), (45, 100_678, 100_363)]);
    let samples: Vec<usize> =
        world.tenants.iter().map(|t| t.metrics_csv(t.last_day()).lines().count() - 1).collect();
    assert_eq!(samples, [20_143, 4_960]);
}

#[test]
fn same_seed_and_day_give_the_same_bytes() {
    let today = day(DAYS[2]);
    let bytes = |seed| {
        let world = World::generate(seed, today);
        let parts = world.tenants.iter().flat_map(|t| {
            let events = (0..3).flat_map(|n| t.events_on(today - TimeDelta::days(40 * n)));
            let events = events.map(|e| e.to_segment().to_string()).collect::<String>();
            [
                t.accounts_csv(),
                t.contracts_csv(t.last_day()),
                t.contacts_csv(),
                t.metrics_csv(t.last_day()),
                events,
            ]
        });
        parts.collect::<Vec<String>>()
    };
    let first = bytes(5);
    assert_eq!(first, bytes(5));
    assert!(first.iter().zip(bytes(6)).all(|(a, b)| *a != b), "another seed changes every part");
}

/// Checks the share of each band, and that no story comes out as its opposite.
fn check_bands(tenant: &TenantPlan, loaded: &Loaded, today: NaiveDate) {
    let mut bands: BTreeMap<&str, usize> = BTreeMap::new();
    for account in active(tenant) {
        let (score, band) = health(account, &loaded.counts[&account.external_id], today);
        *bands.entry(band).or_default() += 1;
        let possible: &[&str] = match account.story {
            Story::Steady | Story::Growth | Story::Expansion | Story::Seasonal(_) => &["green", "yellow"],
            Story::LowAdoption | Story::Lukewarm | Story::SlowDecay => &["yellow", "red"],
            story if story.is_trouble() => &["red"],
            _ => &["green", "yellow", "red"],
        };
        let what = format!("{today} {} {}: {score:.1}", account.external_id, account.story.label());
        assert!(possible.contains(&band), "{what} is {band}");
    }
    let share = |band| 100 * bands[band] / active(tenant).count();
    assert!((56..=68).contains(&share("green")), "{today} {bands:?}");
    assert!((18..=30).contains(&share("yellow")), "{today} {bands:?}");
    assert!((11..=17).contains(&share("red")), "{today} {bands:?}");
}

/// The demo may be loaded at any hour: the last day is there as a whole or not at all.
#[test]
fn bands_spread_as_in_life_on_any_day() {
    for today in DAYS.map(day) {
        for tenant in World::generate(DEFAULT_SEED, today).tenants {
            let days: Vec<NaiveDate> = tenant.days().skip(HISTORY_DAYS as usize - 60).collect();
            for loaded in [&days[..], &days[..59]] {
                check_bands(&tenant, &load(&tenant, loaded.iter().copied()), today);
            }
        }
    }
}

#[test]
fn stories_show_in_the_data() {
    let today = day(DAYS[0]);
    let ago = |days| today - TimeDelta::days(days);
    for (_, account, counts) in everyone() {
        let what = format!("{} {}", account.external_id, account.story.label());
        let month = |n: i64| counts.usage((ago(30 * (n + 1)), ago(30 * n)));
        match account.story {
            Story::SuddenStop { ago: since } => {
                assert_eq!(counts.usage((ago(since), today)), 0.0, "{what}");
                assert!(counts.usage((ago(since + 7), ago(since))) > 5.0, "{what}");
            }
            Story::Churned { ago: ended, .. } => {
                assert_eq!(counts.usage((ago(ended + 20), today)), 0.0, "{what}");
                assert_eq!(account.contract().ended_on, Some(ago(ended)), "{what}");
            }
            Story::ChampionLeft { ago: since, .. } => {
                assert_eq!(counts.daily.get(&(ago(since), EventName::ChampionLeft)), Some(&1), "{what}");
                assert_eq!(account.contacts[0].departed_on, Some(ago(since)), "{what}");
                let before = counts.usage((ago(since + 8), ago(since + 1)));
                assert!(counts.usage((ago(7), today)) < before * 0.6, "{what}");
            }
            Story::SupportStorm { .. } => {
                assert!(counts.sum(&[EventName::TicketOpened], (ago(14), today)) >= 6.0, "{what}");
            }
            Story::Rollout => {
                assert_eq!(counts.usage((ago(600), account.start_date - TimeDelta::days(1))), 0.0, "{what}");
                assert!((0..90).contains(&(today - account.start_date).num_days()), "{what}");
            }
            Story::Growth => assert!(month(0) > month(10) * 1.15, "{what}: {} {}", month(0), month(10)),
            Story::SlowDecay => assert!(month(0) < month(8) * 0.7, "{what}"),
            Story::Expansion => {
                let [small, large] = &account.contracts[..] else { panic!("{what}: two contracts") };
                assert!(small.seats < large.seats && small.arr_minor < large.arr_minor, "{what}");
                assert_eq!(small.ended_on, Some(large.start), "{what}");
            }
            Story::Seasonal(_) => {
                let months: Vec<f64> = (0..12).map(month).collect();
                let low = months.iter().copied().fold(f64::MAX, f64::min);
                let old = (today - account.start_date).num_days() > 365;
                assert!(!old || low < months[0] * 0.5, "{what}: {months:?}");
            }
            _ => assert!(month(0) > 10.0, "{what}"),
        }
    }
}

#[test]
fn the_most_endangered_accounts_are_unmistakable() {
    for today in DAYS.map(day) {
        let world = World::generate(DEFAULT_SEED, today);
        for (tenant, expected) in world.tenants.iter().zip([3, 1]) {
            let soon = |a: &&AccountPlan| {
                a.contract().renewal_after(today).is_some_and(|r| (r - today).num_days() <= 90)
            };
            let found: Vec<&AccountPlan> =
                active(tenant).filter(soon).filter(|a| a.story.is_trouble()).collect();
            assert_eq!(found.len(), expected, "{today}");
            let others = active(tenant).filter(|a| a.story.is_trouble() && !a.endangered);
            let most = others.map(|a| a.contract().arr_minor).max().unwrap();
            for account in found {
                assert!(account.endangered, "{}", account.name);
                assert!(account.contract().arr_minor > 2 * most, "{}", account.name);
                assert_eq!(account.owner_email, Some(tenant.members[0].email), "{}", account.name);
            }
        }
    }
}

#[test]
fn contracts_are_valid_and_varied() {
    let today = day(DAYS[0]);
    let mut seen: HashSet<String> = HashSet::new();
    let mut renewals = Vec::new();
    for (_, account, _) in everyone() {
        assert_eq!(account.start_date, account.contracts[0].start);
        assert!(account.start_date <= today);
        for pair in account.contracts.windows(2) {
            assert_eq!(pair[0].ended_on, Some(pair[1].start));
        }
        let running = account.contract().ended_on.is_none();
        assert_ne!(running, matches!(account.story, Story::Churned { .. }), "{}", account.external_id);
        renewals.extend(account.contract().renewal_after(today).map(|r| (r - today).num_days()));
        for contract in &account.contracts {
            assert!(contract.arr_minor > 0 && contract.start <= today, "{}", contract.external_id);
            assert!(contract.ended_on.is_none_or(|end| end > contract.start && end <= today));
            if let Term::Until(end) = contract.term {
                assert!(end >= today, "{}", contract.external_id);
            }
            seen.extend([
                contract.currency.to_owned(),
                contract.start.format("%m-%d").to_string(),
                match contract.term {
                    Term::Months(n) => format!("{n} months"),
                    Term::Until(_) => "fixed".to_owned(),
                },
            ]);
        }
        assert!(account.users.len() <= account.contract().seats as usize, "{}", account.external_id);
    }
    for wanted in [
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "02-29",
        "08-31",
        "1 months",
        "12 months",
        "24 months",
        "36 months",
        "fixed",
    ] {
        assert!(seen.contains(wanted), "no contract with {wanted}");
    }
    for window in [0..=30, 31..=60, 61..=90, 91..=120] {
        let due = renewals.iter().filter(|days| window.contains(*days)).count();
        assert!(due >= 5, "{due} renewals in {window:?} days");
    }
}

/// A backtest learns from the earlier churns and is judged on the later ones: both need some of every kind.
#[test]
fn customers_left_all_over_the_past() {
    for today in DAYS.map(day) {
        let tenant = &World::generate(DEFAULT_SEED, today).tenants[0];
        let left = |days: std::ops::RangeInclusive<i64>| {
            let stories = tenant.accounts.iter().map(|account| account.story);
            let why = stories.filter_map(move |story| match story {
                Story::Churned { ago, why } if days.contains(&ago) => Some(why),
                _ => None,
            });
            why.collect::<Vec<Leaving>>()
        };
        for (which, left) in [("later", left(20..=224)), ("earlier", left(225..=440))] {
            assert!(left.len() >= 9, "{today}: {which} {left:?}");
            for why in [Leaving::Faded, Leaving::Displeased, Leaving::Unforeseen] {
                assert!(left.contains(&why), "{today}: {which} {left:?}");
            }
        }
    }
}

#[test]
fn the_books_learn_of_each_ending_on_its_day() {
    let tenant = &WHOLE.0.tenants[0];
    let rows = |csv: String| -> Vec<(String, String)> {
        let lines = csv
            .lines()
            .skip(1)
            .map(|line| (line.split(',').next().unwrap_or("").to_owned(), line.to_owned()));
        lines.collect()
    };
    let mut books: BTreeMap<String, String> =
        rows(tenant.contracts_csv(tenant.first_day())).into_iter().collect();
    let first = tenant.first_day().to_string();
    let mut reader = csv::Reader::from_reader(std::io::Cursor::new(tenant.contracts_csv(tenant.first_day())));
    assert!(reader.records().all(|row| row.unwrap()[8] <= *first), "nobody knows what is to come");
    let changes: Vec<String> = tenant.days().filter_map(|day| tenant.contracts_changed_csv(day)).collect();
    assert!((25..60).contains(&changes.len()), "{} days with changes", changes.len());
    changes.into_iter().for_each(|csv| books.extend(rows(csv)));
    assert_eq!(books, rows(tenant.contracts_csv(tenant.last_day())).into_iter().collect());
}

#[test]
fn messages_are_late_repeated_unknown_and_broken_in_small_numbers() {
    let (world, loaded) = &*WHOLE;
    let tenant = &world.tenants[0];
    let recent: Vec<DemoEvent> = tenant.days().skip(500).flat_map(|d| tenant.events_on(d)).collect();
    let count = |test: &dyn Fn(&DemoEvent) -> bool| recent.iter().filter(|e| test(e)).count();
    let known: HashSet<&str> = tenant.accounts.iter().map(|a| a.external_id.as_str()).collect();
    assert_eq!(count(&|e| e.flaw.is_some()), 2);
    assert_eq!(count(&|e| !known.contains(e.group.as_str())), 5);
    let late = count(&|e| e.received_on > e.occurred_at.with_timezone(&tenant.time_zone).date_naive());
    assert!((5..30).contains(&(late * 1000 / recent.len())), "{late} late of {}", recent.len());
    let repeated = loaded[0].messages - loaded[0].distinct - 2;
    assert!((1..6).contains(&(repeated * 1000 / loaded[0].messages)), "{repeated} repeated");
    assert!(recent.iter().all(|e| e.received_on <= tenant.last_day()));

    let mut arrived = 0;
    for (date, messages) in tenant.arrivals() {
        assert!(messages.iter().all(|e| e.received_on == date));
        arrived += messages.len();
    }
    assert_eq!(arrived, loaded[0].messages, "whatever happened arrives");
}

#[test]
fn broken_messages_are_broken_as_clients_break_them() {
    let tenant = &WHOLE.0.tenants[1];
    let flawed = |flaw| {
        let mut events = tenant.days().skip(500).flat_map(|d| tenant.events_on(d));
        events.find(|e| e.flaw == Some(flaw)).unwrap().to_segment()
    };
    assert_eq!(flawed(Flaw::NoName).get("event"), None);
    assert_eq!(flawed(Flaw::AbsurdDate)["timestamp"], "0001-01-01T00:00:00Z");
    let good = tenant.events_on(tenant.first_day()).next().unwrap().to_segment();
    assert_eq!(good["type"], "track");
    assert!(good["context"]["groupId"].as_str().unwrap().starts_with("BW-"));
}

#[test]
fn people_and_names_are_complete() {
    let world = &WHOLE.0;
    for tenant in &world.tenants {
        let names: HashSet<&str> = tenant.accounts.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names.len(), tenant.accounts.len(), "names are distinct");
        for account in &tenant.accounts {
            assert!((2..=6).contains(&account.contacts.len()), "{}", account.external_id);
            let emails: HashSet<&str> = account.contacts.iter().map(|c| c.email.as_str()).collect();
            assert_eq!(emails.len(), account.contacts.len(), "{emails:?}");
            assert!(emails.iter().all(|e| e.is_ascii() && e.ends_with(".example")), "{emails:?}");
            assert_eq!(account.contacts.iter().filter(|c| c.champion).count(), 1);
        }
        let mut reader = csv::Reader::from_reader(std::io::Cursor::new(tenant.accounts_csv()));
        let read: Vec<String> = reader.records().map(|row| row.unwrap()[1].to_owned()).collect();
        assert!(read.iter().eq(tenant.accounts.iter().map(|a| &a.name)), "names survive the file");
    }
    let roles = |n: usize, role| world.tenants[n].members.iter().filter(|m| m.role == role).count();
    assert_eq!([roles(0, "csm"), roles(1, "csm"), roles(0, "manager"), roles(0, "executive")], [6, 2, 1, 1]);
    let shared = world.tenants[0].members.iter().filter(|m| world.tenants[1].members.contains(m));
    assert_eq!(shared.count(), 1);
}
