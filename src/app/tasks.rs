//! What people do with tasks: add, finish, skip, hand on, put off. Many at once, and undone as many.

use std::borrow::Cow;

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
        let change = Change { detail: json!({ "due": task.due_on }), ..Change::new(&task, "") };
        self.note_changes(&mut tx, Kind::TaskAdded, "task.add", &[change], actor).await?;
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
        let (kind, body) = if skipped { (Kind::TaskChanged, "Skipped") } else { (Kind::TaskDone, "") };
        let changes: Vec<_> = tasks.iter().map(|task| Change::new(task, body)).collect();
        self.note_changes(&mut tx, kind, &format!("task.{state}"), &changes, actor).await?;
        let plays = db::tasks::finished_plays(&mut tx, &ended).await?;
        let plays = db::plays::end(&mut tx, &plays, "done", "", &actor.0, now, today).await?;
        for play in db::plays::by_ids(&mut tx, &plays, today).await? {
            let entry = Entry::new(Kind::PlayDone, play.account_id, now, &*play.name);
            let entry =
                Entry { about: Some(play.id), actor: actor.0.clone(), member: play.member_id, ..entry };
            db::timeline::append(&mut tx, &[entry], now).await?;
        }
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
        let changes: Vec<_> = tasks.iter().map(|task| Change::new(task, "Opened again")).collect();
        self.note_changes(&mut tx, Kind::TaskChanged, "task.reopen", &changes, actor).await?;
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
        let given = |task| Change {
            detail: json!({ "member": member }),
            ..Change::new(task, "Given to somebody else")
        };
        let changes: Vec<_> = tasks.iter().map(given).collect();
        self.note_changes(&mut tx, Kind::TaskChanged, "task.assign", &changes, actor).await?;
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
        let change = |(id, due): &(Uuid, Option<NaiveDate>)| {
            let task = before.iter().find(|task| task.id == *id && moved.contains(id))?;
            let words = due.map_or("Without a day".to_owned(), |due| format!("Due {due}"));
            Some(Change { task, body: words.into(), detail: json!({ "due": due }) })
        };
        let changes: Vec<_> = days.iter().filter_map(change).collect();
        self.note_changes(&mut tx, Kind::TaskChanged, "task.put_off", &changes, actor).await?;
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
            let change = Change { detail: json!(note), ..Change::new(&before, note) };
            self.note_changes(&mut tx, Kind::TaskChanged, "task.note", &[change], actor).await?;
        }
        let task = db::tasks::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(task)
    }

    /// Writes what changed into the journal and the audit log.
    async fn note_changes(
        &self,
        tx: &mut TenantTx,
        kind: Kind,
        action: &str,
        changes: &[Change<'_>],
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let entry = |change: &Change<'_>| Entry {
            about: Some(change.task.id),
            actor: actor.0.clone(),
            member: change.task.owner_id,
            body: change.body.to_string(),
            data: json!({ "play": change.task.play_id, "due": change.task.due_on }),
            ..Entry::new(kind, change.task.account_id, now, &*change.task.title)
        };
        let line = |change: &Change<'_>| {
            let detail = json!({ "task": change.task.title, "id": change.task.id, "more": change.detail });
            (change.task.external_id.clone().unwrap_or_default(), detail)
        };
        db::timeline::append(tx, &changes.iter().map(entry).collect::<Vec<_>>(), now).await?;
        db::audit::record_all(tx, now, &actor.0, action, changes.iter().map(line).collect()).await?;
        Ok(())
    }
}

/// What became of a task.
struct Change<'a> {
    task: &'a Task,
    /// For the journal.
    body: Cow<'a, str>,
    /// For the audit log.
    detail: serde_json::Value,
}

impl<'a> Change<'a> {
    fn new(task: &'a Task, body: &'a str) -> Self {
        Change { task, body: body.into(), detail: json!(null) }
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
