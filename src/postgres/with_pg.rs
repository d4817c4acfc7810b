//! `holdfast with-pg -- COMMAND`: runs a command beside a throw-away server. The test harness.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::thread;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::error::Error;
use super::{Managed, process};

/// Starts a throw-away server, runs `command` with `DATABASE_URL` (role `holdfast`) and
/// `HOLDFAST_TEST_ADMIN_URL` (superuser) set, stops and removes the server, and returns the
/// command's exit code: 128 plus the signal's number if a signal ended it.
///
/// SIGINT, SIGTERM and SIGHUP are handed on to the command, whose end is then waited for.
/// Call it on the main thread of a process that has no other threads yet.
///
/// # Errors
/// When the server does not start, or the command cannot be run.
pub fn with_pg(command: &[OsString], bin_dir: Option<&Path>) -> Result<ExitCode, Error> {
    let (program, arguments) = command.split_first().ok_or(Error::NoCommand)?;
    // From here on a signal must not end us, or nothing would clean up.
    let signals = process::block_ending_signals();
    let server = Managed::throwaway(bin_dir)?;

    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("DATABASE_URL", server.database_url())
        .env("HOLDFAST_TEST_ADMIN_URL", server.admin_url());
    process::with_open_signals(&mut command);
    process::die_with_parent(&mut command, Signal::SIGTERM);
    let failed = |source| Error::Command { program: program.to_string_lossy().into_owned(), source };
    let mut child = command.spawn().map_err(failed)?;
    forward(signals, Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)));
    let status = child.wait().map_err(failed)?;
    server.stop()?;
    Ok(exit_code(status))
}

/// Hands signals on to `child` from a thread of its own, for as long as this process lives.
fn forward(signals: SigSet, child: Pid) {
    thread::spawn(move || {
        while let Ok(signal) = signals.wait() {
            // Ctrl-C reaches the command from the terminal; a second one would mean "at once" to many.
            let typed = signal == Signal::SIGINT && std::io::stdin().is_terminal();
            if !typed {
                // Fails only if the command has just ended, which the main thread is about to see.
                let _ = kill(child, signal);
            }
        }
    });
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
