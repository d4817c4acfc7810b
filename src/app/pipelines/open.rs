//! Opening an item by hand or over the API.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::{Written, entered, not_a_member};
use crate::app::alerts::check_member;
use crate::app::methodology::InForce;
use crate::app::{Actor, App, Error, Result};
use crate::db::metrics::Increment;
use crate::db::pipelines::{Item, Opened};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::metric::normalise;
use crate::domain::pipeline::OPPORTUNITY;
use crate::domain::timeline::Kind;

/// An item to be opened.
#[derive(Debug, Clone, Default)]
pub struct NewItem {
    /// External id of its account.
    pub account: String,
    /// Id of the pipeline it enters at the first step; none is an opportunity without steps.
    pub pipeline: Option<String>,
    /// Id of an offer of the methodology.
    pub offer: Option<String>,
    /// What is written of it.
    pub written: Written,
    /// What makes it one for the account: with the same word a second time nothing is opened.
    pub external_id: Option<String>,
}

impl App {
    /// Opens an item of an account, or tells that it was opened before. It counts in the metrics that events called by
    /// its subject feed (`feature_request`), once.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there; [`Error::Invalid`] for what does not fit, a missing
    /// justification among it.
    pub async fn open_item(&self, scope: &TenantScope, new: &NewItem, actor: &Actor) -> Result<(Item, bool)> {
        let now = self.clock.now();
        let today = scope.day_of(now);
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let account = db::accounts::id_of(&mut tx, &new.account).await?.ok_or(Error::NotFound)?;
        let once = own_word(new, account)?;
        let item = prepared(&mut tx, in_force.as_ref(), new, account, once.clone(), actor).await?;
        let Some(id) = db::pipelines::insert(&mut tx, &[item], now, today).await?.pop() else {
            let known = db::pipelines::find_once(&mut tx, &once.unwrap_or_default()).await?;
            return Ok((known.ok_or(Error::NotFound)?, false));
        };
        let item = db::pipelines::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        count(&mut tx, scope, &item, now).await?;
        let data = json!({ "offer": item.offer });
        self.note(&mut tx, Kind::ItemOpened, &item, &item.why, data, actor).await?;
        let more = json!({ "subject": item.subject, "pipeline": item.pipeline });
        self.audit_item(&mut tx, "pipeline.open", &item, more, actor).await?;
        tx.commit().await?;
        Ok((item, true))
    }
}

fn own_word(new: &NewItem, account: Uuid) -> Result<Option<String>> {
    let Some(own) = new.external_id.as_deref() else { return Ok(None) };
    if !(1..=200).contains(&own.chars().count()) || own.contains('\0') {
        return Err(Error::invalid("external_id", "is 1 to 200 characters, and no NUL among them"));
    }
    Ok(Some(format!("own:{account}:{own}")))
}

async fn prepared(
    tx: &mut TenantTx,
    in_force: Option<&Arc<InForce>>,
    new: &NewItem,
    account: Uuid,
    once: Option<String>,
    actor: &Actor,
) -> Result<Opened> {
    new.written.check()?;
    check_member(tx, new.written.owner).await.map_err(|_| not_a_member())?;
    let file = in_force.map(|in_force| &in_force.file);
    let (subject, enters) = match new.pipeline.as_deref() {
        None => (OPPORTUNITY.to_owned(), None),
        Some(id) => {
            let known = file.into_iter().flat_map(|file| file.pipelines.iter()).find(|one| *one.id == *id);
            let step = known.and_then(|pipeline| Some((pipeline, pipeline.steps.first()?)));
            let unknown = || Error::invalid("pipeline", "is not one of the methodology");
            let (pipeline, step) = step.ok_or_else(unknown)?;
            (pipeline.subject.to_string(), Some(entered(pipeline, step)))
        }
    };
    let offer = match new.offer.as_deref() {
        None => None,
        Some(id) => {
            let known = file.into_iter().flat_map(|file| file.offers.iter()).find(|one| *one.id == *id);
            let known = known.map(|offer| (offer.id.to_string(), offer.name.to_string()));
            Some(known.ok_or_else(|| Error::invalid("offer", "is not one of the methodology"))?)
        }
    };
    let written = new.written.stored();
    Ok(Opened {
        id: Uuid::now_v7(),
        account,
        subject,
        enters,
        title: written.title,
        why: written.why,
        offer,
        amount: written.amount,
        owner: written.owner,
        by: actor.0.clone(),
        rule: None,
        once,
    })
}

/// Counts an item where events called by its subject would count. What rules open does not count: it follows from the
/// data and says nothing new.
async fn count(
    tx: &mut TenantTx,
    scope: &TenantScope,
    item: &Item,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let called = normalise(&item.subject);
    let is_fed = |metric: &db::metrics::Metric| {
        let event = metric.event.as_deref().filter(|event| *event != "*");
        metric.kind == "counter"
            && metric.property.is_none()
            && event.is_some_and(|event| normalise(event) == called)
    };
    let today = scope.day_of(now);
    let fed = db::metrics::list(tx).await?.into_iter().filter(is_fed);
    let increments: Vec<Increment> = fed
        .map(|metric| Increment {
            account_id: item.account_id,
            metric_id: metric.id,
            day: today,
            count: 1,
            sum: "0".to_owned(),
        })
        .collect();
    if !increments.is_empty() {
        db::metrics::add(tx, &increments, today).await?;
        db::accounts::mark_dirty(tx, &[item.account_id], now).await?;
    }
    Ok(())
}
