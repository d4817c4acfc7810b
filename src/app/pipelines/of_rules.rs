//! What rules open: an opportunity in the pipeline that the methodology has for them, once.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::entered;
use crate::app::Result;
use crate::app::methodology::InForce;
use crate::db::alerts::Alert;
use crate::db::pipelines::Opened;
use crate::db::timeline::Entry;
use crate::db::{self, TenantTx};
use crate::domain::pack::schema::{Action, Rule};
use crate::domain::pipeline::{OPPORTUNITY, of_subject};

/// An opportunity that a rule asks for, and the entry that tells of it.
pub(in crate::app) struct Wish {
    opened: Opened,
    entry: Entry,
}

impl Wish {
    /// What the action at a position of a rule asks for because of an alert.
    pub(in crate::app) fn new(
        in_force: &InForce,
        alert: &Alert,
        rule: &Rule,
        (at, action): (usize, &Action),
        by: &str,
        entry: Entry,
    ) -> Wish {
        let file = &in_force.file;
        let named = |id: &str| {
            let known = file.offers.iter().find(|offer| *offer.id == *id);
            (id.to_owned(), known.map_or_else(|| id.to_owned(), |offer| offer.name.to_string()))
        };
        let offer = action.offer.as_deref().map(named);
        let title = action.title.as_deref().or(offer.as_ref().map(|(_, name)| name.as_str()));
        let enters =
            of_subject(&file.pipelines, OPPORTUNITY).map(|pipeline| entered(pipeline, &pipeline.steps[0]));
        let why: Vec<&str> =
            std::iter::once(&*rule.name).chain(alert.reasons.iter().map(String::as_str)).collect();
        let opened = Opened {
            id: Uuid::now_v7(),
            account: alert.account_id,
            subject: OPPORTUNITY.to_owned(),
            enters,
            title: title.unwrap_or(&rule.name).to_owned(),
            why: why.join("\n"),
            offer,
            amount: None,
            owner: None,
            by: by.to_owned(),
            rule: Some((alert.rule.clone(), alert.id)),
            once: Some(format!("alert:{}:{at}", alert.id)),
        };
        Wish { opened, entry }
    }
}

/// Opens what is wished for and not open yet; returns the entries, which lead to the item there is.
pub(in crate::app) async fn granted(
    tx: &mut TenantTx,
    wishes: Vec<Wish>,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<Vec<Entry>> {
    let (opened, entries): (Vec<Opened>, Vec<Entry>) =
        wishes.into_iter().map(|wish| (wish.opened, wish.entry)).unzip();
    let items = db::pipelines::open_by_rules(tx, &opened, now, today).await?;
    Ok(entries.into_iter().zip(items).map(|(entry, item)| Entry { about: item, ..entry }).collect())
}
