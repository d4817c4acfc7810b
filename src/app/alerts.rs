//! What people do with alerts: deal with them, put them off, set them aside, hand them on. All of it can be undone.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::acting::{anchor, playbook_in};
use super::plays::Target;
use super::{Actor, App, Error, Result};
use crate::db::alerts::Alert;
use crate::db::plays::Play;
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::pack::schema::Anchor;
use crate::domain::timeline::Kind;

/// The most characters of a note or reason.
pub const MAX_NOTE: usize = 2_000;
/// The farthest an alert may be put off, in days.
pub const MAX_SNOOZE_DAYS: i64 = 366;

impl App {
    /// Closes alerts as dealt with; the rules may open anew from tomorrow. Those that are closed already are left
    /// out. Returns those it closed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a note that is too long.
    pub async fn close_alerts(
        &self,
        scope: &TenantScope,
        ids: &[Uuid],
        note: &str,
        actor: &Actor,
    ) -> Result<Vec<Alert>> {
        check_note("note", note, false)?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let closed = db::alerts::close(&mut tx, ids, "done", &actor.0, note, now, scope.day_of(now)).await?;
        for alert in &closed {
            self.alert_entry(&mut tx, Kind::AlertClosed, alert, actor, note).await?;
            db::audit::record(&mut tx, now, &actor.0, "alert.close", &alert.external_id, about(alert))
                .await?;
        }
        tx.commit().await?;
        Ok(closed)
    }

    /// Opens an alert again that a person closed.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was not closed by a person, or its rule has opened anew since.
    pub async fn reopen_alert(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<Alert> {
        let mut tx = self.db.write(scope).await?;
        let alert = db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if !db::alerts::reopen(&mut tx, id).await? {
            return Err(Error::Conflict(format!(
                "“{}” cannot be opened again: it is open, or its condition has cleared since.",
                alert.title
            )));
        }
        let now = self.clock.now();
        let detail = json!({ "alert": alert.title });
        db::audit::record(&mut tx, now, &actor.0, "alert.reopen", &alert.external_id, detail).await?;
        self.alert_entry(&mut tx, Kind::AlertReopened, &alert, actor, "It was closed").await?;
        tx.commit().await?;
        Ok(alert)
    }

    /// Puts an open alert off until a day, or takes that back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a day that is not ahead, or too far; [`Error::Conflict`] when the alert is not open.
    pub async fn snooze_alert(
        &self,
        scope: &TenantScope,
        id: Uuid,
        until: Option<NaiveDate>,
        actor: &Actor,
    ) -> Result<Alert> {
        let today = self.clock.today(scope.time_zone());
        if until.is_some_and(|day| day <= today || (day - today).num_days() > MAX_SNOOZE_DAYS) {
            return Err(Error::invalid("until", "is a day from tomorrow on, a year ahead at most"));
        }
        let mut tx = self.db.write(scope).await?;
        let alert = db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if !db::alerts::snooze(&mut tx, id, until).await? {
            return Err(not_open(&alert));
        }
        let (kind, words) = match until {
            Some(day) => (Kind::AlertSnoozed, format!("Until {}", day.format("%-d %b %Y"))),
            None => (Kind::AlertReopened, "It was put off".to_owned()),
        };
        self.alert_entry(&mut tx, kind, &alert, actor, &words).await?;
        let detail = json!({ "alert": alert.title, "until": until });
        db::audit::record(&mut tx, self.clock.now(), &actor.0, "alert.snooze", &alert.external_id, detail)
            .await?;
        tx.commit().await?;
        Ok(alert)
    }

    /// Sets an open alert aside with a reason: it is not shown, nor opened again, before its condition has cleared.
    /// Without a reason takes that back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a reason that is empty or too long; [`Error::Conflict`] when the alert is not open.
    pub async fn dismiss_alert(
        &self,
        scope: &TenantScope,
        id: Uuid,
        reason: Option<&str>,
        actor: &Actor,
    ) -> Result<Alert> {
        if let Some(reason) = reason {
            check_note("reason", reason, true)?;
        }
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let alert = db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if !db::alerts::dismiss(&mut tx, id, reason.map(|_| now), reason.unwrap_or_default()).await? {
            return Err(not_open(&alert));
        }
        let kind = if reason.is_some() { Kind::AlertDismissed } else { Kind::AlertReopened };
        self.alert_entry(&mut tx, kind, &alert, actor, reason.unwrap_or("It was set aside")).await?;
        let detail = json!({ "alert": alert.title, "reason": reason });
        db::audit::record(&mut tx, now, &actor.0, "alert.dismiss", &alert.external_id, detail).await?;
        tx.commit().await?;
        Ok(alert)
    }

    /// Gives an alert to a member; with none, to whoever plays its role.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a member who is not there; [`Error::Conflict`] when the alert is closed.
    pub async fn assign_alert(
        &self,
        scope: &TenantScope,
        id: Uuid,
        member: Option<Uuid>,
        actor: &Actor,
    ) -> Result<Alert> {
        let mut tx = self.db.write(scope).await?;
        let alert = db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        check_member(&mut tx, member).await?;
        if !db::alerts::assign(&mut tx, id, member).await? {
            return Err(not_open(&alert));
        }
        let detail = json!({ "alert": alert.title, "member": member });
        db::audit::record(&mut tx, self.clock.now(), &actor.0, "alert.assign", &alert.external_id, detail)
            .await?;
        tx.commit().await?;
        Ok(alert)
    }

    /// Starts a playbook for the account of an alert; its days count as they would if the rule had started it, from
    /// today where they count from the alert.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an alert or playbook that is not there; [`Error::Conflict`] when the playbook runs for
    /// the account already, or counts from a day the account does not have.
    pub async fn start_play_of_alert(
        &self,
        scope: &TenantScope,
        id: Uuid,
        playbook: &str,
        actor: &Actor,
    ) -> Result<Play> {
        let in_force = self.methodology(scope).await?.ok_or(Error::NotFound)?;
        let at = playbook_in(&in_force, playbook).ok_or(Error::NotFound)?;
        let mut tx = self.db.read(scope).await?;
        let alert = db::alerts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        let from = match in_force.file.playbooks[at].anchor {
            Anchor::Trigger => Some(self.clock.today(scope.time_zone())),
            other => anchor(&alert, other),
        };
        let Some(from) = from else {
            let text = "Its days count from a renewal, and this account has no contract that renews.";
            return Err(Error::Conflict(text.to_owned()));
        };
        let target = Target::Account(alert.external_id);
        self.start_play_for(scope, playbook, &target, from, Some(id), actor).await
    }

    /// Sets how many accounts a rule may open on at once: a share of those in business, and a number that always may.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a share outside 1 to 100 percent or a number below 1.
    pub async fn set_storm_limits(
        &self,
        scope: &TenantScope,
        percent: f32,
        least: i32,
        actor: &Actor,
    ) -> Result<()> {
        if !(1.0..=100.0).contains(&percent) {
            return Err(Error::invalid("percent", "is 1 to 100"));
        }
        if !(1..=1_000_000).contains(&least) {
            return Err(Error::invalid("least", "is a whole number from 1 to 1,000,000"));
        }
        let mut tx = self.db.write(scope).await?;
        db::storms::set_limits(&mut tx, percent / 100.0, least).await?;
        let detail = json!({ "percent": percent, "least": least });
        db::audit::record(&mut tx, self.clock.now(), &actor.0, "storm.limits", "rules", detail).await?;
        Ok(tx.commit().await?)
    }

    async fn alert_entry(
        &self,
        tx: &mut TenantTx,
        kind: Kind,
        alert: &Alert,
        actor: &Actor,
        body: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let entry = Entry::new(kind, Some(alert.account_id), now, &*alert.title);
        let entry = Entry {
            about: Some(alert.id),
            actor: actor.0.clone(),
            member: alert.owner_id,
            body: body.to_owned(),
            data: json!({ "rule": alert.rule }),
            ..entry
        };
        db::timeline::append(tx, &[entry], now).await?;
        Ok(())
    }
}

fn about(alert: &Alert) -> serde_json::Value {
    json!({ "alert": alert.title, "rule": alert.rule })
}

fn not_open(alert: &Alert) -> Error {
    Error::Conflict(format!("“{}” is not open any more.", alert.title))
}

/// Checks a note or reason as people type it.
pub(super) fn check_note(field: &'static str, text: &str, wanted: bool) -> Result<()> {
    if wanted && text.trim().is_empty() {
        return Err(Error::invalid(field, "is needed: say why in a few words"));
    }
    if text.chars().count() > MAX_NOTE {
        return Err(Error::invalid(field, "is 2,000 characters at most"));
    }
    if text.contains('\0') {
        return Err(Error::invalid(field, "holds a NUL character, which no text may"));
    }
    Ok(())
}

/// Checks that a member is there.
pub(super) async fn check_member(tx: &mut TenantTx, member: Option<Uuid>) -> Result<()> {
    let Some(member) = member else { return Ok(()) };
    let known = db::members::names(tx).await?.iter().any(|(id, _)| *id == member);
    if known { Ok(()) } else { Err(Error::invalid("member", "is not a member of this company")) }
}
