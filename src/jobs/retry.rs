//! What becomes of a job that failed.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::app::Error;

/// The wait after the first failure, in seconds; each one after is twice as long.
const FIRST: i64 = 5;
/// The longest wait, in seconds.
const LONGEST: i64 = 6 * 3_600;

/// Whether a try may end better when nothing but time has passed. What is not there, not allowed or not right stays so.
pub(super) fn may_help(error: &Error) -> bool {
    match error {
        Error::Unavailable(_) | Error::Internal(_) => true,
        Error::NotFound | Error::Forbidden | Error::Invalid(_) | Error::Pack(_) | Error::Conflict(_) => false,
    }
}

/// Why a try failed, for whoever looks at the job: the cause and not the kind of it.
pub(super) fn why(error: &Error) -> String {
    match error {
        Error::Internal(cause) => format!("{cause:#}"),
        Error::Unavailable(cause) => format!("{error}: {cause}"),
        other => other.to_string(),
    }
}

/// How long a job waits after its `attempts`th failure (1 for the first): exponential, at most six hours, and
/// scattered over the upper half of that time so that what failed together is not tried together. The scatter is
/// drawn from the job's random id.
pub(super) fn wait(job: Uuid, attempts: i32) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    let full = (FIRST << doublings).min(LONGEST) * 1_000;
    let random = (job.as_u128() as u64).rotate_left(doublings * 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let scatter = (full / 2).saturating_mul(random as i64) >> 32;
    TimeDelta::milliseconds(full / 2 + scatter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_bounded_and_scattered() {
        for attempts in 1..=40 {
            let full = (5_000_i64 << (attempts - 1).min(30)).min(6 * 3_600_000);
            let waits: Vec<i64> =
                (0..200).map(|_| wait(Uuid::now_v7(), attempts).num_milliseconds()).collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*least >= full / 2 && *most <= full, "try {attempts}: {least} to {most} of {full}");
            assert!(most - least > full / 3, "try {attempts} is scattered: {least} to {most}");
        }
        assert_eq!(wait(Uuid::nil(), i32::MAX), wait(Uuid::nil(), i32::MAX));
    }
}
