//! The managed PostgreSQL for a machine with no `DATABASE_URL`.
//!
//! Holdfast finds the system's server programs, makes a cluster in its data directory, runs the
//! server as a child that listens on a private Unix socket only, and stops it at the end.
//!
//! ```text
//! <data_dir>/postgres         the cluster
//! <data_dir>/postgres.log     the server's log
//! <data_dir>/run              the socket; in the temporary directory if this path is too long for one
//! <data_dir>/postgres.lock    held while somebody starts or stops the server
//! <data_dir>/postgres.users   held by every process that uses the server
//! <data_dir>/postgres.bound   held by the process whose death stops the server
//! ```
//!
//! Several Holdfast processes may use one data directory: the first starts the server, the others
//! join it, the last to leave stops it. When a [`Lifetime::Service`] that started the server dies by
//! kill -9, the kernel tells the server to stop; a server that outlives its starter all the same is
//! adopted by the next process, and one that was itself killed recovers on the next start.
//!
//! Files: `locate` finds the programs, `user` decides who runs them, `cluster` makes the cluster,
//! `server` starts and stops it, `lock` keeps processes from doing so at once, `throwaway` and
//! `with_pg` are for tests.

mod cluster;
mod error;
mod locate;
mod lock;
mod process;
mod server;
mod throwaway;
mod user;
mod with_pg;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use nix::unistd::Uid;

pub use error::Error;
pub use user::default_data_dir;
pub use with_pg::with_pg;

use cluster::Purpose;
use lock::{BoundLock, ChangeLock, UserLock};
use server::{Launch, Server};
use user::RunAs;

/// What a process needs the server for, which decides how a server it starts ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// `serve`, `demo`: a server started for it stops with it, even by kill -9 (on Linux).
    Service,
    /// `score`, `import` and the like: a server started for it stops with it unless others have
    /// joined in the meantime; then the last of them stops it.
    Command,
}

/// How to start, or join, the managed server.
#[derive(Debug, Clone)]
pub struct Options {
    /// `HOLDFAST_DATA_DIR`; made if it does not exist.
    pub data_dir: PathBuf,
    /// `HOLDFAST_PG_BIN`: the directory of `initdb` and `postgres`; searched for if `None`.
    pub bin_dir: Option<PathBuf>,
    /// What the server is needed for.
    pub lifetime: Lifetime,
}

/// The use of a managed server. Dropping it stops the server, if no other process needs it.
///
/// # Threads
/// Start it on a thread that lives as long as the process, in practice on the main thread before the
/// async runtime starts: the server is told to stop when the thread that started it ends.
#[derive(Debug)]
pub struct Managed {
    server: Server,
    data_dir: PathBuf,
    cluster: PathBuf,
    run_as: RunAs,
    users: UserLock,
    /// Held if the server gets a signal when this process ends, whether others use it or not.
    bound: Option<BoundLock>,
    purpose: Purpose,
    stopped: bool,
    database_url: String,
    admin_url: String,
}

impl Managed {
    /// Joins the server that runs on the data directory, or makes the cluster if there is none and
    /// starts one. Blocks until the server takes connections: about 1 s the first time, 0.2 s later,
    /// longer when it recovers from a crash.
    ///
    /// # Errors
    /// Each variant of [`Error`] says what to do; nothing half-made is left behind.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let data_dir = prepare_data_dir(&options.data_dir)?;
        let parent_death = match options.lifetime {
            // Only Linux can; elsewhere the server lives on, and the next start adopts it.
            Lifetime::Service if cfg!(target_os = "linux") => Some(Signal::SIGINT),
            Lifetime::Service | Lifetime::Command => None,
        };
        Self::start_in(data_dir, options.bin_dir.as_deref(), parent_death, Purpose::Keep)
    }

    fn start_in(
        data_dir: PathBuf,
        bin_dir: Option<&Path>,
        parent_death: Option<Signal>,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let cluster = data_dir.join("postgres");
        let run_as = RunAs::choose(&data_dir, &cluster)?;
        let changing = ChangeLock::acquire(&data_dir, &run_as)?;
        let users = UserLock::join(&data_dir, &run_as)?;
        let log = data_dir.join("postgres.log");
        let (server, bound) = match find(&data_dir, &cluster, &log)? {
            Some(server) => {
                tracing::info!(
                    pid = server.pid,
                    adopted = users.first,
                    "using the PostgreSQL that already runs"
                );
                (server, None)
            }
            None => {
                let version = cluster::version(&cluster)?;
                let binaries = locate::locate(bin_dir, &cluster, version)?;
                run_as.check_reach(&data_dir)?;
                if version.is_none() {
                    cluster::create(&cluster, &binaries, &run_as, purpose)?;
                }
                let socket_dir = socket_dir(&data_dir, &run_as)?;
                let server = Server::launch(&Launch {
                    binaries: &binaries,
                    run_as: &run_as,
                    cluster: &cluster,
                    socket_dir: &socket_dir,
                    log: &log,
                    parent_death,
                })?;
                tracing::info!(pid = server.pid, version = binaries.major, dir = %cluster.display(), "PostgreSQL is up");
                let bound =
                    parent_death.map(|_| BoundLock::hold(&data_dir, &run_as, server.pid)).transpose()?;
                (server, bound)
            }
        };
        drop(changing);
        let database_url = url(cluster::APPLICATION, &server.socket_dir)?;
        let admin_url = url(cluster::SUPERUSER, &server.socket_dir)?;
        Ok(Self {
            server,
            data_dir,
            cluster,
            run_as,
            users,
            bound,
            purpose,
            stopped: false,
            database_url,
            admin_url,
        })
    }

    /// The database `holdfast` as its owner, the role `holdfast`, which may not bypass row security.
    /// Understood by sqlx and by libpq.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The same database as the superuser; for tests and repairs only.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// Whether this process was alone with the server when it began: it started the server, or
    /// adopted one that a killed process had left. A guest of another process is not the owner.
    pub fn owns_server(&self) -> bool {
        self.users.first
    }

    /// Leaves the server, and stops it in order if nobody else uses it.
    ///
    /// # Errors
    /// When the locks cannot be taken, or the server does not end.
    pub fn stop(mut self) -> Result<(), Error> {
        self.leave()
    }

    fn leave(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.stopped, true) {
            return Ok(());
        }
        let _changing = ChangeLock::acquire(&self.data_dir, &self.run_as)?;
        if self.bound.is_none() && !self.users.is_last() {
            return Ok(());
        }
        let escalation = match self.purpose {
            Purpose::Keep => server::STOP_KEEPING,
            Purpose::Throwaway => server::STOP_DISCARDING,
        };
        let stopped = self.server.stop(&self.cluster, escalation);
        self.remove_throwaway();
        stopped?;
        if self.server.socket_dir.parent() != Some(&self.data_dir) {
            // In the temporary directory: ours, and empty now. If it is not, it does no harm.
            let _ = fs::remove_dir(&self.server.socket_dir);
        }
        tracing::info!(pid = self.server.pid, "PostgreSQL has stopped");
        Ok(())
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::error!(%error, "leaving PostgreSQL failed");
        }
    }
}

/// The server that runs on the cluster and will go on running. One that was told to stop because
/// its starter died is waited for first.
fn find(data_dir: &Path, cluster: &Path, log: &Path) -> Result<Option<Server>, Error> {
    let Some(mut server) = Server::find(cluster, log)? else { return Ok(None) };
    if !BoundLock::is_doomed(data_dir, server.pid) {
        return Ok(Some(server));
    }
    tracing::info!(pid = server.pid, "the PostgreSQL of a killed Holdfast is stopping; waiting");
    server.stop(cluster, server::STOP_KEEPING)?;
    Ok(None)
}

/// Makes the data directory, closed to others but for root's, whose subdirectories the server's
/// user must be able to reach. Returns its absolute path without links: the one the server sees.
fn prepare_data_dir(dir: &Path) -> Result<PathBuf, Error> {
    if !dir.exists() {
        let mode = if Uid::effective().is_root() { 0o711 } else { 0o700 };
        if let Some(parent) = dir.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(Error::io("create the directory", parent))?;
        }
        match fs::DirBuilder::new().mode(mode).create(dir) {
            // Two first starts at once.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => other.map_err(Error::io("create the directory", dir))?,
        }
    }
    fs::canonicalize(dir).map_err(Error::io("find the directory", dir))
}

/// The private directory for the socket: in the data directory, unless that path is too long for a
/// socket address, which holds 103 bytes on the strictest system.
fn socket_dir(data_dir: &Path, run_as: &RunAs) -> Result<PathBuf, Error> {
    let near = data_dir.join("run");
    let length = near.as_os_str().len() + format!("/.s.PGSQL.{}", server::PORT).len();
    if length <= 103 {
        run_as.private_dir(&near)?;
        return Ok(near);
    }
    throwaway::fresh_temp_dir("holdfast-run", run_as)
}

/// A connection URL for a role on the socket in `dir`. Port and TLS are spelled out so that
/// `PGPORT` or `PGSSLMODE` in the environment cannot redirect it.
fn url(role: &str, dir: &Path) -> Result<String, Error> {
    let database = cluster::APPLICATION;
    let host = percent_encode(server::utf8(dir)?);
    Ok(format!("postgres://{role}@localhost:{}/{database}?host={host}&sslmode=disable", server::PORT))
}

fn percent_encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[test]
    fn the_url_survives_spaces_and_signs_in_the_path() {
        let dir = Path::new("/tmp/my data+100%/run");
        let url = url("holdfast", dir).unwrap();
        assert_eq!(
            url,
            "postgres://holdfast@localhost:5432/holdfast?host=/tmp/my%20data%2B100%25/run&sslmode=disable"
        );
        let parsed = sqlx::postgres::PgConnectOptions::from_str(&url).unwrap();
        assert_eq!(parsed.get_socket().map(PathBuf::as_path), Some(dir));
        assert_eq!(parsed.get_username(), "holdfast");
    }
}
