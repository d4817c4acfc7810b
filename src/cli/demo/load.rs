//! Feeds the simulated world to the functions that real data goes through, day by day on a clock of its own.

use std::io::Cursor;
use std::time::Instant;

use anyhow::{Context, bail};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use serde_json::json;
use uuid::Uuid;

use super::renewals::Year;
use super::{PASSWORD, say};
use crate::app::backtest::{Subject, usual_settings};
use crate::app::imports::{ImportKind, ImportRequest, Known, Mapping};
use crate::app::members::Role;
use crate::app::methodology::{DraftFrom, Publishing};
use crate::app::roles::Holder;
use crate::app::tenants::NewTenant;
use crate::app::tickets::Stated;
use crate::app::work::Work;
use crate::app::{Actor, App, methodology};
use crate::clock::Clock;
use crate::db::{self, TenantScope, platform};
use crate::demo::{DEFAULT_SEED, DemoEvent, METRICS, TenantPlan, TicketPlan, World};
use crate::domain::pack::Overrides;
use crate::domain::pack::edit::{self, Edit, Outline, Part};
use crate::domain::ticket::Severity;
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
/// Days ago on which the companies changed their minds about the health score.
const REVISED_AGO: i64 = 200;
/// What its components weighed before, by their place in the file.
const FIRST_WEIGHTS: [(&str, &str); 2] =
    [("/health/models/0/tree/0/weight", "0.5"), ("/health/models/0/tree/2/weight", "0.1")];
const REVISION: &str = "Support counts twice as much";
const REVISED_BECAUSE: &str = "Customers who left this year had opened tickets for weeks before their use fell. Support counts twice as much \
     now, use a little less.";
/// The role of the methodology that sets up what customers buy.
const SPECIALIST: &str = "implementation_specialist";
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
            say("Loading two invented companies with eighteen months of usage (about two minutes, once):");
        }
        let (loader, name) = (Loader::new(app, plan, today).await?, plan.name);
        loading.push(tokio::spawn(async move {
            loader.live().await.with_context(|| format!("loading {name}")).map(|()| (loader, name))
        }));
    }
    let loaded_any = !loading.is_empty();
    let mut loaded = Vec::new();
    for company in loading {
        loaded.push(company.await??);
    }
    // Jobs of the present are of every company, so none of them runs before all have their past.
    for (loader, name) in loaded {
        loader.arrive().await.with_context(|| format!("loading {name}"))?;
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
                .filter(|event| {
                    event.occurred_at > from && event.occurred_at <= now && !event.name.is_ticket()
                })
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

    /// The past, day by day.
    async fn live(&self) -> anyhow::Result<()> {
        let plan = &self.plan;
        let scope = self.company().await?;
        say(format_args!("  {}: {} accounts", plan.name, plan.accounts.len()));
        self.import(&scope, ImportKind::Accounts, "accounts.csv", plan.accounts_csv()).await?;
        let contracts = plan.contracts_csv(plan.first_day());
        self.import(&scope, ImportKind::Contracts, "contracts.csv", contracts).await?;
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
        // Each day is scored by the version that was in force on it.
        let revised = self.today - Duration::days(REVISED_AGO);
        let score =
            async |from, to| self.present.score_range(&scope, from, to, |day| day, &Work::unwatched()).await;
        score(from, revised - Duration::days(1)).await?;
        self.revise(&scope, revised).await?;
        let accounts = score(revised, to).await?;
        self.year(&scope).run(from, self.today, |day| noon(plan, day)).await?;
        say(format_args!("    scores of {accounts} accounts for {} days", (to - from).num_days() + 1));
        Ok(())
    }

    /// Today, once every company has its past.
    async fn arrive(&self) -> anyhow::Result<()> {
        let scope = self.present.tenant(self.plan.slug).await?;
        worker::run_until_empty(&self.present).await?;
        let today = self.present.clock.today(scope.time_zone());
        self.present.plan_cadences(&scope).await?;
        self.present.score_all(&scope, today, &Work::unwatched()).await?;
        self.look_back(&scope).await?;
        self.year(&scope).forecast(&self.present, self.today).await?;
        self.present.fold_scores(&scope, &Work::unwatched()).await?;
        self.note(&scope, LOADED).await
    }

    fn year<'a>(&'a self, scope: &'a TenantScope) -> Year<'a> {
        Year { past: &self.past, clock: &self.clock, scope }
    }

    /// The company, its people, keys, fields and rates.
    async fn company(&self) -> anyhow::Result<TenantScope> {
        let plan = &self.plan;
        let first = FIRST_WEIGHTS.map(|(at, to)| Edit::Set { at: at.to_owned(), to: Part::typed(to) });
        let pack = edit::apply(&pack()?, &first)?;
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
        self.cast(&scope).await?;
        for (base, other, rate) in RATES {
            if base == plan.currency {
                self.past.put_rate(&scope, other, rate, &self.actor).await?;
            }
        }
        Ok(scope)
    }

    /// Somebody plays the role that no CSM does by itself.
    async fn cast(&self, scope: &TenantScope) -> anyhow::Result<()> {
        let mut tx = self.past.db.read(scope).await?;
        let csm = db::members::list(&mut tx).await?.into_iter().rfind(|member| member.role == "csm");
        drop(tx);
        let csm = csm.context("the demo has no CSM")?;
        Ok(self.past.cast_role(scope, SPECIALIST, Holder::Member(csm.id), &self.actor).await?)
    }

    /// The second version of the methodology: the pack as it comes.
    async fn revise(&self, scope: &TenantScope, day: NaiveDate) -> anyhow::Result<()> {
        let mut tx = self.past.db.read(scope).await?;
        if db::methodologies::published_version(&mut tx).await? != Some(1) {
            return Ok(());
        }
        drop(tx);
        let loaded_at = self.clock.now();
        self.clock.set(noon(&self.plan, day));
        let (manager, admin) = (self.member("manager")?, self.member("admin")?);
        let from = DraftFrom::File { source: pack()?, overrides: Overrides::default() };
        let draft = self.past.create_draft(scope, from, REVISION, &manager).await?.stored;
        let how = Publishing { note: REVISED_BECAUSE, ..Publishing::default() };
        self.past.publish(scope, draft.id, draft.revision, &how, &admin).await?;
        self.clock.set(loaded_at);
        Ok(())
    }

    /// A backtest of the version in force, so that there is one to look at.
    async fn look_back(&self, scope: &TenantScope) -> anyhow::Result<()> {
        let mut tx = self.present.db.read(scope).await?;
        let version = db::methodologies::published_version(&mut tx).await?.context("nothing is in force")?;
        if !db::backtests::list(&mut tx, None, 1).await?.is_empty() {
            return Ok(());
        }
        drop(tx);
        let settings = usual_settings(self.present.clock.today(scope.time_zone()));
        let (subject, manager) = (Subject::Version(version), self.member("manager")?);
        self.present.start_backtest(scope, &subject, &settings, &manager).await?;
        Ok(worker::run_until_empty(&self.present).await.map(|_| ())?)
    }

    /// The first member of a role, as the audit log names them.
    fn member(&self, role: &str) -> anyhow::Result<Actor> {
        let found = self.plan.members.iter().find(|member| member.role == role);
        Ok(Actor(found.with_context(|| format!("the demo has no {role}"))?.name.to_owned()))
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
                // Tickets come as tickets.
                let comes = |e: &DemoEvent| e.occurred_at <= now && !e.name.is_ticket();
                let happened: Vec<DemoEvent> = arrived.into_iter().filter(comes).collect();
                let made = submissions(&happened, key_id, received_at)?;
                if sender.blocking_send((received_at, made)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let mut total = Outcome::default();
        let (tickets, mut heard) = (self.plan.tickets(), DateTime::UNIX_EPOCH);
        while let Some((received_at, made)) = days.recv().await {
            self.clock.set(received_at);
            let day = scope.day_of(received_at);
            if let Some(changed) = self.plan.contracts_changed_csv(day) {
                self.import(&scope, ImportKind::Contracts, &format!("contracts-{day}.csv"), changed).await?;
            }
            for submission in made {
                total += self.ingest.submit(&scope, submission).await?;
            }
            self.tickets(&scope, &tickets, (heard, received_at)).await?;
            heard = received_at;
        }
        making.await??;
        self.clock.set(now);
        let waiting = self.plan.waiting_tickets(now);
        self.tickets(&scope, &waiting, (DateTime::UNIX_EPOCH, now)).await?;
        say(format_args!("    {} tickets", tickets.len() + waiting.len()));
        Ok(total)
    }

    /// States what happened to tickets after one moment and up to another, as the support tool would.
    async fn tickets(
        &self,
        scope: &TenantScope,
        tickets: &[TicketPlan],
        (after, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> anyhow::Result<()> {
        let happened = |ticket: &&TicketPlan| ticket.moments().iter().any(|at| *at > after && *at <= until);
        let news: Vec<&TicketPlan> = tickets.iter().filter(happened).collect();
        let escalated: Vec<Stated> = news
            .iter()
            .filter_map(|ticket| {
                let (at, why) = ticket.escalated.filter(|(at, _)| *at > after && *at <= until)?;
                let level = (Some(2), Some(why.to_owned()));
                Some(Stated { level: level.0, reason: level.1, ..stated(ticket, at) })
            })
            .collect();
        self.past.put_tickets(scope, &escalated, &self.actor).await?;
        let rest: Vec<Stated> = news.iter().map(|ticket| stated(ticket, until)).collect();
        self.past.put_tickets(scope, &rest, &self.actor).await?;
        Ok(())
    }

    async fn note(&self, scope: &TenantScope, what: &str) -> anyhow::Result<()> {
        let mut tx = self.present.db.write(scope).await?;
        let (now, today) = (self.clock.now(), self.today.to_string());
        db::audit::record(&mut tx, now, &self.actor.0, what, &today, json!({})).await?;
        Ok(tx.commit().await?)
    }
}

/// A ticket as it was known at a moment.
fn stated(ticket: &TicketPlan, until: DateTime<Utc>) -> Stated {
    let known = |at: Option<DateTime<Utc>>| at.filter(|at| *at <= until);
    let resolved_at = known(ticket.resolved_at);
    Stated {
        external_id: ticket.external_id.clone(),
        account: Some(ticket.account.clone()),
        subject: Some(ticket.subject.clone()),
        severity: Severity::parse(ticket.severity),
        channel: Some(ticket.channel.to_owned()),
        requester: Some(ticket.requester.clone()),
        csat: ticket.csat.filter(|_| resolved_at.is_some()),
        opened_at: Some(ticket.opened_at),
        responded_at: known(ticket.responded_at),
        resolved_at,
        updated_at: Some(until),
        ..Stated::default()
    }
}

/// The pack that reads every figure these companies have.
fn pack() -> anyhow::Result<String> {
    let sources = methodology::pack_ids().into_iter().filter_map(|id| methodology::pack_source(&id));
    let reads_all = |source: &String| {
        Outline::read(source).is_ok_and(|outline| {
            let inputs = outline.keys("/inputs");
            METRICS.iter().all(|metric| inputs.contains(metric))
        })
    };
    sources.into_iter().find(reads_all).context("no pack reads the figures of the demo")
}

fn noon(plan: &TenantPlan, day: NaiveDate) -> DateTime<Utc> {
    let noon = day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default());
    plan.time_zone.from_local_datetime(&noon).earliest().map_or_else(|| noon.and_utc(), |t| t.to_utc())
}
