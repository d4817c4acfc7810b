//! Touchpoints as tasks: those of accounts, and those of the company itself, which concern no account.

use chrono::NaiveDate;
use uuid::Uuid;

use super::ACTOR;
use crate::app::{App, Result};
use crate::db::tasks::NewTask;
use crate::db::{self, TenantScope};
use crate::domain::effects::{self, Effect};
use crate::domain::pack::Text;
use crate::domain::pack::schema::{File, TouchpointKind};

/// The kind of job that plans the company's own.
pub(crate) const PLAN_CADENCES: &str = "plan_cadences";

impl App {
    /// Plans the next of each internal touchpoint of the methodology in force, skips what its successor has overtaken
    /// and cancels what is no longer asked for. Once a day; doing it again changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plan_cadences(&self, scope: &TenantScope) -> Result<()> {
        let Some(in_force) = self.methodology(scope).await? else { return Ok(()) };
        let at = self.clock.now();
        let today = scope.day_of(at);
        let mut tx = self.db.write(scope).await?;
        let Some(first) = db::methodologies::first_published_at(&mut tx).await? else { return Ok(()) };
        let planned = db::book::company_touches(&mut tx, today).await?;
        let (mut tasks, mut cancelled, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for effect in effects::cadences(&in_force.file, scope.day_of(first), &planned, today) {
            match effect {
                Effect::Touch { touchpoint, due } => {
                    tasks.extend(task(&in_force.file, None, touchpoint, due))
                }
                Effect::Untouch { task } => cancelled.push(task),
                Effect::Lapse { task } => skipped.push(task),
                _ => {}
            }
        }
        db::tasks::insert(&mut tx, &tasks, at).await?;
        for (ids, state) in [(&cancelled, "cancelled"), (&skipped, "skipped")] {
            db::tasks::end(&mut tx, ids, state, ACTOR, at, today).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// A touchpoint as a task on its day; without an account it is the company's own.
pub(super) fn task(file: &File, account: Option<Uuid>, at: usize, due: NaiveDate) -> Option<NewTask> {
    let touchpoint = file.touchpoints.get(at)?;
    let whose = account.map_or_else(|| "company".to_owned(), |account| account.to_string());
    let texts = |texts: &[Text]| texts.iter().map(ToString::to_string).collect();
    Some(NewTask {
        id: Uuid::now_v7(),
        account,
        play: None,
        position: 0,
        alert: None,
        source: "touchpoint",
        touchpoint: Some(touchpoint.id.to_string()),
        once: Some(format!("touch:{whose}:{}:{due}", touchpoint.id)),
        title: touchpoint.name.to_string(),
        kind: match touchpoint.kind {
            TouchpointKind::Meeting | TouchpointKind::Review | TouchpointKind::Internal => "meeting",
            TouchpointKind::Report | TouchpointKind::Update => "task",
        },
        phase: String::new(),
        duration: touchpoint.duration.as_ref().map_or_else(String::new, ToString::to_string),
        details: texts(&touchpoint.agenda),
        deliverables: texts(&touchpoint.deliverables),
        role: None,
        owner: None,
        from: None,
        planned: Some(due),
        due: Some(due),
        late: false,
        by_data: false,
    })
}
