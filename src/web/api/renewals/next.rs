//! `GET /api/v1/renewals`.

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::db;
use crate::db::accounts::{Account, Filter};
use crate::web::Web;
use crate::web::api::accounts::list::{HealthSummary, owner};
use crate::web::api::common::{self, Arr, Money, Owner};
use crate::web::api::paging::{Listing, Page, Paging, Start};
use crate::web::api::{Refusal, Result};
use crate::web::extract::ReadKey;

/// Which renewals, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RenewalQuery {
    /// On this day or later. Without it overdue renewals come first.
    #[serde(default, deserialize_with = "common::read_day")]
    from: Option<NaiveDate>,
    /// On this day or earlier.
    #[serde(default, deserialize_with = "common::read_day")]
    to: Option<NaiveDate>,
    /// Address of the CSM; `none` for accounts without one.
    csm: Option<String>,
    /// Segment id, such as `enterprise`.
    segment: Option<String>,
}

/// An account's next renewal.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewalRow {
    /// The renewal date.
    pub date: NaiveDate,
    /// Days from today to it; negative when it is overdue.
    #[schema(example = 53)]
    pub days: i64,
    /// Whether its timeline has begun.
    pub open: bool,
    /// Strategy id, as things are.
    pub strategy: Option<String>,
    /// The account.
    #[schema(example = "acme")]
    pub external_id: String,
    /// The account's name.
    #[schema(example = "Acme Corporation")]
    pub name: String,
    /// The CSM; null when nobody is assigned.
    pub owner: Option<Owner>,
    /// Segment id.
    #[schema(example = "enterprise")]
    pub segment: Option<String>,
    /// ARR of the contracts in force, in their currency (in the tenant's when they differ).
    pub arr: Option<Money>,
    /// The same in the tenant's currency; null without an exchange rate.
    pub arr_base: Option<Money>,
    /// The account's health.
    pub health: Option<HealthSummary>,
}

impl RenewalRow {
    fn of(account: Account, today: NaiveDate, base: &str) -> Option<Self> {
        let (date, arr) = (account.renewal_date?, Arr::of(&account, base));
        Some(RenewalRow {
            date,
            days: (date - today).num_days(),
            open: account.renewal_open.unwrap_or(false),
            owner: Owner::of(&account),
            health: HealthSummary::of(&account),
            strategy: account.strategy,
            external_id: account.external_id,
            name: account.name,
            segment: account.segment,
            arr: arr.own,
            arr_base: arr.base,
        })
    }
}

/// List renewals.
///
/// The next one of each account that has not left, by date.
#[utoipa::path(
    get,
    path = "/v1/renewals",
    operation_id = "listRenewals",
    tag = "Renewals",
    params(RenewalQuery, Paging),
    responses((status = 200, description = "A page of renewals", body = Page<RenewalRow>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Listing { filter: query, paging }: Listing<RenewalQuery>,
) -> Result<Json<Page<RenewalRow>>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let Start { after, rows } = paging.start::<(NaiveDate, String)>()?;
    if query.from.zip(query.to).is_some_and(|(from, to)| from > to) {
        return Err(Refusal::parameter("from", "must not be after `to`"));
    }
    let mut tx = web.app.db.read(&key.scope).await?;
    let Some(owner) = owner(&mut tx, query.csm.as_deref()).await? else {
        return Ok(Json(Page::empty()));
    };
    let filter = Filter {
        segment: query.segment,
        owner,
        renewal_from: query.from,
        renewal_to: query.to,
        ..Filter::default()
    };
    let after = after.as_ref().map(|(date, external_id)| (*date, external_id.as_str()));
    let found = db::accounts::renewals_after(&mut tx, &filter, after, rows).await?;
    let base = key.scope.currency();
    let page = paging.page(
        found,
        |account| (account.renewal_date, account.external_id.clone()),
        |account| RenewalRow::of(account, today, base),
    );
    Ok(Json(Page { data: page.data.into_iter().flatten().collect(), next_cursor: page.next_cursor }))
}
