//! Every setting, each a flag and an environment variable. Only `main` and `boot` import this.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub struct Storage {
    /// PostgreSQL to use, 15 or newer; without it Holdfast runs its own in the data directory.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<SecretString>,
    /// Directory of the managed PostgreSQL [default: /var/lib/holdfast for root, else ~/.local/share/holdfast].
    #[arg(long, env = "HOLDFAST_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Directory of the PostgreSQL programs, when they are not found by themselves.
    #[arg(long, env = "HOLDFAST_PG_BIN", global = true)]
    pub pg_bin: Option<PathBuf>,
    /// The most database connections this process holds.
    #[arg(long, env = "HOLDFAST_DB_CONNECTIONS", default_value_t = 20, global = true)]
    pub db_connections: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct Logging {
    /// Shape of log lines.
    #[arg(long, env = "HOLDFAST_LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty, global = true)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, or a filter such as `info,holdfast=debug`.
    #[arg(long, env = "HOLDFAST_LOG", default_value = "info", global = true)]
    pub log: String,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// How the service serves.
#[derive(Debug, Clone, Args)]
pub struct Serving {
    /// Address and port to listen on.
    #[arg(long, env = "HOLDFAST_LISTEN", default_value = "127.0.0.1:8420")]
    pub listen: SocketAddr,
    /// Where people reach it, such as https://holdfast.example.com; used in invitation links.
    #[arg(long, env = "HOLDFAST_PUBLIC_URL", default_value = "")]
    pub public_url: String,
    /// Mail server, such as smtps://user:password@smtp.example.com; without one mail stays queued.
    #[arg(long, env = "HOLDFAST_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<SecretString>,
    /// Address mails come from, such as "Holdfast <holdfast@example.com>".
    #[arg(long, env = "HOLDFAST_MAIL_FROM", default_value = "Holdfast <holdfast@localhost>")]
    pub mail_from: String,
    /// Let tenants name webhooks in private networks and without TLS. Only where you trust every tenant.
    #[arg(long, env = "HOLDFAST_ALLOW_PRIVATE_WEBHOOKS", default_value_t = false)]
    pub allow_private_webhooks: bool,
    /// Send session cookies over plain HTTP too. Only for a network you trust.
    #[arg(long, env = "HOLDFAST_INSECURE_COOKIES", default_value_t = false)]
    pub insecure_cookies: bool,
    /// Days raw events are kept; 0 keeps them for ever. Daily figures and message ids stay in any case.
    #[arg(long, env = "HOLDFAST_EVENT_RETENTION_DAYS", default_value_t = 400)]
    pub event_retention_days: u32,
    /// API requests a minute each tenant may make.
    #[arg(long, env = "HOLDFAST_API_REQUESTS_PER_MINUTE", default_value_t = 600)]
    pub api_requests_per_minute: u32,
    /// Seconds running requests get to finish after SIGTERM.
    #[arg(long, env = "HOLDFAST_DRAIN_SECONDS", default_value_t = 20)]
    pub drain_seconds: u64,
    /// Seconds after which a job whose process is silent is begun anew by another.
    #[arg(long, env = "HOLDFAST_JOB_LEASE_SECONDS", default_value_t = 45,
          value_parser = clap::value_parser!(u32).range(3..=3600))]
    pub job_lease_seconds: u32,
}
