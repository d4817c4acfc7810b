//! What the days do to overrides: they run out, the model comes round, the renewal shows who was right.

use std::collections::HashMap;

use chrono::{Duration, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::outcome::{Decided, decided, recorded, renewal};
use crate::app::scoring::Exchange;
use crate::app::{Actor, App, Result};
use crate::db::contracts::Contract;
use crate::db::overrides::{Judged, Listed};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::judgement::{AGREED_DAYS, Lean, counts_for, right};

/// What a day settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Overrides that ended.
    pub ended: usize,
    /// Renewals that showed who was right.
    pub judged: usize,
}

impl App {
    /// Ends overrides past their last day, those the model has agreed with for [`AGREED_DAYS`] days, and those of
    /// accounts that left; their accounts are scored anew. Then records who was right where a renewal is decided.
    /// Doing it twice changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_overrides(&self, scope: &TenantScope) -> Result<Settled> {
        let now = self.clock.now();
        let today = scope.day_of(now);
        let actor = Actor::holdfast();
        let mut tx = self.db.write(scope).await?;
        // Who was right comes first: an account that left ends its override as well.
        let judged = self.judge(&mut tx, scope, today).await?;
        let ripe = db::overrides::ripe(&mut tx, today, today - Duration::days(AGREED_DAYS)).await?;
        for one in &ripe {
            let reason = match one.set.expires_on < today {
                true => "expired",
                false if one.set.agreed_since.is_some_and(|day| (today - day).num_days() >= AGREED_DAYS) => {
                    "agreed"
                }
                false => "churned",
            };
            self.end_override(&mut tx, scope, &one.external_id, &one.set, reason, &actor).await?;
        }
        let accounts: Vec<Uuid> = ripe.iter().map(|one| one.set.account_id).collect();
        db::accounts::mark_dirty(&mut tx, &accounts, now).await?;
        tx.commit().await?;
        Ok(Settled { ended: ripe.len(), judged })
    }

    async fn judge(&self, tx: &mut TenantTx, scope: &TenantScope, today: NaiveDate) -> Result<usize> {
        let waiting = db::overrides::unjudged(tx).await?;
        let exchange = Exchange::new(scope.currency(), &db::contracts::rates(tx).await?);
        let mut judged = 0;
        for of_account in waiting.chunk_by(|a, b| a.set.account_id == b.set.account_id) {
            let contracts = db::contracts::of_account(tx, of_account[0].set.account_id).await?;
            let closed = db::renewals::closed_of(tx, of_account[0].set.account_id).await?;
            for (decision, sets) in decisions(of_account, &contracts, &closed, today, &exchange) {
                judged += self.record(tx, &decision, &sets).await?;
            }
        }
        Ok(judged)
    }

    /// Holds a renewal against the last override that counts for it; the others are passed over.
    async fn record(&self, tx: &mut TenantTx, decision: &Decided, sets: &[&Listed]) -> Result<usize> {
        let now = self.clock.now();
        let counts = |one: &&&Listed| {
            one.set.set_on <= decision.on
                && one.set.last_day().is_some_and(|last| counts_for(last, decision.on))
        };
        let last = sets.iter().rfind(counts).map(|one| one.set.id);
        let mut judged = 0;
        for one in sets {
            let lean = one.set.lean.as_deref().and_then(Lean::parse).filter(|_| last == Some(one.set.id));
            let shown = lean.map(|lean| Judged {
                outcome: decision.outcome.word(),
                on: decision.on,
                before: decision.before,
                after: decision.after,
                proved: right(lean, decision.outcome).word(),
            });
            let recorded = db::overrides::judge(tx, one.set.id, now, shown.as_ref()).await?;
            if let Some(shown) = shown.filter(|_| recorded) {
                judged += 1;
                let detail = json!({ "outcome": shown.outcome, "right": shown.proved, "set_by": one.set.set_by,
                                     "renewal": shown.on });
                let actor = Actor::holdfast();
                db::audit::record(tx, now, &actor.0, "override.judged", &one.external_id, detail).await?;
            }
        }
        Ok(judged)
    }
}

/// The decided renewals of one account, each with the overrides it is the next renewal of, oldest first.
fn decisions<'o>(
    sets: &'o [Listed],
    contracts: &[Contract],
    closed: &[db::renewals::Decided],
    today: NaiveDate,
    exchange: &Exchange,
) -> Vec<(Decided, Vec<&'o Listed>)> {
    let mut by_renewal: HashMap<NaiveDate, Vec<&Listed>> = HashMap::new();
    for one in sets {
        if let Some(renewal) = renewal(contracts, one.set.set_on, exchange) {
            by_renewal.entry(renewal).or_default().push(one);
        }
    }
    let decide = |(renewal, sets)| {
        let told = recorded(closed, renewal, today, exchange);
        Some((told.or_else(|| decided(contracts, renewal, today, exchange))?, sets))
    };
    by_renewal.into_iter().filter_map(decide).collect()
}
