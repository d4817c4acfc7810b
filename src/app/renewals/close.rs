//! What became of a renewal, as people and integrations record it. It changes the contracts in the same transaction,
//! and can be taken back for a while.

use chrono::{DateTime, Months, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::follow::closed_entry;
use super::forecast::MAX_NOTE;
use super::kind_of;
use crate::app::error::Field;
use crate::app::scoring::{Exchange, Stretch};
use crate::app::{Actor, App, Error, Result};
use crate::db::renewals::{Amount, Closed, Ending, Linked, Listed, NextContract, Renewal};
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::forecast::{Kind, Reason};
use crate::domain::timeline;

/// Days after which an outcome can no longer be taken back.
pub const REOPEN_DAYS: i64 = 30;
/// The longest term, in months.
const MAX_MONTHS: i32 = 600;

/// The next term of one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTerm {
    /// The contract's identity in the tenant's own systems.
    pub contract: String,
    /// Its ARR from then on, minor units; 0 when it is not renewed.
    pub arr_minor: i64,
}

/// An outcome as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closing {
    /// Nothing is renewed: the account leaves, or this part of it.
    pub churned: bool,
    /// Contracts that renew at another ARR; those not named keep theirs.
    pub terms: Vec<NextTerm>,
    /// The first day of the next term, or the first without any; the renewal date unless stated.
    pub effective_on: Option<NaiveDate>,
    /// Months of the next term; as long as the last unless stated.
    pub term_months: Option<i32>,
    /// Why it shrank or was lost.
    pub reason: Option<Reason>,
    /// More about that.
    pub note: String,
    /// Who got it instead.
    pub competitor: String,
    /// What the teller takes it for; refused where the amounts say something else.
    pub expected: Option<Kind>,
}

/// The renewal with its account, both locked in the order everybody locks in.
pub(super) async fn locked(tx: &mut TenantTx, id: Uuid) -> Result<Listed> {
    let found = db::renewals::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    db::overrides::lock_account(tx, &found.external_id).await?.ok_or(Error::NotFound)?;
    db::renewals::by_id(tx, id).await?.ok_or(Error::NotFound)
}

/// Ends the play of a closed renewal's timeline; what is open of it is no longer to be done.
pub(super) async fn stop_milestones(tx: &mut TenantTx, renewal: &Renewal, closed: &Closed<'_>) -> Result<()> {
    if let Some(play) = db::renewals::play_of(tx, renewal.account_id, renewal.renews_on).await? {
        let reason = format!("The renewal is closed: {}.", closed.outcome);
        db::plays::end(tx, &[play], "stopped", &reason, closed.by, closed.at, closed.on).await?;
    }
    Ok(())
}

impl App {
    /// Closes a renewal: next terms begin, or contracts end; the account is scored at once. Telling the same twice
    /// changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a renewal that is not there; [`Error::Invalid`] for amounts, days or reasons that do
    /// not fit; [`Error::Conflict`] when it was closed with another outcome.
    pub async fn close_renewal(
        &self,
        scope: &TenantScope,
        id: Uuid,
        closing: &Closing,
        actor: &Actor,
    ) -> Result<Kind> {
        let now = self.clock.now();
        let today = scope.day_of(now);
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let listed = locked(&mut tx, id).await?;
        let linked = db::renewals::linked(&mut tx, &[id]).await?;
        let exchange = Exchange::new(scope.currency(), &db::contracts::rates(&mut tx).await?);
        let told = Told::of(&listed, &linked, closing, &exchange, today)?;
        if let Some(outcome) = &listed.renewal.outcome {
            return told.again(&listed, &linked, outcome);
        }
        let note = closing.note.trim();
        let closed = Closed {
            outcome: told.kind.word(),
            told_by: "person",
            at: now,
            on: today,
            by: &actor.0,
            effective_on: told.on,
            term_months: closing.term_months.filter(|_| told.kind != Kind::Churned),
            reason: closing.reason.map(Reason::word),
            note,
            competitor: closing.competitor.trim(),
        };
        for (link, after) in linked.iter().zip(&told.after) {
            told.apply(&mut tx, link, *after, closing.term_months, now).await?;
        }
        let worth: Vec<(Uuid, i64)> =
            linked.iter().zip(&told.after).map(|(l, after)| (l.contract_id, *after)).collect();
        db::renewals::set_after(&mut tx, id, &worth).await?;
        db::renewals::close(&mut tx, id, &closed).await?;
        stop_milestones(&mut tx, &listed.renewal, &closed).await?;
        let detail = json!({ "renews_on": listed.renewal.renews_on, "outcome": told.kind.word(),
                             "effective_on": told.on, "reason": closed.reason, "competitor": closed.competitor });
        db::audit::record(&mut tx, now, &actor.0, "renewal.closed", &listed.external_id, detail).await?;
        let entry = closed_entry(&listed.renewal, told.kind, &told.amounts, &closed);
        db::timeline::append(&mut tx, &[entry], now).await?;
        if let Some(in_force) = in_force {
            let account = [listed.renewal.account_id];
            self.score_into(&mut tx, scope, &in_force, &account, Stretch::just(today), None).await?;
        }
        tx.commit().await?;
        Ok(told.kind)
    }

    /// Takes an outcome back: the renewal is open again, its contracts are as they were. Contracts alone do not close
    /// it again.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a renewal that is not there; [`Error::Conflict`] when it is open, or was closed more
    /// than [`REOPEN_DAYS`] ago.
    pub async fn reopen_renewal(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let today = scope.day_of(now);
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let listed = locked(&mut tx, id).await?;
        let Some(closed_on) = listed.renewal.closed_on else {
            return Err(Error::Conflict("It is open already.".to_owned()));
        };
        if (today - closed_on).num_days() > REOPEN_DAYS {
            let text = format!("It was closed on {closed_on}; after {REOPEN_DAYS} days that stands.");
            return Err(Error::Conflict(text));
        }
        db::renewals::restore_contracts(&mut tx, id, now).await?;
        db::renewals::reopen(&mut tx, id, now).await?;
        let (account, day) = (listed.renewal.account_id, listed.renewal.renews_on);
        if let Some(play) = db::renewals::play_of(&mut tx, account, day).await? {
            db::plays::resume(&mut tx, play).await?;
        }
        let detail = json!({ "renews_on": listed.renewal.renews_on, "outcome": listed.renewal.outcome });
        db::audit::record(&mut tx, now, &actor.0, "renewal.reopened", &listed.external_id, detail.clone())
            .await?;
        let title = format!("Renewal of {}: open again", listed.renewal.renews_on.format("%-d %b %Y"));
        let entry = Entry {
            about: Some(id),
            actor: actor.0.clone(),
            data: detail,
            ..Entry::new(timeline::Kind::RenewalReopened, Some(listed.renewal.account_id), now, title)
        };
        db::timeline::append(&mut tx, &[entry], now).await?;
        if let Some(in_force) = in_force {
            let account = [listed.renewal.account_id];
            self.score_into(&mut tx, scope, &in_force, &account, Stretch::just(today), None).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// An outcome that was checked.
struct Told {
    renewal: Uuid,
    renews_on: NaiveDate,
    kind: Kind,
    on: NaiveDate,
    /// ARR of each contract afterwards, in the order of the links.
    after: Vec<i64>,
    amounts: Vec<Amount>,
}

impl Told {
    fn of(
        listed: &Listed,
        linked: &[Linked],
        closing: &Closing,
        exchange: &Exchange,
        today: NaiveDate,
    ) -> Result<Told> {
        let renews_on = listed.renewal.renews_on;
        let mut wrong = Wrong(Vec::new());
        wrong.texts(closing);
        let after = wrong.amounts(linked, closing);
        let is_left = closing.churned || (!after.is_empty() && after.iter().all(|minor| *minor == 0));
        let amounts: Vec<Amount> = linked
            .iter()
            .zip(&after)
            .map(|(l, a)| Amount { currency: l.currency.clone(), before: l.arr_minor, after: Some(*a) })
            .collect();
        let kind = kind_of(&amounts, exchange, is_left);
        let on = closing.effective_on.unwrap_or(renews_on);
        wrong.day(on, linked, renews_on.max(today));
        if kind.needs_reason() && closing.reason.is_none() {
            wrong.add("reason", "is needed where revenue is lost".to_owned());
        }
        if let Some(expected) = closing.expected.filter(|expected| *expected != kind) {
            let message = format!("is {}, but the amounts say {}", expected.word(), kind.word());
            wrong.add("outcome", message);
        }
        if wrong.0.is_empty() {
            Ok(Told { renewal: listed.renewal.id, renews_on, kind, on, after, amounts })
        } else {
            Err(Error::Invalid(wrong.0))
        }
    }

    /// The same outcome told once more is fine; another one is not.
    fn again(&self, listed: &Listed, linked: &[Linked], outcome: &str) -> Result<Kind> {
        let same = outcome == self.kind.word()
            && listed.renewal.effective_on == Some(self.on)
            && linked.iter().zip(&self.after).all(|(link, after)| link.after_minor == Some(*after));
        if same {
            return Ok(self.kind);
        }
        let by = listed.renewal.closed_by.as_deref().unwrap_or("somebody");
        Err(Error::Conflict(format!(
            "{by} has closed it already as {outcome}: take that back first. Nothing was changed."
        )))
    }

    /// What the outcome does to one contract.
    async fn apply(
        &self,
        tx: &mut TenantTx,
        link: &Linked,
        after: i64,
        months: Option<i32>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        if after == 0 && (self.kind == Kind::Churned || link.arr_minor > 0) {
            let ending = Ending::Left(self.on);
            return Ok(db::renewals::end_contract(tx, self.renewal, link.contract_id, ending, now).await?);
        }
        let renews_itself = link.end_date.is_none();
        let same_terms =
            after == link.arr_minor && months.is_none_or(|months| link.term_months == Some(months));
        if renews_itself && same_terms && self.on == self.renews_on {
            return Ok(());
        }
        let length = months.or(link.term_months).unwrap_or_else(|| whole_months(link));
        // A term that ran out has its own end; it stays in force until the next one begins.
        let ends = link.end_date.map_or(self.on, |end| end.min(self.on));
        let ending = Ending::Renewed(ends);
        db::renewals::end_contract(tx, self.renewal, link.contract_id, ending, now).await?;
        let end_date = u32::try_from(length).ok().and_then(|n| self.on.checked_add_months(Months::new(n)));
        let next = NextContract {
            follows: link.contract_id,
            renewal: self.renewal,
            external_id: next_id(&link.external_id, self.on),
            start_date: self.on,
            end_date: end_date.filter(|_| !renews_itself),
            term_months: Some(length),
            arr_minor: after,
        };
        Ok(db::renewals::insert_next(tx, &next, now).await?)
    }
}

fn whole_months(link: &Linked) -> i32 {
    let term = crate::domain::contract::Term {
        start: link.start_date,
        end: link.end_date,
        months: None,
        ended_on: None,
    };
    term.length().and_then(|months| i32::try_from(months).ok()).filter(|months| *months > 0).unwrap_or(12)
}

/// The identity of a next term: that of the contract with the day it begins, within the length an id may have.
fn next_id(contract: &str, on: NaiveDate) -> String {
    let suffix = format!("+{on}");
    let keep = 200 - suffix.chars().count();
    let head: String = contract.chars().take(keep).collect();
    format!("{head}{suffix}")
}

struct Wrong(Vec<Field>);

impl Wrong {
    fn add(&mut self, name: &str, message: String) {
        self.0.push(Field { name: name.to_owned(), message });
    }

    fn texts(&mut self, closing: &Closing) {
        for (name, text, most) in
            [("note", &closing.note, MAX_NOTE), ("competitor", &closing.competitor, 200)]
        {
            if text.chars().count() > most || text.contains('\0') {
                self.add(name, format!("may have {most} characters at most"));
            }
        }
        if closing.term_months.is_some_and(|months| !(1..=MAX_MONTHS).contains(&months)) {
            self.add("term_months", format!("must be a whole number from 1 to {MAX_MONTHS}"));
        }
    }

    fn amounts(&mut self, linked: &[Linked], closing: &Closing) -> Vec<i64> {
        for term in &closing.terms {
            if !linked.iter().any(|link| link.external_id == term.contract) {
                self.add("terms", format!("{:?} is no contract of this renewal", term.contract));
            } else if term.arr_minor < 0 {
                self.add("terms", "cannot be below zero".to_owned());
            } else if closing.churned && term.arr_minor > 0 {
                self.add("terms", "nothing is worth anything after churn".to_owned());
            }
        }
        let after = |link: &Linked| match closing.terms.iter().find(|t| t.contract == link.external_id) {
            _ if closing.churned => 0,
            Some(term) => term.arr_minor,
            None => link.arr_minor,
        };
        linked.iter().map(after).collect()
    }

    fn day(&mut self, on: NaiveDate, linked: &[Linked], latest: NaiveDate) {
        if let Some(start) = linked.iter().map(|link| link.start_date).max().filter(|start| on <= *start) {
            self.add("effective_on", format!("must be after the start of the contract, {start}"));
        } else if on > latest {
            self.add("effective_on", format!("must be {latest} or before"));
        }
    }
}
