//! Puts the application together, checks the database role, starts web and worker, and drains them on SIGTERM.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::app::outgoing::{Http, Mailer, Outlets, Reach};
use crate::clock::Clock;
use crate::config::{LogFormat, Logging, Serving, Storage};
use crate::db::Db;
use crate::ingest::Ingest;
use crate::jobs;
use crate::postgres::{Lifetime, Managed, Options, default_data_dir};
use crate::web::{Settings, Web, router};

/// Sets up logging to standard error.
///
/// # Errors
/// When the filter cannot be read.
pub fn logging(logging: &Logging) -> Result<()> {
    let filter = EnvFilter::try_new(&logging.log).context("HOLDFAST_LOG cannot be read")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match logging.log_format {
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).init()
        }
        LogFormat::Pretty => {
            builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).init();
        }
    }
    Ok(())
}

/// The database server: a URL, and the managed server behind it where there is one.
pub struct Server {
    url: String,
    managed: Option<Managed>,
}

/// Finds the database server, or starts our own. Call it on the main thread before the async runtime starts: our
/// own server is told to stop when the thread that started it ends.
///
/// # Errors
/// When no PostgreSQL can be found or started; the sentence says what to do.
pub fn server(storage: &Storage, lifetime: Lifetime) -> Result<Server> {
    if let Some(url) = &storage.database_url {
        return Ok(Server { url: url.expose_secret().to_owned(), managed: None });
    }
    let data_dir = storage.data_dir.clone().unwrap_or_else(default_data_dir);
    let managed = Managed::start(&Options { data_dir, bin_dir: storage.pg_bin.clone(), lifetime })?;
    Ok(Server { url: managed.database_url().to_owned(), managed: Some(managed) })
}

impl Server {
    /// Stops our own server, if it is ours and nobody else needs it.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(self) -> Result<()> {
        Ok(self.managed.map_or(Ok(()), Managed::stop)?)
    }
}

/// An application on a server, its schema up to date and its role checked.
///
/// # Errors
/// When the database is away, a migration fails, or the role would bypass row security.
pub async fn app(server: &Server, storage: &Storage, clock: Clock) -> Result<App> {
    let db = connect(server, storage).await?;
    db.check_role().await?;
    let app = App::new(db, clock);
    app.keep_event_months(None).await?;
    Ok(app)
}

/// Connects and applies migrations.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn connect(server: &Server, storage: &Storage) -> Result<Db> {
    let db =
        Db::connect(&server.url, storage.db_connections).await.context("the database cannot be reached")?;
    db.migrate().await.context("the schema cannot be brought up to date")?;
    Ok(db)
}

/// A service that is listening.
pub struct Service {
    listener: TcpListener,
    web: Web,
    drain: Duration,
    worker: jobs::worker::Settings,
}

impl Service {
    /// Binds the address, so that a taken port is found out before anything is said.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(app: App, serving: &Serving, demo: Vec<(String, String, String)>) -> Result<Service> {
        let app = app.with_outlets(outlets(serving)?);
        let listener = TcpListener::bind(serving.listen).await.with_context(|| {
            format!("cannot listen on {}; choose another with HOLDFAST_LISTEN", serving.listen)
        })?;
        let ingest = Ingest::new(app.db.clone(), app.clock.clone());
        let settings = Settings {
            public_url: serving.public_url.trim_end_matches('/').to_owned(),
            insecure_cookies: serving.insecure_cookies,
            demo,
            api_requests_per_minute: serving.api_requests_per_minute,
        };
        let prometheus = PrometheusBuilder::new()
            .set_buckets(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
            .and_then(|builder| builder.install_recorder())
            .context("metrics cannot be set up")?;
        let web = Web::new(app, ingest, settings, Some(prometheus));
        let worker = jobs::worker::Settings {
            event_retention_days: (serving.event_retention_days > 0).then_some(serving.event_retention_days),
            lease_seconds: serving.job_lease_seconds,
        };
        Ok(Service { listener, web, drain: Duration::from_secs(serving.drain_seconds), worker })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until SIGTERM, SIGINT or SIGHUP; then takes no new connections, lets running requests finish, puts
    /// the jobs at hand back, and returns.
    ///
    /// # Errors
    /// When serving fails, or requests did not finish in the time they get.
    pub async fn run(self) -> Result<()> {
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn(jobs::worker::run(self.web.app.clone(), self.worker, stopped.clone()));
        let db = self.web.app.db.clone();
        let mut draining = stopped.clone();
        let live = self.web.live.clone();
        let service = router::router(self.web).into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(self.listener, service).with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is as good a reason to stop.
            drop(draining.changed().await);
            live.close();
        });
        let serving = tokio::spawn(serving.into_future());
        asked_to_stop().await?;
        tracing::info!("stopping: letting running requests finish");
        stop.send_replace(true);
        let finished = tokio::time::timeout(self.drain, async {
            serving.await??;
            worker.await?;
            anyhow::Ok(())
        });
        match finished.await {
            Ok(result) => result?,
            Err(_) => bail!("requests were still running after {} s and were cut off", self.drain.as_secs()),
        }
        db.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// The ways out of the house.
fn outlets(serving: &Serving) -> Result<Outlets> {
    let mailer = |url: &secrecy::SecretString| Mailer::new(url.expose_secret(), &serving.mail_from);
    let reach = if serving.allow_private_webhooks { Reach::Private } else { Reach::Public };
    Ok(Outlets {
        public_url: serving.public_url.trim_end_matches('/').to_owned(),
        mailer: serving.smtp_url.as_ref().map(mailer).transpose()?,
        http: Http::new(reach),
    })
}

async fn asked_to_stop() -> Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        _ = hup.recv() => {}
    }
    Ok(())
}
