//! The same accounts by two methodologies, from one load of their facts.

use chrono::{Duration, NaiveDate};
use uuid::Uuid;

use super::facts::{AccountData, Loaded};
use super::load::{Rows, asks_for_meetings, exchange, load_back, past_scores};
use crate::app::methodology::InForce;
use crate::app::{App, Result};
use crate::db::TenantScope;
use crate::db::previews::Outcome;
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
        let meetings = asks_for_meetings(before) || asks_for_meetings(after);
        let Rows { metrics, rows, past, overrides, by_hand } =
            load_back(&mut tx, look_back, meetings, accounts, day, day, day, false).await?;
        let exchange = exchange(&mut tx, scope).await?;
        // Each reads of these as many days as its own windows hold.
        let looks_back = |by: &InForce| by.methodology.health_look_back;
        let longest = if looks_back(before) >= looks_back(after) { before } else { after };
        let history = past_scores(&mut tx, longest, accounts, day, day - Duration::days(1)).await?;
        drop(tx);
        let evaluate = |loaded: &Loaded<'_>, by: &InForce| -> Result<Vec<Option<Said>>> {
            let said = |account: AccountData<'_>| {
                let standing = loaded.standing(&account, day, day);
                standing.churned_on.is_none().then(|| {
                    let mut facts = loaded.facts(&account, &standing, day, day);
                    facts.health_history = history.get(&account.row.id).cloned().unwrap_or_default();
                    let arr = standing.arr_base.map(|money| money.minor);
                    (account.row.id, arr, by.methodology.evaluate(&facts))
                })
            };
            loaded.accounts().map(|account| account.map(said)).collect()
        };
        // Each looks back as far as it would by itself: an older sample must not count for one because of the other.
        let since = |by: &InForce| day - Duration::days(by.look_back());
        let loaded = Loaded::new(&before.methodology, &exchange, &metrics, rows, past, overrides, by_hand);
        let loaded = loaded.read_by(&before.methodology, &metrics, since(before));
        let said_before = evaluate(&loaded, before)?;
        let loaded = loaded.read_by(&after.methodology, &metrics, since(after));
        let said_after = evaluate(&loaded, after)?;
        let both = said_before.into_iter().zip(said_after);
        Ok(both.filter_map(|(before, after)| Some(outcome(&before?, &after?.2))).collect())
    }
}

/// An account, its ARR, and what a methodology says of it.
type Said = (Uuid, Option<i64>, Evaluation);

fn outcome((account_id, arr_base_minor, before): &Said, after: &Evaluation) -> Outcome {
    let text = |id: &Option<crate::domain::Id>| id.as_deref().map(str::to_owned);
    let newly = |was: &Evaluation, is: &Evaluation| -> Vec<String> {
        let fired = |id: &str| was.rules.iter().any(|firing| *firing.id == *id);
        is.rules.iter().filter(|firing| !fired(&firing.id)).map(|firing| firing.id.to_string()).collect()
    };
    Outcome {
        account_id: *account_id,
        segment_before: text(&before.segment),
        segment_after: text(&after.segment),
        score_before: before.health.health,
        score_after: after.health.health,
        band_before: text(&before.band),
        band_after: text(&after.band),
        arr_base_minor: *arr_base_minor,
        started: newly(before, after),
        stopped: newly(after, before),
    }
}
