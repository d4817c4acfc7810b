//! Every recurring job in one table.

use chrono::{Days, NaiveDate, NaiveTime, TimeZone};

use super::dispatch::Kind;
use crate::app::{App, Result};
use crate::db::{self, TenantScope, platform};

/// Work that recurs once a day in each tenant's time zone.
#[derive(Debug)]
pub struct Daily {
    /// What.
    pub kind: Kind,
    /// Minutes after the tenant's midnight.
    pub at_minute: u32,
}

/// What recurs.
pub const RECURRING: [Daily; 6] = [
    Daily { kind: Kind::SettleOverrides, at_minute: 1 },
    Daily { kind: Kind::ScoreAll, at_minute: 5 },
    Daily { kind: Kind::Fold, at_minute: 30 },
    // The fold of metrics finds what came late.
    Daily { kind: Kind::Correct, at_minute: 45 },
    Daily { kind: Kind::FoldScores, at_minute: 60 },
    Daily { kind: Kind::Forget, at_minute: 180 },
];

/// Enqueues today's slots of every tenant, each once however many processes do this. A slot that was missed while
/// nothing ran is made up for as soon as something does.
///
/// # Errors
/// When the database is away.
pub async fn enqueue_due(app: &App) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.platform().await?;
    let tenants = platform::all_tenants(&mut tx).await?;
    tx.commit().await?;
    for scope in &tenants {
        let today = scope.day_of(now);
        let mut tx = app.db.write(scope).await?;
        for slot in &RECURRING {
            let Some(run_at) = moment(scope, today, slot.at_minute) else { continue };
            if run_at <= now {
                let dedupe = format!("{}:{today}", slot.kind.word());
                let payload = serde_json::json!({});
                db::jobs::enqueue(&mut tx, slot.kind.word(), &payload, Some(&dedupe), run_at).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

/// A minute of a day in the tenant's time zone; when clocks jump over it, the first moment after.
fn moment(scope: &TenantScope, day: NaiveDate, minute: u32) -> Option<chrono::DateTime<chrono::Utc>> {
    in_zone(scope.time_zone(), day, minute)
}

fn in_zone(zone: chrono_tz::Tz, day: NaiveDate, minute: u32) -> Option<chrono::DateTime<chrono::Utc>> {
    (minute..24 * 60)
        .find_map(|minute| {
            let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
            zone.from_local_datetime(&day.and_time(time)).earliest()
        })
        .or_else(|| {
            zone.from_local_datetime(&day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN)).earliest()
        })
        .map(|moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_with_a_clock_change_have_each_slot_once() {
        let utc =
            |day: &str, minute| in_zone(chrono_tz::Europe::Berlin, day.parse().unwrap(), minute).unwrap();
        assert_eq!(utc("2027-01-15", 5).to_string(), "2027-01-14 23:05:00 UTC");
        // 02:30 does not exist on this day: the first minute that does is 03:00.
        assert_eq!(utc("2027-03-28", 150).to_string(), "2027-03-28 01:00:00 UTC");
        // 02:30 happens twice on this day: the first of them.
        assert_eq!(utc("2027-10-31", 150).to_string(), "2027-10-31 00:30:00 UTC");
    }
}
