//! What invented people get done: tasks in the week they are due, mostly, and alerts as they are dealt with.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};
use uuid::Uuid;

use crate::app::{Actor, App};
use crate::db::{self, TenantScope};

const MANY: i64 = 10_000;
/// The part of a hundred tasks that is left behind for a week, and for some weeks.
const SLIPS: (usize, usize) = (9, 3);
/// How many of a hundred tasks without a day are done in a week.
const UNDATED: usize = 40;
/// What was noted when an alert was dealt with.
const NOTES: [&str; 4] = [
    "Called them; a review is in the calendar.",
    "Known: their season is over. Watched until the next one.",
    "Trained the two new teams, use should come back.",
    "Spoke to the sponsor, who asked for a plan.",
];

/// Does what is due on a day, and deals with alerts that are overdue.
pub(super) async fn work(app: &App, scope: &TenantScope, day: NaiveDate) -> anyhow::Result<()> {
    let mut tx = app.db.read(scope).await?;
    let members = db::members::list(&mut tx).await?;
    // Whoever leads the team keeps its own meetings.
    let lead = members.iter().find(|member| member.role == "manager").map(|member| member.id);
    let names: BTreeMap<Uuid, String> = members.into_iter().map(|member| (member.id, member.name)).collect();
    let (tasks, _) = db::tasks::list(&mut tx, &db::tasks::Filter::default(), 0, MANY).await?;
    let open = db::alerts::Filter::default();
    let alerts = db::alerts::list(&mut tx, &open, day, 0, MANY).await?;
    drop(tx);
    let mut done: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for task in &tasks {
        let is_internal = task.account_id.is_none() && task.source == "touchpoint";
        let Some(owner) = task.owner_id.or(lead.filter(|_| is_internal)) else { continue };
        let luck =
            |of: &dyn std::fmt::Debug| dice(&format!("{}{:?}{of:?}", task.title, task.external_id)) % 100;
        let is_done = match task.due_on {
            Some(due) => {
                let patience = match luck(&due) {
                    sort if sort < SLIPS.1 => Duration::days(24),
                    sort if sort < SLIPS.0 => Duration::days(10),
                    _ => Duration::zero(),
                };
                due + patience <= day
            }
            None => luck(&day) < UNDATED,
        };
        if is_done {
            done.entry(owner).or_default().push(task.id);
        }
    }
    for (owner, ids) in done {
        for ids in ids.chunks(crate::app::tasks::MAX_AT_ONCE) {
            app.finish_tasks(scope, ids, false, &actor(names.get(&owner))).await?;
        }
    }
    for alert in alerts {
        let luck = dice(&format!("{}{}{day}", alert.rule, alert.external_id));
        if alert.due_on.is_some_and(|due| due < day) && !luck.is_multiple_of(4) {
            let owner = alert.owner_id.and_then(|owner| names.get(&owner));
            app.close_alerts(scope, &[alert.id], NOTES[luck % NOTES.len()], &actor(owner)).await?;
        }
    }
    Ok(())
}

fn actor(name: Option<&String>) -> Actor {
    name.cloned().map_or_else(Actor::holdfast, Actor)
}

/// A number that is always the same for a text.
pub(super) fn dice(text: &str) -> usize {
    text.bytes().fold(11_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) >> 3
}
