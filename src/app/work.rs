//! Long work: it tells how far it is and hears when somebody stops it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use super::{Actor, App, Error, Result};
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
    Job(&'a App, &'a TenantScope, Uuid),
    /// Somebody who hears of every step: done, and total.
    Hearer(&'a (dyn Fn(usize, usize) + Sync)),
    Nobody,
}

impl<'a> Work<'a> {
    /// Work done as a job.
    pub fn of_job(app: &'a App, scope: &'a TenantScope, job: Uuid) -> Self {
        Work { to: Listener::Job(app, scope, job), written: Mutex::default() }
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
    /// [`Error::Conflict`] when somebody stopped the work, which should then end as if by an error; and when the
    /// database fails.
    pub async fn progress(&self, done: usize, total: usize) -> Result<()> {
        let (app, scope, job) = match self.to {
            Listener::Job(app, scope, job) => (app, scope, job),
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
        let goes_on = db::jobs::progress(&mut tx, job, units(done), units(total)).await?;
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
        db::audit::record(&mut tx, now, &actor.0, "job.cancelled", &known.kind, json!({ "job": job }))
            .await?;
        Ok(tx.commit().await?)
    }
}
