//! What people say of an account's stage: hold it, move it, let the calendar decide again, tick what no data decides.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::alerts::check_note;
use super::scoring::Stretch;
use super::{Actor, App, Error, Result};
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::facts::Facts;
use crate::domain::lifecycle::{CriterionState, Lifecycle, StageSpan, base_stage_of};
use crate::domain::methodology::Evaluation;
use crate::domain::timeline::Kind;

/// Where an account is in its lifecycle on a day.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Segment, stage, moments.
    pub evaluation: Evaluation,
    /// The exit criteria of every stage, in the methodology's order.
    pub exits: Vec<Vec<CriterionState>>,
}

impl Journey {
    /// Positions of the base stages that come before the one the account is in.
    pub fn passed<'a>(&self, lifecycle: &'a Lifecycle) -> impl Iterator<Item = usize> + use<'a> {
        let now = self.evaluation.stage.as_deref().and_then(|id| base_stage_of(lifecycle, id));
        let from = move |at: usize| match lifecycle.stages[at].span {
            StageSpan::Days(from, _) => Some(from),
            StageSpan::Overlay(_) => None,
        };
        let here = now.and_then(from);
        (0..lifecycle.stages.len())
            .filter(move |at| from(*at).is_some_and(|from| here.is_some_and(|here| from < here)))
    }
}

/// Why a play ends that began with a hold.
const UNHELD: &str = "The stage is no longer held.";

impl App {
    /// Where an account is in its lifecycle on a day, worked out afresh; none when it is not there, or without a
    /// methodology.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn journey(
        &self,
        scope: &TenantScope,
        account: Uuid,
        day: NaiveDate,
    ) -> Result<Option<Journey>> {
        let Some(in_force) = self.methodology(scope).await? else { return Ok(None) };
        let methodology = &in_force.methodology;
        let look = |facts: &Facts, _| Journey {
            evaluation: methodology.evaluate(facts),
            exits: (methodology.lifecycle.stages.iter())
                .map(|stage| methodology.exit(facts, &stage.id).unwrap_or_default())
                .collect(),
        };
        Ok(self.look_at(scope, &in_force, &[account], day, look).await?.remove(&account))
    }

    /// Holds an account in a base stage, or moves it to one, until somebody lets it go; and scores it at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there; [`Error::Invalid`] for a stage that is not in the
    /// methodology, or a reason that is empty or too long.
    pub async fn hold_stage(
        &self,
        scope: &TenantScope,
        external_id: &str,
        stage: &str,
        reason: &str,
        actor: &Actor,
    ) -> Result<()> {
        check_note("reason", reason, true)?;
        let in_force = self.methodology(scope).await?.ok_or(Error::NotFound)?;
        let lifecycle = &in_force.methodology.lifecycle;
        let Some(at) = base_stage_of(lifecycle, stage) else {
            return Err(Error::invalid("stage", "is not a stage of the methodology"));
        };
        let name = lifecycle.stages[at].name.to_string();
        let now = self.clock.now();
        let today = scope.day_of(now);
        let mut tx = self.db.write(scope).await?;
        let account = self.locked(&mut tx, external_id).await?;
        db::stages::hold(&mut tx, account, stage, reason, &actor.0, now, today).await?;
        self.stage_entry(&mut tx, Kind::StageHeld, account, actor, format!("Held in {name}"), reason).await?;
        let detail = json!({ "stage": stage, "reason": reason });
        db::audit::record(&mut tx, now, &actor.0, "stage.hold", external_id, detail).await?;
        self.score_into(&mut tx, scope, &in_force, &[account], Stretch::just(today), None).await?;
        Ok(tx.commit().await?)
    }

    /// Lets the calendar decide about an account's stage again, and scores it at once; false when it did.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there.
    pub async fn release_stage(&self, scope: &TenantScope, external_id: &str, actor: &Actor) -> Result<bool> {
        let in_force = self.methodology(scope).await?.ok_or(Error::NotFound)?;
        let now = self.clock.now();
        let today = scope.day_of(now);
        let mut tx = self.db.write(scope).await?;
        let account = self.locked(&mut tx, external_id).await?;
        let Some((stage, held_at)) = db::stages::release(&mut tx, account, &actor.0, now, today).await?
        else {
            return Ok(false);
        };
        // What the hold began and nobody has worked on ends with it.
        let idle = db::plays::idle_of_stage(&mut tx, account, &stage, held_at).await?;
        for id in db::plays::end(&mut tx, &idle, "stopped", UNHELD, &actor.0, now, today).await? {
            let play = db::plays::find(&mut tx, id, today).await?.ok_or(Error::NotFound)?;
            self.changed(&mut tx, &play, actor, &format!("Stopped: {UNHELD}"), "play.stop").await?;
        }
        let title = "The calendar decides about the stage".to_owned();
        self.stage_entry(&mut tx, Kind::StageReleased, account, actor, title, "").await?;
        db::audit::record(&mut tx, now, &actor.0, "stage.release", external_id, json!({ "stage": stage }))
            .await?;
        self.score_into(&mut tx, scope, &in_force, &[account], Stretch::just(today), None).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ticks an exit criterion that no data decides, or takes that back; false when it was so already.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there; [`Error::Invalid`] for a criterion that the stage does
    /// not have or that data decides.
    pub async fn tick_criterion(
        &self,
        scope: &TenantScope,
        external_id: &str,
        stage: &str,
        criterion: &str,
        met: bool,
        actor: &Actor,
    ) -> Result<bool> {
        let in_force = self.methodology(scope).await?.ok_or(Error::NotFound)?;
        let stages = &in_force.methodology.lifecycle.stages;
        let known = stages
            .iter()
            .find(|s| *s.id == *stage)
            .and_then(|s| s.exit.iter().find(|c| *c.name == *criterion));
        match known {
            None => return Err(Error::invalid("criterion", "is not one of the stage")),
            Some(known) if known.when.is_some() => {
                return Err(Error::invalid("criterion", "is decided by data, not by hand"));
            }
            Some(_) => {}
        }
        let now = self.clock.now();
        let today = scope.day_of(now);
        let mut tx = self.db.write(scope).await?;
        let account = self.locked(&mut tx, external_id).await?;
        let changed = if met {
            db::stages::tick(&mut tx, account, stage, criterion, &actor.0, now, today).await?
        } else {
            db::stages::untick(&mut tx, account, stage, criterion, now, today).await?
        };
        if !changed {
            return Ok(false);
        }
        let kind = if met { Kind::CriterionTicked } else { Kind::CriterionUnticked };
        self.stage_entry(&mut tx, kind, account, actor, criterion.to_owned(), "").await?;
        let detail = json!({ "stage": stage, "criterion": criterion, "met": met });
        db::audit::record(&mut tx, now, &actor.0, "stage.tick", external_id, detail).await?;
        self.score_into(&mut tx, scope, &in_force, &[account], Stretch::just(today), None).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn locked(&self, tx: &mut TenantTx, external_id: &str) -> Result<Uuid> {
        let account = db::accounts::find(tx, external_id).await?.ok_or(Error::NotFound)?.id;
        db::book::lock(tx, &[account]).await?;
        Ok(account)
    }

    async fn stage_entry(
        &self,
        tx: &mut TenantTx,
        kind: Kind,
        account: Uuid,
        actor: &Actor,
        title: String,
        body: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let entry = Entry::new(kind, Some(account), now, title);
        let entry = Entry { actor: actor.0.clone(), body: body.to_owned(), ..entry };
        db::timeline::append(tx, &[entry], now).await?;
        Ok(())
    }
}
