//! A person's word against the model's: setting it, taking it back, and letting time settle it.

mod outcome;
mod settle;

pub use settle::Settled;

use chrono::{Days, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::methodology::InForce;
use super::scoring::Stretch;
use super::{Actor, App, Error, Result};
use crate::db::overrides::Override;
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::health::Explained;
use crate::domain::judgement::{self, Lean};
use crate::domain::timeline::Kind;

/// What a person says of an account.
#[derive(Debug, Clone, PartialEq)]
pub enum Set {
    /// Its score, 0..100.
    Score(f64),
    /// Its band, by id.
    Band(String),
}

/// An override as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// What is set.
    pub set: Set,
    /// Why.
    pub reason: String,
    /// The last day on which it applies; [`judgement::USUAL_DAYS`] from today when none is given.
    pub expires_on: Option<NaiveDate>,
    /// What the person saw as in force when they decided: `Some(None)` for nothing, `None` when they did not look.
    pub seen: Option<Option<Uuid>>,
}

/// What became of a wish to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There was none.
    Set,
    /// It took the place of this one.
    Replaced(Uuid),
    /// It was just so.
    Unchanged,
}

/// The most characters of a reason.
pub const MAX_REASON: usize = 2_000;

impl App {
    /// Sets the score or band of an account for a while, and scores it at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there; [`Error::Invalid`] for a score, band, reason or day that
    /// does not fit; [`Error::Conflict`] when the account has left, or when somebody else set it since it was seen.
    pub async fn set_override(
        &self,
        scope: &TenantScope,
        external_id: &str,
        wanted: &Wanted,
        actor: &Actor,
        member: Option<Uuid>,
    ) -> Result<(Override, Change)> {
        let now = self.clock.now();
        let today = scope.day_of(now);
        let mut tx = self.db.read(scope).await?;
        let account = db::accounts::find(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        let Some(in_force) = self.methodology(scope).await? else {
            return Err(Error::Conflict("Nothing can be set while there is no methodology.".into()));
        };
        if account.churned_on.is_some_and(|day| day <= today) {
            return Err(Error::Conflict(format!("{} has left: it has no health any more.", account.name)));
        }
        check(wanted, &in_force, today)?;
        let assessed = self.assess(scope, account.id, today).await?.ok_or(Error::NotFound)?;
        let new = Override {
            set_by: actor.0.clone(),
            member_id: member,
            set_at: now,
            ..proposed(account.id, wanted, &in_force, &assessed.evaluation.health, today)
        };

        let mut tx = self.db.write(scope).await?;
        db::overrides::lock_account(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        let open = db::overrides::open(&mut tx, account.id).await?;
        let in_force_now = open.as_ref().filter(|open| open.expires_on >= today);
        if wanted.seen.is_some_and(|seen| seen != in_force_now.map(|open| open.id)) {
            return Err(Error::Conflict(overtaken(&account.name, in_force_now)));
        }
        if let Some(same) = in_force_now.filter(|open| is_same(open, &new)) {
            return Ok((same.clone(), Change::Unchanged));
        }
        if let Some(open) = &open {
            let (on, why) =
                if in_force_now.is_some() { (today, "replaced") } else { (after(open), "expired") };
            db::overrides::end(&mut tx, open.id, now, on, &actor.0, why).await?;
        }
        db::overrides::insert(&mut tx, &new).await?;
        self.score_into(&mut tx, scope, &in_force, &[account.id], Stretch::just(today), None).await?;
        let detail = json!({ "score": new.score, "band": new.band, "reason": new.reason, "until": new.expires_on,
                             "model_score": new.model_score, "model_band": new.model_band });
        db::audit::record(&mut tx, now, &actor.0, "override.set", external_id, detail).await?;
        self.override_entry(&mut tx, &in_force, &new, actor, "Set to").await?;
        tx.commit().await?;
        let change = in_force_now.map_or(Change::Set, |open| Change::Replaced(open.id));
        Ok((new, change))
    }

    /// Takes back what is set for an account, by its id or whatever it is, and scores the account at once. None when
    /// nothing is set any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there; [`Error::Conflict`] when another one is in force by now.
    pub async fn withdraw_override(
        &self,
        scope: &TenantScope,
        external_id: &str,
        id: Option<Uuid>,
        actor: &Actor,
    ) -> Result<Option<Override>> {
        let now = self.clock.now();
        let today = scope.day_of(now);
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let account = db::overrides::lock_account(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        let open = db::overrides::open(&mut tx, account).await?.filter(|open| open.expires_on >= today);
        let Some(open) = open else { return Ok(None) };
        if id.is_some_and(|id| id != open.id) {
            return Err(Error::Conflict(overtaken(external_id, Some(&open))));
        }
        self.end_override(&mut tx, scope, external_id, &open, "withdrawn", actor).await?;
        if let Some(in_force) = in_force {
            self.score_into(&mut tx, scope, &in_force, &[account], Stretch::just(today), None).await?;
        }
        tx.commit().await?;
        Ok(Some(open))
    }

    /// Brings back what was withdrawn or replaced, as if that had not happened: the way to undo either. `current` is
    /// what took its place, which is withdrawn.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account or override that is not there; [`Error::Conflict`] when its last day has
    /// passed, it was settled or ended before today, or something else than `current` is in force.
    pub async fn restore_override(
        &self,
        scope: &TenantScope,
        external_id: &str,
        id: Uuid,
        current: Option<Uuid>,
        actor: &Actor,
    ) -> Result<Override> {
        let now = self.clock.now();
        let today = scope.day_of(now);
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let account = db::overrides::lock_account(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        let all = db::overrides::of_account(&mut tx, account).await?;
        let was = all.iter().find(|one| one.id == id).ok_or(Error::NotFound)?;
        let open = all.iter().find(|one| one.ended_at.is_none());
        let may = matches!(was.end_reason.as_deref(), Some("withdrawn" | "replaced"));
        // Only on the day itself: no day may end up with the words of two.
        let may = may && was.ended_on == Some(today);
        if !may || was.expires_on < today || open.map(|open| open.id) != current {
            return Err(Error::Conflict("That can no longer be undone: look at what is set now.".to_owned()));
        }
        if let Some(open) = open {
            self.end_override(&mut tx, scope, external_id, open, "withdrawn", actor).await?;
        }
        db::overrides::reopen(&mut tx, id).await?;
        let detail = json!({ "score": was.score, "band": was.band, "until": was.expires_on });
        db::audit::record(&mut tx, now, &actor.0, "override.restored", external_id, detail).await?;
        if let Some(in_force) = in_force {
            self.override_entry(&mut tx, &in_force, was, actor, "Set again to").await?;
            self.score_into(&mut tx, scope, &in_force, &[account], Stretch::just(today), None).await?;
        }
        tx.commit().await?;
        Ok(was.clone())
    }

    /// Ends one, with its line in the log.
    async fn end_override(
        &self,
        tx: &mut TenantTx,
        scope: &TenantScope,
        external_id: &str,
        open: &Override,
        reason: &'static str,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let on = match reason {
            "expired" => after(open),
            _ => scope.day_of(now),
        };
        if db::overrides::end(tx, open.id, now, on, &actor.0, reason).await? {
            let detail = json!({ "score": open.score, "band": open.band, "set_by": open.set_by });
            db::audit::record(tx, now, &actor.0, &format!("override.{reason}"), external_id, detail).await?;
            let title = match reason {
                "expired" => "What was set by hand has run out",
                "agreed" => "The model agrees: what was set by hand has ended",
                "churned" => "What was set by hand ended with the account",
                _ => "What was set by hand is taken back",
            };
            let entry = Entry::new(Kind::Overridden, Some(open.account_id), now, title);
            let data = json!({ "override": open.id, "ended": reason });
            let entry = Entry { actor: actor.0.clone(), data, ..entry };
            db::timeline::append(tx, &[entry], now).await?;
        }
        Ok(())
    }

    /// Enters in the journal that a person set something.
    async fn override_entry(
        &self,
        tx: &mut TenantTx,
        in_force: &InForce,
        set: &Override,
        actor: &Actor,
        verb: &str,
    ) -> Result<()> {
        let health = &in_force.methodology.health;
        let band =
            |id: &str| health.bands.iter().find(|band| *band.id == *id).map(|band| band.name.to_string());
        let what = match (set.score, set.band.as_deref()) {
            (Some(score), _) => health.shown(score).to_string(),
            (None, id) => id.map(|id| band(id).unwrap_or_else(|| id.to_owned())).unwrap_or_default(),
        };
        let now = self.clock.now();
        let title = format!("{verb} {what} until {}", set.expires_on.format("%-d %b %Y"));
        let entry = Entry::new(Kind::Overridden, Some(set.account_id), now, title);
        let data =
            json!({ "override": set.id, "score": set.score, "band": set.band, "until": set.expires_on });
        let entry = Entry { actor: actor.0.clone(), body: set.reason.clone(), data, ..entry };
        db::timeline::append(tx, &[entry], now).await?;
        Ok(())
    }
}

/// The first day on which one that ran out no longer applies.
fn after(open: &Override) -> NaiveDate {
    open.expires_on.succ_opt().unwrap_or(open.expires_on)
}

fn check(wanted: &Wanted, in_force: &InForce, today: NaiveDate) -> Result<()> {
    let mut wrong = Vec::new();
    let mut field = |name: &str, message: String| {
        wrong.push(super::error::Field { name: name.to_owned(), message });
    };
    match &wanted.set {
        Set::Score(score) if !(0.0..=100.0).contains(score) => {
            field("score", "must be from 0 to 100".to_owned())
        }
        Set::Band(id) if !in_force.methodology.health.bands.iter().any(|band| *band.id == **id) => {
            let known: Vec<&str> = in_force.methodology.health.bands.iter().map(|band| &*band.id).collect();
            field("band", format!("must be one of {}", known.join(", ")));
        }
        Set::Score(_) | Set::Band(_) => {}
    }
    match wanted.reason.trim().chars().count() {
        0 => field("reason", "is needed: say what the model does not know".to_owned()),
        _ if wanted.reason.contains('\0') => field("reason", "must not hold a NUL character".to_owned()),
        n if n > MAX_REASON => field("reason", format!("may have {MAX_REASON} characters at most")),
        _ => {}
    }
    let last = today + Days::new(judgement::MOST_DAYS);
    if wanted.expires_on.is_some_and(|day| !(today..=last).contains(&day)) {
        field("expires_on", format!("must be from {today} to {last}"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

/// What is to be stored, with what the model says on the day.
fn proposed(
    account: Uuid,
    wanted: &Wanted,
    in_force: &InForce,
    said: &Explained,
    today: NaiveDate,
) -> Override {
    let health = &in_force.methodology.health;
    let id = |at: usize| health.bands[at].id.to_string();
    let (score, band) = match &wanted.set {
        Set::Score(score) => (Some(health.rounded(*score)), None),
        Set::Band(band) => (None, Some(band.clone())),
    };
    let person = match (score, &band) {
        (Some(score), _) => health.band_of(score),
        (None, band) => health.bands.iter().position(|known| Some(&*known.id) == band.as_deref()),
    };
    let lean = person.zip(said.band_computed).map(|(person, model)| Lean::of(person, model));
    Override {
        id: Uuid::now_v7(),
        account_id: account,
        score,
        band,
        reason: wanted.reason.trim().to_owned(),
        set_by: String::new(),
        member_id: None,
        set_at: chrono::DateTime::UNIX_EPOCH,
        set_on: today,
        expires_on: wanted.expires_on.unwrap_or(today + Days::new(judgement::USUAL_DAYS)),
        version: in_force.version,
        model_score: said.computed,
        model_band: said.band_computed.map(id),
        person_band: person.map(id),
        lean: lean.map(|lean| lean.word().to_owned()),
        now_on: None,
        now_score: None,
        now_band: None,
        agreed_since: None,
        ended_at: None,
        ended_on: None,
        ended_by: None,
        end_reason: None,
        judged_at: None,
        outcome: None,
        outcome_on: None,
        arr_before_minor: None,
        arr_after_minor: None,
        proved: None,
    }
}

fn is_same(open: &Override, new: &Override) -> bool {
    let of = |o: &Override| (o.score, o.band.clone(), o.reason.clone(), o.expires_on);
    of(open) == of(new)
}

fn overtaken(account: &str, open: Option<&Override>) -> String {
    match open {
        Some(open) => format!(
            "{} has set {account} meanwhile: look at it, and decide again. Nothing was changed.",
            open.set_by
        ),
        None => format!("What was set for {account} has ended meanwhile. Nothing was changed."),
    }
}
