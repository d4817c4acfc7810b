//! What people do with tasks: add, finish, skip, hand on, put off. Many at once, and undone as many.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::alerts::{check_member, check_note};
use super::{Actor, App, Error, Result};
use crate::db::tasks::{NewTask, Task};
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::timeline::Kind;

/// The most tasks of one action.
pub const MAX_AT_ONCE: usize = 1_000;

/// A task as a person adds it.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The account's external id; none for a task of the tenant.
    pub account: Option<String>,
    /// The play it belongs to beside its own steps.
    pub alert: Option<Uuid>,
    /// What is to be done, 1 to 500 characters.
    pub title: String,
    /// More about it.
    pub note: String,
    /// The day it is due.
    pub due: Option<NaiveDate>,
    /// Who does it; none is the account's CSM.
    pub owner: Option<Uuid>,
}

impl App {
    /// Adds a task by hand.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a title that is empty or too long, or a member who is not there; [`Error::NotFound`] for
    /// an account that is not there.
    pub async fn add_task(&self, scope: &TenantScope, wanted: &Wanted, actor: &Actor) -> Result<Task> {
        let title = wanted.title.trim();
        if title.is_empty() || title.chars().count() > 500 {
            return Err(Error::invalid("title", "is 1 to 500 characters"));
        }
        check_note("title", title, true)?;
        check_note("note", &wanted.note, false)?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        check_member(&mut tx, wanted.owner).await?;
        let account = match &wanted.account {
            Some(id) => Some(db::accounts::find(&mut tx, id).await?.ok_or(Error::NotFound)?.id),
            None => None,
        };
        let id = Uuid::now_v7();
        let task = by_hand(id, account, title, wanted);
        db::tasks::insert(&mut tx, &[task], now).await?;
        if !wanted.note.is_empty() {
            db::tasks::set_note(&mut tx, id, &wanted.note).await?;
        }
        let task = db::tasks::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        self.task_entry(&mut tx, Kind::TaskAdded, &task, actor, "").await?;
        let detail = json!({ "task": task.title, "due": task.due_on });
        let subject = task.external_id.clone().unwrap_or_default();
        db::audit::record(&mut tx, now, &actor.0, "task.add", &subject, detail).await?;
        tx.commit().await?;
        Ok(task)
    }

    /// Ends open tasks as done, or as skipped; a play whose last task that was is done. Returns those it ended.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than [`MAX_AT_ONCE`].
    pub async fn finish_tasks(
        &self,
        scope: &TenantScope,
        ids: &[Uuid],
        skipped: bool,
        actor: &Actor,
    ) -> Result<Vec<Task>> {
        check_many(ids)?;
        let now = self.clock.now();
        let today = scope.day_of(now);
        let state = if skipped { "skipped" } else { "done" };
        let mut tx = self.db.write(scope).await?;
        let ended = db::tasks::end(&mut tx, ids, state, &actor.0, now, today).await?;
        let tasks = db::tasks::by_ids(&mut tx, &ended).await?;
        for task in &tasks {
            let (kind, body) = if skipped { (Kind::TaskChanged, "Skipped") } else { (Kind::TaskDone, "") };
            self.task_entry(&mut tx, kind, task, actor, body).await?;
        }
        let plays = db::tasks::finished_plays(&mut tx, &ended).await?;
        let plays = db::plays::end(&mut tx, &plays, "done", "", &actor.0, now, today).await?;
        for play in db::plays::by_ids(&mut tx, &plays, today).await? {
            let entry = Entry::new(Kind::PlayDone, play.account_id, now, &*play.name);
            let entry =
                Entry { about: Some(play.id), actor: actor.0.clone(), member: play.member_id, ..entry };
            db::timeline::append(&mut tx, &[entry], now).await?;
        }
        self.audit_tasks(&mut tx, &format!("task.{state}"), &tasks, actor, json!(null)).await?;
        tx.commit().await?;
        Ok(tasks)
    }

    /// Opens tasks again that were done or skipped: the undo of [`App::finish_tasks`].
    ///
    /// # Errors
    /// [`Error::Conflict`] when none of them can be: their plays have ended otherwise.
    pub async fn reopen_tasks(&self, scope: &TenantScope, ids: &[Uuid], actor: &Actor) -> Result<Vec<Task>> {
        check_many(ids)?;
        let mut tx = self.db.write(scope).await?;
        let opened = db::tasks::reopen(&mut tx, ids).await?;
        if opened.is_empty() {
            return Err(Error::Conflict("Nothing to open again: the playbook has ended since.".into()));
        }
        let tasks = db::tasks::by_ids(&mut tx, &opened).await?;
        for task in &tasks {
            self.task_entry(&mut tx, Kind::TaskChanged, task, actor, "Opened again").await?;
        }
        self.audit_tasks(&mut tx, "task.reopen", &tasks, actor, json!(null)).await?;
        tx.commit().await?;
        Ok(tasks)
    }

    /// Gives open tasks to a member; with none, to whoever plays their role.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a member who is not there.
    pub async fn assign_tasks(
        &self,
        scope: &TenantScope,
        ids: &[Uuid],
        member: Option<Uuid>,
        actor: &Actor,
    ) -> Result<Vec<Task>> {
        check_many(ids)?;
        let mut tx = self.db.write(scope).await?;
        check_member(&mut tx, member).await?;
        let given = db::tasks::assign(&mut tx, ids, member).await?;
        let tasks = db::tasks::by_ids(&mut tx, &given).await?;
        for task in &tasks {
            self.task_entry(&mut tx, Kind::TaskChanged, task, actor, "Given to somebody else").await?;
        }
        self.audit_tasks(&mut tx, "task.assign", &tasks, actor, json!({ "member": member })).await?;
        tx.commit().await?;
        Ok(tasks)
    }

    /// Moves open tasks, each to a day of its own or to none. Returns those it moved, as they were before.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than [`MAX_AT_ONCE`].
    pub async fn put_off_tasks(
        &self,
        scope: &TenantScope,
        days: &[(Uuid, Option<NaiveDate>)],
        actor: &Actor,
    ) -> Result<Vec<Task>> {
        let ids: Vec<Uuid> = days.iter().map(|(id, _)| *id).collect();
        check_many(&ids)?;
        let mut tx = self.db.write(scope).await?;
        let before = db::tasks::by_ids(&mut tx, &ids).await?;
        let moved = db::tasks::put_off(&mut tx, days).await?;
        for (id, due) in days.iter().filter(|(id, _)| moved.contains(id)) {
            let Some(task) = before.iter().find(|task| task.id == *id) else { continue };
            let words = due.map_or("Without a day".to_owned(), |due| format!("Due {due}"));
            self.task_entry(&mut tx, Kind::TaskChanged, task, actor, &words).await?;
            let detail = json!({ "due": due });
            self.audit_tasks(&mut tx, "task.put_off", std::slice::from_ref(task), actor, detail).await?;
        }
        tx.commit().await?;
        Ok(before.into_iter().filter(|task| moved.contains(&task.id)).collect())
    }

    /// Keeps what somebody noted about a task; an empty text takes it away.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a text that is too long.
    pub async fn note_task(&self, scope: &TenantScope, id: Uuid, note: &str, actor: &Actor) -> Result<Task> {
        check_note("note", note, false)?;
        let mut tx = self.db.write(scope).await?;
        let before = db::tasks::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if before.note != note {
            db::tasks::set_note(&mut tx, id, note).await?;
            self.task_entry(&mut tx, Kind::TaskChanged, &before, actor, note).await?;
            self.audit_tasks(&mut tx, "task.note", std::slice::from_ref(&before), actor, json!(note)).await?;
        }
        let task = db::tasks::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(task)
    }

    async fn task_entry(
        &self,
        tx: &mut TenantTx,
        kind: Kind,
        task: &Task,
        actor: &Actor,
        body: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let entry = Entry::new(kind, task.account_id, now, &*task.title);
        let entry = Entry {
            about: Some(task.id),
            actor: actor.0.clone(),
            member: task.owner_id,
            body: body.to_owned(),
            data: json!({ "play": task.play_id, "due": task.due_on }),
            ..entry
        };
        db::timeline::append(tx, &[entry], now).await?;
        Ok(())
    }

    async fn audit_tasks(
        &self,
        tx: &mut TenantTx,
        action: &str,
        tasks: &[Task],
        actor: &Actor,
        more: serde_json::Value,
    ) -> Result<()> {
        for task in tasks {
            let detail = json!({ "task": task.title, "id": task.id, "more": more });
            let subject = task.external_id.clone().unwrap_or_default();
            db::audit::record(tx, self.clock.now(), &actor.0, action, &subject, detail).await?;
        }
        Ok(())
    }
}

fn check_many(ids: &[Uuid]) -> Result<()> {
    let fits = ids.len() <= MAX_AT_ONCE;
    if fits { Ok(()) } else { Err(Error::invalid("ids", "are 1,000 at most")) }
}

fn by_hand(id: Uuid, account: Option<Uuid>, title: &str, wanted: &Wanted) -> NewTask {
    NewTask {
        id,
        account,
        play: None,
        position: 0,
        alert: wanted.alert,
        source: "hand",
        touchpoint: None,
        once: None,
        title: title.to_owned(),
        kind: "task",
        phase: String::new(),
        duration: String::new(),
        details: Vec::new(),
        deliverables: Vec::new(),
        role: None,
        owner: wanted.owner,
        from: None,
        planned: wanted.due,
        due: wanted.due,
        late: false,
        by_data: false,
    }
}
