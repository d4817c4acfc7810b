//! Jobs from outside: long work tells how far it is and hears when somebody stops it; people decide about what failed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use super::{Actor, App, Error, Result};
use crate::db::jobs::held::{self, Claim};
use crate::db::jobs::list;
use crate::db::{self, TenantScope};

/// Progress is written this often at most.
const EVERY: Duration = Duration::from_millis(500);

/// Whom a piece of long work tells how far it is.
pub struct Work<'a> {
    to: Listener<'a>,
    written: Mutex<Option<Instant>>,
}

enum Listener<'a> {
    /// A job, whose progress is stored and which somebody may stop.
    Job(&'a App, &'a TenantScope, Claim),
    /// Somebody who hears of every step: done, and total.
    Hearer(&'a (dyn Fn(usize, usize) + Sync)),
    Nobody,
}

impl<'a> Work<'a> {
    /// Work done as a job.
    pub fn of_job(app: &'a App, scope: &'a TenantScope, claim: Claim) -> Self {
        Work { to: Listener::Job(app, scope, claim), written: Mutex::default() }
    }

    /// Work that is heard of as it goes, such as one that a terminal waits for.
    pub fn heard(by: &'a (dyn Fn(usize, usize) + Sync)) -> Self {
        Work { to: Listener::Hearer(by), written: Mutex::default() }
    }

    /// Work that nobody watches, from the command line or a test.
    pub fn unwatched() -> Self {
        Work { to: Listener::Nobody, written: Mutex::default() }
    }

    /// Notes that `done` of `total` units are done (a total of 0: not known). Call it as often as you like, outside
    /// of transactions that hold locks.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody stopped the work, or another worker has taken it over: it should then end as
    /// if by an error. And when the database fails.
    pub async fn progress(&self, done: usize, total: usize) -> Result<()> {
        let (app, scope, claim) = match self.to {
            Listener::Job(app, scope, claim) => (app, scope, claim),
            Listener::Hearer(hear) => {
                hear(done, total);
                return Ok(());
            }
            Listener::Nobody => return Ok(()),
        };
        let due = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let due = written.is_none_or(|at| at.elapsed() >= EVERY) || (done == total && total > 0);
            if due {
                *written = Some(Instant::now());
            }
            due
        };
        if !due {
            return Ok(());
        }
        let units = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let mut tx = app.db.write(scope).await?;
        let goes_on = held::progress(&mut tx, claim, units(done), units(total)).await?;
        tx.commit().await?;
        if goes_on { Ok(()) } else { Err(Error::Conflict("The work was stopped.".into())) }
    }
}

impl App {
    /// Stops a job that waits or runs.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such job, or it is over.
    pub async fn cancel_job(&self, scope: &TenantScope, job: Uuid, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let known = db::jobs::find(&mut tx, job).await?.ok_or(Error::NotFound)?;
        if !db::jobs::cancel(&mut tx, job, now).await? {
            return Err(Error::NotFound);
        }
        let detail = json!({ "job": job });
        db::audit::record(&mut tx, now, &actor.0, "job.cancelled", &known.kind, detail).await?;
        Ok(tx.commit().await?)
    }

    /// Has a job that failed for good tried again, with all its tries before it; also one that was put aside.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such job, [`Error::Conflict`] when it has not failed.
    pub async fn retry_job(&self, scope: &TenantScope, job: Uuid, actor: &Actor) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let known = db::jobs::find(&mut tx, job).await?.ok_or(Error::NotFound)?;
        if !list::retry(&mut tx, job, now).await? {
            return Err(Error::Conflict("Only a job that failed can be tried again.".into()));
        }
        let detail = json!({ "job": job });
        db::audit::record(&mut tx, now, &actor.0, "job.retried", &known.kind, detail).await?;
        Ok(tx.commit().await?)
    }

    /// Has every failed job of a kind tried again that nobody has put aside; returns how many.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn retry_jobs(&self, scope: &TenantScope, kind: &str, actor: &Actor) -> Result<u64> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let count = list::retry_kind(&mut tx, kind, now).await?;
        if count == 0 {
            return Err(Error::NotFound);
        }
        let detail = json!({ "count": count });
        db::audit::record(&mut tx, now, &actor.0, "job.retried", kind, detail).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Puts a job aside that failed for good, or (undo) takes it back. For thirty days it can still be retried.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such job, [`Error::Conflict`] when it has not failed, or was put aside (or
    /// taken back) already.
    pub async fn discard_job(
        &self,
        scope: &TenantScope,
        job: Uuid,
        discarded: bool,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let known = db::jobs::find(&mut tx, job).await?.ok_or(Error::NotFound)?;
        if !list::set_discarded(&mut tx, job, discarded.then_some(now)).await? {
            return Err(Error::Conflict("Only a job that failed can be discarded, and once.".into()));
        }
        let action = if discarded { "job.discarded" } else { "job.restored" };
        let detail = json!({ "job": job });
        db::audit::record(&mut tx, now, &actor.0, action, &known.kind, detail).await?;
        Ok(tx.commit().await?)
    }
}
