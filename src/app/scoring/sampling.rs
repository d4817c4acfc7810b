//! Account-days for a backtest: each scored as known then, with what happened afterwards as known now.

use std::collections::HashMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::facts::AccountData;
use super::standing::{Exchange, Standing};
use super::{exchange, load};
use crate::app::methodology::InForce;
use crate::app::{App, Result};
use crate::db::{self, TenantScope};
use crate::domain::backtest::{BandName, Leaf, ModelShape, Outcome, Sample, Samples, Settings};
use crate::domain::facts::Facts;
use crate::domain::health::{Explained, Model};

/// What scores account-days: a methodology, the days, and today, by which everything that happened is known.
pub(in crate::app) struct Sampler<'a> {
    pub(in crate::app) app: &'a App,
    pub(in crate::app) scope: &'a TenantScope,
    pub(in crate::app) in_force: &'a InForce,
    pub(in crate::app) settings: &'a Settings,
    pub(in crate::app) today: NaiveDate,
}

/// What is told of an account-day to somebody who hears of each.
pub(in crate::app) struct Told<'a> {
    pub(in crate::app) external_id: &'a str,
    pub(in crate::app) sample: &'a Sample,
    pub(in crate::app) churned_on: Option<NaiveDate>,
    pub(in crate::app) health: &'a Explained,
}

impl Sampler<'_> {
    /// No account-days yet, of the methodology's models and bands.
    pub(in crate::app) fn none_yet(&self) -> Samples {
        let health = &self.in_force.methodology.health;
        let band = |(at, band): (usize, &crate::domain::health::Band)| BandName {
            id: band.id.to_string(),
            name: band.name.to_string(),
            tone: self.in_force.tone(at).word().to_owned(),
        };
        let bands = health.bands.iter().enumerate().map(band).collect();
        Samples::new(health.models.iter().map(shape).collect(), bands)
    }

    /// Adds the days of some accounts; `tell` hears of each.
    pub(in crate::app) async fn add(
        &self,
        ids: &[Uuid],
        samples: &mut Samples,
        mut tell: impl FnMut(Told<'_>),
    ) -> Result<()> {
        let settings = self.settings;
        let mut tx = self.app.db.read(self.scope).await?;
        let rows = load(&mut tx, self.in_force, ids, settings.from, settings.to, settings.to, true).await?;
        let exchange = exchange(&mut tx, self.scope).await?;
        let accounts = db::accounts::by_ids(&mut tx, ids).await?;
        drop(tx);
        let names: HashMap<Uuid, (String, String)> =
            accounts.into_iter().map(|account| (account.id, (account.external_id, account.name))).collect();
        let loaded = rows.ready(self.in_force, &exchange);
        for data in loaded.accounts() {
            let data = &data?;
            let Some((external_id, name)) = names.get(&data.row.id) else { continue };
            let churned_on = Standing::of(data.contracts, self.today, &exchange).churned_on;
            let account = samples.account(external_id, name, churned_on);
            let mut history: Vec<(NaiveDate, f64)> = Vec::new();
            for day in settings.days() {
                if churned_on.is_some_and(|churned| churned <= day) {
                    break;
                }
                let (contracts, entered_later) = data.contracts_as_of(day, day);
                let standing = Standing::of(&contracts, day, &exchange);
                // Without a contract in force there is nothing to lose.
                if standing.renewal.is_none() {
                    continue;
                }
                let mut facts = loaded.facts(data, &standing, day, day);
                facts.health_history.clone_from(&history);
                // It is the model that is tried, not who set a score by hand.
                (facts.health_override, facts.band_override) = (None, None);
                let health = self.health(&facts);
                history.extend(health.health.map(|score| (day, score)));
                let outcome = self.outcome(data, &standing, &exchange, day, churned_on);
                let mut sample = Sample::new(account, day, health.health, outcome);
                sample.entered_later = entered_later;
                sample.arr_minor = standing.arr_base.map_or(0, |money| money.minor);
                sample.days_since_use = silence(&facts);
                sample.alarm = health.band.is_some_and(|band| self.in_force.tone(band).is_at_risk());
                sample.band = health.band.map_or(0, |band| band as u8);
                sample.model = health.primary.map_or(0, |model| model as u8);
                tell(Told { external_id, sample: &sample, churned_on, health: &health });
                samples.push(sample, leaves(self.in_force, &health));
            }
        }
        Ok(())
    }

    fn health(&self, facts: &Facts) -> Explained {
        let methodology = &self.in_force.methodology;
        methodology.explain(&methodology.read(facts))
    }

    /// What became of the account within the horizon. A churn counts from everything known now; shrinking from what
    /// was known by the end of the horizon, so that a correction made years later is none.
    fn outcome(
        &self,
        data: &AccountData<'_>,
        then: &Standing,
        exchange: &Exchange,
        day: NaiveDate,
        churned_on: Option<NaiveDate>,
    ) -> Outcome {
        let end = day + self.settings.horizon();
        if churned_on.is_some_and(|churned| churned <= end) {
            return Outcome::Churned;
        }
        let later = Standing::of(&data.contracts_as_of(end, end).0, end, exchange);
        match (later.arr_base.zip(then.arr_base), then.renewal) {
            (Some((later, then)), _) if later.minor < then.minor => Outcome::Shrank,
            (_, Some(renewal)) if (day..=end).contains(&renewal) => Outcome::Renewed,
            _ => Outcome::Stayed,
        }
    }
}

/// Days since anything was heard of the account.
fn silence(facts: &Facts) -> Option<u16> {
    let days = (facts.as_of - facts.last_event?).num_days();
    Some(u16::try_from(days.max(0)).unwrap_or(u16::MAX))
}

/// The scores of the measures of the model that gave the score.
fn leaves<'a>(in_force: &'a InForce, health: &'a Explained) -> impl Iterator<Item = Option<f64>> + 'a {
    let model = health.primary.unwrap_or_default();
    let nodes = in_force.methodology.health.models.get(model).into_iter().flat_map(|model| &model.nodes);
    let scores = health.models.get(model).into_iter().flat_map(|model| &model.nodes);
    nodes.zip(scores).filter(|(node, _)| node.indicator.is_some()).map(|(_, score)| score.score)
}

fn shape(model: &Model) -> ModelShape {
    // The share of a node of the whole: its own of its siblings, times that of all above it.
    let mut shares: Vec<f64> = Vec::with_capacity(model.nodes.len());
    for node in &model.nodes {
        let above = node.parent.and_then(|parent| shares.get(usize::from(parent))).copied().unwrap_or(1.0);
        shares.push(above * node.weight);
    }
    let leaves = model.nodes.iter().zip(shares).filter(|(node, _)| node.indicator.is_some());
    ModelShape {
        id: model.id.to_string(),
        name: model.name.to_string(),
        leaves: leaves
            .map(|(node, weight)| Leaf { id: node.id.to_string(), name: node.name.to_string(), weight })
            .collect(),
    }
}
