//! What people do with an item: tick its checks, bring it to a step, close it, open it again.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::{entered, locked, standing};
use crate::app::alerts::check_note;
use crate::app::methodology::InForce;
use crate::app::{Actor, App, Error, Result, error};
use crate::db::pipelines::{Close, Item, Moved, Tick};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::pack::schema::Pipeline;
use crate::domain::pipeline::{self, Move, Place, State, Stuck};
use crate::domain::timeline::Kind;

/// The field that says which checks are not ticked.
pub const CHECKS: &str = "checks";

/// How an item leaves the step it is at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leave {
    /// Whether unticked checks do not hold it.
    pub force: bool,
    /// Why: needed when checks are passed over, on the way back, and to close it as lost.
    pub reason: String,
    /// The revision that was looked at; none acts upon whatever is there.
    pub seen: Option<i32>,
}

impl App {
    /// Ticks a check of the step an item is at, or takes that back. What is so already changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a check that the step does not have; [`Error::Conflict`] when the
    /// item is closed.
    pub async fn tick_check(
        &self,
        scope: &TenantScope,
        id: Uuid,
        check: &str,
        on: bool,
        actor: &Actor,
    ) -> Result<Item> {
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let item = locked(&mut tx, id, None).await?;
        open(&item)?;
        let place = Place::of(pipelines(in_force.as_ref()), standing(&item));
        let step = place.step().filter(|step| step.checks.iter().any(|known| **known == *check));
        let (Some(step), Place::At(pipeline, _)) = (step, place) else {
            return Err(Error::invalid("check", "is not a check of the step it is at"));
        };
        let now = self.clock.now();
        if db::pipelines::tick(&mut tx, id, (&pipeline.id, &step.id, check), on, &actor.0, now).await? {
            let word = if on { "Ticked" } else { "Taken back" };
            let data = json!({ "check": check, "ticked": on });
            self.note(&mut tx, Kind::ItemChanged, &item, &format!("{word}: {check}"), data, actor).await?;
            let action = if on { "pipeline.tick" } else { "pipeline.untick" };
            self.audit_item(&mut tx, action, &item, json!({ "check": check }), actor).await?;
        }
        let item = db::pipelines::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(item)
    }

    /// Brings an item to the next step, or to the one `to` names by pipeline and step.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] with a line in [`CHECKS`] for each check that is not ticked, unless it
    /// is forced, or for a missing reason; [`Error::Conflict`] when there is no such way, it is closed, or was changed
    /// since it was seen.
    pub async fn move_item(
        &self,
        scope: &TenantScope,
        id: Uuid,
        to: Option<(&str, &str)>,
        leave: &Leave,
        actor: &Actor,
    ) -> Result<Item> {
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let item = locked(&mut tx, id, leave.seen).await?;
        check_note("reason", &leave.reason, false)?;
        open(&item)?;
        let ticks = db::pipelines::ticks(&mut tx, id).await?;
        let way = pipeline::passage(pipelines(in_force.as_ref()), standing(&item), to, ticked(&ticks))
            .map_err(|stuck| no_way(&item, stuck))?;
        let forced = force(&way.missing, leave)?;
        if way.how == Move::Back {
            check_note("reason", &leave.reason, true)?;
        }
        let enters = entered(way.pipeline, way.step);
        db::pipelines::enter(&mut tx, id, &enters, self.clock.today(scope.time_zone())).await?;
        let moved = (way.how, way.step.name.to_string(), forced, way.missing);
        let item = self.moved(&mut tx, scope, &item, moved, &leave.reason, actor).await?;
        tx.commit().await?;
        Ok(item)
    }

    /// Closes an item as won or lost (done or dropped, of what is no sale). Contracts stay as they are.
    ///
    /// # Errors
    /// As [`App::move_item`]: winning asks for every check that is left, losing for a reason.
    pub async fn close_item(
        &self,
        scope: &TenantScope,
        id: Uuid,
        won: bool,
        leave: &Leave,
        actor: &Actor,
    ) -> Result<Item> {
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let item = locked(&mut tx, id, leave.seen).await?;
        check_note("reason", &leave.reason, !won)?;
        open(&item)?;
        let missing = if won {
            let ticks = db::pipelines::ticks(&mut tx, id).await?;
            let place = Place::of(pipelines(in_force.as_ref()), standing(&item));
            pipeline::missing_to_win(place, ticked(&ticks))
        } else {
            Vec::new()
        };
        let forced = force(&missing, leave)?;
        let how = if won { (State::Won, Move::Won) } else { (State::Lost, Move::Lost) };
        let now = self.clock.now();
        let close = Close { state: how.0.word(), reason: leave.reason.trim(), by: &actor.0 };
        db::pipelines::close(&mut tx, id, &close, now, scope.day_of(now)).await?;
        let moved = (how.1, String::new(), forced, missing);
        let item = self.moved(&mut tx, scope, &item, moved, &leave.reason, actor).await?;
        tx.commit().await?;
        Ok(item)
    }

    /// Opens a closed item again, at the step where it was.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is open, another of its rule or offer is by now, or it was
    /// changed since it was seen.
    pub async fn reopen_item(
        &self,
        scope: &TenantScope,
        id: Uuid,
        seen: Option<i32>,
        actor: &Actor,
    ) -> Result<Item> {
        let mut tx = self.db.write(scope).await?;
        let item = locked(&mut tx, id, seen).await?;
        if item.state == State::Open.word() {
            return Err(Error::Conflict(format!("“{}” is open.", item.title)));
        }
        db::pipelines::reopen(&mut tx, id).await?;
        let moved = (Move::Reopened, item.step_name.clone(), false, Vec::new());
        let item = self.moved(&mut tx, scope, &item, moved, "", actor).await?;
        tx.commit().await?;
        Ok(item)
    }

    /// Keeps what became of an item: in its history, the journal and the audit log. `item` is as it was.
    async fn moved(
        &self,
        tx: &mut TenantTx,
        scope: &TenantScope,
        item: &Item,
        (how, to_step, forced, missing): (Move, String, bool, Vec<String>),
        reason: &str,
        actor: &Actor,
    ) -> Result<Item> {
        let now = self.clock.now();
        let from_step = if how == Move::Reopened { String::new() } else { item.step_name.clone() };
        let moved = Moved {
            what: how.word().to_owned(),
            from_step,
            to_step,
            at: now,
            on_day: scope.day_of(now),
            actor: actor.0.clone(),
            forced,
            missing,
            reason: reason.trim().to_owned(),
        };
        db::pipelines::log(tx, item.id, &moved).await?;
        let after = db::pipelines::find(tx, item.id).await?.ok_or(Error::NotFound)?;
        let kind = match how {
            Move::Won | Move::Lost => Kind::ItemClosed,
            Move::Reopened => Kind::ItemReopened,
            _ => Kind::ItemMoved,
        };
        let data = json!({ "move": moved.what, "from": moved.from_step, "to": moved.to_step, "forced": moved.forced,
            "missing": moved.missing, "reason": moved.reason });
        self.note(tx, kind, &after, &words(&moved, &item.subject), data, actor).await?;
        let detail = json!({ "from": moved.from_step, "to": moved.to_step, "without": moved.missing,
            "reason": moved.reason });
        self.audit_item(tx, &format!("pipeline.{}", moved.what), &after, detail, actor).await?;
        Ok(after)
    }
}

fn pipelines(in_force: Option<&Arc<InForce>>) -> &[Pipeline] {
    in_force.map_or(&[], |in_force| &in_force.file.pipelines)
}

fn open(item: &Item) -> Result<()> {
    if item.state == State::Open.word() {
        return Ok(());
    }
    Err(Error::Conflict(format!("“{}” is closed; open it again first.", item.title)))
}

fn ticked(ticks: &[Tick]) -> impl Fn(&str, &str, &str) -> bool {
    move |pipeline, step, text| {
        ticks.iter().any(|t| t.pipeline == pipeline && t.step == step && t.check_text == text)
    }
}

/// Whether unticked checks are passed over.
fn force(missing: &[String], leave: &Leave) -> Result<bool> {
    if missing.is_empty() {
        return Ok(false);
    }
    if !leave.force {
        let field = |check: &String| error::Field {
            name: CHECKS.to_owned(),
            message: format!("“{check}” is not ticked"),
        };
        return Err(Error::Invalid(missing.iter().map(field).collect()));
    }
    check_note("reason", &leave.reason, true)?;
    Ok(true)
}

fn no_way(item: &Item, stuck: Stuck) -> Error {
    match stuck {
        Stuck::NoNext => {
            Error::Conflict(format!("“{}” has no next step: choose one, or close it.", item.title))
        }
        Stuck::Here => Error::Conflict(format!("“{}” is at that step already.", item.title)),
        Stuck::Unknown => Error::invalid("step", "is not a step that it could come to"),
    }
}

/// What became of it, as the journal says it.
fn words(moved: &Moved, subject: &str) -> String {
    let mut lines = vec![match Move::parse(&moved.what) {
        Some(Move::Won) => State::Won.label(subject).to_owned(),
        Some(Move::Lost) => State::Lost.label(subject).to_owned(),
        Some(Move::Reopened) if moved.to_step.is_empty() => "Open again".to_owned(),
        Some(Move::Reopened) => format!("Open again, at {}", moved.to_step),
        _ => format!("{} → {}", moved.from_step, moved.to_step),
    }];
    if moved.forced {
        lines.push(format!("Forced, without: {}", moved.missing.join("; ")));
    }
    if !moved.reason.is_empty() {
        lines.push(moved.reason.clone());
    }
    lines.join("\n")
}
