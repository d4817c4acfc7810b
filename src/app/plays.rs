//! What people do with plays: start, pause, stop, take up again, plan anew.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::acting::{Cause, Starting, Subject, playbook_in, shift, started};
use super::alerts::{check_member, check_note};
use super::{Actor, App, Error, Result};
use crate::db::plays::{Filter, Play};
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::pack::schema;
use crate::domain::timeline::Kind;

/// Whom a play is started for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An account, by its external id.
    Account(String),
    /// A member.
    Member(Uuid),
    /// The tenant itself.
    Tenant,
}

impl App {
    /// Starts a playbook by hand; its days count from `anchor`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account or playbook that is not there; [`Error::Invalid`] when the playbook is for
    /// something else; [`Error::Conflict`] when it runs for the same already.
    pub async fn start_play(
        &self,
        scope: &TenantScope,
        playbook: &str,
        target: &Target,
        anchor: NaiveDate,
        actor: &Actor,
    ) -> Result<Play> {
        self.start_play_for(scope, playbook, target, anchor, None, actor).await
    }

    /// As [`App::start_play`], because of an alert.
    pub(super) async fn start_play_for(
        &self,
        scope: &TenantScope,
        playbook: &str,
        target: &Target,
        anchor: NaiveDate,
        alert: Option<Uuid>,
        actor: &Actor,
    ) -> Result<Play> {
        let in_force = self.methodology(scope).await?.ok_or(Error::NotFound)?;
        let at = playbook_in(&in_force, playbook).ok_or(Error::NotFound)?;
        let now = self.clock.now();
        let today = scope.day_of(now);
        check_anchor(anchor, today)?;
        let mut tx = self.db.write(scope).await?;
        let subject = subject_of(&mut tx, target, in_force.file.playbooks[at].subject).await?;
        let account = if let Subject::Account(id) = subject { Some(id) } else { None };
        if let Some(account) = account {
            // Whoever acts on the account by itself waits, so that two do not start the same.
            db::book::lock(&mut tx, &[account]).await?;
        }
        let filter = Filter { account, playbook: Some(playbook.to_owned()), ..Filter::default() };
        let (running, _) = db::plays::list(&mut tx, &filter, today, 0, 1).await?;
        if let (Some(running), Some(_)) = (running.first(), account) {
            return Err(Error::Conflict(format!(
                "“{}” runs for this account since {}.",
                running.name,
                running.started_on.format("%-d %b %Y")
            )));
        }
        let id = Uuid::now_v7();
        let once = format!("{}/hand:{id}", account.unwrap_or(id));
        let starting = Starting { playbook: at, anchor, cause: Cause::Hand, alert, subject, once };
        let entries = started(&mut tx, &in_force, &[starting], &actor.0, now, today).await?;
        let id = entries.first().and_then(|entry| entry.about).ok_or(Error::NotFound)?;
        db::timeline::append(&mut tx, &entries, now).await?;
        let play = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
        self.audit_play(&mut tx, "play.start", &play, actor, json!({ "anchor": anchor })).await?;
        tx.commit().await?;
        Ok(play)
    }

    /// Pauses a running play: its tasks are not asked for, and its time does not run out.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it does not run.
    pub async fn pause_play(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<Play> {
        let today = self.clock.today(scope.time_zone());
        let mut tx = self.db.write(scope).await?;
        let play = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
        if !db::plays::pause(&mut tx, id, today).await? {
            return Err(Error::Conflict(format!("“{}” does not run.", play.name)));
        }
        self.changed(&mut tx, &play, actor, "Paused", "play.pause").await?;
        tx.commit().await?;
        Ok(play)
    }

    /// Takes a play up again that was paused or stopped. After a pause, what is open moves by as many days as it
    /// lasted.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was neither.
    pub async fn resume_play(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<Play> {
        let today = self.clock.today(scope.time_zone());
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let play = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
        if !db::plays::resume(&mut tx, id).await? {
            return Err(Error::Conflict(format!("“{}” is neither paused nor stopped.", play.name)));
        }
        let paused = play.paused_on.map(|since| today - since).filter(|days| days.num_days() > 0);
        if let (Some(days), Some(in_force)) = (paused, &in_force)
            && let Some(at) = playbook_in(in_force, &play.playbook)
            && play.cause != "renewal"
        {
            shift(&mut tx, in_force, id, at, play.anchor_on + days, None, today).await?;
        }
        self.changed(&mut tx, &play, actor, "Taken up again", "play.resume").await?;
        tx.commit().await?;
        Ok(play)
    }

    /// Stops a play with a reason; what is open of it is cancelled.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a reason that is empty or too long; [`Error::Conflict`] when it is over.
    pub async fn stop_play(
        &self,
        scope: &TenantScope,
        id: Uuid,
        reason: &str,
        actor: &Actor,
    ) -> Result<Play> {
        check_note("reason", reason, true)?;
        let now = self.clock.now();
        let today = scope.day_of(now);
        let mut tx = self.db.write(scope).await?;
        let play = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
        let ended = db::plays::end(&mut tx, &[id], "stopped", reason, &actor.0, now, today).await?;
        if ended.is_empty() {
            return Err(Error::Conflict(format!("“{}” is over already.", play.name)));
        }
        self.changed(&mut tx, &play, actor, &format!("Stopped: {reason}"), "play.stop").await?;
        tx.commit().await?;
        Ok(play)
    }

    /// Plans what is open of a play anew from another anchor.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is over, or its playbook is no longer in the methodology.
    pub async fn replan_play(
        &self,
        scope: &TenantScope,
        id: Uuid,
        anchor: NaiveDate,
        actor: &Actor,
    ) -> Result<Play> {
        let today = self.clock.today(scope.time_zone());
        check_anchor(anchor, today)?;
        let in_force = self.methodology(scope).await?.ok_or(Error::NotFound)?;
        let mut tx = self.db.write(scope).await?;
        let play = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
        let Some(at) = playbook_in(&in_force, &play.playbook) else {
            return Err(Error::Conflict(format!(
                "“{}” is no longer a playbook of the methodology; move its tasks one by one.",
                play.name
            )));
        };
        if !shift(&mut tx, &in_force, id, at, anchor, None, today).await? {
            return Err(Error::Conflict(format!("“{}” is over already.", play.name)));
        }
        self.changed(
            &mut tx,
            &play,
            actor,
            &format!("Planned anew from {}", anchor.format("%-d %b %Y")),
            "play.replan",
        )
        .await?;
        tx.commit().await?;
        Ok(play)
    }

    pub(in crate::app) async fn changed(
        &self,
        tx: &mut TenantTx,
        play: &Play,
        actor: &Actor,
        words: &str,
        action: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let entry = Entry::new(Kind::PlayChanged, play.account_id, now, &*play.name);
        let entry = Entry {
            about: Some(play.id),
            actor: actor.0.clone(),
            member: play.member_id,
            body: words.to_owned(),
            ..entry
        };
        db::timeline::append(tx, &[entry], now).await?;
        self.audit_play(tx, action, play, actor, json!(words)).await
    }

    async fn audit_play(
        &self,
        tx: &mut TenantTx,
        action: &str,
        play: &Play,
        actor: &Actor,
        more: serde_json::Value,
    ) -> Result<()> {
        let detail = json!({ "playbook": play.playbook, "id": play.id, "more": more });
        let subject = play.external_id.clone().unwrap_or_default();
        Ok(db::audit::record(tx, self.clock.now(), &actor.0, action, &subject, detail).await?)
    }
}

async fn subject_of(tx: &mut TenantTx, target: &Target, wanted: schema::Subject) -> Result<Subject> {
    match (target, wanted) {
        (Target::Account(id), schema::Subject::Account) => {
            Ok(Subject::Account(db::accounts::find(tx, id).await?.ok_or(Error::NotFound)?.id))
        }
        (Target::Member(id), schema::Subject::Member) => {
            check_member(tx, Some(*id)).await?;
            Ok(Subject::Member(*id))
        }
        (Target::Tenant, schema::Subject::Tenant) => Ok(Subject::Tenant),
        (_, schema::Subject::Account) => Err(Error::invalid("playbook", "is for an account")),
        (_, schema::Subject::Member) => Err(Error::invalid("playbook", "is for a member of the team")),
        (_, schema::Subject::Tenant) => Err(Error::invalid("playbook", "is for the company as a whole")),
    }
}

/// The most days that a play's days may count from, back or ahead.
pub const ANCHOR_DAYS: i64 = 3_660;

/// Whether a play may count its days from a day.
///
/// # Errors
/// [`Error::Invalid`] for a day more than ten years away.
pub fn check_anchor(anchor: NaiveDate, today: NaiveDate) -> Result<()> {
    let near = (anchor - today).num_days().abs() <= ANCHOR_DAYS;
    if near { Ok(()) } else { Err(Error::invalid("anchor", "is a day within ten years of today")) }
}
