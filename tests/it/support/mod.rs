//! What every integration test stands on: a fresh database, a clock that obeys, the real router.
//!
//! The server is the one in `DATABASE_URL`, which `holdfast with-pg -- cargo nextest run` sets; without it each test
//! process runs a throw-away one of its own. A migrated template is made once per server; each test copies it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up may stop")]
#![expect(dead_code, reason = "no test needs all of it")]

pub mod html;
pub mod receiver;
pub mod server;
pub mod smtp;

use std::str::FromStr;
use std::sync::OnceLock;

use axum_test::multipart::{MultipartForm, Part};
use axum_test::{TestRequest, TestResponse, TestServer};
use base64::Engine;
use chrono::{DateTime, Utc};
use holdfast::app::keys::KeyScope;
use holdfast::app::members::Role;
use holdfast::app::outgoing::{Http, Mailer, Outlets, Reach};
use holdfast::app::tenants::NewTenant;
use holdfast::app::{Actor, App, methodology};
use holdfast::clock::Clock;
use holdfast::db::{Db, TenantScope};
use holdfast::ingest::Ingest;
use holdfast::jobs::worker;
use holdfast::postgres::Managed;
use holdfast::web::{Settings, Web, router};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use uuid::Uuid;

/// The password of every member made here.
pub const PASSWORD: &str = "correct horse battery staple";
/// When tests begin, unless they say otherwise: a Monday, well away from any change of clocks.
pub const NOW: &str = "2027-03-01T12:00:00Z";

/// A moment.
pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The URL of the server tests run on, as a role that may create databases and to which row security applies: the
/// one of the environment, else one of our own that ends with this process.
pub fn server_url() -> String {
    static URL: OnceLock<String> = OnceLock::new();
    let start = || {
        let (tell, told) = std::sync::mpsc::channel();
        // The server ends with the thread that started it, and a test's thread ends with its test.
        std::thread::spawn(move || {
            let server = Managed::throwaway(None).unwrap();
            tell.send(server.database_url().to_owned()).unwrap();
            loop {
                std::thread::park();
            }
        });
        told.recv().unwrap()
    };
    URL.get_or_init(|| std::env::var("DATABASE_URL").unwrap_or_else(|_| start())).clone()
}

/// The server's URL as a superuser, for looking behind row security.
pub fn admin_url() -> String {
    std::env::var("HOLDFAST_TEST_ADMIN_URL")
        .unwrap_or_else(|_| server_url().replace("//holdfast@", "//postgres@"))
}

/// The same server, another database.
pub fn with_database(url: &str, name: &str) -> PgConnectOptions {
    PgConnectOptions::from_str(url).unwrap().database(name)
}

/// Connects without Holdfast in between.
pub async fn connect(options: &PgConnectOptions) -> PgConnection {
    options.connect().await.unwrap()
}

/// A fresh database with the schema in it: its name.
pub async fn fresh_database() -> String {
    let mut server = connect(&PgConnectOptions::from_str(&server_url()).unwrap()).await;
    // Many processes want the template at once; one makes it.
    server.execute("SELECT pg_advisory_lock(7482364)").await.unwrap();
    let made: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(template_name())
        .fetch_one(&mut server)
        .await
        .unwrap();
    if !made {
        server.execute(AssertSqlSafe(format!("CREATE DATABASE {}_draft", template_name()))).await.unwrap();
        let draft = with_database(&server_url(), &format!("{}_draft", template_name()));
        let db = Db::connect(draft.to_url_lossy().as_str(), 2).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        let rename = format!("ALTER DATABASE {0}_draft RENAME TO {0}", template_name());
        server.execute(AssertSqlSafe(rename)).await.unwrap();
    }
    let name = format!("t_{}", Uuid::new_v4().simple());
    let create = format!("CREATE DATABASE {name} TEMPLATE {} STRATEGY FILE_COPY", template_name());
    server.execute(AssertSqlSafe(create)).await.unwrap();
    server.execute("SELECT pg_advisory_unlock(7482364)").await.unwrap();
    server.close().await.unwrap();
    name
}

/// Differs when the schema does, so that a server that is kept between runs does not serve an old one.
fn template_name() -> String {
    let checksum: u64 = holdfast::db::MIGRATOR
        .iter()
        .flat_map(|m| m.checksum.iter().copied())
        .fold(17, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("holdfast_template_{checksum:x}")
}

/// Holdfast on a fresh database.
pub struct House {
    /// The product.
    pub app: App,
    /// Its clock, which stands still until it is set.
    pub clock: Clock,
    /// Its HTTP side.
    pub web: Web,
    /// The database's name.
    pub database: String,
}

/// A tenant with a key of each scope.
pub struct Home {
    /// The right to act inside it.
    pub scope: TenantScope,
    /// Its short name.
    pub slug: String,
    /// A write key.
    pub write_key: String,
    /// A read key.
    pub read_key: String,
}

impl House {
    /// Holdfast at [`NOW`].
    pub async fn new() -> House {
        House::at(NOW).await
    }

    /// Holdfast at a moment.
    pub async fn at(now: &str) -> House {
        House::by(Clock::manual(at(now))).await
    }

    /// Holdfast by a clock.
    pub async fn by(clock: Clock) -> House {
        let database = fresh_database().await;
        let url = with_database(&server_url(), &database);
        let db = Db::connect(url.to_url_lossy().as_str(), 8).await.unwrap();

        let app = App::new(db.clone(), clock.clone()).with_outlets(outlets(None));
        app.keep_event_months(None).await.unwrap();
        let settings = Settings { api_requests_per_minute: 10_000, ..Settings::default() };
        let web = Web::new(app.clone(), Ingest::new(db, clock.clone()), settings, None);
        House { app, clock, web, database }
    }

    /// The same house with a mail server.
    pub fn with_mail(mut self, smtp_url: &str) -> House {
        self.app = self.app.with_outlets(outlets(Some(smtp_url)));
        self.web.app = self.app.clone();
        self
    }

    /// Forgets whom was told of what so far: of what follows from setting things up.
    pub async fn forget_news(&self) {
        let mut behind = self.behind().await;
        behind.execute("DELETE FROM notifications; DELETE FROM messages").await.unwrap();
    }

    /// Another process of the same house: its own connections, the same clock.
    pub async fn replica(&self) -> App {
        let url = with_database(&server_url(), &self.database);
        let db = Db::connect(url.to_url_lossy().as_str(), 4).await.unwrap();
        App::new(db, self.clock.clone()).with_outlets(outlets(None))
    }

    /// A superuser's look at the database, behind row security.
    pub async fn behind(&self) -> PgConnection {
        connect(&with_database(&admin_url(), &self.database)).await
    }

    /// Sets the clock.
    pub fn set(&self, now: &str) {
        self.clock.set(at(now));
    }

    /// Does everything that is due.
    pub async fn work(&self) {
        worker::run_until_empty(&self.app).await.unwrap();
    }

    /// A tenant on the pack techcorp, in UTC and dollars.
    pub async fn tenant(&self, slug: &str) -> Home {
        self.tenant_on(slug, "techcorp").await
    }

    /// A tenant on a pack, in UTC.
    pub async fn tenant_on(&self, slug: &str, pack: &str) -> Home {
        let pack = methodology::pack_source(pack).unwrap();
        let new = NewTenant { name: slug, slug: Some(slug), time_zone: "UTC", currency: None };
        let actor = Actor::command_line();
        let scope = self.app.create_tenant(&new, &pack, &actor).await.unwrap();
        let write_key = self.app.create_key(&scope, "backend", KeyScope::Write, &actor).await.unwrap();
        let read_key = self.app.create_key(&scope, "warehouse", KeyScope::Read, &actor).await.unwrap();
        Home { scope, slug: slug.to_owned(), write_key, read_key }
    }

    /// A member with [`PASSWORD`].
    pub async fn member(&self, home: &Home, email: &str, role: Role) {
        let actor = Actor::command_line();
        self.app.add_member(&home.scope, email, None, role, PASSWORD, &actor).await.unwrap();
    }

    /// Accounts by their external ids, each with a contract of a year over 50,000 dollars and 10 seats.
    pub async fn accounts(&self, home: &Home, ids: &[&str]) {
        let mut accounts = String::from("external_id,name,start_date\n");
        let mut contracts = String::from("external_id,account,start_date,term_months,arr,currency,seats\n");
        for id in ids {
            accounts += &format!("{id},Account {id},2026-06-01\n");
            contracts += &format!("{id}-C1,{id},2026-06-01,12,50000,USD,10\n");
        }
        self.import(home, "accounts", &accounts).await;
        self.import(home, "contracts", &contracts).await;
    }

    /// Imports a file and expects every row to be taken.
    pub async fn import(&self, home: &Home, kind: &str, csv: &str) {
        use holdfast::app::imports::{ImportKind, ImportRequest, Known, Mapping};
        let mapping = Mapping::default();
        let request = ImportRequest {
            kind: ImportKind::parse(kind).unwrap(),
            file_name: "test.csv",
            mapping: &mapping,
            dry_run: false,
            bytes_total: csv.len() as u64,
            known: Known::OnItsDay,
        };
        let reader = std::io::Cursor::new(csv.as_bytes().to_vec());
        let actor = Actor::command_line();
        let done = self.app.import(&home.scope, request, reader, &actor, &|_| ()).await.unwrap();
        assert_eq!((done.error.as_deref(), done.rejected), (None, 0), "{kind}");
    }

    /// HTTP, in memory.
    pub fn http(&self) -> TestServer {
        TestServer::new(router::router(self.web.clone()))
    }

    /// Signs in; the answer's cookie opens pages.
    pub async fn sign_in(&self, email: &str) -> Browser {
        let http = self.http();
        let answer = http
            .post("/sign-in")
            .add_header("sec-fetch-site", "same-origin")
            .form(&[("email", email), ("password", PASSWORD), ("next", "")])
            .await;
        assert_eq!(answer.status_code(), 303, "{}", answer.text());
        let cookie = answer.header("set-cookie").to_str().unwrap().split(';').next().unwrap().to_owned();
        Browser { http, cookie }
    }

    /// Sends messages as a batch and returns the answer.
    pub async fn send(&self, home: &Home, messages: &[Value]) -> Value {
        let answer = self
            .http()
            .post("/v1/batch")
            .add_header("authorization", basic(&home.write_key))
            .json(&json!({ "batch": messages }))
            .await;
        assert_eq!(answer.status_code(), 200, "{}", answer.text());
        answer.json()
    }
}

/// Ways out of a test: to this machine, and to a mail server where there is one.
fn outlets(smtp_url: Option<&str>) -> Outlets {
    Outlets {
        public_url: "https://holdfast.example".to_owned(),
        mailer: smtp_url.map(|url| Mailer::new(url, "Holdfast <holdfast@example.com>").unwrap()),
        http: Http::new(Reach::Private),
    }
}

/// Basic authentication with a key as the user name.
pub fn basic(key: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{key}:")))
}

/// A track message.
pub fn track(id: &str, event: &str, user: &str, group: &str, time: &str) -> Value {
    json!({ "type": "track", "messageId": id, "event": event, "userId": user, "timestamp": time,
            "context": { "groupId": group } })
}

/// A signed-in browser without JavaScript.
pub struct Browser {
    http: TestServer,
    cookie: String,
}

impl Browser {
    /// Opens a page.
    pub async fn get(&self, path: &str) -> TestResponse {
        self.with_cookie(self.http.get(path)).await
    }

    /// Asks for a part, as htmx does.
    pub async fn part(&self, path: &str) -> TestResponse {
        self.with_cookie(self.http.get(path)).add_header("hx-request", "true").await
    }

    /// Sends a form from one of our own pages.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> TestResponse {
        self.with_cookie(self.http.post(path)).add_header("sec-fetch-site", "same-origin").form(form).await
    }

    /// Sends a form with a file in its field `file`.
    pub async fn upload(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        name: &str,
        content: &str,
    ) -> TestResponse {
        let part = Part::bytes(content.as_bytes().to_vec()).file_name(name);
        let form = fields.iter().fold(MultipartForm::new(), |form, (name, value)| {
            form.add_text((*name).to_owned(), (*value).to_owned())
        });
        let form = form.add_part("file", part);
        self.with_cookie(self.http.post(path))
            .add_header("sec-fetch-site", "same-origin")
            .multipart(form)
            .await
    }

    fn with_cookie(&self, request: TestRequest) -> TestRequest {
        request.add_header("cookie", self.cookie.clone())
    }
}
