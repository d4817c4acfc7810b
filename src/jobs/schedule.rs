//! Every recurring job in one table.

use chrono::{NaiveTime, TimeZone};

use super::dispatch::Kind;
use super::recurrence::{Every, Slot};
use crate::app::{App, Result};
use crate::db::jobs::Priority;
use crate::db::queue::{self, Recurrence};
use crate::db::{self, TenantScope};

/// Work that recurs in each tenant's time zone.
#[derive(Debug)]
pub struct Recurring {
    /// What.
    pub kind: Kind,
    /// When.
    pub every: Every,
}

/// Once a day, at a minute after the tenant's midnight.
const fn daily(kind: Kind, at: u32) -> Recurring {
    Recurring { kind, every: Every::Day { at } }
}

/// What recurs; each kind once.
pub const RECURRING: &[Recurring] = &[
    daily(Kind::SettleOverrides, 1),
    daily(Kind::PlanCadences, 3),
    daily(Kind::ScoreAll, 5),
    daily(Kind::Fold, 30),
    // The fold of metrics finds what came late.
    daily(Kind::Correct, 45),
    daily(Kind::FoldScores, 60),
    daily(Kind::Forget, 180),
];

/// Enqueues the last slot of everything that recurs, each slot once however many processes do this and whenever. What
/// was missed while nothing ran is made up for once: by the last slot, not by every one.
///
/// A tenant whose slots cannot be enqueued does not keep the others from theirs.
///
/// # Errors
/// When the database is away: the first failure, after all tenants had their turn.
pub async fn enqueue_due(app: &App) -> Result<()> {
    let mut tx = app.db.platform().await?;
    let tenants = queue::recurrences(&mut tx).await?;
    tx.commit().await?;
    let mut failed = Ok(());
    for tenant in &tenants {
        let due = due(tenant, app.clock.now());
        if !due.is_empty()
            && let Err(error) = enqueue(app, &tenant.scope, &due).await
        {
            failed = failed.and(Err(error));
        }
    }
    failed
}

/// The slots that are due and were not enqueued before. Days before the one on which the tenant was made are nobody's.
fn due(tenant: &Recurrence, now: chrono::DateTime<chrono::Utc>) -> Vec<(&'static Recurring, Slot)> {
    let zone = tenant.scope.time_zone();
    let born = tenant.scope.day_of(tenant.created_at).and_time(NaiveTime::MIN);
    let born = zone.from_local_datetime(&born).earliest().map_or(tenant.created_at, |born| born.to_utc());
    let fresh = |recurring: &'static Recurring| {
        let slot = recurring.every.latest(zone, now)?;
        let taken = tenant.slots.get(recurring.kind.word()).is_some_and(|last| *last >= slot.place);
        (!taken && slot.due >= born).then_some((recurring, slot))
    };
    RECURRING.iter().filter_map(fresh).collect()
}

async fn enqueue(app: &App, scope: &TenantScope, due: &[(&Recurring, Slot)]) -> Result<()> {
    let mut tx = app.db.write(scope).await?;
    for (recurring, slot) in due {
        let kind = recurring.kind.word();
        // Another process may have been quicker since we looked.
        if db::jobs::take_slot(&mut tx, kind, slot.place).await? {
            let dedupe = format!("{kind}:{}", slot.word(recurring.every));
            let payload = serde_json::json!({});
            let low = Priority::Background;
            db::jobs::enqueue_with(&mut tx, low, kind, &payload, Some(&dedupe), slot.due).await?;
        }
    }
    Ok(tx.commit().await?)
}
