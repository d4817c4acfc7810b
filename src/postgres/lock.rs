//! Who may start and stop the server, who is using it, and whose death ends it: three lock files in
//! the data directory.
//!
//! `postgres.lock` is held only while somebody starts, joins, leaves or stops the server, so these
//! never overlap. `postgres.users` is held shared by every Holdfast process that uses the server;
//! whoever can hold it alone is the only one left. `postgres.bound` names a server that the kernel
//! stops when its starter dies, and is held by that starter. The kernel frees them all when a process
//! dies, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::user::{self, RunAs};

/// The right to change the server's state; given back on drop.
#[derive(Debug)]
pub(super) struct ChangeLock {
    _file: File,
}

impl ChangeLock {
    /// Waits until no other process is starting or stopping the server in `data_dir`.
    pub(super) fn acquire(data_dir: &Path, run_as: &RunAs) -> Result<Self, Error> {
        let path = data_dir.join("postgres.lock");
        let file = open(&path, run_as)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                tracing::info!(data_dir = %data_dir.display(), "another Holdfast is starting or stopping PostgreSQL; waiting");
                file.lock().map_err(Error::io("lock", &path))?;
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
        }
        Ok(Self { _file: file })
    }
}

/// One process's membership among the users of the server; given back on drop.
#[derive(Debug)]
pub(super) struct UserLock {
    file: File,
    /// Whether nobody else used the server when this process joined.
    pub(super) first: bool,
}

impl UserLock {
    /// Joins the users of the server. Call with the [`ChangeLock`] held.
    pub(super) fn join(data_dir: &Path, run_as: &RunAs) -> Result<Self, Error> {
        let path = data_dir.join("postgres.users");
        let file = open(&path, run_as)?;
        let first = file.try_lock().is_ok();
        // Turns our exclusive lock, if we got it, into a shared one.
        file.lock_shared().map_err(Error::io("lock", &path))?;
        Ok(Self { file, first })
    }

    /// Whether nobody else uses the server now. Call with the [`ChangeLock`] held: the membership
    /// may be lost in the attempt, and with the lock held nobody can notice.
    pub(super) fn is_last(&self) -> bool {
        self.file.try_lock().is_ok()
    }
}

/// Says for as long as it is held that the starter of a bound server lives.
#[derive(Debug)]
pub(super) struct BoundLock {
    _file: File,
}

impl BoundLock {
    /// Records that server `pid` will be stopped when this process dies. Call with the [`ChangeLock`] held.
    pub(super) fn hold(data_dir: &Path, run_as: &RunAs, pid: i32) -> Result<Self, Error> {
        let path = Self::path(data_dir);
        let mut file = open(&path, run_as)?;
        file.lock().map_err(Error::io("lock", &path))?;
        file.set_len(0)
            .and_then(|()| file.write_all(pid.to_string().as_bytes()))
            .map_err(Error::io("write", &path))?;
        Ok(Self { _file: file })
    }

    /// Whether server `pid` was bound to a process that has died: it has then been told to stop,
    /// though for a moment it may still look well.
    pub(super) fn is_doomed(data_dir: &Path, pid: i32) -> bool {
        let Ok(mut file) = File::open(Self::path(data_dir)) else { return false };
        let mut text = String::new();
        file.try_lock().is_ok() && file.read_to_string(&mut text).is_ok() && text == pid.to_string()
    }

    fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("postgres.bound")
    }
}

/// Opens a lock file without following it if it is a link, and lets the server's user open it too:
/// the same data directory may be used by root today and by that user tomorrow.
fn open(path: &Path, run_as: &RunAs) -> Result<File, Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
        .map_err(|error| match (error.kind(), path.parent()) {
            (ErrorKind::PermissionDenied, Some(dir)) => user::wrong_owner(dir),
            _ => Error::io("open", path)(error),
        })?;
    run_as.give(path)?;
    Ok(file)
}
