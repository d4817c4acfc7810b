//! Late data corrects the present, never silently the past: the score that was said of a day stays, and what would be
//! said of it by what became known since is kept beside it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::facts::{AccountData, Loaded};
use super::{COMPARE_DAYS, exchange, load};
use crate::app::methodology::InForce;
use crate::app::work::Work;
use crate::app::{App, Result};
use crate::db::corrections::{Corrected, Late, Said};
use crate::db::{self, TenantScope};
use crate::domain::health::Kept;

/// Days further back than this before the late data came stay as they are.
const BACK_DAYS: u64 = 90;
/// A score that would differ by less is no correction.
const APART: f64 = 0.5;
/// Accounts corrected in one transaction.
const CHUNK: usize = 100;

impl App {
    /// Works out again the past days of accounts about which data became known late, and keeps those whose band or
    /// score differs; returns how many. Done again it finds the same.
    ///
    /// # Errors
    /// When the database fails, or somebody stopped the work; chunks done before stay done.
    pub async fn correct_scores(&self, scope: &TenantScope, work: &Work<'_>) -> Result<usize> {
        let today = self.clock.today(scope.time_zone());
        let mut tx = self.db.write(scope).await?;
        db::corrections::forget(&mut tx, back(today, BACK_DAYS)).await?;
        let late = db::corrections::late(&mut tx, today).await?;
        tx.commit().await?;
        let (total, mut done, mut kept) = (late.len(), 0, 0);
        // By the day it became known: each correction stands on the one before.
        for known in late.chunk_by(|a, b| a.known_on == b.known_on) {
            for chunk in known.chunks(CHUNK) {
                kept += self.correct(scope, chunk).await?;
                done += chunk.len();
                work.progress(done, total).await?;
            }
        }
        Ok(kept)
    }

    /// Corrects accounts about which something became known on one day.
    async fn correct(&self, scope: &TenantScope, late: &[Late]) -> Result<usize> {
        let Some(known_on) = late.first().map(|late| late.known_on) else { return Ok(0) };
        let oldest = back(known_on, BACK_DAYS);
        let first: HashMap<Uuid, NaiveDate> =
            late.iter().map(|late| (late.account_id, late.day.max(oldest))).collect();
        let Some(from) = first.values().min().copied() else { return Ok(0) };
        let ids: Vec<Uuid> = first.keys().copied().collect();
        let mut tx = self.db.write(scope).await?;
        // What is known on a day is in that day's own score.
        let to = back(known_on, 1);
        let said =
            db::corrections::said(&mut tx, &ids, back(from, COMPARE_DAYS.into()), to, known_on).await?;
        let wanted = |said: &&Said| first.get(&said.account_id).is_some_and(|first| said.day >= *first);
        let versions: BTreeSet<i32> = said.iter().filter(wanted).map(|said| said.version).collect();
        let exchange = exchange(&mut tx, scope).await?;
        let mut corrected = Vec::new();
        for version in versions {
            let Some(in_force) = self.methodology_version(scope, version).await? else { continue };
            let loaded =
                load(&mut tx, &in_force, &ids, from, to, known_on, true).await?.ready(&in_force, &exchange);
            for data in loaded.accounts() {
                let data = data?;
                let past: Vec<&Said> = said.iter().filter(|said| said.account_id == data.row.id).collect();
                for said in past.iter().filter(|said| wanted(said) && said.version == version) {
                    let again = Again { in_force: &in_force, loaded: &loaded, data: &data, past: &past };
                    corrected.extend(again.work_out(said, known_on, self.clock.now()));
                }
            }
        }
        db::corrections::put(&mut tx, known_on, &corrected).await?;
        db::corrections::settle(&mut tx, late).await?;
        tx.commit().await?;
        Ok(corrected.len())
    }
}

/// A past day worked out again.
struct Again<'a> {
    in_force: &'a InForce,
    loaded: &'a Loaded<'a>,
    data: &'a AccountData<'a>,
    /// What was said of the account's days.
    past: &'a [&'a Said],
}

impl Again<'_> {
    /// What is to be kept of a day by what is known on another: nothing when nothing came that matters.
    fn work_out(&self, said: &Said, known_on: NaiveDate, now: DateTime<Utc>) -> Option<Corrected> {
        let methodology = &self.in_force.methodology;
        let compared = back(said.day, COMPARE_DAYS.into());
        let earlier = self.past.iter().filter(|one| one.day < said.day && one.day >= compared);
        let history: Vec<(NaiveDate, f64)> = earlier.filter_map(|one| Some((one.day, one.score?))).collect();
        let facts = |known_by: NaiveDate| {
            let standing = self.loaded.standing(self.data, said.day, known_by);
            let mut facts = self.loaded.facts(self.data, &standing, said.day, known_by);
            facts.health_history.clone_from(&history);
            facts
        };
        let evaluation = methodology.evaluate(&facts(known_on));
        // Only what that day's news changed.
        if methodology.read(&facts(back(known_on, 1))) == evaluation.readings {
            return None;
        }
        let (score, band) = (evaluation.health.health, evaluation.band.as_deref().map(str::to_owned));
        said.differs(score, band.as_deref(), APART).then(|| {
            let kept = Kept::of(&evaluation.readings, now);
            Corrected { said: said.clone(), score, band, kept }
        })
    }
}

fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}
