//! Which steps before renewals fall into some days, without working out every account.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use uuid::Uuid;

use crate::app::methodology::InForce;
use crate::app::{App, Result};
use crate::db::accounts::Account;
use crate::db::{self, TenantScope};
use crate::domain::playbook::Planned;

/// A dated step before an account's renewal.
#[derive(Debug, Clone)]
pub struct Milestone {
    /// Whose renewal.
    pub account: Account,
    /// When it renews.
    pub renewal: NaiveDate,
    /// What is to be done.
    pub title: String,
    /// The day it was planned for.
    pub day: NaiveDate,
}

impl App {
    /// The milestones planned from one day to another, of one CSM's accounts or of everyone's, by day. At most
    /// `limit` accounts are looked at, those that renew soonest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn milestones_between(
        &self,
        scope: &TenantScope,
        owner: Option<Uuid>,
        from: NaiveDate,
        to: NaiveDate,
        limit: i64,
    ) -> Result<Vec<Milestone>> {
        let Some(in_force) = self.methodology(scope).await? else { return Ok(Vec::new()) };
        let days = renewal_days(&in_force, from, to);
        let mut tx = self.db.read(scope).await?;
        let accounts = db::accounts::renewing_on(&mut tx, owner, &days, limit).await?;
        drop(tx);
        // Only where timelines depend on the account does it have to be worked out.
        let [timeline] = &*in_force.methodology.renewals else {
            return self.by_assessment(scope, accounts, from, to).await;
        };
        if timeline.when.is_some() {
            return self.by_assessment(scope, accounts, from, to).await;
        }
        let playbook = &in_force.methodology.playbooks[timeline.playbook];
        let planned = accounts.into_iter().filter_map(|account| {
            let renewal = account.renewal_date?;
            Some((account, renewal, playbook.plan(renewal, None)))
        });
        Ok(within(planned, from, to))
    }

    async fn by_assessment(
        &self,
        scope: &TenantScope,
        accounts: Vec<Account>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Milestone>> {
        let ids: Vec<Uuid> = accounts.iter().map(|account| account.id).collect();
        let today = self.clock.today(scope.time_zone());
        let mut assessed: HashMap<Uuid, _> = self.assess_many(scope, &ids, today).await?;
        let planned = accounts.into_iter().filter_map(|account| {
            let renewal = assessed.remove(&account.id)?.evaluation.renewal?;
            Some((account, renewal.date, renewal.milestones))
        });
        Ok(within(planned, from, to))
    }
}

/// The renewal dates for which some timeline plans something within the days.
fn renewal_days(in_force: &InForce, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
    let methodology = &in_force.methodology;
    let anchor = from;
    let offsets: BTreeSet<i64> = methodology
        .renewals
        .iter()
        .flat_map(|timeline| methodology.playbooks[timeline.playbook].plan(anchor, None))
        .filter_map(|planned| Some((planned.planned? - anchor).num_days()))
        .collect();
    let days: BTreeSet<NaiveDate> = offsets
        .iter()
        .flat_map(|offset| from.iter_days().take_while(|day| *day <= to).map(move |day| (day, *offset)))
        .map(|(day, offset)| day - chrono::Duration::days(offset))
        .collect();
    days.into_iter().collect()
}

fn within(
    planned: impl Iterator<Item = (Account, NaiveDate, Vec<Planned>)>,
    from: NaiveDate,
    to: NaiveDate,
) -> Vec<Milestone> {
    let mut found: Vec<Milestone> = planned
        .flat_map(|(account, renewal, steps)| {
            steps.into_iter().filter_map(move |step| {
                let day = step.planned.filter(|day| (from..=to).contains(day))?;
                Some(Milestone { account: account.clone(), renewal, title: step.title.to_string(), day })
            })
        })
        .collect();
    found.sort_by(|a, b| (a.day, &a.account.name).cmp(&(b.day, &b.account.name)));
    found
}
