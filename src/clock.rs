//! Time is a parameter. Only [`SystemClock`] reads the wall clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// What time it is, for everything that needs to know.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// A clock that stands still until it is set: tests, and the demo's eighteen months.
    pub fn manual(now: DateTime<Utc>) -> Self {
        Clock(Source::Manual(Arc::new(AtomicI64::new(now.timestamp_micros()))))
    }

    /// The present moment, to the microsecond (what PostgreSQL can hold).
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.0 {
            Source::System => Utc::now().timestamp_micros(),
            Source::Manual(at) => at.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    /// The calendar day it is in a time zone.
    pub fn today(&self, zone: Tz) -> NaiveDate {
        day_in(zone, self.now())
    }

    /// Moves a manual clock; the system clock cannot be set and ignores this.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Source::Manual(at) = &self.0 {
            at.store(now.timestamp_micros(), Ordering::SeqCst);
        }
    }
}

/// The calendar day of a moment in a time zone.
pub fn day_in(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}
