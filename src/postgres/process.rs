//! Child processes: a clean environment, the right user, and an end that follows ours.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use super::user::RunAs;

/// Variables a program needs to be found and linked; everything else (`PGDATA`, `PGPORT`, `LC_*`, …)
/// would let the caller's shell change how the server behaves.
const KEPT: &[&str] =
    &["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "LOCPATH"];

/// One of PostgreSQL's programs, run by `run_as` with a minimal environment.
pub(super) fn command(program: &Path, run_as: &RunAs) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir("/").env("LC_ALL", "C");
    for name in KEPT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    run_as.apply(&mut command);
    with_open_signals(&mut command);
    command
}

/// Gives the child an empty signal mask, whatever we have blocked for ourselves.
#[expect(unsafe_code, reason = "std has no other hook between fork and exec")]
pub(super) fn with_open_signals(command: &mut Command) {
    let unblock = || SigSet::empty().thread_set_mask().map_err(std::io::Error::from);
    // SAFETY: sigprocmask is async-signal-safe, and the closure neither allocates nor locks.
    unsafe { command.pre_exec(unblock) };
}

/// Asks the kernel to send `signal` to the child when the *thread* that spawned it ends, so that
/// kill -9 of this process ends the child too. Spawn from a thread that lives as long as the child
/// should. Does nothing on systems other than Linux.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "std has no other hook between fork and exec"))]
pub(super) fn die_with_parent(command: &mut Command, signal: Signal) {
    #[cfg(target_os = "linux")]
    {
        let parent = nix::unistd::getpid();
        let bind = move || {
            nix::sys::prctl::set_pdeathsig(signal)?;
            // The parent may have died between fork and the line above; then no signal would come.
            if nix::unistd::getppid() != parent {
                return Err(std::io::Error::from(nix::errno::Errno::ESRCH));
            }
            Ok(())
        };
        // SAFETY: prctl and getppid are async-signal-safe, and the closure neither allocates nor locks.
        unsafe { command.pre_exec(bind) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (command, signal);
}

/// Blocks the signals that ask a process to end, for this thread and those it starts, and returns
/// them for [`SigSet::wait`].
pub(super) fn block_ending_signals() -> SigSet {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        set.add(signal);
    }
    // Cannot fail: the arguments are a valid set and a valid way to change the mask.
    let _ = nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&set), None);
    set
}

/// The last `count` lines with something on them, as one line for an error message.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn last_lines_skips_empty_ones() {
        assert_eq!(last_lines("a\n\nb\n  c \n\n", 2), "b / c");
        assert_eq!(last_lines("a", 2), "a");
        assert_eq!(last_lines("", 2), "");
    }
}
