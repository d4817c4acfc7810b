//! Memory of this process, as Linux tells it.

use std::fs;

/// Forgets the peak so far. Where that is not allowed, the peak is that of the whole run.
pub(super) fn forget_peak() {
    drop(fs::write("/proc/self/clear_refs", "5"));
}

/// The most memory this process held since the peak was forgotten, in MB; none where the system does not tell.
pub(super) fn peak_mb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}
