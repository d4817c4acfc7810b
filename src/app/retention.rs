//! Retention figures: from the contracts of accounts and the outcomes of renewals; and what became of onboardings, for
//! the KPIs that count them.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::renewals::in_base;
use super::scoring::Exchange;
use super::{App, Result};
use crate::db::renewals::{Amount, Filter, Life};
use crate::db::{self, TenantScope};
use crate::domain::kpi::KpiValue;
use crate::domain::money::{Currency, Money};
use crate::domain::retention::{Bridges, Renewed, Worth, measures};

/// Whose retention, in which currency.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Accounts of this segment, as they are today.
    pub segment: Option<String>,
    /// Accounts of this CSM; `Some(None)` for those without one.
    pub owner: Option<Option<uuid::Uuid>>,
    /// Only contracts in this currency, at their own amounts; without it all of them in the tenant's currency.
    pub currency: Option<Currency>,
    /// Months, the current one included.
    pub months: u32,
}

/// Retention of a period.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Month by month, and the whole.
    pub bridges: Bridges,
    /// What was up for renewal and decided, by the first day of the month.
    pub renewed_months: BTreeMap<NaiveDate, Renewed>,
    /// The same over the whole period.
    pub renewed: Renewed,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Accounts left out for want of an exchange rate.
    pub unconverted: i64,
    /// The methodology's KPIs that these figures answer, with segment targets where one was asked for.
    pub kpis: Vec<KpiValue>,
}

impl App {
    /// Retention up to a day. A renewal that is decided counts in the month its outcome applies from.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retention(&self, scope: &TenantScope, asked: &Asked, to: NaiveDate) -> Result<Retention> {
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.read(scope).await?;
        let exchange = Exchange::new(scope.currency(), &db::contracts::rates(&mut tx).await?);
        let filter = Filter { owner: asked.owner, segment: asked.segment.clone(), ..Filter::default() };
        let lives = db::renewals::lives(&mut tx, &filter).await?;
        let mut bridges = Bridges::new(to, asked.months);
        let decided = db::renewals::decided(&mut tx, &filter, bridges.from, to).await?;
        let onboardings =
            db::plays::onboardings(&mut tx, asked.owner, asked.segment.as_deref(), bridges.from, to).await?;
        drop(tx);
        let mut unconverted = 0;
        for account in lives.chunk_by(|a, b| a.account_id == b.account_id) {
            match worth(account, asked.currency, &exchange) {
                Some(contracts) => bridges.add(&contracts),
                None => unconverted += 1,
            }
        }
        let (mut renewed, mut renewed_months) = (Renewed::default(), BTreeMap::<_, Renewed>::new());
        for one in decided {
            if let Some((before, after)) = amounts_in(&one.amounts(), asked.currency, &exchange) {
                renewed.add(before, after);
                let month = crate::domain::retention::month_of(one.effective_on);
                renewed_months.entry(month).or_default().add(before, after);
            }
        }
        let currency = asked.currency.unwrap_or(exchange.base());
        let mut retention =
            Retention { bridges, renewed_months, renewed, currency, unconverted, kpis: Vec::new() };
        if let Some(in_force) = in_force {
            let segment = asked.segment.as_deref();
            retention.kpis = kpis(&in_force.methodology, &retention, onboardings, segment, to);
        }
        Ok(retention)
    }
}

/// The contracts of one account with their worth; none when one of them cannot be converted.
fn worth(lives: &[Life], only: Option<Currency>, exchange: &Exchange) -> Option<Vec<Worth>> {
    let mut contracts = Vec::with_capacity(lives.len());
    for life in lives {
        let currency: Currency = life.currency.parse().ok()?;
        let money = Money::from_minor(life.arr_minor, currency);
        match only {
            Some(only) if only != currency => {}
            Some(_) => contracts.push(Worth { term: life.term(), minor: money.minor }),
            None => contracts.push(Worth { term: life.term(), minor: exchange.to_base(money)?.minor }),
        }
    }
    Some(contracts)
}

fn amounts_in(amounts: &[Amount], only: Option<Currency>, exchange: &Exchange) -> Option<(i64, Option<i64>)> {
    match only {
        None => in_base(amounts, exchange),
        Some(only) => {
            let own: Vec<Amount> = amounts.iter().filter(|a| a.currency == only.code()).cloned().collect();
            (!own.is_empty()).then(|| in_base(&own, &Exchange::new(only.code(), &[])))?
        }
    }
}

/// The KPIs whose formula needs nothing but these figures; `onboardings` are those that succeeded, of all that were
/// judged.
fn kpis(
    methodology: &crate::domain::methodology::Methodology,
    retention: &Retention,
    onboardings: (i64, i64),
    segment: Option<&str>,
    to: NaiveDate,
) -> Vec<KpiValue> {
    let scale = 10_f64.powi(i32::try_from(retention.currency.decimals()).unwrap_or(2));
    let mut facts = methodology.blank_facts(to);
    let (succeeded, judged) = onboardings;
    let of_onboarding =
        [("onboardings_succeeded", succeeded as f64), ("onboardings_completed", judged as f64)];
    let all = measures(&retention.bridges.whole, &retention.renewed, scale).into_iter().chain(of_onboarding);
    for (name, value) in all {
        if let Some(id) = methodology.measure(name) {
            facts.measures[usize::from(id.0)] = Some(value);
        }
    }
    methodology.kpis(&facts, segment).into_iter().filter(|kpi| kpi.value.is_some()).collect()
}
