//! The companies of the chaos, and the product as it looks from beside the replicas.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Days, NaiveDate};
use holdfast::app::Actor;
use holdfast::app::keys::KeyScope;
use holdfast::app::members::Role;
use holdfast::app::methodology::{self, DraftFrom};
use holdfast::app::outgoing;
use holdfast::app::overrides::{Set, Wanted};
use holdfast::app::tenants::NewTenant;
use holdfast::clock::Clock;
use holdfast::db::TenantScope;
use sqlx::ConnectOptions;

use crate::support::receiver::Receiver;
use crate::support::{Home, House, PASSWORD, server_url, with_database};

/// Where companies are: days begin and end at all hours.
const ZONES: [&str; 5] =
    ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"];
/// Companies that are there before the first replica.
const COMPANIES: usize = 4;
/// Days until the contracts renew that are stated meanwhile: within the window of their timeline.
const RENEWS_IN: Days = Days::new(60);
/// Accounts each of them has then.
pub(super) const ACCOUNTS: usize = 8;

/// A company, and the key its product sends with.
pub(super) struct Company {
    pub(super) scope: TenantScope,
    pub(super) slug: String,
    pub(super) key: String,
    /// The day on which contracts renew that are stated meanwhile.
    pub(super) renews_on: NaiveDate,
}

/// Everything that is there before the first strike.
pub(super) struct World {
    pub(super) house: House,
    pub(super) url: String,
    pub(super) companies: Vec<Company>,
    /// Where the companies have themselves told of alerts and renewals.
    pub(super) receiver: Receiver,
    founded: AtomicUsize,
}

impl World {
    pub(super) async fn new() -> World {
        let house = House::by(Clock::system()).await;
        let url = with_database(&server_url(), &house.database).to_url_lossy().to_string();
        let (companies, receiver) = (Vec::new(), Receiver::start().await);
        let mut world = World { house, url, companies, receiver, founded: AtomicUsize::new(0) };
        for _ in 0..COMPANIES {
            let company = world.found().await;
            world.have_told(&company).await;
            world.settle_in(&company).await;
            world.companies.push(company);
        }
        // What was set by hand is over by now, so that there is something to settle, once.
        sqlx::query("UPDATE overrides SET set_on = set_on - 10, expires_on = expires_on - 10")
            .execute(&mut world.house.behind().await)
            .await
            .unwrap();
        world
    }

    /// A new company without accounts.
    pub(super) async fn found(&self) -> Company {
        let n = self.founded.fetch_add(1, Ordering::SeqCst);
        let slug = format!("company-{n}");
        let new =
            NewTenant { name: &slug, slug: Some(&slug), time_zone: ZONES[n % ZONES.len()], currency: None };
        let pack = methodology::pack_source("techcorp").unwrap();
        let (app, actor) = (&self.house.app, Actor::command_line());
        let scope = app.create_tenant(&new, &pack, &actor).await.unwrap();
        let key = app.create_key(&scope, "backend", KeyScope::Write, &actor).await.unwrap();
        let renews_on = app.clock.today(scope.time_zone()) + RENEWS_IN;
        Company { scope, slug, key, renews_on }
    }

    /// A manager, and a webhook that is told of alerts and renewals. Only the first company's rules wait when they are
    /// true of many accounts.
    async fn have_told(&self, company: &Company) {
        let (app, actor, scope) = (&self.house.app, Actor::command_line(), &company.scope);
        let email = format!("morgan@{}.example", company.slug);
        app.add_member(scope, &email, None, Role::Manager, PASSWORD, &actor).await.unwrap();
        let wanted = outgoing::Wanted {
            url: self.receiver.url.clone(),
            kinds: ["alert_opened", "renewal_opened"].map(str::to_owned).to_vec(),
            enabled: true,
            ..outgoing::Wanted::default()
        };
        app.create_endpoint(scope, &wanted, &actor).await.unwrap();
        if !self.companies.is_empty() {
            app.set_storm_limits(scope, 100.0, 1_000_000, &actor).await.unwrap();
        }
    }

    /// Accounts, some of them set by hand, and a draft that is tried out on them.
    async fn settle_in(&self, company: &Company) {
        let (app, actor) = (&self.house.app, Actor::command_line());
        let scope = &company.scope;
        let home = Home {
            scope: scope.clone(),
            slug: company.slug.clone(),
            write_key: company.key.clone(),
            read_key: String::new(),
        };
        let ids: Vec<String> = (0..ACCOUNTS).map(|n| format!("a{n}")).collect();
        self.house.accounts(&home, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
        self.house.work().await;
        let today = app.clock.today(scope.time_zone());
        for account in &ids[..4] {
            let set = Set::Band("green".to_owned());
            let wanted =
                Wanted { set, reason: "We know them".to_owned(), expires_on: Some(today), seen: None };
            app.set_override(scope, account, &wanted, &actor, None).await.unwrap();
        }
        let draft = app.create_draft(scope, DraftFrom::Version(1), "Next", &actor).await.unwrap().stored.id;
        app.start_preview(scope, draft, 1, &actor).await.unwrap();
    }
}
