//! What can go wrong with the managed server, in sentences an operator can act upon.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the managed PostgreSQL: what happened, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable server binaries on this machine.
    #[error(
        "no PostgreSQL {minimum} or newer found (looked in {searched}); install it \
         (Debian, Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql@17`), \
         name its bin directory in HOLDFAST_PG_BIN, or point DATABASE_URL at a server you run"
    )]
    NoBinaries {
        /// The oldest major version Holdfast works with.
        minimum: u32,
        /// Every place that was searched, separated by commas.
        searched: String,
    },
    /// The cluster was made by a major version for which no binaries are installed.
    #[error(
        "the data directory {} was made by PostgreSQL {cluster}, but this machine has {installed}; \
         install PostgreSQL {cluster}, name its bin directory in HOLDFAST_PG_BIN, or upgrade the directory with pg_upgrade",
        dir.display()
    )]
    OtherMajor {
        /// The cluster's directory.
        dir: PathBuf,
        /// The major version in its `PG_VERSION`.
        cluster: u32,
        /// What was found instead, as text.
        installed: String,
    },
    /// The cluster is older than Holdfast supports.
    #[error(
        "the data directory {} was made by PostgreSQL {cluster}; Holdfast needs {minimum} or newer: \
         upgrade it with pg_upgrade, or choose another HOLDFAST_DATA_DIR",
        dir.display()
    )]
    TooOld {
        /// The cluster's directory.
        dir: PathBuf,
        /// The major version in its `PG_VERSION`.
        cluster: u32,
        /// The oldest major version Holdfast works with.
        minimum: u32,
    },
    /// Something that is not a cluster sits where the cluster belongs.
    #[error(
        "{} exists but is not a PostgreSQL data directory (it has no readable PG_VERSION); \
         move it away, or choose another HOLDFAST_DATA_DIR",
        dir.display()
    )]
    NotACluster {
        /// The directory in the way.
        dir: PathBuf,
    },
    /// The cluster belongs to somebody else.
    #[error(
        "{} belongs to user {owner}; run Holdfast as {owner} or as root, or choose another HOLDFAST_DATA_DIR",
        dir.display()
    )]
    WrongOwner {
        /// The directory.
        dir: PathBuf,
        /// Name (or number) of the user it belongs to.
        owner: String,
    },
    /// The unprivileged user that runs the server cannot reach a directory it needs.
    #[error(
        "PostgreSQL runs as user {user}, who may not enter {}, a parent of {}; \
         choose a HOLDFAST_DATA_DIR that {user} can reach, such as /var/lib/holdfast",
        blocked.display(), wanted.display()
    )]
    Unreachable {
        /// The user the server would run as.
        user: String,
        /// The first directory on the way that is closed to that user.
        blocked: PathBuf,
        /// The directory that is needed.
        wanted: PathBuf,
    },
    /// Started as root on a machine without any unprivileged user to run the server as.
    #[error(
        "PostgreSQL refuses to run as root and this machine has neither a `postgres` nor a `nobody` user; \
         create one, or start Holdfast as an ordinary user"
    )]
    NoUser,
    /// A path that cannot be handed to PostgreSQL.
    #[error("the path {} is not valid UTF-8; choose another HOLDFAST_DATA_DIR", path.display())]
    NotUtf8 {
        /// The path.
        path: PathBuf,
    },
    /// One of PostgreSQL's own programs failed while the cluster was made.
    #[error("making the database in {} failed: {program} said: {output}", dir.display())]
    Bootstrap {
        /// The cluster's directory.
        dir: PathBuf,
        /// Which program.
        program: &'static str,
        /// The end of what it printed.
        output: String,
    },
    /// The server ended while it was starting.
    #[error("PostgreSQL did not start ({reason}); the end of {} says: {tail}", log.display())]
    Start {
        /// How it ended.
        reason: String,
        /// The server's log.
        log: PathBuf,
        /// The last lines of that log.
        tail: String,
    },
    /// The server would not end, not even when killed.
    #[error("PostgreSQL (process {pid}) did not stop, not even when killed")]
    Stop {
        /// The postmaster's process id.
        pid: i32,
    },
    /// The command given to `with-pg` could not be run.
    #[error("cannot run {program}: {source}")]
    Command {
        /// The command's first word.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// `with-pg` without a command.
    #[error("nothing to run: write `holdfast with-pg -- COMMAND [ARGUMENT]...`")]
    NoCommand,
    /// An operation on a file or process failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// Wraps an [`io::Error`] with what was tried and where; made for `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}
