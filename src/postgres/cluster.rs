//! Makes the cluster: `initdb` into a directory aside, roles and database put in, then one rename,
//! so that a first start killed half-way leaves nothing that looks finished.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use super::error::Error;
use super::locate::Binaries;
use super::process;
use super::user::RunAs;

/// The cluster's superuser; reachable only through the private socket.
pub(super) const SUPERUSER: &str = "postgres";
/// The role Holdfast works as, and the database it owns.
pub(super) const APPLICATION: &str = "holdfast";

/// What a cluster is for, which decides its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Real data: every acknowledged write is on disk.
    Keep,
    /// Tests: fast, and gone afterwards. The application role may create databases.
    Throwaway,
}

/// Appended to `postgresql.conf` once, where an operator may change them later.
const KEEP_SETTINGS: &str = "\
max_connections = 60
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
wal_compression = on
";
const THROWAWAY_SETTINGS: &str = "\
max_connections = 200
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 1GB
";
/// The log gets no statements and no DETAIL lines: both quote customers' data.
const COMMON_SETTINGS: &str = "\
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_error_verbosity = terse
log_min_error_statement = panic
log_checkpoints = off
";

/// The roles, as the server must find them: nothing here may bypass row security.
/// Statements are separated by empty lines, as single-user mode wants them.
fn bootstrap_sql(purpose: Purpose) -> String {
    let createdb = match purpose {
        Purpose::Keep => "NOCREATEDB",
        Purpose::Throwaway => "CREATEDB",
    };
    format!(
        "CREATE ROLE {APPLICATION} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {createdb};\n\n\
         CREATE ROLE holdfast_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;\n\n\
         CREATE ROLE holdfast_platform NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;\n\n\
         GRANT holdfast_tenant, holdfast_platform TO {APPLICATION};\n\n\
         CREATE DATABASE {APPLICATION} OWNER {APPLICATION};\n\n"
    )
}

/// The major version of the cluster in `dir`, or `None` where there is none yet.
///
/// # Errors
/// [`Error::NotACluster`] for a directory with other things in it.
pub(super) fn version(dir: &Path) -> Result<Option<u32>, Error> {
    let not_a_cluster = || Error::NotACluster { dir: dir.to_owned() };
    match fs::read_to_string(dir.join("PG_VERSION")) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| not_a_cluster()),
        Err(_) => match fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
            Ok(true) => Err(not_a_cluster()),
            Ok(false) => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", dir)(error)),
        },
    }
}

/// Makes a cluster in `dir`, which does not exist or is empty. Call with the change lock held.
pub(super) fn create(dir: &Path, binaries: &Binaries, run_as: &RunAs, purpose: Purpose) -> Result<(), Error> {
    let aside = dir.with_extension("new");
    if aside.exists() {
        tracing::info!(dir = %aside.display(), "removing what an interrupted first start left behind");
        fs::remove_dir_all(&aside).map_err(Error::io("remove", &aside))?;
    }
    let made = fill(&aside, binaries, run_as, purpose);
    if made.is_err() {
        // The error that matters is the first one; the next start removes the rest.
        let _ = fs::remove_dir_all(&aside);
    }
    made?;
    fs::rename(&aside, dir).map_err(Error::io("move into place", dir))?;
    if let (Purpose::Keep, Some(parent)) = (purpose, dir.parent()) {
        File::open(parent).and_then(|it| it.sync_all()).map_err(Error::io("flush", parent))?;
    }
    Ok(())
}

fn fill(dir: &Path, binaries: &Binaries, run_as: &RunAs, purpose: Purpose) -> Result<(), Error> {
    run_as.private_dir(dir)?;
    let mut initdb = process::command(&binaries.program("initdb"), run_as);
    initdb.arg("--pgdata").arg(dir).args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"]);
    initdb.args(["--no-instructions", "--text-search-config", "english"]);
    if binaries.major >= 17 {
        // The built-in provider orders alike on every system and under every C library.
        initdb.args(["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]);
    } else {
        initdb.args(["--locale", if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" }]);
    }
    match purpose {
        Purpose::Keep => initdb.arg("--data-checksums"),
        Purpose::Throwaway => initdb.arg("--no-sync"),
    };
    run(initdb, "initdb", dir, "")?;

    let settings = match purpose {
        Purpose::Keep => KEEP_SETTINGS,
        Purpose::Throwaway => THROWAWAY_SETTINGS,
    };
    let text = format!(
        "\n# Set by Holdfast when it made this cluster; yours to change.\n{COMMON_SETTINGS}{settings}"
    );
    append(&dir.join("postgresql.conf"), &text)?;
    // The socket's directory (mode 0700) is the lock on the door; TCP is not even listened to.
    let hba = dir.join("pg_hba.conf");
    fs::write(&hba, "# Only the private Unix socket; its directory admits one user.\nlocal all all trust\n")
        .map_err(Error::io("write", &hba))?;

    let mut single = process::command(&binaries.program("postgres"), run_as);
    single.arg("--single").arg("-D").arg(dir).args(["-j", "-c", "exit_on_error=on", SUPERUSER]);
    run(single, "postgres --single", dir, &bootstrap_sql(purpose))
}

fn append(path: &Path, text: &str) -> Result<(), Error> {
    let mut file = OpenOptions::new().append(true).open(path).map_err(Error::io("open", path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io("write", path))
}

/// Runs one of PostgreSQL's programs to its end, with `input` on its standard input.
fn run(mut command: Command, program: &'static str, dir: &Path, input: &str) -> Result<(), Error> {
    // When we are killed nothing may go on writing where the next start begins anew.
    process::die_with_parent(&mut command, Signal::SIGKILL);
    let failed = |output: String| Error::Bootstrap { dir: dir.to_owned(), program, output };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    // A program that ends early closes the pipe; its exit code and output tell the story.
    // The input is far smaller than a pipe's buffer, so this cannot block against the output.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(failed(process::last_lines(&String::from_utf8_lossy(&text), 8)))
}
