//! What scoring does to renewals, inside its transaction: it opens them at their window, keeps their contracts,
//! strategy and likelihood as things are, and closes those of which the contracts tell the end.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::watch::{Fate, Watch};
use super::{BY_CONTRACTS, USUAL_WINDOW, kind_of};
use crate::app::methodology::InForce;
use crate::app::scoring::{Exchange, Standing};
use crate::app::{Actor, Result};
use crate::db::renewals::{Amount, Change, Closed, Due, Linked, Modelled, New, Renewal};
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::backtest::Calibration;
use crate::domain::forecast::{Kind, likelihood};
use crate::domain::methodology::Evaluation;
use crate::domain::timeline;

/// Follows the renewals of accounts as they are evaluated today. The accounts' states must be locked; doing it twice
/// changes nothing.
///
/// # Errors
/// When the database fails.
pub(in crate::app) async fn follow(
    tx: &mut TenantTx,
    scope: &TenantScope,
    in_force: &InForce,
    evaluated: &[(Uuid, &Evaluation, &Standing)],
    now: DateTime<Utc>,
) -> Result<()> {
    let today = scope.day_of(now);
    let ids: Vec<Uuid> = evaluated.iter().map(|(id, ..)| *id).collect();
    let mut open = db::renewals::open_of(tx, &ids).await?;
    // A clock that stands before the day one was opened, as while the past is loaded, says nothing of it.
    open.retain(|renewal| renewal.opened_on <= today);
    let has_open: HashSet<Uuid> = open.iter().map(|renewal| renewal.account_id).collect();
    let is_near = |(id, evaluation, standing): &&(Uuid, &Evaluation, &Standing)| {
        let days = standing.renewal.map(|date| (date - today).num_days());
        has_open.contains(id) || days.is_some_and(|days| days <= window(in_force, evaluation))
    };
    let near: HashMap<Uuid, &Evaluation> =
        evaluated.iter().filter(is_near).map(|(id, evaluation, _)| (*id, *evaluation)).collect();
    if near.is_empty() {
        return Ok(());
    }
    let mut accounts: Vec<Uuid> = near.keys().copied().collect();
    accounts.sort_unstable();
    let contracts = db::renewals::contracts_of(tx, &accounts).await?;
    let open_ids: Vec<Uuid> = open.iter().map(|renewal| renewal.id).collect();
    let linked = db::renewals::linked(tx, &open_ids).await?;
    let exchange = Exchange::new(scope.currency(), &db::contracts::rates(tx).await?);
    let mut followed = Followed { in_force, exchange, today, now, entries: Vec::new() };
    let left = followed.settle(tx, open, &contracts, &linked).await?;
    let opened = followed.open(tx, &near, &contracts, &left).await?;
    followed.keep(tx, &near, &contracts, left, opened).await?;
    db::timeline::append(tx, &followed.entries, now).await?;
    Ok(())
}

/// Days before its date from which a renewal of the account is open.
fn window(in_force: &InForce, evaluation: &Evaluation) -> i64 {
    let timeline = evaluation.renewal.as_ref().and_then(|renewal| renewal.timeline.as_deref());
    let timelines = &in_force.methodology.renewals;
    timeline.and_then(|id| timelines.iter().find(|t| *t.id == *id)).map_or(USUAL_WINDOW, |t| t.window)
}

/// One pass over some accounts.
struct Followed<'m> {
    in_force: &'m InForce,
    exchange: Exchange,
    today: NaiveDate,
    now: DateTime<Utc>,
    entries: Vec<Entry>,
}

/// The contracts of one account among those of many, which are in order of accounts.
fn of(contracts: &[Due], account: Uuid) -> &[Due] {
    let from = contracts.partition_point(|due| due.account_id < account);
    let to = contracts.partition_point(|due| due.account_id <= account);
    &contracts[from..to]
}

impl Followed<'_> {
    /// Closes, moves and forgets open renewals as the contracts say; returns those that are still open.
    async fn settle(
        &mut self,
        tx: &mut TenantTx,
        open: Vec<Renewal>,
        contracts: &[Due],
        linked: &[Linked],
    ) -> Result<Vec<Renewal>> {
        let mut left = Vec::new();
        for mut renewal in open {
            let watch = Watch::new(of(contracts, renewal.account_id), self.today);
            let own: Vec<&Linked> = linked.iter().filter(|link| link.renewal_id == renewal.id).collect();
            let ids: Vec<Uuid> = own.iter().map(|link| link.contract_id).collect();
            match watch.fate(&renewal, &ids, &watch.pending()) {
                Fate::Pending(_) => left.push(renewal),
                Fate::Gone => db::renewals::remove(tx, renewal.id).await?,
                Fate::Decided { on, after } => {
                    self.decide(tx, &renewal, &own, on, &after, watch.contracts).await?;
                }
                Fate::Moved(day) => {
                    if db::renewals::move_to(tx, renewal.id, day).await? {
                        renewal.renews_on = day;
                        left.push(renewal);
                    } else {
                        db::renewals::remove(tx, renewal.id).await?;
                    }
                }
            }
        }
        Ok(left)
    }

    /// Closes a renewal as the contracts tell it: its own that go on, and those that follow.
    async fn decide(
        &mut self,
        tx: &mut TenantTx,
        renewal: &Renewal,
        own: &[&Linked],
        on: NaiveDate,
        after: &[usize],
        contracts: &[Due],
    ) -> Result<()> {
        let arr_now = |id: Uuid| {
            let at = after.iter().find(|at| contracts[**at].id == id)?;
            Some(contracts[*at].contract.arr_minor)
        };
        let mut links: Vec<(Uuid, Uuid, i64, String)> =
            own.iter().map(|l| (renewal.id, l.contract_id, l.arr_minor, l.currency.clone())).collect();
        let mut worth: Vec<(Uuid, i64)> =
            own.iter().map(|l| (l.contract_id, arr_now(l.contract_id).unwrap_or(0))).collect();
        for due in after.iter().map(|at| &contracts[*at]) {
            if own.iter().all(|link| link.contract_id != due.id) {
                links.push((renewal.id, due.id, 0, due.contract.currency.clone()));
                worth.push((due.id, due.contract.arr_minor));
            }
        }
        let amounts: Vec<Amount> = links
            .iter()
            .zip(&worth)
            .map(|(link, (_, after))| Amount {
                currency: link.3.clone(),
                before: link.2,
                after: Some(*after),
            })
            .collect();
        let kind = kind_of(&amounts, &self.exchange, after.is_empty());
        db::renewals::link(tx, &links).await?;
        db::renewals::set_after(tx, renewal.id, &worth).await?;
        let by = Actor::holdfast();
        let closed = Closed {
            outcome: kind.word(),
            told_by: "contracts",
            at: self.now,
            on: self.today,
            by: &by.0,
            effective_on: on,
            term_months: None,
            reason: kind.needs_reason().then_some("unknown"),
            note: BY_CONTRACTS,
            competitor: "",
        };
        if db::renewals::close(tx, renewal.id, &closed).await? {
            super::close::stop_milestones(tx, renewal, &closed).await?;
            self.entries.push(closed_entry(renewal, kind, &amounts, &closed));
        }
        Ok(())
    }

    /// Opens renewals whose window is reached, and those that are overdue already when they are first seen.
    async fn open(
        &mut self,
        tx: &mut TenantTx,
        near: &HashMap<Uuid, &Evaluation>,
        contracts: &[Due],
        left: &[Renewal],
    ) -> Result<Vec<Renewal>> {
        let known: HashSet<(Uuid, NaiveDate)> = left.iter().map(|r| (r.account_id, r.renews_on)).collect();
        let mut new = Vec::new();
        for (account, evaluation) in near {
            let window = window(self.in_force, evaluation);
            let timeline = evaluation.renewal.as_ref().and_then(|renewal| renewal.timeline.as_deref());
            for renews_on in Watch::new(of(contracts, *account), self.today).pending().into_keys() {
                let is_open = (renews_on - self.today).num_days() <= window;
                if is_open && !known.contains(&(*account, renews_on)) {
                    new.push(New { account: *account, renews_on, timeline: timeline.map(str::to_owned) });
                }
            }
        }
        new.sort_by_key(|one| (one.account, one.renews_on));
        Ok(db::renewals::open(tx, &new, self.today, self.now).await?)
    }

    /// Contracts, strategy and likelihood of all that are open.
    async fn keep(
        &mut self,
        tx: &mut TenantTx,
        near: &HashMap<Uuid, &Evaluation>,
        contracts: &[Due],
        left: Vec<Renewal>,
        opened: Vec<Renewal>,
    ) -> Result<()> {
        let first_new = left.len();
        let all: Vec<Renewal> = left.into_iter().chain(opened).collect();
        if all.is_empty() {
            return Ok(());
        }
        let calibration: Option<Calibration> = db::renewals::calibration(tx, self.in_force.version)
            .await?
            .and_then(|json| serde_json::from_value(json).ok());
        let (mut links, mut changes, mut modelled) = (Vec::new(), Vec::new(), Vec::new());
        for (at, renewal) in all.iter().enumerate() {
            let Some(evaluation) = near.get(&renewal.account_id) else { continue };
            let watch = Watch::new(of(contracts, renewal.account_id), self.today);
            let mut amounts: Vec<Amount> = Vec::new();
            for due in watch.pending().remove(&renewal.renews_on).unwrap_or_default() {
                let due = &watch.contracts[due];
                let (minor, currency) = (due.contract.arr_minor, due.contract.currency.clone());
                amounts.push(Amount { currency: currency.clone(), before: minor, after: None });
                links.push((renewal.id, due.id, minor, currency));
            }
            let is_new = at >= first_new;
            let change = self.change(renewal, evaluation);
            if is_new {
                self.entries.push(self.opened_entry(renewal, evaluation, &amounts));
            } else if let Some(change) = &change {
                self.entries.push(self.change_entry(renewal, change));
            }
            changes.extend(change);
            modelled.extend(self.modelled(renewal, evaluation, calibration.as_ref()));
        }
        db::renewals::link(tx, &links).await?;
        db::renewals::change_strategies(tx, &changes, self.today, self.now).await?;
        db::renewals::model(tx, &modelled).await?;
        Ok(())
    }

    fn change(&self, renewal: &Renewal, evaluation: &Evaluation) -> Option<Change> {
        let planned = evaluation.renewal.as_ref();
        let to = planned.and_then(|planned| planned.strategy.as_deref()).map(str::to_owned);
        (to != renewal.strategy).then(|| Change {
            id: Uuid::now_v7(),
            renewal: renewal.id,
            timeline: planned.and_then(|planned| planned.timeline.as_deref()).map(str::to_owned),
            from: renewal.strategy.clone(),
            to,
            why: self.why(evaluation),
        })
    }

    /// `Health 69, Red.`
    fn why(&self, evaluation: &Evaluation) -> String {
        let health = &self.in_force.methodology.health;
        match (evaluation.health.health, evaluation.health.band) {
            (Some(score), Some(band)) => {
                format!("Health {}, {}.", health.shown(score), health.bands[band].name)
            }
            (Some(score), None) => format!("Health {}.", health.shown(score)),
            _ => "No score.".to_owned(),
        }
    }

    fn strategy_name(&self, id: Option<&str>) -> String {
        let mut all = self.in_force.methodology.renewals.iter().flat_map(|timeline| &timeline.strategies);
        let named = id.and_then(|id| all.find(|s| *s.id == *id)).map(|strategy| strategy.name.to_string());
        named.or_else(|| id.map(str::to_owned)).unwrap_or_else(|| "none".to_owned())
    }

    fn modelled(
        &self,
        renewal: &Renewal,
        evaluation: &Evaluation,
        calibration: Option<&Calibration>,
    ) -> Option<Modelled> {
        let now = calibration.and_then(|c| likelihood(c, evaluation.health.computed?));
        let version = now.map(|_| self.in_force.version);
        ((now, version) != (renewal.modelled, renewal.modelled_by)).then_some(Modelled {
            renewal: renewal.id,
            likelihood: now,
            version,
        })
    }

    fn opened_entry(&self, renewal: &Renewal, evaluation: &Evaluation, amounts: &[Amount]) -> Entry {
        let strategy = evaluation.renewal.as_ref().and_then(|planned| planned.strategy.as_deref());
        let title = format!("The renewal on {} is open", renewal.renews_on.format("%-d %b %Y"));
        let body = match strategy {
            Some(_) => format!("Strategy: {}. {}", self.strategy_name(strategy), self.why(evaluation)),
            None => String::new(),
        };
        Entry {
            about: Some(renewal.id),
            body,
            data: json!({ "renews_on": renewal.renews_on, "timeline": renewal.timeline, "strategy": strategy,
                          "arr": said(amounts) }),
            once: Some(format!("renewal_opened:{}", renewal.id)),
            ..Entry::new(timeline::Kind::RenewalOpened, Some(renewal.account_id), self.now, title)
        }
    }

    fn change_entry(&self, renewal: &Renewal, change: &Change) -> Entry {
        let (from, to) =
            (self.strategy_name(change.from.as_deref()), self.strategy_name(change.to.as_deref()));
        Entry {
            about: Some(renewal.id),
            body: change.why.clone(),
            data: json!({ "renews_on": renewal.renews_on, "from": change.from, "to": change.to }),
            once: Some(format!("strategy:{}", change.id)),
            ..Entry::new(
                timeline::Kind::StrategyChanged,
                Some(renewal.account_id),
                self.now,
                format!("Renewal strategy: {from} → {to}"),
            )
        }
    }
}

/// Amounts for machines.
fn said(amounts: &[Amount]) -> serde_json::Value {
    let one =
        |a: &Amount| json!({ "currency": a.currency, "before_minor": a.before, "after_minor": a.after });
    amounts.iter().map(one).collect()
}

/// The entry of an outcome, of whoever told it.
pub(super) fn closed_entry(renewal: &Renewal, kind: Kind, amounts: &[Amount], closed: &Closed<'_>) -> Entry {
    let day = renewal.renews_on.format("%-d %b %Y");
    let severity = match kind {
        Kind::Churned => Some("critical"),
        Kind::Shrunk => Some("medium"),
        Kind::Renewed | Kind::Expanded => None,
    };
    Entry {
        about: Some(renewal.id),
        actor: closed.by.to_owned(),
        severity,
        body: closed.note.to_owned(),
        data: json!({ "renews_on": renewal.renews_on, "outcome": kind.word(), "told_by": closed.told_by,
                      "effective_on": closed.effective_on, "reason": closed.reason,
                      "competitor": closed.competitor, "arr": said(amounts) }),
        once: Some(format!("renewal_closed:{}:{}", renewal.id, closed.at.timestamp_micros())),
        ..Entry::new(
            timeline::Kind::RenewalClosed,
            Some(renewal.account_id),
            closed.at,
            format!("Renewal of {day}: {}", kind.label().to_lowercase()),
        )
    }
}
