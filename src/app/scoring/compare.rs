//! The same accounts by two methodologies, from one load of their facts.

use std::collections::HashMap;

use chrono::{Duration, NaiveDate};
use uuid::Uuid;

use super::facts::{AccountData, Loaded};
use super::{COMPARE_DAYS, exchange, load_back};
use crate::app::methodology::InForce;
use crate::app::{App, Result};
use crate::db::previews::Outcome;
use crate::db::{self, TenantScope};
use crate::domain::methodology::Evaluation;

impl App {
    /// What two methodologies say of some accounts today, by everything known: exactly what scoring them would. Only
    /// accounts in business; nothing is stored.
    pub(in crate::app) async fn score_by_both(
        &self,
        scope: &TenantScope,
        (before, after): (&InForce, &InForce),
        accounts: &[Uuid],
        day: NaiveDate,
    ) -> Result<Vec<Outcome>> {
        let mut tx = self.db.read(scope).await?;
        let look_back = before.look_back().max(after.look_back());
        let rows = load_back(&mut tx, look_back, accounts, day, day, day).await?;
        let exchange = exchange(&mut tx, scope).await?;
        let (from, to) = (day - Duration::days(COMPARE_DAYS.into()), day - Duration::days(1));
        let mut history: HashMap<Uuid, Vec<(NaiveDate, f64)>> = HashMap::new();
        for point in db::scores::history(&mut tx, accounts, from, to).await? {
            history.entry(point.account_id).or_default().extend(point.score.map(|score| (point.day, score)));
        }
        drop(tx);
        let metrics = rows.metrics;
        let evaluate = |loaded: &Loaded<'_>, by: &InForce, account: &AccountData| -> Option<Evaluation> {
            let standing = loaded.standing(account, day);
            if standing.churned_on.is_some() {
                return None;
            }
            let mut facts = loaded.facts(account, &standing, day, day);
            facts.health_history = history.get(&account.row.id).cloned().unwrap_or_default();
            Some(by.methodology.evaluate(&facts))
        };
        let loaded = Loaded::new(&before.methodology, &exchange, &metrics, rows.rows);
        let all = |loaded: &Loaded<'_>, by: &InForce| -> Vec<Option<Evaluation>> {
            loaded.accounts().iter().map(|account| evaluate(loaded, by, account)).collect()
        };
        let said_before = all(&loaded, before);
        let loaded = loaded.read_by(&after.methodology, &metrics);
        let said_after = all(&loaded, after);
        let both = said_before.into_iter().zip(said_after);
        let outcome = |(account, (before, after)): (&AccountData, (Option<_>, Option<_>))| {
            let arr = loaded.standing(account, day).arr_base.map(|money| money.minor);
            Some(outcome(account.row.id, arr, &before?, &after?))
        };
        Ok(loaded.accounts().iter().zip(both).filter_map(outcome).collect())
    }
}

fn outcome(
    account_id: Uuid,
    arr_base_minor: Option<i64>,
    before: &Evaluation,
    after: &Evaluation,
) -> Outcome {
    let text = |id: &Option<crate::domain::Id>| id.as_deref().map(str::to_owned);
    let newly = |was: &Evaluation, is: &Evaluation| -> Vec<String> {
        let fired = |id: &str| was.rules.iter().any(|firing| *firing.id == *id);
        is.rules.iter().filter(|firing| !fired(&firing.id)).map(|firing| firing.id.to_string()).collect()
    };
    Outcome {
        account_id,
        segment_before: text(&before.segment),
        segment_after: text(&after.segment),
        score_before: before.health.health,
        score_after: after.health.health,
        band_before: text(&before.band),
        band_after: text(&after.band),
        arr_base_minor,
        started: newly(before, after),
        stopped: newly(after, before),
    }
}
