//! A postmaster: started, found, waited for, stopped.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::Error;
use super::locate::Binaries;
use super::process;
use super::user::RunAs;

/// The port only names the socket file; nothing listens on TCP.
pub(super) const PORT: u16 = 5432;

const POLL: Duration = Duration::from_millis(10);
/// Recovery after a crash replays up to `max_wal_size` of log; a server that lives is given this long.
const START_LIMIT: Duration = Duration::from_secs(300);
/// The log is begun anew when a start finds it larger than this, in bytes.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// How to stop: which signals, and how long to wait after each.
type Escalation = &'static [(Signal, Duration)];
/// Roll back what runs and write everything out; failing that leave recovery to the next start.
pub(super) const STOP_KEEPING: Escalation = &[
    (Signal::SIGINT, Duration::from_secs(60)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];
/// Nobody will want this data.
pub(super) const STOP_DISCARDING: Escalation =
    &[(Signal::SIGQUIT, Duration::from_secs(10)), (Signal::SIGKILL, Duration::from_secs(5))];

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    pub(super) socket_dir: PathBuf,
    /// `starting`, `ready`, `stopping` or, on a standby, `standby`.
    status: String,
}

impl PidFile {
    /// Reads the file of the cluster in `cluster`; `None` without one, or with one half-written.
    pub(super) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(path_in(cluster)).ok()?)
    }

    /// Line 1 is the process id, 5 the first socket directory, 8 the status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        Some(Self {
            pid: lines.first()?.trim().parse().ok()?,
            socket_dir: PathBuf::from(lines.get(4)?),
            status: lines.get(7).map_or("starting", |it| it.trim()).to_owned(),
        })
    }
}

fn path_in(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

/// A server that is up: ours by birth, or one that somebody else started.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) pid: i32,
    pub(super) socket_dir: PathBuf,
    /// `Some` when this process is its parent and must reap it.
    child: Option<Child>,
}

/// What a start needs to know.
pub(super) struct Launch<'a> {
    pub(super) binaries: &'a Binaries,
    pub(super) run_as: &'a RunAs,
    pub(super) cluster: &'a Path,
    pub(super) socket_dir: &'a Path,
    pub(super) log: &'a Path,
    /// The signal the server gets when the starting thread ends, or `None` to let it live on.
    pub(super) parent_death: Option<Signal>,
}

impl Server {
    /// Finds the server that already runs on `cluster` and waits until it takes connections.
    /// One that is on its way down is waited for, too: then, or without one, the answer is `None`.
    pub(super) fn find(cluster: &Path, log: &Path) -> Result<Option<Self>, Error> {
        let began = Instant::now();
        while began.elapsed() < START_LIMIT {
            let Some(file) = PidFile::read(cluster) else { return Ok(None) };
            if !is_postmaster(file.pid, cluster) {
                return forget_stale(cluster, file.pid).map(|()| None);
            }
            if file.status == "ready" {
                return Ok(Some(Self { pid: file.pid, socket_dir: file.socket_dir, child: None }));
            }
            std::thread::sleep(POLL);
        }
        Err(start_error("it neither becomes ready nor ends".to_owned(), log))
    }

    /// Starts a server and waits until it takes connections.
    pub(super) fn launch(launch: &Launch<'_>) -> Result<Self, Error> {
        let log = open_log(launch.log)?;
        let stdout = log.try_clone().map_err(Error::io("open", launch.log))?;
        let socket_dir = utf8(launch.socket_dir)?;
        let mut command = process::command(&launch.binaries.program("postgres"), launch.run_as);
        command.arg("-D").arg(launch.cluster);
        for setting in [
            "listen_addresses=".to_owned(),
            // A list: a quoted item may hold commas and spaces.
            format!("unix_socket_directories=\"{}\"", socket_dir.replace('"', "\"\"")),
            "unix_socket_permissions=0700".to_owned(),
            format!("port={PORT}"),
            "logging_collector=off".to_owned(),
            "log_destination=stderr".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        // An own process group: Ctrl-C in a terminal is for Holdfast, which stops the server in order.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        if let Some(signal) = launch.parent_death {
            process::die_with_parent(&mut command, signal);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(log)
            .spawn()
            .map_err(Error::io("start", &launch.binaries.program("postgres")))?;
        let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
        let mut server = Self { pid, socket_dir: launch.socket_dir.to_owned(), child: Some(child) };
        match server.wait_until_ready(launch.cluster, launch.log) {
            Ok(()) => Ok(server),
            Err(error) => {
                // Nothing half-started stays behind; the error that matters is the first one.
                let _ = server.stop(launch.cluster, STOP_KEEPING);
                Err(error)
            }
        }
    }

    fn wait_until_ready(&mut self, cluster: &Path, log: &Path) -> Result<(), Error> {
        let began = Instant::now();
        let mut patience = Duration::from_secs(5);
        while began.elapsed() < START_LIMIT {
            if PidFile::read(cluster).is_some_and(|file| file.pid == self.pid && file.status == "ready") {
                return Ok(());
            }
            if let Some(child) = &mut self.child
                && let Some(status) =
                    child.try_wait().map_err(Error::io("wait for PostgreSQL in", cluster))?
            {
                let reason = match (status.code(), status.signal()) {
                    (Some(code), _) => format!("it ended with exit code {code}"),
                    (None, signal) => format!("it was ended by signal {}", signal.unwrap_or_default()),
                };
                return Err(start_error(reason, log));
            }
            if began.elapsed() > patience {
                tracing::info!(
                    seconds = patience.as_secs(),
                    "PostgreSQL is still starting, perhaps recovering"
                );
                patience *= 2;
            }
            std::thread::sleep(POLL);
        }
        Err(start_error(format!("it was not ready after {} seconds", START_LIMIT.as_secs()), log))
    }

    /// Stops the server, with more force as time passes, and returns once its process is gone.
    pub(super) fn stop(&mut self, cluster: &Path, escalation: Escalation) -> Result<(), Error> {
        for (signal, patience) in escalation {
            if self.is_gone(cluster) {
                return Ok(());
            }
            tracing::debug!(pid = self.pid, %signal, "stopping PostgreSQL");
            if kill(Pid::from_raw(self.pid), *signal) == Err(Errno::EPERM) {
                break;
            }
            let began = Instant::now();
            while began.elapsed() < *patience {
                if self.is_gone(cluster) {
                    return Ok(());
                }
                std::thread::sleep(POLL);
            }
            tracing::warn!(pid = self.pid, %signal, "PostgreSQL did not stop in time");
        }
        if self.is_gone(cluster) { Ok(()) } else { Err(Error::Stop { pid: self.pid }) }
    }

    /// Our own child stays a zombie, which looks alive, until it is waited for.
    fn is_gone(&mut self, cluster: &Path) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => !is_postmaster(self.pid, cluster),
        }
    }
}

/// Whether `pid` is a live server on `cluster`. A process id left in a file may by now belong to
/// anything: after a container restarts that is even likely.
fn is_postmaster(pid: i32, cluster: &Path) -> bool {
    if pid <= 1 || kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH) {
        return false;
    }
    if cfg!(not(target_os = "linux")) {
        return true;
    }
    // The server keeps the command line it was started with, and works in its cluster's directory.
    // A zombie has neither.
    let named = fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
        line.split(|&byte| byte == 0).any(|argument| argument == cluster.as_os_str().as_encoded_bytes())
    });
    named || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|dir| dir == cluster)
}

/// Removes a pid file whose number now belongs to some other program: PostgreSQL would take that
/// for a running server and refuse to start. In every other case PostgreSQL's own checks know better.
fn forget_stale(cluster: &Path, pid: i32) -> Result<(), Error> {
    let Ok(program) = fs::read_to_string(format!("/proc/{pid}/comm")) else { return Ok(()) };
    if program.trim() == "postgres" {
        return Ok(());
    }
    let path = path_in(cluster);
    tracing::warn!(pid, path = %path.display(), "removing the pid file of a server that no longer runs");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &path)(error)),
        _ => Ok(()),
    }
}

fn open_log(path: &Path) -> Result<fs::File, Error> {
    if fs::metadata(path).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
        let old = path.with_extension("log.old");
        fs::rename(path, &old).map_err(Error::io("move aside", path))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
        .map_err(Error::io("open", path))
}

fn start_error(reason: String, log: &Path) -> Error {
    let text = fs::read(log).unwrap_or_default();
    let tail = process::last_lines(&String::from_utf8_lossy(&text), 6);
    Error::Start { reason, log: log.to_owned(), tail }
}

/// The path as text, for places that take no other.
pub(super) fn utf8(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::NotUtf8 { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_pid_file_whole_and_partly_written() {
        let whole = "4711\n/data/postgres\n1790000000\n5432\n/data/run\n\n  5432001   2\nready   \n";
        let file = PidFile::parse(whole).unwrap();
        assert_eq!((file.pid, file.socket_dir.as_path()), (4711, Path::new("/data/run")));
        assert_eq!(file.status, "ready");

        let early = PidFile::parse("4711\n/data/postgres\n1790000000\n5432\n/data/run\n").unwrap();
        assert_eq!(early.status, "starting");
        assert_eq!(PidFile::parse("47"), None);
        assert_eq!(PidFile::parse(""), None);
    }

    #[test]
    fn another_process_is_not_taken_for_the_server() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(!is_postmaster(me, Path::new("/nonexistent/cluster")));
        assert!(!is_postmaster(0, Path::new("/")), "0 would be our whole process group");
    }
}
