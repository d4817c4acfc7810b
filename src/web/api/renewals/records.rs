//! `GET /api/v1/renewal-records`, `GET /api/v1/renewals/{id}` and `PATCH /api/v1/renewals/{id}`.

use std::collections::HashMap;

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::Error;
use crate::app::renewals::Expected;
use crate::db::renewals::{Filter, Linked, Listed, StrategyChange};
use crate::db::{self, TenantTx};
use crate::domain::forecast::Category;
use crate::web::Web;
use crate::web::api::accounts::list::owner;
use crate::web::api::common::{self, Money, Owner};
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, Posted, ReadKey, WriteKey};

/// Which renewals, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RecordQuery {
    /// `open` or `closed`; both without it. A lapsed renewal is open.
    state: Option<String>,
    /// Renewing on this day or later.
    #[serde(default, deserialize_with = "common::read_day")]
    from: Option<NaiveDate>,
    /// Renewing on this day or earlier.
    #[serde(default, deserialize_with = "common::read_day")]
    to: Option<NaiveDate>,
    /// Address of the CSM; `none` for accounts without one.
    csm: Option<String>,
    /// Segment id, such as `enterprise`.
    segment: Option<String>,
    /// One account, by its identity in your own systems.
    account: Option<String>,
}

/// A renewal: one of an account on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewalRecord {
    /// Its id.
    pub id: Uuid,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: String,
    /// The account's name.
    #[schema(example = "Acme Corporation")]
    pub name: String,
    /// The CSM; null when nobody is assigned.
    pub owner: Option<Owner>,
    /// Segment id.
    pub segment: Option<String>,
    /// The first day of the next term.
    pub renews_on: NaiveDate,
    /// `open`, `lapsed` (open, and its day has passed) or `closed`.
    #[schema(example = "open")]
    pub state: &'static str,
    /// The day its window was reached, or it was first seen within it.
    pub opened_on: NaiveDate,
    /// Timeline id; null when no timeline serves the account.
    pub timeline: Option<String>,
    /// Strategy id.
    pub strategy: Option<String>,
    /// What is expected; null where nobody has said anything.
    pub forecast: Option<ForecastDetail>,
    /// How likely it is; null where neither a person nor a backtest says.
    pub likelihood: Option<LikelihoodDetail>,
    /// The contracts it is about.
    pub contracts: Vec<RenewalContract>,
    /// What became of it; null while it is open.
    pub outcome: Option<OutcomeDetail>,
    /// Every strategy it had, newest first; only where one renewal is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategies: Option<Vec<StrategyLine>>,
}

/// What somebody expects of a renewal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForecastDetail {
    /// `commit`, `likely`, `at_risk`, `lost` or `omitted`.
    #[schema(example = "commit")]
    pub category: Option<String>,
    /// Why.
    pub note: String,
    /// Who says so.
    pub by: String,
    /// Since when.
    pub at: Option<DateTime<Utc>>,
}

/// How likely a renewal is, and by whose word.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikelihoodDetail {
    /// 0 to 100.
    pub percent: i16,
    /// `hand`, or `backtest`.
    #[schema(example = "backtest")]
    pub source: &'static str,
    /// The version of the methodology the backtest tried.
    pub version: Option<i32>,
}

/// A contract of a renewal.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewalContract {
    /// Identity in your own systems.
    pub external_id: String,
    /// ARR up for renewal.
    pub arr: Money,
    /// ARR afterwards; null while the renewal is open.
    pub arr_after: Option<Money>,
}

/// What became of a renewal.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeDetail {
    /// `renewed`, `expanded`, `shrunk` or `churned`.
    #[schema(example = "expanded")]
    pub outcome: String,
    /// `person`, or `contracts` where these told it.
    #[schema(example = "person")]
    pub told_by: String,
    /// The first day of the next term, or the first without any.
    pub effective_on: Option<NaiveDate>,
    /// Months of the next term, where somebody said so.
    pub term_months: Option<i32>,
    /// Whether it was decided before its day.
    pub early: bool,
    /// Why it shrank or was lost.
    pub reason: Option<String>,
    /// More about that.
    pub note: String,
    /// Who got it instead.
    pub competitor: String,
    /// Who recorded it.
    pub closed_by: Option<String>,
    /// When.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A strategy a renewal had.
#[derive(Debug, Serialize, ToSchema)]
pub struct StrategyLine {
    /// Since this day.
    pub day: NaiveDate,
    /// Strategy id before; null for the first.
    pub from: Option<String>,
    /// Strategy id since.
    pub to: Option<String>,
    /// Why.
    #[schema(example = "Health 69, Red.")]
    pub why: String,
}

impl RenewalRecord {
    fn of(listed: Listed, contracts: &[Linked], today: NaiveDate) -> Self {
        let renewal = listed.renewal;
        let money = |amount_minor, link: &Linked| Money { amount_minor, currency: link.currency.clone() };
        let likelihood = renewal.likelihood_said().map(|(percent, version)| LikelihoodDetail {
            percent,
            source: if version.is_some() { "backtest" } else { "hand" },
            version,
        });
        let early = renewal.was_early();
        RenewalRecord {
            id: renewal.id,
            account: listed.external_id,
            name: listed.name,
            owner: listed.owner_name.zip(listed.owner_email).map(|(name, email)| Owner { name, email }),
            segment: listed.segment,
            renews_on: renewal.renews_on,
            state: match renewal.outcome {
                Some(_) => "closed",
                None if renewal.has_lapsed(today) => "lapsed",
                None => "open",
            },
            opened_on: renewal.opened_on,
            timeline: renewal.timeline,
            strategy: renewal.strategy,
            likelihood,
            contracts: contracts
                .iter()
                .map(|link| RenewalContract {
                    external_id: link.external_id.clone(),
                    arr: money(link.arr_minor, link),
                    arr_after: link.after_minor.map(|minor| money(minor, link)),
                })
                .collect(),
            outcome: renewal.outcome.map(|outcome| OutcomeDetail {
                outcome,
                told_by: renewal.told_by.unwrap_or_default(),
                effective_on: renewal.effective_on,
                term_months: renewal.term_months,
                early,
                reason: renewal.reason,
                note: renewal.note,
                competitor: renewal.competitor,
                closed_by: renewal.closed_by,
                closed_at: renewal.closed_at,
            }),
            forecast: renewal.forecast_by.map(|by| ForecastDetail {
                category: renewal.forecast,
                note: renewal.forecast_note,
                by,
                at: renewal.forecast_at,
            }),
            strategies: None,
        }
    }

    /// One renewal with its log of strategies.
    ///
    /// # Errors
    /// 404 for an id that is not there.
    pub async fn load(tx: &mut TenantTx, id: Uuid, today: NaiveDate) -> Result<Self> {
        let listed = db::renewals::by_id(tx, id).await?;
        let listed = listed.ok_or_else(|| Refusal::not_found("renewal", &id.to_string()))?;
        let contracts = db::renewals::linked(tx, &[id]).await?;
        let line = |change: StrategyChange| StrategyLine {
            day: change.day,
            from: change.from_strategy,
            to: change.to_strategy,
            why: change.why,
        };
        let strategies = db::renewals::strategies(tx, id).await?.into_iter().map(line).collect();
        Ok(RenewalRecord { strategies: Some(strategies), ..RenewalRecord::of(listed, &contracts, today) })
    }
}

/// List renewal records.
///
/// Every renewal that was opened, by date: those that are open with what is expected of them, and closed ones with
/// what became of them.
#[utoipa::path(
    get,
    path = "/v1/renewal-records",
    operation_id = "listRenewalRecords",
    tag = "Renewals",
    params(RecordQuery, Paging),
    responses((status = 200, description = "A page of renewals", body = Page<RenewalRecord>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<RecordQuery>,
) -> Result<Answer<Page<RenewalRecord>>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let Start { after, rows } = paging.start::<(NaiveDate, Uuid)>()?;
    let open = match query.state.as_deref() {
        None => None,
        Some("open") => Some(true),
        Some("closed") => Some(false),
        Some(_) => return Err(Refusal::parameter("state", "must be `open` or `closed`")),
    };
    let empty = || Ok(Answer(Page::empty()));
    let mut tx = web.app.db.read(&key.scope).await?;
    let Some(owner) = owner(&mut tx, query.csm.as_deref()).await? else { return empty() };
    let account = match query.account.as_deref() {
        None => None,
        Some(external_id) => match db::accounts::id_of(&mut tx, external_id).await? {
            None => return empty(),
            found => found,
        },
    };
    let (from, to, segment) = (query.from, query.to, query.segment);
    let filter = Filter { open, from, to, owner, segment, account };
    let found = db::renewals::list_after(&mut tx, &filter, after, rows).await?;
    let ids: Vec<Uuid> = found.iter().map(|listed| listed.renewal.id).collect();
    let mut linked: HashMap<Uuid, Vec<Linked>> = HashMap::new();
    for link in db::renewals::linked(&mut tx, &ids).await? {
        linked.entry(link.renewal_id).or_default().push(link);
    }
    let place = |listed: &Listed| (listed.renewal.renews_on, listed.renewal.id);
    Ok(Answer(paging.page(found, place, |listed| {
        let contracts = linked.remove(&listed.renewal.id).unwrap_or_default();
        RenewalRecord::of(listed, &contracts, today)
    })))
}

/// Show a renewal.
///
/// With its contracts, its forecast, every strategy it had and why, and its outcome.
#[utoipa::path(
    get,
    path = "/v1/renewals/{id}",
    operation_id = "getRenewal",
    tag = "Renewals",
    params(("id" = Uuid, Path, description = "The renewal's id")),
    responses((status = 200, description = "The renewal", body = RenewalRecord)),
    security(("readKey" = []))
)]
pub async fn show(State(web): State<Web>, key: ReadKey, Id(id): Id) -> Result<Answer<RenewalRecord>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let mut tx = web.app.db.read(&key.scope).await?;
    Ok(Answer(RenewalRecord::load(&mut tx, id, today).await?))
}

/// What you expect; what is not given stays as it is, null takes it back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "category": "commit", "likelihood": 90 }))]
pub struct ForecastChange {
    /// `commit`, `likely`, `at_risk`, `lost` or `omitted`.
    #[serde(default, deserialize_with = "common::given")]
    #[schema(value_type = Option<String>)]
    category: Option<Option<String>>,
    /// 0 to 100.
    #[serde(default, deserialize_with = "common::given")]
    #[schema(value_type = Option<i16>, minimum = 0, maximum = 100)]
    likelihood: Option<Option<i16>>,
    /// Why.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// Change a renewal's forecast.
///
/// The same request twice changes nothing.
#[utoipa::path(
    patch,
    path = "/v1/renewals/{id}",
    operation_id = "patchRenewal",
    tag = "Renewals",
    params(("id" = Uuid, Path, description = "The renewal's id")),
    request_body(content = ForecastChange, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "The renewal as it is now", body = RenewalRecord),
        (status = 409, description = "It is closed"),
    ),
    security(("writeKey" = []))
)]
pub async fn patch(
    Posted { web, key, id: Id(id), body: change }: Posted<WriteKey, Id, ForecastChange>,
) -> Result<Answer<RenewalRecord>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let mut tx = web.app.db.read(&key.scope).await?;
    let now = db::renewals::by_id(&mut tx, id).await?;
    let now = now.ok_or_else(|| Refusal::not_found("renewal", &id.to_string()))?.renewal;
    drop(tx);
    let word = change.category.unwrap_or(now.forecast);
    let category = word.map(|word| {
        let known: Vec<&str> = Category::ALL.iter().map(|category| category.word()).collect();
        let message = format!("must be one of {}", known.join(", "));
        Category::parse(&word).ok_or_else(|| Error::invalid("category", message))
    });
    let expected = Expected {
        category: category.transpose()?,
        likelihood: change.likelihood.unwrap_or(now.likelihood),
        note: change.note.unwrap_or(now.forecast_note),
    };
    web.app.forecast_renewal(&key.scope, id, &expected, &key.actor()).await?;
    let mut tx = web.app.db.read(&key.scope).await?;
    Ok(Answer(RenewalRecord::load(&mut tx, id, today).await?))
}
