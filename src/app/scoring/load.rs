//! What is loaded of accounts before they are scored or looked at.

use std::collections::HashMap;

use chrono::{Duration, NaiveDate};
use uuid::Uuid;

use super::facts::{AccountData, ByHand, Loaded};
use super::past;
use super::standing::{Exchange, Standing};
use crate::app::Result;
use crate::app::methodology::InForce;
use crate::db::facts::Span;
use crate::db::overrides::Override;
use crate::db::team::MEETING_DAYS;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::facts::Facts;

/// How far back the last sample of a gauge may lie and still hold.
pub(super) const GAUGE_DAYS: i64 = 400;

/// The facts of some accounts today, for whoever asks the methodology something else than a score. Accounts that are
/// not there are missing from the answer.
pub(in crate::app) async fn facts_on(
    tx: &mut TenantTx,
    scope: &TenantScope,
    in_force: &InForce,
    accounts: &[Uuid],
    today: NaiveDate,
) -> Result<HashMap<Uuid, Facts>> {
    let known = known_on(tx, scope, in_force, accounts, today, false).await?;
    Ok(known.into_iter().map(|(id, (_, facts))| (id, facts)).collect())
}

/// What contracts and data say of some accounts on a day, by what was known by its end.
pub(super) async fn known_on(
    tx: &mut TenantTx,
    scope: &TenantScope,
    in_force: &InForce,
    accounts: &[Uuid],
    day: NaiveDate,
    as_then: bool,
) -> Result<HashMap<Uuid, (Standing, Facts)>> {
    let loaded = load(tx, in_force, accounts, day, day, day, as_then).await?;
    let exchange = exchange(tx, scope).await?;
    let loaded = loaded.ready(in_force, &exchange);
    let history = past_scores(tx, in_force, accounts, day, day).await?;
    let opened = db::renewals::opened_on(tx, accounts).await?;
    let opened: HashMap<(Uuid, NaiveDate), NaiveDate> =
        opened.into_iter().map(|(account, renewal, on)| ((account, renewal), on)).collect();
    let known = |data: AccountData<'_>| {
        let standing = loaded.standing(&data, day, day);
        let mut facts = loaded.facts(&data, &standing, day, day);
        facts.health_history = history.get(&data.row.id).cloned().unwrap_or_default();
        let renewal = standing.renewal.and_then(|renewal| opened.get(&(data.row.id, renewal)));
        facts.renewal_opened = Some(renewal.copied().unwrap_or(scope.day_of(data.row.created_at)));
        (data.row.id, (standing, facts))
    };
    loaded.accounts().map(|data| data.map(known)).collect()
}

/// The scores of accounts before a day, as far back as the methodology looks at them, up to another.
pub(super) async fn past_scores(
    tx: &mut TenantTx,
    in_force: &InForce,
    ids: &[Uuid],
    day: NaiveDate,
    to: NaiveDate,
) -> Result<HashMap<Uuid, Vec<(NaiveDate, f64)>>> {
    let mut history: HashMap<Uuid, Vec<(NaiveDate, f64)>> = HashMap::new();
    let look_back = in_force.methodology.health_look_back;
    if look_back > 0 {
        let from = day - Duration::days(look_back.into());
        for point in db::scores::history(tx, ids, from, to).await? {
            history.entry(point.account_id).or_default().extend(point.score.map(|score| (point.day, score)));
        }
    }
    Ok(history)
}

/// Rows and the catalogue they belong to.
pub(super) struct Rows {
    pub(super) metrics: Vec<db::metrics::Metric>,
    pub(super) rows: db::facts::FactRows,
    pub(super) overrides: Vec<Override>,
    pub(super) past: Option<HashMap<Uuid, past::Past>>,
    pub(super) by_hand: ByHand,
}

impl Rows {
    pub(super) fn ready<'m>(self, in_force: &'m InForce, exchange: &'m Exchange) -> Loaded<'m> {
        Loaded::new(
            &in_force.methodology,
            exchange,
            &self.metrics,
            self.rows,
            self.past,
            self.overrides,
            self.by_hand,
        )
    }
}

/// `as_then` also loads what was stated when, so that a past day can be asked as it was known then.
pub(super) async fn load(
    tx: &mut TenantTx,
    in_force: &InForce,
    ids: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    known_by: NaiveDate,
    as_then: bool,
) -> Result<Rows> {
    let meetings = asks_for_meetings(in_force);
    load_back(tx, in_force.look_back(), meetings, ids, from, to, known_by, as_then).await
}

/// Whether an input of accounts is derived from how many meetings took place.
pub(super) fn asks_for_meetings(in_force: &InForce) -> bool {
    in_force.methodology.measures_of_accounts().any(|name| name.starts_with("meetings_"))
}

/// As [`load`], for whatever looks back so many days at most; with planned meetings only where they are asked for.
#[expect(clippy::too_many_arguments, reason = "what is loaded of whom, for which days, as known when")]
pub(super) async fn load_back(
    tx: &mut TenantTx,
    look_back: i64,
    meetings: bool,
    ids: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    known_by: NaiveDate,
    as_then: bool,
) -> Result<Rows> {
    let metrics = db::metrics::list(tx).await?;
    let counters_from = from - Duration::days(look_back);
    let gauges_from = from - Duration::days(GAUGE_DAYS);
    let span = Span { counters_from, gauges_from, to, known_by };
    let rows = db::facts::load(tx, ids, span).await?;
    let past = if as_then { Some(past::Past::of(db::facts::versions(tx, ids).await?)) } else { None };
    let overrides = db::overrides::between(tx, ids, from, to).await?;
    let meetings = match meetings {
        true => db::team::planned_meetings(tx, ids, from - Duration::days(MEETING_DAYS), to).await?,
        false => Vec::new(),
    };
    let by_hand = ByHand {
        meetings,
        holds: db::stages::holds(tx, ids, from, to).await?,
        ticks: db::stages::ticks(tx, ids, from, to).await?,
    };
    Ok(Rows { metrics, rows, past, overrides, by_hand })
}

pub(super) async fn exchange(tx: &mut TenantTx, scope: &TenantScope) -> Result<Exchange> {
    Ok(Exchange::new(scope.currency(), &db::contracts::rates(tx).await?))
}
