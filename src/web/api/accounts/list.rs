//! `GET /api/v1/accounts`.

use axum::Json;
use axum::extract::State;
use chrono::{Duration, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::db::accounts::{Account, Filter};
use crate::db::{self, TenantTx};
use crate::web::Web;
use crate::web::api::common::{self, Arr, Money, Owner};
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::ReadKey;

/// Which accounts, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    /// Segment id, such as `enterprise`.
    segment: Option<String>,
    /// Lifecycle stage id.
    stage: Option<String>,
    /// Health band id.
    band: Option<String>,
    /// Tone of the band, the same for every methodology.
    #[param(inline)]
    tone: Option<Tone>,
    /// Address of the CSM; `none` for accounts without one.
    csm: Option<String>,
    /// Renews on this day or later.
    #[serde(default, deserialize_with = "common::read_day")]
    renewal_from: Option<NaiveDate>,
    /// Renews on this day or earlier.
    #[serde(default, deserialize_with = "common::read_day")]
    renewal_to: Option<NaiveDate>,
    /// Renews within this many days from today, or from `as_of`; instead of `renewal_from` and `renewal_to`.
    #[param(maximum = 3660)]
    renewal_within: Option<u16>,
    /// One of the account's tags.
    tag: Option<String>,
    /// Part of the name or of the external id.
    q: Option<String>,
    /// True lists accounts that have left; without it they are left out.
    #[serde(default)]
    churned: bool,
    /// A past day: scores, bands, segments, ARR and renewals as they were stored for it (or for the last scored day
    /// before it); the other filters apply to these. Names, owners and tags are those of now.
    #[serde(default, deserialize_with = "common::read_day")]
    as_of: Option<NaiveDate>,
}

/// How a band is to be taken.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// All is well.
    Good,
    /// Keep an eye on it.
    Watch,
    /// In danger.
    Risk,
    /// About to be lost.
    Critical,
}

impl Tone {
    fn word(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Watch => "watch",
            Tone::Risk => "risk",
            Tone::Critical => "critical",
        }
    }
}

/// An account as of its last scoring, or as of a past day.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountSummary {
    /// Identity in your own systems.
    #[schema(example = "acme")]
    pub external_id: String,
    /// Display name.
    #[schema(example = "Acme Corporation")]
    pub name: String,
    /// The CSM; null when nobody is assigned.
    pub owner: Option<Owner>,
    /// Segment id; null when no segment takes the account.
    #[schema(example = "enterprise")]
    pub segment: Option<String>,
    /// Whether the segment was set by hand and the rule is not asked.
    pub segment_pinned: bool,
    /// Lifecycle stage id; null before the account's start.
    pub stage: Option<String>,
    /// Day number in the lifecycle.
    #[schema(example = 412)]
    pub stage_day: Option<i32>,
    /// Free words.
    pub tags: Vec<String>,
    /// ARR of the contracts in force, in their currency (in the tenant's when they differ).
    pub arr: Option<Money>,
    /// The same in the tenant's currency; null without an exchange rate.
    pub arr_base: Option<Money>,
    /// Null before the first scoring.
    pub health: Option<HealthSummary>,
    /// The next renewal; null without a contract that renews.
    pub renewal: Option<RenewalSummary>,
    /// The last day a contract was in force, when none is any more.
    pub churned_on: Option<NaiveDate>,
}

/// The score in brief; the account itself has the reasons.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthSummary {
    /// 0 to 100; null when none of its measures has data.
    #[schema(example = 73.0)]
    pub score: Option<f64>,
    /// Band id.
    #[schema(example = "yellow")]
    pub band: Option<String>,
    /// `good`, `watch`, `risk` or `critical`; null for a good band that rests on old or thin data.
    #[schema(example = "watch")]
    pub tone: Option<String>,
    /// Share of the model's weight that has data, 0 to 1.
    #[schema(example = 0.92)]
    pub coverage: f64,
    /// Whether it rests on old or thin data and must not be taken for healthy.
    pub stale: bool,
    /// The day it is about.
    pub as_of: NaiveDate,
    /// Who set score or band by hand; null where nobody did.
    pub set_by: Option<String>,
    /// The last day on which that applies.
    pub set_until: Option<NaiveDate>,
    /// What the model says of an account that is set by hand; null otherwise.
    pub model_score: Option<f64>,
    /// The band the model says of it.
    pub model_band: Option<String>,
    /// The score thirty days before, or the oldest since.
    pub score_before: Option<f64>,
    /// What moved it, in one line.
    pub why: String,
}

impl HealthSummary {
    /// As of the account's last scoring.
    pub fn of(account: &Account) -> Option<Self> {
        Some(HealthSummary {
            score: account.score,
            band: account.band.clone(),
            tone: account.tone.clone(),
            coverage: common::six_decimals(account.coverage.unwrap_or(0.0)),
            stale: account.stale.unwrap_or(true),
            as_of: account.day?,
            set_by: account.set_by.clone(),
            set_until: account.set_until,
            model_score: account.model_score,
            model_band: account.model_band.clone(),
            score_before: account.score_before,
            why: account.why.clone().unwrap_or_default(),
        })
    }
}

/// The next renewal in brief.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewalSummary {
    /// The renewal date.
    pub date: NaiveDate,
    /// Days from today to it; negative when it is overdue.
    #[schema(example = 53)]
    pub days: i64,
    /// Whether its timeline has begun.
    pub open: bool,
    /// Strategy id, as things are.
    pub strategy: Option<String>,
}

impl RenewalSummary {
    /// As of the account's last scoring, seen from a day.
    pub fn of(account: &Account, today: NaiveDate) -> Option<Self> {
        let date = account.renewal_date?;
        Some(RenewalSummary {
            date,
            days: (date - today).num_days(),
            open: account.renewal_open.unwrap_or(false),
            strategy: account.strategy.clone(),
        })
    }
}

impl AccountSummary {
    fn of(account: Account, today: NaiveDate, base: &str) -> Self {
        let arr = Arr::of(&account, base);
        AccountSummary {
            owner: Owner::of(&account),
            health: HealthSummary::of(&account),
            renewal: RenewalSummary::of(&account, today),
            external_id: account.external_id,
            name: account.name,
            segment_pinned: account.pinned_segment.is_some(),
            segment: account.segment,
            stage: account.stage,
            stage_day: account.stage_day,
            tags: account.tags,
            arr: arr.own,
            arr_base: arr.base,
            churned_on: account.churned_on,
        }
    }
}

/// List accounts.
///
/// In the order of external ids. Every filter that is given must hold; ids that the methodology does not have match
/// nothing.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    operation_id = "listAccounts",
    tag = "Accounts",
    params(AccountQuery, Paging),
    responses((status = 200, description = "A page of accounts", body = Page<AccountSummary>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<AccountQuery>,
) -> Result<Json<Page<AccountSummary>>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let Start { after, rows } = paging.start::<String>()?;
    let as_of = match query.as_of.filter(|day| *day != today) {
        Some(day) if day > today => {
            return Err(Refusal::parameter("as_of", format!("must not be after today, {today}")));
        }
        Some(day) => match web.app.as_of(&key.scope, day).await? {
            // Nothing was known by then.
            None => return Ok(Json(Page::empty())),
            found => found,
        },
        None => None,
    };
    let today = as_of.as_ref().map_or(today, |as_of| as_of.day);
    let (renewal_from, renewal_to) = query.renewal_window(today)?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let Some(owner) = owner(&mut tx, query.csm.as_deref()).await? else {
        return Ok(Json(Page::empty()));
    };
    let filter = Filter {
        segment: query.segment,
        stage: query.stage,
        band: query.band,
        tone: query.tone.map(|tone| tone.word().to_owned()),
        owner,
        renewal_from,
        renewal_to,
        tag: query.tag,
        text: query.q,
        churned: query.churned,
        as_of,
    };
    let mut found = db::accounts::list_after(&mut tx, &filter, after.as_deref(), rows).await?;
    drop(tx);
    if filter.as_of.is_some() {
        web.app.complete_as_of(&key.scope, &mut found, today).await?;
    }
    let base = key.scope.currency();
    Ok(Json(paging.page(
        found,
        |account| account.external_id.clone(),
        |account| AccountSummary::of(account, today, base),
    )))
}

impl AccountQuery {
    fn renewal_window(&self, today: NaiveDate) -> Result<(Option<NaiveDate>, Option<NaiveDate>)> {
        match self.renewal_within {
            None => Ok((self.renewal_from, self.renewal_to)),
            Some(_) if self.renewal_from.is_some() || self.renewal_to.is_some() => {
                Err(Refusal::parameter("renewal_within", "cannot stand beside renewal_from and renewal_to"))
            }
            Some(days) if days > 3660 => Err(Refusal::parameter("renewal_within", "must be at most 3660")),
            Some(days) => Ok((Some(today), Some(today + Duration::days(days.into())))),
        }
    }
}

/// The filter behind `csm`: none asked for, accounts without one, or a member. `None` when nobody has the address.
pub(in crate::web::api) async fn owner(
    tx: &mut TenantTx,
    csm: Option<&str>,
) -> Result<Option<Option<Option<uuid::Uuid>>>> {
    Ok(match csm {
        None => Some(None),
        Some("none") => Some(Some(None)),
        Some(email) => db::members::id_of_email(tx, email).await?.map(|id| Some(Some(id))),
    })
}
