//! Items of pipelines: opening them ([`open`]; rules do so by [`of_rules`]), their checks and steps ([`moves`]), and
//! what is written of them.

mod moves;
mod of_rules;
mod open;

use serde_json::{Value, json};
use uuid::Uuid;

pub use moves::{CHECKS, Leave};
pub(in crate::app) use of_rules::{Wish, granted};
pub use open::NewItem;

use super::alerts::check_member;
use super::{Actor, App, Error, Result};
use crate::db::pipelines::{Entered, Item, Rewritten};
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::money::Money;
use crate::domain::pack::schema::{Pipeline, PipelineStep};
use crate::domain::pipeline::Standing;
use crate::domain::timeline::Kind;

/// The most characters of a title.
pub const MAX_TITLE: usize = 300;
/// The most characters of a justification.
pub const MAX_WHY: usize = 4_000;

/// What is written of an item by hand.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// What it is called, 1 to 300 characters.
    pub title: String,
    /// Its justification, 1 to 4,000 characters.
    pub why: String,
    /// What it is worth; none where nobody knows.
    pub amount: Option<Money>,
    /// Who looks after it; none leaves it to the account's CSM.
    pub owner: Option<Uuid>,
}

impl Written {
    fn check(&self) -> Result<()> {
        for (name, text, most) in [("title", &self.title, MAX_TITLE), ("why", &self.why, MAX_WHY)] {
            if text.trim().is_empty() {
                let message = match name {
                    "why" => "is needed: say what speaks for it",
                    _ => "is needed",
                };
                return Err(Error::invalid(name, message));
            }
            if text.chars().count() > most {
                return Err(Error::invalid(name, format!("is {most} characters at most")));
            }
            if text.contains('\0') {
                return Err(Error::invalid(name, "holds a NUL character, which no text may"));
            }
        }
        if self.amount.is_some_and(|amount| amount.minor < 0) {
            return Err(Error::invalid("amount", "is zero or more"));
        }
        Ok(())
    }

    fn stored(&self) -> Rewritten {
        Rewritten {
            title: self.title.trim().to_owned(),
            why: self.why.trim().to_owned(),
            amount: self.amount.map(|amount| (amount.minor, amount.currency.code().to_owned())),
            owner: self.owner,
        }
    }
}

impl App {
    /// Writes an item anew. `seen` is the revision that was looked at; none overwrites whatever is there.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for what does not fit; [`Error::Conflict`] when somebody else changed it
    /// since.
    pub async fn rewrite_item(
        &self,
        scope: &TenantScope,
        id: Uuid,
        to: &Written,
        seen: Option<i32>,
        actor: &Actor,
    ) -> Result<Item> {
        let mut tx = self.db.write(scope).await?;
        let item = locked(&mut tx, id, None).await?;
        to.check()?;
        check_member(&mut tx, to.owner).await.map_err(|_| not_a_member())?;
        unchanged_since(&item, seen)?;
        let to = to.stored();
        let was = Rewritten {
            title: item.title.clone(),
            why: item.why.clone(),
            amount: item.amount_minor.zip(item.currency.clone()),
            owner: item.owner_id.filter(|_| item.owner_by_hand),
        };
        if to == was {
            return Ok(item);
        }
        db::pipelines::rewrite(&mut tx, id, &to).await?;
        let after = db::pipelines::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let words = differences(&item, &after);
        self.note(&mut tx, Kind::ItemChanged, &after, &words, json!({}), actor).await?;
        let before = json!({ "why": was.why, "amount": worth(&item), "owner": was.owner });
        let more = json!({ "title": was.title, "before": before });
        self.audit_item(&mut tx, "pipeline.change", &after, more, actor).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// An entry of the journal about an item.
    async fn note(
        &self,
        tx: &mut TenantTx,
        kind: Kind,
        item: &Item,
        body: &str,
        data: Value,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let entry = Entry::new(kind, Some(item.account_id), now, &*item.title);
        let mut about = json!({ "subject": item.subject, "pipeline": item.pipeline, "step": item.step });
        if let (Value::Object(about), Value::Object(more)) = (&mut about, data) {
            about.extend(more);
        }
        let entry = Entry {
            about: Some(item.id),
            actor: actor.0.clone(),
            member: item.owner_id,
            body: body.to_owned(),
            data: about,
            ..entry
        };
        db::timeline::append(tx, &[entry], now).await?;
        Ok(())
    }

    async fn audit_item(
        &self,
        tx: &mut TenantTx,
        action: &str,
        item: &Item,
        more: Value,
        actor: &Actor,
    ) -> Result<()> {
        let mut detail = json!({ "id": item.id, "title": item.title });
        if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
            detail.extend(more);
        }
        Ok(db::audit::record(tx, self.clock.now(), &actor.0, action, &item.external_id, detail).await?)
    }
}

/// An item that nobody else changes meanwhile, at the revision that was looked at.
async fn locked(tx: &mut TenantTx, id: Uuid, seen: Option<i32>) -> Result<Item> {
    let item = db::pipelines::lock(tx, id).await?.ok_or(Error::NotFound)?;
    unchanged_since(&item, seen)?;
    Ok(item)
}

fn unchanged_since(item: &Item, seen: Option<i32>) -> Result<()> {
    if seen.is_none_or(|seen| seen == item.revision) {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "“{}” was changed in the meantime; nothing was done. Look at it as it is now.",
        item.title
    )))
}

/// Where an item is, by its ids.
pub fn standing(item: &Item) -> Standing<'_> {
    Standing { subject: &item.subject, at: item.pipeline.as_deref().zip(item.step.as_deref()) }
}

fn entered(pipeline: &Pipeline, step: &PipelineStep) -> Entered {
    Entered {
        pipeline: (pipeline.id.to_string(), pipeline.name.to_string()),
        step: (step.id.to_string(), step.name.to_string()),
    }
}

fn not_a_member() -> Error {
    Error::invalid("owner", "is not a member of this company")
}

/// `USD 1,200.00`, or that nobody knows.
fn worth(item: &Item) -> String {
    match (item.amount_minor, item.currency.as_deref().map(str::parse)) {
        (Some(minor), Some(Ok(currency))) => Money::from_minor(minor, currency).to_string(),
        _ => "no amount".to_owned(),
    }
}

/// What was changed, in words.
fn differences(before: &Item, after: &Item) -> String {
    let owner = |item: &Item| item.owner_name.clone().unwrap_or_else(|| "nobody".to_owned());
    let pairs = [
        ("Title", before.title.clone(), after.title.clone()),
        ("Amount", worth(before), worth(after)),
        ("Owner", owner(before), owner(after)),
    ];
    let mut words: Vec<String> = pairs
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| format!("{name}: {before} → {after}"))
        .collect();
    if before.why != after.why {
        words.push("The justification was written anew".to_owned());
    }
    words.join("\n")
}
