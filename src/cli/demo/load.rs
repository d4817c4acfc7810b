//! Feeds the simulated world to the functions that real data goes through, day by day on a clock of its own.

use std::io::Cursor;
use std::time::Instant;

use anyhow::{Context, bail};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use serde_json::json;
use uuid::Uuid;

use super::lived::{self, LIVED_DAYS};
use super::{PASSWORD, say};
use crate::app::imports::{ImportKind, ImportRequest, Known, Mapping};
use crate::app::members::Role;
use crate::app::tenants::NewTenant;
use crate::app::work::Work;
use crate::app::{Actor, App, methodology};
use crate::clock::Clock;
use crate::db::{self, TenantScope, platform};
use crate::demo::{DEFAULT_SEED, DemoEvent, TenantPlan, World};
use crate::ingest::wire::{self, Endpoint, MAX_MESSAGES};
use crate::ingest::{Ingest, Outcome, Submission};
use crate::jobs::worker;

/// Units of each tenant's currency for one unit of another, as of the demo's making.
const RATES: [(&str, &str, &str); 5] = [
    ("USD", "EUR", "1.08"),
    ("USD", "GBP", "1.27"),
    ("USD", "JPY", "0.0067"),
    ("EUR", "USD", "0.93"),
    ("EUR", "GBP", "1.17"),
];
const BEGUN: &str = "demo.begun";
const LOADED: &str = "demo.loaded";

/// Loads the demo unless it is there; a load that was broken off goes on where it can, because everything in it
/// may be done twice.
pub(super) async fn load(app: &App) -> anyhow::Result<World> {
    let started = Instant::now();
    let mut tx = app.db.platform().await?;
    let tenants = platform::all_tenants(&mut tx).await?;
    let first = platform::tenant_by_name(&mut tx, "larkfield").await?;
    tx.commit().await?;
    if first.is_none() && !tenants.is_empty() {
        bail!("this database holds real tenants; the demo wants a database of its own");
    }
    let today = match &first {
        Some(scope) => begun_on(app, scope).await?.unwrap_or_else(|| app.clock.now().date_naive()),
        None => app.clock.now().date_naive(),
    };
    let world = World::generate(DEFAULT_SEED, today);
    let mut loading = Vec::new();
    for plan in &world.tenants {
        if is_loaded(app, plan).await? {
            continue;
        }
        if loading.is_empty() {
            say("Loading two invented companies with eighteen months of usage (about a minute, once):");
        }
        let (loader, name) = (Loader::new(app, plan, today).await?, plan.name);
        loading
            .push(tokio::spawn(async move { loader.run().await.with_context(|| format!("loading {name}")) }));
    }
    let loaded_any = !loading.is_empty();
    for company in loading {
        company.await??;
    }
    if loaded_any {
        say(format_args!("Loaded in {:.0} s.", started.elapsed().as_secs_f64()));
    } else if today != app.clock.now().date_naive() {
        say(format_args!("The demo's data ends on {today}; `holdfast demo --fresh` makes it end today."));
    }
    Ok(world)
}

/// Keeps the demo alive: today's events arrive as their time comes.
pub(super) async fn go_on(app: App, world: World) {
    let ingest = Ingest::new(app.db.clone(), app.clock.clone());
    let mut every = tokio::time::interval(std::time::Duration::from_secs(20));
    let mut until = app.clock.now();
    loop {
        every.tick().await;
        let (from, now) = (until, app.clock.now());
        until = now;
        for plan in &world.tenants {
            let due: Vec<DemoEvent> = plan
                .events_on(plan.last_day())
                .filter(|event| event.occurred_at > from && event.occurred_at <= now)
                .collect();
            if let Err(error) = send(&app, &ingest, plan, &due, now).await {
                tracing::warn!(error = format!("{error:#}"), "the demo's next events");
            }
        }
    }
}

async fn begun_on(app: &App, scope: &TenantScope) -> anyhow::Result<Option<NaiveDate>> {
    let mut tx = app.db.read(scope).await?;
    let entry = db::audit::list(&mut tx, BEGUN, 0, 1).await?.into_iter().next();
    Ok(entry.and_then(|entry| entry.subject.parse().ok()))
}

async fn is_loaded(app: &App, plan: &TenantPlan) -> anyhow::Result<bool> {
    let mut tx = app.db.platform().await?;
    let Some(scope) = platform::tenant_by_name(&mut tx, plan.slug).await? else { return Ok(false) };
    let mut tx = app.db.read(&scope).await?;
    Ok(!db::audit::list(&mut tx, LOADED, 0, 1).await?.is_empty())
}

async fn send(
    app: &App,
    ingest: &Ingest,
    plan: &TenantPlan,
    events: &[DemoEvent],
    received_at: DateTime<Utc>,
) -> anyhow::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let scope = app.tenant(plan.slug).await?;
    for submission in submissions(events, write_key(app, &scope).await?, received_at)? {
        ingest.submit(&scope, submission).await?;
    }
    Ok(())
}

async fn write_key(app: &App, scope: &TenantScope) -> anyhow::Result<Uuid> {
    let mut tx = app.db.read(scope).await?;
    let key = db::api_keys::list(&mut tx).await?.into_iter().find(|key| key.scope == "write");
    Ok(key.context("the demo's write key is gone")?.id)
}

/// Events as requests of an SDK that imports the past.
fn submissions(
    events: &[DemoEvent],
    key_id: Uuid,
    received_at: DateTime<Utc>,
) -> anyhow::Result<Vec<Submission>> {
    let request = |chunk: &[DemoEvent]| {
        let batch: Vec<_> = chunk.iter().map(DemoEvent::to_segment).collect();
        let body = serde_json::to_vec(&json!({ "batch": batch }))?;
        let envelope = wire::parse(&body, Endpoint::Import)?;
        Ok(Submission::read(&envelope, key_id, received_at))
    };
    events.chunks(MAX_MESSAGES).map(request).collect()
}

/// Loads one company.
struct Loader {
    /// The product on a clock that goes through the past.
    past: App,
    /// The product on the real clock.
    present: App,
    plan: TenantPlan,
    clock: Clock,
    ingest: Ingest,
    today: NaiveDate,
    actor: Actor,
}

impl Loader {
    async fn new(app: &App, plan: &TenantPlan, today: NaiveDate) -> anyhow::Result<Self> {
        let clock = Clock::manual(noon(plan, plan.first_day()));
        let mut tx = app.db.platform().await?;
        platform::ensure_event_months(&mut tx, plan.first_day(), today).await?;
        tx.commit().await?;
        let ingest = Ingest::new(app.db.clone(), clock.clone());
        let past = App::new(app.db.clone(), clock.clone());
        let (present, plan) = (app.clone(), plan.clone());
        Ok(Loader { past, present, plan, clock, ingest, today, actor: Actor::holdfast() })
    }

    async fn run(&self) -> anyhow::Result<()> {
        let plan = &self.plan;
        let scope = self.company().await?;
        say(format_args!("  {}: {} accounts", plan.name, plan.accounts.len()));
        self.import(&scope, ImportKind::Accounts, "accounts.csv", plan.accounts_csv()).await?;
        self.import(&scope, ImportKind::Contracts, "contracts.csv", plan.contracts_csv()).await?;
        self.import(&scope, ImportKind::Contacts, "contacts.csv", plan.contacts_csv()).await?;
        self.import(&scope, ImportKind::Metrics, "metrics.csv", self.gauges()).await?;
        let outcome = self.events().await?;
        say(format_args!(
            "    {} events counted, {} sent twice, {} in quarantine",
            outcome.accepted,
            outcome.duplicate,
            outcome.waiting + outcome.rejected
        ));
        self.present.fold(&scope, &Work::unwatched()).await?;
        let (from, to) = (plan.first_day(), self.today - Duration::days(1));
        let lived = self.today - Duration::days(LIVED_DAYS as i64);
        let before = lived - Duration::days(1);
        let accounts = self.present.score_range(&scope, from, before, |day| day, &|_| ()).await?;
        self.live(&scope, lived, to).await?;
        worker::run_until_empty(&self.present).await?;
        self.present.fold_scores(&scope, &Work::unwatched()).await?;
        say(format_args!("    scores of {accounts} accounts for {} days", (to - from).num_days() + 2));
        self.note(&scope, LOADED).await
    }

    /// Goes through the last weeks day by day: every account is scored and acted upon, people do their work.
    async fn live(&self, scope: &TenantScope, from: NaiveDate, to: NaiveDate) -> anyhow::Result<()> {
        let started = Instant::now();
        for day in from.iter_days().take_while(|day| *day <= to) {
            self.clock.set(noon(&self.plan, day));
            self.past.score_all(scope, day, &|_| ()).await?;
            if day == from {
                lived::cast(&self.past, scope).await?;
            }
            self.clock.set(noon(&self.plan, day) + Duration::hours(4));
            lived::work(&self.past, scope, day, day == to).await?;
        }
        say(format_args!("    {LIVED_DAYS} days lived in {:.0} s", started.elapsed().as_secs_f64()));
        Ok(())
    }

    /// The company, its people, keys, fields and rates.
    async fn company(&self) -> anyhow::Result<TenantScope> {
        let plan = &self.plan;
        let pack = methodology::pack_source("techcorp").context("the pack techcorp is missing")?;
        let scope = match self.past.tenant(plan.slug).await {
            Ok(scope) => scope,
            Err(_) => {
                let new = NewTenant {
                    name: plan.name,
                    slug: Some(plan.slug),
                    time_zone: plan.time_zone.name(),
                    currency: Some(plan.currency),
                };
                let scope = self.past.create_tenant(&new, &pack, &self.actor).await?;
                self.note(&scope, BEGUN).await?;
                scope
            }
        };
        for member in &plan.members {
            let role = Role::parse(member.role).context("a demo member has no role")?;
            self.past
                .add_member(&scope, member.email, Some(member.name), role, PASSWORD, &self.actor)
                .await?;
        }
        let mut tx = self.past.db.read(&scope).await?;
        let keys = db::api_keys::list(&mut tx).await?;
        drop(tx);
        if keys.is_empty() {
            use crate::app::keys::KeyScope;
            self.past.create_key(&scope, "Product backend", KeyScope::Write, &self.actor).await?;
            self.past.create_key(&scope, "Data warehouse", KeyScope::Read, &self.actor).await?;
        }
        for (name, label) in [("industry", "Industry"), ("region", "Region"), ("website", "Website")] {
            self.past.define_field(&scope, name, label, "text", &[], &self.actor).await?;
        }
        for (base, other, rate) in RATES {
            if base == plan.currency {
                self.past.put_rate(&scope, other, rate, &self.actor).await?;
            }
        }
        Ok(scope)
    }

    async fn import(
        &self,
        scope: &TenantScope,
        kind: ImportKind,
        file_name: &str,
        csv: String,
    ) -> anyhow::Result<()> {
        let mapping = Mapping::default();
        let request = ImportRequest {
            kind,
            file_name,
            mapping: &mapping,
            dry_run: false,
            bytes_total: csv.len() as u64,
            known: Known::OnItsDay,
        };
        // Figures of the whole past come in one file, so for this the clock must stand at its end.
        let app = if kind == ImportKind::Metrics { &self.present } else { &self.past };
        let done = app.import(scope, request, Cursor::new(csv.into_bytes()), &self.actor, &|_| ()).await?;
        if let Some(error) = done.error {
            bail!("{file_name}: {error}");
        }
        if done.rejected > 0 {
            let mut tx = app.db.read(scope).await?;
            let first = db::imports::rejects(&mut tx, done.id, 0, 1).await?;
            bail!("{file_name}: {} rows rejected, first: {:?}", done.rejected, first.first());
        }
        Ok(())
    }

    /// The company's own calendar may still be a day behind the one the world was made for.
    fn gauges(&self) -> String {
        self.plan.metrics_csv(self.present.clock.today(self.plan.time_zone))
    }

    /// The next days are made on a thread of their own while one is being stored.
    async fn events(&self) -> anyhow::Result<Outcome> {
        let scope = self.past.tenant(self.plan.slug).await?;
        let key_id = write_key(&self.past, &scope).await?;
        let (sender, mut days) = tokio::sync::mpsc::channel(4);
        let (plan, now) = (self.plan.clone(), self.present.clock.now());
        let making = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            for (day, arrived) in plan.arrivals() {
                let received_at = (noon(&plan, day) + Duration::hours(11)).min(now);
                let happened: Vec<DemoEvent> = arrived.into_iter().filter(|e| e.occurred_at <= now).collect();
                let made = submissions(&happened, key_id, received_at)?;
                if sender.blocking_send((received_at, made)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let mut total = Outcome::default();
        while let Some((received_at, made)) = days.recv().await {
            self.clock.set(received_at);
            for submission in made {
                total += self.ingest.submit(&scope, submission).await?;
            }
        }
        making.await??;
        Ok(total)
    }

    async fn note(&self, scope: &TenantScope, what: &str) -> anyhow::Result<()> {
        let mut tx = self.present.db.write(scope).await?;
        let (now, today) = (self.clock.now(), self.today.to_string());
        db::audit::record(&mut tx, now, &self.actor.0, what, &today, json!({})).await?;
        Ok(tx.commit().await?)
    }
}

fn noon(plan: &TenantPlan, day: NaiveDate) -> DateTime<Utc> {
    let noon = day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default());
    plan.time_zone.from_local_datetime(&noon).earliest().map_or_else(|| noon.and_utc(), |t| t.to_utc())
}
