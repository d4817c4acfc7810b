//! A server for one test run: in the temporary directory, fast instead of safe, gone afterwards.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Uid;

use super::Managed;
use super::cluster::Purpose;
use super::error::Error;
use super::user::RunAs;

const PREFIX: &str = "holdfast-throwaway";
/// A directory younger than this may not have its lock yet.
const BIRTH: Duration = Duration::from_secs(60);

impl Managed {
    /// Starts a server with an empty database in a fresh temporary directory. It does not write
    /// through to disk, its role `holdfast` may create databases, and dropping it removes everything.
    ///
    /// # Errors
    /// As [`Managed::start`].
    pub fn throwaway(bin_dir: Option<&Path>) -> Result<Self, Error> {
        remove_leftovers();
        // The cluster's owner is decided by who we are, as no directory exists yet.
        let nowhere = Path::new("/nonexistent");
        let run_as = RunAs::choose(nowhere, nowhere)?;
        let dir = fresh_temp_dir(PREFIX, &run_as)?;
        let started = Self::start_in(dir.clone(), bin_dir, Some(Signal::SIGQUIT), Purpose::Throwaway);
        if started.is_err() {
            let _ = fs::remove_dir_all(&dir);
        }
        started
    }

    /// Removes a throw-away server's directory; does nothing to one that keeps data.
    pub(super) fn remove_throwaway(&self) {
        if self.purpose == Purpose::Throwaway
            && let Err(error) = fs::remove_dir_all(&self.data_dir)
        {
            tracing::warn!(%error, dir = %self.data_dir.display(), "could not remove a temporary directory");
        }
    }
}

/// Makes a new private directory with an unforeseeable name in the temporary directory, owned by
/// `run_as`. Root's `TMPDIR` may be closed to that user; then `/tmp` is taken.
pub(super) fn fresh_temp_dir(prefix: &str, run_as: &RunAs) -> Result<PathBuf, Error> {
    let mut base = temp_dir();
    if run_as.check_reach(&base).is_err() {
        base = PathBuf::from("/tmp");
    }
    let dir = base.join(format!("{prefix}-{:08x}", rand::random::<u32>()));
    // Fails, rather than follows, if somebody has put anything there.
    fs::DirBuilder::new().mode(0o700).create(&dir).map_err(Error::io("create the directory", &dir))?;
    run_as.give(&dir)?;
    Ok(dir)
}

/// A socket's address is short, so a long `TMPDIR` (macOS has one) gives way to `/tmp`.
fn temp_dir() -> PathBuf {
    let dir = std::env::temp_dir();
    match fs::canonicalize(&dir) {
        Ok(real) if real.as_os_str().len() <= 50 => real,
        _ => PathBuf::from("/tmp"),
    }
}

/// Removes the directories of throw-away servers whose process was killed before it could: those
/// that nobody holds the users' lock of. Only our own; the temporary directory is everybody's.
fn remove_leftovers() {
    let Ok(entries) = fs::read_dir(temp_dir()) else { return };
    for entry in entries.flatten() {
        let ours = entry.metadata().is_ok_and(|meta| {
            let old = meta.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age > BIRTH));
            old && meta.is_dir() && (Uid::effective().is_root() || meta.uid() == Uid::effective().as_raw())
        });
        if !ours || !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let dir = entry.path();
        if let Ok(lock) = File::open(dir.join("postgres.users"))
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(&dir);
        }
    }
}
