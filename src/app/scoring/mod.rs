//! Scoring: facts in, scores and states out. One mechanism for the account whose event just came in, for everybody
//! once a day, and for a stretch of past days.

mod as_of;
mod compare;
mod correct;
mod facts;
mod fold;
mod load;
mod past;
mod sampling;
mod standing;
mod stored;
mod why;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

pub(in crate::app) use facts::KNOWN_MEASURES;
pub(super) use load::facts_on;
pub(super) use sampling::{Sampler, Told};
pub use standing::{Exchange, Standing};
pub use why::{Change, changes, figure};

use super::acting::{self, Acts};
use super::methodology::InForce;
use super::work::Work;
use super::{App, Error, Result, renewals};
use crate::db::scores::Score;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::facts::Facts;
use crate::domain::methodology::Evaluation;
use load::{exchange, known_on, load, past_scores};
use stored::{hear, score_of, state_of};

/// The score a current one is compared with lies this many days back.
pub const COMPARE_DAYS: u16 = 30;
/// Accounts scored in one transaction, for one day.
const CHUNK: i64 = 500;
/// And for a stretch of many days: a transaction must not last long, and every lane needs its share.
const SMALL_CHUNK: i64 = 16;
/// Accounts worked out before others of this process have a turn on the same thread.
const TURN: usize = 16;

/// An account on a day: what the engine says, and what the contracts say.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// Segment, stage, health and its reasons, renewal.
    pub evaluation: Evaluation,
    /// Revenue, seats, start, renewal.
    pub standing: Standing,
}

impl App {
    /// Scores up to `limit` accounts whose facts changed; returns how many. Their place on the list is given up in
    /// the transaction that stores their scores, so a crash loses nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn score_dirty(&self, scope: &TenantScope, limit: i64) -> Result<usize> {
        let today = self.clock.today(scope.time_zone());
        let Some(in_force) = self.methodology(scope).await? else { return Ok(0) };
        let mut tx = self.db.write(scope).await?;
        let Some(dirty) = db::accounts::claim_dirty(&mut tx, limit).await? else { return Ok(0) };
        if dirty.is_empty() {
            return Ok(0);
        }
        let ids: Vec<Uuid> = dirty.iter().map(|d| d.account_id).collect();
        self.score_into(&mut tx, scope, &in_force, &ids, Stretch::just(today), None).await?;
        db::accounts::settle_dirty(&mut tx, &dirty).await?;
        tx.commit().await?;
        metrics::counter!("holdfast_scores_total").increment(ids.len() as u64);
        Ok(ids.len())
    }

    /// Scores every account for one day. A past day takes everything known by now and never replaces a score that is
    /// there.
    ///
    /// # Errors
    /// When somebody stopped the work or the database fails; chunks done before stay done.
    pub async fn score_all(&self, scope: &TenantScope, day: NaiveDate, work: &Work<'_>) -> Result<usize> {
        let today = self.clock.today(scope.time_zone());
        self.score_range(scope, day, day, |_| day.max(today), work).await
    }

    /// Scores every account for each day of a stretch; `known_by` says what may be known for a day.
    ///
    /// # Errors
    /// When somebody stopped the work or the database fails; chunks done before stay done.
    pub async fn score_range(
        &self,
        scope: &TenantScope,
        from: NaiveDate,
        to: NaiveDate,
        known_by: impl Fn(NaiveDate) -> NaiveDate + Send + Sync,
        work: &Work<'_>,
    ) -> Result<usize> {
        let Some(in_force) = self.methodology(scope).await? else {
            return Err(Error::Conflict("The tenant has no methodology: apply a pack first.".into()));
        };
        let mut tx = self.db.read(scope).await?;
        let total = usize::try_from(db::accounts::count(&mut tx).await?).unwrap_or_default();
        drop(tx);
        work.progress(0, total).await?;
        if to == self.clock.today(scope.time_zone()) {
            // A methodology may have been published before roles were known of.
            let mut tx = self.db.write(scope).await?;
            db::roles::ensure(&mut tx, &acting::roles(&in_force.file)).await?;
            tx.commit().await?;
        }
        let lane = Lane {
            app: self.clone(),
            scope: scope.clone(),
            in_force,
            days: Stretch { from, to, known_by: known_by(to) },
            batch: format!("every account on {to}").into(),
            after: Arc::default(),
        };
        let (report, mut reports) = mpsc::unbounded_channel();
        let mut lanes = JoinSet::new();
        for _ in 0..lanes_at_once() {
            lanes.spawn(lane.clone().run(report.clone()));
        }
        drop(report);
        let mut done = 0;
        while let Some(scored) = reports.recv().await {
            done += scored;
            // Of accounts that came meanwhile there may be more than there were.
            work.progress(done, total.max(done)).await?;
        }
        while let Some(lane) = lanes.join_next().await {
            lane.map_err(|error| Error::Internal(error.into()))??;
        }
        if to == self.clock.today(scope.time_zone()) {
            self.settle_alerts(scope, true).await?;
        }
        Ok(done)
    }

    /// An account on a day, worked out afresh from everything known by then.
    ///
    /// # Errors
    /// When the database fails. None when there is no such account or no methodology.
    pub async fn assess(
        &self,
        scope: &TenantScope,
        account: Uuid,
        day: NaiveDate,
    ) -> Result<Option<Assessed>> {
        Ok(self.assess_many(scope, &[account], day).await?.remove(&account))
    }

    /// Some accounts on a day, worked out afresh from everything known by then: one load for all of them.
    ///
    /// # Errors
    /// When the database fails. Accounts that are not there are missing from the answer.
    pub async fn assess_many(
        &self,
        scope: &TenantScope,
        accounts: &[Uuid],
        day: NaiveDate,
    ) -> Result<HashMap<Uuid, Assessed>> {
        match self.methodology(scope).await? {
            Some(in_force) => self.assess_by(scope, &in_force, accounts, day).await,
            None => Ok(HashMap::new()),
        }
    }

    /// Some accounts on a day as any version of the methodology sees them, by nothing but what was known by that
    /// day's end. Nothing is stored.
    ///
    /// # Errors
    /// When the database fails. Accounts that are not there are missing from the answer.
    pub async fn assess_by(
        &self,
        scope: &TenantScope,
        in_force: &Arc<InForce>,
        accounts: &[Uuid],
        day: NaiveDate,
    ) -> Result<HashMap<Uuid, Assessed>> {
        let methodology = &in_force.methodology;
        let assess = |facts: &Facts, standing| Assessed { evaluation: methodology.evaluate(facts), standing };
        self.look_at(scope, in_force, accounts, day, assess).await
    }

    /// What `look` makes of the facts of some accounts on a day.
    pub(in crate::app) async fn look_at<T>(
        &self,
        scope: &TenantScope,
        in_force: &Arc<InForce>,
        accounts: &[Uuid],
        day: NaiveDate,
        look: impl Fn(&Facts, Standing) -> T,
    ) -> Result<HashMap<Uuid, T>> {
        let mut tx = self.db.read(scope).await?;
        let as_then = day < self.clock.today(scope.time_zone());
        let known = known_on(&mut tx, scope, in_force, accounts, day, as_then).await?;
        let seen = |(id, (standing, facts)): (Uuid, (Standing, Facts))| (id, look(&facts, standing));
        Ok(known.into_iter().map(seen).collect())
    }

    /// Scores some accounts for each day of a stretch inside a transaction, and stores what lists read when the
    /// stretch ends today.
    ///
    /// For today it also acts upon what is true; `batch` names the run that sees every account, if this is one.
    pub(in crate::app) async fn score_into(
        &self,
        tx: &mut TenantTx,
        scope: &TenantScope,
        in_force: &Arc<InForce>,
        ids: &[Uuid],
        days: Stretch,
        batch: Option<&str>,
    ) -> Result<()> {
        let Stretch { from, to, known_by } = days;
        let now = self.clock.now();
        let today = scope.day_of(now);
        // Before anything is read: what is acted upon must be what others have left.
        let mut acts = if to == today { Some(Acts::begin(tx, ids, now, today, batch).await?) } else { None };
        let as_then = if from == to { known_by < today } else { from < today };
        let rows = load(tx, in_force, ids, from, to, known_by, as_then).await?;
        let exchange = exchange(tx, scope).await?;
        let loaded = rows.ready(in_force, &exchange);
        let mut history = past_scores(tx, in_force, ids, from, from - Duration::days(1)).await?;
        let mut before: HashMap<Uuid, Score> = db::scores::before(tx, ids, to, COMPARE_DAYS)
            .await?
            .into_iter()
            .map(|s| (s.account_id, s))
            .collect();
        let (mut scores, mut states, mut heard) = (Vec::new(), Vec::new(), Vec::new());
        let mut evaluated: Vec<(Uuid, Evaluation, Standing)> = Vec::new();
        for (at, data) in loaded.accounts().enumerate() {
            if at % TURN == 0 {
                tokio::task::yield_now().await;
            }
            let data = &data?;
            let history = history.entry(data.row.id).or_default();
            let mut day = from;
            while day <= to {
                // A past day sees what was known by its own end, unless it is asked with later knowledge.
                let known_by = if from == to { known_by } else { day };
                let standing = loaded.standing(data, day, known_by);
                let mut facts = loaded.facts(data, &standing, day, known_by);
                facts.health_history.clone_from(history);
                let evaluation = in_force.methodology.evaluate(&facts);
                if let Some(score) = evaluation.health.health {
                    history.push((day, score));
                }
                let in_business = standing.churned_on.is_none();
                if in_business {
                    scores.extend(score_of(in_force, data, &evaluation, &standing, now));
                }
                if day == today {
                    let before = before.remove(&data.row.id);
                    heard.extend(data.set_for(day).map(|set| hear(in_force, set, &evaluation)));
                    let state = state_of(in_force, data, &evaluation, &standing, before.as_ref());
                    if let Some(acts) = &mut acts {
                        acts.follow(in_force, data.row.id, &facts, &evaluation, &standing, &state.why);
                    }
                    states.push(state);
                    evaluated.push((data.row.id, evaluation, standing));
                }
                day += Duration::days(1);
            }
        }
        scores.sort_by_key(|score| (score.account_id, score.day));
        let (past, current): (Vec<Score>, Vec<Score>) =
            scores.into_iter().partition(|score| score.day < today);
        db::scores::put_if_absent(tx, past, self.folded_before(scope)).await?;
        if !current.is_empty() {
            db::scores::put(tx, &current).await?;
        }
        states.sort_by_key(|state| state.account_id);
        if !states.is_empty() {
            db::scores::put_states(tx, &states, now).await?;
            let evaluated: Vec<_> =
                evaluated.iter().map(|(id, said, standing)| (*id, said, standing)).collect();
            renewals::follow(tx, scope, in_force, &evaluated, now).await?;
        }
        if !heard.is_empty() {
            db::overrides::hear(tx, today, &heard).await?;
        }
        if let Some(acts) = acts {
            acts.write(tx, in_force).await?;
        }
        Ok(())
    }
}

/// A stretch of days to score, and the last day whose knowledge counts for its last.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Stretch {
    from: NaiveDate,
    to: NaiveDate,
    known_by: NaiveDate,
}

impl Stretch {
    /// One day, by what is known on it.
    pub(in crate::app) fn just(day: NaiveDate) -> Stretch {
        Stretch { from: day, to: day, known_by: day }
    }
}

/// One of several that score accounts side by side, a chunk at a time: while one waits for the database, another works.
#[derive(Clone)]
struct Lane {
    app: App,
    scope: TenantScope,
    in_force: Arc<InForce>,
    days: Stretch,
    batch: Arc<str>,
    /// The last account that any of them took.
    after: Arc<Mutex<Uuid>>,
}

impl Lane {
    async fn run(self, report: mpsc::UnboundedSender<usize>) -> Result<()> {
        let days = (self.days.to - self.days.from).num_days() + 1;
        let chunk = (CHUNK / days.max(1)).max(SMALL_CHUNK);
        loop {
            let mut tx = self.app.db.write(&self.scope).await?;
            let ids = {
                let mut after = self.after.lock().await;
                let ids = db::accounts::ids_after(&mut tx, *after, chunk).await?;
                let Some(last) = ids.last() else { return Ok(()) };
                *after = *last;
                ids
            };
            self.app
                .score_into(&mut tx, &self.scope, &self.in_force, &ids, self.days, Some(&self.batch))
                .await?;
            tx.commit().await?;
            // Whoever asked may have gone away; then the runtime ends this at its next step.
            let _ = report.send(ids.len());
        }
    }
}

/// One more than there are processors, for the one that waits.
fn lanes_at_once() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get() + 1).min(6)
}
