//! The command line. Each command is one file; all of them work beside a running server on the same data.

mod apply_pack;
mod bench;
mod demo;
mod import;
mod key;
mod member;
mod pack;
mod score;
mod serve;
mod tenant;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{App, Error};
use crate::boot;
use crate::clock::Clock;
use crate::config::{Logging, Serving, Storage};
use crate::db::TenantScope;
use crate::postgres::{self, Lifetime};

/// The open customer success platform: events in, health and renewals out.
#[derive(Debug, Parser)]
#[command(version, about, long_about = LONG, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    storage: Storage,
    #[command(flatten)]
    logging: Logging,
    #[command(subcommand)]
    command: Command,
}

const LONG: &str = "The open customer success platform: events in, health and renewals out.\n\n\
     Without DATABASE_URL Holdfast runs its own PostgreSQL in its data directory. To begin:\n\n\
     \x20 holdfast demo                                     two invented companies to look around in\n\
     \x20 holdfast pack list                                ways of working to begin with\n\
     \x20 holdfast tenant create \"Acme\" --pack ID           a company of your own\n\
     \x20 holdfast member add ada@example.com --tenant acme --role admin --invite\n\
     \x20 holdfast key create --tenant acme --scope write --name backend\n\
     \x20 holdfast serve                                    http://127.0.0.1:8420";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages, API and tracking endpoints, and do the work behind them.
    Serve(Serving),
    /// Fill a database with two invented companies and eighteen months of their customers' usage, and serve it.
    Demo(demo::Demo),
    /// Bring the database schema up to date and exit.
    Migrate,
    /// Check, show and try out methodology packs; needs no database.
    #[command(subcommand)]
    Pack(pack::Pack),
    /// Create and list tenants: companies that use Holdfast.
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Add members: people of a tenant.
    #[command(subcommand)]
    Member(member::Member),
    /// Create keys for integrations.
    #[command(subcommand)]
    Key(key::Key),
    /// Import a CSV file of accounts, contracts, contacts or metrics.
    Import(import::Import),
    /// Work out the scores of all accounts of a tenant.
    Score(score::Score),
    /// Measure how fast this machine works on accounts in great numbers.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Ask a running server whether it is ready; for container health checks.
    Healthcheck(serve::Healthcheck),
    /// Run a command with a throw-away PostgreSQL in DATABASE_URL; for tests.
    WithPg {
        /// The command and its arguments, after `--`.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

/// Runs the command line; what it says on failure is one line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the command line speaks on standard error")]
fn say_error(error: &anyhow::Error) {
    eprintln!("holdfast: {error:#}");
}

/// What commands print. A reader who has seen enough (`holdfast score … | head`) is no error.
fn say(text: impl std::fmt::Display) {
    use std::io::Write;
    drop(writeln!(std::io::stdout(), "{text}"));
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        // Before any thread starts: it blocks signals, which threads inherit.
        Command::WithPg { command } => Ok(postgres::with_pg(&command, cli.storage.pg_bin.as_deref())?),
        Command::Healthcheck(check) => check.run(),
        Command::Pack(command) => command.run(),
        Command::Serve(serving) => {
            boot::logging(&cli.logging)?;
            serve::run(&cli.storage, &serving)
        }
        Command::Demo(demo) => {
            boot::logging(&quiet(cli.logging))?;
            demo.run(&cli.storage)
        }
        Command::Bench(bench) => {
            boot::logging(&quiet(cli.logging))?;
            bench.run(&cli.storage)
        }
        Command::Migrate => {
            boot::logging(&cli.logging)?;
            with_server(&cli.storage, async |server| {
                boot::connect(server, &cli.storage).await?;
                say("The schema is up to date.");
                Ok(())
            })
        }
        Command::Tenant(command) => with_app(cli.storage, async |app| command.run(&app).await),
        Command::Member(command) => with_app(cli.storage, async |app| command.run(&app).await),
        Command::Key(command) => with_app(cli.storage, async |app| command.run(&app).await),
        Command::Import(command) => with_app(cli.storage, async |app| command.run(&app).await),
        Command::Score(command) => with_app(cli.storage, async |app| command.run(&app).await),
    }
}

/// Logging for commands that say themselves how far they are: only what went wrong, unless more is asked for.
fn quiet(mut logging: Logging) -> Logging {
    if logging.log == "info" {
        logging.log = "warn".to_owned();
    }
    logging
}

/// Runs something with an application on the database, then leaves the database as it was found.
fn with_app(
    storage: Storage,
    command: impl AsyncFnOnce(App) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let wanted = storage.clone();
    with_server(&storage, async move |server| {
        let app = boot::app(server, &wanted, Clock::system()).await?;
        let db = app.db.clone();
        let result = command(app).await;
        db.close().await;
        result
    })
}

fn with_server(
    storage: &Storage,
    command: impl AsyncFnOnce(&boot::Server) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let server = boot::server(storage, Lifetime::Command)?;
    let result = runtime()?.block_on(command(&server));
    server.stop()?;
    result.map(|()| ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// The tenant an option names.
async fn tenant(app: &App, name: &str) -> anyhow::Result<TenantScope> {
    match app.tenant(name).await {
        Err(Error::NotFound) => {
            anyhow::bail!("there is no tenant {name:?}; `holdfast tenant list` shows them")
        }
        other => Ok(other?),
    }
}
