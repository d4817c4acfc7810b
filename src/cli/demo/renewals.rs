//! A year of work: renewals open at their windows, people do what is due, say what they expect and what became of it.
//!
//! Amounts stay as the contracts have them, so that scores of the past and retention agree.

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::{desk, pipelines};
use crate::app::renewals::{Closing, Expected};
use crate::app::work::Work;
use crate::app::{Actor, App};
use crate::clock::Clock;
use crate::db::renewals::{Filter, Linked, Listed};
use crate::db::{self, TenantScope};
use crate::domain::forecast::{Category, Reason};

/// Days looked back, and from one look to the next.
const BACK: i64 = 400;
const STEP: i64 = 7;
/// Days for which requests and opportunities are followed.
const PURSUED: i64 = 210;
const MANY: i64 = 10_000;

/// Why invented customers leave, who won them, and what their CSM noted.
const LOST: [(Reason, &str, &str); 6] = [
    (Reason::Competitor, "Quantive", "A new head of data brought the tool of their last company."),
    (Reason::Adoption, "", "Two of five teams ever used it; the sponsor could not defend the budget."),
    (Reason::Champion, "", "The champion left in spring and nobody took over."),
    (Reason::Budget, "", "All tools above a threshold were cut after the bad quarter."),
    (Reason::Competitor, "Brightboard", "Half the price for the two dashboards they need."),
    (Reason::Business, "", "They were bought, and the new owner has a platform of its own."),
];

/// Goes through the past a week at a time, on a clock that obeys.
pub(super) struct Year<'a> {
    pub(super) past: &'a App,
    pub(super) clock: &'a Clock,
    pub(super) scope: &'a TenantScope,
}

impl Year<'_> {
    /// Up to the day before `today`; `at` gives a moment of a day.
    pub(super) async fn run(
        &self,
        first: NaiveDate,
        today: NaiveDate,
        at: impl Fn(NaiveDate) -> DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let mut day = first.max(today - Duration::days(BACK));
        while day < today {
            self.clock.set(at(day));
            self.close_due(day).await?;
            desk::work(self.past, self.scope, day).await?;
            self.past.plan_cadences(self.scope).await?;
            if (today - day).num_days() <= PURSUED {
                pipelines::work(self.past, self.scope, day).await?;
            }
            self.past.score_all(self.scope, day, &Work::unwatched()).await?;
            day += Duration::days(STEP);
        }
        Ok(())
    }

    async fn open(&self, from: Option<NaiveDate>, to: NaiveDate) -> anyhow::Result<Vec<Listed>> {
        let mut tx = self.past.db.read(self.scope).await?;
        let filter = Filter { open: Some(true), from, to: Some(to), ..Filter::default() };
        Ok(db::renewals::list(&mut tx, &filter, MANY).await?)
    }

    /// Records the outcome of what falls due before the next look.
    async fn close_due(&self, day: NaiveDate) -> anyhow::Result<()> {
        let next = day + Duration::days(STEP);
        for one in self.open(None, next + Duration::days(90)).await? {
            let mut tx = self.past.db.read(self.scope).await?;
            let linked = db::renewals::linked(&mut tx, &[one.renewal.id]).await?;
            let contracts = db::contracts::of_account(&mut tx, one.renewal.account_id).await?;
            drop(tx);
            let ends = |link: &Linked| contracts.iter().find(|c| c.external_id == link.external_id)?.ended_on;
            let left =
                linked.iter().map(ends).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
            let is_followed = contracts.iter().any(|c| c.start_date >= one.renewal.renews_on);
            let closing = match left {
                Some(left) if left <= next && !is_followed => lost(&one, left),
                None if one.renewal.renews_on <= next && !is_followed && !dice(&one).is_multiple_of(3) => {
                    renewed(&one)
                }
                _ => continue,
            };
            // What its contracts do not allow stays open for them to tell.
            let _ = self.past.close_renewal(self.scope, one.renewal.id, &closing, &actor(&one)).await;
        }
        Ok(())
    }

    /// What people expect of those that are open today.
    pub(super) async fn forecast(&self, app: &App, today: NaiveDate) -> anyhow::Result<()> {
        for one in self.open(None, today + Duration::days(MANY)).await? {
            let expected = match (one.score, dice(&one) % 5) {
                (_, 0 | 1) => continue,
                (Some(80.0..), _) => (Category::Commit, Some(95), "Verbal yes from the sponsor."),
                (Some(60.0..), 2) => (Category::Commit, Some(90), "Procurement has the paper."),
                (Some(60.0..), _) => (Category::Likely, Some(75), ""),
                (Some(35.0..), _) => (Category::AtRisk, Some(45), "Waits for the value review."),
                (_, 2) => (Category::Lost, Some(5), "They told us that they look elsewhere."),
                _ => (Category::AtRisk, Some(30), "No sponsor since the reorganisation."),
            };
            let (category, likelihood, note) = expected;
            let expected = Expected { category: Some(category), likelihood, note: note.to_owned() };
            app.forecast_renewal(self.scope, one.renewal.id, &expected, &actor(&one)).await?;
        }
        Ok(())
    }
}

fn actor(one: &Listed) -> Actor {
    one.owner_name.clone().map_or_else(Actor::holdfast, Actor)
}

/// A number that is always the same for an account.
fn dice(one: &Listed) -> usize {
    desk::dice(&one.external_id)
}

fn lost(one: &Listed, left: NaiveDate) -> Closing {
    let (reason, competitor, note) = LOST[dice(one) % LOST.len()];
    Closing {
        churned: true,
        effective_on: Some(left.min(one.renewal.renews_on)),
        reason: Some(reason),
        competitor: competitor.to_owned(),
        note: note.to_owned(),
        ..Closing::default()
    }
}

fn renewed(one: &Listed) -> Closing {
    let notes = ["Signed without changes.", "Renewed after the value review.", ""];
    Closing { note: notes[dice(one) % notes.len()].to_owned(), ..Closing::default() }
}
