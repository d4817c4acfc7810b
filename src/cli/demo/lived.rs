//! The last weeks of the demo as they were lived: each day is acted upon on its own clock, and people work off what
//! comes of it. So a fresh demo has plays that were reached and missed, tasks done and overdue, alerts of every age.

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use crate::app::roles::Holder;
use crate::app::{Actor, App};
use crate::db::members::Member;
use crate::db::{self, TenantScope};

/// How many days are lived.
pub(super) const LIVED_DAYS: u64 = 60;
/// Tasks and alerts looked at on a day.
const MOST: i64 = 1_000;

/// Who plays the roles that are no CSM's; one stays empty, so that there is something unassigned to see.
pub(super) async fn cast(app: &App, scope: &TenantScope) -> anyhow::Result<()> {
    let mut tx = app.db.read(scope).await?;
    let members = db::members::list(&mut tx).await?;
    let roles = db::roles::list(&mut tx).await?;
    drop(tx);
    let Some(manager) = members.iter().find(|member| member.role == "manager") else { return Ok(()) };
    for role in
        roles.iter().filter(|role| role.follows == "nobody" && role.role != "implementation_specialist")
    {
        app.cast_role(scope, &role.role, Holder::Member(manager.id), &Actor(manager.name.clone())).await?;
    }
    Ok(())
}

/// What people do on a day: the manager lets held rules pass, everybody finishes some of what is due and closes some
/// of the alerts they have looked at. The lots are the same in every demo.
pub(super) async fn work(app: &App, scope: &TenantScope, day: NaiveDate, last: bool) -> anyhow::Result<()> {
    let mut tx = app.db.read(scope).await?;
    let members = db::members::list(&mut tx).await?;
    let storms = db::storms::list(&mut tx, false).await?;
    let due = db::tasks::Filter { to: day.checked_add_days(Days::new(1)), ..Default::default() };
    let (tasks, _) = db::tasks::list(&mut tx, &due, 0, MOST).await?;
    let (alerts, _) = db::alerts::list(&mut tx, &db::alerts::Filter::default(), day, 0, MOST).await?;
    drop(tx);
    let name = |id: Option<Uuid>| {
        members.iter().find(|member| Some(member.id) == id).map(|m: &Member| m.name.clone())
    };
    let manager = members.iter().find(|member| member.role == "manager");
    for storm in storms.iter().filter(|_| !last) {
        if let Some(manager) = manager {
            app.decide_storm(scope, storm.id, true, &Actor(manager.name.clone())).await?;
        }
    }
    for task in &tasks {
        let Some(who) = name(task.owner_id) else { continue };
        let key = format!("{} {} {day}", task.external_id.as_deref().unwrap_or_default(), task.title);
        match lot(&key) {
            0..30 => {
                app.finish_tasks(scope, &[task.id], false, &Actor(who)).await?;
            }
            30..32 => {
                app.finish_tasks(scope, &[task.id], true, &Actor(who)).await?;
            }
            _ => {}
        }
    }
    for alert in &alerts {
        let Some(who) = name(alert.owner_id) else { continue };
        if lot(&format!("{} {} {day}", alert.external_id, alert.rule)) < 9 {
            app.close_alerts(scope, &[alert.id], "Talked it through with them.", &Actor(who)).await?;
        }
    }
    Ok(())
}

/// A number below a hundred that is the same for the same words on every machine (FNV-1a).
fn lot(words: &str) -> u64 {
    let hash = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32) % 100
}
