//! What tickets count for in daily metrics: exactly what product events of the same names would, once a ticket.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Desk;
use crate::db::metrics::Increment;
use crate::db::tickets::{Counted, Whole};
use crate::db::{self, TenantTx};
use crate::domain::series::Sum;
use crate::domain::ticket::{Happening, Severity, Signal, Step, hours};

type Key = (Uuid, Uuid, i32, NaiveDate);

/// Counts tickets as they are now: what they were counted for before and are not any more is taken back, so that a
/// corrected severity or day corrects the metric. Returns the accounts whose metrics changed.
pub(super) async fn count(
    tx: &mut TenantTx,
    desk: &Desk,
    tickets: &[&Whole],
    now: DateTime<Utc>,
) -> db::Result<Vec<Uuid>> {
    let ids: Vec<Uuid> = tickets.iter().map(|whole| whole.ticket.id).collect();
    let before = db::tickets::counted(tx, &ids).await?;
    let wanted = wanted(desk, tickets);
    let mut change: BTreeMap<Key, (i64, Sum)> = wanted.clone();
    for one in &before {
        // Hours and ratings are never negative.
        let sum = Sum::parse(&format!("-{}", one.sum));
        let key = (one.ticket_id, one.account_id, one.metric_id, one.day);
        let entry = change.entry(key).or_insert((0, Sum::ZERO));
        *entry = (entry.0 - one.count, entry.1.plus(sum));
    }
    change.retain(|_, (count, sum)| *count != 0 || sum.to_f64() != 0.0);
    if change.is_empty() {
        return Ok(Vec::new());
    }
    let increments: Vec<Increment> = change
        .iter()
        .map(|((_, account_id, metric_id, day), (count, sum))| Increment {
            account_id: *account_id,
            metric_id: *metric_id,
            day: *day,
            count: *count,
            sum: sum.to_string(),
        })
        .collect();
    db::metrics::add(tx, &increments, desk.scope.day_of(now)).await?;
    let counted: Vec<Counted> = wanted
        .into_iter()
        .map(|((ticket_id, account_id, metric_id, day), (count, sum))| Counted {
            ticket_id,
            account_id,
            metric_id,
            day,
            count,
            sum: sum.to_string(),
        })
        .collect();
    db::tickets::put_counts(tx, &ids, &counted).await?;
    let touched: BTreeSet<Uuid> = increments.iter().map(|increment| increment.account_id).collect();
    Ok(touched.into_iter().collect())
}

/// What some tickets are to be counted for.
fn wanted(desk: &Desk, tickets: &[&Whole]) -> BTreeMap<Key, (i64, Sum)> {
    let mut wanted: BTreeMap<Key, (i64, Sum)> = BTreeMap::new();
    for whole in tickets {
        for signal in signals(whole) {
            let day = desk.scope.day_of(signal.at);
            for (metric, _) in desk.counters.iter().filter(|(_, event)| signal.what.is_called(event)) {
                let sum = match metric.property.as_deref().map(|name| signal.what.property(name)) {
                    None => Sum::ZERO,
                    // A happening without the number that is added up tells the metric nothing.
                    Some(None) => continue,
                    Some(Some(number)) => Sum::parse(&format!("{number:.6}")),
                };
                let key = (whole.ticket.id, whole.ticket.account_id, metric.id, day);
                let entry = wanted.entry(key).or_insert((0, Sum::ZERO));
                *entry = (entry.0 + 1, entry.1.plus(sum));
            }
        }
    }
    wanted
}

/// What happened to a ticket, as it is known now.
fn signals(whole: &Whole) -> Vec<Signal> {
    let ticket = &whole.ticket;
    let severity = Severity::parse(&ticket.severity).unwrap_or(Severity::Medium);
    let mut signals = vec![Signal { what: Happening::Opened(severity), at: ticket.opened_at }];
    if let Some(at) = ticket.responded_at {
        signals.push(Signal { what: Happening::Answered(hours(ticket.opened_at, at)), at });
    }
    for stay in &whole.stays {
        let what = match Step::parse(&stay.step) {
            Some(Step::Escalated) => Happening::Escalated,
            Some(Step::Reopened) => Happening::Reopened,
            _ => continue,
        };
        signals.push(Signal { what, at: stay.at });
    }
    if let Some(at) = ticket.resolved_at {
        signals.push(Signal { what: Happening::Resolved(hours(ticket.opened_at, at), ticket.csat), at });
    }
    signals
}
